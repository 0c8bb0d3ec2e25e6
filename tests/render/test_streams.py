"""How an answer is written to a stream."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.support import archives
from tests.support.caches import CacheBuilder
from tests.support.places import REPOSITORY

if TYPE_CHECKING:
    from pathlib import Path

UNBUFFERED = {**os.environ, "PYTHONUNBUFFERED": "1"}
ROWS = """
from pipcache.render.console import prepare_streams, print_answer
prepare_streams()
print_answer(f"{number}," for number in range(1000))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="a descriptor of a socket is none of a file there")
def test_rows_are_written_together_without_a_buffer_too() -> None:
    reader, writer = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with reader, writer:
        command = [sys.executable, "-c", ROWS]
        subprocess.run(command, cwd=REPOSITORY, env=UNBUFFERED, stdout=writer.fileno(), check=True)
        writer.close()
        written = iter(lambda: reader.recv(1 << 20), b"")
        first = next(written)
    assert first.startswith(b"0,1,2,")
    assert len(first) > 1000


LIMITED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (1024, 1024))
from pipcache.__main__ import main
main()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no limits of files there")
@pytest.mark.parametrize("command", [("list",), ("info",), ("verify",), ("show", "foo")], ids=" ".join)
@pytest.mark.parametrize("environment", [dict(os.environ), UNBUFFERED], ids=["buffered", "unbuffered"])
def test_an_answer_that_is_written_in_part_is_no_success(
    tmp_path: Path, command: tuple[str, ...], environment: dict[str, str]
) -> None:
    builder = CacheBuilder(tmp_path / "cache")
    filename, data = archives.build_wheel("foo", "1.0")
    builder.download(f"https://files.example/{filename}", data)
    arguments = [*command, "--format", "json", "--cache-dir", str(builder.root)]
    with (tmp_path / "answer").open("wb") as answer:
        done = subprocess.run(
            [sys.executable, "-c", LIMITED, *arguments],
            cwd=REPOSITORY,
            env=environment,
            stdout=answer,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert done.returncode == 3
    assert b"The answer cannot be written: File too large." in done.stderr
