"""``audit`` as Markdown, for a ticket."""

from collections.abc import Iterator

from pipcache.audit.auditor import AuditedCache, AuditReport, CacheAudit
from pipcache.inventory.artifact import path_of
from pipcache.render.json.audit import iso_response_date, native_commands, origin_text
from pipcache.render.json.run import advisory_records, run_record
from pipcache.render.text.audit import MOST_DETAILS, RELATIONS, facts_of, sentences, title
from pipcache.util.run import NO_IDENTITY, Run
from pipcache.util.units import counted, iso_time
from pipcache.util.untrusted import clean, redact_text


def markdown_lines(report: AuditReport, run: Run = NO_IDENTITY) -> Iterator[str]:
    """Yield the answer as Markdown for a ticket."""
    yield "# pipcache audit"
    yield ""
    yield from _circumstances(report, run)
    yield ""
    yield from (escaped(line) for line in sentences(report))
    for cache in report.caches:
        yield ""
        yield f"## `{code_text(cache.directory.path)}`"
        yield ""
        if cache.problem is not None:
            yield f"Could not be looked at: {escaped(cache.problem)}"
        yield from _table(cache.audit)
        for hit in cache.audit.hits[:MOST_DETAILS]:
            yield from ("", f"### {escaped(title(hit.artifact))}", "")
            yield from (f"- {name}: {escaped(value)}" for name, value in facts_of(cache, hit))
        if cache.audit.inconclusive:
            yield ""
            yield "Could not be judged:"
            yield ""
            for entry in cache.audit.inconclusive:
                yield f"- `{code_text(entry.path)}`: {escaped(redact_text(entry.reason))}"
        yield from _of_uv(cache)
    if report.unread:
        yield from ("", "## Not looked at", "")
        for unread in report.unread:
            problem = "" if unread.problem is None else f" {escaped(unread.problem)}."
            owners = escaped(", ".join(unread.owners))
            remedy = escaped(unread.installer.remedy(unread.path))
            yield f"- {unread.installer}: `{code_text(unread.path)}` ({owners}).{problem} {remedy}"


def _of_uv(cache: AuditedCache) -> Iterator[str]:
    """Yield what uv only noted of matches, and the commands that remove those that are in its cache."""
    if cache.audit.seen:
        yield from ("", "Seen by uv and not kept, so nothing of it is here:", "")
        yield from (f"- {escaped(title(hit.artifact))}" for hit in cache.audit.seen[:MOST_DETAILS])
    if commands := native_commands(cache):
        yield from ("", "uv removes from its cache, by these commands in this order; then audit again:", "")
        yield from (f"- `{code_text(command)}`" for command in commands)


def _circumstances(report: AuditReport, run: Run) -> Iterator[str]:
    """Yield the answer in a word, who looked for what, where and when."""
    yield f"- answer: **{report.answer.value}**"
    yield from run_lines(run)
    for file in advisory_records(report)[:MOST_DETAILS]:
        records = counted(file["records"], "record")
        yield f"- advisory: {escaped(file['name'])}, {records}, sha256 {file['sha256']}"
    if len(report.advisories.files) > MOST_DETAILS:
        yield f"- and {counted(len(report.advisories.files) - MOST_DETAILS, 'more advisory', 'more advisories')}"


def run_lines(run: Run) -> Iterator[str]:
    """Yield who ran what, where and when; the run ends now."""
    record = run_record(run)
    if run.identity is not None:
        user = record["user"] if record["uid"] is None else f"{record['user']} (uid {record['uid']})"
        yield f"- host: {escaped(f'{run.identity.host} ({run.identity.platform}), as {user}')}"
        yield f"- time: {record['started']} to {record['finished']}"
    yield f"- tool: {record['tool']} {record['version']}"


def _table(audit: CacheAudit) -> Iterator[str]:
    if not audit.hits:
        yield "Nothing was found."
        return
    yield "| what | file | by | sha256 | downloaded | key |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for hit in audit.hits:
        artifact = hit.artifact
        reasons = [f"{clause.text} ({clause.indicator.record})" for clause in hit.clauses] or [origin_text(hit)]
        times = " / ".join(filter(None, (iso_response_date(artifact), iso_time(artifact.made_ns))))
        cells = (
            RELATIONS[hit.relation],
            title(artifact),
            "; ".join(dict.fromkeys(map(redact_text, reasons))),
            "" if hit.digests is None else hit.digests.sha256,
            times,
            artifact.key or path_of(artifact),
        )
        yield f"| {' | '.join(map(escaped, cells))} |"


def escaped(text: str) -> str:
    """Return text as Markdown that is only text, on one line."""
    return "".join(
        f"\\{character}" if character in "\\`*_{}[]<>#|!~" else character
        for character in clean(text).replace("\n", " ")
    )


def code_text(text: str) -> str:
    """Return text as it may stand between backticks."""
    return clean(text).replace("`", "'").replace("\n", " ")
