"""Threads that share work, on as many cores as there are."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from heapq import heappop, heappush
from itertools import count as counter
from queue import Empty, SimpleQueue
from threading import Thread
from types import TracebackType
from typing import Any, Generic, ParamSpec, Self, TypeVar

P = ParamSpec("P")

R = TypeVar("R")

T = TypeVar("T")

_TASK, _END = True, False

_AHEAD = 1024
"""Items of a ``map`` that wait or are worked on; what will come of each takes a kilobyte of memory."""


class Workers:
    """Threads that do what they are given, the largest pieces first; one thread gives it, and ends them.

    Where the system lets no thread start (a limit of processes), the thread that gives the work does it.
    """

    def __init__(self, count: int | None = None) -> None:
        """Make workers; a thread is started with each piece of work until there are enough.

        Args:
            count: the most threads there are; None for as many as there are cores.
        """
        self._most = count or os.cpu_count() or 1
        self._threads: list[Thread] = []
        self._waiting: list[tuple[int, int, Future[Any], Callable[[], object]]] = []  # a heap
        self._numbers = counter()
        self._tokens: SimpleQueue[bool] = SimpleQueue()  # ``_TASK`` for each task that waits

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop(wait=error is None)

    def submit(self, work: Callable[P, R], /, *arguments: P.args, **options: P.kwargs) -> Future[R]:
        """Let a thread call ``work``, and return what will come of it; without threads it is there at once."""
        return self.submit_sized(0, partial(work, *arguments, **options))

    def submit_sized(self, size: int, call: Callable[[], R]) -> Future[R]:
        """Let a thread make a call, as ``submit``; of those that wait it takes the one of the largest ``size``."""
        future: Future[R] = Future()
        if len(self._threads) < self._most:
            self._start_thread()
        if self._threads:
            heappush(self._waiting, (-size, next(self._numbers), future, call))
            self._tokens.put(_TASK)
        else:
            _finish(future, call)
        return future

    def map(self, work: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
        """Yield what ``work`` returns for each item, in their order. What it raises is raised here."""
        futures: deque[Future[R]] = deque()
        for item in items:
            futures.append(self.submit(work, item))
            if len(futures) == _AHEAD:
                yield futures.popleft().result()
        while futures:
            yield futures.popleft().result()

    def stop(self, *, wait: bool = True) -> None:
        """Cancel what has not begun, and let the threads end; ``wait`` until they have."""
        while True:
            try:
                if self._tokens.get_nowait():
                    heappop(self._waiting)[2].cancel()
            except Empty:
                break
        self._tokens.put(_END)
        for thread in self._threads if wait else ():
            with suppress(RuntimeError):  # an interruption came before it had started: it has no work, and ends
                thread.join()
        self._threads, self._most = [], 0

    def _start_thread(self) -> None:
        thread = Thread(target=self._work, daemon=True)
        self._threads.append(thread)  # before it starts: an interruption may come while that is waited for
        try:
            thread.start()
        except RuntimeError:  # no (further) thread can start
            self._threads.remove(thread)
            self._most = len(self._threads)

    def _work(self) -> None:
        while self._tokens.get():
            _, _, future, call = heappop(self._waiting)
            _finish(future, call)
        self._tokens.put(_END)  # for the next thread, however many there are


def _finish(future: Future[R], call: Callable[[], R]) -> None:
    """Call a function and let its result, or what it raises, be that of a future.

    Raises:
        BaseException: the call was interrupted, which a signal does in the main thread alone.
    """
    if not future.set_running_or_notify_cancel():
        return
    try:
        result = call()
    except Exception as error:  # noqa: BLE001 - whoever asks for the result gets it
        future.set_exception(error)
    except BaseException as error:
        future.set_exception(error)
        raise
    else:
        future.set_result(result)


class Finished(Generic[R]):
    """What came of a call that was made at once: a future without the locks, which take a kilobyte of memory."""

    __slots__ = ("_error", "_result")

    def __init__(self, call: Callable[[], R]) -> None:
        """Make the call; what it raises is for whoever asks for the result.

        Raises:
            BaseException: the call was interrupted.
        """
        self._error: Exception | None = None
        try:
            self._result = call()
        except Exception as error:  # noqa: BLE001 - as above
            self._error = error

    def exception(self) -> Exception | None:
        """Return what the call raised."""
        return self._error

    def result(self) -> R:
        """Return what the call returned, or raise what it raised."""
        if self._error is not None:
            raise self._error
        return self._result
