"""The caches of other installers on a machine: read where the layout is pip's, named where not."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from pipcache.location import look as looks, machine
from pipcache.location.installer_places import places_of_home, places_of_run
from tests.support.archives import build_wheel
from tests.support.caches import CacheBuilder, fifo, look
from tests.support.index import Index
from tests.support.pips import run_pip
from tests.support.user_machines import UV, MixedMachine as Machine

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.index import Certificate
    from tests.support.program import Program

linux = pytest.mark.skipif(sys.platform != "linux", reason="these are the places of Linux")


@pytest.fixture
def box(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


@linux
def test_each_users_defaults_are_named(box: Machine) -> None:
    box.home("ada")
    box.uv("home/me/.cache/uv")
    box.uv("home/ada/.cache/uv")
    box.write("home/ada/.cache/pypoetry/artifacts/aa/six-1.17.0-py2.py3-none-any.whl")
    box.write("home/ada/.cache/pdm/http/http-cache.db")
    box.write("home/ada/.cache/virtualenv/wheel/house/pip-26.3-py3-none-any.whl")
    box.write("home/ada/.local/share/virtualenv/wheel/house/pip-19-py3-none-any.whl")
    box.write("home/ada/miniconda3/pkgs/six-1.17.0.conda")
    assert box.unread() == {
        "home/me/.cache/uv": ("uv", None),
        "home/ada/.cache/uv": ("uv", None),
        "home/ada/.cache/pypoetry": ("poetry", None),
        "home/ada/.cache/pdm": ("pdm", None),
        "home/ada/.cache/virtualenv": ("virtualenv", None),
        "home/ada/.local/share/virtualenv": ("virtualenv", None),
        "home/ada/miniconda3/pkgs": ("conda", None),
    }
    owners = {os.path.basename(cache.path): cache.owners for cache in box.find().unread[:2]}
    assert owners == {"pypoetry": ("poetry's default of ada",), "pdm": ("pdm's default of ada",)}


@linux
@pytest.mark.parametrize("listed", [True, False])
def test_the_home_of_this_run_counts_whether_the_system_lists_it_or_not(box: Machine, *, listed: bool) -> None:
    box.users = box.users if listed else [("ada", str(box.folder / "elsewhere"))]
    box.uv("home/me/.cache/uv")
    box.uv("xdg/uv")
    box.write("home/me/.profile", f"export XDG_CACHE_HOME={box.folder}/xdg\n")
    assert box.unread() == {"home/me/.cache/uv": ("uv", None), "xdg/uv": ("uv", None)}


@linux
def test_without_home_the_system_says_where_it_is(box: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    pwd = pytest.importorskip("pwd")
    box.environ.pop("HOME")
    user = pwd.getpwuid(os.getuid())
    entry = pwd.struct_passwd([*user[:5], str(box.folder / "home/me"), user[6]])
    monkeypatch.setattr(pwd, "getpwuid", lambda _number: entry)
    box.users = []
    box.uv("home/me/.cache/uv")
    pip = box.pip("home/me/.cache/pip")
    assert box.unread() == {"home/me/.cache/uv": ("uv", None)}
    assert [cache.cache.path for cache in box.find().caches if cache.cache.tool == "pip"] == [pip]


@linux
def test_what_is_missing_or_holds_no_distribution_counts_for_nothing(box: Machine) -> None:
    (box.folder / "home/me/.cache/pypoetry").mkdir(parents=True)
    (box.folder / "home/me/.cache/pdm/wheels/aa").mkdir(parents=True)
    box.write("home/me/.cache/uv/.lock")
    box.write("home/me/.cache/uv/CACHEDIR.TAG")
    box.write("home/me/.cache/virtualenv/py_info/5/x.json")
    box.write("home/me/.cache/conda")
    assert box.unread() == {}


@linux
@pytest.mark.parametrize("installer", ["pipenv", "pip-tools"])
def test_what_is_in_pips_layout_is_read_as_pips(box: Machine, installer: str) -> None:
    box.home("ada")
    path = box.pip(f"home/ada/.cache/{installer}")
    caches, unread = box.find()
    assert [(cache.cache.path, cache.owners, cache.cache.elsewhere) for cache in caches[1:]] == [
        (path, (f"{installer}'s default of ada",), True)
    ]
    assert unread == []


@linux
@pytest.mark.parametrize("installer", ["pipenv", "pip-tools"])
def test_what_is_not_in_pips_layout_is_named_all_the_same(box: Machine, installer: str) -> None:
    box.write(f"home/me/.cache/{installer}/pkgs/six-1.17.0-py2.py3-none-any.whl")
    assert box.unread() == {f"home/me/.cache/{installer}": (installer, None)}


VARIABLES = {
    "UV_CACHE_DIR": "uv",
    "POETRY_CACHE_DIR": "poetry",
    "PDM_CACHE_DIR": "pdm",
    "PIPENV_CACHE_DIR": "pipenv",
    "PIP_TOOLS_CACHE_DIR": "pip-tools",
    "VIRTUALENV_OVERRIDE_APP_DATA": "virtualenv",
    "VIRTUALENV_APP_DATA": "virtualenv",
    "CONDA_PKGS_DIRS": "conda",
}


@linux
@pytest.mark.parametrize("variable", VARIABLES)
def test_the_variables_of_this_run_count(box: Machine, variable: str) -> None:
    box.write("disk/mine/pkgs/six-1.17.0.whl")
    box.environ[variable] = str(box.folder / "disk/mine")
    ((tool, _, owners, _),) = box.others()
    assert (tool, owners) == (VARIABLES[variable], (variable,))


def test_a_relative_variable_is_below_the_current_folder(box: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    path = box.uv("work/here")
    monkeypatch.chdir(box.folder / "work")
    box.environ["UV_CACHE_DIR"] = "./here"
    assert [other[1] for other in box.others()] == [path]


@linux
def test_the_xdg_variables_of_this_run_count(box: Machine) -> None:
    box.uv("xdg/uv")
    pipenv = box.pip("xdg/pipenv")
    box.environ |= {"XDG_CACHE_HOME": str(box.folder / "xdg"), "XDG_CONFIG_HOME": str(box.folder / "config")}
    box.write("config/uv/uv.toml", f'cache-dir = "{box.uv("disk/uv")}"\n')
    assert box.unread() == {"disk/uv": ("uv", None), "xdg/uv": ("uv", None)}
    assert [cache.cache.path for cache in box.find().caches[1:] if cache.cache.tool == "pip"] == [pipenv]


FILES = {
    "home/ada/.config/uv/uv.toml": "cache-dir",
    "home/ada/.config/pypoetry/config.toml": "cache-dir",
    "home/ada/.config/pdm/config.toml": "cache_dir",
    "etc/uv/uv.toml": "cache-dir",
    "etc/pypoetry/config.toml": "cache-dir",
    "etc/pdm/config.toml": "cache_dir",
}


@linux
@pytest.mark.parametrize("file", FILES)
def test_configuration_files_name_caches(box: Machine, file: str) -> None:
    box.home("ada")
    path = box.uv("disk/there")
    box.write(file, f'\ufeff# mine\n{FILES[file]} = "{path}"\n[x]\n{FILES[file]} = "/other"\n')
    # by layout, whoever's settings lead there
    assert box.others() == [("uv", path, (f"{box.folder / file} {FILES[file]}",), None)]


@linux
@pytest.mark.parametrize("variable", ["UV_CONFIG_FILE", "POETRY_CONFIG_DIR", "PDM_CONFIG_FILE"])
def test_a_variable_names_the_configuration(box: Machine, variable: str) -> None:
    key = "cache_dir" if variable.startswith("PDM") else "cache-dir"
    path = box.uv("disk/there")
    folder = str(box.write("conf/config.toml", f'{key} = "{path}"\n').parent)
    box.environ[variable] = folder if variable.endswith("DIR") else f"{folder}/config.toml"
    assert [other[1] for other in box.others()] == [path]


@linux
def test_a_tilde_is_the_home_of_the_user(box: Machine) -> None:
    box.home("ada")
    path = box.uv("home/ada/mine")
    box.write("home/ada/.config/uv/uv.toml", 'cache-dir = "~/mine"\n')
    assert [other[1] for other in box.others()] == [path]


@linux
@pytest.mark.parametrize(
    "text",
    [
        "cache-dir = 7",
        "cache-dir = [",
        'cache-dir = ""',
        'cache-dir = "/a\\u0000b"',
        "x = " + "[" * 100_000,
        "\0",
    ],
    ids=["number", "broken", "empty", "NUL", "deep", "binary"],
)
def test_a_file_that_names_no_place_names_nothing(box: Machine, text: str) -> None:
    box.write("home/me/.config/uv/uv.toml", text)
    assert box.unread() == {}


PROJECT_FILES = {
    "uv": ("uv.toml", 'cache-dir = "{}"\n'),
    "uv in pyproject": ("pyproject.toml", '[project]\nname = "x"\n[tool.uv]\ncache-dir = "{}"\n'),
    "poetry": ("poetry.toml", 'cache-dir = "{}"\n'),
    "pip-tools": ("pyproject.toml", '[tool.pip-tools]\ncache-dir = "{}"\n'),
}


@linux
@pytest.mark.parametrize("project", ["", "/web", "/projects/web"])
@pytest.mark.parametrize("written", ["whole", "relative"])
@pytest.mark.parametrize("kind", PROJECT_FILES)
def test_the_cache_that_a_project_in_a_home_names_is_known(
    box: Machine, kind: str, project: str, written: str
) -> None:
    box.home("ada")
    name, text = PROJECT_FILES[kind]
    cache = f"home/ada{project}/.cached"
    box.write(f"{cache}/pkgs/six-1.17.0-py2.py3-none-any.whl")
    path = f"{box.folder}/{cache}" if written == "whole" else "./.cached"
    file = box.write(f"home/ada{project}/{name}", text.format(path))
    ((tool, path_of_cache, owners, problem),) = box.others()
    assert (tool, owners, problem) == (kind.partition(" ")[0], (f"{file} cache-dir",), None)
    assert path_of_cache == os.path.realpath(box.folder / cache)


@linux
@pytest.mark.parametrize(
    "text", ["[tool.uv]\ndev = true\n", "[tool.other]\ncache-dir = '/x'\n", "cache-dir = [", "cache-dir = 7\n"]
)
def test_a_project_that_names_no_cache_names_nothing(box: Machine, text: str) -> None:
    for name in ("pyproject.toml", "uv.toml", "poetry.toml"):
        box.write(f"home/me/web/{name}", text)
    box.write("home/me/web/.cached/pkgs/six-1.17.0-py2.py3-none-any.whl")
    assert box.unread() == {}


@linux
@pytest.mark.parametrize("variable", ["VIRTUALENV_CONFIG_FILE", "XDG_CONFIG_HOME", ""])
@pytest.mark.parametrize("is_of_run", [True, False])
def test_the_configuration_of_virtualenv_is_read(box: Machine, variable: str, *, is_of_run: bool) -> None:
    box.home("ada")
    box.write("disk/seeds/wheel/house/pip-26.3-py3-none-any.whl")
    folder = "conf" if variable else "home/ada/.config"
    file = box.write(f"{folder}/virtualenv/virtualenv.ini", f"[virtualenv]\napp_data = {box.folder}/disk/seeds\n")
    value = str(file if variable == "VIRTUALENV_CONFIG_FILE" else box.folder / folder)
    if is_of_run:
        box.environ |= {variable: value} if variable else {}
    elif variable:
        box.write("home/ada/.profile", f"export {variable}={value}\n")
    assert box.unread() == {"disk/seeds": ("virtualenv", None)}
    assert box.find().unread[0].owners == (f"{file} app_data",)


@linux
@pytest.mark.parametrize(
    "text", ["[virtualenv]\nseeder = app-data\n", "app_data = /disk\n", "[virtualenv\n", "\xff"]
)
def test_a_configuration_of_virtualenv_that_names_nothing_names_nothing(box: Machine, text: str) -> None:
    box.write("home/me/.config/virtualenv/virtualenv.ini", text.encode("latin-1"))
    assert box.unread() == {}


@linux
@pytest.mark.parametrize(
    ("file", "text"),
    [
        (".config/virtualenv/virtualenv.ini", "[virtualenv]\napp_data = here\n"),
        (".config/uv/uv.toml", 'cache-dir = "./here"\n'),
        (".config/pypoetry/config.toml", 'cache-dir = "here"\n'),
        (".config/pdm/config.toml", 'cache_dir = "~nobody-of-this-name/x"\n'),
        (".condarc", "pkgs_dirs: [pkgs]\n"),
    ],
)
def test_a_file_with_a_relative_path_is_named(box: Machine, file: str, text: str) -> None:
    box.home("ada")
    box.write(f"home/ada/{file}", text)
    (named,) = box.find().unread
    assert named.path == os.path.realpath(box.folder / "home/ada" / file)
    assert named.problem == looks.RELATIVE


@linux
def test_a_file_that_is_too_large_to_be_read_is_named(box: Machine) -> None:
    box.home("ada")
    box.write("home/ada/.config/pypoetry/config.toml", f'cache-dir = "{box.folder}/x"\n' + "#" * (1 << 19))
    assert box.unread() == {
        "home/ada/.config/pypoetry/config.toml": (
            "poetry",
            "it has more than 262,144 bytes, and is not read; it may name a cache",
        )
    }


@linux
def test_a_pipe_in_place_of_a_file_is_not_waited_for(box: Machine) -> None:
    (box.folder / "home/me/.config/uv").mkdir(parents=True)
    fifo(box.folder / "home/me/.config/uv/uv.toml")
    assert box.unread() == {}


# Layout decides, not the name of the place


@linux
def test_pips_cache_where_uv_has_its_own_is_read(box: Machine) -> None:
    path = box.pip("home/me/.cache/uv")
    caches, unread = box.find()
    assert [cache.cache.path for cache in caches[1:]] == [path]
    assert unread == []


OTHERS = {
    "uv": ".cache/uv",
    "poetry": ".cache/pypoetry",
    "virtualenv": ".cache/virtualenv",
    "conda": "miniconda3/pkgs",
}


@linux
@pytest.mark.parametrize("place", OTHERS.values(), ids=OTHERS)
@pytest.mark.parametrize("store", ["http", "wheels", "http without a file", "wheels without a file"])
def test_what_old_pips_wrote_is_pips_wherever_it_is(box: Machine, place: str, store: str) -> None:
    """Before pip 23.3 there was no ``http-v2``, before 19.3 no ``selfcheck``; a setting may lead anywhere."""
    root = box.folder / "home/me" / place
    builder = CacheBuilder(root)
    if store.startswith("http"):
        builder.raw("https://x.example/", b"x", store="http")
    else:
        builder.built(None, "x-1-py3-none-any.whl", b"x")
    if store.endswith("without a file"):
        for path in root.rglob("*"):
            if path.is_file():
                path.unlink()
    caches, unread = box.find()
    assert [(cache.cache.path, cache.cache.tool) for cache in caches[1:]] == [(os.path.realpath(root), "pip")]
    assert unread == []


@linux
@pytest.mark.parametrize("place", OTHERS.values(), ids=OTHERS)
def test_an_empty_folder_is_nobodys(box: Machine, place: str) -> None:
    (box.folder / "home/me" / place).mkdir(parents=True)
    (box.folder / "home/me/.cache/pip").mkdir(parents=True)
    caches, unread = box.find()
    assert (len(caches), unread) == (1, [])


@linux
@pytest.mark.pips
@pytest.mark.parametrize("setting", ["UV_CACHE_DIR", "POETRY_CACHE_DIR", "PIPENV_CACHE_DIR", "PIP_CACHE_DIR"])
def test_what_pip_19_writes_is_pips(box: Machine, certificate: Certificate, setting: str) -> None:
    with Index(certificate=certificate) as index:
        index.add_file(index.add_project("foo"), *build_wheel("foo", "1.0"), version="1.0")
        cache = box.folder / "elsewhere"
        command = ["download", "--no-deps", "--index-url", index.simple, "foo"]
        done = run_pip("19.3.1", command, cache_dir=cache, cwd=box.folder, certificate=certificate)
    assert done.returncode == 0, done.stderr
    assert [path.name for path in cache.iterdir()] == ["http"]
    box.environ[setting] = str(cache)
    caches, unread = box.find()
    assert (str(cache.resolve()), "pip") in [(each.cache.path, each.cache.tool) for each in caches]
    assert unread == []


@linux
def test_the_cache_of_pdm_where_pip_has_its_own_is_named(box: Machine) -> None:
    box.home("ada")
    CacheBuilder(box.folder / "home/ada/.cache/pip").raw("https://x.example/", b"x", store="http")
    box.write(f"home/ada/.cache/pip/hashes/6f/58/31/51/{'0' * 48}")
    assert box.unread() == {"home/ada/.cache/pip": ("pdm", None)}


@linux
def test_wheels_alone_where_pdm_has_its_own_are_not_taken_for_pips(box: Machine) -> None:
    box.write(f"home/me/.cache/pdm/wheels/aa/bb/cc/{'0' * 50}/x-1-py3-none-any.whl")
    assert box.unread() == {"home/me/.cache/pdm": ("pdm", None)}


@linux
def test_a_cache_is_named_once(box: Machine) -> None:
    box.home("ada")
    path = box.uv("shared")
    for user in ("me", "ada"):
        (box.folder / f"home/{user}/.cache").mkdir()
        (box.folder / f"home/{user}/.cache/uv").symlink_to(path)
    assert box.others() == [("uv", path, ("uv's default of me", "uv's default of ada"), None)]


# What cannot be read


@linux
@pytest.mark.permissions
@pytest.mark.parametrize("closed", [".cache/uv", ".cache/uv/archive-v0", ".config/uv/uv.toml", "miniconda3"])
def test_what_cannot_be_read_is_named(box: Machine, closed: str, request: pytest.FixtureRequest) -> None:
    box.write("home/me/.config/uv/uv.toml", "")
    if closed.startswith(".cache"):
        box.uv("home/me/.cache/uv")
    if closed == "miniconda3":
        box.write("home/me/miniconda3/pkgs/x.conda")
    path = box.folder / "home/me" / closed
    path.chmod(0)
    request.addfinalizer(lambda: path.chmod(0o700))
    ((name, (installer, problem)),) = box.unread().items()
    assert f"home/me/{closed}".startswith(name)
    assert installer == ("conda" if closed == "miniconda3" else "uv")
    assert problem is not None
    assert "Permission denied" in problem


@linux
@pytest.mark.permissions
@pytest.mark.parametrize("closed", ["", ".cache"])
def test_a_folder_that_hides_all_is_named_once(box: Machine, closed: str, request: pytest.FixtureRequest) -> None:
    path = box.home("ada") / closed
    box.uv("home/ada/.cache/uv")
    path.chmod(0)
    request.addfinalizer(lambda: path.chmod(0o700))
    caches, unread = box.find()
    assert [cache.problem for cache in caches[1:]] == ["cannot be read: Permission denied"]
    assert unread == []


# pip's own, by the environment


@linux
@pytest.mark.parametrize("named_by", ["VIRTUAL_ENV", "CONDA_PREFIX", "sys.prefix"])
def test_the_file_of_each_environment_of_this_run_counts(
    box: Machine, named_by: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = box.pip("disk/pip")
    folder = str(box.write("venv/pip.conf", f"[global]\ncache-dir = {path}\n").parent)
    box.environ["VIRTUAL_ENV"] = str(box.folder / "other")
    if named_by == "sys.prefix":
        monkeypatch.setattr(sys, "prefix", folder)
    else:
        box.environ[named_by] = folder
    assert path in [cache.cache.path for cache in box.find().caches]


def test_homes_that_nobody_lists_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pwd")
    for name in ("ada", "lost+found", ".snapshots"):
        (tmp_path / name).mkdir()
    monkeypatch.setattr(machine, "_HOMES", {sys.platform: str(tmp_path)})
    assert [home for home in machine.machine_homes() if home[1].startswith(str(tmp_path))] == [
        (name, str(tmp_path / name)) for name in (".snapshots", "ada")
    ]


@linux
@pytest.mark.permissions
def test_a_hidden_folder_beside_homes_that_is_closed_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".snapshots").mkdir(mode=0)
    monkeypatch.setattr(machine, "_HOMES", {sys.platform: str(tmp_path)})
    assert not [home for home in machine.machine_homes() if home[1].startswith(str(tmp_path))]


# Other systems


@linux
def test_a_hidden_home_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "_HOMES", {"linux": str(tmp_path / "home")})
    box = Machine(tmp_path)
    path = box.pip("home/.dora/.cache/pip")
    caches = machine.find_caches(box.environ).caches
    assert [(cache.cache.path, cache.owners) for cache in caches if cache.cache.path == path] == [
        (path, ("default of .dora",))
    ]


@linux
@pytest.mark.permissions
def test_a_folder_of_homes_that_cannot_be_listed_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    homes = tmp_path / "home"
    monkeypatch.setattr(machine, "_HOMES", {"linux": str(homes)})
    box = Machine(tmp_path)
    path = box.pip("home/me/.cache/pip")
    homes.chmod(0o311)
    request.addfinalizer(lambda: homes.chmod(0o700))
    default, named = box.find().caches
    assert (default.cache.path, default.problem) == (path, None)
    assert (named.cache.path, named.owners) == (os.path.realpath(homes), (f"homes in {homes}",))
    assert named.problem == "cannot be read: Permission denied; homes in it may have caches"
    homes.chmod(0o700)
    assert len(box.find().caches) == 1
    monkeypatch.setattr(machine, "_HOMES", {"linux": str(tmp_path / "none")})
    assert len(box.find().caches) == 1


def test_the_places_of_macos_and_windows() -> None:
    mac = {place.path for place in places_of_home("darwin", "ada", "/Users/ada")}
    assert {
        *("/Users/ada/Library/Caches/uv", "/Users/ada/.cache/uv", "/Users/ada/Library/Caches/pypoetry"),
        *(
            "/Users/ada/Library/Caches/pdm",
            "/Users/ada/Library/Caches/pipenv",
            "/Users/ada/Library/Caches/pip-tools",
        ),
    } <= mac
    windows = {place.path for place in places_of_home("win32", "ada", r"C:\Users\ada")}
    assert {
        *(r"C:\Users\ada\AppData\Local\uv\cache", r"C:\Users\ada\AppData\Local\pypoetry\Cache"),
        *(r"C:\Users\ada\AppData\Local\pdm\pdm\Cache", r"C:\Users\ada\AppData\Local\pipenv\pipenv\Cache"),
        r"C:\Users\ada\AppData\Local\pypa\virtualenv\Cache",
    } <= windows
    assert r"D:\Data\uv\uv.toml" in {place.path for place in places_of_run("win32", {"PROGRAMDATA": r"D:\Data"})}


# The answer


@pytest.fixture
def of_ada(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """The machine of this run."""
    for name in [*VARIABLES, "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "VIRTUAL_ENV", "CONDA_PREFIX", "CONDA_EXE"]:
        monkeypatch.delenv(name, raising=False)
    box = Machine(tmp_path)
    monkeypatch.setenv("HOME", box.environ["HOME"])
    monkeypatch.setattr(machine, "machine_homes", lambda: box.users)
    return box


@linux
@pytest.mark.parametrize("form", ["table", "json", "markdown", "sarif"])
def test_every_form_names_what_was_not_looked_at(of_ada: Machine, program: Program, form: str) -> None:
    ran = program("audit", "litellm==1.82.7", "--all-caches", "--format", form)
    assert "not looked at" not in ran.out.lower().replace("environments were not looked at", "")
    assert ran.code == 0
    name = f"artifacts/aa/bb/cc/{'0' * 58}/six-1.17.0-py2.py3-none-any.whl"
    folder = os.path.realpath(of_ada.write(f"home/me/.cache/pypoetry/{name}").parent)
    path = folder.partition("/artifacts")[0]
    before = look(of_ada.folder)
    ran = program("audit", "litellm==1.82.7", "--all-caches", "--format", form)
    assert ran.code == 3
    assert path in ran.out
    if form == "json":
        (unread,) = ran.document["unread"]
        assert unread == {
            "installer": "poetry",
            "path": path,
            "found_by": ["poetry's default of me"],
            "problem": None,
            "remedy": unread["remedy"],
        }
        assert (ran.document["clean"], ran.document["complete"]) == (True, False)
    said = ran.out.replace("\\_", "_")
    assert f"remove the folders artifacts and cache in {path}" in said
    assert look(of_ada.folder) == before


@linux
def test_a_cache_that_is_not_asked_about_is_not_named(of_ada: Machine, program: Program) -> None:
    of_ada.uv("home/me/.cache/uv")
    assert program("audit", "litellm==1.82.7").code == 0


@linux
def test_this_runs_own_cache_may_be_another_installers(of_ada: Machine, program: Program) -> None:
    path = of_ada.uv("home/me/.cache/pip")
    ran = program("audit", "litellm==1.82.7", "--all-caches", "--cache-dir", path, "--format", "json")
    assert [(part["cache"]["tool"], part["problem"]) for part in ran.document["caches"]] == [("uv", None)]


@pytest.mark.parametrize(
    "path",
    [
        UV,
        "wheels-v8/pypi/six/1.17.0-py2.py3-none-any.http",
        f"artifacts/aa/bb/cc/{'0' * 58}/six-1.17.0-py2.py3-none-any.whl",
        "packages/six-1.17.0-py2.py3-none-any.whl.cache/six.py",
    ],
)
def test_what_another_installer_keeps_in_pips_cache_could_not_be_judged(
    builder: CacheBuilder, program: Program, path: str
) -> None:
    builder.download("https://index.example/simple/twisted/", b"page")
    assert program("audit", "litellm==1.82.7").code == 0
    builder.stray(path)
    ran = program("audit", "litellm==1.82.7", "--format", "json")
    assert ran.code == 3
    ((unjudged),) = ran.document["caches"][0]["unjudged"]
    assert unjudged["path"] == path.partition("/")[0]
    builder.stray("things-v1/x")
    assert len(program("audit", "litellm==1.82.7", "--format", "json").document["caches"][0]["unjudged"]) == 1
