"""The program at a terminal of a certain width: what it writes, styles and all."""

from __future__ import annotations

import os
import select
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.support.pips import clean_environment
from tests.support.places import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

# Windows has no such terminals: tests that need them are skipped
pty = pytest.importorskip("pty")
termios = pytest.importorskip("termios")


def environment_at(home: Path, **variables: str) -> dict[str, str]:
    """The environment at a terminal; a variable that is given as "unset" is not in it."""
    sizes = {"COLUMNS": "unset", "LINES": "unset"}  # of the terminal that the tests run at
    given = {**clean_environment(home), "TERM": "xterm", **sizes, **variables}
    return {name: value for name, value in given.items() if value != "unset"}


def written_at_terminal(arguments: Sequence[str], columns: int, environment: Mapping[str, str]) -> str:
    """Run the program at a terminal of so many columns, and return what it writes."""
    controller, terminal = pty.openpty()
    termios.tcsetwinsize(terminal, (24, columns))
    written = b""
    with subprocess.Popen(
        [sys.executable, "-m", "pipcache", *arguments],
        cwd=REPOSITORY,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=terminal,
        stderr=terminal,
    ) as program:
        os.close(terminal)
        while True:
            select.select([controller], [], [])
            try:
                data = os.read(controller, 65536)
            except OSError:  # how Linux says that nobody writes any more
                break
            if not data:
                break
            written += data
        program.wait()
    os.close(controller)
    return written.decode().replace("\r\n", "\n")


def written_to_pipe(arguments: Sequence[str], environment: Mapping[str, str]) -> str:
    """Run the program with both outputs in one pipe, and return what it writes."""
    done = subprocess.run(
        [sys.executable, "-m", "pipcache", *arguments],
        cwd=REPOSITORY,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
        encoding="utf-8",
    )
    return done.stdout
