"""Runs of the program that end in the middle of their work."""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING

from pipcache.cli.main import run

if TYPE_CHECKING:
    from collections.abc import Callable

DELETION = frozenset({"os.remove"})


def killed_before(
    moment: int,
    arguments: list[str],
    events: frozenset[str] = DELETION,
    *,
    first: Callable[[], object] | None = None,
) -> int:
    """Run the program in a fork that is killed before this deletion, or another of these events; how it ended.

    With ``first`` the fork calls that before all else.
    """
    return meddled_before(moment, arguments, events, lambda: os.kill(os.getpid(), signal.SIGKILL), first=first)


def meddled_before(
    moment: int,
    arguments: list[str],
    events: frozenset[str],
    meddle: Callable[[], object],
    *,
    first: Callable[[], object] | None = None,
) -> int:
    """Run the program in a fork where something is done just before this event, once; how it ended."""
    child = os.fork()
    if child == 0:
        seen = 0
        if first is not None:
            first()

        def watch(event: str, _: object) -> None:
            nonlocal seen
            if event in events:
                seen += 1
                if seen == moment:
                    meddle()

        sys.addaudithook(watch)
        os._exit(run(arguments))
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
