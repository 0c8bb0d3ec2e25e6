"""Real pips and `export`: what one pip has downloaded, another installs without any network."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pipcache.cli.main import run
from tests.support.archives import build_sdist, build_wheel, metadata, source_tree
from tests.support.index import Index
from tests.support.pips import fill_cache, needs_tls, run_pip
from tests.support.program import Program
from tests.support.slow import NEWEST_PIP, slow_except
from tests.support.static_server import DOWN, LOOPBACK, StaticServer

if TYPE_CHECKING:
    import subprocess

    from tests.support.index import Project

# on both sides of the layout (23.3), of JSON pages (22.2), of http from trusted hosts (21.3), of 26
PIPS = ("20.3.4", "21.3.1", "22.3.1", "23.2.1", "23.3.2", "24.3.1", "25.3", "26.3")
WITH_METADATA = ("23.2.1", "23.3.2", "24.3.1", "25.3", "26.3")

INSTALLED = {"Front_End-2.0", "Middle.Ware-1.0+local.1", "back-2.5", "extra_part-0.1", "source-0.3"}


FOR_WINDOWS = ("--platform", "win_amd64", "--python-version", "3.9", "--only-binary", ":all:", "--no-deps")


def add(index: Index, name: str, version: str, *requires: str) -> Project:
    project = index.add_project(name)
    filename, body = build_wheel(name, version, requires=requires)
    index.add_file(project, filename, body, version=version, metadata=metadata(name, version, requires=requires))
    return project


def fill(index: Index) -> None:
    """Projects that need each other, with an sdist among them that needs a helper to be built."""
    # requirements spell names other than metadata do: pip 22.3 to 23.1 mind that where they read .metadata
    add(index, "Front_End", "2.0", "middle-ware>=1", "back[fast]<3", 'unneeded; python_version < "3"')
    add(index, "Middle.Ware", "1.0+local.1", "source")
    back = add(index, "back", "2.5", "extra-part; extra == 'fast'\nProvides-Extra: fast")
    for tag in ("cp39-cp39-win_amd64", "cp312-cp312-macosx_11_0_arm64"):
        filename, body = build_wheel("back", "2.5", tags=[tag])
        index.add_file(back, filename, body, version="2.5")
    add(index, "extra-part", "0.1")
    add(index, "helper", "1.0")
    project = source_tree("source", "0.3")["pyproject.toml"].replace(b"requires = []", b'requires = ["helper"]')
    assert b"helper" in project
    filename, body = build_sdist("source", "0.3", members={"pyproject.toml": project})
    index.add_file(index.add_project("source"), filename, body, version="0.3")


def exported(version: str, folder: Path) -> Path:
    """The export of a cache that this pip has filled; beside it lies `unbuilt`, without wheels that pip built."""
    with Index() as index:
        fill(index)
        # what an isolated build installs is cached where the environment says, not the command line
        environment = {"PIP_CACHE_DIR": str(folder / "cache"), "PIP_TRUSTED_HOST": "127.0.0.1"}
        fill_cache(version, index, folder, "Front_End", env=environment)
        download = ["download", "--dest", "win", *FOR_WINDOWS, "--index-url", index.simple, "back"]
        done = run_pip(version, download, cache_dir=folder / "cache", cwd=folder)
        assert done.returncode == 0, done.stderr
    for name, options in (("out", []), ("unbuilt", ["--no-built"])):
        assert run(["export", "--cache-dir", str(folder / "cache"), str(folder / name), *options]) == 0
    return folder / "out"


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The export of a cache in the layout of today."""
    return exported("26.3", tmp_path_factory.mktemp("export"))


@pytest.mark.slow
def test_both_layouts_give_the_same_files(export: Path, tmp_path: Path) -> None:
    old = exported("21.3.1", tmp_path)
    sums = [(folder.parent / "unbuilt" / "SHA256SUMS").read_text("utf-8") for folder in (export, old)]
    assert sums[0] == sums[1]
    assert sums[0].count(".whl\n") == 6
    done = install("26.3", tmp_path, "--index-url", (old / "simple").as_uri(), environment=DOWN)
    assert done.returncode == 0, done.stderr
    assert installed(tmp_path / "t") == INSTALLED


def installed(folder: Path) -> set[str]:
    return {path.name.removesuffix(".dist-info") for path in folder.glob("*.dist-info")}


def install(
    version: str, cwd: Path, *arguments: str, environment: dict[str, str], requirement: str = "FRONT.end"
) -> subprocess.CompletedProcess[str]:
    """Install on a machine that has never seen the files."""
    options = ["--retries", "0", "--timeout", "5", "--target", "t", "--no-compile"]
    return run_pip(
        version,
        ["install", *options, *arguments, requirement],
        cache_dir=cwd / "cache",
        cwd=cwd,
        env=environment,
    )


@pytest.mark.parametrize("version", slow_except({NEWEST_PIP}, PIPS))
def test_pip_installs_from_the_folder(export: Path, tmp_path: Path, version: str) -> None:
    index = (export / "simple").as_uri()
    done = install(version, tmp_path, "--index-url", index, environment=DOWN)
    assert done.returncode == 0, done.stderr
    assert installed(tmp_path / "t") == INSTALLED


@pytest.mark.parametrize("version", slow_except({"26.3"}, ["20.3.4", "23.2.1", "26.3"]))
def test_pip_installs_from_the_files_alone(export: Path, tmp_path: Path, version: str) -> None:
    done = install(version, tmp_path, "--no-index", "--find-links", str(export / "files"), environment=DOWN)
    assert done.returncode == 0, done.stderr
    assert installed(tmp_path / "t") == INSTALLED


@pytest.mark.slow
@pytest.mark.parametrize("negotiates", [False, True], ids=["html", "json"])
@pytest.mark.parametrize("version", PIPS)
def test_pip_installs_over_http(export: Path, tmp_path: Path, version: str, negotiates: bool) -> None:  # noqa: FBT001
    with StaticServer(export, negotiates=negotiates) as server:
        done = install(version, tmp_path, "--index-url", f"{server.root}/simple/", environment=LOOPBACK)
    assert done.returncode == 0, done.stderr
    assert installed(tmp_path / "t") == INSTALLED
    has_metadata = any(path.endswith(".metadata") for path in server.asked)
    if version in WITH_METADATA:
        assert has_metadata


@pytest.mark.slow
def test_pip_asks_json_pages_for_upload_times(export: Path, tmp_path: Path) -> None:
    for moment, is_there in (("2000-01-01", False), ("2100-01-01", True)):
        with StaticServer(export, negotiates=True) as server:
            index = ["--index-url", f"{server.root}/simple/", "--uploaded-prior-to", moment]
            done = install("26.3", tmp_path, *index, environment=LOOPBACK, requirement="extra-part")
        assert (done.returncode == 0) is is_there, done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("version", ["20.3.4", "23.2.1", "26.3"])
def test_an_sdist_is_built_with_what_the_export_has(export: Path, tmp_path: Path, version: str) -> None:
    index = (export.parent / "unbuilt" / "simple").as_uri()
    done = install(version, tmp_path, "--index-url", index, environment=DOWN, requirement="source")
    assert done.returncode == 0, done.stderr
    assert installed(tmp_path / "t") == {"source-0.3"}


@pytest.mark.parametrize("version", slow_except({NEWEST_PIP}, ["20.3.4", "22.3.1", "23.2.1", "26.3"]))
def test_pip_takes_files_for_another_machine(export: Path, tmp_path: Path, version: str) -> None:
    done = run_pip(
        version,
        ["download", "--dest", "d", *FOR_WINDOWS, "--index-url", (export / "simple").as_uri(), "back"],
        cache_dir=tmp_path / "cache",
        cwd=tmp_path,
        env=DOWN,
    )
    assert done.returncode == 0, done.stderr
    assert [path.name for path in (tmp_path / "d").iterdir()] == ["back-2.5-cp39-cp39-win_amd64.whl"]


@pytest.mark.parametrize("version", slow_except({"26.3"}, ["20.3.4", "23.2.1", "26.3"]))
def test_pip_refuses_a_file_of_an_export_that_was_changed(export: Path, tmp_path: Path, version: str) -> None:
    filename, _ = build_wheel("back", "2.5")
    other = build_wheel("back", "2.5", members={"back/evil.py": b"print('evil')"})[1]
    path = export / "files" / filename
    whole = path.read_bytes()
    path.write_bytes(other)
    try:
        index = (export / "simple").as_uri()
        done = install(version, tmp_path, "--index-url", index, environment=DOWN, requirement="back")
    finally:
        path.write_bytes(whole)
    assert done.returncode != 0
    assert "DO NOT MATCH THE HASHES" in done.stderr


@pytest.mark.parametrize("version", slow_except({"26.3"}, ["23.2.1", "26.3"]))
def test_hashes_of_a_lock_hold_for_the_export(export: Path, tmp_path: Path, version: str) -> None:
    filename, body = build_wheel("extra-part", "0.1")
    assert (export / "files" / filename).read_bytes() == body
    digest = hashlib.sha256(body).hexdigest()
    (tmp_path / "r.txt").write_text(f"extra-part==0.1 --hash=sha256:{digest}\n", encoding="utf-8")
    index = (export / "simple").as_uri()
    done = install(
        version, tmp_path, "--index-url", index, "--require-hashes", "-r", environment=DOWN, requirement="r.txt"
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("version", ["21.3.1", "26.3"])
def test_tampered_bodies_are_not_exported(
    version: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], request: pytest.FixtureRequest
) -> None:
    certificate = request.getfixturevalue("certificate") if needs_tls(version) else None
    with Index(certificate=certificate) as index:
        fill(index)
        fill_cache(version, index, tmp_path, "Front_End")
    program = Program(tmp_path / "cache", capsys)
    (entry,) = [artifact for artifact in program.artifacts("list", "back") if artifact["kind"] == "wheel"]
    path = tmp_path / "cache" / entry["files"][-1]
    data, good = path.read_bytes(), build_wheel("back", "2.5")[0]
    start = data.index(b"PK\x03\x04")
    path.write_bytes(data[:start] + build_wheel("back", "2.5", members={"back/evil.py": b"evil"})[1])
    answer = program("export", str(tmp_path / "out"), "--format", "json")
    assert answer.code == 3
    assert good not in {file["filename"] for file in answer.document["files"]}
    assert not (tmp_path / "out" / "files" / good).exists()
    pages = [json.loads(page.read_bytes()) for page in (tmp_path / "out" / "simple").glob("back/index.json")]
    assert pages == []
