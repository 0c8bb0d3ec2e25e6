"""What lock and requirements files need of a cache: what they name by URL, digest, version or specifier."""

from collections.abc import Iterable, Iterator

from pipcache.artifacts import Artifact, Kind
from pipcache.entries import HttpEntry
from pipcache.keys import has_key, http_key, without_user
from pipcache.lockrows import Locked
from pipcache.names import normalise
from pipcache.selectors import DigestLookup


class Needs:
    """The rows of ``--keep-for``'s files, each file for itself: what any of them names is needed."""

    def __init__(self, rows: Iterable[Locked]) -> None:
        self._keys: set[str] = set()
        self._projects: dict[str, dict[str, list[Locked]]] = {}
        for row in rows:
            self._projects.setdefault(row.project, {}).setdefault(row.source, []).append(row)
            if row.url is not None and has_key(url := without_user(row.url)):
                self._keys |= {http_key(url), http_key(f"{url}.metadata")}

    def knows(self, artifact: Artifact) -> bool:
        """Return whether any file names a project that the artifact may be of."""
        return any(project in self._projects for project, _ in _names(artifact))

    def projects_with_digests(self) -> frozenset[str]:
        """Return the projects of which digests alone tell the files: their pages spare the hashing."""
        return frozenset(
            project
            for project, files in self._projects.items()
            if any(row.digests and row.url is None for rows in files.values() for row in rows)
        )

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
        return any(
            self._file_names(rows, artifact, version, digest_of)
            for project, version in _names(artifact)
            for rows in self._projects.get(project, {}).values()
        )

    def _file_names(
        self, rows: list[Locked], artifact: Artifact, version: str | None, digest_of: DigestLookup
    ) -> bool:
        """Return whether one file names it: by a requirement, within its constraints where it has some."""
        bounds = [row for row in rows if row.is_constraint]
        wanted = [row for row in rows if not row.is_constraint] or bounds

        def among(some: list[Locked]) -> bool:
            return any(self._row_names(row, some, artifact, version, digest_of) for row in some)

        return among(wanted) and (not bounds or among(bounds))

    def _row_names(
        self, row: Locked, rows: list[Locked], artifact: Artifact, version: str | None, digest_of: DigestLookup
    ) -> bool:
        if artifact.kind is Kind.PAGE:
            return True
        if version is not None and not _allows(row, version):
            return False
        if row.commit is not None:
            source = artifact.source
            return artifact.kind is Kind.BUILT and (source is None or source.commit == row.commit)
        digests = {
            digest for one in rows if one.digests and _is_about(one, row, version) for digest in one.digests
        }
        if not digests or artifact.kind is Kind.METADATA:
            return True
        return _has_one_of(digests, artifact, digest_of)


def _names(artifact: Artifact) -> Iterator[tuple[str, str | None]]:
    """Yield (project, version) as each source of an artifact's name has it."""
    for claim in artifact.claims:
        if claim.project:
            yield normalise(claim.project), claim.version or artifact.version


def _allows(row: Locked, version: str) -> bool:
    """Return whether a row can mean a version; one without version and specifiers means all."""
    from packaging.specifiers import SpecifierSet  # noqa: PLC0415 - only where a lock file was given
    from packaging.utils import canonicalize_version  # noqa: PLC0415 - as above
    from packaging.version import Version  # noqa: PLC0415 - as above

    try:
        if row.version is not None:
            return canonicalize_version(row.version) == canonicalize_version(version)
        return not row.specifiers or SpecifierSet(row.specifiers).contains(Version(version), prereleases=True)
    except ValueError:  # no PEP 440 version, or a number longer than int() takes
        return row.version == version if row.version is not None else True


def _is_about(one: Locked, row: Locked, version: str | None) -> bool:
    """Return whether a row with digests tells of the version that ``row`` names."""
    meant = row.version or version
    return one.version is None or meant is None or _allows(one, meant)


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
