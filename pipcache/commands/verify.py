"""``verify``: judge the selected artifacts."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from pipcache.commands.cached_status import statuses_for, with_statuses
from pipcache.commands.run_verifier import judging
from pipcache.errors import ExitCode
from pipcache.inventory.artifact import DISTRIBUTIONS, Artifact
from pipcache.inventory.collector import Need, open_cache, read_inventory
from pipcache.location.locate import CacheDirectory, configured_indexes
from pipcache.query.filters import Filters
from pipcache.query.selection import Unmatched, select
from pipcache.query.selector import Selector
from pipcache.render.console import is_terminal, print_answer, say, wants_colour, width
from pipcache.render.text.cure import Scope, cure_of_all
from pipcache.render.text.notices import links_in_stores, say_others, say_unmatched
from pipcache.render.text.verify import Tally, finding_lines, in_order, sum_lines
from pipcache.render.text.wrap import fit
from pipcache.store.entries import is_link, stray_folders
from pipcache.util.progress import Track
from pipcache.util.untrusted import clean
from pipcache.verify.checks import Check, Trait, Verdict
from pipcache.verify.context import NotJudged, is_judged, why_not_judged
from pipcache.verify.lock_index import LockIndex, read_lock_index
from pipcache.verify.verdict import Judgement
from pipcache.verify.verifier import VerifyOptions


class VerifyRequest(NamedTuple):
    """What ``verify`` was asked for.

    Attributes:
        selectors: what is verified; empty for everything.
        filters: conditions on it.
        against: the lock files.
        thorough: whether every promise is compared.
        wanted: the checks whose findings are shown.
        fail_on: the verdict that fails.
        by_name: whether the checks were named, so that a status of an index fails too.
    """

    selectors: tuple[Selector, ...]
    filters: Filters
    against: tuple[str, ...]
    thorough: bool
    wanted: frozenset[Check]
    fail_on: str
    by_name: bool = False


class VerifyAnswer(NamedTuple):
    """The judgements, worst first, and what is said beside them."""

    directory: CacheDirectory
    judgements: list[Judgement]
    tally: Tally
    unmatched: list[Unmatched]
    cure: str | None = None  # the command line that removes all that has findings
    others: Sequence[str] = ()


def find(directory: CacheDirectory, request: VerifyRequest, track: Track) -> VerifyAnswer:
    """Read the cache and judge what was chosen.

    Raises:
        BadLock: a file of ``against`` is no lock file.
        CacheNotFound: the directory is a file, or cannot be read.
        NotAPipCache: it holds something, and none of pip's stores.
    """
    locks = read_lock_index(request.against)
    filters = request.filters
    need = Need(
        selectors=request.selectors, page_clues=True, everything=filters.needs_pages, deep=bool(filters.statuses)
    )
    cache = open_cache(directory.path, directory.tool)
    with judging(cache, VerifyOptions(locks, request.thorough, local_sources=True)) as verifier:
        if request.selectors or request.filters != Filters():
            artifacts = read_inventory(cache, need, configured_indexes, track)
        else:
            # all of it is to be judged, so bodies are hashed while the rest is still being read
            look, begin = verifier.look, verifier.begin
            artifacts = read_inventory(cache, need, configured_indexes, on_artifact=begin, look=look)
        _, wanted = statuses_for(cache, artifacts, request.filters, track)
        selection = select(cache, artifacts, request.selectors, request.filters, track, statuses=wanted)
        chosen = [artifact for artifact in selection.chosen if is_judged(artifact, locks)]
        verified = verifier.judge(chosen, artifacts)
    with_status = with_statuses(cache, verified, artifacts, track)
    judgements = [_with_wanted(judgement, request.wanted) for judgement in with_status]
    tally = Tally(
        verified.gone,
        verified.not_reached,
        sum(not is_link(artifact.entry) for artifact in selection.chosen) - len(chosen),
        links_in_stores(artifacts),
        _count_findings(with_status) - _count_findings(judgements),
    )
    tally = tally._replace(not_judged=_not_judged(selection.chosen, locks))
    if request.against:
        known = [
            _is_known(judgement) for judgement in verified.judgements if judgement.artifact.kind in DISTRIBUTIONS
        ]
        tally = tally._replace(known=sum(known), unknown=len(known) - sum(known))
    scope = Scope(
        [selector.text for selector in request.selectors],
        request.filters,
        request.against,
        is_usual=not request.thorough and request.wanted == frozenset(Check),
    )
    ordered = in_order(judgements)
    others = stray_folders(artifact.entry for artifact in artifacts)
    cure = cure_of_all(directory, ordered, scope)
    return VerifyAnswer(directory, ordered, tally, selection.unmatched, cure, others)


def _not_judged(artifacts: Iterable[Artifact], locks: LockIndex) -> dict[NotJudged, list[Artifact]]:
    """Return what another installer keeps and gets no verdict, by the reason."""
    grouped: dict[NotJudged, list[Artifact]] = {}
    for artifact in artifacts:
        if (reason := why_not_judged(artifact, locks)) is not None:
            grouped.setdefault(reason, []).append(artifact)
    return {reason: grouped[reason] for reason in NotJudged if reason in grouped}


def _count_findings(judgements: Iterable[Judgement]) -> int:
    return sum(len(judgement.findings) for judgement in judgements)


def _is_known(judgement: Judgement) -> bool:
    """Return whether a lock file names this file: by a digest of a whole version when it is kept, or accuses."""
    outside = [comparison for comparison in judgement.comparisons if comparison.promise.is_outside]
    accuses = any(finding.check is Check.PC206 for finding in judgement.findings)
    return accuses or any(comparison.is_kept or not comparison.promise.covers_version for comparison in outside)


def _with_wanted(judgement: Judgement, wanted: frozenset[Check]) -> Judgement:
    """Return ``judgement`` with the findings that were asked for; the verdict is what it is."""
    findings = tuple(finding for finding in judgement.findings if finding.check in wanted)
    return judgement if findings == judgement.findings else judgement._replace(findings=findings)


def write(answer: VerifyAnswer, form: str) -> None:
    """Print the answer."""
    if form == "json":
        from pipcache.render.json.verify import verify_document  # only for this form
        from pipcache.render.json.writer import pieces  # only for this form

        unmatched = [selector.text for selector in answer.unmatched]
        document = verify_document(answer.directory, answer.judgements, answer.tally, unmatched, answer.cure)
        print_answer(pieces(document))
    else:
        for line in fit(_lines(answer), width()) if is_terminal(sys.stdout) else _lines(answer):
            print(line)  # noqa: T201
    sys.stdout.flush()
    say_unmatched(answer.directory, answer.unmatched)
    say_others(answer.directory, answer.others)
    if left := answer.tally.left:
        done = len(answer.judgements)
        say(f"Interrupted: {done:,} of {done + left + answer.tally.gone:,} artifacts were judged.")


def _lines(answer: VerifyAnswer) -> Iterator[str]:
    colour = wants_colour(sys.stdout)
    for judgement in answer.judgements:
        if judgement.findings or judgement.problem is not None:
            yield from finding_lines(answer.directory, judgement, colour=colour)
            yield ""
    yield from sum_lines(answer.judgements, answer.tally)
    if answer.cure is not None:
        yield f"Cure of all: {clean(answer.cure)}"


def exit_code(answer: VerifyAnswer, request: VerifyRequest) -> ExitCode:
    """Return the exit code: an interruption comes before findings, and these before what could not be read.

    What an index has done since is no damage of the cache, and counts only where such a check was named.
    """
    if answer.tally.left:
        return ExitCode.INTERRUPTED
    fail_on, ignored = request.fail_on, Trait(0) if request.by_name else Trait.STATUS
    failing = [
        judgement
        for judgement in answer.judgements
        if any(not finding.check.traits & ignored for finding in judgement.findings)
    ]
    if fail_on == "poisoned":
        failing = [judgement for judgement in failing if judgement.verdict is Verdict.POISONED]
    elif fail_on == "unverified":
        failing += [judgement for judgement in answer.judgements if judgement.verdict is Verdict.INTACT]
    if failing:
        return ExitCode.FINDINGS
    is_unreadable = any(judgement.verdict is Verdict.UNREADABLE for judgement in answer.judgements)
    is_incomplete = answer.tally.links or is_unreadable
    return ExitCode.FAILED if is_incomplete else ExitCode.OK
