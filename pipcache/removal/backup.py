"""Copies of artifacts, kept outside the cache before a removal.

They go into a folder that only its owner may enter, and which is never inside a cache: all of a cache into that
folder, or those of many caches into ``HOST/OWNER-N`` in it. No copy there is overwritten, and a copy has its name
only when all of it is on the disk. Where one cannot be kept, none of its cache is, and nothing of it is removed.
"""

import hashlib
import os
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from types import TracebackType
from typing import NamedTuple, Self

from pipcache.inventory.artifact import Artifact, Kind, path_of
from pipcache.inventory.body import open_body
from pipcache.removal.manifest import (
    LARGEST,
    MANIFEST,
    SUMS,
    AdvisoryRecord,
    CacheResult,
    CopyRecord,
    KeptCache,
    Manifest,
    harmless,
)
from pipcache.removal.private_folder import NotSaved, PrivateFolder
from pipcache.store.cache import Cache
from pipcache.util.identity import Identity
from pipcache.util.units import iso_time


class BackupItem(NamedTuple):
    """An artifact to copy, and a note to keep beside the copy.

    ``sha256`` is the digest of the artifact's bytes when they were judged; None where they were not read.
    """

    artifact: Artifact
    sha256: str | None
    note: bytes


class BackupSource(NamedTuple):
    """What is to be kept of a cache."""

    cache: Cache
    kept: KeptCache
    items: Sequence[BackupItem]


class BackupTarget(NamedTuple):
    """Where copies are kept, and by whom.

    Attributes:
        folder: as a person named it.
        is_split: each cache has a folder of its own in one for this host.
        identity: who runs this.
        started: when the run began, in nanoseconds since the epoch.
        advisories: the files of ``--advisory``.
        roots: the real paths of all caches; copies are kept in none of them.
    """

    folder: str
    is_split: bool
    identity: Identity
    started: int
    advisories: Sequence[AdvisoryRecord]
    roots: Sequence[str]


class Saved(NamedTuple):
    """The names of the copies of a cache, relative to the folder; or why there are none."""

    names: list[str]
    problem: NotSaved | None = None


class _SourceRefused(NotSaved):
    """An artifact cannot be read, or changed after it was judged."""


class _NothingKept(Exception):  # noqa: N818 - it says what happened
    """Every source has a problem: what was made in the folder is taken away."""

    def __init__(self, answers: list[Saved]) -> None:
        super().__init__()
        self.answers = answers


def save_copies(sources: Sequence[BackupSource], target: BackupTarget) -> list[Saved]:
    """Copy artifacts into a folder under their file names, and write their notes and the list of all beside them.

    An artifact without bytes gets a note only. A note is called like the copy, with ``.json``. What an earlier run
    that was killed has kept already is not copied again.

    Returns:
        What was kept of each source: on the disk, not only in the memory of the system. A source of which
        something cannot be read, or changed after it was judged, has a problem and no copies.

    Raises:
        NotSaved: the folder is in a cache, is not private, or cannot be written; then nothing new is in it.
    """
    try:
        with _Backup(target) as backup:
            return backup.save(sources)
    except _NothingKept as error:
        return error.answers
    except OSError as error:
        raise _not_kept(error, target.folder, "Nothing was removed.") from None


def note_results(results: Mapping[str, CacheResult], target: BackupTarget) -> None:
    """Note in the list of copies what became of the entries; where no copies were kept nothing is done.

    Args:
        results: what became of each cache that was looked at, by its path.
        target: where copies are kept.

    Raises:
        NotSaved: the list cannot be written.
    """
    try:
        with _Backup(target, is_new_allowed=False) as backup:
            backup.note(results)
    except FileNotFoundError:
        return  # nothing was kept
    except OSError as error:
        raise _not_kept(error, target.folder, "Run the same command again.") from None


def _not_kept(error: OSError, folder: str, hint: str) -> NotSaved:
    return NotSaved(f"What was found cannot be kept: {error.strerror or error}.", path=folder, hint=hint)


class _Backup:
    """The folder with the list of copies; an error takes away what was made in it."""

    def __init__(self, target: BackupTarget, *, is_new_allowed: bool = True) -> None:
        """Open the folder and read the list.

        Raises:
            NotSaved: the folder cannot be used, or what is there under the name of the list is none.
            OSError: it cannot be opened or made.
        """
        self._target = target
        self._run = 0
        self._made: list[tuple[PrivateFolder, str]] = []
        self._folders: dict[str, PrivateFolder] = {}
        self._root = PrivateFolder.open(target.folder, target.roots, is_new_allowed=is_new_allowed)
        self._host = self._root
        try:
            if target.is_split:
                self._host = self._root.below(harmless(target.identity.host), is_new_allowed=is_new_allowed)
            self._host.remove_drafts()
            self._old_list = self._host.read(MANIFEST, LARGEST)
            self._old_sums = self._host.read(SUMS, LARGEST)
            self._manifest = self._read_manifest()
            for cache in self._manifest.document["caches"]:
                with suppress(FileNotFoundError):
                    self._open_folder(cache["folder"], is_new_allowed=False)
        except BaseException:
            self._close(withdraw=True)
            raise

    def _read_manifest(self) -> Manifest:
        if self._old_list is None and self._host.names() & {MANIFEST, SUMS}:
            name = MANIFEST if MANIFEST in self._host.names() else SUMS
            raise NotSaved("The file is not one of pipcache.", path=self._place_of(name), hint=_NAME_ANOTHER)
        try:
            return Manifest(self._old_list, self._target.identity.host)
        except ValueError as error:
            why = f"The list of copies cannot be read: {error}."
            raise NotSaved(why, path=self._place_of(MANIFEST), hint=_NAME_ANOTHER) from None

    def _place_of(self, name: str) -> str:
        return os.path.join(self._host.path, name)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            for folder, name in self._made:
                folder.remove(name)
            for name, data in ((MANIFEST, self._old_list), (SUMS, self._old_sums)):
                with suppress(OSError):  # a list that is ahead says of each copy whether it was made
                    self._restore(name, data)
        self._close(withdraw=error is not None)

    def _restore(self, name: str, data: bytes | None) -> None:
        if data is None:
            self._host.remove(name)
        elif self._host.read(name, LARGEST) != data:
            self._host.replace(name, data)

    def _close(self, *, withdraw: bool) -> None:
        for folder in self._folders.values():
            if folder is not self._host:
                folder.close(withdraw=withdraw)
        if self._host is not self._root:
            self._host.close(withdraw=withdraw)
        self._root.close(withdraw=withdraw)

    def save(self, sources: Sequence[BackupSource]) -> list[Saved]:
        """Keep copies of all sources.

        Raises:
            NotSaved: a folder is not private.
            OSError: something cannot be written.
        """
        target = self._target
        self._run = self._manifest.add_run(target.identity, target.started, target.advisories)
        plans = [self._plan(source) for source in sources]
        # the list comes first: what a killed run has begun is found by it
        self._host.replace(MANIFEST, self._manifest.dump())
        answers = [self._copy(source, plan) for source, plan in zip(sources, plans, strict=True)]
        if all(answer.problem is not None for answer in answers):
            raise _NothingKept(answers)
        self._write_list()
        for folder in (*self._folders.values(), self._host):
            folder.sync()
        return answers

    def _plan(self, source: BackupSource) -> list[CopyRecord]:
        """List the copies of a source, each under a name that is free, or that an earlier run gave it."""
        name = self._manifest.folder_of(source.kept, is_split=self._target.is_split)
        folder, records = self._open_folder(name, is_new_allowed=True), []
        taken = {existing.casefold() for existing in folder.names()} | {MANIFEST.casefold(), SUMS.casefold()}
        for file in self._manifest.document["files"]:
            names = [file["note"], file["name"] or ""]
            taken |= {path.rpartition("/")[2].casefold() for path in names if path.rpartition("/")[0] == name}
        for item in source.items:
            record = self._unfinished(folder, source, item) or _new_record(source, item, name, self._run, taken)
            if record not in self._manifest.document["files"]:
                self._manifest.document["files"].append(record)
            records.append(record)
        return records

    def _open_folder(self, name: str, *, is_new_allowed: bool) -> PrivateFolder:
        """Open the folder of a cache, once, and take away what killed runs left there."""
        if not name:
            return self._folders.setdefault(name, self._host)
        if name not in self._folders:
            self._folders[name] = self._host.below(name, is_new_allowed=is_new_allowed)
            self._folders[name].remove_drafts()
        return self._folders[name]

    def _unfinished(self, folder: PrivateFolder, source: BackupSource, item: BackupItem) -> CopyRecord | None:
        """Return the copy that an earlier run listed, unless other bytes are under its name by now."""
        record = self._manifest.unfinished(source.kept.path, path_of(item.artifact), item.sha256)
        if record is None:
            return None
        kept = [(record["note"], record["note_sha256"]), (record["name"] or "", record["sha256"])]
        names = {path.rpartition("/")[2]: sha256 for path, sha256 in kept}
        existing = folder.names()
        if any(folder.sha256(name) != names[name] for name in names.keys() & existing):
            return None
        if record["note"].rpartition("/")[2] not in existing:
            # it will be this run's, which the list says before it is made: another kill may come
            record["note_sha256"] = hashlib.sha256(item.note).hexdigest()
        return record

    def _copy(self, source: BackupSource, records: list[CopyRecord]) -> Saved:
        """Make the copies of a source; where one cannot be read, all of them are taken away again."""
        before, now = len(self._made), iso_time(time.time_ns())
        try:
            for item, record in zip(source.items, records, strict=True):
                self._copy_item(source, item, record)
        except _SourceRefused as error:
            if not self._target.is_split:
                raise
            for folder, name in self._made[before:]:
                folder.remove(name)
            del self._made[before:]
            files = self._manifest.document["files"]
            # an earlier run may have made copies that it lists
            files[:] = [file for file in files if file["run"] != self._run or file not in records]
            return Saved([], error)
        for record in records:
            record["saved"] = record["saved"] or now
        above = f"{harmless(self._target.identity.host)}/" if self._target.is_split else ""
        return Saved([above + (record["name"] or record["note"].removesuffix(".json")) for record in records])

    def _copy_item(self, source: BackupSource, item: BackupItem, record: CopyRecord) -> None:
        folder = self._folders[record["note"].rpartition("/")[0]]
        note = record["note"].rpartition("/")[2]
        name, existing = note.removesuffix(".json"), folder.names()
        if item.sha256 is None and item.artifact.size:
            hint = "See to its permissions. Nothing was removed."
            raise _SourceRefused(f"{name} cannot be read, and so not be kept.", path=folder.path, hint=hint)
        if item.sha256 is not None and name not in existing:
            state = hashlib.sha256()
            with folder.new_file(name) as copy:
                for chunk in _chunks(source.cache, item.artifact):
                    state.update(chunk)
                    copy.add(chunk)
                if state.hexdigest() != item.sha256:
                    hint = "Nothing was removed; run it again."
                    raise _SourceRefused(f"{name} changed while it was copied.", path=folder.path, hint=hint)
            self._made.append((folder, name))
        if note not in existing:
            with folder.new_file(note) as file:
                file.add(item.note)
            self._made.append((folder, note))

    def note(self, results: Mapping[str, CacheResult]) -> None:
        """Note what became of the entries.

        Raises:
            FileNotFoundError: nothing was kept.
            OSError: the list cannot be written.
        """
        if self._old_list is None:
            raise FileNotFoundError
        self._manifest.note_results(results)
        self._write_list()
        self._host.sync()

    def _write_list(self) -> None:
        for name, data in ((MANIFEST, self._manifest.dump()), (SUMS, self._manifest.sums())):
            self._host.replace(name, data)


_NAME_ANOTHER = "Name another folder."


def _chunks(cache: Cache, artifact: Artifact) -> Iterator[bytes]:
    """Yield the bytes of an artifact.

    Raises:
        _SourceRefused: they cannot be read.
    """
    try:
        with open_body(cache, artifact) as body:
            yield from body.window.chunks()
    except OSError as error:
        hint = "See to its permissions. Nothing was removed."
        why = error.strerror or str(error)
        raise _SourceRefused(f"{_filename(artifact)} cannot be read: {why}.", path=cache.root, hint=hint) from None


def _new_record(source: BackupSource, item: BackupItem, folder: str, run: int, taken: set[str]) -> CopyRecord:
    """Return the record of a copy under a free name, and add its names to ``taken``."""
    filename = name = _filename(item.artifact)
    number = 1
    while {name.casefold(), f"{name}.json".casefold()} & taken:
        number += 1
        name = f"{number}-{filename}"
    taken |= {name.casefold(), f"{name}.json".casefold()}
    path = f"{folder}/{name}" if folder else name
    artifact = item.artifact
    return {
        "name": None if item.sha256 is None else path,
        "sha256": item.sha256,
        "size": artifact.size,
        "note": f"{path}.json",
        "note_sha256": hashlib.sha256(item.note).hexdigest(),
        "cache": source.kept.path,
        "owner": source.kept.owner,
        "uid": source.kept.uid,
        "entry": path_of(artifact),
        "key": artifact.key,
        "downloaded": iso_time(artifact.made_ns),
        "saved": None,
        "removed": None,
        "looked": None,
        "fate": None,
        "run": run,
    }


def _filename(artifact: Artifact) -> str:
    """Return a name for a copy: the artifact's file name where its characters are harmless, else its key."""
    name = artifact.filename or (f"{artifact.project}.page" if artifact.kind is Kind.PAGE else "")
    names = (name, artifact.key or "", os.path.basename(path_of(artifact)))
    return next(filter(re.compile(r"[A-Za-z0-9_][A-Za-z0-9._+!-]{0,199}").fullmatch, names), "entry")
