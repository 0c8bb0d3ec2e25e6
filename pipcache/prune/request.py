"""What ``prune`` was asked for."""

from typing import NamedTuple

from pipcache.query.filters import Filters
from pipcache.query.selector import Selector
from pipcache.removal.plan import Reason


class Policies(NamedTuple):
    """The policies that were asked for; dead weight always goes. Ages are in seconds, sizes in bytes.

    ``old_layouts`` says whether goes what only pips before 23.3 use: True always, False never, None where the
    store was not used for 90 days. None turns each of the other policies off. ``by_age_only`` makes ``max_size``
    take built wheels as early as downloads.
    """

    old_layouts: bool | None = None
    unused_for: float | None = None
    older_than: float | None = None
    max_size: int | None = None
    by_age_only: bool = False
    keep_latest: int | None = None
    ci: bool = False
    duplicates: bool = False


class PruneRequest(NamedTuple):
    """The policies, and what is kept or judged besides.

    ``keep`` selects what never goes, ``keep_for`` are the files of which everything named is kept, ``verdicts``
    are those to be removed (damaged, poisoned), and ``against`` are the lock files to judge by. What ``filters``
    do not let pass stays.
    """

    policies: Policies
    keep: tuple[Selector, ...] = ()
    keep_for: tuple[str, ...] = ()
    verdicts: tuple[Reason, ...] = ()
    against: tuple[str, ...] = ()
    filters: Filters = Filters()

    @property
    def is_bare(self) -> bool:
        """True when no policy was asked for, so that only dead weight goes."""
        is_default = self.policies._replace(old_layouts=None) == Policies()
        is_alone = not (self.keep_for or self.verdicts or self.filters != Filters())
        return is_default and not self.policies.old_layouts and is_alone

    @property
    def needs_names(self) -> bool:
        """True when names and contents decide; else heads, paths and times do, and no body is read."""
        policies = self.policies
        by_policy = policies.ci or policies.duplicates or policies.keep_latest is not None
        return by_policy or bool(self.keep or self.keep_for or self.verdicts or self.filters != Filters())
