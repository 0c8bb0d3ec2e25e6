"""uv, pdm and poetry install from a served cache, without a network, and without another index."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from tests.server.conftest import serving
from tests.support.archives import build_wheel
from tests.support.index import Index
from tests.support.places import REPOSITORY
from tests.support.static_server import DOWN, LOOPBACK
from tests.support.tools import run_tool, tool

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.offline.conftest import Shelf

NEWEST = {"front_end-2.0", "middle.ware-1.0+local.1", "made-1.5"}


def installed(folder: Path) -> set[str]:
    return {path.name.removesuffix(".dist-info") for path in folder.glob("**/*.dist-info")}


ELSEWHERE = {
    "PYTHONPATH": str(REPOSITORY),
    "UV_INDEX": "https://extra.example/simple",
    "UV_FIND_LINKS": "https://links.example/files",
    "UV_NO_INDEX": "1",
    "UV_OFFLINE": "1",
    "PDM_PYPI_URL": "https://other.example/simple",
}


@pytest.fixture
def cache(shelf: Shelf) -> Path:
    """A cache of projects that need each other, with a wheel that was built here."""
    times = {"upload-time": "2024-01-02T03:04:05.678901Z"}
    shelf.wheel("front-end", "1.0", "middle.ware", "made>=1", listed=times)
    shelf.wheel("front-end", "2.0", "middle.ware", "made>=1", listed={"upload-time": "2026-01-02T03:04:05Z"})
    shelf.wheel("front-end", "3.0", "middle.ware", listed={**times, "yanked": 'for "<good>"'})
    shelf.wheel("middle.ware", "1.0+local.1", listed=times)
    shelf.sdist("made", "1.5")
    made = {"url": "https://files.example/packages/made/made-1.5.tar.gz"}
    shelf.builder.built(made, *build_wheel("made", "1.5"))
    return shelf.builder.root


def offline(cache: Path, name: str, *arguments: str, cwd: Path, code: int = 0, env: Mapping[str, str] = {}) -> str:
    """Run an installer under `offline`, and give what was said on standard error."""
    command = ["-m", "pipcache", "offline", "--cache-dir", str(cache), "--", str(tool(name)), *arguments]
    return run_tool(sys.executable, *command, cwd=cwd, env={**DOWN, **ELSEWHERE, **env}, code=code).stderr


UV = ("--python", sys.executable, "--no-python-downloads")


def test_uv_installs(cache: Path, tmp_path: Path) -> None:
    said = offline(cache, "uv", "pip", "install", *UV, "--target", "t", "front-end", cwd=tmp_path)
    assert installed(tmp_path / "t") == NEWEST
    assert "Not in this cache" not in said


def test_uv_asks_for_upload_times(cache: Path, tmp_path: Path) -> None:
    older = ("--exclude-newer", "2025-01-01", "--no-deps")
    offline(cache, "uv", "pip", "install", *UV, *older, "--target", "t", "front-end", cwd=tmp_path)
    assert installed(tmp_path / "t") == {"front_end-1.0"}


def test_what_uv_misses_is_told(cache: Path, tmp_path: Path) -> None:
    said = offline(
        cache, "uv", "pip", "install", *UV, "--target", "t", "front-end", "no-such-thing", cwd=tmp_path, code=1
    )
    assert "Not in this cache: no-such-thing (asked by uv/" in said


PROJECT = f"""\
[project]
name = "user"
version = "1"
requires-python = ">={sys.version_info[0]}.{sys.version_info[1]}"
dependencies = ["front-end"]

"""


def test_uv_locks_and_syncs_a_project(cache: Path, tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    (project / "pyproject.toml").write_text(PROJECT, encoding="utf-8")
    offline(cache, "uv", "sync", "--no-install-project", *UV, cwd=project)
    assert installed(project / ".venv") >= NEWEST


def test_pdm_locks_and_installs(cache: Path, tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    (project / "pyproject.toml").write_text(PROJECT, encoding="utf-8")
    env = {"PDM_IGNORE_SAVED_PYTHON": "1"}
    run_tool("pdm", "config", "--local", "python.use_venv", "false", cwd=project, env={**LOOPBACK, **env})
    run_tool("pdm", "use", "-f", sys.executable, cwd=project, env={**LOOPBACK, **env})
    offline(cache, "pdm", "lock", cwd=project, env=env)
    offline(cache, "pdm", "install", "--no-self", "--no-lock", cwd=project, env=env)
    assert installed(project / "__pypackages__") == NEWEST


def test_poetry_locks_and_installs_with_a_source_in_the_project(cache: Path, tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    with serving(cache) as site:
        url = site.server.index_url
        source = f'[[tool.poetry.source]]\nname = "cache"\nurl = "{url}"\npriority = "primary"\n'
        (project / "pyproject.toml").write_text(PROJECT + source, encoding="utf-8")
        env = {**LOOPBACK, "POETRY_VIRTUALENVS_IN_PROJECT": "true", "POETRY_KEYRING_ENABLED": "false"}
        run_tool("poetry", "env", "use", sys.executable, cwd=project, env=env)
        run_tool("poetry", "lock", "--no-interaction", cwd=project, env=env)
        run_tool("poetry", "install", "--no-root", "--no-interaction", cwd=project, env=env)
    assert installed(project / ".venv") >= NEWEST


def test_indexes_in_the_users_settings_are_not_asked(cache: Path, tmp_path: Path) -> None:
    """A project that is not in the cache is asked for nowhere else, so that no stranger answers."""
    config = tmp_path / "config"
    with Index() as index:
        for name, text in (
            ("uv/uv.toml", f'[[index]]\nname = "corp"\nurl = "{index.simple}"\n'),
            ("pdm/config.toml", f'[pypi.corp]\nurl = "{index.simple}"\n'),
        ):
            (config / name).parent.mkdir(parents=True)
            (config / name).write_text(text, encoding="utf-8")
        env = {**LOOPBACK, "XDG_CONFIG_HOME": str(config), "PDM_IGNORE_SAVED_PYTHON": "1"}
        said = offline(
            cache,
            "uv",
            "pip",
            "install",
            *UV,
            "--target",
            "t",
            "front-end",
            "private",
            cwd=tmp_path,
            env=env,
            code=1,
        )
        assert "Not in this cache: private (asked by uv/" in said
        project = tmp_path / "project"
        project.mkdir()
        dependencies = PROJECT.replace('"front-end"', '"front-end", "private"')
        (project / "pyproject.toml").write_text(dependencies, encoding="utf-8")
        run_tool("pdm", "use", "-f", sys.executable, cwd=project, env=env)
        said = offline(cache, "pdm", "lock", cwd=project, env=env, code=1)
        assert "Not in this cache: private (asked by pdm/" in said
        assert index.requests == []
