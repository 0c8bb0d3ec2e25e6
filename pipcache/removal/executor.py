"""The module that changes the cache; no other does.

Folders are opened one below the other without following links, and files removed relative to them
(``dir_fd``, ``O_NOFOLLOW``); where the platform cannot, each folder on the way is looked at first.
"""

import errno
import os
import stat as stat_module
import time
from collections.abc import Callable
from contextlib import suppress
from heapq import merge
from types import TracebackType
from typing import Self

from pipcache.errors import CacheNotFound
from pipcache.removal.outcome import NOT_A_FOLDER, Fate, Outcome, Problem
from pipcache.removal.plan import Plan, Removal, is_young
from pipcache.store.cache import Cache
from pipcache.store.entries import StrayEntry, entry_path
from pipcache.util.files import File, given_back, is_folder
from pipcache.util.progress import Track, untracked


def carry_out(
    cache: Cache,
    plan: Plan,
    track: Track = untracked,
    *,
    force: bool = False,
    should_stop: Callable[[], bool] = bool,
    use_descriptors: bool | None = None,
) -> Outcome:
    """Remove what ``plan`` says, and nothing else; then the folders that became empty.

    Stores' own folders stay, and without ``force`` young folders. What cannot be removed becomes a problem and
    the rest goes on. ``should_stop`` is asked before each removal.

    Raises:
        CacheNotFound: the cache directory itself cannot be opened any more.
    """
    can = {os.open, os.stat, os.unlink, os.rmdir} <= os.supports_dir_fd and hasattr(os, "O_DIRECTORY")
    with _Folders(cache.root, can if use_descriptors is None else use_descriptors, force=force) as folders:
        work = _Work(folders)
        fates: dict[int, Fate] = {}
        removals = ((entry_path(removal.entry), at) for at, removal in enumerate(plan.removals))
        steps = list(merge(removals, ((path, -1) for path in sorted(plan.folders))))
        with suppress(KeyboardInterrupt):  # what was done until then is told all the same
            for path, at in track(steps, len(steps), "Removing"):
                if should_stop():
                    break
                if at < 0:
                    work.sweep(path)
                else:
                    fates[at] = work.remove(plan.removals[at])
    stays = {problem.path for problem in folders.problems}
    fates |= {at: Fate.FAILED for at in fates if entry_path(plan.removals[at].entry) in stays}
    return Outcome(
        tuple(fates.get(at, Fate.PENDING) for at in range(len(plan.removals))),
        (*work.problems, *folders.problems),
        work.files,
        work.gone,
        folders.removed,
        work.freed + folders.freed,
        work.is_measured and folders.is_measured,
    )


class _Folders:
    """The way down to where files are removed; on the way back, folders that became empty go."""

    def __init__(self, root: str, use_descriptors: bool, *, force: bool) -> None:  # noqa: FBT001 - the caller's choice
        self.removed = 0
        self.freed = 0
        self.is_measured = True
        self.problems: list[Problem] = []
        self._use_descriptors = use_descriptors
        self._force = force
        self._now = time.time()
        self._levels: list[_Level] = []
        self._known: dict[tuple[int, int], os.stat_result] = {}
        try:
            # the cache directory itself may be a link, what is below it may not
            descriptor = os.open(root, _FOLDER) if use_descriptors else None
            self._levels.append(_Level("", root, descriptor, os.stat(root)))
        except OSError as error:
            raise CacheNotFound(
                f"The cache directory cannot be opened: {error.strerror}.", path=root, hint="Nothing was removed."
            ) from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        while self._levels:
            self._leave()

    def at(self, name: str) -> tuple[str, int | None]:
        """Return how a file of the entered folder is named to the system: a path, and what it is relative to."""
        level = self._levels[-1]
        return (name, level.descriptor) if self._use_descriptors else (os.path.join(level.path, name), None)

    def enter(self, path: str) -> None:
        """Go to a folder below the root, by real folders only.

        Raises:
            OSError: it cannot be opened, or a link or a file stands in its place or on the way.
        """
        names = path.split(os.sep) if path else []
        levels = self._levels
        depth = 1
        while depth < len(levels) and depth <= len(names) and levels[depth].name == names[depth - 1]:
            depth += 1
        while len(levels) > depth:
            self._leave()
        for name in names[depth - 1 :]:
            self._descend(name)

    def mark(self) -> None:
        """Say that something was removed from the entered folder: it may be empty now."""
        self._levels[-1].is_touched = True

    def _descend(self, name: str) -> None:
        where, base = self.at(name)
        if not self._use_descriptors:
            status = os.lstat(where)
            if not is_folder(status):
                raise NotADirectoryError(errno.ENOTDIR, NOT_A_FOLDER)
            self._levels.append(_Level(name, where, None, self._as_entered(status)))
            return
        descriptor = os.open(where, _FOLDER | os.O_NOFOLLOW, dir_fd=base)
        try:
            status = os.fstat(descriptor)
        except OSError:
            os.close(descriptor)
            raise
        self._levels.append(_Level(name, "", descriptor, self._as_entered(status)))

    def _as_entered(self, status: os.stat_result) -> os.stat_result:
        """Return the status of a folder when it was entered first: what goes from it makes it look young."""
        return self._known.setdefault((status.st_dev, status.st_ino), status)

    def _leave(self) -> None:
        level = self._levels.pop()
        if level.descriptor is not None:
            os.close(level.descriptor)
        # the first level is the cache directory, the second a store
        is_below_a_store = len(self._levels) > 1
        if not (level.is_touched and is_below_a_store and (self._force or not is_young(level.status, self._now))):
            return
        where, base = self.at(level.name)
        try:
            os.rmdir(where, dir_fd=base)
        except OSError as error:
            # not empty, or no longer ours to judge
            if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
                path = os.path.join(*(one.name for one in self._levels[1:]), level.name)
                self.problems.append(Problem(path, Fate.FAILED, error.strerror or str(error)))
            return
        self._known.pop((level.status.st_dev, level.status.st_ino), None)  # a number another folder may get
        self.mark()
        self.removed += 1
        freed, is_measured = given_back(level.status)
        self.freed += freed
        self.is_measured &= is_measured


_FOLDER = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_CLOEXEC", 0)


class _Level:
    """One folder on the way down, as it was when entered; ``path`` is for systems that need no descriptor."""

    __slots__ = ("descriptor", "is_touched", "name", "path", "status")

    def __init__(self, name: str, path: str, descriptor: int | None, status: os.stat_result) -> None:
        self.name = name
        self.path = path
        self.descriptor = descriptor
        self.status = status
        self.is_touched = False


class _Stays(Exception):  # noqa: N818 - what it says of a file
    """A file is not removed."""

    def __init__(self, path: str, fate: Fate, reason: str) -> None:
        super().__init__(path)
        self.problem = Problem(path, fate, reason)


class _Work:
    """The removals, one after the other, and their sum."""

    def __init__(self, folders: _Folders) -> None:
        self.problems: list[Problem] = []
        self.files = 0
        self.gone = 0
        self.freed = 0
        self.is_measured = True
        self._folders = folders
        self._kept_wheels: set[str] = set()

    def remove(self, removal: Removal) -> Fate:
        """Remove the files of ``removal`` and return the fate of them all."""
        if not isinstance(removal.entry, StrayEntry):
            return self._remove_together(removal.files)
        fates = [self._remove_together((file,)) for file in removal.files]
        if is_folder(removal.entry.file.stat):
            self.sweep(entry_path(removal.entry))
        bad = [fate for fate in fates if fate not in {Fate.REMOVED, Fate.GONE}]
        return bad[0] if bad else Fate.REMOVED if Fate.REMOVED in fates or not fates else Fate.GONE

    def sweep(self, folder: str) -> None:
        """Enter a folder that ought to be empty, so that it goes when it is left."""
        try:
            self._folders.enter(folder)
        except OSError:
            return  # gone, or replaced: then it is not the folder that was seen
        self._folders.mark()

    def _remove_together(self, files: tuple[File, ...]) -> Fate:
        """Remove files of one folder, the first first; when one stays, those behind it stay."""
        fates: list[Fate] = []
        try:
            if not self._enter(files[0]):
                self.gone += len(files)
                return Fate.GONE
            # all of them before the first goes: half of an entry that pip wrote anew is no use to it
            looks = [self._look(file) for file in files]
            for file in files:
                fates.append(self._unlink(file, self._look(file) if fates else looks[0]))
        except _Stays as stays:
            self.problems.append(stays.problem)
            name = os.path.basename(stays.problem.path)
            for file in files[len(fates) :]:
                if file.path != stays.problem.path:
                    self.problems.append(Problem(file.path, Fate.KEPT, f"{name} stays"))
                if file.path.endswith(".whl"):
                    self._kept_wheels.add(os.path.dirname(file.path))
            return stays.problem.fate
        return Fate.REMOVED if Fate.REMOVED in fates else Fate.GONE

    def _enter(self, file: File) -> bool:
        """Go to the folder of ``file``; return False when it is gone."""
        try:
            self._folders.enter(file.path.rpartition(os.sep)[0])
        except FileNotFoundError:
            return False
        except OSError as error:
            if error.errno in {errno.ENOTDIR, errno.ELOOP}:
                raise _Stays(file.path, Fate.CHANGED, NOT_A_FOLDER) from None
            raise _Stays(file.path, Fate.FAILED, error.strerror or str(error)) from None
        return True

    def _look(self, file: File) -> os.stat_result | None:
        """Return the status of a file of the entered folder; None when it is gone.

        Raises:
            _Stays: it is not the file that was planned, or cannot be looked at.
        """
        where, base = self._folders.at(file.path.rpartition(os.sep)[2])
        try:
            status = os.stat(where, dir_fd=base, follow_symlinks=False)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _Stays(file.path, Fate.FAILED, error.strerror or str(error)) from None
        planned = file.stat
        is_same = status.st_mtime_ns == planned.st_mtime_ns and status.st_size == planned.st_size
        # Windows tells no inode of what a folder lists
        is_same &= planned.st_ino in {status.st_ino, 0}
        if is_same and stat_module.S_IFMT(status.st_mode) == stat_module.S_IFMT(planned.st_mode):
            return status
        raise _Stays(file.path, Fate.CHANGED, "changed since it was looked at")

    def _unlink(self, file: File, status: os.stat_result | None) -> Fate:
        if status is None:
            self.gone += 1
            return Fate.GONE
        if not file.path.endswith(".whl") and os.path.dirname(file.path) in self._kept_wheels:
            raise _Stays(file.path, Fate.KEPT, "another wheel of its folder stays")
        where, base = self._folders.at(file.path.rpartition(os.sep)[2])
        try:
            os.unlink(where, dir_fd=base)
        except FileNotFoundError:
            self.gone += 1
            return Fate.GONE
        except OSError as error:
            raise _Stays(file.path, Fate.FAILED, error.strerror or str(error)) from None
        self._folders.mark()
        self.files += 1
        if status.st_nlink < 2:
            freed, is_measured = given_back(status)
            self.freed += freed
            self.is_measured &= is_measured
        return Fate.REMOVED
