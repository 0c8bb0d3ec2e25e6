"""Every pip cache of a machine is found, whoever it belongs to, and what cannot be looked at is told."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path, PureWindowsPath
from typing import TYPE_CHECKING

import pytest

from pipcache.errors import CacheNotFound
from pipcache.location import config, locate as locating, machine
from pipcache.location.locate import Source, locate
from pipcache.location.look import RELATIVE
from pipcache.location.machine import (
    MachineCache,
    machine_homes,
    profiles,
)
from pipcache.location.pip_places import default_places, path_for_home, user_configuration
from tests.support.caches import fifo, look, make_old
from tests.support.user_machines import PipMachine as Machine

if TYPE_CHECKING:
    from collections.abc import Iterator

linux = pytest.mark.skipif(sys.platform != "linux", reason="these are the places of Linux")
posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has other rules")

CONF = ".config/pip/pip.conf"


@pytest.fixture
def box(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


# This run's own


@linux
def test_what_this_run_uses_comes_first_even_if_it_is_missing(box: Machine) -> None:
    (first,) = box.find()
    assert first.cache == locate(None, box.environ)
    assert first == MachineCache(first.cache, ("platform default", "default of me"), None)
    assert not first.cache.elsewhere


@pytest.mark.parametrize("content", ["nothing", "strangers", "a file"])
def test_what_this_run_uses_comes_first_even_if_it_is_no_cache(box: Machine, content: str) -> None:
    path = box.folder / "mine"
    if content == "a file":
        path.touch()
    else:
        path.mkdir()
    if content == "strangers":
        (path / "letters.txt").touch()
    box.pip("home/ada/.cache/pip")
    first, *_ = box.find(str(path))
    assert (first.cache.path, first.owners, first.problem) == (os.path.realpath(path), ("--cache-dir",), None)


@linux
def test_the_option_does_not_hide_what_the_environment_says(box: Machine) -> None:
    option, variable, xdg = box.pip("a"), box.pip("b"), box.pip("c/pip")
    default = box.pip("home/me/.cache/pip")
    box.environ |= {"PIP_CACHE_DIR": variable, "XDG_CACHE_HOME": str(box.folder / "c")}
    assert [(place.cache.path, place.cache.source, place.owners) for place in box.find(option)] == [
        (option, Source.OPTION, ("--cache-dir",)),
        (variable, Source.ENVIRONMENT, ("PIP_CACHE_DIR",)),
        (xdg, Source.DEFAULT, ("XDG_CACHE_HOME",)),
        (default, Source.DEFAULT, ("platform default", "default of me")),
    ]


def test_a_relative_variable_is_below_the_current_folder(box: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = box.pip("work/cache")
    monkeypatch.chdir(box.folder / "work")
    box.environ["PIP_CACHE_DIR"] = "cache"
    assert [place.cache.path for place in box.find(str(box.folder / "none"))][1:] == [cache]


@linux
def test_every_file_of_this_run_counts_and_not_only_the_highest(box: Machine) -> None:
    files = {"venv/pip.conf": "a", "named.conf": "b", f"home/me/{CONF}": "c", "etc/pip/pip.conf": "d"}
    for file, name in files.items():
        box.write(file, f"[global]\ncache-dir = {box.pip(name)}\n")
    box.environ["PIP_CONFIG_FILE"] = str(box.folder / "named.conf")
    owners = {os.path.basename(place.cache.path): place.owners for place in box.find()}
    assert owners == {
        name: (f"{box.folder / file} [global] cache-dir",) for file, name in sorted(files.items(), key=str)
    }
    assert box.find()[0].cache.path == str(box.folder.resolve() / "b")


@linux
def test_the_files_of_a_folder_of_this_environment_count(box: Machine) -> None:
    box.environ["XDG_CONFIG_HOME"] = str(box.folder / "config")
    box.environ["PIP_CONFIG_FILE"] = os.devnull
    box.write("config/pip/pip.conf", f"[global]\ncache-dir = {box.pip('mine')}\n")
    assert box.ways() == {"mine": (f"{box.folder}/config/pip/pip.conf [global] cache-dir",)}


def test_an_option_that_is_empty_is_refused_as_everywhere(box: Machine) -> None:
    with pytest.raises(CacheNotFound, match="--cache-dir is empty"):
        box.find("")


# Everyone's


@linux
def test_each_user_has_a_default_and_files(box: Machine) -> None:
    box.home("ada")
    box.home("bob")
    box.home("eve")
    box.pip("home/ada/.cache/pip")
    box.write(f"home/bob/{CONF}", f"[global]\ncache-dir = {box.pip('disk/bob')}\n[cache]\ncache_dir = ~/mine\n")
    box.pip("home/bob/mine")
    box.write("home/bob/.pip/pip.conf", f"[install]\ncache-dir = {box.pip('disk/old')}\n")
    bob = box.folder / "home/bob"
    assert box.ways() == {
        "home/ada/.cache/pip": ("default of ada",),
        "home/bob/mine": (f"{bob / CONF} [cache] cache-dir",),
        "disk/bob": (f"{bob / CONF} [global] cache-dir",),
        "disk/old": (f"{bob}/.pip/pip.conf [install] cache-dir",),
    }
    sources = {place.cache.source for place in box.find()[2:]}
    assert sources == {Source.CONFIGURATION}


@linux
def test_a_tilde_in_a_file_for_all_is_the_home_of_each(box: Machine) -> None:
    box.home("ada")
    box.home("bob")
    file = box.write("etc/pip/pip.conf", "[global]\ncache-dir = ~/wheels-and-all\n")
    for user in ("me", "ada", "bob"):
        box.pip(f"home/{user}/wheels-and-all")
    origin = f"{file} [global] cache-dir"
    assert [place.owners for place in box.find()] == [
        (origin, f"{origin} for me"),
        (f"{origin} for ada",),
        (f"{origin} for bob",),
    ]


@linux
def test_a_directory_that_is_found_in_several_ways_is_listed_once(box: Machine) -> None:
    box.home("ada")
    box.home("bob")
    shared = box.pip("shared")
    box.write("etc/pip/pip.conf", f"[global]\ncache-dir = {shared}/\n")
    box.write(f"home/bob/{CONF}", f"[global]\ncache-dir = {box.folder}/other/../shared\n")
    (box.folder / "home/ada/.cache").mkdir()
    (box.folder / "home/ada/.cache/pip").symlink_to(shared)
    (place,) = box.find()
    assert place.cache.path == shared
    assert place.owners == (
        f"{box.folder}/etc/pip/pip.conf [global] cache-dir",
        "default of ada",
        f"{box.folder}/home/bob/{CONF} [global] cache-dir",
    )


@linux
def test_only_what_is_a_pip_cache_is_listed(box: Machine) -> None:
    box.home("ada")
    (box.folder / "home/ada/.cache/pip/wheels").mkdir(parents=True)
    (box.folder / "home/ada/.cache/pip/wheels/notes.txt").touch()
    box.write(f"home/ada/{CONF}", f"[global]\ncache-dir = {box.folder}/home\n[cache]\ncache-dir = /\n")
    box.write("home/ada/.pip/pip.conf", f"[global]\ncache-dir = {box.write('letter', 'x')}\n")
    assert box.ways() == {}


@linux
@pytest.mark.parametrize("kind", ["link", "later layout"])
def test_a_store_that_is_not_read_is_told(box: Machine, kind: str) -> None:
    box.home("ada")
    cache = Path(box.pip("home/ada/.cache/pip"))
    if kind == "link":
        (cache / "http-v2").rename(box.folder / "elsewhere")
        (cache / "http-v2").symlink_to(box.folder / "elsewhere")
    else:
        (cache / "http-v2").rename(cache / "http-v3")
    _, unread = box.find()
    assert unread.cache.path == str(cache)
    assert unread.problem is not None
    assert ("http-v2" if kind == "link" else "http-v3") in unread.problem


@linux
@pytest.mark.parametrize("value", ["/a\0b", "~a\0b/c"])
def test_a_value_that_names_no_path_names_nothing(box: Machine, value: str) -> None:
    box.home("ada")
    box.write(f"home/ada/{CONF}", f"[global]\ncache-dir = {value}\n")
    assert box.ways() == {}


@linux
def test_a_long_value_names_nothing(box: Machine) -> None:
    box.home("ada")
    box.write(f"home/ada/{CONF}", f"[global]\ncache-dir = /{'x' * 300}\n[cache]\ncache-dir = {'/x' * 4000}\n")
    assert box.ways() == {}


@linux
def test_a_command_about_another_cache_names_it(box: Machine) -> None:
    box.home("ada")
    cache = box.pip("home/ada/.cache/pip")
    _, other = box.find()
    assert other.cache.elsewhere
    assert other.cache.option == f" --cache-dir {cache}"


@linux
@pytest.mark.parametrize(
    "file", ["home/ada/.config/pip/pip.conf", "home/ada/.venvs/web/pip.conf", "etc/pip/pip.conf"]
)
@pytest.mark.parametrize("value", ["./cache", "cache", '"~/cache"', "$HOME/cache", "~no-such-user/c"])
def test_a_configuration_with_a_relative_path_is_named(box: Machine, file: str, value: str) -> None:
    box.home("ada")
    path = box.write(file, f"[install]\ncache-dir = {value}\n")
    (named,) = [cache for cache in box.find() if cache.problem is not None]
    assert (named.cache.path, named.owners) == (os.path.realpath(path), (f"{path} [install] cache-dir",))
    assert named.problem == RELATIVE


# Homes


@linux
@pytest.mark.parametrize("kind", ["missing", "file", "device", "loop", "empty", "relative", "NUL"])
def test_a_home_that_is_no_folder_is_passed_over(box: Machine, kind: str) -> None:
    (box.folder / "loop").symlink_to("loop")
    home = {
        "missing": f"{box.folder}/nonexistent",
        "file": str(box.write("file", "")),
        "device": os.devnull,
        "loop": f"{box.folder}/loop",
        "empty": "",
        "relative": "home/me",
        "NUL": "/a\0b",
    }[kind]
    box.users.append(("daemon", home))
    assert box.ways() == {}


@linux
def test_a_home_that_is_a_link_is_entered(box: Machine) -> None:
    box.home("ada", "disk/ada")
    box.users[-1] = ("ada", str(box.folder / "link"))
    (box.folder / "link").symlink_to("disk/ada")
    box.pip("disk/ada/.cache/pip")
    assert box.ways() == {"disk/ada/.cache/pip": ("default of ada",)}


@linux
def test_a_home_of_many_is_tried_once(box: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    entered: list[object] = []
    stat = os.stat

    def watched(path: str, **options: bool) -> os.stat_result:
        entered.append(path)
        return stat(path, **options)

    monkeypatch.setattr(os, "stat", watched)
    home = box.home("daemon", "srv")
    box.users += [(user, f"{home}/") for user in ("bin", "sys", "lp", "mail", "bin")]
    box.pip("srv/.cache/pip")
    assert box.ways() == {"srv/.cache/pip": ("default of daemon, bin, sys and 2 more",)}
    assert entered.count(f"{home}/.") == 1


def test_the_root_as_a_home_is_nothing_odd() -> None:
    assert default_places("linux", "daemon", "/") == [("default of daemon", "/.cache/pip")]
    assert user_configuration("linux", "/") == ["/.config/pip/pip.conf", "/.pip/pip.conf"]
    assert path_for_home("linux", "~", "/") == "/"
    assert path_for_home("linux", "~/cache", "/") == "/cache"


@linux
def test_thousands_of_users_are_no_trouble(box: Machine) -> None:
    box.users += [(f"user{number}", f"{box.folder}/home/user{number}") for number in range(20_000)]
    started = time.perf_counter()
    assert len(box.find()) == 1
    assert time.perf_counter() - started < 5


def test_the_users_of_this_machine_are_known() -> None:
    homes = dict(machine_homes())
    assert homes
    assert all(isinstance(home, str) for home in homes.values())
    if sys.platform != "win32":
        pwd = pytest.importorskip("pwd")
        assert homes == {user.pw_name: user.pw_dir for user in pwd.getpwall()}


def test_without_a_user_database_the_profiles_beside_the_own_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("ada", "bob"):
        (tmp_path / name).mkdir()
    (tmp_path / "desktop.ini").touch()
    expected = [("ada", str(tmp_path / "ada")), ("bob", str(tmp_path / "bob"))]
    monkeypatch.setitem(sys.modules, "pwd", None)
    monkeypatch.setattr(os.path, "expanduser", lambda path: path.replace("~", str(tmp_path / "bob")))
    assert machine_homes() == expected


@posix
def test_a_profile_whose_neighbours_cannot_be_listed_counts_alone(tmp_path: Path) -> None:
    (tmp_path / "ada").mkdir()
    (tmp_path / "All Users").symlink_to("ada")
    assert profiles(str(tmp_path / "ada")) == [("ada", str(tmp_path / "ada"))]
    assert profiles(str(tmp_path / "gone/ada")) == [("ada", str(tmp_path / "gone/ada"))]


# Other systems


def test_mac_os_has_two_defaults_and_three_files() -> None:
    assert default_places("darwin", "ada", "/Users/ada") == [
        ("default of ada", "/Users/ada/Library/Caches/pip"),
        ("default of ada with XDG_CACHE_HOME", "/Users/ada/.cache/pip"),
    ]
    assert user_configuration("darwin", "/Users/ada") == [
        "/Users/ada/Library/Application Support/pip/pip.conf",
        "/Users/ada/.config/pip/pip.conf",
        "/Users/ada/.pip/pip.conf",
    ]


def test_windows_has_places_of_its_own() -> None:
    home = r"C:\Users\ada"
    assert default_places("win32", "ada", home) == [("default of ada", rf"{home}\AppData\Local\pip\Cache")]
    files = [rf"{home}\AppData\Roaming\pip\pip.ini", rf"{home}\pip\pip.ini"]
    assert user_configuration("win32", home) == files
    assert {PureWindowsPath(path_for_home("win32", value, home)) for value in ("~/c", r"~\c")} == {
        PureWindowsPath(home, "c")
    }
    assert path_for_home("win32", "~", home) == home
    assert path_for_home("win32", r"D:\cache", home) == r"D:\cache"


@pytest.mark.parametrize("platform", ["linux", "darwin"])
def test_the_places_are_those_of_location(platform: str) -> None:
    home = "/nonexistent/ada"
    (_, native) = locating._defaults(platform, {"HOME": home})
    assert native.value == default_places(platform, "ada", home)[0][1]
    user = config.configuration_paths(platform, {"HOME": home})[1]
    assert set(user) <= set(user_configuration(platform, home))


@posix
def test_on_mac_os_both_defaults_are_found(box: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    box.home("ada")
    box.pip("home/ada/.cache/pip")
    box.pip("home/ada/Library/Caches/pip")
    support = box.write(
        "home/ada/Library/Application Support/pip/pip.conf", f"[global]\ncache-dir = {box.pip('disk')}\n"
    )
    assert box.ways() == {
        "home/ada/Library/Caches/pip": ("default of ada",),
        "home/ada/.cache/pip": ("default of ada with XDG_CACHE_HOME",),
        "disk": (f"{support} [global] cache-dir",),
    }


# What is no configuration


BROKEN = {
    "empty": b"",
    "binary": bytes(range(256)) * 8,
    "no section": b"cache-dir = CACHE\n",
    "twice": b"[global]\ncache-dir = CACHE\ncache-dir = CACHE\n",
    "another encoding": "[global]\ncache-dir = CACHE\n".encode("utf-16"),
    "many errors": b"[global]\n" + b"a\n" * 30_000,
    "many sections": b"".join(b"[%d]\n" % number for number in range(8_000)) + b"[x\n",
    "many defaults": b"[DEFAULT]\n" + b"".join(b"%d=\n" % number for number in range(8_000)),
}


@linux
@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN.keys())
@pytest.mark.parametrize("path", [f"home/ada/{CONF}", "etc/pip/pip.conf"])
def test_a_file_that_is_no_configuration_names_nothing(box: Machine, path: str, content: bytes) -> None:
    box.home("ada")
    box.environ["PIP_CONFIG_FILE"] = os.devnull  # what this run itself reads, it reads as pip does
    box.write("home/ada/.pip/pip.conf", f"[global]\ncache-dir = {box.pip('other')}\n")
    box.write(path, content.replace(b"CACHE", os.fsencode(box.pip("cache"))))
    started = time.perf_counter()
    assert box.ways() == {"other": (f"{box.folder}/home/ada/.pip/pip.conf [global] cache-dir",)}
    assert time.perf_counter() - started < 10


@linux
@pytest.mark.parametrize("path", [f"home/ada/{CONF}", "etc/pip/pip.conf", "home/ada/shop/.venv/pip.conf"])
@pytest.mark.parametrize("more", [b"#" * (1 << 20), b"a\n" * 1_000_000], ids=["a comment", "many errors"])
def test_a_file_that_is_too_large_to_be_read_is_named(box: Machine, path: str, more: bytes) -> None:
    box.home("ada")
    box.write("home/ada/shop/.venv/pyvenv.cfg", "")
    box.environ["PIP_CONFIG_FILE"] = os.devnull
    file = box.write(path, b"[global]\ncache-dir = " + os.fsencode(box.pip("cache")) + b"\n" + more)
    (_, named) = box.find()
    assert (named.cache.path, named.owners) == (str(file.resolve()), (str(file),))
    assert named.problem == "it has more than 65,536 characters, and is not read; it may name a cache"


@linux
@pytest.mark.parametrize("user", ["ada", "me"])
@pytest.mark.parametrize("kind", ["pipe", "link to a pipe", "folder", "device", "endless device", "loop"])
def test_what_is_no_file_is_neither_read_nor_waited_for(box: Machine, user: str, kind: str) -> None:
    box.home("ada")
    path = box.folder / f"home/{user}/{CONF}"
    path.parent.mkdir(parents=True)
    match kind:
        case "pipe":
            fifo(path)
        case "link to a pipe":
            fifo(box.folder / "pipe")
            path.symlink_to(box.folder / "pipe")
        case "folder":
            path.mkdir()
        case "device":
            path.symlink_to(os.devnull)
        case "endless device":
            path.symlink_to("/dev/zero")
        case _:
            path.symlink_to(path)
    assert box.ways() == {}


@linux
def test_a_configuration_that_is_a_link_is_read(box: Machine) -> None:
    box.home("ada")
    file = box.folder / f"home/ada/{CONF}"
    file.parent.mkdir(parents=True)
    file.symlink_to(box.write("home/ada/dotfiles/pip.conf", f"[global]\ncache-dir = {box.pip('cache')}\n"))
    assert box.ways() == {"cache": (f"{file} [global] cache-dir",)}


@linux
def test_a_named_pipe_of_this_run_is_read_as_pip_reads_it(box: Machine) -> None:
    cache = box.pip("cache")
    reader, writer = os.pipe()
    os.write(writer, f"[global]\ncache-dir = {cache}\n".encode())
    os.close(writer)
    box.environ["PIP_CONFIG_FILE"] = f"/dev/fd/{reader}"
    places = box.find()
    os.close(reader)
    assert [place.cache.path for place in places] == [cache]


# What cannot be looked at


@pytest.fixture
def closed() -> Iterator[list[Path]]:
    """Folders and files that nobody may enter or read until the test is over."""
    paths: list[Path] = []
    yield paths
    for path in paths:
        path.chmod(0o700)


def close(path: Path, closed: list[Path]) -> str:
    path.chmod(0)
    closed.append(path)
    return os.path.realpath(path)


@linux
@pytest.mark.permissions
def test_a_closed_home_is_told(box: Machine, closed: list[Path]) -> None:
    box.pip("home/ada/.cache/pip")
    home = close(box.home("ada"), closed)
    _, place = box.find()
    assert (place.cache.path, place.cache.origin, place.owners) == (home, "home of ada", ("home of ada",))
    assert place.problem == "cannot be read: Permission denied"


@linux
@pytest.mark.permissions
def test_homes_behind_one_closed_door_are_told_as_one(box: Machine, closed: list[Path]) -> None:
    for user in ("ada", "bob"):
        box.home(user, f"vault/{user}")
    box.users += [(f"user{number}", f"{box.folder}/vault/deep/user{number}") for number in range(5_000)]
    vault = close(box.folder / "vault", closed)
    _, place = box.find()
    assert place.cache.path == vault
    assert place.owners[:3] == ("home of ada", "home of bob", "home of user0")
    assert place.problem is not None


@linux
@pytest.mark.permissions
@pytest.mark.parametrize("closed_part", ["", ".cache", ".cache/pip"])
def test_a_closed_cache_is_told(box: Machine, closed: list[Path], closed_part: str) -> None:
    home = box.home("ada")
    cache = box.pip("home/ada/.cache/pip")
    if closed_part:
        close(home / closed_part, closed)
    _, place = box.find()
    problem = "cannot be read: Permission denied" if closed_part else None
    assert (place.cache.path, place.owners, place.problem) == (cache, ("default of ada",), problem)


@linux
@pytest.mark.permissions
@pytest.mark.parametrize("closed_part", [CONF, ".config/pip", ".config"])
def test_a_closed_configuration_is_told_for_it_may_name_a_cache(
    box: Machine, closed: list[Path], closed_part: str
) -> None:
    home = box.home("ada")
    file = box.write(f"home/ada/{CONF}", f"[global]\ncache-dir = {box.pip('cache')}\n")
    close(home / closed_part, closed)
    _, place = box.find()
    assert (place.cache.path, place.owners) == (os.path.realpath(file), (str(file),))
    assert place.problem == "cannot be read: Permission denied; it may name a cache"


@linux
@pytest.mark.permissions
def test_a_configured_cache_behind_a_closed_door_is_told(box: Machine, closed: list[Path]) -> None:
    box.home("ada")
    file = box.write(f"home/ada/{CONF}", f"[global]\ncache-dir = {box.pip('vault/cache')}\n")
    close(box.folder / "vault", closed)
    _, place = box.find()
    assert (place.cache.path, place.owners) == (
        os.path.realpath(box.folder / "vault/cache"),
        (f"{file} [global] cache-dir",),
    )
    assert place.problem is not None


@linux
@pytest.mark.permissions
def test_the_own_cache_that_is_closed_is_told_first(box: Machine, closed: list[Path]) -> None:
    box.pip("home/me/.cache/pip")
    close(box.folder / "home/me/.cache/pip", closed)
    (first,) = box.find()
    assert first.problem == "cannot be read: Permission denied"


# A guest


@linux
def test_looking_leaves_every_cache_as_it_was(box: Machine) -> None:
    box.home("ada")
    box.pip("home/ada/.cache/pip")
    box.pip("home/me/.cache/pip")
    box.write("precious/letter", "x")
    (box.folder / "home/ada/.cache/pip/wheels").symlink_to(box.folder / "precious")
    box.write("home/ada/.pip/pip.conf", "[global]\n")
    make_old(box.folder / "home/ada/.cache")
    look(box.folder)  # moves the last use of links
    before = look(box.folder)
    box.find()
    after = look(box.folder)
    read = os.path.join("home", "ada", ".pip", "pip.conf")
    assert after.pop(read)._replace(atime_ns=None) == before.pop(read)._replace(atime_ns=None)
    assert after == before


def test_nothing_is_imported_for_a_machine_without_configuration(tmp_path: Path) -> None:
    program = (
        "import os, sys; from pipcache.location.machine import find_caches;"
        "find_caches(os.environ, 'x', homes=list);"
        "print('pathlib' in sys.modules, 'platformdirs' in sys.modules)"
    )
    env = {"PYTHONPATH": str(Path(machine.__file__).parents[2]), "HOME": str(tmp_path)}
    if sys.platform == "win32":
        pytest.skip("Windows has to be asked")
    command = [sys.executable, "-S", "-c", program]
    run = subprocess.run(command, env=env, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["False", "False"]
