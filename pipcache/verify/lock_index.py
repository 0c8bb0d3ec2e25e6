"""The pins of lock files, looked up by artifact."""

from collections.abc import Collection, Iterable, Sequence

from pipcache.inventory.artifact import Artifact, Claim, Evidence, Kind
from pipcache.inventory.identify import kind_of_filename
from pipcache.locks.model import LockError, Pin
from pipcache.store.entries import HttpEntry
from pipcache.store.keys import request_key
from pipcache.util.filenames import normal_filename, normalise
from pipcache.util.urls import is_http
from pipcache.util.versions import canonical


class LockIndex:
    """The pins of lock files by key, file name and version. It never changes, so threads may share it."""

    def __init__(self, pins: Iterable[Pin] = ()) -> None:
        """Take the pins; each names the lock file it stands in as its ``source``."""
        self._by_key: dict[str, list[Pin]] = {}
        self._by_filename: dict[str, list[Pin]] = {}
        self._by_version: dict[tuple[str, str], list[Pin]] = {}
        self._sdists: set[tuple[str, str, str]] = set()
        self._by_project: dict[str, list[Pin]] = {}
        for pin in pins:
            if pin.project:
                self._by_project.setdefault(pin.project, []).append(pin)
            version = canonical(pin.version or "")
            if pin.url is not None and (key := request_key(pin.url)) is not None:
                self._by_key.setdefault(key, []).append(pin)
            if pin.filename is not None:
                self._by_filename.setdefault(normal_filename(pin.filename), []).append(pin)
                if not pin.filename.endswith(".whl"):
                    self._sdists.add((pin.source, pin.project, version))
            elif pin.version is not None:
                self._by_version.setdefault((pin.project, version), []).append(pin)

    @property
    def projects(self) -> Collection[str]:
        """The normalised names of the projects that are pinned."""
        return self._by_project.keys()

    def pins_of_project(self, project: str) -> Sequence[Pin]:
        """Return the pins of a project by its normalised name, whether the cache has their files or not."""
        return self._by_project.get(project, ())

    def pins_of(self, artifact: Artifact) -> list[Pin]:
        """Return the pins of an artifact: of each lock file those by key, else by file name, else by version."""
        if not (self._by_filename or self._by_version):
            return []
        if artifact.kind is Kind.BUILT:
            return self._pins_of_built(artifact)
        pins = list(self._pins_by_key(artifact))
        if artifact.kind in {Kind.PAGE, Kind.METADATA, Kind.OTHER} or (artifact.filename or "").endswith(
            ".metadata"
        ):
            return pins
        for less_exact in (self._pins_by_filename(artifact), self._pins_by_version(artifact)):
            sources = {pin.source for pin in pins}
            pins += [pin for pin in less_exact if pin.source not in sources]
        return pins

    def name(self, artifact: Artifact) -> Artifact:
        """Return a download with the name and the URL that a lock file gives for its key."""
        pins = self._pins_by_key(artifact)
        if not pins or artifact.url_proved:
            return artifact
        pin = pins[0]
        claim = Claim(Evidence.LOCK, pin.source, pin.project or None, pin.version, pin.filename)
        is_named = pin.filename is not None and artifact.kind in {Kind.OTHER, Kind.UNKNOWN, Kind.PAGE}
        kind = kind_of_filename(pin.filename or "") if is_named else artifact.kind
        return artifact.proved_by(claim, pin.url, kind)

    def _pins_of_built(self, artifact: Artifact) -> list[Pin]:
        """Return the pins of a wheel that pip built here.

        A pinned wheel of the same name is another file where the lock file says that it is downloaded, or where it
        pins an sdist of the version too.
        """
        return [
            pin
            for pin in self._by_filename.get(normal_filename(artifact.filename or ""), ())
            if not is_http(pin.url or "")
            and (pin.source, pin.project, canonical(pin.version or "")) not in self._sdists
        ]

    def _pins_by_key(self, artifact: Artifact) -> Sequence[Pin]:
        return self._by_key.get(artifact.key or "", ()) if isinstance(artifact.entry, HttpEntry) else ()

    def _pins_by_filename(self, artifact: Artifact) -> list[Pin]:
        claimed = [claim.filename for claim in artifact.claims if claim.filename]
        filenames = claimed[:1] if artifact.url_proved else [*claimed, *artifact.filenames]
        return [
            pin
            for filename in dict.fromkeys(map(normal_filename, filenames))
            for pin in self._by_filename.get(filename, ())
        ]

    def _pins_by_version(self, artifact: Artifact) -> list[Pin]:
        versions = {
            (normalise(claim.project), canonical(claim.version))
            for claim in artifact.claims
            if claim.project and claim.version
        }
        return [pin for version in sorted(versions) for pin in self._by_version.get(version, ())]


def read_lock_index(paths: Iterable[str]) -> LockIndex:
    """Return the pins of the lock files at ``paths``; each pin's source is the path as it is given.

    Raises:
        BadLock: a file is no lock file, or cannot be read.
    """
    pins: list[Pin] = []
    for path in paths:
        from pipcache.locks.lockfiles import BadLock, read_lock  # takes 15 ms, and few runs have a lock file

        try:
            pins += (pin._replace(source=path) for pin in read_lock(path))
        except LockError as error:
            raise BadLock(str(error), path, state="Nothing was verified.") from None
    return LockIndex(pins)
