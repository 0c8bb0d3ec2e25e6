"""What an installer noted of an archive that it did not keep, compared with lock files."""

from collections.abc import Iterator, Sequence

from pipcache.inventory.artifact import Artifact
from pipcache.verify.lock_index import LockIndex
from pipcache.verify.promises import Promise, find_promises
from pipcache.verify.verdict import Comparison, Finding


def compare_notes(artifact: Artifact, locks: LockIndex) -> list[Comparison]:
    """Return the promises of lock files, compared with what the installer noted."""
    return [_compare(promise, artifact) for promise in find_promises(artifact, locks)]


def _compare(promise: Promise, artifact: Artifact) -> Comparison:
    if not artifact.noted_digests:
        return Comparison(promise, None, "uv noted no digest of the archive, and does not keep it")
    noted = dict(artifact.noted_digests).get(promise.measure)
    if noted is None:
        return Comparison(promise, None, "uv noted another digest of the archive, and does not keep it")
    return Comparison(promise, noted, is_noted=True)


def broken_notes(comparisons: Sequence[Comparison]) -> Iterator[Finding]:
    """Yield that a lock file has another digest than the installer noted."""
    is_kept = any(comparison.is_kept for comparison in comparisons)
    for comparison in comparisons:
        promise = comparison.promise
        if comparison.is_kept is not False or (promise.covers_version and is_kept):
            continue  # another file of a version that the lock file pins
        others = f", or {len(promise.alternatives)} others" if promise.alternatives else ""
        yield Finding(
            promise.check,
            promise.by,
            f"{promise.measure} {promise.expected}{others}",
            f"{promise.measure} {comparison.actual}, as uv noted it",
        )
