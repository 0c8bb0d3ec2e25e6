"""Files opened without following links or waiting, and read through a bounded window."""

import errno
import os
import stat as stat_module
import sys
from collections.abc import Callable, Iterator, Sequence
from types import TracebackType
from typing import NamedTuple, Self

_BASE_FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)  # a FIFO must not block the run
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)

_NO_ATIME: int = getattr(os, "O_NOATIME", 0)

CHUNK = 1 << 20
"""Bytes read at a time when a whole file has to be read."""


class _Traits(NamedTuple):
    """What most files of a cache have in common, kept once for all of them."""

    st_mode: int
    st_dev: int
    st_nlink: int
    st_uid: int
    st_file_attributes: int


class _Facts(NamedTuple):
    """What is kept of the status of a file, by the names that ``os.stat_result`` has for it."""

    path: str
    st_size: int
    st_mtime_ns: int
    st_atime_ns: int
    st_ctime_ns: int
    st_blocks: int | None
    st_ino: int
    traits: "_Traits"


class File(_Facts):
    """A file when the cache was scanned; ``path`` is relative to the cache directory, ``/``-separated.

    It has those fields of ``os.stat_result`` that are asked for: a cache may have a hundred thousand files, and a
    whole status takes three times the memory.
    """

    __slots__ = ()

    def __new__(cls, path: str, status: os.stat_result) -> Self:
        """Keep what is needed of a status."""
        attributes: int = getattr(status, "st_file_attributes", 0)
        traits = status.st_mode, status.st_dev, status.st_nlink, status.st_uid, attributes
        shared = _shared.get(traits) or _shared.setdefault(traits, _Traits(*traits))
        # equal times are kept once
        written, read, changed = status.st_mtime_ns, status.st_atime_ns, status.st_ctime_ns
        fields = (
            path,
            status.st_size,
            written,
            written if read == written else read,
            written if changed == written else changed,
            getattr(status, "st_blocks", None),
            status.st_ino,
            shared,
        )
        return tuple.__new__(cls, fields)

    @property
    def st_mode(self) -> int:
        """Its type and its permissions."""
        return self.traits.st_mode

    @property
    def st_dev(self) -> int:
        """The device that it is on."""
        return self.traits.st_dev

    @property
    def st_nlink(self) -> int:
        """How many hard links it has."""
        return self.traits.st_nlink

    @property
    def st_uid(self) -> int:
        """The user that it belongs to."""
        return self.traits.st_uid

    @property
    def st_file_attributes(self) -> int:
        """Its attributes on Windows; 0 elsewhere."""
        return self.traits.st_file_attributes

    @property
    def stat(self) -> "File":
        """What has the fields of its status: itself."""
        return self

    @property
    def st_mtime(self) -> float:
        """When it was last written: seconds since the epoch."""
        return _seconds(self.st_mtime_ns)

    @property
    def st_atime(self) -> float:
        """When it was last read: seconds since the epoch."""
        return _seconds(self.st_atime_ns)

    @property
    def size(self) -> int:
        """Apparent size in bytes."""
        return self.st_size

    @property
    def allocated(self) -> int:
        """Bytes of disk that the file takes; the apparent size where the file system does not say."""
        return self.st_size if self.st_blocks is None else self.st_blocks * 512


_shared: dict[tuple[int, ...], _Traits] = {}


def _seconds(nanoseconds: int) -> float:
    """Return a time as ``os.stat_result`` has it in seconds, to the last bit."""
    seconds, rest = divmod(nanoseconds, 1_000_000_000)
    return seconds + 1e-9 * rest


Status = os.stat_result | File
"""The status of a file, whole or as far as it is kept."""


def is_folder(status: Status) -> bool:
    """Return whether a status is that of a folder, and not of a link or a Windows junction to a folder."""
    attributes: int = getattr(status, "st_file_attributes", 0)
    return stat_module.S_ISDIR(status.st_mode) and not attributes & stat_module.FILE_ATTRIBUTE_REPARSE_POINT


HAS_DIR_FD = {os.open, os.stat, os.unlink, os.rmdir, os.mkdir, os.rename} <= os.supports_dir_fd and hasattr(
    os, "O_DIRECTORY"
)
"""Whether files can be opened, made and removed relative to an open folder."""

_FOLDER_FLAGS: int = (
    getattr(os, "O_PATH", os.O_RDONLY)  # to enter a folder takes no right to list it
    | getattr(os, "O_DIRECTORY", 0)
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_CLOEXEC", 0)
)


def enter_folder(name: str, dir_fd: int | None = None) -> int:
    """Return a descriptor for what is in a folder, which is no link; for systems that have ``dir_fd``.

    The caller closes it. It cannot be listed or synced.

    Raises:
        OSError: it is not there, cannot be entered, or is a link or a file (ENOTDIR, ELOOP).
    """
    return os.open(name, _FOLDER_FLAGS, dir_fd=dir_fd)


def enter_below(descriptor: int, names: Sequence[str]) -> int:
    """Return a descriptor for a folder below an open folder, on the way to which no link lies; that is closed.

    Raises:
        OSError: as ``enter_folder``; the open folder is closed then too.
    """
    for name in names:
        try:
            below = enter_folder(name, descriptor)
        finally:
            os.close(descriptor)
        descriptor = below
    return descriptor


def folder_status(path: str) -> os.stat_result:
    """Return the status of a folder at an absolute path on which no link lies.

    Raises:
        OSError: it is not there, cannot be entered, or a link or a file lies on the way (ENOTDIR, ELOOP).
    """
    root, names = path_parts(path)
    if not HAS_DIR_FD:
        status = os.lstat(root)
        for depth in range(1, len(names) + 1):
            status = os.lstat(os.path.join(root, *names[:depth]))
            if not is_folder(status):
                raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), path)
        return status
    descriptor = enter_below(enter_folder(root), names)
    try:
        return os.fstat(descriptor)
    finally:
        os.close(descriptor)


def path_parts(path: str) -> tuple[str, list[str]]:
    """Return the root of an absolute path, and the names below it."""
    drive, tail = os.path.splitdrive(path)
    separators = os.sep + (os.altsep or "")
    names = tail.replace(os.altsep or os.sep, os.sep).split(os.sep)
    return drive + (os.sep if tail[:1] and tail[:1] in separators else ""), [name for name in names if name]


def list_quietly(path: str) -> list[str]:
    """Return the names in a folder, which may be a link, without a new access time where possible.

    Raises:
        OSError: it cannot be listed, or is no folder.
    """
    if not HAS_DIR_FD:
        return os.listdir(path)
    descriptor = open_descriptor(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        return os.listdir(descriptor)
    finally:
        os.close(descriptor)


def open_quietly(path: str, dir_fd: int | None = None) -> int:
    """Return a descriptor for reading, without following a link, waiting, or a new access time where possible.

    The caller closes it. A pipe, a device or a folder opens too, but gives no bytes. ``path`` is relative to the
    folder of the descriptor ``dir_fd``, where that is given.

    Raises:
        OSError: the file cannot be opened, or is a link.
    """
    return open_descriptor(path, _BASE_FLAGS, dir_fd)


def open_descriptor(path: str, flags: int, dir_fd: int | None = None) -> int:
    """Return a descriptor with the flags of open(2), without a new access time where possible.

    Raises:
        OSError: it cannot be opened.
    """
    try:
        return os.open(path, flags | _NO_ATIME, dir_fd=dir_fd)
    except PermissionError:
        if not _NO_ATIME:
            raise
        # only a file's owner may use O_NOATIME (open(2)); others may still be allowed to read
        return os.open(path, flags, dir_fd=dir_fd)


class Closing:
    """Something open; leaving the ``with`` closes it."""

    __slots__ = ()

    def close(self) -> None:
        """Close it."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


_SMALL = 32 << 10
"""Windows up to this many bytes are read at once, because several places in them will be read."""


class Window(Closing):
    """A read-only view of ``length`` bytes of a file from ``start``; only the bytes asked for are read.

    A window that owns its descriptor closes it; a part of it borrows the descriptor and must not outlive it.

    Attributes:
        start: of the window in the file, in bytes.
        length: of the window, in bytes.
        parsed: what a reader of the bytes keeps for the next one, so that they are parsed once.
    """

    __slots__ = ("_ahead", "_descriptor", "_note", "_owned", "length", "parsed", "start")

    def __init__(
        self,
        descriptor: int,
        start: int,
        length: int,
        *,
        owned: bool = True,
        note: Callable[[OSError], None] | None = None,
    ) -> None:
        """Make a window.

        Args:
            descriptor: of the open file.
            start: of the window in the file, in bytes.
            length: of the window, in bytes.
            owned: whether the window closes the descriptor.
            note: takes what the system says when it refuses to read; the reader gets it too.
        """
        self._descriptor = descriptor
        self._owned = owned
        self._note = note
        self._ahead: bytes | None = None
        self.parsed: object = None
        self.start = start
        self.length = length

    @property
    def descriptor(self) -> int:
        """The descriptor of the file, for what the system does with whole files; -1 for bytes in memory."""
        return self._descriptor

    def part(self, start: int, length: int) -> "Window":
        """Return a window onto the bytes of this one from ``start``, clamped to it; it borrows the descriptor."""
        start = min(max(start, 0), self.length)
        length = min(max(length, 0), self.length - start)
        return Window(self._descriptor, self.start + start, length, owned=False, note=self._note)

    def owned_part(self, start: int, length: int) -> "Window":
        """Return a part of this window that owns the descriptor from now on: close it instead of this window."""
        part = self.part(start, length)
        part._owned, self._owned = self._owned, False
        return part

    def read(self, offset: int, size: int) -> bytes:
        """Return up to ``size`` bytes from ``offset``; fewer at the end of the window or of the file.

        Raises:
            OSError: they cannot be read.
        """
        size = min(size, self.length - offset)
        if size <= 0 or offset < 0:
            return b""
        if self.length > _SMALL:
            return self._read(size, self.start + offset)
        if self._ahead is None:
            self._ahead = self._read(self.length, self.start)
        return self._ahead[offset : offset + size]

    def _read(self, size: int, offset: int) -> bytes:
        try:
            return _pread(self._descriptor, size, offset)
        except OSError as error:
            if self._note is not None:
                self._note(error)
            raise

    def chunks(self, size: int = CHUNK) -> Iterator[bytes]:
        """Yield the window's bytes in order, at most ``size`` at a time."""
        offset = 0
        while data := self.read(offset, size):
            yield data
            offset += len(data)

    def close(self) -> None:
        """Close the file if this window owns its descriptor."""
        if self._owned:
            self._owned = False
            os.close(self._descriptor)


class BytesWindow(Window):
    """A window onto bytes in memory."""

    __slots__ = ("_bytes",)

    def __init__(self, data: bytes) -> None:
        """Take all the bytes."""
        super().__init__(-1, 0, len(data), owned=False)
        self._bytes = data

    def part(self, start: int, length: int) -> "BytesWindow":
        """Return a window onto some of the bytes, clamped to them."""
        start = min(max(start, 0), self.length)
        return BytesWindow(self._bytes[start : start + max(length, 0)])

    def read(self, offset: int, size: int) -> bytes:
        """Return up to ``size`` bytes from ``offset``; fewer at the end."""
        return self._bytes[offset : offset + size] if offset >= 0 and size > 0 else b""


if sys.platform == "win32":

    def _pread(descriptor: int, size: int, offset: int) -> bytes:
        os.lseek(descriptor, offset, os.SEEK_SET)
        return os.read(descriptor, size)

else:
    _pread = os.pread
