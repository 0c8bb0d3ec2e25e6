"""What would be removed, why, and in which order. Pure functions."""

import os
import stat as stat_module
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from enum import StrEnum
from typing import NamedTuple

from pipcache.inventory.artifact import Artifact, Kind, path_of
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
    odd_type,
)
from pipcache.store.scan import FolderContents
from pipcache.util.filenames import normalise
from pipcache.util.files import File, Status

OTHER_FILE_SYSTEM = "another file system is mounted there, and nothing is removed across"

YOUNG = 600
"""Seconds after a change in which pip may still be writing to a file or folder."""


Inode = tuple[int, int] | str
"""A device and the number of an inode there, or the path of a file that has no other link."""


class Reason(StrEnum):
    """Why an entry goes."""

    MATCH = "match"  # a selector matches it
    COPY = "copy"  # it has the bytes of a match, under another key
    PAGE = "page"  # an index page of a project of which a file goes
    STORE = "store"  # its whole store is cleared
    LEFTOVER = "leftover"  # pip left it behind in a store that is cleared
    DAMAGED = "damaged"  # its verdict
    POISONED = "poisoned"  # its verdict
    ADVISORY = "advisory"  # a clause of an advisory matches it
    DERIVED = "derived"  # it was made from an artifact that goes, or lists it
    OUTDATED = "outdated"  # its index has another page by now, or none
    WITHDRAWN = "withdrawn"  # its index does not give it out any more
    DEAD_WEIGHT = "dead-weight"  # no pip can use it again
    OLD_LAYOUT = "old-layouts"  # only pips before 23.3 read it
    CI = "ci"  # fetching it again is as fast as restoring it
    KEEP_FOR = "keep-for"  # no file of --keep-for names it
    KEEP_LATEST = "keep-latest"  # there are newer versions
    DUPLICATES = "duplicates"  # a newer download has the same bytes
    UNUSED_FOR = "unused-for"  # it was not used for so long
    OLDER_THAN = "older-than"  # it was not used for so long
    MAX_SIZE = "max-size"  # the cache is too large


class Candidate(NamedTuple):
    """An artifact that should go, and why; ``detail`` says more of the reason, as in a Removal."""

    artifact: Artifact
    reason: Reason
    detail: str


class Removal(NamedTuple):
    """An entry that goes, with its files.

    ``files`` are removed in their order, the one that pip trusts first; a file goes only when those before it are
    gone. ``detail`` says more of the reason: the selector, the file, the project, or what was left behind.
    """

    entry: Entry
    files: tuple[File, ...]
    reason: Reason
    detail: str
    artifact: Artifact | None = None


class Left(NamedTuple):
    """A file, folder or link that does not go, and why.

    ``is_link`` is true for a symbolic link, ``is_mount`` where another file system is mounted.
    """

    path: str
    why: str
    is_link: bool = False
    is_mount: bool = False


class Plan(NamedTuple):
    """What goes, in order; the empty folders that go with it; what is left alone."""

    removals: tuple[Removal, ...]
    folders: tuple[str, ...] = ()
    left: tuple[Left, ...] = ()

    @property
    def is_empty(self) -> bool:
        """True when nothing goes."""
        return not self.removals and not self.folders

    @property
    def files(self) -> int:
        """The number of files that go."""
        return sum(len(removal.files) for removal in self.removals)

    @property
    def size(self) -> int:
        """The bytes that the file system would free, as ``allocated`` counts them."""
        return allocated(file for removal in self.removals for file in removal.files)


def allocated(files: Iterable[File]) -> int:
    """Return the bytes of disk that removing ``files`` frees.

    A file with several hard links counts once, and only when all its links are among ``files``.
    """
    return sum(space_by_inode(list(files)).values())


def given_back(status: os.stat_result) -> tuple[int, bool]:
    """Return the bytes that removing a file frees, and whether this is exact; if not, it is a lower bound."""
    blocks: int | None = getattr(status, "st_blocks", None)
    return (status.st_size, False) if blocks is None else (blocks * 512, True)


def space_by_inode(files: Collection[File]) -> dict[Inode, int]:
    """Return the bytes of disk that removing ``files`` frees, by inode.

    An inode with hard links that are not among ``files`` is left out.
    """
    links = Counter(map(inode_of, files))
    return {inode: file.allocated for file in files if links[inode := inode_of(file)] >= file.stat.st_nlink}


def inode_of(file: File) -> Inode:
    """Return what the hard links of a file have in common; the path where it has a single link."""
    # listing a folder gives no inode numbers on Windows, and no numbers of links
    return (file.stat.st_dev, file.stat.st_ino) if file.stat.st_nlink > 1 else file.path


def plan_removal(
    matches: Sequence[Match],
    copies: Sequence[tuple[Artifact, Artifact]],
    allowed: Sequence[Artifact],
    artifacts: Sequence[Artifact],
    *,
    keep_pages: bool,
) -> Plan:
    """Return the plan for the matches of selectors, their copies, and the index pages of their projects.

    Args:
        matches: What the selectors match.
        copies: Artifacts with the bytes of a match, each with that match.
        allowed: What the filters let pass; index pages are taken from these only.
        artifacts: All artifacts of the cache.
        keep_pages: No index page goes.
    """
    candidates: dict[str, Candidate] = {}
    for match in matches:
        texts = ", ".join(dict.fromkeys(selector.text for selector in match.selectors))
        candidates[path_of(match.artifact)] = Candidate(match.artifact, Reason.MATCH, texts)
    for copy, original in copies:
        name = original.filename or original.key or path_of(original)
        candidates.setdefault(path_of(copy), Candidate(copy, Reason.COPY, name))
    projects = {
        project for match in matches if match.artifact.kind is not Kind.PAGE for project in _projects_of(match)
    }
    for page in allowed:
        if page.kind is Kind.PAGE and (project := _first_project(page, projects)) is not None:
            candidates.setdefault(path_of(page), Candidate(page, Reason.PAGE, project))
    return plan_artifacts(
        [
            candidate
            for candidate in candidates.values()
            if not (keep_pages and candidate.artifact.kind is Kind.PAGE)
        ],
        artifacts,
    )


def plan_artifacts(candidates: Iterable[Candidate], artifacts: Sequence[Artifact]) -> Plan:
    """Return the plan for ``candidates``, each of which is one of ``artifacts``: all that is in the cache.

    Entries go, and an ``origin.json`` without a wheel. Other candidates, and all links, are left.
    """
    by_path = {path_of(candidate.artifact): candidate for candidate in candidates}
    removed = {path for path, candidate in by_path.items() if _is_removable(candidate.artifact.entry)}
    last_wheels = find_last_wheels((artifact.entry for artifact in artifacts), removed)
    removals = [
        Removal(artifact.entry, files_of(artifact.entry, last_wheels), reason, detail, artifact)
        for path, (artifact, reason, detail) in by_path.items()
        if path in removed
    ]
    left = [
        leave(artifact.entry)
        for artifact in artifacts
        if is_link(artifact.entry) or path_of(artifact) in by_path.keys() - removed
    ]
    return Plan(_evidence_last(removals), left=tuple(left))


def _projects_of(match: Match) -> set[str]:
    """Return the projects that a match may be of and that its selectors can select."""
    projects = {normalise(claim.project) for claim in match.artifact.claims if claim.project}
    return {project for project in projects if any(selector.concerns(project) for selector in match.selectors)}


def _first_project(page: Artifact, projects: set[str]) -> str | None:
    """Return the first of ``projects`` that an index page claims to be of."""
    return next(
        (name for claim in page.claims if claim.project and (name := normalise(claim.project)) in projects), None
    )


def find_last_wheels(entries: Iterable[Entry], removed: Collection[str]) -> set[str]:
    """Return the paths of the wheels with which the ``origin.json`` of their folder goes.

    The wheels of a folder share one ``origin.json``. It goes when all of them do, with the last.

    Args:
        entries: All entries of the cache.
        removed: The paths of the entries that go.
    """
    folders: dict[str, list[str]] = {}
    for entry in entries:
        if isinstance(entry, BuiltEntry):
            folders.setdefault(os.path.dirname(entry.wheel.path), []).append(entry.wheel.path)
    return {max(wheels) for wheels in folders.values() if all(wheel in removed for wheel in wheels)}


def files_of(entry: Entry, last_wheels: Collection[str]) -> tuple[File, ...]:
    """Return the files that go with an entry; ``origin.json`` is one for the wheels in ``last_wheels`` only."""
    if isinstance(entry, BuiltEntry) and entry.wheel.path not in last_wheels:
        return (entry.wheel,)
    return entry_files(entry)


def split_contents(contents: FolderContents) -> tuple[tuple[File, ...], list[Left]]:
    """Return the files of a folder that go with it, and what is left: links, and what could not be looked at."""
    files = tuple(file for file in contents.files if odd_type(file) is None)
    odd_files = [
        Left(file.path, why, stat_module.S_ISLNK(file.stat.st_mode))
        for file in contents.files
        if (why := odd_type(file)) is not None
    ]
    return files, [*odd_files, *map(leave, contents.problems)]


def in_order(removals: Iterable[Removal]) -> tuple[Removal, ...]:
    """Return ``removals`` by path, so that each folder is opened once."""
    return tuple(sorted(removals, key=lambda removal: entry_path(removal.entry)))


def _evidence_last(removals: Sequence[Removal]) -> tuple[Removal, ...]:
    """Return ``removals`` in an order in which entries that led to others are removed last.

    So an interrupted removal can be repeated: the same command finds what is left.
    """
    ranks: dict[str, int] = {}
    for rank, removal in enumerate(removals, 1):
        if removal.reason in {Reason.COPY, Reason.DERIVED, Reason.PAGE}:
            ranks[_group(removal.entry)] = rank
    return tuple(sorted(in_order(removals), key=lambda removal: -ranks.get(_group(removal.entry), 0)))


def _group(entry: Entry) -> str:
    """Return what keeps removals together: the folder of wheels that share an origin, else the entry's path."""
    return os.path.dirname(entry_path(entry)) if isinstance(entry, BuiltEntry) else entry_path(entry)


def _is_removable(entry: Entry) -> bool:
    """Return whether it is an entry, or the origin of a removed wheel, which an interrupted removal leaves."""
    return isinstance(entry, (HttpEntry, BuiltEntry)) or (
        isinstance(entry, StrayEntry) and entry.why is Leftover.ORIGIN
    )


def leave(entry: Entry) -> Left:
    """Return an entry as left alone, with the reason."""
    match entry:
        case StrayEntry():
            why: str = entry.why
        case UnreadableEntry(error=error):
            why = f"could not be looked at: {error}"
        case _:
            why = "an entry of a store"
    return Left(entry_path(entry), why, is_link(entry))


def is_young(status: Status, now: float) -> bool:
    """Return whether a file or folder was changed so lately (or in the future) that pip may be writing to it.

    ``now`` is in seconds since the epoch.
    """
    return now - status.st_mtime < YOUNG
