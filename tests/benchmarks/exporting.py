"""`export` of a real cache against `cp -a` of the same cache.

python -m tests.benchmarks.exporting CACHE [--runs 7] [--folder DIR]

`verify` of the same cache is measured in the same rounds, and subtracted: the targets are for what comes on top of
judging. DIR is on the file system that is written to.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.benchmarks.measure import Times, judged, plain_environment

COPY_LIMIT, LINK_LIMIT = 1.5, 1.0


def main() -> int:
    """Print times and ratios; 1 when a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cache", type=Path)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--folder", type=Path, default=None)
    options = parser.parse_args()
    program, where = [sys.executable, "-m", "pipcache"], ["--cache-dir", os.fspath(options.cache)]
    whole = tempfile.mkdtemp(dir=options.folder)
    subprocess.run([*program, "export", *where, f"{whole}/out"], check=False, capture_output=True)
    commands = {
        "cp -a": ["cp", "-a", os.fspath(options.cache), "OUT"],
        "cp -al": ["cp", "-al", os.fspath(options.cache), "OUT"],
        "verify": [*program, "verify", *where],
        "export, dry": [*program, "export", *where, "OUT", "--dry-run"],
        "export, copy": [*program, "export", *where, "OUT", "--link", "copy"],
        "export, hard": [*program, "export", *where, "OUT", "--link", "hard"],
        "export again": [*program, "export", *where, f"{whole}/out"],
    }
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    for number in range(options.runs + 1):
        for name, command in commands.items():
            needed = timed(command, options.folder)
            if number:
                seconds[name].append(needed)
    shutil.rmtree(whole)
    times = {name: Times(tuple(taken)) for name, taken in seconds.items()}
    print(f"{os.cpu_count()} cores, load {' '.join(f'{part:.1f}' for part in os.getloadavg())}")
    for name, taken in times.items():
        print(f"{name:14} {taken}")
    copying = times["cp -a"].median
    missed = 0
    for name, limit in (("export, copy", COPY_LIMIT), ("export, hard", LINK_LIMIT)):
        ratio = (times[name].median - times["verify"].median) / copying
        beyond_all = (times[name].median - times["export, dry"].median) / copying
        print(f"  ({name} - verify) / cp -a {judged(ratio, limit)}; without what a dry run does {beyond_all:.3g}")
        missed += ratio > limit
    return int(missed > 0)


def timed(command: list[str], folder: Path | None) -> float:
    """The seconds of a command, whose OUT is a folder that is not there yet."""
    with tempfile.TemporaryDirectory(dir=folder) as place:
        filled = [word.replace("OUT", f"{place}/out") for word in command]
        start = time.perf_counter()
        # what is damaged in a real cache is no error here
        done = subprocess.run(filled, env=plain_environment(), capture_output=True, check=False)
        taken = time.perf_counter() - start
        assert done.returncode in {0, 1, 3}, done.stderr
        return taken


if __name__ == "__main__":
    sys.exit(main())
