"""Which directory is uv's cache for a run."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

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
    (home / ".config/uv/uv.toml").write_text('cache-dir = "~/of-user"\n')
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
