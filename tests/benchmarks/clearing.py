"""`clear --yes` of many entries against `rm -rf` of a copy of the same tree.

python -m tests.benchmarks.clearing [--pairs 5000]                     on a disk: whole processes
python -m tests.benchmarks.clearing [--pairs 5000] --folder /dev/shm   in memory: without start-up
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.benchmarks.measure import Bar, Times, plain_environment

if TYPE_CHECKING:
    from collections.abc import Sequence

WHOLE = Bar(0.63, 0.5)
AFTER_START_UP = Bar(1.5, 1.2)
_OLD = 3600  # seconds; clear leaves folders that were touched within ten minutes


def main() -> int:
    """Print times and their ratio, start-up taken off; 1 when it is over its target."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=5_000, help="entries of a head and a body each (5000)")
    parser.add_argument("--runs", type=int, default=5, help="runs of each (5)")
    parser.add_argument("--folder", type=Path, help="where to put the caches: a file system in memory is steadier")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="pipcache-clearing-", dir=options.folder) as folder:
        cache = Path(folder) / "cache"
        fill(cache, options.pairs)
        return _measure(cache, options.runs, in_memory=options.folder is not None)


def fill(cache: Path, pairs: int) -> None:
    """Write heads and bodies under random keys; nearly every one has a folder of its own."""
    source = random.Random(7)
    for _ in range(pairs):
        key = f"{source.getrandbits(224):056x}"
        head = cache.joinpath("http-v2", *key[:5], key)
        head.parent.mkdir(parents=True, exist_ok=True)
        head.write_bytes(b"cc=4," + bytes(900))
        head.with_name(f"{key}.body").write_bytes(bytes(4096))
    age(cache)


def age(cache: Path) -> None:
    """Let all have been touched a while ago, the inner folders first."""
    then = time.time() - _OLD
    for folder, _, names in os.walk(cache, topdown=False):
        for name in names:
            os.utime(os.path.join(folder, name), (then, then))
        os.utime(folder, (then, then))


def timed(command: Sequence[str]) -> float:
    """Return the seconds a command takes, its output thrown away."""
    start = time.perf_counter()
    subprocess.run(command, env=plain_environment(), capture_output=True, check=True)
    return time.perf_counter() - start


def _measure(cache: Path, runs: int, *, in_memory: bool) -> int:
    copy = cache.with_name("copy")
    clear = [sys.executable, "-m", "pipcache", "clear", "--yes", "--cache-dir"]
    clearing, removing, starting = [], [], []
    for _ in range(runs + 1):
        subprocess.run(["cp", "-a", cache, copy], check=True)
        clearing.append(timed([*clear, os.fspath(copy)]))
        left = sum(len(files) for _, _, files in os.walk(copy)), os.listdir(copy / "http-v2")
        assert left == (0, []), left
        starting.append(timed([*clear, os.fspath(copy)]))  # there is nothing left to do
        shutil.rmtree(copy)
        subprocess.run(["cp", "-a", cache, copy], check=True)
        removing.append(timed(["rm", "-rf", os.fspath(copy)]))
    times = [Times(tuple(seconds[1:])) for seconds in (clearing, removing, starting)]
    for name, figures in zip(("clear --yes", "rm -rf", "start-up"), times, strict=True):
        print(f"{name:12} {figures}")
    start = statistics.median(starting[1:])
    whole, without = times[0].median / times[1].median, (times[0].median - start) / times[1].median
    print(f"  clear / rm -rf {WHOLE.judged(whole)}, for a disk")
    print(f"  (clear - start-up) / rm -rf {AFTER_START_UP.judged(without)}, for a file system in memory")
    return int(not (AFTER_START_UP.is_met(without) if in_memory else WHOLE.is_met(whole)))


if __name__ == "__main__":
    sys.exit(main())
