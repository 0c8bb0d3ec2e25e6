"""The result of a run of ``prune``, in numbers."""

from typing import NamedTuple

from pipcache.removal.outcome import Fate, Outcome
from pipcache.removal.plan import Plan, Removal, allocated


class PruneResult(NamedTuple):
    """The plan of a run, its outcome (None: not carried out), and the sums before it.

    ``entries`` is the number of entries, and ``before`` their bytes, of all that pip made. ``too_large`` says why
    the limit of the size is not met, ``unreadable`` is the number of places and entries that could not be looked
    at.
    """

    plan: Plan
    outcome: Outcome | None
    entries: int
    before: int
    too_large: str | None
    unreadable: int

    @property
    def removed(self) -> list[Removal]:
        """What was removed; what would be removed where the plan was not carried out."""
        if self.outcome is None:
            return list(self.plan.removals)
        pairs = zip(self.plan.removals, self.outcome.fates, strict=True)
        return [removal for removal, fate in pairs if fate in {Fate.REMOVED, Fate.GONE}]

    @property
    def after(self) -> int:
        """The bytes of what is left of what pip made."""
        return self.before - allocated(file for removal in self.removed for file in removal.files)

    @property
    def kept(self) -> int:
        """The number of entries that are left."""
        return self.entries - len(self.removed)

    @property
    def failed(self) -> int:
        """The number of files that were to go and stay."""
        return 0 if self.outcome is None else len(self.outcome.problems)
