"""The program at a terminal of a given size, with a person who types."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING, NamedTuple

import pytest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

pty = pytest.importorskip("pty")
termios = pytest.importorskip("termios")


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
) -> Shown:
    """Run pipcache, or a program given by its path, with all of its streams at a terminal."""
    controller, terminal = pty.openpty()
    termios.tcsetwinsize(terminal, (lines, columns))
    command = [*words] if words[0].startswith("/") else [sys.executable, "-m", "pipcache", *words]
    sent = b""
    with subprocess.Popen(
        command,
        cwd=folder,
        env={name: value for name, value in environment.items() if name not in {"COLUMNS", "LINES"}},
        stdin=terminal,
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
