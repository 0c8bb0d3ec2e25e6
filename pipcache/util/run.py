"""What an answer says of the run that gave it: who ran what, where and when."""

import time
from collections.abc import Sequence
from typing import NamedTuple

from pipcache.util.identity import Identity, this_run
from pipcache.util.redaction import redact_arguments


class Run(NamedTuple):
    """A run.

    Attributes:
        identity: the host, the user and the tool; None where an answer is not to say them.
        started: in nanoseconds since the epoch.
        arguments: those of the command line, with their secrets hidden.
    """

    identity: Identity | None = None
    started: int = 0
    arguments: tuple[str, ...] = ()


NO_IDENTITY = Run()
"""A run of which an answer says nothing, so that two runs that find the same give the same bytes."""


def identified_run(arguments: Sequence[str], started: int) -> Run:
    """Return what is said of this run.

    Args:
        arguments: those of the command line, as they were typed.
        started: in nanoseconds since the epoch.
    """
    return Run(this_run(), started, tuple(redact_arguments(arguments)))


def now() -> int:
    """Return the time in nanoseconds since the epoch."""
    return time.time_ns()
