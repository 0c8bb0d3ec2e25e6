"""The bytes of artifacts: opened, and hashed on all cores."""

from collections.abc import Callable, Iterable, Sequence

from pipcache.inventory.artifact import Artifact, path_of
from pipcache.store.body import Body
from pipcache.store.cache import Cache
from pipcache.store.entries import BuiltEntry
from pipcache.util.budget import is_mostly_holes
from pipcache.util.hashes import Digests
from pipcache.util.progress import Track

DigestLookup = Callable[[Artifact, str], str | None]
"""Gives the hex digest of an artifact's bytes by an algorithm; None when they cannot be read."""


def open_body(cache: Cache, artifact: Artifact) -> Body:
    """Return the bytes of an artifact: the body of an HTTP entry, or a built wheel. The caller closes it."""
    return cache.body(artifact.entry, artifact.head)


def digests_of(cache: Cache, artifact: Artifact, algorithms: Iterable[str]) -> dict[str, str]:
    """Return hex digests of an artifact's bytes, by algorithm; the bytes are read once.

    Args:
        cache: the cache.
        artifact: the artifact.
        algorithms: names that hashlib knows, and ``blake2b_256``.

    Returns:
        The digests, without those that the system does not allow (FIPS and md5); none when the bytes cannot be
        read, or a built wheel has so many holes that reading it has no end.
    """
    if isinstance(artifact.entry, BuiltEntry):
        wheel = artifact.entry.wheel
        if is_mostly_holes(wheel.size, wheel.allocated):
            return {}
    try:
        with open_body(cache, artifact) as body:
            return body.digests(algorithms)
    except OSError:
        return {}


def usual_digests(cache: Cache, artifact: Artifact) -> Digests | None:
    """Return the digests of an artifact that ``show`` shows; None when its bytes cannot be read."""
    digests = digests_of(cache, artifact, ("blake2b_256", "sha256", "md5"))
    return Digests(digests["blake2b_256"], digests["sha256"], digests.get("md5")) if digests else None


def digest_lookup(
    cache: Cache, artifacts: Sequence[Artifact], algorithms: Iterable[str], track: Track
) -> DigestLookup:
    """Hash each artifact with ``algorithms``, on all cores, and return a look-up of the digests."""
    digests_by_path: dict[tuple[str, str], str] = {}
    names = tuple(algorithms)
    if names and artifacts:
        from pipcache.util.workers import Workers  # few commands hash, and it takes milliseconds

        with Workers() as workers:
            results = workers.map(lambda artifact: digests_of(cache, artifact, names), artifacts)
            for artifact, digests in zip(artifacts, track(results, len(artifacts), "Hashing"), strict=True):
                digests_by_path.update({(path_of(artifact), name): value for name, value in digests.items()})
    return lambda artifact, algorithm: digests_by_path.get((path_of(artifact), algorithm))


def is_text(cache: Cache, artifact: Artifact) -> bool:
    """Return whether the bytes begin like text, which no archive does; True when they cannot be read."""
    try:
        with open_body(cache, artifact) as body:
            return body.is_text()
    except OSError:
        return True
