"""The configuration files of environments that are not active, each of which may name a cache of its own.

pip reads ``pip.conf`` in ``sys.prefix`` of the Python that runs it (pip ``configuration.py``, kind ``site``). The
environments are looked for where tools keep them, in the upper folders of homes and of ``/opt`` and ``/srv``, and
in what pip notes in its cache: each ``selfcheck`` file names the environment that wrote it.
"""

import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence

from pipcache.location.homes import Home
from pipcache.location.installer_places import configured_place
from pipcache.location.locate import Setting, Source
from pipcache.location.look import lowest_visible, obstacle_of
from pipcache.location.ownership import is_open_to_others
from pipcache.location.pip_places import Place, configured, for_home, path_for_home, starts_at_home
from pipcache.store.installer import Installer
from pipcache.util.files import open_quietly
from pipcache.util.units import counted

MOST_FOLDERS = 100_000
"""Folders below a home in which environments are looked for."""

_CONDA_ROOTS = ("miniconda3", "anaconda3", "miniforge3", "mambaforge", "micromamba", ".conda")

_POSIX = (
    *(".virtualenvs/*", ".local/share/virtualenvs/*", ".venvs/*", ".envs/*"),
    *(".pyenv/versions/*", ".pyenv/versions/*/envs/*", ".asdf/installs/python/*"),
    *(".local/share/mise/installs/python/*", ".local/share/uv/python/*", ".local/share/uv/tools/*"),
    *(".local/share/pipx/venvs/*", ".local/share/pipx/shared", ".local/pipx/venvs/*", ".local/pipx/shared"),
    *(".cache/pypoetry/virtualenvs/*", ".local/share/pdm/venvs/*"),
    *(f".local/share/hatch/env/virtual/{below}" for below in ("*", "*/*", "*/*/*")),
    *(f"{root}/envs/*" for root in _CONDA_ROOTS),
)

_KNOWN = {
    "linux": _POSIX,
    "darwin": (
        *_POSIX,
        *("Library/Caches/pypoetry/virtualenvs/*", "Library/Application Support/pdm/venvs/*"),
        *("Library/Application Support/pipx/venvs/*", "Library/Application Support/pipx/shared"),
        *(f"Library/Application Support/hatch/env/virtual/{below}" for below in ("*", "*/*", "*/*/*")),
        *("Library/Python/*",),
    ),
    "win32": (
        *(".virtualenvs/*", "Envs/*", ".venvs/*", ".pyenv/pyenv-win/versions/*"),
        *("pipx/venvs/*", "pipx/shared", "AppData/Local/pipx/pipx/venvs/*", "AppData/Roaming/uv/tools/*"),
        *("AppData/Local/pypoetry/Cache/virtualenvs/*", "AppData/Local/pdm/pdm/venvs/*"),
        *(f"AppData/Local/hatch/env/virtual/{below}" for below in ("*", "*/*", "*/*/*")),
        *("AppData/Local/Programs/Python/*",),
        *(f"{root}/envs/*" for root in _CONDA_ROOTS),
    ),
}
"""Where tools keep environments, below a home; ``*`` is any name."""

FOLDERS_BY_VARIABLE = {
    "WORKON_HOME": "*",
    "PYENV_ROOT": "versions/*",
    "PIPX_HOME": "venvs/*",
    "UV_TOOL_DIR": "*",
    "POETRY_VIRTUALENVS_PATH": "*",
}
"""Variables that name folders of environments, and where in them these are."""

_SHARED = ("/opt", "/srv")
"""Folders of a machine in which environments are often made."""

_SHARED_PREFIXES = ("/usr", "/usr/local", "/venv", "/.venv")

_IN_PROJECTS = (".venv", "venv", ".env", "env")
"""How environments in the folder of a project are called."""

_PROJECT_FILES = {
    "uv.toml": ((Installer.UV, ()),),
    "poetry.toml": ((Installer.POETRY, ()),),
    "pyproject.toml": ((Installer.UV, ("tool", "uv")), (Installer.PIP_TOOLS, ("tool", "pip-tools"))),
}
"""Configuration files in the folder of a project, and whose cache each may name, in which table."""

_MARKS = ("pyvenv.cfg", "conda-meta", "bin/activate", "bin/python", "Scripts/python.exe", "python.exe")
"""What the folder of an environment has; virtualenv before 20 wrote no ``pyvenv.cfg``."""

_SHOWN = 3
"""Folders that are named of those that cannot be listed."""

_MOST_NOTES = 1_000
"""Notes of a cache that are read."""

_MOST_OF_A_NOTE = 1 << 16
"""Bytes of a note; of a longer note nothing is used."""


def places_in_environments(environ: Mapping[str, str], homes: Sequence[Home]) -> Iterator[Place]:
    """Yield the caches that the configuration of environments names, and what could not be searched.

    Args:
        environ: the environment of the run.
        homes: the homes of the machine.
    """
    for home in homes:
        if home.problem is None:
            search = _Search(home.path, f"environments of {home.users}")
            for prefix in search.prefixes(_KNOWN.get(sys.platform, _POSIX)):
                yield from for_home(
                    configured(configuration_in(prefix)), home.path, _decider_in_home(prefix, home.path)
                )
            yield from search.unsearched(home.path)
            for folder in search.projects:
                yield from _places_of_project(folder, home.path)
    shared = () if sys.platform == "win32" else _SHARED
    prefixes: list[str] = []
    for name, below in FOLDERS_BY_VARIABLE.items():
        if os.path.isabs(folder := environ.get(name, "")):
            search = _Search(folder, name)
            prefixes += search.known(below)
            yield from search.unsearched()
    for folder in shared:
        search = _Search(folder, f"environments in {folder}")
        prefixes += search.prefixes(())
        yield from search.unsearched()
    for prefix in (*prefixes, *(_SHARED_PREFIXES if shared else ())):
        yield from places_in(prefix, homes)


def _places_of_project(folder: str, home: str) -> Iterator[Place]:
    """Yield the caches that the configuration of a project in a home names; relative paths begin in its folder."""
    for name, of_installers in _PROJECT_FILES.items():
        path = os.path.join(folder, name)
        if not os.path.lexists(path):
            continue
        for installer, table in of_installers:
            for place in configured_place(installer, path, "cache-dir", table):
                setting = Setting(place.source, place.origin, place.path)
                decides = _decider_in_home(folder, home)
                problem = place.unknown
                if place.problem is not None and (obstacle := obstacle_of(place.problem)):
                    problem = f"{obstacle}; it may name a cache"
                if place.problem is None or problem:
                    written = os.path.join(folder, path_for_home(sys.platform, place.path, home))
                    yield Place(setting, path if problem else written, problem, decides, installer)


def places_in_folder(variable: str, folder: str) -> Iterator[Place]:
    """Yield the caches that environments in the folder of a variable name, and what could not be searched.

    Args:
        variable: the name; nothing is yielded for a variable that leads to no environments.
        folder: its value, an absolute path.
    """
    if (below := FOLDERS_BY_VARIABLE.get(variable)) is not None:
        search = _Search(folder, variable)
        for prefix in search.known(below):
            yield from configured(configuration_in(prefix))
        yield from search.unsearched()


def places_in(prefix: str, homes: Sequence[Home]) -> Iterator[Place]:
    """Yield the caches that the configuration of an environment names which is not in the home of a known user.

    Its owner decides. A path that begins with ``~`` is that of each user, as each may run its pip.

    Args:
        prefix: the folder of the environment.
        homes: the homes of the machine.
    """
    places = configured(configuration_in(prefix))
    of_each = [place for place in places if place.problem is None and starts_at_home(sys.platform, place.path)]
    decides = _decider(prefix) if places else None
    yield from for_home((place for place in places if place not in of_each), prefix, decides)
    for home in homes if of_each else ():
        if home.problem is None:
            yield from for_home(of_each, home.path, home.path)


def configuration_in(prefix: str) -> str:
    """Return the path of pip's configuration file of an environment."""
    return os.path.join(prefix, "pip.ini" if sys.platform == "win32" else "pip.conf")


def _decider_in_home(prefix: str, home: str) -> str:
    """Return the home if its user decides what an environment in it names; the environment if another user does.

    The home of a system user may be ``/``, and then those of all others are in it.
    """
    try:
        return home if os.stat(prefix).st_uid in {0, os.stat(home).st_uid} else prefix
    except (OSError, ValueError):
        return prefix


def _decider(prefix: str) -> str | None:
    """Return the environment if its owner decides what it names; None if that is root, or who runs this."""
    if sys.platform == "win32":
        return prefix
    try:
        status = os.stat(prefix)
    except (OSError, ValueError):
        return prefix
    return None if status.st_uid in {0, os.geteuid()} and not is_open_to_others(status) else prefix


def prefixes_in_notes(root: str) -> list[str]:
    """Return the folders of the environments whose pips looked for a newer pip, by their notes in a cache.

    Since 19.3 pip writes ``selfcheck/<sha224>`` with ``{"key": sys.prefix}``, before it wrote ``selfcheck.json``
    with an object of all prefixes (pip ``self_outdated_check.py``).

    Args:
        root: path of the cache.
    """
    folder = os.path.join(root, "selfcheck")
    try:
        names = sorted(os.listdir(folder))[:_MOST_NOTES] if not os.path.islink(folder) else []
    except OSError:
        names = []
    prefixes = [note.get("key") for name in names if (note := _note(os.path.join(folder, name)))]
    prefixes += [*_note(os.path.join(root, "selfcheck.json"))][:_MOST_NOTES]
    return [*dict.fromkeys(prefix for prefix in prefixes if isinstance(prefix, str) and os.path.isabs(prefix))]


def _note(path: str) -> dict[str, object]:
    """Return what a note says; nothing where it cannot be read."""
    try:
        descriptor = open_quietly(path)
        with open(descriptor, "rb") as file:
            data = file.read(_MOST_OF_A_NOTE + 1) or b""
        note: object = json.loads(data) if len(data) <= _MOST_OF_A_NOTE else None
    except (OSError, ValueError, RecursionError):
        return {}
    return note if isinstance(note, dict) else {}


class _Search:
    """Looks for environments below a folder.

    Attributes:
        problems: what could not be searched: what it is called, its path, and why.
        projects: the folders of the upper two levels, which may be those of projects.
    """

    def __init__(self, root: str, name: str) -> None:
        self.problems: list[tuple[str, str, str]] = []
        self.projects: list[str] = []
        self._unlisted: list[tuple[str, str]] = []
        self._root, self._name = root, name
        self._left = MOST_FOLDERS

    def prefixes(self, known: Sequence[str]) -> list[str]:
        """Return the folders that may be environments: those that match a pattern, and those in upper folders."""
        prefixes = dict.fromkeys(prefix for pattern in known for prefix in self.known(pattern))
        prefixes |= dict.fromkeys(self._in_projects())
        if self._left <= 0:
            problem = f"not searched to its end for environments: it has more than {MOST_FOLDERS:,} folders"
            self.problems.append((self._name, self._root, f"{problem}; one may name a cache"))
        if self._unlisted:
            names = ", ".join(os.path.relpath(path, self._root) for path, _ in self._unlisted[:_SHOWN])
            more = f" and {len(self._unlisted) - _SHOWN:,} more" if len(self._unlisted) > _SHOWN else ""
            problem = (
                f"environments in {counted(len(self._unlisted), 'folder')} of it ({names}{more}) were not found"
            )
            self.problems.append(
                (self._name, self._root, f"{problem}: {self._unlisted[0][1]}; one may name a cache")
            )
        return [*prefixes]

    def unsearched(self, home: str | None = None) -> Iterator[Place]:
        """Yield what could not be searched; ``home`` is that of the user who decides, as in ``Place``."""
        for name, path, problem in self.problems:
            yield Place(Setting(Source.CONFIGURATION, name, None), path, problem, home)

    def known(self, pattern: str) -> list[str]:
        """Return the folders that match a pattern; links are followed, for tools make them."""
        folders = [self._root]
        for part in pattern.split("/"):
            names = {folder: self._names(folder) if part == "*" else [part] for folder in folders}
            folders = [os.path.join(folder, name) for folder in folders for name in names[folder]]
        return folders

    def _names(self, folder: str) -> list[str]:
        """Return the names in a folder where tools keep environments."""
        try:
            names = sorted(os.listdir(folder))
        except (OSError, ValueError) as error:
            if isinstance(error, OSError) and (problem := obstacle_of(error)):
                self.problems.append((self._name, lowest_visible(folder), f"{problem}; it may name a cache"))
            return []
        kept = names[: max(self._left, 0)]
        self._left -= len(names)
        return kept

    def _in_projects(self) -> Iterator[str]:
        """Yield the environments among the folders of the upper two levels, and in these under usual names."""
        yield from filter(_is_configured, (os.path.join(self._root, name) for name in _IN_PROJECTS))
        self.projects.append(self._root)
        for folder in self._folders(self._root):
            self.projects.append(folder)
            if _is_configured(folder):
                yield folder
            if os.path.basename(folder).startswith("."):
                continue
            for below in self._folders(folder):
                self.projects.append(below)
                paths = (below, *(os.path.join(below, name) for name in _IN_PROJECTS))
                yield from filter(_is_configured, paths)

    def _folders(self, folder: str) -> Iterator[str]:
        """Yield the folders in a folder of the same file system, without links."""
        try:
            if os.lstat(folder).st_dev != os.stat(self._root).st_dev:
                return
        except (OSError, ValueError):  # it is gone, or a file system is mounted there that shuts this user out
            return
        try:
            with os.scandir(folder) as entries:
                paths = [entry.path for entry in entries if entry.is_dir(follow_symlinks=False)]
        except OSError as error:
            if problem := obstacle_of(error):
                self._unlisted.append((folder, problem))
            return
        yield from sorted(paths)[: max(self._left, 0)]
        self._left -= len(paths)


def _is_configured(folder: str) -> bool:
    """Return whether a folder is an environment with a configuration of pip's."""
    return os.path.lexists(configuration_in(folder)) and any(
        os.path.lexists(os.path.join(folder, mark)) for mark in _MARKS
    )
