"""`lock` of a real cache against `verify` of the same cache.

python -m tests.benchmarks.locking CACHE [--runs 7] [--select PATTERN]

Both are told the same: nothing, so that it is everything, or one pattern of names, with `--no-deps`.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

from tests.benchmarks.measure import alternating, judged, plain_environment

LIMIT = 1.1


def main() -> int:
    """Print times and ratios; 1 when the target is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cache", type=Path)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--select", default=None, help="a pattern of names")
    options = parser.parse_args()
    program = [sys.executable, "-m", "pipcache"]
    where = ["--cache-dir", os.fspath(options.cache)]
    chosen = [] if options.select is None else [options.select]
    narrow = [] if options.select is None else ["--no-deps"]
    commands = {
        "verify": [*program, "verify", *where, *chosen],
        "lock": [*program, "lock", *where, *chosen, *narrow],
        "lock, pylock": [*program, "lock", *where, "--latest", "--format", "pylock", *chosen, *narrow],
    }

    def run(command: list[str]) -> None:
        # what is damaged in a real cache is no error here
        done = subprocess.run(
            command, env=plain_environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False
        )
        assert done.returncode in {0, 1, 3}, command

    actions = [lambda command=command: run(command) for command in commands.values()]
    times = alternating(options.runs, *actions)
    load = " ".join(f"{part:.1f}" for part in os.getloadavg())
    print(f"{os.cpu_count()} cores, load {load}")
    for name, taken in zip(commands, times, strict=True):
        print(f"{name:14} {taken}")
    ratio = times[1].median / times[0].median
    print(f"  lock / verify {judged(ratio, LIMIT)}")
    print(f"  pylock / verify {times[2].median / times[0].median:.3g} (it reads the index pages too)")
    return int(ratio > LIMIT)


if __name__ == "__main__":
    sys.exit(main())
