"""The JSON document of ``show``."""

from collections.abc import Iterable
from typing import Literal, TypedDict

from pipcache.location.locate import CacheDirectory
from pipcache.render.json.records import (
    ArtifactRecord,
    CacheRecord,
    FindingRecord,
    PromiseRecord,
    artifact_record,
    cache_record,
    finding_record,
    promise_record,
    redacted_headers,
)
from pipcache.util.untrusted import redact_url
from pipcache.verify.details import Details


class ShownRecord(ArtifactRecord):
    """An artifact with everything ``show`` adds."""

    digests: dict[str, str | None] | None
    verdict: str | None
    findings: list[FindingRecord]
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
        "artifacts": [shown_record(shown) for shown in details],
    }


def shown_record(details: Details) -> ShownRecord:
    """Return an artifact as ``show`` has it; secrets in headers are replaced."""
    artifact, head, listed = details.artifact, details.artifact.head, details.artifact.listed
    source = artifact.source
    return {
        **artifact_record(artifact, is_whole=True),
        "digests": None if details.digests is None else details.digests.by_name(),
        "verdict": None if details.judgement is None else details.judgement.verdict.value,
        "findings": [] if details.judgement is None else list(map(finding_record, details.judgement.findings)),
        "promises": [promise_record(comparison) for comparison in details.comparisons],
        "status": None if head is None else head.status,
        "headers": {} if head is None else redacted_headers(head.headers),
        "vary": {} if head is None else redacted_headers(head.vary),
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
        "cached_sources": [source.key for source in details.sources if source.key is not None],
        "built_from_it": [wheel.key for wheel in details.built_wheels if wheel.key is not None],
    }
