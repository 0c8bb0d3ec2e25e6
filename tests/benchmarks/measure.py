"""Whole processes measured from outside: times of alternating runs, peak memory."""

from __future__ import annotations

import os
import statistics
import subprocess
import time
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence


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
    cpu: float  # seconds of the processor, of the program and of the system for it


def run_child(command: Sequence[str], expected: Collection[int] = (0,)) -> Child:
    """Run a command to its end, its output thrown away, and say what it alone used (POSIX only).

    Raises:
        CalledProcessError: it ended with none of the ``expected`` exit codes.
    """
    start = time.perf_counter()
    child = subprocess.Popen(command, env=plain_environment(), stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode not in expected:
        raise subprocess.CalledProcessError(child.returncode, command)
    memory = usage.ru_maxrss * (1 if os.uname().sysname == "Darwin" else 1024)
    return Child(time.perf_counter() - start, memory, usage.ru_utime + usage.ru_stime)


def least_cpu(command: Sequence[str], runs: int, expected: Collection[int] = (0,)) -> float:
    """Return the least seconds of the processor that one of ``runs`` runs of a command took."""
    return min(run_child(command, expected).cpu for _ in range(runs))


def judged(figure: float, limit: float, unit: str = "") -> str:
    """A figure beside its target."""
    return f"{figure:.3g}{unit} (target at most {limit:g}{unit}: {'met' if figure <= limit else 'MISSED'})"


class Bar(NamedTuple):
    """What a figure has to reach, and what is better still; a figure is to be small where the goal is smaller."""

    bar: float
    goal: float
    unit: str = ""

    def is_met(self, figure: float) -> bool:
        """Whether the figure reaches the bar."""
        return figure <= self.bar if self.goal < self.bar else figure >= self.bar

    def judged(self, figure: float) -> str:
        """The figure beside its bar and its goal."""
        met = "met" if self.is_met(figure) else "MISSED"
        return f"{figure:.3g}{self.unit} (bar {self.bar:g}{self.unit}: {met}; goal {self.goal:g}{self.unit})"
