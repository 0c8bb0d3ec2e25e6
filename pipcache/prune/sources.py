"""The downloads that pip built wheels from."""

from collections.abc import Collection, Iterable, Sequence

from pipcache.inventory.artifact import Artifact, Kind, path_of, unreadable_entries
from pipcache.inventory.built_from import BuiltFrom, wheels_by_bytes
from pipcache.prune.latest import public_version_of
from pipcache.store.cache import Cache
from pipcache.store.entries import BuiltEntry, HttpEntry
from pipcache.store.layout import Store
from pipcache.util.progress import Track


class BuildSources:
    """The downloads that some built wheels came from.

    A download is a source by its URL or its digest, as ``origin.json`` notes them, or by its bytes. An sdist is a
    source also when its project and version are those of a built wheel.
    """

    def __init__(self, artifacts: Iterable[Artifact], paths_by_bytes: Collection[str]) -> None:
        """Take the artifacts that are left, and the paths of downloads that are sources by their bytes."""
        self._paths_by_bytes = paths_by_bytes
        built = [artifact for artifact in artifacts if isinstance(artifact.entry, BuiltEntry)]
        self._built_from = BuiltFrom(built)
        self._versions = {(artifact.project, public_version_of(artifact)) for artifact in built}

    def __contains__(self, artifact: Artifact) -> bool:
        """Return whether a download is one of the sources."""
        if artifact in self._built_from or path_of(artifact) in self._paths_by_bytes:
            return True
        version = artifact.project, public_version_of(artifact)
        return artifact.kind is Kind.SDIST and None not in version and version in self._versions


def find_sources_by_bytes(cache: Cache, artifacts: Sequence[Artifact], track: Track) -> frozenset[str]:
    """Return the paths of downloads whose bytes have the sha256 that an ``origin.json`` notes of its source.

    Only downloads for wheels whose source does not lie under the key of its URL are hashed. If a place of the
    wheel store or an ``origin.json`` cannot be read, any sdist may be the source of a wheel: all are returned.
    """
    downloads = [artifact for artifact in artifacts if isinstance(artifact.entry, HttpEntry)]
    sdists = [artifact for artifact in downloads if artifact.kind in {Kind.SDIST, Kind.OTHER}]
    built = [artifact for artifact in artifacts if isinstance(artifact.entry, BuiltEntry)]
    is_place_unread = any(artifact.store is Store.WHEELS for artifact in unreadable_entries(artifacts))
    if is_place_unread or any(artifact.origin_problem is not None for artifact in built):
        return frozenset(path_of(artifact) for artifact in sdists if artifact.kind is Kind.SDIST)
    return frozenset(wheels_by_bytes(cache, artifacts, sdists, track))
