"""Which artifacts the files of ``--keep-for`` need."""

from collections.abc import Iterable, Iterator
from functools import lru_cache

from pipcache.inventory.artifact import Artifact, Kind
from pipcache.inventory.body import DigestLookup
from pipcache.locks.model import Pin
from pipcache.store.entries import HttpEntry
from pipcache.store.keys import http_key, request_key
from pipcache.util.filenames import normalise
from pipcache.util.urls import has_key, without_user
from pipcache.util.versions import canonical, contains, parse_version


class _File:
    """The rows of one file about one project, found by version: a lock may have thousands of them."""

    def __init__(self) -> None:
        self._pinned: dict[str, list[Pin]] = {}
        self._free: list[Pin] = []

    def add(self, row: Pin) -> None:
        """Take a row in."""
        if row.version is None:
            self._free.append(row)
        else:
            self._pinned.setdefault(canonical(row.version), []).append(row)

    def about(self, version: str | None) -> list[Pin]:
        """Return the rows that can mean a version; all of them where it is not known.

        A pin without a local label means every local version of it, as PEP 440's ``==`` does.
        """
        if version is None:
            return [*self._free, *(row for rows in self._pinned.values() for row in rows)]
        public, _, local = canonical(version).partition("+")
        pinned = self._pinned.get(canonical(version), []) + (self._pinned.get(public, []) if local else [])
        return pinned + [row for row in self._free if _allows(row.specifiers, version)]

    def digests(self, version: str | None) -> set[tuple[str, str]]:
        """Return every digest that is right for a version."""
        return {digest for row in self.about(version) for digest in row.digests}


class Needs:
    """The rows of ``--keep-for``'s files, each file for itself: what any of them names is needed."""

    def __init__(self, rows: Iterable[Pin]) -> None:
        self._keys: set[str] = set()
        self._commits: set[str] = set()
        self._by_digest: set[str] = set()
        self._projects: dict[str, dict[str, tuple[_File, _File]]] = {}
        for row in rows:
            wanted, bounds = self._projects.setdefault(row.project, {}).setdefault(row.source, (_File(), _File()))
            (bounds if row.is_constraint else wanted).add(row)
            self._commits |= {row.commit} if row.commit is not None else set()
            self._by_digest |= {row.project} if row.digests and row.url is None else set()
            if row.url is not None and has_key(url := without_user(row.url)):
                self._keys |= {http_key(url), http_key(f"{url}.metadata")}

    def knows(self, artifact: Artifact) -> bool:
        """Return whether any file names a project that the artifact may be of."""
        return any(project in self._projects for project, _ in _names(artifact))

    def projects_with_digests(self) -> frozenset[str]:
        """Return the projects of which digests alone tell the files: their pages spare the hashing."""
        return frozenset(self._by_digest)

    def unread(self, artifact: Artifact) -> tuple[str, ...]:
        """Return the algorithms of the digests that are needed to decide on an artifact; mostly none."""
        asked: list[str] = []

        def note(one: Artifact, algorithm: str) -> str:
            del one
            asked.append(algorithm)
            return "not read yet"

        self.name(artifact, note)
        return tuple(dict.fromkeys(asked))

    def name(self, artifact: Artifact, digest_of: DigestLookup) -> bool:
        """Return whether any file names ``artifact``; ``digest_of`` is asked where nothing else decides."""
        if isinstance(artifact.entry, HttpEntry) and artifact.key in self._keys:
            return True
        source = artifact.source
        # a repository or an archive may be named by its URL alone
        if source is not None and (source.commit in self._commits or request_key(source.url) in self._keys):
            return True
        return any(
            self._file_names(files, artifact, version, digest_of)
            for project, version in _names(artifact)
            for files in self._projects.get(project, {}).values()
        )

    def _file_names(
        self, files: tuple[_File, _File], artifact: Artifact, version: str | None, digest_of: DigestLookup
    ) -> bool:
        """Return whether one file names it: by a requirement, within its constraints where it has some."""
        if artifact.kind is Kind.PAGE:
            return True
        some = [one for one in files if one.about(None)]
        return all(_among(one, artifact, version, digest_of) for one in some)


def _among(file: _File, artifact: Artifact, version: str | None, digest_of: DigestLookup) -> bool:
    rows = file.about(version)
    if not rows or all(row.commit is not None for row in rows):
        # what is pinned to a commit is known by that alone, where that can be known
        return bool(rows) and artifact.kind is Kind.BUILT and artifact.source is None
    digests = file.digests(version)
    if not digests or artifact.kind is Kind.METADATA:
        return True
    return _has_one_of(digests, artifact, digest_of)


def _names(artifact: Artifact) -> Iterator[tuple[str, str | None]]:
    """Yield (project, version) as each source of an artifact's name has it."""
    for claim in artifact.claims:
        if claim.project:
            yield normalise(claim.project), claim.version or artifact.version


@lru_cache(maxsize=1 << 16)
def _allows(specifiers: str, version: str) -> bool:
    """Return whether specifiers allow a version; none do, and what is no PEP 440 version cannot be excluded."""
    return not specifiers or parse_version(version) is None or contains(specifiers, version)


def _has_one_of(digests: set[tuple[str, str]], artifact: Artifact, digest_of: DigestLookup) -> bool:
    """Return whether it, or what it was built from, has one of ``digests``; true where that is not known."""
    algorithms = {name for name, _ in digests}
    if artifact.kind is Kind.BUILT:
        known = set(artifact.source.hashes if artifact.source is not None else ())
        # what it was made from may not be told: then its version decides
        return bool(known & digests) or not any(name in algorithms for name, _ in known)
    listed = {
        pair for page in (artifact.listed, *artifact.also_listed) if page is not None for pair in page.hashes
    }
    if listed & digests:
        return True
    found = {name: digest_of(artifact, name) for name in sorted(algorithms)}
    return any((name, value) in digests for name, value in found.items()) or not any(found.values())
