"""Threads that share work, on as many cores as there are."""

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from queue import Empty, SimpleQueue
from threading import Thread
from types import TracebackType
from typing import Any, ParamSpec, Self, TypeVar

P = ParamSpec("P")

R = TypeVar("R")

T = TypeVar("T")


class Workers:
    """Threads that do what they are given; one thread gives it, and ends them.

    Where the system lets no thread start (a limit of processes), the thread that gives the work does it.
    """

    def __init__(self, count: int | None = None) -> None:
        """Make workers; a thread is started with each piece of work until there are enough.

        Args:
            count: the most threads there are; None for as many as there are cores.
        """
        self._most = count or os.cpu_count() or 1
        self._threads: list[Thread] = []
        self._tasks: SimpleQueue[tuple[Future[Any], Callable[[], object]] | None] = SimpleQueue()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop(wait=error is None)

    def submit(self, work: Callable[P, R], /, *arguments: P.args, **options: P.kwargs) -> Future[R]:
        """Let a thread call ``work``, and return what will come of it; without threads it is there at once."""
        future: Future[R] = Future()
        call = partial(work, *arguments, **options)
        if len(self._threads) < self._most:
            self._start_thread()
        if self._threads:
            self._tasks.put((future, call))
        else:
            _finish(future, call)
        return future

    def map(self, work: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
        """Yield what ``work`` returns for each item, in their order. What it raises is raised here."""
        for future in [self.submit(work, item) for item in items]:
            yield future.result()

    def stop(self, *, wait: bool = True) -> None:
        """Cancel what has not begun, and let the threads end; ``wait`` until they have."""
        while True:
            try:
                task = self._tasks.get_nowait()
            except Empty:
                break
            if task is not None:
                task[0].cancel()
        self._tasks.put(None)
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
        while (task := self._tasks.get()) is not None:
            _finish(*task)
        self._tasks.put(None)  # for the next thread, however many there are


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
