"""The judgement of what another installer keeps unpacked: its files by RECORD, its digest as it was noted.

The archive itself is gone, so nothing proves the files: at best they are intact.
"""

from pipcache.archive.unpacked_check import check_unpacked
from pipcache.installers.uv_cache import UvCache
from pipcache.inventory.artifact import Artifact, Kind
from pipcache.store.entries import UnpackedEntry, entry_files
from pipcache.verify.context import Context
from pipcache.verify.noted import broken_notes, compare_notes
from pipcache.verify.structure import name_findings, structure_of
from pipcache.verify.verdict import Judgement, conclude


def judge_unpacked(artifact: Artifact, context: Context) -> Judgement:
    """Return the judgement of an unpacked wheel, or of an sdist that a lock file has another digest for.

    What ``context.tick`` raises goes through.

    Raises:
        OSError: its folder cannot be opened or listed.
    """
    entry, cache = artifact.entry, context.cache
    assert isinstance(entry, UnpackedEntry)
    assert isinstance(cache, UvCache)
    comparisons = compare_notes(artifact, context.locks)
    broken = broken_notes(comparisons)
    if artifact.kind is Kind.SDIST:
        return conclude(artifact, [*name_findings(artifact), *broken], comparisons, None)
    folder_path = entry_files(entry)[-1].path
    if (structure := context.structures.get(folder_path)) is None:
        with cache.folder(entry) as folder:
            structure = structure_of(check_unpacked(folder, context.tick))
        # any number of pointers may lead to a folder, which is read once
        context.structures[folder_path] = structure
    findings = [*structure.findings, *name_findings(artifact), *broken]
    return conclude(artifact, findings, comparisons, structure.problem)
