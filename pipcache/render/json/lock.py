"""The JSON document of ``lock``."""

from collections.abc import Iterable
from typing import Literal, TypedDict

from pipcache.location.locate import CacheDirectory
from pipcache.offline.closure import Missing
from pipcache.offline.selection import SelectionResult
from pipcache.offline.supply import LeftOut
from pipcache.offline.target import Target
from pipcache.render.json.records import (
    ArtifactRecord,
    CacheRecord,
    artifact_record,
    cache_record,
    problem_records,
)


class LockedRecord(TypedDict):
    """A file of a lock; ``taken``: an installer takes it on the target."""

    project: str
    version: str
    filename: str
    url: str
    sha256: str
    size: int
    upload_time: str | None
    requires_python: str | None
    key: str | None
    taken: bool


class LeftOutRecord(TypedDict):
    """A file that was selected and does not stand in the lock, and why."""

    why: str
    detail: str
    is_shortcoming: bool
    artifact: ArtifactRecord


class MissingRecord(TypedDict):
    """What an installation needs and the lock has not, and why."""

    requirement: str
    project: str | None
    needed_by: list[str]
    why: str
    detail: str


class TargetRecord(TypedDict):
    """The Python that files were chosen for."""

    name: str
    python: str


class LockDocument(TypedDict):
    """The answer of ``lock``."""

    schema: Literal[1]
    command: Literal["lock"]
    cache: CacheRecord
    target: TargetRecord
    locked: list[LockedRecord]
    left_out: list[LeftOutRecord]
    missing: list[MissingRecord]
    unmatched: list[str]
    problems: list[dict[str, str]]
    links_not_followed: int


def lock_document(
    cache: CacheDirectory, target: Target, result: SelectionResult, left_out: Iterable[LeftOut]
) -> LockDocument:
    """Return the answer of ``lock``, with all files of the releases.

    Args:
        cache: the cache directory.
        target: the Python that files were chosen for.
        result: what was taken out of the cache.
        left_out: what does not stand in the lock.
    """
    return {
        "schema": 1,
        "command": "lock",
        "cache": cache_record(cache),
        "target": {"name": target.name, "python": target.python},
        "locked": [
            {
                "project": file.locked.project,
                "version": file.locked.version,
                "filename": file.locked.filename,
                "url": file.locked.url,
                "sha256": file.locked.sha256,
                "size": file.locked.size,
                "upload_time": result.upload_time(file),
                "requires_python": file.locked.requires_python or None,
                "key": file.artifact.key,
                "taken": file == release.taken,
            }
            for release in result.releases
            for file in release.files
        ],
        "left_out": left_out_records(left_out),
        "missing": missing_records(result.missing),
        "unmatched": [selector.text for selector in result.unmatched],
        "problems": problem_records(result.unreadable),
        "links_not_followed": result.links,
    }


def left_out_records(left_out: Iterable[LeftOut]) -> list[LeftOutRecord]:
    """Return what was selected and not given away, as JSON has it."""
    return [
        {
            "why": left.why.value,
            "detail": left.detail,
            "is_shortcoming": left.why.is_shortcoming,
            "artifact": artifact_record(left.artifact),
        }
        for left in left_out
    ]


def missing_records(missing: Iterable[Missing]) -> list[MissingRecord]:
    """Return what an installation needs and has not, as JSON has it."""
    return [
        {
            "requirement": lack.requirement,
            "project": lack.project or None,
            "needed_by": list(lack.needed_by),
            "why": lack.lack.value,
            "detail": lack.detail,
        }
        for lack in missing
    ]
