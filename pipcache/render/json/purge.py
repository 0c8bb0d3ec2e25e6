"""The JSON document of ``remove --advisory``."""

from collections.abc import Sequence
from typing import TypedDict

from pipcache.audit.auditor import AuditReport
from pipcache.render.json.audit import (
    AuditedCacheRecord,
    HitRecord,
    InconclusiveRecord,
    UnreadCacheRecord,
    audited_cache_record,
    hit_record,
    inconclusive_record,
    native_commands,
    unread_record,
)
from pipcache.render.json.records import CacheRecord, cache_record
from pipcache.render.json.remove import (
    OutcomeRecord,
    PlanRecord,
    RemoveDocument,
    outcome_record,
    plan_record,
)
from pipcache.render.json.run import advisory_records, run_record
from pipcache.render.json.writer import Records
from pipcache.render.purged_cache import PurgedCache, answer_of
from pipcache.util.run import NO_IDENTITY, Run


class PurgedCacheRecord(TypedDict):
    """What was found in a cache, and what became of it."""

    cache: CacheRecord
    owners: list[str]
    problem: str | None
    plan: PlanRecord
    outcome: OutcomeRecord | None
    hits: list[HitRecord]
    unjudged: list[InconclusiveRecord]
    second_look: list[HitRecord] | None
    still_unjudged: list[InconclusiveRecord]
    saved: list[str]


class PurgeDocument(RemoveDocument):
    """The answer of ``remove --advisory``; the fields of one cache are the sums of all of them."""

    found: AuditedCacheRecord
    second_look: list[HitRecord] | None
    still_unjudged: list[InconclusiveRecord]
    saved: list[str]
    caches: list[PurgedCacheRecord]
    unread: list[UnreadCacheRecord]
    skipped_ids: int
    unmatched_ids: list[str]


def purge_document(
    caches: Sequence[PurgedCache],
    report: AuditReport,
    *,
    dry_run: bool,
    run: Run = NO_IDENTITY,
    problems: Sequence[tuple[str, str]] = (),
) -> PurgeDocument:
    """Return the answer of ``remove --advisory``.

    Args:
        caches: the caches that were looked at, that of this run first.
        report: the audit before the removal; its ``unread`` are those of the last look.
        dry_run: nothing was to be removed.
        run: the run.
        problems: other paths, and what went wrong there.
    """
    records = [_cache(cache) for cache in caches]
    looks = [record["second_look"] for record in records if record["second_look"] is not None]
    return {
        "schema": 1,
        "command": "remove",
        "cache": records[0]["cache"],
        "run": run_record(run),
        "answer": answer_of(caches, [*problems, *report.unread, *report.advisories.unmatched]).value,
        "advisories": advisory_records(report),
        "skipped_ids": report.advisories.skipped,
        "unmatched_ids": list(report.advisories.unmatched),
        "dry_run": dry_run,
        "plan": _sum_of_plans([record["plan"] for record in records]),
        "outcome": _sum_of_outcomes([record["outcome"] for record in records if record["outcome"] is not None]),
        "unmatched": [],
        "passed_over": [],
        "unnamed": 0,
        "problems": [{"path": path, "problem": problem} for path, problem in problems],
        "found": _sum_of_audits(caches),
        "second_look": [hit for look in looks for hit in look] if looks else None,
        "still_unjudged": [entry for record in records for entry in record["still_unjudged"]],
        "saved": [name for record in records for name in record["saved"]],
        "caches": records,
        "unread": [unread_record(other) for other in report.unread],
    }


def _cache(cache: PurgedCache) -> PurgedCacheRecord:
    before = cache.before
    return {
        "cache": cache_record(before.directory),
        "owners": list(before.owners),
        "problem": cache.problem,
        "plan": plan_record(cache.plan, cache.outcome),
        "outcome": None if cache.outcome is None else outcome_record(cache.outcome),
        "hits": [hit_record(hit) for hit in before.audit.hits],
        "unjudged": [inconclusive_record(entry) for entry in before.audit.inconclusive],
        "second_look": [hit_record(hit) for hit in cache.stays] if cache.is_looked_at_again else None,
        "still_unjudged": [inconclusive_record(entry) for entry in cache.unjudged],
        "saved": list(cache.saved),
    }


def _sum_of_plans(plans: Sequence[PlanRecord]) -> PlanRecord:
    return {
        "removals": [removal for plan in plans for removal in plan["removals"]],
        "file_count": sum(plan["file_count"] for plan in plans),
        "disk_size": sum(plan["disk_size"] for plan in plans),
        "empty_folders": [folder for plan in plans for folder in plan["empty_folders"]],
        "left": [left for plan in plans for left in plan["left"]],
    }


def _sum_of_outcomes(outcomes: Sequence[OutcomeRecord]) -> OutcomeRecord | None:
    if not outcomes:
        return None
    return {
        "files_removed": sum(outcome["files_removed"] for outcome in outcomes),
        "files_gone": sum(outcome["files_gone"] for outcome in outcomes),
        "folders_removed": sum(outcome["folders_removed"] for outcome in outcomes),
        "bytes_freed": sum(outcome["bytes_freed"] for outcome in outcomes),
        "bytes_are_measured": all(outcome["bytes_are_measured"] for outcome in outcomes),
        "interrupted": any(outcome["interrupted"] for outcome in outcomes),
        "failures": [failure for outcome in outcomes for failure in outcome["failures"]],
    }


def _sum_of_audits(caches: Sequence[PurgedCache]) -> AuditedCacheRecord:
    first = audited_cache_record(caches[0].before)
    audits = [cache.before.audit for cache in caches]
    first["hits"] = Records(hit_record, [hit for audit in audits for hit in audit.hits])
    first["unjudged"] = Records(inconclusive_record, [entry for audit in audits for entry in audit.inconclusive])
    first["seen"] = Records(hit_record, [hit for audit in audits for hit in audit.seen])
    first["native_commands"] = [command for cache in caches for command in native_commands(cache.before)]
    first["entries"] = sum(audit.entries for audit in audits)
    first["distributions"] = sum(audit.distributions for audit in audits)
    first["pages"] = sum(audit.pages for audit in audits)
    return first
