"""``remove --advisory``, step by step: audit and plan, keep copies, remove, look again."""

import time
from typing import NamedTuple

from pipcache.audit.auditor import EMPTY_AUDIT, AuditedCache, AuditReport, CacheAudit
from pipcache.audit.derivation import Hit, Relation, display_name
from pipcache.audit.inconclusive import Inconclusive
from pipcache.audit.matcher import Matcher
from pipcache.audit.request import AuditRequest, MachineAudit, audit_cache, audit_machine, read_matcher
from pipcache.commands.consent import (
    interruptible,
)
from pipcache.commands.purge_copies import Copies, KeptHits
from pipcache.errors import CacheNotFound
from pipcache.inventory.artifact import path_of
from pipcache.inventory.uv_removal import commands_for
from pipcache.location.locate import CacheDirectory
from pipcache.location.machine import MachineCache
from pipcache.location.ownership import ownership_of
from pipcache.removal.executor import carry_out
from pipcache.removal.manifest import CacheResult
from pipcache.removal.outcome import Fate, Outcome
from pipcache.removal.plan import Candidate, Plan, Reason, plan_artifacts
from pipcache.removal.private_folder import NotSaved
from pipcache.render.purged_cache import PurgedCache
from pipcache.store.cache import Cache
from pipcache.store.entries import entry_path
from pipcache.util.progress import Track
from pipcache.util.run import NO_IDENTITY, Run


class AdvisedRequest(NamedTuple):
    """What ``remove --advisory`` was asked for; ``search`` is as of ``audit``."""

    search: AuditRequest
    derived: bool = True
    keep_pages: bool = False
    save: str | None = None
    run: Run = NO_IDENTITY

    def wants(self, hit: Hit) -> bool:
        """Return whether a hit is to be removed."""
        if hit.relation in {Relation.MATCH, Relation.INSTALLED}:
            return True
        return not self.keep_pages if hit.relation is Relation.PAGE else self.derived


class AdvisedCache(NamedTuple):
    """A cache, its audit, the hits that are to be removed, and the plan for them.

    ``problem`` says why nothing can be done there; then nothing is planned.
    """

    place: MachineCache
    audited: AuditedCache
    wanted: list[Hit]
    plan: Plan
    problem: str | None


class AdvisedAnswer(NamedTuple):
    """The audit, what is to be done in each cache, that of this run first, and what was looked for."""

    directory: CacheDirectory
    report: AuditReport
    caches: list[AdvisedCache]
    matcher: Matcher


def find(directory: CacheDirectory, request: AdvisedRequest, track: Track) -> AdvisedAnswer:
    """Audit the cache, or all caches of this machine, and plan what is removed; nothing is changed.

    Raises:
        BadAdvisory: a file of ``--advisory`` is not what it claims.
        CacheNotFound: the directory is a file, or cannot be read.
        NotAPipCache: it holds something, and none of pip's stores.
    """
    advisories, matcher = read_matcher(request.search)
    look = _look(directory, matcher, request, track)
    caches = [_planned(*pair, request) for pair in look.caches]
    report = AuditReport(
        [cache.audited for cache in caches],
        advisories,
        everywhere=request.search.all_caches,
        unread=look.unread,
    )
    return AdvisedAnswer(directory, report, caches, matcher)


def _look(directory: CacheDirectory, matcher: Matcher, request: AdvisedRequest, track: Track) -> MachineAudit:
    """Audit what was asked for, the cache of this run first."""
    if request.search.all_caches:
        return audit_machine(directory, matcher, request.search, track)
    place = MachineCache(directory, (directory.origin,), None, ownership_of(directory.path))
    audit = audit_cache(directory, matcher, request.search, track)
    return MachineAudit([(place, AuditedCache(directory, place.owners, audit))], ())


def _planned(place: MachineCache, audited: AuditedCache, request: AdvisedRequest) -> AdvisedCache:
    wanted = [hit for hit in audited.audit.hits if request.wants(hit)]
    problem = audited.problem or (_refusal(place, wanted) if wanted else None)
    candidates = (Candidate(hit.artifact, *_why(hit)) for hit in wanted)
    plan = Plan(()) if problem else plan_artifacts(candidates, audited.audit.artifacts)
    return AdvisedCache(place, audited, wanted, plan, problem)


def _refusal(place: MachineCache, wanted: list[Hit]) -> str | None:
    """Return why nothing may be removed in a cache, and how else: uv's is changed by uv alone."""
    if place.cache.tool != "uv":
        return place.refusal
    commands = ", then ".join(commands_for(place.cache.path, (hit.artifact for hit in wanted)))
    return f"{place.refusal}: run {commands}, then this command again"


def _why(hit: Hit) -> tuple[Reason, str]:
    if hit.relation is Relation.MATCH:
        first = hit.clauses[0]
        if first.indicator.is_selector:
            return Reason.MATCH, ", ".join(
                dict.fromkeys(clause.indicator.record for clause in hit.clauses if clause.indicator.is_selector)
            )
        return Reason.ADVISORY, f"{first.indicator.record}: {first.text}"
    if hit.relation is Relation.PAGE:
        return Reason.PAGE, hit.artifact.project or display_name(hit.artifact)
    return Reason.DERIVED, f"{hit.relation.value} {hit.derived_from}"


class AdvisedRemoval:
    """The removal in all caches, step by step."""

    def __init__(self, answer: AdvisedAnswer, request: AdvisedRequest, track: Track) -> None:
        self.problems: list[tuple[str, str]] = []
        """Paths outside the caches, and what went wrong there."""
        self.unread = answer.report.unread
        """Caches of other installers that are there, by the last look, and are not read."""
        self._answer = answer
        self._request = request
        self._track = track
        self._outcomes: dict[str, Outcome] = {}
        self._removed: dict[str, int] = {}
        self._refusals: dict[str, str] = {}
        self._saved: dict[str, list[str]] = {}
        self._again: dict[str, AdvisedCache] | None = None
        self._copies: Copies | None = None
        if request.save is not None:
            self._copies = Copies(request.save, answer.report, request.run)

    @property
    def is_idle(self) -> bool:
        """Whether there is nothing to remove."""
        return all(cache.plan.is_empty for cache in self._answer.caches)

    def keep_copies(self) -> None:
        """Keep copies of what goes; a cache of which something cannot be read is left alone.

        Raises:
            NotSaved: copies could not be kept.
        """
        if self._copies is None:
            return
        caches = [cache for cache in self._answer.caches if not cache.plan.is_empty]
        kept = [KeptHits(cache.place, cache.place.ownership, cache.wanted) for cache in caches]
        for cache, saved in zip(caches, self._copies.keep(kept), strict=True):
            self._saved[path_of_cache(cache)] = saved.names
            if saved.problem is not None:
                self._refusals[path_of_cache(cache)] = saved.problem.message

    def carry_out(self) -> None:
        """Remove; an interruption lets the step at hand end, and nothing else is begun."""
        with interruptible() as is_interrupted:
            for cache in self._answer.caches:
                path = path_of_cache(cache)
                if cache.plan.is_empty or path in self._refusals:
                    continue
                ownership = cache.place.ownership
                try:
                    self._outcomes[path] = carry_out(
                        Cache(path),
                        cache.plan,
                        self._track,
                        should_stop=is_interrupted,
                        identity=None if ownership is None else ownership.identity,
                    )
                except CacheNotFound as error:
                    if not self._request.search.all_caches:
                        raise
                    self._refusals[path] = error.message
                self._removed[path] = time.time_ns()
        self._note_results()

    def look_again(self) -> None:
        """Audit everything again, if something was to be removed, and note what became of it."""
        if not self.is_idle:
            request, answer = self._request, self._answer
            look = _look(answer.directory, answer.matcher, request, self._track)
            self._again = {place.cache.path: _planned(place, audited, request) for place, audited in look.caches}
            self.unread = look.unread
        self._note_results()

    def _note_results(self) -> None:
        if self._copies is None:
            return
        looks = self._again
        if looks is None and self.is_idle:
            looks = {path_of_cache(cache): cache for cache in self._answer.caches}
        results = {path_of_cache(cache): self._result(cache, looks) for cache in self._answer.caches}
        try:
            self._copies.note_results(results)
        except NotSaved as error:
            self.problems.append((error.path or "", f"{error.message} {error.hint}"))

    def _result(self, cache: AdvisedCache, looks: dict[str, AdvisedCache] | None) -> CacheResult:
        path, look = path_of_cache(cache), None if looks is None else looks.get(path_of_cache(cache))
        outcome = self._outcomes.get(path)
        fates = () if outcome is None else zip(cache.plan.removals, outcome.fates, strict=True)
        entries = None
        if look is not None and look.audited.problem is None:
            entries = frozenset(map(path_of, look.audited.audit.artifacts))
        return CacheResult(
            fates={entry_path(removal.entry): fate for removal, fate in fates},
            removed=self._removed.get(path),
            entries=entries,
            looked=None if entries is None else time.time_ns(),
        )

    def report(self) -> list[PurgedCache]:
        """Return what is known of each cache by now; those that only the second look met come last."""
        caches = [self._report(cache) for cache in self._answer.caches]
        known = {path_of_cache(cache) for cache in self._answer.caches}
        for path, cache in (self._again or {}).items():
            if path not in known:
                unjudged = cache.audited.audit.inconclusive
                new = PurgedCache(
                    before=cache.audited,
                    problem=cache.problem,
                    plan=Plan(()),
                    outcome=None,
                    stays=cache.wanted,
                    is_looked_at_again=True,
                    unjudged=unjudged,
                    saved=(),
                )
                caches.append(new)
        return caches

    def _report(self, cache: AdvisedCache) -> PurgedCache:
        path, outcome = path_of_cache(cache), self._outcomes.get(path_of_cache(cache))
        look = None if self._again is None else self._again.get(path)
        problem = self._refusals.get(path) or cache.problem or (None if look is None else look.problem)
        again = EMPTY_AUDIT if look is None else look.audited.audit
        removed = set[str]() if problem else _removed(cache, outcome)
        return PurgedCache(
            before=cache.audited,
            problem=problem,
            plan=cache.plan,
            outcome=outcome,
            stays=_stays(cache, [] if look is None else look.wanted, removed),
            is_looked_at_again=self._again is not None,
            unjudged=_unjudged(cache, removed, again),
            saved=self._saved.get(path, ()),
        )


def path_of_cache(cache: AdvisedCache) -> str:
    """Return the real path of a cache."""
    return cache.place.cache.path


def _removed(cache: AdvisedCache, outcome: Outcome | None) -> set[str]:
    """Return the paths of the entries that are gone; without an outcome, of those that would be."""
    if outcome is None:
        return {entry_path(removal.entry) for removal in cache.plan.removals}
    pairs = zip(cache.plan.removals, outcome.fates, strict=True)
    return {entry_path(removal.entry) for removal, fate in pairs if fate in {Fate.REMOVED, Fate.GONE}}


def _stays(cache: AdvisedCache, again: list[Hit], removed: set[str]) -> list[Hit]:
    """Return what was meant and stays.

    That is what a second look finds, what it cannot find any more because what proved it is gone, and what no
    plan can remove where it is.
    """
    there = {path_of(hit.artifact) for hit in again} | removed
    return again + [hit for hit in cache.wanted if path_of(hit.artifact) not in there]


def _unjudged(cache: AdvisedCache, removed: set[str], again: CacheAudit) -> list[Inconclusive]:
    """Return what neither look could judge, and the first could not unless it is gone; by path."""
    first = cache.audited.audit.inconclusive
    stays = {entry.path: entry for entry in first if entry.path not in removed}
    return list((stays | {entry.path: entry for entry in again.inconclusive}).values())
