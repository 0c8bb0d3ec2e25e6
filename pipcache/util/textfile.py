"""A text file that a user named: encoding, size limit, logical lines."""

import codecs
import errno
import os
import re
import stat
import sys
from collections.abc import Iterator

from pipcache.util.files import BytesWindow, Window, open_quietly

TEXT_LIMIT = 256 << 20
"""Bytes of a text file; a larger file is refused."""


class UnreadableText(ValueError):  # noqa: N818 - as the errors of the program, it says what it is
    """A file that cannot be read as text; the message names the file and the reason."""


def read_text(path: str, named_in: str = "") -> str:
    """Return the text of a file.

    The encoding is UTF-8, or what the byte order mark says (pip 26.3, ``_internal/req/req_file.py``).

    Args:
        path: the file; ``-`` is standard input.
        named_in: the place that names the file, for the error message, e.g. ``a.txt, line 3: ``.

    Raises:
        UnreadableText: the file is missing, is no regular file, is too large, or is not in its encoding.
    """
    try:
        with open_input(path) as window:
            return decode_text(read_whole(window))
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        name = "standard input" if path == "-" else path
        raise UnreadableText(
            f"{named_in}{name} cannot be read: {why}; a text file in UTF-8 was expected"
        ) from None


def read_whole(window: Window) -> bytes:
    """Return all bytes of a text file.

    Raises:
        OSError: it cannot be read, or has more than ``TEXT_LIMIT`` bytes.
    """
    if window.length > TEXT_LIMIT:
        raise OSError(errno.EFBIG, f"it is larger than {TEXT_LIMIT} bytes")
    return b"".join(window.chunks(TEXT_LIMIT))


def decode_text(data: bytes) -> str:
    """Return bytes as text: UTF-8, or what the byte order mark says.

    Raises:
        UnicodeError: they are not in that encoding.
    """
    if not data.startswith(_MARK_BYTES):
        return data.decode()  # as nearly all of many small files
    return data.decode(next(name for mark, name in _MARKS if data.startswith(mark)))


_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    *((codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32")),
    *((codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16")),
)

_MARK_BYTES = tuple(mark for mark, _ in _MARKS)


def open_input(path: str) -> Window:
    """Open a regular file, a pipe that a shell put in its place (``<(pip freeze)``), or ``-`` for standard input.

    Of a pipe no more than ``TEXT_LIMIT`` bytes and one are read.

    Raises:
        OSError: it is missing, cannot be opened, or is no regular file.
        ValueError: its name is none.
    """
    if path == "-":
        return BytesWindow(_read_standard_input())
    mode = os.stat(path).st_mode
    if stat.S_ISFIFO(mode) and path.startswith(("/dev/fd/", "/proc/self/fd/", "/dev/stdin")):
        with open(path, "rb") as pipe:
            return BytesWindow(pipe.read(TEXT_LIMIT + 1))
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, "it is no regular file")
    with os.fdopen(open_quietly(os.path.realpath(path)), "rb") as file:
        length = os.fstat(file.fileno()).st_size
        if not length:  # some files of the system do not say their size
            return BytesWindow(file.read(TEXT_LIMIT + 1))
        return Window(os.dup(file.fileno()), 0, length)


def _read_standard_input() -> bytes:
    if sys.stdin is None:  # a process without one, e.g. under pythonw
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))
    return sys.stdin.buffer.read(TEXT_LIMIT + 1)


MOST_LINES = 500_000
"""Lines of a requirements file or a plain list; the largest real ones have some thousands."""


def has_too_many_lines(text: str) -> bool:
    """Return whether a text has more lines than are read, where it is read line by line."""
    return text.count("\n") > MOST_LINES


def logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield lines with continuations joined and without comments (pip 26.3, ``_internal/req/req_file.py``).

    Yields:
        The number of a line's first physical line, from 1, and the line; blank lines are left out.
    """
    pending: list[str] = []
    first = 0
    for number, line in enumerate([*text.splitlines(), ""], 1):
        first = first if pending else number
        is_comment = line.lstrip().startswith("#")
        if line.endswith("\\") and not is_comment:
            pending.append(line.rstrip("\\"))
            continue
        whole = re.sub(r"(^|\s)#.*", "", "".join([*pending, " " if is_comment else "", line])).strip()
        pending = []
        if whole:
            yield first, whole
