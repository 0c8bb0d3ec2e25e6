"""Real pips and `prune`: what a CI job saves stays small and serves the next; a pip at work notices nothing."""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import random
import re
import shutil
import socket
import subprocess
import sys
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.support.archives import build_sdist, build_wheel, metadata, source_tree
from tests.support.caches import CacheBuilder
from tests.support.index import Delivery, Index, Project
from tests.support.pips import clean_environment, needs_tls, run_pip
from tests.support.places import REPOSITORY
from tests.support.program import Program

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


RUNS = range(1, 13)
COMPARED = (6, 9, 12)  # a fresh cache is filled for these runs only, as filling one builds every sdist


class Choice(NamedTuple):
    """A pip, whether it is told digests, and from what file `prune` learns what is needed."""

    pip: str
    with_hashes: bool
    keep_for: str
    checks_all: bool = False  # what stands after each run, and what a cache becomes that nobody prunes


CHOICES = (
    # pip before 23.1 takes nothing from the wheel cache when it is told digests
    Choice("20.3.4", with_hashes=False, keep_for="pylock.toml"),
    Choice("23.2.1", with_hashes=True, keep_for="requirements.txt"),
    Choice("25.3", with_hashes=True, keep_for="pylock.toml"),
    Choice("26.3", with_hashes=True, keep_for="requirements.txt", checks_all=True),
)


class Good(NamedTuple):
    """A file of the index."""

    name: str
    version: str
    url: str
    digest: str
    is_wheel: bool

    @property
    def pin(self) -> str:
        return f"{self.name}=={self.version}"


def wheels_of(run: int) -> dict[str, str]:
    """What a run needs that comes built: new at each run, new now and then, never new."""
    return {"alpha": f"1.{run}", "beta": f"2.{run // 4}", "Flask_SQLAlchemy": "3.0"}


def sdists_of(run: int) -> dict[str, str]:
    """What a run needs that pip builds: often new, never new, forth and back, there for a while and then again."""
    wanted = {"source": f"1.{run // 2}", "zope.steady": "1.0", "swinging": "2.0" if 4 <= run < 8 else "1.0"}
    return wanted | ({"passing": "0.1"} if run in {3, 4, 5, 10} else {})


@dataclass
class Shop:
    """An index with all that the runs need, and a pip that installs from it."""

    choice: Choice
    index: Index
    folder: Path
    goods: dict[tuple[str, str], Good] = field(default_factory=dict)
    outs: int = 0

    def fill(self) -> None:
        projects: dict[str, Project] = {}
        for run in RUNS:
            for name, version in (*wheels_of(run).items(), *sdists_of(run).items()):
                if (name, version) in self.goods:
                    continue
                is_wheel = name in wheels_of(run)
                # what no compression makes small, so that a file too many shows in the size
                payload = {"payload.bin": random.Random(f"{name} {version}").randbytes(8000)}
                make = build_wheel if is_wheel else build_sdist
                filename, body = make(name, version, members=payload)
                project = projects.get(name) or projects.setdefault(name, self.index.add_project(name))
                side = metadata(name, version) if is_wheel else None
                url = self.index.add_file(project, filename, body, version=version, metadata=side)
                digest = hashlib.sha256(body).hexdigest()
                self.goods[name, version] = Good(name, version, url, digest, is_wheel)

    def needed(self, run: int) -> list[Good]:
        return [self.goods[pair] for pair in (*wheels_of(run).items(), *sdists_of(run).items())]

    def install(self, cache: Path, goods: list[Good]) -> subprocess.CompletedProcess[str]:
        """Install into a fresh folder as a CI job does, from a requirements file that pins everything."""
        self.outs += 1
        requirements = self.folder / f"install-{self.outs}.txt"
        write_requirements(requirements, goods, with_hashes=self.choice.with_hashes)
        options = ["--no-deps", "--no-compile", "--retries", "0", "--timeout", "20"]
        options += ["--require-hashes"] if self.choice.with_hashes else []
        return run_pip(
            self.choice.pip,
            [
                *("install", *options, "--index-url", self.index.simple),
                *("--target", f"out-{self.outs}", "-r", requirements.name),
            ],
            cache_dir=cache,
            cwd=self.folder,
            certificate=self.index.certificate,
        )

    def fills(self, cache: Path, run: int) -> set[str]:
        """Install all that a run needs, and return the projects that pip had to build for it."""
        done = self.install(cache, self.needed(run))
        assert done.returncode == 0, done.stdout + done.stderr
        return set(re.findall(r"Building wheel for (\S+)", done.stdout))

    def prunes(self, cache: Path, run: int) -> None:
        """End a CI job: nobody is there to be asked, nothing of the layout is known, one line tells it."""
        lock = self.folder / self.choice.keep_for
        if lock.suffix == ".toml":
            write_pylock(lock, self.needed(run))
        else:
            write_requirements(lock, self.needed(run), with_hashes=True)
        done = pipcache(cache, "prune", "--ci", "--keep-for", str(lock))
        assert (done.returncode, done.stdout.count("\n")) == (0, 1), done.stdout + done.stderr

    def has_built(self, cache: Path, run: int) -> None:
        """Assert that all that had to be built for a run is installed again with no file to be had."""
        self.index.down_files = True
        done = self.install(cache, [good for good in self.needed(run) if not good.is_wheel])
        self.index.down_files = False
        assert done.returncode == 0, done.stdout + done.stderr
        assert "Building wheel" not in done.stdout  # as it could, from an sdist that was kept


def write_requirements(path: Path, goods: list[Good], *, with_hashes: bool) -> None:
    lines = [f"{good.pin} --hash=sha256:{good.digest}" if with_hashes else good.pin for good in goods]
    path.write_text("\n".join(lines) + "\n", encoding="ascii")


def write_pylock(path: Path, goods: list[Good]) -> None:
    lines = ['lock-version = "1.0"', 'created-by = "a test"']
    for good in goods:
        table = "[[packages.wheels]]" if good.is_wheel else "[packages.sdist]"
        lines += ["[[packages]]", f'name = "{good.name}"', f'version = "{good.version}"', table]
        lines += [f'url = "{good.url}"', f'hashes = {{sha256 = "{good.digest}"}}']
    path.write_text("\n".join(lines) + "\n", encoding="ascii")


def pipcache(cache: Path, command: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run pipcache as a program on a cache directory."""
    return subprocess.run(
        [sys.executable, "-m", "pipcache", command, "--cache-dir", str(cache), *arguments],
        cwd=REPOSITORY,
        env=clean_environment(cache.parent / "home"),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


def size_of(cache: Path) -> int:
    return sum(path.lstat().st_size for path in cache.rglob("*") if not path.is_dir())


def restored(cache: Path, machine: Path) -> Path:
    """The cache as another machine gets it."""
    shutil.copytree(cache, machine, symlinks=True)
    return machine


@pytest.fixture(params=CHOICES, ids=lambda choice: choice.pip)
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Shop]:
    choice: Choice = request.param
    certificate = request.getfixturevalue("certificate") if needs_tls(choice.pip) else None
    with Index(certificate=certificate) as index:
        made = Shop(choice, index, tmp_path)
        made.fill()
        yield made


@pytest.mark.slow
def test_twelve_runs_keep_the_cache_as_small_as_a_fresh_one(shop: Shop) -> None:
    saved = shop.folder / "saved-0"
    saved.mkdir()
    for run in RUNS:
        cache = restored(saved, shop.folder / f"saved-{run}")
        # nothing that the run before needed is built twice
        before = sdists_of(run - 1) if run > 1 else {}
        assert shop.fills(cache, run) == {name for name, _ in sdists_of(run).items() - before.items()}
        shop.prunes(cache, run)
        if run in COMPARED or shop.choice.checks_all:
            shop.has_built(restored(cache, shop.folder / f"next-{run}"), run)
        if run in COMPARED:
            fresh = shop.folder / f"fresh-{run}"
            shop.fills(fresh, run)
            shop.prunes(fresh, run)
            assert 0 < size_of(cache) <= 1.2 * size_of(fresh)
        saved = cache
    if shop.choice.checks_all:
        _grows_without_prune(shop, size_of(saved))


def _grows_without_prune(shop: Shop, pruned: int) -> None:
    # every run is a miss for something, else the size of the pruned cache says nothing
    cache = shop.folder / "unpruned"
    sizes = [0]
    for run in RUNS:
        shop.fills(cache, run)
        sizes.append(size_of(cache))
    assert all(before < after for before, after in itertools.pairwise(sizes))
    assert sizes[-1] > 3 * pruned


# Beside a pip at work

TAKING = (
    ("--ci",),
    ("--max-size", "0"),
    ("--unused-for", "0s"),
    ("--keep-latest", "1"),
    ("--duplicates",),
    ("--damaged",),
    ("--poisoned",),
)
"""Each takes some of what `seed` puts into the cache.

The first three take anything that is finished, so also a built wheel between the moment pip has put it into its
cache and the moment pip installs it from there: nobody can tell that moment from any later one, and pip takes no
lock. So they run for as long as the build does, and what runs to pip's end is HARMLESS and JUDGING.
"""

HARMLESS = ((), ("--unused-for", "1h"), ("--keep-latest", "1"), ("--duplicates",))
"""Policies for which nothing that pip has just put into its cache qualifies: it is new and the only one."""

JUDGING = (("--damaged",), ("--poisoned",))
"""As HARMLESS, for what pip has put there is whole; what it has not finished must count as neither."""


def seed(cache: Path) -> None:
    """Put something there for each policy, so that a prune beside a pip deletes files and not only looks."""
    builder = CacheBuilder(cache)
    host = "https://files.example"
    for version in ("1.0", "2.0"):
        filename, body = build_wheel("idle", version)
        builder.download(f"{host}/{version}/{filename}", body)
        builder.download(f"{host}/signed-{version}/{filename}", body)
    filename, body = build_wheel("broken", "1.0", members={"payload.bin": random.Random(1).randbytes(3000)})
    builder.download(f"{host}/{filename}", body[: len(body) // 2])
    filename, _ = build_wheel("sign-in", "1.0")
    page = b"<!DOCTYPE html><html><head><title>Sign in</title></head><body>Sign in</body></html>"
    headers = {"Content-Type": "text/html", "Content-Disposition": f'attachment; filename="{filename}"'}
    builder.download(
        f"{host}/{filename}", page, headers={**headers, "Cache-Control": "max-age=3600", "ETag": '"1"'}
    )
    filename, body = build_wheel("idle-built", "1.0")
    builder.built({"url": f"{host}/idle-built-1.0.tar.gz"}, filename, body)


def prune_beside(cache: Path, policy: tuple[str, ...], *, takes: bool) -> None:
    """Prune as a program does it beside a pip; a file that pip puts there meanwhile is no failure."""
    seed(cache)
    done = pipcache(cache, "prune", *policy, "--format", "json")
    assert done.returncode == 0, done.stdout + done.stderr
    if takes:
        reasons = {removal["reason"] for removal in json.loads(done.stdout)["plan"]["removals"]}
        assert policy[0].removeprefix("--") in reasons


def prune_until(over: Callable[[], bool], cache: Path, policies: tuple[tuple[str, ...], ...]) -> int:
    """Prune by one policy after the other until it is over, and at least once by each."""
    turns = 0
    while not over() or turns < len(policies):
        prune_beside(cache, policies[turns % len(policies)], takes=policies is TAKING)
        turns += 1
    return turns


SLOW = """
import pathlib, time

build_at_once = build_wheel

def prepare_metadata_for_build_wheel(metadata_directory, config_settings=None):
    # else pip builds the wheel for its metadata, in a folder outside its cache
    info = pathlib.Path(metadata_directory, "{module}-{version}.dist-info")
    info.mkdir()
    info.joinpath("METADATA").write_text("Metadata-Version: 2.1\\nName: {name}\\nVersion: {version}\\n")
    return info.name

def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    gate = pathlib.Path(os.environ["BUILD_GATE"])
    draft = pathlib.Path(wheel_directory, "draft.whl")
    draft.write_bytes(b"half")
    gate.joinpath("started").write_text(wheel_directory)
    for _ in range(6000):
        if gate.joinpath("go").exists():
            break
        time.sleep(0.01)
    else:
        raise SystemExit("nobody let the build go on")
    assert draft.read_bytes() == b"half"
    draft.unlink()
    return build_at_once(wheel_directory, config_settings, metadata_directory)
"""


def slow_sdist(name: str, version: str) -> tuple[str, bytes]:
    """An sdist whose build waits until it is told to go on, with half of something in pip's own build folder."""
    backend = source_tree(name, version)["inplace.py"].decode()
    more = SLOW.format(name=name, version=version, module=name)
    return build_sdist(name, version, members={"inplace.py": (backend + more).encode()})


def wait_for(what: Callable[[], object]) -> None:
    for _ in range(3000):
        if what():
            return
        time.sleep(0.01)
    raise AssertionError("nothing came")


def install(version: str, index: Index, cache: Path, *wanted: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Install by name into a fresh folder."""
    number = len(list(cache.parent.glob("out-*")))
    (cache.parent / f"out-{number}").mkdir()
    options = ["--no-deps", "--no-compile", "--retries", "0", "--timeout", "60", "--target", f"out-{number}"]
    return run_pip(
        version,
        ["install", *options, "--index-url", index.simple, *wanted],
        cache_dir=cache,
        cwd=cache.parent,
        env=env,
    )


def assert_kept(version: str, index: Index, cache: Path, *wanted: str) -> None:
    """Assert that pip installs it from its cache: no file is to be had, and nothing is built."""
    index.down_files = True
    done = install(version, index, cache, *wanted)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Building wheel" not in done.stdout


def assert_whole(cache: Path, pattern: str) -> None:
    (wheel,) = cache.glob(f"wheels/*/*/*/*/{pattern}")
    with zipfile.ZipFile(wheel) as archive:
        assert archive.testzip() is None
    assert json.loads(wheel.with_name("origin.json").read_text(encoding="utf-8"))["url"]
    assert [path for path in wheel.parent.iterdir() if path.is_dir()] == []


@pytest.mark.slow
def test_a_running_build_survives_every_policy(tmp_path: Path) -> None:
    cache, gate = tmp_path / "cache", tmp_path / "gate"
    gate.mkdir()
    with Index() as index, ThreadPoolExecutor(1) as pool:
        index.add_file(index.add_project("slow"), *slow_sdist("slow", "1.0"), version="1.0")
        running = pool.submit(install, "26.3", index, cache, "slow", BUILD_GATE=str(gate))
        try:
            prune_until((gate / "started").exists, cache, TAKING)
            folder = Path((gate / "started").read_text(encoding="utf-8"))
            assert folder.relative_to(cache).parts[0] == "wheels"
            turns = iter(range(2 * len(TAKING)))
            prune_until(lambda: next(turns, None) is None, cache, TAKING)
            prune_beside(cache, tuple(OPTIONS["taking"]), takes=True)
            assert [path.name for path in folder.iterdir()] == ["draft.whl"]
        finally:
            (gate / "go").touch()
        prune_until(running.done, cache, HARMLESS + JUDGING)
        done = running.result()
        assert done.returncode == 0, done.stdout + done.stderr
        assert_whole(cache, "slow-1.0-*.whl")
        assert_kept("26.3", index, cache, "slow")


@pytest.mark.slow
@pytest.mark.parametrize("version", ["23.2.1", "26.3"])
def test_a_download_in_flight_survives_every_policy(version: str, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    with Index() as index, ThreadPoolExecutor(1) as pool:
        filename, body = build_wheel("large", "1.0", members={"payload.bin": random.Random(2).randbytes(300_000)})
        url = index.add_file(index.add_project("large"), filename, body, version="1.0")
        index.deliver(url, Delivery.HELD)
        running = pool.submit(install, version, index, cache, "large")
        try:
            prune_until(index.holding.is_set, cache, TAKING)
            turns = iter(range(2 * len(TAKING)))
            prune_until(lambda: next(turns, None) is None, cache, TAKING)
            assert not running.done()
        finally:
            index.release.set()
        prune_until(running.done, cache, HARMLESS + JUDGING)
        done = running.result()
        assert done.returncode == 0, done.stdout + done.stderr
        assert_kept(version, index, cache, "large")


STEPS = """
import os, shutil, socket, sys

place, address = os.environ["STEP_PLACE"], ("127.0.0.1", int(os.environ["STEP_PORT"]))
at_work = False

def step(event, arguments):
    global at_work
    if at_work or event not in {"os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.chmod", "open", "half"}:
        return
    if not any(isinstance(one, str) and one.startswith(place) for one in arguments[:2]):
        return
    at_work = True
    try:
        with socket.create_connection(address, 60) as connection:
            connection.sendall(repr((event, *arguments[:2])).encode())
            connection.recv(1)
    finally:
        at_work = False

def move(source, target):
    if not target.startswith(place):
        return move_at_once(source, target)
    # as from another file system: pip 24.3 and older build in the folder for temporary files
    with open(source, "rb") as file, open(target, "wb") as other:
        data = file.read()
        other.write(data[: len(data) // 2])
        other.flush()
        step("half", (target,))
        other.write(data[len(data) // 2 :])
    shutil.copystat(source, target)
    os.unlink(source)
    return target

move_at_once, shutil.move = shutil.move, move
sys.addaudithook(step)
"""


def stepwise(cache: Path, version: str, index: Index, prune: Callable[[], None]) -> list[str]:
    """Let pip stop before each change of a file or folder in its cache, and go on when a prune is through."""
    hooks = cache.parent / "hooks"
    hooks.mkdir()
    (hooks / "sitecustomize.py").write_text(STEPS, encoding="ascii")
    steps: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as server, ThreadPoolExecutor(1) as pool:
        server.settimeout(0.05)
        env = {"STEP_PLACE": str(cache) + os.sep, "STEP_PORT": str(server.getsockname()[1])}
        running = pool.submit(install, version, index, cache, *STEPWISE, PYTHONPATH=str(hooks), **env)
        while not running.done():
            try:
                connection, _ = server.accept()
            except TimeoutError:
                continue
            with connection:
                steps.append(connection.recv(10_000).decode())
                prune()
                connection.sendall(b"\n")
    done = running.result()
    assert done.returncode == 0, done.stdout + done.stderr
    return steps


STEPWISE = ("source", "ready")
OPTIONS = {
    "taking": [option for policy in TAKING for option in policy],
    "harmless": [option for policy in HARMLESS for option in policy],
    "judging": [option for policy in JUDGING for option in policy],
}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("policies", "version"),
    [
        ("taking", "23.2.1"),
        ("taking", "26.3"),
        ("harmless", "23.2.1"),
        ("harmless", "26.3"),
        ("judging", "23.2.1"),
        ("judging", "26.3"),
    ],
)
def test_at_every_step_of_pip_in_its_cache_a_prune_does_no_harm(
    policies: str, version: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cache = tmp_path / "cache"
    cache.mkdir()
    program = Program(cache, capsys)

    def prune() -> None:
        is_built = any(cache.glob("wheels/*/*/*/*/source-*.whl"))  # see TAKING
        seed(cache)
        ran = program("prune", *OPTIONS["harmless" if is_built and policies == "taking" else policies])
        assert ran.code == 0, ran.err

    with Index() as index:
        index.add_file(index.add_project("source"), *build_sdist("source", "1.0"), version="1.0")
        index.add_file(index.add_project("ready"), *build_wheel("ready", "1.0"), version="1.0")
        steps = stepwise(cache, version, index, prune)
        assert_whole(cache, "source-1.0-*.whl")
        # all that is finished goes by the policies that take; else the download is there as well
        assert_kept(version, index, cache, "source", *(["ready"] if policies != "taking" else []))
    events = "".join(steps)
    assert all(event in events for event in ("os.mkdir", "os.rename", "open", ".whl", "origin.json"))
    assert ("half" in events) == (version == "23.2.1")
