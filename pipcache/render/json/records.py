"""The records that JSON documents share."""

import os
from collections.abc import Iterable, Mapping
from typing import TypedDict

from pipcache.inventory.artifact import Artifact, Kind
from pipcache.location.locate import CacheDirectory
from pipcache.store.entries import Entry, UnreadableEntry
from pipcache.util.units import iso_time
from pipcache.util.untrusted import redact_header, redact_url
from pipcache.verify.effects import effect_of
from pipcache.verify.verdict import Comparison, Finding


class EvidenceRecord(TypedDict):
    """A name of an artifact, and its evidence."""

    source: str
    detail: str
    project: str | None
    version: str | None
    filename: str | None


class ArtifactRecord(TypedDict):
    """One artifact, the same in every command."""

    kind: str
    project: str | None
    version: str | None
    filename: str | None
    url: str | None
    url_proved: bool
    exact: bool
    store: str
    key: str | None
    size: int
    disk_size: int
    downloaded: str | None
    built: str | None
    last_used: str | None
    files: list[str]
    tags: list[str]
    build_tag: str | None
    origin: str | None
    built_by: str | None
    evidence: list[EvidenceRecord]
    problem: str | None
    notes: list[str]
    tool: str
    noted_digests: dict[str, str]


class CacheRecord(TypedDict):
    """The cache directory and who decided it; ``exists``: a directory is there, None where that cannot be seen."""

    path: str
    exists: bool | None
    source: str
    origin: str
    disabled_by: str | None
    tool: str


def cache_record(cache: CacheDirectory) -> CacheRecord:
    """Return the cache directory as JSON has it."""
    return {
        "path": cache.path,
        "exists": cache.exists,
        "source": cache.source.value,
        "origin": cache.origin,
        "disabled_by": cache.disabled_by,
        "tool": cache.tool,
    }


def artifact_record(artifact: Artifact, *, is_whole: bool = False) -> ArtifactRecord:
    """Return an artifact as JSON has it; secrets in URLs are replaced.

    Args:
        artifact: the artifact.
        is_whole: its URL was looked for on every page and by its bytes, so that it cannot be known if it is not.
    """
    made = iso_time(artifact.made_ns)
    is_built = artifact.kind is Kind.BUILT
    return {
        "kind": artifact.kind.value,
        "project": artifact.project,
        "version": artifact.version,
        "filename": artifact.filename,
        "url": None if artifact.url is None else redact_url(artifact.url),
        "url_proved": artifact.url_proved,
        "exact": is_whole or artifact.url is not None or artifact.key is None,
        "store": artifact.store.value,
        "key": artifact.key,
        "size": artifact.size,
        "disk_size": artifact.disk_size,
        "downloaded": made if artifact.is_downloaded else None,
        "built": made if is_built else None,
        "last_used": iso_time(artifact.used_ns),
        "files": [file.path.replace(os.sep, "/") for file in artifact.files],
        "tags": list(artifact.tags),
        "build_tag": artifact.build,
        "origin": artifact.came_from,
        "built_by": artifact.build_key.interpreter if artifact.build_key is not None else None,
        "evidence": [
            {
                "source": claim.evidence.value,
                "detail": claim.detail,
                "project": claim.project,
                "version": claim.version,
                "filename": claim.filename,
            }
            for claim in artifact.claims
        ],
        "problem": artifact.problem,
        "notes": list(artifact.notes),
        "tool": artifact.tool,
        "noted_digests": dict(artifact.noted_digests),
    }


class PromiseRecord(TypedDict):
    """What somebody said the bytes are, and whether that was kept; ``why_not`` it was not compared."""

    by: str
    what: str
    expected: str
    is_prefix: bool
    actual: str | None
    kept: bool | None
    noted: bool
    why_not: str | None


class FindingRecord(TypedDict):
    """One broken promise or flaw."""

    code: str
    sentence: str
    by: str
    expected: str
    actual: str
    effect: str | None
    runs_at_start: bool


def promise_record(comparison: Comparison) -> PromiseRecord:
    """Return a promise as JSON has it."""
    promise = comparison.promise
    return {
        "by": promise.by,
        "what": promise.measure,
        "expected": promise.expected,
        "is_prefix": promise.is_prefix,
        "actual": comparison.actual,
        "kept": comparison.is_kept,
        "noted": comparison.is_noted,
        "why_not": comparison.why_not,
    }


def finding_record(finding: Finding, tool: str = "pip") -> FindingRecord:
    """Return a finding as JSON has it; ``tool`` is the installer whose cache it is in."""
    return {
        "code": finding.check.code,
        "sentence": finding.check.sentence,
        "by": finding.by,
        "expected": finding.expected,
        "actual": finding.actual,
        "effect": effect_of(finding.check, tool),
        "runs_at_start": finding.runs_at_start,
    }


def redacted_headers(headers: Mapping[str, str | None]) -> dict[str, str | None]:
    """Return headers as they may be shown."""
    return {name: None if text is None else redact_header(name, text) for name, text in headers.items()}


def problem_records(entries: Iterable[Entry]) -> list[dict[str, str]]:
    """Return the places among ``entries`` that could not be looked at."""
    return [
        {"path": entry.path.replace(os.sep, "/"), "problem": entry.error}
        for entry in entries
        if isinstance(entry, UnreadableEntry)
    ]
