"""Where installers other than pip keep their caches: variables, configuration files and defaults."""

import os
import tomllib
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from pipcache.location.config import LongFile, expanduser, read_limited, xdg_folder
from pipcache.location.locate import Source
from pipcache.store.installer import Installer


class KnownPlace(NamedTuple):
    """A path where an installer may have its cache, and what says so.

    Attributes:
        installer: whose cache it would be.
        source: the kind of what says so.
        origin: ``UV_CACHE_DIR``, ``/etc/uv/uv.toml cache-dir``, ``uv's default of ada``; the file where it cannot
            be read.
        path: as it is written there; it may start with ``~`` or be relative.
        problem: the error of a configuration file that cannot be read; None otherwise.
        unknown: why nobody can say which cache the file at ``path`` names; None otherwise.
        file: the configuration file that names the path; None where a variable or a default does.
    """

    installer: Installer
    source: Source
    origin: str
    path: str
    problem: OSError | None = None
    unknown: str | None = None
    file: str | None = None


class _Rules(NamedTuple):
    """The rules of an installer; folders are those of Linux, macOS and Windows below a home.

    Attributes:
        variables: name the cache.
        folders: the defaults.
        xdg: the default below ``XDG_CACHE_HOME``.
        key: of the cache in a configuration file; empty where the installer has none that names a cache.
        file_variable: names a configuration file, or with ``folder_variable`` the folder of it.
        files: a user's configuration files.
        xdg_file: a configuration file below the folders of the XDG variables.
        shared: configuration files for all users.
    """

    variables: tuple[str, ...]
    folders: Mapping[str, tuple[str, ...]]
    xdg: str
    key: str = ""
    file_variable: str = ""
    folder_variable: str = ""
    files: Mapping[str, tuple[str, ...]] = {}
    xdg_file: str = ""
    shared: Mapping[str, tuple[str, ...]] = {}


def _folders(linux: str, windows: str, *, mac: str = "") -> dict[str, tuple[str, ...]]:
    """Return default folders below a home; on macOS both that of the platform and that of Linux are in use."""
    native = mac or f"Library/Caches/{linux.rpartition('/')[2]}"
    return {"linux": (linux,), "darwin": (native, linux), "win32": (windows,)}


_CONDA_ROOTS = ("miniconda3", "anaconda3", "miniforge3", "mambaforge", "micromamba", ".conda")

RULES: dict[Installer, _Rules] = {
    # uv-dirs and uv-settings; before 0.4 macOS had the folder of the platform
    Installer.UV: _Rules(
        ("UV_CACHE_DIR",),
        _folders(".cache/uv", r"AppData\Local\uv\cache"),
        "uv",
        key="cache-dir",
        file_variable="UV_CONFIG_FILE",
        files={
            "linux": (".config/uv/uv.toml",),
            "darwin": (".config/uv/uv.toml", "Library/Application Support/uv/uv.toml"),
            "win32": (r"AppData\Roaming\uv\uv.toml",),
        },
        xdg_file="uv/uv.toml",
        shared={"linux": ("/etc/uv/uv.toml",), "darwin": ("/etc/uv/uv.toml",), "win32": (r"uv\uv.toml",)},
    ),
    # poetry/locations.py
    Installer.POETRY: _Rules(
        ("POETRY_CACHE_DIR",),
        _folders(".cache/pypoetry", r"AppData\Local\pypoetry\Cache"),
        "pypoetry",
        key="cache-dir",
        folder_variable="POETRY_CONFIG_DIR",
        files={
            "linux": (".config/pypoetry/config.toml",),
            "darwin": ("Library/Application Support/pypoetry/config.toml", ".config/pypoetry/config.toml"),
            "win32": (r"AppData\Roaming\pypoetry\config.toml",),
        },
        xdg_file="pypoetry/config.toml",
    ),
    # pdm/project/config.py
    Installer.PDM: _Rules(
        ("PDM_CACHE_DIR",),
        _folders(".cache/pdm", r"AppData\Local\pdm\pdm\Cache"),
        "pdm",
        key="cache_dir",
        file_variable="PDM_CONFIG_FILE",
        files={
            "linux": (".config/pdm/config.toml",),
            "darwin": ("Library/Application Support/pdm/config.toml", ".config/pdm/config.toml"),
            "win32": (r"AppData\Local\pdm\pdm\config.toml",),
        },
        xdg_file="pdm/config.toml",
        shared={"darwin": ("/Library/Application Support/pdm/config.toml",), "win32": (r"pdm\pdm\config.toml",)},
    ),
    # pipenv/environments.py
    Installer.PIPENV: _Rules(
        ("PIPENV_CACHE_DIR",), _folders(".cache/pipenv", r"AppData\Local\pipenv\pipenv\Cache"), "pipenv"
    ),
    # piptools/locations.py; the variable is that of click for pip-compile --cache-dir
    Installer.PIP_TOOLS: _Rules(
        ("PIP_TOOLS_CACHE_DIR",), _folders(".cache/pip-tools", r"AppData\Local\pip-tools\Cache"), "pip-tools"
    ),
    # virtualenv/app_data; before 20.33 the data folder; config/ini.py, and a variable for each option
    Installer.VIRTUALENV: _Rules(
        ("VIRTUALENV_OVERRIDE_APP_DATA", "VIRTUALENV_APP_DATA"),
        {
            "linux": (".cache/virtualenv", ".local/share/virtualenv"),
            "darwin": (
                *("Library/Caches/virtualenv", "Library/Application Support/virtualenv"),
                *(".cache/virtualenv", ".local/share/virtualenv"),
            ),
            "win32": (r"AppData\Local\pypa\virtualenv\Cache", r"AppData\Local\pypa\virtualenv"),
        },
        "virtualenv",
        key="app_data",
        file_variable="VIRTUALENV_CONFIG_FILE",
        files={
            "linux": (".config/virtualenv/virtualenv.ini",),
            "darwin": (
                "Library/Application Support/virtualenv/virtualenv.ini",
                ".config/virtualenv/virtualenv.ini",
            ),
            "win32": (r"AppData\Local\pypa\virtualenv\virtualenv.ini",),
        },
        xdg_file="virtualenv/virtualenv.ini",
    ),
    # conda's documentation, "pkgs_dirs"; for .condarc see the module of this name
    Installer.CONDA: _Rules(
        ("CONDA_PKGS_DIRS",),
        {
            "linux": tuple(f"{root}/pkgs" for root in _CONDA_ROOTS),
            "darwin": tuple(f"{root}/pkgs" for root in _CONDA_ROOTS),
            "win32": (*(rf"{root}\pkgs" for root in _CONDA_ROOTS), r"AppData\Local\conda\conda\pkgs"),
        },
        "",
    ),
}

_LIMIT = 1 << 18
"""Bytes of a configuration file; of a longer file nothing is used, and it is named."""

_LIMIT_OF_INI = 1 << 16
"""The same for the format of ``configparser``, which errors make slow."""

CONDA_PREFIXES = ("/opt/conda", "/opt/miniconda3", "/opt/anaconda3", "/opt/miniforge3")


def places_of_run(
    platform: str, environ: Mapping[str, str], only: Installer | None = None
) -> Iterator[KnownPlace]:
    """Yield the places that the environment of a run names, its home aside, and those of files for all users.

    Args:
        platform: as ``sys.platform``.
        environ: the environment.
        only: an installer; None for all.
    """
    for installer, rules in RULES.items():
        if only not in {None, installer}:
            continue
        for variable in rules.variables:
            for value in values_of(variable, environ.get(variable, "")):
                yield KnownPlace(installer, Source.ENVIRONMENT, variable, value)
        for folder in xdg_folder(environ, "XDG_CACHE_HOME") if rules.xdg else []:
            yield KnownPlace(installer, Source.DEFAULT, "XDG_CACHE_HOME", os.path.join(folder, rules.xdg))
        for path in _files_of_run(platform, environ, rules):
            yield from configured_place(installer, path, rules.key)
    if only not in {None, Installer.CONDA}:
        return
    for root in (*roots_of_conda(environ), *(CONDA_PREFIXES if platform != "win32" else ())):
        yield KnownPlace(Installer.CONDA, Source.DEFAULT, "root of conda", os.path.join(root, "pkgs"))


def roots_of_conda(environ: Mapping[str, str]) -> list[str]:
    """Return the folders that variables of a run name in which conda is installed."""
    roots = [environ[name] for name in ("CONDA_PREFIX", "MAMBA_ROOT_PREFIX") if environ.get(name)]
    conda = environ.get("CONDA_EXE")
    return roots + ([os.path.dirname(os.path.dirname(conda))] if conda else [])


def values_of(variable: str, value: str) -> list[str]:
    """Return the paths that the value of a variable is; a variable in the plural may name several caches."""
    return [path for path in value.split(os.pathsep if variable.endswith("S") else "\0") if path]


def configured_by(installer: Installer, variable: str, value: str) -> Iterator[KnownPlace]:
    """Yield the caches that the configuration file of an installer names to which a variable leads.

    Args:
        installer: the installer.
        variable: the name; nothing is yielded for a variable that leads to no such file.
        value: its value, an absolute path.
    """
    rules = RULES[installer]
    below = {rules.file_variable: "", rules.folder_variable: "config.toml"}
    if rules.xdg_file:
        below["XDG_CONFIG_HOME"] = rules.xdg_file
    if (name := below.get(variable)) is not None:
        yield from configured_place(installer, os.path.join(value, name) if name else value, rules.key)


def _files_of_run(platform: str, environ: Mapping[str, str], rules: _Rules) -> list[str]:
    """Return the configuration files that variables name, and those for all users."""
    files = [environ[rules.file_variable]] if environ.get(rules.file_variable) else []
    if rules.folder_variable and (folder := environ.get(rules.folder_variable)):
        files.append(os.path.join(folder, "config.toml"))
    if rules.xdg_file and platform != "win32":
        folders = [*xdg_folder(environ, "XDG_CONFIG_HOME"), *xdg_folder(environ, "XDG_CONFIG_DIRS", "/etc/xdg")]
        files += [os.path.join(folder, rules.xdg_file) for folder in dict.fromkeys((*folders, "/etc/xdg"))]
    for path in rules.shared.get(platform, ()):
        root = environ.get("PROGRAMDATA", r"C:\ProgramData") if platform == "win32" else ""
        files.append(f"{root}\\{path}" if root else path)
    return [expanduser(path, environ) for path in files]


def places_of_home(platform: str, user: str, home: str, only: Installer | None = None) -> Iterator[KnownPlace]:
    """Yield the places of a user: the defaults, and what configuration files in the home name.

    Args:
        platform: as ``sys.platform``.
        user: the name, for the origin.
        home: path of the home.
        only: an installer; None for all.
    """
    system = platform if platform in {"darwin", "win32"} else "linux"
    for installer, rules in RULES.items():
        if only not in {None, installer}:
            continue
        for folder in rules.folders[system]:
            origin = f"{installer}'s default of {user}"
            yield KnownPlace(installer, Source.DEFAULT, origin, _below(system, home, folder))
        for file in rules.files.get(system, ()):
            yield from configured_place(installer, _below(system, home, file), rules.key)


def _below(platform: str, home: str, name: str) -> str:
    separator = "\\" if platform == "win32" else "/"
    return f"{home.rstrip(separator)}{separator}{name}"


def configured_place(
    installer: Installer, path: str, key: str, table: tuple[str, ...] = ()
) -> Iterator[KnownPlace]:
    """Yield the cache that a file names, in a table of it; the file itself where it cannot be read.

    virtualenv's files are in the format of ``configparser``, the others are TOML.
    """
    if not key:
        return
    is_ini = installer is Installer.VIRTUALENV
    try:
        data = read_limited(path, _LIMIT_OF_INI if is_ini else _LIMIT)
        value = _value_in_ini(data, installer.value, key) if is_ini else _value_in_toml(data, table, key)
    except OSError as error:
        yield KnownPlace(installer, Source.CONFIGURATION, path, path, error)
    except LongFile as error:
        yield KnownPlace(installer, Source.CONFIGURATION, path, path, unknown=str(error))
    except ValueError:
        return
    else:
        if value and isinstance(value, str):
            yield KnownPlace(installer, Source.CONFIGURATION, f"{path} {key}", value, file=path)


def read_toml(path: str) -> Mapping[str, object]:
    """Return the document in a configuration file.

    Raises:
        OSError: the file is missing or cannot be read.
        LongFile: it is longer than configuration files are.
        ValueError: it is no TOML.
    """
    return _toml_of(read_limited(path, _LIMIT))


def _toml_of(data: bytes) -> Mapping[str, object]:
    try:
        return tomllib.loads(data.decode("utf-8-sig"))
    except RecursionError as error:
        raise ValueError("too deep") from error


def table_in(document: Mapping[str, object], names: tuple[str, ...]) -> Mapping[str, object]:
    """Return a table in a table, and so on; an empty one where it is not there."""
    table: object = document
    for name in names:
        table = table.get(name) if isinstance(table, dict) else None
    return table if isinstance(table, dict) else {}


def _value_in_toml(data: bytes, table: tuple[str, ...], key: str) -> object:
    """Return the value of a key in a table of a TOML file; None without it.

    Raises:
        ValueError: it is no TOML.
    """
    if key.encode() not in data:  # as in most files of projects
        return None
    return table_in(_toml_of(data), table).get(key)


def _value_in_ini(data: bytes, section: str, key: str) -> str | None:
    """Return the value of a key in a section of a file; None without it.

    Raises:
        ValueError: the file is not valid.
    """
    import configparser  # few have such a file

    parser = configparser.RawConfigParser()
    try:
        parser.read_string(data.decode("utf-8-sig"))
    except configparser.Error as error:
        raise ValueError("not valid") from error
    return parser.get(section, key, fallback=None)
