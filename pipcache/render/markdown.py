"""``audit`` as Markdown, for a ticket."""

from collections.abc import Iterator

from pipcache.audit.auditor import Part, Report
from pipcache.inventory.artifact import path_of
from pipcache.render.json.audit import origin_text, response_date
from pipcache.render.json.records import iso_time
from pipcache.render.text.audit import MOST_DETAILS, RELATIONS, facts_of, sentences, title
from pipcache.util.untrusted import clean, redact_text


def markdown_lines(report: Report) -> Iterator[str]:
    """Yield the answer as Markdown for a ticket."""
    yield "# pipcache audit"
    yield ""
    yield from (_escaped(line) for line in sentences(report))
    for part in report.parts:
        yield ""
        yield f"## `{_code(part.cache.path)}`"
        yield ""
        if part.problem is not None:
            yield f"Could not be looked at: {_escaped(part.problem)}"
        yield from _table(part)
        for hit in part.found.hits[:MOST_DETAILS]:
            yield from ("", f"### {_escaped(title(hit.artifact))}", "")
            yield from (f"- {name}: {_escaped(value)}" for name, value in facts_of(part, hit))
        if part.found.unjudged:
            yield ""
            yield "Could not be judged:"
            yield ""
            yield from (f"- `{_code(one.path)}`: {_escaped(redact_text(one.why))}" for one in part.found.unjudged)


def _table(part: Part) -> Iterator[str]:
    if not part.found.hits:
        yield "Nothing was found."
        return
    yield "| what | file | by | sha256 | downloaded | key |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for hit in part.found.hits:
        artifact = hit.artifact
        reasons = [f"{clause.text} ({clause.indicator.record})" for clause in hit.clauses] or [origin_text(hit)]
        times = " / ".join(filter(None, (response_date(artifact), iso_time(artifact.made_ns))))
        cells = (
            RELATIONS[hit.relation],
            title(artifact),
            "; ".join(dict.fromkeys(map(redact_text, reasons))),
            "" if hit.digests is None else hit.digests.sha256,
            times,
            artifact.key or path_of(artifact),
        )
        yield f"| {' | '.join(map(_escaped, cells))} |"


def _escaped(text: str) -> str:
    """Return text as Markdown that is only text, on one line."""
    return "".join(f"\\{one}" if one in "\\`*_{}[]<>#|!~" else one for one in clean(text).replace("\n", " "))


def _code(text: str) -> str:
    return clean(text).replace("`", "'").replace("\n", " ")
