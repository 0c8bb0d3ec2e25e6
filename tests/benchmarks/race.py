"""Two pips installing and pipcache removing in one cache directory, for a minute.

python -m tests.benchmarks.race [--seconds 60]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from tests.support.index import Index
from tests.support.race import Race


def main() -> int:
    """Print how often each ran and all that was wrong; 1 when something was."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60, help="how long (60)")
    options = parser.parse_args()
    end = time.monotonic() + options.seconds
    with tempfile.TemporaryDirectory(prefix="pipcache-race-") as folder, Index() as index:
        report = Race(index, Path(folder)).run(lambda: time.monotonic() < end)
    print(f"pip ran {report.pips} times, pipcache {report.removals} times; {len(report.planned)} files planned")
    print("\n".join(report.faults) or "nobody stumbled, and nothing outside a plan was touched")
    return int(bool(report.faults))


if __name__ == "__main__":
    sys.exit(main())
