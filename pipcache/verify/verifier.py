"""Judges artifacts on all cores; an interruption keeps what was judged until then."""

import json  # noqa: F401 - else a worker loads it later, when no descriptor may be left
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from functools import partial
from types import TracebackType
from typing import NamedTuple, Self

from pipcache.inventory.artifact import PYPI, TEST_PYPI, Artifact, Kind, path_of, with_refusals
from pipcache.inventory.collector import IndexUrls
from pipcache.inventory.from_pages import PageReader
from pipcache.store.body import Body
from pipcache.store.cache import Cache
from pipcache.store.entries import Entry, HttpEntry, entry_path
from pipcache.util.progress import Meter, Stopped
from pipcache.util.workers import Finished, Workers
from pipcache.verify.checks import Verdict
from pipcache.verify.context import Context, is_judged
from pipcache.verify.judge import judge, judge_by_key, judge_open
from pipcache.verify.lock_index import LockIndex
from pipcache.verify.verdict import Judgement

Work = Callable[[Artifact, Context], Judgement | None]
"""What a thread does with an artifact: ``judge`` or ``judge_by_key``."""

Task = tuple[str, Future[Judgement | None] | Finished[Judgement | None]]
"""The path of an artifact's entry, and what will come of the work on it."""

_SMALL = 64 << 10
"""Bytes of an artifact up to which threads would only wait for one another: such work is done at once."""


class VerifyOptions(NamedTuple):
    """How to verify.

    Attributes:
        locks: the pins of the lock files to verify against.
        thorough: whether every promise is compared, or only as many as a verdict needs.
        threads: how many threads there are; None for as many as there are cores.
        local_sources: whether local archives that wheels were built from are looked at.
        digests: the algorithms of the digests that each judgement has in any case (names in ``hashes.DIGITS``).
    """

    locks: LockIndex
    thorough: bool = False
    threads: int | None = None
    local_sources: bool = False
    digests: frozenset[str] = frozenset()


class Verified(NamedTuple):
    """What a run came to.

    Attributes:
        judgements: the judgements in the order of the inventory, and then what could not be read of the rest.
        gone: how many artifacts vanished meanwhile.
        not_reached: how many artifacts were not judged, because the run was interrupted.
    """

    judgements: list[Judgement]
    gone: int
    not_reached: int


class Verifier:
    """The threads that judge the artifacts of a cache, and the progress they make.

    It works in rounds: downloads whose keys may prove their bytes, then all that needs names from pages, then once
    more what had findings. The first round can begin with ``begin`` while the inventory is still being read.
    """

    def __init__(
        self,
        cache: Cache,
        options: VerifyOptions,
        *,
        index_urls: IndexUrls,
        meter: Meter,
        should_stop: Callable[[], bool],
    ) -> None:
        """Start the threads; ``stop``, or leaving the ``with``, ends them.

        Args:
            cache: the cache.
            options: how to verify.
            index_urls: gives the URLs of the indexes that pip is configured to use.
            meter: shows the progress in bytes.
            should_stop: asked before each piece that is read; any thread calls it.
        """
        self._cache = cache
        self._options = options
        self._proofs: dict[str, Task] = {}
        self._begun = 0
        self._stopping = threading.Event()
        self._should_stop = should_stop
        self._meter = meter
        self._local = threading.local()
        self._context = Context(
            cache,
            options.locks,
            thorough=options.thorough,
            tick=self._tick,
            index_urls=index_urls,
            local_sources=options.local_sources,
            digests=options.digests,
        )
        self._tasks: list[Task] = []
        self._workers = Workers(options.threads)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def page_reader(self) -> PageReader:
        """Return the reader of index pages that ``judge`` has used: it knows what is on the pages it has read."""
        return self._context.page_reader()

    def begin(self, artifact: Artifact) -> None:
        """Start the proof by its key of an artifact that ``judge`` will be given, where it may have one."""
        self._begun += 1
        self._meter.expect(None, self._begun)
        if self._may_be_proved(artifact):
            self._prove([artifact])

    def look(self, artifact: Artifact, body: Body) -> None:
        """Do for a small artifact what ``begin`` does, while its body is open: so it is read only once."""
        if artifact.size <= _SMALL and self._may_be_proved(artifact):
            self._prove([artifact], partial(judge_open, body=body))

    def judge(self, chosen: Sequence[Artifact], artifacts: Sequence[Artifact]) -> Verified:
        """Judge the ``chosen`` of all ``artifacts`` of the cache; an interruption ends it early.

        A download whose key proves its bytes needs no page. For the others every cached page of their projects is
        read. What has findings is judged once more, because pip may have been writing it.
        """
        judged = [artifact for artifact in chosen if is_judged(artifact, self._options.locks)]
        self._meter.expect(sum(artifact.size for artifact in judged))
        self._context.set_artifacts(artifacts)
        done: dict[str, Judgement | None] = {}
        suspects: dict[str, Entry] = {}
        try:
            provable = [artifact for artifact in judged if self._may_be_proved(artifact)]
            provable_paths = {path_of(artifact) for artifact in provable}
            proofs = self._prove(provable)
            # the others are named while the threads hash
            others = [artifact for artifact in judged if path_of(artifact) not in provable_paths]
            named = self._context.name(others)
            tasks = self._submit((artifact for artifact in named if artifact.kind is not Kind.BUILT), judge)
            for path, proof in _results(proofs):
                if proof is not None:
                    done[path] = proof  # noqa: PERF403 - an interruption must find what was done until then
            unproved = [artifact for artifact in provable if path_of(artifact) not in done]
            tasks += self._submit(self._context.name(unproved), judge)
            # built wheels are judged by their sources, which have all their names only now
            built = [artifact for artifact in named if artifact.kind is Kind.BUILT]
            self._context.name_sources(built, judged)
            tasks += self._submit(built, judge)
            for path, judgement in _results(tasks):
                if judgement is not None and _is_suspect(judgement):
                    suspects[path] = judgement.artifact.entry
                else:
                    done[path] = judgement
            if suspects:
                done.update(self._judge_again(suspects))
        except (KeyboardInterrupt, Stopped):
            self.stop()
            for path, judgement in self._finished():
                if judgement is not None and not _is_suspect(judgement):
                    done.setdefault(path, judgement)
        in_order = [done[path] for artifact in judged if (path := path_of(artifact)) in done]
        gone = sum(judgement is None for judgement in in_order)
        others = [artifact for artifact in artifacts if path_of(artifact) not in done]
        judgements = self._with_unread([judgement for judgement in in_order if judgement is not None], others)
        return Verified(judgements, gone, not_reached=len(judged) - len(in_order))

    def _with_unread(self, judgements: Sequence[Judgement], others: Iterable[Artifact]) -> list[Judgement]:
        """Return judgements, with those of everything that could not be read, whether it was chosen or not.

        It may be what was chosen, and what it would have promised is missing from the verdicts of others.
        """
        refused = self._cache.refused
        judged = with_refusals((judgement.artifact for judgement in judgements), refused)
        return [
            judgement._replace(verdict=Verdict.UNREADABLE, problem=artifact.problem)
            if artifact.unreadable and not judgement.findings
            else judgement
            for judgement, artifact in zip(judgements, judged, strict=True)
        ] + [
            Judgement(artifact, Verdict.UNREADABLE, problem=artifact.problem)
            for artifact in with_refusals(others, refused)
            if artifact.unreadable and is_judged(artifact, self._options.locks)
        ]

    def _judge_again(self, suspects: Mapping[str, Entry]) -> Iterator[tuple[str, Judgement | None]]:
        """Judge entries once more, as they are now; yield each path, with None for an entry that vanished."""
        self._context.read_pages_again()
        entries = {path: self._cache.look_again(entry) for path, entry in suspects.items()}
        yield from ((path, None) for path, entry in entries.items() if entry is None)
        # the path of an entry is another one where its head came back, or went
        first_paths = {entry_path(entry): path for path, entry in entries.items() if entry is not None}
        artifacts = [self._context.identify(entry) for entry in entries.values() if entry is not None]
        for path, judgement in _results(self._submit(self._context.name(artifacts), judge)):
            first_path = first_paths[path]
            # an installer may have been removing it meanwhile
            entry = entries[first_path] if judgement is not None and _is_suspect(judgement) else None
            is_gone = entry is not None and self._cache.look_again(entry) is None
            yield first_path, None if is_gone else judgement

    def _may_be_proved(self, artifact: Artifact) -> bool:
        """Return whether the key may prove the bytes: a download that may be PyPI's and that no lock file pins."""
        if not isinstance(artifact.entry, HttpEntry):
            return False
        if self._options.thorough or artifact.kind not in {Kind.WHEEL, Kind.SDIST}:
            return False
        return artifact.came_from in {None, PYPI, TEST_PYPI} and not self._options.locks.pins_of(artifact)

    def _prove(self, artifacts: Iterable[Artifact], work: Work = judge_by_key) -> list[Task]:
        """Let the threads prove artifacts by their keys, each only once in a run."""
        proofs: list[Task] = []
        for artifact in artifacts:
            if (path := path_of(artifact)) not in self._proofs:
                (self._proofs[path],) = self._submit([artifact], work)
            proofs.append(self._proofs[path])
        return proofs

    def _submit(self, artifacts: Iterable[Artifact], work: Work) -> list[Task]:
        """Do ``work`` on each artifact, the large ones in the threads."""
        tasks: list[Task] = []
        for artifact in artifacts:
            call = partial(self._count_once, artifact, work)
            if artifact.size > _SMALL:
                task: Task = path_of(artifact), self._workers.submit_sized(artifact.size, call)
            else:
                task = path_of(artifact), Finished(call)
            self._tasks.append(task)
            tasks.append(task)
        return tasks

    def _finished(self) -> Iterator[tuple[str, Judgement | None]]:
        """Yield the path of each artifact whose work was finished when the threads stopped, and the result."""
        for path, work in self._tasks:
            is_finished = isinstance(work, Finished) or (work.done() and not work.cancelled())
            if is_finished and work.exception() is None:
                yield path, work.result()

    def stop(self) -> None:
        """Let every thread end at its next piece."""
        self._stopping.set()
        self._workers.stop()

    def _tick(self, size: int = 0) -> None:
        """Count bytes that a thread has read, up to its artifact's size; raise ``Stopped`` when it is to end."""
        if self._stopping.is_set() or self._should_stop():
            raise Stopped
        counted = min(size, self._local.uncounted)
        if counted > 0:
            self._local.uncounted -= counted
            self._meter.advance(counted)

    def _count_once(self, artifact: Artifact, work: Work) -> Judgement | None:
        """Do ``work`` so that the progress grows by the artifact's size, however often it is read.

        Without a judgement the progress is taken back: the artifact will come again.
        """
        self._local.uncounted = artifact.size
        judgement = work(artifact, self._context)
        missing = self._local.uncounted if judgement is not None else self._local.uncounted - artifact.size
        self._meter.advance(missing)
        return judgement


def _is_suspect(judgement: Judgement) -> bool:
    """Return whether an artifact has to be judged once more."""
    return bool(judgement.findings or judgement.problem)


def _results(tasks: Iterable[Task]) -> Iterator[tuple[str, Judgement | None]]:
    """Yield the path of each artifact and the result of the work on it, in order, as soon as it is there."""
    for path, work in tasks:
        yield path, work.result()
