"""Writes an export: a file has its name only when all of it is on the disk, and no file gets other bytes.

Nothing in the cache is changed; a hard link, which a person has to ask for, shares the file with it. Of an export
only drafts are taken away, and only pages and lists, which are made anew, are replaced.
"""

import errno
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from enum import StrEnum
from hashlib import sha256 as new_sha256
from threading import Lock
from types import TracebackType
from typing import NamedTuple, Self

from pipcache.errors import NotWritten
from pipcache.offline.export_folder import DRAFT, FILES, README, SIMPLE, digest_at, holds, read_file
from pipcache.offline.export_readme import README_TEXT
from pipcache.util.drafts import Draft, publish, remove_draft, sync_file, sync_folder
from pipcache.util.files import CHUNK, File, Status, Window, is_folder
from pipcache.util.progress import Stopped
from pipcache.util.workers import Workers

if sys.platform != "win32":
    import fcntl

_CLONE = 0x40049409
"""``FICLONE`` (Linux, ioctl_ficlone(2)): both files share their blocks until one of them is changed."""


THREADS = 8
"""Threads that write: most of the time they wait for the disk, which takes several files at once."""


class Link(StrEnum):
    """How files come into an export."""

    AUTO = "auto"  # shared blocks where the file system has them, else copies
    COPY = "copy"
    REFLINK = "reflink"
    HARD = "hard"


class How(StrEnum):
    """What became of a file."""

    COPY = "copy"
    REFLINK = "reflink"
    LINK = "link"
    KEPT = "kept"  # the export has it already


class SourceChanged(Exception):  # noqa: N818 - it says what happened
    """The bytes in the cache are not those that were judged."""


class SourceUnreadable(Exception):  # noqa: N818 - as above
    """The bytes in the cache cannot be read; the argument is why, for people."""


class Origin(NamedTuple):
    """A file of the cache.

    Attributes:
        open: opens the bytes; the caller closes them.
        path: the file that holds these bytes and no others; None where they are a part of a file.
        seen: that file, as it was before it was judged.
        sha256: hex digest of the bytes when they were judged.
        size: in bytes.
    """

    open: Callable[[], Window]
    path: str | None
    seen: File | None
    sha256: str
    size: int


class ExportWriter:
    """An export that is written to. Where the system can, no other run writes to it meanwhile."""

    def __init__(self, folder: str, link: Link, *, on_wait: Callable[[], object]) -> None:
        """Take the folder, how files come into it, and what to call before another run is waited for."""
        self.folder = folder
        self.bytes_written = 0
        self._link = link
        self._on_wait = on_wait
        self._descriptor: int | None = None
        self._is_stopping = False
        self._touched: set[str] = set()
        self._counting = Lock()
        self._clones = link in {Link.AUTO, Link.REFLINK} and sys.platform == "linux"

    def __enter__(self) -> Self:
        with _writing(self.folder):
            os.makedirs(self.folder, 0o755, exist_ok=True)
            is_alone = self._lock()
            self._remove_drafts(every=is_alone)
            if read_file(self._path(README), 1) is None:
                self._put_bytes(README, README_TEXT.encode())
            for name in (FILES, SIMPLE):
                self._make_folder(name)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)  # which unlocks it

    def stop(self) -> None:
        """Let every thread that writes a file give it up at its next piece."""
        self._is_stopping = True

    def _path(self, name: str) -> str:
        return os.path.join(self.folder, *name.split("/"))

    def _make_folder(self, name: str) -> None:
        path = self._path(name)
        with suppress(FileExistsError):
            os.mkdir(path, 0o755)
            self._touched.add(os.path.dirname(path))
        if not is_folder(os.lstat(path)):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), path)

    def _lock(self) -> bool:
        """Wait until no other run writes to the export; return whether the system can tell that."""
        if sys.platform == "win32":
            return False
        self._descriptor = os.open(self.folder, os.O_RDONLY)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._on_wait()
            fcntl.flock(self._descriptor, fcntl.LOCK_EX)
        except OSError:
            return False  # a file system without locks
        return True

    def _remove_drafts(self, *, every: bool) -> None:
        """Take away what killed runs left; where others may be alive, only what is older than ten minutes."""
        for name in os.listdir(self.folder):
            if DRAFT.fullmatch(name) is None:
                continue
            with suppress(OSError):
                path = self._path(name)
                if every or os.lstat(path).st_mtime < time.time() - 600:
                    os.unlink(path)

    # files

    def add_file(self, name: str, origin: Origin) -> How:
        """Put a file of the cache into the export, and return how; its bytes are compared with the digest.

        Args:
            name: its path in the export, with ``/``.
            origin: the file of the cache.

        Raises:
            OtherBytes: something else is there.
            SourceChanged: the bytes in the cache are others by now.
            SourceUnreadable: they cannot be read.
            NotWritten: the export cannot be written.
            Stopped: ``stop`` was called.
        """
        path = self._path(name)
        with _writing(path):
            if holds(path, origin.sha256):
                return How.KEPT
            draft = self._new_draft()
            try:
                how = self._fill(draft, origin)
                publish(draft, path)
                self._touched.add(os.path.dirname(path))
            except FileExistsError:  # another run was faster
                if holds(path, origin.sha256):
                    return How.KEPT
                raise
            finally:
                remove_draft(draft)
        return how

    def add_bytes(self, name: str, data: bytes) -> How:
        """Put bytes into the export under a name that no file has, or a file with these bytes.

        Raises:
            OtherBytes: something else is there.
            NotWritten: the export cannot be written.
        """
        path = self._path(name)
        with _writing(path):
            if holds(path, new_sha256(data).hexdigest()):
                return How.KEPT
            self._put_bytes(name, data)
        return How.COPY

    def write_pages(self, pages: Mapping[str, bytes]) -> None:
        """Write pages and lists, by their paths in the export, whatever was there; their folders are made.

        Raises:
            NotWritten: they cannot be written; each of the old ones is as it was, or is the new one.
        """
        drafts: list[tuple[str, str]] = []
        with _writing(self.folder):
            try:
                for name, data in pages.items():
                    path = self._path(name)
                    if read_file(path, len(data) + 1) == data:
                        continue
                    if folder := name.rpartition("/")[0]:
                        self._make_folder(folder)
                    drafts.append((draft := self._new_draft(), path))
                    with Draft(draft, is_synced=False) as file:
                        file.add(data)
                    self._count(len(data))
                # at once, so that the system takes many to the disk together
                _on_all_threads(sync_file, [draft for draft, _ in drafts])
                for draft, path in drafts:
                    os.replace(draft, path)
                    self._touched.add(os.path.dirname(path))
            finally:
                for draft, _ in drafts:
                    remove_draft(draft)

    def sync(self) -> None:
        """Bring the names of what was written until now to the disk: a page must not be there before its files."""
        _on_all_threads(sync_folder, sorted(self._touched))
        self._touched.clear()

    def _put_bytes(self, name: str, data: bytes) -> None:
        draft = self._new_draft()
        try:
            with Draft(draft) as file:
                file.add(data)
            self._count(len(data))
            publish(draft, self._path(name))
            self._touched.add(os.path.dirname(self._path(name)))
        finally:
            remove_draft(draft)

    def _count(self, size: int) -> None:
        with self._counting:
            self.bytes_written += size

    def _new_draft(self) -> str:
        return self._path(f".{os.urandom(8).hex()}.part")

    def _fill(self, draft: str, origin: Origin) -> How:
        """Make a draft that has the bytes of a file of the cache, if they are those that were judged."""
        with _reading():
            window = origin.open()
        with window:
            if self._link is Link.HARD and _is_whole(origin, window) and self._make_link(draft, origin, window):
                return How.LINK
            if self._clones and _is_whole(origin, window) and self._clone(draft, window):
                if digest_at(draft) != origin.sha256:
                    raise SourceChanged
                return How.REFLINK
            self._copy(draft, origin, window)
        return How.COPY

    def _make_link(self, draft: str, origin: Origin, window: Window) -> bool:
        """Link a file of the cache, if that can be done; it is read only where it may have changed since."""
        assert origin.path is not None
        is_unchanged = (
            os.name == "posix"
            and origin.seen is not None
            and _state(origin.seen.stat) == _state(os.fstat(window.descriptor))
        )
        try:
            os.link(origin.path, draft, follow_symlinks=False)
        except (OSError, NotImplementedError):
            return False
        if not os.path.samestat(os.lstat(draft), os.fstat(window.descriptor)):
            raise SourceChanged
        if not is_unchanged and digest_at(draft) != origin.sha256:
            raise SourceChanged
        return True

    def _clone(self, draft: str, window: Window) -> bool:
        """Make a draft that shares its blocks with a file of the cache; False where that cannot be done."""
        if sys.platform != "linux":
            return False
        try:
            with Draft(draft) as file:
                fcntl.ioctl(file.descriptor, _CLONE, window.descriptor)
        except OSError:
            remove_draft(draft)
            self._clones = False  # the next file lies on the same file systems
            return False
        return True

    def _copy(self, draft: str, origin: Origin, window: Window) -> None:
        state = new_sha256()
        with Draft(draft) as file:
            for chunk in _chunks(window):
                if self._is_stopping:
                    raise Stopped
                state.update(chunk)
                file.add(chunk)
            if state.hexdigest() != origin.sha256:
                raise SourceChanged
        self._count(origin.size)


def _on_all_threads(work: Callable[[str], None], paths: Iterable[str]) -> None:
    with Workers(THREADS) as workers:
        for _ in workers.map(work, paths):
            pass


def _state(status: Status) -> tuple[int, ...]:
    """Return what no writer can leave as it was, on systems that keep the time of the last change."""
    return (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


def _is_whole(origin: Origin, window: Window) -> bool:
    """Return whether a file of the cache holds the bytes and no others."""
    if origin.path is None or window.descriptor < 0:
        return False
    return window.start == 0 and os.fstat(window.descriptor).st_size == window.length == origin.size


def _chunks(window: Window) -> Iterator[bytes]:
    offset = 0
    while True:
        with _reading():
            data = window.read(offset, CHUNK)
        if not data:
            return
        yield data
        offset += len(data)


@contextmanager
def _reading() -> Iterator[None]:
    """What cannot be read in the cache is another matter than what cannot be written."""
    try:
        yield
    except OSError as error:
        raise SourceUnreadable(error.strerror or str(error)) from None


@contextmanager
def _writing(path: str) -> Iterator[None]:
    """Where the system refuses to write, the run ends."""
    try:
        yield
    except OSError as error:
        why = error.strerror or str(error)
        hint = "What is complete stays; run it again to go on."
        raise NotWritten(f"The export cannot be written: {why}.", path=path, hint=hint) from None
