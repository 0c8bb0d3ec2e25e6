"""New files outside the cache, which have their names only when all of them is on the disk."""

import errno
import os
from contextlib import suppress
from types import TracebackType
from typing import Self


class Draft:
    """A new file that is on the disk when the block ends, or with ``is_synced`` False somewhat later."""

    def __init__(self, path: str, *, mode: int = 0o644, is_synced: bool = True, dir_fd: int | None = None) -> None:
        """Make the file.

        Args:
            path: its path, where nothing may be.
            mode: its permissions, less the umask.
            is_synced: bring its bytes to the disk when the block ends without an error.
            dir_fd: the open folder that the path is relative to.

        Raises:
            FileExistsError: something is there.
            OSError: it cannot be made.
        """
        self._is_synced = is_synced
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
        self.descriptor = os.open(path, flags, mode, dir_fd=dir_fd)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is None and self._is_synced:
                os.fsync(self.descriptor)
        finally:
            os.close(self.descriptor)

    def add(self, data: bytes) -> None:
        """Append bytes."""
        write_all(self.descriptor, data)


def write_all(descriptor: int, data: bytes) -> None:
    """Write bytes, however many the system takes at a time."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def publish(draft: str, path: str, *, dir_fd: int | None = None) -> None:
    """Give a draft its name, under which nothing may be; both are relative to ``dir_fd`` where it is given.

    Raises:
        FileExistsError: something is there.
        OSError: it cannot be done.
    """
    try:
        # the only way that never replaces a file
        os.link(draft, path, src_dir_fd=dir_fd, dst_dir_fd=dir_fd)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links
        with suppress(FileNotFoundError):
            os.stat(path, dir_fd=dir_fd, follow_symlinks=False)
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), path) from None
        os.rename(draft, path, src_dir_fd=dir_fd, dst_dir_fd=dir_fd)


def remove_draft(path: str, *, dir_fd: int | None = None) -> None:
    """Take a draft away, if it is still there."""
    with suppress(OSError):
        os.unlink(path, dir_fd=dir_fd)


def sync_file(path: str) -> None:
    """Bring the bytes of a file to the disk."""
    descriptor = os.open(path, os.O_WRONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_folder(folder: str) -> None:
    """Bring the names of a folder to the disk, where the system can."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
