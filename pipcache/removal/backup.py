"""Copies of artifacts, kept outside the cache before a removal.

They go into one folder, which only its owner may enter and which is never inside the cache. No file there is
overwritten, and a copy has its name only when all of it is on the disk. Where one cannot be kept, none is.
"""

import errno
import hashlib
import os
import re
import stat as stat_module
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import NamedTuple, Self

from pipcache.errors import ErrorKind, PipcacheError
from pipcache.inventory.artifact import Artifact, Kind
from pipcache.inventory.body import open_body
from pipcache.store.cache import Cache
from pipcache.util.drafts import Draft, sync_folder
from pipcache.util.files import is_folder


class NotSaved(PipcacheError):  # noqa: N818 - it says what became of a file
    """A file could not be copied."""

    kind = ErrorKind.NOT_SAVED


class BackupItem(NamedTuple):
    """An artifact to copy, and a note to keep beside the copy.

    ``sha256`` is the digest of the artifact's bytes when they were judged; None where they were not read.
    """

    artifact: Artifact
    sha256: str | None
    note: bytes


def save_copies(cache: Cache, items: Iterable[BackupItem], folder: str) -> list[str]:
    """Copy artifacts of the cache into ``folder`` under their file names, and write their notes beside them.

    An artifact without bytes gets a note only. A note is called like the copy, with ``.json``.

    Returns:
        The names of the copies. They are on the disk, not only in the memory of the system.

    Raises:
        NotSaved: the folder is in the cache, is not private, or cannot be written; or an artifact changed after
            it was judged.
    """
    try:
        is_new = not os.path.lexists(folder)
        target = _private_folder(os.path.realpath(cache.root), folder)
        with _Copies(target, is_new=is_new) as copies:
            return [_save(cache, item, copies) for item in items]
    except OSError as error:
        why = error.strerror or str(error)
        raise NotSaved(
            f"What was found cannot be kept: {why}.", path=folder, hint="Nothing was removed."
        ) from None


def _private_folder(root: str, folder: str) -> str:
    """Return the real path of a folder that only its owner may enter; it is made where it does not exist.

    Raises:
        NotSaved: it is in the cache, is no folder, or others may enter it.
        OSError: it cannot be made or looked at.
    """
    path = os.path.realpath(folder)
    if os.path.normcase(path + os.sep).startswith(os.path.normcase(root + os.sep)):
        raise NotSaved("What is found cannot be kept inside the cache.", path=folder, hint="Name another folder.")
    if not os.path.lexists(path):
        os.mkdir(path, 0o700)
    status = os.lstat(path)
    if not is_folder(status):
        raise NotSaved("What is found is kept in a folder, and this is none.", path=folder, hint="Name another.")
    if os.name == "posix" and stat_module.S_IMODE(status.st_mode) & 0o077:
        hint = "Close it (chmod 700), or name one that is not there yet. Nothing was removed."
        raise NotSaved("The folder is open to others.", path=folder, hint=hint)
    return path


def _save(cache: Cache, item: BackupItem, copies: "_Copies") -> str:
    """Copy one artifact into a folder, write its note, and return the copy's name.

    Raises:
        NotSaved: it was not read when it was judged, or changed since then.
        OSError: the artifact cannot be read, or the folder cannot be written.
    """
    folder = copies.folder
    filename, existing = _filename(item.artifact), set(os.listdir(folder))
    name, number = filename, 1
    while {name, f"{name}.json", _draft(name), _draft(f"{name}.json")} & existing:
        number += 1
        name = f"{number}-{filename}"
    if item.sha256 is None and item.artifact.size:
        hint = "See to its permissions. Nothing was removed."
        raise NotSaved(f"{name} cannot be read, and so not be kept.", path=folder, hint=hint)
    if item.sha256 is not None:
        state = hashlib.sha256()
        with open_body(cache, item.artifact) as body, copies.new_file(name) as copy:
            for chunk in body.window.chunks():
                state.update(chunk)
                copy.add(chunk)
            if state.hexdigest() != item.sha256:
                hint = "Nothing was removed; run it again."
                raise NotSaved(f"{name} changed while it was copied.", path=folder, hint=hint)
    with copies.new_file(f"{name}.json") as note:
        note.add(item.note)
    return name


def _filename(artifact: Artifact) -> str:
    """Return a name for a copy: the artifact's file name where its characters are harmless, else its key."""
    name = artifact.filename or (f"{artifact.project}.page" if artifact.kind is Kind.PAGE else "")
    is_plain = re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._+!-]{0,199}", name) is not None
    return name if is_plain else artifact.key or "entry"


def _draft(name: str) -> str:
    """Return the name that a file has until all of it is written."""
    return f".{name}.part"


class _Copies:
    """The files that are made in a folder; an error takes them away again, and the folder if it was made too."""

    def __init__(self, folder: str, *, is_new: bool) -> None:
        self.folder = folder
        self._is_new = is_new
        self._names: list[str] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            sync_folder(self.folder)
            return
        for name in self._names:
            with suppress(OSError):
                os.unlink(os.path.join(self.folder, name))
        if self._is_new:
            with suppress(OSError):
                os.rmdir(self.folder)

    @contextmanager
    def new_file(self, name: str) -> Iterator[Draft]:
        """Give a new file that only its owner may read; it gets its name when all of it is on the disk.

        No existing file is opened or replaced.
        """
        path, final = os.path.join(self.folder, _draft(name)), os.path.join(self.folder, name)
        draft = Draft(path, mode=0o600)
        try:
            with draft:
                yield draft
            if os.path.lexists(final):
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
            os.rename(path, final)
            self._names.append(name)
        finally:
            with suppress(FileNotFoundError):  # it has its name now
                os.unlink(path)
