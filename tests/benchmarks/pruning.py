"""`prune --max-size` of many entries against `list --all` of the same tree and the bare deletion of as many files.

python -m tests.benchmarks.pruning [--pairs 20000] [--folder /dev/shm]
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.benchmarks.clearing import age, timed
from tests.benchmarks.measure import Times, judged
from tests.benchmarks.synthetic import fill

RATIO_LIMIT = 1.5


def main() -> int:
    """Print times and their ratio; 1 when it is over its target."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=20_000, help="entries of a head and a body each (20000)")
    parser.add_argument("--runs", type=int, default=5, help="runs of each (5)")
    parser.add_argument("--folder", type=Path, help="where to put the caches: a file system in memory is steadier")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="pipcache-pruning-", dir=options.folder) as folder:
        cache = Path(folder) / "cache"
        fill(cache, options.pairs)
        age(cache)
        return max(_measure(cache, options.runs, part) for part in (0.0, 0.5, 1.0))


def _measure(cache: Path, runs: int, part: float) -> int:
    """Let the oldest ``part`` of the bytes go and compare."""
    copy = cache.with_name("copy")
    program = [sys.executable, "-m", "pipcache"]
    size = sum(path.lstat().st_blocks * 512 for path in cache.rglob("*") if path.is_file())
    prune = [*program, "prune", "--max-size", f"{int(size * (1 - part))}B", "--cache-dir", os.fspath(copy)]
    pruning, listing, deleting = [], [], []
    before, gone = _files(cache), list[str]()
    for _ in range(runs + 1):
        subprocess.run(["cp", "-a", cache, copy], check=True)
        listing.append(timed([*program, "list", "--all", "--cache-dir", os.fspath(copy)]))
        pruning.append(timed(prune))
        gone = sorted(before - _files(copy))
        shutil.rmtree(copy)
        subprocess.run(["cp", "-a", cache, copy], check=True)
        names = cache.with_name("names")
        names.write_bytes(b"\0".join(os.fsencode(copy / name) for name in gone))
        deleting.append(timed(["xargs", "-0", "-r", "-a", os.fspath(names), "rm"]))
        shutil.rmtree(copy)
    times = [Times(tuple(seconds[1:])) for seconds in (pruning, listing, deleting)]
    print(f"{len(gone)} of {len(before)} files go")
    for name, figures in zip(("prune --max-size", "list --all", "xargs rm"), times, strict=True):
        print(f"  {name:17} {figures}")
    ratio = (times[0].median - times[2].median) / times[1].median
    print(f"  (prune - rm) / list --all {judged(ratio, RATIO_LIMIT)}")
    return int(ratio > RATIO_LIMIT)


def _files(cache: Path) -> set[str]:
    return {
        os.path.relpath(os.path.join(folder, name), cache) for folder, _, names in os.walk(cache) for name in names
    }


if __name__ == "__main__":
    sys.exit(main())
