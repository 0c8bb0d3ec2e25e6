"""Read files and directories as advisories; the content decides which format a file has.

The formats are OSV records (JSON or YAML; one record, a list, the answer of osv.dev, one record a line), CSV and
TSV tables, plain lists with pip's ``--hash`` lines, and CycloneDX in JSON. A file that is damaged or has another
format is refused as a whole: a part of it could mean more than the whole.
"""

import os
import re
from collections.abc import Iterator, Mapping, Sequence

from pipcache.advisories.csv_table import is_table, read_table
from pipcache.advisories.cyclonedx import read_cyclonedx
from pipcache.advisories.model import (
    Advisories,
    AdvisoriesBuilder,
    AdvisoryError,
    AdvisoryFile,
    Indicator,
)
from pipcache.advisories.osv import is_osv, read_osv
from pipcache.advisories.plain_list import read_list
from pipcache.advisories.strict import read_json, read_yaml
from pipcache.errors import ErrorKind, FileRefused
from pipcache.util.budget import TooMuchInItError
from pipcache.util.textfile import UnreadableText, read_hashed_text
from pipcache.util.untrusted import Table, TableError, quoted

_SUFFIXES = (".json", ".jsonl", ".ndjson", ".yaml", ".yml", ".csv", ".tsv", ".txt")

_JSON = (".json", ".jsonl", ".ndjson")

_YAML = (".yaml", ".yml")

_TABLE = (".csv", ".tsv")

_EXPECTED = "OSV (JSON or YAML), CycloneDX (JSON), a CSV table or a plain list was expected"

_UNREAD_FORMATS = {"statements": "OpenVEX", "document": "CSAF", "spdxVersion": "SPDX"}
"""Formats that are not read, by a key that their documents have."""


def read_advisories(paths: Sequence[str]) -> Advisories:
    """Return what advisory files say is bad.

    Args:
        paths: files, directories, or ``-`` for standard input. In a directory and below it every file counts whose
            name ends as an advisory's, in sorted order; other files are noted. Names that begin with a dot, and
            links to directories, are left out.

    Raises:
        AdvisoryError: a file cannot be read, is damaged, has an unknown format, or says nothing at all.
    """
    builder = AdvisoriesBuilder()
    for path in paths:
        file = path
        try:
            for file in _files(path, builder):
                _read_file(file, builder)
        except AdvisoryError as error:
            error.path = file
            raise
    return builder.build()


def _read_file(file: str, builder: AdvisoriesBuilder) -> None:
    """Read one file.

    Raises:
        AdvisoryError: it cannot be read, is damaged, has an unknown format, or says nothing at all.
    """
    source = "standard input" if file == "-" else file
    before = builder.records
    try:
        text, sha256 = read_hashed_text(file)
        _read(source, text, builder)
    except TooMuchInItError as error:
        raise AdvisoryError(f"{source} cannot be read: {error.reason}; fewer were expected") from None
    except (UnreadableText, TableError) as error:
        raise AdvisoryError(str(error)) from None
    name = source if file == "-" else os.path.basename(file)
    builder.files.append(AdvisoryFile(name, sha256, builder.records - before))


def _files(path: str, builder: AdvisoriesBuilder) -> Iterator[str]:
    if path == "-" or not os.path.isdir(path):
        yield path
        return
    advisories: list[str] = []
    others: list[str] = []
    try:
        for folder, folders, names in os.walk(path, onerror=_refuse):
            folders[:] = [name for name in folders if not name.startswith(".")]
            for name in names:
                if not name.startswith("."):
                    is_advisory = name.lower().endswith(_SUFFIXES)
                    (advisories if is_advisory else others).append(os.path.join(folder, name))
    except OSError as error:
        raise AdvisoryError(f"{path} cannot be read: {error.strerror}; a directory was expected") from None
    if not advisories:
        raise AdvisoryError(f"{path} holds no {', '.join(_SUFFIXES)} file; advisories were expected in it")
    if others:
        first = ", ".join(sorted(map(os.path.basename, others))[:3])
        builder.note(
            path, f"not read, as their names are not those of advisories: {len(others):,} files ({first})"
        )
    yield from sorted(advisories)


def _refuse(error: OSError) -> None:
    raise error


def _read(source: str, text: str, builder: AdvisoriesBuilder) -> None:
    before = builder.records
    name, begin = source.lower(), text.lstrip()[:1]
    first = next((line for line in text.splitlines() if line.strip()), "")
    if name.endswith(_JSON) or (begin in {"{", "["} and not name.endswith((*_YAML, *_TABLE))):
        _documents(read_json(text, source), source, builder)
    elif name.endswith(_YAML) or _IS_YAML.match(first):
        known = len(builder.indicators)
        documents = [document for document in read_yaml(text, source) if document is not None]
        _documents(documents, source, builder)
        _refuse_cut_off(documents, source, list(builder.indicators)[known:])
    elif begin == "<":
        raise AdvisoryError(f"{source} is XML or HTML; {_EXPECTED}")
    elif name.endswith(_TABLE) or is_table(first):
        read_table(text, source, builder)
    else:
        read_list(text, source, builder)
    if builder.records == before:
        raise AdvisoryError(f"{source} says nothing; {_EXPECTED}")


def _refuse_cut_off(documents: list[object], source: str, indicators: Sequence[Indicator]) -> None:
    """Refuse YAML that may have lost the end of a range.

    Every OSV record needs ``modified``, and most records have it last.

    Raises:
        AdvisoryError: the last record lacks it, and a range has no end.
    """
    last = documents[-1] if documents else None
    is_open = any(span.events[-1][0] == "introduced" for indicator in indicators for span in indicator.ranges)
    if isinstance(last, dict) and "modified" not in last and is_open:
        expected = "modified, that every OSV record needs, was expected"
        raise AdvisoryError(f"{source} has a range without an end, and may be cut off; {expected}")


_IS_YAML = re.compile(r"---(\s|$)|(id|schema_version|modified|published|summary|details|affected|aliases):(\s|$)")


def _documents(documents: list[object], source: str, builder: AdvisoriesBuilder) -> None:
    """Read documents that are OSV records or lists of them, or one document of another format."""
    number = 0
    for document in documents:
        rows: list[object] = document if isinstance(document, list) else [document]
        is_answer = isinstance(document, dict) and document.keys() <= {"vulns", "next_page_token"} and document
        if isinstance(document, dict) and is_answer:
            rows = _rows_of_answer(document, source, builder)
        is_alone = len(documents) == 1 and rows == [document]
        for row in rows:
            number += 1
            if not isinstance(row, dict):
                raise AdvisoryError(f"{source}, record {number} is {quoted(row)}; an OSV record was expected")
            record = Table(row, f"{source}, record {number}")
            if is_alone and "bomFormat" in record.values:
                read_cyclonedx(Table(row, source), builder)
            elif is_osv(record):
                read_osv(record, source, number, builder)
            else:
                raise AdvisoryError(f"{record.place()} {_description(record)}; {_EXPECTED}")


def _rows_of_answer(answer: Mapping[str, object], source: str, builder: AdvisoriesBuilder) -> list[object]:
    """Return the records in an answer of osv.dev (POST /v1/query)."""
    rows = answer.get("vulns")
    if not isinstance(rows, list):
        raise AdvisoryError(f"{source}: vulns is {quoted(rows)}; a list of OSV records was expected")
    if answer.get("next_page_token"):
        builder.note(source, "it has a next_page_token: more records are on another page of the answer")
    return rows


def _description(record: Table) -> str:
    for key, name in _UNREAD_FORMATS.items():
        if key in record.values:
            return f"is {name}, which is not read"
    return f"has the keys {', '.join(map(quoted, list(record.values)[:4]))}" if record.values else "is empty"


class BadAdvisory(FileRefused):
    """A file given with --advisory is no advisory, or a damaged one."""

    kind = ErrorKind.BAD_ADVISORY
