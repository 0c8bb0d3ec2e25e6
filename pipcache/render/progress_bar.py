"""Progress bars on standard error."""

import math
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from threading import Lock
from typing import TYPE_CHECKING, TypeVar

from pipcache.render.console import is_dumb_terminal, is_narrow, is_terminal, rich_console

if TYPE_CHECKING:
    from rich.progress import Progress, ProgressColumn


T = TypeVar("T")


def track(items: Iterable[T], length: int, label: str) -> Iterable[T]:
    """Yield ``items`` with a progress bar on standard error, if a person watches and has waited a moment.

    Where ``length`` is 0, nobody knows how many there are, and they are only counted.
    """
    if not _is_watched():
        yield from items
        return
    bar = _Bar(label, _columns_of_items if length else _columns_of_count)
    bar.total = length or None
    try:
        for item in items:
            yield item
            bar.advance(1)
    finally:
        bar.stop()


_PATIENCE = 0.7
"""Seconds without a bar: most answers are there before."""


def _is_watched() -> bool:
    return is_terminal(sys.stderr) and not is_dumb_terminal()


def _columns_of_items() -> "Sequence[ProgressColumn]":
    from rich.progress import TaskProgressColumn, TimeRemainingColumn  # only for those who have waited

    return (TaskProgressColumn(),) if is_narrow(sys.stderr) else (TaskProgressColumn(), TimeRemainingColumn())


def _columns_of_count() -> "Sequence[ProgressColumn]":
    from rich.progress import MofNCompleteColumn  # only for those who have waited

    return (MofNCompleteColumn(),)


def _columns_of_bytes() -> "Sequence[ProgressColumn]":
    if is_narrow(sys.stderr):
        return _columns_of_items()
    from rich.progress import (  # only for those who have waited
        DownloadColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    return DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn()


class _Bar:
    """A bar that appears when a person has waited, and moves ten times a second; for any thread.

    Until then it only counts: what draws it takes longer to load than most answers.

    Attributes:
        label: what is being done.
        total: of the work; None where it is not known.
    """

    def __init__(self, label: str, columns: "Callable[[], Sequence[ProgressColumn]]") -> None:
        """Make a bar with the given columns behind it; they are asked for when it appears."""
        self.label = label
        self.total: int | None = None
        self._columns = columns
        self._done = 0
        self._next = time.monotonic() + _PATIENCE
        self._progress: Progress | None = None
        self._lock = Lock()

    def advance(self, size: int) -> None:
        """Move on by ``size``."""
        with self._lock:
            self._done += size
            self._show()

    def show(self) -> None:
        """Show the bar as it is now, where its time has come."""
        with self._lock:
            self._show()

    def _show(self) -> None:
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + _INTERVAL
        try:
            self._draw()
        except (ImportError, OSError):
            # no descriptor may be left to load it, or the terminal is gone: the work goes on without
            self._next = math.inf

    def _draw(self) -> None:
        if self._progress is None:
            self._progress = _new_progress(self.label, self._columns())
            self._progress.start()
        task = self._progress.tasks[0]
        task.total = self.total  # rich's update takes no None for a total that was known
        self._progress.update(task.id, completed=self._done, description=self.label)
        self._progress.refresh()

    def stop(self) -> None:
        """Take the bar away; it does not come again."""
        self._next = math.inf
        if self._progress is not None:
            with suppress(OSError):
                self._progress.stop()


def _new_progress(label: str, columns: "Sequence[ProgressColumn]") -> "Progress":
    """Return a bar with one task, which leaves nothing behind and starts no thread."""
    from rich.progress import BarColumn, Progress, TextColumn  # only for those who have waited

    progress = Progress(
        TextColumn("{task.description}"),
        BarColumn(None),
        *columns,
        console=rich_console(sys.stderr),
        transient=True,
        auto_refresh=False,
        redirect_stdout=False,  # an answer may be printed meanwhile, and is not for standard error
    )
    progress.add_task(label, total=None)
    return progress


_INTERVAL = 0.1
"""Seconds between two pictures of a bar."""


@contextmanager
def meter(label: str) -> Iterator["BytesMeter"]:
    """Give something that counts bytes; it shows speed and time left to those who have waited."""
    if not _is_watched():
        yield BytesMeter(None)
        return
    bar = _Bar(label, _columns_of_bytes)
    try:
        yield BytesMeter(bar)
    finally:
        bar.stop()


class BytesMeter:
    """Counts bytes from any thread."""

    def __init__(self, bar: _Bar | None) -> None:
        self._bar = bar
        self._label = "" if bar is None else bar.label
        self._again = 0

    def expect(self, size: int | None, read: int = 0) -> None:
        """Say how many bytes there are to do: None where it is not known yet, and ``read`` artifacts were read."""
        if self._bar is None:
            return
        self._bar.total = size
        self._bar.label = f"{self._label} ({read:,} read)" if read else self._label
        self._bar.show()

    def advance(self, size: int) -> None:
        """Say that so many more bytes are done, or to be done again: then the bar waits, and does not go back."""
        if self._bar is None:
            return
        new, self._again = max(0, size - self._again), max(0, self._again - size)
        if new:
            self._bar.advance(new)
