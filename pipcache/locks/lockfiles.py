"""Lock files: pylock.toml (PEP 751), uv.lock, poetry.lock, pdm.lock and Pipfile.lock.

Requirements files are read too, by ``requirements``, and lists of digests by ``sha256sums``. What a file does not
say is None in its pins.
"""

import json
import os
import re
import tomllib
from collections.abc import Callable, Iterator

from pipcache.errors import ErrorKind, FileRefused
from pipcache.locks.model import LockError, Pin, last_part, read_digests, version_in
from pipcache.locks.requirements import requirements
from pipcache.locks.sha256sums import has_sums, sums
from pipcache.util.filenames import normalise
from pipcache.util.textfile import UnreadableText, read_text
from pipcache.util.untrusted import Table, TableError, quoted
from pipcache.util.versions import contains, parse_version, same_version


class NamesNothing(LockError):  # noqa: N818 - it says what is wrong with the file
    """A file that looks like a lock or requirements file and names no project."""


def read_lock(path: str) -> list[Pin]:
    """Return the pins with digests that a lock or requirements file holds.

    The file's name decides its kind, else its content. Requirements files that it names with ``-r`` or ``-c`` are
    read as well.

    Raises:
        LockError: it is no such file, holds a wrong digest or none at all, or cannot be read.
    """
    if not (pins := [pin for pin in _read(path, every=False) if pin.digests]):
        expected = "requirements with --hash, pylock.toml, uv.lock, poetry.lock, pdm.lock or Pipfile.lock"
        raise LockError(f"{path} holds no digest of any file; expected were {expected}")
    return pins


def read_names(path: str) -> list[Pin]:
    """Return every pin of a lock or requirements file, with a digest or without.

    Raises:
        LockError: it is no such file, holds a wrong digest or a wrong requirement, or cannot be read.
        NamesNothing: it names no project.
    """
    if not (pins := _read(path, every=True)):
        expected = "requirements, pylock.toml, uv.lock, poetry.lock, pdm.lock or Pipfile.lock"
        raise NamesNothing(f"{path} names no project; expected were {expected}")
    return pins


def _read(path: str, *, every: bool) -> list[Pin]:
    """Return the pins of a file; those without a digest only for ``every``."""
    try:
        return list(_pins(path, read_text(path), every=every))
    except (UnreadableText, TableError) as error:
        raise LockError(str(error)) from None


def _pins(path: str, text: str, *, every: bool) -> Iterator[Pin]:
    name = os.path.basename(path)
    if name == "Pipfile.lock" or text.lstrip().startswith("{"):
        return _pipfile(path, _parsed(path, text, json.loads, "JSON"), every=every)
    is_toml = name.endswith(".toml") and (_HAS_TABLES.search(text) or not _IS_REFERENCE.search(text))
    if is_toml or name in {"uv.lock", "poetry.lock", "pdm.lock"} or _HAS_TABLES.search(text):
        return _toml(path, _parsed(path, text, tomllib.loads, "TOML"), every=every)
    return sums(path, text) if has_sums(text) else requirements(path, text, every=every)


_HAS_TABLES = re.compile(r"(?m)^[ \t]*\[")  # no requirement begins with a bracket

_IS_REFERENCE = re.compile(r"(?m)^[A-Za-z0-9][\w.-]*+(?:\[[\w.,-]*+\])? @ \S")
"""A direct reference of a requirements file, which is no TOML, whatever the file is called."""

_LONG_KEY = r"""(?m)^[ \t]*+\[{0,2}+[ \t]*+(?:(?:[\w-]++|"(?:[^"\\\n]|\\.)*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+){200}"""


_LONG_PART = r"""(?<![\w."'-])(?:(?:[\w-]++|"(?:[^"\\\n]|\\.)*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+){50}"""
"""A dotted key as it may stand in an inline table; real ones have a few parts."""

MOST_PARTS = 800_000
"""Commas, signs, brackets, dots, escapes and lines of a TOML or JSON file; the largest real locks have a half."""


def _refuse_too_much(path: str, text: str) -> None:
    """Refuse a file that takes a parser longer than any real one.

    Raises:
        LockError: it has too many parts.
    """
    if len(text) > MOST_PARTS and sum(map(text.count, ",=[{.\\\n")) > MOST_PARTS:
        raise LockError(
            f"{path} cannot be read: too much in it: more than {MOST_PARTS:,} keys and values; fewer were expected"
        )


def _parsed(path: str, text: str, loads: Callable[[str], object], kind: str) -> Table:
    _refuse_too_much(path, text)
    try:
        if kind == "TOML" and (re.search(_LONG_KEY, text) or re.search(_LONG_PART, text)):
            raise RecursionError  # tomllib takes time in the square of a key's length
        document = loads(text)
    except RecursionError:
        raise LockError(f"{path} is nested too deeply; the {kind} of a lock file was expected") from None
    except ValueError as error:
        raise LockError(f"{path} is not {kind}: {error}; a lock file was expected") from None
    return Table(document, path)


def _pipfile(path: str, document: Table, *, every: bool) -> Iterator[Pin]:
    """Yield the pins of a Pipfile.lock; without ``every`` other JSON documents are read as well as they can be."""
    if every and not isinstance(document.values.get("_meta"), dict):
        raise LockError(f"{path} has no _meta; a Pipfile.lock was expected")
    for name, packages in document.values.items():
        if name == "_meta" or not (every or isinstance(packages, dict)):
            continue
        section = _required(packages, f"{path}: {quoted(name)}")
        for project, value in section.values.items():
            if not (every or isinstance(value, dict)):
                continue
            package = _required(value, f"{path}: {quoted(project)} in {quoted(name)}")
            pinned = re.fullmatch(r"===?\s*([^\s*]+)", package.text_or_none("version") or "")
            version = pinned[1] if pinned else None
            commit = package.text_or_none("ref") if "git" in package.values else None
            marker = package.text_or_none("markers") or ""
            listed = package.values.get("extras")
            names = listed if isinstance(listed, list) else []
            extras = tuple(sorted({normalise(name) for name in names if isinstance(name, str)}))
            for pin in (
                _project_pin(path, project, version, commit),
                *_file_pins(path, project, version, package),
            ):
                yield pin._replace(marker=marker, extras=extras)


def _required(value: object, place: str) -> Table:
    """Return a table; null is none here."""
    if value is None:
        raise LockError(f"{place} is {quoted(value)}; a table was expected")
    return Table(value, place)


def _toml(path: str, document: Table, *, every: bool) -> Iterator[Pin]:
    """Yield the pins of pylock.toml, uv (its first versions call packages distributions), poetry and pdm."""
    standard = document.values.get("lock-version")
    if "packages" in document.values and not (isinstance(standard, str) and standard.startswith("1.")):
        raise LockError(f"{path}: lock-version is {quoted(standard)}; 1.0 was expected")
    if every:
        _refuse_other_locks(path, document)
    versions: dict[str, set[str]] = {}
    needed_by = _needed_by(document) if every else {}
    for key in ("packages", "package", "distribution"):
        for package in _tables(document.values.get(key, []), f"{path}: {key}"):
            project, version = package.text_or_none("name"), package.text_or_none("version")
            if project is None:
                name = quoted(package.values.get("name"))
                raise LockError(f"{path}: the name in {key} is {name}; text was expected")
            versions.setdefault(normalise(project), set()).update([version] if version else [])
            needs = needed_by.get(normalise(project), ())
            for pin in (
                _project_pin(path, project, version, _commit(package)),
                *_package_files(path, project, version, package),
            ):
                yield pin._replace(
                    marker=_marker(package),
                    needed_by=tuple(need[1:] for need in needs if _is_meant(version, need[0])),
                    is_local=_is_local(package),
                )
    metadata = document.values.get("metadata")
    files = metadata.get("files") if isinstance(metadata, dict) else None
    for key, rows in Table(files, path, "metadata.files").values.items():
        project, _, version = key.partition(" ")  # pdm before 2.5 has it here, poetry before 1.3 has not
        known = versions.get(normalise(project), set())
        only_version = min(known) if len(known) == 1 else None
        for row in _tables(rows, f"{path}: files of {quoted(key)}"):
            yield from _file_pins(path, project, version or only_version, row)


def _marker(package: Table) -> str:
    """Return where a package of a lock is needed; one of several versions has the forks of uv that it is for."""
    if marker := next(filter(None, map(package.text_or_none, ("marker", "markers"))), ""):
        return marker
    forks = package.values.get("resolution-markers")
    texts = [fork for fork in forks if isinstance(fork, str)] if isinstance(forks, list) else []
    return " or ".join(f"({text})" for text in texts)


def _needed_by(document: Table) -> dict[str, list[tuple[str, str, str | None, str]]]:
    """Return which packages of a lock of uv or poetry need each project.

    A need is: the version or the specifiers that are wanted, the package and its version, and a marker. poetry 2
    writes on each package where it is needed, and nobody knows there which of them are needed by themselves.
    """
    needs: dict[str, list[tuple[str, str, str | None, str]]] = {}
    rows = document.values.get("package")
    for row in rows if isinstance(rows, list) else []:
        if isinstance(row, dict) and isinstance(parent := row.get("name"), str) and "groups" not in row:
            version = row.get("version")
            of_parent = normalise(parent), version if isinstance(version, str) else None
            for name, wanted, marker in _dependencies(row):
                needs.setdefault(normalise(name), []).append((wanted, *of_parent, marker))
    return needs


def _dependencies(package: dict[str, object]) -> Iterator[tuple[str, str, str]]:
    """Yield the (name, version, marker) of what a package needs, with all its extras and groups."""
    groups = [package.get(key) for key in ("optional-dependencies", "dev-dependencies")]  # of uv
    lists = [
        package.get("dependencies"),
        *(rows for group in groups if isinstance(group, dict) for rows in group.values()),
    ]
    for listed in lists:
        if isinstance(listed, dict):  # poetry's, by name
            for name, value in listed.items():
                for row in value if isinstance(value, list) else [value]:
                    values = row if isinstance(row, dict) else {"version": row}
                    yield name, _text_in(values, "version"), _text_in(values, "markers")
        for row in listed if isinstance(listed, list) else []:
            if isinstance(row, dict) and isinstance(name := row.get("name"), str):
                yield name, _text_in(row, "version"), _text_in(row, "marker")


def _text_in(row: dict[str, object], key: str) -> str:
    """Return the value of a key; "" for what is no text."""
    value = row.get(key)
    return value if isinstance(value, str) else ""


def _is_meant(version: str | None, wanted: str) -> bool:
    """Return whether a dependency means a version of its project: uv writes the version, poetry specifiers."""
    if not wanted or version is None or same_version(version, wanted):
        return True
    try:
        return parse_version(wanted) is None and contains(wanted, version)
    except ValueError:
        return True  # poetry's * and ||, which are no specifiers


def _is_local(package: Table) -> bool:
    """Return whether a package is a folder or a file of a disk, as uv, poetry, pdm and PEP 751 write it."""
    source = package.values.get("source")
    if isinstance(source, dict) and (
        not {"editable", "virtual", "directory", "path"}.isdisjoint(source)
        or source.get("type") in {"directory", "file"}
    ):
        return True
    return "directory" in package.values or isinstance(package.values.get("path"), str)


def _tables(value: object, place: str) -> list[Table]:
    """Return the tables of a list; a table that stands alone is a list of one."""
    return [Table(row, place) for row in (value if isinstance(value, list) else [value])]


def _refuse_other_locks(path: str, document: Table) -> None:
    """Refuse lock files of unknown tools: the projects they name would be missed.

    Raises:
        LockError: the file has packages in an unknown table, or as Cargo writes them.
    """
    for key, rows in document.values.items():
        is_rows = isinstance(rows, list) and any(isinstance(row, dict) and "name" in row for row in rows)
        if is_rows and key not in {"packages", "package", "distribution"}:
            raise LockError(f"{path}: {quoted(key)} is no table of a lock file; package or packages were expected")
    rows = document.values.get("package")
    if isinstance(rows, list) and any(isinstance(row, dict) and "checksum" in row for row in rows):
        raise LockError(f"{path} is a lock file of Cargo's; one of Python packages was expected")


def _project_pin(path: str, project: str, version: str | None, commit: str | None) -> Pin:
    """Return the pin of a package itself, without a file."""
    commit = commit and commit.lower()
    return Pin(os.path.basename(path), normalise(project), version, None, None, None, (), commit=commit)


def _commit(package: Table) -> str | None:
    """Return the commit a package is taken from, as pylock, poetry, pdm and uv write it."""
    vcs, source = package.values.get("vcs"), package.values.get("source")
    if isinstance(vcs, dict):
        return Table(vcs, package.document).text_or_none("commit-id")
    if isinstance(source, dict) and source.get("type") == "git":
        return Table(source, package.document).text_or_none("resolved_reference")
    git = source.get("git") if isinstance(source, dict) else source
    if isinstance(git, str) and (git is not source or git.startswith("git+")):
        return git.partition("#")[2] or None
    return package.text_or_none("revision") if "git" in package.values else None


def _package_files(path: str, project: str, version: str | None, package: Table) -> Iterator[Pin]:
    """Yield the pins of a package's files, under whatever key its tool lists them."""
    for key in filter(package.values.__contains__, ("wheels", "wheel", "sdist", "archive", "files")):
        for row in _tables(package.values.get(key), f"{path}: {key} of {quoted(project)}"):
            source = package.values.get("source") if key == "sdist" else None
            if isinstance(source, dict):  # uv writes the place of what it took directly only there
                row.values = {"url": source.get("url"), "path": source.get("path"), **row.values}
            yield from _file_pins(path, project, version, row)


def _file_pins(path: str, project: str, version: str | None, row: Table) -> Iterator[Pin]:
    """Yield the pin of a file by name, URL or digest (``hash``, or ``hashes`` in a list or a table)."""
    hashes = row.values.get("hashes", [row.values["hash"]] if "hash" in row.values else [])
    if not isinstance(hashes, list):
        pairs = Table(hashes, row.document, "hashes").values.items()
        hashes = [f"{name}:{value}" if isinstance(value, str) else value for name, value in pairs]
    digests = read_digests(hashes, row.place())
    named = next(filter(None, map(row.text_or_none, ("name", "file", "filename"))), None)
    url = row.text_or_none("url") or (named if named and "://" in named else None)
    local = re.split(r"[/\\]", named or row.text_or_none("path") or "")[-1]
    filename = local if named and named != url else last_part(url) or local
    size = row.values.get("size")
    size = size if isinstance(size, int) and not isinstance(size, bool) and 0 <= size < 1 << 63 else None
    if digests or url or filename:
        version = version or version_in(project, filename)
        yield Pin(os.path.basename(path), normalise(project), version, filename or None, url, size, digests)


class BadLock(FileRefused):
    """A file given with --against or --keep-for is no lock file."""

    kind = ErrorKind.BAD_LOCK
