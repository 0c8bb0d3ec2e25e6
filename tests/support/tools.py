"""Installers other than pip, from the virtual environment that the continuous integration makes for them."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.pips import clean_environment, run_captured
from tests.support.places import REPOSITORY

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Mapping

_DROPPED = ("UV_", "POETRY_", "PDM_")


def tool(name: str) -> Path:
    """The program of this name; where it is not installed the test is skipped, and in CI it fails."""
    home = os.environ.get("PIPCACHE_TEST_TOOLS")
    folder = Path(home) if home else REPOSITORY / ".venv-tools"
    program = folder / ("Scripts" if sys.platform == "win32" else "bin") / name
    program = program.with_suffix(".exe") if sys.platform == "win32" else program
    if not program.exists():
        reason = f"there is no {program}; .ci/run installs it"
        if os.environ.get("PIPCACHE_TESTS_AS_USER"):
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)
    return program


def run_tool(
    name: str, *arguments: str, cwd: Path, env: Mapping[str, str], code: int | None = 0
) -> subprocess.CompletedProcess[str]:
    """Run an installer with a home folder of its own below `cwd`; it has to end with `code`, if that is given."""
    home = cwd / "home"
    folders = {
        variable: str(home / variable) for variable in ("XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME")
    }
    kept = {
        variable: value
        for variable, value in clean_environment(home).items()
        if not variable.upper().startswith(_DROPPED)
    }
    command = [str(tool(name)), *arguments]
    done = run_captured(command, cwd=cwd, env={**kept, **folders, **env}, timeout=300)
    assert code is None or done.returncode == code, done.stdout + done.stderr
    return done
