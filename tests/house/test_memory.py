"""How much memory an artifact takes: little, because a cache may have a hundred thousand files."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.benchmarks.memory import COMMANDS, FILES_LIMIT, LINES_LIMIT, peak_memory
from tests.benchmarks.synthetic import fill
from tests.support.pips import clean_environment
from tests.support.places import REPOSITORY

_ENTRIES = 2_000
_ALL_ENTRIES = 50_000

_MEASURED = """
import os, sys, tracemalloc
from pipcache.cli.main import run
folder, least, many = sys.argv[1:4]
command = sys.argv[4:]
sys.stdout = open(os.devnull, "w")
run([*command, "--cache-dir", os.path.join(folder, least)])  # everything is loaded, and memories are filled
tracemalloc.start()
run([*command, "--cache-dir", os.path.join(folder, many)])
sys.__stdout__.write(str(tracemalloc.get_traced_memory()[1]))
"""
"""A program that answers for a few entries, and prints the bytes that many take at most."""


@pytest.fixture(scope="module")
def caches(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("caches")
    fill(folder / "few", 20)
    fill(folder / "many", _ENTRIES)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize(
    ("command", "limit"),
    [
        (["list"], 3_600),
        (["list", "--format", "json"], 3_000),
        (["list", "--format", "jsonl"], 1_400),  # what is remembered of names, which has a limit
        (["prune", "--dry-run", "--unused-for", "1d", "--format", "json"], 3_000),
        (["verify", "--format", "json"], 5_500),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_an_entry_takes_a_few_kilobytes(caches: Path, command: list[str], limit: int) -> None:
    program = [sys.executable, "-c", _MEASURED, os.fspath(caches), "few", "many", *command]
    environment = clean_environment(caches / "home") | {"PYTHONPATH": str(REPOSITORY)}
    done = subprocess.run(program, env=environment, capture_output=True, check=True, timeout=300)
    assert int(done.stdout) / _ENTRIES < limit


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("large")
    fill(folder, _ALL_ENTRIES)
    return folder


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "wait4"), reason="only POSIX says how much memory a process took")
@pytest.mark.parametrize("name", COMMANDS)
def test_a_hundred_thousand_files_take_a_quarter_of_a_gigabyte(large: Path, name: str) -> None:
    limit = LINES_LIMIT if name.endswith("jsonl") else FILES_LIMIT
    assert peak_memory(COMMANDS[name], large) <= limit
