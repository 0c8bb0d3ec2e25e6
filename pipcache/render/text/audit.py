"""The text of ``audit``."""

import os
from collections.abc import Iterator

from pipcache.audit.auditor import AuditedCache, AuditReport, TimeRange
from pipcache.audit.derivation import Hit, Relation, display_name
from pipcache.inventory.artifact import Artifact, Kind
from pipcache.inventory.uv_removal import goes_with_all
from pipcache.location.machine import UnreadCache
from pipcache.render.console import styled
from pipcache.render.json.audit import iso_response_date, native_commands, origin_text
from pipcache.util.units import counted, format_size, iso_time
from pipcache.util.untrusted import clean, redact_text, redact_url

_SHOWN = 10

MOST_DETAILS = 50

LIMITS = "Installed environments were not looked at"

_LIMITS_WITH_UV = "Installed environments outside uv's cache were not looked at"

RELATIONS = {
    Relation.MATCH: "found",
    Relation.PAGE: "listing it, so that pip may choose it again",
    Relation.BUILT_FROM: "built from it",
    Relation.SOURCE: "what it was built from",
    Relation.COPY: "the same bytes under another key",
    Relation.METADATA: "the metadata beside it",
    Relation.INSTALLED: "installed in an environment that uv keeps",
}


def audit_lines(report: AuditReport, *, colour: bool) -> Iterator[str]:
    """Yield the answer for a person: hits with their proofs, what could not be judged, and a summary."""
    is_short = len(report.hits) > MOST_DETAILS
    for cache in report.caches:
        if len(report.caches) > 1 and (cache.is_read or cache.problem is not None):
            yield styled(
                f"{clean(cache.directory.path)}  ({clean(', '.join(cache.owners))})", "bold", colour=colour
            )
        if cache.problem is not None:
            yield f"  could not be looked at: {clean(cache.problem)}"
        for hit in cache.audit.hits:
            if is_short:
                yield _hit_line(hit, colour=colour)
            else:
                yield from (*_hit_lines(cache, hit, colour=colour), "")
        yield from _inconclusive_lines(cache)
        yield from _uv_lines(cache)
    if is_short:
        yield f"More than {MOST_DETAILS} entries: one line each (--format json and markdown have their proofs)."
    if report.unread:
        yield f"Not looked at ({counted(len(report.unread), 'cache')} of other installers):"
        for unread in report.unread:
            yield f"  {clean(unread_text(unread))}"
            yield f"    {clean(unread.installer.remedy(unread.path))}"
    yield from sentences(report)


def _uv_lines(cache: AuditedCache) -> Iterator[str]:
    """Yield what uv only noted of matches, and the commands that remove those that are here."""
    if seen := cache.audit.seen:
        yield f"Seen by uv and not kept, so nothing of it is here ({counted(len(seen), 'note')}):"
        yield from (f"  {clean(title(hit.artifact))}" for hit in seen[:_SHOWN])
        if len(seen) > _SHOWN:
            yield f"  ... and {len(seen) - _SHOWN:,} more (--format json has them all)"
    if commands := native_commands(cache):
        if any(goes_with_all(hit.artifact) for hit in cache.audit.hits):
            yield "uv removes some of this only with everything else; run this, then this audit again:"
        else:
            yield "uv removes from its cache, by these commands in this order; then run this audit again:"
        yield from (f"  {clean(command)}" for command in commands)


def unread_text(cache: UnreadCache) -> str:
    """Return a cache that was not looked at: whose it is, where, what leads to it, and why it cannot be read."""
    problem = "" if cache.problem is None else f": {cache.problem}"
    return f"{cache.installer}: {cache.path}  ({', '.join(cache.owners)}){problem}"


def _hit_line(hit: Hit, *, colour: bool) -> str:
    """Return a hit, and the first reason for it, on one line."""
    label = styled(RELATIONS[hit.relation], "red" if hit.relation is Relation.MATCH else "yellow", colour=colour)
    if hit.clauses:
        first = hit.clauses[0]
        more = f" and {len(hit.clauses) - 1:,} more" if len(hit.clauses) > 1 else ""
        reason = f"by {first.text} ({first.indicator.record}, {first.indicator.source}){more}"
    else:
        reason = f"of {origin_text(hit)}"
    return f"{label}: {clean(title(hit.artifact))}  {clean(reason)}"


def _hit_lines(cache: AuditedCache, hit: Hit, *, colour: bool) -> Iterator[str]:
    artifact = hit.artifact
    label = styled(RELATIONS[hit.relation], "red" if hit.relation is Relation.MATCH else "yellow", colour=colour)
    yield f"{label}: {clean(title(artifact))}"
    for name, value in facts_of(cache, hit):
        yield f"  {name:11} {clean(value)}"


def title(artifact: Artifact) -> str:
    """Return what an artifact is, in a few words."""
    is_named_page = artifact.kind is Kind.PAGE and artifact.project
    name = f"the page of {artifact.project}" if is_named_page else display_name(artifact)
    return f"{name} ({artifact.kind.value}, {format_size(artifact.size)})"


def facts_of(cache: AuditedCache, hit: Hit) -> Iterator[tuple[str, str]]:
    """Yield what is known of a hit, and why it is one: label and value, with secrets replaced."""
    artifact, noted = hit.artifact, hit.artifact.noted_digests
    for clause in hit.clauses[:_SHOWN]:
        yield "by", redact_text(f"{clause.text} ({clause.indicator.record}, {clause.indicator.source})")
    if len(hit.clauses) > _SHOWN:
        yield "by", f"... and {len(hit.clauses) - _SHOWN} more clauses"
    if (origin := origin_text(hit)) and not hit.clauses:
        yield "of", redact_text(origin)
    yield from (("note", note) for note in artifact.notes if artifact.store.is_uvs)
    yield from (("noted", f"{name} {value} (by uv, of the file that it did not keep)") for name, value in noted)
    if artifact.url is not None and hit.source is None:
        yield "URL", redact_url(artifact.url) + ("  (proved: its hash is the key)" if artifact.url_proved else "")
    if hit.source is not None:
        url, is_cached = hit.source
        yield "built from", f"{redact_url(url)}  ({'cached' if is_cached else 'not in this cache'})"
    if artifact.key is not None:
        yield "key", artifact.key
    if hit.digests is not None:
        yield "sha256", hit.digests.sha256
        yield "blake2b-256", hit.digests.blake2b_256
    if (date := iso_response_date(artifact)) is not None:
        yield "downloaded", f"{date} (Date of the response)"
    if (written := iso_time(artifact.made_ns)) is not None:
        yield "written", f"{written} (file time)"
    if hit.listed_by:
        yield "listed by", f"the cached page of {', '.join(hit.listed_by)}"
    for file in artifact.files:
        yield "file", os.path.join(cache.directory.path, file.path)


def _inconclusive_lines(cache: AuditedCache) -> Iterator[str]:
    entries = cache.audit.inconclusive
    if not entries:
        return
    yield f"Could not be judged ({counted(len(entries), 'entry', 'entries')}):"
    for entry in entries[:_SHOWN]:
        yield f"  {clean(entry.path)}: {clean(entry.reason)}"
    if len(entries) > _SHOWN:
        yield f"  ... and {len(entries) - _SHOWN:,} more (--format json has them all)"


def sentences(report: AuditReport) -> Iterator[str]:
    """Yield what was read, what was audited with which result, and what was not looked at."""
    advisories, caches, hits = report.advisories, report.caches, report.hits
    records = counted(advisories.records, "record")
    records += f" ({advisories.skipped:,} skipped: no id that --only-ids names)" if advisories.skipped else ""
    counts = [records, counted(len(advisories.indicators), "indicator")]
    counts += [f"{counted(advisories.foreign, 'package')} of other ecosystems"] if advisories.foreign else []
    if advisories.withdrawn:
        counts.append(f"{len(advisories.withdrawn):,} withdrawn ({clean(', '.join(advisories.withdrawn[:3]))})")
    if advisories.never:
        counts.append(f"{counted(len(advisories.never), 'indicator')} that can never match a cache")
    yield f"Read: {', '.join(counts)}."
    if advisories.unmatched:
        patterns = ", ".join(repr(clean(pattern)) for pattern in advisories.unmatched[:_SHOWN])
        more = f" and {len(advisories.unmatched) - _SHOWN:,} more" if len(advisories.unmatched) > _SHOWN else ""
        advice = "correct the pattern, or get newer advisories; nothing was looked for by it"
        yield f"No record has an id like {patterns}{more} (--only-ids): {advice}."
    audited = sum(cache.audit.entries for cache in caches)
    matches = sum(hit.relation in {Relation.MATCH, Relation.INSTALLED} for hit in hits)
    read = [cache for cache in caches if cache.is_read]
    place = counted(len(read), "cache") if report.everywhere else clean(caches[0].directory.path)
    result = (
        f"{counted(matches, 'match', 'matches')} and {len(hits) - matches:,} made from it or listing it"
        if hits
        else "nothing found"
    )
    inconclusive = sum(len(cache.audit.inconclusive) for cache in caches)
    unreadable = sum(cache.problem is not None for cache in caches)
    result += f", {counted(inconclusive, 'entry', 'entries')} could not be judged" if inconclusive else ""
    result += f", {counted(unreadable, 'cache')} could not be looked at" if unreadable else ""
    if report.unread:
        verb = "was" if len(report.unread) == 1 else "were"
        result += f", {counted(len(report.unread), 'cache')} of other installers {verb} not looked at"
    others = "" if report.everywhere else ", nor were other caches on this machine (--all-caches)"
    times = _time_range(report.time_range)
    limits = _LIMITS_WITH_UV if any(cache.directory.tool == "uv" for cache in caches) else LIMITS
    yield f"Looked at {counted(audited, 'entry', 'entries')}{times} in {place}: {result}. {limits}{others}."


def _time_range(time_range: TimeRange) -> str:
    since, until = (None if time is None else iso_time(int(time * 1e9)) for time in time_range)
    words = [f"since {since}"] if since is not None else []
    words += [f"until {until}"] if until is not None else []
    return f" downloaded or written {' and '.join(words)}" if words else ""
