"""uv's own commands that remove artifacts from its cache."""

import os
import re
from collections.abc import Collection, Iterable

from pipcache.inventory.artifact import Artifact, Place
from pipcache.store.entries import InstalledEntry, UnpackedEntry
from pipcache.store.installer import uv_commands
from pipcache.util.filenames import normalise

_PROJECT = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")
"""The normalised name of a project (PEP 503, PEP 508); a stranger's folder may be called like an option."""


def commands_for(path: str, artifacts: Iterable[Artifact], projects: Collection[str] = ()) -> list[str]:
    """Return the command lines of uv that remove artifacts, in the order that removes all of them.

    Args:
        path: of the cache.
        artifacts: what has to go.
        projects: whose files go where no artifact is given.
    """
    gone = list(artifacts)
    known = set[str]().union(*map(_names_of, gone))
    names = {name for name in known or map(normalise, projects) if _PROJECT.fullmatch(name)}
    return uv_commands(path, names, everything=any(map(goes_with_all, gone)))


def goes_with_all(artifact: Artifact) -> bool:
    """Return whether uv has no command that removes an artifact and leaves all else."""
    return artifact.goes_with_all or not (_names_of(artifact) or _is_pruned(artifact))


def _names_of(artifact: Artifact) -> set[str]:
    """Return every name of an artifact: uv goes by that of a folder, or by that in its own note of metadata."""
    claims = (claim for claim in artifact.claims if claim.project and claim.place is not Place.TOP_FOLDER)
    return set(filter(_PROJECT.fullmatch, (normalise(claim.project or "") for claim in claims)))


def _is_pruned(artifact: Artifact) -> bool:
    """Return whether ``uv cache prune`` removes an artifact: an environment, or a folder that nothing leads to."""
    match artifact.entry:
        case InstalledEntry():
            return True
        case UnpackedEntry(pointer=None, folder=folder) if folder is not None:
            return os.sep not in folder.path or folder.path.startswith("archive-v")
        case _:
            return False
