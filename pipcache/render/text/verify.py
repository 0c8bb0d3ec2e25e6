"""The text of ``verify``: findings by artifact, worst first, then the sum."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from pipcache.inventory.artifact import Artifact, Kind
from pipcache.location.locate import CacheDirectory
from pipcache.query.filters import SortKey, sort
from pipcache.render.console import styled
from pipcache.render.text.cure import cure_of
from pipcache.store.entries import UnpackedEntry, entry_path
from pipcache.util.units import counted, format_size
from pipcache.util.untrusted import clean
from pipcache.verify.checks import Check, Trait, Verdict
from pipcache.verify.context import NotJudged
from pipcache.verify.effects import effect_of
from pipcache.verify.verdict import MOST_FINDINGS, Finding, Judgement

_COLOURS = {Verdict.POISONED: "red", Verdict.DAMAGED: "yellow", Verdict.UNREADABLE: "yellow"}

_ORDER = {verdict: place for place, verdict in enumerate(Verdict)}

_SHOWN = 3


def in_order(judgements: Iterable[Judgement]) -> list[Judgement]:
    """Return ``judgements`` worst first, of these what Python runs at each start, then by name and version."""
    by_path = {entry_path(judgement.artifact.entry): judgement for judgement in judgements}
    ordered = sort((judgement.artifact for judgement in by_path.values()), SortKey.NAME)
    return sorted(
        (by_path[entry_path(artifact.entry)] for artifact in ordered),
        key=lambda judgement: (_ORDER[judgement.verdict], not (judgement.findings and any(_at_start(judgement)))),
    )


def _at_start(judgement: Judgement) -> Iterator[str]:
    """Yield the files that RECORD does not know and that Python runs at each start."""
    return (finding.by for finding in judgement.findings if finding.runs_at_start)


def finding_lines(cache: CacheDirectory, judgement: Judgement, *, colour: bool) -> Iterator[str]:
    """Yield the lines of a judgement: the artifact's name and verdict, each finding, and the cure."""
    artifact = judgement.artifact
    verdict = styled(judgement.verdict.value, _COLOURS.get(judgement.verdict, "cyan"), colour=colour)
    yield f"{verdict}: {clean(title(artifact))} ({format_size(artifact.size)})"
    for path in _places(artifact):
        yield f"  {clean(path)}"
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
        if (effect := effect_of(check, artifact.tool)) is not None:
            yield f"        What {artifact.tool} does: {effect}."
    if (cure := cure_of(cache, judgement)) is not None:
        yield f"  Cure: {clean(cure)}"
    elif judgement.findings and not judgement.is_curable:
        yield "  Cure: none here, because pip would download or build the same file again"


def _places(artifact: Artifact) -> list[str]:
    """Return the path of an entry, and that of the folder that another installer unpacked it to."""
    folder = artifact.entry.folder if isinstance(artifact.entry, UnpackedEntry) else None
    return list(dict.fromkeys([entry_path(artifact.entry), *([folder.path] if folder is not None else [])]))


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
    followed, ``not_selected`` are findings that --select and --ignore leave out. ``not_judged`` are those among
    ``passed_over`` that another installer keeps, by the reason.
    """

    gone: int
    left: int
    passed_over: int
    links: int
    not_selected: int
    known: int | None = None
    unknown: int | None = None
    not_judged: Mapping[NotJudged, Sequence[Artifact]] = MappingProxyType({})


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
        at_start = [(path, judgement.artifact) for judgement in judgements for path in _at_start(judgement)]
        if at_start:
            names = [f"{clean(path)} in {clean(title(artifact))}" for path, artifact in at_start[:_SHOWN]]
            more = f" and {len(at_start) - _SHOWN:,} more" if len(at_start) > _SHOWN else ""
            yield f"Python runs at each start what RECORD does not know: {', '.join(names)}{more}."
        if intact:
            kinds = ", ".join(counted(number, *_NOUNS[kind]) for kind, number in sorted(intact.items()))
            yield f"Only intact, because no digest from elsewhere proves them: {kinds}."
    if tally.known is not None:
        yield f"Known to the files given with --against: {tally.known:,}; not known to them: {tally.unknown:,}."
    if tally.not_selected:
        yield f"Left out because of --select or --ignore: {counted(tally.not_selected, 'finding')}."
    for reason, artifacts in tally.not_judged.items():
        yield _not_judged_line(reason, artifacts)
    if tally.passed_over > sum(map(len, tally.not_judged.values())):
        others = counted(tally.passed_over - sum(map(len, tally.not_judged.values())), "entry", "entries")
        yield f"Neither a download nor a built wheel, so not judged: {others}."
    if tally.links:
        yield f"Not followed, so not judged: {counted(tally.links, 'link')}."
    if tally.gone:
        yield f"Removed by somebody else during the run: {counted(tally.gone, 'artifact')}."


_WHY_NOT_JUDGED = {
    NotJudged.SDIST: "unpacked sdists, because nothing says what their files should be",
    NotJudged.ENVIRONMENT: "distributions in environments, which `audit` looks at",
    NotJudged.UNFINISHED: "what an install has unpacked that is at work, or was killed",
    NotJudged.LEFTOVER: "what nothing leads to, so that uv installs nothing of it",
    NotJudged.GONE: "pointers whose files are gone, so that uv downloads them again",
    NotJudged.SEEN: "what uv looked at and did not download",
}

_NAMED = {NotJudged.UNFINISHED, NotJudged.LEFTOVER, NotJudged.GONE}
"""Reasons that a person may want to know the artifacts of."""


def _not_judged_line(reason: NotJudged, artifacts: Sequence[Artifact]) -> str:
    """Return why artifacts are not judged, how many, and of a few the names."""
    named = ""
    if reason in _NAMED:
        names = [clean(title(artifact)) for artifact in artifacts]
        more = f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else ""
        named = f": {', '.join(names[:_SHOWN])}{more}"
    return f"Not judged, {_WHY_NOT_JUDGED[reason]}: {len(artifacts):,}{named}."


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
