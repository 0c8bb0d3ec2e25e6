"""Values to programs: the JSON documents, a shape of their own (``"schema": 1``).

Sizes are bytes, times ISO 8601 UTC, ``null`` means "cannot be known". Fields are added, never renamed.
"""

import json
import os
import time
from collections.abc import Iterable, Mapping
from typing import Literal, TypedDict

from pipcache.artifacts import Artifact, Kind
from pipcache.details import Details
from pipcache.location import CacheDirectory
from pipcache.scan import UnreadableEntry
from pipcache.summary import Summary, Total
from pipcache.text import redact_header, redact_text, redact_url


class EvidenceRecord(TypedDict):
    """One name from one source."""

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


class CacheRecord(TypedDict):
    """The cache directory and who decided it."""

    path: str
    source: str
    origin: str
    disabled_by: str | None


class ListDocument(TypedDict):
    """The answer of ``list``."""

    schema: Literal[1]
    command: Literal["list"]
    cache: CacheRecord
    artifacts: list[ArtifactRecord]
    hidden: dict[str, int]
    problems: list[dict[str, str]]


def iso_time(nanoseconds: int | None) -> str | None:
    """Return nanoseconds since the epoch as ISO 8601 UTC, to the second; None for times no calendar has."""
    if nanoseconds is None:
        return None
    try:
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(nanoseconds // 1_000_000_000))
    except (OverflowError, OSError, ValueError):
        return None


def cache_record(cache: CacheDirectory) -> CacheRecord:
    """Return the cache directory as JSON has it."""
    return {
        "path": cache.path,
        "source": cache.source.value,
        "origin": cache.origin,
        "disabled_by": cache.disabled_by,
    }


def artifact_record(artifact: Artifact) -> ArtifactRecord:
    """Return an artifact as JSON has it; secrets in URLs are replaced."""
    made = iso_time(artifact.made_ns)
    is_built = artifact.kind is Kind.BUILT
    return {
        "kind": artifact.kind.value,
        "project": artifact.project,
        "version": artifact.version,
        "filename": artifact.filename,
        "url": None if artifact.url is None else redact_url(artifact.url),
        "url_proved": artifact.url_proved,
        "store": artifact.store.value,
        "key": artifact.key,
        "size": artifact.size,
        "disk_size": sum(file.allocated for file in artifact.files),
        "downloaded": None if is_built or artifact.key is None else made,
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
        "problem": None if artifact.problem is None else redact_text(artifact.problem),
        "notes": list(artifact.notes),
    }


def problem_records(artifacts: Iterable[Artifact]) -> list[dict[str, str]]:
    """Return the places that could not be looked at."""
    return [
        {"path": artifact.entry.path.replace(os.sep, "/"), "problem": artifact.entry.error}
        for artifact in artifacts
        if isinstance(artifact.entry, UnreadableEntry)
    ]


def list_document(
    cache: CacheDirectory, shown: Iterable[Artifact], hidden: Mapping[Kind, int], everything: Iterable[Artifact]
) -> ListDocument:
    """Return the answer of ``list``."""
    return {
        "schema": 1,
        "command": "list",
        "cache": cache_record(cache),
        "artifacts": [artifact_record(artifact) for artifact in shown],
        "hidden": {kind.value: count for kind, count in sorted(hidden.items())},
        "problems": problem_records(everything),
    }


class PromiseRecord(TypedDict):
    """What somebody said the bytes are."""

    by: str
    what: str
    expected: str
    actual: str | None
    kept: bool | None


class ShownRecord(ArtifactRecord):
    """An artifact with everything ``show`` adds."""

    digests: dict[str, str | None] | None
    promises: list[PromiseRecord]
    status: int | None
    headers: dict[str, str | None]
    vary: dict[str, str | None]
    summary: str | None
    requires_python: str | None
    generator: str | None
    uploaded: str | None
    yanked: str | bool | None
    source: dict[str, object] | None
    cached_sources: list[str]
    built_from_it: list[str]


def _shown_record(details: Details) -> ShownRecord:
    artifact, head, listed = details.artifact, details.artifact.head, details.artifact.listed
    source = artifact.source
    return {
        **artifact_record(artifact),
        "digests": None if details.digests is None else details.digests.by_name(),
        "promises": [
            {
                "by": one.by,
                "what": one.what,
                "expected": one.expected,
                "actual": one.actual,
                "kept": one.is_kept,
            }
            for one in details.promises
        ],
        "status": None if head is None else head.status,
        "headers": {}
        if head is None
        else {name: redact_header(name, text) for name, text in head.headers.items()},
        "vary": {}
        if head is None
        else {name: None if text is None else redact_header(name, text) for name, text in head.vary.items()},
        "summary": details.metadata.summary if details.metadata is not None else None,
        "requires_python": details.metadata.requires_python if details.metadata is not None else None,
        "generator": details.generator,
        "uploaded": None if listed is None else listed.upload_time,
        "yanked": None if listed is None else listed.yanked,
        "source": None
        if source is None
        else {
            "url": redact_url(source.url),
            "hashes": dict(source.hashes),
            "vcs": source.vcs,
            "commit": source.commit,
            "requested_revision": source.requested_revision,
            "subdirectory": source.subdirectory,
        },
        "cached_sources": [one.key for one in details.sources if one.key is not None],
        "built_from_it": [one.key for one in details.offspring if one.key is not None],
    }


def _redacted(headers: Mapping[str, str | None]) -> dict[str, str | None]:
    return {name: None if text is None else redact_header(name, text) for name, text in headers.items()}


class ShowDocument(TypedDict):
    """The answer of ``show``."""

    schema: Literal[1]
    command: Literal["show"]
    cache: CacheRecord
    artifacts: list[ShownRecord]


def show_document(cache: CacheDirectory, details: Iterable[Details]) -> ShowDocument:
    """Return the answer of ``show``."""
    return {
        "schema": 1,
        "command": "show",
        "cache": cache_record(cache),
        "artifacts": [_shown_record(one) for one in details],
    }


class TotalRecord(TypedDict):
    """How many artifacts, and the bytes they take on the disk."""

    name: str
    count: int
    disk_size: int


class InfoDocument(TypedDict):
    """The answer of ``info``."""

    schema: Literal[1]
    command: Literal["info"]
    cache: CacheRecord
    total: TotalRecord
    stores: list[TotalRecord]
    kinds: list[TotalRecord]
    largest_projects: list[TotalRecord]
    project_count: int
    oldest: ArtifactRecord | None
    newest: ArtifactRecord | None
    unnamed: TotalRecord
    old_only: TotalRecord
    unreadable: int


def _total_record(total: Total) -> TotalRecord:
    return {"name": total.name, "count": total.entries, "disk_size": total.size}


def info_document(cache: CacheDirectory, summary: Summary) -> InfoDocument:
    """Return the answer of ``info``."""
    return {
        "schema": 1,
        "command": "info",
        "cache": cache_record(cache),
        "total": _total_record(summary.total),
        "stores": [_total_record(one) for one in summary.stores],
        "kinds": [_total_record(one) for one in summary.kinds],
        "largest_projects": [_total_record(one) for one in summary.projects],
        "project_count": summary.project_count,
        "oldest": None if summary.oldest is None else artifact_record(summary.oldest),
        "newest": None if summary.newest is None else artifact_record(summary.newest),
        "unnamed": _total_record(summary.unnamed),
        "old_only": _total_record(summary.old_only),
        "unreadable": summary.unreadable,
    }


class ConsideredRecord(TypedDict):
    """One place that was looked at for the cache directory."""

    source: str
    origin: str
    value: str | None
    note: str | None


class DirDocument(TypedDict):
    """The answer of ``dir``."""

    schema: Literal[1]
    command: Literal["dir"]
    cache: CacheRecord
    considered: list[ConsideredRecord]


def dir_document(cache: CacheDirectory) -> DirDocument:
    """Return the answer of ``dir``."""
    return {
        "schema": 1,
        "command": "dir",
        "cache": cache_record(cache),
        "considered": [
            {"source": one.source.value, "origin": one.origin, "value": one.value, "note": one.note}
            for one in cache.considered
        ],
    }


def dump(document: Mapping[str, object]) -> str:
    """Return a document as JSON text, ASCII only, so that no terminal and no log can be misled by it."""
    return json.dumps(document, indent=1).replace("\x7f", "\\u007f")
