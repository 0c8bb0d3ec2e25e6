"""The text of ``show``, grouped by project and version."""

import os
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from pipcache.inventory.artifact import Artifact, Claim, Kind
from pipcache.location.locate import CacheDirectory
from pipcache.render.console import styled
from pipcache.render.text.wrap import fit_line
from pipcache.util.units import format_size, iso_time
from pipcache.util.untrusted import clean, redact_header, redact_text, redact_url
from pipcache.verify.checks import Verdict
from pipcache.verify.details import Details
from pipcache.verify.verdict import Comparison, Finding

_HEADER_PREFIXES = (
    *("age", "cache-control", "content-", "date", "etag", "last-modified", "location", "vary"),
    *("x-artifactory-filename", "x-checksum-", "x-goog-hash", "x-pypi-", "x-served-by"),
)

_LABEL_WIDTH = 12


def show_lines(
    cache: CacheDirectory, details: Iterable[Details], *, colour: bool, columns: int | None = None
) -> Iterator[str]:
    """Yield the lines of ``show``, cleaned for a terminal, and broken between words at ``columns`` if given."""
    groups = groupby(details, key=lambda shown: (shown.artifact.project, shown.artifact.version))
    for index, ((project, version), members) in enumerate(groups):
        title = " ".join(part for part in (project, version) if part) or "(no project known)"
        if index:
            yield ""
        yield styled(clean(title), "bold", colour=colour)
        for shown in members:
            yield ""
            name = shown.artifact.filename or shown.artifact.key or shown.artifact.files[0].path
            yield "  " + styled(clean(name), "cyan", colour=colour)
            for field in _fields(cache, shown):
                value = styled(clean(field.value), "red", colour=colour and field.is_bad)
                line = f"    {field.label.ljust(_LABEL_WIDTH)}{value}"
                if columns is None or field.is_path:
                    yield line
                else:
                    yield from fit_line(line, columns, 4 + _LABEL_WIDTH)


class Field(NamedTuple):
    """A labelled line of ``show``; one without a label goes on with the one above.

    What is bad is red, and a path is not broken, for it may hold blanks.
    """

    label: str
    value: str
    is_bad: bool = False
    is_path: bool = False


def _fields(cache: CacheDirectory, details: Details) -> Iterator[Field]:
    artifact = details.artifact
    yield Field("kind", _kind_text(artifact))
    if details.judgement is not None:
        verdict = details.judgement.verdict
        yield Field("verdict", verdict.value, is_bad=verdict in {Verdict.DAMAGED, Verdict.POISONED})
        yield from _labelled("finding", map(_finding_text, details.judgement.findings))
    if artifact.problem:
        yield Field("problem", redact_text(artifact.problem))
    for note in artifact.notes:
        yield Field("note", note)
    yield from _labelled("names", map(_claim_text, artifact.claims))
    if artifact.url is not None:
        yield Field("URL", f"{redact_url(artifact.url)}  ({_url_standing(artifact)})")
    elif artifact.key is not None:
        yield Field("URL", "cannot be known: no page lists it and its content does not lead to its key")
    yield from _digest_fields(details)
    yield from _build_fields(details)
    yield from _time_fields(artifact)
    yield from _content_fields(details)
    yield from _labelled("headers", _header_texts(artifact))
    for field in _labelled("files", (os.path.join(cache.path, file.path) for file in artifact.files)):
        yield field._replace(is_path=True)


def _labelled(label: str, values: Iterable[str]) -> Iterator[Field]:
    for index, value in enumerate(values):
        yield Field("" if index else label, value)


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
        return f"what it was built from, by {_noted_by(artifact)}"
    if artifact.store.is_uvs:
        return "as uv noted it"
    return "proved: its hash is the key" if artifact.url_proved else "inferred"


def _noted_by(artifact: Artifact) -> str:
    """Return where it is noted what a wheel was built from."""
    return "uv's pointer" if artifact.store.is_uvs else "origin.json"


def _digest_fields(details: Details) -> Iterator[Field]:
    for algorithm, value in details.artifact.noted_digests:
        yield Field("noted", f"{algorithm} {value} (noted by uv; the file is not kept, so nobody can check it)")
    if details.digests is not None:
        yield Field("sha256", details.digests.sha256)
        yield Field("blake2b-256", details.digests.blake2b_256)
        yield Field("md5", details.digests.md5 or "not allowed on this system")
    for index, comparison in enumerate(details.comparisons):
        yield Field("" if index else "promised", _promise_text(comparison), is_bad=comparison.is_kept is False)
    if not details.comparisons and details.artifact.kind in {Kind.WHEEL, Kind.SDIST} and details.digests:
        yield Field("promised", "nothing: no digest or size from elsewhere is known")
    listed = details.artifact.listed
    if listed is not None and listed.yanked is not False:
        yield Field("yanked", listed.yanked if isinstance(listed.yanked, str) else "yes")
    if listed is not None and listed.upload_time is not None:
        yield Field("uploaded", listed.upload_time)


def _promise_text(comparison: Comparison) -> str:
    promise = comparison.promise
    standing = {True: "kept", False: "NOT KEPT", None: f"not compared: {comparison.why_not}"}[comparison.is_kept]
    shown = promise.measure if comparison.is_kept else f"{promise.measure} {promise.expected}"
    return f"{shown} by {promise.by}: {standing}"


def _finding_text(finding: Finding) -> str:
    by = f" ({finding.by})" if finding.by else ""
    check = finding.check
    return f"{check.code} {check.sentence} Promised: {finding.expected}{by}; there is: {finding.actual}"


def _build_fields(details: Details) -> Iterator[Field]:
    artifact = details.artifact
    source = artifact.source
    if source is not None:
        for algorithm, value in source.hashes:
            yield Field("source", f"{algorithm} {value} (of the sdist, by {_noted_by(artifact)})")
        if source.commit is not None:
            yield Field("source", f"{source.vcs or 'vcs'} commit {source.commit}")
        if source.requested_revision is not None:
            yield Field("", f"asked for as {source.requested_revision}")
        if source.subdirectory is not None:
            yield Field("", f"subdirectory {source.subdirectory}")
    if artifact.kind is Kind.BUILT:
        how = artifact.build_key
        interpreter = how.interpreter if how is not None else None
        builder = f"the interpreter {interpreter} (by the folder's key)" if interpreter else "cannot be known"
        yield Field("built by", builder)
        for download in details.sources:
            name = download.filename or "an archive without a file name"
            yield Field("source is", f"cached: {name} ({download.store.value}, key {download.key})")
        if not details.sources and not artifact.store.is_uvs:
            yield Field("source is", "not in the cache")
    for wheel in details.built_wheels:
        yield Field("built from it", f"{wheel.filename} (key {wheel.key})")


def _time_fields(artifact: Artifact) -> Iterator[Field]:
    made = iso_time(artifact.made_ns)
    verbs = {Kind.BUILT: "built", Kind.ENVIRONMENT: "installed"}
    verb = verbs.get(artifact.kind, "downloaded")
    if artifact.store.is_uvs and artifact.kind in {Kind.PAGE, Kind.METADATA, Kind.UNKNOWN}:
        verb = "noted"
    yield Field(verb, f"{made or '-'} (file time)")
    if artifact.head is not None and "date" in artifact.head.headers:
        yield Field("", f"{artifact.head.headers['date']} (Date of the response, or of its last revalidation)")
    if not artifact.store.is_uvs:
        yield Field("last used", f"{iso_time(artifact.used_ns) or '-'} (access time)")


def _content_fields(details: Details) -> Iterator[Field]:
    if details.artifact.tags:
        yield Field("tags", " ".join(details.artifact.tags))
    if details.generator:
        yield Field("made with", details.generator)
    if details.metadata is not None and details.metadata.requires_python:
        yield Field("requires", f"Python {details.metadata.requires_python}")
    if details.metadata is not None and details.metadata.summary:
        yield Field("summary", details.metadata.summary)


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
