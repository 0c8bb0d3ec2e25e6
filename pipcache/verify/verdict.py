"""Findings and judgements, and the verdict they add up to."""

from collections.abc import Sequence
from typing import NamedTuple

from pipcache.inventory.artifact import Artifact
from pipcache.verify.checks import Check, Verdict
from pipcache.verify.promises import Promise, Weight


class Tried(NamedTuple):
    """One promise, and what the bytes are; ``actual`` is None where it was not compared: ``why`` says why."""

    promise: Promise
    actual: str | None
    why: str | None = None

    @property
    def is_kept(self) -> bool | None:
        """Whether the bytes are as promised; None where that was not compared."""
        return None if self.actual is None else self.promise.is_kept_by(self.actual)

    @property
    def is_strong(self) -> bool:
        """True for a strong promise that was compared."""
        return self.actual is not None and self.promise.is_strong

    @property
    def is_broken(self) -> bool:
        """True where the bytes are not as promised, and that means something."""
        return self.is_kept is False and self.promise.weight is not Weight.HINT


class Finding(NamedTuple):
    """One broken promise, or one flaw: the check, by whom or where, what was expected and what is there."""

    check: Check
    by: str
    expected: str
    actual: str


class Judgement(NamedTuple):
    """An artifact, its verdict, and all that led there. ``problem`` is why it could not be judged."""

    artifact: Artifact
    verdict: Verdict
    findings: tuple[Finding, ...] = ()
    tried: tuple[Tried, ...] = ()
    problem: str | None = None


_ALWAYS_POISONED = frozenset({Check.PC301, Check.PC302, Check.PC303})

_DIGESTS = frozenset({Check.PC201, Check.PC202, Check.PC204, Check.PC205, Check.PC206, Check.PC208, Check.PC209})


def summed(artifact: Artifact, findings: Sequence[Finding], tried: Sequence[Tried]) -> Judgement:
    """Return the judgement that findings and promises come to.

    Bytes that are not as promised are damaged where they are not whole either, and poisoned where they are. What
    the bytes show by themselves leads nowhere where a strong promise is kept: they are as they were published.
    """
    as_published = any(one.is_kept and one.is_strong for one in tried)
    checks = {finding.check for finding in findings if not (as_published and finding.check.is_of_content)}
    verdicts = {check.leads_to for check in checks if check.leads_to is not None}
    if checks & _ALWAYS_POISONED:
        verdict = Verdict.POISONED
    elif checks & _DIGESTS and any(check.is_structural for check in checks):
        verdict = Verdict.DAMAGED
    elif verdicts:
        verdict = Verdict.POISONED if Verdict.POISONED in verdicts else Verdict.DAMAGED
    else:
        kept = any(
            one.is_kept and one.promise.what != "size" and one.promise.weight is not Weight.WITNESS
            for one in tried
        )
        verdict = Verdict.VERIFIED if kept else Verdict.INTACT
    return Judgement(artifact, verdict, tuple(findings), tuple(tried))
