"""``--tool uv``: whose cache is read, and what people see of uv's."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING

import pytest

from pipcache.cli.main import run
from tests.support.caches import CacheBuilder
from tests.support.program import Ran
from tests.support.uv_caches import GENERATIONS, UvCache

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Run = Callable[..., Ran]


@pytest.fixture
def uv(tmp_path: Path) -> UvCache:
    cache = UvCache(tmp_path / "uv")
    cache.wheel("six", "1.17.0", tag="py2.py3-none-any")
    cache.sdist("docopt", "0.6.2")
    cache.environment(("click", "8.0"), script="s")
    cache.seen("botocore", "1.0")
    return cache


@pytest.fixture
def pipcache(capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*arguments: str) -> Ran:
        capsys.readouterr()
        code = run(list(arguments))
        captured = capsys.readouterr()
        return Ran(captured.out, captured.err, int(code))

    return call


def test_the_variable_of_uv_names_the_cache(uv: UvCache, pipcache: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UV_CACHE_DIR", str(uv.root))
    ran = pipcache("list", "--tool", "uv", "--format", "json")
    cache = ran.document["cache"]
    assert (ran.code, cache["tool"], cache["origin"]) == (0, "uv", "UV_CACHE_DIR")
    assert {each["tool"] for each in ran.document["artifacts"]} == {"uv"}
    assert pipcache("dir", "--tool", "uv").out == f"{os.path.realpath(uv.root)}\n"
    assert f"-> UV_CACHE_DIR: {uv.root}" in pipcache("dir", "--tool", "uv", "--explain").lines


@pytest.mark.parametrize("command", [("list",), ("show", "six"), ("info",), ("audit", "nosuch")], ids=" ".join)
def test_a_cache_of_uvs_is_recognized_where_it_is_named(
    uv: UvCache, pipcache: Run, command: tuple[str, ...]
) -> None:
    ran = pipcache(*command, "--cache-dir", str(uv.root), "--format", "json")
    assert (ran.code, ran.document["cache"]["tool"]) == (0, "uv")
    # before the command too
    assert pipcache("--cache-dir", str(uv.root), *command).code == 0
    ran = pipcache(*command, "--tool", "pip", "--cache-dir", str(uv.root), "--format", "json")
    assert (ran.code, ran.document["error"]["kind"]) == (3, "other-installer")
    assert "--tool uv" in ran.document["error"]["hint"]


def test_what_a_variable_of_pip_names_is_not_taken_for_uvs(
    uv: UvCache, pipcache: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_CACHE_DIR", str(uv.root))
    assert pipcache("list").code == 3


def test_pips_cache_is_not_uvs(tmp_path: Path, pipcache: Run) -> None:
    CacheBuilder(tmp_path / "pip").download("https://index.example/simple/twisted/", b"page")
    ran = pipcache("list", "--tool", "uv", "--cache-dir", str(tmp_path / "pip"), "--format", "json")
    assert (ran.code, ran.document["error"]["kind"]) == (3, "not-a-pip-cache")
    assert "not a cache of uv" in ran.document["error"]["message"]


def test_people_see_what_is_here_and_how_much_was_only_seen(uv: UvCache, pipcache: Run) -> None:
    ran = pipcache("list", "--cache-dir", str(uv.root))
    rows = [line.split()[:3] for line in ran.lines[1:-1]]
    assert rows == [
        ["click", "8.0", "environment"],
        ["docopt", "0.6.2", "built"],
        ["docopt", "0.6.2", "built"],
        ["docopt", "0.6.2", "sdist"],
        ["six", "1.17.0", "wheel"],
    ]
    assert "Seen, never downloaded, and not shown: 1 metadata (--all shows them)" in ran.err
    assert ["botocore", "1.0", "metadata"] in [
        line.split()[:3] for line in pipcache("list", "--all", "--cache-dir", str(uv.root)).lines
    ]


def test_show_says_what_uv_noted_and_that_nobody_can_check_it(uv: UvCache, pipcache: Run) -> None:
    text = pipcache("show", "six", "--cache-dir", str(uv.root)).out
    assert "(noted by uv; the file is not kept, so nobody can check it)" in text
    assert "(as uv noted it)" in text
    assert "    summary     " in text
    assert "verified" not in text
    assert "last used" not in text
    assert (
        "(what it was built from, by uv's pointer)" in pipcache("show", "docopt", "--cache-dir", str(uv.root)).out
    )


def test_old_releases_noted_nothing_and_show_says_so(tmp_path: Path, pipcache: Run) -> None:
    cache = UvCache(tmp_path / "old", GENERATIONS["0.9.30"])
    cache.wheel("six", "1.17.0")
    cache.sdist("docopt", "0.6.2", is_built=False)
    assert pipcache("list", "docopt", "--cache-dir", str(cache.root)).lines[1].split()[2:4] == ["sdist", "-"]
    text = pipcache("show", "six", "--cache-dir", str(tmp_path / "old")).out
    assert "uv noted no digest of the file" in text


@pytest.mark.skipif(sys.platform == "win32", reason="there are no blocks")
def test_info_adds_up_what_the_disk_holds(uv: UvCache, pipcache: Run) -> None:
    revision = next((uv.root / "sdists-v11/pypi/docopt/0.6.2").glob("*/src"))
    (revision / "large.c").write_bytes(os.urandom(1 << 20))
    ran = pipcache("info", "--cache-dir", str(uv.root), "--format", "json")
    assert (ran.code, ran.document["could_go"], ran.document["by_last_use"]) == (0, [], [])
    stores = {store["name"]: store for store in ran.document["stores"]}
    assert stores["uv-sdists"]["disk_size"] > 1 << 20
    assert {kind["name"] for kind in ran.document["kinds"]} == {
        *("wheel", "sdist", "built", "environment", "metadata"),
    }
    text = pipcache("info", "--cache-dir", str(uv.root)).out
    assert "What could go" not in text


def test_filters_know_uvs_stores_and_kinds(uv: UvCache, pipcache: Run) -> None:
    def projects(*arguments: str) -> list[str]:
        out = pipcache("list", *arguments, "--cache-dir", str(uv.root), "--format", "json").out
        return [each["project"] for each in json.loads(out)["artifacts"]]

    assert projects("--kind", "environment") == ["click"]
    assert projects("--store", "uv-wheels", "--kind", "wheel") == ["six"]
    assert projects("--unnamed") == []
    assert projects("click>=9") == []
