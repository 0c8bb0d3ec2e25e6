"""What lies in a cache, undecoded: files paired up to entries, and what is none."""

import os
import stat as stat_module
from enum import StrEnum
from typing import NamedTuple

from pipcache.files import File
from pipcache.stores import Store


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
