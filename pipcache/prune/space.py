"""The disk space that artifacts take, each file counted once."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from pipcache.inventory.artifact import Artifact, path_of
from pipcache.store.entries import is_pips
from pipcache.store.scan import Contents
from pipcache.util.files import File


class SpaceCount:
    """The bytes that the file system has allocated for artifacts, and that removing all of them would free.

    A file counts once, also where several artifacts share it, as the wheels of a folder share their
    ``origin.json``. A file with several hard links counts when all its links belong to the artifacts.

    Attributes:
        size: The bytes of the artifacts that are left.
    """

    def __init__(self, artifacts: Iterable[Artifact], folder_contents: Mapping[str, Contents]) -> None:
        """Count ``artifacts``; ``folder_contents`` says what lies in leftover folders, by their paths."""
        self.size = 0
        self._folder_contents = folder_contents
        self._owners: Counter[str] = Counter()
        self._links: Counter[tuple[int, int]] = Counter()
        self._all_links: dict[tuple[int, int], int] = {}
        for artifact in artifacts:
            for file in self._files(artifact):
                self._owners[file.path] += 1
                if self._owners[file.path] == 1:
                    self._add(file)

    def remove(self, artifacts: Iterable[Artifact]) -> None:
        """Count artifacts no longer. A file that artifacts which are left share is still counted."""
        for artifact in artifacts:
            for file in self._files(artifact):
                self._owners[file.path] -= 1
                if not self._owners[file.path]:
                    self._subtract(file)

    def _add(self, file: File) -> None:
        if file.stat.st_nlink < 2:
            self.size += file.allocated
            return
        inode = file.stat.st_dev, file.stat.st_ino
        self._links[inode] += 1
        self._all_links[inode] = self._links[inode]
        if self._links[inode] == file.stat.st_nlink:
            self.size += file.allocated

    def _subtract(self, file: File) -> None:
        if file.stat.st_nlink < 2:
            self.size -= file.allocated
            return
        inode = file.stat.st_dev, file.stat.st_ino
        self._links[inode] -= 1
        if not self._links[inode] and self._all_links[inode] == file.stat.st_nlink:
            self.size -= file.allocated

    def _files(self, artifact: Artifact) -> Iterator[File]:
        if is_pips(artifact.entry):
            yield from artifact.files
        if (contents := self._folder_contents.get(path_of(artifact))) is not None:
            yield from contents.files
