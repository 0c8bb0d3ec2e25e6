"""`verify` of a cache against `xargs b2sum` of the same bodies, on all cores.

python -m tests.benchmarks.verifying CACHE [--runs 7]     a real cache, with its index pages
python -m tests.benchmarks.verifying --large [--runs 7]   15 wheels of 837 MB that are made for it

The bodies should fit into memory: what is measured is the work, not the disk.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import subprocess
import sys
import tempfile
from multiprocessing import Process
from pathlib import Path

from pipcache.inventory.collector import Need, read_inventory
from pipcache.store.cache import Cache
from pipcache.util.urls import FILES_HOST
from tests.benchmarks.measure import Bar, alternating, judged, plain_environment, process, run_child
from tests.benchmarks.synthetic import pypi_head
from tests.support.archives import build_wheel
from tests.support.truth import url_key

RATIO = Bar(0.7, 0.9)
RATIO_OF_LARGE = Bar(0.95, 1.0)
MEMORY_LIMIT = 120
_WHEELS, _SIZE = 15, 837_000_000


def main() -> int:
    """Print times, throughputs and peak memory; 1 when a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cache", type=Path, nargs="?")
    parser.add_argument("--large", action="store_true", help="make large wheels, in place of a cache")
    parser.add_argument("--runs", type=int, default=7)
    options = parser.parse_args()
    if options.large == (options.cache is not None):
        parser.error("give a cache, or --large")
    if not options.large:
        return _measure(options.cache, options.runs, RATIO)
    with tempfile.TemporaryDirectory(prefix="pipcache-verifying-") as folder:
        for number in range(_WHEELS):
            # in a process of its own: what this one takes counts for its children
            writer = Process(target=write_large, args=(Path(folder), number, _SIZE // _WHEELS))
            writer.start()
            writer.join()
        return _measure(Path(folder), options.runs, RATIO_OF_LARGE)


def write_large(cache: Path, number: int, size: int) -> None:
    """Write a wheel with a member of random bytes, as pip stores it after a download from PyPI."""
    project = f"large-{number}"
    data = random.Random(number).randbytes(size)
    filename, wheel = build_wheel(project, "1.0", members={f"large_{number}/data.bin": data})
    digest = hashlib.blake2b(wheel, digest_size=32).hexdigest()
    key = url_key(f"https://{FILES_HOST}/packages/{digest[:2]}/{digest[2:4]}/{digest[4:]}/{filename}")
    head = cache.joinpath("http-v2", *key[:5], key)
    head.parent.mkdir(parents=True, exist_ok=True)
    head.write_bytes(pypi_head(project, "1.0", wheel))
    head.with_suffix(".body").write_bytes(wheel)


def _measure(cache: Path, runs: int, bar: Bar) -> int:
    inventory = read_inventory(Cache(str(cache)), Need())
    artifacts = [artifact for artifact in inventory if artifact.key is not None and artifact.size]
    # of a pair the body, of an old entry the file that holds it
    bodies = [
        os.path.join(cache, artifact.files[-1 if artifact.store == "http-v2" else 0].path)
        for artifact in artifacts
    ]
    size = sum(map(os.path.getsize, bodies))
    print(f"{len(bodies):,} bodies, {size / 1e6:,.0f} MB, {os.cpu_count()} cores")
    verify = [sys.executable, "-m", "pipcache", "verify", "--cache-dir", os.fspath(cache)]
    # few enough for each that every core has work to the end
    each = max(1, min(16, len(bodies) // (4 * (os.cpu_count() or 1))))
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as listing:
        listing.write("\0".join(bodies))
        listing.flush()
        hashing = f"xargs -0 -a {listing.name} -P {os.cpu_count()} -n {each} b2sum -l 256"
        subprocess.run(["sh", "-c", hashing], env=plain_environment(), stdout=subprocess.DEVNULL, check=True)
        verifying, summing = alternating(runs, process(verify), process(["sh", "-c", hashing]))
    ratio = summing.median / verifying.median
    for name, times in (("pipcache verify", verifying), ("xargs b2sum", summing)):
        print(f"{name:16} {times}, {size / times.median / 1e6:,.0f} MB/s")
    print(f"  throughput against b2sum {bar.judged(ratio)}")
    memory = run_child(verify).peak_memory / 1e6
    print(f"  peak memory {judged(memory, MEMORY_LIMIT, ' MB')}")
    return int(not bar.is_met(ratio) or memory > MEMORY_LIMIT)


if __name__ == "__main__":
    sys.exit(main())
