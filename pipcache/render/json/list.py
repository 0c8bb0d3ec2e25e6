"""The JSON document of ``list``.

Sizes are bytes, times ISO 8601 UTC, ``null`` means "cannot be known". Fields are added, never renamed.
"""

from collections.abc import Iterable, Mapping
from typing import Literal, TypedDict

from pipcache.inventory.artifact import Artifact, Kind
from pipcache.location.locate import CacheDirectory
from pipcache.render.json.records import (
    ArtifactRecord,
    CacheRecord,
    artifact_record,
    cache_record,
    problem_records,
)


class ListDocument(TypedDict):
    """The answer of ``list``."""

    schema: Literal[1]
    command: Literal["list"]
    cache: CacheRecord
    artifacts: list[ArtifactRecord]
    hidden: dict[str, int]
    problems: list[dict[str, str]]


def list_document(
    cache: CacheDirectory, shown: Iterable[Artifact], hidden: Mapping[Kind, int], everything: Iterable[Artifact]
) -> ListDocument:
    """Return the answer of ``list``."""
    return {
        "schema": 1,
        "command": "list",
        "cache": cache_record(cache),
        "artifacts": [artifact_record(artifact) for artifact in shown],
        "hidden": {kind.value: count for kind, count in sorted(hidden.items())},
        "problems": problem_records(artifact.entry for artifact in everything),
    }
