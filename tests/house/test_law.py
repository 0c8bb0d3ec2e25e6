"""The laws of the package, read from its source: who imports whom, who writes, what is never done."""

from __future__ import annotations

import ast
import functools
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pipcache.cli import group
from pipcache.util import urls

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

from tests.support.places import DOCS, PACKAGE, REPOSITORY


def module_name(path: Path) -> str:
    """A module's name within the package; the package itself has none."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


MODULES = {module_name(path): ast.parse(path.read_text("utf-8")) for path in sorted(PACKAGE.rglob("*.py"))}


def of_each_module(reported: Callable[[str], object]) -> dict[str, object]:
    """What a rule reports of the modules that break it: one test reads them all, because there are hundreds."""
    return {name: report for name in MODULES if (report := reported(name))}


@functools.cache
def imported(tree: ast.Module) -> tuple[str, ...]:
    """Every module a module imports, at its top or later; a name from a package may be one of its modules."""
    return tuple(_imported(tree))


def _imported(tree: ast.Module) -> Iterator[str]:
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


@functools.cache
def calls(tree: ast.Module) -> tuple[tuple[str, ast.Call], ...]:
    """Every call, with what is called: `print`, `os.remove`, `?.write_text` for a method of anything."""
    return tuple(_calls(tree))


def _calls(tree: ast.Module) -> Iterator[tuple[str, ast.Call]]:
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


@functools.cache
def attributes(tree: ast.Module) -> set[str]:
    """Every attribute of a plain name, as it is written: `sys.stdout`."""
    return {
        f"{node.value.id}.{node.attr}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
    }


# The map: which package may import which

LAW = {
    "errors": "",
    "util": "",
    "index": "util",
    "archive": "util",
    "locks": "errors util",
    "advisories": "errors util archive",
    "store": "errors util index archive",
    "location": "errors util store",
    "inventory": "util index archive store installers",
    "query": "errors util locks store inventory",
    "verify": "util index archive locks store installers inventory",
    "removal": "errors util store inventory query",
    "audit": "errors util index archive advisories store installers location inventory query",
    "prune": "errors util archive locks store location inventory query removal",
    "offline": "errors util index archive locks store inventory query verify",
    "server": "errors util index archive locks store inventory verify offline",
    "live": "errors util index store location inventory verify locks",
    "render": "util store location inventory query verify removal audit prune offline server live",
    "commands": "errors util store location inventory query verify removal audit prune offline server live render",
    "cli": "errors util store location inventory query verify removal audit prune offline server live render "
    "commands",
    # lots that are not built on yet; location, inventory and verify may import installers then
    "installers": "errors util archive store",
    "fleet": "errors util render",
    "browse": "errors util store location inventory query verify removal audit prune offline server live "
    "render commands",
}
"""What each package may import besides itself."""

PACKAGES = sorted(path.name for path in PACKAGE.iterdir() if (path / "__init__.py").exists())


def package_of(name: str) -> str:
    """The package of a module, or a module's own name where it lies in the root."""
    return name.partition(".")[0]


def own_imports(name: str) -> set[str]:
    """The modules of pipcache that a module imports, at its top or later."""
    modules = {own(module) for module in imported(MODULES[name]) if module.partition(".")[0] == "pipcache"}
    return modules - {"", name}


def test_every_package_has_a_line_of_the_law() -> None:
    assert set(PACKAGES) - LAW.keys() == set()


def test_the_documentation_gives_the_law_as_it_is() -> None:
    text = (DOCS / "contributing.md").read_text("utf-8")
    table = text.partition("| package | may import |")[2].partition("\n\n")[0]
    stated = {
        package: allowed
        for packages, allowed in re.findall(r"^\| (`.*`) \| (.*) \|$", table, re.MULTILINE)
        for package in re.findall(r"`(\w+)`", packages)
    }
    assert stated.keys() == {*PACKAGES, "errors"}
    assert stated.pop("cli") == "all of these"
    for package, allowed in stated.items():
        assert re.findall(r"`(\w+)`", allowed) == LAW[package].split(), package


def test_only_three_modules_lie_in_the_root() -> None:
    assert {path.name for path in PACKAGE.glob("*.py")} == {"__init__.py", "__main__.py", "errors.py"}


def test_a_module_imports_what_its_package_may() -> None:
    def forbidden(name: str) -> set[str]:
        package = package_of(name)
        if package in {"", "__main__"}:
            return own_imports(name) - {"cli.main"}
        allowed = {package, *LAW[package].split()}
        return {module for module in own_imports(name) if package_of(module) not in allowed}

    assert of_each_module(forbidden) == {}


@pytest.mark.parametrize("package", PACKAGES)
def test_no_modules_of_a_package_import_each_other_in_a_circle(package: str) -> None:
    inside = {name: own_imports(name) for name in MODULES if name.startswith(f"{package}.")}
    left = {name: {module for module in imports if module in inside} for name, imports in inside.items()}
    while free := {name for name, imports in left.items() if not imports & left.keys()}:
        left = {name: imports for name, imports in left.items() if name not in free}
    assert left == {}


@pytest.mark.parametrize(
    "name", [name for name in MODULES if PACKAGE.joinpath(*name.split("."), "__init__.py").exists()]
)
def test_the_init_of_a_package_is_a_paragraph_and_nothing_else(name: str) -> None:
    if name:
        (paragraph,) = MODULES[name].body
        assert isinstance(paragraph, ast.Expr)
        assert ast.get_docstring(MODULES[name])


@pytest.mark.parametrize("command", group.COMMANDS)
def test_a_command_has_the_same_file_name_on_each_floor(command: str) -> None:
    floors = ["cli"] if command == "dir" else ["cli", "commands"]
    assert {f"{floor}.{command}" for floor in floors} <= MODULES.keys()
    # clear shows and reports as remove does; help is for people alone
    shown = "remove" if command == "clear" else command
    forms = ["text"] if command == "help" else ["text", "json"]
    assert {f"render.{form}.{shown}" for form in forms} <= MODULES.keys()


def test_a_module_is_short_enough_to_be_read_in_one_go() -> None:
    lengths = {path: len(path.read_text("utf-8").splitlines()) for path in PACKAGE.rglob("*.py")}
    assert {path: length for path, length in lengths.items() if length > 400} == {}


LIBRARIES = {
    "click": {"cli"},
    "rich": {"render"},
    "msgpack": {"store.cachecontrol", "installers.uv_pointer"},
    "platformdirs": {"location.locate", "location.config", "live.transport"},
    "packaging": {"util.versions", "util.requirements", "query.selector", "locks", "advisories", "offline"},
    "yaml": {"advisories.strict", "location.condarc"},
    "werkzeug": {"server"},
    "waitress": {"server"},
    "requests": {"live.transport", "live.credentials"},
    "urllib3": {"live.transport", "live.client"},
    "cachecontrol": {"live.transport"},
    "truststore": {"live.transport"},
    "idna": {"query.sources"},
}


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_library_is_known_to_the_modules_it_is_for(library: str) -> None:
    users = {
        name
        for name, tree in MODULES.items()
        if library in {module.partition(".")[0] for module in imported(tree)}
    }
    assert users
    assert {name for name in users if not {name, name.partition(".")[0]} & LIBRARIES[library]} == set()


# A guest opens no connection, starts nothing, runs nothing it finds, and changes nothing but in one place

NEVER = {
    *(
        "socket",
        "ssl",
        "http",
        "ftplib",
        "smtplib",
        "asyncio",
        "requests",
        "urllib3",
        "cachecontrol",
        "truststore",
    ),
    *("subprocess", "multiprocessing", "pty", "pip", "pickle", "marshal", "shelve", "runpy", "code", "ctypes"),
    *("shutil", "tempfile", "sqlite3", "dbm", "logging", "zipfile", "tarfile"),
}
ALLOWED = {
    "render.console": {"shutil"},  # for the width of the terminal
    "server.listener": {"socket"},  # it listens at the loopback address, and connects to nothing
    "live.credentials": {"subprocess"},  # asks the keyring's program, where pip is told to
    "commands.child_process": {"subprocess"},  # starts the command that a person typed behind offline
}
NETWORK = {"socket", "ssl", "http", "requests", "urllib3", "cachecontrol", "truststore"}
CONNECTS = "live"
"""The only package that may open a connection."""


def test_no_module_imports_what_a_guest_has_no_use_for() -> None:
    def unwanted(name: str) -> set[str]:
        used = set(imported(MODULES[name]))
        allowed = ALLOWED.get(name, set()) | (NETWORK if package_of(name) == CONNECTS else set())
        return ({module.partition(".")[0] for module in used} & NEVER) - allowed | used & {"urllib.request"}

    assert of_each_module(unwanted) == {}


def test_only_refresh_asks_indexes_and_loads_what_does_so_when_it_asks() -> None:
    connecting = {name for name in MODULES if {"requests", "urllib3"} & set(imported(MODULES[name]))}
    connecting |= {"live.client"}
    users = {name for name in MODULES if own_imports(name) & connecting}
    assert {name for name in users if package_of(name) != CONNECTS} == {"commands.refresh"}
    at_start = {
        own(name)
        for node in MODULES["commands.refresh"].body
        for name in imported(ast.Module([node], []))
        if isinstance(node, (ast.Import, ast.ImportFrom))
    }
    assert not at_start & connecting


def test_the_one_use_of_shutil_is_to_ask_for_the_width() -> None:
    (line,) = [node for node in ast.walk(MODULES["render.console"]) if _is_import_of(node, "shutil")]
    assert isinstance(line, ast.ImportFrom)
    assert [alias.name for alias in line.names] == ["get_terminal_size"]


def _is_import_of(node: ast.AST, module: str) -> bool:
    return (isinstance(node, ast.ImportFrom) and node.module == module) or (
        isinstance(node, ast.Import) and any(alias.name.partition(".")[0] == module for alias in node.names)
    )


RUNNING = {"eval", "exec", "compile", "__import__", "os.system", "os.popen", "os.startfile"}


def test_no_module_runs_what_it_finds() -> None:
    def running(name: str) -> set[str]:
        called = {what for what, _ in calls(MODULES[name])}
        return called & RUNNING | {
            what for what in called if what.startswith(("os.exec", "os.spawn", "os.posix_spawn"))
        }

    assert of_each_module(running) == {}


OF_OS = {
    *("unlink", "remove", "rmdir", "removedirs", "rename", "renames", "replace", "truncate", "ftruncate"),
    *("mkdir", "makedirs", "mkfifo", "mknod", "link", "symlink", "chmod", "fchmod", "lchmod", "chown", "fchown"),
    *("lchown", "utime", "setxattr", "removexattr", "write", "writev", "pwrite", "pwritev", "sendfile", "fsync"),
}
OF_PATHS = {
    *("unlink", "rmdir", "rename", "rmtree", "write_text", "write_bytes", "mkdir", "touch", "symlink_to"),
    *("hardlink_to", "link_to", "lchmod", "chmod", "truncate", "extract", "extractall", "move", "copyfile"),
}


CHANGERS = {
    "removal.executor": {"os.unlink", "os.rmdir"},
    "removal.private_folder": {"os.mkdir", "os.rmdir", "os.unlink", "os.replace", "os.fsync"},
    "offline.output": {"os.fsync", "os.replace"},
    "offline.export_writer": {"os.makedirs", "os.mkdir", "os.link", "os.replace", "os.unlink"},
    "util.drafts": {"os.write", "os.fsync", "os.link", "os.rename", "os.unlink"},
    "__main__": {"os.write"},  # to standard error, whose buffer an interruption may find half filled
}
"""The module that changes the cache, those that write elsewhere, and all they do to the disk.

``offline.output`` writes the file that a person names. ``removal.private_folder`` keeps copies outside the cache:
it replaces the list of them, and takes away drafts and what the same run made.
``offline.export_writer`` writes into a folder outside the cache: it replaces pages, and takes away drafts. These
make their files by ``util.drafts``, and nobody else does.

``live.transport`` writes too, by CacheControl: the pages that indexes sent, into the user's own cache of pipcache.
Who comes next gets a line here: the builder of the one-file program in fleet.
"""


def test_one_module_changes_the_cache_and_it_only_removes() -> None:
    def changes(name: str) -> set[str]:
        called = {what for what, _ in calls(MODULES[name])}
        of_os = called & {f"os.{what}" for what in OF_OS}
        of_paths = {what for what in called if what.rpartition(".")[2] in OF_PATHS} - of_os
        imports = [
            node for node in ast.walk(MODULES[name]) if isinstance(node, ast.ImportFrom) and node.module == "os"
        ]
        return of_os | of_paths | ({alias.name for node in imports for alias in node.names} & OF_OS)

    assert of_each_module(changes) == CHANGERS


def test_only_the_writers_make_files() -> None:
    importers = {name for name in MODULES if "util.drafts" in own_imports(name)}
    assert importers == {"removal.private_folder", "offline.output", "offline.export_writer"}


FLAGS_OF_READERS = {
    *("os.O_RDONLY", "os.O_NOFOLLOW", "os.O_NONBLOCK", "os.O_CLOEXEC", "os.O_BINARY", "os.O_NOATIME"),
    "os.O_DIRECTORY",
}
FLAGS_OF_WRITERS = {"os.O_WRONLY", "os.O_CREAT", "os.O_EXCL"}
"""For new files, where nothing is; a pipe that is there."""


def test_no_module_opens_a_file_for_writing() -> None:
    def writing(name: str) -> list[str]:
        flags = {flag for flag in attributes(MODULES[name]) if flag.startswith("os.O_")} - FLAGS_OF_READERS
        if name in {"offline.output", "util.drafts"}:
            flags -= FLAGS_OF_WRITERS
        opening = [(what, call) for what, call in calls(MODULES[name]) if not _is_of_devnull(call)]
        modes = [
            mode
            for what, call in opening
            if what in {"open", "io.open", "os.fdopen", "?.open"}
            for mode in (*call.args[1:2], *(each.value for each in call.keywords if each.arg == "mode"))
        ]
        other_modes = [
            ast.unparse(mode)
            for mode in modes
            if not (isinstance(mode, ast.Constant) and set(str(mode.value)) <= set("rbt"))
        ]
        opens = any(what == "os.open" for what, _ in opening)
        return [*(sorted(flags) if opens else ()), *other_modes]

    assert of_each_module(writing) == {}


def _is_of_devnull(call: ast.Call) -> bool:
    return bool(call.args) and ast.unparse(call.args[0]) == "os.devnull"


# Who speaks


SPEAKERS = ("cli", "render", "commands", "__main__")


SPEAKING = {"print", "input", "click.echo", "click.secho"}
STREAMS = {"sys.stdout", "sys.stderr", "sys.__stdout__", "sys.__stderr__", "sys.exit"}


def test_only_the_command_line_and_what_renders_for_it_speak() -> None:
    def speaking(name: str) -> set[str]:
        tree = MODULES[name]
        names = {alias.name for node in ast.walk(tree) if _is_import_of(node, "sys") for alias in _names(node)}
        called = {what for what, _ in calls(tree)}
        return called & SPEAKING | attributes(tree) & STREAMS | names - {"sys"}

    silent = of_each_module(lambda name: package_of(name) not in SPEAKERS and speaking(name))
    assert silent == {}


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
