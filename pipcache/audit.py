"""Is it here: what advisories mean in a cache, what was made from that, and what cannot be told."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from email.utils import parsedate_to_datetime
from typing import NamedTuple

from pipcache.artifacts import DISTRIBUTIONS, Artifact, Kind, unread
from pipcache.contents import decoded
from pipcache.derivation import Derivation, Hit, Relation, is_source, name_of, path_of
from pipcache.entries import BuiltEntry, HttpEntry, entry_path, is_link
from pipcache.indicators import Advisories
from pipcache.keys import has_key, http_key
from pipcache.location import CacheDirectory
from pipcache.matching import Book, Clause, Facts
from pipcache.members import members_hashed, members_told
from pipcache.names import normalise
from pipcache.pages import PAGE_LIMIT, absolute_urls, parse_page
from pipcache.progress import Track
from pipcache.prove import digest_artifact, digest_by, prove_by_content
from pipcache.responses import Frame
from pipcache.stores import Store


class Unjudged(NamedTuple):
    """Something that may be meant, for all that can be told."""

    path: str
    why: str
    artifact: Artifact | None = None


class Found(NamedTuple):
    """What one cache tells: hits, matches first, what could not be judged, how much was looked at."""

    hits: list[Hit]
    unjudged: list[Unjudged]
    looked_at: int
    distributions: int
    pages: int
    catalogue: Sequence[Artifact] = ()  # all that is there


class Part(NamedTuple):
    """What one cache tells, and in which ways it was found; ``problem`` is why it could not be looked at."""

    cache: CacheDirectory
    owners: tuple[str, ...]
    found: Found
    problem: str | None = None


class Report(NamedTuple):
    """A part for each cache, what was read of the advisories, and whether all of the machine were asked."""

    parts: list[Part]
    advisories: Advisories
    everywhere: bool = False

    @property
    def hits(self) -> list[Hit]:
        """What was found in all caches."""
        return [hit for part in self.parts for hit in part.found.hits]

    @property
    def is_whole(self) -> bool:
        """True when everything could be judged."""
        return not any(part.problem is not None or part.found.unjudged for part in self.parts)


NOTHING = Found([], [], 0, 0, 0)


class Window(NamedTuple):
    """From when to when, in seconds since the epoch; None is open."""

    since: float | None = None
    until: float | None = None

    def holds(self, artifact: Artifact) -> bool:
        """Return whether any of the times an artifact has lies within; one without a time may."""
        times = [one for one in (made(artifact), told(artifact)) if one is not None]
        return not times or any(
            (self.since is None or one >= self.since) and (self.until is None or one <= self.until)
            for one in times
        )


def made(artifact: Artifact) -> float | None:
    """Return when its file was written: seconds since the epoch."""
    return None if artifact.made_ns is None else artifact.made_ns / 1e9


def told(artifact: Artifact) -> float | None:
    """Return the ``Date`` of its response (RFC 9110, 6.6.1), seconds since the epoch; None without one."""
    text = "" if artifact.head is None else artifact.head.headers.get("date", "")
    try:
        return parsedate_to_datetime(text).timestamp() if text else None
    except (ValueError, OverflowError, OSError, TypeError):
        return None


def audit(
    root: str,
    chosen: Sequence[Artifact],
    catalogue: Sequence[Artifact],
    book: Book,
    track: Track,
    *,
    deep: bool = False,
) -> Found:
    """Hold ``book`` against the ``chosen`` artifacts of ``catalogue``, and find what was made from them.

    ``deep`` hashes the members of archives, which RECORD tells only of wheels.
    """
    judged = [one for one in chosen if not is_link(one.entry)]
    facts = _facts(root, judged, book, track, deep=deep)
    clauses = {entry_path(one.entry): book.clauses(one, facts[entry_path(one.entry)]) for one in judged}
    hits = [Hit(one, Relation.MATCH, tuple(found)) for one in judged if (found := clauses[entry_path(one.entry)])]
    hits += Derivation(root, judged, book).of(hits)
    proved = _proved(root, hits, track)
    pages = _pages(root, judged, book, [one for one in proved if one.relation is not Relation.METADATA], track)
    proved += _proved(root, pages, track)
    there = {entry_path(one.artifact.entry) for one in proved}
    return Found(
        [_with_neighbours(one, catalogue, pages) for one in proved],
        [one for one in _unjudged(judged, catalogue, book) if one.path not in there],
        len(judged),
        sum(one.kind in DISTRIBUTIONS for one in judged),
        sum(one.kind is Kind.PAGE for one in judged),
        catalogue,
    )


def _facts(root: str, artifacts: Sequence[Artifact], book: Book, track: Track, *, deep: bool) -> dict[str, Facts]:
    """Return what digests need of each artifact, by the paths of their entries."""
    algorithms = tuple(sorted(book.algorithms))

    def read(one: Artifact) -> Facts:
        if not algorithms or one.kind is Kind.PAGE or not isinstance(one.entry, (HttpEntry, BuiltEntry)):
            return Facts()
        listed = () if one.listed is None or one.kind is Kind.METADATA else one.listed.hashes
        found = {*digest_by(root, one, algorithms).items(), *listed}
        members = members_told(root, one) or {}
        if deep and one.kind is not Kind.METADATA:
            members = members | (members_hashed(root, one, algorithms) or {})
        wanted = {digest: name for digest, name in members.items() if book.has_digest(digest)}
        return Facts(frozenset(one for one in found if book.has_digest(one)), wanted)

    with ThreadPoolExecutor() as pool:
        results = list(track(pool.map(read, artifacts), len(artifacts), "Hashing"))
    return {entry_path(one.entry): found for one, found in zip(artifacts, results, strict=True)}


def _pages(
    root: str, artifacts: Sequence[Artifact], book: Book, found_here: Sequence[Hit], track: Track
) -> list[Hit]:
    """Return the index pages that list what is meant or was ``found_here``: pip would choose it again."""
    hits = []
    projects = {one.artifact.project for one in found_here} - {None}
    keys = {one.artifact.key: one for one in found_here if isinstance(one.artifact.entry, HttpEntry)}
    by_sha256 = {one.digests.sha256: one for one in found_here if one.digests is not None}
    pages = [one for one in artifacts if one.kind is Kind.PAGE]
    for page in track(pages, len(pages), "Reading index pages"):
        data = decoded(root, page, PAGE_LIMIT) or b""
        if page.project not in projects and not book.may_be_listed(page.project, data):
            continue
        parsed = parse_page(data)
        if parsed is None:
            continue
        files: dict[str, list[Clause]] = {}
        for file in parsed.files:
            urls = [*absolute_urls(file.url, parsed.base, page.url)]
            found = book.of_listed(file, urls, page.project or parsed.project)
            known = [keys.get(http_key(url)) for url in urls if has_key(url)]
            known += [by_sha256.get(value) for name, value in file.hashes if name == "sha256"]
            found += [clause for hit in known if hit is not None for clause in hit.clauses]
            if found or any(one is not None for one in known):
                files.setdefault(file.filename, []).extend(found)
        if files:
            hits.append(Hit(page, Relation.PAGE, _summed(files), of=", ".join(files)))
    return hits


def _summed(files: Mapping[str, Sequence[Clause]]) -> tuple[Clause, ...]:
    """Return the clauses of listed files, each once, with the files it means."""
    meant: dict[Clause, list[str]] = {}
    for name, clauses in files.items():
        for one in dict.fromkeys(clauses):
            meant.setdefault(one, []).append(name)
    return tuple(one._replace(text=f"lists {_some(names)}: {one.text}") for one, names in meant.items())


def _some(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"


def _proved(root: str, hits: Sequence[Hit], track: Track) -> list[Hit]:
    """Return hits with the digests of their bytes, and with the URL that these prove."""
    with ThreadPoolExecutor() as pool:
        results = pool.map(lambda hit: digest_artifact(root, hit.artifact), hits)
        found = list(zip(hits, track(results, len(hits), "Proving"), strict=True))
    return [
        hit._replace(
            digests=digests,
            artifact=hit.artifact
            if digests is None or hit.artifact.url_proved
            else prove_by_content(hit.artifact, digests),
        )
        for hit, digests in found
    ]


def _with_neighbours(hit: Hit, catalogue: Sequence[Artifact], pages: Sequence[Hit]) -> Hit:
    """Return a hit with the pages that list it, and with its source where it was built."""
    artifact = hit.artifact
    names = {artifact.filename, *artifact.filenames} - {None}
    listed = [
        page.artifact.project or name_of(page.artifact) for page in pages if names & set(page.of.split(", "))
    ]
    source = None
    if artifact.source is not None and isinstance(artifact.entry, BuiltEntry):
        is_cached = any(is_source(one, artifact) for one in catalogue if isinstance(one.entry, HttpEntry))
        source = artifact.source.url, is_cached
    return hit._replace(listed_by=tuple(dict.fromkeys(listed)), source=source)


def _unjudged(chosen: Iterable[Artifact], catalogue: Iterable[Artifact], book: Book) -> Iterator[Unjudged]:
    """Yield what may be meant, for all that can be told: without it "clean" would be a guess."""
    for entry in unread(catalogue):
        yield Unjudged(entry.path, f"cannot be looked at: {entry.error}")
    for one in catalogue:
        if is_link(one.entry) and path_of(one).split(os.sep)[0] in _STORES:
            yield Unjudged(path_of(one), "a link, not followed", one)
    for one in chosen:
        if one.unreadable or not isinstance(one.entry, (HttpEntry, BuiltEntry)):
            continue
        if (why := _why_unjudged(one, book)) is not None:
            yield Unjudged(path_of(one), why, one)


_STORES = frozenset(store.value for store in Store)


def _why_unjudged(artifact: Artifact, book: Book) -> str | None:
    if artifact.frame not in {Frame.CURRENT, None}:
        return artifact.problem or "its head does not decode"
    if isinstance(artifact.entry, HttpEntry) and artifact.head is None:
        return artifact.problem or "it has no head"
    if artifact.kind in {Kind.PAGE, Kind.OTHER} or not book.looks_for_names:
        return None
    projects = {normalise(claim.project) for claim in artifact.claims if claim.project}
    if not projects:
        return "its project is not known"
    if artifact.version is None and any(map(book.concerns, projects)):
        return "its version is not known"
    return None
