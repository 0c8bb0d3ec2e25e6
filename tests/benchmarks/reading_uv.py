"""`list` and `verify` of a real cache of uv's against `du` and `xargs sha256sum` of the same files.

python -m tests.benchmarks.reading_uv CACHE [--runs 7]

CACHE should hold some 350 wheels, and fit into memory: what is measured is the work, not the disk. Fill it with
`uv pip install --no-deps --only-binary :all: --cache-dir CACHE PROJECT...`.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

from tests.benchmarks.measure import alternating, judged, process, run_child

LIST_LIMIT = 2.0
VERIFY_LIMIT = 1.3
LIST_MEMORY_LIMIT = 40.0
VERIFY_MEMORY_LIMIT = 120.0


def main() -> int:
    """Print times, ratios and peak memory; 1 when a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cache", type=Path)
    parser.add_argument("--runs", type=int, default=7)
    options = parser.parse_args()
    program = [sys.executable, "-m", "pipcache"]
    commands = [[*program, command, "--cache-dir", os.fspath(options.cache)] for command in ("list", "verify")]
    # before this process grows, which a child begins as
    memory = [run_child(command).peak_memory / 1e6 for command in commands]
    files = [
        os.path.join(folder, name)
        for bucket in options.cache.glob("archive-v*")
        for folder, _, names in os.walk(bucket)
        for name in names
    ]
    size = sum(map(os.path.getsize, files))
    print(f"{len(files):,} files, {size / 1e6:,.0f} MB, {os.cpu_count()} cores")
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as names_file:
        names_file.write("\0".join(files))
        names_file.flush()
        hashing = ["xargs", "-0", "-a", names_file.name, "-P", str(os.cpu_count()), "-n", "500", "sha256sum"]
        times = alternating(
            options.runs,
            process(commands[0]),
            process(["du", "-s", os.fspath(options.cache)]),
            process(commands[1]),
            process(hashing),
        )
    for name, taken in zip(("pipcache list", "du -s", "pipcache verify", "xargs sha256sum"), times, strict=True):
        print(f"{name:16} {taken}")
    figures = [
        judged(times[0].median / times[1].median, LIST_LIMIT),
        judged(times[2].median / times[3].median, VERIFY_LIMIT),
        judged(memory[0], LIST_MEMORY_LIMIT, " MB"),
        judged(memory[1], VERIFY_MEMORY_LIMIT, " MB"),
    ]
    names = ("list against du", "verify against sha256sum", "memory of list", "memory of verify")
    for what, figure in zip(names, figures, strict=True):
        print(f"  {what} {figure}")
    return int(any("MISSED" in figure for figure in figures))


if __name__ == "__main__":
    sys.exit(main())
