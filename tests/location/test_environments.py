"""A cache that only the configuration of an environment names, which is not active, is found."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from pipcache.location import environments
from pipcache.location.environments import prefixes_in_notes
from pipcache.location.machine import find_caches
from tests.support.caches import fifo
from tests.support.homes import give, is_root
from tests.support.user_machines import PipMachine as Machine

linux = pytest.mark.skipif(sys.platform != "linux", reason="these are the places of Linux")
root = pytest.mark.skipif(not is_root(), reason="only root can give files to others")

ADA, EVE = 4001, 4003


@pytest.fixture
def box(tmp_path: Path) -> Machine:
    machine = Machine(tmp_path)
    machine.home("ada")
    return machine


def environment(box: Machine, path: str, cache: str, mark: str = "pyvenv.cfg") -> str:
    """Make an environment whose configuration names a cache; give the origin that leads to this."""
    box.write(f"{path}/{mark}", "home = /usr/bin\n")
    return f"{box.write(f'{path}/pip.conf', f'[global]{chr(10)}cache-dir = {cache}{chr(10)}')} [global] cache-dir"


PLACES = [
    *(".virtualenvs/x", ".local/share/virtualenvs/shop-Yx1z", ".venvs/x", "venv", ".venv", "env", "shop"),
    *("shop/.venv", "shop/venv", "src/shop/.venv", "src/shop/env", "src/shop", ".venvs"),
    *(".pyenv/versions/3.11.9", ".pyenv/versions/3.11.9/envs/shop", ".conda/envs/x", "miniconda3/envs/x"),
    *(".local/share/pipx/venvs/black", ".local/share/pipx/shared", ".local/share/uv/tools/ruff"),
    *(".cache/pypoetry/virtualenvs/shop-x-py3.11", ".local/share/hatch/env/virtual/shop/x/shop"),
]


@linux
@pytest.mark.parametrize("place", PLACES)
def test_an_environment_is_found_where_such_are(box: Machine, place: str) -> None:
    origin = environment(box, f"home/ada/{place}", box.pip("disk/wheels"))
    assert box.ways() == {"disk/wheels": (origin,)}


@linux
@pytest.mark.parametrize("mark", ["pyvenv.cfg", "conda-meta/history", "bin/activate", "bin/python"])
def test_every_kind_of_environment_counts(box: Machine, mark: str) -> None:
    environment(box, "home/ada/shop", box.pip("disk/wheels"), mark)
    assert [*box.ways()] == ["disk/wheels"]


@linux
def test_a_file_of_that_name_in_another_folder_names_nothing(box: Machine) -> None:
    box.write("home/ada/backup/pip.conf", f"[global]\ncache-dir = {box.pip('disk/wheels')}\n")
    assert box.ways() == {}


@linux
def test_a_link_to_a_folder_is_not_walked(box: Machine) -> None:
    environment(box, "elsewhere/deep/shop/.venv", box.pip("disk/wheels"))
    (box.folder / "home/ada/deep").symlink_to(box.folder / "elsewhere/deep")
    assert box.ways() == {}


@linux
def test_a_tilde_is_the_home_of_the_environment(box: Machine) -> None:
    box.pip("home/ada/wheels")
    origin = environment(box, "home/ada/shop/.venv", "~/wheels")
    assert box.ways() == {"home/ada/wheels": (origin,)}


@linux
@pytest.mark.parametrize(("variable", "below"), [("WORKON_HOME", ""), ("PYENV_ROOT", "versions/")])
def test_the_variables_of_this_run_lead_to_environments(box: Machine, variable: str, below: str) -> None:
    origin = environment(box, f"disk/envs/{below}shop", box.pip("disk/wheels"))
    box.environ[variable] = str(box.folder / "disk/envs")
    assert box.ways() == {"disk/wheels": (origin,)}


@linux
def test_folders_of_the_machine_are_searched_too(box: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environments, "_SHARED", (str(box.folder / "opt"),))
    origin = environment(box, "opt/app/venv", box.pip("disk/wheels"))
    assert box.ways() == {"disk/wheels": (origin,)}


@linux
def test_where_there_is_no_end_this_is_said(box: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environments, "MOST_FOLDERS", 20)
    for number in range(19):
        (box.folder / f"home/ada/{number:02}").mkdir()
    assert box.ways() == {}
    for number in range(19):
        (box.folder / f"home/ada/00/{number:02}").mkdir()
    (_, named) = box.find()
    assert (named.cache.path, named.owners) == (
        os.path.realpath(box.folder / "home/ada"),
        ("environments of ada",),
    )
    assert named.problem is not None
    assert "more than 20 folders" in named.problem


@linux
@pytest.mark.permissions
@pytest.mark.parametrize("closed", [".virtualenvs", ".local", "shop/.venv/pip.conf"])
def test_what_cannot_be_read_is_named(box: Machine, closed: str, request: pytest.FixtureRequest) -> None:
    for place in (".virtualenvs/x", ".local/share/virtualenvs/x", "shop/.venv"):
        environment(box, f"home/ada/{place}", "/nowhere")
    path = box.folder / "home/ada" / closed
    path.chmod(0)
    request.addfinalizer(lambda: path.chmod(0o700))
    caches, unread = find_caches(box.environ, homes=lambda: box.users)
    named = {cache.cache.path: cache.problem for cache in caches[1:]} | {
        other.path: other.problem for other in unread
    }
    here = {place: why for place, why in named.items() if place.startswith(os.path.realpath(box.folder))}
    assert [*here] == [os.path.realpath(path)]
    assert "cannot be read: Permission denied" in (here[os.path.realpath(path)] or "")


@linux
@pytest.mark.permissions
@pytest.mark.parametrize(("count", "named"), [(1, "a0"), (3, "a0, a1, a2"), (5, "a0, a1, a2 and 2 more")])
def test_folders_that_cannot_be_listed_are_named_and_counted(
    box: Machine, count: int, named: str, request: pytest.FixtureRequest
) -> None:
    for number in range(count):
        folder = box.folder / f"home/ada/a{number}"
        folder.mkdir()
        folder.chmod(0)
        request.addfinalizer(partial(folder.chmod, 0o700))
    (_, place) = box.find()
    assert (place.cache.path, place.owners) == (
        os.path.realpath(box.folder / "home/ada"),
        ("environments of ada",),
    )
    folders = f"{count} folder" + ("s" if count > 1 else "")
    assert place.problem == (
        f"environments in {folders} of it ({named}) were not found: cannot be read: Permission denied; "
        "one may name a cache"
    )


# what pip notes


@linux
@pytest.mark.parametrize("form", ["selfcheck", "selfcheck.json"])
def test_the_notes_in_a_cache_lead_to_environments_wherever_they_are(box: Machine, form: str) -> None:
    origin = environment(box, "far/away/from/homes/venv", box.pip("disk/wheels"))
    again = environment(box, "far/away/again", box.pip("disk/more"))
    environments_of = {"home/ada/.cache/pip": "far/away/from/homes/venv", "disk/wheels": "far/away/again"}
    for cache, below in environments_of.items():
        box.pip(cache)
        prefix = str(box.folder / below)
        if form == "selfcheck":
            box.write(f"{cache}/selfcheck/{'0' * 56}", json.dumps({"key": prefix, "pypi_version": "26.3"}))
        else:
            box.write(f"{cache}/selfcheck.json", json.dumps({prefix: {"pypi_version": "9.0.1"}}))
    assert box.ways() == {
        "home/ada/.cache/pip": ("default of ada",),
        "disk/wheels": (origin,),
        "disk/more": (again,),
    }


@pytest.mark.parametrize(
    "note",
    [
        b"",
        b"\xff",
        b"[]",
        b"null",
        b'{"key": 3}',
        b'{"key": "relative"}',
        b"[" * 50_000,
        b'{"key": "' + b"/x" * 70_000,
    ],
)
def test_a_note_that_names_no_prefix_leads_nowhere(tmp_path: Path, note: bytes) -> None:
    (tmp_path / "selfcheck").mkdir()
    (tmp_path / "selfcheck" / "0").write_bytes(note)
    (tmp_path / "selfcheck.json").write_bytes(note if note.startswith(b"[") else b"")
    assert prefixes_in_notes(str(tmp_path)) == []


@linux
def test_a_note_that_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    (tmp_path / "selfcheck").mkdir()
    fifo(tmp_path / "selfcheck" / "0")
    (tmp_path / "real").write_text('{"key": "/opt/x"}', encoding="utf-8")
    (tmp_path / "selfcheck" / "1").symlink_to(tmp_path / "real")
    (tmp_path / "selfcheck" / "2").mkdir()
    assert prefixes_in_notes(str(tmp_path)) == []


@linux
def test_a_note_is_read_without_a_trace(box: Machine) -> None:
    cache = Path(box.pip("home/ada/.cache/pip"))
    note = box.write("home/ada/.cache/pip/selfcheck/" + "0" * 56, '{"key": "/nowhere"}')
    os.utime(note, (1, 1))
    assert prefixes_in_notes(str(cache)) == ["/nowhere"]
    assert note.stat().st_atime == 1


# who decides


@root
@linux
@pytest.mark.parametrize(("owner", "is_refused"), [(ADA, False), (EVE, True), (0, True)])
def test_an_environment_in_a_home_leads_to_what_the_user_owns(
    box: Machine, owner: int, *, is_refused: bool
) -> None:
    environment(box, "home/ada/shop/.venv", box.pip("disk/wheels"))
    give(box.folder / "home/ada", ADA)
    give(box.folder / "disk", owner)
    assert [cache.refusal is not None for cache in box.find()[1:]] == [is_refused]


@root
@linux
def test_the_environment_of_another_user_in_a_home_that_is_the_root(box: Machine) -> None:
    """As of system users whose home is ``/``: all other homes are below it."""
    box.users.append(("daemon", str(box.folder)))
    environment(box, "home/ada/.venv", box.pip("disk/wheels"))
    give(box.folder / "home/ada", ADA)
    assert [cache.refusal is not None for cache in box.find()[1:]] == [True]


@root
@linux
@pytest.mark.parametrize(
    ("of_environment", "of_cache", "is_refused"),
    [(0, ADA, False), (EVE, ADA, True), (ADA, ADA, False)],
)
def test_a_note_leads_to_what_the_owner_of_the_environment_owns(
    box: Machine, of_environment: int, of_cache: int, *, is_refused: bool
) -> None:
    environment(box, "far/venv", box.pip("disk/wheels"))
    box.pip("home/ada/.cache/pip")
    box.write("home/ada/.cache/pip/selfcheck/" + "0" * 56, json.dumps({"key": str(box.folder / "far/venv")}))
    give(box.folder / "home/ada", ADA)
    give(box.folder / "far/venv", of_environment)
    give(box.folder / "disk", of_cache)
    assert [cache.refusal is not None for cache in box.find()[1:]] == [False, is_refused]


@root
@linux
@pytest.mark.parametrize("mode", [0o1777, 0o777, 0o775])
@pytest.mark.parametrize("way", ["cache", "link"])
def test_a_home_that_others_can_write_to_decides_nothing(box: Machine, mode: int, way: str) -> None:
    """System users may have ``/tmp``: anybody can make a cache or a link there."""
    home = box.home("daemon", "tmp")
    if way == "cache":
        cache = box.pip("tmp/.cache/pip")
    else:
        cache = box.pip("disk/wheels")
        (home / ".cache").mkdir()
        (home / ".cache/pip").symlink_to(cache)
    os.chown(home, 0, EVE)
    home.chmod(mode)
    (_, named) = box.find()
    assert (named.cache.path, named.problem) == (cache, None)
    assert named.refusal is not None
    home.chmod(0o755)
    assert [cache.refusal for cache in box.find()[1:]] == [None]


@root
@linux
def test_ones_own_home_that_others_can_write_to_holds_ones_own_cache(box: Machine) -> None:
    box.pip("home/ada/.cache/pip")
    give(box.folder / "home/ada", ADA)
    (box.folder / "home/ada").chmod(0o777)
    assert [cache.refusal for cache in box.find()[1:]] == [None]
    give(box.folder / "home/ada/.cache", EVE)
    assert [cache.refusal is not None for cache in box.find()[1:]] == [True]


# real environments


@linux
def test_pip_in_a_real_environment_says_the_same(box: Machine) -> None:
    prefix = box.folder / "home/ada/shop/.venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", prefix], check=True)
    cache = box.pip("disk/wheels")
    (prefix / "pip.conf").write_text(f"[global]\ncache-dir = {cache}\n", encoding="utf-8")
    import pip  # noqa: PLC0415 - for its place alone

    start = "import runpy, sys; sys.path.insert(0, sys.argv.pop(1)); runpy.run_module('pip', run_name='__main__')"
    place = Path(pip.__file__).parents[1]
    command = [str(prefix / "bin/python"), "-I", "-c", start, str(place), "cache", "dir"]
    environ = {"HOME": str(box.folder / "home/ada")}
    ran = subprocess.run(command, env=environ, capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == cache
    assert [*box.ways()] == ["disk/wheels"]
