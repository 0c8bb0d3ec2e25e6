"""Which artifacts each policy takes. Pure functions of facts."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from pipcache.inventory.artifact import DISTRIBUTIONS, Artifact, Kind
from pipcache.prune.dead_weight import DAY, UNUSED_STORE, Weighing, is_in_flight
from pipcache.prune.latest import latest, version_key
from pipcache.prune.sources import Sources
from pipcache.prune.space import Ledger
from pipcache.removal.plan import Reason
from pipcache.store.cachecontrol import Frame
from pipcache.store.entries import BuiltEntry, HttpEntry, Leftover, StrayEntry, entry_path, is_link
from pipcache.store.layout import Store
from pipcache.store.scan import Contents
from pipcache.util.units import counted, format_age, format_size
from pipcache.util.versions import Version

Why = tuple[Artifact, Reason, str]


class Policies(NamedTuple):
    """What ``prune`` was asked for beside dead weight; ages are in seconds, sizes in bytes."""

    old_layouts: bool | None = None
    unused_for: float | None = None
    older_than: float | None = None
    max_size: int | None = None
    by_age_only: bool = False
    keep_latest: int | None = None
    ci: bool = False
    duplicates: bool = False


class Known(NamedTuple):
    """What policies are decided on; sets and mappings are by the paths of entries.

    ``artifacts`` are all of the cache; ``used`` tells when one was last used: seconds since the epoch, as ``now``.
    ``kept`` are never taken. ``named`` are needed (None: nobody said what is), ``strangers`` of projects that
    nobody named. ``judged`` are damaged or poisoned. ``alike`` have the same bytes under several keys.
    ``unfinished`` are wheels that a pip may still be copying to their place; ``building`` tells that one is at
    work here, which installs what it built when all is built. ``spares`` tells that some are to be kept by name;
    ``sources`` are downloads that have the bytes a wheel was built from.
    """

    artifacts: Sequence[Artifact]
    now: float
    used: Callable[[Artifact], float]
    insides: Mapping[str, Contents]
    kept: frozenset[str] = frozenset()
    named: frozenset[str] | None = None
    strangers: frozenset[str] = frozenset()
    judged: Mapping[str, tuple[Reason, str]] = {}
    alike: Sequence[frozenset[str]] = ()
    unfinished: frozenset[str] = frozenset()
    building: bool = False
    spares: bool = False
    sources: frozenset[str] = frozenset()


class Decision(NamedTuple):
    """What goes and why, and by how many bytes the rest is too large, and why nothing more could go."""

    taken: list[Why]
    over: str | None
    size: int  # of all that pip made, before


def decide(policies: Policies, known: Known) -> Decision:
    """Return what the policies take, until they would take nothing more of what is left.

    So a second run takes nothing: what one policy takes may be what kept something else from another.
    """
    taken: dict[str, Why] = {}
    rules = _Rules(policies, known)
    ledger = Ledger(known.artifacts, known.insides)
    size, over = ledger.size, None
    while True:
        before = len(taken)
        for rule in rules.every():
            rest = [one for one in known.artifacts if entry_path(one.entry) not in taken]
            found = [why for why in rule(rest) if entry_path(why[0].entry) not in known.kept]
            taken |= {entry_path(why[0].entry): why for why in found}
            ledger.take(why[0] for why in found)
        if len(taken) == before and policies.max_size is not None:
            rest = [one for one in known.artifacts if entry_path(one.entry) not in taken]
            evicted = rules.shrink(rest, ledger, policies.max_size)
            taken |= {entry_path(why[0].entry): why for why in evicted}
            over = rules.too_large(rest, ledger, policies.max_size)
        if len(taken) == before:
            return Decision(list(taken.values()), over, size)


class _Rules:
    """One method a policy; each gives what it takes of the rest, and why."""

    def __init__(self, policies: Policies, known: Known) -> None:
        self._policies = policies
        self._known = known
        self._named = known.named or frozenset()
        self._links = frozenset(entry_path(one.entry) for one in known.artifacts if is_link(one.entry))

    def every(self) -> Iterator[Callable[[Sequence[Artifact]], Iterable[Why]]]:
        """Yield the rules that were asked for; all but the bound on the size."""
        policies = self._policies
        yield self.dead_weight
        yield self.judged
        if policies.ci:
            yield self.cheap
        if self._known.named is not None:
            yield self.unneeded
        if policies.keep_latest is not None:
            yield self.outdated
        if self._known.alike:
            yield self.repeated
        if policies.unused_for is not None or policies.older_than is not None:
            yield self.unused

    def dead_weight(self, rest: Sequence[Artifact]) -> Iterator[Why]:
        """Take what no pip can use again."""
        weighing = Weighing(self._known.now, self._known.insides, self._links, self._policies.old_layouts)
        given_up = self._given_up(rest)
        sources = Sources(rest, self._known.sources)
        for one in rest:
            why = weighing.verdict(one, given_up)
            if why is not None and not (why[0] is Reason.OLD_LAYOUT and self._is_needed(one, sources)):
                yield one, *why

    def _is_needed(self, artifact: Artifact, sources: Sources) -> bool:
        """Return whether something is named, or for a job's cache the source of what was built."""
        if self._policies.old_layouts:
            return False
        return entry_path(artifact.entry) in self._named or (self._policies.ci and sources.has(artifact))

    def _given_up(self, rest: Sequence[Artifact]) -> dict[Store, str]:
        """Return why stores that only old pips use go as a whole, where they do."""
        old = self._policies.old_layouts
        found: dict[Store, str] = {}
        for store, text in _OLD_STORES.items():
            used = [self._known.used(one) for one in rest if one.store is store and _is_of_old_layout(one)]
            if not used or old is False:
                continue
            idle = self._known.now - max(used)
            if old or idle > UNUSED_STORE:
                found[store] = (
                    text if old else f"{text}, and nothing that is left there was used for {format_age(idle)}"
                )
        return found

    def judged(self, rest: Sequence[Artifact]) -> Iterator[Why]:
        """Take what was judged damaged or poisoned."""
        for one in rest:
            if is_in_flight(one, self._known.now) or entry_path(one.entry) in self._known.unfinished:
                continue
            if (why := self._known.judged.get(entry_path(one.entry))) is not None:
                yield one, *why

    def cheap(self, rest: Sequence[Artifact]) -> Iterator[Why]:
        """Take downloads, but for those that built wheels came from."""
        sources = Sources(rest, self._known.sources)
        for one in self._whole(rest):
            if isinstance(one.entry, HttpEntry) and _is_read(one) and not sources.has(one):
                yield one, Reason.CI, _CHEAP.get(one.kind, "a download")

    def unneeded(self, rest: Sequence[Artifact]) -> Iterator[Why]:
        """Take what no file of ``--keep-for`` names."""
        newest = self._newest(one for one in rest if entry_path(one.entry) in self._known.strangers)
        projects = {one.project for one in newest}
        protected = {entry_path(one.entry) for one in newest} | self._named
        for one in self._whole(rest):
            is_page_of_those = one.kind is Kind.PAGE and one.project is not None and one.project in projects
            if entry_path(one.entry) not in protected and not is_page_of_those and _is_read(one):
                yield one, Reason.KEEP_FOR, "no file names it"

    def _newest(self, artifacts: Iterable[Artifact]) -> list[Artifact]:
        number = self._policies.keep_latest
        return [] if number is None else latest(artifacts, number)

    def outdated(self, rest: Sequence[Artifact]) -> Iterator[Why]:
        """Take what is older than the newest versions."""
        newest = self._newest(self._whole(rest))
        stays = {entry_path(one.entry) for one in newest} | self._named
        versions: dict[str | None, list[Version]] = {}
        for one in newest:
            versions.setdefault(one.project, []).extend(filter(None, [version_key(one)]))
        for one in self._whole(rest):
            if entry_path(one.entry) not in stays and _has_version(one):
                yield one, Reason.KEEP_LATEST, f"{max(versions[one.project])} is newer"

    def repeated(self, rest: Sequence[Artifact]) -> Iterator[Why]:
        """Take what has the bytes of something newer."""
        there = {entry_path(one.entry): one for one in self._whole(rest)}
        for group in self._known.alike:
            alike = sorted(
                (there[path] for path in group if path in there),
                key=lambda one: (one.made_ns or 0, entry_path(one.entry)),
            )
            for one in alike[:-1]:
                # what is still asked for under its old URL is no litter
                is_alive = self._known.used(one) > self._known.used(alike[-1]) + DAY
                if entry_path(one.entry) not in self._named and not is_alive:
                    name = alike[-1].filename or alike[-1].key
                    yield one, Reason.DUPLICATES, f"the bytes of {name}, fetched later under another URL"

    def unused(self, rest: Sequence[Artifact]) -> Iterator[Why]:
        """Take what was not used for long."""
        limits = ((self._policies.unused_for, Reason.UNUSED_FOR), (self._policies.older_than, Reason.OLDER_THAN))
        for one in self._whole(rest):
            idle = self._known.now - self._known.used(one)
            met = [reason for limit, reason in limits if limit is not None and idle > limit]
            if met and entry_path(one.entry) not in self._named:
                yield one, met[0], f"not used for {format_age(idle)}"

    def shrink(self, rest: Sequence[Artifact], ledger: Ledger, limit: int) -> list[Why]:
        """Return what goes until the rest has ``limit`` bytes: downloads first, the least recently used first."""
        free = [one for one in self._whole(rest) if entry_path(one.entry) not in self._named | self._known.kept]

        def order(one: Artifact) -> tuple[bool, float, str]:
            is_dear = isinstance(one.entry, BuiltEntry) and not self._policies.by_age_only
            return is_dear, self._known.used(one), entry_path(one.entry)

        found: list[Why] = []
        for one in sorted(free, key=order):
            if ledger.size <= limit:
                break
            ledger.take([one])
            idle = format_age(self._known.now - self._known.used(one))
            found.append((one, Reason.MAX_SIZE, "just used" if idle == "now" else f"last used {idle} ago"))
        return found

    def too_large(self, rest: Sequence[Artifact], ledger: Ledger, limit: int) -> str | None:
        """Return why the rest is larger than ``limit``; None when it is not."""
        if ledger.size <= limit:
            return None
        parts = []
        for paths, option in ((self._known.kept, "--keep"), (self._named - self._known.kept, "--keep-for")):
            held = [one for one in rest if entry_path(one.entry) in paths]
            if held:
                size = format_size(Ledger(held, self._known.insides).size)
                parts.append(f"{size} in {counted(len(held), 'entry', 'entries')} kept by {option}")
        why = " and ".join(parts) or "the rest is for no policy to take (notes, what a pip may be at work on)"
        return f"{format_size(ledger.size - limit)} over {format_size(limit)}: {why}"

    def _whole(self, rest: Sequence[Artifact]) -> list[Artifact]:
        """Return the entries of the rest that a policy may take: finished, and known where some are to be kept."""
        building = self._known.building
        return [
            one
            for one in rest
            if isinstance(one.entry, (HttpEntry, BuiltEntry))
            and not is_in_flight(one, self._known.now)
            and entry_path(one.entry) not in self._known.unfinished
            and not (self._known.spares and not _is_read(one))
            and not (building and isinstance(one.entry, BuiltEntry) and self._known.now - _made(one) < DAY)
        ]


def _made(artifact: Artifact) -> float:
    return (artifact.made_ns or 0) / 1e9


_CHEAP = {Kind.WHEEL: "a wheel from an index", Kind.SDIST: "an sdist of which no built wheel is kept"}

_CHEAP |= {Kind.PAGE: "an index page", Kind.METADATA: "metadata of a wheel from an index"}

_OLD_STORES = {
    Store.HTTP: "no pip since 23.3 reads this store",
    Store.SELFCHECK: "no pip since 19.3 reads this note",
}


def _is_of_old_layout(artifact: Artifact) -> bool:
    entry = artifact.entry
    return isinstance(entry, HttpEntry) or (isinstance(entry, StrayEntry) and entry.why == Leftover.OLD_NOTE)


def _is_read(artifact: Artifact) -> bool:
    """Return whether what an artifact is could be told, had it told it."""
    return not artifact.unreadable and artifact.frame is not Frame.NEWER


def _has_version(artifact: Artifact) -> bool:
    is_versioned = artifact.kind in DISTRIBUTIONS or artifact.kind is Kind.METADATA
    return is_versioned and artifact.project is not None and version_key(artifact) is not None
