"""A directory, and its files opened without following links."""

import os

from pipcache.util.files import File, Window, is_folder, open_quietly


class Directory:
    """A directory, which notes what the system refuses to open or read in it.

    Attributes:
        root: its path; paths of its files are relative to it.
        refused: why files could not be opened, read or looked at again, by their paths. A file that is gone is not
            refused.
    """

    __slots__ = ("_is_mount", "_own_device", "refused", "root")

    def __init__(self, root: str) -> None:
        """Make a directory of a path, which may be a link."""
        self.root = root
        self.refused: dict[str, str] = {}
        self._is_mount: dict[str, bool] = {}  # of each path that was asked about
        self._own_device: int | None = None

    def look(self, path: str) -> File:
        """Return the present status of a file, without following a link.

        Raises:
            OSError: it is not there, or cannot be looked at.
        """
        return File(path, os.lstat(os.path.join(self.root, path)))

    def mount_above(self, path: str, device: int | None = None) -> str | None:
        """Return the highest folder on the way to a path, or the path, that another file system is mounted on.

        None where there is none, or where that cannot be seen.

        Args:
            path: of a folder.
            device: that a file in the folder is on, where it is known. A file on the directory's own device spares
                a look at each folder above it; one on another device proves nothing (overlayfs).
        """
        if self._own_device is None:
            self._own_device = self._device("")
        if device is not None and device == self._own_device:
            return None
        if (is_mount := self._is_mount.get(path)) is not None:
            return path if is_mount else None
        parent = path.rpartition(os.sep)[0]
        if parent and (above := self.mount_above(parent)) is not None:
            return above
        self._is_mount[path] = self._device(path) not in {None, self._own_device}
        return path if self._is_mount[path] else None

    def _device(self, path: str) -> int | None:
        """Return the device of a folder; None for a file, which need not be on that of its folder (overlayfs)."""
        try:
            # the directory itself may be a link
            status = os.lstat(f"{self.root}/{path}") if path else os.stat(self.root)
        except OSError:
            return None
        return status.st_dev if is_folder(status) else None

    def open(self, file: File) -> Window:
        """Open a file for reading, with the size that it had for the walk. The caller closes it.

        Raises:
            OSError: it cannot be opened, or is a link by now.
        """
        descriptor = self._open(file)
        return Window(descriptor, 0, file.stat.st_size, note=lambda error: self._note(file.path, error))

    def read(self, file: File, limit: int) -> bytes:
        """Return the first ``limit`` bytes of a file.

        Raises:
            OSError: it cannot be opened or read, or is no regular file any more.
        """
        descriptor = self._open(file)
        try:
            return os.read(descriptor, min(limit, file.stat.st_size))
        except OSError as error:
            self._note(file.path, error)
            raise
        finally:
            os.close(descriptor)

    def _open(self, file: File) -> int:
        try:
            return open_quietly(f"{self.root}/{file.path}")
        except OSError as error:
            self._note(file.path, error)
            raise

    def _note(self, path: str, error: OSError) -> None:
        """Note that a file cannot be read, unless it is gone."""
        if not (isinstance(error, FileNotFoundError) and is_gone(os.path.join(self.root, path))):
            self.refused[path] = error.strerror or str(error)


def is_gone(path: str) -> bool:
    """Return whether nothing is at a path by now: its folder can be listed and does not have it, or is gone too.

    A network file system may say once, or for long, that a file is missing which it lists.
    """
    while True:
        folder, name = os.path.split(path)
        try:
            return name not in os.listdir(folder or os.curdir)
        except (FileNotFoundError, NotADirectoryError):
            if folder == path:
                return True
            path = folder
        except OSError:
            return False
