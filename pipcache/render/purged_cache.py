"""What ``remove --advisory`` did in a cache, for text and JSON alike."""

from collections.abc import Sequence
from typing import NamedTuple

from pipcache.audit.answer import Answer
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


def answer_of(caches: Sequence[PurgedCache], problems: Sequence[object]) -> Answer:
    """Return what is left to say when all is done: by the second look where there was one, else by the plan.

    Args:
        caches: what became of each cache.
        problems: what went wrong outside the caches.
    """
    for cache in caches:
        is_refused = cache.problem is not None and bool(cache.before.audit.hits)
        is_planned = not cache.is_looked_at_again and bool(cache.plan.removals)
        if cache.stays or is_planned or is_refused:
            return Answer.FOUND
    is_whole = not problems and all(
        cache.problem is None
        and not cache.unjudged
        and (cache.outcome is None or not (cache.outcome.problems or cache.outcome.is_interrupted))
        for cache in caches
    )
    return Answer.CLEAN if is_whole else Answer.UNKNOWN
