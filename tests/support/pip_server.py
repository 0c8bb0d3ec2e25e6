"""A pip that is loaded once and run many times: a child process for each run.

To start a pip takes longer than what it is asked here. Run as a program this module is that pip: it reads a JSON
array a line (folder, file for the output, arguments), and answers each with the exit status.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Self

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType


class Done(NamedTuple):
    """How a run ended, and what it printed."""

    code: int
    text: str


class PipServer:
    """A pip of some version that waits for commands; `with PipServer(...) as pip:` starts and stops it."""

    def __init__(self, program: Path, environment: dict[str, str], folder: Path) -> None:
        """Take the folder of the pip's package, the environment of its runs, and a folder for their output."""
        self._output = folder / "output.txt"
        self._process = subprocess.Popen(
            [sys.executable, "-I", str(Path(__file__)), str(program.parent)],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.communicate()

    def __call__(self, folder: Path, arguments: Sequence[str]) -> Done:
        """Run pip with these arguments in a folder."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([str(folder), str(self._output), list(arguments)]) + "\n")
        self._process.stdin.flush()
        code = int(self._process.stdout.readline())
        return Done(code, self._output.read_text("utf-8", "replace"))


def _serve(package: str) -> None:
    sys.path.insert(0, package)
    from pip._internal.cli.main import main  # noqa: PLC0415 - of the pip that is asked for
    from pip._internal.commands import create_command  # noqa: PLC0415

    create_command("install")
    for line in sys.stdin:
        folder, output, arguments = json.loads(line)
        child = os.fork()
        if child == 0:
            os.chdir(folder)
            stream = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            os.dup2(stream, 1)
            os.dup2(stream, 2)
            os._exit(_run(main, arguments))
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        print(code, flush=True)


def _run(main: object, arguments: list[str]) -> int:
    assert callable(main)
    try:
        code = int(main(arguments) or 0)
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else 1
    except BaseException as error:  # noqa: BLE001 - as the interpreter does
        print(repr(error))
        code = 70
    sys.stdout.flush()
    sys.stderr.flush()
    return code


if __name__ == "__main__":
    _serve(sys.argv[1])
