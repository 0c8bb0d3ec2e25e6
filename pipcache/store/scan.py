"""The walk over the cache directory: it lists every entry and opens no file."""

import os
import re
import stat as stat_module
import sys
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import NamedTuple

from pipcache.store.directory import Directory, is_gone
from pipcache.store.entries import (
    NOTE_LOCK,
    BuiltEntry,
    Entry,
    Foreign,
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
from pipcache.store.layout import RECOGNISED, Store, find_stores, is_key
from pipcache.util.files import File, is_folder


class Survey(NamedTuple):
    """What one walk gives: the entries in a total order (store, then path), and pip's empty folders.

    ``empty`` are paths of folders that pip's fan-out has, relative to the cache directory.
    """

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
        CacheNotFound: the directory is a file, or cannot be read.
        NotAPipCache: it holds something, and none of pip's stores.
    """
    root = directory.root
    stores = find_stores(root)
    entries: list[Entry] = []
    empty: list[str] = []
    for store, name in stores.items():
        if store in {Store.HTTP, Store.HTTP_V2}:
            by_key: dict[str, Entry] = {}
            others: list[Entry] = []
            for key, entry in _http_entries(root, store, name, empty):
                if key is None:
                    others.append(entry)
                else:
                    by_key[key] = entry
            entries.extend(by_key[key] for key in sorted(by_key))
        elif store is Store.WHEELS:
            others = list(_wheel_entries(root, name, empty))
        else:
            others = list(_notes(root, name))
        entries.extend(sorted(others, key=entry_path))
    entries.extend(sorted(_entries_of_top(root, set(stores.values())), key=entry_path))
    in_fan_out = [path for path in empty if re.fullmatch(_FAN_OUT, path.replace(os.sep, "/"))]
    return Survey(entries, sorted(in_fan_out))


def stream(directory: Directory) -> Iterator[Entry]:
    """Return the entries of the cache directory, each as soon as the walk has seen its folder.

    Raises:
        CacheNotFound: the directory is a file, or cannot be read.
        NotAPipCache: it holds something, and none of pip's stores.
    """
    root = directory.root
    stores = find_stores(root)
    in_stores = (_entries_of(root, store, name) for store, name in stores.items())
    return chain(chain.from_iterable(in_stores), _entries_of_top(root, set(stores.values())))


def _entries_of(root: str, store: Store, top: str) -> Iterator[Entry]:
    """Return the entries of a store, folder by folder."""
    if store in {Store.HTTP, Store.HTTP_V2}:
        return (entry for _, entry in _http_entries(root, store, top, None))
    return _wheel_entries(root, top, None) if store is Store.WHEELS else _notes(root, top)


class FolderContents(NamedTuple):
    """What lies below a folder that the walk did not enter.

    ``files`` holds links too; ``empty`` are the paths of empty folders, ``problems`` what could not be looked at.
    """

    files: list[File]
    folders: list[File]
    empty: list[str]
    problems: list[Entry]


def look_inside(directory: Directory, folder: StrayEntry) -> FolderContents:
    """Return everything below a folder that the walk lists as a stray entry."""
    inside = FolderContents([], [], [], [])
    top = folder.file.path
    files = _walk(directory.root, top, sys.maxsize, inside.problems, folder.store, empty=inside.empty)
    paths = {*inside.empty, *(os.path.dirname(file.path) for file in files)}
    paths |= {path[:at] for path in paths for at, character in enumerate(path) if character == os.sep}
    for path in sorted(path for path in paths if path.startswith(top + os.sep)):
        try:
            inside.folders.append(directory.look(path))
        except OSError as error:
            if not _is_gone(directory.root, path, error):  # a folder that is gone cannot be in use
                inside.problems.append(_unreadable(folder.store, path, error))
    return inside._replace(files=sorted(files, key=lambda file: file.path))


# Python 3.11 reports a junction of Windows as a folder
_HAS_JUNCTIONS = sys.platform == "win32"


def _walk(
    root: str, top: str, depth: int, problems: list[Entry], store: Store, *, empty: list[str] | None = None
) -> list[File]:
    """Return the files, links and folders below ``top``, down to ``depth`` levels.

    Args:
        root: the cache directory.
        top: the folder to walk, relative to ``root``.
        depth: the level at which folders are returned and not entered.
        problems: takes what could not be looked at.
        store: the store that problems belong to.
        empty: takes the paths of empty folders, where they are wanted.
    """
    listings = _listings(root, top, depth, problems, store, empty=empty)
    return [file for files in listings for file in files]


def _listings(
    root: str, top: str, depth: int, problems: list[Entry], store: Store, *, empty: list[str] | None = None
) -> Iterator[list[File]]:
    """Yield the files, links and folders in each folder below ``top``; the arguments are those of ``_walk``."""
    prefix = len(root.rstrip(os.sep)) + 1
    stack = [(os.path.join(root, top), 0)]
    while stack:
        folder, level = stack.pop()
        files: list[File] = []
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
                            files.append(File(child.path[prefix:], child.stat(follow_symlinks=False)))
                    except OSError as error:
                        # pip may have removed or replaced it after the folder was listed
                        if not _is_gone(root, child.path[prefix:], error):
                            problems.append(_unreadable(store, child.path[prefix:], error))
        except OSError as error:
            if not _is_gone(root, folder[prefix:], error):
                problems.append(_unreadable(store, folder[prefix:], error))
        else:
            if child is None and empty is not None:
                empty.append(folder[prefix:])
        if files:
            yield files


def _is_gone(root: str, path: str, error: OSError) -> bool:
    """Return whether an error means that nothing is at a path of the cache directory any more."""
    return isinstance(error, FileNotFoundError) and is_gone(os.path.join(root, path))


def _unreadable(store: Store, path: str, error: OSError) -> UnreadableEntry:
    return UnreadableEntry(store, path, error.strerror or str(error))


def _http_entries(
    root: str, store: Store, top: str, empty: list[str] | None
) -> Iterator[tuple[str | None, Entry]]:
    """Yield the entries of an HTTP store with their keys; what is no entry has none."""
    others: list[Entry] = []
    regular = stat_module.S_IFREG
    prefix = len(top) + 1
    fan_out = slice(prefix, prefix + 2 * _HTTP_DEPTH, 2)
    separators, slashes = slice(prefix + 1, prefix + 2 * _HTTP_DEPTH, 2), os.sep * _HTTP_DEPTH
    for files in _listings(root, top, _HTTP_DEPTH, others, store, empty=empty):
        heads: dict[str, File] = {}
        bodies: dict[str, File] = {}
        for file in files:
            path = file.path
            name = path[prefix + 2 * _HTTP_DEPTH :]
            in_place = name[:_HTTP_DEPTH] == path[fan_out] and path[separators] == slashes
            if in_place and stat_module.S_IFMT(file.st_mode) == regular:
                if is_key(name):
                    heads[name] = file
                elif store is Store.HTTP_V2 and name.endswith(".body") and is_key(name[:-5]):
                    bodies[name[:-5]] = file
                else:
                    others.append(StrayEntry(store, file, why_stray(name, store)))
                continue
            is_lock_file = store is Store.HTTP and path[separators] == slashes and is_lock(file, in_place=in_place)
            why = Leftover.LOCK if is_lock_file else odd_type(file) or Foreign.NAME
            others.append(StrayEntry(store, file, why))
        # both parts of an entry lie in one folder
        unseen = {entry_path(entry): entry for entry in others if isinstance(entry, UnreadableEntry)}
        for key in heads.keys() | bodies.keys():
            entry = HttpEntry(store, key, heads.get(key), bodies.get(key))
            yield key, _unless_unseen(entry, unseen) if unseen else entry
        yield from ((None, other) for other in others)
        others.clear()
    yield from ((None, other) for other in others)


def _unless_unseen(entry: HttpEntry, unseen: Mapping[str, UnreadableEntry]) -> Entry:
    """Return an entry; as unreadable where its other part, or a part of their folder, could not be looked at.

    Its other part may be there all the same, so it is no orphan.

    Args:
        entry: an entry with the parts that the walk has seen.
        unseen: what could not be looked at, by the paths.
    """
    path = entry_path(entry)
    head = path.removesuffix(".body")
    for place in (os.path.dirname(path), head, f"{head}.body"):
        if place in unseen:
            return UnreadableEntry(entry.store, path, f"{_BESIDE}: {unseen[place].error}")
    return entry


_BESIDE = "what belongs to it could not be looked at"


def _wheel_entries(root: str, top: str, empty: list[str] | None) -> Iterator[Entry]:
    problems: list[Entry] = []
    for files in _listings(root, top, _WHEEL_DEPTH, problems, Store.WHEELS, empty=empty):
        folder = os.path.dirname(files[0].path)
        hidden = _folders_with_unseen(problems).get(folder)
        yield from problems
        problems.clear()
        if hidden is not None:
            # the files of a folder belong together: the wheels share the origin
            for file in files:
                yield UnreadableEntry(Store.WHEELS, file.path, f"{_BESIDE}: {hidden.error}")
            continue
        key = folder[len(top) + 1 :].replace(os.sep, "")
        in_place = is_key(key) and folder.count(os.sep) == _WHEEL_DEPTH
        plain = {os.path.basename(file.path): file for file in files if odd_type(file) is None}
        wheels = [name for name in plain if name.endswith(".whl")] if in_place else []
        origin = plain.get("origin.json")
        has_link = any(file.path.endswith(".whl") for file in files if os.path.basename(file.path) not in plain)
        yield from (BuiltEntry(Store.WHEELS, key, plain[name], origin) for name in wheels)
        for file in files:
            name = os.path.basename(file.path)
            if plain.get(name) is file and (name in wheels or (name == "origin.json" and wheels)):
                continue
            why = why_stray_in_wheels(file, name, in_place=in_place)
            if why is Leftover.ORIGIN and has_link:
                why = Foreign.ORIGIN_OF_ODD_WHEEL
            yield StrayEntry(Store.WHEELS, file, why)
    yield from problems


def _folders_with_unseen(entries: Iterable[Entry]) -> dict[str, UnreadableEntry]:
    """Return the folders of wheels which, or a wheel or the origin in which, could not be looked at."""
    folders: dict[str, UnreadableEntry] = {}
    for entry in entries:
        if isinstance(entry, UnreadableEntry):
            folder, name = os.path.split(entry.path)
            folders[entry.path] = entry
            if name.endswith(".whl") or name == "origin.json":
                folders[folder] = entry
    return folders


def _notes(root: str, top: str) -> Iterator[Entry]:
    problems: list[Entry] = []
    for file in _walk(root, top, 0, problems, Store.SELFCHECK):
        name = os.path.basename(file.path)
        why = odd_type(file) or (Leftover.NOTE if is_key(name) else why_stray(name, Store.SELFCHECK))
        store = Store.SELFCHECK if isinstance(why, Leftover) else Store.STRAY
        yield StrayEntry(store, file, why)
    yield from problems


def _entries_of_top(root: str, store_folders: set[str]) -> Iterator[Entry]:
    problems: list[Entry] = []
    files = _walk(root, "", 0, problems, Store.STRAY)
    # the file that holds a lock is a hard link of the lock
    locks = {file.stat.st_ino for file in files if file.path == NOTE_LOCK and odd_type(file) is None}
    for file in files:
        name = file.path
        if name in store_folders:
            continue
        if file.stat.st_ino in locks or (name == NOTE_LOCK and is_folder(file.stat)):
            yield StrayEntry(Store.SELFCHECK, file, Leftover.LOCK)
        elif name == "selfcheck.json" and odd_type(file) is None:
            yield StrayEntry(Store.SELFCHECK, file, Leftover.OLD_NOTE)
        elif name in RECOGNISED and stat_module.S_ISDIR(file.stat.st_mode):
            yield StrayEntry(Store.STRAY, file, Foreign.LAYOUT)
        else:
            yield StrayEntry(Store.STRAY, file, odd_type(file) or Foreign.NOT_A_STORE)
    yield from problems


def look_again(directory: Directory, entry: Entry) -> Entry | None:
    """Return ``entry`` with the files that it has now, new parts included; None when it is gone."""
    try:
        match entry:
            case HttpEntry(store=Store.HTTP_V2, key=key):
                head = entry_path(entry).removesuffix(".body")
                parts = _look(directory, head), _look(directory, f"{head}.body")
                return HttpEntry(entry.store, key, *parts) if any(parts) else None
            case HttpEntry(head=File(path=path)):
                now = _look(directory, path)
                return None if now is None else entry._replace(head=now)
            case BuiltEntry(wheel=wheel):
                now = _look(directory, wheel.path)
                origin = _look(directory, os.path.join(os.path.dirname(wheel.path), "origin.json"))
                return None if now is None else entry._replace(wheel=now, origin=origin)
            case StrayEntry(file=file):
                now = _look(directory, file.path)
                return None if now is None else entry._replace(file=now)
            case _:
                return entry
    except OSError as error:
        unreadable = _unreadable(entry.store, entry_path(entry), error)
        directory.refused[unreadable.path] = unreadable.error
        return unreadable


def _look(directory: Directory, path: str) -> File | None:
    """Return a file as it is now; None when it is gone, or is no ordinary file any more.

    Raises:
        OSError: it cannot be looked at.
    """
    try:
        file = directory.look(path)
    except FileNotFoundError as error:
        if _is_gone(directory.root, path, error):
            return None
        raise
    return file if odd_type(file) is None else None
