"""``refresh``: ask the indexes about what came from them."""

import os
import sys
import time
from typing import NamedTuple

from pipcache.commands.cached_status import statuses_for
from pipcache.commands.consent import Declined, confirm
from pipcache.commands.run_verifier import judging
from pipcache.errors import ErrorKind, ExitCode, PipcacheError
from pipcache.inventory.artifact import Artifact, path_of, unreadable_entries, with_refusals
from pipcache.inventory.collector import Need, read_inventory
from pipcache.live.answers import Failed
from pipcache.live.asked_indexes import look_at_questions
from pipcache.live.probes import possible_probes, with_probes
from pipcache.live.questions import FILES, Inquiry, Question, questions_about, questions_by_hand
from pipcache.live.refresh import Refresher, Result
from pipcache.live.settings import NetworkSettings, read_settings
from pipcache.live.settled_pins import with_settled_pins
from pipcache.live.statuses import Presence
from pipcache.location.locate import CacheDirectory, configured_indexes
from pipcache.query.filters import Filters
from pipcache.query.selection import Unmatched, select
from pipcache.query.selector import Selector
from pipcache.removal.outcome import Outcome
from pipcache.removal.plan import Plan
from pipcache.render.console import fitted, is_terminal, print_answer, say, wants_colour, width
from pipcache.render.json.refresh import RefreshDocument, refresh_document
from pipcache.render.json.writer import dump
from pipcache.render.refresh_reports import refresh_markdown, refresh_sarif
from pipcache.render.text.notices import links_in_stores, say_unmatched, say_unreadable
from pipcache.render.text.refresh import (
    QUESTIONS,
    failed_lines,
    not_asked_lines,
    note_lines,
    plan_line,
    possible_probe_lines,
    question_row,
    result_lines,
    sum_lines,
    unknown_pin_lines,
)
from pipcache.render.text.table import print_rows
from pipcache.render.text.wrap import fit
from pipcache.store.cache import Cache
from pipcache.store.entries import UnreadableEntry
from pipcache.util.progress import Track
from pipcache.util.run import NO_IDENTITY, Run
from pipcache.util.units import counted
from pipcache.util.untrusted import clean
from pipcache.verify.lock_index import LockIndex, read_lock_index
from pipcache.verify.verdict import Judgement
from pipcache.verify.verifier import VerifyOptions

MOST_PAGES = 500
"""Pages that are asked for without a question."""


class NoIndex(PipcacheError):  # noqa: N818 - it names the setting
    """pip is told to ask no index."""

    exit_code = ExitCode.USAGE
    kind = ErrorKind.NO_INDEX


class Drops(NamedTuple):
    """What is to be removed: pages of which the index has better ones, and files that it has withdrawn."""

    pages: bool = False
    withdrawn: bool = False


class RefreshRequest(NamedTuple):
    """What ``refresh`` was asked for.

    ``index_url`` is the only index to ask, None for those of the cache. With ``is_complete`` what nobody is asked
    about counts as what could not be asked. ``run`` is said by the answer. With ``probes`` the files that are no
    longer listed are asked for at their URLs.
    """

    selectors: tuple[Selector, ...]
    filters: Filters
    index_url: str | None
    yes: bool
    is_dry: bool
    drops: Drops = Drops()
    against: tuple[str, ...] = ()
    is_complete: bool = False
    run: Run = NO_IDENTITY
    probes: bool = False

    @property
    def may_probe(self) -> bool:
        """Whether a dry run has to say what may be asked of files."""
        return self.probes and self.is_dry


class Chosen(NamedTuple):
    """What was chosen of the cache.

    Attributes:
        artifacts: the chosen artifacts, with all that proves where they came from.
        everything: all artifacts.
        judgements: those of the chosen files, by the paths of their entries.
        unmatched: the selectors that match nothing.
        unreadable: what could not be read.
        links: the number of links in the stores; what is behind them was not looked at.
        removable: the paths of the entries that may be removed: all that the filters but those by status allow.
        unasked_pins: the projects of lock files that no index is asked about.
    """

    artifacts: list[Artifact]
    everything: list[Artifact]
    judgements: dict[str, Judgement]
    unmatched: list[Unmatched]
    unreadable: list[UnreadableEntry]
    links: int
    removable: frozenset[str] = frozenset()
    unasked_pins: tuple[str, ...] = ()


class RefreshAnswer(NamedTuple):
    """Who was asked about what, and what came of it; nothing in a dry run."""

    directory: CacheDirectory
    request: RefreshRequest
    inquiry: Inquiry
    chosen: Chosen
    results: list[Result]


def find(directory: CacheDirectory, request: RefreshRequest, track: Track) -> RefreshAnswer:
    """Read the cache, decide whom to ask about what, and ask.

    Raises:
        BadLock: a file of ``against`` is no lock file.
        NoIndex: pip is told to ask no index.
        BadSetting: pip refuses a setting for the network.
        Declined: so many pages were to be asked for that a person is asked, and the answer was not yes.
        CacheNotFound: the directory is a file, or cannot be read.
        NotAPipCache: it holds something, and none of pip's stores.
    """
    locks = read_lock_index(request.against)
    settings = read_settings(os.environ)
    if settings.no_index is not None:
        raise NoIndex(
            f"pip is told to ask no index ({settings.no_index}), and so none was asked.",
            hint="Unset it for this run.",
        )
    if request.index_url is not None:
        settings = settings._replace(index_urls=(request.index_url, *settings.index_urls))
    cache = Cache(directory.path)
    chosen = _choose(cache, request, locks, track)
    if request.index_url is not None:
        inquiry = questions_by_hand(request.index_url, chosen.artifacts, chosen.everything)
    else:
        inquiry = questions_about(chosen.artifacts, chosen.everything)
    unasked = set(locks.projects) - {question.project for question in inquiry.questions}
    chosen = chosen._replace(unasked_pins=tuple(sorted(unasked)))
    results: list[Result] = []
    if not request.is_dry and inquiry.questions:
        if len(inquiry.questions) > MOST_PAGES and not request.yes:
            _ask_whether_to_ask(inquiry)
        is_by_hand = request.index_url is not None
        indexes = look_at_questions(inquiry.questions, settings.searched, is_by_hand=is_by_hand)
        refresher = Refresher(cache, chosen.judgements, locks, indexes)
        results = _ask(settings, refresher, inquiry, track, probes=request.probes)
    return RefreshAnswer(directory, request, inquiry, chosen, results)


def _choose(cache: Cache, request: RefreshRequest, locks: LockIndex, track: Track) -> Chosen:
    """Return what selectors and filters choose. Files are judged: their bytes may prove where they came from."""
    by_pages = request.filters.needs_pages
    need = Need(deep=by_pages, everything=by_pages or not request.selectors, selectors=request.selectors)
    artifacts = read_inventory(cache, need, configured_indexes, track)
    artifacts, statuses = statuses_for(cache, artifacts, request.filters, track)
    selection = select(cache, artifacts, request.selectors, request.filters, track, statuses=statuses)
    files = [artifact for artifact in selection.chosen if artifact.kind in FILES]
    with judging(cache, VerifyOptions(locks, digests=frozenset({"sha256"}))) as verifier:
        verified = verifier.judge(files, artifacts)
    if verified.not_reached:
        raise KeyboardInterrupt
    judgements = {path_of(judgement.artifact): judgement for judgement in verified.judgements}
    chosen = [
        judgements[path_of(artifact)].artifact if path_of(artifact) in judgements else artifact
        for artifact in selection.chosen
    ]
    unreadable = unreadable_entries(with_refusals(artifacts, cache.refused))
    links = links_in_stores(artifacts)
    filters, now = request.filters._replace(statuses=frozenset()), time.time()
    removable = frozenset(path_of(artifact) for artifact in artifacts if filters.allow(artifact, now))
    return Chosen(chosen, artifacts, judgements, selection.unmatched, unreadable, links, removable)


def _ask_whether_to_ask(inquiry: Inquiry) -> None:
    """Ask a person whether so many pages are to be asked for.

    Raises:
        Declined: the answer is not yes.
    """
    if not confirm(f"Ask for {counted(len(inquiry.questions), 'page')}?"):
        raise Declined("No index was asked.", hint="--yes asks without this question.", is_fault=False)


def _ask(
    settings: NetworkSettings, refresher: Refresher, inquiry: Inquiry, track: Track, *, probes: bool
) -> list[Result]:
    """Ask, and return what came of it in the order of the questions."""
    # these load what opens connections, which a dry run does without
    from pipcache.live.client import Client
    from pipcache.live.transport import default_folder

    questions = inquiry.questions
    results: dict[int, Result] = {}
    with Client(settings, default_folder()) as client:
        for result in track(refresher.run(client, questions), len(questions), "Asking"):
            results[id(result.question)] = result
        settled = with_settled_pins([results[id(question)] for question in questions])
        return with_probes(client, settled, track) if probes else settled


def write(answer: RefreshAnswer, form: str) -> None:
    """Print the answer to standard output, and what was not asked or answered to standard error."""
    if form == "json":
        print_answer(dump(document_of(answer)))
    elif form == "markdown":
        lines = refresh_markdown(answer.directory, answer.results, answer.inquiry.not_asked, answer.request.run)
        print_answer("\n".join(lines))
    elif form == "sarif":
        log = refresh_sarif(
            answer.directory,
            answer.results,
            answer.inquiry.not_asked,
            answer.request.run,
            exit_code=int(exit_code(answer)),
            is_whole=not is_incomplete(answer),
        )
        print_answer(dump(log))
    elif answer.request.is_dry:
        print_rows([question_row(question) for question in answer.inquiry.questions], QUESTIONS)
        for line in possible_probe_lines(_possible_probes(answer)):
            print_answer(fitted(line, sys.stdout))
        print_answer(fitted(plan_line(answer.inquiry), sys.stdout))
    else:
        print_changes(answer)
    sys.stdout.flush()
    narrate(answer)


def _possible_probes(answer: RefreshAnswer) -> list[Question]:
    return possible_probes(answer.inquiry.questions) if answer.request.may_probe else []


def document_of(
    answer: RefreshAnswer, plan: Plan | None = None, outcome: Outcome | None = None
) -> RefreshDocument:
    """Return the answer as a JSON document, with what is to be removed and what was."""
    chosen = answer.chosen
    return refresh_document(
        answer.directory,
        answer.inquiry,
        answer.results,
        unmatched=[selector.text for selector in chosen.unmatched],
        unreadable=chosen.unreadable,
        is_dry=answer.request.is_dry,
        links=chosen.links,
        possible_probes=_possible_probes(answer),
        unasked_pins=chosen.unasked_pins,
        plan=plan,
        outcome=outcome,
        run=answer.request.run,
    )


def print_changes(answer: RefreshAnswer) -> None:
    """Print what has changed, and the sums."""
    colour = wants_colour(sys.stdout)
    lines = [*result_lines(answer.directory, answer.results, colour=colour), *sum_lines(answer.results)]
    for line in fit(lines, width()) if is_terminal(sys.stdout) else lines:
        print(line)  # noqa: T201


def narrate(answer: RefreshAnswer) -> None:
    """Say on standard error what was not asked, not answered and not read; of an empty cache all is said."""
    if answer.directory.is_empty:
        return
    results = answer.results
    for line in (*not_asked_lines(answer.inquiry.not_asked), *note_lines(results), *failed_lines(results)):
        say(clean(line))
    if unasked := answer.chosen.unasked_pins:
        them = "it" if len(unasked) == 1 else "them"
        say(f"Of --against, {counted(len(unasked), 'project')} not compared: no index is asked about {them}.")
    for line in unknown_pin_lines(results):
        say(clean(line))
    say_unreadable(answer.chosen.unreadable)
    if answer.chosen.links:
        say(f"{counted(answer.chosen.links, 'link')} in the stores: what is behind is not looked at.")
    say_unmatched(answer.directory, answer.chosen.unmatched)
    if answer.request.is_dry and any(answer.request.drops):
        say("Nothing was removed. What would be is known when the indexes have answered: leave out --dry-run.")


def exit_code(answer: RefreshAnswer) -> ExitCode:
    """Return the exit code: findings come before what could not be asked or read."""
    if any(result.has_findings for result in answer.results):
        return ExitCode.FINDINGS
    return ExitCode.FAILED if is_incomplete(answer) else ExitCode.OK


def is_incomplete(answer: RefreshAnswer) -> bool:
    """Return whether not all could be asked or read; with ``is_complete`` also whether not all was asked about."""
    has_failed = any(isinstance(result.answer, Failed) or result.is_unread for result in answer.results)
    files = (file for result in answer.results for file in result.files)
    has_failed |= any(file.probe is not None and file.probe.presence is Presence.UNKNOWN for file in files)
    is_unread = bool(answer.chosen.unreadable or answer.chosen.links)
    has_unknown_pins = any(pin.is_unknown for result in answer.results for pin in result.pins)
    is_unasked = bool(answer.inquiry.not_asked or answer.chosen.unasked_pins or has_unknown_pins)
    return has_failed or is_unread or (answer.request.is_complete and is_unasked)
