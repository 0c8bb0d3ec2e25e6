"""Windows as files that a server reads from."""

import io
import os
from collections.abc import Callable

from pipcache.util.files import Window


def file_of(window: Window, check: Callable[[], object]) -> io.BufferedReader:
    """Return a file of the bytes of a window, at their beginning.

    Args:
        window: the window, which is closed with the file.
        check: called after each piece was read and before it is given; it raises OSError where the piece must not
            be given.
    """
    if window.start == 0 and os.fstat(window.descriptor).st_size == window.length:
        return io.BufferedReader(_WholeFile(window, check), _AHEAD)
    return io.BufferedReader(WindowStream(window, check), _AHEAD)


_AHEAD = 1 << 18
"""Bytes of a piece."""


class _WholeFile(io.FileIO):
    """A file that is a window as a whole, which the interpreter reads without our help: twice as fast."""

    def __init__(self, window: Window, check: Callable[[], object]) -> None:
        super().__init__(window.descriptor, "rb", closefd=False)
        self._window = window
        self._check = check

    def readinto(self, buffer: "bytearray | memoryview") -> int:  # type: ignore[override]  # any buffer
        """Read the next bytes, and return how many these are."""
        size = super().readinto(buffer)
        self._check()
        return size

    def close(self) -> None:
        """Close the file."""
        super().close()
        self._window.close()


class WindowStream(io.RawIOBase):
    """A window as a file to read from, which closes the window."""

    def __init__(self, window: Window, check: Callable[[], object]) -> None:
        """Take the window, and what is called after each piece was read."""
        super().__init__()
        self._window = window
        self._check = check
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
        self._check()
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)

    def close(self) -> None:
        """Close the file."""
        self._window.close()
        super().close()
