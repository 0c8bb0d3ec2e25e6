"""`audit` with OSV's `all.zip`: what it takes beside `json.loads` of the same records and the matching.

python -m tests.benchmarks.dump CACHE [--malicious 15000] [--others 5000] [--runs 5]

The dump is made here: records of malware, and of vulnerabilities with 5 to 300 versions each. The yardstick is
`json.loads` of every member, read by zipfile, plus what an audit takes beyond reading its advisories: that of
the unpacked records, less their reading. CPU time of whole processes is measured, and peak memory. CACHE is
only read.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from pipcache.inventory.collector import Need, read_inventory
from pipcache.store.cache import Cache
from tests.benchmarks.measure import judged, plain_environment

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


def records(
    malicious: int, others: int, releases: Sequence[tuple[str, str]] = ()
) -> Iterator[dict[str, Any]]:  # Any: JSON
    """Yield records as OSV publishes them: malware first, then vulnerabilities; a few are about ``releases``.

    Args:
        malicious: how many records of malware; each is about a project of its own and a version or two.
        others: how many records of vulnerabilities, each with 5 to 300 versions and a range.
        releases: (project, version) of what some of the vulnerabilities affect.
    """
    dice = random.Random(17)
    for number in range(malicious):
        name = f"absent-{number}"
        versions = [
            f"{dice.randrange(9)}.{dice.randrange(20)}.{dice.randrange(30)}" for _ in range(1 + number % 2)
        ]
        yield {
            **_head(f"MAL-2099-{number}", f"Malicious code in {name} (PyPI)"),
            "details": "The package sends what it finds in the environment to its author. "
            * dice.randrange(1, 12),
            "affected": [
                {
                    "package": {"ecosystem": "PyPI", "name": name, "purl": f"pkg:pypi/{name}"},
                    "versions": sorted(set(versions)),
                    "database_specific": {"cwes": [{"cweId": "CWE-506", "name": "Embedded Malicious Code"}]},
                }
            ],
            "references": [{"type": "WEB", "url": f"https://reports.example/{name}"}],
            "credits": [{"name": "A. Finder", "type": "FINDER", "contact": ["finder@reports.example"]}],
            "database_specific": {
                "malicious-packages-origins": [
                    {
                        "source": "reports",
                        "sha256": f"{dice.getrandbits(256):064x}",
                        "import_time": "2099-01-01T00:00:00Z",
                        "versions": sorted(set(versions)),
                    }
                ]
            },
        }
    for number in range(others):
        name, first = f"library-{number % 1500}", "0"
        if releases and number % 100 == 0:
            name, first = dice.choice(releases)
        versions = [f"{major}.{minor}.{dice.randrange(30)}" for major in range(30) for minor in range(10)][
            : dice.randrange(5, 301)
        ]
        prefix = "GHSA" if number % 2 else "PYSEC"
        yield {
            **_head(f"{prefix}-2099-{number}", f"A flaw in {name}"),
            "details": "A request that is not checked can read what it should not read. " * dice.randrange(5, 40),
            "aliases": [f"CVE-2099-{number}"],
            "severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N"}],
            "affected": [
                {
                    "package": {"ecosystem": "PyPI", "name": name, "purl": f"pkg:pypi/{name}"},
                    "ranges": [
                        {"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": f"{versions[-1]}.post1"}]}
                    ],
                    "versions": [first, *versions] if first != "0" else versions,
                    "database_specific": {"source": f"https://reports.example/{number}.json"},
                }
            ],
            "references": [
                {"type": kind, "url": f"https://reports.example/{name}/{number}"}
                for kind in ("WEB", "FIX", "PACKAGE")
            ],
        }


def _head(identifier: str, summary: str) -> dict[str, Any]:
    return {
        "schema_version": "1.7.3",
        "id": identifier,
        "modified": "2099-01-02T03:04:05Z",
        "published": "2099-01-01T00:00:00Z",
        "summary": summary,
    }


def write_dump(path: Path, documents: Iterator[dict[str, Any]]) -> int:
    """Write records as a dump: a member for each, deflated; return the bytes of all members."""
    size = 0
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for document in documents:
            text = json.dumps(document)
            size += len(text)
            archive.writestr(f"{document['id']}.json", text)
    return size


MOST_RATIO = 1.5

MOST_MEMORY = 150
"""Megabytes."""

_LOAD = """
import json, sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as archive:
    for name in archive.namelist():
        json.loads(archive.read(name))
"""

_READ = """
import gc, sys
gc.disable()
from pipcache.advisories.loader import read_advisories
read_advisories(sys.argv[1:])
"""


class Used(NamedTuple):
    """What a process used."""

    seconds: float
    """CPU time."""
    memory: float
    """Peak, in megabytes."""


def used(*command: str) -> Used:
    """Run Python to its end, its output thrown away, and say what it used (POSIX only).

    Raises:
        CalledProcessError: it failed; to find something is no failure.
    """
    words = [sys.executable, *command]
    child = subprocess.Popen(words, env=plain_environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode not in {0, 1, 3}:
        raise subprocess.CalledProcessError(child.returncode, words)
    unit = 1 if sys.platform == "darwin" else 1024
    return Used(usage.ru_utime + usage.ru_stime, usage.ru_maxrss * unit / 1e6)


def main() -> int:
    """Print what each step takes; 1 when the audit takes more than its target."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cache", type=Path)
    parser.add_argument("--malicious", type=int, default=15_000, help="records of malware (15000)")
    parser.add_argument("--others", type=int, default=5_000, help="records of vulnerabilities (5000)")
    parser.add_argument("--runs", type=int, default=5, help="runs of each (5)")
    options = parser.parse_args()
    artifacts = read_inventory(Cache(str(options.cache)), Need(deep=True))
    releases = [(each.project or "", each.version or "") for each in artifacts if each.project and each.version]
    with tempfile.TemporaryDirectory(prefix="pipcache-dump-") as folder:
        dump, unpacked = Path(folder) / "all.zip", Path(folder) / "unpacked"
        size = write_dump(dump, records(options.malicious, options.others, releases))
        with zipfile.ZipFile(dump) as archive:
            archive.extractall(unpacked)
        count = options.malicious + options.others
        print(f"{count:,} records, {size / 1e6:.1f} MB, in {dump.stat().st_size / 1e6:.1f} MB")
        audit = ("-m", "pipcache", "audit", "--cache-dir", str(options.cache), "--format", "json", "--advisory")
        steps = {
            "json.loads of the members": ("-c", _LOAD, str(dump)),
            "reading, unpacked": ("-c", _READ, str(unpacked)),
            "audit, unpacked": (*audit, str(unpacked)),
            "reading all.zip": ("-c", _READ, str(dump)),
            "audit of all.zip": (*audit, str(dump)),
            "audit of its MAL-*": (*audit, str(dump), "--only-ids", "MAL-*"),
        }
        taken: dict[str, list[Used]] = {name: [] for name in steps}
        for _ in range(options.runs):  # in turn, so that all meet the same noise
            for name, command in steps.items():
                taken[name].append(used(*command))
    seconds = {name: statistics.median(use.seconds for use in uses) for name, uses in taken.items()}
    memory = {name: max(use.memory for use in uses) for name, uses in taken.items()}
    for name in steps:
        print(f"{name:26} median {seconds[name]:5.2f} s CPU, at most {memory[name]:4.0f} MB")
    matching = seconds["audit, unpacked"] - seconds["reading, unpacked"]
    ratio = seconds["audit of all.zip"] / (seconds["json.loads of the members"] + matching)
    print(f"  matching: {matching:.2f} s")
    print(f"  against json.loads and matching: {judged(ratio, MOST_RATIO)}")
    most = MOST_RATIO * seconds["json.loads of the members"] + matching
    print(f"  {MOST_RATIO} times json.loads, and matching: {most:.2f} s")
    print(f"  memory: {judged(memory['audit of all.zip'], MOST_MEMORY, ' MB')}")
    return int(ratio > MOST_RATIO or memory["audit of all.zip"] > MOST_MEMORY)


if __name__ == "__main__":
    sys.exit(main())
