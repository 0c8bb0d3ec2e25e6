"""Which downloads built wheels were built from, by the URL or a digest in ``origin.json`` (PEP 610)."""

from collections.abc import Iterable, Sequence

from pipcache.inventory.artifact import Artifact, Kind, path_of
from pipcache.inventory.body import digest_lookup
from pipcache.inventory.redirects import Redirects
from pipcache.store.cache import Cache
from pipcache.store.entries import HttpEntry
from pipcache.store.keys import request_key
from pipcache.store.origin import Origin
from pipcache.util.progress import Track, untracked


def source_key(artifact: Artifact) -> str | None:
    """Return the key of the download that a wheel was built from; None where no URL is known, or it has no key."""
    return None if artifact.source is None else request_key(artifact.source.url)


def noted_digests(source: Origin) -> frozenset[tuple[str, str]]:
    """Return the (algorithm, hex digest) pairs that ``origin.json`` has of an archive, in lower case."""
    return frozenset((name, value.lower()) for name, value in source.hashes)


def _may_be_source(artifact: Artifact) -> bool:
    """Return whether an artifact is a download, and neither a page nor a metadata file."""
    return isinstance(artifact.entry, HttpEntry) and artifact.kind not in {Kind.PAGE, Kind.METADATA}


class BuiltFrom:
    """The sources of some built wheels: the keys of their URLs, and their digests in ``origin.json``."""

    def __init__(self, built: Iterable[Artifact], redirects: Redirects | None = None) -> None:
        """Collect the keys and the digests.

        Args:
            built: built wheels, or ``origin.json`` files whose wheel is gone.
            redirects: the stored redirects of the cache; a source may lie where they lead.
        """
        sources = [artifact for artifact in built if artifact.source is not None]
        redirects = redirects or Redirects()
        self.keys = frozenset(
            there
            for artifact in sources
            if artifact.source is not None and (key := source_key(artifact)) is not None
            for _, there in redirects.followed(artifact.source.url, key)
        )
        self.digests = frozenset(
            pair for artifact in sources if artifact.source is not None for pair in noted_digests(artifact.source)
        )

    def __contains__(self, artifact: Artifact) -> bool:
        """Return whether an artifact is one of the sources, by its key or by a digest that an index page lists."""
        if not _may_be_source(artifact):
            return False
        listed = () if artifact.listed is None else artifact.listed.hashes
        return artifact.key in self.keys or not self.digests.isdisjoint(listed)


class SourceIndex:
    """The downloads of a cache, looked up by the wheels that were built from them."""

    def __init__(self, artifacts: Iterable[Artifact]) -> None:
        """Index the downloads among ``artifacts`` by their keys, and by the digests that index pages list."""
        artifacts = list(artifacts)
        self.redirects = Redirects(artifacts)
        self._downloads: list[Artifact] = []
        self._places: dict[object, Sequence[int]] = {}
        for artifact in artifacts:
            if not _may_be_source(artifact):
                continue
            listed = () if artifact.listed is None else artifact.listed.hashes
            for name in (artifact.key, *listed):
                places = self._places.get(name)
                if isinstance(places, list):
                    places.append(len(self._downloads))
                else:  # most have one, which takes less memory so
                    place = len(self._downloads)
                    self._places[name] = (place,) if places is None else [*places, place]
            self._downloads.append(artifact)

    def sources_of(self, built: Artifact) -> list[Artifact]:
        """Return the downloads that a wheel was built from, in the order of the cache."""
        sources = BuiltFrom([built], self.redirects)
        places = {place for name in (*sources.keys, *sources.digests) for place in self._places.get(name, ())}
        return [self._downloads[place] for place in sorted(places)]


def wheels_by_bytes(
    cache: Cache, artifacts: Iterable[Artifact], downloads: Sequence[Artifact], track: Track = untracked
) -> dict[str, list[Artifact]]:
    """Return the built wheels by the downloads that have the bytes they were built from, as ``origin.json`` says.

    So a source is recognised that lies under another URL than pip was given, because a redirect led there. Nothing
    is hashed where every source lies under its own URL.

    Args:
        cache: the cache.
        artifacts: all artifacts of the cache.
        downloads: those of which the bytes may be a source's.
        track: reports progress.

    Returns:
        The wheels, by the paths of the downloads' entries.
    """
    artifacts = list(artifacts)
    keys = {artifact.key for artifact in artifacts if _may_be_source(artifact) and not artifact.is_redirect}
    wheels: dict[str, list[Artifact]] = {}
    for artifact in artifacts:
        if artifact.kind is Kind.BUILT and artifact.source is not None and source_key(artifact) not in keys:
            for algorithm, digest in noted_digests(artifact.source):
                if algorithm == "sha256":
                    wheels.setdefault(digest, []).append(artifact)
    if not wheels:
        return {}
    candidates = [artifact for artifact in downloads if artifact.size and not artifact.is_redirect]
    digest_of = digest_lookup(cache, candidates, ("sha256",), track)
    digests = ((path_of(artifact), digest_of(artifact, "sha256")) for artifact in candidates)
    return {path: wheels[digest] for path, digest in digests if digest is not None and digest in wheels}
