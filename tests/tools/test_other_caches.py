"""The caches that uv, poetry and pdm really make are theirs, also when they are emptied, and never pip's."""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING

import pytest

from pipcache.errors import CacheOfAnotherInstaller
from pipcache.location.machine import find_caches
from pipcache.store.installer import has_distributions
from pipcache.store.layout import find_stores
from tests.server.conftest import serving
from tests.support.archives import build_wheel
from tests.support.caches import look
from tests.support.program import Program
from tests.support.static_server import LOOPBACK
from tests.support.tools import run_tool

if TYPE_CHECKING:
    from pathlib import Path

    from tests.offline.conftest import Shelf

PROJECT = f"""\
[project]
name = "user"
version = "1"
requires-python = ">={sys.version_info[0]}.{sys.version_info[1]}"
dependencies = ["foo"]

"""


@pytest.fixture
def source(shelf: Shelf) -> Path:
    """A cache of pip's that has what is installed; it is served."""
    shelf.wheel("foo", "1.0")
    shelf.builder.built({"url": "https://files.example/made-1.5.tar.gz"}, *build_wheel("made", "1.5"))
    return shelf.builder.root


def with_uv(project: Path, url: str) -> None:
    options = ("--python", sys.executable, "--no-python-downloads", "--no-config", "--default-index", url)
    run_tool("uv", "pip", "install", *options, "--target", "t", "foo", cwd=project, env=LOOPBACK)


def with_poetry(project: Path, url: str) -> None:
    source = f'[[tool.poetry.source]]\nname = "cache"\nurl = "{url}"\npriority = "primary"\n'
    (project / "pyproject.toml").write_text(PROJECT + source, encoding="utf-8")
    env = {**LOOPBACK, "POETRY_VIRTUALENVS_IN_PROJECT": "true", "POETRY_KEYRING_ENABLED": "false"}
    run_tool("poetry", "env", "use", sys.executable, cwd=project, env=env)
    run_tool("poetry", "lock", "--no-interaction", cwd=project, env=env)
    run_tool("poetry", "install", "--no-root", "--no-interaction", cwd=project, env=env)


def with_pdm(project: Path, url: str) -> None:
    (project / "pyproject.toml").write_text(PROJECT, encoding="utf-8")
    env = {**LOOPBACK, "PDM_IGNORE_SAVED_PYTHON": "1", "PDM_PYPI_URL": url}
    run_tool("pdm", "config", "--local", "python.use_venv", "false", cwd=project, env=env)
    run_tool("pdm", "use", "-f", sys.executable, cwd=project, env=env)
    run_tool("pdm", "install", "--no-self", cwd=project, env=env)


FILLED = {"uv": (with_uv, "uv"), "poetry": (with_poetry, "pypoetry"), "pdm": (with_pdm, "pdm")}

EMPTIED = {
    "uv": ("cache", "clean", "--force"),
    "pdm": ("cache", "clear"),
}


@pytest.mark.parametrize("installer", FILLED)
def test_a_real_cache_is_its_installers(
    installer: str, source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fill, name = FILLED[installer]
    project = tmp_path / "project"
    project.mkdir()
    with serving(source) as site:
        fill(project, site.server.index_url)
    cache = project / "home/XDG_CACHE_HOME" / name
    look(cache)  # reading a link moves its access time once
    before = look(cache)
    reading = () if installer == "uv" else (("list",), ("verify",), ("audit", "foo"))
    for command in (*reading, ("clear", "--yes", "--force"), ("remove", "foo", "--yes")):
        ran = Program(cache, capsys)(*command)
        assert ran.code == 3
        assert f"This is {installer}'s cache, not pip's." in ran.err
    assert look(cache) == before
    # pip's own files among them change nothing: pdm's are laid out alike
    shutil.copytree(source / "wheels", cache / "wheels", dirs_exist_ok=True)
    with pytest.raises(CacheOfAnotherInstaller) as caught:
        find_stores(str(cache))
    assert caught.value.installer == installer
    environ = {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(cache.parent)}
    read, unread = find_caches(environ, homes=list)
    if installer == "uv":
        (owners,) = [place.owners for place in read if place.cache.path == str(cache.resolve())]
    else:
        (owners,) = [place.owners for place in unread if place.path == str(cache.resolve())]
    assert owners == ("XDG_CACHE_HOME",)


@pytest.mark.parametrize("installer", ["uv", "pdm"])
def test_a_real_cache_that_is_emptied_counts_for_nothing(installer: str, source: Path, tmp_path: Path) -> None:
    fill, name = FILLED[installer]
    project = tmp_path / "project"
    project.mkdir()
    with serving(source) as site:
        fill(project, site.server.index_url)
    cache = project / "home/XDG_CACHE_HOME" / name
    assert has_distributions(str(cache))
    run_tool(installer, *EMPTIED[installer], cwd=project, env=LOOPBACK)
    assert not has_distributions(str(cache))
    with pytest.raises(CacheOfAnotherInstaller) as caught:
        find_stores(str(cache))
    assert caught.value.installer == installer
