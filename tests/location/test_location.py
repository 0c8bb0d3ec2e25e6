"""The cache directory is the one that pip itself names, in whatever way it is told."""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import json
import locale
import os
import re
import subprocess
import sys
import venv
from pathlib import Path, PureWindowsPath
from typing import TYPE_CHECKING, NamedTuple

import pytest

from pipcache.errors import CacheNotFound
from pipcache.location import config, locate as locating
from pipcache.location.locate import Setting, Source, locate
from tests.support.slow import slow_but_every

if TYPE_CHECKING:
    from collections.abc import Mapping

posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has other rules")
needs_pip = pytest.mark.skipif(importlib.util.find_spec("pip") is None, reason="this interpreter has no pip")


# What a program cannot do without on Windows.
SYSTEM = {
    name: os.environ[name]
    for name in ("SYSTEMROOT", "USERPROFILE", "APPDATA", "LOCALAPPDATA", "PROGRAMDATA")
    if sys.platform == "win32" and name in os.environ
}


def pip_release() -> tuple[int, ...]:
    return tuple(int(part) for part in importlib.metadata.version("pip").split(".") if part.isdecimal())


def run_pip(*options: str, env: dict[str, str], cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run ``pip cache dir`` with no environment but the given one."""
    command = [sys.executable, "-m", "pip", "cache", "dir", *options]
    # pip cuts the blanks at the end of a line that is as long as the terminal is wide
    wide = {"COLUMNS": "1000"}
    return subprocess.run(command, env=SYSTEM | wide | env, cwd=cwd, capture_output=True, text=True, check=False)


def at_home(folder: Path, **variables: str) -> dict[str, str]:
    """An environment whose user and whose machine have their configuration below ``folder``."""
    return {"HOME": str(folder / "home"), "XDG_CONFIG_DIRS": str(folder / "machine")} | variables


def write(folder: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


class Case(NamedTuple):
    """How the cache directory is told, and who decides it on Linux; ``TMP`` is the test's folder."""

    source: Source | None
    env: Mapping[str, str] = {}
    files: Mapping[str, str] = {}
    option: str | None = None
    since: tuple[int, ...] = (20, 1)


OPTION, ENVIRONMENT, CONFIGURATION, DEFAULT = Source

USER = "home/.config/pip/pip.conf"
LEGACY = "home/.pip/pip.conf"
MACHINE = "machine/pip/pip.conf"

CASES = {
    "nothing at all": Case(DEFAULT),
    "option": Case(OPTION, option="TMP/cache"),
    "option with tilde": Case(OPTION, option="~/cache"),
    "option, relative": Case(OPTION, option="some/../cache"),
    "option over all else": Case(
        OPTION,
        {"PIP_CACHE_DIR": "TMP/variable", "XDG_CACHE_HOME": "TMP/xdg"},
        {USER: "[cache]\ncache-dir = TMP/user\n"},
        option="TMP/option",
    ),
    "option over a disabled cache": Case(OPTION, {"PIP_NO_CACHE_DIR": "1"}, option="TMP/cache"),
    "variable": Case(ENVIRONMENT, {"PIP_CACHE_DIR": "TMP/cache"}),
    "variable with tilde": Case(ENVIRONMENT, {"PIP_CACHE_DIR": "~/cache"}),
    "variable that is a tilde": Case(ENVIRONMENT, {"PIP_CACHE_DIR": "~"}),
    "variable with an unknown user": Case(ENVIRONMENT, {"PIP_CACHE_DIR": "~no-such-user/cache"}),
    "variable, relative": Case(ENVIRONMENT, {"PIP_CACHE_DIR": "./cache/"}),
    "variable that is a blank": Case(ENVIRONMENT, {"PIP_CACHE_DIR": " "}),
    "variable in small letters": Case(ENVIRONMENT, {"PIP_cache_dir": "TMP/cache"}),
    "variable with dashes": Case(ENVIRONMENT, {"PIP___CACHE-DIR": "TMP/cache"}),
    "two spellings of the variable": Case(
        ENVIRONMENT, {"PIP_CACHE_DIR": "TMP/first", "PIP_cache_dir": "TMP/second"}
    ),
    "an empty second spelling": Case(DEFAULT, {"PIP_CACHE_DIR": "TMP/first", "PIP_cache_dir": ""}),
    "empty variable": Case(CONFIGURATION, {"PIP_CACHE_DIR": ""}, {USER: "[global]\ncache-dir = TMP/user\n"}),
    "variable over [cache]": Case(
        ENVIRONMENT, {"PIP_CACHE_DIR": "TMP/variable"}, {USER: "[cache]\ncache-dir = TMP/user\n"}
    ),
    "empty switch": Case(ENVIRONMENT, {"PIP_CACHE_DIR": "TMP/cache", "PIP_NO_CACHE_DIR": ""}),
    "named file": Case(
        CONFIGURATION, {"PIP_CONFIG_FILE": "TMP/my.conf"}, {"my.conf": "[global]\ncache-dir = TMP/mine\n"}
    ),
    "named file, relative": Case(
        CONFIGURATION, {"PIP_CONFIG_FILE": "my.conf"}, {"my.conf": "[global]\ncache-dir = TMP/mine\n"}
    ),
    "named file with tilde is not found": Case(
        DEFAULT, {"PIP_CONFIG_FILE": "~/my.conf"}, {"home/my.conf": "[global]\ncache-dir = TMP/mine\n"}
    ),
    "named file over the machine's": Case(
        CONFIGURATION,
        {"PIP_CONFIG_FILE": "TMP/my.conf"},
        {"my.conf": "[global]\ncache-dir = TMP/mine\n", MACHINE: "[global]\ncache-dir = TMP/machine\n"},
    ),
    "named file replaces the user's": Case(
        DEFAULT,
        {"PIP_CONFIG_FILE": "TMP/my.conf"},
        {"my.conf": "", USER: "[global]\ncache-dir = TMP/user\n", LEGACY: "[cache]\ncache-dir = TMP/user\n"},
    ),
    "a named folder replaces the user's file": Case(
        DEFAULT, {"PIP_CONFIG_FILE": "TMP/home"}, {USER: "[global]\ncache-dir = TMP/user\n"}
    ),
    "a missing named file does not": Case(
        CONFIGURATION, {"PIP_CONFIG_FILE": "TMP/no.conf"}, {USER: "[global]\ncache-dir = TMP/user\n"}
    ),
    "an empty name of a file does not": Case(
        CONFIGURATION, {"PIP_CONFIG_FILE": ""}, {USER: "[global]\ncache-dir = TMP/user\n"}
    ),
    "no file": Case(DEFAULT, {"PIP_CONFIG_FILE": os.devnull}, {USER: "[global]\ncache-dir = TMP/user\n"}),
    "a file named twice counts where it is lowest": Case(
        CONFIGURATION,
        {"PIP_CONFIG_FILE": "TMP/machine/pip/pip.conf", "XDG_CONFIG_DIRS": "TMP/machine:TMP/other"},
        {
            MACHINE: "[global]\ncache-dir = TMP/machine\n",
            "other/pip/pip.conf": "[global]\ncache-dir = TMP/other\n",
        },
        since=(25, 3),
    ),
    "user's file": Case(CONFIGURATION, {}, {USER: "[global]\ncache-dir = TMP/user\n"}),
    "user's legacy file": Case(CONFIGURATION, {}, {LEGACY: "[global]\ncache-dir = TMP/legacy\n"}),
    "both of the user's files": Case(
        CONFIGURATION,
        {},
        {USER: "[global]\ncache-dir = TMP/user\n", LEGACY: "[global]\ncache-dir = TMP/legacy\n"},
    ),
    "user's file elsewhere": Case(
        CONFIGURATION,
        {"XDG_CONFIG_HOME": "TMP/config"},
        {"config/pip/pip.conf": "[global]\ncache-dir = TMP/there\n", USER: "[global]\ncache-dir = TMP/here\n"},
    ),
    "user's file somewhere relative": Case(
        DEFAULT,
        {"XDG_CONFIG_HOME": "config"},
        {"config/pip/pip.conf": "[global]\ncache-dir = TMP/config\n"},
        since=(26, 3),
    ),
    "machine's file": Case(CONFIGURATION, {}, {MACHINE: "[global]\ncache-dir = TMP/machine\n"}),
    "two files of the machine": Case(
        CONFIGURATION,
        {"XDG_CONFIG_DIRS": "TMP/one:relative: TMP/two"},
        {
            "one/pip/pip.conf": "[global]\ncache-dir = TMP/first\n",
            "two/pip/pip.conf": "[global]\ncache-dir = TMP/second\n",
        },
        since=(26, 3),
    ),
    "user's file over the machine's": Case(
        CONFIGURATION,
        {},
        {USER: "[global]\ncache-dir = TMP/user\n", MACHINE: "[global]\ncache-dir = TMP/machine\n"},
    ),
    "[cache] of the machine over [global] of the user": Case(
        CONFIGURATION,
        {},
        {USER: "[global]\ncache-dir = TMP/user\n", MACHINE: "[cache]\ncache-dir = TMP/machine\n"},
    ),
    "empty value hides a lower file's": Case(
        DEFAULT,
        {},
        {USER: "[global]\ncache-dir =\n", MACHINE: "[global]\ncache-dir = TMP/machine\n"},
        since=(26, 2),
    ),
    "empty value in [cache] leaves [global]": Case(
        CONFIGURATION, {}, {USER: "[cache]\ncache-dir =\n[global]\ncache-dir = TMP/user\n"}
    ),
    "other sections": Case(
        DEFAULT,
        {},
        {USER: "[install]\ncache-dir = TMP/a\n[Global]\ncache-dir = TMP/b\n[global.x]\ncache-dir = TMP/c\n"},
    ),
    "default section": Case(CONFIGURATION, {}, {USER: "[DEFAULT]\ncache-dir = TMP/cache\n[global]\n"}),
    "default section alone": Case(DEFAULT, {}, {USER: "[DEFAULT]\ncache-dir = TMP/cache\n"}),
    "key with underscore": Case(CONFIGURATION, {}, {USER: "[global]\ncache_dir = TMP/cache\n"}),
    "key in capitals": Case(CONFIGURATION, {}, {USER: "[global]\nCACHE_DIR = TMP/cache\n"}),
    "key as an option": Case(CONFIGURATION, {}, {USER: "[global]\n--cache-dir: TMP/cache\n"}),
    "key with four dashes": Case(CONFIGURATION, {}, {USER: "[global]\n----cache-dir: TMP/cache\n"}, since=(26, 3)),
    "value with tilde": Case(CONFIGURATION, {}, {USER: "[global]\ncache-dir = ~/cache\n"}),
    "value, relative": Case(CONFIGURATION, {}, {USER: "[global]\ncache-dir = cache/../there\n"}),
    "value in quotes": Case(CONFIGURATION, {}, {USER: '[global]\ncache-dir = "TMP/cache"\n'}),
    "value with comment": Case(CONFIGURATION, {}, {USER: "[global]\ncache-dir = TMP/cache ; mine\n"}),
    "value with interpolation": Case(
        CONFIGURATION, {"NAME": "x"}, {USER: "[global]\na = b\ncache-dir = TMP/%(a)s/%%/$NAME\n"}
    ),
    "value of two lines": Case(CONFIGURATION, {}, {USER: "[global]\ncache-dir = TMP/one\n  two\n"}),
    "XDG cache": Case(DEFAULT, {"XDG_CACHE_HOME": "TMP/xdg"}),
    "XDG cache between blanks": Case(DEFAULT, {"XDG_CACHE_HOME": " TMP/xdg "}, since=(26, 2)),
    "XDG cache, relative": Case(DEFAULT, {"XDG_CACHE_HOME": "xdg"}, since=(26, 3)),
    "XDG cache, empty": Case(DEFAULT, {"XDG_CACHE_HOME": ""}),
    "home with slash": Case(DEFAULT, {"HOME": "TMP/home/"}),
    "home is the root": Case(DEFAULT, {"HOME": "/"}),
    "home is relative": Case(DEFAULT, {"HOME": "home"}),
    "home is empty": Case(None, {"HOME": ""}, since=(26, 3)),
    "home is empty, tilde": Case(ENVIRONMENT, {"HOME": "", "PIP_CACHE_DIR": "~/cache"}, since=(26, 3)),
}


@needs_pip
@pytest.mark.parametrize("name", slow_but_every(3, CASES))
def test_it_is_the_directory_that_pip_names(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    case = CASES[name]
    if pip_release() < case.since:
        pytest.skip("this pip is older than the rule")
    if sys.platform == "win32" and any(variable != variable.upper() for variable in case.env):
        pytest.skip("variables have no small letters here")
    here = str(tmp_path)
    (tmp_path / "home").mkdir()
    write(tmp_path, {path: text.replace("TMP", here) for path, text in case.files.items()})
    env = at_home(tmp_path, **{variable: value.replace("TMP", here) for variable, value in case.env.items()})
    option = case.option and case.option.replace("TMP", here)
    pip = run_pip(*(["--cache-dir", option] if option else []), env=env, cwd=tmp_path)
    if pip.returncode and env["HOME"] == "/":
        # an ordinary user may not write there: pip's warning names the directory, and pip goes on without it
        (named,) = re.findall(r"^WARNING: The directory '(.+)' or its parent directory is not owned", pip.stderr)
    else:
        assert pip.returncode == 0, pip.stderr
        named = pip.stdout.removesuffix("\n")
    monkeypatch.chdir(tmp_path)

    directory = locate(option, env)

    assert directory.path == named
    assert directory.disabled_by is None
    # Elsewhere the files are in other folders; pip has been the judge there too.
    if case.source and sys.platform == "linux":
        assert directory.source is case.source


@posix
@needs_pip
def test_a_link_is_resolved_as_pip_resolves_it(tmp_path: Path) -> None:
    (tmp_path / "real/deep").mkdir(parents=True)
    (tmp_path / "link").symlink_to("real/deep")
    env = at_home(tmp_path, PIP_CACHE_DIR=f"{tmp_path}/link/../cache")
    pip = run_pip(env=env, cwd=tmp_path)
    assert locate(None, env).path == pip.stdout.removesuffix("\n") == str(tmp_path.resolve() / "real/cache")


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment with a configuration of its own."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, symlinks=sys.platform != "win32")
    basename = "pip.ini" if sys.platform == "win32" else "pip.conf"
    (folder / basename).write_text(f"[global]\ncache-dir = {folder / 'cache'}\n")
    return folder


def python_of(environment: Path) -> str:
    return str(environment / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python"))


def pip_of(environment: Path, env: dict[str, str], cwd: Path) -> str:
    """What this interpreter's pip says when the environment's interpreter runs it."""
    spec = importlib.util.find_spec("pip")
    assert spec is not None
    assert spec.origin is not None
    command = [python_of(environment), str(Path(spec.origin).parent), "cache", "dir"]
    output = subprocess.run(command, env=SYSTEM | env, cwd=cwd, capture_output=True, text=True, check=True).stdout
    return output.removesuffix("\n")


@posix
@needs_pip
@pytest.mark.parametrize("who", ["environment", "user", "machine", "named"])
def test_the_file_of_the_active_environment_has_its_place(environment: Path, tmp_path: Path, who: str) -> None:
    env = at_home(tmp_path, VIRTUAL_ENV=str(environment))
    write(tmp_path, {MACHINE: f"[global]\ncache-dir = {tmp_path}/machine\n"})
    if who == "user":
        write(tmp_path, {USER: f"[global]\ncache-dir = {tmp_path}/user\n"})
    if who == "machine":
        write(tmp_path, {MACHINE: f"[cache]\ncache-dir = {tmp_path}/machine\n"})
    if who == "named":
        write(tmp_path, {"my.conf": f"[global]\ncache-dir = {tmp_path}/mine\n"})
        env["PIP_CONFIG_FILE"] = str(tmp_path / "my.conf")
    directory = locate(None, env)
    assert directory.path == pip_of(environment, env, tmp_path)
    assert (directory.path == str(environment / "cache")) == (who in {"environment", "user"})


@needs_pip
def test_without_an_active_environment_the_interpreter_counts(environment: Path, tmp_path: Path) -> None:
    root = Path(locating.__file__).parents[2]
    env = at_home(tmp_path, PYTHONPATH=str(root))
    program = "import os; from pipcache.location.locate import locate; print(locate(None, os.environ).path)"
    command = [python_of(environment), "-c", program]
    ours = subprocess.run(
        command, env=SYSTEM | env, cwd=tmp_path, capture_output=True, text=True, check=True
    ).stdout
    assert ours.removesuffix("\n") == pip_of(environment, env, tmp_path)
    assert Path(ours.removesuffix("\n")).name == "cache"


DISABLED = {
    "variable": ({"PIP_NO_CACHE_DIR": "1"}, "", "PIP_NO_CACHE_DIR=1"),
    "variable that is false": ({"PIP_NO_CACHE_DIR": "False"}, "", "PIP_NO_CACHE_DIR=False"),
    "variable in small letters": ({"PIP_no_cache_dir": "off"}, "", "PIP_no_cache_dir=off"),
    "[global]": ({}, "[global]\nno-cache-dir = true\n", "FILE [global] no-cache-dir"),
    "[cache]": ({}, "[cache]\nno_cache_dir = no\n", "FILE [cache] no-cache-dir"),
    "the highest is named": (
        {"PIP_NO_CACHE_DIR": ""},
        "[global]\nno-cache-dir = 1\n[cache]\nno-cache-dir = 0\n",
        "FILE [cache] no-cache-dir",
    ),
}


@posix
@needs_pip
@pytest.mark.parametrize(("variables", "text", "by"), DISABLED.values(), ids=DISABLED.keys())
def test_a_disabled_cache_still_has_its_directory(
    tmp_path: Path, variables: dict[str, str], text: str, by: str
) -> None:
    write(tmp_path, {"my.conf": text})
    file = str(tmp_path / "my.conf")
    env = at_home(tmp_path, PIP_CACHE_DIR=str(tmp_path / "cache"), PIP_CONFIG_FILE=file, **variables)
    pip = run_pip(env=env, cwd=tmp_path)
    assert (pip.returncode, "cache is disabled" in pip.stderr) == (1, True)
    directory = locate(None, env)
    assert directory.disabled_by == by.replace("FILE", file)
    assert directory.path == str((tmp_path / "cache").resolve())
    assert not any("no-cache-dir" in place.origin for place in directory.settings)


@posix
@needs_pip
def test_a_switch_that_is_no_boolean_disables_nothing_and_is_noted(tmp_path: Path) -> None:
    env = at_home(tmp_path, PIP_NO_CACHE_DIR="maybe")
    assert "invalid truth value" in run_pip(env=env, cwd=tmp_path).stderr
    directory = locate(None, env)
    assert directory.disabled_by is None
    note = "not a boolean; pip itself stops at it"
    assert directory.settings[-1] == Setting(Source.ENVIRONMENT, "PIP_NO_CACHE_DIR", "maybe", note)


MALFORMED = {
    "no section": (b"index-url = https://user:hunter2@host/\n", "no section headers", (20, 1)),
    "no value": (b"[global]\nhunter2\n", "parsing errors", (20, 1)),
    "section twice": (b"[a]\n[a]\ncache-dir = hunter2\n", "section 'a' already exists", (20, 1)),
    "key twice": (b"[a]\nb = hunter2\nb = x\n", "option 'b' in section 'a' already exists", (20, 1)),
    "key in two spellings": (b"[a]\nb-c = hunter2\nb_c = x\n", "option 'b-c' in section 'a'", (26, 3)),
    "not UTF-8": (b"[global]\ncache-dir = hunter2\xff\n", "not utf-8", (20, 1)),
    "byte order mark": (b"\xef\xbb\xbf[global]\ncache-dir = hunter2\n", "no section headers", (20, 1)),
}


@posix
@needs_pip
@pytest.mark.parametrize(("content", "reason", "since"), MALFORMED.values(), ids=MALFORMED.keys())
def test_a_file_that_stops_pip_becomes_a_note_without_its_content(
    tmp_path: Path, content: bytes, reason: str, since: tuple[int, ...]
) -> None:
    if locale.getencoding().lower() != "utf-8":
        pytest.skip("the files are not UTF-8 here")
    file = tmp_path / "my.conf"
    file.write_bytes(content)
    write(tmp_path, {MACHINE: f"[global]\ncache-dir = {tmp_path}/machine\n"})
    env = at_home(tmp_path, PIP_CONFIG_FILE=str(file))
    if pip_release() >= since:
        assert run_pip(env=env, cwd=tmp_path).returncode == 2
    directory = locate(None, env)
    assert directory.path == str(tmp_path.resolve() / "machine")
    (place,) = (place for place in directory.settings if place.origin == str(file))
    assert place.value is None
    assert place.note is not None
    assert reason in place.note
    assert place.note.startswith("not valid configuration: ")
    assert place.note.endswith("; pip itself stops at it")
    assert "hunter2" not in place.note
    assert "\n" not in place.note


@posix
@needs_pip
def test_a_file_that_cannot_be_read_is_noted_and_pip_ignores_it(tmp_path: Path) -> None:
    (tmp_path / USER).mkdir(parents=True)
    write(tmp_path, {MACHINE: f"[global]\ncache-dir = {tmp_path}/machine\n"})
    env = at_home(tmp_path)
    directory = locate(None, env)
    assert (
        directory.path
        == run_pip(env=env, cwd=tmp_path).stdout.removesuffix("\n")
        == f"{tmp_path.resolve()}/machine"
    )
    notes = {place.origin: place.note for place in directory.settings if sys.platform == "linux"}
    assert notes[str(tmp_path / USER)] == "cannot be read: Is a directory; pip ignores it"


@pytest.mark.permissions
def test_a_file_without_permission_is_noted(tmp_path: Path) -> None:
    file = tmp_path / "my.conf"
    file.touch(mode=0)
    directory = locate(None, at_home(tmp_path, PIP_CONFIG_FILE=str(file)))
    notes = {place.origin: place.note for place in directory.settings}
    assert notes[str(file)] == "cannot be read: Permission denied; pip ignores it"


@pytest.mark.skipif(sys.platform != "linux", reason="these are the places of Linux")
def test_every_place_is_listed_highest_first(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "active/pip.conf": "[cache]\ncache-dir = /active\n",
            USER: "[global]\ncache-dir =\n[cache]\ncache-dir = /user-cache\n",
            LEGACY: "[global]\ntimeout = 5\n",
            MACHINE: "[global]\ncache_dir = /machine\n",
        },
    )
    env = at_home(tmp_path, VIRTUAL_ENV=str(tmp_path / "active"), PIP_CACHE_DIR="/variable", XDG_CACHE_HOME="xdg")
    directory = locate("/option", env)
    assert directory[:3] == ("/option", Source.OPTION, "--cache-dir")
    assert [place for place in directory.settings if not place.origin.startswith("/etc/")] == [
        Setting(OPTION, "--cache-dir", "/option", None),
        Setting(ENVIRONMENT, "PIP_CACHE_DIR", "/variable", None),
        Setting(CONFIGURATION, f"{tmp_path}/active/pip.conf [cache] cache-dir", "/active", None),
        Setting(CONFIGURATION, f"{tmp_path / USER} [cache] cache-dir", "/user-cache", None),
        Setting(
            CONFIGURATION,
            f"{tmp_path / USER} [global] cache-dir",
            "",
            "empty; as if neither it nor a lower file set it",
        ),
        Setting(CONFIGURATION, str(tmp_path / LEGACY), None, None),
        Setting(CONFIGURATION, f"{tmp_path / MACHINE} [global] cache-dir", "/machine", None),
        Setting(DEFAULT, "XDG_CACHE_HOME", None, "not an absolute path; pip 26.3 ignores it"),
        Setting(DEFAULT, "platform default", f"{tmp_path}/home/.cache/pip", None),
    ]


@pytest.mark.skipif(sys.platform != "linux", reason="these are the places of Linux")
def test_files_that_are_missing_or_replaced_are_listed_too(tmp_path: Path) -> None:
    write(tmp_path, {"my.conf": ""})
    env = at_home(tmp_path, VIRTUAL_ENV=str(tmp_path), PIP_CONFIG_FILE=str(tmp_path / "my.conf"))
    notes = [(place.origin, place.note) for place in locate(None, env).settings[2:-2]]
    assert [(origin, note) for origin, note in notes if not origin.startswith("/etc/")] == [
        (str(tmp_path / "my.conf"), None),
        (str(tmp_path / "pip.conf"), "no such file"),
        (str(tmp_path / MACHINE), "no such file"),
        (str(tmp_path / LEGACY), "not read; PIP_CONFIG_FILE replaces it"),
        (str(tmp_path / USER), "not read; PIP_CONFIG_FILE replaces it"),
    ]


def test_no_file_at_all_is_one_place(tmp_path: Path) -> None:
    directory = locate(None, at_home(tmp_path, PIP_CONFIG_FILE=os.devnull))
    assert [place for place in directory.settings if place.source is CONFIGURATION] == [
        Setting(CONFIGURATION, "PIP_CONFIG_FILE", None, f"{os.devnull}; no configuration file is read")
    ]


def test_an_empty_option_is_refused() -> None:
    with pytest.raises(CacheNotFound, match="--cache-dir is empty"):
        locate("", {})


@posix
def test_a_directory_that_no_system_can_name_is_refused(tmp_path: Path) -> None:
    write(tmp_path, {USER: "[global]\ncache-dir = /a\0b\n"})
    origin = tmp_path / USER
    with pytest.raises(CacheNotFound, match=r"names no usable directory: .*embedded null") as caught:
        locate(None, at_home(tmp_path, XDG_CONFIG_HOME=str(tmp_path / "home/.config")))
    assert caught.value.message.startswith(f"{origin} [global] cache-dir ")
    assert caught.value.path == "/a\0b"


@posix
def test_a_relative_directory_needs_a_current_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    with pytest.raises(CacheNotFound, match="PIP_CACHE_DIR names no usable directory"):
        locate(None, at_home(tmp_path, PIP_CACHE_DIR="cache"))
    assert locate("/cache", at_home(tmp_path)).path == os.path.realpath("/cache")


@pytest.fixture
def nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """A user the system does not know, as in a container that is started with any number for one."""
    pwd = pytest.importorskip("pwd")

    def unknown(uid: int) -> None:
        raise KeyError(uid)

    monkeypatch.setattr(pwd, "getpwuid", unknown)


@pytest.mark.usefixtures("nobody")
def test_without_a_home_the_rest_still_counts() -> None:
    env = {"PIP_CONFIG_FILE": os.devnull}
    directory = locate(None, env | {"PIP_CACHE_DIR": "/cache"})
    assert directory.source is ENVIRONMENT
    unknown = Setting(DEFAULT, "platform default", None, "no home directory is known; pip itself stops at it")
    assert directory.settings[-1] == unknown
    assert locate(None, env | {"XDG_CACHE_HOME": "/xdg"}).path == os.path.realpath("/xdg/pip")
    with pytest.raises(CacheNotFound, match="No home directory is known"):
        locate(None, env)


@posix
def test_the_given_environment_counts_and_not_the_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HOME", "XDG_CACHE_HOME", "PIP_CACHE_DIR", "PIP_CONFIG_FILE", "VIRTUAL_ENV"):
        monkeypatch.setenv(name, str(tmp_path / "process"))
    directory = locate("~/cache", {"HOME": str(tmp_path / "given")})
    assert directory.path == str(tmp_path.resolve() / "given/cache")
    assert not any("process" in f"{place.origin}{place.value}" for place in directory.settings)


def test_linux_ends_with_the_one_file_in_etc() -> None:
    machine, user = config._folders("linux", {"HOME": "/home/me"})
    assert (machine, user) == (["/etc/xdg/pip", "/etc"], ["/home/me/.pip", "/home/me/.config/pip"])


def test_mac_os_has_two_candidates_for_the_default() -> None:
    native = "/Users/me/Library/Caches/pip"
    assert locating._defaults("darwin", {"HOME": "/Users/me", "XDG_CACHE_HOME": "/xdg"}) == [
        Setting(DEFAULT, "XDG_CACHE_HOME", "/xdg/pip", None),
        Setting(DEFAULT, "platform default", native, "the default before pip 26.2"),
    ]
    assert locating._defaults("darwin", {"HOME": "/Users/me"}) == [
        Setting(DEFAULT, "XDG_CACHE_HOME", None, None),
        Setting(DEFAULT, "platform default", native, None),
    ]


def test_mac_os_keeps_configuration_in_folders_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "base_prefix", "/usr")
    env = {"HOME": str(tmp_path), "XDG_CONFIG_HOME": "/ignored", "XDG_CONFIG_DIRS": "/ignored"}
    machine = ["/Library/Application Support/pip"]
    assert config._folders("darwin", env) == (machine, [f"{tmp_path}/.pip", f"{tmp_path}/.config/pip"])
    support = tmp_path / "Library/Application Support/pip"
    support.mkdir(parents=True)
    assert config._folders("darwin", env) == (machine, [f"{tmp_path}/.pip", str(support)])


def test_mac_os_knows_the_folders_of_xdg_and_of_homebrew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    formula = "/opt/homebrew/opt/python@3.13/Frameworks/Python.framework/Versions/3.13"
    monkeypatch.setattr(sys, "base_prefix", formula)
    (tmp_path / "data/pip").mkdir(parents=True)
    env = {"HOME": "/Users/me", "XDG_DATA_HOME": str(tmp_path / "data")}
    brew = ["/opt/homebrew/share/pip", "/Library/Application Support/pip"]
    assert config._folders("darwin", env) == (brew, ["/Users/me/.pip", f"{tmp_path}/data/pip"])
    assert config._folders("darwin", env | {"XDG_DATA_DIRS": "/a:b:/c"})[0] == ["/a/pip", "/c/pip"]


def test_windows_has_one_default_and_files_of_another_name(monkeypatch: pytest.MonkeyPatch) -> None:
    platformdirs = pytest.importorskip("platformdirs", minversion="4.6")
    windows = importlib.import_module("platformdirs.windows")
    # Windows itself is stood in for by the variables that platformdirs offers to override its folders.
    monkeypatch.setattr(platformdirs, "PlatformDirs", windows.Windows)
    for name, folder in {
        "LOCAL_APPDATA": r"C:\U\Local",
        "APPDATA": r"C:\U\Roaming",
        "COMMON_APPDATA": r"C:\D",
    }.items():
        monkeypatch.setenv(f"WIN_PD_OVERRIDE_{name}", folder)
    monkeypatch.setenv("USERPROFILE", r"C:\U")
    env = {"HOME": r"C:\U"}
    ((source, origin, default, note),) = locating._defaults("win32", env)
    assert (source, origin, note) == (DEFAULT, "platform default", None)
    assert default is not None
    assert PureWindowsPath(default) == PureWindowsPath(r"C:\U\Local\pip\Cache")
    files = [PureWindowsPath(file.path) for file in config.config_files("win32", env | {"VIRTUAL_ENV": r"C:\V"})]
    assert files == [
        PureWindowsPath(path)
        for path in (r"C:\V\pip.ini", r"C:\U\Roaming\pip\pip.ini", r"C:\U\pip\pip.ini", r"C:\D\pip\pip.ini")
    ]


@posix
def test_nothing_slow_is_imported_when_there_is_nothing_to_read(tmp_path: Path) -> None:
    root = Path(locating.__file__).parents[2]
    program = (
        "import json, os, sys; from pipcache.location.locate import locate; locate(None, os.environ);"
        "print(json.dumps([name for name in ('configparser', 'platformdirs', 'pathlib') if name in sys.modules]))"
    )
    env = at_home(tmp_path, PYTHONPATH=str(root), PIP_CONFIG_FILE=os.devnull)
    # Without the site module, whose start-up files import what they like.
    command = [sys.executable, "-S", "-c", program]
    output = subprocess.run(command, env=env, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert json.loads(output) == []
