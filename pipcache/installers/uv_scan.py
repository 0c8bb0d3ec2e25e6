"""The walk over uv's cache: every distribution in it, and what uv noted of others.

::

    wheels-vN/pypi/<project>/<version and tags>.http      the pointer to an unpacked wheel, see ``uv_pointer``
    wheels-vN/{index,url}/<hex>/<project>/….{http,rev}    the same of other indexes, of URLs and of local files
    sdists-vN/…/revision.{http,rev}, <id>/                the pointer to a revision, and the revision: the sources,
                                                          unpacked, and the wheels that were built of them
    archive-v0/<id>/                                      an unpacked wheel, or an environment (with pyvenv.cfg)
    environments-vN/<hex>/<hex>                           a link to an archive that is an environment
    environments-vN/<name>-<hex>/                         an environment
    simple-vN, flat-index-vN                              index pages
    git-vN/checkouts/<hex>/<commit>/                      the files of a repository at a commit
    .tmp*, builds-vN/.tmp*                                of installs and builds, at work or killed

The numbers change between patch releases, so every number is read. Members of archives are not listed here.
"""

import os
import stat as stat_module
from typing import NamedTuple

from pipcache.installers.guarded_directory import GuardedDirectory
from pipcache.installers.uv_layout import INFO_ENDINGS, MARKERS, NEWEST, WITHOUT_DISTRIBUTIONS, bucket_in
from pipcache.installers.uv_pointer import (
    POINTER_LIMIT,
    Link,
    Pointer,
    is_archive_id,
    read_link,
    read_pointer,
)
from pipcache.store.directory import is_gone
from pipcache.store.entries import (
    BuiltEntry,
    Entry,
    Foreign,
    InstalledEntry,
    NoteEntry,
    StrayEntry,
    UnpackedEntry,
    UnreadableEntry,
    entry_path,
    odd_type,
)
from pipcache.store.layout import Store
from pipcache.util.files import File, is_folder

_LEVEL_OF_CHECKOUTS = 2
"""Levels of folders between the bucket of repositories and what is checked out: ``checkouts``, and one of each."""

_POINTERS = (".http", ".rev")

_DEPTH_OF_WHEELS = 4

_MOST_OF_A_LINK = 256

_LEVELS_OF_REVISIONS = {"pypi": 4, "index": 5}
"""Folders from the family down to a revision: ``pypi/<project>/<version>/<id>``; ``url/<hex>/<id>`` has three."""


class UvSurvey(NamedTuple):
    """What one walk gives.

    Attributes:
        entries: in a total order (store, then path).
        pointers: the decoded pointers, by their paths.
        revisions: the pointer beside a revision, by the path of the revision's folder; of each revision there,
            whether the pointer leads to it or not.
        unknown: the buckets whose layout is newer than what is known here.
    """

    entries: list[Entry]
    pointers: dict[str, Pointer]
    revisions: dict[str, File]
    unknown: list[str]


def scan(directory: GuardedDirectory) -> UvSurvey:
    """Walk uv's cache once.

    Raises:
        OSError: the directory itself cannot be listed.
    """
    return _Scan(directory).survey()


class _Scan:
    def __init__(self, directory: GuardedDirectory) -> None:
        self._directory = directory
        self._entries: list[Entry] = []
        self._pointers: dict[str, Pointer] = {}
        self._revisions: dict[str, File] = {}
        self._unknown: list[str] = []
        self._archives: dict[Link, File] = {}
        self._unlisted: dict[int, File] = {}  # buckets of archives by their numbers
        self._links: dict[Link, tuple[Store, File]] = {}
        self._used: set[Link] = set()
        self._environments: set[Link] = set()

    def survey(self) -> UvSurvey:
        buckets = self._scan_top()
        # archives are first: the others lead to them
        for bucket in buckets.pop("archive", []):
            self._scan_archives(bucket)
        for bucket in buckets.pop("wheels", []):
            self._scan_wheels(bucket, _DEPTH_OF_WHEELS)
        for bucket in (*buckets.pop("sdists", []), *buckets.pop("built-wheels", [])):
            self._scan_sdists(bucket)
        for bucket in buckets.pop("environments", []):
            self._scan_environments(self._children(Store.UV_ENVIRONMENTS, bucket), 2)
        for bucket in (*buckets.pop("simple", []), *buckets.pop("flat-index", [])):
            self._scan_pages(bucket, 3)
        for bucket in buckets.pop("builds", []):
            self._scan_builds(bucket)
        for bucket in buckets.pop("git", []):
            self._scan_checkouts(bucket, 0)
        for name, files in buckets.items():
            if name not in WITHOUT_DISTRIBUTIONS:
                self._entries += [StrayEntry(Store.STRAY, file, Foreign.FOLDER) for file in files]
        for link, archive in self._archives.items():
            if link not in self._used:
                self._add_unpointed(link, archive)
        order = {store: index for index, store in enumerate(Store)}
        self._entries.sort(key=lambda entry: (order[entry.store], entry_path(entry)))
        return UvSurvey(self._entries, self._pointers, self._revisions, self._unknown)

    def _scan_top(self) -> dict[str, list[File]]:
        """Return the buckets, by their names without the number; add what else lies in the cache directory."""
        buckets: dict[str, list[File]] = {}
        for file in self._directory.children(""):
            bucket = bucket_in(file.path)
            if bucket is not None and is_folder(file.stat):
                name, number = bucket
                buckets.setdefault(name, []).append(file)
                if number > NEWEST.get(name, 9999):
                    self._unknown.append(file.path)
            elif file.path.startswith(".tmp") and is_folder(file.stat):
                self._add_loose(Store.UV_WHEELS, file)
            elif file.path not in MARKERS:
                # a link in the place of a bucket: uv goes where it leads
                store = Store.STRAY if bucket is None or is_folder(file.stat) else Store.UV_WHEELS
                why = Foreign.NOT_UVS if is_folder(file.stat) else odd_type(file) or Foreign.NOT_UVS
                self._entries.append(StrayEntry(store, file, why))
        return buckets

    def _scan_builds(self, bucket: File) -> None:
        for file in self._children(Store.UV_SDISTS, bucket):
            if is_folder(file.stat):
                self._add_loose(Store.UV_SDISTS, file)

    def _scan_checkouts(self, folder: File, level: int) -> None:
        """Scan the bucket of repositories, or a folder that is so many levels below it; clones have no files."""
        for file in self._children(Store.UV_SDISTS, folder):
            if level or os.path.basename(file.path) == "checkouts":
                if odd_type(file) is Foreign.LINK:
                    self._entries.append(StrayEntry(Store.UV_SDISTS, file, Foreign.LINK))
                elif is_folder(file.stat) and level < _LEVEL_OF_CHECKOUTS:
                    self._scan_checkouts(file, level + 1)
                elif is_folder(file.stat):
                    key = os.path.basename(file.path)
                    self._entries.append(UnpackedEntry(Store.UV_SDISTS, key, None, file))

    def _children(self, store: Store, folder: File) -> list[File]:
        try:
            return self._directory.children(folder.path)
        except OSError as error:
            if not (isinstance(error, FileNotFoundError) and self._is_gone(folder)):
                self._entries.append(UnreadableEntry(store, folder.path, error.strerror or str(error)))
            return []

    def _is_gone(self, file: File) -> bool:
        return is_gone(os.path.join(self._directory.root, file.path))

    def _scan_archives(self, bucket: File) -> None:
        number = int(bucket.path.rpartition("-v")[2])
        files = self._children(Store.UV_WHEELS, bucket)
        if self._entries and entry_path(self._entries[-1]) == bucket.path:
            self._unlisted[number] = bucket
        for file in files:
            name = os.path.basename(file.path)
            if not is_folder(file.stat):
                if name not in MARKERS:
                    self._entries.append(StrayEntry(Store.UV_WHEELS, file, odd_type(file) or Foreign.NOT_UVS))
            elif is_archive_id(name):
                self._archives[Link(name, number)] = file
            else:
                self._add_loose(Store.UV_WHEELS, file)

    def _scan_wheels(self, folder: File, depth: int) -> None:
        files = self._children(Store.UV_WHEELS, folder)
        # the metadata and the link beside a pointer are of the wheel that is here, and the pointer decides
        pointed = {os.path.splitext(file.path)[0] for file in files if file.path.endswith(_POINTERS)}
        for file in files:
            name = os.path.basename(file.path)
            if is_folder(file.stat):
                if name.startswith(".tmp"):
                    self._add_loose(Store.UV_WHEELS, file)
                elif depth:
                    self._scan_wheels(file, depth - 1)
                else:
                    self._entries.append(StrayEntry(Store.UV_WHEELS, file, Foreign.FOLDER))
            elif name.endswith(_POINTERS) and odd_type(file) is None:
                self._add_wheel(file)
            elif file.path.removesuffix(".msgpack") not in pointed:
                self._add_other(Store.UV_WHEELS, file)

    def _add_wheel(self, file: File) -> None:
        pointer = self._read_pointer(Store.UV_WHEELS, file)
        if pointer is not None:
            link = Link(pointer.archive_id, pointer.archive_version)
            self._used.add(link)
            archive = self._archives.get(link)
            if archive is None and (bucket := self._unlisted.get(link.archive_version)) is not None:
                # what cannot be looked at is not gone
                archive = bucket._replace(path=os.path.join(bucket.path, link.archive_id))
            self._entries.append(UnpackedEntry(Store.UV_WHEELS, link.archive_id, file, archive))

    def _read_pointer(self, store: Store, file: File) -> Pointer | None:
        """Return a pointer; None where it is not read, which is noted."""
        try:
            # a longer file is no pointer
            pointer = read_pointer(self._directory.read(file, POINTER_LIMIT + 1))
        except OSError as error:
            if file.path in self._directory.refused:
                self._entries.append(UnreadableEntry(store, file.path, error.strerror or str(error)))
            return None
        if pointer is None:
            self._entries.append(NoteEntry(store, file))
        else:
            self._pointers[file.path] = pointer
        return pointer

    def _add_other(self, store: Store, file: File) -> None:
        """Add what is neither a folder nor a pointer: metadata, a link to an archive, or what uv did not make."""
        name = os.path.basename(file.path)
        if stat_module.S_ISLNK(file.stat.st_mode):
            if not self._note_link(store, file, self._directory.link_text(file)):
                self._entries.append(StrayEntry(store, file, Foreign.LINK))
        elif odd_type(file) is not None:
            self._entries.append(StrayEntry(store, file, Foreign.SPECIAL))
        elif name.endswith(".msgpack"):
            self._entries.append(NoteEntry(store, file))
        elif name not in MARKERS and not name.endswith(".lock") and not self._is_link_file(store, file):
            self._entries.append(StrayEntry(store, file, Foreign.NOT_UVS))

    def _is_link_file(self, store: Store, file: File) -> bool:
        """Return whether a file stands for a link to an archive, as on Windows, and note where it leads."""
        if file.size > _MOST_OF_A_LINK:
            return False
        try:
            text = self._directory.read(file, _MOST_OF_A_LINK).decode()
        except (OSError, UnicodeDecodeError):
            return False
        return self._note_link(store, file, text.strip())

    def _note_link(self, store: Store, file: File, text: str) -> bool:
        """Note which archive a link leads to, and return whether it is such a link; it is not followed."""
        link = read_link(text)
        if link is not None:
            self._links.setdefault(link, (store, file))
        return link is not None

    def _scan_sdists(self, bucket: File) -> None:
        for family in self._children(Store.UV_SDISTS, bucket):
            name = os.path.basename(family.path)
            if not is_folder(family.stat):
                self._add_other(Store.UV_SDISTS, family)
            elif name.startswith(".tmp"):
                self._add_loose(Store.UV_SDISTS, family)
            else:
                self._scan_sources(family, _LEVELS_OF_REVISIONS.get(name, 3) - 1)

    def _scan_sources(self, folder: File, levels: int) -> None:
        """Scan a folder that is so many levels above the revisions."""
        files = self._children(Store.UV_SDISTS, folder)
        pointers = [file for file in files if file.path.endswith(_POINTERS) and odd_type(file) is None]
        named: dict[str, File] = {}
        for file in pointers:
            pointer = self._read_pointer(Store.UV_SDISTS, file)
            if pointer is not None:
                named[pointer.archive_id] = file
        for file in files:
            name = os.path.basename(file.path)
            if file in pointers:
                continue
            if not is_folder(file.stat):
                self._add_other(Store.UV_SDISTS, file)
            elif name.startswith(".tmp"):
                self._add_loose(Store.UV_SDISTS, file)
            elif levels > 1:
                self._scan_sources(file, levels - 1)
            else:
                self._scan_revision(file, named.pop(name, None), next(iter(pointers), None))
        for name, pointer_file in named.items():
            self._entries.append(UnpackedEntry(Store.UV_SDISTS, name, pointer_file, None))

    def _scan_revision(self, folder: File, pointer: File | None, beside: File | None) -> None:
        """Scan the folder of a revision.

        Args:
            folder: of the revision.
            pointer: that leads to it; None where none does.
            beside: any pointer of the same sdist.
        """
        if beside is not None:
            self._revisions[folder.path] = beside
        files = self._children(Store.UV_SDISTS, folder)
        wheels = [file for file in files if file.path.endswith(".whl") and odd_type(file) is None]
        key = os.path.basename(folder.path)
        self._entries += [BuiltEntry(Store.UV_SDISTS, key, wheel, None) for wheel in wheels]
        has_sources = any(is_folder(file.stat) for file in files)
        if has_sources:
            self._entries.append(UnpackedEntry(Store.UV_SDISTS, key, pointer, folder))
        for file in files:
            is_own_metadata = file.path.endswith(".msgpack") and (has_sources or wheels)
            if file not in wheels and not is_folder(file.stat) and not is_own_metadata:
                self._add_other(Store.UV_SDISTS, file)

    def _scan_environments(self, files: list[File], depth: int) -> None:
        """Scan what is in the bucket of environments, or in a folder of it."""
        for file in files:
            name = os.path.basename(file.path)
            if is_folder(file.stat):
                files = self._children(Store.UV_ENVIRONMENTS, file)
                if not self._add_environment(file, files) and depth > 1:
                    self._scan_environments(files, depth - 1)
            elif name in MARKERS or name.endswith(".lock"):
                continue
            elif stat_module.S_ISLNK(file.stat.st_mode):
                link = read_link(self._directory.link_text(file))
                if link is None:
                    self._entries.append(StrayEntry(Store.UV_ENVIRONMENTS, file, Foreign.LINK))
                elif link in self._archives and link not in self._used:
                    self._used.add(link)
                    self._environments.add(link)
                    self._add_loose(Store.UV_ENVIRONMENTS, self._archives[link])
                elif link in self._archives and link not in self._environments:
                    # a pointer leads there too, which speaks for a wheel alone
                    self._environments.add(link)
                    archive = self._archives[link]
                    self._add_environment(archive, self._children(Store.UV_ENVIRONMENTS, archive))
            else:
                self._add_other(Store.UV_ENVIRONMENTS, file)

    def _scan_pages(self, folder: File, depth: int) -> None:
        for file in self._children(Store.UV_PAGES, folder):
            if is_folder(file.stat) and depth:
                self._scan_pages(file, depth - 1)
            elif odd_type(file) is None and file.path.endswith((".rkyv", ".msgpack")):
                self._entries.append(NoteEntry(Store.UV_PAGES, file))

    def _add_unpointed(self, link: Link, archive: File) -> None:
        """Add an archive that no pointer leads to; a link beside a built wheel may."""
        if link not in self._links:
            self._add_loose(Store.UV_WHEELS, archive)
            return
        store, file = self._links[link]
        self._entries.append(UnpackedEntry(store, link.archive_id, file, archive))

    def _add_loose(self, store: Store, folder: File) -> None:
        """Add a folder that nothing names: an environment, or by its content an unpacked distribution."""
        files = self._children(store, folder)
        if not self._add_environment(folder, files) and files:
            key = os.path.basename(folder.path)
            self._entries.append(UnpackedEntry(store, key, None, folder))

    def _add_environment(self, folder: File, children: list[File]) -> bool:
        """Add what is installed in an environment, and return whether a folder is one (PEP 405)."""
        files = {os.path.basename(file.path): file for file in children}
        if "pyvenv.cfg" not in files:
            return False
        for name in ("lib", "Lib", "lib64"):
            if name in files and is_folder(files[name].stat):
                for packages in self._site_packages(files[name]):
                    self._entries += [
                        InstalledEntry(Store.UV_ENVIRONMENTS, folder, file)
                        for file in self._children(Store.UV_ENVIRONMENTS, packages)
                        if file.path.endswith(INFO_ENDINGS)
                    ]
        return True

    def _site_packages(self, library: File) -> list[File]:
        """Return the folders of distributions below ``lib`` (of Windows, ``Lib``) of an environment."""
        packages = []
        for file in self._children(Store.UV_ENVIRONMENTS, library):
            if is_folder(file.stat):
                if os.path.basename(file.path) == "site-packages":
                    packages.append(file)
                else:
                    below = self._children(Store.UV_ENVIRONMENTS, file)
                    packages += [
                        child
                        for child in below
                        if is_folder(child.stat) and os.path.basename(child.path) == "site-packages"
                    ]
        return packages
