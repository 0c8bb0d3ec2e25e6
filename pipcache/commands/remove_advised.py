"""``remove --advisory``: remove what an audit proved, in one cache or in all of this machine, then look again."""

import sys
from collections.abc import Sequence

from pipcache.audit.derivation import display_name
from pipcache.commands.advised_removal import (
    AdvisedAnswer,
    AdvisedCache,
    AdvisedRemoval,
    AdvisedRequest,
    path_of_cache,
)
from pipcache.commands.consent import (
    Consent,
    exit_code_of,
    require_yes,
    say_what_stays,
    write_answer,
)
from pipcache.errors import ExitCode
from pipcache.inventory.artifact import path_of
from pipcache.location.machine import UnreadCache
from pipcache.removal.outcome import Outcome
from pipcache.render.console import fitted, print_answer, say, styled, wants_colour
from pipcache.render.json.purge import purge_document
from pipcache.render.json.writer import dump
from pipcache.render.line import purge_line
from pipcache.render.purged_cache import PurgedCache
from pipcache.render.text.audit import sentences
from pipcache.render.text.purge import heading, last_line, plan_total, problem_lines, what_goes_in_all
from pipcache.render.text.remove import ARTIFACTS, left_lines, outcome_line, plan_rows, plan_sum
from pipcache.render.text.table import print_groups, print_rows
from pipcache.util.progress import Track
from pipcache.util.units import counted
from pipcache.util.untrusted import clean


def run(answer: AdvisedAnswer, request: AdvisedRequest, consent: Consent, form: str, track: Track) -> ExitCode:
    """Show the plan, ask where it must be asked, keep copies, act, look again, and report.

    Raises:
        Declined: the question was not answered with yes.
        NotSaved: a copy could not be kept; then nothing was removed.
        CacheNotFound: without ``all_caches``, the cache directory cannot be opened any more.
    """
    purge = AdvisedRemoval(answer, request, track)
    if form == "table":
        write_answer(lambda: _show_plans(answer))
        _say_what_is_left(answer)
    if not purge.is_idle and not consent.dry_run:
        if not consent.yes:
            require_yes(what_goes_in_all([cache.plan for cache in answer.caches]))
        purge.keep_copies()
        purge.carry_out()
    try:
        if not consent.dry_run:
            purge.look_again()
        caches = purge.report()
        text = _text(caches, purge, (answer, request), consent, form)
    except BaseException:
        for line in _done_lines(purge.report()) or ["Nothing was removed."]:
            say(line)  # a second look may be interrupted, or fail
        raise
    done = " ".join(_done_lines(caches)) or "Nothing was removed."
    write_answer(lambda: print_answer(text), done)
    for before, after in zip(answer.caches, caches, strict=False):
        if after.outcome is not None:
            _say_what_stays(before, after.outcome, answer)
    if form == "table":
        _write_end(answer, caches, consent, purge.unread, done)
    for _, problem in purge.problems:
        say(f"Not done: {clean(problem)}")
    unmatched = answer.report.advisories.unmatched
    return _exit_code(caches, is_incomplete=bool(purge.problems or purge.unread or unmatched))


def _exit_code(caches: Sequence[PurgedCache], *, is_incomplete: bool) -> ExitCode:
    is_incomplete |= any(cache.stays or cache.problem is not None for cache in caches)
    codes = [exit_code_of(cache.outcome, is_incomplete=is_incomplete) for cache in caches]
    worst = max(codes)
    return ExitCode.UNJUDGED if worst is ExitCode.OK and any(cache.unjudged for cache in caches) else worst


# What is shown


def _show_plans(answer: AdvisedAnswer) -> None:
    """Print the plan: a table, over all caches of a machine with a heading for each, and the sum."""
    caches = [cache for cache in answer.caches if not cache.plan.is_empty]
    if not caches:
        return
    if not answer.report.everywhere:
        print_rows(plan_rows(caches[0].plan), ARTIFACTS)
        print(fitted(plan_sum(caches[0].plan, path_of_cache(caches[0])), sys.stdout))  # noqa: T201
        return
    colour = wants_colour(sys.stdout)
    groups = [(styled(heading(cache.audited), "bold", colour=colour), plan_rows(cache.plan)) for cache in caches]
    print_groups(groups, ARTIFACTS)
    print(fitted(plan_total([cache.plan for cache in caches]), sys.stdout))  # noqa: T201


def _say_what_is_left(answer: AdvisedAnswer) -> None:
    for cache in answer.caches:
        if cache.plan.left and answer.report.everywhere:
            say(f"{heading(cache.audited)}:")
        for line in left_lines(cache.plan.left):
            say(line)


def _text(
    caches: Sequence[PurgedCache],
    purge: AdvisedRemoval,
    asked: tuple[AdvisedAnswer, AdvisedRequest],
    consent: Consent,
    form: str,
) -> str:
    answer, request = asked
    report = answer.report._replace(unread=purge.unread)
    match form:
        case "json":
            problems = purge.problems
            return dump(
                purge_document(caches, report, dry_run=consent.dry_run, run=request.run, problems=problems)
            )
        case "line":
            return purge_line(caches, report, request.run, purge.problems)
        case _:
            return _what_was_done(caches, consent)


def _what_was_done(caches: Sequence[PurgedCache], consent: Consent) -> str:
    if lines := _done_lines(caches):
        return "\n".join(fitted(line, sys.stdout) for line in lines)
    if consent.dry_run and not all(cache.plan.is_empty for cache in caches):
        return "Nothing was removed: this is a dry run."
    is_left = any(not cache.plan.is_empty or cache.stays for cache in caches)
    return "Nothing was removed." if is_left else "Nothing to remove."


def _done_lines(caches: Sequence[PurgedCache]) -> list[str]:
    """Return what was removed, a line for each cache where something was to be."""
    outcomes = [(cache, cache.outcome) for cache in caches if cache.outcome is not None]
    if len(caches) == 1:
        return [outcome_line(outcome) for _, outcome in outcomes]
    return [f"{clean(cache.before.directory.path)}: {outcome_line(outcome)}" for cache, outcome in outcomes]


def _say_what_stays(cache: AdvisedCache, outcome: Outcome, answer: AdvisedAnswer) -> None:
    if answer.report.everywhere and (outcome.problems or outcome.is_interrupted):
        say(f"{heading(cache.audited)}:")
    say_what_stays(cache.plan, outcome)


def _write_end(
    answer: AdvisedAnswer,
    caches: Sequence[PurgedCache],
    consent: Consent,
    unread: Sequence[UnreadCache],
    done: str,
) -> None:
    """Say what the run comes to, and what it does not cover; over all caches the last line is the sum."""
    is_everywhere = answer.report.everywhere
    stays = [(cache, hit) for cache in caches for hit in cache.stays]
    is_looked_at = any(cache.is_looked_at_again for cache in caches)
    if is_looked_at and not is_everywhere:
        verdict = f"still finds {counted(len(stays), 'entry', 'entries')}" if stays else "finds nothing"
        write_answer(lambda: print(fitted(f"A second look {verdict}.", sys.stdout)), done)  # noqa: T201
    elif stays:
        say(f"{_what_stays(len(stays), is_looked_at=is_looked_at)}:")
    for cache, hit in stays[:_SHOWN]:
        above = f"{clean(cache.before.directory.path)}: " if is_everywhere else ""
        say(f"  {above}{clean(display_name(hit.artifact))}: {clean(path_of(hit.artifact))}")
    _say_rest(len(stays))
    for line in problem_lines(caches, unread):
        say(line)
    is_said = is_everywhere or not answer.directory.is_empty or answer.report.advisories.unmatched
    for line in sentences(answer.report) if is_said else ():
        say(line)
    unjudged = [(cache, entry) for cache in caches for entry in cache.unjudged]
    for cache, entry in unjudged[:_SHOWN]:
        above = f"{clean(cache.before.directory.path)}: " if is_everywhere else ""
        say(f"Could not be judged: {above}{clean(entry.path)}: {clean(entry.reason)}")
    _say_rest(len(unjudged))
    if is_everywhere:
        line = last_line(caches, unread, answer.report.advisories.unmatched, dry_run=consent.dry_run)
        write_answer(lambda: print(fitted(line, sys.stdout)), done)  # noqa: T201


def _what_stays(number: int, *, is_looked_at: bool) -> str:
    if is_looked_at:
        return f"{counted(number, 'entry', 'entries')} {'is' if number == 1 else 'are'} still there"
    where = "where it is" if number == 1 else "where they are"
    return f"{counted(number, 'entry', 'entries')} cannot be removed {where}"


def _say_rest(number: int) -> None:
    if number > _SHOWN:
        say(f"... and {number - _SHOWN:,} more (--format json has them all)")


_SHOWN = 5
