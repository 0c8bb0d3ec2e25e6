"""What ``remove --advisory`` did in a cache, for text and JSON alike."""

from collections.abc import Sequence
from typing import NamedTuple

from pipcache.audit.auditor import AuditedCache
from pipcache.audit.derivation import Hit
from pipcache.audit.inconclusive import Inconclusive
from pipcache.removal.outcome import Outcome
from pipcache.removal.plan import Plan


class PurgedCache(NamedTuple):
    """A cache in which ``remove --advisory`` removed something, or looked for it.

    Attributes:
        before: the audit before the removal.
        problem: why it could not be read, or why nothing may be removed there; None where neither is so.
        plan: what was to go.
        outcome: what happened; None where nothing was carried out there.
        stays: what was meant and stays, or cannot be removed where it is.
        is_looked_at_again: the cache was audited again after the removal.
        unjudged: what could not be judged and is still there.
        saved: the names of the copies that were kept.
    """

    before: AuditedCache
    problem: str | None
    plan: Plan
    outcome: Outcome | None
    stays: Sequence[Hit]
    is_looked_at_again: bool
    unjudged: Sequence[Inconclusive]
    saved: Sequence[str]
