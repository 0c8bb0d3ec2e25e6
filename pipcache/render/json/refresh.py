"""The JSON document of ``refresh``."""

from collections.abc import Iterable, Sequence
from typing import Literal, TypedDict

from pipcache.inventory.artifact import Artifact, path_of
from pipcache.live.answers import Answer, Failed, FetchedPage, Gone, NotModified, Present
from pipcache.live.pinned import ComparedPin, Listing
from pipcache.live.questions import Inquiry, NotAsked, Question
from pipcache.live.refresh import ComparedFile, Result
from pipcache.live.statuses import Probe
from pipcache.location.locate import CacheDirectory
from pipcache.removal.outcome import Outcome
from pipcache.removal.plan import Plan
from pipcache.render.json.records import (
    CacheRecord,
    FindingRecord,
    cache_record,
    finding_record,
    problem_records,
)
from pipcache.render.json.remove import OutcomeRecord, PlanRecord, outcome_record, plan_record
from pipcache.render.json.run import RunRecord, run_record
from pipcache.store.entries import UnreadableEntry
from pipcache.util.redaction import redact_url
from pipcache.util.run import NO_IDENTITY, Run
from pipcache.util.units import iso_time, nanoseconds_of


class QuestionRecord(TypedDict):
    """What an index is asked; ``page`` is the path of the page in the cache, None where there is none."""

    index: str
    project: str
    url: str
    page: str | None
    artifacts: list[str]
    by_hand: bool


class AskedRecord(TypedDict):
    """An answer, or why there is none."""

    index: str
    project: str
    url: str
    status: str
    http_status: int | None
    fault: str | None
    detail: str | None
    serial_cached: int | None
    serial_live: int | None
    etag: str | None
    bytes: int
    requests: int
    from_cache: bool


class ChangesRecord(TypedDict):
    """What the index's page lists otherwise than the page in the cache: names of files."""

    added: list[str]
    removed: list[str]
    yanked: list[str]
    unyanked: list[str]
    replaced: list[str]


class PageRecord(TypedDict):
    """A page in the cache compared with the index's; ``path`` is None where the cache has none."""

    index: str
    project: str
    path: str | None
    key: str | None
    compared: bool
    current: bool
    outdated: bool
    findings: list[FindingRecord]
    changes: ChangesRecord
    project_status: str | None
    project_status_reason: str | None
    fresh_until: str | None
    notes: list[str]


class ProbeRecord(TypedDict):
    """Whether a file that the index no longer lists is still at its URL."""

    url: str
    status: str
    http_status: int | None
    detail: str | None


class PossibleProbeRecord(TypedDict):
    """What may be asked of a file."""

    project: str
    url: str


class FileRecord(TypedDict):
    """A file in the cache compared with what its index lists."""

    index: str
    project: str | None
    version: str | None
    filename: str | None
    kind: str
    path: str
    key: str | None
    verdict: str
    confirmed: bool
    listed: bool
    yanked: str | bool
    withdrawn: bool
    provenance: str | None
    probe: ProbeRecord | None
    findings: list[FindingRecord]


class PinRecord(TypedDict):
    """A pin of a lock file held against the page of an index."""

    index: str
    project: str
    version: str | None
    filename: str | None
    lock: str
    listed: bool
    findings: list[FindingRecord]


class NotAskedRecord(TypedDict):
    """What nobody is asked about, and why."""

    project: str | None
    why: str
    detail: str
    artifacts: list[str]


class RefreshDocument(TypedDict):
    """The answer of ``refresh``."""

    schema: Literal[1]
    command: Literal["refresh"]
    run: RunRecord
    cache: CacheRecord
    dry_run: bool
    questions: list[QuestionRecord]
    possible_probes: list[PossibleProbeRecord]
    asked: list[AskedRecord]
    pages: list[PageRecord]
    files: list[FileRecord]
    pins: list[PinRecord]
    unasked_pins: list[str]
    not_asked: list[NotAskedRecord]
    unmatched: list[str]
    problems: list[dict[str, str]]
    links_not_followed: int
    plan: PlanRecord | None
    outcome: OutcomeRecord | None


def refresh_document(
    cache: CacheDirectory,
    inquiry: Inquiry,
    results: Sequence[Result],
    *,
    unmatched: list[str],
    unreadable: Iterable[UnreadableEntry],
    is_dry: bool,
    links: int,
    possible_probes: Sequence[Question] = (),
    unasked_pins: Sequence[str] = (),
    plan: Plan | None = None,
    outcome: Outcome | None = None,
    run: Run = NO_IDENTITY,
) -> RefreshDocument:
    """Return the answer of ``refresh``.

    Args:
        cache: the cache directory.
        inquiry: the questions, and what nobody is asked about.
        results: what came of the questions; nothing in a dry run.
        unmatched: the selectors that match nothing.
        unreadable: what could not be read.
        is_dry: nobody was asked.
        links: the number of links in the stores.
        possible_probes: what may be asked of files.
        unasked_pins: the projects of lock files that no index is asked about.
        plan: what is to be removed; None where nothing was to be.
        outcome: what was removed; None where nothing was carried out.
        run: the run, which ends now.
    """
    return {
        "schema": 1,
        "command": "refresh",
        "run": run_record(run),
        "cache": cache_record(cache),
        "dry_run": is_dry,
        "questions": [_question_record(question) for question in inquiry.questions],
        "possible_probes": [
            {"project": question.project, "url": redact_url(question.url)} for question in possible_probes
        ],
        "asked": [_asked_record(result) for result in results],
        "pages": [record for result in results if (record := _page_record(result)) is not None],
        "files": [_file_record(result.question, file) for result in results for file in result.files],
        "pins": [_pin_record(result.question, pin) for result in results for pin in result.pins],
        "unasked_pins": list(unasked_pins),
        "not_asked": [_not_asked_record(lack) for lack in inquiry.not_asked],
        "unmatched": unmatched,
        "problems": problem_records(unreadable),
        "links_not_followed": links,
        "plan": None if plan is None else plan_record(plan, outcome),
        "outcome": None if outcome is None else outcome_record(outcome),
    }


def _paths(artifacts: Iterable[Artifact]) -> list[str]:
    return [path_of(artifact).replace("\\", "/") for artifact in artifacts]


def _question_record(question: Question) -> QuestionRecord:
    return {
        "index": redact_url(question.index),
        "project": question.project,
        "url": redact_url(question.url),
        "page": None if question.page is None else _paths([question.page])[0],
        "artifacts": _paths(question.files),
        "by_hand": question.is_by_hand,
    }


def _asked_record(result: Result) -> AskedRecord:
    question, answer, comparison = result.question, result.answer, result.comparison
    live = {} if isinstance(answer, Failed) else answer.headers
    return {
        "index": redact_url(question.index),
        "project": question.project,
        "url": redact_url(question.url if isinstance(answer, Failed) else answer.url),
        "status": _status(answer),
        "http_status": _http_status(answer),
        "fault": answer.fault.value if isinstance(answer, Failed) else None,
        "detail": answer.text if isinstance(answer, Failed) else None,
        "serial_cached": None if comparison is None else comparison.stored_serial,
        "serial_live": None if comparison is None else comparison.live_serial,
        "etag": live.get("etag"),
        "bytes": result.received,
        "requests": result.requests,
        "from_cache": isinstance(answer, FetchedPage) and answer.from_cache,
    }


def _status(answer: Answer) -> str:
    match answer:
        case NotModified():
            return "not-modified"
        case FetchedPage() | Present():
            return "page"
        case Gone():
            return "gone"
        case Failed():
            return "failed"


def _http_status(answer: Answer) -> int | None:
    match answer:
        case NotModified():
            return 304
        case FetchedPage():
            return 304 if answer.from_cache else 200
        case Present():
            return 200
        case _:
            return answer.status


def _page_record(result: Result) -> PageRecord | None:
    """Return the record of a page; None where there was no answer."""
    question, comparison = result.question, result.comparison
    if comparison is None:
        return None
    fresh_until, status = comparison.fresh_until, comparison.status
    return {
        "index": redact_url(question.index),
        "project": question.project,
        "path": None if question.page is None else _paths([question.page])[0],
        "key": None if question.page is None else question.page.key,
        "compared": comparison.is_compared and question.page is not None,
        "current": comparison.is_current and question.page is not None,
        "outdated": comparison.is_outdated and question.page is not None,
        "findings": [finding_record(finding) for finding in comparison.findings],
        "changes": {
            "added": list(comparison.changes.added),
            "removed": list(comparison.changes.removed),
            "yanked": list(comparison.changes.yanked),
            "unyanked": list(comparison.changes.unyanked),
            "replaced": list(comparison.changes.replaced),
        },
        "project_status": None if status is None else status.status,
        "project_status_reason": None if status is None else status.reason,
        "fresh_until": None if fresh_until is None else iso_time(nanoseconds_of(fresh_until)),
        "notes": list(comparison.notes),
    }


def _file_record(question: Question, file: ComparedFile) -> FileRecord:
    artifact, row = file.artifact, file.status.row
    return {
        "index": redact_url(question.index),
        "project": artifact.project,
        "version": artifact.version,
        "filename": artifact.filename,
        "kind": artifact.kind.value,
        "path": _paths([artifact])[0],
        "key": artifact.key,
        "verdict": file.verdict.value,
        "confirmed": file.status.is_confirmed,
        "listed": row is not None,
        "yanked": False if row is None else row.yanked,
        "withdrawn": file.status.is_withdrawn,
        "provenance": None if row is None or row.provenance is None else redact_url(row.provenance),
        "probe": None if file.probe is None else _probe_record(file.probe),
        "findings": [finding_record(finding) for finding in file.status.findings],
    }


def _probe_record(probe: Probe) -> ProbeRecord:
    return {
        "url": redact_url(probe.url),
        "status": probe.presence.value,
        "http_status": probe.http_status,
        "detail": probe.detail,
    }


def _pin_record(question: Question, compared: ComparedPin) -> PinRecord:
    pin, finding = compared.pin, compared.finding
    return {
        "index": redact_url(question.index),
        "project": question.project,
        "version": pin.version,
        "filename": compared.filename,
        "lock": pin.source,
        "listed": compared.listing is Listing.LISTED,
        "findings": [] if finding is None else [finding_record(finding)],
    }


def _not_asked_record(lack: NotAsked) -> NotAskedRecord:
    return {
        "project": lack.project,
        "why": lack.reason.name.lower().replace("_", "-"),
        "detail": lack.reason.value,
        "artifacts": _paths(lack.artifacts),
    }
