"""What was made from a hit: copies, built wheels, their sources, metadata files."""

from collections.abc import Container, Iterator, Sequence
from enum import StrEnum
from typing import NamedTuple

from pipcache.advisories.model import Indicator
from pipcache.audit.matcher import Book, Clause
from pipcache.inventory.artifact import DISTRIBUTIONS, Artifact, Kind, path_of
from pipcache.inventory.body import digests_of, is_text
from pipcache.inventory.built_from import BuiltFrom, noted_digests, source_key
from pipcache.inventory.proof import prove_by_bytes
from pipcache.store.cache import Cache
from pipcache.store.entries import BuiltEntry, HttpEntry
from pipcache.store.keys import http_key, request_key
from pipcache.util.hashes import Digests
from pipcache.util.urls import filename_in, has_key


class Relation(StrEnum):
    """How something found has to do with the advisories."""

    MATCH = "match"  # a clause means it
    PAGE = "page"  # an index page that lists what a clause means: pip would choose it again
    BUILT_FROM = "built-from"  # a wheel built from something found, or the origin.json it left
    SOURCE = "source"  # what a wheel that was found was built from
    COPY = "copy"  # the bytes of something found, under another key
    METADATA = "metadata"  # the metadata file beside something found


class Hit(NamedTuple):
    """Something found: why, and the proof. ``of`` says of what it is derived; ``listed_by`` are projects' pages.

    ``listed`` are the names of the files for which an index page is a hit.

    ``source`` is of a built wheel where what it was made from is, or was: its URL, and whether it is cached.
    """

    artifact: Artifact
    relation: Relation
    clauses: tuple[Clause, ...] = ()
    of: str = ""
    listed: tuple[str, ...] = ()
    digests: Digests | None = None
    listed_by: tuple[str, ...] = ()
    source: tuple[str, bool] | None = None


class Derivation:
    """What was made from hits, step by step: copies, metadata, wheels built from them, sources of such wheels."""

    def __init__(self, cache: Cache, artifacts: Sequence[Artifact], book: Book) -> None:
        self._cache = cache
        self._artifacts = artifacts
        self._book = book
        self._known: dict[str, dict[str, str]] = {}
        told = {name for one in artifacts if one.source is not None for name, _ in one.source.hashes}
        self._algorithms = frozenset({"sha256", *told})
        self._by_name: dict[str, set[str | None]] = {}  # what only names say: as whose file
        self.contradicted: dict[str, str] = {}
        """Why it cannot be told what a copy is, whose key proves another name; by its path."""

    def of(self, hits: Sequence[Hit]) -> list[Hit]:
        """Return what is derived from ``hits`` and from what is derived from those."""
        found: list[Hit] = []
        there = {path_of(one.artifact) for one in hits}
        origins = [one.artifact for one in hits]
        self._by_name = {
            path_of(one.artifact): {clause.indicator.project for clause in one.clauses}
            for one in hits
            if all(is_of_a_name(clause.indicator) for clause in one.clauses)
        }
        if self._algorithms == {"sha256"}:  # as pip 23 and newer tell it
            self._known |= {path_of(one.artifact): {"sha256": one.digests.sha256} for one in hits if one.digests}
        # an indicator is a source too, though its file may be gone from the cache
        fresh = [one for one in self._of_indicators() if path_of(one.artifact) not in there]
        while True:
            for one in fresh:
                there.add(path_of(one.artifact))
            found += fresh
            origins += [one.artifact for one in fresh]
            fresh = []
            rest = [one for one in self._artifacts if path_of(one) not in there]
            taken: set[str] = set()
            for hit in self._step(origins, rest):
                if (path := path_of(hit.artifact)) not in taken:
                    taken.add(path)
                    fresh.append(hit)
            if not fresh:
                return found
            origins = []
            # what else was built from a source is no worse for that
            found += [one for one in fresh if one.relation is Relation.SOURCE]
            there |= {path_of(one.artifact) for one in fresh}
            fresh = [one for one in fresh if one.relation is not Relation.SOURCE]

    def _of_indicators(self) -> Iterator[Hit]:
        for one in self._artifacts:
            if beside := self._book.of_metadata(one):
                first = beside[0].indicator
                yield Hit(one, Relation.METADATA, tuple(beside), of=first.filename or filename_in(first.urls[0]))
            if one.source is not None and (clauses := self._book.of_source(one.source)):
                yield Hit(one, Relation.BUILT_FROM, tuple(clauses), of=one.source.url)

    def _step(self, origins: Sequence[Artifact], rest: Sequence[Artifact]) -> Iterator[Hit]:
        # one sign-in page may stand in the place of many files
        files = [one for one in origins if one.kind in DISTRIBUTIONS and not is_text(self._cache, one)]
        makers = {(name, value): one for one in files for name, value in self._digests(one).items()}
        downloads = [one for one in origins if isinstance(one.entry, HttpEntry)]
        urls = {key: one for one in downloads if one.url and (key := request_key(one.url)) is not None}
        keys = {one.key: one for one in origins if one.key is not None and isinstance(one.entry, HttpEntry)}
        keys |= urls
        beside = {http_key(f"{one.url}.metadata"): one for one in origins if one.url and has_key(one.url)}
        sizes = {one.size for one in files if one.size}
        built = [one for one in origins if isinstance(one.entry, BuiltEntry) and one.source is not None]
        for one in rest:
            if one.kind is Kind.PAGE:
                continue
            if one.source is not None:  # a built wheel, or what is left of one
                by_digest = (makers[pair] for pair in sorted(noted_digests(one.source)) if pair in makers)
                maker = keys.get(source_key(one) or "") or next(by_digest, None)
                if maker is not None:
                    yield Hit(one, Relation.BUILT_FROM, of=name_of(maker))
                    continue
            if not isinstance(one.entry, HttpEntry):
                continue
            if (wheel := next((made for made in built if self._is_source(one, made)), None)) is not None:
                yield Hit(one, Relation.SOURCE, of=name_of(wheel))
            elif one.kind is Kind.METADATA and one.key in beside:
                yield Hit(one, Relation.METADATA, of=name_of(beside[one.key]))
            elif one.size in sizes and one.kind is not Kind.METADATA:
                original = makers.get(("sha256", self._digests(one).get("sha256", "")))
                if original is None:
                    continue
                projects = self._by_name.get(path_of(original))
                if projects is not None and self._is_another(one, projects):
                    why = f"its key proves another name, and it has the bytes of {name_of(original)}"
                    self.contradicted[path_of(one)] = why
                else:
                    yield Hit(one, Relation.COPY, of=name_of(original))

    def _is_source(self, artifact: Artifact, built: Artifact) -> bool:
        """Return whether a wheel was built from a download: by URL, listed digest, or the bytes."""
        sources = BuiltFrom([built])
        if artifact in sources:
            return True
        wanted = sources.digests
        is_archive = artifact.kind in {Kind.SDIST, Kind.OTHER, Kind.UNKNOWN} and artifact.size > 0
        return bool(wanted) and is_archive and not wanted.isdisjoint(self._digests(artifact).items())

    def _is_another(self, artifact: Artifact, projects: Container[str | None]) -> bool:
        """Return whether the key of a copy proves that these are the bytes of a file of no such project."""
        proved = artifact if artifact.url_proved else prove_by_bytes(self._cache, artifact)[0]
        return proved.url_proved and proved.project is not None and proved.project not in projects

    def _digests(self, artifact: Artifact) -> dict[str, str]:
        path = path_of(artifact)
        if path not in self._known:
            self._known[path] = digests_of(self._cache, artifact, self._algorithms)
        return self._known[path]


def is_of_a_name(indicator: Indicator) -> bool:
    """Return whether an indicator means a name alone, and neither bytes nor a URL or a key."""
    return indicator.project is not None and not (indicator.urls or indicator.digests)


def name_of(artifact: Artifact) -> str:
    """Return what an artifact is called: its file's name, else its key, else its place."""
    return artifact.filename or artifact.key or path_of(artifact)
