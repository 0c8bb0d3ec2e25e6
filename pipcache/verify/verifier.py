"""All judgements of a run: on all cores, and stoppable."""

import os
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import NamedTuple, Self

from pipcache.inventory.artifact import Artifact, Kind, path_of
from pipcache.inventory.collector import IndexUrls
from pipcache.store.cache import Cache
from pipcache.store.entries import Entry
from pipcache.util.progress import Meter, Stopped
from pipcache.verify.context import Context, is_judged
from pipcache.verify.judge import judge, judge_by_key
from pipcache.verify.lock_index import Locks
from pipcache.verify.verdict import Judgement

Work = Callable[[Artifact, Context], Judgement | None]

Task = tuple[str, Future[Judgement | None]]


class VerifyOptions(NamedTuple):
    """How to verify: against which lock files, by every promise or as needed, in how many threads (None: all)."""

    locks: Locks
    thorough: bool = False
    threads: int | None = None


class Verified(NamedTuple):
    """The judgements in the order of the inventory; ``gone`` vanished meanwhile, ``left`` were not reached."""

    judgements: list[Judgement]
    gone: int
    left: int


def verify(
    cache: Cache,
    chosen: Sequence[Artifact],
    artifacts: Sequence[Artifact],
    options: VerifyOptions,
    *,
    index_urls: IndexUrls,
    meter: Meter,
    should_stop: Callable[[], bool] = bool,
) -> Verified:
    """Judge the ``chosen`` of all ``artifacts`` of a cache; see ``Verifier.judge``."""
    with Verifier(cache, options, index_urls=index_urls, meter=meter, should_stop=should_stop) as verifier:
        return verifier.judge(chosen, artifacts)


class Verifier:
    """The threads of one run, what they count, and how they are stopped.

    What the key may prove can be given to ``see`` while the inventory is still being read.
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
        """Start the threads; the caller stops them, or leaves the ``with``."""
        self._cache = cache
        self._options = options
        self._early: dict[str, Task] = {}
        self._seen = 0
        self._stopping = threading.Event()
        self._should_stop = should_stop
        self._meter = meter
        self._local = threading.local()
        self._context = Context(
            cache, options.locks, thorough=options.thorough, tick=self._tick, index_urls=index_urls
        )
        self._submitted: list[Task] = []
        self._pool = ThreadPoolExecutor(options.threads or os.cpu_count() or 1)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def see(self, artifact: Artifact) -> None:
        """Begin with an artifact that is to be judged whatever else is in the cache."""
        self._seen += artifact.size if is_judged(artifact) else 0
        self._meter.expect(self._seen)
        if self._may_be_proved(artifact):
            self._prove([artifact])

    def judge(self, chosen: Sequence[Artifact], artifacts: Sequence[Artifact]) -> Verified:
        """Judge the ``chosen`` of all ``artifacts`` of the cache; an interruption ends it early.

        A kept proof by the key needs no page and no second look; for the rest every cached page of its project is
        read, and what fails is looked at once more, for pip may just have been rewriting it.
        """
        judged = [artifact for artifact in chosen if is_judged(artifact)]
        self._meter.expect(sum(artifact.size for artifact in judged))
        self._context.take(artifacts)
        done: dict[str, Judgement | None] = {}
        suspects: dict[str, Entry] = {}
        try:
            by_key = [artifact for artifact in judged if self._may_be_proved(artifact)]
            proving = {path_of(artifact) for artifact in by_key}
            proofs = self._prove(by_key)
            # while bodies are hashed the rest is named
            others = [artifact for artifact in judged if path_of(artifact) not in proving]
            rest = self._submit(self._context.name(others), judge)
            for path, proof in _collected(proofs):
                if proof is not None:
                    done[path] = proof  # noqa: PERF403 - an interruption must find what was done until then
            unproved = [artifact for artifact in by_key if path_of(artifact) not in done]
            rest += self._submit(self._context.name(unproved), judge)
            for path, judgement in _collected(rest):
                if judgement is not None and (judgement.findings or judgement.problem):
                    suspects[path] = judgement.artifact.entry
                else:
                    done[path] = judgement
            if suspects:
                self._context.look_again_at_pages()
                again = {path: self._cache.look_again(entry) for path, entry in suspects.items()}
                done |= {path: None for path, entry in again.items() if entry is None}
                there = [self._context.identify(entry) for entry in again.values() if entry is not None]
                done |= _collected(self._submit(self._context.name(there), judge))
        except (KeyboardInterrupt, Stopped):
            self.stop()
            for path, judgement in self._ended():
                if judgement is not None and not (judgement.findings or judgement.problem):
                    done.setdefault(path, judgement)
        in_order = [done[path] for artifact in judged if (path := path_of(artifact)) in done]
        judgements = [judgement for judgement in in_order if judgement is not None]
        return Verified(judgements, len(in_order) - len(judgements), len(judged) - len(in_order))

    def _may_be_proved(self, artifact: Artifact) -> bool:
        """Return whether the key may prove the bytes: a download of no other server, which no lock knows."""
        is_download = artifact.kind in {Kind.WHEEL, Kind.SDIST} and artifact.came_from in {None, "PyPI"}
        return is_download and not self._options.thorough and not self._options.locks.knows(artifact)

    def _prove(self, artifacts: Iterable[Artifact]) -> list[Task]:
        """Let the threads prove artifacts by their keys, each once."""
        for artifact in artifacts:
            if (path := path_of(artifact)) not in self._early:
                (self._early[path],) = self._submit([artifact], judge_by_key)
        return [self._early[path_of(artifact)] for artifact in artifacts]

    def _submit(self, artifacts: Iterable[Artifact], work: Work) -> list[Task]:
        """Let the threads do ``work`` on each artifact."""
        tasks = [
            (path_of(artifact), self._pool.submit(self._count_once, artifact, work)) for artifact in artifacts
        ]
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

    def _count_once(self, artifact: Artifact, work: Work) -> Judgement | None:
        """Let one artifact count for its size, however often it is read, and for nothing when it comes again."""
        self._local.room = artifact.size
        judgement = work(artifact, self._context)
        done = self._local.room if judgement is not None else self._local.room - artifact.size
        self._meter.advance(done)
        return judgement


def _collected(tasks: Iterable[Task]) -> Iterator[tuple[str, Judgement | None]]:
    """Yield the path of each artifact and what came of it, in order, when it is there."""
    for path, future in tasks:
        yield path, future.result()
