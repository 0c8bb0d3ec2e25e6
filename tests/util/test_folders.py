"""Folders are read as they are, also while somebody swaps them, and no link is followed."""

from __future__ import annotations

import os
import socket
import sys
from typing import TYPE_CHECKING

import pytest

from pipcache.util.files import HAS_DIR_FD
from pipcache.util.folders import MOST_LEVELS, Child, FileType, Folder, walk_tree
from tests.support.caches import chmod, fifo, link, look, make_old

if TYPE_CHECKING:
    from pathlib import Path

needs_dir_fd = pytest.mark.skipif(not HAS_DIR_FD, reason="the system cannot open files relative to a folder")


@pytest.fixture
def top(tmp_path: Path) -> Path:
    """A folder with one of everything, and beside it what nobody may read."""
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/secret").write_bytes(b"secret")
    top = tmp_path / "cache/a/top"
    (top / "b/c").mkdir(parents=True)
    (top / "empty").mkdir()
    (top / "b/c/deep").write_bytes(b"deep")
    (top / "z").write_bytes(b"z")
    link(top / "link", tmp_path / "outside")
    link(top / "b/file", tmp_path / "outside/secret")
    fifo(top / "pipe")
    return top


def walked(root: Path, path: str) -> list[tuple[str, FileType]]:
    with Folder.open(str(root), path) as folder:
        return [(item.path, item.type) for item in walk_tree(folder)]


def test_everything_below_a_folder_is_told_and_no_link_is_followed(top: Path, tmp_path: Path) -> None:
    make_old(tmp_path)
    look(tmp_path)
    before = look(tmp_path)
    assert walked(tmp_path, os.path.join("cache", "a", "top")) == [
        ("b/c/deep", FileType.FILE),
        ("b/file", FileType.LINK),
        ("link", FileType.LINK),
        ("pipe", FileType.SPECIAL),
        ("z", FileType.FILE),
    ]
    with Folder.open(str(tmp_path / "cache"), "a") as folder:
        assert folder.children() == [Child("top", FileType.FOLDER)]
        with folder.enter("top") as inside:
            assert inside.read("z", 9) == b"z"
            with inside.enter("b") as below, below.enter("c") as deep:
                assert deep.read("deep", 2) == b"de"
    assert look(tmp_path) == before
    assert top.exists()


def test_the_root_may_be_a_link_and_nothing_below_it(top: Path, tmp_path: Path) -> None:
    link(tmp_path / "root", tmp_path / "cache")
    assert walked(tmp_path / "root", "a")
    link(tmp_path / "cache/b", top.parent)
    for path in ("b", os.path.join("b", "top"), os.path.join("a", "top", "z"), os.path.join("a", "top", "pipe")):
        with pytest.raises(OSError, match="Errno"):
            Folder.open(str(tmp_path / "cache"), path)


@pytest.mark.parametrize("name", ["..", ".", "", "b/c", "../top", "/etc"])
def test_a_name_leads_to_what_is_in_the_folder(top: Path, name: str) -> None:
    with Folder.open(str(top.parent), "top") as folder, pytest.raises(NotADirectoryError):
        folder.enter(name)


@pytest.mark.parametrize("name", ["link", "pipe", "b", "absent"])
def test_only_a_regular_file_is_opened(top: Path, name: str) -> None:
    with Folder.open(str(top.parent), "top") as folder, pytest.raises(OSError, match="Errno"):
        folder.open_file(name)


@pytest.mark.skipif(sys.platform == "win32", reason="no such sockets")
def test_a_socket_is_nothing_to_read(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "a/s"))
        assert walked(tmp_path, "a") == [("s", FileType.SPECIAL)]


@needs_dir_fd
def test_a_folder_that_is_swapped_for_a_link_leads_nowhere(top: Path, tmp_path: Path) -> None:
    with Folder.open(str(tmp_path), "cache") as cache, cache.enter("a") as folder:
        (children,) = folder.children()
        assert children == Child("top", FileType.FOLDER)
        with folder.enter("top") as inside:
            # what was opened stays what it was, wherever its name leads by now
            (tmp_path / "cache/a").rename(tmp_path / "cache/moved")
            link(tmp_path / "cache/a", tmp_path / "outside")
            assert inside.read("z", 9) == b"z"
            (tmp_path / "cache/moved/top/b").rename(tmp_path / "cache/moved/top/was")
            link(tmp_path / "cache/moved/top/b", tmp_path / "outside")
            with pytest.raises(OSError, match="Errno"):
                inside.enter("b")
            (tmp_path / "cache/moved/top/z").unlink()
            link(tmp_path / "cache/moved/top/z", tmp_path / "outside/secret")
            with pytest.raises(OSError, match="Errno"):
                inside.open_file("z")
    assert top.parent.is_symlink()


@needs_dir_fd
def test_a_walk_does_not_leave_by_a_folder_that_is_swapped_meanwhile(top: Path, tmp_path: Path) -> None:
    seen = []
    with Folder.open(str(tmp_path), os.path.join("cache", "a", "top")) as folder:
        for item in walk_tree(folder):
            seen.append((item.path, item.error is None))
            if item.path == "b/c/deep":
                (top / "empty").rmdir()
                link(top / "empty", tmp_path / "outside")
    assert ("empty", False) in seen
    assert not [path for path, _ in seen if "secret" in path]


@pytest.mark.permissions
def test_a_folder_that_nobody_may_list_is_told(top: Path, tmp_path: Path) -> None:
    chmod(top / "b", 0)
    with Folder.open(str(tmp_path), os.path.join("cache", "a", "top")) as folder:
        items = list(walk_tree(folder))
    assert [item.path for item in items] == ["b", "link", "pipe", "z"]
    assert items[0].type is FileType.FOLDER
    assert isinstance(items[0].error, PermissionError)


def test_folders_are_entered_to_a_depth_and_then_told(tmp_path: Path) -> None:
    deep = tmp_path.joinpath("top", *["d"] * (MOST_LEVELS + 20))
    deep.mkdir(parents=True)
    (deep / "file").touch()
    with Folder.open(str(tmp_path), "top") as folder:
        (item,) = walk_tree(folder)
    assert item.path == "/".join(["d"] * (MOST_LEVELS + 1))
    assert item.error is not None


def test_a_folder_of_too_many_names_is_told(top: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipcache.util.folders.MOST_NAMES", 2)
    with Folder.open(str(top.parent.parent), "a") as folder:
        (item,) = walk_tree(folder)
    assert (item.path, item.type) == ("top", FileType.FOLDER)
    assert item.error is not None
    assert item.error.strerror == "more than 2 names in a folder"


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="nothing says which descriptors are open")
@pytest.mark.parametrize("most", [0, 1, 2, 99])
def test_a_walk_leaves_no_descriptor_open(top: Path, most: int) -> None:
    before = os.listdir("/proc/self/fd")
    with Folder.open(str(top.parent), "top") as folder:
        items = walk_tree(folder)
        for _ in range(most):
            next(items, None)
        del items
    assert os.listdir("/proc/self/fd") == before
