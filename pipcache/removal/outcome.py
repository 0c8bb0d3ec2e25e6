"""What in fact happened in a removal."""

from enum import StrEnum
from typing import NamedTuple


class Fate(StrEnum):
    """What became of a file, or of all files of a removal together."""

    REMOVED = "removed"
    GONE = "gone"  # somebody else removed it before
    PENDING = "pending"  # the run was interrupted before its turn
    KEPT = "kept"  # a file that it belongs to stayed
    CHANGED = "changed"  # it changed after the plan was made, and was therefore kept
    FAILED = "failed"


class Problem(NamedTuple):
    """A file that was to go and stays, and why.

    ``is_folder_replaced`` is true when something else stands where the file's folder was: a link, a file,
    or another file system.
    """

    path: str
    fate: Fate
    reason: str
    is_folder_replaced: bool = False


class Outcome(NamedTuple):
    """What in fact happened, as it was measured.

    ``fates`` are those of the plan's removals, in their order. ``files`` and ``folders`` are the numbers of those
    removed, ``gone`` is the number of files that somebody else had removed. ``freed`` is the number of bytes that
    the file system had allocated for what was removed, folders too, and files with other hard links not; it is a
    lower bound where ``is_measured`` is false.
    """

    fates: tuple[Fate, ...]
    problems: tuple[Problem, ...]
    files: int
    gone: int
    folders: int
    freed: int
    is_measured: bool

    @property
    def is_interrupted(self) -> bool:
        """True when the run ended before every removal had its turn."""
        return Fate.PENDING in self.fates
