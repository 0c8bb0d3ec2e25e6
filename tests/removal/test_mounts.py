"""Other file systems that are mounted in a cache: nothing is removed there, and that is told."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Self

import pytest

from pipcache.removal.executor import carry_out
from pipcache.removal.plan import OTHER_FILE_SYSTEM, Plan, Reason, Removal
from pipcache.store.cache import Cache
from pipcache.store.entries import entry_files, is_made_by_pip
from tests.support import archives

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.caches import CacheBuilder
    from tests.support.program import Program

WHEEL = archives.build_wheel("foo", "1.0")


@pytest.fixture
def mount(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], None]:
    """Lets a folder, and all below it, be on another device; only root can mount something."""

    def mounted(folder: Path) -> None:
        inodes = {path.stat().st_ino for path in (folder, *folder.rglob("*"))}

        def elsewhere(real: Callable[..., os.stat_result]) -> Callable[..., os.stat_result]:
            def look(*arguments: Any, **options: Any) -> os.stat_result:
                status = real(*arguments, **options)
                if status.st_ino not in inodes:
                    return status
                # those behind the tuple's ten; Python 3.13 takes no others
                fields = {name: getattr(status, name) for name in dir(status) if name.startswith("st_")}
                for name in ("mode", "ino", "dev", "nlink", "uid", "gid", "size"):
                    del fields[f"st_{name}"]
                return os.stat_result((*status[:2], status.st_dev + 1, *status[3:]), fields)

            return look

        for name in ("stat", "lstat", "fstat"):
            real = getattr(os, name)
            fake = elsewhere(real)
            if real in os.supports_dir_fd:
                monkeypatch.setattr(os, "supports_dir_fd", {*os.supports_dir_fd, fake})
            monkeypatch.setattr(os, name, fake)
        scan = os.scandir
        monkeypatch.setattr(os, "scandir", lambda folder: Listing(scan(folder)))

    return mounted


class Listing:
    """What ``os.scandir`` returns, with the statuses that ``os.stat`` has."""

    def __init__(self, entries: Any) -> None:
        self._entries = entries

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._entries.close()

    def __iter__(self) -> Iterator[ListedFile]:
        return map(ListedFile, self._entries)


class ListedFile:
    """An ``os.DirEntry``, with the status that ``os.stat`` has."""

    def __init__(self, entry: os.DirEntry[str]) -> None:
        self.name, self.path = entry.name, entry.path
        self.is_dir, self.is_file, self.is_symlink = entry.is_dir, entry.is_file, entry.is_symlink

    def stat(self, *, follow_symlinks: bool = True) -> os.stat_result:
        return os.stat(self.path, follow_symlinks=follow_symlinks)


def age(root: Path) -> None:
    for path in sorted(root.rglob("*"), reverse=True):
        os.utime(path, (1_600_000_000, 1_600_000_000))


@pytest.mark.parametrize("depth", [0, 1, 5], ids=["a store", "a folder", "the last folder"])
def test_clear_tells_of_it_and_takes_the_rest(
    depth: int, builder: CacheBuilder, program: Program, mount: Callable[[Path], None]
) -> None:
    key = builder.download("https://files.example/" + WHEEL[0], WHEEL[1])
    built = builder.built({"url": "https://files.example/foo-1.0.tar.gz"}, *WHEEL)
    age(builder.root)
    folder = builder.root.joinpath("http-v2", *key[:depth])
    mount(folder)
    ran = program("clear", "--yes", "--format", "json")
    assert ran.code == 3
    assert ran.document["plan"]["left"] == [
        {"path": folder.relative_to(builder.root).as_posix(), "why": OTHER_FILE_SYSTEM}
    ]
    assert builder.head(key).exists()
    assert builder.body(key).exists()
    assert not builder.folder(built).exists()


def test_an_empty_folder_there_stays_too(
    builder: CacheBuilder, program: Program, mount: Callable[[Path], None]
) -> None:
    builder.download("https://files.example/" + WHEEL[0], WHEEL[1])
    empty = builder.root / "http" / "a" / "b"
    empty.mkdir(parents=True)
    age(builder.root)
    mount(empty)
    program("clear", "--yes")
    assert empty.is_dir()


def test_no_other_removal_crosses_it_either(
    builder: CacheBuilder, program: Program, mount: Callable[[Path], None]
) -> None:
    key = builder.download("https://files.example/" + WHEEL[0], WHEEL[1])
    age(builder.root)
    mount(builder.root / "http-v2" / key[0])
    ran = program("remove", "foo", "--yes")
    assert ran.code == 3
    assert OTHER_FILE_SYSTEM in ran.err
    assert "permissions" not in ran.err  # they would not help
    assert builder.body(key).exists()


@pytest.mark.parametrize("use_descriptors", [True, False])
def test_the_removal_itself_looks_at_each_folder(
    builder: CacheBuilder, mount: Callable[[Path], None], *, use_descriptors: bool
) -> None:
    key = builder.download("https://files.example/" + WHEEL[0], WHEEL[1])
    cache = Cache(str(builder.root))
    entries = [entry for entry in cache.scan() if is_made_by_pip(entry)]
    plan = Plan(tuple(Removal(entry, entry_files(entry), Reason.STORE, "") for entry in entries))
    mount(builder.head(key).parent)
    outcome = carry_out(cache, plan, use_descriptors=use_descriptors)
    assert outcome.files == 0
    assert builder.head(key).exists()


def test_all_on_one_file_system_goes(builder: CacheBuilder, program: Program) -> None:
    builder.download("https://files.example/" + WHEEL[0], WHEEL[1])
    age(builder.root)
    assert program("clear", "--yes").code == 0
    assert not any(path.is_file() for path in builder.root.rglob("*"))


def test_files_on_the_device_of_the_cache_spare_a_look_at_their_folders(
    builder: CacheBuilder, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(30):
        builder.download(f"https://files.example/{number}/{WHEEL[0]}", WHEEL[1])
    age(builder.root)
    looked_at: list[str] = []
    look = os.lstat

    def counted(path: Any, **options: Any) -> os.stat_result:
        looked_at.append(os.fspath(path))
        return look(path, **options)

    monkeypatch.setattr(os, "lstat", counted)
    assert program("clear", "--dry-run").code == 0
    # whether the cache is empty was looked for in a single folder
    assert len([path for path in looked_at if f"{os.sep}http-v2{os.sep}" in path]) <= 5
