"""A verifier with a progress bar, which Ctrl-C stops."""

import signal
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import NamedTuple

from pipcache.inventory.artifact import Artifact
from pipcache.location.locate import configured_indexes
from pipcache.removal.plan import Candidate, Reason
from pipcache.render.progress_bar import meter
from pipcache.store.cache import Cache
from pipcache.verify.checks import Verdict
from pipcache.verify.lock_index import LockIndex
from pipcache.verify.verdict import Judgement
from pipcache.verify.verifier import Verifier, VerifyOptions


class Judged(NamedTuple):
    """The artifacts with one of the verdicts asked for, each with its finding; how many could not be judged."""

    taken: list[Candidate]
    unjudged: int


def judge_for(
    cache: Cache,
    reasons: Collection[Reason],
    chosen: Sequence[Artifact],
    artifacts: Sequence[Artifact],
    locks: LockIndex,
) -> Judged:
    """Judge the ``chosen`` of all ``artifacts`` and return what is damaged or poisoned, as it was when judged.

    Raises:
        KeyboardInterrupt: the judging was interrupted; half a verdict is none.
    """
    with judging(cache, VerifyOptions(locks)) as verifier:
        verified = verifier.judge(chosen, artifacts)
    if verified.not_reached:
        raise KeyboardInterrupt
    wanted = {reason.value: reason for reason in reasons}
    taken = [
        Candidate(judgement.artifact, wanted[judgement.verdict], _worst(judgement))
        for judgement in verified.judgements
        if judgement.verdict in wanted
    ]
    return Judged(taken, sum(judgement.verdict is Verdict.UNREADABLE for judgement in verified.judgements))


def _worst(judgement: Judgement) -> str:
    """Return the finding that led to the verdict, in a few words."""
    leading = [finding.check for finding in judgement.findings if finding.check.leads_to is judgement.verdict]
    check = next(iter(leading), judgement.findings[0].check)
    return f"{check.code} {check.sentence}"


@contextmanager
def judging(cache: Cache, options: VerifyOptions) -> Iterator[Verifier]:
    """Give what judges artifacts of a cache, with a progress bar; an interruption ends it early."""
    with (
        meter("Verifying") as bar,
        _interrupted() as is_interrupted,
        Verifier(cache, options, index_urls=configured_indexes, meter=bar, should_stop=is_interrupted) as verifier,
    ):
        yield verifier


@contextmanager
def _interrupted() -> Iterator[Callable[[], bool]]:
    """Remember a SIGINT beside raising: what it raises is lost where it hits a callback of the interpreter."""
    received: list[int] = []

    def note(number: int, _frame: FrameType | None) -> None:
        received.append(number)
        raise KeyboardInterrupt

    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # a job in the background
        yield bool
        return
    previous = signal.signal(signal.SIGINT, note)
    try:
        yield lambda: bool(received)
    finally:
        signal.signal(signal.SIGINT, previous)
