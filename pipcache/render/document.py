"""Values to programs: the JSON documents, a shape of their own (``"schema": 1``).

Sizes are bytes, times ISO 8601 UTC, ``null`` means "cannot be known". Fields are added, never renamed.
"""

import json
import os
from collections.abc import Iterable, Mapping
from typing import Literal, TypedDict

from pipcache.artifacts import Artifact, Kind
from pipcache.details import Details
from pipcache.entries import Entry, UnreadableEntry
from pipcache.location import CacheDirectory
from pipcache.render.records import (
    ArtifactRecord,
    CacheRecord,
    ShownRecord,
    artifact_record,
    cache_record,
    shown_record,
)
from pipcache.summary import Summary, Total


class ListDocument(TypedDict):
    """The answer of ``list``."""

    schema: Literal[1]
    command: Literal["list"]
    cache: CacheRecord
    artifacts: list[ArtifactRecord]
    hidden: dict[str, int]
    problems: list[dict[str, str]]


def problem_records(entries: Iterable[Entry]) -> list[dict[str, str]]:
    """Return the places among ``entries`` that could not be looked at."""
    return [
        {"path": entry.path.replace(os.sep, "/"), "problem": entry.error}
        for entry in entries
        if isinstance(entry, UnreadableEntry)
    ]


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


class ShowDocument(TypedDict):
    """The answer of ``show``."""

    schema: Literal[1]
    command: Literal["show"]
    cache: CacheRecord
    artifacts: list[ShownRecord]


def show_document(cache: CacheDirectory, details: Iterable[Details]) -> ShowDocument:
    """Return the answer of ``show``."""
    return {
        "schema": 1,
        "command": "show",
        "cache": cache_record(cache),
        "artifacts": [shown_record(one) for one in details],
    }


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


def _total_record(total: Total) -> TotalRecord:
    return {"name": total.name, "count": total.entries, "disk_size": total.size}


def info_document(cache: CacheDirectory, summary: Summary) -> InfoDocument:
    """Return the answer of ``info``."""
    return {
        "schema": 1,
        "command": "info",
        "cache": cache_record(cache),
        "total": _total_record(summary.total),
        "stores": [_total_record(one) for one in summary.stores],
        "kinds": [_total_record(one) for one in summary.kinds],
        "largest_projects": [_total_record(one) for one in summary.projects],
        "project_count": summary.project_count,
        "oldest": None if summary.oldest is None else artifact_record(summary.oldest),
        "newest": None if summary.newest is None else artifact_record(summary.newest),
        "unnamed": _total_record(summary.unnamed),
        "old_only": _total_record(summary.old_only),
        "unreadable": summary.unreadable,
    }


class ConsideredRecord(TypedDict):
    """One place that was looked at for the cache directory."""

    source: str
    origin: str
    value: str | None
    note: str | None


class DirDocument(TypedDict):
    """The answer of ``dir``."""

    schema: Literal[1]
    command: Literal["dir"]
    cache: CacheRecord
    considered: list[ConsideredRecord]


def dir_document(cache: CacheDirectory) -> DirDocument:
    """Return the answer of ``dir``."""
    return {
        "schema": 1,
        "command": "dir",
        "cache": cache_record(cache),
        "considered": [
            {"source": one.source.value, "origin": one.origin, "value": one.value, "note": one.note}
            for one in cache.considered
        ],
    }


def dump(document: Mapping[str, object]) -> str:
    """Return a document as JSON text, ASCII only, so that no terminal and no log can be misled by it."""
    return json.dumps(document, indent=1).replace("\x7f", "\\u007f")
