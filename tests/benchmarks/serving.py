"""`serve` of a real cache against `python -m http.server` of its export: all files, one by one.

python -m tests.benchmarks.serving CACHE [--runs 7]

The export is made in a temporary folder. Everything is verified before the first file is asked for.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import quote

from tests.benchmarks.measure import alternating, judged, plain_environment

LIMIT = 3


def fetch(port: int, paths: list[str]) -> int:
    """Fetch each path over a connection of its own, and give the bytes of all bodies."""
    size = 0
    for path in paths:
        connection = http.client.HTTPConnection("127.0.0.1", port)
        connection.request("GET", path)
        answer = connection.getresponse()
        assert answer.status == 200, path
        while chunk := answer.read(1 << 16):
            size += len(chunk)
        connection.close()
    return size


def start(command: list[str]) -> subprocess.Popen[str]:
    """Start a server, whose standard output is read."""
    return subprocess.Popen(
        command, env=plain_environment(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, encoding="utf-8"
    )


def main() -> int:
    """Print times and their ratio; 1 when the target is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cache", type=Path)
    parser.add_argument("--runs", type=int, default=7)
    options = parser.parse_args()
    program = [sys.executable, "-m", "pipcache"]
    where = ["--cache-dir", os.fspath(options.cache)]
    with tempfile.TemporaryDirectory() as folder:
        export = [*program, "export", *where, folder]
        subprocess.run(export, env=plain_environment(), capture_output=True, check=False)
        lines = Path(folder, "SHA256SUMS").read_text("utf-8").splitlines()
        sums = [line.split("  files/") for line in lines if not line.endswith(".metadata")]
        ours = [f"/files/{digest}/{quote(name)}" for digest, name in sums]
        static = [f"/files/{quote(name)}" for _, name in sums]
        command = [*program, "serve", *where, "--port", "0", "--verify", "now", "--format", "json"]
        serve = start(command)
        http_server = [
            sys.executable,
            "-u",
            "-m",
            "http.server",
            "--bind",
            "127.0.0.1",
            "--directory",
            folder,
            "0",
        ]
        plain = start(http_server)
        try:
            assert serve.stdout is not None
            assert plain.stdout is not None
            document = ""
            while not document.endswith("\n}\n"):
                document += serve.stdout.readline()
            port = json.loads(document)["port"]
            other = int(plain.stdout.readline().split(" port ")[1].split()[0])
            time.sleep(1)
            assert fetch(port, ours) == fetch(other, static)
            times = alternating(options.runs, lambda: fetch(port, ours), lambda: fetch(other, static))
        finally:
            serve.kill()
            plain.kill()
    load = " ".join(f"{part:.1f}" for part in os.getloadavg())
    print(f"{os.cpu_count()} cores, load {load}, {len(sums)} files")
    for name, taken in zip(("serve", "http.server"), times, strict=True):
        print(f"{name:14} {taken}")
    ratio = times[0].median / times[1].median
    print(f"  serve / http.server {judged(ratio, LIMIT)}")
    return int(ratio > LIMIT)


if __name__ == "__main__":
    sys.exit(main())
