"""Which artifacts no pip can use again."""

import stat as stat_module
from collections.abc import Collection, Mapping
from typing import NamedTuple

from pipcache.inventory.artifact import Artifact
from pipcache.removal.plan import Candidate, Reason, is_young
from pipcache.store.cachecontrol import Frame
from pipcache.store.entries import BuiltEntry, HttpEntry, Leftover, StrayEntry, entry_path
from pipcache.store.layout import Store
from pipcache.store.scan import FolderContents

DAY = 86400.0
"""Seconds of a day."""

UNUSED_STORE = 90 * DAY
"""Seconds without use after which a store that only old pips read goes."""


class DeadWeightRules(NamedTuple):
    """The facts that decide whether an artifact is dead weight.

    ``now`` is in seconds since the epoch, ``folder_contents`` says what lies in leftover folders, by their paths,
    ``links`` are the paths of links, and ``old_layouts`` is as in the policies.
    """

    now: float
    folder_contents: Mapping[str, FolderContents]
    links: Collection[str] = ()
    old_layouts: bool | None = None

    def judge(self, artifact: Artifact, unused_stores: Mapping[Store, str]) -> Candidate | None:
        """Return why no pip can use an artifact again; None where one may.

        Args:
            artifact: An artifact of the cache.
            unused_stores: The stores that go as a whole because only old pips read them, and why.
        """
        match artifact.entry:
            case HttpEntry() as entry:
                problem = self._problem_of_http(artifact, entry)
            case BuiltEntry():
                is_legacy = artifact.build_key is not None and artifact.build_key.is_legacy
                text = "under a key of pip before 20.0; no pip since 21.0 looks there"
                problem = text if is_legacy and self.old_layouts is not False else None
            case StrayEntry() as entry:
                problem = self._problem_of_leftover(artifact, entry)
            case _:
                problem = None
        if problem is not None:
            return Candidate(artifact, Reason.DEAD_WEIGHT, problem)
        why_unused = unused_stores.get(artifact.store)
        if why_unused is not None and is_of_old_layout(artifact):
            return Candidate(artifact, Reason.OLD_LAYOUT, why_unused)
        return None

    def _problem_of_http(self, artifact: Artifact, entry: HttpEntry) -> str | None:
        if artifact.frame is Frame.OLD and self.old_layouts is not False:
            return artifact.problem or "of an old pip"
        if is_in_flight(artifact, self.now) or self._has_linked_part(entry):
            return None
        if entry.head is None:
            return "a body without a head: pip never reads it"
        if artifact.frame is Frame.BROKEN and not self._is_young(entry):
            return f"an unreadable head: {artifact.problem}"
        lacks_body = entry.store is Store.HTTP_V2 and entry.body is None and artifact.frame is Frame.CURRENT
        if lacks_body and not artifact.is_redirect:
            return "a head without a body: pip downloads the file again"
        return None

    def _problem_of_leftover(self, artifact: Artifact, entry: StrayEntry) -> str | None:
        match entry.why:
            case Leftover.TEMPORARY | Leftover.LOCK | Leftover.BUILD_FOLDER:
                return entry.why if self.now - self._last_change(entry) > DAY else None
            case Leftover.ORIGIN:
                return None if self._is_young(entry) else entry.why
            case Leftover.NOTE:
                return artifact.obsolete
            case _:
                return None

    def _has_linked_part(self, entry: HttpEntry) -> bool:
        """Return whether a part that seems to be missing is a link: pip reads through it."""
        path = entry_path(entry)
        return path.removesuffix(".body") in self.links or f"{path}.body" in self.links

    def _last_change(self, entry: StrayEntry) -> float:
        """Return when a leftover, or anything in it, was last changed: seconds since the epoch."""
        contents = self.folder_contents.get(entry_path(entry), FolderContents([], [], [], []))
        are_regular = [stat_module.S_ISREG(file.stat.st_mode) for file in contents.files]
        if contents.problems or (are_regular and not any(are_regular)):
            return self.now  # what cannot be looked at may be younger, and of links alone nothing can be removed
        return max(file.stat.st_mtime for file in (entry.file, *contents.files, *contents.folders))

    def _is_young(self, entry: HttpEntry | StrayEntry) -> bool:
        files = (entry.head, entry.body) if isinstance(entry, HttpEntry) else (entry.file,)
        return any(file is not None and is_young(file.stat, self.now) for file in files)


def is_in_flight(artifact: Artifact, now: float) -> bool:
    """Return whether a download lacks a part that a running pip may be about to write.

    ``now`` is in seconds since the epoch.
    """
    entry = artifact.entry
    if not isinstance(entry, HttpEntry) or entry.store is Store.HTTP or artifact.is_redirect:
        return False
    parts = [file for file in (entry.head, entry.body) if file is not None]
    return len(parts) < 2 and any(is_young(file.stat, now) for file in parts)


def is_of_old_layout(artifact: Artifact) -> bool:
    """Return whether an artifact is one that goes with a store which only old pips read."""
    entry = artifact.entry
    return isinstance(entry, HttpEntry) or (isinstance(entry, StrayEntry) and entry.why is Leftover.OLD_NOTE)
