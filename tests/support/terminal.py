"""The program at a terminal of a given size, with a person who types."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.support.pips import clean_environment
from tests.support.places import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

pty = pytest.importorskip("pty")
termios = pytest.importorskip("termios")


def environment_at(home: Path, **variables: str) -> dict[str, str]:
    """The environment at a terminal; a variable that is given as "unset" is not in it."""
    sizes = {"COLUMNS": "unset", "LINES": "unset"}  # of the terminal that the tests run at
    given = {**clean_environment(home), "TERM": "xterm", **sizes, **variables}
    return {name: value for name, value in given.items() if value != "unset"}


class Shown(NamedTuple):
    """What a terminal was sent, styles included, and how the program ended."""

    text: str
    code: int


def at_terminal(
    words: Sequence[str],
    *,
    environment: Mapping[str, str],
    folder: Path,
    columns: int = 80,
    lines: int = 24,
    typed: bytes = b"",
    has_input: bool = True,
) -> Shown:
    """Run pipcache, or a program given by its path, at a terminal; without `has_input` nobody can answer it."""
    controller, terminal = pty.openpty()
    termios.tcsetwinsize(terminal, (lines, columns))
    command = [*words] if words[0].startswith("/") else [sys.executable, "-m", "pipcache", *words]
    sent = b""
    with subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdin=terminal if has_input else subprocess.DEVNULL,
        stdout=terminal,
        stderr=terminal,
        start_new_session=True,
    ) as program:
        os.close(terminal)
        os.write(controller, typed)
        while True:
            try:
                data = os.read(controller, 65536)
            except OSError:  # how Linux says that nobody writes any more
                break
            if not data:
                break
            sent += data
        code = program.wait()
    os.close(controller)
    return Shown(sent.decode().replace("\r\n", "\n"), code)


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
