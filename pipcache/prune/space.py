"""Bytes that a removal gives back, each file counted once."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from pipcache.inventory.artifact import Artifact
from pipcache.store.entries import entry_path, is_pips
from pipcache.store.scan import Contents
from pipcache.util.files import File


class Ledger:
    """Allocated bytes, each file once: an ``origin.json`` belongs to several wheels, and files have hard links."""

    def __init__(self, artifacts: Iterable[Artifact], insides: Mapping[str, Contents]) -> None:
        self.size = 0
        self._insides = insides
        self._owners: Counter[str] = Counter()
        self._links: Counter[tuple[int, int]] = Counter()
        self._all_links: dict[tuple[int, int], int] = {}
        for artifact in artifacts:
            for file in self._files(artifact):
                self._owners[file.path] += 1
                if self._owners[file.path] == 1:
                    self._add(file)

    def take(self, artifacts: Iterable[Artifact]) -> int:
        """Let artifacts go and return the bytes that they give back."""
        before = self.size
        for artifact in artifacts:
            for file in self._files(artifact):
                self._owners[file.path] -= 1
                if not self._owners[file.path]:
                    self._remove(file)
        return before - self.size

    def _add(self, file: File) -> None:
        if file.stat.st_nlink < 2:
            self.size += file.allocated
            return
        inode = file.stat.st_dev, file.stat.st_ino
        self._links[inode] += 1
        self._all_links[inode] = self._links[inode]
        if self._links[inode] == file.stat.st_nlink:
            self.size += file.allocated

    def _remove(self, file: File) -> None:
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
        if (inside := self._insides.get(entry_path(artifact.entry))) is not None:
            yield from inside.files
