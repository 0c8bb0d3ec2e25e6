"""`list --format json` of many small entries against a bare walk of the same tree.

python -m tests.benchmarks.synthetic [--pairs 10000]
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import msgpack

from tests.benchmarks.measure import Bar, alternating, plain_environment, process, run_child
from tests.support.archives import build_wheel
from tests.support.truth import url_key

if TYPE_CHECKING:
    from collections.abc import Iterator

RATIO = Bar(6, 4)
MEMORY = Bar(250, 150, " MB")
_VERSIONS_EACH = 4


def main() -> int:
    """Print times, their ratio and the peak memory; 1 when one misses its bar."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=10_000, help="entries of a head and a body each (10000)")
    parser.add_argument("--runs", type=int, default=5, help="runs of each (5)")
    parser.add_argument("--cache", type=Path, help="write the cache here and keep it, or use the one here")
    options = parser.parse_args()
    with filled(options.cache, options.pairs) as cache:
        return _measure(cache, options.runs)


@contextmanager
def filled(folder: Path | None, pairs: int) -> Iterator[Path]:
    """A cache of so many entries: in a folder that stays and may have it already, or in a temporary one."""
    with tempfile.TemporaryDirectory(prefix="pipcache-synthetic-") as temporary:
        cache = folder or Path(temporary)
        if not (cache / "http-v2").exists():
            fill(cache, pairs)
        yield cache


def fill(cache: Path, pairs: int) -> None:
    """Write a wheel of its own for every entry, four versions of each project."""
    for number in range(pairs):
        project, version = f"project-{number // _VERSIONS_EACH}", f"1.{number % _VERSIONS_EACH}"
        filename, wheel = build_wheel(project, version)
        digest = hashlib.blake2b(wheel, digest_size=32).hexdigest()
        key = url_key(f"https://files.example.org/packages/{digest[:2]}/{digest[2:4]}/{digest[4:]}/{filename}")
        head = cache.joinpath("http-v2", *key[:5], key)
        head.parent.mkdir(parents=True, exist_ok=True)
        head.write_bytes(pypi_head(project, version, wheel))
        head.with_suffix(".body").write_bytes(wheel)


def pypi_head(project: str, version: str, wheel: bytes) -> bytes:
    """The head pip writes, with the headers PyPI sends."""
    headers = {
        "Connection": "keep-alive",
        "Content-Length": str(len(wheel)),
        "Last-Modified": "Sat, 21 Nov 2026 00:00:00 GMT",
        "ETag": f'"{hashlib.md5(wheel).hexdigest()}"',
        "Content-Type": "application/octet-stream",
        "Cache-Control": "max-age=365000000, immutable, public",
        "Accept-Ranges": "bytes",
        "Date": "Sat, 21 Nov 2026 00:00:00 GMT",
        "Age": "1000000",
        "X-Served-By": "cache-iad-kjyo7100000-IAD, cache-fra-eddf8230000-FRA",
        "X-Cache": "HIT, HIT",
        "X-Cache-Hits": "1, 0",
        "X-Timer": "S1790000000.000000,VS0,VE1",
        "Strict-Transport-Security": "max-age=31536000; includeSubDomains; preload",
        "X-Frame-Options": "deny",
        "X-XSS-Protection": "1; mode=block",
        "X-Content-Type-Options": "nosniff",
        "X-Permitted-Cross-Domain-Policies": "none",
        "X-Robots-Header": "noindex",
        "Access-Control-Allow-Methods": "GET, OPTIONS",
        "Access-Control-Allow-Origin": "*",
        "x-pypi-file-python-version": "py3",
        "x-pypi-file-version": version,
        "x-pypi-file-package-type": "bdist_wheel",
        "x-pypi-file-project": project,
    }
    response = {
        "body": b"",
        "headers": headers,
        "status": 200,
        "version": 11,
        "reason": "OK",
        "decode_content": False,
    }
    packed: bytes = msgpack.packb({"response": response, "vary": {}})
    return b"cc=4," + packed


def walk(folder: str) -> int:
    """Look once at every file below ``folder`` and return how many there are."""
    count = 0
    folders = [folder]
    while folders:
        with os.scandir(folders.pop()) as children:
            for child in children:
                if child.is_dir(follow_symlinks=False):
                    folders.append(child.path)
                else:
                    child.stat(follow_symlinks=False)
                    count += 1
    return count


def _measure(cache: Path, runs: int) -> int:
    command = [sys.executable, "-m", "pipcache", "list", "--format", "json", "--cache-dir", os.fspath(cache)]
    memory = run_child(command).peak_memory / 1e6
    listing, walking = alternating(runs, process(command), lambda: walk(os.fspath(cache)))
    ratio = listing.median / walking.median
    print(f"{walk(os.fspath(cache))} files, {_named(command)} wheels named")
    print(f"list --format json  {listing}")
    print(f"bare walk, one stat {walking}")
    print(f"  ratio of medians {RATIO.judged(ratio)}")
    print(f"  peak memory {MEMORY.judged(memory)}")
    return int(not (RATIO.is_met(ratio) and MEMORY.is_met(memory)))


def _named(command: list[str]) -> int:
    """Count the wheels of the answer that have all their names."""
    done = subprocess.run(command, env=plain_environment(), stdout=subprocess.PIPE, check=True)
    named = ("project", "version", "filename")
    return sum(
        artifact["kind"] == "wheel" and all(artifact[name] for name in named)
        for artifact in json.loads(done.stdout)["artifacts"]
    )


if __name__ == "__main__":
    sys.exit(main())
