"""``verify``: which artifacts, held against what, and how the run ends."""

import sys
from collections.abc import Iterator
from typing import NamedTuple

from pipcache.catalogue import Need, read_catalogue
from pipcache.checks import Check, Verdict
from pipcache.commands.judging import judge_chosen, read_locks
from pipcache.commands.notes import say_unmatched
from pipcache.errors import ExitCode
from pipcache.judgement import Judgement, summed
from pipcache.location import CacheDirectory, configured_indexes
from pipcache.progress import Track
from pipcache.query import Filters
from pipcache.render.console import is_terminal, say, wants_colour, width
from pipcache.render.document import dump
from pipcache.render.judgements import verify_document
from pipcache.render.verdicts import finding_lines, fit, in_order, sum_lines
from pipcache.selection import select
from pipcache.selectors import Selector
from pipcache.verify import Request as How
from pipcache.verify import Verified, is_judged


class Request(NamedTuple):
    """What ``verify`` was asked for. ``wanted`` are the checks that count, ``fail_on`` the verdict that fails."""

    selectors: tuple[Selector, ...]
    filters: Filters
    against: tuple[str, ...]
    thorough: bool
    wanted: frozenset[Check]
    fail_on: str


class Answer(NamedTuple):
    """What ``verify`` found, worst first. ``locked`` artifacts are known to the lock files; None without any."""

    cache: CacheDirectory
    judgements: list[Judgement]
    verified: Verified
    unmatched: list[Selector]
    passed_over: int
    locked: int | None


def find(cache: CacheDirectory, request: Request, track: Track) -> Answer:
    """Read the cache and judge what was chosen.

    Raises:
        BadLock: a file of ``against`` is no lock file.
        CacheNotFound: the directory is missing, is a file, or cannot be read.
        NotAPipCache: it holds none of pip's stores.
    """
    locks = read_locks(request.against)
    catalogue = read_catalogue(cache.path, Need(selectors=request.selectors), configured_indexes, track)
    selection = select(cache.path, catalogue, request.selectors, request.filters, track)
    chosen = [artifact for artifact in selection.chosen if is_judged(artifact)]
    verified = judge_chosen(cache, chosen, catalogue, How(locks, request.thorough))
    judgements = in_order(_wanted(one, request.wanted) for one in verified.judgements)
    locked = sum(locks.knows(one.artifact) for one in judgements) if request.against else None
    passed_over = len(selection.chosen) - len(chosen)
    return Answer(cache, judgements, verified, selection.unmatched, passed_over, locked)


def _wanted(judgement: Judgement, wanted: frozenset[Check]) -> Judgement:
    """Return ``judgement`` as it comes out without the findings nobody asked for."""
    findings = [finding for finding in judgement.findings if finding.check in wanted]
    if len(findings) == len(judgement.findings):
        return judgement
    return summed(judgement.artifact, findings, judgement.tried)


def write(answer: Answer, form: str) -> None:
    """Print the answer."""
    if form == "json":
        unmatched = [one.text for one in answer.unmatched]
        print(  # noqa: T201
            dump(
                verify_document(
                    answer.cache,
                    answer.judgements,
                    gone=answer.verified.gone,
                    left=answer.verified.left,
                    passed_over=answer.passed_over,
                    locked=answer.locked,
                    unmatched=unmatched,
                )
            )
        )
    else:
        _write_text(answer)
    sys.stdout.flush()
    say_unmatched(answer.unmatched)
    if answer.verified.left:
        done, left = len(answer.judgements), answer.verified.left
        say(f"Interrupted: {done:,} of {done + left + answer.verified.gone:,} artifacts were judged.")


def _write_text(answer: Answer) -> None:
    for line in fit(_lines(answer), width()) if is_terminal(sys.stdout) else _lines(answer):
        print(line)  # noqa: T201


def _lines(answer: Answer) -> Iterator[str]:
    colour = wants_colour(sys.stdout)
    for judgement in answer.judgements:
        if judgement.findings or judgement.problem is not None:
            yield from finding_lines(answer.cache, judgement, colour=colour)
            yield ""
    yield from sum_lines(
        answer.judgements, gone=answer.verified.gone, passed_over=answer.passed_over, locked=answer.locked
    )


_FAILING = {
    "poisoned": frozenset({Verdict.POISONED}),
    "damaged": frozenset({Verdict.POISONED, Verdict.DAMAGED}),
    "unverified": frozenset({Verdict.POISONED, Verdict.DAMAGED, Verdict.INTACT}),
}


def exit_code(answer: Answer, fail_on: str) -> ExitCode:
    """Return how the run ends: an interruption goes before findings, and they before what could not be read."""
    if answer.verified.left:
        return ExitCode.INTERRUPTED
    has_findings = fail_on != "poisoned" and any(one.findings for one in answer.judgements)
    if has_findings or any(one.verdict in _FAILING[fail_on] for one in answer.judgements):
        return ExitCode.FINDINGS
    is_incomplete = any(one.verdict is Verdict.UNREADABLE for one in answer.judgements)
    return ExitCode.FAILED if is_incomplete else ExitCode.OK
