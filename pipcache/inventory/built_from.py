"""Which downloads built wheels were built from, by the URL or a digest in ``origin.json`` (PEP 610)."""

from collections.abc import Iterable, Iterator

from pipcache.inventory.artifact import Artifact, Kind
from pipcache.store.entries import HttpEntry
from pipcache.store.keys import request_key
from pipcache.store.origin import Origin


def source_key(artifact: Artifact) -> str | None:
    """Return the key of the download that a wheel was built from; None where no URL is known, or it has no key."""
    return None if artifact.source is None else request_key(artifact.source.url)


def noted_digests(source: Origin) -> frozenset[tuple[str, str]]:
    """Return the (algorithm, hex digest) pairs that ``origin.json`` has of an archive, in lower case."""
    return frozenset((name, value.lower()) for name, value in source.hashes)


class BuiltFrom:
    """The sources of some built wheels: the keys of their URLs, and their digests in ``origin.json``."""

    def __init__(self, built: Iterable[Artifact]) -> None:
        """Collect the keys and the digests.

        Args:
            built: built wheels, or ``origin.json`` files whose wheel is gone.
        """
        sources = [artifact for artifact in built if artifact.source is not None]
        self.keys = frozenset(key for artifact in sources if (key := source_key(artifact)) is not None)
        self.digests = frozenset(
            pair for artifact in sources if artifact.source is not None for pair in noted_digests(artifact.source)
        )

    def __contains__(self, artifact: Artifact) -> bool:
        """Return whether an artifact is one of the sources, by its key or by a digest that an index page lists."""
        if not isinstance(artifact.entry, HttpEntry) or artifact.kind in {Kind.PAGE, Kind.METADATA}:
            return False
        listed = () if artifact.listed is None else artifact.listed.hashes
        return artifact.key in self.keys or not self.digests.isdisjoint(listed)


def sources_of(built: Artifact, artifacts: Iterable[Artifact]) -> Iterator[Artifact]:
    """Yield the downloads that a wheel was built from."""
    sources = BuiltFrom([built])
    return (artifact for artifact in artifacts if artifact in sources)
