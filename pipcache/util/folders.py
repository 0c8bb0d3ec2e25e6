"""Folders opened without following links, and everything below them, also while somebody changes their names.

Where the system can open files relative to an open folder, a folder that is replaced by a link meanwhile leads
nowhere: what was opened stays what it was. Elsewhere each step is looked at before it is taken.
"""

import errno
import os
import stat as stat_module
import sys
from collections.abc import Iterator
from enum import Enum, auto
from itertools import islice
from typing import NamedTuple, Self

from pipcache.util.files import HAS_DIR_FD, Closing, is_folder, open_descriptor, open_quietly

MOST_LEVELS = 100
"""Folders in one another that are entered; real distributions have some ten."""

MOST_NAMES = 200_000
"""Names in a folder that are read; each is an object in memory."""

_FOLDER_FLAGS: int = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_CLOEXEC", 0)


class FileType(Enum):
    """What is under a name in a folder."""

    FILE = auto()
    FOLDER = auto()
    LINK = auto()
    SPECIAL = auto()  # a pipe, a socket or a device


class Child(NamedTuple):
    """A name in a folder, and what is under it."""

    name: str
    type: FileType


class Folder(Closing):
    """An open folder. Leaving the ``with``, or ``close``, closes it."""

    __slots__ = ("_descriptor", "path")

    def __init__(self, path: str, descriptor: int) -> None:
        """Take an open descriptor; -1 where the system cannot open files relative to it."""
        self.path = path
        self._descriptor = descriptor

    @classmethod
    def open(cls, root: str, path: str) -> Self:
        """Open a folder below another.

        Args:
            root: the folder above, which may be a link.
            path: the way from there, on which nothing may be a link.

        Raises:
            OSError: it is not there, cannot be listed, or a link or a file lies on the way (ENOTDIR, ELOOP).
        """
        folder = cls(root, open_descriptor(root, _FOLDER_FLAGS) if HAS_DIR_FD else -1)
        for name in path.split(os.sep):
            with folder:
                folder = folder.enter(name)
        return folder

    def children(self) -> list[Child]:
        """Return what is in the folder, by name.

        Raises:
            OSError: it cannot be listed, or has more names than are read.
        """
        with os.scandir(self._descriptor if HAS_DIR_FD else self.path) as entries:
            types = {entry.name: _type_of(entry) for entry in islice(entries, MOST_NAMES + 1)}
        if len(types) > MOST_NAMES:
            raise OSError(errno.E2BIG, f"more than {MOST_NAMES:,} names in a folder")
        return [Child(name, types[name]) for name in sorted(types)]

    def enter(self, name: str) -> Self:
        """Open a folder in this one; the caller closes it.

        Raises:
            OSError: it is not there, cannot be listed, or is no folder or a link (ENOTDIR, ELOOP).
        """
        path = os.path.join(self.path, name)
        if name in {"", os.curdir, os.pardir} or os.path.basename(name) != name:
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), path)
        if HAS_DIR_FD:
            return type(self)(path, open_descriptor(name, _FOLDER_FLAGS | os.O_NOFOLLOW, self._descriptor))
        if not is_folder(os.lstat(path)):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), path)
        return type(self)(path, -1)

    def open_file(self, name: str) -> tuple[int, os.stat_result]:
        """Open a regular file in the folder without a new access time; the caller closes the descriptor.

        Returns:
            The descriptor, and the status of the file.

        Raises:
            OSError: it cannot be opened, or is a link or no regular file.
        """
        if HAS_DIR_FD:
            descriptor = open_quietly(name, self._descriptor)
        else:
            descriptor = open_quietly(os.path.join(self.path, name))
        status = os.fstat(descriptor)
        if not stat_module.S_ISREG(status.st_mode):
            os.close(descriptor)
            raise OSError(errno.EINVAL, "not a regular file", name)
        return descriptor, status

    def read(self, name: str, limit: int) -> bytes:
        """Return the first ``limit`` bytes of a regular file in the folder.

        Raises:
            OSError: it cannot be opened or read, or is a link or no regular file.
        """
        descriptor, _ = self.open_file(name)
        try:
            pieces = []
            while limit > 0 and (piece := os.read(descriptor, limit)):
                pieces.append(piece)
                limit -= len(piece)
            return b"".join(pieces)
        finally:
            os.close(descriptor)

    def close(self) -> None:
        """Close the folder."""
        if self._descriptor >= 0:
            descriptor, self._descriptor = self._descriptor, -1
            os.close(descriptor)


class TreeItem(NamedTuple):
    """Something below a folder that is no folder itself, or a folder that could not be listed.

    Attributes:
        path: the way to it, with ``/`` between names.
        type: what it is.
        folder: the folder it is in; it is open until the next item is asked for.
        name: its name there.
        error: why a folder could not be listed; None for all else.
    """

    path: str
    type: FileType
    folder: Folder
    name: str
    error: OSError | None = None


def walk_tree(top: Folder) -> Iterator[TreeItem]:
    """Yield everything below an open folder, by name; links are not followed.

    Args:
        top: where to begin; it stays open.

    Raises:
        OSError: ``top`` itself cannot be listed.
    """
    levels = [_Level(top, "", iter(top.children()))]
    try:
        while levels:
            folder, prefix, children = levels[-1]
            for name, kind in children:
                if kind is not FileType.FOLDER:
                    yield TreeItem(prefix + name, kind, folder, name)
                    continue
                try:
                    levels.append(_enter(levels, name))
                except OSError as error:
                    yield TreeItem(prefix + name, kind, folder, name, error)
                    continue
                break
            else:
                levels.pop()
                if levels:
                    folder.close()
    finally:
        for level in levels[1:]:
            level.folder.close()


class _Level(NamedTuple):
    """A folder on the way down, what stands before the paths in it, and what is still to come of it."""

    folder: Folder
    prefix: str
    children: Iterator[Child]


def _enter(levels: list[_Level], name: str) -> _Level:
    """Return the level of a folder in the lowest of these.

    Raises:
        OSError: it cannot be opened or listed, or is a link by now, or lies too deep.
    """
    if len(levels) > MOST_LEVELS:
        raise OSError(errno.ELOOP, f"more than {MOST_LEVELS} folders in one another")
    folder = levels[-1].folder.enter(name)
    try:
        children = folder.children()
    except OSError:
        folder.close()
        raise
    return _Level(folder, f"{levels[-1].prefix}{name}/", iter(children))


# Python 3.11 reports a junction of Windows as a folder
_HAS_JUNCTIONS = sys.platform == "win32"


def _type_of(entry: "os.DirEntry[str]") -> FileType:
    """Return what an entry of a folder is; where it is gone or cannot be seen, opening it will say so."""
    try:
        if entry.is_symlink():
            return FileType.LINK
        if entry.is_dir(follow_symlinks=False):
            is_junction = _HAS_JUNCTIONS and not is_folder(entry.stat(follow_symlinks=False))
            return FileType.LINK if is_junction else FileType.FOLDER
        return FileType.FILE if entry.is_file(follow_symlinks=False) else FileType.SPECIAL
    except OSError:
        return FileType.FILE
