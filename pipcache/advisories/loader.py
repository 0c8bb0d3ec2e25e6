"""Read files and directories as advisories; the content decides which format a file has.

The formats are OSV records (JSON or YAML; one record, a list, the answer of osv.dev, one record a line), a ZIP of
them, CSV and TSV tables, plain lists with pip's ``--hash`` lines, and CycloneDX in JSON. A file that is damaged or
has another format is refused as a whole: a part of it could mean more than the whole.
"""

import hashlib
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from pipcache.advisories.csv_table import is_table, read_table
from pipcache.advisories.cyclonedx import read_cyclonedx
from pipcache.advisories.dump import MAGICS, read_members
from pipcache.advisories.model import (
    Advisories,
    AdvisoriesBuilder,
    AdvisoryError,
    AdvisoryFile,
    Indicator,
)
from pipcache.advisories.osv import is_osv, read_osv
from pipcache.advisories.plain_list import read_list
from pipcache.advisories.strict import json_rows, read_json, read_yaml
from pipcache.errors import ErrorKind, FileRefused
from pipcache.util.budget import TooMuchInItError
from pipcache.util.files import Window
from pipcache.util.textfile import decode_text, open_input, read_whole
from pipcache.util.units import counted
from pipcache.util.untrusted import Table, TableError, quoted

_SUFFIXES = (".json", ".jsonl", ".ndjson", ".yaml", ".yml", ".csv", ".tsv", ".txt")

_JSON = (".json", ".jsonl", ".ndjson")

_YAML = (".yaml", ".yml")

_TABLE = (".csv", ".tsv")

_EXPECTED = "OSV (JSON or YAML), CycloneDX (JSON), a CSV table or a plain list was expected"

_UNREAD_FORMATS = {"statements": "OpenVEX", "document": "CSAF", "spdxVersion": "SPDX"}
"""Formats that are not read, by a key that their documents have."""


def read_advisories(paths: Sequence[str], only_ids: Sequence[str] = ()) -> Advisories:
    """Return what advisory files say is bad.

    Args:
        paths: files, directories, or ``-`` for standard input. In a directory and below it every file counts whose
            name ends as an advisory's, in sorted order; other files are noted. Names that begin with a dot, and
            links to directories, are left out.
        only_ids: shell patterns; only records with an id or an alias that one of them matches count. None for all.

    Raises:
        AdvisoryError: a file cannot be read, is damaged, has an unknown format, or says nothing at all.
    """
    builder = AdvisoriesBuilder(only_ids)
    for path in paths:
        file = path
        try:
            for file in _files(path, builder):
                _read_file(file, _name(file, path), builder)
        except AdvisoryError as error:
            error.path = file
            raise
    return builder.build()


def _name(file: str, path: str) -> str:
    """Return how a file is called in answers: without the folders above it, which may be those of a moment.

    Args:
        file: the file.
        path: what the user named: the file, or a directory that it is in.
    """
    if file == "-":
        return "standard input"
    return os.path.basename(file) if file == path else os.path.relpath(file, path).replace(os.sep, "/")


def _read_file(file: str, name: str, builder: AdvisoriesBuilder) -> None:
    """Read one file.

    Raises:
        AdvisoryError: it cannot be read, is damaged, has an unknown format, or says nothing at all.
    """
    source = "standard input" if file == "-" else file
    before = builder.records
    builder.name = name
    builder.skipped_without_id = 0
    try:
        with open_input(file) as window:
            if window.read(0, 4) in MAGICS:
                sha256 = _sha256(window.chunks())
                _read_archive(source, window, builder)
            else:
                sha256, text = _digest_and_text(source, read_whole(window))
                _read_text(source, text, builder)
    except AdvisoryError:
        raise
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        expected = "a text file in UTF-8 was expected"
        raise AdvisoryError(f"{source} cannot be read: {why}; {expected}") from None
    builder.name = name
    builder.files.append(AdvisoryFile(name, sha256, builder.records - before))
    if builder.skipped_without_id:
        records = counted(builder.skipped_without_id, "record")
        builder.note(name, f"{records} without an id, which --only-ids leaves out")


def _sha256(chunks: Iterable[bytes]) -> str:
    state = hashlib.sha256()
    for chunk in chunks:
        state.update(chunk)
    return state.hexdigest()


def _read_archive(source: str, window: Window, builder: AdvisoriesBuilder) -> None:
    """Read the records of an archive, in the order of their names, as those of a directory are.

    Raises:
        AdvisoryError: the archive or a member is damaged, or has no record.
    """
    name, known = builder.name, len(builder.indicators)

    def read(member: str, data: bytes) -> None:
        builder.name = f"{name}/{member}"
        place = f"{source}/{member}"
        _read_text(place, _decoded(place, data), builder)

    others = read_members(window, source, read)
    builder.name = name
    builder.sort_behind(known)
    _note_others(others, builder)


def _digest_and_text(source: str, data: bytes) -> tuple[str, str]:
    """Return the SHA-256 of the bytes of a file, and the text that they are: who keeps it lets go of the bytes."""
    return _sha256([data]), _decoded(source, data)


def _decoded(source: str, data: bytes) -> str:
    """Return the text that bytes are.

    Raises:
        AdvisoryError: they are none.
    """
    try:
        return decode_text(data)
    except UnicodeError as error:
        raise AdvisoryError(f"{source} cannot be read: {error}; a text file in UTF-8 was expected") from None


def _read_text(source: str, text: str, builder: AdvisoriesBuilder) -> None:
    """Read the text of a file.

    Raises:
        AdvisoryError: it is damaged, has an unknown format, or says nothing at all.
    """
    try:
        _read(source, text, builder)
    except TooMuchInItError as error:
        raise AdvisoryError(f"{source} cannot be read: {error.reason}; fewer were expected") from None
    except UnicodeError as error:
        raise AdvisoryError(f"{source} cannot be read: {error}; a text file in UTF-8 was expected") from None
    except TableError as error:
        raise AdvisoryError(str(error)) from None


def _note_others(names: Sequence[str], builder: AdvisoriesBuilder) -> None:
    """Note the files of a directory or an archive that were not read."""
    if names:
        first = ", ".join(sorted(names)[:3])
        files = f"{counted(len(names), 'file')} ({first})"
        builder.note(builder.name, f"not read, as their names are not those of advisories: {files}")


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
    builder.name = os.path.basename(os.path.abspath(path))
    _note_others([os.path.basename(other) for other in others], builder)
    yield from sorted(advisories)


def _refuse(error: OSError) -> None:
    raise error


def _read(source: str, text: str, builder: AdvisoriesBuilder) -> None:
    before = builder.records
    name, begin = source.lower(), text.lstrip()[:1]
    if name.endswith(_JSON) or (begin in {"{", "["} and not name.endswith((*_YAML, *_TABLE))):
        _json(text, source, builder)
        _refuse_empty(source, builder, before)
        return
    first = next((line for line in text.splitlines() if line.strip()), "")
    if name.endswith(_YAML) or _IS_YAML.match(first):
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
    _refuse_empty(source, builder, before)


def _refuse_empty(source: str, builder: AdvisoriesBuilder, before: int) -> None:
    """Refuse a file that has no record.

    Raises:
        AdvisoryError: there were as many records before it.
    """
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


def _json(text: str, source: str, builder: AdvisoriesBuilder) -> None:
    """Read JSON; of a list, which may be long, a record at a time.

    Raises:
        AdvisoryError: it is no JSON, or a record is not one.
    """
    if text.lstrip()[:1] != "[":
        _documents(read_json(text, source), source, builder)
        return
    try:
        for number, row in enumerate(json_rows(text), 1):
            _row(row, number, source, builder)
    except (ValueError, RecursionError):
        read_json(text, source)  # that a file is damaged is said before what is wrong with a record
        raise


def _row(row: object, number: int, source: str, builder: AdvisoriesBuilder, *, is_alone: bool = False) -> None:
    """Read an OSV record, or a document of another format where it ``is_alone`` in its file.

    Raises:
        AdvisoryError: it is none.
    """
    if not isinstance(row, dict):
        raise AdvisoryError(f"{source}, record {number} is {quoted(row)}; an OSV record was expected")
    record = Table(row, f"{source}, record {number}")
    if is_alone and "bomFormat" in record.values:
        read_cyclonedx(Table(row, source), builder)
    elif is_osv(record):
        read_osv(record, number, builder)
    else:
        raise AdvisoryError(f"{record.place()} {_description(record)}; {_EXPECTED}")


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
            _row(row, number, source, builder, is_alone=is_alone)


def _rows_of_answer(answer: Mapping[str, object], source: str, builder: AdvisoriesBuilder) -> list[object]:
    """Return the records in an answer of osv.dev (POST /v1/query)."""
    rows = answer.get("vulns")
    if not isinstance(rows, list):
        raise AdvisoryError(f"{source}: vulns is {quoted(rows)}; a list of OSV records was expected")
    if answer.get("next_page_token"):
        builder.note(builder.name, "it has a next_page_token: more records are on another page of the answer")
    return rows


def _description(record: Table) -> str:
    for key, name in _UNREAD_FORMATS.items():
        if key in record.values:
            return f"is {name}, which is not read"
    return f"has the keys {', '.join(map(quoted, list(record.values)[:4]))}" if record.values else "is empty"


class BadAdvisory(FileRefused):
    """A file given with --advisory is no advisory, or a damaged one."""

    kind = ErrorKind.BAD_ADVISORY
