"""``remove``: remove what the selectors mean, and the index pages that list it."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from pipcache.audit.answer import Answer
from pipcache.commands.cached_status import statuses_for
from pipcache.commands.consent import Consent, exit_code_of, report_of, run_with_consent
from pipcache.errors import ExitCode
from pipcache.inventory.artifact import Artifact, unreadable_entries, with_refusals
from pipcache.inventory.collector import Need, read_inventory
from pipcache.location.locate import CacheDirectory, configured_indexes
from pipcache.query.filters import Filters
from pipcache.query.selection import Unmatched, select, without_usable_version
from pipcache.query.selector import Selector
from pipcache.removal.duplicates import find_copies
from pipcache.removal.outcome import Outcome
from pipcache.removal.plan import Plan, Reason, plan_artifacts, plan_removal
from pipcache.render.console import say
from pipcache.render.text.notices import links_in_stores, say_unmatched, say_unreadable
from pipcache.render.text.remove import ARTIFACTS, plan_rows
from pipcache.store.cache import Cache
from pipcache.util.progress import Track
from pipcache.util.run import NO_IDENTITY, Run
from pipcache.util.units import counted
from pipcache.util.untrusted import clean

if TYPE_CHECKING:
    from pipcache.commands.run_verifier import Judged
    from pipcache.render.json.remove import RemoveDocument


class RemoveRequest(NamedTuple):
    """What ``remove`` was asked for."""

    selectors: tuple[Selector, ...]
    filters: Filters
    keep_pages: bool
    must_match: bool
    reasons: tuple[Reason, ...] = ()  # damaged, poisoned: only what is judged to be that
    against: tuple[str, ...] = ()
    run: Run = NO_IDENTITY


class RemoveAnswer(NamedTuple):
    """The plan, and what it cannot cover."""

    directory: CacheDirectory
    plan: Plan
    unmatched: list[Unmatched]
    passed_over: list[Artifact]
    artifacts: list[Artifact]  # all that is in the cache
    unnamed: int
    unjudged: int = 0  # artifacts that could not be read to be judged


def find(directory: CacheDirectory, request: RemoveRequest, track: Track) -> RemoveAnswer:
    """Read the cache, choose and plan; nothing is touched.

    Raises:
        CacheNotFound: the directory is a file, or cannot be read.
        NotAPipCache: it holds something, and none of pip's stores.
    """
    judge = _judge(request)
    by_pages = request.filters.needs_pages
    need = Need(
        deep=bool(request.selectors) or by_pages,
        everything=by_pages,
        selectors=request.selectors,
        page_clues=bool(request.reasons),
    )
    cache = Cache(directory.path)
    artifacts = read_inventory(cache, need, configured_indexes, track)
    artifacts, statuses = statuses_for(cache, artifacts, request.filters, track)
    selection = select(cache, artifacts, request.selectors, request.filters, track, statuses=statuses)
    if judge is not None:
        judged = judge(cache, selection.chosen, artifacts)
        artifacts = with_refusals(artifacts, cache.refused)
        plan = plan_artifacts(judged.taken, artifacts)
        return RemoveAnswer(directory, plan, selection.unmatched, [], artifacts, 0, judged.unjudged)
    copies = find_copies(cache, selection, track)
    artifacts = with_refusals(artifacts, cache.refused)
    plan = plan_removal(
        selection.matches,
        copies,
        selection.allowed,
        artifacts,
        keep_pages=request.keep_pages,
    )
    by_name = any(selector.names_projects for selector in request.selectors)
    return RemoveAnswer(
        directory,
        plan,
        selection.unmatched,
        without_usable_version(request.selectors, selection),
        artifacts,
        sum(artifact.is_unnamed for artifact in artifacts) if by_name else 0,
    )


def _judge(request: RemoveRequest) -> "Callable[[Cache, Sequence[Artifact], Sequence[Artifact]], Judged] | None":
    """Return what judges artifacts, given the cache, them and all; None where no verdict is asked for."""
    if not request.reasons:
        return None
    from pipcache.commands.run_verifier import judge_for  # most removals judge nothing
    from pipcache.verify.lock_index import read_lock_index  # as above

    locks = read_lock_index(request.against)
    return lambda cache, chosen, artifacts: judge_for(cache, request.reasons, chosen, artifacts, locks)


def run(answer: RemoveAnswer, request: RemoveRequest, consent: Consent, form: str, track: Track) -> ExitCode:
    """Show the plan, ask where it must be asked, act, and report.

    Raises:
        Declined: the question was not answered with yes.
    """
    table = plan_rows(answer.plan), ARTIFACTS
    report = report_of(
        form,
        answer.plan,
        table,
        answer.directory.path,
        lambda outcome: _document(answer, outcome, consent, request.run),
    )
    outcome = run_with_consent(answer.directory, answer.plan, consent, report, track)
    _say_uncovered(answer)
    code = exit_code_of(outcome, is_incomplete=_is_incomplete(answer))
    return ExitCode.FINDINGS if code is ExitCode.OK and request.must_match and answer.unmatched else code


def _is_incomplete(answer: RemoveAnswer) -> bool:
    """Return whether some entry or place could not be looked at."""
    return answer.unjudged > 0 or bool(links_in_stores(answer.artifacts) or unreadable_entries(answer.artifacts))


def _result(answer: RemoveAnswer, outcome: Outcome | None) -> Answer:
    """Return whether what was meant is there now."""
    is_there = bool(answer.plan.removals) if outcome is None else bool(outcome.problems or outcome.is_interrupted)
    if is_there:
        return Answer.FOUND
    return Answer.UNKNOWN if _is_incomplete(answer) else Answer.CLEAN


def _document(answer: RemoveAnswer, outcome: Outcome | None, consent: Consent, run: Run) -> "RemoveDocument":
    from pipcache.render.json.remove import Uncovered, removal_document  # only for JSON
    from pipcache.render.json.run import run_record  # only for JSON

    uncovered = Uncovered([selector.text for selector in answer.unmatched], answer.passed_over, answer.unnamed)
    document = removal_document(
        "remove",
        answer.directory,
        answer.plan,
        outcome,
        uncovered=uncovered,
        entries=unreadable_entries(answer.artifacts),
        dry_run=consent.dry_run,
    )
    return {**document, "run": run_record(run), "answer": _result(answer, outcome).value, "advisories": []}


def _say_uncovered(answer: RemoveAnswer) -> None:
    say_unmatched(answer.directory, answer.unmatched)
    for artifact in answer.passed_over[:5]:
        name, version = artifact.project or "?", artifact.version
        what = f"{version} is not a PEP 440 version" if version else "its version is not known"
        advice = f"{name}==={version}" if version else artifact.key or name
        say(f"Passed over {clean(name)}: {clean(what)} (select it with {clean(advice)}, or by its bare name)")
    if len(answer.passed_over) > 5:
        say(f"... and {len(answer.passed_over) - 5} more that no specifier can judge")
    if answer.unnamed:
        entries = counted(answer.unnamed, "entry", "entries")
        listed = f"pipcache list --unnamed{clean(answer.directory.option)}"
        say(f"{entries} could not be named, so this does not cover them: {listed}")
    if answer.unjudged:
        entries = counted(answer.unjudged, "entry", "entries")
        say(f"{entries} could not be judged: pipcache verify{clean(answer.directory.option)}")
    if links := links_in_stores(answer.artifacts):
        say(f"{counted(links, 'link')} not followed: this does not cover what lies behind.")
    say_unreadable(unreadable_entries(answer.artifacts))
