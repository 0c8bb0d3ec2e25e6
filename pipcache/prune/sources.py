"""Downloads that built wheels were made from."""

from collections.abc import Iterable

from pipcache.inventory.artifact import Artifact, Kind
from pipcache.inventory.built_from import BuiltFrom
from pipcache.prune.latest import version_key
from pipcache.store.entries import BuiltEntry, entry_path


class Sources:
    """The downloads that the built wheels of a rest came from, as far as URL, digest or name and version tell."""

    def __init__(self, rest: Iterable[Artifact], by_bytes: frozenset[str]) -> None:
        """Take all that is left; ``by_bytes`` are the paths of downloads whose bytes are those of a source."""
        self._by_bytes = by_bytes
        built = [artifact for artifact in rest if isinstance(artifact.entry, BuiltEntry)]
        self._noted = BuiltFrom(built)
        self._versions = {(artifact.project, version_key(artifact)) for artifact in built}

    def has(self, artifact: Artifact) -> bool:
        """Return whether a download is one of them."""
        if artifact in self._noted or entry_path(artifact.entry) in self._by_bytes:
            return True
        name = artifact.project, version_key(artifact)
        return artifact.kind is Kind.SDIST and None not in name and name in self._versions
