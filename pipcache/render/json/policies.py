"""What policies of ``prune`` take, as JSON."""

from typing import TypedDict

from pipcache.prune.outlook import Prospect


class PolicyRecord(TypedDict):
    """What a policy takes."""

    policy: str
    entries: int
    files: int
    disk_size: int


def prospect_record(prospect: Prospect) -> PolicyRecord:
    """Return what a policy would take."""
    return {
        "policy": prospect.option.removeprefix("--") or "dead-weight",
        "entries": prospect.entries,
        "files": prospect.files,
        "disk_size": prospect.size,
    }


def last_use_source(*, is_recorded: bool) -> str:
    """Return what the time of the last use is taken from.

    Args:
        is_recorded: the file system records when a file is read.
    """
    return "access time" if is_recorded else "modification time"
