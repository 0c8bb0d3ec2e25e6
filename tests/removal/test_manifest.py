"""The list of the copies that `--save` keeps: what it says is true after every run."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import sys
from typing import TYPE_CHECKING

import pytest

from pipcache import __version__
from pipcache.removal import private_folder
from pipcache.util import files
from pipcache.util.identity import this_run
from tests.support.caches import FILE_HEADERS
from tests.support.homes import EVIL, FILES, GOOD, Homes, manifest_below

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.caches import CacheBuilder
    from tests.support.program import Program, Ran

posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has other permissions")

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


@pytest.fixture
def advisory(builder: CacheBuilder, tmp_path: Path) -> str:
    """A bad wheel in the cache, and an advisory that says so."""
    builder.download(FILES + EVIL[0][0], EVIL[0][1])
    path = tmp_path / "evil.txt"
    path.write_text("evil==1.0\n", encoding="utf-8")
    return str(path)


def test_it_says_what_was_kept_and_by_whom(homes: Homes, capsys: pytest.CaptureFixture[str]) -> None:
    assert homes.purge(capsys, save=homes.kept).code == 0
    document = manifest_below(homes.kept)
    me = this_run()
    (run,) = document["runs"]
    digest = hashlib.sha256(homes.advisory.read_bytes()).hexdigest()
    assert run["advisories"] == [{"name": "bad.txt", "sha256": digest, "records": 1}]
    assert (run["host"], run["user"], run["uid"], run["version"]) == (me.host, me.user, me.uid, __version__)
    assert document["host"] == me.host
    assert [cache["path"] for cache in document["caches"]] == homes.caches
    assert len(document["files"]) == 8
    for file in document["files"]:
        assert (file["owner"], file["uid"]) == (me.user, me.uid)
        assert file["cache"] in homes.caches
        assert (file["fate"], file["run"]) == ("removed", 0)
        for time in ("downloaded", "saved", "removed", "looked"):
            assert TIME.fullmatch(file[time])
    bodies = {path.read_bytes() for path in homes.kept.rglob("evil-1.0*") if path.suffix != ".json"}
    assert bodies == {data for _, data in EVIL}


@posix
def test_all_of_it_is_for_its_owner_alone(homes: Homes, capsys: pytest.CaptureFixture[str]) -> None:
    old = os.umask(0)
    try:
        homes.purge(capsys, save=homes.kept)
    finally:
        os.umask(old)
    made = [homes.kept.parent, homes.kept, *homes.kept.rglob("*")]
    assert {path.stat().st_mode & 0o777 for path in made if path.is_dir()} == {0o700}
    assert {path.stat().st_mode & 0o777 for path in made if path.is_file()} == {0o600}


def test_a_cache_keeps_its_folder_and_a_new_one_gets_another(
    homes: Homes, capsys: pytest.CaptureFixture[str]
) -> None:
    homes.purge(capsys, save=homes.kept)
    first = manifest_below(homes.kept)
    kept = [path for path in homes.kept.rglob("evil*") if path.is_file()]
    before = [path.read_bytes() for path in kept]
    homes.users.reverse()
    homes.add("cid")
    homes.fill(homes.cache("ada"))
    assert homes.purge(capsys, save=homes.kept).code == 0
    second = manifest_below(homes.kept)
    assert second["caches"][:2] == first["caches"]
    assert second["files"][:8] == first["files"]
    assert {file["cache"] for file in second["files"][8:]} == {str(homes.cache(user)) for user in ("ada", "cid")}
    assert {file["run"] for file in second["files"][8:]} == {1}
    assert len({file["note"] for file in second["files"]}) == len(second["files"]) == 16
    assert [path.read_bytes() for path in kept] == before


def test_a_single_cache_has_it_beside_the_copies(advisory: str, program: Program, tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    ran = program("remove", "--advisory", advisory, "--yes", "--save", str(folder), "--format", "json")
    assert ran.code == 0
    document = manifest_below(folder)
    assert ran.document["saved"] == [file["name"] for file in document["files"]] == [EVIL[0][0]]
    assert {path.name for path in folder.iterdir()} == {
        "SHA256SUMS",
        "manifest.json",
        EVIL[0][0],
        f"{EVIL[0][0]}.json",
    }
    assert document["caches"][0]["folder"] == ""


@pytest.mark.parametrize("name", ["manifest.json", "SHA256SUMS"])
@pytest.mark.parametrize("content", [b"", b"mine", b"{}", b'{"schema": 1, "host": "h"}', b"\xff\xfe"])
def test_a_file_of_somebody_else_under_its_name_is_not_replaced(
    advisory: str, program: Program, tmp_path: Path, name: str, content: bytes
) -> None:
    folder = tmp_path / "kept"
    folder.mkdir(mode=0o700)
    (folder / name).write_bytes(content)
    ran = program("remove", "--advisory", advisory, "--yes", "--save", str(folder))
    assert ran.code == 3
    assert name in ran.err
    assert "Name another folder." in ran.err
    assert [(path.name, path.read_bytes()) for path in folder.iterdir()] == [(name, content)]
    assert program("list", "evil").out.count("evil") == 1


DAMAGES = [
    lambda text: text[: len(text) // 2],
    lambda text: text.replace('"schema": 1', '"schema": 2'),
    lambda text: text.replace('"files": [', '"files": [7, '),
    lambda text: text.replace('"note": "', '"note": "../../'),
    lambda text: text.replace('"entry": "', '"other": "'),
    lambda text: "[" * 100_000 + text,
    lambda text: text.replace('"folder": "', '"folder": "../x'),
]


@pytest.mark.parametrize("damage", DAMAGES, ids=range(len(DAMAGES)))
def test_a_damaged_list_is_named_and_nothing_is_removed(
    advisory: str, builder: CacheBuilder, program: Program, tmp_path: Path, damage: object
) -> None:
    folder = tmp_path / "kept"
    remove = ["remove", "--advisory", advisory, "--yes", "--save", str(folder)]
    assert program(*remove).code == 0
    path = folder / "manifest.json"
    assert callable(damage)
    path.write_text(damage(path.read_text("utf-8")), encoding="utf-8")
    before = {path: path.read_bytes() for path in folder.iterdir()}
    key = builder.download(FILES + EVIL[0][0], EVIL[0][1])
    ran = program(*remove)
    assert ran.code == 3
    assert str(path) in ran.err
    assert builder.head(key).exists()
    assert {path: path.read_bytes() for path in folder.iterdir()} == before


def again(builder: CacheBuilder, program: Program, advisory: str, folder: Path) -> Ran:
    """The bad wheel is downloaded again, and removed again."""
    builder.download(FILES + EVIL[0][0], EVIL[0][1])
    return program("remove", "--advisory", advisory, "--yes", "--save", str(folder))


def test_a_second_download_is_a_second_copy(
    advisory: str, builder: CacheBuilder, program: Program, tmp_path: Path
) -> None:
    folder = tmp_path / "kept"
    for _ in range(2):
        assert again(builder, program, advisory, folder).code == 0
    names = [file["name"] for file in manifest_below(folder)["files"]]
    assert names == [EVIL[0][0], f"2-{EVIL[0][0]}"]


def test_a_name_that_another_file_has_is_not_taken(
    advisory: str, builder: CacheBuilder, program: Program, tmp_path: Path
) -> None:
    folder = tmp_path / "kept"
    folder.mkdir(mode=0o700)
    (folder / EVIL[0][0].upper()).write_bytes(b"mine")  # some systems tell no case
    assert again(builder, program, advisory, folder).code == 0
    assert [file["name"] for file in manifest_below(folder)["files"]] == [f"2-{EVIL[0][0]}"]
    assert (folder / EVIL[0][0].upper()).read_bytes() == b"mine"


def test_no_copy_is_called_like_the_list(builder: CacheBuilder, program: Program, tmp_path: Path) -> None:
    names = {name: f"attachment; filename={name}" for name in ("manifest.json", "manifest", "SHA256SUMS")}
    keys = [
        builder.download(FILES + name, name.encode(), headers=FILE_HEADERS | {"Content-Disposition": disposition})
        for name, disposition in names.items()
    ]
    advisory = tmp_path / "bad.txt"
    advisory.write_text(
        "".join(f"sha256:{hashlib.sha256(builder.body(key).read_bytes()).hexdigest()}\n" for key in keys)
    )
    folder = tmp_path / "kept"
    ran = program("remove", "--advisory", str(advisory), "--yes", "--save", str(folder))
    assert ran.code in {0, 4}
    assert len(manifest_below(folder)["files"]) == 3


def test_what_somebody_else_removed_is_listed_as_gone(homes: Homes, capsys: pytest.CaptureFixture[str]) -> None:
    """As after a run that was killed when its copies were made."""
    homes.purge(capsys, save=homes.kept)
    (path,) = homes.kept.rglob("manifest.json")
    document = json.loads(path.read_bytes())
    for file in document["files"]:
        file |= {"removed": None, "fate": None, "looked": None}
    path.write_text(json.dumps(document), encoding="utf-8")
    assert homes.purge(capsys, save=homes.kept).code == 0
    for file in manifest_below(homes.kept)["files"]:
        assert (file["fate"], file["removed"], file["saved"] is not None) == ("gone", None, True)
        assert TIME.fullmatch(file["looked"])


def test_the_answer_names_the_copies_below_the_folder(homes: Homes, capsys: pytest.CaptureFixture[str]) -> None:
    document = homes.purge(capsys, "--format", "json", save=homes.kept).document
    for cache in document["caches"][1:]:
        assert all((homes.kept / name).is_file() for name in cache["saved"])
    assert document["saved"] == [name for cache in document["caches"] for name in cache["saved"]]


def test_what_has_no_bytes_has_a_note_alone(builder: CacheBuilder, program: Program, tmp_path: Path) -> None:
    """A head whose body is gone."""
    key = builder.download(FILES + GOOD[0], GOOD[1])
    builder.body(key).unlink()
    folder = tmp_path / "kept"
    path = tmp_path / "bad.txt"
    path.write_text(f"{FILES}{GOOD[0]}\n")
    ran = program("remove", "--advisory", str(path), "--yes", "--save", str(folder))
    assert ran.code in {0, 4}
    (file,) = manifest_below(folder)["files"]
    assert (file["name"], file["sha256"], file["key"]) == (None, None, key)


def test_where_the_system_opens_nothing_relative_to_a_folder_the_same_is_kept(
    homes: Homes, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "HAS_DIR_FD", False)
    monkeypatch.setattr(private_folder, "HAS_DIR_FD", False)
    assert homes.purge(capsys, save=homes.kept).code == 0
    assert len(manifest_below(homes.kept)["files"]) == 8
    homes.fill(homes.cache("ada"))
    assert homes.purge(capsys, save=homes.kept).code == 0
    assert len(manifest_below(homes.kept)["files"]) == 12
    assert homes.bad_files() == []
    (homes.folder / "open").mkdir(mode=0o755)
    homes.fill(homes.cache("ada"))
    assert homes.purge(capsys, save=homes.folder / "open").code == (0 if sys.platform == "win32" else 3)


NO_BYTE_CODE = "sys.dont_write_bytecode = True"  # it would be cut off, and break the runs of other tests


@posix
@pytest.mark.parametrize("size", [0, 100, 700, 3_000])
def test_a_full_disk_leaves_nothing_and_removes_nothing(homes: Homes, size: int) -> None:
    first = f"{NO_BYTE_CODE}\nimport resource\nresource.setrlimit(resource.RLIMIT_FSIZE, ({size}, {size}))"
    done = homes.start(*homes.command("--yes", save=homes.kept), first=first)
    assert done.returncode == 3
    assert os.strerror(errno.EFBIG) in done.stderr
    assert "Traceback" not in done.stderr
    assert (homes.kept.parent.exists(), len(homes.bad_files())) == (False, 8)


@posix
def test_a_full_disk_leaves_what_was_kept_before(homes: Homes, capsys: pytest.CaptureFixture[str]) -> None:
    homes.purge(capsys, save=homes.kept)
    before = {path: path.read_bytes() for path in homes.kept.rglob("*") if path.is_file()}
    homes.fill(homes.cache("ada"))
    first = f"{NO_BYTE_CODE}\nimport resource\nresource.setrlimit(resource.RLIMIT_FSIZE, (500, 500))"
    assert homes.start(*homes.command("--yes", save=homes.kept), first=first).returncode == 3
    assert {path: path.read_bytes() for path in homes.kept.rglob("*") if path.is_file()} == before
    assert len(homes.bad_files()) == 4
