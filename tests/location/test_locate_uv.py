"""Which directory is uv's cache for a run."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from pipcache.cli.main import run
from pipcache.errors import CacheNotFound
from pipcache.location.locate import Source
from pipcache.location.locate_uv import locate_uv

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the places are those of Linux")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "project/src").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "project/src")
    return tmp_path / "home"


def located(home: Path, option: str | None = None, **environ: str) -> tuple[str, Source]:
    directory = locate_uv(option, {"HOME": str(home), "XDG_CONFIG_DIRS": str(home / "nothing"), **environ})
    assert directory.tool == "uv"
    return os.path.relpath(directory.path, os.path.realpath(home.parent)), directory.source


def test_the_highest_setting_decides(home: Path) -> None:
    assert located(home) == ("home/.cache/uv", Source.DEFAULT)
    assert located(home, XDG_CACHE_HOME=str(home / "xdg")) == ("home/xdg/uv", Source.DEFAULT)
    (home / ".config/uv").mkdir(parents=True)
    (home / ".config/uv/uv.toml").write_text(f'cache-dir = "{home}/of-user"\n')
    assert located(home) == ("home/of-user", Source.CONFIGURATION)
    (home.parent / "project/pyproject.toml").write_text(f'[tool.uv]\ncache-dir = "{home}/of-project"\n')
    assert located(home) == ("home/of-project", Source.CONFIGURATION)
    assert located(home, UV_NO_CONFIG="1") == ("home/.cache/uv", Source.DEFAULT)
    (home / "mine.toml").write_text(f'cache-dir = "{home}/mine"\n')
    assert located(home, UV_CONFIG_FILE=str(home / "mine.toml")) == ("home/mine", Source.CONFIGURATION)
    assert located(home, UV_CACHE_DIR="../here") == ("project/here", Source.ENVIRONMENT)
    assert located(home, str(home / "x"), UV_CACHE_DIR="y") == ("home/x", Source.OPTION)


@pytest.mark.parametrize("option", ["", "a\0b"])
def test_what_names_no_directory_is_an_error(home: Path, option: str) -> None:
    with pytest.raises(CacheNotFound):
        located(home, option)


def test_a_file_that_is_not_valid_names_nothing(home: Path) -> None:
    (home.parent / "project/uv.toml").write_text("cache-dir = [")
    (home.parent / "project/pyproject.toml").write_text('[tool]\nuv = "x"\n')
    assert located(home) == ("home/.cache/uv", Source.DEFAULT)


OUTER = '[project]\nname = "outer"\n[tool.uv]\ncache-dir = "../outer"\n'

INNER = '[project]\nname = "inner"\n[tool.uv]\ncache-dir = "../inner"\n'


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        # the nearest that configures uv decides alone, with a cache or without
        ({"uv.toml": "", "project/pyproject.toml": OUTER}, "project/outer"),
        ({"project/uv.toml": "offline = true", "project/pyproject.toml": OUTER}, "home/.cache/uv"),
        ({"uv.toml": 'cache-dir = "../x"', "project/pyproject.toml": "[tool.uv]\n"}, "home/.cache/uv"),
        ({"pyproject.toml": OUTER, "project/pyproject.toml": '[project]\nname = "x"\n'}, "project/outer"),
        ({"pyproject.toml": OUTER, "project/pyproject.toml": "[project"}, "project/outer"),
        # below a project its own file counts
        ({"project/pyproject.toml": OUTER, "project/src/uv.toml": 'cache-dir = "../x"'}, "project/outer"),
        ({"project/pyproject.toml": "", "project/src/uv.toml": 'cache-dir = "../x"'}, "project/x"),
    ],
)
def test_the_nearest_file_decides_alone(home: Path, files: dict[str, str], expected: str) -> None:
    for name, text in files.items():
        (home.parent / name).write_text(text)
    assert located(home)[0] == expected


@pytest.mark.parametrize(
    ("workspace", "expected"),
    [
        ('members = ["pro*"]', "project/outer"),
        ('members = ["./project"]', "project/outer"),
        ('members = ["**"]', "project/outer"),
        ('members = ["**/project"]\nexclude = ["x"]', "project/outer"),
        ('members = ["pro*"]\nexclude = ["project"]', "project/inner"),
        ('members = ["*/project", "project/*", "../project"]', "project/inner"),
        ("members = 3", "project/inner"),
    ],
)
def test_a_member_of_a_workspace_has_the_settings_of_its_root(home: Path, workspace: str, expected: str) -> None:
    (home.parent / "pyproject.toml").write_text(f"{OUTER}[tool.uv.workspace]\n{workspace}\n")
    (home.parent / "project/pyproject.toml").write_text(INNER)
    assert located(home)[0] == expected


def test_the_user_is_above_the_machine_and_each_has_a_single_file(home: Path) -> None:
    for name in ("home/.config", "xdg", "machine", "second"):
        (home.parent / name / "uv").mkdir(parents=True)
        (home.parent / name / "uv/uv.toml").write_text(f'cache-dir = "../of-{name[-6:]}"\n')
    dirs = f"{home.parent}/none:{home.parent}/machine:{home.parent}/second"
    assert located(home, XDG_CONFIG_DIRS=dirs)[0] == "project/of-config"
    assert located(home, XDG_CONFIG_DIRS=dirs, XDG_CONFIG_HOME=str(home.parent / "xdg"))[0] == "project/of-xdg"
    assert located(home, XDG_CONFIG_DIRS=dirs, XDG_CONFIG_HOME=str(home))[0] == "project/of-achine"
    assert located(home, XDG_CONFIG_HOME=str(home))[0] == "home/.cache/uv"
    (home / "mine.toml").write_text("offline = true\n")
    assert located(home, XDG_CONFIG_DIRS=dirs, UV_CONFIG_FILE=str(home / "mine.toml"))[0] == "home/.cache/uv"


def test_variables_are_read_as_uv_reads_them(home: Path) -> None:
    (home.parent / "project/uv.toml").write_text('cache-dir = "../of-project"\n')
    assert located(home, UV_NO_CONFIG="false")[0] == "project/of-project"
    assert located(home, UV_NO_CONFIG="True")[0] == "home/.cache/uv"
    mine = home.parent / "mine.toml"
    mine.write_text('cache-dir = "mine"\n')
    assert located(home, UV_NO_CONFIG="1", UV_CONFIG_FILE=str(mine))[0] == "project/src/mine"
    assert located(home, UV_CACHE_DIR="~/here")[0] == "project/src/~/here"
    assert located(home, UV_CACHE_DIR="")[0] == "project/of-project"
    (home.parent / "else").mkdir()
    (home.parent / "else/uv.toml").write_text('cache-dir = "x"\n')
    assert located(home, UV_PROJECT="../../else")[0] == "project/src/x"
    assert located(home, UV_WORKING_DIR=str(home.parent / "else"))[0] == "else/x"


def test_a_switched_off_cache_is_said(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    environ = {"HOME": str(home), "XDG_CONFIG_DIRS": str(home)}
    assert locate_uv(None, {**environ, "UV_NO_CACHE": "yes"}).disabled_by == "UV_NO_CACHE=yes"
    assert locate_uv(None, {**environ, "UV_NO_CACHE": "0"}).disabled_by is None
    path = home.parent / "project/uv.toml"
    path.write_text("no-cache = true\n")
    assert locate_uv(None, environ).disabled_by == f"{path} no-cache"
    assert locate_uv(None, {**environ, "UV_NO_CACHE": "0"}).disabled_by is None
    assert locate_uv("x", environ).disabled_by is None
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(home))
        run(["list", "--tool", "uv"])
    assert f"Note: uv's cache is switched off ({path} no-cache)" in capsys.readouterr().err
