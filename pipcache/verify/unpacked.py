"""The judgement of what another installer keeps unpacked: its files by RECORD, its digest as it was noted.

The archive itself is gone, so nothing proves the files: at best they are intact.
"""

from collections.abc import Iterator

from pipcache.archive.unpacked_check import check_unpacked
from pipcache.installers.uv_cache import UvCache
from pipcache.inventory.artifact import Artifact
from pipcache.store.entries import UnpackedEntry, entry_files
from pipcache.verify.context import Context
from pipcache.verify.promises import Promise, find_promises
from pipcache.verify.structure import name_findings, structure_of
from pipcache.verify.verdict import Comparison, Finding, Judgement, conclude


def judge_unpacked(artifact: Artifact, context: Context) -> Judgement:
    """Return the judgement of an unpacked wheel. What ``context.tick`` raises goes through.

    Raises:
        OSError: its folder cannot be opened or listed.
    """
    entry, cache = artifact.entry, context.cache
    assert isinstance(entry, UnpackedEntry)
    assert isinstance(cache, UvCache)
    folder_path = entry_files(entry)[-1].path
    if (structure := context.structures.get(folder_path)) is None:
        with cache.folder(entry) as folder:
            structure = structure_of(check_unpacked(folder, context.tick))
        # any number of pointers may lead to a folder, which is read once
        context.structures[folder_path] = structure
    comparisons = [_compare(promise, artifact) for promise in find_promises(artifact, context.locks)]
    findings = [*structure.findings, *name_findings(artifact), *_broken(comparisons)]
    return conclude(artifact, findings, comparisons, structure.problem)


def _compare(promise: Promise, artifact: Artifact) -> Comparison:
    """Compare a promise of the archive with what the installer noted of it."""
    if not artifact.noted_digests:
        return Comparison(promise, None, "uv noted no digest of the archive, and does not keep it")
    noted = dict(artifact.noted_digests).get(promise.measure)
    if noted is None:
        return Comparison(promise, None, "uv noted another digest of the archive, and does not keep it")
    return Comparison(promise, noted, is_noted=True)


def _broken(comparisons: list[Comparison]) -> Iterator[Finding]:
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
