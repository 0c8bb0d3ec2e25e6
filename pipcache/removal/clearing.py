"""The plan of ``clear``, with the files that pip left behind."""

import os
from collections.abc import Callable
from typing import NamedTuple, TypeGuard

from pipcache.removal.plan import (
    OTHER_FILE_SYSTEM,
    Left,
    Plan,
    Reason,
    Removal,
    files_of,
    find_last_wheels,
    in_order,
    is_young,
    leave,
    split_contents,
)
from pipcache.store.entries import (
    BuiltEntry,
    Entry,
    HttpEntry,
    Leftover,
    StrayEntry,
    entry_files,
    entry_path,
    is_link,
    is_made_by_pip,
)
from pipcache.store.layout import Store
from pipcache.store.scan import FolderContents, Survey
from pipcache.util.files import File, is_folder


class Clearing(NamedTuple):
    """What ``clear`` was asked to remove.

    ``stores`` go as a whole, with ``old_layouts`` also what only pips before 23.3 read. With ``force`` files go
    that a pip may be writing.
    """

    stores: frozenset[Store]
    old_layouts: bool = False
    force: bool = False

    def wants(self, entry: Entry) -> bool:
        """Return whether ``entry`` belongs to what is cleared."""
        if entry.store in self.stores:
            return True
        is_old = entry.store is Store.HTTP or (isinstance(entry, StrayEntry) and entry.why in _OLD)
        return self.old_layouts and is_old

    def wants_folder(self, folder: str) -> bool:
        """Return whether an empty folder belongs to what is cleared."""
        top = folder.partition(os.sep)[0]
        return top in self.stores or (self.old_layouts and top == Store.HTTP)


_OLD = frozenset({Leftover.LOCK, Leftover.OLD_NOTE})

_NOTES = frozenset({Leftover.NOTE, Leftover.OLD_NOTE})

AT_WORK = "touched in the last ten minutes: a pip may be at work on it (--force takes it too)"


def plan_clearing(
    survey: Survey,
    look: Callable[[StrayEntry], FolderContents],
    clearing: Clearing,
    now: float,
    mount_above: Callable[[str, int | None], str | None] = lambda _, __: None,
) -> Plan:
    """Return the plan for everything that pip can download or build again.

    File names and times decide, so a damaged cache can be cleared too. Strays, links, what could not be looked
    at, what a running pip may not have finished, and other file systems that are mounted in the cache are left.

    Args:
        survey: The entries and empty folders of the cache.
        look: Returns what lies in a leftover folder.
        clearing: What is to go.
        now: Seconds since the epoch.
        mount_above: Returns on which folder another file system is mounted that a path is on; it takes the path,
            and the device of a file there where one was looked at.
    """
    removals: list[Removal] = []
    left: list[Left] = []
    wanted = filter(clearing.wants_folder, survey.empty)
    folders = [folder for folder in wanted if mount_above(folder, None) is None]
    mounts: dict[str, Left] = {}
    last_wheels = find_last_wheels(survey.entries, {entry_path(entry) for entry in survey.entries})
    for entry in survey.entries:
        if not is_made_by_pip(entry):
            if clearing.wants(entry) or entry.store is Store.STRAY or is_link(entry):
                left.append(leave(entry))
            continue
        if not clearing.wants(entry):
            continue
        # a file is no mount of its own: its folders are asked about, each once
        is_file = isinstance(entry, HttpEntry | BuiltEntry)
        path, device = entry_path(entry), None
        if is_file:
            path, device = path.rpartition(os.sep)[0], entry_files(entry)[0].st_dev
        if (mount := mount_above(path, device)) is not None:
            mounts[mount] = Left(mount, OTHER_FILE_SYSTEM, is_mount=True)
            continue
        files, looked_at, inside = files_of(entry, last_wheels), entry_files(entry), None
        if is_leftover_folder(entry):
            inside = look(entry)
            files, left_inside = split_contents(inside)
            looked_at = (entry.file, *inside.files, *inside.folders)
            left += left_inside
        if not clearing.force and not _is_complete(entry) and any(is_young(file.stat, now) for file in looked_at):
            left.append(Left(entry_path(entry), AT_WORK))
            continue
        if inside is not None and inside.problems:
            continue  # what is left inside is told above, and it may be younger
        folders += () if inside is None else inside.empty
        removals.append(_removal(entry, files))
    return Plan(in_order(removals), tuple(folders), (*left, *mounts.values()))


def is_leftover_folder(entry: Entry) -> TypeGuard[StrayEntry]:
    """Return whether an entry is a folder that pip left behind; it goes with everything in it."""
    return isinstance(entry, StrayEntry) and entry.is_leftover and is_folder(entry.file.stat)


def _removal(entry: Entry, files: tuple[File, ...]) -> Removal:
    if isinstance(entry, StrayEntry) and entry.why not in _NOTES:
        return Removal(entry, files, Reason.LEFTOVER, entry.why)
    return Removal(entry, files, Reason.STORE, entry.store.value)


def _is_complete(entry: Entry) -> bool:
    """Return whether pip has finished an entry: both parts of a download, a built wheel, a note."""
    match entry:
        case HttpEntry(store=store, head=head, body=body):
            return head is not None and (body is not None or store is Store.HTTP)
        case StrayEntry(why=why):
            return why in _NOTES
        case _:
            return isinstance(entry, BuiltEntry)
