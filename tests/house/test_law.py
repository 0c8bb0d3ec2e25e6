"""The laws of the package, read from its source: who imports whom, who writes, what is never done."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pipcache.cli import options
from pipcache.inventory.artifact import Kind
from pipcache.query.filters import SortKey
from pipcache.store.layout import Store
from pipcache.util import urls

if TYPE_CHECKING:
    from collections.abc import Iterator

from tests.support.places import PACKAGE, REPOSITORY


def module_name(path: Path) -> str:
    """A module's name within the package; the package itself has none."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


MODULES = {module_name(path): ast.parse(path.read_text("utf-8")) for path in sorted(PACKAGE.rglob("*.py"))}
each_module = pytest.mark.parametrize("name", MODULES)


def imported(tree: ast.Module) -> Iterator[str]:
    """Every module a module imports, at its top or later; a name from a package may be one of its modules."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            assert node.module is not None
            below = [f"{node.module}.{alias.name}" for alias in node.names]
            modules = [name for name in below if name.removeprefix("pipcache.") in MODULES]
            yield from modules or [node.module]


def own(name: str) -> str:
    """A module's name within the package."""
    return name.removeprefix("pipcache").removeprefix(".")


def calls(tree: ast.Module) -> Iterator[tuple[str, ast.Call]]:
    """Every call, with what is called: `print`, `os.remove`, `?.write_text` for a method of anything."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            match node.func:
                case ast.Name(id=called):
                    yield called, node
                case ast.Attribute(value=ast.Name(id=owner), attr=called):
                    yield f"{owner}.{called}", node
                case ast.Attribute(attr=called):
                    yield f"?.{called}", node
                case _:
                    pass  # the result of another call


def attributes(tree: ast.Module) -> set[str]:
    """Every attribute of a plain name, as it is written: `sys.stdout`."""
    return {
        f"{node.value.id}.{node.attr}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
    }


# Layers


@each_module
def test_a_module_is_short_enough_to_be_read_in_one_go(name: str) -> None:
    path = PACKAGE.joinpath(*name.split(".")) if name else PACKAGE
    path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    assert len(path.read_text("utf-8").splitlines()) <= 400


LIBRARIES = {
    "click": {"cli", "render.progress_bar"},
    "rich": {"render"},
    "msgpack": {"store.cachecontrol"},
    "platformdirs": {"location.locate", "location.config"},
    "packaging": {"util.versions", "query.selector", "locks", "advisories"},
    "yaml": {"advisories.strict"},
}


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_library_is_known_to_the_modules_it_is_for(library: str) -> None:
    users = {
        name for name, tree in MODULES.items() if library in {one.partition(".")[0] for one in imported(tree)}
    }
    assert users
    assert {name for name in users if not {name, name.partition(".")[0]} & LIBRARIES[library]} == set()


# A guest opens no connection, starts nothing, runs nothing it finds, and changes nothing but in one place

NEVER = {
    *("socket", "ssl", "http", "ftplib", "smtplib", "asyncio", "requests", "urllib3", "cachecontrol"),
    *("subprocess", "multiprocessing", "pty", "pip", "pickle", "marshal", "shelve", "runpy", "code", "ctypes"),
    *("shutil", "tempfile", "sqlite3", "dbm", "logging", "zipfile", "tarfile"),
}
ALLOWED = {"render.console": {"shutil"}}  # for the width of the terminal


@each_module
def test_no_module_imports_what_a_guest_has_no_use_for(name: str) -> None:
    used = set(imported(MODULES[name]))
    assert {one.partition(".")[0] for one in used} & NEVER <= ALLOWED.get(name, set())
    assert "urllib.request" not in used


def test_the_one_use_of_shutil_is_to_ask_for_the_width() -> None:
    (line,) = [node for node in ast.walk(MODULES["render.console"]) if _is_import_of(node, "shutil")]
    assert isinstance(line, ast.ImportFrom)
    assert [alias.name for alias in line.names] == ["get_terminal_size"]


def _is_import_of(node: ast.AST, module: str) -> bool:
    return (isinstance(node, ast.ImportFrom) and node.module == module) or (
        isinstance(node, ast.Import) and any(alias.name.partition(".")[0] == module for alias in node.names)
    )


@each_module
def test_no_module_runs_what_it_finds(name: str) -> None:
    called = {what for what, _ in calls(MODULES[name])}
    assert called & {"eval", "exec", "compile", "__import__", "os.system", "os.popen", "os.startfile"} == set()
    assert not any(what.startswith(("os.exec", "os.spawn", "os.posix_spawn")) for what in called)


OF_OS = {
    *("unlink", "remove", "rmdir", "removedirs", "rename", "renames", "replace", "truncate", "ftruncate"),
    *("mkdir", "makedirs", "mkfifo", "mknod", "link", "symlink", "chmod", "fchmod", "lchmod", "chown", "fchown"),
    *("lchown", "utime", "setxattr", "removexattr", "write", "writev", "pwrite", "pwritev", "sendfile", "fsync"),
}
OF_PATHS = {
    *("unlink", "rmdir", "rename", "rmtree", "write_text", "write_bytes", "mkdir", "touch", "symlink_to"),
    *("hardlink_to", "link_to", "lchmod", "chmod", "truncate", "extract", "extractall", "move", "copyfile"),
}


CHANGERS = {"removal.executor": {"os.unlink", "os.rmdir"}, "removal.backup": {"os.mkdir", "os.write", "os.fsync"}}
"""The one module that changes the cache, the one that keeps copies elsewhere, and all they do to the disk."""


@each_module
def test_one_module_changes_the_cache_and_it_only_removes(name: str) -> None:
    called = {what for what, _ in calls(MODULES[name])}
    of_os = called & {f"os.{what}" for what in OF_OS}
    assert of_os == CHANGERS.get(name, set())
    assert {what for what in called if what.rpartition(".")[2] in OF_PATHS} - of_os == set()
    imports = [
        node for node in ast.walk(MODULES[name]) if isinstance(node, ast.ImportFrom) and node.module == "os"
    ]
    assert {alias.name for node in imports for alias in node.names} & OF_OS == set()


@each_module
def test_no_module_opens_a_file_for_writing(name: str) -> None:
    flags = {flag for flag in attributes(MODULES[name]) if flag.startswith("os.O_")}
    readers = {"os.O_RDONLY", "os.O_NOFOLLOW", "os.O_NONBLOCK", "os.O_CLOEXEC", "os.O_BINARY", "os.O_NOATIME"}
    readers |= {"os.O_DIRECTORY"}
    if name == "removal.backup":  # new files, where nothing is
        readers |= {"os.O_WRONLY", "os.O_CREAT", "os.O_EXCL"}
    writers = [call for what, call in calls(MODULES[name]) if what == "os.open" and not _is_of_devnull(call)]
    assert not writers or flags <= readers
    for what, call in calls(MODULES[name]):
        if what in {"open", "io.open", "os.fdopen", "?.open"} and not _is_of_devnull(call):
            modes = [*call.args[1:2], *(keyword.value for keyword in call.keywords if keyword.arg == "mode")]
            assert all(isinstance(mode, ast.Constant) and set(str(mode.value)) <= set("rbt") for mode in modes)


def _is_of_devnull(call: ast.Call) -> bool:
    return bool(call.args) and ast.unparse(call.args[0]) == "os.devnull"


# Who speaks


SPEAKERS = ("cli", "render", "commands", "__main__")


@each_module
def test_only_the_command_line_and_what_renders_for_it_speak(name: str) -> None:
    if name.partition(".")[0] in SPEAKERS:
        return
    tree = MODULES[name]
    assert {what for what, _ in calls(tree)} & {"print", "input", "click.echo", "click.secho"} == set()
    assert attributes(tree) & {"sys.stdout", "sys.stderr", "sys.__stdout__", "sys.__stderr__", "sys.exit"} == set()
    names = {alias.name for node in ast.walk(tree) if _is_import_of(node, "sys") for alias in _names(node)}
    assert names <= {"sys"}


def _names(node: ast.AST) -> list[ast.alias]:
    assert isinstance(node, (ast.Import, ast.ImportFrom))
    return node.names


def test_someone_speaks() -> None:
    heard = {name for name, tree in MODULES.items() if attributes(tree) & {"sys.stdout", "sys.stderr"}}
    assert "commands.list" in heard
    assert "render.console" in heard


# Words that stand in one place


HOSTS = sorted({value for name, value in vars(urls).items() if name.endswith("_HOST")})


def test_the_hosts_of_the_index_are_known() -> None:
    assert len(HOSTS) == 5


@pytest.mark.parametrize("host", HOSTS)
def test_the_names_of_the_index_hosts_stand_in_one_module(host: str) -> None:
    sources = [*PACKAGE.rglob("*.py"), *(REPOSITORY / "tests").rglob("*.py")]
    holders = [path.relative_to(REPOSITORY).as_posix() for path in sources if host in path.read_text("utf-8")]
    assert holders == ["pipcache/util/urls.py"]


def test_the_choices_of_the_command_line_are_the_members_of_the_enums() -> None:
    assert tuple(kind.value for kind in Kind) == options.KINDS
    assert tuple(store.value for store in Store) == options.STORES
    assert tuple(key.value for key in SortKey) == options.SORT_KEYS
