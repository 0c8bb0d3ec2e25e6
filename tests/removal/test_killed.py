"""A removal killed after any of its deletions leaves a cache that pip reads, and that the next run finishes."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.archives import build_sdist, build_wheel
from tests.support.caches import CacheBuilder
from tests.support.index import Index
from tests.support.killing import killed_before
from tests.support.pips import run_pip
from tests.support.program import Program
from tests.support.truth import Source, this_interpreter

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.pips, pytest.mark.skipif(not hasattr(os, "fork"), reason="each run is killed in a fork")]

PIPS = ("23.2.1", "26.3")
ENTRIES = 200


class Stock(CacheBuilder):
    """Two hundred entries of one project and some of another, under the URLs of an index."""

    def __init__(self, root: Path, index: Index) -> None:
        super().__init__(root)
        self.bodies: dict[Path, bytes] = {}
        self.versions: dict[str, str] = {}  # by a key of its entries
        project = index.add_project("foo")
        for number in range(ENTRIES // 4):
            version = f"1.{number}"
            wheel, sdist = build_wheel("foo", version), build_sdist("foo", f"2.{number}")
            url = index.add_file(project, *wheel, version=version)
            for key in (self.download(url, wheel[1]), self.legacy(url, wheel[1])):
                self.versions[key] = version
            source = index.add_file(project, *sdist, version=f"2.{number}")
            self.versions[self.download(source, sdist[1])] = f"2.{number}"
            known = Source(source, "sha256", hashlib.sha256(sdist[1]).hexdigest())
            built = build_wheel("foo", f"2.{number}")
            note = {"archive_info": {"hashes": {"sha256": known.digest}}, "url": source}
            self.versions[self.built(note, *built, interpreter=this_interpreter(), source=known)] = f"2.{number}"
        self.other = build_wheel("other", "1.0")
        self.download(index.add_file(index.add_project("other"), *self.other, version="1.0"), self.other[1])
        for path in self.files():
            self.bodies[path] = path.read_bytes()

    def files(self) -> Iterator[Path]:
        """Every file that is there now."""
        return (path for path in self.root.rglob("*") if path.is_file())

    def of_foo(self) -> set[Path]:
        """Every file that is there now, the other project's aside."""
        return {path for path in self.files() if self.key_of(path) in self.versions}

    def key_of(self, path: Path) -> str:
        """The key a file lies under."""
        if "wheels" in path.relative_to(self.root).parts:
            return "".join(path.relative_to(self.root / "wheels").parts[:4])
        return path.name.removesuffix(".body")


@pytest.mark.slow
def test_killed_after_each_single_deletion_in_turn(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Index() as index:
        stock = Stock(tmp_path / "cache", index)
        arguments = ["remove", "foo", "--yes", "--cache-dir", str(stock.root)]
        total = len(stock.of_foo())
        assert total == ENTRIES // 4 * 7
        asked = {total // 5 * part for part in range(5)}
        left = stock.of_foo()
        for done in range(total - 1):
            before = left
            assert killed_before(2, arguments) == -signal.SIGKILL
            left = stock.of_foo()
            (gone,) = before - left
            assert_whole(stock, left)
            if done in asked:
                for pip in PIPS:
                    assert_pip_works(
                        pip, stock, index, stock.versions[stock.key_of(gone)], tmp_path / f"{pip}-{done}"
                    )
        ran = Program(stock.root, capsys)("remove", "foo", "--yes")
        assert (ran.code, stock.of_foo()) == (0, set())
        for pip in PIPS:
            assert_pip_works(pip, stock, index, "1.0", tmp_path / f"{pip}-last")
    kept = [path for path in stock.files() if stock.bodies.get(path) == path.read_bytes()]
    assert len(kept) >= 2  # the other project's


def assert_whole(stock: Stock, left: set[Path]) -> None:
    """No head without its body, no wheel without its origin; bytes are as they were."""
    for path in left:
        if path.name.endswith(".whl"):
            assert path.with_name("origin.json") in left
        elif path.parent.parent.parent.parent.parent.parent.name == "http-v2" and not path.name.endswith(".body"):
            assert path.with_name(f"{path.name}.body") in left
        assert path.stat().st_size == len(stock.bodies[path])


def assert_pip_works(pip: str, stock: Stock, index: Index, version: str, folder: Path) -> None:
    """This pip gets the version that was being removed, whatever is left of it, and says nothing of the cache."""
    shutil.copytree(stock.root, folder / "cache")  # what pip adds is no part of the next state
    command = ["wheel", "--no-deps", "--index-url", index.simple, "--wheel-dir", "out", f"foo=={version}", "other"]
    done = run_pip(pip, command, cache_dir=folder / "cache", cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert "WARNING" not in done.stderr, done.stderr
    assert (folder / "out" / stock.other[0]).read_bytes() == stock.other[1]
    assert len(list((folder / "out").iterdir())) == 2
