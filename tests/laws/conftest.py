"""What the laws of hostile caches share: commands run in this process, alone."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pipcache.cli.main import run
from tests.support.answers import Answer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing of this machine's configuration, and a terminal of known width."""
    for name in [name for name in os.environ if name.startswith(("PIP_", "XDG_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "120")


@pytest.fixture
def ask(capsysbinary: pytest.CaptureFixture[bytes]) -> Callable[[Path, Sequence[str]], Answer]:
    """Runs a command in this process: an error nobody caught fails the test where it was raised."""

    def ask(root: Path, command: Sequence[str]) -> Answer:
        code = run([command[0], "--cache-dir", str(root), *command[1:]])
        out, err = capsysbinary.readouterr()
        return Answer(code, out, err)

    return ask
