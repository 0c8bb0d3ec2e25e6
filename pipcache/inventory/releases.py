"""Releases and digests of downloads, which files on index pages are looked for by where no URL joins the two."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from pipcache.index.rows import PageFile, Row
from pipcache.inventory.artifact import Artifact, Kind
from pipcache.store.entries import HttpEntry
from pipcache.util.filenames import normalise, parse_filename
from pipcache.util.versions import canonical, parse_version


class Release(NamedTuple):
    """A normalised project, and a version as ``spelled_version`` spells it."""

    project: str
    version: str


def spelled_version(version: str) -> str:
    """Return a version in a spelling that equal versions share, as ``same_version`` compares them."""
    spelled = version.replace("_", "+", 1)
    return version.replace("_", "-") if parse_version(spelled) is None else canonical(spelled)


def _releases_of(artifact: Artifact) -> set[Release]:
    """Return the releases that the names of a download give; none for what no page can list."""
    if not isinstance(artifact.entry, HttpEntry) or artifact.kind not in {Kind.WHEEL, Kind.SDIST, Kind.METADATA}:
        return set()
    return {
        Release(normalise(claim.project), spelled_version(claim.version))
        for claim in artifact.claims
        if claim.project and claim.version
    }


_NOWHERE = re.compile(r"(?!)")


def _start_of(version: str) -> str:
    """Return a pattern for the beginning of a version as file names may spell it: its first two numbers."""
    parsed = parse_version(version)
    if parsed is None:
        return f"(?i:{re.escape(version[:1])})"
    return r"(?<![0-9])0*" + r"\.0*".join(map(str, parsed.release[:2])) + r"(?![0-9])"


class ReleasesOnPage:
    """Decides which rows of one page may be a download that is looked for."""

    def __init__(self, releases: "Releases", project: str | None) -> None:
        """Make it for a page of ``project``; of any project where that is None."""
        self._releases = releases
        self._project = project
        self._start = None if project is None else releases.starts.get(project, _NOWHERE)

    def wants(self, row: Row) -> bool:
        """Return whether a row may be a download, by its name or by a digest."""
        digests = self._releases.digests
        if self._release_of(row.filename) is not None or (digests and row.may_have(digests)):
            return True
        return any(map(self._release_of, self._names_of_eggs(row)))

    def wanted_by(self, row: Row, file: PageFile) -> Iterator[Release | str]:
        """Yield the release, and the digests, of the downloads that a row may be."""
        yield from filter(None, map(self._release_of, [row.filename, *self._names_of_eggs(row)]))
        yield from {digest for _, digest in file.hashes if digest in self._releases.digests}

    def _names_of_eggs(self, row: Row) -> list[str]:
        """Return the file names that the eggs of a row stand for: each is like the name of an sdist."""
        return [f"{egg}.tar" for egg in row.eggs]

    def _release_of(self, filename: str) -> Release | None:
        """Return the release of a listed file, where it is looked for."""
        if self._start is not None and self._start.search(filename) is None:
            return None  # nearly every row, and this is much faster than to parse its name
        name = parse_filename(filename, self._project)
        if name is None or name.version is None:
            return None
        release = Release(normalise(name.project), spelled_version(name.version))
        return release if release in self._releases.releases else None


class Releases:
    """The releases and the digests of some downloads.

    Attributes:
        releases: the releases.
        digests: hex digests of downloads that are looked for by digest too.
        starts: by project, what the name of a file of one of its releases contains in any spelling.
    """

    def __init__(self, artifacts: Iterable[Artifact] = (), digests: Mapping[str, str] | None = None) -> None:
        """Take the downloads.

        Args:
            artifacts: the downloads; others are left out.
            digests: hex digests, by key, of downloads that are looked for by digest too.
        """
        self._digests_by_key = dict(digests or {})
        self.digests = frozenset(self._digests_by_key.values())
        self.releases = frozenset(release for artifact in artifacts for release in _releases_of(artifact))
        starts: dict[str, set[str]] = {}
        for release in self.releases:
            starts.setdefault(release.project, set()).add(_start_of(release.version))
        self.starts = {project: re.compile("|".join(sorted(patterns))) for project, patterns in starts.items()}

    def on_page(self, project: str | None) -> ReleasesOnPage | None:
        """Return what decides which rows of the page of a project matter; None where none can."""
        if not self.digests and (not self.releases or (project is not None and project not in self.starts)):
            return None
        return ReleasesOnPage(self, project)

    def of_artifact(self, artifact: Artifact) -> Iterator[Release | str]:
        """Yield by what rows were looked for, for an artifact: its releases and its digest."""
        yield from sorted(_releases_of(artifact))
        if artifact.key in self._digests_by_key:
            yield self._digests_by_key[artifact.key]


NO_RELEASES = Releases()
