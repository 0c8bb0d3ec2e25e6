"""Entries, strays and leftovers: what lies in a cache, undecoded."""

import os
import re
import stat as stat_module
from enum import StrEnum
from typing import NamedTuple

from pipcache.store.layout import Store
from pipcache.util.files import File, is_folder


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


class Leftover(StrEnum):
    """What is no entry though pip made it: its place and its name are pip's. The values say what it is."""

    TEMPORARY = "a temporary file of a download"
    LOCK = "a lock file of pip before 19.3"
    BUILD_FOLDER = "a build folder, of a pip at work or one that was interrupted"
    ORIGIN = "the origin of a wheel that is gone"
    NOTE = "when an environment last looked for a newer pip"
    OLD_NOTE = "the self-check note of pip before 19.3"


class StrayEntry(NamedTuple):
    """A file, link or folder that is not an entry of a store; ``why`` is a Leftover where pip made it."""

    store: Store
    file: File
    why: str


class UnreadableEntry(NamedTuple):
    """A place the walk could not look at, and the operating system's reason."""

    store: Store
    path: str
    error: str


Entry = HttpEntry | BuiltEntry | StrayEntry | UnreadableEntry


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


def is_pips(entry: Entry) -> bool:
    """Return whether pip made it: an entry of a store, or what it left behind."""
    is_leftover = isinstance(entry, StrayEntry) and entry.why in _LEFTOVERS
    return isinstance(entry, (HttpEntry, BuiltEntry)) or is_leftover


_LEFTOVERS = frozenset(Leftover)


def is_link(entry: Entry) -> bool:
    """Return whether ``entry`` is a link, which is told and never followed."""
    return isinstance(entry, StrayEntry) and stat_module.S_ISLNK(entry.file.stat.st_mode)


def is_link_in_store(entry: Entry) -> bool:
    """Return whether ``entry`` is a link where pip may find entries behind it."""
    return is_link(entry) and entry_path(entry).split(os.sep)[0] in _STORES


_STORES = frozenset(store.value for store in Store)

_TEMPORARY = r"[0-9a-f]{56}(?:\.body)?[A-Za-z0-9_]{6,8}\.tmp"

_LOCK = r"[0-9a-f]{56}\.lock"

# lockfile's unique name: host, thread, process, and a hash of the path that may be negative
_LOCK_HOLDER = r"[A-Za-z0-9_.-]{1,200}(?:-[0-9a-f]{1,8})?\.[0-9]{1,7}-?[0-9]{5,20}"


def odd_type(file: File) -> str | None:
    """Return why a file is not an ordinary one, or None when it is."""
    mode = file.stat.st_mode
    if stat_module.S_ISREG(mode):
        return None
    if stat_module.S_ISLNK(mode):
        return "a symbolic link, not followed"
    if stat_module.S_ISDIR(mode):
        return "a folder, not looked into"
    return "not a regular file"


def is_lock(file: File, *, in_place: bool) -> bool:
    """Return whether a file is of a lock: a folder where there are no hard links, or what holds it."""
    name = os.path.basename(file.path)
    if is_folder(file.stat):
        return in_place and re.fullmatch(_LOCK, name) is not None
    return not file.size and odd_type(file) is None and re.fullmatch(_LOCK_HOLDER, name) is not None


def why_stray(name: str, store: Store) -> str:
    """Return why a regular file that lies where entries do is none."""
    if re.fullmatch(_TEMPORARY, name):
        return Leftover.TEMPORARY
    return Leftover.LOCK if store is Store.HTTP and re.fullmatch(_LOCK, name) else NOT_PIPS


NOT_PIPS = "not a name pip gives"

NOTE_LOCK = "selfcheck.json.lock"


def why_stray_in_wheels(file: File, name: str, *, in_place: bool) -> str:
    """Return why a file is no wheel of a store, and no origin of one."""
    if in_place and stat_module.S_ISDIR(file.stat.st_mode) and re.fullmatch(r"tmp[a-z0-9_]{8}", name):
        return Leftover.BUILD_FOLDER
    if (odd := odd_type(file)) is not None:
        return odd
    return Leftover.ORIGIN if name == "origin.json" and in_place else NOT_PIPS
