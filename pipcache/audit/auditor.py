"""The audit of one cache: hits, their proofs, and what could not be judged."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from email.utils import parsedate_to_datetime
from typing import NamedTuple

from pipcache.advisories.model import Advisories
from pipcache.audit.build_tags import name_twins
from pipcache.audit.derivation import Derivation, Hit, Relation, name_of
from pipcache.audit.inconclusive import Unjudged, unjudged
from pipcache.audit.matcher import Book, Digest, Facts
from pipcache.audit.members import members_hashed, members_told
from pipcache.audit.pages import Sightings
from pipcache.inventory.artifact import DISTRIBUTIONS, Artifact, Kind, path_of
from pipcache.inventory.body import digests_of
from pipcache.inventory.built_from import sources_of
from pipcache.inventory.proof import PROOF_ALGORITHMS, prove_by_bytes
from pipcache.location.locate import CacheDirectory
from pipcache.store.cache import Cache
from pipcache.store.entries import BuiltEntry, HttpEntry, is_link
from pipcache.util.progress import Track


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


class Report(NamedTuple):
    """A part for each cache, what was read of the advisories, and what was asked: where, and of when."""

    parts: list[Part]
    advisories: Advisories
    everywhere: bool = False
    window: Window = Window()

    @property
    def hits(self) -> list[Hit]:
        """What was found in all caches."""
        return [hit for part in self.parts for hit in part.found.hits]

    @property
    def is_whole(self) -> bool:
        """True when everything could be judged."""
        return not any(part.problem is not None or part.found.unjudged for part in self.parts)


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
    cache: Cache,
    chosen: Sequence[Artifact],
    catalogue: Sequence[Artifact],
    sightings: Sightings,
    track: Track,
    *,
    deep: bool = False,
) -> Found:
    """Hold a book against the ``chosen`` artifacts of ``catalogue``, and find what was made from them.

    ``sightings`` have the book, and saw the pages when the catalogue was read. ``deep`` hashes the members of
    archives, which RECORD tells only of wheels.
    """
    book = sightings.book
    judged, twins = name_twins(cache, [one for one in chosen if not is_link(one.entry)], book)
    facts = _facts(cache, judged, book, track, deep=deep)
    asked = ((one, book.clauses(one, facts[path_of(one)])) for one in judged)
    hits = [Hit(one, Relation.MATCH, tuple(found)) for one, found in asked if found]
    matches = _proved(cache, hits, book, facts, track)
    derivation = Derivation(cache, judged, book)
    proved = matches + _proved(cache, derivation.of(matches), book, facts, track)
    found_here = [one for one in proved if one.relation is not Relation.METADATA]
    pages, closed = sightings.hits(judged, found_here)
    proved += _proved(cache, pages, book, facts, track)
    there = {path_of(one.artifact) for one in proved}
    reasons = twins | derivation.contradicted
    reasons |= {path: one.problem for path, one in facts.items() if one.problem is not None}
    open_questions = unjudged(cache, judged, catalogue, book, reasons)
    return Found(
        _with_neighbours(proved, catalogue, pages),
        [one for one in (*open_questions, *closed) if one.path not in there],
        len(judged),
        sum(one.kind in DISTRIBUTIONS for one in judged),
        sum(one.kind is Kind.PAGE for one in judged),
        catalogue,
    )


def _facts(
    cache: Cache, artifacts: Sequence[Artifact], book: Book, track: Track, *, deep: bool
) -> dict[str, Facts]:
    """Return what digests need of each artifact, by the paths of their entries."""
    algorithms = tuple(sorted(book.algorithms))

    def read(one: Artifact) -> Facts:
        if not algorithms or not isinstance(one.entry, (HttpEntry, BuiltEntry)):
            return Facts()
        listed = () if one.listed is None or one.kind is Kind.METADATA else one.listed.hashes
        # what is meant for other reasons is proved by more, and to be read once
        found = digests_of(cache, one, {*algorithms, *(PROOF_ALGORITHMS if book.clauses(one, Facts()) else ())})
        missing = [name for name in algorithms if name not in found]
        problem = f"its {', '.join(missing)} could not be computed" if missing else None
        members, why = _members(cache, one, book, algorithms, deep=deep)
        why = why if deep or book.is_sure_of_members else None
        wanted = {digest: name for digest, name in members.items() if book.has_digest(digest)}
        return Facts(
            frozenset(one for one in found.items() if book.has_digest(one)),
            frozenset(one for one in listed if book.has_digest(one)),
            wanted,
            problem or why,
            found,
        )

    with ThreadPoolExecutor() as pool:
        results = list(track(pool.map(read, artifacts), len(artifacts), "Hashing"))
    return {path_of(one): found for one, found in zip(artifacts, results, strict=True)}


def _members(
    cache: Cache, artifact: Artifact, book: Book, algorithms: Sequence[str], *, deep: bool
) -> tuple[dict[Digest, str], str | None]:
    """Return the members of an archive by their digests, and why they cannot all be compared."""
    if artifact.kind in {Kind.METADATA, Kind.PAGE} or not book.looks_for_members:
        return {}, None
    if deep:
        hashed = members_hashed(cache, artifact, algorithms)
        is_archive = artifact.kind in DISTRIBUTIONS
        why = "its members could not be read" if is_archive and hashed is None else None
        return (members_told(cache, artifact) or {}) | (hashed or {}), why
    if artifact.kind is Kind.SDIST:
        return {}, "its members were not hashed (--deep does)"
    found = members_told(cache, artifact)
    if artifact.kind in {Kind.WHEEL, Kind.BUILT} and not found:
        return {}, "its RECORD could not be read (--deep hashes its members)"
    lacking = set(algorithms).isdisjoint(name for name, _ in found or {}) and bool(found)
    return found or {}, "its RECORD has other digests (--deep hashes its members)" if lacking else None


def _proved(cache: Cache, hits: Sequence[Hit], book: Book, facts: Mapping[str, Facts], track: Track) -> list[Hit]:
    """Return hits with the digests of their bytes, and with the URL that these prove."""

    def prove(hit: Hit) -> Hit:
        proved, digests = prove_by_bytes(cache, hit.artifact, facts[path_of(hit.artifact)].computed)
        return hit._replace(digests=digests, artifact=book.name(proved))

    with ThreadPoolExecutor() as pool:
        return list(track(pool.map(prove, hits), len(hits), "Proving"))


def _with_neighbours(hits: Sequence[Hit], catalogue: Sequence[Artifact], pages: Sequence[Hit]) -> list[Hit]:
    """Return hits with the pages that list them, and with their source where they were built."""
    wanted = {name for hit in hits for name in (hit.artifact.filename, *hit.artifact.filenames)}
    listed: dict[str, dict[str, None]] = {}
    for page in pages:
        for name in wanted.intersection(page.listed):
            listed.setdefault(name or "", {})[page.artifact.project or name_of(page.artifact)] = None
    downloads = [one for one in catalogue if isinstance(one.entry, HttpEntry)]
    found = []
    for hit in hits:
        artifact = hit.artifact
        names = dict.fromkeys(filter(None, (artifact.filename, *artifact.filenames)))
        by = dict.fromkeys(project for name in names for project in listed.get(name, ()))
        source = None
        if artifact.source is not None and isinstance(artifact.entry, BuiltEntry):
            source = artifact.source.url, any(sources_of(artifact, downloads))
        found.append(hit._replace(listed_by=tuple(by), source=source))
    return found
