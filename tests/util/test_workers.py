"""Threads that share work, and what happens where none can start."""

from __future__ import annotations

import threading
from functools import partial

import pytest

from pipcache.util.workers import Workers


def refuse_after(started: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the system start this many threads more, as a limit of processes does."""
    left = [started]
    start = threading.Thread.start

    def limited(thread: threading.Thread) -> None:
        if not left[0]:
            raise RuntimeError("can't start new thread")
        left[0] -= 1
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", limited)


@pytest.mark.parametrize("started", [0, 1, 2, 9])
def test_all_work_is_done_once_and_in_order(started: int, monkeypatch: pytest.MonkeyPatch) -> None:
    refuse_after(started, monkeypatch)
    done: list[int] = []

    def work(number: int) -> int:
        done.append(number)
        return number * number

    with Workers(4) as workers:
        assert list(workers.map(work, range(100))) == [number * number for number in range(100)]
        assert workers.submit(work, 100).result(timeout=60) == 10_000
    assert sorted(done) == list(range(101))


@pytest.mark.parametrize("started", [0, 9])
def test_what_work_raises_is_raised_where_its_result_is_asked_for(
    started: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse_after(started, monkeypatch)
    with Workers(2) as workers:
        future = workers.submit(int, "no number")
        with pytest.raises(ValueError, match="no number"):
            future.result(timeout=60)


def test_work_that_has_not_begun_is_cancelled() -> None:
    workers = Workers(1)
    is_begun, may_end = threading.Event(), threading.Event()

    def work() -> int:
        is_begun.set()
        may_end.wait(60)
        return 1

    first, second = workers.submit(work), workers.submit(work)
    assert is_begun.wait(60)
    workers.stop(wait=False)
    may_end.set()
    assert first.result(timeout=60) == 1
    assert second.cancelled()


def test_an_interruption_without_threads_is_no_result(monkeypatch: pytest.MonkeyPatch) -> None:
    refuse_after(0, monkeypatch)

    def work() -> None:
        raise KeyboardInterrupt

    with Workers() as workers, pytest.raises(KeyboardInterrupt):
        workers.submit(work)


@pytest.mark.parametrize("is_running", [True, False])
def test_threads_end_when_one_was_interrupted_at_its_start(
    *, is_running: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    start, threads = threading.Thread.start, set(threading.enumerate())
    workers = Workers(3)
    workers.submit(int, "1").result(timeout=60)

    def interrupted(thread: threading.Thread) -> None:
        if is_running:
            start(thread)
        raise KeyboardInterrupt

    with monkeypatch.context() as context:
        context.setattr(threading.Thread, "start", interrupted)
        with pytest.raises(KeyboardInterrupt):
            workers.submit(int, "2")
    started = set(threading.enumerate()) - threads
    stopping = threading.Thread(target=workers.stop, daemon=True)
    for thread in [stopping, *started]:
        if thread is stopping:
            thread.start()
        thread.join(60)
        assert not thread.is_alive()


def test_of_what_waits_the_largest_is_done_first() -> None:
    done: list[int] = []
    may_go_on = threading.Event()
    with Workers(1) as workers:
        workers.submit(may_go_on.wait, 60)
        futures = [workers.submit_sized(size, partial(done.append, size)) for size in (3, 1, 900, 20)]
        workers.submit(done.append, 0)
        may_go_on.set()
        for future in futures:
            future.result(timeout=60)
    assert done == [900, 20, 3, 1, 0]
