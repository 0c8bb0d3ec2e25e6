"""The text of ``verify``: findings by artifact, worst first, then the sum."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from pipcache.inventory.artifact import Artifact, Kind
from pipcache.location.locate import CacheDirectory
from pipcache.query.filters import SortKey, sort
from pipcache.render.console import styled
from pipcache.render.text.cure import cure_of
from pipcache.store.entries import entry_path
from pipcache.util.units import counted, format_size
from pipcache.util.untrusted import clean
from pipcache.verify.checks import Check, Trait, Verdict
from pipcache.verify.verdict import MOST_FINDINGS, Finding, Judgement

_COLOURS = {Verdict.POISONED: "red", Verdict.DAMAGED: "yellow", Verdict.UNREADABLE: "yellow"}

_ORDER = {verdict: place for place, verdict in enumerate(Verdict)}

_SHOWN = 3


def in_order(judgements: Iterable[Judgement]) -> list[Judgement]:
    """Return ``judgements`` worst first, then by name and version."""
    by_path = {entry_path(judgement.artifact.entry): judgement for judgement in judgements}
    ordered = sort((judgement.artifact for judgement in by_path.values()), SortKey.NAME)
    return sorted(
        (by_path[entry_path(artifact.entry)] for artifact in ordered),
        key=lambda judgement: _ORDER[judgement.verdict],
    )


def finding_lines(cache: CacheDirectory, judgement: Judgement, *, colour: bool) -> Iterator[str]:
    """Yield the lines of a judgement: the artifact's name and verdict, each finding, and the cure."""
    artifact = judgement.artifact
    verdict = styled(judgement.verdict.value, _COLOURS.get(judgement.verdict, "cyan"), colour=colour)
    yield f"{verdict}: {clean(title(artifact))} ({format_size(artifact.size)})"
    yield f"  {clean(entry_path(artifact.entry))}"
    if judgement.problem is not None:
        yield f"  {clean(judgement.problem)}"
    for check, findings in _by_check(judgement.findings).items():
        yield f"  {styled(check.code, 'bold', colour=colour)} {check.sentence}"
        for finding in findings[:_SHOWN]:
            yield f"        promised  {clean(promised(finding))}"
            yield f"        there is  {clean(shortened(finding.actual))}"
        if len(findings) > _SHOWN:
            least = "at least " if len(findings) >= MOST_FINDINGS else ""
            yield f"        ... and {least}{len(findings) - _SHOWN:,} more of these"
        yield f"        What pip does: {check.effect}."
    if (cure := cure_of(cache, judgement)) is not None:
        yield f"  Cure: {clean(cure)}"
    elif judgement.findings and not judgement.is_curable:
        yield "  Cure: none here, because pip would download or build the same file again"


def promised(finding: Finding) -> str:
    """Return what was expected, and of which member or by whom."""
    expected = shortened(finding.expected)
    if not finding.by:
        return expected
    is_place = Trait.PLACE in finding.check.traits
    return f"{finding.by}: {expected}" if is_place else f"{expected}, by {finding.by}"


def shortened(text: str) -> str:
    """Return ``text`` with digests cut to what an eye compares; JSON has them whole."""
    return re.sub(r"\b([0-9a-f]{16})[0-9a-f]{8,}\b", r"\1...", text)


def _by_check(findings: Sequence[Finding]) -> dict[Check, list[Finding]]:
    grouped: dict[Check, list[Finding]] = {}
    for finding in findings:
        grouped.setdefault(finding.check, []).append(finding)
    return grouped


def title(artifact: Artifact) -> str:
    """Return what an artifact is called: its file, or its kind and project."""
    if artifact.kind is Kind.PAGE:
        return f"index page of {artifact.project}" if artifact.project else "an index page"
    if artifact.filename is not None:
        # a name that a page made of a signed URL would tell its signature
        return artifact.filename.partition("?")[0] + (", built here" if artifact.kind is Kind.BUILT else "")
    names = [artifact.project, artifact.version, None if artifact.kind is Kind.UNKNOWN else artifact.kind.value]
    return " ".join(name for name in names if name) or "an entry without a name"


class Tally(NamedTuple):
    """What is said beside the judgements; ``known`` and ``unknown`` to lock files are None where none was given.

    ``gone`` vanished meanwhile, ``left`` were not reached, ``passed_over`` are strays, ``links`` were not
    followed, ``not_selected`` are findings that --select and --ignore leave out.
    """

    gone: int
    left: int
    passed_over: int
    links: int
    not_selected: int
    known: int | None = None
    unknown: int | None = None


def sum_lines(judgements: Sequence[Judgement], tally: Tally) -> Iterator[str]:
    """Yield the sum: how many, how large, by verdict, and why some are only intact."""
    if not judgements:
        yield "Nothing was verified: there is nothing to verify."
    else:
        size = format_size(sum(judgement.artifact.size for judgement in judgements))
        yield f"{counted(len(judgements), 'artifact')} ({size}): {', '.join(_parts(judgements))}."
        intact = Counter(
            judgement.artifact.kind for judgement in judgements if judgement.verdict is Verdict.INTACT
        )
        if not any(judgement.verdict is Verdict.VERIFIED for judgement in judgements):
            yield "None of it is verified."
        if intact:
            kinds = ", ".join(counted(number, *_NOUNS[kind]) for kind, number in sorted(intact.items()))
            yield f"Only intact, because no digest from elsewhere proves them: {kinds}."
    if tally.known is not None:
        yield f"Known to the files given with --against: {tally.known:,}; not known to them: {tally.unknown:,}."
    if tally.not_selected:
        yield f"Left out because of --select or --ignore: {counted(tally.not_selected, 'finding')}."
    if tally.passed_over:
        others = counted(tally.passed_over, "entry", "entries")
        yield f"Neither a download nor a built wheel, so not judged: {others}."
    if tally.links:
        yield f"Not followed, so not judged: {counted(tally.links, 'link')}."
    if tally.gone:
        yield f"Removed by somebody else during the run: {counted(tally.gone, 'artifact')}."


_NOUNS = {
    Kind.WHEEL: ("wheel",),
    Kind.SDIST: ("sdist",),
    Kind.BUILT: ("built wheel",),
    Kind.METADATA: ("metadata file",),
    Kind.PAGE: ("index page",),
    Kind.OTHER: ("other entry", "other entries"),
    Kind.UNKNOWN: ("unknown entry", "unknown entries"),
}


def _parts(judgements: Sequence[Judgement]) -> Iterator[str]:
    for verdict in reversed(Verdict):
        members = [judgement for judgement in judgements if judgement.verdict is verdict]
        if members:
            size = format_size(sum(removal.artifact.size for removal in members))
            yield f"{len(members):,} {verdict.value} ({size})"


def explain_lines(checks: Sequence[Check]) -> Iterator[str]:
    """Yield what each of ``checks`` means: its code, what it leads to, its sentence, and what pip does."""
    for check in checks:
        leads_to = check.leads_to.value if check.leads_to is not None else "a finding alone"
        yield f"{check.code}  {leads_to}: {check.sentence}"
        yield f"       What pip does: {check.effect}."
