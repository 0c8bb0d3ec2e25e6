"""Whether the local archive that a wheel was built from is still what it was then (PEP 610).

The path stands in ``origin.json``, which a stranger may have written: the archive is opened only where it is a
regular file of the owner of ``origin.json``, without following a link or waiting, and no more of it is told than
that it changed.
"""

import os
import re
import stat as stat_module
import sys
from collections.abc import Iterator, MutableMapping
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from pipcache.store.origin import Origin
from pipcache.util.files import Window, open_quietly
from pipcache.util.hashes import hash_window
from pipcache.util.progress import Tick
from pipcache.util.untrusted import redact_url
from pipcache.verify.checks import Check
from pipcache.verify.verdict import Finding

MOST_BYTES = 1 << 30
"""The largest archive that is read."""

KnownDigests = MutableMapping[tuple[str, int, int], dict[str, str]]
"""Hex digests by algorithm of archives that were read, by path, size and modification time."""


class LocalSource(NamedTuple):
    """What is known of the archive by now: what changed, and what else there is to say, as text to show."""

    findings: tuple[Finding, ...] = ()
    note: str | None = None


def is_local_archive(source: Origin) -> bool:
    """Return whether a wheel was built from an archive on a disk, and neither from a folder nor a repository."""
    return source.url[:5].lower() == "file:" and not source.is_directory and source.vcs is None


def local_path(url: str) -> str | None:
    """Return the path in a ``file:`` URL (RFC 8089); None where it is on another host, or is not absolute."""
    try:
        parts = urlsplit(url)
        path = unquote(parts.path, errors="surrogateescape")
    except ValueError:
        return None
    if parts.netloc.lower() not in {"", "localhost"} or "\0" in path or path[:2] in {"//", "/\\", "\\\\"}:
        return None  # two slashes are another host under Windows
    if sys.platform == "win32":
        return path[1:] if re.match(r"/[A-Za-z]:[\\/]", path) else None
    return path if path.startswith("/") else None


def look_at_archive(source: Origin, owner: int, known: KnownDigests, tick: Tick) -> LocalSource:
    """Return whether the archive that a wheel was built from has changed.

    Args:
        source: what ``origin.json`` says.
        owner: the user who owns ``origin.json``; an archive of somebody else is not opened.
        known: digests of archives that were read before; new ones are added.
        tick: called with the number of bytes after each read; what it raises goes through.
    """
    path = local_path(source.url)
    if path is None:
        return LocalSource(note="the archive that it was built from is not on this disk, and was not looked at")
    if not source.hashes:
        return LocalSource(
            note="origin.json has no digest of the archive that it was built from (pip before 22.3)"
        )
    try:
        digests = _digests(path, source, owner, known, tick)
    except (FileNotFoundError, NotADirectoryError):
        return LocalSource(note=f"the archive that it was built from is gone: {redact_url(source.url)}")
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        return LocalSource(note=f"the archive that it was built from was not compared: {why}")
    return LocalSource(tuple(_changes(source, digests)))


def _digests(path: str, source: Origin, owner: int, known: KnownDigests, tick: Tick) -> dict[str, str]:
    """Return the digests of an archive by the algorithms of ``origin.json``.

    Raises:
        ValueError: it is not one that is read; the message says why.
        OSError: it cannot be opened or read.
    """
    _require_own_file(os.lstat(path), owner)
    descriptor = open_quietly(path)
    try:
        status = os.fstat(descriptor)
        _require_own_file(status, owner)
        place = (path, status.st_size, status.st_mtime_ns)
        missing = {algorithm for algorithm, _ in source.hashes} - known.get(place, {}).keys()
        if missing:
            window = Window(descriptor, 0, status.st_size, owned=False)
            known[place] = known.get(place, {}) | hash_window(window, missing, tick)
        return known[place]
    finally:
        os.close(descriptor)


def _require_own_file(status: os.stat_result, owner: int) -> None:
    if not stat_module.S_ISREG(status.st_mode):
        raise ValueError("it is not a regular file")
    if status.st_uid != owner:
        raise ValueError("it belongs to somebody else")
    if status.st_size > MOST_BYTES:
        raise ValueError(f"it is larger than {MOST_BYTES:,} bytes")


def _changes(source: Origin, digests: dict[str, str]) -> Iterator[Finding]:
    """Yield each digest that the archive does not have any more; its own stays untold."""
    for algorithm, expected in source.hashes:
        if (actual := digests.get(algorithm)) is not None and actual != expected.lower():
            where = redact_url(source.url)
            yield Finding(Check.PC604, "origin.json", f"{algorithm} {expected} of {where}", "another digest")
