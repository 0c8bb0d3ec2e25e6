"""Self-check notes of pip: when an environment last looked for a newer pip."""

import os

from pipcache.inventory.artifact import Artifact, Kind
from pipcache.store.cache import Cache
from pipcache.store.entries import StrayEntry
from pipcache.store.response import explain_read_error
from pipcache.util.untrusted import decode_json


def identify_note(cache: Cache, entry: StrayEntry, *, deep: bool) -> Artifact:
    """Return a self-check note as an artifact; ``deep`` reads its environment (pip ``self_outdated_check.py``)."""
    why = entry.why.value
    artifact = Artifact(entry, Kind.OTHER, entry.file.size, notes=(why,))
    if not deep:
        return artifact
    try:
        document = decode_json(cache.read(entry.file, 1 << 20))
    except OSError as error:
        problem = f"its environment is not known: {explain_read_error(error)}"
        return artifact._replace(problem=problem, unreadable=True)
    environment = document.get("key") if isinstance(document, dict) else None
    if not isinstance(environment, str) or "\x00" in environment:
        return artifact
    note = f"the note of the environment {environment}"
    if not _is_gone(environment):
        return artifact._replace(notes=(why, note))
    return artifact._replace(notes=(why, f"{note}, which is gone"), obsolete=f"{note}, which is gone")


def _is_gone(path: str) -> bool:
    """Return whether nothing is at a path; False where that cannot be seen."""
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return True
    except (OSError, ValueError):
        return False
    return False
