"""Which artifacts each policy takes. Pure functions of facts."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from pipcache.inventory.artifact import Artifact, Kind, path_of
from pipcache.prune.dead_weight import DAY, UNUSED_STORE, DeadWeightRules, is_in_flight, is_of_old_layout
from pipcache.prune.facts import Facts
from pipcache.prune.latest import has_version, latest, public_version_of
from pipcache.prune.request import Policies
from pipcache.prune.sources import BuildSources
from pipcache.prune.space import SpaceCount
from pipcache.removal.plan import Candidate, Reason
from pipcache.store.cachecontrol import Frame
from pipcache.store.entries import BuiltEntry, HttpEntry, is_link
from pipcache.store.layout import Store
from pipcache.util.units import counted, format_age, format_size
from pipcache.util.versions import Version


class Decision(NamedTuple):
    """What the policies take.

    ``too_large`` says by how much what is left exceeds the limit, and why no more can go; None where it does not.
    ``size_before`` is in bytes, of all that pip made.
    """

    taken: list[Candidate]
    too_large: str | None
    size_before: int


def decide(policies: Policies, facts: Facts) -> Decision:
    """Return what the policies take.

    The policies are asked again until they take no more, because what one policy takes may have kept something
    else from another. So a second run takes nothing.
    """
    taken: dict[str, Candidate] = {}
    decider = _Decider(policies, facts)
    space = SpaceCount(facts.artifacts, facts.folder_contents)
    size_before, too_large = space.size, None
    while True:
        count_before = len(taken)
        for is_enabled, policy in decider.table():
            if not is_enabled:
                continue
            remaining = [artifact for artifact in facts.artifacts if path_of(artifact) not in taken]
            candidates = [
                candidate
                for candidate in policy(remaining)
                if path_of(candidate.artifact) not in facts.kept | facts.left_out
            ]
            taken |= {path_of(candidate.artifact): candidate for candidate in candidates}
            space.remove(candidate.artifact for candidate in candidates)
        if len(taken) == count_before and policies.max_size is not None:
            remaining = [artifact for artifact in facts.artifacts if path_of(artifact) not in taken]
            evicted = decider.max_size(remaining, space, policies.max_size)
            taken |= {path_of(candidate.artifact): candidate for candidate in evicted}
            too_large = decider.why_too_large(remaining, space, policies.max_size)
        if len(taken) == count_before:
            return Decision(list(taken.values()), too_large, size_before)


_Policy = Callable[[Sequence[Artifact]], Iterable[Candidate]]
"""Returns what a policy takes of the artifacts that are left."""


class _Decider:
    """One method for each policy. A method gets the artifacts that are left, and yields those that it takes."""

    def __init__(self, policies: Policies, facts: Facts) -> None:
        self._policies = policies
        self._facts = facts
        self._needed = facts.needed or frozenset()
        links = frozenset(path_of(artifact) for artifact in facts.artifacts if is_link(artifact.entry))
        self._dead_weight = DeadWeightRules(facts.now, facts.folder_contents, links, policies.old_layouts)

    def table(self) -> tuple[tuple[bool, _Policy], ...]:
        """Return the policies in the order in which they are asked, each with whether it was asked for.

        ``max_size`` is not in the table: it is asked when the others take no more.
        """
        policies, facts = self._policies, self._facts
        return (
            (True, self.dead_weight),
            (bool(facts.judged), self.damaged_or_poisoned),
            (policies.ci, self.ci),
            (facts.needed is not None, self.keep_for),
            (policies.keep_latest is not None, self.keep_latest),
            (bool(facts.duplicates), self.duplicates),
            (policies.unused_for is not None or policies.older_than is not None, self.unused),
        )

    def dead_weight(self, remaining: Sequence[Artifact]) -> Iterator[Candidate]:
        """Take what no pip can use again: reasons DEAD_WEIGHT and OLD_LAYOUT."""
        unused_stores = self._unused_stores(remaining)
        sources = BuildSources(remaining, self._facts.sources_by_bytes)
        for artifact in remaining:
            candidate = self._dead_weight.judge(artifact, unused_stores)
            is_old = candidate is not None and candidate.reason is Reason.OLD_LAYOUT
            if candidate is not None and not (is_old and self._is_worth_keeping(artifact, sources)):
                yield candidate

    def _is_worth_keeping(self, artifact: Artifact, sources: BuildSources) -> bool:
        """Return whether an artifact of an old layout is needed, or with ``--ci`` the source of a built wheel."""
        if self._policies.old_layouts:
            return False
        return path_of(artifact) in self._needed or (self._policies.ci and artifact in sources)

    def _unused_stores(self, remaining: Sequence[Artifact]) -> dict[Store, str]:
        """Return the stores that go as a whole because only old pips use them, and why."""
        old_layouts = self._policies.old_layouts
        reasons: dict[Store, str] = {}
        for store, text in _OLD_STORES.items():
            idle = self._idle_time(store, remaining)
            if idle is None or old_layouts is False:
                continue
            if old_layouts:
                reasons[store] = text
            elif idle > UNUSED_STORE and self._is_seen(store):
                reasons[store] = f"{text}, and nothing that is left there was used for {format_age(idle)}"
        return reasons

    def _idle_time(self, store: Store, remaining: Iterable[Artifact]) -> float | None:
        """Return the seconds since what can be seen of an old store was last used; None where nothing can."""
        artifacts = (each for each in remaining if each.store is store and is_of_old_layout(each))
        uses = [self._facts.last_used(artifact) for artifact in artifacts]
        return self._facts.now - max(uses) if uses else None

    def _is_seen(self, store: Store) -> bool:
        """Return whether all of a store could be looked at."""
        return not any(artifact.store is store and artifact.unreadable for artifact in self._facts.artifacts)

    def _doubtful(self, remaining: Sequence[Artifact]) -> list[Artifact]:
        """Return what stays only because a part of its old store could not be looked at.

        Nothing else goes because of it: a run that sees the whole store may remove all of it.
        """
        if self._policies.old_layouts is not None:
            return []
        held = self._needed | self._facts.kept | self._facts.left_out
        stores = [
            store
            for store in _OLD_STORES
            if (self._idle_time(store, remaining) or 0) > UNUSED_STORE and not self._is_seen(store)
        ]
        return [
            artifact
            for artifact in remaining
            if artifact.store in stores and is_of_old_layout(artifact) and path_of(artifact) not in held
        ]

    def damaged_or_poisoned(self, remaining: Sequence[Artifact]) -> Iterator[Candidate]:
        """Take what was judged so: reasons DAMAGED and POISONED."""
        for artifact in remaining:
            path = path_of(artifact)
            if is_in_flight(artifact, self._facts.now) or path in self._facts.unfinished:
                continue
            if (candidate := self._facts.judged.get(path)) is not None:
                yield candidate  # with the names it was judged under, as `remove` has them

    def ci(self, remaining: Sequence[Artifact]) -> Iterator[Candidate]:
        """Take downloads that no built wheel came from: reason CI."""
        sources = BuildSources(remaining, self._facts.sources_by_bytes)
        for artifact in self._removable(remaining):
            if isinstance(artifact.entry, HttpEntry) and _is_identified(artifact) and artifact not in sources:
                yield Candidate(artifact, Reason.CI, _CI_DETAILS.get(artifact.kind, "a download"))

    def keep_for(self, remaining: Sequence[Artifact]) -> Iterator[Candidate]:
        """Take what no file of ``--keep-for`` names: reason KEEP_FOR.

        With ``--keep-latest`` the newest versions of projects that no file names stay, and their pages.
        """
        unnamed = [artifact for artifact in remaining if path_of(artifact) in self._facts.of_unnamed_projects]
        newest = self._latest(unnamed, remaining)
        projects = {artifact.project for artifact in newest}
        protected = {path_of(artifact) for artifact in newest} | self._needed
        for artifact in self._removable(remaining):
            is_page_of_those = (
                artifact.kind is Kind.PAGE and artifact.project is not None and artifact.project in projects
            )
            if path_of(artifact) not in protected and not is_page_of_those and _is_identified(artifact):
                yield Candidate(artifact, Reason.KEEP_FOR, "no file names it")

    def keep_latest(self, remaining: Sequence[Artifact]) -> Iterator[Candidate]:
        """Take what is older than the newest versions: reason KEEP_LATEST."""
        removable = self._removable(remaining)
        newest = self._latest(removable, remaining)
        protected = {path_of(artifact) for artifact in newest} | self._needed
        versions: dict[str | None, list[Version]] = {}
        for artifact in newest:
            versions.setdefault(artifact.project, []).extend(filter(None, [public_version_of(artifact)]))
        for artifact in removable:
            if path_of(artifact) not in protected and has_version(artifact):
                yield Candidate(artifact, Reason.KEEP_LATEST, f"{max(versions[artifact.project])} is newer")

    def _latest(self, artifacts: Iterable[Artifact], remaining: Sequence[Artifact]) -> list[Artifact]:
        number = self._policies.keep_latest
        if number is None:
            return []
        return latest(artifacts, number, frozenset(map(path_of, self._doubtful(remaining))))

    def duplicates(self, remaining: Sequence[Artifact]) -> Iterator[Candidate]:
        """Take older downloads with the bytes of the newest: reason DUPLICATES."""
        by_path = {path_of(artifact): artifact for artifact in self._removable(remaining)}
        for paths in self._facts.duplicates:
            downloads = sorted(
                (by_path[path] for path in paths if path in by_path),
                key=lambda artifact: (artifact.made_ns or 0, path_of(artifact)),
            )
            for artifact in downloads[:-1]:
                newest = downloads[-1]
                # keep what is still requested by its old URL
                is_in_use = self._facts.last_used(artifact) > self._facts.last_used(newest) + DAY
                if path_of(artifact) not in self._needed and not is_in_use:
                    name = newest.filename or newest.key
                    detail = f"the bytes of {name}, fetched later under another URL"
                    yield Candidate(artifact, Reason.DUPLICATES, detail)

    def unused(self, remaining: Sequence[Artifact]) -> Iterator[Candidate]:
        """Take what was not used for long: reasons UNUSED_FOR and OLDER_THAN."""
        limits = ((self._policies.unused_for, Reason.UNUSED_FOR), (self._policies.older_than, Reason.OLDER_THAN))
        for artifact in self._removable(remaining):
            idle = self._facts.now - self._facts.last_used(artifact)
            reasons = [reason for limit, reason in limits if limit is not None and idle > limit]
            if reasons and path_of(artifact) not in self._needed:
                yield Candidate(artifact, reasons[0], f"not used for {format_age(idle)}")

    def max_size(self, remaining: Sequence[Artifact], space: SpaceCount, limit: int) -> list[Candidate]:
        """Return what goes until the rest has at most ``limit`` bytes: reason MAX_SIZE.

        Downloads go before built wheels, unless age alone decides, and the least recently used go first. What
        goes is subtracted from ``space``. What is doubtful neither goes nor counts.
        """
        doubtful = self._doubtful(remaining)
        protected = {*self._needed, *self._facts.kept, *self._facts.left_out, *map(path_of, doubtful)}
        limit += SpaceCount(doubtful, self._facts.folder_contents).size  # it is as if it were gone
        removable = [artifact for artifact in self._removable(remaining) if path_of(artifact) not in protected]

        def order(artifact: Artifact) -> tuple[bool, float, str]:
            goes_last = isinstance(artifact.entry, BuiltEntry) and not self._policies.by_age_only
            return goes_last, self._facts.last_used(artifact), path_of(artifact)

        evicted: list[Candidate] = []
        for artifact in sorted(removable, key=order):
            if space.size <= limit:
                break
            space.remove([artifact])
            idle = format_age(self._facts.now - self._facts.last_used(artifact))
            detail = "just used" if idle == "now" else f"last used {idle} ago"
            evicted.append(Candidate(artifact, Reason.MAX_SIZE, detail))
        return evicted

    def why_too_large(self, remaining: Sequence[Artifact], space: SpaceCount, limit: int) -> str | None:
        """Return by how much ``space`` exceeds ``limit`` bytes, and what keeps it; None where it does not."""
        if space.size <= limit:
            return None
        parts = []
        kept = self._facts.kept
        left_out = self._facts.left_out - kept - self._needed
        options = (kept, "--keep"), (self._needed - kept, "--keep-for"), (left_out, "--from or --built-by")
        for paths, option in options:
            held = [artifact for artifact in remaining if path_of(artifact) in paths]
            if held:
                size = format_size(SpaceCount(held, self._facts.folder_contents).size)
                parts.append(f"{size} in {counted(len(held), 'entry', 'entries')} kept by {option}")
        if doubtful := self._doubtful(remaining):
            size = format_size(SpaceCount(doubtful, self._facts.folder_contents).size)
            parts.append(f"{size} in old stores that could not be read whole")
        why = " and ".join(parts) or "the rest is for no policy to take (notes, what a pip may be at work on)"
        return f"{format_size(space.size - limit)} over {format_size(limit)}: {why}"

    def _removable(self, remaining: Sequence[Artifact]) -> list[Artifact]:
        """Return the entries that a policy may take: pip has finished them, and does not need them just now.

        If entries are to be kept by name, those that could not be identified are not removable.
        """
        facts = self._facts
        return [
            artifact
            for artifact in remaining
            if isinstance(artifact.entry, (HttpEntry, BuiltEntry))
            and not is_in_flight(artifact, facts.now)
            and path_of(artifact) not in facts.unfinished
            and not (facts.keeps_by_name and not _is_identified(artifact))
            and not (facts.is_building and _is_built_today(artifact, facts.now))
        ]


def _is_built_today(artifact: Artifact, now: float) -> bool:
    """Return whether a wheel was built in the last 24 hours."""
    return isinstance(artifact.entry, BuiltEntry) and now - (artifact.made_ns or 0) / 1e9 < DAY


_CI_DETAILS = {
    Kind.WHEEL: "a wheel from an index",
    Kind.SDIST: "an sdist of which no built wheel is kept",
    Kind.PAGE: "an index page",
    Kind.METADATA: "metadata of a wheel from an index",
}

_OLD_STORES = {
    Store.HTTP: "no pip since 23.3 reads this store",
    Store.SELFCHECK: "no pip since 19.3 reads this note",
}


def _is_identified(artifact: Artifact) -> bool:
    """Return whether an artifact could be read, so that it has the names that its bytes give."""
    return not artifact.unreadable and artifact.frame is not Frame.NEWER
