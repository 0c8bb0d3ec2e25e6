"""The copies that ``remove --advisory --save`` keeps, and the list of them."""

import os
import time
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from pipcache.audit.auditor import AuditReport
from pipcache.audit.derivation import Hit
from pipcache.location.machine import MachineCache
from pipcache.location.ownership import Ownership
from pipcache.removal.backup import BackupItem, BackupSource, BackupTarget, Saved, note_results, save_copies
from pipcache.removal.manifest import CacheResult, KeptCache
from pipcache.render.console import say
from pipcache.render.json.audit import note_record
from pipcache.render.json.writer import dump
from pipcache.store.cache import Cache
from pipcache.util.identity import this_run, user_name
from pipcache.util.run import Run
from pipcache.util.units import counted
from pipcache.util.untrusted import clean


class KeptHits(NamedTuple):
    """The hits of a cache that are to be kept."""

    place: MachineCache
    ownership: Ownership | None
    hits: Sequence[Hit]


class Copies:
    """Keeps copies in a folder, and the list of them."""

    def __init__(self, folder: str, report: AuditReport, run: Run) -> None:
        """Take the folder and the audit; over all caches of a machine each has a folder of its own."""
        self._report, self._run = report, run
        files = report.advisories.files
        self._target = BackupTarget(
            folder=folder,
            is_split=report.everywhere,
            identity=this_run(),
            started=time.time_ns(),
            advisories=[{"name": file.name, "sha256": file.sha256, "records": file.records} for file in files],
            roots=[cache.directory.path for cache in report.caches],
        )

    def keep(self, caches: Sequence[KeptHits]) -> list[Saved]:
        """Keep copies of hits, and return what was kept of each cache.

        Raises:
            NotSaved: copies could not be kept.
        """
        answers = save_copies([self._source(cache) for cache in caches], self._target)
        count = sum(len(answer.names) for answer in answers)
        say(f"Kept copies of {counted(count, 'file')} in {clean(os.path.abspath(self._target.folder))}.")
        return answers

    def _source(self, cache: KeptHits) -> BackupSource:
        identity, path = self._target.identity, cache.place.cache.path
        uid = None if cache.ownership is None else cache.ownership.uid
        owner = identity.user if uid is None else user_name(uid)
        return BackupSource(Cache(path), KeptCache(path, owner, uid), [self._item(hit) for hit in cache.hits])

    def note_results(self, results: Mapping[str, CacheResult]) -> None:
        """Note in the list what became of the entries.

        Raises:
            NotSaved: the list cannot be written.
        """
        note_results(results, self._target)

    def _item(self, hit: Hit) -> BackupItem:
        note = dump(note_record(hit, self._report, self._run)).encode()
        return BackupItem(hit.artifact, None if hit.digests is None else hit.digests.sha256, note + b"\n")
