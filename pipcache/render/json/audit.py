"""The JSON document of ``audit``."""

import os
from typing import Literal, TypedDict

from pipcache.audit.auditor import AuditedCache, AuditReport, response_date
from pipcache.audit.derivation import Hit
from pipcache.audit.inconclusive import Inconclusive
from pipcache.audit.matcher import Clause
from pipcache.inventory.artifact import Artifact
from pipcache.inventory.uv_removal import commands_for
from pipcache.location.machine import UnreadCache
from pipcache.render.json.records import (
    ArtifactRecord,
    CacheRecord,
    artifact_record,
    cache_record,
    redacted_headers,
)
from pipcache.render.json.run import AdvisoryRecord, RunRecord, advisory_records, run_record
from pipcache.render.json.writer import Records
from pipcache.util.hashes import Digests
from pipcache.util.run import NO_IDENTITY, Run
from pipcache.util.units import iso_time
from pipcache.util.untrusted import redact_url


class ClauseRecord(TypedDict):
    """A record of an advisory, and the part of it that matches."""

    source: str
    record: str
    clause: str


class HitRecord(TypedDict):
    """An artifact that an advisory concerns, with its proof."""

    relation: str
    of: str
    clauses: list[ClauseRecord]
    artifact: ArtifactRecord
    digests: dict[str, str] | None
    response_date: str | None
    listed_by: list[str]
    built_from: str | None
    source_is_cached: bool | None


class InconclusiveRecord(TypedDict):
    """An entry that could not be judged, and why."""

    path: str
    why: str
    artifact: ArtifactRecord | None


class AuditedCacheRecord(TypedDict):
    """The result of the audit of one cache."""

    cache: CacheRecord
    found_by: list[str]
    problem: str | None
    hits: Records[HitRecord]
    seen: Records[HitRecord]
    native_commands: list[str]
    unjudged: Records[InconclusiveRecord]
    entries: int
    distributions: int
    pages: int


class UnreadCacheRecord(TypedDict):
    """A cache of another installer, which was not looked at."""

    installer: str
    path: str
    found_by: list[str]
    problem: str | None
    remedy: str


class AuditDocument(TypedDict):
    """The answer of ``audit``."""

    schema: Literal[1]
    command: Literal["audit"]
    cache: CacheRecord
    run: RunRecord
    answer: str
    advisories: list[AdvisoryRecord]
    clean: bool
    complete: bool
    since: str | None
    until: str | None
    caches: Records[AuditedCacheRecord]
    unread: list[UnreadCacheRecord]
    indicators: int
    records: int
    skipped_ids: int
    unmatched_ids: list[str]
    foreign: int
    withdrawn: list[str]
    never: list[str]
    notes: list[str]


def audit_document(report: AuditReport, run: Run = NO_IDENTITY) -> AuditDocument:
    """Return the answer of ``audit`` as JSON has it."""
    advisories = report.advisories
    return {
        "schema": 1,
        "command": "audit",
        "cache": cache_record(report.caches[0].directory),
        "run": run_record(run),
        "answer": report.answer.value,
        "advisories": advisory_records(report),
        "clean": not report.hits,
        "complete": report.is_whole,
        "since": _moment(report.time_range.since),
        "until": _moment(report.time_range.until),
        "caches": Records(audited_cache_record, report.caches, are_long=True),
        "unread": [unread_record(cache) for cache in report.unread],
        "indicators": len(advisories.indicators),
        "records": advisories.records,
        "skipped_ids": advisories.skipped,
        "unmatched_ids": list(advisories.unmatched),
        "foreign": advisories.foreign,
        "withdrawn": list(advisories.withdrawn),
        "never": list(advisories.never),
        "notes": list(advisories.notes),
    }


def unread_record(cache: UnreadCache) -> UnreadCacheRecord:
    """Return a cache of another installer as JSON has it."""
    return {
        "installer": cache.installer.value,
        "path": cache.path,
        "found_by": list(cache.owners),
        "problem": cache.problem,
        "remedy": cache.installer.remedy(cache.path),
    }


def _moment(seconds: float | None) -> str | None:
    return None if seconds is None else iso_time(int(seconds * 1e9))


def audited_cache_record(cache: AuditedCache) -> AuditedCacheRecord:
    """Return the audit of a cache as JSON has it."""
    return {
        "cache": cache_record(cache.directory),
        "found_by": list(cache.owners),
        "problem": cache.problem,
        "hits": Records(hit_record, cache.audit.hits),
        "seen": Records(hit_record, cache.audit.seen),
        "native_commands": native_commands(cache),
        "unjudged": Records(inconclusive_record, cache.audit.inconclusive),
        "entries": cache.audit.entries,
        "distributions": cache.audit.distributions,
        "pages": cache.audit.pages,
    }


def native_commands(cache: AuditedCache) -> list[str]:
    """Return the commands that remove the hits in a cache that pipcache does not change, and then look again.

    None where pipcache removes them itself.
    """
    if cache.directory.tool != "uv" or not cache.audit.hits:
        return []
    return commands_for(cache.directory.path, (hit.artifact for hit in cache.audit.hits))


def inconclusive_record(entry: Inconclusive) -> InconclusiveRecord:
    """Return what could not be judged as JSON has it."""
    record = None if entry.artifact is None else artifact_record(entry.artifact)
    return {"path": entry.path.replace(os.sep, "/"), "why": entry.reason, "artifact": record}


def hit_record(hit: Hit) -> HitRecord:
    """Return a hit as JSON has it."""
    return {
        "relation": hit.relation.value,
        "of": origin_text(hit),
        "clauses": [_clause(clause) for clause in hit.clauses],
        "artifact": artifact_record(hit.artifact),
        "digests": None if hit.digests is None else _digests(hit.digests),
        "response_date": iso_response_date(hit.artifact),
        "listed_by": list(hit.listed_by),
        "built_from": None if hit.source is None else redact_url(hit.source[0]),
        "source_is_cached": None if hit.source is None else hit.source[1],
    }


class NoteRecord(HitRecord):
    """The evidence that is kept with a copy: the digests of a built wheel's source, the response of a download."""

    source_digests: dict[str, str] | None
    status: int | None
    headers: dict[str, str | None] | None
    run: RunRecord
    advisories: list[AdvisoryRecord]


def note_record(hit: Hit, report: AuditReport, run: Run) -> NoteRecord:
    """Return the evidence that is kept with the copy of a hit.

    Args:
        hit: the hit.
        report: the audit that has it.
        run: the run, which is not over yet.
    """
    head = hit.artifact.head
    return {
        **hit_record(hit),
        "source_digests": None if hit.artifact.source is None else dict(hit.artifact.source.hashes),
        "status": None if head is None else head.status,
        "headers": None if head is None else redacted_headers(head.headers),
        "run": run_record(run, is_over=False),
        "advisories": advisory_records(report),
    }


def _digests(digests: Digests) -> dict[str, str]:
    return {name: value for name, value in digests.by_name().items() if value is not None}


def _clause(clause: Clause) -> ClauseRecord:
    indicator = clause.indicator
    return {
        "source": indicator.source,
        "record": indicator.record,
        "clause": clause.text,
    }


def origin_text(hit: Hit) -> str:
    """Return what a hit is derived from, or the names of the concerned files that a page lists."""
    return ", ".join(hit.listed) or hit.derived_from


def iso_response_date(artifact: Artifact) -> str | None:
    """Return the ``Date`` of the response as ISO 8601 UTC."""
    return _moment(response_date(artifact))
