"""The text of ``audit``."""

import os
from collections.abc import Iterator

from pipcache.audit.auditor import Part, Report, Window
from pipcache.audit.derivation import Hit, Relation, name_of
from pipcache.inventory.artifact import Artifact
from pipcache.render.console import styled
from pipcache.render.json.audit import origin_text, response_date
from pipcache.render.json.records import iso_time
from pipcache.util.units import counted, format_size
from pipcache.util.untrusted import clean, redact_text, redact_url

_SHOWN = 10

MOST_DETAILS = 50

LIMITS = "Installed environments were not looked at"

RELATIONS = {
    Relation.MATCH: "found",
    Relation.PAGE: "listing it, so that pip may choose it again",
    Relation.BUILT_FROM: "built from it",
    Relation.SOURCE: "what it was built from",
    Relation.COPY: "the same bytes under another key",
    Relation.METADATA: "the metadata beside it",
}


def audit_lines(report: Report, *, colour: bool) -> Iterator[str]:
    """Yield the answer for a person: what was found with its proof, what could not be judged, one sentence."""
    for part in report.parts:
        if len(report.parts) > 1:
            yield styled(f"{clean(part.cache.path)}  ({clean(', '.join(part.owners))})", "bold", colour=colour)
        if part.problem is not None:
            yield f"  could not be looked at: {clean(part.problem)}"
        for hit in part.found.hits:
            yield from _hit_lines(part, hit, colour=colour)
            yield ""
        yield from _unjudged_lines(part)
    yield from sentences(report)


def _hit_lines(part: Part, hit: Hit, *, colour: bool) -> Iterator[str]:
    artifact = hit.artifact
    label = styled(RELATIONS[hit.relation], "red" if hit.relation is Relation.MATCH else "yellow", colour=colour)
    yield f"{label}: {clean(title(artifact))}"
    for name, value in facts_of(part, hit):
        yield f"  {name:11} {clean(value)}"


def title(artifact: Artifact) -> str:
    """Return what an artifact is, in a few words."""
    name = f"the page of {artifact.project}" if artifact.kind == "page" and artifact.project else name_of(artifact)
    return f"{name} ({artifact.kind.value}, {format_size(artifact.size)})"


def facts_of(part: Part, hit: Hit) -> Iterator[tuple[str, str]]:
    """Yield what is known of something found, and why it was: label and value, secrets replaced."""
    artifact = hit.artifact
    for clause in hit.clauses[:_SHOWN]:
        yield "by", redact_text(f"{clause.text} ({clause.indicator.record}, {clause.indicator.source})")
    if len(hit.clauses) > _SHOWN:
        yield "by", f"... and {len(hit.clauses) - _SHOWN} more clauses"
    if (origin := origin_text(hit)) and not hit.clauses:
        yield "of", redact_text(origin)
    if artifact.url is not None and hit.source is None:
        yield "URL", redact_url(artifact.url) + ("  (proved: its hash is the key)" if artifact.url_proved else "")
    if hit.source is not None:
        there = "cached" if hit.source[1] else "not in this cache"
        yield "built from", f"{redact_url(hit.source[0])}  ({there})"
    if artifact.key is not None:
        yield "key", artifact.key
    if hit.digests is not None:
        yield "sha256", hit.digests.sha256
        yield "blake2b-256", hit.digests.blake2b_256
    if (date := response_date(artifact)) is not None:
        yield "downloaded", f"{date} (Date of the response)"
    if (written := iso_time(artifact.made_ns)) is not None:
        yield "written", f"{written} (file time)"
    if hit.listed_by:
        yield "listed by", f"the cached page of {', '.join(hit.listed_by)}"
    for file in artifact.files:
        yield "file", os.path.join(part.cache.path, file.path)


def _unjudged_lines(part: Part) -> Iterator[str]:
    rest = part.found.unjudged
    if not rest:
        return
    yield f"Could not be judged ({counted(len(rest), 'entry', 'entries')}):"
    for one in rest[:_SHOWN]:
        yield f"  {clean(one.path)}: {clean(redact_text(one.why))}"
    if len(rest) > _SHOWN:
        yield f"  ... and {len(rest) - _SHOWN:,} more (--format json has them all)"


def sentences(report: Report) -> Iterator[str]:
    """Yield what was read and looked at, what was found, and what that does not say."""
    read = report.advisories
    parts = [counted(read.records, "record"), counted(len(read.indicators), "indicator")]
    parts += [f"{counted(read.foreign, 'package')} of other ecosystems"] if read.foreign else []
    if read.withdrawn:
        parts.append(f"{len(read.withdrawn):,} withdrawn ({clean(', '.join(read.withdrawn[:3]))})")
    parts += [f"{counted(len(read.never), 'indicator')} that can never match a cache"] if read.never else []
    yield f"Read: {', '.join(parts)}."
    hits, looked = report.hits, sum(part.found.looked_at for part in report.parts)
    direct = sum(hit.relation is Relation.MATCH for hit in hits)
    where = counted(len(report.parts), "cache") if len(report.parts) > 1 else clean(report.parts[0].cache.path)
    outcome = (
        f"{counted(direct, 'match', 'matches')} and {len(hits) - direct:,} derived or listing"
        if hits
        else "nothing found"
    )
    rest = sum(len(part.found.unjudged) for part in report.parts)
    closed = sum(part.problem is not None for part in report.parts)
    unsure = f", {counted(rest, 'entry', 'entries')} could not be judged" if rest else ""
    unsure += f", {counted(closed, 'cache')} could not be looked at" if closed else ""
    others = "" if report.everywhere else ", nor were other caches on this machine (--all-caches)"
    when = _window(report.window)
    yield f"Looked at {counted(looked, 'entry', 'entries')}{when} in {where}: {outcome}{unsure}. {LIMITS}{others}."


def _window(window: Window) -> str:
    since, until = (None if one is None else iso_time(int(one * 1e9)) for one in window)
    words = [f"since {since}"] if since is not None else []
    words += [f"until {until}"] if until is not None else []
    return f" downloaded or written {' and '.join(words)}" if words else ""
