"""All judgements of a run: on all cores, and stoppable."""

import os
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import NamedTuple, Self

from pipcache.inventory.artifact import Artifact, Kind
from pipcache.inventory.collector import name_by_pages
from pipcache.inventory.from_pages import find_source, name_pages_of, page_bases
from pipcache.inventory.identify import identify
from pipcache.store.entries import BuiltEntry, Entry, HttpEntry, UnreadableEntry, entry_path, is_link
from pipcache.store.keys import http_key
from pipcache.store.scan import look_again
from pipcache.util.progress import Meter, Stopped
from pipcache.util.urls import has_key
from pipcache.verify.judge import Bench, judge, judge_by_key
from pipcache.verify.lock_index import Locks
from pipcache.verify.promises import Promise, witness_of
from pipcache.verify.verdict import Judgement

Work = Callable[[Artifact, Bench], Judgement | None]

Task = tuple[str, Future[Judgement | None]]


class Request(NamedTuple):
    """How to verify: against which lock files, by every promise or as needed, in how many threads (None: all)."""

    locks: Locks
    thorough: bool = False
    threads: int | None = None


class Verified(NamedTuple):
    """The judgements in the order of the catalogue; ``gone`` vanished meanwhile, ``left`` were not reached."""

    judgements: list[Judgement]
    gone: int
    left: int


def is_judged(artifact: Artifact) -> bool:
    """Return whether there is something to judge: an entry of a store, or a place that could not be looked at."""
    return isinstance(artifact.entry, (HttpEntry, BuiltEntry, UnreadableEntry))


def verify(
    root: str,
    chosen: Sequence[Artifact],
    everything: Sequence[Artifact],
    request: Request,
    *,
    index_urls: Callable[[], Sequence[str]],
    meter: Meter,
    should_stop: Callable[[], bool] = bool,
) -> Verified:
    """Judge the ``chosen`` artifacts of the catalogue ``everything``; see ``Verification.judge``."""
    with Verification(root, request, index_urls=index_urls, meter=meter, should_stop=should_stop) as verification:
        return verification.judge(chosen, everything)


def _collected(tasks: Iterable[Task]) -> Iterator[tuple[str, Judgement | None]]:
    """Yield the path of each artifact and what came of it, in order, when it is there."""
    for path, future in tasks:
        yield path, future.result()


def _may_be_listed(artifact: Artifact) -> bool:
    """Return whether some page may list a download whose URL is not known yet."""
    is_download = isinstance(artifact.entry, HttpEntry) and artifact.kind is not Kind.PAGE
    return is_download and not artifact.url_proved and not artifact.is_redirect


def _source_key(artifact: Artifact) -> str | None:
    """Return the key of the download that a built wheel was made from; None where that is not known."""
    url = artifact.source.url if artifact.source is not None else ""
    return http_key(url) if has_key(url) else None


class Verification:
    """The threads of one run, what they count, how they are stopped, and what they may look up.

    What the key may prove can be given to ``see`` while the catalogue is still being read.
    """

    def __init__(
        self,
        root: str,
        request: Request,
        *,
        index_urls: Callable[[], Sequence[str]],
        meter: Meter,
        should_stop: Callable[[], bool],
    ) -> None:
        self._everything: Sequence[Artifact] = ()
        self._request = request
        self._names: dict[str, Artifact] = {}
        self._pages: Sequence[Artifact] = ()
        self._told: dict[str, list[Promise]] = {}
        self._links: set[str] = set()
        self._early: dict[str, Task] = {}
        self._seen = 0
        self._root = root
        self._index_urls = index_urls
        self._stopping = threading.Event()
        self._should_stop = should_stop
        self._meter = meter
        self._local = threading.local()
        self._bench = Bench(
            root,
            request.locks,
            request.thorough,
            self._tick,
            self._sources,
            self._witnesses,
            self._links,
            self._is_misplaced,
            hashed={},
        )
        self._submitted: list[Task] = []
        self._pool = ThreadPoolExecutor(request.threads or os.cpu_count() or 1)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def see(self, artifact: Artifact) -> None:
        """Begin with an artifact of the catalogue that is to be judged whatever else is in it."""
        self._seen += artifact.size if is_judged(artifact) else 0
        self._meter.expect(self._seen)
        if self._may_be_proved(artifact):
            self._prove([artifact])

    def judge(self, chosen: Sequence[Artifact], everything: Sequence[Artifact]) -> Verified:
        """Judge the ``chosen`` artifacts of the catalogue ``everything``; an interruption ends it early.

        A kept proof by the key needs no page and no second look; for the rest every cached page of its project is
        read, and what fails is looked at once more, for pip may just have been rewriting it.
        """
        judged = [artifact for artifact in chosen if is_judged(artifact)]
        self._meter.expect(sum(artifact.size for artifact in judged))
        self._know(everything)
        done: dict[str, Judgement | None] = {}
        suspects: dict[str, Entry] = {}
        try:
            by_key = [one for one in judged if self._may_be_proved(one)]
            proving = {entry_path(one.entry) for one in by_key}
            proofs = self._prove(by_key)
            # while bodies are hashed the rest is named
            rest = self._submit(self._named(one for one in judged if entry_path(one.entry) not in proving), judge)
            for path, proof in _collected(proofs):
                if proof is not None:
                    done[path] = proof  # noqa: PERF403 - an interruption must find what was done until then
            unproved = [one for one in by_key if entry_path(one.entry) not in done]
            rest += self._submit(self._named(unproved), judge)
            for path, found in _collected(rest):
                if found is not None and (found.findings or found.problem):
                    suspects[path] = found.artifact.entry
                else:
                    done[path] = found
            if suspects:
                self._begin_again(everything)
                again = {path: look_again(self._root, entry) for path, entry in suspects.items()}
                done |= {path: None for path, entry in again.items() if entry is None}
                there = [identify(self._root, entry) for entry in again.values() if entry is not None]
                done |= _collected(self._submit(self._named(there), judge))
        except (KeyboardInterrupt, Stopped):
            self.stop()
            for path, found in self._ended():
                if found is not None and not (found.findings or found.problem):
                    done.setdefault(path, found)
        in_order = [done[path] for one in judged if (path := entry_path(one.entry)) in done]
        judgements = [one for one in in_order if one is not None]
        return Verified(judgements, len(in_order) - len(judgements), len(judged) - len(in_order))

    def _know(self, everything: Sequence[Artifact]) -> None:
        self._everything = everything
        self._links |= {entry_path(one.entry) for one in everything if is_link(one.entry)}
        for one in everything:
            if one.kind is Kind.BUILT and (key := _source_key(one)) is not None:
                self._told.setdefault(key, []).extend(witness_of(one))

    def _may_be_proved(self, artifact: Artifact) -> bool:
        """Return whether the key may prove the bytes: a download of no other server, which no lock knows."""
        is_download = artifact.kind in {Kind.WHEEL, Kind.SDIST} and artifact.came_from in {None, "PyPI"}
        return is_download and not self._request.thorough and not self._request.locks.knows(artifact)

    def _prove(self, artifacts: Iterable[Artifact]) -> list[Task]:
        """Let the threads prove artifacts by their keys, each once."""
        for one in artifacts:
            if (path := entry_path(one.entry)) not in self._early:
                (self._early[path],) = self._submit([one], judge_by_key)
        return [self._early[entry_path(one.entry)] for one in artifacts]

    def _submit(self, artifacts: Iterable[Artifact], work: Work) -> list[Task]:
        """Let the threads do ``work`` on each artifact."""
        tasks = [(entry_path(one.entry), self._pool.submit(self._one, one, work)) for one in artifacts]
        self._submitted += tasks
        return tasks

    def _ended(self) -> Iterator[tuple[str, Judgement | None]]:
        """Yield what came of each artifact that was done before the threads were stopped."""
        for path, future in self._submitted:
            if future.done() and not future.cancelled() and future.exception() is None:
                yield path, future.result()

    def stop(self) -> None:
        """Let every thread end at its next piece."""
        self._stopping.set()
        self._pool.shutdown(cancel_futures=True)

    def _tick(self, size: int = 0) -> None:
        if self._stopping.is_set() or self._should_stop():
            raise Stopped
        room = min(size, self._local.room)
        if room > 0:
            self._local.room -= room
            self._meter.advance(room)

    def _begin_again(self, everything: Iterable[Artifact]) -> None:
        """Take the index pages of the catalogue as they are now, and no digest as known."""
        self._bench.hashed.clear()
        found: list[Artifact] = []
        for one in everything:
            entry = look_again(self._root, one.entry) if one.kind is Kind.PAGE else one.entry
            if entry is not None:
                found.append(one if entry == one.entry else identify(self._root, entry, deep=True))
        self._everything = found

    def _named(self, found: Iterable[Artifact]) -> list[Artifact]:
        """Return what was ``found``, with every name that the bytes, lock files and cached pages give.

        The pages of the projects they name come first; what these do not list is looked for on all the others.
        """
        deep = [one if one.kind is Kind.PAGE else identify(self._root, one.entry, deep=True) for one in found]
        if not deep:
            return []
        mine = [self._request.locks.name(one) for one in deep]
        own = {entry_path(one.entry) for one in mine}
        others = [one for one in self._everything if entry_path(one.entry) not in own]
        projects = {one.project for one in mine if one.kind is not Kind.PAGE}
        mine = self._joined(mine, others, projects.__contains__)
        if any(map(_may_be_listed, mine)):
            mine = self._joined(mine, others, lambda project: project not in projects)
        around = [*mine, *others]
        names = {claim.project for one in around for claim in one.claims if claim.project}
        named = name_pages_of(mine, names, page_bases(around, self._index_urls()))
        self._names |= {entry_path(one.entry): one for one in named}
        return named

    def _joined(
        self, mine: list[Artifact], others: Iterable[Artifact], concerns: Callable[[str], bool]
    ) -> list[Artifact]:
        own = {entry_path(one.entry) for one in mine}
        pages = [one for one in others if one.kind is Kind.PAGE]
        joined = name_by_pages(self._root, [*mine, *pages], concerns, self._index_urls)
        self._pages = [artifact for artifact in joined if artifact.kind is Kind.PAGE]
        return [artifact for artifact in joined if entry_path(artifact.entry) in own]

    def _sources(self, artifact: Artifact) -> Sequence[Artifact]:
        key = _source_key(artifact)
        found = (self._names.get(entry_path(one.entry), one) for one in self._everything if one.key == key)
        return [one for one in found if key is not None and one.kind is Kind.SDIST and one.size]

    def _witnesses(self, artifact: Artifact) -> Sequence[Promise]:
        return self._told.get(artifact.key or "", ())

    def _is_misplaced(self, artifact: Artifact) -> bool:
        """Return whether no credentials that ``origin.json`` left out can explain a key that is not its URL's."""
        assert artifact.source is not None
        if artifact.came_from == "PyPI" or artifact.source.url.startswith("file:"):
            return True
        return find_source(self._root, artifact, self._pages) is not None

    def _one(self, artifact: Artifact, work: Work) -> Judgement | None:
        """Let one artifact count for its size, however often it is read, and for nothing when it comes again."""
        self._local.room = artifact.size
        judgement = work(artifact, self._bench)
        done = self._local.room if judgement is not None else self._local.room - artifact.size
        self._meter.advance(done)
        return judgement
