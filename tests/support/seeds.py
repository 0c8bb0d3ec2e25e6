"""Run the program with several seeds of hashes: what hangs on the order of a set then differs from run to run."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, NamedTuple

from tests.support.pips import clean_environment
from tests.support.places import REPOSITORY

if TYPE_CHECKING:
    from pathlib import Path

SEEDS = ("1", "2", "3", "4", "5", "6")


class Answer(NamedTuple):
    """What a run of the program answered."""

    status: int
    output: bytes
    errors: bytes


def only_answer(folder: Path, *words: str) -> Answer:
    """Return the answer of the program to ``words``, which has to be the same with each seed.

    Args:
        folder: where it runs, and where its home is.
        words: the arguments of the program.
    """
    answers = set()
    for seed in SEEDS:
        names = {"PYTHONPATH": str(REPOSITORY), "PYTHONHASHSEED": seed, "PIPCACHE_NO_IDENTITY": "1"}
        done = subprocess.run(
            [sys.executable, "-m", "pipcache", *words],
            env=clean_environment(folder / "home") | names,
            cwd=folder,
            capture_output=True,
            check=False,
        )
        answers.add(Answer(done.returncode, done.stdout, done.stderr))
    assert len(answers) == 1
    return answers.pop()
