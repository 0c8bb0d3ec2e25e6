"""`verify` of a real cache against `xargs b2sum` of the same bodies, on all cores.

python -m tests.benchmarks.verifying CACHE [--runs 7]

CACHE should hold a gigabyte or more, and fit into memory: what is measured is the work, not the disk.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from pipcache.inventory.collector import Need, read_inventory
from pipcache.store.cache import Cache
from tests.benchmarks.measure import alternating, plain_environment, process, run_child

RATIO_LIMIT = 0.9
MEMORY_LIMIT = 120


def main() -> int:
    """Print times, throughputs and peak memory; 1 when a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cache", type=Path)
    parser.add_argument("--runs", type=int, default=7)
    options = parser.parse_args()
    artifacts = [
        one for one in read_inventory(Cache(str(options.cache)), Need()) if one.key is not None and one.size
    ]
    # of a pair the body, of an old entry the file that holds it
    bodies = [
        os.path.join(options.cache, one.files[-1 if one.store == "http-v2" else 0].path) for one in artifacts
    ]
    size = sum(map(os.path.getsize, bodies))
    print(f"{len(bodies):,} bodies, {size / 1e6:,.0f} MB, {os.cpu_count()} cores")
    verify = [sys.executable, "-m", "pipcache", "verify", "--cache-dir", os.fspath(options.cache)]
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as listing:
        listing.write("\0".join(bodies))
        listing.flush()
        hashing = f"xargs -0 -a {listing.name} -P {os.cpu_count()} -n 16 b2sum -l 256"
        subprocess.run(["sh", "-c", hashing], env=plain_environment(), stdout=subprocess.DEVNULL, check=True)
        verifying, summing = alternating(options.runs, process(verify), process(["sh", "-c", hashing]))
    ratio = summing.median / verifying.median
    for name, times in (("pipcache verify", verifying), ("xargs b2sum", summing)):
        print(f"{name:16} {times}, {size / times.median / 1e6:,.0f} MB/s")
    met = "met" if ratio >= RATIO_LIMIT else "MISSED"
    print(f"  throughput against b2sum {ratio:.3f} (target at least {RATIO_LIMIT}: {met})")
    memory = run_child(verify).peak_memory / 1e6
    met_too = "met" if memory <= MEMORY_LIMIT else "MISSED"
    print(f"  peak memory {memory:.0f} MB (target at most {MEMORY_LIMIT} MB: {met_too})")
    return int("MISSED" in (met, met_too))


if __name__ == "__main__":
    sys.exit(main())
