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
from typing import TYPE_CHECKING

from tests.benchmarks.measure import Bar, run_child
from tests.benchmarks.synthetic import fill

if TYPE_CHECKING:
    from collections.abc import Sequence

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
        none, many = _least_cpu(folder, options.command, (1, options.pairs), options.runs)
        each = (many - none) / options.pairs * 1000
        print(f"{options.command} of {options.pairs:,} entries: {many:.2f} s, with one {none:.2f} s")
        print(f"  processor for each {EACH.judged(each)}")
        return int(not EACH.is_met(each))


def _grows_evenly(folder: Path, name: str, runs: int) -> bool:
    first, second, third, last = _least_cpu(folder, name, _SIZES, runs)
    small, large = (second - first) / (_SIZES[1] - _SIZES[0]), (last - third) / (_SIZES[3] - _SIZES[2])
    print(f"{name:7} {small * 1000:.3f} ms for each entry, {large * 1000:.3f} ms among many")
    print(f"  growth {GROWTH.judged(large / small)}", flush=True)
    return GROWTH.is_met(large / small)


def _least_cpu(folder: Path, name: str, sizes: Sequence[int], runs: int) -> list[float]:
    """Return the least seconds of the processor that a command takes on caches of so many entries.

    The caches take turns, so that all meet the same noise: processors change their speed within minutes.
    """
    taken = [[_cpu(folder, name, pairs) for pairs in sizes] for _ in range(runs)]
    return [min(of_size) for of_size in zip(*taken, strict=True)]


def _cpu(folder: Path, name: str, pairs: int) -> float:
    """Return the seconds of the processor that a command takes on a cache of so many entries."""
    cache = folder / f"s{pairs}"
    if not (cache / "http-v2").exists():
        fill(cache, pairs)
    command = [sys.executable, "-m", "pipcache", *_COMMANDS[name], "--cache-dir"]
    if name != "clear":
        return run_child([*command, os.fspath(cache)], {0, 1} if name == "audit" else {0}).cpu
    copy = folder / "copy"
    shutil.copytree(cache, copy, copy_function=os.link)
    try:
        return run_child([*command, os.fspath(copy)]).cpu
    finally:
        shutil.rmtree(copy)


if __name__ == "__main__":
    sys.exit(main())
