"""What a CI cache becomes under each policy: a real pip builds changing locks, run after run, as GitHub caches.

python -m tests.benchmarks.ci [--runs 20] [--scale 0.25] [--pip 26.3] [--policy NAME ...]

A loopback index serves 50 wheels of the sizes of well-known ones and two sdists. Between most runs one to five
projects get a new version. A run restores the entry of its lock, else the newest entry; runs `pip wheel -r lock`;
and, where no entry had its key, applies the policy and saves what is left. The bytes are random, so that no entry
becomes smaller by compression. The table tells sizes, bytes and counts; seconds are told last, for they depend on
what else the machine does.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tests.support.archives import build_sdist, build_wheel, metadata
from tests.support.index import Index, Project
from tests.support.pips import run_pip

if TYPE_CHECKING:
    from collections.abc import Sequence

_LARGE = (16_300, 12_700, 35_300, 13_900, 11_300, 12_100, 8_000, 7_700, 6_200, 4_200, 3_900, 3_100, 2_600)
_SMALL = (1_900, 1_500, 1_400, 1_200, 1_100, 900, 800, 700, 650, 600, 520, 470, 460, 430, 420, 330, 290, 240, 230)
_TINY = (180, 170, 150, 140, 130, 120, 110, 100, 90, 77, 70, 65, 61, 55, 40, 25, 11, 7)
_KILOBYTES = (*_LARGE, *_SMALL, *_TINY)
"""The sizes of the wheels, in kB."""

_SDISTS = ("built-slowly", "built-quickly")

_LIMIT = 1.25
"""How much larger than the files of the first lock a cache may become, where a policy has a limit of size."""

Lock = dict[str, int]
"""A version for each project: N stands for N.0."""


class Policy(NamedTuple):
    """What ends a run.

    Attributes:
        name: shown in the table.
        prune: the arguments of `pipcache`; LOCK and SIZE are replaced. Empty: nothing is run.
        is_exact: a run restores nothing but the entry of its own lock.
        wipes: the whole cache goes, where it is larger than the limit.
        saves: anything is saved at all.
    """

    name: str
    prune: tuple[str, ...] = ()
    is_exact: bool = False
    wipes: bool = False
    saves: bool = True


POLICIES = (
    Policy("nothing"),
    Policy("prune", ("prune",)),
    Policy("prune --keep-for LOCK", ("prune", "--keep-for", "LOCK")),
    Policy("prune --keep-latest 1", ("prune", "--keep-latest", "1")),
    Policy("prune --keep-for LOCK --keep-latest 1", ("prune", "--keep-for", "LOCK", "--keep-latest", "1")),
    Policy("prune --max-size SIZE", ("prune", "--max-size", "SIZE")),
    Policy("rm -rf above SIZE", wipes=True),
    Policy("prune --ci", ("prune", "--ci")),
    Policy(
        "prune --ci --keep-for LOCK --keep-latest 1", ("prune", "--ci", "--keep-for", "LOCK", "--keep-latest", "1")
    ),
    Policy("clear", ("clear", "--yes")),
    Policy("nothing, exact key only", is_exact=True),
    Policy("no cache", saves=False),
)


@dataclass
class Result:
    """What was counted of a policy: bytes, requests and seconds, over all runs but the first where not said."""

    entries: list[int] = field(default_factory=list)
    downloaded: int = 0
    needed: int = 0
    built: int = 0
    exact_runs: int = 0
    exact_downloads: int = 0
    prune_seconds: list[float] = field(default_factory=list)
    pip_seconds: list[float] = field(default_factory=list)


class Simulation:
    """An index and a sequence of locks; every policy meets the same."""

    def __init__(self, index: Index, folder: Path, pip: str, scale: float) -> None:
        """Begin with an index that has nothing yet."""
        self._index = index
        self._folder = folder
        self._pip = pip
        self._sizes = {f"project-{number:02}": int(kb * 1000 * scale) for number, kb in enumerate(_KILOBYTES)}
        self._sizes |= dict.fromkeys(_SDISTS, int(400_000 * scale))
        self._pages: dict[str, Project] = {}
        self._bodies: dict[str, int] = {}  # the size of a file by its path

    def locks(self, runs: int) -> list[Lock]:
        """Return the locks of all runs; about four in ten are that of the run before."""
        choose = random.Random("locks")
        lock = dict.fromkeys(self._sizes, 1)
        locks = [lock]
        while len(locks) < runs:
            if choose.random() < 0.6:
                lock = dict(lock)
                for project in choose.sample(sorted(lock), choose.randint(1, 5)):
                    lock[project] += 1
            locks.append(lock)
        for project, version in {pair for lock in locks for pair in lock.items()}:
            self._serve(project, f"{version}.0")
        return locks

    def _serve(self, project: str, version: str) -> None:
        is_wheel = project not in _SDISTS
        payload = {"payload.bin": random.Random(f"{project} {version}").randbytes(self._sizes[project])}
        filename, body = (build_wheel if is_wheel else build_sdist)(project, version, members=payload)
        page = self._pages.get(project) or self._pages.setdefault(project, self._index.add_project(project))
        side = metadata(project, version) if is_wheel else None
        url = self._index.add_file(page, filename, body, version=version, metadata=side)
        self._bodies[url.removeprefix(self._index.root)] = len(body)

    def run(self, policy: Policy, locks: Sequence[Lock]) -> Result:
        """Return what a policy leads to over all runs."""
        result = Result()
        saved: dict[str, Path] = {}  # the entries of the CI's cache by key, oldest first
        limit = int(_LIMIT * sum(self._sizes.values()))
        with tempfile.TemporaryDirectory(dir=self._folder) as place:
            for number, lock in enumerate(locks):
                folder = Path(place) / f"run-{number}"
                cache = folder / "cache"
                folder.mkdir()
                requirements = folder / "requirements.txt"
                requirements.write_text("".join(f"{name}=={version}.0\n" for name, version in lock.items()))
                key = hashlib.sha256(requirements.read_bytes()).hexdigest()
                is_exact = key in saved
                entry = saved.get(key) or (None if policy.is_exact else next(reversed(saved.values()), None))
                if entry is not None:
                    shutil.copytree(entry, cache)
                self._build(folder, cache, result, is_first=number == 0, is_exact=is_exact)
                if policy.saves and not is_exact:
                    self._end(policy, cache, requirements, limit, result)
                    saved[key] = cache
                    result.entries.append(_size(cache))
        return result

    def _build(self, folder: Path, cache: Path, result: Result, *, is_first: bool, is_exact: bool) -> None:
        self._index.exchanges.clear()
        start = time.perf_counter()
        done = run_pip(
            self._pip,
            ["wheel", "--no-deps", "--index-url", self._index.simple, "-w", "out", "-r", "requirements.txt"],
            cache_dir=cache,
            cwd=folder,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        result.pip_seconds.append(time.perf_counter() - start)
        shutil.rmtree(folder / "out")
        sizes = [
            self._bodies[exchange.path]
            for exchange in self._index.exchanges
            if exchange.status == 200 and exchange.path in self._bodies
        ]
        if is_first:
            return
        result.downloaded += sum(sizes)
        result.needed += sum(self._sizes.values())
        result.built += done.stdout.count("Building wheel for ")  # a line when it begins
        result.exact_runs += is_exact
        result.exact_downloads += len(sizes) if is_exact else 0

    @staticmethod
    def _end(policy: Policy, cache: Path, lock: Path, limit: int, result: Result) -> None:
        if policy.wipes and _size(cache) > limit:
            shutil.rmtree(cache)
            cache.mkdir()
        if not policy.prune:
            return
        values = {"LOCK": str(lock), "SIZE": f"{limit // 1000}kB"}
        arguments = [values.get(argument, argument) for argument in policy.prune]
        start = time.perf_counter()
        command = [sys.executable, "-m", "pipcache", *arguments, "--cache-dir", str(cache)]
        subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True)
        result.prune_seconds.append(time.perf_counter() - start)


def _size(cache: Path) -> int:
    """Return the bytes of all files below a folder."""
    return sum(path.lstat().st_size for path in cache.rglob("*") if path.is_file())


def main() -> int:
    """Print the table; 1 where the recommended policy downloads more than an unpruned cache."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=20, help="runs of each policy (20)")
    parser.add_argument("--scale", type=float, default=0.25, help="of the sizes of the wheels (0.25)")
    parser.add_argument("--pip", default="26.3", help="the release of pip (26.3)")
    parser.add_argument(
        "--policy", action="append", default=[], help="a policy by its name; all where none is given"
    )
    parser.add_argument("--folder", type=Path, help="where to put the caches")
    options = parser.parse_args()
    chosen = [policy for policy in POLICIES if not options.policy or policy.name in options.policy]
    results: dict[str, Result] = {}
    with tempfile.TemporaryDirectory(prefix="pipcache-ci-", dir=options.folder) as folder, Index() as index:
        simulation = Simulation(index, Path(folder), options.pip, options.scale)
        locks = simulation.locks(options.runs)
        print(f"{len(locks)} runs, {len({str(lock) for lock in locks})} locks; sizes in MB; 'after' the first run")
        columns = ("first", "last", "stored", "loaded after", "from cache", "built after", "exact hits load")
        print(f"{'policy':44}", *(f"{column:>15}" for column in (*columns, "prune s", "pip s")))
        for policy in chosen:
            results[policy.name] = result = simulation.run(policy, locks)
            print(f"{policy.name:44}", *(f"{cell:>15}" for cell in _cells(result)), flush=True)
    plain, kept = results.get("nothing"), results.get("prune --keep-for LOCK --keep-latest 1")
    return int(plain is not None and kept is not None and kept.downloaded > plain.downloaded)


def _cells(result: Result) -> list[str]:
    """Return the cells of a row of the table behind the policy's name."""
    entries = [f"{size / 1e6:.1f}" for size in result.entries] or ["-"]
    share = 1 - result.downloaded / result.needed if result.needed else 0.0
    return [
        entries[0],
        entries[-1],
        f"{sum(result.entries) / 1e6:.0f}",
        f"{result.downloaded / 1e6:.1f}",
        f"{max(share, 0):.1%}",
        str(result.built),
        f"{result.exact_downloads} in {result.exact_runs}",
        f"{max(result.prune_seconds, default=0):.2f}",
        f"{sum(result.pip_seconds) / len(result.pip_seconds):.1f}",
    ]


if __name__ == "__main__":
    sys.exit(main())
