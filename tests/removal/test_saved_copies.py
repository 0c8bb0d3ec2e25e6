"""What `--save` leaves: whole copies under their names, or nothing at all."""

from __future__ import annotations

import errno
import os
import sys
from typing import TYPE_CHECKING

import pytest

from tests.support import archives
from tests.support.program import Program, run_limited

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.caches import CacheBuilder

URL = "https://files.example/"
posix = pytest.mark.skipif(sys.platform == "win32", reason="limits of resources are POSIX")


@pytest.fixture
def advisory(builder: CacheBuilder, tmp_path: Path) -> Path:
    """An advisory for two wheels in the cache, the second larger."""
    for version, size in (("1.0", 10), ("2.0", 60_000)):
        filename, data = archives.build_wheel("evil", version, members={"payload.bin": os.urandom(size)})
        builder.download(URL + filename, data)
    path = tmp_path / "evil.txt"
    path.write_text("evil==1.0\nevil==2.0\n", encoding="utf-8")
    return path


def everything(folder: Path) -> list[str]:
    """The names in a folder."""
    return sorted(path.name for path in folder.iterdir())


def test_whole_copies_and_their_notes_and_nothing_else(advisory: Path, program: Program, tmp_path: Path) -> None:
    ran = program("remove", "--advisory", str(advisory), "--yes", "--save", str(tmp_path / "kept"))
    assert ran.code == 0
    wheels = [f"evil-{version}-py3-none-any.whl" for version in ("1.0", "2.0")]
    lists = ["SHA256SUMS", "manifest.json"]
    assert everything(tmp_path / "kept") == sorted([*lists, *wheels, *(f"{name}.json" for name in wheels)])


@posix
@pytest.mark.parametrize("is_there", [False, True], ids=["a new folder", "a folder with a file"])
@pytest.mark.parametrize("size", [0, 100, 2_000, 30_000])
def test_a_full_disk_leaves_no_copy_and_removes_nothing(
    size: int, *, is_there: bool, advisory: Path, builder: CacheBuilder, tmp_path: Path
) -> None:
    kept = tmp_path / "kept"
    if is_there:
        kept.mkdir(0o700)
        (kept / "evil-1.0-py3-none-any.whl").write_bytes(b"mine")
    before = sorted(path for path in builder.root.rglob("*") if path.is_file())
    arguments = ["remove", "--advisory", str(advisory), "--yes", "--save", str(kept)]
    done = run_limited(builder.root, arguments, limits={"RLIMIT_FSIZE": size})
    assert done.returncode == 3
    assert os.strerror(errno.EFBIG) in done.stderr
    assert "Nothing was removed." in done.stderr
    assert "Traceback" not in done.stderr
    assert sorted(path for path in builder.root.rglob("*") if path.is_file()) == before
    if is_there:
        assert everything(kept) == ["evil-1.0-py3-none-any.whl"]
        assert (kept / "evil-1.0-py3-none-any.whl").read_bytes() == b"mine"
    else:
        assert not kept.exists()


def test_a_copy_that_ends_in_an_error_has_no_name(
    advisory: Path, program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[set[str]] = []

    def refuse(descriptor: int) -> None:
        del descriptor
        seen.append({name for name in everything(tmp_path / "kept") if name != "manifest.json"})
        if len(seen) > 2:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", refuse)
    ran = program("remove", "--advisory", str(advisory), "--yes", "--save", str(tmp_path / "kept"))
    assert ran.code == 3
    _, (draft,), *_ = seen  # the list is written first
    assert draft.endswith(".part")  # its name comes last
    assert not (tmp_path / "kept").exists()
    assert program("list", "evil").out.count("evil") == 2
