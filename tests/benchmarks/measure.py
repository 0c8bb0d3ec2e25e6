"""Whole processes measured from outside: times of alternating runs, peak memory."""

from __future__ import annotations

import os
import statistics
import subprocess
import time
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class Times(NamedTuple):
    """The seconds of several runs of the same thing."""

    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)

    def __str__(self) -> str:
        return f"median {self.median * 1000:8.1f} ms, minimum {min(self.seconds) * 1000:8.1f} ms"


def alternating(runs: int, *actions: Callable[[], object]) -> tuple[Times, ...]:
    """Run the actions in turn, once to warm up and then ``runs`` times, so that all meet the same noise."""
    seconds: list[list[float]] = [[] for _ in actions]
    for number in range(runs + 1):
        for action, taken in zip(actions, seconds, strict=True):
            start = time.perf_counter()
            action()
            if number:
                taken.append(time.perf_counter() - start)
    return tuple(Times(tuple(taken)) for taken in seconds)


def plain_environment() -> dict[str, str]:
    """The environment without what changes how Python or pip start (no byte code, other configuration)."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "PYTHON"))}
    return {**kept, "PIP_CONFIG_FILE": os.devnull}


def process(command: Sequence[str]) -> Callable[[], object]:
    """An action that runs a command to its end, its output thrown away."""
    environment = plain_environment()

    def run() -> None:
        subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)

    return run


class Child(NamedTuple):
    """What one child process used."""

    seconds: float
    peak_memory: int  # bytes; never below this process's own at the time, so that must stay small


def run_child(command: Sequence[str]) -> Child:
    """Run a command to its end, its output thrown away, and say what it alone used (POSIX only).

    Raises:
        CalledProcessError: it failed.
    """
    start = time.perf_counter()
    child = subprocess.Popen(command, env=plain_environment(), stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        raise subprocess.CalledProcessError(child.returncode, command)
    return Child(time.perf_counter() - start, usage.ru_maxrss * (1 if os.uname().sysname == "Darwin" else 1024))


def judged(figure: float, limit: float, unit: str = "") -> str:
    """A figure beside its target."""
    return f"{figure:.3g}{unit} (target at most {limit:g}{unit}: {'met' if figure <= limit else 'MISSED'})"
