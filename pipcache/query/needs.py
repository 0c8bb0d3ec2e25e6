"""Which artifacts lock and requirements files name."""

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from pipcache.inventory.artifact import Artifact, Kind, path_of
from pipcache.inventory.body import DigestLookup, digest_lookup
from pipcache.inventory.built_from import noted_digests, source_key
from pipcache.locks.lockfiles import BadLock, NamesNothing, read_names
from pipcache.locks.model import LockError, Pin
from pipcache.store.cache import Cache
from pipcache.store.entries import HttpEntry
from pipcache.store.keys import http_key
from pipcache.util.filenames import normalise
from pipcache.util.progress import Track
from pipcache.util.urls import has_key, without_user
from pipcache.util.versions import affected_by, contains, listed_as, parse_version


class _ProjectPins:
    """The pins of one file for one project, looked up by version: a lock may have thousands of them."""

    def __init__(self) -> None:
        self._by_version: dict[str, list[Pin]] = {}
        self._without_version: list[Pin] = []

    def add(self, pin: Pin) -> None:
        """Add a pin."""
        if pin.version is None:
            self._without_version.append(pin)
        else:
            for version in listed_as(pin.version):
                self._by_version.setdefault(version, []).append(pin)

    def matching(self, version: str | None) -> list[Pin]:
        """Return the pins that allow a version (``affects``); all of them where the version is not known."""
        if version is None:
            return [*self._without_version, *(pin for pins in self._by_version.values() for pin in pins)]
        pins = [pin for means in sorted(affected_by(version)) for pin in self._by_version.get(means, ())]
        return pins + [pin for pin in self._without_version if _allows(pin.specifiers, version)]

    def digests(self, version: str | None) -> set[tuple[str, str]]:
        """Return the (algorithm, hex digest) pairs that the file allows for a version."""
        return {digest for pin in self.matching(version) for digest in pin.digests}


class Needs:
    """The pins of lock and requirements files. What any of the files names is needed."""

    def __init__(self, pins: Iterable[Pin]) -> None:
        """Take the pins; their ``source`` names the file that each comes from."""
        self._keys: set[str] = set()
        self._commits: set[str] = set()
        self._with_digests: set[str] = set()
        # by project and file: its requirements and its constraints
        self._projects: dict[str, dict[str, tuple[_ProjectPins, _ProjectPins]]] = {}
        for pin in pins:
            files = self._projects.setdefault(pin.project, {})
            requirements, constraints = files.setdefault(pin.source, (_ProjectPins(), _ProjectPins()))
            (constraints if pin.is_constraint else requirements).add(pin)
            self._commits |= {pin.commit} if pin.commit is not None else set()
            self._with_digests |= {pin.project} if pin.digests and pin.url is None else set()
            if pin.url is not None and has_key(url := without_user(pin.url)):
                self._keys |= {http_key(url), http_key(f"{url}.metadata")}

    def names_project_of(self, artifact: Artifact) -> bool:
        """Return whether any file names a project that the artifact may be of."""
        return any(project in self._projects for project, _ in _claimed_versions(artifact))

    def projects_with_digests(self) -> frozenset[str]:
        """Return the projects of which pins have digests and no URL.

        The index pages of these projects list digests, so fewer artifacts must be hashed.
        """
        return frozenset(self._with_digests)

    def algorithms_for(self, artifact: Artifact) -> tuple[str, ...]:
        """Return the algorithms of the digests that decide whether an artifact is named; mostly none."""
        algorithms: list[str] = []

        def record(_artifact: Artifact, algorithm: str) -> str:
            algorithms.append(algorithm)
            return "not read yet"

        self.include(artifact, record)
        return tuple(dict.fromkeys(algorithms))

    def include(self, artifact: Artifact, digest_of: DigestLookup) -> bool:
        """Return whether any file names ``artifact``; ``digest_of`` is called where only a digest decides."""
        if isinstance(artifact.entry, HttpEntry) and artifact.key in self._keys:
            return True
        source = artifact.source
        # a repository or an archive may be named by its URL alone
        if source is not None and (source.commit in self._commits or source_key(artifact) in self._keys):
            return True
        return any(
            _file_names(pins, artifact, version, digest_of)
            for project, version in _claimed_versions(artifact)
            for pins in self._projects.get(project, {}).values()
        )


def read_needs(paths: Sequence[str]) -> Needs:
    """Return what the lock and requirements files at ``paths`` name.

    Raises:
        BadLock: as ``read_named``.
    """
    return Needs(read_named(paths, state="Nothing was removed."))


def read_named(paths: Iterable[str], *, state: str) -> list[Pin]:
    """Return every pin of lock and requirements files; each pin's source is the path as it is given.

    Args:
        paths: the files.
        state: a sentence of the error that says what was not done.

    Raises:
        BadLock: a file is no lock or requirements file, or cannot be read; or none of them names a project.
    """
    pins: list[Pin] = []
    empty: list[BadLock] = []
    for path in paths:
        try:
            pins += (pin._replace(source=path) for pin in read_names(path))
        except LockError as error:
            refused = BadLock(str(error), path, state=state)
            if not isinstance(error, NamesNothing):
                raise refused from None
            empty.append(refused)
    if not pins:
        raise empty[0]
    return pins


def needed_paths(cache: Cache, artifacts: Sequence[Artifact], needs: Needs, track: Track) -> frozenset[str]:
    """Return the paths of what ``needs`` includes; bodies are hashed where only their digests decide."""
    algorithms = {path_of(artifact): needs.algorithms_for(artifact) for artifact in artifacts}
    undecided = [artifact for artifact in artifacts if algorithms[path_of(artifact)]]
    all_algorithms = sorted({name for names in algorithms.values() for name in names})
    digest_of = digest_lookup(cache, undecided, all_algorithms, track)
    return frozenset(path_of(artifact) for artifact in artifacts if needs.include(artifact, digest_of))


def _file_names(
    pins: tuple[_ProjectPins, _ProjectPins], artifact: Artifact, version: str | None, digest_of: DigestLookup
) -> bool:
    """Return whether a file names an artifact: a requirement does, and its constraints, if any, allow it."""
    if artifact.kind is Kind.PAGE:
        return True
    used = [project_pins for project_pins in pins if project_pins.matching(None)]
    return all(_allow(project_pins, artifact, version, digest_of) for project_pins in used)


def _allow(pins: _ProjectPins, artifact: Artifact, version: str | None, digest_of: DigestLookup) -> bool:
    """Return whether pins allow an artifact, by its version, and by its digests where the pins have some."""
    matching = pins.matching(version)
    if not matching or all(pin.commit is not None for pin in matching):
        # a commit has decided already, unless it is not known of which commit a wheel was built
        return bool(matching) and artifact.kind is Kind.BUILT and artifact.source is None
    digests = pins.digests(version)
    if not digests or artifact.kind is Kind.METADATA:
        return True
    return _has_one_of(digests, artifact, digest_of)


def _claimed_versions(artifact: Artifact) -> Iterator[tuple[str, str | None]]:
    """Yield (project, version) as each source of an artifact's name has it."""
    for claim in artifact.claims:
        if claim.project:
            yield normalise(claim.project), claim.version or artifact.version


@lru_cache(maxsize=1 << 16)
def _allows(specifiers: str, version: str) -> bool:
    """Return whether specifiers allow a version. No specifiers allow all; a version outside PEP 440 is allowed."""
    return not specifiers or parse_version(version) is None or contains(specifiers, version)


def _has_one_of(digests: set[tuple[str, str]], artifact: Artifact, digest_of: DigestLookup) -> bool:
    """Return whether an artifact, or what it was built from, has one of ``digests``; True if not known."""
    algorithms = {name for name, _ in digests}
    if artifact.kind is Kind.BUILT:
        noted = frozenset[tuple[str, str]]() if artifact.source is None else noted_digests(artifact.source)
        # where no digest of the source is noted, the version decides
        return bool(noted & digests) or not any(name in algorithms for name, _ in noted)
    listed = {
        pair for page in (artifact.listed, *artifact.also_listed) if page is not None for pair in page.hashes
    }
    if listed & digests:
        return True
    measured = {name: digest_of(artifact, name) for name in sorted(algorithms)}
    return any((name, value) in digests for name, value in measured.items()) or not any(measured.values())
