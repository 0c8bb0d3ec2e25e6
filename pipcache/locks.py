"""Lock and requirements files: the digests that somebody outside the cache wrote down.

Read are requirements files with ``--hash``, ``pylock.toml`` (PEP 751), ``uv.lock``, ``poetry.lock``, ``pdm.lock``
and ``Pipfile.lock``. What a file does not say is None.
"""

import json
import os
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple
from urllib.parse import unquote

from pipcache.names import normalise, parse_filename

LOCK_LIMIT = 256 << 20
"""Bytes of a lock file that are read."""


class LockError(ValueError):
    """A file that is no lock or requirements file; the message says what was wrong, and where."""


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

    Raises:
        LockError: it is none, or cannot be read.
    """
    name = os.path.basename(path)
    try:
        with open(path, "rb") as file:
            data = file.read(LOCK_LIMIT + 1)
    except OSError as error:
        raise LockError(f"{path} cannot be read: {error.strerror}") from None
    if len(data) > LOCK_LIMIT:
        raise LockError(f"{path} is larger than {LOCK_LIMIT} bytes")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise LockError(f"{path} is not UTF-8 text (byte {error.start})") from None
    found = list(_locked(name, text, path))
    if not found:
        raise LockError(f"{path} holds no digest of any file")
    return found


def _locked(name: str, text: str, path: str) -> Iterator[Locked]:
    if name == "Pipfile.lock" or text.lstrip().startswith("{"):
        yield from _pipfile(name, _json(text, path))
        return
    if name.endswith((".toml", ".lock")):
        try:
            document = tomllib.loads(text)
        except (tomllib.TOMLDecodeError, RecursionError) as error:
            raise LockError(f"{path} is not TOML: {error}") from None
        if "lock-version" in document and "packages" in document:
            yield from _pylock(name, document)
        else:
            yield from _package_tables(name, document)
        return
    yield from _requirements(name, text, path)


def _json(text: str, path: str) -> Mapping[str, object]:
    try:
        document: object = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise LockError(f"{path} is not JSON: {error}") from None
    return document if isinstance(document, dict) else {}


def _rows(value: object) -> Iterator[Mapping[str, object]]:
    for row in value if isinstance(value, list) else ():
        if isinstance(row, dict):
            yield row


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _number(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


_DIGEST = re.compile(r"(?i)(md5|sha1|sha224|sha256|sha384|sha512|blake2b)[:=]([0-9a-f]+)")


def _digests(values: Iterable[object]) -> tuple[tuple[str, str], ...]:
    found = (_DIGEST.fullmatch(value) for value in values if isinstance(value, str))
    return tuple((match[1].lower(), match[2].lower()) for match in found if match is not None)


def _pipfile(name: str, document: Mapping[str, object]) -> Iterator[Locked]:
    for section, packages in document.items():
        if section == "_meta" or not isinstance(packages, dict):
            continue
        for project, package in packages.items():
            if not isinstance(package, dict) or not isinstance(package.get("hashes"), list):
                continue
            version = (_text(package.get("version")) or "").lstrip("=").strip() or None
            if digests := _digests(package["hashes"]):
                yield Locked(name, normalise(project), version, None, None, None, digests)


def _pylock(name: str, document: Mapping[str, object]) -> Iterator[Locked]:
    for package in _rows(document.get("packages")):
        project = _text(package.get("name"))
        if project is None:
            continue
        for row in (*_rows(package.get("wheels")), *_rows([package.get("sdist"), package.get("archive")])):
            hashes = row.get("hashes")
            digests = (
                _digests(f"{key}:{value}" for key, value in hashes.items()) if isinstance(hashes, dict) else ()
            )
            if digests:
                yield _file(name, project, package, row, digests)


def _file(
    source: str,
    project: str,
    package: Mapping[str, object],
    row: Mapping[str, object],
    digests: tuple[tuple[str, str], ...],
) -> Locked:
    url = _text(row.get("url"))
    filename = _text(row.get("name")) or _text(row.get("file")) or _last(url or _text(row.get("path")))
    version = _text(package.get("version"))
    return Locked(source, normalise(project), version, filename, url, _number(row.get("size")), digests)


def _last(location: str | None) -> str | None:
    return unquote(location.partition("#")[0].rpartition("/")[2]) or None if location else None


def _package_tables(name: str, document: Mapping[str, object]) -> Iterator[Locked]:
    """Yield what the ``[[package]]`` tables of uv, poetry and pdm write down."""
    metadata = document.get("metadata")
    of_old_poetry = metadata.get("files") if isinstance(metadata, dict) else None
    by_project = of_old_poetry if isinstance(of_old_poetry, dict) else {}
    for package in _rows(document.get("package")):
        project = _text(package.get("name"))
        if project is None:
            continue
        rows = [*_rows(package.get("wheels")), *_rows([package.get("sdist")]), *_rows(package.get("files"))]
        rows += _rows(by_project.get(project))
        for row in rows:
            if digests := _digests([row.get("hash")]):
                yield _file(name, project, package, row, digests)


_REQUIREMENT = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[[^\]]*\])?\s*(?:(===?)\s*([^\s;,\\]+)|@\s*(\S+))?")
_HASH = re.compile(r"(?:^|\s)--hash[=\s]\s*(\S+)")


def _requirements(name: str, text: str, path: str) -> Iterator[Locked]:
    for number, line in _logical_lines(text):
        hashes = _HASH.findall(line)
        if not hashes:
            continue
        requirement = _REQUIREMENT.match(line)
        url = _text(line.split()[0]) if "://" in line.split()[0] else None
        digests = _digests(hashes)
        if (requirement is None and url is None) or len(digests) != len(hashes):
            raise LockError(f"{path}, line {number}: a requirement with --hash=algorithm:hex was expected")
        if url is None and requirement is not None:
            url = requirement[4]
        filename = _last(url)
        parsed = parse_filename(filename) if filename else None
        project = parsed.project if parsed else requirement[1] if requirement else ""
        version = parsed.version if parsed else requirement[3] if requirement else None
        yield Locked(name, normalise(project), version, filename, url, None, digests)


def _logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield (number of its first line, line) with continuations joined and comments gone (pip ``req_file.py``)."""
    pending, first = "", 0
    for number, line in enumerate(text.splitlines(), 1):
        first = first if pending else number
        if line.endswith("\\") and not re.match(r"\s*#", line):
            pending += line[:-1] + " "
            continue
        whole = re.sub(r"(^|\s)#.*", "", pending + line).strip()
        pending = ""
        if whole:
            yield first, whole
    if pending.strip():
        yield first, pending.strip()
