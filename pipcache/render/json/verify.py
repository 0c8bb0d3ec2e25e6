"""The JSON document of ``verify``."""

import os
from collections.abc import Sequence
from functools import partial
from typing import Literal, TypedDict

from pipcache.inventory.artifact import Artifact
from pipcache.location.locate import CacheDirectory
from pipcache.render.json.records import (
    ArtifactRecord,
    CacheRecord,
    FindingRecord,
    PromiseRecord,
    artifact_record,
    cache_record,
    finding_record,
    promise_record,
)
from pipcache.render.json.writer import Records
from pipcache.render.text.cure import cure_of
from pipcache.render.text.verify import Tally
from pipcache.store.entries import entry_path
from pipcache.verify.checks import Verdict
from pipcache.verify.context import NotJudged
from pipcache.verify.verdict import Judgement


class JudgementRecord(TypedDict):
    """One artifact and its verdict."""

    verdict: str
    artifact: ArtifactRecord
    findings: list[FindingRecord]
    promises: list[PromiseRecord]
    cure: str | None
    problem: str | None


class NotJudgedRecord(TypedDict):
    """Why artifacts got no verdict, and which."""

    reason: str
    count: int
    artifacts: list[str]


class VerdictTotal(TypedDict):
    """How many artifacts have a verdict, and their bytes."""

    verdict: str
    count: int
    size: int


class VerifyDocument(TypedDict):
    """The answer of ``verify``."""

    schema: Literal[1]
    command: Literal["verify"]
    cache: CacheRecord
    judgements: Records[JudgementRecord]
    verdicts: list[VerdictTotal]
    gone: int
    not_reached: int
    passed_over: int
    not_judged: list[NotJudgedRecord]
    links_not_followed: int
    findings_not_told: int
    known_to_locks: int | None
    unknown_to_locks: int | None
    unmatched: list[str]
    cure: str | None


def verify_document(
    cache: CacheDirectory,
    judgements: Sequence[Judgement],
    tally: Tally,
    unmatched: Sequence[str],
    cure: str | None,
) -> VerifyDocument:
    """Return the answer of ``verify``; ``cure`` is the command line that removes all that has findings."""
    return {
        "schema": 1,
        "command": "verify",
        "cache": cache_record(cache),
        "judgements": Records(partial(_judgement, cache), judgements),
        "verdicts": [_total(verdict, judgements) for verdict in Verdict],
        "gone": tally.gone,
        "not_reached": tally.left,
        "passed_over": tally.passed_over,
        "not_judged": [_not_judged(reason, artifacts) for reason, artifacts in tally.not_judged.items()],
        "links_not_followed": tally.links,
        "findings_not_told": tally.not_selected,
        "known_to_locks": tally.known,
        "unknown_to_locks": tally.unknown,
        "unmatched": list(unmatched),
        "cure": cure,
    }


def _total(verdict: Verdict, judgements: Sequence[Judgement]) -> VerdictTotal:
    sizes = [judgement.artifact.size for judgement in judgements if judgement.verdict is verdict]
    return {"verdict": verdict.value, "count": len(sizes), "size": sum(sizes)}


def _not_judged(reason: NotJudged, artifacts: Sequence[Artifact]) -> NotJudgedRecord:
    paths = [entry_path(artifact.entry).replace(os.sep, "/") for artifact in artifacts]
    return {"reason": reason.value, "count": len(paths), "artifacts": paths}


def _judgement(cache: CacheDirectory, judgement: Judgement) -> JudgementRecord:
    return {
        "verdict": judgement.verdict.value,
        "artifact": artifact_record(judgement.artifact),
        "findings": [finding_record(finding, judgement.artifact.tool) for finding in judgement.findings],
        "promises": [promise_record(comparison) for comparison in judgement.comparisons],
        "cure": cure_of(cache, judgement),
        "problem": judgement.problem,
    }
