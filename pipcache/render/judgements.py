"""Judgements to programs: the JSON document of ``verify``."""

from collections.abc import Sequence
from typing import Literal, TypedDict

from pipcache.checks import Verdict
from pipcache.judgement import Finding, Judgement, Tried
from pipcache.location import CacheDirectory
from pipcache.render.records import ArtifactRecord, CacheRecord, artifact_record, cache_record
from pipcache.render.verdicts import cure_of
from pipcache.text import redact_text


class FindingRecord(TypedDict):
    """One broken promise or flaw."""

    code: str
    sentence: str
    by: str
    expected: str
    actual: str
    effect: str


class TriedRecord(TypedDict):
    """One promise and what became of it."""

    by: str
    what: str
    expected: str
    actual: str | None
    kept: bool | None
    is_prefix: bool
    why_not: str | None


class JudgementRecord(TypedDict):
    """One artifact and its verdict."""

    verdict: str
    artifact: ArtifactRecord
    findings: list[FindingRecord]
    promises: list[TriedRecord]
    cure: str | None
    problem: str | None


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
    judgements: list[JudgementRecord]
    verdicts: list[VerdictTotal]
    gone: int
    not_reached: int
    passed_over: int
    known_to_locks: int | None
    unmatched: list[str]


def verify_document(
    cache: CacheDirectory,
    judgements: Sequence[Judgement],
    *,
    gone: int,
    left: int,
    passed_over: int,
    locked: int | None,
    unmatched: Sequence[str],
) -> VerifyDocument:
    """Return the answer of ``verify``."""
    return {
        "schema": 1,
        "command": "verify",
        "cache": cache_record(cache),
        "judgements": [_judgement(cache, one) for one in judgements],
        "verdicts": [_total(verdict, judgements) for verdict in Verdict],
        "gone": gone,
        "not_reached": left,
        "passed_over": passed_over,
        "known_to_locks": locked,
        "unmatched": list(unmatched),
    }


def _total(verdict: Verdict, judgements: Sequence[Judgement]) -> VerdictTotal:
    sizes = [one.artifact.size for one in judgements if one.verdict is verdict]
    return {"verdict": verdict.value, "count": len(sizes), "size": sum(sizes)}


def _judgement(cache: CacheDirectory, judgement: Judgement) -> JudgementRecord:
    return {
        "verdict": judgement.verdict.value,
        "artifact": artifact_record(judgement.artifact),
        "findings": [_finding(one) for one in judgement.findings],
        "promises": [_tried(one) for one in judgement.tried],
        "cure": cure_of(cache, judgement),
        "problem": None if judgement.problem is None else redact_text(judgement.problem),
    }


def _finding(finding: Finding) -> FindingRecord:
    return {
        "code": finding.check.code,
        "sentence": finding.check.sentence,
        "by": finding.by,
        "expected": finding.expected,
        "actual": finding.actual,
        "effect": finding.check.effect,
    }


def _tried(tried: Tried) -> TriedRecord:
    promise = tried.promise
    return {
        "by": promise.by,
        "what": promise.what,
        "expected": promise.expected,
        "actual": tried.actual,
        "kept": tried.is_kept,
        "is_prefix": promise.is_prefix,
        "why_not": tried.why,
    }
