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
    return _program(_folder() / ("Scripts" if sys.platform == "win32" else "bin"), name)


def tool_of_release(name: str, release: str) -> Path:
    """The same of an older release, which has a folder of its own."""
    return _program(_folder() / f"{name}-{release}" / "bin", name)


def _folder() -> Path:
    home = os.environ.get("PIPCACHE_TEST_TOOLS")
    return Path(home) if home else REPOSITORY / ".venv-tools"


def _program(folder: Path, name: str) -> Path:
    program = folder / name
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
    command = [str(tool(name)), *arguments]
    done = run_captured(command, cwd=cwd, env=tool_environment(cwd, env), timeout=300)
    assert code is None or done.returncode == code, done.stdout + done.stderr
    return done


def tool_environment(folder: Path, env: Mapping[str, str]) -> dict[str, str]:
    """This process's environment without what configures an installer, with a home below a folder, and `env`."""
    home = folder / "home"
    folders = {
        variable: str(home / variable) for variable in ("XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME")
    }
    kept = {
        variable: value
        for variable, value in clean_environment(home).items()
        if not variable.upper().startswith(_DROPPED)
    }
    return {**kept, **folders, **env}
