"""Ctrl-C in every phase of a run over many entries: next to nothing is opened or removed after it."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import click
import pytest

from pipcache.cli import main as main_module
from tests.benchmarks.synthetic import fill

if TYPE_CHECKING:
    from pathlib import Path

_ENTRIES = 60

_INTERRUPTED_BY_ITSELF = """
import os, signal, sys
event, least, command = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
signal.signal(signal.SIGINT, signal.default_int_handler)
seen = 0
def watch(name, arguments):
    global seen
    is_path = name == event and isinstance(arguments[0], str)
    if not is_path or len(os.path.basename(arguments[0])) < 56:
        return
    seen += 1
    if seen == least:
        signal.raise_signal(signal.SIGINT)
    elif seen > least:
        os.write(2, b"\\nAFTER\\n")
sys.addaudithook(watch)
sys.argv = ["pipcache", *command]
from pipcache.__main__ import main
main()
"""
"""A program that gets a SIGINT at a certain file that it opens or removes, and tells of each file after it."""


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("many")
    fill(folder, _ENTRIES)
    return folder


def interrupted(cache: Path, event: str, number: int, *arguments: str) -> tuple[int, int]:
    """Run a command that interrupts itself; return its exit code and how many such events came after."""
    command = [sys.executable, "-c", _INTERRUPTED_BY_ITSELF, event, str(number), *arguments]
    environment = {**os.environ, "PIP_CONFIG_FILE": os.devnull}
    done = subprocess.run(
        [*command, "--cache-dir", os.fspath(cache)], env=environment, capture_output=True, check=False, timeout=120
    )
    return done.returncode, done.stderr.count(b"\nAFTER\n")


@pytest.mark.parametrize(
    "arguments",
    [
        ["list"],
        ["list", "--format", "json"],
        ["info"],
        ["verify"],
        ["audit", "absent"],
        ["prune", "--dry-run", "--duplicates"],
    ],
)
@pytest.mark.parametrize("number", [3, 2 * _ENTRIES - 3])
def test_nothing_more_is_opened_while_the_cache_is_read(cache: Path, number: int, arguments: list[str]) -> None:
    code, after = interrupted(cache, "open", number, *arguments)
    assert code == 130
    assert after == 0


@pytest.mark.parametrize("number", [2 * _ENTRIES + 20, 3 * _ENTRIES - 3])
def test_nothing_more_is_opened_while_bodies_are_hashed_and_unpacked(cache: Path, number: int) -> None:
    code, after = interrupted(cache, "open", number, "verify", "--thorough")
    assert code == 130
    assert after == 0


def test_an_entry_is_removed_whole_and_no_other_after_it(tmp_path: Path) -> None:
    fill(tmp_path, _ENTRIES)
    code, after = interrupted(tmp_path, "os.remove", 21, "clear", "--yes", "--force")
    assert code == 130
    assert after <= 1
    left = sum(len(names) for _, _, names in os.walk(tmp_path))
    assert left == 2 * _ENTRIES - 22


def test_what_was_read_is_not_taken_apart_before_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    taken_apart: list[str] = []

    class Read:
        """Something that was read, of which there are hundreds of thousands."""

        def __del__(self) -> None:
            taken_apart.append("an artifact")

    @click.command()
    def command() -> None:
        artifacts = [Read()]
        assert artifacts
        raise KeyboardInterrupt

    monkeypatch.setattr(main_module, "cli", command)
    monkeypatch.setattr(main_module, "_KEPT", [], raising=False)
    assert main_module.run([]) == 130
    assert not taken_apart
