"""What a lock or requirements file says of one file or project."""

import re
from collections.abc import Iterable
from typing import NamedTuple

from pipcache.util.filenames import normalise, parse_filename
from pipcache.util.hashes import DIGITS
from pipcache.util.untrusted import told
from pipcache.util.urls import filename_in


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
