"""A folder outside the cache that only its owner may enter, and where evidence is written.

No link of another user is followed on the way to it, and no link at all below it, whoever replaces what meanwhile:
folder by folder is entered, and files are made relative to the open folder (``dir_fd`` and ``O_NOFOLLOW``). Where
the platform does not offer this, each folder on the way is looked at. No file is replaced but those that
``replace`` is called for, and a file has its name only when all of it is on the disk.
"""

import errno
import hashlib
import os
import stat as stat_module
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import NamedTuple

from pipcache.errors import ErrorKind, PipcacheError
from pipcache.util.drafts import Draft, publish, remove_draft
from pipcache.util.files import CHUNK, HAS_DIR_FD, enter_folder, is_folder, path_parts

if sys.platform != "win32":
    import fcntl

_DRAFT_END = ".part"

_MOST_LINKS = 40
"""Links on the way to a folder; Linux follows as many (path_resolution(7))."""


class NotSaved(PipcacheError):  # noqa: N818 - it says what became of a file
    """A file could not be copied."""

    kind = ErrorKind.NOT_SAVED


class _Level(NamedTuple):
    """A folder: its path, its descriptor (None where the platform has no ``dir_fd``), and whether it was made."""

    path: str
    descriptor: int | None
    is_new: bool


class PrivateFolder:
    """An open folder that only its owner may enter."""

    def __init__(self, levels: list[_Level], *, borrowed: int = 0) -> None:
        """Take the folders that were opened on the way, this one last; others close the first ``borrowed``."""
        self._levels = levels
        self._borrowed = borrowed
        self._lock: int | None = None
        self._is_alone = False
        self.path = levels[-1].path
        self._descriptor = levels[-1].descriptor

    # on the way

    @classmethod
    def open(cls, path: str, roots: Iterable[str], *, is_new_allowed: bool = True) -> "PrivateFolder":
        """Open a folder; it and those above it are made where they are missing, for their owner alone.

        Where the system can, no other run writes to it until it is closed.

        Args:
            path: its path.
            roots: the real paths of the caches, in which it may not lie.
            is_new_allowed: make what is missing.

        Raises:
            NotSaved: it lies in a cache, is none, is open to others or another user's, or a link of another user
                leads to it.
            OSError: it cannot be made or opened, or is not there and may not be made.
        """
        real_path = _resolve(path)
        for root in roots:
            if os.path.normcase(real_path + os.sep).startswith(os.path.normcase(root + os.sep)):
                raise NotSaved(
                    "What is found cannot be kept inside the cache.", path=path, hint="Name another folder."
                )
        levels = _enter(real_path, is_new_allowed=is_new_allowed)
        try:
            _require_private(levels[-1], path)
        except BaseException:
            _close(levels)
            raise
        folder = cls(levels)
        folder._take_lock()
        return folder

    def below(self, name: str, *, is_new_allowed: bool = True) -> "PrivateFolder":
        """Open a folder in this one; it is made where it is missing and may be made.

        Raises:
            NotSaved: it is none, or is open to others or another user's.
            OSError: it cannot be made or opened.
        """
        level = _descend(self._levels[-1], name, is_new_allowed=is_new_allowed)
        try:
            _require_private(level, level.path)
        except BaseException:
            _close([level])
            raise
        folder = PrivateFolder([self._levels[-1], level], borrowed=1)
        folder._is_alone = self._is_alone
        return folder

    def close(self, *, withdraw: bool = False) -> None:
        """Close it; with ``withdraw`` the folders that were made for it are removed again, if they are empty."""
        for index in range(len(self._levels) - 1, 0, -1) if withdraw else ():
            above, level = self._levels[index - 1], self._levels[index]
            if not level.is_new:
                break
            with suppress(OSError):
                where = level.path if above.descriptor is None else os.path.basename(level.path)
                os.rmdir(where, dir_fd=above.descriptor)
        if self._lock is not None:
            os.close(self._lock)  # which unlocks it
            self._lock = None
        _close(self._levels[self._borrowed :])

    # its files

    def names(self) -> set[str]:
        """Return the names of all that is in it."""
        if self._descriptor is None:
            return set(os.listdir(self.path))
        descriptor = self._open_itself()
        try:
            return set(os.listdir(descriptor))
        finally:
            os.close(descriptor)

    def read(self, name: str, limit: int) -> bytes | None:
        """Return the bytes of a file in it; None where there is none, or where it is longer.

        Raises:
            OSError: it cannot be read, or is a link.
        """
        try:
            descriptor = self._open(name)
        except FileNotFoundError:
            return None
        try:
            if not stat_module.S_ISREG(os.fstat(descriptor).st_mode):
                raise OSError(errno.EINVAL, "not a regular file")
            pieces, size = [], 0
            while size <= limit and (piece := os.read(descriptor, CHUNK)):
                pieces.append(piece)
                size += len(piece)
            return b"".join(pieces) if size <= limit else None
        finally:
            os.close(descriptor)

    def sha256(self, name: str) -> str | None:
        """Return the hex digest of a file in it; None where no regular file has the name, or it cannot be read."""
        state = hashlib.sha256()
        try:
            descriptor = self._open(name)
        except OSError:
            return None
        try:
            if not stat_module.S_ISREG(os.fstat(descriptor).st_mode):
                return None
            while piece := os.read(descriptor, CHUNK):
                state.update(piece)
        except OSError:
            return None
        finally:
            os.close(descriptor)
        return state.hexdigest()

    @contextmanager
    def new_file(self, name: str) -> Iterator[Draft]:
        """Give a new file that only its owner may read; it gets its name when all of it is on the disk.

        Raises:
            FileExistsError: the name is taken.
            OSError: it cannot be written.
        """
        draft = _new_draft()
        try:
            with Draft(self._at(draft), mode=0o600, dir_fd=self._descriptor) as file:
                yield file
            publish(self._at(draft), self._at(name), dir_fd=self._descriptor)
        finally:
            remove_draft(self._at(draft), dir_fd=self._descriptor)

    def replace(self, name: str, data: bytes) -> None:
        """Write a file, whatever was there under its name; at every moment the old one or the new one is there.

        Raises:
            OSError: it cannot be written.
        """
        draft = _new_draft()
        try:
            with Draft(self._at(draft), mode=0o600, dir_fd=self._descriptor) as file:
                file.add(data)
            fd = self._descriptor
            os.replace(self._at(draft), self._at(name), src_dir_fd=fd, dst_dir_fd=fd)
        finally:
            remove_draft(self._at(draft), dir_fd=self._descriptor)

    def remove(self, name: str) -> None:
        """Take a file away that this run made, if it can be done."""
        with suppress(OSError):
            os.unlink(self._at(name), dir_fd=self._descriptor)

    def remove_drafts(self) -> None:
        """Take away what killed runs left; where others may be alive, only what is older than ten minutes."""
        for name in self.names():
            if not (name.startswith(".") and name.endswith(_DRAFT_END)):
                continue
            with suppress(OSError):
                status = os.stat(self._at(name), dir_fd=self._descriptor, follow_symlinks=False)
                if self._is_alone or status.st_mtime < time.time() - _OLD:
                    self.remove(name)

    def sync(self) -> None:
        """Bring the names in it to the disk, where the system can."""
        with suppress(OSError):
            descriptor = self._open_itself()
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)

    def _at(self, name: str) -> str:
        return name if self._descriptor is not None else os.path.join(self.path, name)

    def _open(self, name: str) -> int:
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
        flags |= getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
        return os.open(self._at(name), flags, dir_fd=self._descriptor)

    def _open_itself(self) -> int:
        return self._open(os.curdir if self._descriptor is not None else "")

    def _take_lock(self) -> None:
        """Wait until no other run writes to it, where the system can."""
        if sys.platform == "win32":
            return
        with suppress(OSError):  # a file system without locks
            self._lock = self._open_itself()
            fcntl.flock(self._lock, fcntl.LOCK_EX)
            self._is_alone = True


_OLD = 600
"""Seconds after which nobody writes to a draft any more."""


def _new_draft() -> str:
    return f".{os.urandom(8).hex()}{_DRAFT_END}"


def _resolve(path: str) -> str:
    """Return the path without links; what is missing at its end stays as it is written.

    Raises:
        NotSaved: a link that neither this user nor root made lies on it, or too many links do.
        OSError: a link cannot be read.
    """
    if sys.platform == "win32":
        return os.path.realpath(path)
    names, parts, links = path_parts(os.path.join(os.getcwd(), path))[1], list[str](), 0
    while names:
        name = names.pop(0)
        if name in {".", ".."}:
            parts = parts[:-1] if name == ".." else parts
            continue
        place = "/" + "/".join([*parts, name])
        try:
            status = os.lstat(place)
        except FileNotFoundError:
            parts.append(name)
            continue
        if not stat_module.S_ISLNK(status.st_mode):
            parts.append(name)
            continue
        links += 1
        if links > _MOST_LINKS:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
        if status.st_uid not in {0, os.geteuid()}:
            hint = "Name a folder without it. Nothing was removed."
            raise NotSaved("A link of another user leads to the folder.", path=place, hint=hint)
        target = os.readlink(place)
        parts = [] if target.startswith("/") else parts
        names = [*path_parts("/" + target)[1], *names]
    return "/" + "/".join(parts)


def _enter(path: str, *, is_new_allowed: bool) -> list[_Level]:
    """Enter the folders on a path without links, from the root; those that are missing are made, if they may.

    Raises:
        OSError: one cannot be entered or made, or is a link by now.
    """
    root, names = path_parts(path)
    levels = [_Level(root, enter_folder(root) if HAS_DIR_FD else None, is_new=False)]
    try:
        for name in names:
            levels.append(_descend(levels[-1], name, is_new_allowed=is_new_allowed))
    except BaseException:
        PrivateFolder(levels).close(withdraw=True)
        raise
    return levels


def _descend(above: _Level, name: str, *, is_new_allowed: bool) -> _Level:
    """Enter a folder in an open one; it is made where it is missing and may be made.

    Raises:
        OSError: it cannot be entered or made, or is a link.
    """
    path, is_new = os.path.join(above.path, name), False
    try:
        return _Level(path, _enter_at(above, name), is_new)
    except FileNotFoundError:
        if not is_new_allowed:
            raise
        with suppress(FileExistsError):  # another run was faster
            os.mkdir(path if above.descriptor is None else name, 0o700, dir_fd=above.descriptor)
            is_new = True
    return _Level(path, _enter_at(above, name), is_new)


def _enter_at(above: _Level, name: str) -> int | None:
    if above.descriptor is not None:
        return enter_folder(name, above.descriptor)
    path = os.path.join(above.path, name)
    if not is_folder(os.lstat(path)):
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), path)
    return None


def _require_private(level: _Level, path: str) -> None:
    """Return when only this user may enter a folder.

    Raises:
        NotSaved: others may, or it is another user's.
    """
    if sys.platform == "win32":
        return
    status = os.lstat(level.path) if level.descriptor is None else os.fstat(level.descriptor)
    if status.st_uid != os.geteuid():
        hint = "Name one that is not there yet. Nothing was removed."
        raise NotSaved("The folder belongs to another user.", path=path, hint=hint)
    if stat_module.S_IMODE(status.st_mode) & 0o077:
        hint = "Close it (chmod 700), or name one that is not there yet. Nothing was removed."
        raise NotSaved("The folder is open to others.", path=path, hint=hint)


def _close(levels: list[_Level]) -> None:
    for level in levels:
        if level.descriptor is not None:
            with suppress(OSError):
                os.close(level.descriptor)
