"""``audit`` as a SARIF 2.1.0 log (OASIS), one result for each hit."""

import os
from collections.abc import Iterable, Mapping
from urllib.parse import quote

from pipcache import __version__
from pipcache.audit.answer import Answer
from pipcache.audit.auditor import AuditedCache, AuditReport
from pipcache.audit.derivation import Hit, Relation
from pipcache.render.json.audit import native_commands, origin_text
from pipcache.render.json.run import WITH_ANSWER, advisory_records, run_record
from pipcache.render.text.audit import facts_of, title, unread_text
from pipcache.util.run import NO_IDENTITY, Run

_RULES = {
    Relation.MATCH: "A file that an advisory means is in the cache.",
    Relation.PAGE: "A cached index page lists what an advisory means.",
    Relation.BUILT_FROM: "A wheel in the cache was built from what an advisory means.",
    Relation.SOURCE: "A download in the cache is what a wheel was built from that an advisory means.",
    Relation.COPY: "A download in the cache has the bytes of what an advisory means.",
    Relation.INSTALLED: "An environment that uv keeps has what an advisory means.",
    Relation.METADATA: "A metadata file in the cache is of what an advisory means.",
}

_LEVELS = {Relation.PAGE: "warning", Relation.METADATA: "note"}


def sarif_document(report: AuditReport, run: Run = NO_IDENTITY, exit_code: int = 0) -> dict[str, object]:
    """Return the answer of ``audit`` as a SARIF log; what could not be judged are notifications of the run.

    Args:
        report: the answer.
        run: the run, which ends now.
        exit_code: the exit code of the run.
        run: the run, which ends now.
    """
    notifications = [
        _notification("warning", f"Could not be judged: {entry.reason}", cache, entry.path)
        for cache in report.caches
        for entry in cache.audit.inconclusive
    ]
    notifications += [
        _notification("error", f"Could not be looked at: {cache.problem}", cache, "")
        for cache in report.caches
        if cache.problem is not None
    ]
    notifications += [
        {
            "level": "warning",
            "message": {"text": f"Not looked at: {unread_text(unread)}. {unread.installer.remedy(unread.path)}"},
            "locations": [location_of(unread.path)],
        }
        for unread in report.unread
    ]
    notifications += [
        _notification("note", f"uv removes it, in this order: {'; '.join(commands)}", cache, "")
        for cache in report.caches
        if (commands := native_commands(cache))
    ]
    notifications += [
        {"level": "error", "message": {"text": f"No record has an id like {pattern!r} (--only-ids)."}}
        for pattern in report.advisories.unmatched
    ]
    results = [_result(cache, hit) for cache in report.caches for hit in cache.audit.hits]
    invocation = sarif_invocation(run, exit_code, notifications, is_whole=report.is_whole)
    return sarif_log(invocation, results, {"answer": report.answer.value, "advisories": advisory_records(report)})


def sarif_invocation(
    run: Run, exit_code: int, notifications: list[dict[str, object]], *, is_whole: bool
) -> dict[str, object]:
    """Return an invocation, with who ran it, where and when (SARIF 2.1.0, 3.20).

    Args:
        run: the run, which ends now.
        exit_code: its exit code.
        notifications: what it has to say beside its results.
        is_whole: whether it did all that was asked.
    """
    invocation: dict[str, object] = {"executionSuccessful": is_whole, "exitCode": exit_code}
    if run.identity is not None:
        record = run_record(run)
        invocation |= {
            "machine": record["host"],
            "account": record["user"],
            "arguments": record["arguments"],
            "startTimeUtc": record["started"],
            "endTimeUtc": record["finished"],
        }
    return invocation | {"toolExecutionNotifications": notifications}


def sarif_failure(
    command: str, kind: str, message: str, exit_code: int, run: Run = NO_IDENTITY
) -> dict[str, object]:
    """Return a run that ended without an answer as a SARIF log: a failed invocation and no results.

    Args:
        command: the name of the command.
        kind: what ended the run, as in the JSON document of a failure.
        message: the sentence that people read.
        exit_code: the exit code of the run.
        run: the run, which ends now.
    """
    notification: dict[str, object] = {"level": "error", "descriptor": {"id": kind}, "message": {"text": message}}
    invocation = sarif_invocation(run, exit_code, [notification], is_whole=False)
    if command in WITH_ANSWER:
        return sarif_log(invocation, [], {"answer": Answer.UNKNOWN.value})
    return sarif_log(invocation, [], {}, {})


AUDIT_RULES = {relation.value: text for relation, text in _RULES.items()}


def sarif_log(
    invocation: dict[str, object],
    results: list[dict[str, object]],
    properties: dict[str, object],
    rules_by_id: Mapping[str, str] = AUDIT_RULES,
) -> dict[str, object]:
    """Return a SARIF log of a run; ``rules_by_id`` says what each rule of its results means."""
    rules = [{"id": rule, "shortDescription": {"text": text}} for rule, text in rules_by_id.items()]
    return {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": {"name": "pipcache", "version": __version__, "rules": rules}},
                "invocations": [invocation],
                "results": results,
                "properties": properties,
            }
        ],
    }


def _grouped(facts: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    values: dict[str, list[str]] = {}
    for name, value in facts:
        values.setdefault(name, []).append(value)
    return values


def _notification(level: str, text: str, cache: AuditedCache, path: str) -> dict[str, object]:
    return {"level": level, "message": {"text": text}, "locations": [_at(cache, path)]}


def _result(cache: AuditedCache, hit: Hit) -> dict[str, object]:
    clauses = "; ".join(f"{clause.text} ({clause.indicator.record})" for clause in hit.clauses) or origin_text(hit)
    return {
        "ruleId": hit.relation.value,
        "level": _LEVELS.get(hit.relation, "error"),
        "message": {"text": f"{title(hit.artifact)}: {clauses}"},
        "locations": [_at(cache, file.path) for file in hit.artifact.files[:1]],
        "relatedLocations": [_at(cache, file.path) for file in hit.artifact.files[1:]],
        "partialFingerprints": {} if hit.digests is None else {"sha256/v1": hit.digests.sha256},
        "properties": _grouped(facts_of(cache, hit)),
    }


def _at(cache: AuditedCache, path: str) -> dict[str, object]:
    return location_of(os.path.join(cache.directory.path, path))


def location_of(path: str) -> dict[str, object]:
    """Return the location of a file."""
    uri = "file://" + quote(path.replace(os.sep, "/"), errors="surrogateescape")
    return {"physicalLocation": {"artifactLocation": {"uri": uri}}}
