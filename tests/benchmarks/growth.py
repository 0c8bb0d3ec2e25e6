"""Small entries of an unknown index: what `verify` takes for each, and how commands grow with their number.

python -m tests.benchmarks.growth verify [--pairs 50000]    the processor for each entry
python -m tests.benchmarks.growth all [--folder FOLDER]     from 50,000 to 100,000 against from 10,000 to 20,000

FOLDER keeps the caches for the next run; they take some gigabytes.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from pathlib import Path

from tests.benchmarks.measure import Bar, least_cpu, run_child
from tests.benchmarks.synthetic import fill

EACH = Bar(0.4, 0.25, " ms")
GROWTH = Bar(1.1, 1.02)
_SIZES = (10_000, 20_000, 50_000, 100_000)
_COMMANDS = {
    "list": ["list"],
    "verify": ["verify"],
    "audit": ["audit", "absent-project"],
    "prune": ["prune", "--dry-run", "--unused-for", "1d"],
    "clear": ["clear", "--yes", "--force"],
}


def main() -> int:
    """Print what each entry takes; 1 when a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=["all", *_COMMANDS], help="what is measured")
    parser.add_argument("--pairs", type=int, default=50_000, help="entries of a head and a body each (50000)")
    parser.add_argument("--runs", type=int, default=3, help="runs of each; the least counts (3)")
    parser.add_argument("--folder", type=Path, help="where the caches are kept, or found")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="pipcache-growth-") as temporary:
        folder: Path = options.folder or Path(temporary)
        if options.command == "all":
            results = [_grows_evenly(folder, name, options.runs) for name in _COMMANDS]
            return int(not all(results))
        none, many = (_cpu(folder, options.command, pairs, options.runs) for pairs in (1, options.pairs))
        each = (many - none) / options.pairs * 1000
        print(f"{options.command} of {options.pairs:,} entries: {many:.2f} s, with one {none:.2f} s")
        print(f"  processor for each {EACH.judged(each)}")
        return int(not EACH.is_met(each))


def _grows_evenly(folder: Path, name: str, runs: int) -> bool:
    first, second, third, last = (_cpu(folder, name, pairs, runs) for pairs in _SIZES)
    small, large = (second - first) / (_SIZES[1] - _SIZES[0]), (last - third) / (_SIZES[3] - _SIZES[2])
    print(f"{name:7} {small * 1000:.3f} ms for each entry, {large * 1000:.3f} ms among many")
    print(f"  growth {GROWTH.judged(large / small)}", flush=True)
    return GROWTH.is_met(large / small)


def _cpu(folder: Path, name: str, pairs: int, runs: int) -> float:
    """Return the least seconds of the processor that a command takes on a cache of so many entries."""
    cache = folder / f"s{pairs}"
    if not (cache / "http-v2").exists():
        fill(cache, pairs)
    command = [sys.executable, "-m", "pipcache", *_COMMANDS[name], "--cache-dir"]
    expected = {0, 1} if name == "audit" else {0}
    if name != "clear":
        return least_cpu([*command, os.fspath(cache)], runs, expected)
    copy = folder / "copy"
    taken: list[float] = []
    for _ in range(runs):
        shutil.copytree(cache, copy, copy_function=os.link)
        taken.append(run_child([*command, os.fspath(copy)]).cpu)
        shutil.rmtree(copy)
    return min(taken)


if __name__ == "__main__":
    sys.exit(main())
