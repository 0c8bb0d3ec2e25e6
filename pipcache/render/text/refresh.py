"""The text of ``refresh``: who is asked about what, who is not and why, and the answers."""

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from pipcache.inventory.artifact import Artifact, path_of
from pipcache.live.answers import Failed, Fault
from pipcache.live.pinned import ComparedPin, Listing
from pipcache.live.questions import Inquiry, NotAsked, Question, index_name
from pipcache.live.refresh import ComparedFile, Result
from pipcache.live.statuses import PageComparison, Presence
from pipcache.location.locate import CacheDirectory
from pipcache.render.console import styled
from pipcache.render.text.table import Columns, Row
from pipcache.render.text.verify import promised, shortened, title
from pipcache.util.redaction import redact_url
from pipcache.util.units import counted, format_size, iso_time, nanoseconds_of
from pipcache.util.untrusted import clean
from pipcache.verify.checks import Check, Verdict
from pipcache.verify.verdict import Finding

QUESTIONS = Columns(
    ("PROJECT", "FILES", "PAGE", "URL"),
    ("PROJECT", "URL"),
    ("PROJECT", "FILES", "PAGE", "URL"),
)
"""The columns of a dry run; FILES are those that the page is compared with, PAGE says whether the cache has it."""

_SHOWN = 30


def question_row(question: Question) -> Row:
    """Return the row of a question."""
    page = "-" if question.page is None else "cached"
    cells = (question.project, f"{len(question.files):,}", page, clean(redact_url(question.url)))
    return Row(cells, is_problem=False)


def plan_line(inquiry: Inquiry) -> str:
    """Return the sum of a dry run in a line."""
    projects = Counter(
        index for index, _ in {(question.index, question.project) for question in inquiry.questions}
    )
    parts = [f"{_name(index)} about {counted(count, 'project')}" for index, count in sorted(projects.items())]
    asked = f"Would ask {', '.join(parts)}." if parts else "Would ask nobody."
    return f"{asked} Nothing was sent: this is a dry run."


def _name(index: str) -> str:
    return clean(redact_url(index_name(index)))


def possible_probe_lines(questions: Iterable[Question]) -> Iterator[str]:
    """Yield what may be asked of files."""
    for question in questions:
        yield f"Possible, if the index no longer lists the file: HEAD {clean(redact_url(question.url))}"


def probe_text(file: ComparedFile) -> str | None:
    """Return whether a file that the index no longer lists is still at its URL; None where that was not asked."""
    probe = file.probe
    if probe is None:
        return None
    match probe.presence:
        case Presence.THERE:
            return "The file is still at its URL: it is only delisted."
        case Presence.DELETED:
            return f"The file is deleted: its URL answers with status {probe.http_status}."
        case Presence.UNKNOWN:
            return f"Whether the file is still at its URL is not known: {probe.detail}."


def not_asked_lines(not_asked: Iterable[NotAsked]) -> Iterator[str]:
    """Yield what nobody is asked about, and why."""
    lacks = list(not_asked)
    for lack in lacks[:_SHOWN]:
        name = lack.project or "(no name)"
        yield f"Not asked about {name} ({counted(len(lack.artifacts), 'entry', 'entries')}): {lack.reason.value}"
    if len(lacks) > _SHOWN:
        yield f"... and {len(lacks) - _SHOWN} more, which --format json lists"


def failed_lines(results: Iterable[Result]) -> Iterator[str]:
    """Yield which questions had no answer, and why; those that were given up are counted."""
    failed = [(result.question, result.answer) for result in results if isinstance(result.answer, Failed)]
    others = [(question, answer) for question, answer in failed if answer.fault is not Fault.GIVEN_UP]
    for question, answer in others[:_SHOWN]:
        yield f"No answer about {question.project}: {answer.text}"
    if len(others) > _SHOWN:
        yield f"... and {len(others) - _SHOWN} more, which --format json lists"
    given_up = Counter(
        (question.index, answer.text) for question, answer in failed if answer.fault is Fault.GIVEN_UP
    )
    for (index, text), count in given_up.items():
        yield f"{_name(index)}: {counted(count, 'page')} {text}"


def note_lines(results: Iterable[Result]) -> Iterator[str]:
    """Yield what else the indexes say of projects, and which pages could not be compared."""
    for result in results:
        notes = () if result.comparison is None else result.comparison.notes
        if result.is_unread and not notes:
            notes = ("not compared: the page in the cache cannot be read, as pipcache verify says",)
        yield from (f"Note: {result.question.project}: {note}" for note in notes)


def result_lines(cache: CacheDirectory, results: Iterable[Result], *, colour: bool) -> Iterator[str]:
    """Yield what has changed: of each page, and then of its files."""
    for result in results:
        comparison, page = result.comparison, result.question.page
        name = _name(result.question.index)
        if comparison is not None and comparison.findings:
            what = f"index page of {result.question.project}" if page is None else title(page)
            cure = _removal(cache, page) if page is not None and comparison.is_outdated else None
            until = _fresh_until(comparison) if cure is not None else None
            more = None if until is None else f"pip since 26.2 uses it without asking until {until}."
            yield from _lines("page", f"{what}, {name}", page, comparison.findings, cure, colour=colour, more=more)
        for file in result.files:
            if file.status.findings:
                cure = _removal(cache, file.artifact) if file.status.is_withdrawn else None
                what = f"{title(file.artifact)}, {name}"
                findings, more = file.status.findings, probe_text(file)
                yield from _lines(_file_word(file), what, file.artifact, findings, cure, colour=colour, more=more)
        for pin in result.pins:
            if pin.finding is not None:
                state = "replaced" if pin.listing is Listing.REPLACED else "withdrawn"
                yield from _lines(state, f"{pin.title}, {name}", None, [pin.finding], None, colour=colour)


def _lines(
    state: str,
    what: str,
    artifact: Artifact | None,
    findings: Sequence[Finding],
    cure: str | None,
    *,
    colour: bool,
    more: str | None = None,
) -> Iterator[str]:
    """Yield the lines of a page or a file, and an empty line; ``more`` is what else there is to say."""
    yield f"{styled(state, 'red' if state == Verdict.POISONED.value else 'yellow', colour=colour)}: {clean(what)}"
    if artifact is not None:
        yield f"  {clean(path_of(artifact))}"
    for finding in findings:
        yield f"  {styled(finding.check.code, 'bold', colour=colour)} {finding.check.sentence}"
        yield f"        expected  {clean(promised(finding))}"
        yield f"        there is  {clean(shortened(finding.actual))}"
        yield f"        What pip does: {finding.check.effect}."
    if more is not None:
        yield f"        {clean(more)}"
    if cure is not None:
        yield f"  Cure: {clean(cure)}"
    yield ""


def _fresh_until(comparison: PageComparison) -> str | None:
    """Return until when pip uses a page without asking; None where it asks already, or is not known to wait."""
    until = comparison.fresh_until
    return iso_time(nanoseconds_of(until)) if until is not None and until > time.time() else None


def _removal(cache: CacheDirectory, artifact: Artifact) -> str | None:
    """Return the command that removes an entry; None where its store gives no key."""
    return None if artifact.key is None else f"pipcache remove{cache.option} {artifact.key}"


def sum_lines(results: Sequence[Result]) -> Iterator[str]:
    """Yield the sums: of the pages, of the files, and of what came over the network."""
    if not results:
        yield "Nothing was asked."
        return
    yield f"{counted(len(results), 'page')}: {_parts(map(_page_word, results))}."
    files = [file for result in results for file in result.files]
    if files:
        yield f"{counted(len(files), 'file')}: {_parts(map(_file_word, files))}."
    pins = [pin for result in results for pin in result.pins]
    if pins:
        yield f"Of lock files: {counted(len(pins), 'pin')}: {_parts(map(_pin_word, pins))}."
    confirmed = sum(file.status.is_confirmed for file in files)
    if confirmed:
        yield f"Confirmed by a digest that the index lists: {counted(confirmed, 'file')}."
    requests = sum(result.requests for result in results if not _is_unasked(result))
    requests += len({file.probe.url for file in files if file.probe is not None})
    received = format_size(sum(result.received for result in results))
    yield f"{counted(requests, 'question')} to indexes, {received} received."


def _is_unasked(result: Result) -> bool:
    return isinstance(result.answer, Failed) and result.answer.fault is Fault.GIVEN_UP


def _parts(words: Iterable[str]) -> str:
    counts = Counter(words)
    return ", ".join(f"{counts[word]:,} {word}" for word in _WORDS if counts[word])


_PAGE_WORDS = {
    Check.PC706: "quarantined",
    Check.PC701: "altered in the cache",
    Check.PC702: "behind",
    Check.PC703: "newer than the index's",
    Check.PC704: "inconsistent",
    Check.PC705: "gone",
}

_WORDS = (
    *("current", "not in the cache", *_PAGE_WORDS.values(), "not compared", "without an answer"),
    *("listed", "listed as locked", "replaced", "yanked", "withdrawn"),
    *(*(verdict.value for verdict in Verdict), "not listed"),
)
"""What is counted of pages and of files, in the order of the sums."""


def _page_word(result: Result) -> str:
    """Return what a page is, in a few words."""
    comparison = result.comparison
    if comparison is None:
        return "without an answer"
    checks = [finding.check for finding in comparison.findings]
    word = next((word for check, word in _PAGE_WORDS.items() if check in checks), None)
    if word is not None:
        return word
    if result.question.page is None:
        return "not in the cache"
    return "current" if comparison.is_current else "not compared"


def _pin_word(pin: ComparedPin) -> str:
    """Return what a page says of a pin, in a few words."""
    if pin.finding is None:
        return "not listed" if pin.is_unknown else "listed as locked"
    return "replaced" if pin.listing is Listing.REPLACED else "withdrawn"


def unknown_pin_lines(results: Iterable[Result]) -> Iterator[str]:
    """Yield which files of lock files no index is known to have."""
    names = sorted({pin.title for result in results for pin in result.pins if pin.is_unknown})
    if names:
        more = f", and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else ""
        yield (
            f"Of --against, {counted(len(names), 'file')} not compared: not on the pages that were asked for, and "
            f"nothing shows that an index listed it once: {', '.join(names[:_SHOWN])}{more}"
        )


def _file_word(file: ComparedFile) -> str:
    """Return what has become of a file, in a few words."""
    if any(finding.check.leads_to is Verdict.POISONED for finding in file.status.findings):
        return file.verdict.value
    if file.status.is_withdrawn:
        return "withdrawn"
    if file.status.is_yanked:
        return "yanked"
    return "not listed" if file.status.row is None else "listed"
