"""Lock files: pylock.toml, uv.lock, poetry.lock, pdm.lock and Pipfile.lock.

Read are requirements files, ``pylock.toml`` (PEP 751), ``uv.lock``, ``poetry.lock``, ``pdm.lock``
and ``Pipfile.lock``. What a file does not say is None.
"""

import json
import os
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping

from pipcache.errors import ExitCode, PipcacheError
from pipcache.locks.model import Locked, LockError, last_part, read_digests, text_of, version_in
from pipcache.locks.requirements import requirements
from pipcache.util.filenames import normalise
from pipcache.util.textfile import read_text
from pipcache.util.untrusted import told


class NamesNothing(LockError):  # noqa: N818 - it says what is wrong with the file
    """A file that is a lock or requirements file for all that can be seen, and names no project."""


def read_lock(path: str) -> list[Locked]:
    """Return the digests a lock or requirements file writes down; what is named there without one is left out.

    Its kind is told by its name, then by its content. Requirements files that it names with ``-r`` or ``-c`` are
    read as well.

    Raises:
        LockError: it is none, holds a wrong digest or none at all, or cannot be read.
    """
    if not (found := [row for row in _read(path, every=False) if row.digests]):
        expected = "requirements with --hash, pylock.toml, uv.lock, poetry.lock, pdm.lock or Pipfile.lock"
        raise LockError(f"{path} holds no digest of any file; expected were {expected}")
    return found


def read_names(path: str) -> list[Locked]:
    """Return all that a lock or requirements file names, with a digest or without.

    Raises:
        LockError: it is none, names nothing, holds a wrong digest or what is no requirement, or cannot be read.
    """
    if not (found := list(_read(path, every=True))):
        expected = "requirements, pylock.toml, uv.lock, poetry.lock, pdm.lock or Pipfile.lock"
        raise NamesNothing(f"{path} names no project; expected were {expected}")
    return found


def _read(path: str, *, every: bool) -> Iterator[Locked]:
    text, name = read_text(path), os.path.basename(path)
    if name == "Pipfile.lock" or text.lstrip().startswith("{"):
        return _pipfile(path, _parsed(path, text, json.loads, "JSON"), every=every)
    if name.endswith(".toml") or name in {"uv.lock", "poetry.lock", "pdm.lock"} or _HAS_TABLES.search(text):
        return _toml(path, _parsed(path, text, tomllib.loads, "TOML"), every=every)
    return requirements(path, text, every=every)


_HAS_TABLES = re.compile(r"(?m)^[ \t]*\[")  # no requirement begins with a bracket

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


def _table(value: object, what: str) -> Mapping[str, object]:
    if value is not None and not isinstance(value, dict):
        raise LockError(f"{what} is {told(value)}; a table was expected")
    return value or {}


def _rows(value: object, what: str) -> list[Mapping[str, object]]:
    return [_table(row, what) for row in (value if isinstance(value, list) else [value])]


def _pipfile(path: str, document: Mapping[str, object], *, every: bool) -> Iterator[Locked]:
    if every and not isinstance(document.get("_meta"), dict):
        raise LockError(f"{path} has no _meta; a Pipfile.lock was expected")
    for section, packages in document.items():
        if section == "_meta" or not (every or isinstance(packages, dict)):
            continue
        for project, package in _section(path, section, packages).items():
            where = f"{path}: {told(project)} in {told(section)}"
            if not isinstance(package, dict):
                if every:
                    raise LockError(f"{where} is {told(package)}; a table was expected")
                continue
            pinned = re.fullmatch(r"===?\s*([^\s*]+)", text_of(package.get("version")) or "")
            version, commit = pinned[1] if pinned else None, text_of(package.get("ref"))
            yield _name(path, project, version, commit if "git" in package else None)
            yield from _of_row(where, path, project, version, package)


def _section(path: str, section: str, packages: object) -> Mapping[str, object]:
    if not isinstance(packages, dict):
        raise LockError(f"{path}: {told(section)} is {told(packages)}; a table was expected")
    return packages


def _toml(path: str, document: Mapping[str, object], *, every: bool) -> Iterator[Locked]:
    """Yield what the packages of pylock.toml, uv (which once called them distributions), poetry and pdm say."""
    standard = document.get("lock-version")
    if "packages" in document and not (isinstance(standard, str) and standard.startswith("1.")):
        raise LockError(f"{path}: lock-version is {told(standard)}; 1.0 was expected")
    if every:
        _refuse_strangers(path, document)
    versions: dict[str, set[str]] = {}
    for table in ("packages", "package", "distribution"):
        for package in _rows(document.get(table, []), f"{path}: {table}"):
            project, version = text_of(package.get("name")), text_of(package.get("version"))
            if project is None:
                raise LockError(f"{path}: the name in {table} is {told(package.get('name'))}; text was expected")
            versions.setdefault(normalise(project), set()).update([version] if version else [])
            yield _name(path, project, version, _commit(package))
            for key in filter(package.__contains__, ("wheels", "wheel", "sdist", "archive", "files")):
                where = f"{path}: {key} of {told(project)}"
                for row in _rows(package.get(key), where):
                    source = package.get("source") if key == "sdist" else None
                    if isinstance(source, dict):  # uv tells there alone what it took directly
                        row = {"url": source.get("url"), "path": source.get("path"), **row}  # noqa: PLW2901
                    yield from _of_row(where, path, project, version, row)
    metadata = document.get("metadata")
    files = metadata.get("files") if isinstance(metadata, dict) else None
    for key, rows in _table(files, f"{path}: metadata.files").items():
        project, _, version = key.partition(" ")  # pdm before 2.5 has it here, poetry before 1.3 has not
        known, where = versions.get(normalise(project), set()), f"{path}: files of {told(key)}"
        for row in _rows(rows, where):
            yield from _of_row(where, path, project, version or (min(known) if len(known) == 1 else None), row)


def _refuse_strangers(path: str, document: Mapping[str, object]) -> None:
    """Refuse what is like a lock file and none that is known: what it names would not be known either.

    Raises:
        LockError: it has packages in another table, or as Cargo has them.
    """
    for key, rows in document.items():
        is_rows = isinstance(rows, list) and any(isinstance(row, dict) and "name" in row for row in rows)
        if is_rows and key not in {"packages", "package", "distribution"}:
            raise LockError(f"{path}: {told(key)} is no table of a lock file; package or packages were expected")
    rows = document.get("package")
    if isinstance(rows, list) and any(isinstance(row, dict) and "checksum" in row for row in rows):
        raise LockError(f"{path} is a lock file of Cargo's; one of Python packages was expected")


def _name(path: str, project: str, version: str | None, commit: str | None) -> Locked:
    """Return the row of a package itself, without a file."""
    return Locked(
        os.path.basename(path), normalise(project), version, None, None, None, (), commit=commit and commit.lower()
    )


def _commit(package: Mapping[str, object]) -> str | None:
    """Return the commit a package is taken from, as pylock, poetry, pdm and uv write it."""
    vcs, source = package.get("vcs"), package.get("source")
    if isinstance(vcs, dict):
        return text_of(vcs.get("commit-id"))
    if isinstance(source, dict) and source.get("type") == "git":
        return text_of(source.get("resolved_reference"))
    git = source.get("git") if isinstance(source, dict) else source
    if isinstance(git, str) and (git is not source or git.startswith("git+")):
        return git.partition("#")[2] or None
    return text_of(package.get("revision")) if "git" in package else None


def _of_row(
    where: str, path: str, project: str, version: str | None, row: Mapping[str, object]
) -> Iterator[Locked]:
    """Yield the file a row tells of by name, URL or digest (``hash``, or ``hashes`` in a list or a table)."""
    hashes = row.get("hashes", [row["hash"]] if "hash" in row else [])
    if not isinstance(hashes, list):
        table = _table(hashes, f"{where}: hashes")
        hashes = [f"{name}:{value}" if isinstance(value, str) else value for name, value in table.items()]
    digests = read_digests(hashes, where)
    named = next(filter(None, (text_of(row.get(key)) for key in ("name", "file", "filename"))), None)
    url = text_of(row.get("url")) or (named if named and "://" in named else None)
    local = re.split(r"[/\\]", named or text_of(row.get("path")) or "")[-1]
    filename = local if named and named != url else last_part(url) or local
    size = row.get("size")
    size = size if isinstance(size, int) and not isinstance(size, bool) and 0 <= size < 1 << 63 else None
    if digests or url or filename:
        version = version or version_in(project, filename)
        source = os.path.basename(path)
        yield Locked(source, normalise(project), version, filename or None, url, size, digests)


class BadLock(PipcacheError):  # noqa: N818 - as the other errors, it says what it is
    """A file given with --against or --keep-for is no lock file."""

    exit_code = ExitCode.USAGE
