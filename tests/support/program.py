"""The program run in this process: what it answered, what it said, how it ended."""

import json
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from pipcache.cli.main import run


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
