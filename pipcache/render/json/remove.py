"""The JSON document of ``remove`` and ``clear``: plan and outcome."""

import os
from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple, TypedDict

from pipcache.inventory.artifact import Artifact
from pipcache.location.locate import CacheDirectory
from pipcache.removal.outcome import Fate, Outcome
from pipcache.removal.plan import Left, Plan, Removal, allocated
from pipcache.render.json.records import (
    ArtifactRecord,
    CacheRecord,
    artifact_record,
    cache_record,
    problem_records,
)
from pipcache.render.json.run import AdvisoryRecord, RunRecord
from pipcache.render.json.writer import Records
from pipcache.store.entries import Entry


class RemovalRecord(TypedDict):
    """One entry that goes, and what became of it."""

    reason: str
    detail: str
    store: str
    files: list[str]
    disk_size: int
    artifact: ArtifactRecord | None
    fate: str | None


class LeftRecord(TypedDict):
    """Something that is left alone."""

    path: str
    why: str


class PlanRecord(TypedDict):
    """What would go."""

    removals: Iterable[RemovalRecord]
    file_count: int
    disk_size: int
    empty_folders: list[str]
    left: list[LeftRecord]


class FailureRecord(TypedDict):
    """A file that was to go and stays."""

    path: str
    fate: str
    reason: str


class OutcomeRecord(TypedDict):
    """What in fact happened."""

    files_removed: int
    files_gone: int
    folders_removed: int
    bytes_freed: int
    bytes_are_measured: bool
    interrupted: bool
    failures: list[FailureRecord]


class RemovalDocument(TypedDict):
    """The answer of ``remove`` and ``clear``."""

    schema: Literal[1]
    command: str
    cache: CacheRecord
    dry_run: bool
    plan: PlanRecord
    outcome: OutcomeRecord | None
    unmatched: list[str]
    passed_over: list[ArtifactRecord]
    unnamed: int
    problems: list[dict[str, str]]


class RemoveDocument(RemovalDocument):
    """The answer of ``remove``."""

    run: RunRecord
    answer: str
    advisories: list[AdvisoryRecord]


class Uncovered(NamedTuple):
    """What an answer cannot cover: selectors that met nothing, versions no specifier judges, what has no name."""

    unmatched: Sequence[str] = ()
    passed_over: Sequence[Artifact] = ()
    unnamed: int = 0


def removal_document(
    command: str,
    cache: CacheDirectory,
    plan: Plan,
    outcome: Outcome | None,
    *,
    uncovered: Uncovered,
    entries: Iterable[Entry],
    dry_run: bool,
) -> RemovalDocument:
    """Return the answer of ``remove`` or ``clear``; there is no ``outcome`` where nothing was carried out."""
    return {
        "schema": 1,
        "command": command,
        "cache": cache_record(cache),
        "dry_run": dry_run,
        "plan": plan_record(plan, outcome),
        "outcome": None if outcome is None else outcome_record(outcome),
        "unmatched": list(uncovered.unmatched),
        "passed_over": [artifact_record(artifact) for artifact in uncovered.passed_over],
        "unnamed": uncovered.unnamed,
        "problems": problem_records(entries),
    }


def plan_record(plan: Plan, outcome: Outcome | None) -> PlanRecord:
    """Return the record of a plan, with what became of each removal where it was carried out."""
    fates: Sequence[Fate | None] = [None] * len(plan.removals) if outcome is None else outcome.fates
    return {
        "removals": Records(_removal, [*zip(plan.removals, fates, strict=True)]),
        "file_count": plan.files,
        "disk_size": plan.size,
        "empty_folders": [_slashes(folder) for folder in plan.folders],
        "left": [_left(left) for left in plan.left],
    }


def _slashes(path: str) -> str:
    return path.replace(os.sep, "/")


def _removal(removal_and_fate: tuple[Removal, Fate | None]) -> RemovalRecord:
    removal, fate = removal_and_fate
    return {
        "reason": removal.reason.value,
        "detail": removal.detail,
        "store": removal.entry.store.value,
        "files": [_slashes(file.path) for file in removal.files],
        "disk_size": allocated(removal.files),
        "artifact": None if removal.artifact is None else artifact_record(removal.artifact),
        "fate": None if fate is None else fate.value,
    }


def _left(left: Left) -> LeftRecord:
    return {"path": _slashes(left.path), "why": left.why}


def outcome_record(outcome: Outcome) -> OutcomeRecord:
    """Return the record of what in fact happened."""
    return {
        "files_removed": outcome.files,
        "files_gone": outcome.gone,
        "folders_removed": outcome.folders,
        "bytes_freed": outcome.freed,
        "bytes_are_measured": outcome.is_measured,
        "interrupted": outcome.is_interrupted,
        "failures": [
            {"path": _slashes(problem.path), "fate": problem.fate.value, "reason": problem.reason}
            for problem in outcome.problems
        ],
    }
