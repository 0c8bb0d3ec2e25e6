"""One walk over the cache; it opens no file."""

import contextlib
import os
import re
import stat as stat_module
import sys
from typing import NamedTuple

from pipcache.store.directory import Directory
from pipcache.store.entries import (
    NOT_PIPS,
    NOTE_LOCK,
    BuiltEntry,
    Entry,
    HttpEntry,
    Leftover,
    StrayEntry,
    UnreadableEntry,
    entry_path,
    is_lock,
    odd_type,
    why_stray,
    why_stray_in_wheels,
)
from pipcache.store.layout import RECOGNISED, Store, is_key, stores
from pipcache.util.files import File, is_folder


class Survey(NamedTuple):
    """All that one walk finds: the entries in a total order, and folders of pip's fan-out that are empty."""

    entries: list[Entry]
    empty: list[str]


_FAN_OUT = (
    r"http(?:-v2)?(?:/[0-9a-f]){1,5}|"
    r"wheels(?:/[0-9a-f]{2}){1,3}|wheels(?:/[0-9a-f]{2}){3}/[0-9a-f]{50}"
)

_HTTP_DEPTH = 5

_WHEEL_DEPTH = 4


def survey(directory: Directory) -> Survey:
    """Walk the cache directory once and return its entries, and the folders that hold nothing.

    Raises:
        CacheNotFound: the directory is missing, is a file, or cannot be read.
        NotAPipCache: it holds none of pip's stores.
    """
    root = directory.root
    known = stores(root)
    entries: list[Entry] = []
    empty: list[str] = []
    for store, name in known.items():
        if store in {Store.HTTP, Store.HTTP_V2}:
            entries.extend(_scan_http(root, store, name, empty))
        elif store is Store.WHEELS:
            entries.extend(_scan_wheels(root, name, empty))
        else:
            entries.extend(_scan_selfcheck(root, name))
    entries.extend(_scan_top(root, set(known.values())))
    in_fan_out = [path for path in empty if re.fullmatch(_FAN_OUT, path.replace(os.sep, "/"))]
    return Survey(entries, sorted(in_fan_out))


class Contents(NamedTuple):
    """What lies below a folder the walk did not look into: files and links, folders, the empty ones, problems."""

    files: list[File]
    folders: list[File]
    empty: list[str]
    problems: list[Entry]


def look_inside(directory: Directory, folder: StrayEntry) -> Contents:
    """Return everything below a folder that is an entry of its own."""
    inside = Contents([], [], [], [])
    top = folder.file.path
    found = _walk(directory.root, top, sys.maxsize, inside.problems, folder.store, empty=inside.empty)
    places = {*inside.empty, *(os.path.dirname(file.path) for file in found)}
    places |= {path[:at] for path in places for at, character in enumerate(path) if character == os.sep}
    for place in sorted(place for place in places if place.startswith(top + os.sep)):
        with contextlib.suppress(OSError):  # then it is not young: it is gone
            inside.folders.append(directory.look(place))
    return inside._replace(files=sorted(found, key=lambda file: file.path))


# Python 3.11 takes a junction of Windows for a folder
_HAS_JUNCTIONS = sys.platform == "win32"


def _walk(
    root: str, top: str, depth: int, problems: list[Entry], store: Store, *, empty: list[str] | None = None
) -> list[File]:
    """Return what lies at and above ``depth`` levels below ``top``; folders there are not descended."""
    prefix = len(root.rstrip(os.sep)) + 1
    found: list[File] = []
    stack = [(os.path.join(root, top), 0)]
    while stack:
        folder, level = stack.pop()
        child = None
        try:
            with os.scandir(folder) as children:
                for child in children:
                    try:
                        if (
                            level < depth
                            and child.is_dir(follow_symlinks=False)
                            and not (_HAS_JUNCTIONS and not is_folder(child.stat(follow_symlinks=False)))
                        ):
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
            continue
        if child is None and empty is not None:
            empty.append(folder[prefix:])
    return found


def _unreadable(store: Store, path: str, error: OSError) -> UnreadableEntry:
    return UnreadableEntry(store, path, error.strerror or str(error))


def _scan_http(root: str, store: Store, top: str, empty: list[str]) -> list[Entry]:
    heads: dict[str, File] = {}
    bodies: dict[str, File] = {}
    others: list[Entry] = []
    regular = stat_module.S_IFREG
    prefix = len(top) + 1
    fan_out = slice(prefix, prefix + 2 * _HTTP_DEPTH, 2)
    between, separators = slice(prefix + 1, prefix + 2 * _HTTP_DEPTH, 2), os.sep * _HTTP_DEPTH
    for file in _walk(root, top, _HTTP_DEPTH, others, store, empty=empty):
        path, status = file
        name = path[prefix + 2 * _HTTP_DEPTH :]
        in_place = name[:_HTTP_DEPTH] == path[fan_out] and path[between] == separators
        if in_place and stat_module.S_IFMT(status.st_mode) == regular:
            if is_key(name):
                heads[name] = file
                continue
            if store is Store.HTTP_V2 and name.endswith(".body") and is_key(name[:-5]):
                bodies[name[:-5]] = file
                continue
            others.append(StrayEntry(store, file, why_stray(name, store)))
            continue
        is_lock_too = store is Store.HTTP and path[between] == separators and is_lock(file, in_place=in_place)
        others.append(StrayEntry(store, file, Leftover.LOCK if is_lock_too else odd_type(file) or NOT_PIPS))
    entries: list[Entry] = [
        HttpEntry(store, key, heads.get(key), bodies.get(key)) for key in sorted(heads.keys() | bodies.keys())
    ]
    return entries + sorted(others, key=entry_path)


def _scan_wheels(root: str, top: str, empty: list[str]) -> list[Entry]:
    folders: dict[str, list[File]] = {}
    entries: list[Entry] = []
    for file in _walk(root, top, _WHEEL_DEPTH, entries, Store.WHEELS, empty=empty):
        folders.setdefault(os.path.dirname(file.path), []).append(file)
    for folder, files in folders.items():
        key = folder[len(top) + 1 :].replace(os.sep, "")
        in_place = is_key(key) and folder.count(os.sep) == _WHEEL_DEPTH
        plain = {os.path.basename(file.path): file for file in files if odd_type(file) is None}
        wheels = [name for name in plain if name.endswith(".whl")] if in_place else []
        origin = plain.get("origin.json")
        has_link = any(file.path.endswith(".whl") for file in files if os.path.basename(file.path) not in plain)
        entries.extend(BuiltEntry(Store.WHEELS, key, plain[name], origin) for name in wheels)
        for file in files:
            name = os.path.basename(file.path)
            if plain.get(name) is file and (name in wheels or (name == "origin.json" and wheels)):
                continue
            why = why_stray_in_wheels(file, name, in_place=in_place)
            if why is Leftover.ORIGIN and has_link:
                why = "the origin of a wheel that is no ordinary file"
            entries.append(StrayEntry(Store.WHEELS, file, why))
    return sorted(entries, key=entry_path)


def _scan_selfcheck(root: str, top: str) -> list[Entry]:
    entries: list[Entry] = []
    for file in _walk(root, top, 0, entries, Store.SELFCHECK):
        why = odd_type(file)
        name = os.path.basename(file.path)
        if why is None and is_key(name):
            entries.append(StrayEntry(Store.SELFCHECK, file, Leftover.NOTE))
        elif why is None and why_stray(name, Store.SELFCHECK) is Leftover.TEMPORARY:
            entries.append(StrayEntry(Store.SELFCHECK, file, Leftover.TEMPORARY))
        else:
            entries.append(StrayEntry(Store.STRAY, file, why or NOT_PIPS))
    return sorted(entries, key=entry_path)


def _scan_top(root: str, known: set[str]) -> list[Entry]:
    entries: list[Entry] = []
    found = _walk(root, "", 0, entries, Store.STRAY)
    # what holds a lock is a hard link of it
    locks = {file.stat.st_ino for file in found if file.path == NOTE_LOCK and odd_type(file) is None}
    for file in found:
        name = file.path
        if name in known:
            continue
        if file.stat.st_ino in locks or (name == NOTE_LOCK and is_folder(file.stat)):
            entries.append(StrayEntry(Store.SELFCHECK, file, Leftover.LOCK))
            continue
        if name == "selfcheck.json" and odd_type(file) is None:
            entries.append(StrayEntry(Store.SELFCHECK, file, Leftover.OLD_NOTE))
        elif name in RECOGNISED and stat_module.S_ISDIR(file.stat.st_mode):
            entries.append(StrayEntry(Store.STRAY, file, "named like a store, but not laid out like pip's"))
        else:
            entries.append(StrayEntry(Store.STRAY, file, odd_type(file) or "not pip's"))
    return sorted(entries, key=entry_path)


def look_again(directory: Directory, entry: Entry) -> Entry | None:
    """Return ``entry`` as its files are now, with parts that have come since; None when it is gone."""
    try:
        match entry:
            case HttpEntry(store=Store.HTTP_V2, key=key):
                head = entry_path(entry).removesuffix(".body")
                parts = _look(directory, head), _look(directory, f"{head}.body")
                return HttpEntry(entry.store, key, *parts) if any(parts) else None
            case HttpEntry(head=File(path=path)):
                there = _look(directory, path)
                return None if there is None else entry._replace(head=there)
            case BuiltEntry(wheel=wheel):
                there = _look(directory, wheel.path)
                origin = _look(directory, os.path.join(os.path.dirname(wheel.path), "origin.json"))
                return None if there is None else entry._replace(wheel=there, origin=origin)
            case StrayEntry(file=file):
                there = _look(directory, file.path)
                return None if there is None else entry._replace(file=there)
            case _:
                return entry
    except OSError as error:
        return _unreadable(entry.store, entry_path(entry), error)


def _look(directory: Directory, path: str) -> File | None:
    """Return a file as it is now; None when it is gone, or is no ordinary file any more.

    Raises:
        OSError: it cannot be looked at.
    """
    try:
        file = directory.look(path)
    except FileNotFoundError:
        return None
    return file if odd_type(file) is None else None
