"""``prune``: plan by policies, ask at a terminal, and say in one line what was done."""

import sys
from typing import NamedTuple

from pipcache.commands.consent import (
    Consent,
    Declined,
    ask,
    carry_out_plan,
    exit_code_of,
    say_what_stays,
    write_answer,
)
from pipcache.errors import CacheNotFound, ExitCode, NotAPipCache
from pipcache.inventory.artifact import DISTRIBUTIONS, Artifact
from pipcache.location.locate import CacheDirectory
from pipcache.prune.facts import Gathered, Request, gather
from pipcache.prune.plan import plan_pruning
from pipcache.prune.policies import Known, decide
from pipcache.prune.result import Pruned
from pipcache.removal.outcome import Outcome
from pipcache.removal.plan import Plan, Reason
from pipcache.render.console import is_terminal, say
from pipcache.render.github import github_lines
from pipcache.render.json.prune import prune_document
from pipcache.render.json.records import dump
from pipcache.render.json.remove import Uncovered, removal_document
from pipcache.render.text.notices import links_in_stores, say_unmatched, say_unreadable
from pipcache.render.text.prune import POLICIES, policy_rows, stranger_lines, sum_line
from pipcache.render.text.remove import ARTIFACTS, left_lines, plan_rows
from pipcache.render.text.table import print_rows
from pipcache.store.entries import entry_path, is_pips
from pipcache.util.progress import Track
from pipcache.util.units import counted
from pipcache.util.untrusted import clean


class Answer(NamedTuple):
    """The plan, what is there before, and what is to be told beside it."""

    directory: CacheDirectory
    plan: Plan
    gathered: Gathered
    before: int  # bytes of all that pip made
    over: str | None
    strangers: list[Artifact]  # going, of projects that no file of --keep-for names


def find(directory: CacheDirectory, request: Request, track: Track) -> Answer:
    """Read the cache as far as the policies need it, decide and plan; nothing is touched.

    Raises:
        BadLock: a file of ``--keep-for`` or ``--against`` is none.
        CacheNotFound: the directory is a file, or cannot be read.
        NotAPipCache: it holds something, and none of pip's stores.
    """
    try:
        gathered = gather(directory, request, track)
    except (CacheNotFound, NotAPipCache) as error:
        if error.is_fault:
            raise
        say(f"{error.message}\n  {clean(directory.path)}")
        gathered = Gathered(Known([], 0.0, lambda _: 0.0, {}), [], [], 0, [], 0, keeps_access_times=True)
    known = gathered.known
    decision = decide(request.policies, known)
    plan = plan_pruning(decision.taken, known.artifacts, known.insides, gathered.empty)
    strangers = [
        one
        for one, reason, _ in decision.taken
        if reason is Reason.KEEP_FOR and one.kind in DISTRIBUTIONS and entry_path(one.entry) in known.strangers
    ]
    return Answer(directory, plan, gathered, decision.size, decision.over, strangers)


def run(answer: Answer, request: Request, consent: Consent, form: str, track: Track) -> ExitCode:
    """Show the plan where a person is asked or wants it, act, and report.

    Raises:
        Declined: the question was not answered with yes.
    """
    plan = answer.plan
    is_empty = not plan.removals and not plan.folders
    asks = form == "table" and not (consent.yes or consent.dry_run or is_empty) and _has_asker()
    if form == "table" and (consent.dry_run or asks):
        write_answer(lambda: _show(plan, everything=consent.dry_run))
        for line in left_lines(plan.left):
            say(line)
    _say_beside(answer, request)
    if asks and not ask(plan):
        raise Declined("Nothing was removed.", is_fault=False)
    carries_out = not (is_empty or consent.dry_run)
    outcome = carry_out_plan(answer.directory, plan, track) if carries_out else None
    _tell(answer, consent, outcome, form)
    if outcome is not None:
        say_what_stays(plan, outcome)
    catalogue = answer.gathered.known.artifacts
    say_unreadable(answer.gathered.unseen)
    hides = bool(request.verdicts) and bool(links_in_stores(catalogue))
    is_incomplete = bool(answer.gathered.unseen) or answer.gathered.unjudged > 0 or hides
    return exit_code_of(outcome, is_incomplete=is_incomplete)


def _has_asker() -> bool:
    """Return whether a person can answer; a job's policies are its consent."""
    return sys.stdin is not None and is_terminal(sys.stdin)


def _show(plan: Plan, *, everything: bool) -> None:
    if everything and plan.removals:
        print_rows(plan_rows(plan), ARTIFACTS)
        print()  # noqa: T201
    print_rows(policy_rows(plan), POLICIES)


def _say_beside(answer: Answer, request: Request) -> None:
    """Say what a person should know of the plan before it is carried out."""
    say_unmatched(answer.gathered.unmatched)
    for line in stranger_lines(answer.strangers):
        say(line)
    policies = request.policies
    by_use = any(limit is not None for limit in (policies.unused_for, policies.older_than, policies.max_size))
    if by_use and not answer.gathered.keeps_access_times:
        say("Note: this file system keeps no access times (noatime), so last use is the time of modification.")
    elif by_use and answer.gathered.foreign:
        files = counted(answer.gathered.foreign, "file")
        say(f"Note: {files} belong to others, and looking at them counts as a use: prune as their owner.")
    if answer.gathered.unjudged:
        entries = counted(answer.gathered.unjudged, "entry", "entries")
        say(f"{entries} could not be judged: pipcache verify{clean(answer.directory.option)}")


def _tell(answer: Answer, consent: Consent, outcome: Outcome | None, form: str) -> None:
    """Write the answer to standard output.

    Raises:
        PipcacheError: it cannot be written; what was done by then is told.
    """
    catalogue = answer.gathered.known.artifacts
    pruned = Pruned(
        answer.plan,
        outcome,
        sum(is_pips(one.entry) for one in catalogue),
        answer.before,
        answer.over,
        len(answer.gathered.unseen),
    )
    match form:
        case "json":
            base = removal_document(
                "prune",
                answer.directory,
                answer.plan,
                outcome,
                uncovered=Uncovered([one.text for one in answer.gathered.unmatched]),
                entries=answer.gathered.unseen,
                dry_run=consent.dry_run,
            )
            counts = answer.gathered.keeps_access_times
            text = dump(prune_document(base, pruned, answer.strangers, keeps_access_times=counts))
        case "github":
            text = "\n".join(github_lines(pruned))
        case _:
            text = sum_line(pruned)
            text += " Nothing was removed: this is a dry run." if consent.dry_run and answer.plan.removals else ""
    write_answer(lambda: print(text), "Nothing was removed." if outcome is None else sum_line(pruned))  # noqa: T201
