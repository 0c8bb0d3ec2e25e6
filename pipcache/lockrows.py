"""What a lock or requirements file writes down of one file or project, and the reading all such files share."""

import codecs
import errno
import os
import re
import stat
import sys
from collections.abc import Iterable
from typing import NamedTuple

from pipcache.digests import DIGITS
from pipcache.files import open_quietly
from pipcache.links import filename_in
from pipcache.names import normalise, parse_filename
from pipcache.text import redact_text

LOCK_LIMIT = 256 << 20
"""Bytes of a lock file that are read."""


class LockError(ValueError):
    """A file that is no lock or requirements file; told are what was wrong, where, and what was expected."""


class Locked(NamedTuple):
    """One file somebody wrote down: any of ``digests`` (algorithm, hex) is right for it.

    ``filename`` is None where the file does not name files but only what is right for a project's version. A row
    without digests names a project alone: at a version, within ``specifiers`` (PEP 440), or at a commit.
    """

    source: str
    project: str
    version: str | None
    filename: str | None
    url: str | None
    size: int | None
    digests: tuple[tuple[str, str], ...]
    specifiers: str = ""
    commit: str | None = None
    is_constraint: bool = False


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


def told(value: object) -> str:
    """Return a value out of a file as an error can show it."""
    shown = repr(redact_text(value[:999])[:99]) if isinstance(value, str) else None
    return shown or f"a value of type {type(value).__name__}"


def text_of(value: object) -> str | None:
    """Return text that is not empty; None for all else."""
    return value if isinstance(value, str) and value else None


def read_digests(values: Iterable[object], where: str) -> tuple[tuple[str, str], ...]:
    """Return what ``algorithm:hex`` says; digests of algorithms that are not known here are left out.

    Raises:
        LockError: one is no digest.
    """
    found = []
    for value in values:
        match = re.fullmatch(r"([\w-]+)[:=](.*)", value.lower()) if isinstance(value, str) else None
        if match is None:
            raise LockError(f"{where}: {told(value)} is no digest; algorithm:hex was expected")
        count = DIGITS.get(match[1])
        if count is not None and not re.fullmatch(f"[0-9a-f]{{{count}}}", match[2]):
            raise LockError(f"{where}: {told(value)} is no {match[1]}; {count} hex digits were expected")
        found += [(match[1], match[2])] if count is not None else []
    return tuple(dict.fromkeys(found))


def last_part(url: str | None) -> str:
    """Return the file's name in a URL."""
    return filename_in(url) if url else ""


def version_in(project: str, filename: str) -> str | None:
    """Return the version in the name of a project's file; None where it is no such name."""
    parsed = parse_filename(filename, normalise(project))
    return parsed.version if parsed is not None and normalise(parsed.project) == normalise(project) else None
