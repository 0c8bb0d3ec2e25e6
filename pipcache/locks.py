"""Lock and requirements files: the digests that somebody outside the cache wrote down.

Read are requirements files with ``--hash``, ``pylock.toml`` (PEP 751), ``uv.lock``, ``poetry.lock``, ``pdm.lock``
and ``Pipfile.lock``. What a file does not say is None.
"""

import errno
import json
import os
import re
import shlex
import stat
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple
from urllib.parse import unquote

from pipcache.files import open_quietly
from pipcache.names import normalise, parse_filename
from pipcache.prove import DIGITS
from pipcache.text import redact_text

LOCK_LIMIT = 256 << 20
"""Bytes of a lock file that are read."""


class LockError(ValueError):
    """A file that is no lock or requirements file; told are what was wrong, where, and what was expected."""


class Locked(NamedTuple):
    """One file somebody wrote down: any of ``digests`` (algorithm, hex) is right for it.

    ``filename`` is None where the file does not name files but only what is right for a project's version.
    """

    source: str
    project: str
    version: str | None
    filename: str | None
    url: str | None
    size: int | None
    digests: tuple[tuple[str, str], ...]


def read_lock(path: str) -> list[Locked]:
    """Return what a lock or requirements file writes down; its kind is told by its name, then by its content.

    Requirements files that it names with ``-r`` or ``-c`` are read as well.

    Raises:
        LockError: it is none, holds a wrong digest or none at all, or cannot be read.
    """
    text, name = _read(path), os.path.basename(path)
    if name == "Pipfile.lock" or text.lstrip().startswith("{"):
        found = list(_pipfile(path, _parsed(path, text, json.loads, "JSON")))
    elif name.endswith(".toml") or name in {"uv.lock", "poetry.lock", "pdm.lock"} or _HAS_TABLES.search(text):
        found = list(_toml(path, _parsed(path, text, tomllib.loads, "TOML")))
    else:
        found = list(_requirements(path, text))
    if not found:
        expected = "requirements with --hash, pylock.toml, uv.lock, poetry.lock, pdm.lock or Pipfile.lock"
        raise LockError(f"{path} holds no digest of any file; expected were {expected}")
    return found


_HAS_TABLES = re.compile(r"(?m)^[ \t]*\[")  # no requirement begins with a bracket


def _read(path: str, where: str = "") -> str:
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise OSError(errno.EINVAL, "it is no regular file")
        with os.fdopen(open_quietly(os.path.realpath(path)), "rb") as file:
            data = file.read(LOCK_LIMIT + 1)
        if len(data) > LOCK_LIMIT:
            raise OSError(errno.EFBIG, f"it is larger than {LOCK_LIMIT} bytes")
        return data.decode("utf-8-sig")
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise LockError(f"{where}{path} cannot be read: {why}; a text file in UTF-8 was expected") from None


_LONG_KEY = r"""(?m)^[ \t]*\[{0,2}[ \t]*(?:(?:[\w-]+|"(?:[^"\\\n]|\\.)*"|'[^'\n]*')[ \t]*\.[ \t]*){200}"""


def _parsed(path: str, text: str, loads: Callable[[str], object], kind: str) -> Mapping[str, object]:
    try:
        if kind == "TOML" and re.search(_LONG_KEY, text):
            raise RecursionError  # tomllib takes time in the square of a key's length
        document = loads(text)
    except RecursionError:
        raise LockError(f"{path} is nested too deeply; the {kind} of a lock file was expected") from None
    except ValueError as error:
        raise LockError(f"{path} is not {kind}: {error}; a lock file was expected") from None
    return _table(document, f"{path}: all of it")


def _told(value: object) -> str:
    told = repr(redact_text(value[:999])[:99]) if isinstance(value, str) else None
    return told or f"a value of type {type(value).__name__}"


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _table(value: object, what: str) -> Mapping[str, object]:
    if value is not None and not isinstance(value, dict):
        raise LockError(f"{what} is {_told(value)}; a table was expected")
    return value or {}


def _rows(value: object, what: str) -> list[Mapping[str, object]]:
    return [_table(row, what) for row in (value if isinstance(value, list) else [value])]


def _digests(values: Iterable[object], where: str) -> tuple[tuple[str, str], ...]:
    """Return what ``algorithm:hex`` says; digests of algorithms that are not known here are left out.

    Raises:
        LockError: one is no digest.
    """
    found = []
    for value in values:
        match = re.fullmatch(r"([\w-]+)[:=](.*)", value.lower()) if isinstance(value, str) else None
        if match is None:
            raise LockError(f"{where}: {_told(value)} is no digest; algorithm:hex was expected")
        count = DIGITS.get(match[1])
        if count is not None and not re.fullmatch(f"[0-9a-f]{{{count}}}", match[2]):
            raise LockError(f"{where}: {_told(value)} is no {match[1]}; {count} hex digits were expected")
        found += [(match[1], match[2])] if count is not None else []
    return tuple(dict.fromkeys(found))


def _pipfile(path: str, document: Mapping[str, object]) -> Iterator[Locked]:
    for section, packages in document.items():
        if section == "_meta" or not isinstance(packages, dict):
            continue
        for project, package in packages.items():
            if isinstance(package, dict):
                pinned = re.fullmatch(r"===?\s*([^\s*]+)", _text(package.get("version")) or "")
                where = f"{path}: {_told(project)} in {_told(section)}"
                yield from _of_row(where, path, project, pinned[1] if pinned else None, package)


def _toml(path: str, document: Mapping[str, object]) -> Iterator[Locked]:
    """Yield what the packages of pylock.toml, uv (which once called them distributions), poetry and pdm say."""
    standard = document.get("lock-version")
    if "packages" in document and not (isinstance(standard, str) and standard.startswith("1.")):
        raise LockError(f"{path}: lock-version is {_told(standard)}; 1.0 was expected")
    versions: dict[str, set[str]] = {}
    for table in ("packages", "package", "distribution"):
        for package in _rows(document.get(table, []), f"{path}: {table}"):
            project, version = _text(package.get("name")), _text(package.get("version"))
            if project is None:
                raise LockError(f"{path}: the name in {table} is {_told(package.get('name'))}; text was expected")
            versions.setdefault(normalise(project), set()).update([version] if version else [])
            for key in ("wheels", "wheel", "sdist", "archive", "files"):
                where = f"{path}: {key} of {_told(project)}"
                for row in _rows(package.get(key), where):
                    source = package.get("source") if key == "sdist" else None
                    if isinstance(source, dict):  # uv tells there alone what it took directly
                        row = {"url": source.get("url"), "path": source.get("path"), **row}  # noqa: PLW2901
                    yield from _of_row(where, path, project, version, row)
    metadata = document.get("metadata")
    files = metadata.get("files") if isinstance(metadata, dict) else None
    for key, rows in _table(files, f"{path}: metadata.files").items():
        project, _, version = key.partition(" ")  # pdm before 2.5 has it here, poetry before 1.3 has not
        known, where = versions.get(normalise(project), set()), f"{path}: files of {_told(key)}"
        for row in _rows(rows, where):
            yield from _of_row(where, path, project, version or (min(known) if len(known) == 1 else None), row)


def _of_row(
    where: str, path: str, project: str, version: str | None, row: Mapping[str, object]
) -> Iterator[Locked]:
    """Yield the file a row tells of, if it has a digest: ``hash``, or ``hashes`` in a list or a table."""
    hashes = row.get("hashes", [row["hash"]] if "hash" in row else [])
    if not isinstance(hashes, list):
        table = _table(hashes, f"{where}: hashes")
        hashes = [f"{name}:{value}" if isinstance(value, str) else value for name, value in table.items()]
    if digests := _digests(hashes, where):
        named = next(filter(None, (_text(row.get(key)) for key in ("name", "file", "filename"))), None)
        url = _text(row.get("url")) or (named if named and "://" in named else None)
        local = re.split(r"[/\\]", named or _text(row.get("path")) or "")[-1]
        filename = local if named and named != url else _last(url) or local
        size = row.get("size")
        size = size if isinstance(size, int) and not isinstance(size, bool) and 0 <= size < 1 << 63 else None
        version = version or _version(project, filename)
        source = os.path.basename(path)
        yield Locked(source, normalise(project), version, filename or None, url, size, digests)


def _last(url: str | None) -> str:
    return unquote(re.split("[?#]", url, maxsplit=1)[0].rpartition("/")[2]) if url else ""


def _version(project: str, filename: str) -> str | None:
    parsed = parse_filename(filename, normalise(project))
    return parsed.version if parsed is not None and normalise(parsed.project) == normalise(project) else None


def _requirements(top: str, text: str) -> Iterator[Locked]:
    waiting, seen = {top: ""}, set()
    while waiting:
        path = next(iter(waiting))
        where = waiting.pop(path)
        text = _read(path, where) if where else text
        if (real := os.path.realpath(path)) in seen:
            continue
        seen |= {real, path}
        for number, line in _logical_lines(text):
            where = f"{path}, line {number}"
            if (named := _nested(line, where)) is not None:
                other = os.path.normpath(os.path.join(os.path.dirname(path), named))
                waiting |= {other: f"{where}: "} if other not in seen else {}
            elif line.startswith("--hash"):
                raise LockError(f"{where}: --hash stands alone; a requirement was expected before it")
            elif not line.startswith("-"):
                yield from _requirement(path, line, where)


def _logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield (number of its first line, line) with continuations joined and comments gone (pip ``req_file.py``)."""
    pending: list[str] = []
    first = 0
    for number, line in enumerate([*text.splitlines(), ""], 1):
        first = first if pending else number
        is_comment = line.lstrip().startswith("#")
        if line.endswith("\\") and not is_comment:
            pending.append(line.rstrip("\\"))
            continue
        whole = re.sub(r"(^|\s)#.*", "", "".join([*pending, " " if is_comment else "", line])).strip()
        pending = []
        if whole:
            yield first, whole


_NESTED = re.compile(r"(-[rc]|--(?:requirement|constraint)(?=[=\s]))[=\s]*(.*)")
_VARIABLE = re.compile(r"\$\{([A-Z0-9_]+)\}")


def _nested(line: str, where: str) -> str | None:
    """Return the file that a line names with ``-r`` or ``-c``; None for all other lines."""
    if (match := _NESTED.match(line)) is None:
        return None
    try:
        words = shlex.split(_VARIABLE.sub(lambda name: os.environ.get(name[1]) or name[0], match[2]))
    except ValueError:
        words = []
    if not words or "\0" in words[0]:
        raise LockError(f"{where}: {_told(line)} names no file; a path was expected after {match[1]}")
    if not re.match(r"(?i)(https?|file):", words[0]):
        return words[0]
    if match[1].strip("-")[0] == "c":
        return None  # nothing is fetched, and constraints that are served seldom hold digests
    raise LockError(f"{where}: {_told(words[0])} is not on this disk; the path of a file was expected")


_HASH = re.compile(r"(?<!\S)--hash(?:=|\s+|$)(\S*)")
_FRAGMENT = re.compile(rf"[#&]((?:{'|'.join(DIGITS)})=[^&\s]*)")
_NAMED = re.compile(r"[\w.-]+[ \t]*(?:\[[^\]]*\][ \t]*)?@")


def _requirement(path: str, line: str, where: str) -> Iterator[Locked]:
    wanted = re.split(r"\s(?=-)", line, maxsplit=1)[0]
    values = [*(value.strip("\"'") for value in _HASH.findall(line)), *_FRAGMENT.findall(wanted)]
    if not values:
        return
    digests = [_digests([value], where) for value in values]
    if () in digests:
        unknown = _told(values[digests.index(())])
        raise LockError(f"{where}: {unknown} is of no known algorithm; {', '.join(DIGITS)} were expected")
    location = re.sub(r"\[[^\[\]]*\]$", "", wanted.split()[0])
    if not _NAMED.match(wanted) and ("/" in location or "\\" in location or parse_filename(location)):
        url = location.partition("#")[0] if "://" in location else None
        filename = _last(url) or re.split(r"[/\\]", location)[-1]
        parsed, egg = parse_filename(filename), re.search(r"[#&]egg=([\w.-]+)", location)
        project, version = egg[1] if egg else parsed.project if parsed else filename, None
    else:
        from packaging.requirements import Requirement  # noqa: PLC0415 - most files need none

        before = wanted.partition(";")[0]
        try:
            # without the marker: packaging evaluates the strings in it
            requirement = Requirement(re.split(r"\s;", wanted)[0] if "@" in before else before)
        except (ValueError, RecursionError):
            expected = "a requirement with --hash=algorithm:hex was expected"
            raise LockError(f"{where}: {_told(wanted)} is no requirement; {expected}") from None
        url = requirement.url.partition("#")[0] if requirement.url else None
        project, filename = requirement.name, _last(url)
        pins = [pin.version for pin in requirement.specifier if pin.operator in {"==", "==="}]
        version = next((pin for pin in pins if not pin.endswith(".*")), None)
    version, every = version or _version(project, filename), tuple(one for found in digests for one in found)
    yield Locked(os.path.basename(path), normalise(project), version, filename or None, url, None, every)
