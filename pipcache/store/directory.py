"""A directory, and its files opened without following links."""

import os
from typing import NamedTuple

from pipcache.util.files import File, Window, open_quietly


class Directory(NamedTuple):
    """A directory. ``root`` is its path; paths of its files are relative to it."""

    root: str

    def look(self, path: str) -> File:
        """Return the present status of a file, without following a link.

        Raises:
            OSError: it is not there, or cannot be looked at.
        """
        return File(path, os.lstat(os.path.join(self.root, path)))

    def open(self, file: File) -> Window:
        """Open a file for reading, with the size that it had for the walk. The caller closes it.

        Raises:
            OSError: it cannot be opened, or is a link by now.
        """
        return Window(open_quietly(f"{self.root}/{file.path}"), 0, file.stat.st_size)

    def read(self, file: File, limit: int) -> bytes:
        """Return the first ``limit`` bytes of a file.

        Raises:
            OSError: it cannot be opened or read, or is no regular file any more.
        """
        descriptor = open_quietly(f"{self.root}/{file.path}")
        try:
            return os.read(descriptor, min(limit, file.stat.st_size))
        finally:
            os.close(descriptor)
