"""The question before a removal, at a real terminal, and interruptions while it runs."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import archives
from tests.support.caches import CacheBuilder
from tests.support.pips import clean_environment
from tests.support.places import REPOSITORY
from tests.support.program import run_script

pty = pytest.importorskip("pty")


FILES = "https://files.example/packages/"


@pytest.fixture
def builder(tmp_path: Path) -> CacheBuilder:
    builder = CacheBuilder(tmp_path / "cache")
    filename, body = archives.build_wheel("foo", "1.0")
    builder.download(FILES + filename, body)
    return builder


def files(builder: CacheBuilder) -> int:
    return sum(path.is_file() for path in builder.root.rglob("*"))


def answered(builder: CacheBuilder, answer: bytes, *arguments: str) -> tuple[int, str, str]:
    """Run the program at a terminal where this is typed: exit code, standard output, standard error."""
    controller, terminal = pty.openpty()
    try:
        with subprocess.Popen(
            [sys.executable, "-m", "pipcache", arguments[0], "--cache-dir", str(builder.root), *arguments[1:]],
            cwd=REPOSITORY,
            env=clean_environment(builder.root.parent / "home"),
            stdin=terminal,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        ) as program:
            os.write(controller, answer)
            out, err = program.communicate(timeout=60)
        return program.returncode, out.decode(), err.decode()
    finally:
        os.close(controller)
        os.close(terminal)


@pytest.mark.parametrize("command", [["remove", "foo"], ["clear"]], ids=" ".join)
@pytest.mark.parametrize("answer", [b"y\n", b"YES\n", b" Yes \n"])
def test_yes_removes(builder: CacheBuilder, command: list[str], answer: bytes) -> None:
    code, out, err = answered(builder, answer, *command)
    assert (code, files(builder)) == (0, 0)
    assert re.search(r"Remove 2 files \([\d.]+ kB\)\? \[y/N\] ", err)
    assert "1 entry, 2 files" in out
    assert "Removed 2 files" in out


@pytest.mark.parametrize("command", [["remove", "foo"], ["clear"]], ids=" ".join)
@pytest.mark.parametrize("answer", [b"\n", b"n\n", b"yep\n", b"\x04", b"\xff\xfe\n"])
def test_anything_else_and_the_end_of_input_touch_nothing(
    builder: CacheBuilder, command: list[str], answer: bytes
) -> None:
    code, out, err = answered(builder, answer, *command)
    assert (code, files(builder)) == (2, 2)
    assert err.endswith("Nothing was removed.\n")
    assert "Removed" not in out


def test_nothing_is_asked_where_there_is_nothing_to_remove(builder: CacheBuilder) -> None:
    code, out, err = answered(builder, b"", "remove", "nosuch")
    assert (code, out) == (0, "Nothing to remove.\n")
    assert "?" not in err


@pytest.mark.parametrize("command", [["clear"], ["prune"]], ids=" ".join)
def test_empty_folders_are_asked_for_as_what_they_are(tmp_path: Path, command: list[str]) -> None:
    builder = CacheBuilder(tmp_path / "cache")
    folder = builder.root / "http-v2" / "a" / "b"
    folder.mkdir(parents=True)
    for place in (folder, folder.parent, folder.parent.parent):
        os.utime(place, (1, 1))
    code, out, err = answered(builder, b"y\n", *command)
    assert (code, folder.exists()) == (0, False)
    assert "Remove 1 empty folder? [y/N] " in err
    assert "0 files" not in out + err
    assert "(0 B)" not in err


INTERRUPTING = """
import os, signal, sys
count = 0
def watch(event, arguments):
    global count
    if event == "os.remove":
        count += 1
        if count in {WHEN}:
            os.kill(os.getpid(), signal.{NAME})
sys.addaudithook(watch)
from pipcache.cli.main import run
sys.exit(run(sys.argv[1:]))
"""


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_an_interruption_ends_it_after_the_entry_at_hand_and_is_reported(builder: CacheBuilder, name: str) -> None:
    for number in range(30):
        filename, body = archives.build_wheel(f"bar{number}", "1.0")
        builder.download(FILES + filename, body)
    before = files(builder)
    code = INTERRUPTING.replace("{WHEN}", "{7}").replace("{NAME}", name)
    done = run_script(code, "remove", "*", "--yes", cache=builder.root)
    assert done.returncode == 130
    assert before - files(builder) == 8
    assert "Removed 8 files" in done.stdout
    assert "Interrupted: 27 entries of 31 had not had their turn." in done.stderr
    for path in builder.root.rglob("*.body"):
        assert path.with_name(path.name.removesuffix(".body")).exists()


def test_a_second_interruption_ends_it_at_once(builder: CacheBuilder) -> None:
    code = INTERRUPTING.replace("{WHEN}", "{1, 2}").replace("{NAME}", "SIGINT")
    done = run_script(code, "remove", "foo", "--yes", cache=builder.root)
    assert done.returncode == 130
    assert "Removed 1 file" in done.stdout
    assert "Interrupted: 1 entry of 1 had not had their turn." in done.stderr
    assert "Traceback" not in done.stderr
