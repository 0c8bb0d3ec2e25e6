"""What is kept of the status of a file is what the system says of it."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest

from pipcache.util.files import File, is_folder

if TYPE_CHECKING:
    from pathlib import Path

TIMES = (0, 1, 999_999_999, 1_600_000_000_123_456_789, 1_790_000_000_999_999_999)
FIELDS = (
    "st_mode",
    "st_size",
    "st_mtime_ns",
    "st_atime_ns",
    "st_ctime_ns",
    "st_dev",
    "st_ino",
    "st_nlink",
    "st_uid",
)


@pytest.mark.parametrize("written", TIMES)
@pytest.mark.parametrize("used", TIMES)
def test_each_field_is_that_of_the_system(tmp_path: Path, written: int, used: int) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"some bytes")
    os.utime(path, ns=(used, written))
    status = path.lstat()
    file = File("file", status)
    assert [getattr(file.stat, name) for name in FIELDS] == [getattr(status, name) for name in FIELDS]
    assert (file.stat.st_mtime, file.stat.st_atime) == (status.st_mtime, status.st_atime)
    assert file.size == 10
    assert file.allocated == getattr(status, "st_blocks", 10 / 512) * 512


def test_links_folders_and_hard_links_are_told_apart(tmp_path: Path) -> None:
    for name in ("folder", "other"):
        (tmp_path / name).mkdir()
    (tmp_path / "link").symlink_to("folder")
    (tmp_path / "file").write_bytes(b"")
    os.link(tmp_path / "file", tmp_path / "again")
    files = {path.name: File(path.name, path.lstat()) for path in tmp_path.iterdir()}
    assert {name for name, file in files.items() if is_folder(file.stat)} == {"folder", "other"}
    assert stat.S_ISLNK(files["link"].stat.st_mode)
    assert files["file"].stat.st_nlink == files["again"].stat.st_nlink == 2
    assert files["file"].stat.st_ino == files["again"].stat.st_ino
    assert files["file"] == File("file", (tmp_path / "file").lstat())
    assert files["file"] != files["again"]
