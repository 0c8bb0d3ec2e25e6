"""The disk space that artifacts take, each file counted once."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from pipcache.inventory.artifact import Artifact, path_of
from pipcache.removal.plan import inode_of, space_by_inode
from pipcache.store.entries import is_made_by_pip
from pipcache.store.scan import FolderContents
from pipcache.util.files import File


class SpaceCount:
    """The bytes that removing artifacts would free, while one artifact after the other is removed.

    A file counts once, also where several artifacts share it, as the wheels of a folder share their
    ``origin.json``. A file with several hard links counts when all its links belong to the artifacts.

    Attributes:
        size: The bytes of the artifacts that are left.
    """

    def __init__(self, artifacts: Iterable[Artifact], folder_contents: Mapping[str, FolderContents]) -> None:
        """Count ``artifacts``; ``folder_contents`` says what lies in leftover folders, by their paths."""
        self._folder_contents = folder_contents
        owned = [file for artifact in artifacts for file in self._files(artifact)]
        files = {file.path: file for file in owned}.values()
        self._owners = Counter(file.path for file in owned)
        self._links = Counter(map(inode_of, files))
        self._space = space_by_inode(files)
        self.size = sum(self._space.values())

    def remove(self, artifacts: Iterable[Artifact]) -> None:
        """Count artifacts no longer. A file that artifacts which are left share is still counted."""
        for file in (file for artifact in artifacts for file in self._files(artifact)):
            self._owners[file.path] -= 1
            if not self._owners[file.path]:
                inode = inode_of(file)
                self._links[inode] -= 1
                self.size -= self._space.get(inode, 0) if not self._links[inode] else 0

    def _files(self, artifact: Artifact) -> Iterator[File]:
        if is_made_by_pip(artifact.entry):
            yield from artifact.files
        if (contents := self._folder_contents.get(path_of(artifact))) is not None:
            yield from contents.files
