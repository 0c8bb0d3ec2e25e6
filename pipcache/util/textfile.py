"""A text file that a user named: encoding, size limit, logical lines."""

import codecs
import errno
import os
import re
import stat
import sys
from collections.abc import Iterator

from pipcache.locks.model import LockError
from pipcache.util.files import open_quietly

LOCK_LIMIT = 256 << 20
"""Bytes of a lock file that are read."""


def read_text(path: str, where: str = "") -> str:
    """Return the text of a file, ``-`` is standard input; ``where`` says which line named it.

    It is UTF-8, or what its byte order mark says (pip ``req_file.py``).

    Raises:
        LockError: it cannot be read.
    """
    try:
        data = sys.stdin.buffer.read(LOCK_LIMIT + 1) if path == "-" else _read(path)
        if len(data) > LOCK_LIMIT:
            raise OSError(errno.EFBIG, f"it is larger than {LOCK_LIMIT} bytes")
        mark = next((name for mark, name in _MARKS if data.startswith(mark)), "utf-8-sig")
        return data.decode(mark)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise LockError(f"{where}{path} cannot be read: {why}; a text file in UTF-8 was expected") from None


_MARKS = (
    *((codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32")),
    *((codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16")),
)


def _read(path: str) -> bytes:
    """Return the bytes of a regular file, or of a pipe that a shell put in its place (``<(pip freeze)``)."""
    mode = os.stat(path).st_mode
    if stat.S_ISFIFO(mode) and path.startswith(("/dev/fd/", "/proc/self/fd/", "/dev/stdin")):
        with open(path, "rb") as pipe:
            return pipe.read(LOCK_LIMIT + 1)
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, "it is no regular file")
    with os.fdopen(open_quietly(os.path.realpath(path)), "rb") as file:
        return file.read(LOCK_LIMIT + 1)


def logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield (number of its first line, line) with continuations joined and comments gone (pip ``req_file.py``)."""
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
