"""Which directory is uv's cache for this run, and who decided it.

The rules are those of uv 0.2 to 0.13: ``uv-cache/src/cli.rs``, ``uv-settings/src/lib.rs`` (which files count),
``uv-workspace/src/workspace.rs`` (whose settings a member of a workspace has). Unlike pip, uv expands no ``~``.
"""

import os
import sys
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from itertools import chain
from typing import NamedTuple

from pipcache.errors import CacheNotFound, ErrorKind
from pipcache.location.config import expanduser, xdg_folder
from pipcache.location.installer_places import (
    RULES,
    KnownPlace,
    places_of_home,
    places_of_run,
    read_toml,
    table_in,
)
from pipcache.location.locate import CacheDirectory, Setting, Source, real_path, require_name, seen
from pipcache.store.installer import Installer

_TRUE = frozenset({"y", "yes", "t", "true", "on", "1"})

_OF_UV = ("tool", "uv")


class _File(NamedTuple):
    """A configuration file that counts, what it sets, and why it sets nothing."""

    path: str
    options: Mapping[str, object] = {}
    problem: str | None = None


def locate_uv(option: str | None, environ: Mapping[str, str]) -> CacheDirectory:
    """Return the directory that uv uses: by option, variable, configuration or default.

    Args:
        option: the value of ``--cache-dir``; None without the option.
        environ: the environment of the run.

    Raises:
        CacheNotFound: ``--cache-dir`` is empty, or names no usable directory.
    """
    require_name(option)
    folder = _working_folder(environ)
    files = list(_files(folder, environ))
    settings = [Setting(Source.OPTION, "--cache-dir", option)] if option is not None else []
    settings += [*_of_environment(environ), *map(_setting_in, files), *_defaults(environ)]
    deciding = next((setting for setting in settings if setting.value), None)
    if deciding is None:
        raise CacheNotFound(
            "No home directory is known.",
            hint="Set HOME, or name a directory with --cache-dir.",
            kind=ErrorKind.NO_CACHE_DIRECTORY,
        )
    if deciding.source is Source.DEFAULT and sys.platform == "darwin":
        # before 0.4 macOS had the folder of the platform, which still counts where it is there
        native, *others = [setting for setting in settings if setting.source is Source.DEFAULT][-2:]
        if os.path.isdir(expanduser(native.value or "", environ)):
            deciding = native
        elif deciding == native:
            deciding = others[0]
    if deciding.source in {Source.ENVIRONMENT, Source.CONFIGURATION}:
        path = real_path(deciding._replace(value=os.path.join(folder, deciding.value or "")), environ)
    else:
        path = real_path(deciding, environ)
    disabled_by = None if option else _switch(files, environ)
    return seen(CacheDirectory(path, deciding.source, deciding.origin, tuple(settings), disabled_by, tool="uv"))


def _working_folder(environ: Mapping[str, str]) -> str:
    """Return the folder that relative paths are relative to; empty where nobody knows the present one."""
    named = environ.get("UV_WORKING_DIR") or environ.get("UV_WORKING_DIRECTORY") or ""
    try:
        return os.path.join(os.getcwd(), named)
    except OSError:
        return named


def _of_environment(environ: Mapping[str, str]) -> Iterator[Setting]:
    value = environ.get("UV_CACHE_DIR")
    if value is not None:
        note = None if value else "empty; uv itself stops at it"
        yield Setting(Source.ENVIRONMENT, "UV_CACHE_DIR", value or None, note)


def _setting_in(file: _File) -> Setting:
    """Return what a configuration file says of the place of the cache."""
    value = file.options.get("cache-dir")
    if isinstance(value, str) and value:
        return Setting(Source.CONFIGURATION, f"{file.path} cache-dir", value)
    return Setting(Source.CONFIGURATION, file.path, None, file.problem or "it names no cache")


def _defaults(environ: Mapping[str, str]) -> Iterator[Setting]:
    home = expanduser("~", environ)
    of_run = places_of_run(sys.platform, environ, Installer.UV)
    of_home: Iterator[KnownPlace] = iter(())
    if home != "~":
        of_home = places_of_home(sys.platform, "this user", home, Installer.UV)
    for place in chain(of_run, of_home):
        if place.source is Source.DEFAULT:
            yield Setting(place.source, place.origin, place.path)


def _switch(files: list[_File], environ: Mapping[str, str]) -> str | None:
    """Return what makes uv run with a cache of its own that it removes at its end; None without such a setting."""
    variable = environ.get("UV_NO_CACHE", "")
    if variable:
        return f"UV_NO_CACHE={variable}" if variable.lower() in _TRUE else None
    deciding = next((file for file in files if isinstance(file.options.get("no-cache"), bool)), None)
    return f"{deciding.path} no-cache" if deciding is not None and deciding.options["no-cache"] else None


def _files(folder: str, environ: Mapping[str, str]) -> Iterator[_File]:
    """Yield the configuration files that count, highest first: of the project, of the user, of the machine.

    Of each kind the first that is there counts alone, also where it says nothing of a cache.
    """
    if named := environ.get("UV_CONFIG_FILE"):
        yield from _first([os.path.join(folder, named)])
        return
    if environ.get("UV_NO_CONFIG", "").lower() in _TRUE:
        return
    yield from _of_project(os.path.join(folder, environ.get("UV_PROJECT", "")))
    rules = RULES[Installer.UV]
    system = sys.platform if sys.platform in {"darwin", "win32"} else "linux"
    home = expanduser("~", environ)
    of_home = [os.path.join(home, file) for file in rules.files[system]] if home != "~" else []
    if system == "win32":
        yield from _first(of_home)
        yield from _first([os.path.join(environ.get("PROGRAMDATA", r"C:\ProgramData"), *rules.shared[system])])
        return
    of_user = [os.path.join(path, rules.xdg_file) for path in xdg_folder(environ, "XDG_CONFIG_HOME")]
    yield from _first([*of_user, *of_home[1:]] if of_user else of_home)
    folders = xdg_folder(environ, "XDG_CONFIG_DIRS", "/etc/xdg")
    of_machine = [os.path.join(path, rules.xdg_file) for path in folders]
    yield from _first([*of_machine, *rules.shared[system]])


def _first(paths: list[str], table: tuple[str, ...] = ()) -> Iterator[_File]:
    """Yield the first file that is there."""
    for path in paths:
        try:
            yield _File(path, table_in(read_toml(path), table))
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            yield _File(path, problem=f"cannot be read: {error.strerror}")
        except ValueError:
            yield _File(path, problem="not valid; uv itself may stop at it")
        return


def _of_project(folder: str) -> Iterator[_File]:
    """Yield the file of the folder, or of the nearest above, that configures uv: ``uv.toml``, else pyproject.toml.

    Args:
        folder: the one that uv runs in, or that ``UV_PROJECT`` names.
    """
    folder = _workspace_of(os.path.abspath(folder))
    while folder:
        file = next(_first([os.path.join(folder, "uv.toml")]), None)
        if file is None:
            project = next(_first([os.path.join(folder, "pyproject.toml")]), None)
            # a pyproject.toml that does not speak of uv, or is not valid, does not count
            if project is not None and isinstance(table_in(project.options, ("tool",)).get("uv"), dict):
                file = project._replace(options=table_in(project.options, _OF_UV))
        if file is not None:
            yield file
            return
        above = os.path.dirname(folder)
        folder = above if above != folder else ""


def _workspace_of(folder: str) -> str:
    """Return the root of the workspace that a folder is in, or the folder of its project; else the folder."""
    projects = _projects_above(folder)
    root, document = next(projects, (folder, {}))
    of_uv = table_in(document, _OF_UV)
    if of_uv.get("managed") is False:
        return folder
    if "workspace" in of_uv:
        return root
    if "project" not in document:
        return folder
    above, document = next(projects, (root, {}))
    workspace = table_in(document, (*_OF_UV, "workspace"))
    is_member = _is_named(root, above, workspace.get("members"))
    return above if is_member and not _is_named(root, above, workspace.get("exclude")) else root


def _projects_above(folder: str) -> Iterator[tuple[str, Mapping[str, object]]]:
    """Yield the folders with a ``pyproject.toml``, from a folder upwards, and what is in the file."""
    while True:
        file = next(_first([os.path.join(folder, "pyproject.toml")]), None)
        if file is not None:
            yield folder, file.options
        above = os.path.dirname(folder)
        if above == folder:
            return
        folder = above


def _is_named(folder: str, root: str, patterns: object) -> bool:
    """Return whether one of a workspace's patterns names a folder below its root."""
    texts = [text for text in patterns if isinstance(text, str)] if isinstance(patterns, list) else []
    names = os.path.relpath(folder, root).split(os.sep)
    return any(_fits(names, os.path.normpath(text).split(os.sep)) for text in texts)


def _fits(names: list[str], patterns: list[str]) -> bool:
    """Return whether the names of a path fit a pattern, in which ``**`` stands for any number of folders."""
    reached = _with_next({0}, patterns)
    for name in names:
        fitting = {at for at in reached if at < len(patterns) and fnmatchcase(name, patterns[at])}
        reached = _with_next({at if patterns[at] == "**" else at + 1 for at in fitting}, patterns)
    return len(patterns) in reached


def _with_next(reached: set[int], patterns: list[str]) -> set[int]:
    """Return places in a pattern with those that are reached from there without another name."""
    for at, pattern in enumerate(patterns):
        if at in reached and pattern == "**":
            reached.add(at + 1)
    return reached
