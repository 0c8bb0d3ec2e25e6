"""Digests of the files in a folder, read without following a link."""

import os
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from pipcache.installers.guarded_directory import GuardedDirectory
from pipcache.util.budget import is_mostly_holes
from pipcache.util.files import File, is_folder
from pipcache.util.hashes import Digest, State, new_digest

_MOST_FILES = 500_000
"""Files that are hashed of a distribution; the largest has some ten thousand."""


MOST_LEVELS = 100
"""Folders in one another that are entered; real distributions have some ten."""


class FolderDigests(NamedTuple):
    """Files by each of their digests, and why not all of them could be hashed, as text to show."""

    paths: dict[Digest, str]
    problem: str | None = None


def digests_below(directory: GuardedDirectory, folder: str, algorithms: Sequence[str]) -> FolderDigests:
    """Hash every file below a folder.

    Args:
        directory: the directory.
        folder: its path, relative to the directory.
        algorithms: names in ``hashes.DIGITS``.
    """
    files: list[File] = []
    pending, problem = [folder], None
    while pending and len(files) < _MOST_FILES:
        try:
            children = directory.children(pending.pop())
        except OSError:
            problem = _UNREADABLE
            continue
        folders = [child.path for child in children if is_folder(child.stat)]
        if folders and folders[0].count(os.sep) > MOST_LEVELS:
            problem = "it has more folders in one another than are read"
            continue
        pending += folders
        files += [child for child in children if not is_folder(child.stat)]
    if pending:
        problem = "it has more files than are read"
    hashed = digests_of_files(directory, files, algorithms, folder)
    return hashed._replace(problem=problem or hashed.problem)


def digests_of_files(
    directory: GuardedDirectory, files: Iterable[File], algorithms: Sequence[str], above: str
) -> FolderDigests:
    """Hash files; a link or a device among them is not read.

    Args:
        directory: the directory.
        files: its files.
        algorithms: names in ``hashes.DIGITS``.
        above: the folder that the paths in the answer are relative to.
    """
    paths: dict[Digest, str] = {}
    problem = None
    for file in files:
        if is_mostly_holes(file.size, file.allocated):
            problem = "it has a file of holes that is too large to be read"
            continue
        states: dict[str, State] = {name: state for name in algorithms if (state := new_digest(name)) is not None}
        try:
            with directory.open(file) as window:
                for data in window.chunks():
                    for state in states.values():
                        state.update(data)
        except OSError:
            problem = _UNREADABLE
            continue
        name = os.path.relpath(file.path, above).replace(os.sep, "/")
        paths |= {(algorithm, state.hexdigest()): name for algorithm, state in states.items()}
    return FolderDigests(paths, problem)


_UNREADABLE = "its files could not all be read"
