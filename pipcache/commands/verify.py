"""``verify``: judge the selected artifacts."""

import sys
from collections.abc import Iterator
from typing import NamedTuple

from pipcache.commands.verification import judging
from pipcache.errors import ExitCode
from pipcache.inventory.artifact import DISTRIBUTIONS
from pipcache.inventory.collector import Need, read_inventory
from pipcache.location.locate import CacheDirectory, configured_indexes
from pipcache.query.filters import Filters
from pipcache.query.selection import select
from pipcache.query.selector import Selector
from pipcache.render.console import is_terminal, say, wants_colour, width
from pipcache.render.json.records import dump
from pipcache.render.json.verify import verify_document
from pipcache.render.text.notices import links_in_stores, say_unmatched
from pipcache.render.text.verify import Tally, finding_lines, fit, in_order, sum_lines
from pipcache.store.cache import Cache
from pipcache.store.entries import is_link
from pipcache.util.progress import Track
from pipcache.verify.checks import Check, Verdict
from pipcache.verify.context import is_judged
from pipcache.verify.lock_index import read_locks
from pipcache.verify.verdict import Judgement
from pipcache.verify.verifier import VerifyOptions


class Request(NamedTuple):
    """What ``verify`` was asked for. ``wanted`` are the checks that count, ``fail_on`` the verdict that fails."""

    selectors: tuple[Selector, ...]
    filters: Filters
    against: tuple[str, ...]
    thorough: bool
    wanted: frozenset[Check]
    fail_on: str


class Answer(NamedTuple):
    """What ``verify`` found, worst first, and what is to be told beside it."""

    directory: CacheDirectory
    judgements: list[Judgement]
    tally: Tally
    unmatched: list[Selector]


def find(directory: CacheDirectory, request: Request, track: Track) -> Answer:
    """Read the cache and judge what was chosen.

    Raises:
        BadLock: a file of ``against`` is no lock file.
        CacheNotFound: the directory is missing, is a file, or cannot be read.
        NotAPipCache: it holds none of pip's stores.
    """
    locks = read_locks(request.against)
    need = Need(selectors=request.selectors, page_clues=True)
    with judging(directory, VerifyOptions(locks, request.thorough)) as verification:
        if request.selectors or request.filters != Filters():
            catalogue = read_inventory(Cache(directory.path), need, configured_indexes, track)
        else:
            # all of it is to be judged, so bodies are hashed while the rest is still being read
            catalogue = read_inventory(Cache(directory.path), need, configured_indexes, see=verification.see)
        selection = select(Cache(directory.path), catalogue, request.selectors, request.filters, track)
        chosen = [artifact for artifact in selection.chosen if is_judged(artifact)]
        verified = verification.judge(chosen, catalogue)
    told = [_wanted(one, request.wanted) for one in verified.judgements]
    links = links_in_stores(catalogue)
    tally = Tally(
        verified.gone,
        verified.left,
        sum(not is_link(one.entry) for one in selection.chosen) - len(chosen),
        links,
        sum(len(one.findings) for one in verified.judgements) - sum(len(one.findings) for one in told),
    )
    if request.against:
        known = [_is_known(one) for one in verified.judgements if one.artifact.kind in DISTRIBUTIONS]
        tally = tally._replace(known=sum(known), unknown=len(known) - sum(known))
    return Answer(directory, in_order(told), tally, selection.unmatched)


def _is_known(judgement: Judgement) -> bool:
    """Return whether a lock file names this file: by a digest of a whole version when it is kept, or accuses."""
    outside = [one for one in judgement.tried if one.promise.is_outside]
    accuses = any(finding.check is Check.PC206 for finding in judgement.findings)
    return accuses or any(one.is_kept or not one.promise.of_version for one in outside)


def _wanted(judgement: Judgement, wanted: frozenset[Check]) -> Judgement:
    """Return ``judgement`` with the findings that were asked for; the verdict is what it is."""
    return judgement._replace(findings=tuple(one for one in judgement.findings if one.check in wanted))


def write(answer: Answer, form: str) -> None:
    """Print the answer."""
    if form == "json":
        unmatched = [one.text for one in answer.unmatched]
        print(dump(verify_document(answer.directory, answer.judgements, answer.tally, unmatched)))  # noqa: T201
    else:
        for line in fit(_lines(answer), width()) if is_terminal(sys.stdout) else _lines(answer):
            print(line)  # noqa: T201
    sys.stdout.flush()
    say_unmatched(answer.unmatched)
    if left := answer.tally.left:
        done = len(answer.judgements)
        say(f"Interrupted: {done:,} of {done + left + answer.tally.gone:,} artifacts were judged.")


def _lines(answer: Answer) -> Iterator[str]:
    colour = wants_colour(sys.stdout)
    for judgement in answer.judgements:
        if judgement.findings or judgement.problem is not None:
            yield from finding_lines(answer.directory, judgement, colour=colour)
            yield ""
    yield from sum_lines(answer.judgements, answer.tally)


def exit_code(answer: Answer, fail_on: str) -> ExitCode:
    """Return how the run ends: an interruption goes before findings, and they before what could not be read."""
    if answer.tally.left:
        return ExitCode.INTERRUPTED
    found = [one for one in answer.judgements if one.findings]
    if fail_on == "poisoned":
        found = [one for one in found if one.verdict is Verdict.POISONED]
    elif fail_on == "unverified":
        found += [one for one in answer.judgements if one.verdict is Verdict.INTACT]
    if found:
        return ExitCode.FINDINGS
    is_incomplete = answer.tally.links or any(one.verdict is Verdict.UNREADABLE for one in answer.judgements)
    return ExitCode.FAILED if is_incomplete else ExitCode.OK
