"""The JSON documents of ``audit`` and ``remove --advisory``."""

import os
from collections.abc import Sequence
from typing import Literal, TypedDict

from pipcache.audit.auditor import Part, Report, told
from pipcache.audit.derivation import Hit
from pipcache.audit.inconclusive import Unjudged
from pipcache.audit.matcher import Clause
from pipcache.inventory.artifact import Artifact
from pipcache.render.json.records import (
    ArtifactRecord,
    CacheRecord,
    artifact_record,
    cache_record,
    iso_time,
    redacted_headers,
)
from pipcache.render.json.remove import RemovalDocument
from pipcache.util.hashes import Digests
from pipcache.util.untrusted import redact_text, redact_url


class ClauseRecord(TypedDict):
    """One clause of one record that means something."""

    source: str
    record: str
    clause: str


class HitRecord(TypedDict):
    """Something found, with its proof."""

    relation: str
    of: str
    clauses: list[ClauseRecord]
    artifact: ArtifactRecord
    digests: dict[str, str] | None
    response_date: str | None
    listed_by: list[str]
    built_from: str | None
    source_is_cached: bool | None


class UnjudgedRecord(TypedDict):
    """Something that may be meant, for all that can be told."""

    path: str
    why: str
    artifact: ArtifactRecord | None


class PartRecord(TypedDict):
    """What one cache tells."""

    cache: CacheRecord
    found_by: list[str]
    problem: str | None
    hits: list[HitRecord]
    unjudged: list[UnjudgedRecord]
    entries: int
    distributions: int
    pages: int


class AuditDocument(TypedDict):
    """The answer of ``audit``."""

    schema: Literal[1]
    command: Literal["audit"]
    clean: bool
    complete: bool
    since: str | None
    until: str | None
    caches: list[PartRecord]
    indicators: int
    records: int
    foreign: int
    withdrawn: list[str]
    never: list[str]
    notes: list[str]


def audit_document(report: Report) -> AuditDocument:
    """Return the answer of ``audit`` as JSON has it."""
    read = report.advisories
    return {
        "schema": 1,
        "command": "audit",
        "clean": not report.hits,
        "complete": report.is_whole,
        "since": _moment(report.window.since),
        "until": _moment(report.window.until),
        "caches": [_part(one) for one in report.parts],
        "indicators": len(read.indicators),
        "records": read.records,
        "foreign": read.foreign,
        "withdrawn": list(read.withdrawn),
        "never": [redact_text(one) for one in read.never],
        "notes": [redact_text(one) for one in read.notes],
    }


def _moment(seconds: float | None) -> str | None:
    return None if seconds is None else iso_time(int(seconds * 1e9))


def _part(part: Part) -> PartRecord:
    return {
        "cache": cache_record(part.cache),
        "found_by": list(part.owners),
        "problem": part.problem,
        "hits": [hit_record(one) for one in part.found.hits],
        "unjudged": [_unjudged(one) for one in part.found.unjudged],
        "entries": part.found.looked_at,
        "distributions": part.found.distributions,
        "pages": part.found.pages,
    }


def _unjudged(one: Unjudged) -> UnjudgedRecord:
    record = None if one.artifact is None else artifact_record(one.artifact)
    return {"path": one.path.replace(os.sep, "/"), "why": redact_text(one.why), "artifact": record}


def hit_record(hit: Hit) -> HitRecord:
    """Return something found as JSON has it."""
    return {
        "relation": hit.relation.value,
        "of": redact_text(origin_text(hit)),
        "clauses": [_clause(one) for one in hit.clauses],
        "artifact": artifact_record(hit.artifact),
        "digests": None if hit.digests is None else _digests(hit.digests),
        "response_date": response_date(hit.artifact),
        "listed_by": list(hit.listed_by),
        "built_from": None if hit.source is None else redact_url(hit.source[0]),
        "source_is_cached": None if hit.source is None else hit.source[1],
    }


class NoteRecord(HitRecord):
    """What is kept beside a copy: ``headers`` of its response, digests of what a wheel was built from."""

    source_digests: dict[str, str] | None
    status: int | None
    headers: dict[str, str | None] | None


def note_record(hit: Hit) -> NoteRecord:
    """Return the evidence that is kept of something found."""
    head = hit.artifact.head
    return {
        **hit_record(hit),
        "source_digests": None if hit.artifact.source is None else dict(hit.artifact.source.hashes),
        "status": None if head is None else head.status,
        "headers": None if head is None else redacted_headers(head.headers),
    }


def _digests(digests: Digests) -> dict[str, str]:
    return {name: value for name, value in digests.by_name().items() if value is not None}


def _clause(clause: Clause) -> ClauseRecord:
    one = clause.indicator
    return {"source": one.source, "record": redact_text(one.record), "clause": redact_text(clause.text)}


def origin_text(hit: Hit) -> str:
    """Return what a hit is derived from, or the names of the concerned files that a page lists."""
    return ", ".join(hit.listed) or hit.of


def response_date(artifact: Artifact) -> str | None:
    """Return the ``Date`` of the response as ISO 8601 UTC."""
    return _moment(told(artifact))


class PurgeDocument(RemovalDocument):
    """The answer of ``remove --advisory``."""

    found: PartRecord
    second_look: list[HitRecord] | None
    saved: list[str]


def purge_document(
    base: RemovalDocument, report: Report, left: Sequence[Hit] | None, saved: Sequence[str]
) -> PurgeDocument:
    """Return the answer of ``remove --advisory``; ``left`` is what a second look finds, None without one."""
    second = None if left is None else [hit_record(one) for one in left]
    return {**base, "found": _part(report.parts[0]), "second_look": second, "saved": list(saved)}
