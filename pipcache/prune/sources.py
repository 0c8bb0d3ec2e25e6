"""Downloads that built wheels were made from."""

from collections.abc import Iterable

from pipcache.inventory.artifact import Artifact, Kind
from pipcache.prune.latest import version_key
from pipcache.store.entries import BuiltEntry, entry_path
from pipcache.store.keys import request_key


class Sources:
    """The downloads that the built wheels of a rest came from, as far as URL, digest or name and version tell."""

    def __init__(self, rest: Iterable[Artifact], by_bytes: frozenset[str]) -> None:
        """Take all that is left; ``by_bytes`` are the paths of downloads whose bytes are those of a source."""
        self._by_bytes = by_bytes
        self._keys: set[str] = set()
        self._digests: set[tuple[str, str]] = set()
        self._versions: set[tuple[str | None, object]] = set()
        for one in rest:
            if not isinstance(one.entry, BuiltEntry):
                continue
            self._versions.add((one.project, version_key(one)))
            if one.source is not None:
                self._digests.update(one.source.hashes)
                self._keys |= {key} if (key := request_key(one.source.url)) is not None else set()

    def has(self, artifact: Artifact) -> bool:
        """Return whether a download is one of them."""
        if artifact.key in self._keys or entry_path(artifact.entry) in self._by_bytes:
            return True
        if artifact.kind not in {Kind.SDIST, Kind.OTHER}:
            return False
        listed = () if artifact.listed is None else artifact.listed.hashes
        if any(pair in self._digests for pair in listed):
            return True
        name = artifact.project, version_key(artifact)
        return artifact.kind is Kind.SDIST and None not in name and name in self._versions
