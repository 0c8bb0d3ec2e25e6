"""Progress bars on standard error."""

import os
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from pipcache.render.console import is_narrow, is_terminal, rich_console

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
    if length:
        progress = _new_progress(label)
        progress.update(progress.task_ids[0], total=length)
    else:
        from rich.progress import MofNCompleteColumn  # only where a person watches

        progress = _new_progress(label, MofNCompleteColumn())
    bar = _Bar(progress)
    try:
        for item in items:
            yield item
            bar.advance(1)
    finally:
        progress.stop()


_PATIENCE = 0.7
"""Seconds without a bar: most answers are there before."""


def _is_watched() -> bool:
    return is_terminal(sys.stderr) and os.environ.get("TERM") != "dumb"


def _new_progress(label: str, *columns: "ProgressColumn") -> "Progress":
    """Return a bar with one task, which leaves nothing behind and starts no thread."""
    from rich.progress import (  # only where a person watches
        BarColumn,
        Progress,
        TaskProgressColumn,
        TextColumn,
        TimeRemainingColumn,
    )

    if not columns:
        columns = (
            (TaskProgressColumn(),) if is_narrow(sys.stderr) else (TaskProgressColumn(), TimeRemainingColumn())
        )
    text = TextColumn("{task.description}")
    progress = Progress(
        *(text, BarColumn(None), *columns),
        console=rich_console(sys.stderr),
        transient=True,
        auto_refresh=False,
        redirect_stdout=False,  # an answer may be printed meanwhile, and is not for standard error
    )
    progress.add_task(label, total=None)
    return progress


class _Bar:
    """A bar that appears when a person has waited, and moves ten times a second; for any thread."""

    def __init__(self, progress: "Progress") -> None:
        self._progress = progress
        self._next = time.monotonic() + _PATIENCE
        self._is_shown = False

    def advance(self, size: int) -> None:
        """Move on by ``size``."""
        self._progress.advance(self._progress.task_ids[0], size)
        self.show()

    def show(self) -> None:
        """Show the bar as it is now, where its time has come."""
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + _INTERVAL
        if not self._is_shown:
            self._is_shown = True
            self._progress.start()
        self._progress.refresh()


_INTERVAL = 0.1
"""Seconds between two pictures of a bar."""


@contextmanager
def meter(label: str) -> Iterator["BytesMeter"]:
    """Give something that counts bytes; it shows speed and time left to those who have waited."""
    if not _is_watched():
        yield BytesMeter(None)
        return
    from rich.progress import (  # only where a person watches
        DownloadColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    columns = () if is_narrow(sys.stderr) else (DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    progress = _new_progress(label, *columns)
    try:
        yield BytesMeter(progress)
    finally:
        progress.stop()


class BytesMeter:
    """Counts bytes from any thread."""

    def __init__(self, progress: "Progress | None") -> None:
        self._progress = progress
        self._bar = None if progress is None else _Bar(progress)
        self._label = "" if progress is None else progress.tasks[0].description
        self._again = 0

    def expect(self, size: int | None, read: int = 0) -> None:
        """Say how many bytes there are to do: None where it is not known yet, and ``read`` artifacts were read."""
        if self._progress is None or self._bar is None:
            return
        task = self._progress.task_ids[0]
        self._progress.tasks[0].total = size  # rich takes no None for a total that was known
        self._progress.update(task, description=f"{self._label} ({read:,} read)" if read else self._label)
        self._bar.show()

    def advance(self, size: int) -> None:
        """Say that so many more bytes are done, or to be done again: then the bar waits, and does not go back."""
        if self._bar is None:
            return
        new, self._again = max(0, size - self._again), max(0, self._again - size)
        if new:
            self._bar.advance(new)
