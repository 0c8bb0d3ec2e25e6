"""What shares a name with something that could not be looked at is no orphan: it is not whole, and it stays."""

from __future__ import annotations

import errno
import os
import sys
from typing import TYPE_CHECKING, Self

import pytest

from pipcache.store.cache import Cache
from pipcache.store.entries import UnreadableEntry
from tests.support import archives
from tests.support.faults import Fault, Lasting, failing

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.caches import CacheBuilder
    from tests.support.program import Program

URL = "https://files.example/foo-1.0-py3-none-any.whl"
WHEEL = archives.build_wheel("foo", "1.0")
REMOVALS = (
    ("prune",),
    ("prune", "--older-than", "1d"),
    ("clear", "--yes"),
    ("remove", "*", "--yes"),
)


def age(root: Path) -> None:
    """Let everything be old enough for no pip to be at work on it."""
    for path in root.rglob("*"):
        os.utime(path, (1_600_000_000, 1_600_000_000))


def files(root: Path) -> set[str]:
    return {path.name for path in root.rglob("*") if path.is_file()}


@pytest.mark.parametrize("lasting", Lasting)
@pytest.mark.parametrize("error", [errno.EIO, errno.EACCES, errno.ESTALE, errno.ENOENT], ids=errno.errorcode.get)
@pytest.mark.parametrize("part", ["head", "body"])
@pytest.mark.parametrize("command", REMOVALS, ids=" ".join)
def test_no_removal_takes_half_a_pair(
    command: tuple[str, ...], part: str, error: int, lasting: Lasting, builder: CacheBuilder, program: Program
) -> None:
    key = builder.download(URL, WHEEL[1])
    age(builder.root)
    place = "lstat", key if part == "head" else f"{key}.body"
    with failing(builder.root, Fault(0, error, lasting, place)):
        ran = program(*command)
    assert ran.code == 3
    assert files(builder.root) == {key, f"{key}.body"}


@pytest.mark.parametrize("part", ["foo-1.0-py3-none-any.whl", "foo-2.0-py3-none-any.whl", "origin.json"])
@pytest.mark.parametrize("command", REMOVALS, ids=" ".join)
def test_the_wheels_of_a_folder_and_their_origin_stay_together(
    command: tuple[str, ...], part: str, builder: CacheBuilder, program: Program
) -> None:
    origin = {"url": "https://files.example/foo-1.0.tar.gz"}
    builder.built(origin, *WHEEL)
    builder.built(origin, *archives.build_wheel("foo", "2.0"))
    age(builder.root)
    before = files(builder.root)
    assert len(before) == 3
    with failing(builder.root, Fault(0, place=("lstat", part))):
        ran = program(*command)
    assert ran.code == 3
    assert files(builder.root) == before


def test_a_listing_that_breaks_off_makes_no_orphans(builder: CacheBuilder) -> None:
    key = builder.download(URL, WHEEL[1])
    folder = str(builder.head(key).parent)
    with failing(builder.root, Fault(0)) as system:
        Cache(str(builder.root)).survey()
    steps = [at for at, call in enumerate(system.calls, 1) if call == ("readdir", folder)]
    assert len(steps) == 3  # two files and the end
    for at in steps:
        with failing(builder.root, Fault(at, errno.EIO)):
            entries = Cache(str(builder.root)).scan()
        assert all(isinstance(entry, UnreadableEntry) for entry in entries), entries


def test_what_is_listed_and_said_to_be_missing_is_told(builder: CacheBuilder, program: Program) -> None:
    key = builder.download(URL, WHEEL[1])
    for place in (("scandir", f"/http-v2/{key[0]}"), ("lstat", f"{key}.body")):
        for command in (("verify",), ("audit", "bar")):
            with failing(builder.root, Fault(0, errno.ENOENT, Lasting.PLACE, place)):
                assert program(*command).code == 3


def test_what_is_gone_is_no_gap(builder: CacheBuilder, program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    """pip removes an entry while its folder is being listed: that is no fault of the disk."""
    key = builder.download(URL, WHEEL[1])
    other = builder.download("https://files.example/other", WHEEL[1])
    listing = os.scandir

    def scandir(path: str) -> object:
        if path.endswith(f"/{'/'.join(key[:5])}"):
            entries = list(listing(path))
            builder.head(key).unlink(missing_ok=True)
            builder.body(key).unlink(missing_ok=True)
            return _Listed(entries)
        return listing(path)

    monkeypatch.setattr(os, "scandir", scandir)
    ran = program("list", "--format", "json")
    assert ran.code == 0
    assert [artifact["key"] for artifact in ran.document["artifacts"]] == [other]


class _Listed(list["os.DirEntry[str]"]):
    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        pass


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights on Windows")
@pytest.mark.parametrize(("name", "code"), [("stray", 0), ("http", 3), ("http-v2/a/link", 3), ("elsewhere", 0)])
def test_only_a_link_where_pip_looks_can_hide_entries(
    name: str, code: int, builder: CacheBuilder, program: Program, tmp_path: Path
) -> None:
    builder.download(URL, WHEEL[1])
    (builder.root / name).parent.mkdir(parents=True, exist_ok=True)
    (builder.root / name).symlink_to(tmp_path)
    assert program("audit", "bar").code == code
