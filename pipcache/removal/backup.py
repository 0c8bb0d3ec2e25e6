"""Copies kept elsewhere before a removal.

They go into one folder, which is private and never inside the cache; nothing there is written over.
"""

import hashlib
import os
import re
import stat as stat_module
from collections.abc import Iterable
from typing import NamedTuple, Self

from pipcache.errors import PipcacheError
from pipcache.inventory.artifact import Artifact, Kind
from pipcache.inventory.body import open_body
from pipcache.store.cache import Cache
from pipcache.util.files import is_folder


class NotSaved(PipcacheError):  # noqa: N818 - it says what became of it
    """A file could not be kept."""


class Piece(NamedTuple):
    """What is to be kept: an artifact, the sha256 of its bytes when they were judged (None: not read), a note."""

    artifact: Artifact
    sha256: str | None
    note: bytes


def save(cache: Cache, pieces: Iterable[Piece], folder: str) -> list[str]:
    """Copy artifacts of the cache into ``folder`` under their names, each with its note beside it.

    Returns the names of the copies. What has no bytes has only a note.

    Raises:
        NotSaved: the folder is in the cache, is not private, or cannot be written; a file changed meanwhile.
    """
    try:
        place = _private(os.path.realpath(cache.root), folder)
        return [_save(cache, piece, place) for piece in pieces]
    except OSError as error:
        why = error.strerror or str(error)
        raise NotSaved(
            f"What was found cannot be kept: {why}.", path=folder, hint="Nothing was removed."
        ) from None


def _private(root: str, folder: str) -> str:
    """Return the real path of a folder that is its owner's alone, and make it where it is not there."""
    place = os.path.realpath(folder)
    if os.path.normcase(place + os.sep).startswith(os.path.normcase(root + os.sep)):
        raise NotSaved("What is found cannot be kept inside the cache.", path=folder, hint="Name another folder.")
    if not os.path.lexists(place):
        os.mkdir(place, 0o700)
    status = os.lstat(place)
    if not is_folder(status):
        raise NotSaved("What is found is kept in a folder, and this is none.", path=folder, hint="Name another.")
    if os.name == "posix" and stat_module.S_IMODE(status.st_mode) & 0o077:
        hint = "Close it (chmod 700), or name one that is not there yet. Nothing was removed."
        raise NotSaved("The folder is open to others.", path=folder, hint=hint)
    return place


def _save(cache: Cache, piece: Piece, folder: str) -> str:
    wanted, taken = _name(piece.artifact), set(os.listdir(folder))
    name, number = wanted, 1
    while {name, f"{name}.json"} & taken:
        number += 1
        name = f"{number}-{wanted}"
    if piece.sha256 is None and piece.artifact.size:
        hint = "See to its permissions. Nothing was removed."
        raise NotSaved(f"{name} cannot be read, and so not be kept.", path=folder, hint=hint)
    if piece.sha256 is not None:
        state = hashlib.sha256()
        with open_body(cache, piece.artifact) as body, _Written(os.path.join(folder, name)) as written:
            for data in body.window.chunks():
                state.update(data)
                written.add(data)
        if state.hexdigest() != piece.sha256:
            hint = "Nothing was removed; run it again."
            raise NotSaved(f"{name} changed while it was copied.", path=folder, hint=hint)
    with _Written(os.path.join(folder, f"{name}.json")) as written:
        written.add(piece.note)
    return name


def _name(artifact: Artifact) -> str:
    """Return a name for a copy: the file's own where it is a plain one, else the key."""
    name = artifact.filename or (f"{artifact.project}.page" if artifact.kind is Kind.PAGE else "")
    is_plain = re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._+!-]{0,199}", name) is not None
    return name if is_plain else artifact.key or "entry"


class _Written:
    """A new file of the folder, readable for its owner alone."""

    def __init__(self, path: str) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
        self._descriptor = os.open(path, flags, 0o600)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        try:
            os.fsync(self._descriptor)
        finally:
            os.close(self._descriptor)

    def add(self, data: bytes) -> None:
        """Write more bytes."""
        view = memoryview(data)
        while view:
            view = view[os.write(self._descriptor, view) :]
