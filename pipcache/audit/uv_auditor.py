"""The audit of a cache of uv's: what it keeps unpacked, what it built, and its environments.

What the resolver only read, pages and metadata, is no reason for concern: it is given apart, as ``seen``.
"""

import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

from pipcache.archive.record import LongRecord, parse_record
from pipcache.audit.auditor import CacheAudit
from pipcache.audit.derivation import Hit, Relation, display_name
from pipcache.audit.hashed_members import hash_members
from pipcache.audit.inconclusive import Inconclusive
from pipcache.audit.matcher import Clause, DigestFacts, Matcher
from pipcache.installers.uv_cache import UvCache
from pipcache.inventory.artifact import (
    DISTRIBUTIONS,
    Artifact,
    Kind,
    path_of,
    unreadable_entries,
    with_refusals,
)
from pipcache.inventory.body import digests_of, usual_digests
from pipcache.store.entries import (
    BuiltEntry,
    Foreign,
    InstalledEntry,
    NoteEntry,
    StrayEntry,
    UnpackedEntry,
    is_link,
)
from pipcache.store.keys import request_key
from pipcache.util.filenames import normalise, parse_filename
from pipcache.util.hashes import DIGITS, Digest, hex_of
from pipcache.util.progress import Track
from pipcache.util.urls import digests_in_path
from pipcache.util.versions import parse_version, same_version
from pipcache.util.workers import Workers


class _Members(NamedTuple):
    """The members of a distribution by their digests, and why not all of them can be compared."""

    paths: Mapping[Digest, str] = {}
    problem: str | None = None


def audit_uv(
    cache: UvCache,
    chosen: Sequence[Artifact],
    artifacts: Sequence[Artifact],
    matcher: Matcher,
    track: Track,
    *,
    deep: bool,
) -> CacheAudit:
    """Audit a cache of uv's.

    Args:
        cache: the cache.
        chosen: the artifacts that are audited.
        artifacts: all artifacts of the cache.
        matcher: what is looked for.
        track: reports progress.
        deep: hash the files of distributions; otherwise only the digests in RECORD are compared.
    """
    hits: list[Hit] = []
    seen: list[Hit] = []
    reasons: list[Inconclusive] = []
    noted_of = _noted_by_content(cache, artifacts) if matcher.looks_for_files else _own_notes
    for artifact in chosen:
        if isinstance(artifact.entry, NoteEntry) or artifact.was_here:
            seen += _seen(artifact, matcher)
            if artifact.kind is Kind.UNKNOWN and not artifact.was_here:
                reasons.append(Inconclusive(path_of(artifact), artifact.problem or "it is not decoded", artifact))
    here = [artifact for artifact in chosen if _is_here(artifact)]

    def read(artifact: Artifact) -> tuple[Sequence[Digest], DigestFacts]:
        noted = noted_of(artifact)
        return noted, _facts(cache, artifact, matcher, noted, deep=deep)

    with Workers() as workers:
        facts_of = list(track(workers.map(read, here), len(here), "Hashing"))
    for artifact, (noted, facts) in zip(here, facts_of, strict=True):
        if clauses := _clauses(artifact, matcher, facts):
            hits.append(_hit(cache, artifact, clauses))
        elif (reason := _why_inconclusive(artifact, matcher, noted) or facts.problem) is not None:
            reasons.append(Inconclusive(path_of(artifact), reason, artifact))
    hits += _derived(cache, hits, chosen, matcher)
    paths = {path_of(hit.artifact) for hit in hits}
    reasons += [
        Inconclusive(entry.path, f"cannot be looked at: {entry.error}")
        for entry in unreadable_entries(with_refusals(artifacts, cache.refused))
    ]
    # a folder of a distribution that could not be listed is no file of an entry
    reasons += [Inconclusive(path, f"cannot be looked at: {why}") for path, why in cache.refused.items()]
    reasons += [
        Inconclusive(path_of(artifact), why, artifact)
        for artifact in artifacts
        if (why := _why_hidden(artifact)) is not None
    ]
    unique = {reason.path: reason for reason in reversed(reasons) if reason.path not in paths}
    return CacheAudit(
        hits=hits,
        inconclusive=list(reversed(unique.values())),
        entries=len(chosen),
        distributions=sum(artifact.kind in DISTRIBUTIONS for artifact in chosen),
        pages=sum(artifact.kind is Kind.PAGE for artifact in chosen),
        artifacts=artifacts,
        seen=seen,
        unknown=tuple(cache.unknown),
    )


def _is_here(artifact: Artifact) -> bool:
    """Return whether an artifact is a distribution that uv keeps, and neither a note nor a stray."""
    return isinstance(artifact.entry, (UnpackedEntry, InstalledEntry, BuiltEntry)) and not artifact.was_here


def _why_hidden(artifact: Artifact) -> str | None:
    """Return why a stray may hide distributions; None for one that does not, and for what is none."""
    if not isinstance(artifact.entry, StrayEntry):
        return None
    if is_link(artifact.entry):
        return "a link, not followed" if artifact.store.is_uvs else None
    if os.path.basename(artifact.entry.file.path).startswith(".tmp") and artifact.size:
        return "a temporary file of a download, not read"
    return "a folder of uv's that is not known here" if artifact.entry.why is Foreign.FOLDER else None


def _hit(cache: UvCache, artifact: Artifact, clauses: Sequence[Clause]) -> Hit:
    relation = Relation.INSTALLED if isinstance(artifact.entry, InstalledEntry) else Relation.MATCH
    digests = usual_digests(cache, artifact) if isinstance(artifact.entry, BuiltEntry) else None
    return Hit(artifact, relation, tuple(clauses), digests=digests, source=_source(artifact))


def _source(artifact: Artifact) -> tuple[str, bool] | None:
    """Return the URL that a wheel was built from; the sources lie beside the wheel."""
    return None if artifact.source is None else (artifact.source.url, True)


def _clauses(artifact: Artifact, matcher: Matcher, facts: DigestFacts) -> list[Clause]:
    """Return what matches an artifact, by digests, by the URL that uv noted, and by names."""
    key = request_key(artifact.url) if artifact.url and artifact.kind is not Kind.BUILT else None
    by_url = matcher.clauses_of_listed_file([key], ()) if key is not None else []
    commit = _commit(artifact)
    by_commit = matcher.clauses_of_commit(commit) if commit else ()
    return list(dict.fromkeys((*by_url, *by_commit, *matcher.clauses_of(artifact, facts))))


def _seen(artifact: Artifact, matcher: Matcher) -> Iterator[Hit]:
    """Yield what uv noted of a match, if it is one, and never kept or keeps no more."""
    if artifact.kind is Kind.PAGE:
        if artifact.project is not None and artifact.project in (matcher.projects or ()):
            yield Hit(artifact, Relation.PAGE, listed=(artifact.project,))
        return
    digests = frozenset(filter(matcher.has_digest, artifact.noted_digests))
    if clauses := _clauses(artifact, matcher, DigestFacts(noted=digests)):
        yield Hit(artifact, Relation.METADATA, tuple(clauses), derived_from=display_name(artifact))


def _own_notes(artifact: Artifact) -> tuple[Digest, ...]:
    """Return the digests that uv noted of the file of an artifact, and that its URL on PyPI has."""
    in_url = digests_in_path(artifact.url) if artifact.url and artifact.kind is not Kind.BUILT else ()
    return (*artifact.noted_digests, *in_url)


def _noted_by_content(cache: UvCache, artifacts: Sequence[Artifact]) -> Callable[[Artifact], tuple[Digest, ...]]:
    """Return a function that gives the digests noted of an artifact's file.

    A distribution in an environment has those of an unpacked wheel of its release whose RECORD is a part of its
    own: an installer adds lines for what it makes, and changes none (PEP 376).
    """
    installed = {
        (artifact.project, artifact.version)
        for artifact in artifacts
        if isinstance(artifact.entry, InstalledEntry)
    }
    releases: dict[tuple[str | None, str | None], list[tuple[frozenset[bytes], tuple[Digest, ...]]]] = {}
    for artifact in artifacts:
        notes = _own_notes(artifact)
        is_wanted = notes and (artifact.project, artifact.version) in installed
        if is_wanted and isinstance(artifact.entry, UnpackedEntry) and artifact.kind is Kind.WHEEL:
            lines = _recorded_lines(cache, artifact)
            if lines:
                releases.setdefault((artifact.project, artifact.version), []).append((lines, notes))

    def noted_of(artifact: Artifact) -> tuple[Digest, ...]:
        known = releases.get((artifact.project, artifact.version), ())
        if isinstance(artifact.entry, InstalledEntry) and known:
            own = _recorded_lines(cache, artifact)
            return next((notes for lines, notes in known if lines <= own), ())
        return _own_notes(artifact)

    return noted_of


def _recorded_lines(cache: UvCache, artifact: Artifact) -> frozenset[bytes]:
    """Return the lines of RECORD with a digest, without those of files that an installer puts elsewhere."""
    assert isinstance(artifact.entry, (UnpackedEntry, InstalledEntry))
    records = (cache.record_of(info) or b"" for info in cache.infos(artifact.entry))
    lines = (line.strip() for record in records for line in record.split(b"\n"))
    return frozenset(line for line in lines if b",sha256=" in line and b".data/" not in line)


def _facts(
    cache: UvCache, artifact: Artifact, matcher: Matcher, noted: Sequence[Digest], *, deep: bool
) -> DigestFacts:
    """Return what has to be compared with digests."""
    algorithms = tuple(sorted(matcher.algorithms))
    if not algorithms:
        return DigestFacts()
    computed = digests_of(cache, artifact, algorithms) if isinstance(artifact.entry, BuiltEntry) else {}
    unread = "its bytes could not be read" if isinstance(artifact.entry, BuiltEntry) and not computed else None
    is_wanted = matcher.looks_for_members and unread is None
    members = _members(cache, artifact, algorithms, deep=deep) if is_wanted else _Members()
    return DigestFacts(
        matching=frozenset(filter(matcher.has_digest, computed.items())),
        members={digest: path for digest, path in members.paths.items() if matcher.has_digest(digest)},
        problem=unread or (members.problem if deep or matcher.names_members else None),
        computed=computed,
        noted=frozenset(filter(matcher.has_digest, noted)),
    )


def _members(cache: UvCache, artifact: Artifact, algorithms: Sequence[str], *, deep: bool) -> _Members:
    """Return the files of a distribution by their digests: as RECORD has them, with ``deep`` hashed too."""
    entry = artifact.entry
    if isinstance(entry, BuiltEntry):
        hashed = hash_members(cache, artifact, algorithms)  # a ZIP file, and whole
        return _Members(hashed.paths, hashed.problem)
    assert isinstance(entry, (UnpackedEntry, InstalledEntry))
    recorded = _recorded_members(cache, entry)
    if not deep:
        if artifact.kind is Kind.SDIST:
            return _Members({}, "its files were not hashed (--deep does)")
        is_comparable = any(name in algorithms for name, _ in recorded)
        why = "its RECORD has other digests, or could not be read (--deep hashes its files)"
        return _Members(recorded, None if is_comparable else why)
    if isinstance(entry, InstalledEntry):
        paths = sorted(set(recorded.values()))
        hashed_paths = cache.hash_installed(entry, paths, algorithms)
    else:
        assert entry.folder is not None
        hashed_paths = cache.hash_folder(entry.folder.path, algorithms)
    return _Members(recorded | hashed_paths.paths, hashed_paths.problem)


def _recorded_members(cache: UvCache, entry: UnpackedEntry | InstalledEntry) -> dict[Digest, str]:
    members: dict[Digest, str] = {}
    for info in cache.infos(entry):
        try:
            rows = parse_record(cache.record_of(info) or b"") or {}
        except LongRecord:
            continue
        for path, digests in rows.items():
            for digest in digests:
                known = hex_of(digest.algorithm, digest.value) if digest.algorithm in DIGITS else None
                members[digest.algorithm, known or digest.value] = path
    return members


def _why_inconclusive(artifact: Artifact, matcher: Matcher, noted: Sequence[Digest]) -> str | None:
    """Return why it cannot be known whether an artifact is what is looked for."""
    if artifact.unreadable:
        return None  # said of every such entry
    projects = {normalise(claim.project) for claim in artifact.claims if claim.project}
    if not projects.isdisjoint(matcher.unsure_projects):
        return "an advisory says of its project what cannot be evaluated"
    if (reason := _why_incomparable(artifact, matcher, noted, projects)) is not None:
        return reason
    if not matcher.looks_for_names:
        return None
    if artifact.project is None or artifact.is_guessed:
        return "its project is not known"
    if not any(map(matcher.names_project, projects)):
        return None
    if artifact.version is None:
        return "its version is not known"
    return None if parse_version(artifact.version) else "its version is none that ranges can hold (PEP 440)"


def _why_incomparable(
    artifact: Artifact, matcher: Matcher, noted: Sequence[Digest], projects: Collection[str]
) -> str | None:
    """Return why the file of an artifact, or what uv built a wheel from, cannot be compared with digests.

    Args:
        artifact: a distribution.
        matcher: what is looked for.
        noted: the digests that are known of the file.
        projects: its normalised names.
    """
    if (reason := _why_of_unknown_origin(artifact, matcher, noted, projects)) is not None:
        return reason
    source = artifact.source
    known, url = (noted, artifact.url) if artifact.kind is not Kind.BUILT else ((), None)
    if source is not None:
        known, url = (*source.hashes, *digests_in_path(source.url)), source.url
    elif _family(artifact) == "checkouts" or (
        artifact.kind is Kind.BUILT and _family(artifact) in {"git", "editable"}
    ):
        return None  # of a commit or a folder, which have no digest
    wanted = matcher.algorithms_of_files(projects, has_url=url is not None)
    if not wanted or not wanted.isdisjoint(name for name, _ in known):
        return None
    if artifact.kind is Kind.BUILT:
        return f"uv noted no {', '.join(sorted(wanted))} of what it was built from"
    return f"uv noted no {', '.join(sorted(wanted))} of its file, and does not keep the file"


def _why_of_unknown_origin(
    artifact: Artifact, matcher: Matcher, noted: Sequence[Digest], projects: Collection[str]
) -> str | None:
    """Return why an artifact may be from a URL that is looked for, where uv noted nothing of where it is from."""
    if artifact.url is not None or artifact.source is not None or noted:
        return None
    files = [parse_filename(name) for name in matcher.url_filenames]
    if _commit(artifact) and None in files:
        return "uv did not note which repository it is from"
    versions = [file.version for file in files if file is not None and normalise(file.project) in projects]
    own = artifact.version
    if any(own is None or version is None or same_version(own, version) for version in versions):
        return "uv did not note which URL it is from"
    return None


def _commit(artifact: Artifact) -> str:
    """Return the beginning of the id of the commit that an artifact is of, which its folder has; else nothing."""
    parts = path_of(artifact).split(os.sep)
    return parts[3] if _family(artifact) in {"git", "checkouts"} and len(parts) > 3 else ""


def _family(artifact: Artifact) -> str:
    """Return the folder in the bucket that an artifact lies in: ``pypi``, ``index``, ``url``, ``git`` ..."""
    return [*path_of(artifact).split(os.sep), ""][1]


def _derived(cache: UvCache, hits: Sequence[Hit], chosen: Sequence[Artifact], matcher: Matcher) -> Iterator[Hit]:
    """Yield the wheels that were built from a hit or from what is looked for, and the sdists of built hits."""
    paths = {path_of(hit.artifact) for hit in hits}
    sdists = {hit.artifact.url: hit for hit in hits if hit.artifact.kind is Kind.SDIST and hit.artifact.url}
    sources = {hit.artifact.source.url: hit for hit in hits if hit.artifact.source is not None}
    for artifact in chosen:
        if path_of(artifact) in paths or artifact.was_here:
            continue
        if artifact.source is not None:
            clauses = tuple(matcher.clauses_of_source(artifact.source))
            origin = sdists.get(artifact.source.url)
            if clauses or origin is not None:
                name = artifact.source.url if origin is None else display_name(origin.artifact)
                digests = usual_digests(cache, artifact) if isinstance(artifact.entry, BuiltEntry) else None
                yield Hit(
                    artifact,
                    Relation.BUILT_FROM,
                    clauses,
                    derived_from=name,
                    digests=digests,
                    source=_source(artifact),
                )
        elif artifact.kind is Kind.SDIST and artifact.url in sources:
            yield Hit(artifact, Relation.SOURCE, derived_from=display_name(sources[artifact.url].artifact))
