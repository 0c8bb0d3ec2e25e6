"""What an installation needs, as `lock` and `export` follow it: environments of builds, forks of locks, limits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.archives import build_wheel

if TYPE_CHECKING:
    from pathlib import Path

    from tests.offline.conftest import Shelf
    from tests.support.lock_samples import Write
    from tests.support.program import Program, Ran


def missing(answer: Ran) -> dict[str, list[str]]:
    return {lack["requirement"]: lack["needed_by"] for lack in answer.document["missing"]}


def exported(answer: Ran) -> list[str]:
    return [f"{file['project']} {file['version']}" for file in answer.document["files"]]


def locked(answer: Ran) -> list[str]:
    return [f"{file['project']} {file['version']}" for file in answer.document["locked"]]


def test_what_builds_need_and_what_is_needed_to_run_may_be_of_other_versions(
    shelf: Shelf, program: Program, tmp_path: Path
) -> None:
    shelf.wheel("app", "1.0", "packaging<22", "lib")
    shelf.sdist("lib", "1.0", builds_with="['backend']")
    shelf.wheel("backend", "1.0", "packaging>=24", "plug")
    shelf.wheel("plug", "1.0", "packaging!=25.0", "gone")
    for version in ("21.0", "24.0", "25.0"):
        shelf.wheel("packaging", version)
    answer = program("export", str(tmp_path / "out"), "app", "--format", "json")
    assert missing(answer) == {"gone": ["plug 1.0"]}
    # the environment of a build has one version of each project, which meets all that is needed there
    assert exported(answer) == [
        *("app 1.0", "backend 1.0", "lib 1.0", "packaging 21.0", "packaging 24.0", "plug 1.0")
    ]


def test_an_environment_of_a_build_has_one_version_of_a_project(
    shelf: Shelf, program: Program, tmp_path: Path
) -> None:
    shelf.sdist("lib", "1.0", builds_with="['backend', 'shared>=2']")
    shelf.wheel("backend", "1.0", "shared<3")
    shelf.wheel("shared", "1.0")
    shelf.wheel("shared", "3.0")
    answer = program("export", str(tmp_path / "out"), "lib", "--format", "json")
    assert len(missing(answer)) == 1
    shelf.wheel("shared", "2.5")
    answer = program("export", str(tmp_path / "out"), "lib", "--format", "json")
    assert (missing(answer), exported(answer)) == ({}, ["backend 1.0", "lib 1.0", "shared 2.5"])


@pytest.mark.parametrize(
    ("requires", "lacks"), [("['setuptools', 'wheel']", {"wheel"}), ("['setuptools']", set[str]())]
)
def test_a_build_that_names_wheel_needs_it(
    shelf: Shelf, program: Program, tmp_path: Path, requires: str, lacks: set[str]
) -> None:
    shelf.sdist("app", "1.0", builds_with=requires)
    shelf.wheel("setuptools", "75.0")
    answer = program("export", str(tmp_path / "out"), "app", "--format", "json")
    assert set(missing(answer)) == lacks


def test_what_constraints_name_is_not_asked_for(shelf: Shelf, program: Program, write: Write) -> None:
    shelf.wheel("app", "1.0", "dep")
    shelf.wheel("dep", "1.0")
    shelf.file("unneeded", *build_wheel("unneeded", "1.0"), digest="0" * 64)
    write("limits.txt", "unneeded==1.0\ndep==1.0\ngone==1.0\n")
    answer = program("lock", "--for", write("requirements.txt", "app\n-c limits.txt\n"), "--format", "json")
    assert (answer.code, locked(answer), answer.document["left_out"]) == (0, ["app 1.0", "dep 1.0"], [])


def test_a_faulty_file_of_another_version_is_not_what_is_missing(
    shelf: Shelf, program: Program, write: Write
) -> None:
    shelf.wheel("app", "1.0", "dep>=2")
    shelf.file("dep", *build_wheel("dep", "1.0"), digest="0" * 64)
    for arguments in (("app",), ("--for", write("requirements.txt", "app\ndep==2.1\n"))):
        answer = program("lock", *arguments, "--format", "json")
        assert (answer.code, answer.document["left_out"]) == (0, [])
        assert {lack["why"] for lack in answer.document["missing"]} == {"not-cached"}
    shelf.file("dep", *build_wheel("dep", "2.1"), digest="0" * 64)
    answer = program("lock", "app", "--format", "json")
    assert (answer.code, [lack["why"] for lack in answer.document["missing"]]) == (3, ["left-out"])
    assert [left["artifact"]["version"] for left in answer.document["left_out"]] == ["2.1"]


def test_what_is_in_the_cache_is_not_said_to_be_no_part_of_it(
    shelf: Shelf, program: Program, write: Write, tmp_path: Path
) -> None:
    def details(answer: Ran) -> set[str]:
        return {lack["detail"] for lack in answer.document["missing"]}

    shelf.wheel("app", "1.0")
    out = str(tmp_path / "out")
    hashed = write("requirements.txt", f"app==1.0 --hash=sha256:{'0' * 64}\n")
    assert details(program("lock", "--for", hashed, "--format", "json")) == {"the cache has other files of it"}
    only_sdists = program("export", out, "app", "--kind", "sdist", "--format", "json")
    assert details(only_sdists) == {"the cache has other files of it"}
    assert details(program("lock", "gone", "--format", "json")) == {"it is not in the cache"}
    shelf.wheel("first", "1.0", "app<2")
    shelf.wheel("app", "2.0")
    pinned = write("pinned.txt", "first\napp==2.0\n")
    assert details(program("lock", "--for", pinned, "--format", "json")) == {"2.0 is taken"}


def test_files_of_a_disk_are_not_asked_of_the_cache(shelf: Shelf, program: Program, write: Write) -> None:
    shelf.wheel("app", "1.0")
    lines = (
        *("app", "./a-1.0.tar.gz", "file:///srv/b-1.0.tar.gz", "c @ file:///srv/c-1.0-py3-none-any.whl"),
        *("d @ FILE:///srv/folder", "vendor/e-1.0-py3-none-any.whl"),
    )
    answer = program("lock", "--for", write("requirements.txt", "\n".join(lines)), "--format", "json")
    assert (locked(answer), missing(answer)) == (["app 1.0"], {})
    named = write("more.txt", "f @ https://files.example/f-1.0-py3-none-any.whl")
    assert set(missing(program("lock", "--for", named, "--format", "json"))) == {"f==1.0"}


UV_FORKS = """\
version = 1
revision = 3
requires-python = ">=3.9"
[[package]]
name = "mine"
version = "0.1"
source = { virtual = "." }
dependencies = [
    { name = "fork", version = "1.0", source = { registry = "R" }, marker = "python_full_version < '3.10'" },
    { name = "fork", version = "2.0", source = { registry = "R" }, marker = "python_full_version >= '3.10'" },
]
[[package]]
name = "fork"
version = "1.0"
source = { registry = "R" }
resolution-markers = ["python_full_version < '3.9'", "python_full_version == '3.9.*'"]
dependencies = [{ name = "old" }]
[[package]]
name = "fork"
version = "2.0"
source = { registry = "R" }
resolution-markers = ["python_full_version >= '3.10'"]
[[package]]
name = "old"
version = "0.5"
source = { registry = "R" }
"""

POETRY_1 = """\
[[package]]
name = "app"
version = "1.0"
[package.dependencies]
fork = [
    {version = ">=1.0,<2.0", markers = "python_version < '3.10'"},
    {version = ">=2.0", markers = "python_version >= '3.10'"},
]
windows-only = {version = "*", markers = "sys_platform == 'win32'"}
[[package]]
name = "fork"
version = "1.0"
[package.dependencies]
old = ">=0.1"
[[package]]
name = "fork"
version = "2.0"
[[package]]
name = "old"
version = "0.5"
[[package]]
name = "windows-only"
version = "1.0"
[metadata]
lock-version = "1.1"
[metadata.files]
windows-only = [{file = "windows_only-1.0.tar.gz", hash = "sha256:DIGEST"}]
""".replace("DIGEST", "0" * 64)


@pytest.mark.parametrize(("name", "lock"), [("uv.lock", UV_FORKS), ("poetry.lock", POETRY_1)])
def test_of_the_forks_of_a_lock_those_of_the_python_are_needed(
    shelf: Shelf, program: Program, write: Write, name: str, lock: str
) -> None:
    shelf.wheel("app", "1.0")
    shelf.wheel("fork", "2.0")
    options = ("--for", write(name, lock), "--format", "json", "--platform", "linux_x86_64", "--python")
    answer = program("lock", *options, "3.11")
    assert (missing(answer), "fork 2.0" in locked(answer)) == ({}, True)
    answer = program("lock", *options, "3.9")
    assert (set(missing(answer)), "fork 2.0" in locked(answer)) == ({"fork==1.0", "old==0.5"}, False)


POETRY_2 = """\
[[package]]
name = "click"
version = "8.0"
groups = ["main"]
[package.dependencies]
colorama = {version = "*", markers = "platform_system == 'Windows'"}
[[package]]
name = "colorama"
version = "0.4.6"
groups = ["main"]
MARKERS
[metadata]
lock-version = "2.1"
"""


@pytest.mark.parametrize(
    ("markers", "needed"), [("", {"colorama==0.4.6"}), ("""markers = "sys_platform == 'win32'\"""", set[str]())]
)
def test_a_lock_of_poetry_2_says_of_each_package_where_it_is_needed(
    shelf: Shelf, program: Program, write: Write, markers: str, needed: set[str]
) -> None:
    shelf.wheel("click", "8.0")
    named = write("poetry.lock", POETRY_2.replace("MARKERS", markers))
    answer = program("lock", "--for", named, "--format", "json", "--platform", "linux_x86_64")
    assert set(missing(answer)) == needed
