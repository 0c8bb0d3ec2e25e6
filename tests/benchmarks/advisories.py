"""`audit` of a real cache with many OSV records: what it takes beyond reading them.

python -m tests.benchmarks.advisories CACHE [--records 10000] [--share 20] [--runs 5]

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
from tests.benchmarks.measure import alternating, judged, plain_environment, process

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

LIMIT = 3
_READ = """
import sys
from pipcache.advisories.loader import read_advisories
print(len(read_advisories(sys.argv[1:])[0]))
"""


def main() -> int:
    """Print times and what is beyond reading; 1 when that is over its target."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cache", type=Path)
    parser.add_argument("--records", type=int, default=10_000, help="OSV records in one file (10000)")
    parser.add_argument(
        "--share", type=int, default=20, help="one of so many is about what is there; 0: none (20)"
    )
    parser.add_argument("--runs", type=int, default=5, help="runs of each (5)")
    options = parser.parse_args()
    there = [
        one for one in read_inventory(Cache(str(options.cache)), Need(deep=True)) if one.project and one.version
    ]
    releases = [(one.project or "", one.version or "") for one in there]
    with tempfile.TemporaryDirectory(prefix="pipcache-advisories-") as folder:
        many, one = Path(folder) / "many.json", Path(folder) / "one.json"
        many.write_text(json.dumps(list(records(releases, options.records, options.share))), encoding="utf-8")
        one.write_text(json.dumps(list(records([], 1, 0))), encoding="utf-8")
        print(f"{len(there):,} named entries, {options.records:,} records, {many.stat().st_size / 1e6:.1f} MB")
        told = json.loads(audit(options.cache, many)())["caches"][0]["hits"]
        print(f"{len(told):,} found, {len({hit['artifact']['project'] for hit in told}):,} projects")
        times = alternating(
            options.runs,
            audit(options.cache, many),
            audit(options.cache, one),
            process([sys.executable, "-c", _READ, os.fspath(many)]),
        )
    for name, taken in zip(("audit, all records", "audit, one record", "reading alone"), times, strict=True):
        print(f"{name:18} {taken}")
    beyond = times[0].median - times[2].median
    print(f"  beyond reading: {judged(beyond, LIMIT, ' s')}")
    return int(beyond > LIMIT)


def audit(cache: Path, advisory: Path) -> Callable[[], bytes]:
    """An action that audits the cache; to find something is no failure."""
    command = [sys.executable, "-m", "pipcache", "audit", "--cache-dir", os.fspath(cache)]

    def run() -> bytes:
        done = subprocess.run(
            [*command, "--advisory", os.fspath(advisory), "--format", "json"],
            env=plain_environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            check=False,
        )
        if done.returncode not in {0, 1, 3}:
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
