"""The bytes that an entry stores: one open file, from which content, digests and decoded bytes are read."""

import errno
from collections.abc import Callable, Iterable

from pipcache.archive.tar_reader import is_tar
from pipcache.archive.zip_reader import is_zip
from pipcache.store.content import Content, inspect
from pipcache.util.compression import UndecodableBody
from pipcache.util.content_coding import decode_body
from pipcache.util.files import Closing, Window
from pipcache.util.hashes import hash_window
from pipcache.util.progress import Tick, no_tick

_ZIP_END = b"PK\x05\x06"
_ZIP_END_REACH = (64 << 10) + 22  # the last record of a ZIP file and the longest comment (APPNOTE 4.3.16)


class Body(Closing):
    """The body of a stored response, or a built wheel. The file is opened when it is first needed.

    ``encoding`` is the ``Content-Encoding`` that the bytes are stored in; None where there is no coding to undo.
    """

    __slots__ = ("_open", "_owner", "_window", "encoding", "length")

    def __init__(
        self, open_window: Callable[[], Window], length: int, encoding: str | None, owner: Window | None = None
    ) -> None:
        """Make a body.

        Args:
            open_window: opens the file, or the part of it that is the body.
            length: of the body, in bytes.
            encoding: the ``Content-Encoding`` that the bytes are stored in; None without one.
            owner: the open file that the window is a part of; it is closed with the body.
        """
        self._open = open_window
        self._owner = owner
        self._window: Window | None = None
        self.length = length
        self.encoding = encoding

    @property
    def window(self) -> Window:
        """The stored bytes, not decoded.

        Raises:
            OSError: the file cannot be opened, or is a link by now.
        """
        if self._window is None:
            self._window = self._open()
        return self._window

    def content(self, *, deep: bool) -> Content:
        """Return what the bytes are; ``deep`` reads METADATA and PKG-INFO of archives too.

        Raises:
            OSError: they cannot be read.
        """
        return inspect(self.window, self.encoding, deep=deep)

    def decoded(self, limit: int) -> bytes:
        """Return the first ``limit`` bytes, decoded.

        Raises:
            OSError: they cannot be read.
            UndecodableBody: they are not in the coding that the head names.
        """
        return decode_body(self.window, self.encoding, limit)

    def readable(self, limit: int) -> bytes:
        """Return the first ``limit`` bytes, decoded; ``b""`` where they cannot be read or decoded."""
        try:
            return self.decoded(limit)
        except (OSError, UndecodableBody):
            return b""

    def digests(self, algorithms: Iterable[str], tick: Tick = no_tick) -> dict[str, str]:
        """Return hex digests of the stored bytes by algorithm, without those that the system does not allow.

        Args:
            algorithms: names that hashlib knows, and ``blake2b_256``.
            tick: called with the number of bytes after each read.

        Raises:
            OSError: they cannot be read.
        """
        return hash_window(self.window, algorithms, tick)

    def is_text(self) -> bool:
        """Return whether the bytes begin like text, which no archive does.

        Raises:
            OSError: they cannot be read.
        """
        start = self.window.read(0, 512)
        return b"\x00" not in start and start.decode("utf-8", "ignore").encode() == start and not is_tar(start)

    def ends_like_zip(self) -> bool:
        """Return whether the stored bytes end like a ZIP file, which readers look for from the end.

        Raises:
            OSError: they cannot be read.
        """
        window = self.window
        if _ZIP_END not in window.read(max(window.length - _ZIP_END_REACH, 0), _ZIP_END_REACH):
            return False
        # coded bytes can be any, so a directory must be there too
        return self.encoding is None or is_zip(window)

    def close(self) -> None:
        """Close the file if it is open; it is not opened again."""
        for window in (self._window, self._owner):
            if window is not None:
                window.close()
        self._open, self._window = _closed, None


def _closed() -> Window:
    raise OSError(errno.EBADF, "the body is closed")
