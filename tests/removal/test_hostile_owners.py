"""What users of a machine can do to a removal that root runs for all of them: nothing outside their own caches."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pipcache.errors import CacheNotFound
from pipcache.location.ownership import is_of_home, ownership_of
from pipcache.removal.executor import carry_out
from pipcache.removal.private_folder import NotSaved, PrivateFolder
from pipcache.store.cache import Cache
from pipcache.util.files import HAS_DIR_FD, folder_status
from tests.support.homes import Homes, give, is_root, manifest_below
from tests.support.killing import meddled_before
from tests.support.removal import plan_for

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.skipif(not HAS_DIR_FD or not hasattr(os, "fork"), reason="links and forks of POSIX")
root = pytest.mark.skipif(not is_root(), reason="only root can give files to others")

ADA, BOB, EVE = 4001, 4002, 4003


def content_of(folder: Path) -> dict[str, bytes]:
    paths = (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


def swap(path: Path, target: Path) -> Callable[[], None]:
    """What puts a link in the place of a folder."""

    def meddle() -> None:
        path.rename(path.with_name(f"{path.name}.away"))
        path.symlink_to(target)

    return meddle


# caches and homes


@root
@pytest.mark.parametrize("way", ["link of the cache", "link above", "setting"])
def test_a_user_leads_to_nothing_of_another(homes: Homes, capsys: pytest.CaptureFixture[str], way: str) -> None:
    precious = homes.folder / "srv"
    homes.fill(precious / "pip")
    cache = homes.cache("ada")
    shutil.rmtree(cache.parent)
    if way == "link of the cache":
        cache.parent.mkdir()
        cache.symlink_to(precious / "pip")
    elif way == "link above":
        cache.parent.symlink_to(precious)
    else:
        config = homes.folder / "home/ada/.config/pip/pip.conf"
        config.parent.mkdir(parents=True)
        config.write_text(f"[global]\ncache-dir = {precious / 'pip'}\n")
    give(homes.folder / "home/ada", ADA)
    give(homes.folder / "home/bob", BOB)
    give(precious, EVE)
    before = content_of(precious)
    ran = homes.purge(capsys, "--format", "json", save=homes.kept)
    assert ran.code == 3
    assert content_of(precious) == before
    assert homes.bad_files() == []  # of bob
    (refused,) = [part for part in ran.document["caches"] if part["problem"] is not None]
    assert refused["cache"]["path"] == str(precious / "pip")
    assert "another user" in refused["problem"]
    assert (len(refused["hits"]), len(refused["second_look"]), refused["saved"]) == (4, 4, [])
    # whoever is asked for it by name gets it
    ran = homes.purge(capsys, "--cache-dir", str(precious / "pip"))
    assert ran.code == 0
    assert content_of(precious) != before


@root
@pytest.mark.parametrize("way", ["link of the cache", "setting"])
def test_the_home_of_another_user_is_not_that_of_root(
    homes: Homes, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    """As after ``sudo -E``: HOME is that of ada, who leads to what is of neither."""
    precious = homes.folder / "srv"
    homes.fill(precious / "pip")
    ada = homes.folder / "home/ada"
    cache = ada / ".cache/pip"
    shutil.rmtree(cache)
    if way == "setting":
        config = ada / ".config/pip/pip.conf"
        config.parent.mkdir(parents=True)
        config.write_text(f"[global]\ncache-dir = {precious / 'pip'}\n")
    else:
        cache.symlink_to(precious / "pip")
    give(ada, ADA)
    give(homes.folder / "home/bob", BOB)
    give(precious, EVE)
    monkeypatch.setenv("HOME", str(ada))
    monkeypatch.delenv("XDG_CONFIG_HOME")
    before = content_of(precious)
    ran = homes.purge(capsys, "--format", "json")
    assert (ran.code, content_of(precious)) == (3, before)
    assert homes.bad_files() == []  # of bob
    # where the run itself names it, it is meant
    monkeypatch.setenv("PIP_CACHE_DIR", str(precious / "pip"))
    ran = homes.purge(capsys)
    assert ran.code == 0
    assert content_of(precious) != before


@root
@pytest.mark.parametrize("owner", [ADA, 0], ids=["their own", "one that root made in the home"])
def test_what_a_user_moved_is_still_theirs(homes: Homes, capsys: pytest.CaptureFixture[str], owner: int) -> None:
    cache = homes.cache("ada")
    place = homes.folder / "scratch" / "pip" if owner == ADA else homes.folder / "home/ada/other/pip"
    place.parent.mkdir()
    cache.rename(place)
    cache.symlink_to(place)
    give(homes.folder / "home/ada", ADA)
    give(place, owner)
    assert homes.purge(capsys).code == 0
    assert homes.bad_files() == []


@root
def test_copies_are_named_by_the_owners(homes: Homes, capsys: pytest.CaptureFixture[str]) -> None:
    give(homes.folder / "home/ada", ADA)
    give(homes.folder / "home/bob", BOB)
    assert homes.purge(capsys, save=homes.kept).code == 0
    document = manifest_below(homes.kept)
    assert {(cache["folder"], cache["owner"], cache["uid"]) for cache in document["caches"]} == {
        (f"{uid}-1", str(uid), uid) for uid in (ADA, BOB)
    }
    assert {path.stat().st_uid for path in homes.kept.rglob("*")} == {0}


def test_a_directory_that_is_replaced_after_the_plan_is_left_alone(homes: Homes) -> None:
    """With the very files of the plan, by hard links, so that no look at the files can tell."""
    cache, other = homes.cache("ada"), homes.folder / "other"
    shutil.copytree(cache, other, copy_function=os.link)
    for path in other.rglob("*"):
        if path.is_file():
            original = cache / path.relative_to(other)
            os.utime(path, ns=(original.stat().st_atime_ns, original.stat().st_mtime_ns))
    before = content_of(other)
    # the first folder for copies is made just before the removal
    code = meddled_before(1, homes.command("--yes", save=homes.kept), frozenset({"os.mkdir"}), swap(cache, other))
    assert code == 3
    assert content_of(other) == before
    assert not any("home/bob" in str(path) for path in homes.bad_files())


@pytest.mark.parametrize("use_descriptors", [True, False])
def test_the_executor_removes_from_the_planned_directory_alone(homes: Homes, *, use_descriptors: bool) -> None:
    cache = homes.cache("ada")
    plan = plan_for(cache, "evil")
    ownership = ownership_of(str(cache))
    assert ownership is not None
    shutil.copytree(cache, homes.folder / "other", copy_function=os.link)
    swap(cache, homes.folder / "other")()
    before = content_of(homes.folder / "other")
    with pytest.raises(CacheNotFound, match="another directory"):
        carry_out(Cache(str(cache)), plan, identity=ownership.identity, use_descriptors=use_descriptors)
    assert content_of(homes.folder / "other") == before
    cache.unlink()
    cache.with_name("pip.away").rename(cache)
    outcome = carry_out(Cache(str(cache)), plan, identity=ownership.identity, use_descriptors=use_descriptors)
    assert outcome.files == plan.files


def test_a_folder_below_that_becomes_a_link_is_not_followed(homes: Homes) -> None:
    precious = homes.folder / "precious"
    shutil.copytree(homes.cache("ada") / "http-v2", precious, copy_function=os.link)
    before = content_of(precious)
    meddle = swap(homes.cache("ada") / "http-v2", precious)
    code = meddled_before(1, homes.command("--yes", save=homes.kept), frozenset({"os.mkdir"}), meddle)
    assert code == 3
    assert content_of(precious) == before


@pytest.mark.parametrize(
    "change", ["other bytes", "gone", "pipe", "link", pytest.param("closed", marks=pytest.mark.permissions)]
)
def test_who_changes_a_file_while_it_is_copied_stops_nobody_else(homes: Homes, change: str) -> None:
    body = next(
        path for path in homes.bad_files() if path.suffix == ".body" and homes.cache("ada") in path.parents
    )

    def meddle() -> None:
        if change == "other bytes":
            body.write_bytes(b"x" * body.stat().st_size)
        elif change == "closed":
            body.chmod(0)
        else:
            body.unlink()
        if change == "pipe":
            os.mkfifo(body)
        elif change == "link":
            body.symlink_to("/etc/passwd")

    code = meddled_before(1, homes.command("--yes", save=homes.kept), frozenset({"os.mkdir"}), meddle)
    assert code == 3
    if change == "closed":
        body.chmod(0o600)
    assert [path for path in homes.bad_files() if homes.cache("bob") in path.parents] == []
    document = manifest_below(homes.kept)
    assert {file["cache"] for file in document["files"]} == {str(homes.cache("bob"))}
    assert len(document["files"]) == 4


# where copies are written


@root
@pytest.mark.parametrize("depth", [0, 1, 2])
def test_a_link_of_another_user_is_not_followed_to_the_copies(
    homes: Homes, capsys: pytest.CaptureFixture[str], depth: int
) -> None:
    precious = homes.folder / "precious"
    precious.mkdir(mode=0o700)
    link = homes.folder / "link"
    link.symlink_to(precious)
    os.lchown(link, EVE, EVE)
    save = link.joinpath(*["below"] * depth)
    before = len(homes.bad_files())
    ran = homes.purge(capsys, save=save)
    assert ran.code == 3
    assert "A link of another user leads to the folder." in ran.err
    assert (len(homes.bad_files()), [*precious.iterdir()]) == (before, [])


def test_ones_own_link_is_followed(homes: Homes, capsys: pytest.CaptureFixture[str]) -> None:
    (homes.folder / "real").mkdir(mode=0o700)
    (homes.folder / "link").symlink_to("real")
    assert homes.purge(capsys, save=homes.folder / "link" / ".." / "link" / "kept").code == 0
    assert len(manifest_below(homes.folder / "real" / "kept")["files"]) == 8


@root
@pytest.mark.parametrize("place", [".", "HOST", "HOST/OWNER"])
def test_a_folder_of_another_user_gets_no_copies(
    homes: Homes, capsys: pytest.CaptureFixture[str], place: str
) -> None:
    give(homes.folder / "home/ada", ADA)
    give(homes.folder / "home/bob", BOB)
    homes.purge(capsys, save=homes.kept)
    (sums,) = homes.kept.rglob("SHA256SUMS")
    folder = {".": homes.kept, "HOST": sums.parent, "HOST/OWNER": sums.parent / f"{ADA}-1"}[place]
    os.chown(folder, EVE, EVE)
    homes.fill(homes.cache("ada"))
    give(homes.folder / "home/ada", ADA)
    before, bad = content_of(homes.kept), homes.bad_files()
    ran = homes.purge(capsys, save=homes.kept)
    assert ran.code == 3
    assert "The folder belongs to another user." in ran.err
    assert (content_of(homes.kept), homes.bad_files()) == (before, bad)


@pytest.mark.parametrize("kind", ["open", "link", "file"])
@pytest.mark.parametrize("place", ["HOST", "HOST/OWNER"])
def test_what_is_no_private_folder_gets_no_copies(
    homes: Homes, capsys: pytest.CaptureFixture[str], place: str, kind: str
) -> None:
    homes.purge(capsys, save=homes.kept)
    (sums,) = homes.kept.rglob("SHA256SUMS")
    folder = sums.parent if place == "HOST" else next(path for path in sums.parent.iterdir() if path.is_dir())
    if kind == "open":
        folder.chmod(0o755)
    else:
        folder.rename(homes.folder / "away")
        folder.symlink_to(homes.folder / "away") if kind == "link" else folder.touch()
    homes.fill(homes.cache("ada"))
    homes.fill(homes.cache("bob"))
    before = content_of(homes.folder)
    ran = homes.purge(capsys, save=homes.kept)
    assert ran.code == 3
    assert "Traceback" not in ran.err
    assert content_of(homes.folder) == before


@pytest.mark.parametrize("moment", [1, 2, 3, 4])
def test_a_folder_that_becomes_a_link_while_it_is_made_is_not_followed(homes: Homes, moment: int) -> None:
    """Where the folders are made somebody else may write."""
    precious = homes.folder / "precious"
    precious.mkdir(mode=0o700)
    parent = homes.folder / "shared"
    parent.mkdir()

    def meddle() -> None:
        for path in (*parent.iterdir(), parent):
            if path.is_dir() and not path.is_symlink():
                swap(path, precious)()
                return

    command = homes.command("--yes", save=parent / "a" / "b")
    meddled_before(moment, command, frozenset({"os.mkdir"}), meddle)
    assert content_of(precious) == {}


def test_existing_links_under_the_names_of_copies_are_not_written_through(
    homes: Homes, capsys: pytest.CaptureFixture[str]
) -> None:
    homes.purge(capsys, save=homes.kept)
    (sums,) = homes.kept.rglob("SHA256SUMS")
    folder = next(path for path in sums.parent.iterdir() if path.is_dir())
    letter = homes.folder / "letter"
    letter.write_bytes(b"dear")
    for name in ("evil-1.0.tar.gz", "3-evil-1.0-py3-none-any.whl"):
        (folder / name).unlink(missing_ok=True)
        (folder / name).symlink_to(letter)
    homes.fill(homes.cache("ada"))
    homes.fill(homes.cache("bob"))
    homes.purge(capsys, save=homes.kept)
    assert letter.read_bytes() == b"dear"
    assert homes.bad_files() == []


@pytest.mark.parametrize("name", ["manifest.json", "SHA256SUMS"])
def test_a_list_that_is_a_link_is_not_read_or_replaced(
    homes: Homes, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    homes.purge(capsys, save=homes.kept)
    (path,) = homes.kept.rglob(name)
    path.rename(homes.folder / name)
    path.symlink_to(homes.folder / name)
    homes.fill(homes.cache("ada"))
    before = content_of(homes.folder)
    assert homes.purge(capsys, save=homes.kept).code == 3
    assert content_of(homes.folder) == before


# the parts


def test_a_path_with_a_link_on_it_has_no_owner(tmp_path: Path) -> None:
    (tmp_path / "real" / "below").mkdir(parents=True)
    (tmp_path / "link").symlink_to("real")
    assert ownership_of(str(tmp_path.resolve() / "real" / "below")) is not None
    for path in ("link", "link/below", "nothing"):
        assert ownership_of(str(tmp_path.resolve() / path)) is None
    with pytest.raises(NotADirectoryError):
        folder_status(str(tmp_path.resolve() / "link"))


def test_a_home_that_is_a_link_is_a_home(tmp_path: Path) -> None:
    (tmp_path / "data" / "ada" / "cache").mkdir(parents=True)
    (tmp_path / "home").symlink_to("data")
    path = str(tmp_path.resolve() / "data" / "ada" / "cache")
    assert is_of_home(path, ownership_of(path), str(tmp_path / "home" / "ada"))
    assert not is_of_home(path, None, str(tmp_path / "home" / "ada"))


def test_links_in_a_circle_end(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(OSError, match="links"):
        PrivateFolder.open(str(tmp_path / "a"), [])


def test_a_folder_in_any_of_the_caches_is_refused(tmp_path: Path) -> None:
    roots = [str(tmp_path.resolve() / name) for name in ("a", "b")]
    for name in ("a", "b/c/d"):
        with pytest.raises(NotSaved, match="inside the cache"):
            PrivateFolder.open(str(tmp_path / name), roots)
    assert [*tmp_path.iterdir()] == []
