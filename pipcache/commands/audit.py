"""``audit``: hold advisories against one cache, or against every cache of this machine."""

import sys
from collections.abc import Iterable

from pipcache.audit.auditor import AuditedCache, AuditReport
from pipcache.audit.request import AuditRequest, audit_cache, audit_machine, read_matcher
from pipcache.commands.consent import write_answer
from pipcache.errors import ExitCode
from pipcache.location.locate import CacheDirectory
from pipcache.render.console import is_terminal, print_answer, say, wants_colour, width
from pipcache.render.json.audit import audit_document
from pipcache.render.json.writer import pieces
from pipcache.render.line import audit_line
from pipcache.render.markdown import markdown_lines
from pipcache.render.sarif import sarif_document
from pipcache.render.text.audit import audit_lines
from pipcache.render.text.notices import say_unknown
from pipcache.render.text.wrap import fit
from pipcache.util.progress import Track
from pipcache.util.run import NO_IDENTITY, Run
from pipcache.util.untrusted import clean


def find(directory: CacheDirectory, request: AuditRequest, track: Track) -> AuditReport:
    """Read the advisories, and hold them against the cache, or all that this machine has.

    Raises:
        BadAdvisory: a file of ``--advisory`` is not what it claims.
        CacheNotFound: the directory is a file, or cannot be read.
        NotAPipCache: it holds something, and none of pip's stores.
    """
    advisories, matcher = read_matcher(request)
    if not request.all_caches:
        audit = audit_cache(directory, matcher, request, track)
        caches = [AuditedCache(directory, (directory.origin,), audit)]
        return AuditReport(caches, advisories, time_range=request.time_range)
    machine_audit = audit_machine(directory, matcher, request, track)
    caches = [cache for _, cache in machine_audit.caches]
    return AuditReport(
        caches, advisories, everywhere=True, unread=machine_audit.unread, time_range=request.time_range
    )


def write(report: AuditReport, form: str, run: Run = NO_IDENTITY) -> None:
    """Print the report."""
    match form:
        case "json":
            answer: str | Iterable[str] = pieces(audit_document(report, run))
        case "sarif":
            answer = pieces(sarif_document(report, run, int(exit_code(report))))
        case "markdown":
            answer = "\n".join(markdown_lines(report, run))
        case "line":
            answer = audit_line(report, run)
        case _:
            lines = audit_lines(report, colour=wants_colour(sys.stdout))
            answer = "\n".join(fit(lines, width()) if is_terminal(sys.stdout) else lines)
    # a reader that closes early must not make a finding look clean
    write_answer(lambda: print_answer(answer))
    for cache in report.caches:
        say_unknown(cache.audit.unknown)
    for note in report.advisories.notes[:_SHOWN]:
        say(f"Note: {clean(note)}")


_SHOWN = 5


def exit_code(report: AuditReport) -> ExitCode:
    """Return the exit code: hits come before what could not be judged."""
    if report.hits:
        return ExitCode.FINDINGS
    return ExitCode.OK if report.is_whole else ExitCode.FAILED
