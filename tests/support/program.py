"""The program run in this process: what it answered, what it said, how it ended."""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from pipcache.cli.main import run
from tests.support.pips import clean_environment
from tests.support.places import REPOSITORY


class Ran(NamedTuple):
    """One run: standard output, standard error and the exit code."""

    out: str
    err: str
    code: int

    @property
    def document(self) -> dict[str, Any]:  # Any: the tests ask for fields by name, which is what they test
        document: dict[str, Any] = json.loads(self.out)
        return document

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()


class Program:
    """pipcache on one cache directory."""

    def __init__(self, cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.cache = cache
        self._capsys = capsys

    def __call__(self, command: str, *arguments: str) -> Ran:
        self._capsys.readouterr()
        code = run([command, "--cache-dir", str(self.cache), *arguments])
        captured = self._capsys.readouterr()
        return Ran(captured.out, captured.err, int(code))

    def artifacts(self, command: str, *arguments: str) -> list[dict[str, Any]]:
        """The artifacts of a JSON answer."""
        records: list[dict[str, Any]] = self(command, *arguments, "--format", "json").document["artifacts"]
        return records

    def only(self, command: str, *arguments: str) -> dict[str, Any]:
        """The one artifact of a JSON answer."""
        (record,) = self.artifacts(command, *arguments)
        return record


def run_limited(
    cache: Path, arguments: Sequence[str], *, limits: Mapping[str, int], first: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run the program in a process that may use no more than this of the system's resources.

    `limits` are by their names in `resource`; `first` is Python that runs before the program.
    """
    lines = [
        "import resource, sys",
        *(f"resource.setrlimit(resource.{name}, ({limit}, {limit}))" for name, limit in limits.items()),
        first,
        "from pipcache.cli.main import run",
        f"sys.exit(run({[arguments[0], '--cache-dir', str(cache), *arguments[1:]]!r}))",
    ]
    # everything is loaded before the limits hold: they are those of the work
    names = "audit, clear, info, lock, prune, remove, show, verify"
    load = f"import pipcache.cli.main\nfrom pipcache.cli import {names}\n"
    environment = clean_environment(cache.parent / "home") | {"PYTHONPATH": str(REPOSITORY)}
    return subprocess.run(
        [sys.executable, "-c", load + "\n".join(lines)],
        env=environment | {"PYTHONDONTWRITEBYTECODE": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


def run_script(code: str, *words: str, cache: Path) -> subprocess.CompletedProcess[str]:
    """Run Python code, which runs the program, in a process of its own, with a command line on a cache."""
    return subprocess.run(
        [sys.executable, "-c", code, *words, "--cache-dir", str(cache)],
        cwd=REPOSITORY,
        env=clean_environment(cache.parent / "home"),
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
