"""The caches that conda's configuration files name are named, and so is a file that cannot be seen through."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from pipcache.location import startup_files
from tests.support.user_machines import MixedMachine as Machine

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="these are the places of Linux")


@pytest.fixture
def box(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    monkeypatch.setattr(startup_files, "SHARED_FILES", ())
    machine = Machine(tmp_path)
    machine.home("ada")
    machine.write("home/ada/disk/pkgs/six-1.17.0.conda")
    return machine


FILES = (
    *(".condarc", ".mambarc", ".conda/.condarc", ".conda/condarc", ".conda/condarc.d/site.yml"),
    *(".config/conda/.condarc", ".config/conda/condarc.d/site.yaml"),
)


@pytest.mark.parametrize("file", FILES)
def test_the_caches_in_each_file_of_a_user_are_named(box: Machine, file: str) -> None:
    box.write(f"home/ada/{file}", f"channels: [conda-forge]\npkgs_dirs:\n  - {box.folder}/home/ada/disk/pkgs\n")
    assert box.unread() == {"home/ada/disk/pkgs": ("conda", None)}
    assert box.find().unread[0].owners == (f"{box.folder}/home/ada/{file} pkgs_dirs",)


@pytest.mark.parametrize(
    "text",
    [
        "pkgs_dirs: ~/disk/pkgs\n",
        "pkgs_dirs: ['$HOME/disk/pkgs']\n",
        "pkgs_dirs:\n  - ${HOME}/disk/pkgs\n  - ~/nothing\n",
        '{"pkgs_dirs": ["~/disk/pkgs"]}',
        "channels:\n- a\ncustom_channels:\n  x: https://index.example\npkgs_dirs:   #!final\n- ~/disk/pkgs\n",
        "? [a, b]\n: c\npkgs_dirs: [~/disk/pkgs]\nssl_verify: false\n",
        "a: &anchor [x]\nb: *anchor\npkgs_dirs: [~/disk/pkgs]\n",
    ],
)
def test_every_way_to_write_the_key_counts(box: Machine, text: str) -> None:
    box.write("home/ada/.condarc", text)
    assert box.unread() == {"home/ada/disk/pkgs": ("conda", None)}


@pytest.mark.parametrize(
    "text",
    [
        "channels: [conda-forge]\n",
        "# pkgs_dirs: [~/disk/pkgs]\n",
        "x:\n  pkgs_dirs: [~/disk/pkgs]\n",
        "x: pkgs_dirs\ny: ~/disk/pkgs\n",
        "pkgs_dirs: [~/disk/pkgs\nb: }\n",
        "pkgs_dirs: [~/elsewhere]\n",
        "pkgs_dirs:\n",
        "pkgs_dirs: " + "[" * 30_000,
        b"pkgs_dirs: [~/disk/pkgs]\xff\n",
    ],
)
def test_what_conda_does_not_take_for_a_cache_names_nothing(box: Machine, text: str | bytes) -> None:
    box.write("home/ada/.condarc", text)
    caches, unread = box.find()
    assert (len(caches), unread) == (1, [])


def test_a_path_with_another_variable_is_named_with_its_file(box: Machine) -> None:
    file = box.write("home/ada/.condarc", "pkgs_dirs: [$SCRATCH/pkgs]\n")
    (named,) = box.find().unread
    assert (named.installer.value, named.path, named.owners) == (
        "conda",
        os.path.realpath(file),
        (f"{file} pkgs_dirs",),
    )
    assert named.problem == "a path in it has variables, which are not worked out; it may name a cache"


def test_a_file_that_is_too_long_is_named(box: Machine) -> None:
    file = box.write("home/ada/.condarc", "pkgs_dirs: [~/elsewhere]\n".ljust(1 << 16, "#"))
    assert box.find().unread == []
    file.write_text("pkgs_dirs: [~/elsewhere]\n".ljust((1 << 16) + 1, "#"))
    (named,) = box.find().unread
    assert named.path == os.path.realpath(file)
    assert named.problem == "it has more than 65,536 bytes, and is not read; it may name a cache"


@pytest.mark.permissions
@pytest.mark.parametrize("closed", [".condarc", ".conda/condarc.d"])
def test_what_cannot_be_read_is_named(box: Machine, closed: str, request: pytest.FixtureRequest) -> None:
    box.write("home/ada/.condarc", "channels: []\n")
    box.write("home/ada/.conda/condarc.d/x.yml", "channels: []\n")
    path = box.folder / "home/ada" / closed
    path.chmod(0)
    request.addfinalizer(lambda: path.chmod(0o700))
    assert [(named.path, named.problem) for named in box.find().unread] == [
        (os.path.realpath(path), "cannot be read: Permission denied; it may name a cache")
    ]


@pytest.mark.parametrize("variable", ["CONDARC", "XDG_CONFIG_HOME"])
@pytest.mark.parametrize("is_of_run", [True, False])
def test_a_file_that_a_variable_names_is_read(box: Machine, variable: str, *, is_of_run: bool) -> None:
    file = box.write("conf/conda/condarc", f"pkgs_dirs: [{box.folder}/home/ada/disk/pkgs]\n")
    value = str(file if variable == "CONDARC" else box.folder / "conf")
    if is_of_run:
        box.environ[variable] = value
    else:
        box.write("home/ada/.bashrc", f"export {variable}={value}\n")
    assert box.unread() == {"home/ada/disk/pkgs": ("conda", None)}


def test_a_root_that_the_shell_of_a_user_or_the_list_of_conda_names_is_looked_at(box: Machine) -> None:
    for root in ("mamba", "conda"):
        box.write(f"opt/{root}/pkgs/six-1.17.0.conda")
    box.write("home/ada/.bashrc", f"export MAMBA_ROOT_PREFIX='{box.folder}/opt/mamba';\n")
    box.write("home/ada/.conda/environments.txt", f"{box.folder}/opt/conda\n{box.folder}/opt/conda/envs/web\n")
    assert box.unread() == {"opt/mamba/pkgs": ("conda", None), "opt/conda/pkgs": ("conda", None)}
