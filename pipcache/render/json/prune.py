"""The JSON document of ``prune``."""

from collections.abc import Sequence

from pipcache.inventory.artifact import Artifact
from pipcache.prune.outlook import Prospect
from pipcache.prune.result import PruneResult
from pipcache.removal.plan import allocated
from pipcache.render.json.policies import PolicyRecord, last_use_source, prospect_record
from pipcache.render.json.records import ArtifactRecord, artifact_record
from pipcache.render.json.remove import RemovalDocument
from pipcache.render.text.prune import by_policy


class PruneDocument(RemovalDocument):
    """The answer of ``prune``."""

    policies: list[PolicyRecord]
    entries_kept: int
    entries_removed: int
    bytes_before: int
    bytes_after: int
    too_large: str | None
    unpinned: list[ArtifactRecord]
    would_free: list[PolicyRecord] | None
    last_use: str


def prune_document(
    base: RemovalDocument,
    result: PruneResult,
    unpinned: Sequence[Artifact],
    prospects: Sequence[Prospect] | None,
    *,
    keeps_access_times: bool,
) -> PruneDocument:
    """Return the answer of ``prune``: that of every removal, the sums by policy, and what no file pins.

    ``prospects`` are what policies would take, where none was asked for.
    """
    return {
        **base,
        "policies": [
            {
                "policy": reason.value,
                "entries": len(members),
                "files": sum(len(removal.files) for removal in members),
                "disk_size": allocated(file for removal in members for file in removal.files),
            }
            for reason, members in by_policy(result.plan.removals).items()
        ],
        "entries_kept": result.kept,
        "entries_removed": len(result.removed),
        "bytes_before": result.before,
        "bytes_after": result.after,
        "too_large": result.too_large,
        "unpinned": [artifact_record(artifact) for artifact in unpinned],
        "would_free": None if prospects is None else [prospect_record(prospect) for prospect in prospects],
        "last_use": last_use_source(is_recorded=keeps_access_times),
    }
