"""Entries, leftovers and foreign files: what lies in a cache, undecoded."""

import os
import re
import stat as stat_module
from collections.abc import Iterable
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


class UnpackedEntry(NamedTuple):
    """A distribution that another installer keeps unpacked: a wheel, or the sources of an sdist.

    ``key`` is the name of its folder; ``pointer`` is the file that leads to it and says what it is, None where
    nothing leads to it. ``folder`` is None where the folder is gone.
    """

    store: Store
    key: str
    pointer: File | None
    folder: File | None

    @property
    def is_temporary(self) -> bool:
        """Whether it is what an install has unpacked by now that is at work, or was killed."""
        return self.key.startswith(".tmp")


class InstalledEntry(NamedTuple):
    """A distribution in an environment that another installer keeps in its cache.

    ``environment`` is the folder with ``pyvenv.cfg``, ``info`` the ``.dist-info`` or ``.egg-info`` in it.
    """

    store: Store
    environment: File
    info: File

    @property
    def site_packages(self) -> str:
        """The path of the folder that the distribution is installed in."""
        return os.path.dirname(self.info.path)


class NoteEntry(NamedTuple):
    """What another installer noted of a distribution or a project, which may never have been downloaded."""

    store: Store
    file: File


class Leftover(StrEnum):
    """What a file is that pip made, by its place and its name, and that is no entry. The values are shown."""

    TEMPORARY = "a temporary file of a download"
    LOCK = "a lock file of pip before 19.3"
    BUILD_FOLDER = "a build folder, of a pip at work or one that was interrupted"
    ORIGIN = "the origin of a wheel that is gone"
    NOTE = "when an environment last looked for a newer pip"
    OLD_NOTE = "the self-check note of pip before 19.3"


class Foreign(StrEnum):
    """Why a file, link or folder is neither an entry nor a leftover of pip's. The values are shown."""

    LINK = "a symbolic link, not followed"
    FOLDER = "a folder, not looked into"
    SPECIAL = "not a regular file"
    NAME = "not a name pip gives"
    NOT_A_STORE = "not pip's"
    NOT_UVS = "not a name that uv gives"
    LAYOUT = "named like a store, but not laid out like pip's"
    ORIGIN_OF_ODD_WHEEL = "the origin of a wheel that is no ordinary file"


class StrayEntry(NamedTuple):
    """A file, link or folder that is not an entry of a store; ``why`` is a Leftover where pip made it."""

    store: Store
    file: File
    why: Leftover | Foreign

    @property
    def is_leftover(self) -> bool:
        """Whether pip made it."""
        return isinstance(self.why, Leftover)


class UnreadableEntry(NamedTuple):
    """A place that the walk could not look at; ``error`` is the operating system's message."""

    store: Store
    path: str
    error: str


Entry = HttpEntry | BuiltEntry | UnpackedEntry | InstalledEntry | NoteEntry | StrayEntry | UnreadableEntry


def entry_files(entry: Entry) -> tuple[File, ...]:
    """Return the files of an entry, the one pip trusts first (head before body, wheel before origin)."""
    match entry:
        case HttpEntry(head=head, body=body):
            if head is not None and body is not None:
                return head, body
            return tuple(file for file in (head, body) if file is not None)
        case BuiltEntry(wheel=wheel, origin=origin):
            return (wheel,) if origin is None else (wheel, origin)
        case UnpackedEntry(pointer=pointer, folder=folder):
            return tuple(file for file in (pointer, folder) if file is not None)
        case InstalledEntry(info=info):
            return (info,)
        case StrayEntry(file=file) | NoteEntry(file=file):
            return (file,)
        case UnreadableEntry():
            return ()


def entry_path(entry: Entry) -> str:
    """Return the path of an entry: that of its first file, relative to the cache directory."""
    if isinstance(entry, HttpEntry) and entry.head is not None:
        return entry.head.path  # most are such, and a run asks for each path dozens of times
    return entry.path if isinstance(entry, UnreadableEntry) else entry_files(entry)[0].path


def stray_folders(entries: Iterable[Entry]) -> list[str]:
    """Return the folders in the cache directory that are no stores, and that were not looked into."""
    return [
        entry.file.path
        for entry in entries
        if isinstance(entry, StrayEntry) and entry.store is Store.STRAY and entry.why is Foreign.FOLDER
    ]


def is_made_by_pip(entry: Entry) -> bool:
    """Return whether pip made the files of ``entry``: it is an entry of a store, or a leftover."""
    return entry.is_leftover if isinstance(entry, StrayEntry) else not isinstance(entry, UnreadableEntry)


def is_link(entry: Entry) -> bool:
    """Return whether ``entry`` is a symbolic link, which is reported and never followed."""
    return isinstance(entry, StrayEntry) and stat_module.S_ISLNK(entry.file.stat.st_mode)


def is_link_in_store(entry: Entry) -> bool:
    """Return whether ``entry`` is a link below a store's folder, or in its place: pip finds what is behind it."""
    return is_link(entry) and entry_path(entry).split(os.sep)[0] in _STORES


_STORES = frozenset(store.value for store in Store if store is not Store.STRAY and not store.is_uvs)

_TEMPORARY = r"[0-9a-f]{56}(?:\.body)?[A-Za-z0-9_]{6,8}\.tmp"

_LOCK = r"[0-9a-f]{56}\.lock"

# the package lockfile names it by host, thread, process, and a hash of the path that may be negative
_LOCK_HOLDER = r"[A-Za-z0-9_.-]{1,200}(?:-[0-9a-f]{1,8})?\.[0-9]{1,7}-?[0-9]{5,20}"


def odd_type(file: File) -> Foreign | None:
    """Return what a path is that is not a regular file; None for a regular file."""
    return _ODD_TYPES.get(stat_module.S_IFMT(file.stat.st_mode), Foreign.SPECIAL)


_ODD_TYPES = {stat_module.S_IFREG: None, stat_module.S_IFLNK: Foreign.LINK, stat_module.S_IFDIR: Foreign.FOLDER}


def is_lock(file: File, *, in_place: bool) -> bool:
    """Return whether a path belongs to a lock of pip before 19.3 (pip ``_vendor/lockfile``).

    The lock is a folder where the file system has no hard links; an empty file names the process that holds it.
    """
    name = os.path.basename(file.path)
    if is_folder(file.stat):
        return in_place and re.fullmatch(_LOCK, name) is not None
    return not file.size and odd_type(file) is None and re.fullmatch(_LOCK_HOLDER, name) is not None


def why_stray(name: str, store: Store) -> Leftover | Foreign:
    """Return why a regular file that lies where entries do is no entry."""
    if re.fullmatch(_TEMPORARY, name):
        return Leftover.TEMPORARY
    return Leftover.LOCK if store is Store.HTTP and re.fullmatch(_LOCK, name) else Foreign.NAME


NOTE_LOCK = "selfcheck.json.lock"


def why_stray_in_wheels(file: File, name: str, *, in_place: bool) -> Leftover | Foreign:
    """Return why a path below the folder of wheels is neither a built wheel nor the origin of one."""
    if in_place and stat_module.S_ISDIR(file.stat.st_mode) and re.fullmatch(r"tmp[a-z0-9_]{8}", name):
        return Leftover.BUILD_FOLDER
    return odd_type(file) or (Leftover.ORIGIN if name == "origin.json" and in_place else Foreign.NAME)
