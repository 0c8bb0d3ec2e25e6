"""Real pips on both sides: what `remove` took is gone for pip, all else is still there."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.archives import build_sdist, build_wheel, metadata
from tests.support.index import Index, Project
from tests.support.machines import PipMachine
from tests.support.pips import clean_environment, needs_tls
from tests.support.places import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Iterator


VERSIONS = ("20.3.4", "23.2.1", "23.3.2", "25.3", "26.3")
WHEELS = (("foo", "1.8"), ("foo", "1.82.7"), ("foo", "1.9rc1"), ("Flask_SQLAlchemy", "3.0"))
SDISTS = (("source", "1.0"), ("source", "1.0.post1"))
EVERYTHING = [f"{name}=={version}" for name, version in (*WHEELS, *SDISTS)]


@dataclass
class Shop:
    """A pip, the index it filled its cache from, and that cache, of which each part of a test gets a copy."""

    version: str
    index: Index
    urls: dict[str, str]  # by requirement
    hashes: dict[str, str]  # by requirement, sha256
    filled: Path


class Machine(PipMachine[Shop]):
    """One copy of the cache, a pip and a pipcache that work on it."""

    def pipcache(self, *arguments: str) -> str:
        """Run pipcache as a program, which must end well, and return its answer."""
        done = subprocess.run(
            [sys.executable, "-m", "pipcache", arguments[0], "--cache-dir", str(self.cache), *arguments[1:]],
            cwd=REPOSITORY,
            env=clean_environment(self.folder / "home"),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


def together(requirements: list[str]) -> Iterator[list[str]]:
    """The requirements in groups that have each project once, so that pip can install a group at once."""
    rest = requirements
    while rest:
        group = {requirement.partition("==")[0]: requirement for requirement in reversed(rest)}
        yield list(group.values())
        rest = [requirement for requirement in rest if requirement not in group.values()]


@pytest.fixture(params=VERSIONS)
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Shop]:
    version = request.param
    certificate = request.getfixturevalue("certificate") if needs_tls(version) else None
    with Index(certificate=certificate) as index:
        shop = Shop(version, index, {}, {}, tmp_path / "filled")
        projects: dict[str, Project] = {}
        for name, number in (*WHEELS, *SDISTS):
            is_wheel = (name, number) in WHEELS
            filename, body = build_wheel(name, number) if is_wheel else build_sdist(name, number)
            project = projects.get(name) or projects.setdefault(name, index.add_project(name))
            side = metadata(name, number) if is_wheel else None
            url = index.add_file(project, filename, body, version=number, metadata=side)
            shop.urls[f"{name}=={number}"] = url
            shop.hashes[f"{name}=={number}"] = hashlib.sha256(body).hexdigest()
        assert all_installed(Machine(shop, shop.filled, tmp_path), EVERYTHING)
        index.down_files = True
        yield shop


def machine_of(shop: Shop, name: str) -> Machine:
    """A fresh copy of the filled cache."""
    folder = shop.filled.parent / name
    shutil.copytree(shop.filled, folder / "cache", symlinks=True)
    return Machine(shop, folder / "cache", folder)


def all_installed(machine: Machine, requirements: list[str]) -> bool:
    return all(machine.can(*group) for group in together(requirements))


GONE = ("foo==1.8", "Flask_SQLAlchemy==3.0", "source==1.0")


@pytest.mark.slow
def test_what_was_removed_is_gone_for_pip_and_all_else_is_there(shop: Shop) -> None:
    # one test a pip, for to fill a cache takes longer than to look at it
    _removed_is_gone(machine_of(shop, "whole"))
    _gone_when_only_the_built_wheel_was_left(machine_of(shop, "built"))
    _gone_when_only_the_sdist_was_left(machine_of(shop, "sdist"))
    _cleared_is_filled_again(machine_of(shop, "cleared"))
    if shop.version == "26.3":  # pip trusts cached pages since 26.2 and takes pylock.toml since 26.1
        _gone_when_the_index_is_down(machine_of(shop, "down"))
        _gone_for_a_lock_file(machine_of(shop, "locked"))


def _removed_is_gone(machine: Machine) -> None:
    direct = [f"{requirement.partition('==')[0]} @ {machine.shop.urls[requirement]}" for requirement in GONE]
    assert machine.can(*GONE)
    assert machine.can(*direct[:2])  # what was built from a listed link has another key than from a direct one
    machine.pipcache("remove", *GONE, "--yes")
    for requirement in (*GONE, *direct):
        assert not machine.can(requirement)
    assert all_installed(machine, [requirement for requirement in EVERYTHING if requirement not in GONE])


def _gone_when_only_the_built_wheel_was_left(machine: Machine) -> None:
    for store in ("http", "http-v2"):
        shutil.rmtree(machine.cache / store, ignore_errors=True)
    assert machine.can("source==1.0")
    machine.pipcache("remove", "source==1.0", "--yes")
    assert not machine.can("source==1.0")
    assert machine.can("source==1.0.post1")


def _gone_when_only_the_sdist_was_left(machine: Machine) -> None:
    shutil.rmtree(machine.cache / "wheels")
    assert machine.can("source==1.0")
    shutil.rmtree(machine.cache / "wheels")
    machine.pipcache("remove", "source==1.0", "--yes")
    assert not machine.can("source==1.0")
    assert machine.can("source==1.0.post1")


def _gone_when_the_index_is_down(machine: Machine) -> None:
    machine.shop.index.down = True
    assert machine.can("foo==1.8", "source==1.0")
    machine.pipcache("remove", "foo==1.8", "--yes")
    assert not machine.can("foo==1.8")
    assert machine.can("source==1.0", "Flask_SQLAlchemy==3.0")
    machine.shop.index.down = False


def _gone_for_a_lock_file(machine: Machine) -> None:
    for requirement in ("foo==1.8", "foo==1.82.7"):
        write_lock(machine, requirement)
    assert machine.can("-r", "pylock.foo-1-8.toml")
    machine.pipcache("remove", "foo==1.8", "--yes")
    assert not machine.can("-r", "pylock.foo-1-8.toml")
    assert machine.can("-r", "pylock.foo-1-82-7.toml")


def _cleared_is_filled_again(machine: Machine) -> None:
    machine.pipcache("clear", "--yes")
    assert [path for path in machine.cache.rglob("*") if not path.is_dir()] == []
    assert not machine.can("foo==1.8")
    machine.shop.index.down_files = False
    assert machine.can("foo==1.8", "source==1.0")
    machine.shop.index.down_files = True
    done = machine.pip("foo==1.8", "source==1.0")
    assert (done.returncode, "cache" in done.stderr.lower()) == (0, False), done.stderr


def write_lock(machine: Machine, requirement: str) -> None:
    name, _, version = requirement.partition("==")
    url, digest = machine.shop.urls[requirement], machine.shop.hashes[requirement]
    lines = [
        'lock-version = "1.0"',
        'created-by = "a test"',
        "[[packages]]",
        f'name = "{name}"',
        f'version = "{version}"',
        "[[packages.wheels]]",
        f'name = "{url.rpartition("/")[2]}"',
        f'url = "{url}"',
        f'hashes = {{sha256 = "{digest}"}}',
    ]
    lock = machine.folder / f"pylock.{name}-{version.replace('.', '-')}.toml"
    lock.write_text("\n".join(lines) + "\n", encoding="ascii")
