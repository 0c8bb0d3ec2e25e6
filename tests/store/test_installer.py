"""Whose cache a directory is: never another installer's as pip's, and never pip's as another's."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from pipcache.errors import CacheOfAnotherInstaller, NotAPipCache
from pipcache.store.installer import has_distributions
from pipcache.store.layout import Store, find_stores
from tests.support import archives, caches
from tests.support.caches import CacheBuilder

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.program import Program

HEX = "0123456789abcdef" * 8


def fill(root: Path, *paths: str) -> None:
    """Make files, and folders where a path ends with a slash."""
    for path in paths:
        place = root / path
        if path.endswith("/"):
            place.mkdir(parents=True, exist_ok=True)
            continue
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(b"x")


PIP_LIKE_WHEEL = f"wheels/47/03/bc/{HEX[:50]}/docopt-0.6.2-py2.py3-none-any.whl"
PIP_LIKE_ENTRY = f"http/{'/'.join(HEX[:5])}/{HEX[:56]}"
UV = ("CACHEDIR.TAG", ".gitignore", ".lock", "archive-v0/IGMztD98_RUmRhZ0/six.py")
PDM_HASH = f"hashes/6f/58/31/51/{HEX[:48]}"
PDM_META = f"metadata/package_meta_{HEX[:40]}.json"
PDM_PACKAGE = "packages/six-1.17.0-py2.py3-none-any.whl.cache/six.py"
POETRY_WHEEL = f"artifacts/73/7c/d6/{HEX[:58]}/six-1.17.0-py2.py3-none-any.whl"

OTHERS: dict[str, tuple[str, tuple[str, ...]]] = {
    "uv 0.13": ("uv", (*UV, "wheels-v8/pypi/six/1.17.0-py2.py3-none-any.http", "simple-v28/pypi/six.rkyv")),
    "uv 0.2": (
        "uv",
        ("CACHEDIR.TAG", ".gitignore", "built-wheels-v3/pypi/docopt/", "wheels-v1/index/0123456789abcdef/"),
    ),
    "uv, the archive alone": ("uv", UV),
    "uv, a bucket of the future": ("uv", ("CACHEDIR.TAG", "things-v1/x")),
    "uv, copied without its tag": ("uv", ("wheels-v8/url/0123456789abcdef/", "sdists-v11/path/")),
    "uv, git alone": ("uv", ("git-v2/db/0123456789abcdef/",)),
    "uv, emptied": ("uv", (".lock",)),
    "uv, emptied by an older one": ("uv", ("CACHEDIR.TAG", ".gitignore", ".lock")),
    "uv with pip's wheels": ("uv", (*UV, "wheels-v8/pypi/six/x.http", PIP_LIKE_WHEEL)),
    "uv with an empty wheels": ("uv", (*UV, "wheels/", "http/")),
    "uv with an empty http-v2": ("uv", (*UV, "wheels-v8/pypi/six/x.http", "http-v2/")),
    "poetry": ("poetry", (POETRY_WHEEL, "cache/repositories/pypi/", "virtualenvs/a-x-py3.11/pyvenv.cfg")),
    "poetry, the artifacts alone": ("poetry", (POETRY_WHEEL,)),
    "poetry, the repositories alone": ("poetry", ("cache/repositories/_default_cache/_http/",)),
    "poetry, emptied": ("poetry", ("artifacts/", "cache/", "virtualenvs/")),
    "poetry with pip's wheels": ("poetry", (POETRY_WHEEL, PIP_LIKE_WHEEL)),
    "pdm": ("pdm", (PIP_LIKE_WHEEL, PDM_HASH, PDM_META, PDM_PACKAGE, "http/http-cache.db")),
    "pdm, wheels and hashes": ("pdm", (PIP_LIKE_WHEEL, PDM_HASH)),
    "pdm, wheels and packages": ("pdm", (PIP_LIKE_WHEEL, PDM_PACKAGE)),
    "pdm, wheels and metadata": ("pdm", (PIP_LIKE_WHEEL, PDM_META)),
    "pdm, wheels and its database": ("pdm", (PIP_LIKE_WHEEL, "http/http-cache.db")),
    "pdm 2.20, wheels and responses": ("pdm", (PIP_LIKE_WHEEL, f"http/{HEX[:32]}")),
    "pdm 2.8, an http like pip's": ("pdm", (PIP_LIKE_WHEEL, PIP_LIKE_ENTRY, PDM_HASH)),
    "pdm, emptied but for wheels": ("pdm", (PIP_LIKE_WHEEL, "hashes/6f/58/", "metadata/", "packages/", "http/")),
    "pdm, emptied": ("pdm", ("wheels/b6/87/", "hashes/", "metadata/", "packages/", "http/", "self-check/x")),
}


@pytest.mark.parametrize("name", OTHERS)
def test_the_cache_of_another_installer_is_not_pips(name: str, tmp_path: Path) -> None:
    installer, paths = OTHERS[name]
    fill(tmp_path, *paths)
    with pytest.raises(CacheOfAnotherInstaller) as caught:
        find_stores(str(tmp_path))
    assert caught.value.installer == installer
    assert caught.value.message == f"This is {installer}'s cache, not pip's."


STRANGERS = (
    *("wheels-v8/", "archive-v0/", "things-v1/x", "CACHEDIR.TAG", ".lock"),
    *("artifacts/x", "cache/x", "virtualenvs/x", "packages/x", "metadata/x", "hashes/x"),
)
FULL_STRANGERS = (*STRANGERS, *UV, "wheels-v8/pypi/six/x.http", POETRY_WHEEL, PDM_HASH, PDM_META, PDM_PACKAGE)

PIPS: dict[str, tuple[tuple[str, ...], set[Store]]] = {
    "pip 23.3, with all that others have": (
        (f"http-v2/{'/'.join(HEX[:5])}/{HEX[:56]}", *FULL_STRANGERS),
        {Store.HTTP_V2},
    ),
    "pip 23.3, the self-check alone": ((f"selfcheck/{HEX[:56]}", *FULL_STRANGERS), {Store.SELFCHECK}),
    "pip 20, with odd folders": ((PIP_LIKE_ENTRY, PIP_LIKE_WHEEL, *STRANGERS), {Store.HTTP, Store.WHEELS}),
    "pip 10, with its note": ((PIP_LIKE_ENTRY, "selfcheck.json", *FULL_STRANGERS), {Store.HTTP}),
    "pip 9, http alone": ((PIP_LIKE_ENTRY, "hashes/", "packages/", "metadata/", *UV), {Store.HTTP}),
    "wheels alone, with odd folders": ((PIP_LIKE_WHEEL, *STRANGERS), {Store.WHEELS}),
    "empty stores": (
        ("http-v2/", "wheels/", "http/", "selfcheck/"),
        {store for store in Store if not store.is_uvs} - {Store.STRAY},
    ),
    "empty stores with odd folders": (
        ("http-v2/", "wheels/", "packages/", "metadata/x"),
        {Store.HTTP_V2, Store.WHEELS},
    ),
    "an empty fan-out": (("wheels/b6/87/",), {Store.WHEELS}),
}


@pytest.mark.parametrize("name", PIPS)
def test_pips_cache_is_nobody_elses(name: str, tmp_path: Path) -> None:
    paths, stores = PIPS[name]
    fill(tmp_path, *paths)
    assert find_stores(str(tmp_path)).keys() == stores


@pytest.mark.parametrize(
    "paths",
    [
        ("archive-v1/letter.txt", "src/main.py"),
        ("cache/x", "src/x"),
        ("artifacts/release.zip", "build/x"),
        ("hashes/x", "letters/y"),
        ("packages/x", "metadata/y"),
    ],
    ids=" ".join,
)
def test_an_odd_folder_is_nobodys_cache(paths: tuple[str, ...], tmp_path: Path) -> None:
    fill(tmp_path, *paths)
    with pytest.raises(NotAPipCache) as caught:
        find_stores(str(tmp_path))
    assert not isinstance(caught.value, CacheOfAnotherInstaller)


def test_a_link_is_not_looked_behind(tmp_path: Path) -> None:
    fill(tmp_path / "pdm", PDM_HASH)
    fill(tmp_path / "cache", PIP_LIKE_WHEEL)
    (tmp_path / "cache/hashes").symlink_to(tmp_path / "pdm/hashes")
    assert find_stores(str(tmp_path / "cache")).keys() == {Store.WHEELS}


COMMANDS: dict[str, tuple[str, ...]] = {
    "list": (),
    "show": ("foo",),
    "info": (),
    "verify": (),
    "audit": ("foo",),
    "remove": ("foo", "--yes"),
    "clear": ("--yes", "--force"),
    "prune": ("--older-than", "0d"),
    "lock": (),
    "export": ("OUT",),
}


READING = {"list", "show", "info", "verify", "audit"}


@pytest.mark.parametrize("name", ["uv with pip's wheels", "poetry", "pdm", "pdm, emptied but for wheels"])
def test_every_command_refuses_it_and_leaves_it(
    name: str, tmp_path: Path, program: Program, builder: CacheBuilder
) -> None:
    installer, paths = OTHERS[name]
    fill(builder.root, *paths)
    before = caches.look(builder.root)
    read = READING if installer == "uv" else set()
    for command, arguments in COMMANDS.items():
        if command in read:
            continue
        words = [str(tmp_path / "out") if word == "OUT" else word for word in arguments]
        ran = program(command, *words, "--format", "json")
        assert ran.code == 3, command
        error = json.loads(ran.out)["error"]
        assert error["kind"] == "other-installer"
        assert error["message"] == f"This is {installer}'s cache, not pip's."
        assert error["path"] == str(builder.root)
        assert installer in error["hint"]
    assert caches.look(builder.root) == before


def test_clear_takes_no_wheel_of_pdms(program: Program, builder: CacheBuilder) -> None:
    builder.built({"url": "https://files.example/foo-1.0.tar.gz"}, *archives.build_wheel("foo", "1.0"))
    fill(builder.root, PDM_HASH)
    before = caches.look(builder.root)
    assert program("clear", "--yes").code == 3
    assert caches.look(builder.root) == before


# What holds nothing of a distribution


@pytest.mark.parametrize(
    "paths",
    [
        (),
        ("CACHEDIR.TAG", ".gitignore", ".lock"),
        (*UV[:3], f"interpreter-v5/{HEX[:16]}/{HEX[:16]}.msgpack", "sdists-v11/.git", "sdists-v11/.gitignore"),
        ("hashes/6f/58/", "packages/", "self-check/x"),
        ("py_info/5/x.json",),
    ],
)
def test_what_holds_nothing_of_a_distribution(paths: tuple[str, ...], tmp_path: Path) -> None:
    fill(tmp_path, *paths)
    assert not has_distributions(str(tmp_path))


@pytest.mark.parametrize("path", ["archive-v0/a/b/c/d.py", "x", "wheels-v8/interpreter-v5/x"])
def test_what_holds_something(path: str, tmp_path: Path) -> None:
    fill(tmp_path, path)
    assert has_distributions(str(tmp_path))


@pytest.mark.permissions
def test_what_cannot_be_seen_is_an_error(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    fill(tmp_path, "wheels-v8/closed/")
    (tmp_path / "wheels-v8/closed").chmod(0)
    request.addfinalizer(lambda: (tmp_path / "wheels-v8/closed").chmod(0o700))
    with pytest.raises(PermissionError):
        has_distributions(str(tmp_path))
