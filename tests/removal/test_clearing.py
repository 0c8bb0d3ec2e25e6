"""`clear`: everything pip can make again goes, by names and places alone; all else stays and is told of."""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING

import pytest

from tests.support import archives
from tests.support.caches import CacheBuilder
from tests.support.program import Program

if TYPE_CHECKING:
    from pathlib import Path

FILES = "https://files.example/packages/"
STORES = {"http-v2", "http", "wheels", "selfcheck"}


@pytest.fixture
def builder(tmp_path: Path) -> CacheBuilder:
    """One entry in each store, and what only old pips left."""
    builder = CacheBuilder(tmp_path / "cache")
    wheel = archives.build_wheel("foo", "1.0")
    builder.download(FILES + wheel[0], wheel[1])
    key = builder.legacy(FILES + wheel[0], wheel[1])
    builder.built({"url": f"{FILES}foo-1.0.tar.gz"}, *wheel)
    builder.selfcheck()
    builder.stray("selfcheck.json")
    builder.stray(builder.head(key, store="http").relative_to(builder.root).as_posix() + ".lock")
    return builder


@pytest.fixture
def program(builder: CacheBuilder, capsys: pytest.CaptureFixture[str]) -> Program:
    return Program(builder.root, capsys)


def age(root: Path, seconds: float = 3600) -> None:
    """Let everything have been touched this long ago, folders last."""
    then = time.time() - seconds
    for path in sorted(root.rglob("*"), reverse=True):
        os.utime(path, (then, then), follow_symlinks=False)


def files(builder: CacheBuilder) -> set[str]:
    """The names of the stores that still have files, and of files at the top."""
    left = (path.relative_to(builder.root) for path in builder.root.rglob("*") if not path.is_dir())
    return {path.parts[0] for path in left}


@pytest.mark.parametrize(
    ("options", "left"),
    [
        ([], set()),
        (["--http"], {"wheels", "selfcheck", "selfcheck.json"}),
        (["--wheels"], {"http-v2", "http", "selfcheck", "selfcheck.json"}),
        (["--selfcheck"], {"http-v2", "http", "wheels"}),
        (["--old-layouts"], {"http-v2", "wheels", "selfcheck"}),
        (["--http", "--wheels"], {"selfcheck", "selfcheck.json"}),
        (["--wheels", "--old-layouts"], {"http-v2", "selfcheck"}),
    ],
)
def test_the_options_narrow_it_and_combine(
    builder: CacheBuilder, program: Program, options: list[str], left: set[str]
) -> None:
    age(builder.root)
    before = files(builder)
    assert program("clear", "--dry-run", *options).code == 0
    assert files(builder) == before
    ran = program("clear", "--yes", *options)
    assert (ran.code, ran.err) == (0, "")
    assert files(builder) == left
    assert {path.name for path in builder.root.iterdir()} >= STORES


def test_folders_that_became_empty_go_and_so_do_those_that_were(builder: CacheBuilder, program: Program) -> None:
    for path in ("http-v2/f/f/f/f/f", "wheels/ff/ff", f"wheels/00/00/00/{'0' * 50}", "http/not-pips"):
        (builder.root / path).mkdir(parents=True)
    age(builder.root)
    assert program("clear", "--yes").code == 0
    folders = {path.relative_to(builder.root).as_posix() for path in builder.root.rglob("*")}
    assert folders == STORES | {"http/not-pips"}
    assert program("clear", "--yes").out == "Nothing to remove.\n"


def test_a_cache_that_cannot_be_decoded_is_cleared(builder: CacheBuilder, program: Program) -> None:
    for path in builder.root.rglob("*"):
        if path.is_file():
            path.write_bytes(os.urandom(50))
    age(builder.root)
    assert program("clear", "--yes").code == 0
    assert files(builder) == set()


def test_no_file_is_opened(builder: CacheBuilder, program: Program) -> None:
    age(builder.root)
    for path in builder.root.rglob("*"):
        if path.is_file():
            path.unlink()
            os.mkfifo(path.with_name("f"))  # whoever opens it waits for ever, and it is not pip's
            break
    assert program("clear", "--yes").code == 0
    assert [path.name for path in builder.root.rglob("*") if not path.is_dir()] == ["f"]


def test_what_is_left_is_told(builder: CacheBuilder, program: Program, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    builder.stray("notes.txt")
    builder.stray("http-v2/a/odd")
    (builder.root / "http-v2" / "link").symlink_to(outside)
    age(builder.root)
    ran = program("clear", "--yes")
    assert ran.code == 0
    assert ran.err.splitlines() == [
        "Left alone:",
        "  http-v2/link: a symbolic link, not followed",
        "  http-v2/a/odd: not a name pip gives",
        "  notes.txt: not pip's",
    ]
    left = program("clear", "--dry-run", "--format", "json").document["plan"]["left"]
    assert {record["path"] for record in left} == {"http-v2/a/odd", "http-v2/link", "notes.txt"}


def test_the_plan_is_summed_up_by_store(builder: CacheBuilder, program: Program) -> None:
    age(builder.root)
    header, *rows, total, _ = program("clear", "--dry-run").lines
    assert header.split() == ["STORE", "ENTRIES", "FILES", "SIZE", "WHAT"]
    assert [row.split()[:3] for row in rows] == [
        ["http-v2", "1", "2"],
        ["http", "1", "1"],
        ["http", "1", "1"],
        ["selfcheck", "2", "2"],
        ["wheels", "1", "2"],
    ]
    assert total.startswith("6 entries, 8 files, ")
    removals = program("clear", "--dry-run", "--format", "json").document["plan"]["removals"]
    assert {removal["artifact"] for removal in removals} == {None}
    assert [removal["reason"] for removal in removals].count("leftover") == 1


def test_a_missing_cache_and_an_emptied_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert Program(tmp_path / "missing", capsys)("clear", "--yes").code == 3
    for name in ("http-v2", "wheels"):
        (tmp_path / "emptied" / name).mkdir(parents=True)
    (tmp_path / "emptied" / "notes.txt").touch()
    assert Program(tmp_path / "emptied", capsys)("clear", "--yes").code == 0


def test_the_empty_folders_of_a_build_that_stays_are_no_part_of_the_plan(
    builder: CacheBuilder, program: Program
) -> None:
    building = builder.root / "wheels" / "aa" / "bb" / "cc" / ("d" * 50) / "tmpabcdefgh"
    (building / "empty").mkdir(parents=True)
    age(builder.root)
    os.utime(building, None)
    ran = program("clear", "--yes", "--format", "json")
    assert "tmpabcdefgh" in json.dumps(ran.document["plan"]["left"])
    assert ran.document["plan"]["empty_folders"] == []
    assert (building / "empty").is_dir()


def test_the_empty_folders_of_a_build_that_was_left_behind_go_with_it(
    builder: CacheBuilder, program: Program
) -> None:
    building = builder.root / "wheels" / "aa" / "bb" / "cc" / ("d" * 50) / "tmpabcdefgh"
    (building / "empty").mkdir(parents=True)
    age(builder.root)
    assert program("clear", "--yes").code == 0
    assert not building.exists()
