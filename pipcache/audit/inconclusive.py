"""Which artifacts could not be judged, and why."""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from pipcache.audit.matcher import Book
from pipcache.inventory.artifact import DISTRIBUTIONS, Artifact, Kind, path_of, unreadable_entries
from pipcache.inventory.body import is_text
from pipcache.store.cache import Cache
from pipcache.store.cachecontrol import Frame
from pipcache.store.entries import BuiltEntry, HttpEntry, is_link_in_store
from pipcache.store.response import is_page_by_head
from pipcache.util.filenames import normalise
from pipcache.util.urls import digests_in_path
from pipcache.util.versions import parse_version


class Unjudged(NamedTuple):
    """Something that may be meant, for all that can be told."""

    path: str
    why: str
    artifact: Artifact | None = None


def unjudged(
    cache: Cache,
    chosen: Iterable[Artifact],
    catalogue: Iterable[Artifact],
    book: Book,
    reasons: Mapping[str, str],
) -> Iterator[Unjudged]:
    """Yield what may be meant, for all that can be told; ``reasons`` are those known already, by path."""
    for entry in unreadable_entries(catalogue):
        yield Unjudged(entry.path, f"cannot be looked at: {entry.error}")
    for one in catalogue:
        if is_link_in_store(one.entry):
            yield Unjudged(path_of(one), "a link, not followed", one)
    for one in chosen:
        if one.unreadable or not isinstance(one.entry, (HttpEntry, BuiltEntry)):
            continue
        path = path_of(one)
        why = _why_unjudged(cache, one, book) or reasons.get(path)
        if why is not None:
            yield Unjudged(path, why, one)


def _why_unjudged(cache: Cache, artifact: Artifact, book: Book) -> str | None:
    if artifact.frame not in {Frame.CURRENT, None}:
        return artifact.problem or "its head does not decode"
    if isinstance(artifact.entry, HttpEntry) and artifact.head is None:
        return artifact.problem or "it has no head"
    if artifact.kind is Kind.PAGE:
        return _why_two_things(cache, artifact)
    if artifact.head is not None and is_page_by_head(artifact.head):
        return "its server calls it an index page, and it cannot be read as one"
    if book.looks_for_bytes and (why := _why_incomparable(artifact, book)) is not None:
        return why
    projects = {normalise(claim.project) for claim in artifact.claims if claim.project}
    if not projects.isdisjoint(book.unsure):
        return "an advisory says of its project what cannot be evaluated"
    if not book.looks_for_names:
        may_be_text = artifact.kind in {Kind.METADATA, Kind.OTHER}
        return _why_two_things(cache, artifact) if book.looks_for_members and may_be_text else None
    if (why := _why_nameless(cache, artifact, is_named=bool(projects))) is not None:
        return why
    if not any(map(book.concerns, projects)):
        return None
    if artifact.version is None:
        return "its version is not known"
    return None if parse_version(artifact.version) else "its version is none that ranges can hold (PEP 440)"


def _why_nameless(cache: Cache, artifact: Artifact, *, is_named: bool) -> str | None:
    """Return why its names do not tell which project an artifact is of."""
    if artifact.kind is Kind.METADATA or _is_document(cache, artifact):
        return _why_two_things(cache, artifact)
    if not is_named:
        return "its project is not known"
    # pip asks its setup.py, and not how the folder in it is called
    return "nothing but its folder names it" if artifact.is_guessed else None


def _why_incomparable(artifact: Artifact, book: Book) -> str | None:
    """Return why the bytes, or those a wheel was built from, cannot be held against digests."""
    if artifact.kind is Kind.BUILT:
        return _why_unknown_source(artifact, book)
    if artifact.problem is not None and artifact.size and artifact.kind is not Kind.UNKNOWN:
        return f"it may be a part of what is looked for: {artifact.problem}"
    encoding = artifact.encoding
    if encoding and artifact.kind in DISTRIBUTIONS:
        return f"it is stored in a coding ({encoding})"
    return None


def _is_document(cache: Cache, artifact: Artifact) -> bool:
    """Return whether nothing can be installed from it: a redirect, or text."""
    if artifact.kind is not Kind.OTHER:
        return False
    return not artifact.size or artifact.is_redirect or is_text(cache, artifact)


def _why_unknown_source(artifact: Artifact, book: Book) -> str | None:
    """Return why it cannot be told whether a wheel was built from what is looked for."""
    source = artifact.source
    if source is None:
        return "what it was built from is not known"
    if source.commit is not None or not book.is_sure_of_files:
        return None
    told = {name for name, _ in (*source.hashes, *digests_in_path(source.url))}
    if book.algorithms.isdisjoint(told):
        return f"what it was built from is known by its {', '.join(sorted(told)) or 'URL'} alone"
    return None


def _why_two_things(cache: Cache, artifact: Artifact) -> str | None:
    """Return why what begins like text may be installed: pip reads a ZIP from its end."""
    if artifact.encoding:
        return None
    clues = artifact.clues
    ends_like_zip = cache.ends_like_zip(artifact.entry, artifact.head) if clues is None else clues.ends_like_zip
    return "it begins like text and ends like an archive" if ends_like_zip else None
