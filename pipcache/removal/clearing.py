"""The plan of ``clear``, with the files that pip left behind."""

import os
import stat as stat_module
from collections.abc import Callable
from typing import NamedTuple, TypeGuard

from pipcache.removal.plan import Left, Plan, Reason, Removal, files_of, find_takers, in_order, is_young, why_left
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
from pipcache.store.layout import Store
from pipcache.store.scan import Contents, Survey
from pipcache.util.files import File, is_folder


class Clearing(NamedTuple):
    """What ``clear`` is to take: whole stores, what only old pips read, and what a pip may be at work on."""

    stores: frozenset[Store]
    old_layouts: bool = False
    force: bool = False

    def wants(self, entry: Entry) -> bool:
        """Return whether ``entry`` belongs to what is cleared."""
        if entry.store in self.stores:
            return True
        is_old = entry.store is Store.HTTP or (isinstance(entry, StrayEntry) and entry.why in _OLD)
        return self.old_layouts and is_old

    def sweeps(self, folder: str) -> bool:
        """Return whether an empty folder belongs to what is cleared."""
        top = folder.partition(os.sep)[0]
        return top in self.stores or (self.old_layouts and top == Store.HTTP)


_OLD = frozenset({Leftover.LOCK, Leftover.OLD_NOTE})


def plan_clearing(survey: Survey, look: Callable[[StrayEntry], Contents], clearing: Clearing, now: float) -> Plan:
    """Return the plan for everything that pip can make again; ``look`` gives what is in a build folder.

    Strays, links and what could not be looked at are left, and at the time ``now`` (seconds since the epoch)
    what a running pip may not have finished.
    """
    removals: list[Removal] = []
    left: list[Left] = []
    folders = [folder for folder in survey.empty if clearing.sweeps(folder)]
    takers = find_takers(survey.entries, {entry_path(entry) for entry in survey.entries})
    for entry in survey.entries:
        if isinstance(entry, UnreadableEntry) or (isinstance(entry, StrayEntry) and entry.why not in _LEFTOVERS):
            if clearing.wants(entry) or entry.store is Store.STRAY or is_link(entry):
                left.append(Left(entry_path(entry), why_left(entry)))
            continue
        if not clearing.wants(entry):
            continue
        files, touched = files_of(entry, takers), entry_files(entry)
        if is_leftover_folder(entry):
            inside = look(entry)
            files, others = is_inside(inside)
            touched = (entry.file, *inside.files, *inside.folders)
            left += others
            folders += inside.empty
        if not clearing.force and not _is_complete(entry) and any(is_young(file.stat, now) for file in touched):
            left.append(Left(entry_path(entry), AT_WORK))
            continue
        removals.append(_clear(entry, files))
    return Plan(in_order(removals), tuple(folders), tuple(left))


def is_leftover_folder(entry: Entry) -> TypeGuard[StrayEntry]:
    """Return whether an entry is a folder that pip left behind, and so goes with all that is in it."""
    return isinstance(entry, StrayEntry) and entry.why in _LEFTOVERS and is_folder(entry.file.stat)


_LEFTOVERS = frozenset(Leftover)

AT_WORK = "touched in the last ten minutes: a pip may be at work on it (--force takes it too)"


def _clear(entry: Entry, files: tuple[File, ...]) -> Removal:
    if isinstance(entry, StrayEntry) and entry.why not in {Leftover.NOTE, Leftover.OLD_NOTE}:
        return Removal(entry, files, Reason.LEFTOVER, entry.why)
    return Removal(entry, files, Reason.STORE, entry.store.value)


def _is_complete(entry: Entry) -> bool:
    """True for what pip has finished: both parts of a download, a built wheel, a note."""
    match entry:
        case HttpEntry(store=store, head=head, body=body):
            return head is not None and (body is not None or store is Store.HTTP)
        case StrayEntry(why=why):
            return why in {Leftover.NOTE, Leftover.OLD_NOTE}
        case _:
            return isinstance(entry, BuiltEntry)


def is_inside(inside: Contents) -> tuple[tuple[File, ...], list[Left]]:
    """Return what of a folder goes with it, and what does not."""
    files = tuple(file for file in inside.files if stat_module.S_ISREG(file.stat.st_mode))
    left = [Left(one.path, odd_type(one) or "") for one in inside.files if one not in files]
    return files, [*left, *(Left(entry_path(one), why_left(one)) for one in inside.problems)]
