"""What is derived from hits: copies, built wheels, the sources of such wheels, metadata files."""

from collections.abc import Container, Iterator, Sequence
from enum import StrEnum
from typing import NamedTuple

from pipcache.advisories.model import Indicator
from pipcache.audit.matcher import Clause, Matcher
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
    """How a hit is related to the advisories."""

    MATCH = "match"  # an indicator matches it
    PAGE = "page"  # an index page that lists a hit, or what an indicator matches: pip would choose it again
    BUILT_FROM = "built-from"  # a wheel that was built from a hit, or the origin.json of such a wheel
    SOURCE = "source"  # the download that a hit was built from
    COPY = "copy"  # the bytes of a hit under another key
    METADATA = "metadata"  # the .metadata file of a hit
    INSTALLED = "installed"  # an indicator matches it, and it is installed in an environment that uv keeps


class Hit(NamedTuple):
    """An artifact that an advisory concerns, with the reason and the proof.

    Attributes:
        artifact: the artifact.
        relation: how it is related to the advisories.
        clauses: what matches it, or what matches the files that a page lists.
        derived_from: the name of the artifact that it is derived from; empty for matches and pages.
        listed: of a page: the names of the listed files that are concerned.
        digests: of its bytes; None where they cannot be read.
        listed_by: the projects whose cached pages list it.
        source: of a built wheel: the URL that it was built from, and whether that is cached; None if not known.
    """

    artifact: Artifact
    relation: Relation
    clauses: tuple[Clause, ...] = ()
    derived_from: str = ""
    listed: tuple[str, ...] = ()
    digests: Digests | None = None
    listed_by: tuple[str, ...] = ()
    source: tuple[str, bool] | None = None


class Derivation:
    """Finds what is derived from hits.

    Attributes:
        contradicted: artifacts that have the bytes of a hit while their key proves the name of another project:
            the reason, by the paths of entries.
    """

    def __init__(self, cache: Cache, artifacts: Sequence[Artifact], matcher: Matcher) -> None:
        """Take the cache, the artifacts that may be derived from hits, and the indicators."""
        self._cache = cache
        self._artifacts = artifacts
        self._matcher = matcher
        self._digests_by_path: dict[str, dict[str, str]] = {}
        noted = {
            name for artifact in artifacts if artifact.source is not None for name, _ in artifact.source.hashes
        }
        self._algorithms = frozenset({"sha256", *noted})
        self._projects_by_path: dict[str, set[str | None]] = {}  # of hits that match by their names alone
        self.contradicted: dict[str, str] = {}

    def derived_from(self, hits: Sequence[Hit]) -> list[Hit]:
        """Return what is derived from ``hits``, directly or in several steps, without ``hits``.

        A worklist. Before each round of the loop, ``reached`` has the paths of ``hits`` and of ``derived``.
        ``pending`` are those hits for which the loop has still to look for artifacts that are derived from them.
        What is derived in one step from any other hit, apart from sources, is in ``derived`` already. Each round
        reaches a new artifact or is the last one, so the loop ends.
        """
        self._projects_by_path = {
            path_of(hit.artifact): {clause.indicator.project for clause in hit.clauses}
            for hit in hits
            if all(is_by_name_only(clause.indicator) for clause in hit.clauses)
        }
        if self._algorithms == {"sha256"}:  # pip >= 23 notes no other
            self._digests_by_path |= {
                path_of(hit.artifact): {"sha256": hit.digests.sha256} for hit in hits if hit.digests
            }
        reached = {path_of(hit.artifact) for hit in hits}
        # what an indicator matches can be gone from the cache while what is derived from it is still there
        derived = [hit for hit in self._derived_from_indicators() if path_of(hit.artifact) not in reached]
        reached |= {path_of(hit.artifact) for hit in derived}
        pending = [*hits, *derived]
        while pending:
            others = [artifact for artifact in self._artifacts if path_of(artifact) not in reached]
            step = list(self._derived_in_one_step([hit.artifact for hit in pending], others))
            reached |= {path_of(hit.artifact) for hit in step}
            # a source is no reason to suspect the other wheels that were built from it
            pending = [hit for hit in step if hit.relation is not Relation.SOURCE]
            derived += [*(hit for hit in step if hit.relation is Relation.SOURCE), *pending]
        return derived

    def _derived_from_indicators(self) -> Iterator[Hit]:
        """Yield what is derived from files that indicators match, whether these are in the cache or not."""
        for artifact in self._artifacts:
            if clauses := self._matcher.clauses_of_metadata(artifact):
                first = clauses[0].indicator
                filename = first.filename or filename_in(first.urls[0])
                yield Hit(artifact, Relation.METADATA, tuple(clauses), derived_from=filename)
            if artifact.source is not None and (clauses := self._matcher.clauses_of_source(artifact.source)):
                yield Hit(artifact, Relation.BUILT_FROM, tuple(clauses), derived_from=artifact.source.url)

    def _derived_in_one_step(self, origins: Sequence[Artifact], others: Sequence[Artifact]) -> Iterator[Hit]:
        """Yield those of ``others`` that are derived from ``origins``, in the order of ``others``."""
        # the same sign-in page may be stored in the place of many files
        files = [origin for origin in origins if origin.kind in DISTRIBUTIONS and not is_text(self._cache, origin)]
        by_digest = {pair: origin for origin in files for pair in self._digests(origin).items()}
        sizes = {origin.size for origin in files if origin.size}
        downloads = [origin for origin in origins if isinstance(origin.entry, HttpEntry)]
        by_key = {origin.key: origin for origin in downloads if origin.key is not None}
        by_key |= {
            key: origin for origin in downloads if origin.url and (key := request_key(origin.url)) is not None
        }
        by_metadata_key = {
            http_key(f"{origin.url}.metadata"): origin for origin in origins if origin.url and has_key(origin.url)
        }
        built = [
            origin for origin in origins if isinstance(origin.entry, BuiltEntry) and origin.source is not None
        ]
        for artifact in others:
            if artifact.kind is Kind.PAGE:
                continue
            if artifact.source is not None:  # a built wheel, or the origin.json of one
                with_digest = (
                    by_digest[pair] for pair in sorted(noted_digests(artifact.source)) if pair in by_digest
                )
                source = by_key.get(source_key(artifact) or "") or next(with_digest, None)
                if source is not None:
                    yield Hit(artifact, Relation.BUILT_FROM, derived_from=display_name(source))
                    continue
            if not isinstance(artifact.entry, HttpEntry):
                continue
            if (wheel := next((wheel for wheel in built if self._is_source(artifact, wheel)), None)) is not None:
                yield Hit(artifact, Relation.SOURCE, derived_from=display_name(wheel))
            elif artifact.kind is Kind.METADATA and artifact.key in by_metadata_key:
                yield Hit(artifact, Relation.METADATA, derived_from=display_name(by_metadata_key[artifact.key]))
            elif artifact.size in sizes and artifact.kind is not Kind.METADATA:
                original = by_digest.get(("sha256", self._digests(artifact).get("sha256", "")))
                if original is not None and not self._is_contradicted(artifact, original):
                    yield Hit(artifact, Relation.COPY, derived_from=display_name(original))

    def _is_source(self, artifact: Artifact, built: Artifact) -> bool:
        """Return whether a wheel was built from a download: by URL, listed digest, or the bytes."""
        sources = BuiltFrom([built])
        if artifact in sources:
            return True
        is_archive = artifact.kind in {Kind.SDIST, Kind.OTHER, Kind.UNKNOWN} and artifact.size > 0
        return (
            bool(sources.digests)
            and is_archive
            and not sources.digests.isdisjoint(self._digests(artifact).items())
        )

    def _is_contradicted(self, copy: Artifact, original: Artifact) -> bool:
        """Return whether the key of a copy proves another project than the names by which ``original`` is a hit.

        The reason is noted in ``contradicted``.
        """
        projects = self._projects_by_path.get(path_of(original))
        if projects is None or not self._is_of_another_project(copy, projects):
            return False
        name = display_name(original)
        self.contradicted[path_of(copy)] = f"its key proves another name, and it has the bytes of {name}"
        return True

    def _is_of_another_project(self, artifact: Artifact, projects: Container[str | None]) -> bool:
        """Return whether the key of an artifact proves that it is a file of none of ``projects``."""
        proved = artifact if artifact.url_proved else prove_by_bytes(self._cache, artifact)[0]
        return proved.url_proved and proved.project is not None and proved.project not in projects

    def _digests(self, artifact: Artifact) -> dict[str, str]:
        path = path_of(artifact)
        if path not in self._digests_by_path:
            self._digests_by_path[path] = digests_of(self._cache, artifact, self._algorithms)
        return self._digests_by_path[path]


def is_by_name_only(indicator: Indicator) -> bool:
    """Return whether an indicator gives a name, and neither digests nor URLs."""
    return indicator.project is not None and not (indicator.urls or indicator.digests)


def display_name(artifact: Artifact) -> str:
    """Return what to call an artifact: its file name, else its key, else the path of its entry."""
    if artifact.kind is Kind.ENVIRONMENT and artifact.project:
        return f"{artifact.project} {artifact.version or ''}".rstrip()
    return artifact.filename or artifact.key or path_of(artifact)
