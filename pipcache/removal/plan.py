"""What would be removed, why, and in which order. Pure."""

import os
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from enum import StrEnum
from typing import NamedTuple

from pipcache.inventory.artifact import Artifact, Kind
from pipcache.query.selection import Match
from pipcache.store.entries import (
    BuiltEntry,
    Entry,
    HttpEntry,
    Leftover,
    StrayEntry,
    UnreadableEntry,
    entry_files,
    entry_path,
    is_link,
)
from pipcache.util.filenames import normalise
from pipcache.util.files import File

YOUNG = 600
"""Seconds in which pip may still be at work on what it touched."""


class Reason(StrEnum):
    """Why something goes."""

    MATCH = "match"  # a selector means it
    COPY = "copy"  # the bytes of a match, under another key
    PAGE = "page"  # an index page of a project whose file goes
    STORE = "store"  # its whole store is cleared
    LEFTOVER = "leftover"  # pip left it behind in a store that is cleared
    DAMAGED = "damaged"  # it was judged to be that
    POISONED = "poisoned"  # as above
    ADVISORY = "advisory"  # a clause of an advisory means it
    DERIVED = "derived"  # it was made from that, or lists it
    DEAD_WEIGHT = "dead-weight"  # no pip can use it again
    OLD_LAYOUT = "old-layouts"  # only pips before 23.3 read it
    CI = "ci"  # fetching it again is as fast as restoring it
    KEEP_FOR = "keep-for"  # no file that is kept for names it
    KEEP_LATEST = "keep-latest"  # there are newer versions
    DUPLICATES = "duplicates"  # its bytes are there under another key
    UNUSED_FOR = "unused-for"  # nobody used it for so long
    OLDER_THAN = "older-than"  # as above
    MAX_SIZE = "max-size"  # the cache is too large


class Removal(NamedTuple):
    """Files that go together, the one pip trusts first; the last of several goes when those before it are gone.

    ``detail`` says of what the reason is: a selector, a file, a project, what was left behind.
    """

    entry: Entry
    files: tuple[File, ...]
    reason: Reason
    detail: str
    artifact: Artifact | None = None


class Left(NamedTuple):
    """What lies there and does not go, and why not."""

    path: str
    why: str


class Plan(NamedTuple):
    """What goes, in order; folders that are empty already and go with it; what is left alone."""

    removals: tuple[Removal, ...]
    folders: tuple[str, ...] = ()
    left: tuple[Left, ...] = ()

    @property
    def is_empty(self) -> bool:
        """True when nothing goes."""
        return not self.removals and not self.folders

    @property
    def files(self) -> int:
        """How many files go."""
        return sum(len(removal.files) for removal in self.removals)

    @property
    def size(self) -> int:
        """Bytes the file system would give back: a file with other names elsewhere gives back nothing."""
        return allocated(file for removal in self.removals for file in removal.files)


def allocated(files: Iterable[File]) -> int:
    """Return the bytes that go with ``files``; a file counts when all its hard links are among them, and once."""
    total = 0
    linked: Counter[tuple[int, int]] = Counter()
    for file in files:
        status = file.stat
        if status.st_nlink > 1:
            linked[status.st_dev, status.st_ino] += 1
            if linked[status.st_dev, status.st_ino] < status.st_nlink:
                continue
        total += file.allocated
    return total


def plan_removal(
    matches: Sequence[Match],
    copies: Sequence[tuple[Artifact, Artifact]],
    allowed: Sequence[Artifact],
    catalogue: Sequence[Artifact],
    *,
    keep_pages: bool,
) -> Plan:
    """Return the plan for what selectors mean, ``copies`` of it, and the index pages of the projects it is of.

    Only entries, and origins without a wheel, are planned; other matches are left. Pages come from ``allowed``.
    """
    whys: dict[str, tuple[Artifact, Reason, str]] = {}
    for match in matches:
        texts = ", ".join(dict.fromkeys(selector.text for selector in match.selectors))
        whys[entry_path(match.artifact.entry)] = match.artifact, Reason.MATCH, texts
    for copy, original in copies:
        name = original.filename or original.key or entry_path(original.entry)
        whys.setdefault(entry_path(copy.entry), (copy, Reason.COPY, name))
    projects = {name for match in matches if match.artifact.kind is not Kind.PAGE for name in _meant(match)}
    for page in allowed:
        if page.kind is Kind.PAGE and (project := _first(page, projects)) is not None:
            whys.setdefault(entry_path(page.entry), (page, Reason.PAGE, project))
    if keep_pages:
        whys = {path: why for path, why in whys.items() if why[0].kind is not Kind.PAGE}
    return plan_artifacts(whys.values(), catalogue)


def plan_artifacts(reasons: Iterable[tuple[Artifact, Reason, str]], catalogue: Sequence[Artifact]) -> Plan:
    """Return the plan for artifacts of the catalogue, each with its reason and of what that is; links are left."""
    whys = {entry_path(artifact.entry): (artifact, reason, detail) for artifact, reason, detail in reasons}
    going = {path for path, (artifact, _, _) in whys.items() if _is_removable(artifact.entry)}
    takers = find_takers((artifact.entry for artifact in catalogue), going)
    removals = [
        Removal(artifact.entry, files_of(artifact.entry, takers), reason, detail, artifact)
        for path, (artifact, reason, detail) in whys.items()
        if path in going
    ]
    left = [
        Left(entry_path(artifact.entry), why_left(artifact.entry))
        for artifact in catalogue
        if is_link(artifact.entry) or entry_path(artifact.entry) in whys.keys() - going
    ]
    return Plan(_proof_last(removals), left=tuple(left))


def _meant(match: Match) -> set[str]:
    """Return the projects of a match that its selectors can be about."""
    names = {normalise(claim.project) for claim in match.artifact.claims if claim.project}
    return {name for name in names if any(selector.concerns(name) for selector in match.selectors)}


def _first(page: Artifact, projects: set[str]) -> str | None:
    return next(
        (name for claim in page.claims if claim.project and (name := normalise(claim.project)) in projects), None
    )


def find_takers(entries: Iterable[Entry], going: Collection[str]) -> set[str]:
    """Return the wheels an ``origin.json`` goes with: of each folder all of whose wheels go, the last."""
    folders: dict[str, list[str]] = {}
    for entry in entries:
        if isinstance(entry, BuiltEntry):
            folders.setdefault(os.path.dirname(entry.wheel.path), []).append(entry.wheel.path)
    return {max(wheels) for wheels in folders.values() if all(wheel in going for wheel in wheels)}


def files_of(entry: Entry, takers: Collection[str]) -> tuple[File, ...]:
    """Return the files that go with an entry, given the wheels that take the ``origin.json`` of their folder."""
    if isinstance(entry, BuiltEntry) and entry.wheel.path not in takers:
        return (entry.wheel,)
    return entry_files(entry)


def in_order(removals: Iterable[Removal]) -> tuple[Removal, ...]:
    """Return ``removals`` folder by folder: so each folder is opened once."""
    return tuple(sorted(removals, key=lambda removal: entry_path(removal.entry)))


def _proof_last(removals: Sequence[Removal]) -> tuple[Removal, ...]:
    """Return ``removals`` so that nothing goes before what was found only by means of it.

    Then after an interruption there is still what proves the rest, and the same command finds it.
    """
    ranks: dict[str, int] = {}
    for rank, removal in enumerate(removals, 1):
        if removal.reason in {Reason.COPY, Reason.DERIVED, Reason.PAGE}:
            ranks[_place(removal.entry)] = rank
    return tuple(sorted(in_order(removals), key=lambda removal: -ranks.get(_place(removal.entry), 0)))


def _place(entry: Entry) -> str:
    """Return the folder of a built wheel, whose wheels share their origin, or the place of another entry."""
    return os.path.dirname(entry_path(entry)) if isinstance(entry, BuiltEntry) else entry_path(entry)


def _is_removable(entry: Entry) -> bool:
    """True for entries, and for the origin of a wheel that is gone, which an interrupted removal leaves."""
    return isinstance(entry, (HttpEntry, BuiltEntry)) or (
        isinstance(entry, StrayEntry) and entry.why == Leftover.ORIGIN
    )


def why_left(entry: Entry) -> str:
    """Return why something is not removed."""
    match entry:
        case StrayEntry(why=why):
            return why
        case UnreadableEntry(error=error):
            return f"could not be looked at: {error}"
        case _:
            return "an entry of a store"


def is_young(status: os.stat_result, now: float) -> bool:
    """Return whether something was touched so lately that pip may still be at work on it (or in the future)."""
    return now - status.st_mtime < YOUNG
