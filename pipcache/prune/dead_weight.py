"""Which artifacts no pip can use again."""

import stat as stat_module
from collections.abc import Collection, Mapping
from typing import NamedTuple

from pipcache.inventory.artifact import Artifact
from pipcache.removal.plan import Reason, is_young
from pipcache.store.cachecontrol import Frame
from pipcache.store.entries import BuiltEntry, HttpEntry, Leftover, StrayEntry, entry_path
from pipcache.store.layout import Store
from pipcache.store.scan import Contents

DAY = 86400.0

UNUSED_STORE = 90 * DAY
"""Seconds after which a store that only old pips read counts as given up."""


class Weighing(NamedTuple):
    """What dead weight is told from.

    ``now`` is in seconds since the epoch, ``insides`` by the folders' paths; ``links`` are paths of links.
    ``old`` takes what only pips before 23.3 use: True always, False never, None where it was given up.
    """

    now: float
    insides: Mapping[str, Contents]
    links: Collection[str] = ()
    old: bool | None = None

    def verdict(self, artifact: Artifact, given_up: Mapping[Store, str]) -> tuple[Reason, str] | None:
        """Return why an artifact is of no use, None where it may be; ``given_up`` is why stores go."""
        match artifact.entry:
            case HttpEntry() as entry:
                return self._of_http(artifact, entry) or self._of_old(artifact, given_up)
            case BuiltEntry():
                is_legacy = artifact.build_key is not None and artifact.build_key.is_legacy
                text = "under a key of pip before 20.0; no pip since 21.0 looks there"
                return (Reason.DEAD_WEIGHT, text) if is_legacy and self.old is not False else None
            case StrayEntry(why=Leftover.OLD_NOTE):
                return self._of_old(artifact, given_up)
            case StrayEntry() as entry:
                why = self._of_leftover(artifact, entry)
                return None if why is None else (Reason.DEAD_WEIGHT, why)
            case _:
                return None

    def _of_http(self, artifact: Artifact, entry: HttpEntry) -> tuple[Reason, str] | None:
        if artifact.frame is Frame.OLD and self.old is not False:
            return Reason.DEAD_WEIGHT, artifact.problem or "of an old pip"
        if is_in_flight(artifact, self.now) or self._is_linked(entry):
            return None
        if entry.head is None:
            return Reason.DEAD_WEIGHT, "a body without a head: pip never reads it"
        if artifact.frame is Frame.BROKEN and not self._is_young(entry):
            return Reason.DEAD_WEIGHT, f"an unreadable head: {artifact.problem}"
        is_torn = entry.store is Store.HTTP_V2 and entry.body is None and artifact.frame is Frame.CURRENT
        if is_torn and not artifact.is_redirect:
            return Reason.DEAD_WEIGHT, "a head without a body: pip takes it for a miss"
        return None

    def _of_old(self, artifact: Artifact, given_up: Mapping[Store, str]) -> tuple[Reason, str] | None:
        why = given_up.get(artifact.store)
        return None if why is None else (Reason.OLD_LAYOUT, why)

    def _of_leftover(self, artifact: Artifact, entry: StrayEntry) -> str | None:
        match entry.why:
            case Leftover.TEMPORARY | Leftover.LOCK | Leftover.BUILD_FOLDER:
                return entry.why if self.now - self._touched(entry) > DAY else None
            case Leftover.ORIGIN:
                return None if self._is_young(entry) else entry.why
            case Leftover.NOTE:
                return artifact.obsolete
            case _:
                return None

    def _is_linked(self, entry: HttpEntry) -> bool:
        """Return whether a part that seems to be missing is a link: pip reads through it."""
        path = entry_path(entry)
        return path.removesuffix(".body") in self.links or f"{path}.body" in self.links

    def _touched(self, entry: StrayEntry) -> float:
        """Return when anything in a leftover was last changed: seconds since the epoch."""
        inside = self.insides.get(entry_path(entry), Contents([], [], [], []))
        can_go = [stat_module.S_ISREG(file.stat.st_mode) for file in inside.files]
        if inside.problems or (can_go and not any(can_go)):
            return self.now  # what cannot be looked at may be younger; and nothing goes where there are but links
        return max(file.stat.st_mtime for file in (entry.file, *inside.files, *inside.folders))

    def _is_young(self, entry: HttpEntry | StrayEntry) -> bool:
        files = (entry.head, entry.body) if isinstance(entry, HttpEntry) else (entry.file,)
        return any(file is not None and is_young(file.stat, self.now) for file in files)


def is_in_flight(artifact: Artifact, now: float) -> bool:
    """Return whether a download lacks a part that a running pip may be about to write."""
    entry = artifact.entry
    if not isinstance(entry, HttpEntry) or entry.store is Store.HTTP or artifact.is_redirect:
        return False
    there = [file for file in (entry.head, entry.body) if file is not None]
    return len(there) < 2 and any(is_young(file.stat, now) for file in there)
