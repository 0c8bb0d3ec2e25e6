"""What a run of ``prune`` comes to, in numbers."""

from typing import NamedTuple

from pipcache.removal.outcome import Fate, Outcome
from pipcache.removal.plan import Plan, Removal, allocated


class Pruned(NamedTuple):
    """What a run comes to: the plan, its outcome (None: not carried out), and the sums before it.

    ``entries`` and ``before`` (bytes) are of all that pip made; ``over`` says why a bound on the size is not met.
    """

    plan: Plan
    outcome: Outcome | None
    entries: int
    before: int
    over: str | None
    unseen: int  # places and entries that could not be looked at

    @property
    def gone(self) -> list[Removal]:
        """What went, or would go."""
        if self.outcome is None:
            return list(self.plan.removals)
        pairs = zip(self.plan.removals, self.outcome.fates, strict=True)
        return [removal for removal, fate in pairs if fate in {Fate.REMOVED, Fate.GONE}]

    @property
    def after(self) -> int:
        """Bytes of what is left of what pip made."""
        return self.before - allocated(file for removal in self.gone for file in removal.files)

    @property
    def kept(self) -> int:
        """How many entries are left."""
        return self.entries - len(self.gone)

    @property
    def failed(self) -> int:
        """How many files were to go and stay."""
        return 0 if self.outcome is None else len(self.outcome.problems)
