"""Artifacts that could not be judged, and why."""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from pipcache.audit.matcher import Matcher
from pipcache.inventory.artifact import DISTRIBUTIONS, Artifact, Evidence, Kind, path_of, unreadable_entries
from pipcache.inventory.body import is_text
from pipcache.inventory.built_from import BuiltFrom
from pipcache.inventory.from_pages import may_list_files
from pipcache.store.cache import Cache
from pipcache.store.cachecontrol import Frame
from pipcache.store.entries import BuiltEntry, HttpEntry, is_link_in_store
from pipcache.store.response import is_page_by_head
from pipcache.util.filenames import normalise
from pipcache.util.urls import digests_in_path
from pipcache.util.versions import parse_version


class Inconclusive(NamedTuple):
    """An entry that an indicator may match, and that could not be judged.

    ``path`` is that of the entry, ``reason`` is text to show; ``artifact`` is None where the entry cannot be read.
    """

    path: str
    reason: str
    artifact: Artifact | None = None


def find_inconclusive(
    cache: Cache,
    chosen: Iterable[Artifact],
    artifacts: Iterable[Artifact],
    matcher: Matcher,
    reasons: Mapping[str, str],
) -> Iterator[Inconclusive]:
    """Yield what could not be judged.

    Args:
        cache: the cache.
        chosen: the artifacts that are audited.
        artifacts: all artifacts of the cache: unreadable places and links can hide any artifact.
        matcher: what is looked for.
        reasons: why artifacts could not be compared, by the paths of their entries.
    """
    for entry in unreadable_entries(artifacts):
        yield Inconclusive(entry.path, f"cannot be looked at: {entry.error}")
    for artifact in artifacts:
        if is_link_in_store(artifact.entry):
            yield Inconclusive(path_of(artifact), "a link, not followed", artifact)
    # an origin.json whose wheel is gone names no project
    sources = BuiltFrom(artifact for artifact in artifacts if artifact.kind is Kind.BUILT)
    for artifact in chosen:
        if artifact.unreadable or not isinstance(artifact.entry, (HttpEntry, BuiltEntry)):
            continue
        path = path_of(artifact)
        reason = _why_inconclusive(cache, artifact, matcher, sources) or reasons.get(path)
        if reason is not None:
            yield Inconclusive(path, reason, artifact)


def _why_inconclusive(cache: Cache, artifact: Artifact, matcher: Matcher, sources: BuiltFrom) -> str | None:
    if artifact.frame not in {Frame.CURRENT, None}:
        return artifact.problem or "its head does not decode"
    if isinstance(artifact.entry, HttpEntry) and artifact.head is None:
        return artifact.problem or "it has no head"
    if artifact.kind is Kind.PAGE:
        return _why_ambiguous(cache, artifact)
    if artifact.head is not None and is_page_by_head(artifact.head):
        return "its server calls it an index page, and it cannot be read as one"
    if may_list_files(cache, artifact):
        return "its server calls it HTML, and pip may find links to files in it"
    if matcher.looks_for_bytes and (reason := _why_incomparable(artifact, matcher)) is not None:
        return reason
    projects = {normalise(claim.project) for claim in artifact.claims if claim.project}
    if not projects.isdisjoint(matcher.unsure_projects):
        return "an advisory says of its project what cannot be evaluated"
    if not matcher.looks_for_names:
        may_be_text = artifact.kind in {Kind.METADATA, Kind.OTHER}
        return _why_ambiguous(cache, artifact) if matcher.looks_for_members and may_be_text else None
    if (reason := _why_nameless(cache, artifact, sources)) is not None:
        return reason
    if not any(map(matcher.names_project, projects)):
        return None
    if artifact.version is None:
        return "its version is not known"
    return None if parse_version(artifact.version) else "its version is none that ranges can hold (PEP 440)"


def _why_nameless(cache: Cache, artifact: Artifact, sources: BuiltFrom) -> str | None:
    """Return why the project of an artifact is not known.

    pip takes the name of an sdist from its build (``operations/prepare.py``), whatever is in the archive, and the
    name of a wheel from its METADATA and its ``.dist-info``.
    """
    if artifact.kind is Kind.METADATA or _is_document(cache, artifact):
        return _why_ambiguous(cache, artifact)
    if artifact.project is None:
        return "its project is not known"
    evidence = {claim.evidence for claim in artifact.claims if claim.project}
    is_proved = bool(evidence - {Evidence.CONTENT, Evidence.HEADER, Evidence.FILENAME})
    if is_proved or artifact.kind is Kind.BUILT or artifact in sources:
        return None
    if not artifact.size or is_text(cache, artifact):
        return _why_ambiguous(cache, artifact)  # there is no archive whose name it could hide
    if artifact.is_guessed:
        return "nothing but its folder names it"
    if evidence == {Evidence.HEADER}:
        return "nothing but a header names it"
    if artifact.kind is Kind.WHEEL and Evidence.CONTENT in evidence:
        return None if _names_itself(artifact) else "its METADATA could not be read, or not to its name"
    return "nothing but its own PKG-INFO, its folder or a header names it"


def _why_incomparable(artifact: Artifact, matcher: Matcher) -> str | None:
    """Return why an artifact, or what a wheel was built from, cannot be compared with digests."""
    if artifact.kind is Kind.BUILT:
        return _why_source_unknown(artifact, matcher)
    if artifact.problem is not None and artifact.size and artifact.kind is not Kind.UNKNOWN:
        return f"it may be a part of what is looked for: {artifact.problem}"
    if artifact.encoding and artifact.kind in DISTRIBUTIONS:
        return f"it is stored in a coding ({artifact.encoding})"
    return None


def _names_itself(artifact: Artifact) -> bool:
    """Return whether the METADATA of a wheel gives its name and its version."""
    return any(
        claim.evidence is Evidence.CONTENT and claim.place is None and claim.project and claim.version
        for claim in artifact.claims
    )


def is_archive(cache: Cache, artifact: Artifact) -> bool:
    """Return whether an artifact is an archive, or may be one: it is a distribution, or other bytes than text."""
    if artifact.kind in DISTRIBUTIONS:
        return True
    if not isinstance(artifact.entry, HttpEntry) or artifact.kind not in {Kind.OTHER, Kind.UNKNOWN}:
        return False
    return bool(artifact.size) and not artifact.is_redirect and not is_text(cache, artifact)


def _is_document(cache: Cache, artifact: Artifact) -> bool:
    """Return whether pip cannot install an artifact: it is a redirect, or text."""
    return artifact.kind is Kind.OTHER and not is_archive(cache, artifact)


def _why_source_unknown(artifact: Artifact, matcher: Matcher) -> str | None:
    """Return why the source of a built wheel cannot be compared with digests."""
    source = artifact.source
    if source is None:
        return "what it was built from is not known"
    if source.commit is not None or not matcher.looks_for_files:
        return None
    algorithms = {name for name, _ in (*source.hashes, *digests_in_path(source.url))}
    if matcher.algorithms.isdisjoint(algorithms):
        return f"what it was built from is known by its {', '.join(sorted(algorithms)) or 'URL'} alone"
    return None


def _why_ambiguous(cache: Cache, artifact: Artifact) -> str | None:
    """Return why pip may install what begins like text: a ZIP is read from its end."""
    clues = artifact.clues
    ends_like_zip = cache.ends_like_zip(artifact.entry, artifact.head) if clues is None else clues.ends_like_zip
    return "it begins like text and ends like an archive" if ends_like_zip else None
