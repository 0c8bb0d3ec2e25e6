"""A progress bar on standard error, for those who have waited a moment."""

import os
import sys
import time
from collections.abc import Iterable
from typing import TypeVar

import click

from pipcache.render.console import is_terminal

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
