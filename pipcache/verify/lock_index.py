"""Pins of lock files, looked up by artifact."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from pipcache.inventory.artifact import Artifact, Claim, Evidence, Kind
from pipcache.inventory.identify import kind_of_filename
from pipcache.locks.lockfiles import BadLock
from pipcache.store.entries import HttpEntry
from pipcache.store.keys import request_key
from pipcache.util.filenames import normalise, parse_filename
from pipcache.util.versions import canonical

if TYPE_CHECKING:
    from pipcache.locks.model import Pin


class Locks:
    """The rows of lock files, each source for itself."""

    def __init__(self, pins: Iterable["Pin"] = ()) -> None:
        self._keys: dict[str, list[Pin]] = {}
        self._files: dict[str, list[Pin]] = {}
        self._versions: dict[tuple[str, str], list[Pin]] = {}
        self._sdists: set[tuple[str, str, str]] = set()
        for pin in pins:
            version = canonical(pin.version or "")
            if pin.url is not None and (key := request_key(pin.url)) is not None:
                self._keys.setdefault(key, []).append(pin)
            if pin.filename is not None:
                self._files.setdefault(_spelled(pin.filename), []).append(pin)
                if not pin.filename.endswith(".whl"):
                    self._sdists.add((pin.source, pin.project, version))
            elif pin.version is not None:
                self._versions.setdefault((pin.project, version), []).append(pin)

    def knows(self, artifact: Artifact) -> bool:
        """Return whether any of the files has a digest for this one."""
        return bool(self.of(artifact))

    def of(self, artifact: Artifact) -> list["Pin"]:
        """Return the rows about an artifact: of each lock file those by key, else by name, else by version."""
        if not (self._files or self._versions):
            return []
        if artifact.kind is Kind.BUILT:
            return self._of_built(artifact)
        found = self._keys.get(artifact.key or "", []) if isinstance(artifact.entry, HttpEntry) else []
        if artifact.kind in {Kind.PAGE, Kind.METADATA, Kind.OTHER} or (artifact.filename or "").endswith(
            ".metadata"
        ):
            return found
        rows = list(found)
        for more in (self._by_filename(artifact), self._by_version(artifact)):
            told = {one.source for one in rows}
            rows += [one for one in more if one.source not in told]
        return rows

    def name(self, artifact: Artifact) -> Artifact:
        """Return a download with the name and the URL that a lock file gives for its key."""
        rows = self._keys.get(artifact.key or "", []) if isinstance(artifact.entry, HttpEntry) else []
        if not rows or artifact.url_proved:
            return artifact
        row = rows[0]
        claim = Claim(Evidence.LOCK, row.source, row.project or None, row.version, row.filename)
        is_named = row.filename is not None and artifact.kind in {Kind.OTHER, Kind.UNKNOWN, Kind.PAGE}
        kind = kind_of_filename(row.filename or "") if is_named else artifact.kind
        return artifact._replace(kind=kind, claims=(claim, *artifact.claims), url=row.url, url_proved=True)

    def _of_built(self, artifact: Artifact) -> list["Pin"]:
        """Return rows about a wheel that was built here: not of a wheel from elsewhere that has the same name."""
        return [
            one
            for one in self._files.get(_spelled(artifact.filename or ""), ())
            if not (one.url or "").startswith("http")
            and (one.source, one.project, canonical(one.version or "")) not in self._sdists
        ]

    def _by_filename(self, artifact: Artifact) -> list["Pin"]:
        claimed = [claim.filename for claim in artifact.claims if claim.filename]
        names = claimed[:1] if artifact.url_proved else [*claimed, *artifact.filenames]
        return [one for name in dict.fromkeys(map(_spelled, names)) for one in self._files.get(name, ())]

    def _by_version(self, artifact: Artifact) -> Sequence["Pin"]:
        pairs = {
            (normalise(claim.project), canonical(claim.version))
            for claim in artifact.claims
            if claim.project and claim.version
        }
        return [one for pair in sorted(pairs) for one in self._versions.get(pair, ())]


def _spelled(filename: str) -> str:
    """Return a file name in one spelling: names of projects are compared in their normal form."""
    parsed = parse_filename(filename)
    if parsed is None:
        return filename
    return normalise(parsed.project) + filename[len(parsed.project) :]


def read_locks(paths: Iterable[str]) -> Locks:
    """Return what the lock files at ``paths`` write down.

    Raises:
        BadLock: one of them is no lock file, or cannot be read.
    """
    paths = list(paths)
    if not paths:
        return Locks()
    from pipcache.locks.lockfiles import read_lock  # noqa: PLC0415 - brings parsers that most runs do not need
    from pipcache.locks.model import LockError  # noqa: PLC0415 - brings parsers that most runs do not need

    try:
        return Locks(one._replace(source=path) for path in paths for one in read_lock(path))
    except LockError as error:
        raise BadLock(str(error), hint="Nothing was verified.") from None
