"""Progress bars on standard error."""

import os
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

import click

from pipcache.render.console import is_terminal, wants_colour

if TYPE_CHECKING:
    from rich.progress import Progress


T = TypeVar("T")


def track(items: Iterable[T], length: int, label: str) -> Iterable[T]:
    """Yield ``items`` with a progress bar on standard error, if a person watches and has waited a moment."""
    if not is_terminal(sys.stderr) or os.environ.get("TERM") == "dumb":
        yield from items
        return
    started, bar = time.monotonic(), None
    try:
        for index, item in enumerate(items, 1):
            if bar is not None:
                bar.update(1)
            elif time.monotonic() - started > _PATIENCE:
                bar = click.progressbar(length=length, label=label, file=sys.stderr)
                bar.update(index)
            yield item
    finally:
        if bar is not None:
            bar.render_finish()


_PATIENCE = 0.7
"""Seconds without a bar: most answers are there before."""


@contextmanager
def meter(label: str) -> Iterator["BytesMeter"]:
    """Give something that counts bytes; it shows speed and time left to those who have waited."""
    if not is_terminal(sys.stderr) or os.environ.get("TERM") == "dumb":
        yield BytesMeter(None)
        return
    from rich.console import Console  # only where a person watches
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    columns = (TextColumn("{task.description}"), BarColumn(None), DownloadColumn(), TransferSpeedColumn())
    console = Console(file=sys.stderr, no_color=not wants_colour(sys.stderr))
    progress = Progress(*columns, TimeRemainingColumn(), console=console, transient=True)
    counter = BytesMeter(progress)
    progress.add_task(label, total=None)
    try:
        yield counter
    finally:
        progress.stop()


class BytesMeter:
    """Counts bytes from any thread."""

    def __init__(self, progress: "Progress | None") -> None:
        self._progress = progress
        self._started = time.monotonic()
        self._is_shown = False

    def expect(self, size: int) -> None:
        """Say how many bytes there are to do, as far as is known."""
        if self._progress is not None:
            self._progress.update(self._progress.task_ids[0], total=size)

    def advance(self, size: int) -> None:
        """Say that so many more bytes are done, or fewer."""
        if self._progress is None:
            return
        self._progress.advance(self._progress.task_ids[0], size)
        if not self._is_shown and time.monotonic() - self._started > _PATIENCE:
            self._is_shown = True
            self._progress.start()
