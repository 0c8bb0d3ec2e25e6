"""``audit`` as a SARIF 2.1.0 log (OASIS), one result for each hit."""

import os
from collections.abc import Iterable
from urllib.parse import quote

from pipcache import __version__
from pipcache.audit.auditor import Part, Report
from pipcache.audit.derivation import Hit, Relation
from pipcache.render.json.audit import origin_text
from pipcache.render.text.audit import facts_of, title
from pipcache.util.untrusted import redact_text

_RULES = {
    Relation.MATCH: "A file that an advisory means is in the cache.",
    Relation.PAGE: "A cached index page lists what an advisory means.",
    Relation.BUILT_FROM: "A wheel in the cache was built from what an advisory means.",
    Relation.SOURCE: "A download in the cache is what a wheel was built from that an advisory means.",
    Relation.COPY: "A download in the cache has the bytes of what an advisory means.",
    Relation.METADATA: "A metadata file in the cache is of what an advisory means.",
}

_LEVELS = {Relation.PAGE: "warning", Relation.METADATA: "note"}


def sarif_document(report: Report) -> dict[str, object]:
    """Return the answer of ``audit`` as a SARIF log; what could not be judged are notifications of the run."""
    unjudged = [(part, one) for part in report.parts for one in part.found.unjudged]
    closed = [part for part in report.parts if part.problem is not None]
    notifications = [
        _notification("warning", f"Could not be judged: {one.why}", part, one.path) for part, one in unjudged
    ]
    notifications += [_notification("error", f"Could not be looked at: {one.problem}", one, "") for one in closed]
    return {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "pipcache",
                        "version": __version__,
                        "rules": [
                            {"id": relation.value, "shortDescription": {"text": text}}
                            for relation, text in _RULES.items()
                        ],
                    }
                },
                "invocations": [
                    {"executionSuccessful": report.is_whole, "toolExecutionNotifications": notifications}
                ],
                "results": [_result(part, hit) for part in report.parts for hit in part.found.hits],
            }
        ],
    }


def _grouped(facts: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in facts:
        found.setdefault(name, []).append(value)
    return found


def _notification(level: str, text: str, part: Part, path: str) -> dict[str, object]:
    return {"level": level, "message": {"text": redact_text(text)}, "locations": [_at(part, path)]}


def _result(part: Part, hit: Hit) -> dict[str, object]:
    clauses = "; ".join(f"{one.text} ({one.indicator.record})" for one in hit.clauses) or origin_text(hit)
    return {
        "ruleId": hit.relation.value,
        "level": _LEVELS.get(hit.relation, "error"),
        "message": {"text": redact_text(f"{title(hit.artifact)}: {clauses}")},
        "locations": [_at(part, file.path) for file in hit.artifact.files[:1]],
        "relatedLocations": [_at(part, file.path) for file in hit.artifact.files[1:]],
        "partialFingerprints": {} if hit.digests is None else {"sha256/v1": hit.digests.sha256},
        "properties": _grouped(facts_of(part, hit)),
    }


def _at(part: Part, path: str) -> dict[str, object]:
    place = os.path.join(part.cache.path, path).replace(os.sep, "/")
    uri = "file://" + quote(place, errors="surrogateescape")
    return {"physicalLocation": {"artifactLocation": {"uri": uri}}}
