"""One walk over the cache directory: what lies there, paired up, undecoded. No file is opened."""

import os
import re
import stat as stat_module
from typing import NamedTuple

from pipcache.files import File
from pipcache.stores import RECOGNISED, Store, is_key, stores


class HttpEntry(NamedTuple):
    """One key of an HTTP store. In ``http`` the head's file holds the body too."""

    store: Store
    key: str
    head: File | None
    body: File | None


class BuiltEntry(NamedTuple):
    """A wheel pip built, and the ``origin.json`` of its folder (which other wheels may share)."""

    store: Store
    key: str
    wheel: File
    origin: File | None


class StrayEntry(NamedTuple):
    """A file, link or folder that is not an entry of a store (or is a note of ``selfcheck``), and why."""

    store: Store
    file: File
    why: str


class UnreadableEntry(NamedTuple):
    """A place the walk could not look at, and the operating system's reason."""

    store: Store
    path: str
    error: str


Entry = HttpEntry | BuiltEntry | StrayEntry | UnreadableEntry

_TEMPORARY = r"[a-z0-9_]{6,8}\.tmp"
_HTTP_DEPTH = 5
_WHEEL_DEPTH = 4


def scan(root: str) -> list[Entry]:
    """Walk the cache directory once and return its entries in a total order (store, then path).

    Raises:
        CacheNotFound: the directory is missing, is a file, or cannot be read.
        NotAPipCache: it holds none of pip's stores.
    """
    known = stores(root)
    entries: list[Entry] = []
    for store, name in known.items():
        if store in {Store.HTTP, Store.HTTP_V2}:
            entries.extend(_scan_http(root, store, name))
        elif store is Store.WHEELS:
            entries.extend(_scan_wheels(root, name))
        else:
            entries.extend(_scan_selfcheck(root, name))
    entries.extend(_scan_top(root, set(known.values())))
    return entries


def _walk(root: str, top: str, depth: int, problems: list[Entry], store: Store) -> list[File]:
    """Return what lies at and above ``depth`` levels below ``top``; folders there are not descended."""
    prefix = len(root.rstrip(os.sep)) + 1
    found: list[File] = []
    stack = [(os.path.join(root, top), 0)]
    while stack:
        folder, level = stack.pop()
        try:
            with os.scandir(folder) as children:
                for child in children:
                    try:
                        if level < depth and child.is_dir(follow_symlinks=False):
                            stack.append((child.path, level + 1))
                        else:
                            found.append(File(child.path[prefix:], child.stat(follow_symlinks=False)))
                    except FileNotFoundError:
                        continue  # pip removed or replaced it between the listing and the look
                    except OSError as error:
                        problems.append(_unreadable(store, child.path[prefix:], error))
        except FileNotFoundError:
            continue
        except OSError as error:
            problems.append(_unreadable(store, folder[prefix:], error))
    return found


def _unreadable(store: Store, path: str, error: OSError) -> UnreadableEntry:
    return UnreadableEntry(store, path, error.strerror or str(error))


def _odd_type(file: File) -> str | None:
    """Return why a file is not an ordinary one, or None when it is."""
    mode = file.stat.st_mode
    if stat_module.S_ISREG(mode):
        return None
    if stat_module.S_ISLNK(mode):
        return "a symbolic link, not followed"
    if stat_module.S_ISDIR(mode):
        return "a folder, not looked into"
    return "not a regular file"


def _scan_http(root: str, store: Store, top: str) -> list[Entry]:
    heads: dict[str, File] = {}
    bodies: dict[str, File] = {}
    others: list[Entry] = []
    regular = stat_module.S_IFREG
    prefix = len(top) + 1
    fan_out = slice(prefix, prefix + 2 * _HTTP_DEPTH, 2)
    for file in _walk(root, top, _HTTP_DEPTH, others, store):
        path, status = file
        name = path[prefix + 2 * _HTTP_DEPTH :]
        if name[:_HTTP_DEPTH] == path[fan_out] and stat_module.S_IFMT(status.st_mode) == regular:
            if is_key(name):
                heads[name] = file
                continue
            if store is Store.HTTP_V2 and name.endswith(".body") and is_key(name[:-5]):
                bodies[name[:-5]] = file
                continue
        others.append(StrayEntry(store, file, _odd_type(file) or _why_stray(os.path.basename(path))))
    entries: list[Entry] = [
        HttpEntry(store, key, heads.get(key), bodies.get(key)) for key in sorted(heads.keys() | bodies.keys())
    ]
    return entries + sorted(others, key=entry_path)


def _why_stray(name: str) -> str:
    if re.search(_TEMPORARY, name):
        return "a temporary file of a download"
    if name.endswith(".lock"):
        return "a lock file of pip before 19.3"
    return "not a name pip gives"


def _scan_wheels(root: str, top: str) -> list[Entry]:
    folders: dict[str, list[File]] = {}
    entries: list[Entry] = []
    for file in _walk(root, top, _WHEEL_DEPTH, entries, Store.WHEELS):
        folders.setdefault(os.path.dirname(file.path), []).append(file)
    for folder, files in folders.items():
        key = folder[len(top) + 1 :].replace(os.sep, "")
        in_place = is_key(key) and folder.count(os.sep) == _WHEEL_DEPTH
        plain = {os.path.basename(file.path): file for file in files if _odd_type(file) is None}
        wheels = [name for name in plain if name.endswith(".whl")] if in_place else []
        origin = plain.get("origin.json")
        entries.extend(BuiltEntry(Store.WHEELS, key, plain[name], origin) for name in wheels)
        for file in files:
            name = os.path.basename(file.path)
            if plain.get(name) is file and (name in wheels or (name == "origin.json" and wheels)):
                continue
            entries.append(StrayEntry(Store.WHEELS, file, _why_stray_in_wheels(file, name, in_place=in_place)))
    return sorted(entries, key=entry_path)


def _why_stray_in_wheels(file: File, name: str, *, in_place: bool) -> str:
    if stat_module.S_ISDIR(file.stat.st_mode) and re.fullmatch(r"tmp[a-z0-9_]{8}", name):
        return "a build folder, of a pip at work or one that was interrupted"
    if (odd := _odd_type(file)) is not None:
        return odd
    if name == "origin.json" and in_place:
        return "the origin of a wheel that is gone"
    return "not a name pip gives"


def _scan_selfcheck(root: str, top: str) -> list[Entry]:
    entries: list[Entry] = []
    for file in _walk(root, top, 0, entries, Store.SELFCHECK):
        why = _odd_type(file)
        if why is None and is_key(os.path.basename(file.path)):
            entries.append(StrayEntry(Store.SELFCHECK, file, SELFCHECK_NOTE))
        else:
            entries.append(StrayEntry(Store.STRAY, file, why or "not a name pip gives"))
    return sorted(entries, key=entry_path)


SELFCHECK_NOTE = "when an environment last looked for a newer pip"


def _scan_top(root: str, known: set[str]) -> list[Entry]:
    entries: list[Entry] = []
    for file in _walk(root, "", 0, entries, Store.STRAY):
        name = file.path
        if name in known:
            continue
        if name == "selfcheck.json" and _odd_type(file) is None:
            entries.append(StrayEntry(Store.SELFCHECK, file, "the self-check note of pip before 19.3"))
        elif name in RECOGNISED and stat_module.S_ISDIR(file.stat.st_mode):
            entries.append(StrayEntry(Store.STRAY, file, "named like a store, but not laid out like pip's"))
        else:
            entries.append(StrayEntry(Store.STRAY, file, _odd_type(file) or "not pip's"))
    return sorted(entries, key=entry_path)


def entry_files(entry: Entry) -> tuple[File, ...]:
    """Return the files of an entry, the one pip trusts first (head before body, wheel before origin)."""
    match entry:
        case HttpEntry(head=head, body=body):
            return tuple(file for file in (head, body) if file is not None)
        case BuiltEntry(wheel=wheel, origin=origin):
            return (wheel,) if origin is None else (wheel, origin)
        case StrayEntry(file=file):
            return (file,)
        case UnreadableEntry():
            return ()


def entry_path(entry: Entry) -> str:
    """Return the relative path an entry is known by."""
    match entry:
        case UnreadableEntry(path=path):
            return path
        case _:
            return entry_files(entry)[0].path
