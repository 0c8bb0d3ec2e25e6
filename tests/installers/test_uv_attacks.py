"""Whoever can write into uv's cache can make the reader neither leave it, nor fail, nor wait."""

from __future__ import annotations

import os
import random
import shutil
from typing import TYPE_CHECKING

import pytest

from pipcache.util.files import HAS_DIR_FD
from tests.support.archives import build_wheel
from tests.support.caches import chmod, fifo, flip, link, look, make_old
from tests.support.program import Program
from tests.support.uv_caches import BASE, NEWEST, UvCache, cuts, pack, unzip, with_policy, write_all

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SECRET = "topsecret"

COMMANDS = (
    ("list", "--all"),
    ("list", "--all", "--format", "json"),
    ("show", "*", "--format", "json"),
    ("info",),
    ("verify", "--format", "json"),
    ("verify",),
    ("audit", "six==1.17.0", "--format", "json"),
)


@pytest.fixture
def uv(tmp_path: Path) -> UvCache:
    """A cache with one of everything, and beside it a folder that nothing in it may lead to."""
    cache = UvCache(tmp_path / "uv")
    cache.wheel("six", "1.17.0", members={"six/a/b.py": b"B = 1\n"})
    cache.wheel("idna", "3.10", place="url/939c2be22cc811eb", is_local=True)
    cache.sdist("docopt", "0.6.2")
    cache.seen("rich", "13.0")
    cache.environment(("click", "8.0"))
    cache.environment(("litellm", "1.82.7"), script="s")
    cache.killed("big", "1.0")
    # whatever is read there shows in what is said
    members = unzip(build_wheel(SECRET, "6.6.6")[1])
    write_all(
        tmp_path / "outside", {**members, f"lib/python3.11/site-packages/{SECRET}-6.6.6.dist-info/METADATA": b""}
    )
    write_all(tmp_path / "outside", {f"{SECRET}.msgpack": pack([SECRET, "6.6.6"]), "pyvenv.cfg": b"home = /usr\n"})
    return cache


def run_all(cache: UvCache, capsys: pytest.CaptureFixture[str], *, codes: set[int]) -> None:
    """Run every command that reads: none fails, none shows what lies outside, none changes anything."""
    make_old(cache.root.parent)
    look(cache.root.parent)
    before = look(cache.root.parent)
    for arguments in COMMANDS:
        ran = Program(cache.root, capsys)(*arguments)
        assert SECRET not in ran.out + ran.err, arguments
        assert "Traceback" not in ran.err
        assert ran.code in codes, (arguments, ran.code, ran.err)
    assert look(cache.root.parent) == before


def archives(cache: UvCache) -> list[Path]:
    return sorted(path for path in (cache.root / "archive-v0").iterdir() if not path.is_symlink())


def test_a_healthy_cache_leads_nowhere(uv: UvCache, capsys: pytest.CaptureFixture[str]) -> None:
    run_all(uv, capsys, codes={0, 1})


def test_links_in_place_of_folders_are_not_followed(
    uv: UvCache, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for archive in archives(uv):
        shutil.rmtree(archive)
        link(archive, tmp_path / "outside")
    run_all(uv, capsys, codes={0, 1, 3})


@pytest.mark.parametrize("depth", [1, 2, 3, 4])
def test_no_folder_at_any_depth_may_be_a_link(
    uv: UvCache, tmp_path: Path, capsys: pytest.CaptureFixture[str], depth: int
) -> None:
    folders = [path for path in uv.root.glob("/".join(["*"] * depth)) if path.is_dir() and not path.is_symlink()]
    assert folders
    for folder in folders:
        if folder.exists():
            shutil.rmtree(folder)
            link(folder, tmp_path / "outside")
    run_all(uv, capsys, codes={0, 1, 3})


def test_no_file_may_be_a_link(uv: UvCache, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    metadata = next((tmp_path / "outside").glob("*.dist-info/METADATA"))
    for path in sorted(uv.root.rglob("*")):
        if path.is_file() and not path.is_symlink() and path.suffix != ".TAG":
            path.unlink()
            link(
                path, metadata if path.name in {"METADATA", "PKG-INFO"} else tmp_path / f"outside/{SECRET}.msgpack"
            )
    run_all(uv, capsys, codes={0, 1, 3})


@pytest.mark.parametrize(
    "name", ["../../x", "../../../outside", "..", "/etc", "a/b", "../uv/archive-v0", "A" * 300, "\x1b[2J" * 4]
)
def test_a_pointer_to_elsewhere_leads_nowhere(uv: UvCache, capsys: pytest.CaptureFixture[str], name: str) -> None:
    (path,) = uv.root.glob("wheels-v8/pypi/six/*.http")
    value = [name, [], "six-1.17.0-py2.py3-none-any.whl", 0, 5]
    path.write_bytes(with_policy(NEWEST, pack(value), f"{BASE}six.whl"))
    run_all(uv, capsys, codes={0, 1, 3})


@pytest.mark.slow
def test_a_pointer_cut_at_each_byte_is_read_or_passed_over(
    uv: UvCache, capsys: pytest.CaptureFixture[str]
) -> None:
    (path,) = uv.root.glob("wheels-v8/pypi/six/*.http")
    data = path.read_bytes()
    for cut in cuts(data)[::7]:
        path.write_bytes(cut)
        for command in (("list", "--all"), ("verify",)):
            ran = Program(uv.root, capsys)(*command)
            assert ran.code == 0, (len(cut), ran.err)
            # its archive is there all the same, and names itself
            assert command[0] == "verify" or "six" in ran.out


DEEP = {
    "arrays": b"\x91" * 10_000,
    "maps": b"\x81\xa1a" * 10_000,
    "huge": b"\xdd\xff\xff\xff\xff",
    "long": b"\0" * 99_999,
}


@pytest.mark.parametrize("data", DEEP.values(), ids=DEEP)
def test_deep_and_huge_notes_are_passed_over(uv: UvCache, capsys: pytest.CaptureFixture[str], data: bytes) -> None:
    for ending in ("http", "rev", "msgpack"):
        for path in uv.root.glob(f"*-v*/**/*.{ending}"):
            path.write_bytes(data)
    run_all(uv, capsys, codes={0, 1, 3})


def test_pipes_are_not_waited_for(uv: UvCache, capsys: pytest.CaptureFixture[str]) -> None:
    for archive in archives(uv):
        fifo(archive / "pipe")
    for path in sorted(uv.root.rglob("*")):
        if path.is_file() and not path.is_symlink() and path.suffix in {".http", ".rev", ".msgpack", ".whl"}:
            path.unlink()
            fifo(path)
    for path in list(uv.root.rglob("RECORD")) + list(uv.root.rglob("METADATA")):
        path.unlink()
        fifo(path)
    run_all(uv, capsys, codes={0, 1, 3})


@pytest.mark.skipif(not hasattr(os, "posix_fallocate"), reason="files have no holes")
def test_giant_files_full_of_holes_are_not_read(uv: UvCache, capsys: pytest.CaptureFixture[str]) -> None:
    for path in sorted(uv.root.rglob("*")):
        if path.is_file() and not path.is_symlink() and path.suffix != ".whl":
            os.truncate(path, 1 << 40)
    for command in (*COMMANDS, AUDIT_OF_ALL):
        ran = Program(uv.root, capsys)(*command)
        assert "Traceback" not in ran.err
        assert ran.code in {0, 1, 3}


AUDIT_OF_ALL = ("audit", "--deep", f"sha256:{'ab' * 32}")


@pytest.mark.skipif(not hasattr(os, "posix_fallocate"), reason="files have no holes")
def test_a_giant_file_full_of_holes_makes_the_answer_incomplete(
    uv: UvCache, capsys: pytest.CaptureFixture[str]
) -> None:
    (path,) = uv.root.glob("wheels-v8/pypi/six/*.http")
    assert Program(uv.root, capsys)("verify").code == 0
    os.truncate(uv.archive_of(path) / "six/a/b.py", 1 << 42)
    for command in (("verify",), AUDIT_OF_ALL):
        ran = Program(uv.root, capsys)(*command)
        assert ran.code == 3
        assert "six" in ran.out


def test_files_in_place_of_folders_and_the_reverse(uv: UvCache, capsys: pytest.CaptureFixture[str]) -> None:
    for path in sorted(uv.root.rglob("*"), reverse=True):
        if path.is_symlink() or path.name == "CACHEDIR.TAG":
            continue
        if path.is_file():
            path.unlink()
            path.mkdir()
    run_all(uv, capsys, codes={0, 1, 3})
    for archive in archives(uv):
        shutil.rmtree(archive)
        archive.write_bytes(b"archive")
    run_all(uv, capsys, codes={0, 1, 3})


@pytest.mark.permissions
def test_what_may_not_be_listed_makes_the_answer_incomplete(
    uv: UvCache, capsys: pytest.CaptureFixture[str]
) -> None:
    (path,) = uv.root.glob("wheels-v8/pypi/six/*.http")
    archive = uv.archive_of(path)
    for folder in (archive, archive / "six", archive.parent, path.parent, uv.root / "sdists-v11", uv.root):
        chmod(folder, 0)
        ran = Program(uv.root, capsys)("verify")
        assert ran.code == 3, folder
        assert "Traceback" not in ran.err
        listed = Program(uv.root, capsys)("list")
        assert listed.code == 3 or folder == archive / "six", folder
        chmod(folder, 0o755)
    assert Program(uv.root, capsys)("verify").code == 0


@pytest.mark.slow
@pytest.mark.skipif(not HAS_DIR_FD, reason="the system cannot open files relative to a folder")
@pytest.mark.parametrize(
    "command", [("list", "--all"), ("show", "six"), ("verify",)], ids=lambda command: command[0]
)
def test_a_folder_that_is_swapped_under_the_reader_leads_nowhere(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    """Before each file that is opened in turn, the folder of the wheel becomes a link to another wheel."""
    write_all(tmp_path / "outside", unzip(build_wheel(SECRET, "6.6.6")[1]))

    def run(root: Path, strike: int) -> int:
        cache = UvCache(root)
        archive = cache.archive_of(cache.wheel("six", "1.17.0"))
        opened = 0

        def watch(real: Callable[..., object]) -> Callable[..., object]:
            def call(*arguments: object, **options: object) -> object:
                nonlocal opened
                if opened == strike:
                    archive.rename(root.parent / f"moved{strike}")
                    link(archive, tmp_path / "outside")
                opened += 1
                return real(*arguments, **options)

            return call

        with monkeypatch.context() as patch:
            patch.setattr(os, "open", watch(os.open))
            patch.setattr(os, "scandir", watch(os.scandir))
            ran = Program(root, capsys)(*command)
        assert SECRET not in ran.out + ran.err
        assert "Traceback" not in ran.err
        assert ran.code in {0, 1, 3}
        return opened

    count = run(tmp_path / "clean/uv", -1)
    assert count > 10
    for strike in range(count):
        run(tmp_path / f"n{strike}/uv", strike)


def test_a_bit_that_turned_in_any_file_of_a_wheel_is_found(
    uv: UvCache, capsys: pytest.CaptureFixture[str]
) -> None:
    program = Program(uv.root, capsys)
    for pointer in (*uv.root.glob("wheels-v8/pypi/*/*.http"), *uv.root.glob("wheels-v8/url/*/*/*.rev")):
        for path in sorted(uv.archive_of(pointer).rglob("*")):
            if path.is_file() and path.name != "RECORD":
                data = path.read_bytes()
                for at in {0, len(data) // 2, len(data) - 1}:
                    flip(path, at, 0x10)
                    ran = program("verify")
                    assert ran.code == 1, path
                    assert "PC502" in ran.out
                    path.write_bytes(data)
    assert program("verify").code == 0


@pytest.mark.slow
def test_any_bit_that_turned_anywhere_is_read_or_told(uv: UvCache, capsys: pytest.CaptureFixture[str]) -> None:
    chosen = random.Random(19)
    paths = [path for path in sorted(uv.root.rglob("*")) if path.is_file() and not path.is_symlink()]
    for path in paths:
        data = path.read_bytes()
        for _ in range(3 if data else 0):
            flip(path, chosen.randrange(len(data)), 1 << chosen.randrange(8))
            for command in (("list", "--all"), ("verify",), ("audit", "six==1.17.0")):
                ran = Program(uv.root, capsys)(*command)
                assert "Traceback" not in ran.err
                assert ran.code in {0, 1, 3}, (path, ran.err)
            path.write_bytes(data)


@pytest.mark.permissions
@pytest.mark.parametrize("place", ["bucket", "folder"])
def test_an_archive_that_may_not_be_listed_is_not_called_gone(
    uv: UvCache, capsys: pytest.CaptureFixture[str], place: str
) -> None:
    archive = uv.archive_of(uv.wheel("rich", "14.0"))
    closed = archive.parent if place == "bucket" else archive
    chmod(closed, 0)
    program = Program(uv.root, capsys)
    audited, verified, listed = program("audit", "rich==14.0"), program("verify", "rich"), program("list", "rich")
    chmod(closed, 0o755)
    assert audited.code == 1
    assert "found: rich-14.0-py3-none-any.whl (wheel" in audited.out
    assert "rich==14.0" not in audited.out.partition("not kept")[2]
    assert (verified.code, "gone" in verified.out) == (3, False)
    assert (listed.code, "no .dist-info folder" in listed.err) == (3, False)
    assert "Permission denied" in listed.err
