"""``refresh`` as Markdown for a ticket, and as SARIF for a dashboard."""

import os
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from pipcache.inventory.artifact import Artifact, path_of
from pipcache.live.answers import Failed
from pipcache.live.questions import NotAsked
from pipcache.live.refresh import Result
from pipcache.location.locate import CacheDirectory
from pipcache.render.markdown import code_text, escaped, run_lines
from pipcache.render.sarif import location_of, sarif_invocation, sarif_log
from pipcache.render.text.refresh import failed_lines, not_asked_lines, note_lines, probe_text, sum_lines
from pipcache.render.text.verify import promised, title
from pipcache.util.redaction import redact_url
from pipcache.util.run import NO_IDENTITY, Run
from pipcache.util.untrusted import redact_text
from pipcache.verify.checks import Check, Verdict
from pipcache.verify.verdict import Finding


class _Row(NamedTuple):
    """A finding with what it is of; ``artifact`` is None where the cache has no such entry."""

    what: str
    index_url: str
    artifact: Artifact | None
    finding: Finding


def _rows(results: Sequence[Result]) -> Iterator[_Row]:
    for result in results:
        question = result.question
        index, page = redact_url(question.index), question.page
        for finding in () if result.comparison is None else result.comparison.findings:
            yield _Row(f"index page of {question.project}", index, page, finding)
        for file in result.files:
            text = probe_text(file)
            for finding in file.status.findings:
                if text is not None and finding.check is Check.PC711:
                    finding = finding._replace(actual=f"{finding.actual}. {text}")  # noqa: PLW2901
                yield _Row(title(file.artifact), index, file.artifact, finding)
        for pin in result.pins:
            if pin.finding is not None:
                yield _Row(pin.title, index, None, pin.finding)


def refresh_markdown(
    directory: CacheDirectory, results: Sequence[Result], not_asked: Sequence[NotAsked], run: Run = NO_IDENTITY
) -> Iterator[str]:
    """Yield the answer of ``refresh`` as Markdown; the run ends now."""
    yield from ("# pipcache refresh", "", f"Cache: `{code_text(directory.path)}`", "")
    yield from run_lines(run)
    yield from (f"- {escaped(line)}" for line in sum_lines(results))
    rows = list(_rows(results))
    yield ""
    if rows:
        yield "| code | what | index | expected | there is | key |"
        yield "| --- | --- | --- | --- | --- | --- |"
    for what, index, artifact, finding in rows:
        key = "" if artifact is None else artifact.key or path_of(artifact)
        cells = (finding.check.code, what, index, promised(finding), finding.actual, key)
        yield f"| {' | '.join(escaped(redact_text(cell)) for cell in cells)} |"
    if not rows:
        yield "Nothing was found."
    for code in dict.fromkeys(row.finding.check for row in rows):
        yield from ("", f"{code.code}: {escaped(code.sentence)} What pip does: {escaped(code.effect)}.")
    lines = [*not_asked_lines(not_asked), *note_lines(results), *failed_lines(results)]
    if lines:
        yield from ("", *(f"- {escaped(line)}" for line in lines))


def refresh_sarif(
    directory: CacheDirectory,
    results: Sequence[Result],
    not_asked: Sequence[NotAsked],
    run: Run = NO_IDENTITY,
    *,
    exit_code: int,
    is_whole: bool,
) -> dict[str, object]:
    """Return the answer of ``refresh`` as a SARIF log; what was not asked or answered are notifications.

    Args:
        directory: the cache directory.
        results: what came of the questions.
        not_asked: what nobody was asked about.
        run: the run, which ends now.
        exit_code: its exit code.
        is_whole: whether all was answered and read.
    """
    notes = [("note", line) for line in (*not_asked_lines(not_asked), *note_lines(results))]
    notes += [
        ("warning", f"No answer about {result.question.project}: {result.answer.text}")
        for result in results
        if isinstance(result.answer, Failed)
    ]
    notifications: list[dict[str, object]] = [{"level": level, "message": {"text": text}} for level, text in notes]
    rules = {check.code: check.sentence for check in Check if check.code.startswith("PC7")}
    sarif_results = [_sarif_result(directory, row) for row in _rows(results)]
    return sarif_log(sarif_invocation(run, exit_code, notifications, is_whole=is_whole), sarif_results, {}, rules)


def _sarif_result(directory: CacheDirectory, row: _Row) -> dict[str, object]:
    finding, files = row.finding, () if row.artifact is None else row.artifact.files
    says = f"{finding.check.sentence} Expected: {promised(finding)}. There is: {finding.actual}."
    locations = [location_of(os.path.join(directory.path, file.path)) for file in files]
    return {
        "ruleId": finding.check.code,
        "level": "error" if finding.check.leads_to is Verdict.POISONED else "warning",
        "message": {"text": redact_text(f"{row.what}, {row.index_url}: {says}")},
        "locations": locations[:1],
        "relatedLocations": locations[1:],
    }
