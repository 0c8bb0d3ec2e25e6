"""What a user's shell and session set leads to caches, and what only a shell could work out is named."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from pipcache.location import startup_files
from pipcache.location.look import RELATIVE
from pipcache.location.startup_files import places_in_startup_files
from tests.support.user_machines import MixedMachine as Machine

if TYPE_CHECKING:
    from pathlib import Path

linux = pytest.mark.skipif(sys.platform != "linux", reason="these are the places of Linux")


@pytest.fixture
def box(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    monkeypatch.setattr(startup_files, "SHARED_FILES", (str(tmp_path / "etc/environment"),))
    return Machine(tmp_path)


ASSIGNMENTS = {
    ".profile": "export XDG_CACHE_HOME={}\n",
    ".bashrc": 'if true; then\n  XDG_CACHE_HOME="{}"; export XDG_CACHE_HOME\nfi\n',
    ".zshenv": "export XDG_CACHE_HOME='{}' # mine\n",
    ".pam_environment": "XDG_CACHE_HOME DEFAULT={}\n",
    ".config/fish/config.fish": "set -gx XDG_CACHE_HOME {}\n",
    ".config/environment.d/10-cache.conf": "XDG_CACHE_HOME={}\n",
}


@linux
@pytest.mark.parametrize("written", ["whole", "$HOME/xdg", "${HOME}/xdg", "~/xdg"])
@pytest.mark.parametrize("file", ASSIGNMENTS)
def test_the_xdg_folder_of_each_user_is_known(box: Machine, file: str, written: str) -> None:
    home = box.home("ada")
    pip, pipenv, uv = (
        box.pip("home/ada/xdg/pip"),
        box.pip("home/ada/xdg/pipenv"),
        box.uv("home/ada/xdg/uv"),
    )
    box.write(f"home/ada/{file}", ASSIGNMENTS[file].format(f"{home}/xdg" if written == "whole" else written))
    caches, unread = box.find()
    origin = (f"XDG_CACHE_HOME in {home / file}",)
    assert unread == []
    assert {(cache.cache.path, cache.owners) for cache in caches[1:]} == {
        (pip, origin),
        (pipenv, origin),
        (uv, origin),
    }


@linux
@pytest.mark.parametrize("variable", ["PIP_CACHE_DIR", "PIPENV_CACHE_DIR"])
def test_a_variable_of_a_user_is_known(box: Machine, variable: str) -> None:
    box.home("ada")
    path = box.pip("disk/ada")
    box.write("home/ada/.profile", f"export {variable}={path}\n")
    assert [cache.cache.path for cache in box.find().caches[1:]] == [path]


@linux
@pytest.mark.parametrize(
    "value",
    [
        *("~/wheels", "$HOME/wheels", "${HOME}/wheels", '"$HOME/wheels"', '"${HOME}"/wheels', "$HOME/'wheels'"),
        *("${HOME:-/root}/wheels", "/FOLDER/home/$USER/wheels", "/FOLDER/home/${LOGNAME}/wheels"),
        *(
            "${XDG_CACHE_HOME:-$HOME}/wheels",
            "${XDG_CACHE_HOME:-${HOME}}/wheels",
            "${PIP_CACHE_DIR:-$HOME/wheels}",
        ),
        *("$ROOMS/$LOGNAME/wheels", "${ROOMS}/ada/wheels", "${ROOMS:-/nowhere}/ada/wheels"),
    ],
)
def test_the_variables_of_a_user_are_known(box: Machine, value: str) -> None:
    home = box.home("ada")
    path = box.pip("home/ada/wheels")
    box.write("home/ada/.bashrc", f"export ROOMS={box.folder}/home\n")
    file = home / ".profile"
    box.write("home/ada/.profile", f"export PIP_CACHE_DIR={value}\n".replace("/FOLDER", str(box.folder)))
    assert [(cache.cache.path, cache.owners, cache.problem) for cache in box.find().caches[1:]] == [
        (path, (f"PIP_CACHE_DIR in {file}",), None)
    ]


@linux
def test_a_file_of_all_users_is_worked_out_for_each(box: Machine) -> None:
    box.home("ada")
    box.home("bob")
    box.users += [("bin", str(box.folder / "srv")), ("sys", str(box.folder / "srv"))]
    (box.folder / "srv").mkdir()
    paths = [box.pip(f"disk/{user}") for user in ("me", "ada", "bob", "bin", "sys")]
    box.write("etc/environment", f"PIP_CACHE_DIR={box.folder}/disk/$USER\n")
    assert [(cache.cache.path, cache.problem) for cache in box.find().caches[1:]] == [
        (path, None) for path in paths
    ]


LINES = {
    "two on a line": "export A=1 PIP_CACHE_DIR={}",
    "after a command": "true && export PIP_CACHE_DIR={}; echo",
    "in parentheses": "(export PIP_CACHE_DIR={})",
    "before a command": "PIP_CACHE_DIR={} pip install six",
    "declare": "declare -x PIP_CACHE_DIR={}",
    "default": ": ${{X}}; export PIP_CACHE_DIR=${{PIP_CACHE_DIR:-{}}}",
    "csh": "setenv PIP_CACHE_DIR {}",
    "fish": "set --global --export PIP_CACHE_DIR {}",
    "pam": "PIP_CACHE_DIR OVERRIDE={}",
}


@linux
@pytest.mark.parametrize("line", LINES.values(), ids=LINES)
def test_every_way_to_set_a_variable_counts(box: Machine, line: str) -> None:
    path = box.pip("disk/mine")
    box.write("home/me/.profile", f"if true; then\n  {line.format(path)}\nfi\n")
    assert [(cache.cache.path, cache.problem) for cache in box.find().caches[1:]] == [(path, None)]


@linux
@pytest.mark.parametrize(
    "value",
    [
        "$(echo {})",
        "`echo {}`",
        '"$(dirname {})/mine"',
        "{}/$1",
        "$SCRATCH/pip",
        "${{SCRATCH:-{}}}/x",
        "${{X%/*}}/{}",
    ],
)
@pytest.mark.parametrize("variable", ["PIP_CACHE_DIR", "XDG_CACHE_HOME", "UV_CACHE_DIR"])
def test_what_only_a_shell_can_work_out_is_named(box: Machine, variable: str, value: str) -> None:
    file = box.folder / "home/me/.profile"
    box.write("home/me/.profile", f"export {variable}={value.format(box.folder)}\n")
    _, named = box.find().caches
    assert (named.cache.path, named.owners) == (str(file.resolve()), (f"{variable} in {file}",))
    assert named.problem is not None
    assert "which is not run" in named.problem


@linux
@pytest.mark.parametrize(
    "text",
    [
        "# export PIP_CACHE_DIR={}\n",
        "true # PIP_CACHE_DIR=$(echo {})\n",
        "export MY_PIP_CACHE_DIR={}\n",
        "PIP_CACHE_DIR=\n{}\n",
        "unset PIP_CACHE_DIR\nexport PIP_CACHE_DIR=$PIP_CACHE_DIR\n",
        'test "$PIP_CACHE_DIR" = {} || echo "$PIP_CACHE_DIR"\n',
        "PIP_CACHE_DIR={}/$USER\n",
        "export SCRATCH=$(mktemp -d)\nexport PATH=$PATH:$HOME/bin\n",
        "\0\xff\n",
    ],
)
def test_what_sets_no_variable_names_nothing(box: Machine, text: str) -> None:
    box.write("home/me/.profile", text.format(box.pip("disk/mine")))
    assert len(box.find().caches) == 1


@linux
@pytest.mark.parametrize("file", [".profile", ".config/environment.d/10-x.conf", ".config/fish/conf.d/x.fish"])
def test_a_file_that_is_not_read_to_its_end_is_named(box: Machine, file: str) -> None:
    path = box.pip("disk/mine")
    text = f"PIP_CACHE_DIR={path}\n"
    box.write(f"home/me/{file}", text + "#" * ((1 << 16) - len(text)))
    assert [(cache.cache.path, cache.problem) for cache in box.find().caches[1:]] == [(path, None)]
    box.write(f"home/me/{file}", text + "#" * ((1 << 16) - len(text) + 1))
    named, read = box.find().caches[1:]
    assert (named.cache.path, named.owners) == (
        os.path.realpath(box.folder / "home/me" / file),
        (str(box.folder / "home/me" / file),),
    )
    assert named.problem == "it has more than 65,536 bytes, of which only these are read; it may name a cache"
    assert (read.cache.path, read.problem) == (path, None)


@linux
def test_a_folder_with_more_files_than_are_read_is_named(box: Machine) -> None:
    folder = box.folder / "home/me/.config/environment.d"
    for number in range(64):
        box.write(f"home/me/.config/environment.d/{number:02}.conf", "EDITOR=vi\n")
    assert len(box.find().caches) == 1
    box.write("home/me/.config/environment.d/64.conf", f"PIP_CACHE_DIR={box.pip('disk/mine')}\n")
    _, named = box.find().caches
    assert (named.cache.path, named.owners) == (os.path.realpath(folder), (str(folder),))
    assert named.problem == "it has more than 64 files, of which only these are read; another may name a cache"


@linux
@pytest.mark.permissions
@pytest.mark.parametrize("closed", [".profile", ".config/fish/conf.d", ".config/fish", ".config/environment.d"])
def test_a_file_that_cannot_be_read_is_named(box: Machine, closed: str, request: pytest.FixtureRequest) -> None:
    box.home("ada")
    for file in (".profile", ".config/fish/conf.d/x.fish", ".config/environment.d/x.conf"):
        box.write(f"home/ada/{file}", "EDITOR=vi\n")
    path = box.folder / "home/ada" / closed
    path.chmod(0)
    request.addfinalizer(lambda: path.chmod(0o700))
    caches, unread = box.find()
    named = {cache.cache.path: cache.problem for cache in caches[1:]} | {
        each.path: each.problem for each in unread
    }
    assert named == {os.path.realpath(path): "cannot be read: Permission denied; it may name a cache"}


@linux
def test_values_that_refer_to_each_other_come_to_an_end(tmp_path: Path) -> None:
    lines = [f"A{number}=$A{number + 1}$A{other}" for number in range(40) for other in range(40)]
    (tmp_path / ".profile").write_text("\n".join([*lines, "PIP_CACHE_DIR=/x$A0"]), encoding="utf-8")
    places = [*places_in_startup_files("ada", str(tmp_path), ["ada"])]
    assert any(place.unknown for place in places)


CONFIGURATIONS = {
    "PIP_CONFIG_FILE": ("conf/any.ini", "any.ini", "[global]\ncache-dir = {}\n"),
    "XDG_CONFIG_HOME": ("conf/pip/pip.conf", "", "[install]\ncache-dir = {}\n"),
    "WORKON_HOME": ("conf/web/pip.conf", "", "[global]\ncache-dir = {}\n"),
    "PYENV_ROOT": ("conf/versions/3.13.1/pip.conf", "", "[global]\ncache-dir = {}\n"),
}


@linux
@pytest.mark.parametrize("variable", CONFIGURATIONS)
@pytest.mark.parametrize("file", ["home/ada/.bashrc", "etc/environment"])
def test_a_configuration_to_which_a_variable_of_a_file_leads_is_read(
    box: Machine, variable: str, file: str
) -> None:
    box.home("ada")
    path, named, text = CONFIGURATIONS[variable]
    cache = box.pip("home/ada/deep/down")
    configuration = box.write(path, text.format("~/deep/down"))
    box.write(file, f'export {variable}="{box.folder}/conf/{named}"\n'.replace('conf/"', 'conf"'))
    ((only, owners, problem, *_),) = box.find().caches[1:]
    assert (only.path, problem) == (cache, None)
    assert [owner.partition(" ")[0] for owner in owners] == [str(configuration)]


@linux
@pytest.mark.parametrize(
    ("variable", "file"),
    [
        ("UV_CONFIG_FILE", "conf"),
        ("XDG_CONFIG_HOME", "conf/uv/uv.toml"),
    ],
)
def test_a_configuration_of_uv_to_which_a_variable_leads_is_read(box: Machine, variable: str, file: str) -> None:
    cache = box.uv("disk/uv")
    box.write(file, f'cache-dir = "{cache}"\n')
    box.write("home/me/.zshenv", f"export {variable}={box.folder}/conf\n")
    assert [(each.cache.path, each.cache.tool) for each in box.find().caches[1:]] == [(cache, "uv")]


@linux
@pytest.mark.parametrize(
    ("variable", "file", "key"),
    [
        ("POETRY_CONFIG_DIR", "conf/config.toml", "cache-dir"),
        ("XDG_CONFIG_HOME", "conf/pypoetry/config.toml", "cache-dir"),
        ("PDM_CONFIG_FILE", "conf", "cache_dir"),
        ("XDG_CONFIG_HOME", "conf/pdm/config.toml", "cache_dir"),
    ],
)
def test_a_configuration_of_poetry_and_pdm_to_which_a_variable_leads_is_read(
    box: Machine, variable: str, file: str, key: str
) -> None:
    box.write("disk/other/packages/six-1.17.0-py2.py3-none-any.whl")
    box.write(file, f'{key} = "{box.folder}/disk/other"\n')
    box.write("home/me/.profile", f"export {variable}={box.folder}/conf\n")
    assert box.unread() == {"disk/other": ("pdm" if key == "cache_dir" else "poetry", None)}


@linux
def test_a_variable_of_a_file_may_name_several_caches(box: Machine) -> None:
    for name in ("one", "other"):
        box.write(f"disk/{name}/six-1.17.0.conda")
    box.write("home/me/.profile", f"export CONDA_PKGS_DIRS={box.folder}/disk/one:{box.folder}/disk/other\n")
    assert box.unread() == {"disk/one": ("conda", None), "disk/other": ("conda", None)}


@linux
@pytest.mark.parametrize("file", ["conf/any.ini", "conf/none", "/dev/null"])
def test_a_configuration_that_names_no_cache_or_is_not_there_names_nothing(box: Machine, file: str) -> None:
    box.write("conf/any.ini", "[global]\nindex-url = https://index.example/\n")
    box.write("home/me/.profile", f"export PIP_CONFIG_FILE={box.folder / file}\n")
    caches, unread = box.find()
    assert (len(caches), unread) == (1, [])


@linux
@pytest.mark.parametrize("value", [".cache/pip", "./wheels", "~nobody-of-this-name/wheels"])
def test_a_relative_value_is_named_with_its_file(box: Machine, value: str) -> None:
    file = box.write("home/me/.profile", f"export PIP_CACHE_DIR={value}\nexport XDG_CACHE_HOME=relative\n")
    _, named = box.find().caches
    assert (named.cache.path, named.owners) == (os.path.realpath(file), (f"PIP_CACHE_DIR in {file}",))
    assert named.problem == RELATIVE


@linux
def test_an_empty_value_names_nothing(box: Machine) -> None:
    box.write("home/me/.profile", "export PIP_CACHE_DIR= UV_CACHE_DIR=''\n")
    caches, unread = box.find()
    assert (len(caches), unread) == (1, [])
