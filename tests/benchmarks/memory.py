"""The peak memory of each command on 100,000 files of small entries, and a list against a bare walk.

python -m tests.benchmarks.memory [--pairs 50000] [--cache FOLDER]

A process takes for its own the memory of the one that starts it, so a small process stands between.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.benchmarks.measure import Bar, least_cpu, plain_environment
from tests.benchmarks.synthetic import filled

FILES_LIMIT, FILES_GOAL = 250.0, 150.0  # MB
LINES_LIMIT = 60.0  # MB
_FILES = Bar(FILES_LIMIT, FILES_GOAL, " MB")
_LINES = Bar(LINES_LIMIT, 40, " MB")
_RATIO = Bar(6, 4)

COMMANDS = {
    "list": ["list"],
    "list --format json": ["list", "--format", "json"],
    "list --format jsonl": ["list", "--format", "jsonl"],
    "info": ["info"],
    "prune --dry-run": ["prune", "--dry-run", "--unused-for", "1d"],
    "prune --dry-run --format json": ["prune", "--dry-run", "--unused-for", "1d", "--format", "json"],
    "verify": ["verify"],
    "verify --format json": ["verify", "--format", "json"],
    "audit": ["audit", "absent-project"],
}

_BETWEEN = """
import os, sys
child = os.fork()
if not child:
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    os.execv(sys.argv[1], sys.argv[1:])
_, status, usage = os.wait4(child, 0)
print(os.waitstatus_to_exitcode(status), usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024))
"""

_WALK = "import sys; from tests.benchmarks.synthetic import walk; walk(sys.argv[1])"


def main() -> int:
    """Print what each command takes; 1 when a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=50_000, help="entries of a head and a body each (50000)")
    parser.add_argument("--runs", type=int, default=3, help="runs of list and walk; the least counts (3)")
    parser.add_argument("--cache", type=Path, help="write the cache here and keep it, or use the one here")
    options = parser.parse_args()
    with filled(options.cache, options.pairs) as cache:
        results = [_measure(name, cache) for name in COMMANDS]
        ratio = _ratio(cache, options.runs)
    print(f"list --format json against a bare walk: processor {_RATIO.judged(ratio)}")
    return int(not (all(results) and _RATIO.is_met(ratio)))


def _measure(name: str, cache: Path) -> bool:
    bar = _LINES if name.endswith("jsonl") else _FILES
    peak = peak_memory(COMMANDS[name], cache)
    print(f"{name:30} {bar.judged(peak)}", flush=True)
    return bar.is_met(peak)


def peak_memory(command: list[str], cache: Path) -> float:
    """Return the most memory, in MB, that a command takes on a cache in which it finds nothing wrong (POSIX only).

    Raises:
        CalledProcessError: it ended with another exit code than 0.
    """
    program = [sys.executable, "-m", "pipcache", *command, "--cache-dir", os.fspath(cache)]
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", _BETWEEN, *program],
        env=plain_environment(),
        stdout=subprocess.PIPE,
        check=True,
    )
    code, peak = map(int, done.stdout.split())
    if code:
        raise subprocess.CalledProcessError(code, program)
    return peak / 1e6


def _ratio(cache: Path, runs: int) -> float:
    """Return the processor of a list against that of a walk that looks at each file, start-up taken off."""
    listing = [sys.executable, "-m", "pipcache", "list", "--format", "json", "--cache-dir"]
    walking = [sys.executable, "-c", _WALK]
    with tempfile.TemporaryDirectory(prefix="pipcache-empty-") as empty:
        listed, walked = (
            least_cpu([*command, os.fspath(cache)], runs) - least_cpu([*command, empty], runs)
            for command in (listing, walking)
        )
    return listed / walked


if __name__ == "__main__":
    sys.exit(main())
