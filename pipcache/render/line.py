"""``audit`` and ``remove --advisory`` in one line, for engines that keep no more of an answer.

The line is ASCII and has at most ``MOST_CHARACTERS``. Names come from files of strangers: what is not a letter, a
digit or one of ``._+!-`` in them is written as ``_``, so that no name can look like another part of the line.
"""

import re
from collections.abc import Iterable, Iterator, Sequence

from pipcache import __version__
from pipcache.audit.answer import Answer
from pipcache.audit.auditor import AuditReport
from pipcache.audit.derivation import Hit, Relation, display_name
from pipcache.render.purged_cache import PurgedCache, answer_of
from pipcache.util.run import Run
from pipcache.util.units import counted
from pipcache.util.untrusted import clean

MOST_CHARACTERS = 1_000

_MOST_NAMES = 5

_MOST_DIGESTS = 10

_LONGEST_NAME = 60

_LONGEST_MESSAGE = 500


def audit_line(report: AuditReport, run: Run) -> str:
    """Return the answer of ``audit``."""
    hits, caches = report.hits, report.caches
    with_hits = [cache for cache in caches if cache.audit.hits]
    if hits:
        result = f"{counted(len(hits), 'entry', 'entries')} in {counted(len(with_hits), 'cache')}{_names(hits)}"
    else:
        result = f"nothing found in {counted(sum(cache.is_read for cache in caches), 'cache')}"
    inconclusive = sum(len(cache.audit.inconclusive) for cache in caches)
    problems = sum(cache.problem is not None for cache in caches)
    parts = [result, *_unjudged(inconclusive, problems + len(report.unread))]
    return _line(report.answer, parts, report, run)


def purge_line(
    caches: Sequence[PurgedCache], report: AuditReport, run: Run, problems: Sequence[tuple[str, str]]
) -> str:
    """Return the answer of ``remove --advisory``.

    Args:
        caches: what became of each cache.
        report: the audit before the removal; its ``unread`` are those of the last look.
        run: the run.
        problems: paths outside the caches, and what went wrong there.
    """
    parts = []
    outcomes = [cache.outcome for cache in caches if cache.outcome is not None]
    if outcomes:
        removed = counted(sum(outcome.files for outcome in outcomes), "file")
        parts.append(f"removed {removed} from {counted(len(outcomes), 'cache')}{_names(report.hits)}")
    elif goes := sum(len(cache.plan.removals) for cache in caches):
        parts.append(f"{counted(goes, 'entry', 'entries')} would be removed{_names(report.hits)}")
    elif not report.hits:
        parts.append(f"nothing found in {counted(sum(cache.before.is_read for cache in caches), 'cache')}")
    else:
        parts.append(f"nothing removed{_names(report.hits)}")
    if stays := [hit for cache in caches for hit in cache.stays]:
        parts.append(f"{counted(len(stays), 'entry', 'entries')} not removed{_names(stays)}")
    elif any(cache.is_looked_at_again for cache in caches):
        parts.append("a second look finds nothing")
    others = [*problems, *report.unread]
    unreadable = sum(cache.problem is not None for cache in caches) + len(others)
    parts += _unjudged(sum(len(cache.unjudged) for cache in caches), unreadable)
    return _line(answer_of(caches, [*others, *report.advisories.unmatched]), parts, report, run)


def failure_line(message: str, run: Run) -> str:
    """Return what stands in the place of an answer where a run ended without one."""
    text = _ascii(clean(message)).rstrip(".")
    shown = text if len(text) <= _LONGEST_MESSAGE else f"{text[: _LONGEST_MESSAGE - 3]}..."
    return _line(Answer.UNKNOWN, [shown], None, run)


def _line(answer: Answer, parts: Iterable[str], report: AuditReport | None, run: Run) -> str:
    parts = [*parts]
    if report is not None:
        parts += _ids(report)
    if run.identity is not None:
        parts.append(f"host {_plain(run.identity.host)}")
    parts.append(f"pipcache {__version__}")
    if report is not None and report.advisories.files:
        digests = list(dict.fromkeys(file.sha256[:8] for file in report.advisories.files))
        more = f" and {len(digests) - _MOST_DIGESTS:,} more" if len(digests) > _MOST_DIGESTS else ""
        parts.append(f"advisories {' '.join(digests[:_MOST_DIGESTS])}{more}")
    return _ascii(f"{answer.value}: {'; '.join(parts)}")[:MOST_CHARACTERS]


def _ids(report: AuditReport) -> Iterator[str]:
    """Yield what ``--only-ids`` left out."""
    if report.advisories.skipped:
        yield f"{counted(report.advisories.skipped, 'record')} skipped by --only-ids"
    if report.advisories.unmatched:
        yield f"{counted(len(report.advisories.unmatched), 'pattern')} of --only-ids without a record"


def _unjudged(entries: int, caches: int) -> Iterator[str]:
    words = [counted(entries, "entry", "entries")] if entries else []
    words += [counted(caches, "place")] if caches else []
    if words:
        yield f"{' and '.join(words)} could not be judged"


def _names(hits: Sequence[Hit]) -> str:
    """Return the releases of hits, those that match before those that are derived."""
    ordered = sorted(hits, key=lambda hit: hit.relation is not Relation.MATCH)
    files = [hit for hit in ordered if hit.relation is not Relation.PAGE]
    names = [*dict.fromkeys(_words(hit) for hit in files or ordered)]
    if not names:
        return ""
    shown = ", ".join(" ".join(map(_plain, words)) for words in names[:_MOST_NAMES])
    more = f" and {len(names) - _MOST_NAMES:,} more" if len(names) > _MOST_NAMES else ""
    return f" ({shown}{more})"


def _words(hit: Hit) -> tuple[str, ...]:
    """Return the project and the version of a hit, or else what it is called."""
    artifact = hit.artifact
    words = tuple(word for word in (artifact.project, artifact.version) if word)
    return words if artifact.project is not None else (display_name(artifact),)


def _plain(name: str) -> str:
    """Return a name short, and with nothing in it but what names have."""
    shown = re.sub(r"[^A-Za-z0-9._+!-]", "_", clean(name))
    return shown if len(shown) <= _LONGEST_NAME else f"{shown[: _LONGEST_NAME - 3]}..."


def _ascii(text: str) -> str:
    return re.sub(r"[^ -~]", "_", text.encode("ascii", "backslashreplace").decode())
