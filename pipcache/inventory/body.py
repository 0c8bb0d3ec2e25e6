"""An artifact's bytes: opened, decoded, hashed on all cores."""

from collections.abc import Callable, Iterable, Sequence

from pipcache.inventory.artifact import Artifact, path_of
from pipcache.store.body import Body
from pipcache.store.cache import Cache
from pipcache.util.hashes import Digests
from pipcache.util.progress import Track


def open_body(cache: Cache, artifact: Artifact) -> Body:
    """Return the bytes an artifact is: the body of an HTTP entry, or a built wheel. The caller closes it."""
    return cache.body(artifact.entry, artifact.head)


def digests_of(cache: Cache, artifact: Artifact, algorithms: Iterable[str]) -> dict[str, str]:
    """Return hex digests of an artifact's bytes, read once, by the names of their algorithms.

    Any name of hashlib will do, and ``blake2b_256``. What cannot be had is left out: an algorithm the system
    does not allow (FIPS and md5), and everything when the bytes cannot be read.
    """
    try:
        with open_body(cache, artifact) as body:
            return body.digests(algorithms)
    except OSError:
        return {}


def usual_digests(cache: Cache, artifact: Artifact) -> Digests | None:
    """Return the digests that ``show`` gives of an artifact; None when its bytes cannot be read."""
    digests = digests_of(cache, artifact, ("blake2b_256", "sha256", "md5"))
    return Digests(digests["blake2b_256"], digests["sha256"], digests.get("md5")) if digests else None


def digest_lookup(
    cache: Cache, artifacts: Sequence[Artifact], algorithms: Iterable[str], track: Track
) -> "DigestLookup":
    """Hash every body with ``algorithms``, on all cores, and return a look-up of the results."""
    known: dict[tuple[str, str], str] = {}
    wanted = tuple(algorithms)
    if wanted and artifacts:
        from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - only digest selectors need these

        with ThreadPoolExecutor() as pool:
            results = pool.map(lambda artifact: digests_of(cache, artifact, wanted), artifacts)
            for artifact, digests in zip(artifacts, track(results, len(artifacts), "Hashing"), strict=True):
                known.update({(path_of(artifact), name): value for name, value in digests.items()})
    return lambda artifact, algorithm: known.get((path_of(artifact), algorithm))


def is_text(cache: Cache, artifact: Artifact) -> bool:
    """Return whether the bytes begin like text, which no archive does, or cannot be read."""
    try:
        with open_body(cache, artifact) as body:
            return body.is_text()
    except OSError:
        return True


Algorithm = str

DigestLookup = Callable[[Artifact, Algorithm], str | None]
"""Gives the hex digest of an artifact's bytes; None when they cannot be read."""
