"""What policies would take, where they were not asked for."""

from collections.abc import Sequence
from typing import NamedTuple

from pipcache.location.locate import CacheDirectory
from pipcache.prune.dead_weight import DAY
from pipcache.prune.facts import Facts, GatheredFacts, gather
from pipcache.prune.policies import decide
from pipcache.prune.request import Policies, PruneRequest
from pipcache.removal.plan import Reason, allocated
from pipcache.util.progress import Track


class Prospect(NamedTuple):
    """What a policy would take: the option, the number of entries and files, and their bytes on the disk."""

    option: str
    entries: int
    files: int
    size: int


_BY_TIME: Sequence[tuple[str, Policies, Reason]] = (
    ("--old-layouts", Policies(old_layouts=True), Reason.OLD_LAYOUT),
    ("--unused-for 90d", Policies(unused_for=90 * DAY), Reason.UNUSED_FOR),
    ("--unused-for 30d", Policies(unused_for=30 * DAY), Reason.UNUSED_FOR),
)

_BY_NAME: Sequence[tuple[str, Policies, Reason]] = (
    ("--keep-latest 1", Policies(keep_latest=1), Reason.KEEP_LATEST),
    ("--ci", Policies(ci=True), Reason.CI),
)


_EVERY: Sequence[tuple[str, Policies, Reason]] = (
    ("", Policies(), Reason.DEAD_WEIGHT),
    _BY_NAME[0],
    ("--duplicates", Policies(duplicates=True), Reason.DUPLICATES),
    *_BY_TIME[:2],
)


class Outlook(NamedTuple):
    """The facts of a cache, and what each policy would take; an entry may be taken by several."""

    gathered: GatheredFacts
    prospects: list[Prospect]


def look_out(directory: CacheDirectory, track: Track) -> Outlook:
    """Read a cache, and return what the policies that need no wish of a user would take.

    The option of dead weight, which goes in any case, is "".

    Raises:
        CacheNotFound: the directory is a file, or cannot be read.
        NotAPipCache: it holds something, and none of pip's stores.
    """
    gathered = gather(directory, PruneRequest(Policies(keep_latest=1, duplicates=True)), None, None, track)
    facts = gathered.facts
    others = facts._replace(duplicates=())
    prospects = [_prospect(policy, facts if policy[1].duplicates else others) for policy in _EVERY]
    return Outlook(gathered, prospects)


def foresee(facts: Facts) -> list[Prospect]:
    """Return what the policies would take, beside the dead weight, that need no names; nothing is read."""
    return [_prospect(policy, facts) for policy in _BY_TIME]


def foresee_by_name(directory: CacheDirectory, track: Track) -> list[Prospect]:
    """Return what the other policies would take; names are read, as ``list --all`` reads them.

    Raises:
        CacheNotFound: the directory is a file, or cannot be read.
        NotAPipCache: it holds something, and none of pip's stores.
    """
    facts = gather(directory, PruneRequest(Policies(ci=True, keep_latest=1)), None, None, track).facts
    return [_prospect(policy, facts) for policy in _BY_NAME]


def _prospect(policy: tuple[str, Policies, Reason], facts: Facts) -> Prospect:
    option, policies, reason = policy
    taken = [candidate for candidate in decide(policies, facts).taken if candidate.reason is reason]
    files = {file.path: file for candidate in taken for file in candidate.artifact.files}
    return Prospect(option, len(taken), len(files), allocated(files.values()))
