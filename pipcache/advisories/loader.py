"""Read files and directories as advisories; the content decides which format a file has.

Read are OSV records (JSON or YAML; one, a list, the answer of osv.dev, one a line), tables (CSV), plain lists
with pip's ``--hash`` lines, CycloneDX, OpenVEX and CSAF (JSON). A file that is damaged or is none of them is
refused as a whole, so that it never says more than was meant.
"""

import errno
import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from pipcache.advisories.csv_table import is_table, read_table
from pipcache.advisories.cyclonedx import read_cyclonedx
from pipcache.advisories.model import Advisories, AdvisoryError, Found, Indicator
from pipcache.advisories.osv import is_osv, read_osv
from pipcache.advisories.plain_list import read_list
from pipcache.advisories.strict import read_json, read_yaml
from pipcache.advisories.vex import read_csaf, read_openvex
from pipcache.errors import ExitCode, PipcacheError
from pipcache.locks.model import LockError
from pipcache.util.textfile import LOCK_LIMIT, read_text
from pipcache.util.untrusted import told

_SUFFIXES = (".json", ".jsonl", ".ndjson", ".yaml", ".yml", ".csv", ".tsv", ".txt")

_JSON = (".json", ".jsonl", ".ndjson")

_YAML = (".yaml", ".yml")

_TABLE = (".csv", ".tsv")

_EXPECTED = "OSV, CycloneDX, OpenVEX, CSAF, a table or a list was expected"


def read_advisories(paths: Sequence[str]) -> Advisories:
    """Return what advisory files say is bad.

    A path is a file, a directory (every file below it whose name ends as an advisory's, sorted; other files are
    noted, what begins with a dot and links to directories left out), or ``-`` for standard input.

    Raises:
        AdvisoryError: one cannot be read, is not what it claims, or says nothing at all.
    """
    found = Found()
    for path in paths:
        if path == "-":
            _read("standard input", _standard_input(), found)
        else:
            for file in _files(path, found):
                try:
                    text = read_text(file)
                except LockError as error:
                    raise AdvisoryError(str(error)) from None
                _read(file, text, found)
    return found.all()


def _standard_input() -> str:
    try:
        if sys.stdin is None:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        data = sys.stdin.buffer.read(LOCK_LIMIT + 1)
        if len(data) > LOCK_LIMIT:
            raise OSError(errno.EFBIG, f"it is larger than {LOCK_LIMIT} bytes")
        return data.decode("utf-8-sig")
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        expected = "a text in UTF-8 was expected"
        raise AdvisoryError(f"standard input cannot be read: {why}; {expected}") from None


def _files(path: str, read: Found) -> Iterator[str]:
    if not os.path.isdir(path):
        yield path
        return
    found: list[str] = []
    others: list[str] = []
    try:
        for folder, folders, names in os.walk(path, onerror=_refuse):
            folders[:] = [name for name in folders if not name.startswith(".")]
            for name in names:
                if not name.startswith("."):
                    (found if name.lower().endswith(_SUFFIXES) else others).append(os.path.join(folder, name))
    except OSError as error:
        raise AdvisoryError(f"{path} cannot be read: {error.strerror}; a directory was expected") from None
    if not found:
        raise AdvisoryError(f"{path} holds no {', '.join(_SUFFIXES)} file; advisories were expected in it")
    if others:
        first = ", ".join(sorted(map(os.path.basename, others))[:3])
        read.note(path, f"not read, as their names are not those of advisories: {len(others):,} files ({first})")
    yield from sorted(found)


def _refuse(error: OSError) -> None:
    raise error


def _read(source: str, text: str, found: Found) -> None:
    before = found.records
    name, begin = source.lower(), text.lstrip()[:1]
    first = next((line for line in text.splitlines() if line.strip()), "")
    if name.endswith(_JSON) or (begin in {"{", "["} and not name.endswith((*_YAML, *_TABLE))):
        documents = read_json(text, source)
        with _line_named(text, source):
            _documents(documents, source, found)
    elif name.endswith(_YAML) or _IS_YAML.match(first):
        known = len(found.indicators)
        documents = [one for one in read_yaml(text, source) if one is not None]
        with _line_named(text, source):
            _documents(documents, source, found)
        _refuse_cut(documents, source, list(found.indicators)[known:])
    elif begin == "<":
        raise AdvisoryError(f"{source} is XML or HTML; {_EXPECTED}")
    elif name.endswith(_TABLE) or is_table(first):
        read_table(text, source, found)
    else:
        read_list(text, source, found)
    if found.records == before:
        raise AdvisoryError(f"{source} says nothing; {_EXPECTED}")


@contextmanager
def _line_named(text: str, source: str) -> Iterator[None]:
    """Name the line of what is refused in JSON or YAML, whose parsers keep none: that of the last key told."""
    try:
        yield
    except AdvisoryError as error:
        says = str(error).removeprefix(source)
        number = re.match(r", record (\d+)", says)
        place = _start_of(text, 1 if number is None else int(number[1]))
        if place is None:
            raise
        for key in re.findall(r"[A-Za-z_]\w*", says.partition(":")[2].partition(" is ")[0]):
            found = re.compile(rf"""["']?\b{key}["']?\s*:""").search(text, place)
            place = place if found is None else found.start()
        line = text.count("\n", 0, place) + 1
        raise AdvisoryError(f"{source}, line {line}{says}") from None


def _start_of(text: str, number: int) -> int | None:
    """Return where a record begins, of a JSON list or of JSON texts in a row; None if it cannot be told."""
    import json  # noqa: PLC0415 - only where something is refused

    between = re.compile(r"[\s,]*+")
    is_list = text.lstrip().startswith("[")
    place = text.index("[") + 1 if is_list else 0
    try:
        for _ in range(number - 1):
            start = between.match(text, place)
            place = json.JSONDecoder().raw_decode(text, start.end() if start is not None else place)[1]
    except (ValueError, RecursionError):
        return None
    start = between.match(text, place)
    return place if start is None else start.end()


def _refuse_cut(documents: list[object], source: str, indicators: Sequence[Indicator]) -> None:
    """Refuse YAML that may have lost the end of a range: ``modified``, which all records need, mostly stands last.

    Raises:
        AdvisoryError: the last record has none, and a range without an end.
    """
    last = documents[-1] if documents else None
    is_open = any(one.events[-1][0] == "introduced" for indicator in indicators for one in indicator.ranges)
    if isinstance(last, dict) and "modified" not in last and is_open:
        expected = "modified, that every OSV record needs, was expected"
        raise AdvisoryError(f"{source} has a range without an end, and may be cut off; {expected}")


_IS_YAML = re.compile(r"---(\s|$)|(id|schema_version|modified|published|summary|details|affected|aliases):(\s|$)")


def _documents(documents: list[object], source: str, found: Found) -> None:
    """Take in documents that are OSV records or lists of them, or one of another kind."""
    number = 0
    for document in documents:
        rows = document if isinstance(document, list) else [document]
        is_answer = isinstance(document, dict) and document.keys() <= {"vulns", "next_page_token"} and document
        if isinstance(document, dict) and is_answer:
            vulns = document.get("vulns")
            if not isinstance(vulns, list):
                raise AdvisoryError(f"{source}: vulns is {told(vulns)}; a list of OSV records was expected")
            if document.get("next_page_token"):
                found.note(source, "it has a next_page_token: more records are on another page of the answer")
            rows = vulns
        for row in rows:
            number += 1
            if not isinstance(row, dict):
                raise AdvisoryError(f"{source}, record {number} is {told(row)}; an OSV record was expected")
            _document(row, source, number, found, is_alone=len(documents) == 1 and rows == [document])


def _document(row: Mapping[str, object], source: str, number: int, found: Found, *, is_alone: bool) -> None:
    context, head = row.get("@context"), row.get("document")
    contexts = context if isinstance(context, list) else [context]
    if is_alone and "bomFormat" in row:
        read_cyclonedx(row, source, found)
    elif is_alone and any(isinstance(one, str) and "openvex.dev/ns" in one for one in contexts):
        read_openvex(row, source, found)
    elif is_alone and isinstance(head, dict) and "csaf_version" in head:
        read_csaf(row, source, found)
    elif is_osv(row):
        read_osv(row, source, number, found)
    else:
        keys = ", ".join(told(key) for key in list(row)[:4]) or "nothing"
        raise AdvisoryError(f"{source}, record {number} has {keys}; {_EXPECTED}")


class BadAdvisory(PipcacheError):  # noqa: N818 - as the other errors, it says what it is
    """A file given with --advisory is not what it claims."""

    exit_code = ExitCode.USAGE
