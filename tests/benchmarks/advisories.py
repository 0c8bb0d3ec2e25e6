"""`audit` of a real cache with many OSV records: the processor, the memory, and what it takes beyond reading them.

python -m tests.benchmarks.advisories CACHE [--records 20000] [--share 20] [--runs 5]

A part of the records is about projects that are in the cache. CACHE is only read.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipcache.inventory.collector import Need, read_inventory
from pipcache.store.cache import Cache
from tests.benchmarks.measure import Bar, alternating, judged, plain_environment, process, run_child

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

BEYOND_READING = 3  # seconds
CPU = Bar(4, 2, " s")
MEMORY = Bar(150, 100, " MB")
_READ = """
import sys
from pipcache.advisories.loader import read_advisories
print(len(read_advisories(sys.argv[1:])[0]))
"""


def main() -> int:
    """Print times, what is beyond reading, and what the whole takes; 1 when a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cache", type=Path)
    parser.add_argument("--records", type=int, default=20_000, help="OSV records in one file (20000)")
    parser.add_argument(
        "--share", type=int, default=20, help="one of so many is about what is there; 0: none (20)"
    )
    parser.add_argument("--runs", type=int, default=5, help="runs of each (5)")
    options = parser.parse_args()
    there = [
        artifact
        for artifact in read_inventory(Cache(str(options.cache)), Need(deep=True))
        if artifact.project and artifact.version
    ]
    releases = [(artifact.project or "", artifact.version or "") for artifact in there]
    with tempfile.TemporaryDirectory(prefix="pipcache-advisories-") as folder:
        many, single = Path(folder) / "many.json", Path(folder) / "one.json"
        many.write_text(json.dumps(list(records(releases, options.records, options.share))), encoding="utf-8")
        single.write_text(json.dumps(list(records([], 1, 0))), encoding="utf-8")
        print(f"{len(there):,} named entries, {options.records:,} records, {many.stat().st_size / 1e6:.1f} MB")
        hits = json.loads(audit(options.cache, many)())["caches"][0]["hits"]
        print(f"{len(hits):,} found, {len({hit['artifact']['project'] for hit in hits}):,} projects")
        times = alternating(
            options.runs,
            audit(options.cache, many),
            audit(options.cache, single),
            process([sys.executable, "-c", _READ, os.fspath(many)]),
        )
        whole = [*COMMAND, os.fspath(options.cache), "--advisory", os.fspath(many), "--format", "json"]
        children = [run_child(whole, EXPECTED) for _ in range(options.runs)]
    for name, taken in zip(("audit, all records", "audit, one record", "reading alone"), times, strict=True):
        print(f"{name:18} {taken}")
    beyond = times[0].median - times[2].median
    print(f"  beyond reading: {judged(beyond, BEYOND_READING, ' s')}")
    cpu = min(child.cpu for child in children)
    memory = max(child.peak_memory for child in children) / 1e6
    print(f"  processor: {CPU.judged(cpu)}")
    print(f"  peak memory: {MEMORY.judged(memory)}")
    return int(beyond > BEYOND_READING or not CPU.is_met(cpu) or not MEMORY.is_met(memory))


COMMAND = [sys.executable, "-m", "pipcache", "audit", "--cache-dir"]

EXPECTED = frozenset({0, 1, 3})
"""Exit codes of an audit that was carried out."""


def audit(cache: Path, advisory: Path) -> Callable[[], bytes]:
    """An action that audits the cache; to find something is no failure."""
    command = [*COMMAND, os.fspath(cache)]

    def run() -> bytes:
        done = subprocess.run(
            [*command, "--advisory", os.fspath(advisory), "--format", "json"],
            env=plain_environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            check=False,
        )
        if done.returncode not in EXPECTED:
            raise subprocess.CalledProcessError(done.returncode, command)
        return done.stdout

    return run


def records(releases: Sequence[tuple[str, str]], count: int, share: int) -> Iterator[dict[str, Any]]:  # Any: JSON
    """Records as they are published: versions, ranges with and without an end, references of the inspector."""
    dice = random.Random(6)
    for number in range(count):
        name, version = f"absent-{number}", f"{number % 7}.{number % 13}"
        is_there = share > 0 and number % share == 0
        if is_there and releases:
            name, version = dice.choice(releases)
        affected: dict[str, Any] = {"package": {"ecosystem": "PyPI", "name": name}}
        kind = number // share % 4 if is_there else dice.randrange(4)
        if kind != 1:
            affected["versions"] = [
                version,
                f"{version}.1",
                *(f"99.{minor}" for minor in range(dice.randrange(20))),
            ]
        if kind == 1:
            ends = dice.choice([[{"fixed": "99.0"}], [{"last_affected": "98.0"}], []])
            affected["ranges"] = [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, *ends]}]
        digest = f"{dice.getrandbits(256):064x}"
        path = f"packages/{digest[:2]}/{digest[2:4]}/{digest[4:]}/{name}-{version}.tar.gz"
        inspector = f"https://inspector.example/project/{name}/{version}/{path}/setup.py"
        yield {
            "schema_version": "1.7.4",
            "id": f"MAL-2099-{number}",
            "modified": "2099-01-01T00:00:00Z",
            "published": "2099-01-01T00:00:00Z",
            "summary": f"Malicious code in {name}",
            "details": "Somebody put something else in its place. " * dice.randrange(1, 20),
            "affected": [affected],
            "references": [{"type": "EVIDENCE", "url": inspector}] if kind == 2 else [],
        }


if __name__ == "__main__":
    sys.exit(main())
