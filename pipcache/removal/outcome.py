"""What in fact happened in a removal."""

from enum import StrEnum
from typing import NamedTuple


class Fate(StrEnum):
    """What became of a file, or of all files of a removal together."""

    REMOVED = "removed"
    GONE = "gone"  # by another's hand, before it was its turn
    PENDING = "pending"  # the run was interrupted before its turn
    KEPT = "kept"  # because what it belongs to stayed
    CHANGED = "changed"  # since the plan was made, and therefore kept
    FAILED = "failed"


NOT_A_FOLDER = "its folder was replaced, by a link perhaps, and is not followed"
"""Why a file is kept whose folder is another by now."""


class Problem(NamedTuple):
    """A file that was to go and stays, and why."""

    path: str
    fate: Fate
    reason: str


class Outcome(NamedTuple):
    """What in fact happened: the fates of the plan's removals, in their order, and what was measured.

    ``freed`` is in bytes: what the file system had allocated, for folders too, and not for files with other
    hard links. It is a lower bound where ``is_measured`` is false.
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
        """True when something had not had its turn."""
        return Fate.PENDING in self.fates
