"""A directory of which every folder on the way to a file is opened without following a link."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from pipcache.store.directory import Directory
from pipcache.util.files import HAS_DIR_FD, File, enter_below, open_quietly


class GuardedDirectory(Directory):
    """A directory in which whoever may write can swap a folder for a link while it is read.

    Without ``dir_fd`` (Windows) only the last name of a path is guarded.
    """

    __slots__ = ()

    def children(self, path: str) -> list[File]:
        """Return what is in a folder, sorted by name; nothing is followed, and no access time changes if possible.

        Args:
            path: of the folder, relative to the root; empty for the root.

        Raises:
            OSError: it cannot be listed, or is or lies behind a link.
        """
        files = []
        with self._above(path) as (name, descriptor):
            listed = open_quietly(name, descriptor) if descriptor is not None else os.path.join(self.root, path)
            try:
                with os.scandir(listed) as entries:
                    for entry in entries:
                        try:
                            status = entry.stat(follow_symlinks=False)
                        except FileNotFoundError:
                            continue  # gone since it was listed
                        files.append(File(os.path.join(path, entry.name), status))
            finally:
                if isinstance(listed, int):
                    os.close(listed)
        return sorted(files, key=lambda file: file.path)

    def link_text(self, file: File) -> str:
        """Return where a link says that it leads to; empty where it cannot be read any more."""
        try:
            with self._above(file.path) as (name, descriptor):
                if descriptor is None:
                    return os.readlink(os.path.join(self.root, file.path))
                return os.readlink(name, dir_fd=descriptor)
        except OSError:
            return ""

    def _open(self, file: File) -> int:
        try:
            with self._above(file.path) as (name, descriptor):
                if descriptor is None:
                    return open_quietly(os.path.join(self.root, file.path))
                return open_quietly(name, descriptor)
        except OSError as error:
            self._note(file.path, error)
            raise

    @contextmanager
    def _above(self, path: str) -> Iterator[tuple[str, int | None]]:
        """Give the last name of a path, and a descriptor of the folder that it is in; None without ``dir_fd``."""
        *folders, name = path.split(os.sep) if path else ["."]
        if not HAS_DIR_FD:
            yield name, None
            return
        # the directory itself may be a link
        root = os.open(self.root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        descriptor = enter_below(root, folders)
        try:
            yield name, descriptor
        finally:
            os.close(descriptor)
