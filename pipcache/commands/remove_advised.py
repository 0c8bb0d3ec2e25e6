"""``remove --advisory``: remove what an audit proved, then look again."""

import os
import sys
from collections.abc import Sequence
from typing import NamedTuple

from pipcache.audit.auditor import EMPTY_AUDIT, AuditedCache, AuditReport, CacheAudit
from pipcache.audit.derivation import Hit, Relation, display_name
from pipcache.audit.inconclusive import Inconclusive
from pipcache.audit.matcher import Matcher
from pipcache.audit.request import AuditRequest, audit_cache, read_matcher
from pipcache.commands.consent import Consent, exit_code_of, report_of, run_with_consent, write_answer
from pipcache.errors import ExitCode
from pipcache.inventory.artifact import path_of
from pipcache.location.locate import CacheDirectory
from pipcache.removal.backup import BackupItem, save_copies
from pipcache.removal.outcome import Fate, Outcome
from pipcache.removal.plan import Candidate, Plan, Reason, plan_artifacts
from pipcache.render.console import fitted, say
from pipcache.render.json.audit import PurgeDocument, note_record, purge_document
from pipcache.render.json.records import dump
from pipcache.render.json.remove import Uncovered, removal_document
from pipcache.render.text.audit import sentences
from pipcache.render.text.remove import ARTIFACTS, outcome_line, plan_rows
from pipcache.store.cache import Cache
from pipcache.store.entries import entry_path
from pipcache.util.progress import Track
from pipcache.util.units import counted
from pipcache.util.untrusted import clean


class AdvisedRequest(NamedTuple):
    """What ``remove --advisory`` was asked for; ``search`` is as of ``audit``."""

    search: AuditRequest
    derived: bool = True
    keep_pages: bool = False
    save: str | None = None

    def wants(self, hit: Hit) -> bool:
        """Return whether a hit is to be removed."""
        if hit.relation is Relation.MATCH:
            return True
        return not self.keep_pages if hit.relation is Relation.PAGE else self.derived


class AdvisedAnswer(NamedTuple):
    """The audit, the hits that are to be removed, and the plan for them."""

    directory: CacheDirectory
    report: AuditReport
    wanted: list[Hit]
    plan: Plan
    matcher: Matcher


def find(directory: CacheDirectory, request: AdvisedRequest, track: Track) -> AdvisedAnswer:
    """Audit the cache and plan what is removed; nothing is changed.

    Raises:
        BadAdvisory: a file of ``--advisory`` is not what it claims.
        CacheNotFound: the directory is a file, or cannot be read.
        NotAPipCache: it holds something, and none of pip's stores.
    """
    advisories, matcher = read_matcher(request.search)
    audit = audit_cache(directory, matcher, request.search, track)
    wanted = [hit for hit in audit.hits if request.wants(hit)]
    return AdvisedAnswer(
        directory=directory,
        report=AuditReport([AuditedCache(directory, (directory.origin,), audit)], advisories),
        wanted=wanted,
        plan=plan_artifacts((Candidate(hit.artifact, *_why(hit)) for hit in wanted), audit.artifacts),
        matcher=matcher,
    )


def _why(hit: Hit) -> tuple[Reason, str]:
    if hit.relation is Relation.MATCH:
        first = hit.clauses[0]
        return Reason.ADVISORY, f"{first.indicator.record}: {first.text}"
    if hit.relation is Relation.PAGE:
        return Reason.PAGE, hit.artifact.project or display_name(hit.artifact)
    return Reason.DERIVED, f"{hit.relation.value} {hit.derived_from}"


def run(answer: AdvisedAnswer, request: AdvisedRequest, consent: Consent, form: str, track: Track) -> ExitCode:
    """Show the plan, ask where it must be asked, keep copies, act, look again, and report.

    Raises:
        Declined: the question was not answered with yes.
        NotSaved: a copy could not be kept; then nothing was removed.
    """
    saved: list[str] = []

    def keep() -> None:
        if request.save is not None:
            items = [_backup_item(hit) for hit in answer.wanted]
            saved.extend(save_copies(Cache(answer.directory.path), items, request.save))
            say(f"Kept copies of {counted(len(saved), 'file')} in {clean(os.path.abspath(request.save))}.")

    again: list[CacheAudit] = []

    def document(outcome: Outcome | None) -> PurgeDocument:
        again.append(_second_look(answer, request, track) if outcome is not None else EMPTY_AUDIT)
        base = removal_document(
            "remove",
            answer.directory,
            answer.plan,
            outcome,
            uncovered=Uncovered(),
            entries=(),
            dry_run=consent.dry_run,
        )
        left = None if outcome is None else _left(again[0], request, answer, outcome)
        return purge_document(base, answer.report, left, _unjudged(answer, outcome, again[0]), saved)

    table = plan_rows(answer.plan), ARTIFACTS
    report = report_of(form, answer.plan, table, answer.directory.path, document)._replace(prepare=keep)
    outcome = run_with_consent(answer.directory, answer.plan, consent, report, track)
    audit = EMPTY_AUDIT
    if outcome is not None:
        audit = again[0] if again else _second_look(answer, request, track)
    left = _left(audit, request, answer, outcome)
    unjudged = _unjudged(answer, outcome, audit)
    if form == "table":
        _write_end(answer, outcome, left, unjudged)
    code = exit_code_of(outcome, is_incomplete=bool(left))
    return ExitCode.UNJUDGED if code is ExitCode.OK and unjudged else code


def _backup_item(hit: Hit) -> BackupItem:
    note = dump(note_record(hit)).encode()
    return BackupItem(hit.artifact, None if hit.digests is None else hit.digests.sha256, note + b"\n")


def _second_look(answer: AdvisedAnswer, request: AdvisedRequest, track: Track) -> CacheAudit:
    return audit_cache(answer.directory, answer.matcher, request.search, track)


def _removed(answer: AdvisedAnswer, outcome: Outcome | None) -> set[str]:
    """Return the paths of the entries that are gone; without an outcome, of those that would be."""
    if outcome is None:
        return {entry_path(removal.entry) for removal in answer.plan.removals}
    pairs = zip(answer.plan.removals, outcome.fates, strict=True)
    return {entry_path(removal.entry) for removal, fate in pairs if fate in {Fate.REMOVED, Fate.GONE}}


def _left(audit: CacheAudit, request: AdvisedRequest, answer: AdvisedAnswer, outcome: Outcome | None) -> list[Hit]:
    """Return what was meant and stays.

    That is what a second look finds, what it cannot find any more because what proved it is gone, and what no
    plan can remove where it is.
    """
    hits = [hit for hit in audit.hits if request.wants(hit)]
    there = {path_of(hit.artifact) for hit in hits} | _removed(answer, outcome)
    return hits + [hit for hit in answer.wanted if path_of(hit.artifact) not in there]


def _unjudged(answer: AdvisedAnswer, outcome: Outcome | None, audit: CacheAudit) -> list[Inconclusive]:
    """Return what neither look could judge, and the first could not unless it is gone; by path."""
    first = answer.report.caches[0].audit.inconclusive
    removed = _removed(answer, outcome)
    stays = {entry.path: entry for entry in first if entry.path not in removed}
    return list((stays | {entry.path: entry for entry in audit.inconclusive}).values())


def _write_end(
    answer: AdvisedAnswer, outcome: Outcome | None, left: Sequence[Hit], unjudged: Sequence[Inconclusive]
) -> None:
    """Say what the run comes to, and what it does not cover."""
    if outcome is not None:
        verdict = f"still finds {counted(len(left), 'entry', 'entries')}" if left else "finds nothing"
        write_answer(lambda: print(fitted(f"A second look {verdict}.", sys.stdout)), outcome_line(outcome))  # noqa: T201
    elif left:
        say(f"{counted(len(left), 'entry', 'entries')} cannot be removed where they are:")
    for hit in left[:_SHOWN]:
        say(f"  {clean(display_name(hit.artifact))}: {clean(path_of(hit.artifact))}")
    for line in () if answer.directory.is_empty else sentences(answer.report):
        say(line)
    for entry in unjudged[:_SHOWN]:
        say(f"Could not be judged: {clean(entry.path)}: {clean(entry.reason)}")
    if len(unjudged) > _SHOWN:
        say(f"... and {len(unjudged) - _SHOWN:,} more (--format json has them all)")


_SHOWN = 5
