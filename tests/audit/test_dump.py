"""OSV's whole dump against a cache: the answer of its unpacked files, in little memory."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING, Any

import pytest

from tests.benchmarks.dump import records, write_dump
from tests.support import archives
from tests.support.audits import put
from tests.support.caches import CacheBuilder
from tests.support.pips import clean_environment
from tests.support.places import REPOSITORY

if TYPE_CHECKING:
    from pathlib import Path


MEASURES = """
import resource, subprocess, sys
code = subprocess.call(sys.argv[1:])
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)
sys.exit(code)
"""
"""A small process between: what starts a program counts as memory of the program (getrusage(2))."""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not say what a process used")
def test_a_whole_dump_means_what_its_files_mean(builder: CacheBuilder, tmp_path: Path) -> None:
    releases = [(f"library-{number}", "1.2.3") for number in range(40)]
    for name, version in releases:
        put(builder, archives.build_wheel(name, version))
    dump, unpacked = tmp_path / "all.zip", tmp_path / "unpacked"
    write_dump(dump, records(15_000, 5_000, releases))
    with zipfile.ZipFile(dump) as archive:
        archive.extractall(unpacked)

    def audited(advisory: Path) -> tuple[dict[str, Any], float]:
        command = [sys.executable, "-m", "pipcache", "audit", "--cache-dir", str(builder.root), "--format", "json"]
        environment = clean_environment(tmp_path / "home") | {"PYTHONPATH": str(REPOSITORY)}
        answer = tmp_path / "answer.json"
        with answer.open("wb") as out:
            starter = [sys.executable, "-c", MEASURES, *command, "--advisory", str(advisory)]
            done = subprocess.run(starter, env=environment, stdout=out, stderr=subprocess.PIPE, check=False)
        assert done.returncode == 1
        unit = 1 if sys.platform == "darwin" else 1024
        return json.loads(answer.read_bytes()), int(done.stderr.split()[-1]) * unit / 1e6

    of_dump, memory = audited(dump)
    of_files, _ = audited(unpacked)
    hits = [part["hits"] for document in (of_dump, of_files) for part in document["caches"]]
    assert len(hits[0]) > 20
    assert json.dumps(hits[0]).replace("all.zip/", "") == json.dumps(hits[1])
    assert of_dump["records"] == 20_000
    assert memory < 150
