"""A pin: what a lock or requirements file says of one file or project."""

import re
from collections.abc import Iterable
from typing import NamedTuple

from pipcache.util.filenames import normalise, parse_filename
from pipcache.util.hashes import DIGITS
from pipcache.util.untrusted import quoted
from pipcache.util.urls import filename_in


class LockError(ValueError):
    """A file that is no lock or requirements file; the message says where, what is wrong and what was expected."""


class Pin(NamedTuple):
    """One file or one project that a lock or requirements file names.

    A pin without digests names a project alone: at a version, within specifiers, or at a commit.
    """

    source: str
    """The file that holds the pin: its name, without folders."""
    project: str
    """Normalised (PEP 503)."""
    version: str | None
    """As written; None if the pin names no single version."""
    filename: str | None
    """None if the digests are those of any file of the project's version."""
    url: str | None
    """Where the file is, without fragment."""
    size: int | None
    """In bytes."""
    digests: tuple[tuple[str, str], ...]
    """(algorithm, hex); a file with any of them is right."""
    specifiers: str = ""
    """PEP 440, e.g. ``>=1,<2``; "" if a version is named, or any is right."""
    commit: str | None = None
    """The commit of a repository, in lower case."""
    is_constraint: bool = False
    """It limits versions and asks for no installation (pip's ``-c``)."""
    marker: str = ""
    """Where it is needed (PEP 508), as written; "" for everywhere."""
    extras: tuple[str, ...] = ()
    """The extras that are asked for, normalised."""
    needed_by: tuple[tuple[str, str | None, str], ...] = ()
    """Packages of the same lock that need it: (normalised project, version, marker of that need)."""
    is_local: bool = False
    """It is a folder or a file of some disk, and comes from no index."""


def read_digests(values: Iterable[object], where: str) -> tuple[tuple[str, str], ...]:
    """Return the digests that ``algorithm:hex`` texts are: (algorithm, hex), each once.

    Digests of unknown algorithms are left out.

    Raises:
        LockError: a value is no digest; the message begins with ``where``.
    """
    digests = []
    for value in values:
        match = re.fullmatch(r"([\w-]+)[:=](.*)", value.lower()) if isinstance(value, str) else None
        if match is None:
            raise LockError(f"{where}: {quoted(value)} is no digest; algorithm:hex was expected")
        count = DIGITS.get(match[1])
        if count is not None and not (len(match[2]) == count and re.fullmatch("[0-9a-f]+", match[2])):
            raise LockError(f"{where}: {quoted(value)} is no {match[1]}; {count} hex digits were expected")
        digests += [(match[1], match[2])] if count is not None else []
    return tuple(dict.fromkeys(digests))


def last_part(url: str | None) -> str:
    """Return the file's name in a URL; "" for None."""
    return filename_in(url) if url else ""


def version_in(project: str, filename: str) -> str | None:
    """Return the version in the name of a project's file; None if it is no such name."""
    parsed = parse_filename(filename, normalise(project))
    return parsed.version if parsed is not None and normalise(parsed.project) == normalise(project) else None
