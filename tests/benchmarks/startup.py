"""Whole processes against pip's: `list` on a cache, and `--version`.

    python -m tests.benchmarks.startup CACHE_DIR [--runs N] [--venv DIR]

Both programs are installed, with their byte code, into one virtual environment and started from there.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from tests.benchmarks.measure import alternating, judged, process

CHECKOUT = Path(__file__).parents[2]
LIST_LIMIT = 0.75
VERSION_LIMIT = 0.35


def main() -> int:
    """Print medians and ratios; 1 when one is over its target."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cache", type=Path, help="a cache directory")
    parser.add_argument("--runs", type=int, default=31, help="runs of each program (31)")
    parser.add_argument("--pip", default="26.3", help="the pip to install (26.3)")
    parser.add_argument("--venv", type=Path, help="make the environment here and keep it, or use the one here")
    options = parser.parse_args()
    with ExitStack() as stack:
        temporary = (
            "" if options.venv else stack.enter_context(tempfile.TemporaryDirectory(prefix="pipcache-venv-"))
        )
        scripts = _environment(options.venv or Path(temporary, "venv"), options.pip)
        cache = os.fspath(options.cache.resolve())
        return max(
            _compare(
                scripts,
                ["list", "--cache-dir", cache],
                ["cache", "list", "--cache-dir", cache],
                options.runs,
                LIST_LIMIT,
            ),
            _compare(scripts, ["--version"], ["--version"], options.runs, VERSION_LIMIT),
        )


def _environment(folder: Path, pip: str) -> Path:
    """Return the scripts' folder of an environment with pipcache and a pip in it."""
    scripts = folder.absolute() / ("Scripts" if os.name == "nt" else "bin")
    if not scripts.exists():
        # PYTHONDONTWRITEBYTECODE would leave every start to compile its modules anew
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        subprocess.run([sys.executable, "-m", "venv", os.fspath(folder)], env=environment, check=True)
        for wanted in (f"pip=={pip}", os.fspath(CHECKOUT)):
            install = [os.fspath(scripts / "python"), "-m", "pip", "install", "--quiet", "--upgrade", wanted]
            subprocess.run(install, env=environment, check=True)
    return scripts


def _compare(scripts: Path, ours: list[str], theirs: list[str], runs: int, limit: float) -> int:
    our_times, their_times = alternating(
        runs,
        process([os.fspath(scripts / "pipcache"), *ours]),
        process([os.fspath(scripts / "pip"), *theirs]),
    )
    ratio = our_times.median / their_times.median
    least = min(our_times.seconds) / min(their_times.seconds)
    print(f"pipcache {ours[0]:10} {our_times}")
    print(f"pip {' '.join(theirs[:2]):15} {their_times}")
    print(f"  ratio of medians {judged(ratio, limit)}, of minima {least:.3g}")
    return int(ratio > limit)


if __name__ == "__main__":
    sys.exit(main())
