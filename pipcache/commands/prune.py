"""``prune``: plan by policies, ask at a terminal, and say in one line what was done."""

import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from pipcache.commands.consent import Consent, PlanReport, exit_code_of, load_form, run_with_consent
from pipcache.errors import ExitCode
from pipcache.inventory.artifact import DISTRIBUTIONS, Artifact, path_of
from pipcache.location.locate import CacheDirectory
from pipcache.prune.facts import GatheredFacts, gather
from pipcache.prune.outlook import Prospect, foresee, foresee_by_name
from pipcache.prune.plan import plan_pruning
from pipcache.prune.policies import decide
from pipcache.prune.request import PruneRequest
from pipcache.prune.result import PruneResult
from pipcache.removal.outcome import Outcome
from pipcache.removal.plan import Plan, Reason
from pipcache.render.console import fitted, is_narrow, is_terminal, say
from pipcache.render.github import github_lines
from pipcache.render.text.notices import links_in_stores, say_unmatched, say_unreadable
from pipcache.render.text.prune import POLICIES, policy_rows, prospect_lines, sum_line, unpinned_lines
from pipcache.render.text.remove import ARTIFACTS, plan_rows
from pipcache.render.text.table import print_rows
from pipcache.store.cache import Cache
from pipcache.store.entries import is_made_by_pip
from pipcache.util.progress import Track
from pipcache.util.units import counted
from pipcache.util.untrusted import clean
from pipcache.verify.lock_index import read_lock_index

if TYPE_CHECKING:
    from pipcache.commands.run_verifier import Judged


class PruneAnswer(NamedTuple):
    """The plan, what is in the cache before it, and what is said beside it."""

    directory: CacheDirectory
    plan: Plan
    gathered: GatheredFacts
    before: int  # bytes of all that pip made
    too_large: str | None
    unpinned: list[Artifact]  # going, of projects that no file of --keep-for names
    prospects: list[Prospect] | None = None  # what policies would take; None where one was asked for


def find(directory: CacheDirectory, request: PruneRequest, track: Track) -> PruneAnswer:
    """Read the cache as far as the policies need it, decide and plan; nothing is touched.

    Raises:
        BadLock: a file of ``--keep-for`` or ``--against`` is none.
        CacheNotFound: the directory is a file, or cannot be read.
        NotAPipCache: it holds something, and none of pip's stores.
    """
    gathered = gather_facts(directory, request, track)
    facts = gathered.facts
    decision = decide(request.policies, facts)
    plan = plan_pruning(decision.taken, facts.artifacts, facts.folder_contents, gathered.empty_folders)
    unpinned = [
        artifact
        for artifact, reason, _ in decision.taken
        if reason is Reason.KEEP_FOR
        and artifact.kind in DISTRIBUTIONS
        and path_of(artifact) in facts.of_unnamed_projects
    ]
    prospects = None
    if request.is_bare:
        prospects = foresee(facts)
        if is_terminal(sys.stderr):  # a person reads it, and a job does not wait for it
            prospects += foresee_by_name(directory, track)
    return PruneAnswer(directory, plan, gathered, decision.size_before, decision.too_large, unpinned, prospects)


def gather_facts(directory: CacheDirectory, request: PruneRequest, track: Track) -> GatheredFacts:
    """Read the files of ``--keep-for`` and ``--against``, and the cache as far as the policies need it.

    Raises:
        BadLock: a file of ``--keep-for`` or ``--against`` is none.
        KeyboardInterrupt: the judging was interrupted.
        CacheNotFound: the directory is a file, or cannot be read.
        NotAPipCache: it holds something, and none of pip's stores.
    """
    needs = None
    if request.keep_for:
        from pipcache.query.needs import read_needs  # brings the readers of lock files, which few runs have

        needs = read_needs(request.keep_for)
    locks = read_lock_index(request.against)

    def judge(cache: Cache, artifacts: Sequence[Artifact]) -> "Judged":
        from pipcache.commands.run_verifier import judge_for  # most prunings judge nothing

        return judge_for(cache, request.verdicts, artifacts, artifacts, locks)

    return gather(directory, request, needs, judge if request.verdicts else None, track)


def run(answer: PruneAnswer, request: PruneRequest, consent: Consent, form: str, track: Track) -> ExitCode:
    """Show the plan where a person is asked or wants it, act, and report.

    Raises:
        Declined: the question was not answered with yes.
    """
    plan = answer.plan
    asks = form == "table" and not plan.is_empty and not consent.yes and _has_asker()
    shows = form == "table" and (consent.dry_run or asks)
    load_form(form)
    report = PlanReport(
        show=(lambda: _show(plan, everything=consent.dry_run)) if shows else None,
        answer=lambda outcome: _text(answer, consent, outcome, form),
        summary=lambda outcome: sum_line(_result(answer, outcome)),
        asks=asks,
        say_notes=lambda: _say_notes(answer, request),
    )
    outcome = run_with_consent(answer.directory, plan, consent, report, track)
    if answer.prospects is not None and form == "table" and not answer.directory.is_empty:
        for line in prospect_lines(answer.prospects, is_narrow=is_narrow(sys.stderr)):
            say(line)
    say_unreadable(answer.gathered.unreadable)
    hides = bool(request.verdicts) and bool(links_in_stores(answer.gathered.facts.artifacts))
    is_incomplete = bool(answer.gathered.unreadable) or answer.gathered.unjudged > 0 or hides
    return exit_code_of(outcome, is_incomplete=is_incomplete)


def _has_asker() -> bool:
    """Return whether a person can answer; a job's policies are its consent."""
    return sys.stdin is not None and is_terminal(sys.stdin)


def _show(plan: Plan, *, everything: bool) -> None:
    if everything and plan.removals:
        print_rows(plan_rows(plan), ARTIFACTS)
        print()  # noqa: T201
    print_rows(policy_rows(plan, is_narrow=is_narrow(sys.stdout)), POLICIES)


def _say_notes(answer: PruneAnswer, request: PruneRequest) -> None:
    """Say what a person should know of the plan before it is carried out."""
    say_unmatched(answer.directory, answer.gathered.unmatched)
    for line in unpinned_lines(answer.unpinned):
        say(line)
    policies = request.policies
    by_use = any(limit is not None for limit in (policies.unused_for, policies.older_than, policies.max_size))
    if by_use and not answer.gathered.keeps_access_times:
        say("Note: this file system keeps no access times (noatime), so last use is the time of modification.")
    elif by_use and answer.gathered.foreign_files:
        files = counted(answer.gathered.foreign_files, "file")
        say(f"Note: {files} belong to others, and looking at them counts as a use: prune as their owner.")
    if answer.gathered.unjudged:
        entries = counted(answer.gathered.unjudged, "entry", "entries")
        say(f"{entries} could not be judged: pipcache verify{clean(answer.directory.option)}")


def _result(answer: PruneAnswer, outcome: Outcome | None) -> PruneResult:
    return PruneResult(
        plan=answer.plan,
        outcome=outcome,
        entries=sum(is_made_by_pip(artifact.entry) for artifact in answer.gathered.facts.artifacts),
        before=answer.before,
        too_large=answer.too_large,
        unreadable=len(answer.gathered.unreadable),
    )


def _text(answer: PruneAnswer, consent: Consent, outcome: Outcome | None, form: str) -> str | Iterable[str]:
    """Return the answer in its form."""
    pruned = _result(answer, outcome)
    match form:
        case "json":
            from pipcache.render.json.prune import prune_document  # only for this form
            from pipcache.render.json.remove import Uncovered, removal_document  # only for this form
            from pipcache.render.json.writer import pieces  # only for this form

            base = removal_document(
                "prune",
                answer.directory,
                answer.plan,
                outcome,
                uncovered=Uncovered([selector.text for selector in answer.gathered.unmatched]),
                entries=answer.gathered.unreadable,
                dry_run=consent.dry_run,
            )
            counts = answer.gathered.keeps_access_times
            document = prune_document(base, pruned, answer.unpinned, answer.prospects, keeps_access_times=counts)
            return pieces(document)
        case "github":
            return "\n".join(github_lines(pruned))
        case _:
            is_trial = consent.dry_run and answer.plan.removals
            text = sum_line(pruned) + (" Nothing was removed: this is a dry run." if is_trial else "")
            return fitted(text, sys.stdout)
