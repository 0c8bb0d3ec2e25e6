"""Windows as files that a server reads from, to their end or until somebody writes to them."""

import errno
import io
import os

from pipcache.server.project import FileState, state_of
from pipcache.util.files import Window


def file_of(window: Window, state: FileState) -> io.BufferedReader:
    """Return a file of the bytes of a window, at their beginning; it closes the window when it is closed.

    Reading raises OSError once the window's file was written to. A file that is removed can be read to its end.

    Args:
        window: the window.
        state: of its file, as it was when the bytes were judged.

    Raises:
        OSError: the file was written to since then.
    """
    if window.start == 0 and os.fstat(window.descriptor).st_size == window.length:
        return io.BufferedReader(_WholeFile(window, state), _AHEAD)
    return io.BufferedReader(WindowStream(window, state), _AHEAD)


_AHEAD = 1 << 18
"""Bytes of a piece."""


class _Guard:
    """Says whether an open file was written to."""

    def __init__(self, descriptor: int, state: FileState) -> None:
        self._descriptor = descriptor
        self._first = os.fstat(descriptor)
        if state_of(self._first) != state:
            raise _written_to()

    def check(self) -> None:
        """Raise OSError if the file was written to; a piece that was read before that is as it was."""
        first, now = self._first, os.fstat(self._descriptor)
        is_same = (first.st_size, first.st_mtime_ns) == (now.st_size, now.st_mtime_ns)
        # to remove a name of it changes the time of the last change too
        if not is_same or (first.st_ctime_ns != now.st_ctime_ns and first.st_nlink == now.st_nlink):
            raise _written_to()


def _written_to() -> OSError:
    return OSError(errno.EIO, "a file was written to while it was sent")


class _WholeFile(io.FileIO):
    """A file that is a window as a whole, which the interpreter reads without our help: twice as fast."""

    def __init__(self, window: Window, state: FileState) -> None:
        super().__init__(window.descriptor, "rb", closefd=False)
        self._window = window
        self._guard = _Guard(window.descriptor, state)

    def readinto(self, buffer: "bytearray | memoryview") -> int:  # type: ignore[override]  # any buffer
        """Read the next bytes, and return how many these are."""
        size = super().readinto(buffer)
        self._guard.check()
        return size

    def close(self) -> None:
        """Close the file."""
        super().close()
        self._window.close()


class WindowStream(io.RawIOBase):
    """A window as a file to read from, which closes the window."""

    def __init__(self, window: Window, state: FileState) -> None:
        """Take the window, and the state of its file."""
        super().__init__()
        self._window = window
        self._guard = _Guard(window.descriptor, state)
        self._at = 0

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place, and return it."""
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._window.length}[whence]
        self._at = max(start + offset, 0)
        return self._at

    def tell(self) -> int:
        """Return the place."""
        return self._at

    def readinto(self, buffer: "bytearray | memoryview") -> int:  # type: ignore[override]  # any buffer
        """Read the next bytes, and return how many these are."""
        data = self._window.read(self._at, len(buffer))
        self._guard.check()
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)

    def close(self) -> None:
        """Close the file."""
        self._window.close()
        super().close()
