"""The plan for what the policies of ``prune`` take."""

from collections.abc import Iterable, Mapping, Sequence

from pipcache.inventory.artifact import Artifact, path_of
from pipcache.removal.plan import (
    Candidate,
    Plan,
    Removal,
    files_of,
    find_last_wheels,
    in_order,
    leave,
    split_contents,
)
from pipcache.store.entries import is_link
from pipcache.store.scan import FolderContents


def plan_pruning(
    candidates: Iterable[Candidate],
    artifacts: Sequence[Artifact],
    folder_contents: Mapping[str, FolderContents],
    empty_folders: Sequence[str],
) -> Plan:
    """Return the plan for what policies take; links, and what is no regular file, are left.

    Args:
        candidates: What the policies take.
        artifacts: All artifacts of the cache.
        folder_contents: What lies in leftover folders, by their paths.
        empty_folders: Folders that hold nothing; all of them go.
    """
    by_path = {path_of(candidate.artifact): candidate for candidate in candidates}
    last_wheels = find_last_wheels((artifact.entry for artifact in artifacts), by_path.keys())
    removals: list[Removal] = []
    folders = [*empty_folders]
    left = [leave(artifact.entry) for artifact in artifacts if is_link(artifact.entry)]
    for path, (artifact, reason, detail) in by_path.items():
        files = files_of(artifact.entry, last_wheels)
        if (contents := folder_contents.get(path)) is not None:
            files, left_inside = split_contents(contents)
            left += left_inside
            folders += contents.empty
        removals.append(Removal(artifact.entry, files, reason, detail, artifact))
    return Plan(in_order(removals), tuple(folders), tuple(left))
