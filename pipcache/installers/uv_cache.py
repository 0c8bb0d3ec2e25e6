"""uv's cache directory: its entries, what uv noted of them, and what is in the folders that it unpacked."""

import errno
import os
import re
from collections.abc import Iterable, Iterator, Sequence

from pipcache.archive.record import RECORD_LIMIT
from pipcache.errors import CacheNotFound, ErrorKind, NotAPipCache
from pipcache.installers.folder_digests import MOST_LEVELS, FolderDigests, digests_below, digests_of_files
from pipcache.installers.guarded_directory import GuardedDirectory
from pipcache.installers.uv_layout import INFO_ENDINGS
from pipcache.installers.uv_pointer import Pointer
from pipcache.installers.uv_scan import scan
from pipcache.store.cache import Cache
from pipcache.store.entries import BuiltEntry, Entry, InstalledEntry, UnpackedEntry, UnreadableEntry, entry_files
from pipcache.store.installer import Installer, PipsMarks, installer_of
from pipcache.store.layout import names_in
from pipcache.store.scan import Survey
from pipcache.util.files import File, is_folder
from pipcache.util.folders import Folder


class UvCache(Cache):
    """A cache directory of uv's. Nothing is changed, and no link is followed."""

    def __init__(self, root: str) -> None:
        """Make a cache.

        Args:
            root: path of the directory; it may be a link.
        """
        self._guarded = GuardedDirectory(root)
        self._directory = self._guarded
        self._pointers: dict[str, Pointer] = {}
        self._revisions: dict[str, File] = {}
        self._unknown: list[str] = []

    @property
    def unknown(self) -> Sequence[str]:
        """The folders whose layout is newer than what is known here, as the last walk met them."""
        return self._unknown

    def stream(self) -> Iterable[Entry]:
        """Return what ``scan`` does: an entry of uv's has parts in several folders."""
        return self.scan()

    def survey(self) -> Survey:
        """Walk the directory once and return its entries.

        Raises:
            CacheNotFound: the directory is a file, or cannot be read.
            NotAPipCache: it holds something, and nothing of uv's.
        """
        names = names_in(self.root)
        if not names:
            return Survey([], [])
        try:
            walk = scan(self._guarded)
        except OSError as error:
            raise CacheNotFound(
                f"The cache directory cannot be read: {error.strerror}.",
                path=self.root,
                hint="Look at its permissions, or run pipcache as the directory's owner.",
            ) from None
        is_uvs = any(entry.store.is_uvs for entry in walk.entries)
        if not is_uvs and installer_of(self.root, names, PipsMarks.NONE) is not Installer.UV:
            raise NotAPipCache(
                "The directory is not a cache of uv: none of its folders (wheels-v8, archive-v0, ...) is in it.",
                path=self.root,
                hint="Name uv's cache with --cache-dir; 'uv cache dir' prints it.",
                kind=ErrorKind.NOT_A_PIP_CACHE,
            )
        self._pointers, self._revisions = walk.pointers, walk.revisions
        self._unknown = walk.unknown
        return Survey(walk.entries, [])

    def pointer(self, entry: UnpackedEntry) -> Pointer | None:
        """Return what uv noted of a distribution; None where it noted nothing that could be read."""
        return None if entry.pointer is None else self._pointers.get(entry.pointer.path)

    def source_pointer(self, entry: BuiltEntry | UnpackedEntry) -> Pointer | None:
        """Return what uv noted of an sdist: that a wheel was built from, or that a folder holds unpacked."""
        file = self._revisions.get(os.path.dirname(entry_files(entry)[0].path))
        if file is None and isinstance(entry, UnpackedEntry) and entry.folder is not None:
            file = self._revisions.get(entry.folder.path)
        return None if file is None else self._pointers.get(file.path)

    def children(self, path: str) -> list[File]:
        """Return what is in a folder, sorted; nothing where it cannot be listed, which is noted.

        Args:
            path: of the folder, relative to the root.
        """
        try:
            return self._guarded.children(path)
        except FileNotFoundError:
            return []
        except OSError as error:
            self._guarded.refused[path] = error.strerror or str(error)
            return []

    def folder(self, entry: UnpackedEntry) -> Folder:
        """Open the folder of an unpacked distribution; the caller closes it.

        Raises:
            OSError: it is gone, cannot be listed, or is or lies behind a link by now.
        """
        if entry.folder is None:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), entry.key)
        return Folder.open(self.root, entry.folder.path)

    def infos(self, entry: UnpackedEntry | InstalledEntry) -> list[File]:
        """Return the ``.dist-info`` folders of a distribution: that in an environment, or those in a folder."""
        if isinstance(entry, InstalledEntry):
            return [entry.info]
        if entry.folder is None:
            return []
        return [file for file in self.children(entry.folder.path) if file.path.endswith(INFO_ENDINGS)]

    def text_of(self, folder: File, name: str, limit: int = 64 << 10) -> tuple[bytes, File] | None:
        """Return the beginning of a file in a folder, and the file; None where it is not there or cannot be read.

        Args:
            folder: the folder.
            name: of the file, one that lies in the folder itself.
            limit: the most bytes that are read.
        """
        try:
            file = self._guarded.look(os.path.join(folder.path, name))
            return self._guarded.read(file, limit), file
        except OSError:
            return None

    def metadata_of(self, entry: Entry) -> bytes | None:
        """Return the METADATA of a distribution that is kept unpacked; None for what is not, and where none is."""
        if not isinstance(entry, (UnpackedEntry, InstalledEntry)):
            return None
        texts = (self.text_of(info, "METADATA") for info in self.infos(entry))
        return next((text[0] for text in texts if text is not None), None)

    def links(self, info: File) -> int:
        """Return in how many places the METADATA of a distribution is, by hard links; 0 where it is not there."""
        try:
            return self._guarded.look(os.path.join(info.path, "METADATA")).stat.st_nlink
        except OSError:
            return 0

    def record_of(self, info: File) -> bytes | None:
        """Return the RECORD beside a METADATA (PEP 376), and no more of it than is read; None without it."""
        record = self.text_of(info, "RECORD", RECORD_LIMIT + 1)
        return None if record is None else record[0]

    def allocated_below(self, folder: File) -> int:
        """Return the bytes on the disk of everything below a folder, and of the folder; links are not followed."""
        total, pending = folder.allocated, [folder.path]
        while pending:
            for file in self.children(pending.pop()):
                total += file.allocated
                if is_folder(file.stat) and file.path.count(os.sep) <= MOST_LEVELS:
                    pending.append(file.path)
        return total

    def hash_folder(self, path: str, algorithms: Sequence[str]) -> FolderDigests:
        """Return the digests of every file below a folder, relative to the root."""
        return digests_below(self._guarded, path, algorithms)

    def hash_installed(
        self, entry: InstalledEntry, paths: Sequence[str], algorithms: Sequence[str]
    ) -> FolderDigests:
        """Return the digests of files of an installed distribution.

        Args:
            entry: the distribution.
            paths: as RECORD has them; those that lead out of the environment are left out.
            algorithms: names in ``hashes.DIGITS``.
        """
        files, is_whole = [], True
        for path in paths:
            inside = os.path.normpath(os.path.join(entry.site_packages, *path.split("/")))
            if not inside.startswith(entry.environment.path + os.sep):
                is_whole = False
                continue
            try:
                files.append(self._guarded.look(inside))
            except (OSError, ValueError):
                is_whole = False
        digests = digests_of_files(self._guarded, files, algorithms, entry.site_packages)
        return digests if is_whole else digests._replace(problem="not every file in its RECORD could be read")

    def look_again(self, entry: Entry) -> Entry | None:
        """Return ``entry`` with the files that it has now; None when one of them is gone."""
        try:
            now = {file.path: self._guarded.look(file.path) for file in entry_files(entry)}
        except FileNotFoundError:
            return None
        except OSError as error:
            path = entry_files(entry)[0].path
            self._guarded.refused[path] = error.strerror or str(error)
            return UnreadableEntry(entry.store, path, self._guarded.refused[path])
        match entry:
            case UnpackedEntry(pointer=pointer, folder=folder):
                return entry._replace(pointer=pointer and now[pointer.path], folder=folder and now[folder.path])
            case InstalledEntry(info=info):
                return entry._replace(info=now[info.path])
            case BuiltEntry(wheel=wheel):
                return entry._replace(wheel=now[wheel.path])
            case _:
                return entry


def sizes_in(record: bytes) -> Iterator[int]:
    """Yield the sizes of files that a RECORD states, in bytes; lines without one are left out."""
    return (int(match[1]) for match in re.finditer(rb",[ \t]*([0-9]{1,15})[ \t]*\r?$", record, re.MULTILINE))
