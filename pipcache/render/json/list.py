"""The JSON document of ``list``.

Sizes are bytes, times ISO 8601 UTC, ``null`` means "cannot be known". Fields are added, never renamed.
"""

from collections.abc import Iterable, Mapping, Sequence
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
from pipcache.render.json.writer import Records


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
