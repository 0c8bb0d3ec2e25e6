"""uv, pdm and poetry install from an export, without a network."""

from __future__ import annotations

import re
import sys
import tomllib
from typing import TYPE_CHECKING

import pytest

from tests.support.archives import build_wheel
from tests.support.static_server import DOWN, LOOPBACK, StaticServer
from tests.support.tools import run_tool

if TYPE_CHECKING:
    from pathlib import Path

    from tests.offline.conftest import Shelf
    from tests.support.program import Program


@pytest.fixture
def export(shelf: Shelf, program: Program, tmp_path: Path) -> Path:
    """An export of projects that need each other, with a wheel that was built here."""
    times = {"upload-time": "2024-01-02T03:04:05.678901Z"}
    shelf.wheel("front-end", "1.0", "middle.ware", "made>=1", listed=times)
    shelf.wheel("front-end", "2.0", "middle.ware", "made>=1", listed={"upload-time": "2026-01-02T03:04:05Z"})
    shelf.wheel("front-end", "3.0", "middle.ware", listed={**times, "yanked": 'for "<good>"'})
    shelf.wheel("middle.ware", "1.0+local.1", listed=times)
    shelf.wheel("middle.ware", "1.0+local.1", tags=["cp38-cp38-win_amd64"], listed=times)
    shelf.sdist("other", "0.1")
    shelf.builder.built({"url": "https://files.example/made-1.5.tar.gz"}, *build_wheel("made", "1.5"))
    assert program("export", str(tmp_path / "out")).code == 0
    return tmp_path / "out"


def installed(folder: Path) -> set[str]:
    return {path.name.removesuffix(".dist-info") for path in folder.glob("**/*.dist-info")}


NEWEST = {"front_end-2.0", "middle.ware-1.0+local.1", "made-1.5"}


def uv(cwd: Path, *arguments: str, env: dict[str, str], target: str = "t") -> None:
    python = ["--python", sys.executable, "--no-python-downloads", "--no-config", "--target", target]
    run_tool("uv", "pip", "install", *python, *arguments, "front-end", cwd=cwd, env=env)


def test_uv_installs_from_the_folder(export: Path, tmp_path: Path) -> None:
    uv(tmp_path, "--offline", "--default-index", (export / "simple").as_uri(), env=DOWN)
    assert installed(tmp_path / "t") == NEWEST


def test_uv_installs_from_the_files_alone(export: Path, tmp_path: Path) -> None:
    uv(tmp_path, "--offline", "--no-index", "--find-links", str(export / "files"), "front-end<3", env=DOWN)
    assert installed(tmp_path / "t") == NEWEST


def test_uv_installs_over_http_and_asks_for_upload_times(export: Path, tmp_path: Path) -> None:
    with StaticServer(export, negotiates=True) as server:
        index = ["--default-index", f"{server.root}/simple/"]
        uv(tmp_path, *index, env=LOOPBACK)
        assert installed(tmp_path / "t") == NEWEST
        assert any(path.endswith(".metadata") for path in server.asked)
        # without dependencies: the built wheel has no time, and uv takes no file without
        uv(tmp_path, *index, "--exclude-newer", "2025-01-01", "--no-deps", env=LOOPBACK, target="old")
    assert installed(tmp_path / "old") == {"front_end-1.0"}


def test_uv_installs_from_plain_pages(export: Path, tmp_path: Path) -> None:
    with StaticServer(export) as server:
        uv(tmp_path, "--default-index", f"{server.root}/simple/", env=LOOPBACK)
    assert installed(tmp_path / "t") == NEWEST


def test_uv_locks_and_syncs_a_project(export: Path, tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    index = f'[[tool.uv.index]]\nurl = "{(export / "simple").as_uri()}"\ndefault = true\n'
    (project / "pyproject.toml").write_text(_PROJECT + index, encoding="utf-8")
    options = ["--python", sys.executable, "--no-python-downloads", "--offline"]
    run_tool("uv", "lock", *options, cwd=project, env=DOWN)
    run_tool("uv", "sync", "--frozen", "--no-install-project", *options, cwd=project, env=DOWN)
    assert installed(project / ".venv") >= NEWEST


_PROJECT = f"""\
[project]
name = "user"
version = "1"
requires-python = ">={sys.version_info[0]}.{sys.version_info[1]}"
dependencies = ["front-end"]

"""


def locked(path: Path) -> dict[str, list[str]]:
    """The digests in a lock file of poetry or pdm, by project."""
    packages = tomllib.loads(path.read_text("utf-8"))["package"]
    return {package["name"]: [file["hash"] for file in package["files"]] for package in packages}


def check_lock(path: Path, export: Path) -> None:
    digests = locked(path)
    assert set(digests) == {"front-end", "made", "middle-ware"}
    sums = (export / "SHA256SUMS").read_text("utf-8")
    for of_project in digests.values():
        assert of_project
        for digest in of_project:
            assert re.fullmatch(r"sha256:[0-9a-f]{64}", digest)
            assert digest.removeprefix("sha256:") in sums


@pytest.mark.parametrize("over", ["file", "http"])
def test_pdm_locks_and_installs(export: Path, tmp_path: Path, over: str) -> None:
    project = tmp_path / "project"
    project.mkdir()
    with StaticServer(export) as server:
        url = (export / "simple").as_uri() if over == "file" else f"{server.root}/simple"
        source = f'[[tool.pdm.source]]\nname = "pypi"\nurl = "{url}"\nverify_ssl = false\n'
        (project / "pyproject.toml").write_text(_PROJECT + source, encoding="utf-8")
        env = {
            **(DOWN if over == "file" else LOOPBACK),
            "PDM_CHECK_UPDATE": "false",
            "PDM_IGNORE_SAVED_PYTHON": "1",
        }
        run_tool("pdm", "config", "--local", "python.use_venv", "false", cwd=project, env=env)
        run_tool("pdm", "use", "-f", sys.executable, cwd=project, env=env)
        run_tool("pdm", "lock", cwd=project, env=env)
        check_lock(project / "pdm.lock", export)
        run_tool("pdm", "install", "--no-self", "--no-lock", cwd=project, env=env)
    assert installed(project / "__pypackages__") == NEWEST


def test_poetry_locks_and_installs_over_http(export: Path, tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    with StaticServer(export) as server:
        source = f'[[tool.poetry.source]]\nname = "export"\nurl = "{server.root}/simple/"\npriority = "primary"\n'
        (project / "pyproject.toml").write_text(_PROJECT + source, encoding="utf-8")
        env = {**LOOPBACK, "POETRY_VIRTUALENVS_IN_PROJECT": "true", "POETRY_KEYRING_ENABLED": "false"}
        run_tool("poetry", "env", "use", sys.executable, cwd=project, env=env)
        run_tool("poetry", "lock", "--no-interaction", cwd=project, env=env)
        check_lock(project / "poetry.lock", export)
        run_tool("poetry", "install", "--no-root", "--no-interaction", cwd=project, env=env)
    assert installed(project / ".venv") >= NEWEST
