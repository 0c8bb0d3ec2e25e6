"""The JSON document of ``list``, and the lines of ``list --format jsonl``.

Sizes are bytes, times ISO 8601 UTC, ``null`` means "cannot be known". Fields are added, never renamed.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, NamedTuple, TypedDict

from pipcache.inventory.artifact import Artifact, Kind
from pipcache.location.locate import CacheDirectory
from pipcache.render.json.records import (
    ArtifactRecord,
    CacheRecord,
    artifact_record,
    cache_record,
    problem_records,
)
from pipcache.render.json.writer import Records
from pipcache.store.entries import Entry


class ListDocument(TypedDict):
    """The answer of ``list``."""

    schema: Literal[1]
    command: Literal["list"]
    cache: CacheRecord
    artifacts: Records[ArtifactRecord]
    hidden: dict[str, int]
    problems: list[dict[str, str]]


def list_document(
    cache: CacheDirectory, shown: Sequence[Artifact], hidden: Mapping[Kind, int], everything: Iterable[Artifact]
) -> ListDocument:
    """Return the answer of ``list``."""
    return {
        "schema": 1,
        "command": "list",
        "cache": cache_record(cache),
        "artifacts": Records(artifact_record, shown),
        "hidden": {kind.value: count for kind, count in sorted(hidden.items())},
        "problems": problem_records(artifact.entry for artifact in everything),
    }


class Totals(NamedTuple):
    """What the lines of a list come to.

    Attributes:
        shown: how many artifacts have a line.
        size: their bytes.
        disk_size: the bytes that they take on the disk.
        unnamed: how many artifacts without a project or a version the selectors passed over.
    """

    shown: int
    size: int
    disk_size: int
    unnamed: int


class TotalsDocument(TypedDict):
    """The last line of ``list --format jsonl``."""

    schema: Literal[1]
    command: Literal["list"]
    cache: CacheRecord
    count: int
    size: int
    disk_size: int
    hidden: dict[str, int]
    unnamed: int
    problems: list[dict[str, str]]


def line_record(artifact: Artifact) -> ArtifactRecord:
    """Return an artifact that no index page has named: its URL and its file name may be known better."""
    record = artifact_record(artifact)
    record["exact"] = False
    return record


def totals_record(
    cache: CacheDirectory, totals: Totals, hidden: Mapping[Kind, int], unreadable: Iterable[Entry]
) -> TotalsDocument:
    """Return the last line; ``unreadable`` are the places and files that could not be read."""
    return {
        "schema": 1,
        "command": "list",
        "cache": cache_record(cache),
        "count": totals.shown,
        "size": totals.size,
        "disk_size": totals.disk_size,
        "hidden": {kind.value: count for kind, count in sorted(hidden.items())},
        "unnamed": totals.unnamed,
        "problems": problem_records(unreadable),
    }
