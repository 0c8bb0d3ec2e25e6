"""Findings and judgements, and the verdict they add up to."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from pipcache.archive.start_files import runs_at_start
from pipcache.inventory.artifact import Artifact
from pipcache.verify.checks import Check, Trait, Verdict
from pipcache.verify.promises import Influence, Promise


class Comparison(NamedTuple):
    """A promise compared with the bytes.

    Attributes:
        promise: what somebody said the bytes are.
        actual: what they are, spelled as in ``promise.expected``; None where that was not compared.
        why_not: why it was not compared, for people.
        is_noted: ``actual`` is what an installer noted of an archive that it does not keep. Nobody can compute it
            again, so a kept promise proves nothing.
    """

    promise: Promise
    actual: str | None
    why_not: str | None = None
    is_noted: bool = False

    @property
    def is_kept(self) -> bool | None:
        """Whether the bytes are as promised; None where that was not compared."""
        return None if self.actual is None else self.promise.is_kept_by(self.actual)

    @property
    def is_proof(self) -> bool:
        """Whether a decisive promise is kept: the bytes are those that were published."""
        return bool(self.is_kept) and self.promise.is_decisive and not self.is_noted

    @property
    def is_broken(self) -> bool:
        """Whether the bytes are not as promised, and the promise counts when it is broken."""
        return self.is_kept is False and self.promise.influence is not Influence.WHEN_KEPT

    @property
    def is_support(self) -> bool:
        """Whether the promise is kept, and counts when it is kept."""
        is_counted = self.promise.influence is not Influence.WHEN_BROKEN and not self.is_noted
        return bool(self.is_kept) and is_counted


class Finding(NamedTuple):
    """A broken promise or a flaw.

    Attributes:
        check: the check that found it.
        by: who promised something, or the place of the flaw (``Trait.PLACE``); empty where there is neither.
        expected: what should be there, for people.
        actual: what is there, for people.
    """

    check: Check
    by: str
    expected: str
    actual: str

    @property
    def runs_at_start(self) -> bool:
        """Whether it is about a file that RECORD does not know so and that Python runs at each start.

        It is not in RECORD, has another digest than there, or is a link, which leads to anything.
        """
        return self.check in {Check.PC503, Check.PC502, Check.PC407} and runs_at_start(self.by)


MOST_FINDINGS = 1_000
"""Findings of a check that are kept of the bytes of an artifact, which may have hundreds of thousands of flaws."""

NO_DIGESTS: Mapping[str, str] = MappingProxyType({})


class Judgement(NamedTuple):
    """An artifact, its verdict, and what led to it.

    Attributes:
        artifact: the artifact, with every name that was found while it was judged.
        verdict: what findings and comparisons come to.
        findings: what is wrong.
        comparisons: every promise that is known, compared or not.
        problem: why the artifact could not be judged; None where it was.
        digests: hex digests of the bytes that were judged, by algorithm: those that ``VerifyOptions.digests`` asks
            for, as far as the system allows them. Empty where no bytes were read.
    """

    artifact: Artifact
    verdict: Verdict
    findings: tuple[Finding, ...] = ()
    comparisons: tuple[Comparison, ...] = ()
    problem: str | None = None
    digests: Mapping[str, str] = NO_DIGESTS

    @property
    def is_curable(self) -> bool:
        """Whether pip may get it without the findings anew; not where they are of bytes that are as published."""
        if self.verdict in {Verdict.DAMAGED, Verdict.POISONED}:
            return bool(self.findings)
        return any(not finding.check.traits & (Trait.CONTENT | Trait.LASTING) for finding in self.findings)


def conclude(
    artifact: Artifact,
    findings: Sequence[Finding],
    comparisons: Sequence[Comparison],
    problem: str | None = None,
) -> Judgement:
    """Return the judgement that findings and comparisons come to.

    A digest that differs means damage where the bytes are not whole either, and poison where they are. What the
    bytes alone show is reported, but does not count when a decisive promise is kept: the file was published so.
    With a ``problem``, why not all of its bytes could be judged, it is unreadable unless something else decides.
    """
    is_as_published = any(comparison.is_proof for comparison in comparisons)
    checks = {
        finding.check for finding in findings if not (is_as_published and Trait.CONTENT in finding.check.traits)
    }
    is_doubtful = _any_has(Trait.DOUBT, checks)
    verdicts = {check.leads_to for check in checks if check.leads_to is not None}
    if _any_has(Trait.IDENTITY, checks):
        verdict = Verdict.POISONED
    elif _any_has(Trait.DIGEST, checks) and _any_has(Trait.WHOLENESS, checks):
        verdict = Verdict.DAMAGED
    elif verdicts:
        verdict = Verdict.POISONED if Verdict.POISONED in verdicts else Verdict.DAMAGED
    else:
        supports = (comparison for comparison in comparisons if comparison.is_support)
        is_verified = any(
            comparison.is_proof if is_doubtful else not comparison.promise.is_size for comparison in supports
        )
        verdict = Verdict.VERIFIED if is_verified else Verdict.INTACT
        if problem is not None and not is_verified:
            return Judgement(artifact, Verdict.UNREADABLE, tuple(findings), tuple(comparisons), problem)
    return Judgement(artifact, verdict, tuple(findings), tuple(comparisons))


def _any_has(trait: Trait, checks: set[Check]) -> bool:
    return any(trait in check.traits for check in checks)
