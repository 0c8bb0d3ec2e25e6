"""An unpacked wheel is held against its RECORD: what was changed, what is missing, what was added."""

from __future__ import annotations

import os
import shutil
from base64 import urlsafe_b64encode
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest

from pipcache.archive.flaw import Defect, Flaw
from pipcache.archive.start_files import runs_at_start
from pipcache.archive.unpacked_check import check_unpacked
from pipcache.util.folders import Folder
from pipcache.util.progress import Stopped, no_tick
from tests.support.archives import build_wheel
from tests.support.caches import chmod, fifo, link, look, make_old
from tests.support.uv_caches import unzip, write_all

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

INFO = "foo-1.0.dist-info"


def unpacked(tmp_path: Path, members: Mapping[str, bytes] | None = None) -> Path:
    """The folder of a wheel that uv unpacked."""
    folder = tmp_path / "archive"
    write_all(folder, unzip(build_wheel("foo", "1.0", members={"foo/a.py": b"A = 1\n", **(members or {})})[1]))
    return folder


def flaws_of(folder: Path) -> list[Flaw]:
    with Folder.open(str(folder.parent), folder.name) as opened:
        return list(check_unpacked(opened, no_tick))


def defects(folder: Path) -> list[tuple[Defect, str]]:
    return [(flaw.defect, flaw.where) for flaw in flaws_of(folder)]


def test_a_wheel_as_it_was_published_has_no_flaw(tmp_path: Path) -> None:
    folder = unpacked(tmp_path, {"foo-1.0.data/scripts/run": b"#!python\n", "foo.libs/libx.so": b"\x7fELF"})
    (folder / "empty").mkdir()
    make_old(folder)
    before = look(folder)
    assert defects(folder) == []
    assert look(folder) == before


def test_what_was_changed_and_what_is_missing_is_told(tmp_path: Path) -> None:
    folder = unpacked(tmp_path)
    (folder / "foo/a.py").write_bytes(b"A = 2\n")
    (folder / "foo/__init__.py").unlink()
    (changed, missing) = flaws_of(folder)
    assert (changed.defect, changed.where) == (Defect.RECORD_DIGEST, "foo/a.py")
    assert changed.expected.startswith("sha256=")
    assert changed.actual.startswith("sha256=")
    assert (missing.defect, missing.where) == (Defect.RECORD_MISSING, "foo/__init__.py")


@pytest.mark.parametrize("size", [0, 1, 5, 7, 1 << 20])
def test_a_file_of_another_length_is_changed(tmp_path: Path, size: int) -> None:
    folder = unpacked(tmp_path)
    (folder / "foo/a.py").write_bytes(b"A = 1\n"[:size].ljust(size, b"\n"))
    assert defects(folder) == [(Defect.RECORD_DIGEST, "foo/a.py")]


ADDED = [
    "evil.pth",
    "foo/b.py",
    "foo/__pycache__/a.cpython-311.pyc",
    f"{INFO}/INSTALLER",
    f"{INFO}/direct_url.json",
]


@pytest.mark.parametrize("name", ADDED)
def test_what_was_added_is_told(tmp_path: Path, name: str) -> None:
    folder = unpacked(tmp_path)
    write_all(folder, {name: b"import os\n"})
    assert defects(folder) == [(Defect.RECORD_UNLISTED, name)]


def test_what_runs_at_each_start_comes_first_and_says_so(tmp_path: Path) -> None:
    folder = unpacked(tmp_path)
    write_all(folder, {"a.py": b"", "b.py": b"", "evil.pth": b"import evil\n", "sitecustomize.py": b""})
    flaws = flaws_of(folder)
    assert [flaw.where for flaw in flaws] == ["evil.pth", "sitecustomize.py", "a.py", "b.py"]
    assert [flaw.actual for flaw in flaws] == ["none, and Python runs it at each start"] * 2 + ["none"] * 2


@pytest.mark.parametrize(
    ("name", "runs"),
    [
        *(("evil.pth", True), ("EVIL.PTH", True), ("./evil.pth", True), ("foo-1.data/purelib/evil.pth", True)),
        *(("foo-1.data/platlib/x.pth", True), ("sitecustomize.py", True), ("usercustomize/__init__.py", True)),
        *(("sitecustomize.cpython-311-x86_64-linux-gnu.so", True), ("foo/evil.pth", False), ("pth", False)),
        *(("foo-1.data/data/lib/python3.11/site-packages/x.pth", True), ("foo-1.data/data/lib/x.pth", False)),
        *(("foo-1.data/data/Lib/site-packages/sitecustomize.py", True), ("site-packages/x.pth", False)),
        *(("foo-1.data/data/evil.pth", False), ("foo/sitecustomize.py", False), ("sitecustomize2.py", False)),
    ],
)
def test_what_python_runs_at_each_start(name: str, runs: bool) -> None:  # noqa: FBT001 - a case
    assert runs_at_start(name) is runs


def test_a_pth_file_that_record_knows_is_part_of_the_wheel(tmp_path: Path) -> None:
    assert defects(unpacked(tmp_path, {"distutils-precedence.pth": b"import os\n"})) == []


def test_links_and_pipes_are_told_and_not_followed(tmp_path: Path) -> None:
    folder = unpacked(tmp_path)
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/secret.py").write_bytes(b"A = 1\n")
    (folder / "foo/a.py").unlink()
    link(folder / "foo/a.py", tmp_path / "outside/secret.py")  # with the bytes that RECORD has
    link(folder / "bar", tmp_path / "outside")
    fifo(folder / "foo/pipe")
    assert defects(folder) == [
        (Defect.CLIMBS, "bar"),
        (Defect.CLIMBS, "foo/a.py"),
        (Defect.CLIMBS, "foo/pipe"),
    ]


@pytest.mark.permissions
def test_what_cannot_be_read_is_not_judged_and_not_missing(tmp_path: Path) -> None:
    folder = unpacked(tmp_path, {"bar/b.py": b"", "bar/c/d.py": b""})
    chmod(folder / "foo/a.py", 0)
    chmod(folder / "bar", 0)
    assert defects(folder) == [(Defect.UNREADABLE, "bar"), (Defect.UNREADABLE, "foo/a.py")]


@pytest.mark.skipif(not hasattr(os, "posix_fallocate"), reason="files have no holes")
def test_a_giant_file_full_of_holes_is_not_read(tmp_path: Path) -> None:
    folder = unpacked(tmp_path)
    with (folder / "foo/a.py").open("r+b") as file:
        file.truncate(1 << 42)
    (flaw,) = flaws_of(folder)
    assert (flaw.defect, flaw.where) == (Defect.UNREADABLE, "foo/a.py")
    assert flaw.actual.startswith("too much in it: 4,398,046,511,104 bytes that take ")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ("none", (Defect.NO_RECORD, f"{INFO}/RECORD")),
        ("empty", (Defect.NO_RECORD, f"{INFO}/RECORD")),
        ("bytes", (Defect.NO_RECORD, f"{INFO}/RECORD")),
        ("no folder", (Defect.NO_RECORD, "")),
        ("link", (Defect.NO_RECORD, f"{INFO}/RECORD")),
        ("folder", (Defect.NO_RECORD, f"{INFO}/RECORD")),
        ("pipe", (Defect.NO_RECORD, f"{INFO}/RECORD")),
    ],
)
def test_without_a_record_the_wheel_is_damaged(tmp_path: Path, change: str, expected: tuple[Defect, str]) -> None:
    folder = unpacked(tmp_path)
    record = folder / INFO / "RECORD"
    if change not in {"bytes", "no folder"}:
        record.unlink()
    changes: dict[str, Callable[[], object]] = {
        "none": record.exists,
        "empty": record.touch,
        "bytes": lambda: record.write_bytes(b"\xff\xfe\x00"),
        "no folder": lambda: record.parent.rename(folder / "info"),
        "link": lambda: link(record, tmp_path / "outside"),
        "folder": record.mkdir,
        "pipe": lambda: fifo(record),
    }
    changes[change]()
    assert defects(folder)[:1] == [expected]


@pytest.mark.permissions
@pytest.mark.parametrize("name", ["RECORD", "."])
def test_with_a_record_that_cannot_be_read_nothing_is_judged(tmp_path: Path, name: str) -> None:
    folder = unpacked(tmp_path)
    chmod(folder / INFO / name, 0)
    assert defects(folder) == [(Defect.UNREADABLE, f"{INFO}/RECORD")]


def test_of_several_dist_info_folders_only_that_of_the_wheel_counts(tmp_path: Path) -> None:
    folder = unpacked(tmp_path)
    write_all(folder, {"bar-1.0.dist-info/METADATA": b"", "evil.py": b""})
    unlisted = [(Defect.RECORD_UNLISTED, "bar-1.0.dist-info/METADATA"), (Defect.RECORD_UNLISTED, "evil.py")]
    assert defects(folder) == unlisted
    # one with a RECORD of its own hides nothing: what it does not list is unlisted, and what it lists is missing
    write_all(folder, {"bar-1.0.dist-info/RECORD": b"evil.py,,\n"})
    assert {defect for defect, _ in defects(folder)} >= {Defect.RECORD_UNLISTED}


def test_an_interruption_ends_the_reading(tmp_path: Path) -> None:
    folder = unpacked(tmp_path)

    def tick(size: int = 0) -> None:
        raise Stopped(size)

    with Folder.open(str(folder.parent), folder.name) as opened, pytest.raises(Stopped):
        list(check_unpacked(opened, tick))


def test_a_second_record_does_not_speak_for_what_the_first_lacks(tmp_path: Path) -> None:
    """uv up to 0.9 at least installs all of it without a word; newer ones refuse it."""
    folder = unpacked(tmp_path)
    (folder / "evil.pth").write_bytes(b"import os\n")
    for other in ("Foo-1.0.0.dist-info", "aaa-1.0.dist-info", "zzz-1.0.dist-info"):
        (folder / other).mkdir()
        lines = [f"{path.relative_to(folder).as_posix()},{_digest(path)}," for path in _files(folder)]
        (folder / other / "RECORD").write_text("\n".join([*lines, f"{other}/RECORD,,", ""]), encoding="utf-8")
        flaws = defects(folder)
        assert flaws[0] == (Defect.RECORD_UNLISTED, "evil.pth")
        assert {defect for defect, _ in flaws} == {Defect.RECORD_UNLISTED}
        if other != "Foo-1.0.0.dist-info":
            shutil.rmtree(folder / other)
    for number in range(8):
        shutil.copytree(folder / "Foo-1.0.0.dist-info", folder / f"a{number}.dist-info")
    assert [defect for defect, _ in defects(folder)] == [Defect.UNREADABLE]


def _files(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.rglob("*")) if path.is_file()]


def _digest(path: Path) -> str:
    return "sha256=" + urlsafe_b64encode(sha256(path.read_bytes()).digest()).rstrip(b"=").decode()


@pytest.mark.parametrize("content", [None, b"", b"\xff\xfe"])
def test_without_a_record_nothing_knows_what_runs_at_each_start(content: bytes | None, tmp_path: Path) -> None:
    folder = unpacked(tmp_path)
    (folder / "evil.pth").write_bytes(b"import os\n")
    if content is None:
        (folder / INFO / "RECORD").unlink()
    else:
        (folder / INFO / "RECORD").write_bytes(content)
    assert defects(folder) == [(Defect.NO_RECORD, f"{INFO}/RECORD"), (Defect.RECORD_UNLISTED, "evil.pth")]
    shutil.rmtree(folder / INFO)
    assert defects(folder) == [(Defect.NO_RECORD, ""), (Defect.RECORD_UNLISTED, "evil.pth")]
