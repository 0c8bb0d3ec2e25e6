"""The text of ``show``, grouped by project and version."""

import os
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from pipcache.inventory.artifact import Artifact, Claim, Kind
from pipcache.location.locate import CacheDirectory
from pipcache.render.console import styled
from pipcache.render.json.records import iso_time
from pipcache.util.units import format_size
from pipcache.util.untrusted import clean, redact_header, redact_text, redact_url
from pipcache.verify.checks import Verdict
from pipcache.verify.details import Details
from pipcache.verify.verdict import Finding, Tried

_HEADER_PREFIXES = (
    *("age", "cache-control", "content-", "date", "etag", "last-modified", "location", "vary"),
    *("x-artifactory-filename", "x-checksum-", "x-goog-hash", "x-pypi-", "x-served-by"),
)

_LABEL_WIDTH = 12


def show_lines(cache: CacheDirectory, details: Iterable[Details], *, colour: bool) -> Iterator[str]:
    """Yield the lines of ``show``, cleaned for a terminal."""
    groups = groupby(details, key=lambda one: (one.artifact.project, one.artifact.version))
    for index, ((project, version), members) in enumerate(groups):
        title = " ".join(part for part in (project, version) if part) or "(no project known)"
        if index:
            yield ""
        yield styled(clean(title), "bold", colour=colour)
        for one in members:
            yield ""
            name = one.artifact.filename or one.artifact.key or one.artifact.files[0].path
            yield "  " + styled(clean(name), "cyan", colour=colour)
            for label, value in _fields(cache, one):
                yield f"    {label.ljust(_LABEL_WIDTH)}{_mark(clean(value), colour=colour)}"


def _mark(value: str, *, colour: bool) -> str:
    if value.endswith("NOT KEPT") or value in {Verdict.DAMAGED, Verdict.POISONED}:
        return styled(value, "red", colour=colour)
    return value


def _fields(cache: CacheDirectory, one: Details) -> Iterator[tuple[str, str]]:
    artifact = one.artifact
    yield "kind", _kind_text(artifact)
    if one.judgement is not None:
        yield "verdict", one.judgement.verdict.value
        yield from _labelled("finding", map(_finding_text, one.judgement.findings))
    if artifact.problem:
        yield "problem", redact_text(artifact.problem)
    for note in artifact.notes:
        yield "note", note
    yield from _labelled("names", map(_claim_text, artifact.claims))
    if artifact.url is not None:
        yield "URL", f"{redact_url(artifact.url)}  ({_url_standing(artifact)})"
    elif artifact.key is not None:
        yield "URL", "cannot be known: no page lists it and its content does not lead to its key"
    yield from _digest_fields(one)
    yield from _build_fields(one)
    yield from _time_fields(artifact)
    yield from _content_fields(one)
    yield from _labelled("headers", _header_texts(artifact))
    yield from _labelled("files", (os.path.join(cache.path, file.path) for file in artifact.files))


def _labelled(label: str, values: Iterable[str]) -> Iterator[tuple[str, str]]:
    for index, value in enumerate(values):
        yield ("" if index else label), value


def _kind_text(artifact: Artifact) -> str:
    words = {
        Kind.BUILT: "wheel, built here",
        Kind.METADATA: "metadata of a wheel (PEP 658)",
        Kind.PAGE: "index page",
    }
    return (
        f"{words.get(artifact.kind, artifact.kind.value)}, {format_size(artifact.size)}, in {artifact.store.value}"
    )


def _claim_text(claim: Claim) -> str:
    name = claim.filename or " ".join(part for part in (claim.project, claim.version) if part) or "-"
    return f"{name}  ({claim.evidence.value}: {claim.detail})"


def _url_standing(artifact: Artifact) -> str:
    if artifact.kind is Kind.BUILT:
        return "what it was built from, by origin.json"
    return "proved: its hash is the key" if artifact.url_proved else "inferred"


def _digest_fields(one: Details) -> Iterator[tuple[str, str]]:
    if one.digests is not None:
        yield "sha256", one.digests.sha256
        yield "blake2b-256", one.digests.blake2b_256
        yield "md5", one.digests.md5 or "not allowed on this system"
    yield from _labelled("promised", map(_promise_text, one.promises))
    if not one.promises and one.artifact.kind in {Kind.WHEEL, Kind.SDIST}:
        yield "promised", "nothing that is in the cache vouches for these bytes"
    listed = one.artifact.listed
    if listed is not None and listed.yanked is not False:
        yield "yanked", listed.yanked if isinstance(listed.yanked, str) else "yes"
    if listed is not None and listed.upload_time is not None:
        yield "uploaded", listed.upload_time


def _promise_text(tried: Tried) -> str:
    promise = tried.promise
    standing = {True: "kept", False: "NOT KEPT", None: f"not compared: {tried.why}"}[tried.is_kept]
    shown = promise.what if tried.is_kept else f"{promise.what} {promise.expected}"
    return f"{shown} by {promise.by}: {standing}"


def _finding_text(finding: Finding) -> str:
    by = f" ({finding.by})" if finding.by else ""
    check = finding.check
    return f"{check.code} {check.sentence} Promised: {finding.expected}{by}; there is: {finding.actual}"


def _build_fields(one: Details) -> Iterator[tuple[str, str]]:
    artifact = one.artifact
    source = artifact.source
    if source is not None:
        for algorithm, value in source.hashes:
            yield "source", f"{algorithm} {value} (of the sdist, by origin.json)"
        if source.commit is not None:
            yield "source", f"{source.vcs or 'vcs'} commit {source.commit}"
        if source.requested_revision is not None:
            yield "", f"asked for as {source.requested_revision}"
        if source.subdirectory is not None:
            yield "", f"subdirectory {source.subdirectory}"
    if artifact.kind is Kind.BUILT:
        how = artifact.build_key
        interpreter = how.interpreter if how is not None else None
        yield (
            "built by",
            f"the interpreter {interpreter} (by the folder's key)" if interpreter else "cannot be known",
        )
        if one.sources:
            yield (
                "source is",
                f"cached: {one.sources[0].filename} ({one.sources[0].store.value}, key {one.sources[0].key})",
            )
        else:
            yield "source is", "not in the cache"
    for wheel in one.offspring:
        yield "built from it", f"{wheel.filename} (key {wheel.key})"


def _time_fields(artifact: Artifact) -> Iterator[tuple[str, str]]:
    made = iso_time(artifact.made_ns)
    yield ("built" if artifact.kind is Kind.BUILT else "downloaded"), f"{made or '-'} (file time)"
    if artifact.head is not None and "date" in artifact.head.headers:
        yield "", f"{artifact.head.headers['date']} (Date of the response, or of its last revalidation)"
    yield "last used", f"{iso_time(artifact.used_ns) or '-'} (access time)"


def _content_fields(one: Details) -> Iterator[tuple[str, str]]:
    if one.artifact.tags:
        yield "tags", " ".join(one.artifact.tags)
    if one.generator:
        yield "made with", one.generator
    if one.metadata is not None and one.metadata.requires_python:
        yield "requires", f"Python {one.metadata.requires_python}"
    if one.metadata is not None and one.metadata.summary:
        yield "summary", one.metadata.summary


def _header_texts(artifact: Artifact) -> Sequence[str]:
    if artifact.head is None:
        return ()
    headers = artifact.head.headers
    shown = [name for name in headers if name.startswith(_HEADER_PREFIXES)]
    texts = [f"status {artifact.head.status} {artifact.head.reason}".rstrip()]
    texts += [f"{name}: {redact_header(name, headers[name])}" for name in sorted(shown)]
    return texts + [
        f"vary on {name}: {redact_header(name, value or '(not sent)')}"
        for name, value in sorted(artifact.head.vary.items())
    ]
