"""Pips that install into a cache while pipcache removes from it: what each of them did, and what was wrong.

pip installs a wheel it built from the wheel cache itself, so that one alone is not removed under its hands.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tests.support import caches
from tests.support.archives import build_sdist, build_wheel, metadata
from tests.support.caches import CacheBuilder
from tests.support.pips import clean_environment, run_pip
from tests.support.places import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.index import Index

PIPS = ("26.3", "23.2.1")
REMOVALS = (
    ["remove", "wheel-one", "idle"],
    ["remove", "*", "--store", "http-v2"],
    ["clear", "--http", "--force"],
    ["remove", "source-one", "--kind", "sdist", "--kind", "page"],
    ["remove", "wheel-*", "idle"],
    ["clear", "--selfcheck", "--http"],
)


class Report(NamedTuple):
    """How often each program ran, what files the plans had, and all that was wrong."""

    pips: int
    removals: int
    planned: set[str]
    faults: list[str]


class Race:
    """An index, a cache with canaries in it, and programs let loose on it."""

    def __init__(self, index: Index, folder: Path) -> None:
        self._index = index
        self._folder = folder
        self._cache = folder / "cache"
        self._bodies: dict[str, str] = {}
        self._lock = threading.Lock()
        self._runs = 0
        for name in ("wheel-one", "wheel-two"):
            wheel = build_wheel(name, "1.0", members={"payload.bin": name.encode() * 20_000})
            index.add_file(index.add_project(name), *wheel, version="1.0", metadata=metadata(name, "1.0"))
            self._bodies[wheel[0]] = hashlib.sha256(wheel[1]).hexdigest()
        sdist = build_sdist("source-one", "1.0")
        index.add_file(index.add_project("source-one"), *sdist, version="1.0")
        builder = CacheBuilder(self._cache)
        self._canaries = [
            builder.stray(path) for path in ("notes.txt", "http-v2/a/odd", "wheels/aa/odd", "http/odd")
        ]
        outside = folder / "outside"
        self._canaries.append(CacheBuilder(outside).stray("a/letter.txt"))
        (self._cache / "link").symlink_to(outside)

    def run(self, go_on: Callable[[], bool]) -> Report:
        """Let two pips and one pipcache run until `go_on` says no."""
        planned: set[str] = set()
        before = {path: caches.look(path.parent)[path.name] for path in self._canaries}
        with ThreadPoolExecutor(len(PIPS) + 1) as pool:
            installs = [pool.submit(self._loop, go_on, partial(self._install, pip)) for pip in PIPS]
            removal = pool.submit(self._loop, go_on, partial(self._remove, planned))
            done = [future.result() for future in installs]
            removed = removal.result()
        faults = [fault for _, some in (*done, removed) for fault in some]
        after = {path: caches.look(path.parent)[path.name] for path in self._canaries if path.exists()}
        faults += [f"{path} changed" for path in self._canaries if after.get(path) != before[path]]
        return Report(sum(count for count, _ in done), removed[0], planned, faults)

    def _loop(self, go_on: Callable[[], bool], work: Callable[[], list[str]]) -> tuple[int, list[str]]:
        count, faults = 0, []
        while go_on():
            count += 1
            faults += work()
        return count, faults

    def _install(self, pip: str) -> list[str]:
        with self._lock:
            self._runs += 1
            folder = self._folder / f"pip-{self._runs}"
        folder.mkdir()
        options = ["--no-deps", "--index-url", self._index.simple, "--wheel-dir", "out"]
        wanted = ["wheel-one", "wheel-two", "source-one"]
        done = run_pip(pip, ["wheel", *options, *wanted], cache_dir=self._cache, cwd=folder)
        faults = []
        if done.returncode != 0 or "Traceback" in done.stderr:
            faults.append(f"pip {pip} ended with {done.returncode}: {done.stderr[-2000:]}")
        for name, digest in self._bodies.items():
            path = folder / "out" / name
            if done.returncode == 0 and hashlib.sha256(path.read_bytes()).hexdigest() != digest:
                faults.append(f"pip {pip} made another {name}")
        return faults

    def _remove(self, planned: set[str]) -> list[str]:
        with self._lock:
            self._runs += 1
            command = REMOVALS[self._runs % len(REMOVALS)]
        # a built wheel that nobody is installing, so that folders of the wheel cache go as well
        idle = build_wheel("idle", "1.0")
        CacheBuilder(self._cache).built({"url": f"https://files.example/{self._runs % 9}/idle-1.0.zip"}, *idle)
        arguments = [command[0], "--cache-dir", str(self._cache), *command[1:], "--yes", "--format", "json"]
        done = subprocess.run(
            [sys.executable, "-m", "pipcache", *arguments],
            cwd=REPOSITORY,
            env=clean_environment(self._folder / "home"),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        if done.returncode not in {0, 3} or "Traceback" in done.stderr:
            return [f"pipcache ended with {done.returncode}: {done.stderr[-2000:]}"]
        if not done.stdout:
            return []  # there was no cache yet
        document = json.loads(done.stdout)
        planned.update(path for removal in document["plan"]["removals"] for path in removal["files"])
        failed = [
            failure
            for failure in (document["outcome"] or {"failures": []})["failures"]
            if failure["fate"] == "failed"
        ]
        if done.returncode == 3 and not (document["outcome"] or {}).get("failures"):
            return [f"pipcache ended with 3 for nothing: {done.stderr}"]
        return [f"pipcache failed: {failure}" for failure in failed]
