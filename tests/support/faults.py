"""The operating system refuses: an error at a chosen call that looks at, opens, lists or reads below a folder.

The functions of `os` are exchanged, not the program's own: it meets what a failing disk, a network file system, a
limit of descriptors or another user's files would show it.
"""

from __future__ import annotations

import contextlib
import errno
import os
import threading
from enum import Enum
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import pytest

from pipcache.util import files

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

ERRORS = (errno.EIO, errno.EACCES, errno.ENOENT, errno.EMFILE, errno.ESTALE)


class Lasting(Enum):
    """How long an error lasts."""

    ONCE = "once"  # the chosen call alone
    PLACE = "place"  # the chosen call, and each later one of the same function on the same path
    ON = "on"  # the chosen call and every later one: the disk is gone


class Fault(NamedTuple):
    """An error at the n-th call (from 1) that meets the cache; 0 is none, or the first that meets `place`."""

    at: int
    error: int = errno.EIO
    lasting: Lasting = Lasting.ONCE
    place: tuple[str, str] | None = None  # a function, and how the path ends

    def __str__(self) -> str:
        return f"{errno.errorcode[self.error]} {self.lasting.value} at {self.at}"


class Failing:
    """Counts the calls that meet what is below a folder, and lets the chosen ones fail.

    Attributes:
        calls: the function and the path of each call until now.
        failed: those of them that failed.
    """

    def __init__(self, root: Path, fault: Fault) -> None:
        self._root = str(root)
        self._fault = fault
        self._at = fault.at
        self._lock = threading.RLock()
        self._descriptors: dict[int, str] = {}
        self.calls: list[tuple[str, str]] = []
        self.failed: list[tuple[str, str]] = []

    def install(self, patch: pytest.MonkeyPatch) -> Self:
        """Exchange the functions of `os`."""
        for name in ("stat", "lstat", "readlink", "statvfs", "listdir"):
            patch.setattr(os, name, self._with_path(name, getattr(os, name)))
        for name in ("fstat", "read", "pread"):
            patch.setattr(os, name, self._with_descriptor(name, getattr(os, name)))
        patch.setattr(files, "_pread", os.pread)  # another name of the same function
        patch.setattr(os, "open", self._open(os.open))
        patch.setattr(os, "close", self._close(os.close))
        patch.setattr(os, "scandir", self._scandir(os.scandir))
        return self

    def meet(self, function: str, path: str | None) -> None:
        """Count a call, and fail where it is its turn."""
        if path is None:
            return
        with self._lock:
            self.calls.append((function, path))
            number, (_, error, lasting, place) = len(self.calls), self._fault
            if self._at == 0 and place is not None and place[0] == function and path.endswith(place[1]):
                self._at = number
            at = self._at
            if at == 0 or number < at:
                return
            is_same = self.calls[at - 1] == (function, path)
            if number == at or lasting is Lasting.ON or (lasting is Lasting.PLACE and is_same):
                self.failed.append((function, path))
                raise OSError(error, os.strerror(error), path)

    def _below(self, path: object, dir_fd: int | None = None) -> str | None:
        """The path where it is the folder or something below it; None for the rest of the system."""
        if isinstance(path, int):
            return self._descriptors.get(path)
        text = os.fsdecode(os.fspath(path))  # type: ignore[call-overload]  # whatever the caller gave
        if dir_fd is not None:
            folder = self._descriptors.get(dir_fd)
            return None if folder is None else f"{folder}/{text}"
        return text if text == self._root or text.startswith(self._root + os.sep) else None

    def _with_path(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(path: Any = ".", *arguments: Any, dir_fd: int | None = None, **options: Any) -> Any:
            self.meet(name, self._below(path, dir_fd))
            if dir_fd is not None:
                options["dir_fd"] = dir_fd
            return real(path, *arguments, **options)

        return self._as(real, call)

    def _with_descriptor(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(descriptor: int, *arguments: Any) -> Any:
            self.meet(name, self._descriptors.get(descriptor))
            return real(descriptor, *arguments)

        return self._as(real, call)

    def _open(self, real: Callable[..., int]) -> Callable[..., int]:
        def call(path: Any, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
            below = self._below(path, dir_fd)
            self.meet("open", below)
            descriptor = real(path, flags, mode, dir_fd=dir_fd)
            if below is not None:
                with self._lock:
                    self._descriptors[descriptor] = below
            return descriptor

        return self._as(real, call)

    def _close(self, real: Callable[[int], None]) -> Callable[[int], None]:
        def call(descriptor: int) -> None:
            with self._lock:
                self._descriptors.pop(descriptor, None)
                real(descriptor)

        return self._as(real, call)

    def _scandir(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(path: Any = ".") -> Any:
            below = self._below(path)
            self.meet("scandir", below)
            return real(path) if below is None else _Listing(self, below, real(path))

        return self._as(real, call)

    @staticmethod
    def _as(real: Callable[..., Any], call: Callable[..., Any]) -> Callable[..., Any]:
        """Let a function count as the one it stands for, where the platform's abilities are looked up."""
        for abilities in (os.supports_dir_fd, os.supports_fd, os.supports_follow_symlinks):
            if real in abilities:
                abilities.add(call)
        return call


class _Listing:
    """A listing of a folder in which each step may fail."""

    def __init__(self, failing: Failing, path: str, real: Any) -> None:
        self._failing = failing
        self._path = path
        self._real = real

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> _Child:
        self._failing.meet("readdir", self._path)
        return _Child(self._failing, next(self._real))

    def close(self) -> None:
        self._real.close()


class _Child:
    """A file in a listing, that may fail to be looked at."""

    def __init__(self, failing: Failing, real: os.DirEntry[str]) -> None:
        self._failing = failing
        self._real = real
        self.name = real.name
        self.path = real.path

    def is_dir(self, *, follow_symlinks: bool = True) -> bool:
        # where the listing does not tell what a file is, the system has to be asked
        self._failing.meet("is_dir", self.path)
        return self._real.is_dir(follow_symlinks=follow_symlinks)

    def stat(self, *, follow_symlinks: bool = True) -> os.stat_result:
        self._failing.meet("lstat", self.path)
        return self._real.stat(follow_symlinks=follow_symlinks)


@contextlib.contextmanager
def failing(root: Path, fault: Fault) -> Iterator[Failing]:
    """Let the system refuse what the fault says, for what is below `root`."""
    every = (os.supports_dir_fd, os.supports_fd, os.supports_follow_symlinks)
    with pytest.MonkeyPatch.context() as patch:
        before = [set(abilities) for abilities in every]
        try:
            yield Failing(root, fault).install(patch)
        finally:
            for abilities, known in zip(every, before, strict=True):
                abilities.intersection_update(known)
