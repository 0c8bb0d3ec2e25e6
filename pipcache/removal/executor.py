"""The one module that changes the cache.

It opens folder by folder without following links, and removes files relative to the folder (``dir_fd`` and
``O_NOFOLLOW``). Where the platform does not offer this, it looks at each folder on the way before it goes on.
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
from pipcache.removal.outcome import Fate, Outcome, Problem
from pipcache.removal.plan import OTHER_FILE_SYSTEM, Plan, Removal, given_back, is_young
from pipcache.store.cache import Cache
from pipcache.store.directory import is_gone
from pipcache.store.entries import StrayEntry, entry_path
from pipcache.util.files import File, is_folder
from pipcache.util.progress import Track, untracked


def carry_out(
    cache: Cache,
    plan: Plan,
    track: Track = untracked,
    *,
    force: bool = False,
    should_stop: Callable[[], bool] = bool,
    use_descriptors: bool | None = None,
    identity: tuple[int, int] | None = None,
) -> Outcome:
    """Remove the files of ``plan``, and nothing else, then the folders that became empty.

    The folders of the stores stay, and young folders without ``force``. What cannot be removed becomes a problem,
    and the run goes on. An interruption ends it; the outcome says what was removed until then.

    Args:
        cache: The cache.
        plan: What goes.
        track: Is given the steps and hands them on.
        force: Young folders go too.
        should_stop: Is asked before each step; if it returns true, the run ends.
        use_descriptors: Remove relative to open folders; None does where the platform can.
        identity: The device and inode of the directory that was planned for; None where any may be at its path.

    Raises:
        CacheNotFound: the cache directory itself cannot be opened any more, or is another one.
    """
    has_dir_fd = {os.open, os.stat, os.unlink, os.rmdir} <= os.supports_dir_fd and hasattr(os, "O_DIRECTORY")
    does_use = has_dir_fd if use_descriptors is None else use_descriptors
    with _Folders(cache.root, does_use, force=force, identity=identity) as folders:
        remover = _Remover(folders, cache.root)
        fates: dict[int, Fate] = {}
        removals = ((entry_path(removal.entry), index) for index, removal in enumerate(plan.removals))
        steps = list(merge(removals, ((path, -1) for path in sorted(plan.folders))))
        with suppress(KeyboardInterrupt):  # the outcome says what was removed until then
            for path, index in track(steps, len(steps), "Removing"):
                if should_stop():
                    break
                if index < 0:
                    remover.visit_empty(path)
                else:
                    fates[index] = remover.remove(plan.removals[index])
    failed_folders = {problem.path for problem in folders.problems}
    fates |= {index: Fate.FAILED for index in fates if entry_path(plan.removals[index].entry) in failed_folders}
    return Outcome(
        fates=tuple(fates.get(index, Fate.PENDING) for index in range(len(plan.removals))),
        problems=(*remover.problems, *folders.problems),
        files=remover.files,
        gone=remover.gone,
        folders=folders.removed,
        freed=remover.freed + folders.freed,
        is_measured=remover.is_measured and folders.is_measured,
    )


_NOT_A_FOLDER = "its folder was replaced, by a link perhaps, and is not followed"


class _Folders:
    """The open folders, from the cache directory down to the entered one.

    When a folder is left and something was removed from it, it is removed if it is empty.
    """

    def __init__(
        self,
        root: str,
        use_descriptors: bool,  # noqa: FBT001 - the caller's choice
        *,
        force: bool,
        identity: tuple[int, int] | None,
    ) -> None:
        self.removed = 0
        self.freed = 0
        self.is_measured = True
        self.problems: list[Problem] = []
        self._use_descriptors = use_descriptors
        self._force = force
        self._now = time.time()
        self._levels: list[_Level] = []
        self._first_statuses: dict[tuple[int, int], os.stat_result] = {}
        try:
            # the cache directory itself may be a link; what is below it may not
            descriptor = os.open(root, _FOLDER) if use_descriptors else None
            try:
                status = os.stat(root) if descriptor is None else os.fstat(descriptor)
                if identity not in {None, (status.st_dev, status.st_ino)}:
                    raise OSError(errno.ESTALE, "another directory stands at its path by now")
            except OSError:
                if descriptor is not None:
                    os.close(descriptor)
                raise
            self._levels.append(_Level("", root, descriptor, status))
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
        """Return a path to a file of the entered folder, and the descriptor it is relative to (None: to none)."""
        level = self._levels[-1]
        return (name, level.descriptor) if self._use_descriptors else (os.path.join(level.path, name), None)

    def enter(self, path: str) -> None:
        """Open a folder below the cache directory, and leave those that are not on the way to it.

        Raises:
            OSError: it cannot be opened, or it or a folder on the way is a link or a file.
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
        """Note that something was removed from the entered folder, which may be empty now."""
        self._levels[-1].is_touched = True

    def _descend(self, name: str) -> None:
        where, base = self.at(name)
        if not self._use_descriptors:
            status = os.lstat(where)
            if not is_folder(status):
                raise NotADirectoryError(errno.ENOTDIR, _NOT_A_FOLDER)
            self._refuse_other_device(status)
            self._levels.append(_Level(name, where, None, self._as_entered(status)))
            return
        descriptor = os.open(where, _FOLDER | os.O_NOFOLLOW, dir_fd=base)
        try:
            status = os.fstat(descriptor)
            self._refuse_other_device(status)
        except OSError:
            os.close(descriptor)
            raise
        self._levels.append(_Level(name, "", descriptor, self._as_entered(status)))

    def _refuse_other_device(self, status: os.stat_result) -> None:
        """Refuse a folder where another file system is mounted: nothing is removed there.

        Raises:
            OSError: it is one.
        """
        if status.st_dev != self._levels[0].status.st_dev:
            raise OSError(errno.EXDEV, OTHER_FILE_SYSTEM)

    def _as_entered(self, status: os.stat_result) -> os.stat_result:
        """Return the status of a folder when it was first entered; removing files from it makes it look young."""
        return self._first_statuses.setdefault((status.st_dev, status.st_ino), status)

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
            # something is in it, or it is no longer there
            if error.errno not in {errno.ENOTEMPTY, errno.EEXIST, *_GONE}:
                path = os.path.join(*(parent.name for parent in self._levels[1:]), level.name)
                self.problems.append(Problem(path, Fate.FAILED, error.strerror or str(error)))
            return
        # another folder may get the number
        self._first_statuses.pop((level.status.st_dev, level.status.st_ino), None)
        self.mark()
        self.removed += 1
        freed, is_measured = given_back(level.status)
        self.freed += freed
        self.is_measured &= is_measured


_GONE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP})
"""Errors of a folder that is gone, or was replaced by something that was not planned."""

_FOLDER = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_CLOEXEC", 0)


class _Level:
    """An open folder, with its status when it was entered; ``path`` is used where ``descriptor`` is None."""

    __slots__ = ("descriptor", "is_touched", "name", "path", "status")

    def __init__(self, name: str, path: str, descriptor: int | None, status: os.stat_result) -> None:
        self.name = name
        self.path = path
        self.descriptor = descriptor
        self.status = status
        self.is_touched = False


class _NotRemoved(Exception):  # noqa: N818 - it says what became of a file
    """A file is not removed."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.path)
        self.problem = problem


class _Remover:
    """Removes the files of removals, and counts them.

    Attributes:
        problems: The files that stay.
        files: How many files were removed.
        gone: How many files somebody else had removed.
        freed: The bytes that the file system had allocated for removed files without other hard links.
        is_measured: False when ``freed`` is a lower bound.
    """

    def __init__(self, folders: _Folders, root: str) -> None:
        self._root = root
        self.problems: list[Problem] = []
        self.files = 0
        self.gone = 0
        self.freed = 0
        self.is_measured = True
        self._folders = folders
        self._kept_wheels: set[str] = set()

    def remove(self, removal: Removal) -> Fate:
        """Remove the files of ``removal`` and return their fate together."""
        if not isinstance(removal.entry, StrayEntry):
            return self._remove_together(removal.files)
        fates = [self._remove_together((file,)) for file in removal.files]
        if is_folder(removal.entry.file.stat):
            self.visit_empty(entry_path(removal.entry))
        bad_fates = [fate for fate in fates if fate not in {Fate.REMOVED, Fate.GONE}]
        return bad_fates[0] if bad_fates else Fate.REMOVED if Fate.REMOVED in fates or not fates else Fate.GONE

    def visit_empty(self, folder: str) -> None:
        """Enter a folder that should be empty; if it is, it is removed when it is left."""
        try:
            self._folders.enter(folder)
        except OSError as error:
            is_there = isinstance(error, FileNotFoundError) and not self._is_gone(folder)
            if is_there or error.errno not in _GONE:
                self.problems.append(Problem(folder, Fate.FAILED, error.strerror or str(error)))
            return
        self._folders.mark()

    def _remove_together(self, files: tuple[File, ...]) -> Fate:
        """Remove files of one folder in their order; when a file stays, those after it stay."""
        fates: list[Fate] = []
        try:
            if not self._enter(files[0]):
                self.gone += len(files)
                return Fate.GONE
            # look at all files before the first goes: when pip wrote an entry anew, no part of it may go
            statuses = [self._look(file) for file in files]
            for file, status in zip(files, statuses, strict=True):
                fates.append(self._unlink(file, self._look_once_more(file, status) if fates else status))
        except _NotRemoved as error:
            problem = error.problem
            self.problems.append(problem)
            name = os.path.basename(problem.path)
            for file in files[len(fates) :]:
                if file.path != problem.path:
                    self.problems.append(Problem(file.path, Fate.KEPT, f"{name} stays"))
                if file.path.endswith(".whl"):
                    self._kept_wheels.add(os.path.dirname(file.path))
            return problem.fate
        return Fate.REMOVED if Fate.REMOVED in fates else Fate.GONE

    def _enter(self, file: File) -> bool:
        """Enter the folder of ``file``; return False when it is gone.

        Raises:
            _NotRemoved: the folder was replaced, or cannot be opened.
        """
        try:
            self._folders.enter(file.path.rpartition(os.sep)[0])
        except OSError as error:
            if isinstance(error, FileNotFoundError) and self._is_gone(os.path.dirname(file.path)):
                return False
            if error.errno in {errno.ENOTDIR, errno.ELOOP}:
                problem = Problem(file.path, Fate.CHANGED, _NOT_A_FOLDER, is_folder_replaced=True)
                raise _NotRemoved(problem) from None
            is_mount = error.errno == errno.EXDEV
            problem = Problem(file.path, Fate.FAILED, error.strerror or str(error), is_folder_replaced=is_mount)
            raise _NotRemoved(problem) from None
        return True

    def _is_gone(self, path: str) -> bool:
        """Return whether nothing is at a path below the cache directory, by a list of its folder."""
        return is_gone(os.path.join(self._root, path))

    def _look(self, file: File) -> os.stat_result | None:
        """Return the status of a file of the entered folder; None when it is gone.

        Raises:
            _NotRemoved: it is not the file that was planned, or cannot be looked at.
        """
        where, base = self._folders.at(file.path.rpartition(os.sep)[2])
        try:
            status = os.stat(where, dir_fd=base, follow_symlinks=False)
        except OSError as error:
            if isinstance(error, FileNotFoundError) and self._is_gone(file.path):
                return None
            raise _NotRemoved(Problem(file.path, Fate.FAILED, error.strerror or str(error))) from None
        planned = file.stat
        is_same = status.st_mtime_ns == planned.st_mtime_ns and status.st_size == planned.st_size
        # listing a folder gives no inode numbers and no devices on Windows
        is_same &= planned.st_ino in {status.st_ino, 0} and planned.st_dev in {status.st_dev, 0}
        if is_same and stat_module.S_IFMT(status.st_mode) == stat_module.S_IFMT(planned.st_mode):
            return status
        raise _NotRemoved(Problem(file.path, Fate.CHANGED, "changed since it was looked at"))

    def _look_once_more(self, file: File, status: os.stat_result | None) -> os.stat_result | None:
        """Return the status of a file that belongs to one that was just removed, and had ``status`` before.

        Where the system refuses to say, the file goes all the same: half an entry is worth nothing to pip.

        Raises:
            _NotRemoved: it is not the file that was planned.
        """
        try:
            return self._look(file)
        except _NotRemoved as error:
            if error.problem.fate is Fate.CHANGED:
                raise
            return status

    def _unlink(self, file: File, status: os.stat_result | None) -> Fate:
        """Remove a file of the entered folder, given its status now (None: it is gone), and return its fate.

        Raises:
            _NotRemoved: it cannot be removed, or is the origin of a wheel that stays.
        """
        if status is None:
            self.gone += 1
            return Fate.GONE
        kept = self._kept_wheels
        if kept and not file.path.endswith(".whl") and os.path.dirname(file.path) in kept:
            raise _NotRemoved(Problem(file.path, Fate.KEPT, "another wheel of its folder stays"))
        where, base = self._folders.at(file.path.rpartition(os.sep)[2])
        try:
            os.unlink(where, dir_fd=base)
        except FileNotFoundError:
            self.gone += 1
            return Fate.GONE
        except OSError as error:
            raise _NotRemoved(Problem(file.path, Fate.FAILED, error.strerror or str(error))) from None
        self._folders.mark()
        self.files += 1
        if status.st_nlink < 2:
            freed, is_measured = given_back(status)
            self.freed += freed
            self.is_measured &= is_measured
        return Fate.REMOVED
