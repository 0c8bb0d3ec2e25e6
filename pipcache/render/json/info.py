"""The JSON document of ``info``."""

from collections.abc import Sequence
from typing import Literal, TypedDict

from pipcache.inventory.summary import LastUse, Summary, Total
from pipcache.location.locate import CacheDirectory
from pipcache.prune.outlook import Prospect
from pipcache.render.json.policies import PolicyRecord, last_use_source, prospect_record
from pipcache.render.json.records import ArtifactRecord, CacheRecord, artifact_record, cache_record


class TotalRecord(TypedDict):
    """How many artifacts, and the bytes they take on the disk."""

    name: str
    count: int
    disk_size: int


class InfoDocument(TypedDict):
    """The answer of ``info``."""

    schema: Literal[1]
    command: Literal["info"]
    cache: CacheRecord
    total: TotalRecord
    stores: list[TotalRecord]
    kinds: list[TotalRecord]
    largest_projects: list[TotalRecord]
    project_count: int
    oldest: ArtifactRecord | None
    newest: ArtifactRecord | None
    unnamed: TotalRecord
    old_only: TotalRecord
    unreadable: int
    by_last_use: list[TotalRecord]
    last_use: str
    could_go: list[PolicyRecord]


def _total_record(total: Total) -> TotalRecord:
    return {"name": total.name, "count": total.entries, "disk_size": total.size}


def info_document(
    cache: CacheDirectory, summary: Summary, use: LastUse, prospects: Sequence[Prospect]
) -> InfoDocument:
    """Return the answer of ``info``; ``prospects`` are what each policy of ``prune`` would take."""
    return {
        "schema": 1,
        "command": "info",
        "cache": cache_record(cache),
        "total": _total_record(summary.total),
        "stores": [_total_record(total) for total in summary.stores],
        "kinds": [_total_record(total) for total in summary.kinds],
        "largest_projects": [_total_record(total) for total in summary.projects],
        "project_count": summary.project_count,
        "oldest": None if summary.oldest is None else artifact_record(summary.oldest),
        "newest": None if summary.newest is None else artifact_record(summary.newest),
        "unnamed": _total_record(summary.unnamed),
        "old_only": _total_record(summary.old_only),
        "unreadable": summary.unreadable,
        "by_last_use": [_total_record(total) for total in use.totals],
        "last_use": last_use_source(is_recorded=use.is_recorded),
        "could_go": [prospect_record(prospect) for prospect in prospects],
    }
