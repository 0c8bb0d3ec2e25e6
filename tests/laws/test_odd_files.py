"""Links, holes, folders and unreadable files among the entries are rows or gaps."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pipcache.inventory.collector import Need, read_inventory
from pipcache.query.selector import parse_selector
from pipcache.store.cache import Cache
from pipcache.verify.context import is_judged
from pipcache.verify.details import describe
from pipcache.verify.lock_index import LockIndex
from pipcache.verify.verifier import VerifyOptions
from tests.support import archives, caches
from tests.support.answers import COMMANDS, FILE, MEGABYTE, SIMPLE, WHEEL, Answer, check, page, posix
from tests.support.caches import CacheBuilder
from tests.support.judging import Silent, verify
from tests.support.slow import slow_but

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

pytestmark = pytest.mark.usefixtures("alone")


def ordinary(builder: CacheBuilder) -> dict[str, Path]:
    """A download, an old one, a built wheel and a page; the paths of all their files."""
    sdist = archives.build_sdist("foo", "1.0")[1]
    download = builder.download(f"{FILE}foo-1.0-py3-none-any.whl", WHEEL[1])
    legacy = builder.legacy(f"{FILE}foo-1.0.tar.gz", sdist)
    built = builder.built({"url": f"{FILE}foo-1.0.tar.gz"}, *WHEEL)
    listing = builder.download(
        "https://index.example/simple/foo/",
        page("foo", "foo-1.0.tar.gz", WHEEL[0]),
        headers=caches.FILE_HEADERS | {"Content-Type": SIMPLE},
    )
    return {
        "head": builder.head(download),
        "body": builder.body(download),
        "old entry": builder.head(legacy, store="http"),
        "built wheel": builder.folder(built) / WHEEL[0],
        "origin": builder.folder(built) / "origin.json",
        "head of a page": builder.head(listing),
        "body of a page": builder.body(listing),
        "note": builder.root / "selfcheck" / builder.selfcheck(),
    }


PARTS = ("head", "body", "old entry", "built wheel", "origin", "head of a page", "body of a page", "note")


def become_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def become_loop(path: Path) -> None:
    caches.link(path, path)


def lead_outside(path: Path) -> None:
    caches.link(path, Path(__file__))


def become_hole(path: Path) -> None:
    caches.cut(path, 0)
    caches.grow(path, 20 * MEGABYTE)


DAMAGE: dict[str, Callable[[Path], None]] = {
    "removed": caches.remove,
    "emptied": lambda path: caches.cut(path, 0),
    "halved": lambda path: caches.cut(path, path.stat().st_size // 2),
    "a pipe": caches.fifo,
    "a folder": become_folder,
    "a link to itself": become_loop,
    "a link elsewhere": lead_outside,
    "a hole": become_hole,
}


@posix
@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("damage", slow_but(1, DAMAGE))
def test_an_odd_file_is_a_row_or_a_gap(
    damage: str, part: str, tmp_path: Path, ask: Callable[[Path, Sequence[str]], Answer]
) -> None:
    builder = CacheBuilder(tmp_path / "cache")
    DAMAGE[damage](ordinary(builder)[part])
    for command in COMMANDS:
        answer = ask(builder.root, command)
        check(command, answer)
        assert b"print only harmless text" not in answer.out + answer.err


@posix
@pytest.mark.parametrize("damage", [name for name in DAMAGE if name != "emptied"])
def test_what_changes_between_the_look_and_the_reading_is_a_row_too(damage: str, tmp_path: Path) -> None:
    """The walk has seen ordinary files; when they are opened, pip or somebody else has been there."""
    builder = CacheBuilder(tmp_path / "cache")
    paths = ordinary(builder)

    def strike(items: Iterable[object], length: int, label: str) -> Iterable[object]:
        del length, label
        listed = list(items)
        for path in paths.values():
            if os.path.lexists(path):
                DAMAGE[damage](path)
        paths.clear()
        return listed

    root = str(builder.root)
    need = Need(deep=True, everything=True, exact=True, selectors=(parse_selector("foo"),))
    artifacts = read_inventory(Cache(root), need, track=strike)  # type: ignore[arg-type]  # it keeps the items' type
    assert sorted(artifact.store for artifact in artifacts) == [
        "http",
        "http-v2",
        "http-v2",
        "selfcheck",
        "wheels",
    ]
    for details in describe(Cache(root), artifacts, artifacts, {}):
        assert details.artifact.store
    verified = verify(
        Cache(root), artifacts, artifacts, VerifyOptions(LockIndex()), index_urls=tuple, meter=Silent()
    )
    assert len(verified.judgements) + verified.gone == sum(
        is_judged(artifact, LockIndex()) for artifact in artifacts
    )
    assert verified.not_reached == 0


@pytest.mark.permissions
@pytest.mark.parametrize("command", [command for command in COMMANDS if "paths" not in command])
@pytest.mark.parametrize("part", PARTS)
def test_what_may_not_be_read_is_told_and_the_rest_is_shown(
    part: str, command: tuple[str, ...], tmp_path: Path, ask: Callable[[Path, Sequence[str]], Answer]
) -> None:
    builder = CacheBuilder(tmp_path / "cache")
    path = ordinary(builder)[part]
    caches.chmod(path, 0)
    answer = ask(builder.root, command)
    caches.chmod(path, 0o600)
    check(command, answer)
    if part in {"head", "body", "old entry"}:
        if command[0] == "verify":
            assert answer.code == 1  # the page of this cache promises false digests of the other archive
            assert "unreadable" in answer.text
        else:
            assert answer.code == 3
