"""pip's cache directory: its entries, their heads and their bodies."""

import stat as stat_module
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress

from pipcache.store.body import Body
from pipcache.store.cachecontrol import Head
from pipcache.store.directory import Directory
from pipcache.store.entries import BuiltEntry, Entry, HttpEntry, StrayEntry
from pipcache.store.layout import Store
from pipcache.store.response import Response, read_head, read_response
from pipcache.store.scan import FolderContents, Survey, look_again, look_inside, stream, survey
from pipcache.util.files import File, Window


class Cache:
    """A cache directory of pip's. A file is opened when its bytes are needed; nothing is changed."""

    __slots__ = ("_directory",)

    def __init__(self, root: str) -> None:
        """Make a cache.

        Args:
            root: path of the directory; it may be a link.
        """
        self._directory = Directory(root)

    @property
    def root(self) -> str:
        """The path of the directory."""
        return self._directory.root

    @property
    def refused(self) -> Mapping[str, str]:
        """Why files could not be opened or read until now, by their paths. A file that is gone is not refused."""
        return self._directory.refused

    @property
    def unknown(self) -> Sequence[str]:
        """The folders that were read although their layout is newer than what is known here."""
        return ()

    def survey(self) -> Survey:
        """Walk the directory once and return its entries, and the folders that hold nothing.

        Raises:
            CacheNotFound: the directory is a file, or cannot be read.
            NotAPipCache: it holds something, and none of pip's stores.
        """
        return survey(self._directory)

    def scan(self) -> list[Entry]:
        """Walk the directory once and return its entries in a total order (store, then path).

        Raises:
            CacheNotFound: the directory is a file, or cannot be read.
            NotAPipCache: it holds something, and none of pip's stores.
        """
        return self.survey().entries

    def stream(self) -> Iterable[Entry]:
        """Walk the directory once and return its entries in the order of the walk, where possible while it is on.

        Raises:
            CacheNotFound: the directory is a file, or cannot be read.
            NotAPipCache: it holds something, and none of pip's stores.
        """
        return stream(self._directory)

    def look_inside(self, folder: StrayEntry) -> FolderContents:
        """Return everything below a folder that the walk lists as a stray entry."""
        return look_inside(self._directory, folder)

    def metadata_of(self, _entry: Entry) -> bytes | None:
        """Return the METADATA of a distribution that is kept unpacked; None for what is not, and where none is."""
        return None

    def mount_above(self, path: str, device: int | None = None) -> str | None:
        """Return the highest folder on the way to a path, or the path, that another file system is mounted on.

        Args:
            path: of a folder.
            device: that a file in the folder is on, where it is known.
        """
        return self._directory.mount_above(path, device)

    def look_again(self, entry: Entry) -> Entry | None:
        """Return ``entry`` with the files that it has now; None when it is gone."""
        return look_again(self._directory, entry)

    def open(self, file: File) -> Window:
        """Open a file for reading; the caller closes it.

        Raises:
            OSError: it cannot be opened, or is a link by now.
        """
        return self._directory.open(file)

    def read(self, file: File, limit: int) -> bytes:
        """Return the first ``limit`` bytes of a file.

        Raises:
            OSError: it cannot be opened or read, or is no regular file any more.
        """
        return self._directory.read(file, limit)

    def response(
        self, entry: HttpEntry, *, deep: bool, head: Head | None = None, body: Body | None = None
    ) -> Response:
        """Read the head of an entry and what its body is; the caller closes the response.

        Args:
            entry: an entry of an HTTP store.
            deep: read METADATA and PKG-INFO of archives too.
            head: its head where it was read before: a head that is a file of its own is not read again.
            body: its body where it is open; the response closes it.
        """
        return read_response(self._directory, entry, deep=deep, known=head, body=body)

    def head(self, entry: HttpEntry) -> Response:
        """Read the head of an entry and nothing of its body, whose size the response has all the same."""
        return read_head(self._directory, entry)

    def body(self, entry: Entry, head: Head | None) -> Body:
        """Return the bytes of an entry: a response's body, a built wheel, a stray file. The caller closes it.

        Where an entry has no body, reading it raises FileNotFoundError.

        Args:
            entry: the entry.
            head: its decoded head, None where it has none or it cannot be decoded.
        """
        encoding = None if head is None else head.encoding
        match entry:
            case HttpEntry(store=Store.HTTP, head=File() as file):
                if head is None or head.body is None:
                    return Body(lambda: self.open(file), file.size, encoding)
                start, length = head.body
                return Body(lambda: self.open(file).owned_part(start, length), length, encoding)
            case StrayEntry(file=file) if not stat_module.S_ISREG(file.stat.st_mode):
                return Body(_no_body, 0, encoding)  # a folder, a link or a device: the walk did not enter it
            case HttpEntry(body=File() as file) | BuiltEntry(wheel=file) | StrayEntry(file=file):
                return Body(lambda: self.open(file), file.size, encoding)
            case _:
                return Body(_no_body, 0, encoding)

    def ends_like_zip(self, entry: Entry, head: Head | None) -> bool:
        """Return whether the bytes of an entry end like a ZIP file; False where they cannot be read."""
        with self.body(entry, head) as body, suppress(OSError):
            return body.ends_like_zip()
        return False


def _no_body() -> Window:
    raise FileNotFoundError("there is no body")
