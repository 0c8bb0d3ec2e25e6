"""Where pips keep their caches: variables, configuration files and defaults, of a run and of every user."""

import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import NamedTuple

from pipcache.location.config import configuration_paths, expanduser, read_configuration
from pipcache.location.homes import Home
from pipcache.location.locate import Setting, Source, environment_settings
from pipcache.location.look import RELATIVE, lowest_visible, obstacle_of
from pipcache.location.ownership import doubted_home
from pipcache.store.installer import Installer

_LIMIT = 1 << 16
"""Characters of a configuration file; a longer one is named and not read: errors make ``configparser`` slow."""


class Place(NamedTuple):
    """A path where a cache may be, the setting that leads to it, and why the path is known to be unreadable.

    ``home`` is the home of the user who decides; None where the settings of this run or of the machine do.
    ``installer`` is whose cache it would be.
    """

    setting: Setting
    path: str
    problem: str | None = None
    home: str | None = None
    installer: Installer = Installer.PIP


def default_places(platform: str, user: str, home: str) -> list[tuple[str, str]]:
    """Return pip's default cache directories of a user, as (origin, path).

    The rules are those of the platformdirs in pip. macOS has two: since pip 26.2 ``XDG_CACHE_HOME`` counts there.
    """
    native = {"win32": r"AppData\Local\pip\Cache", "darwin": "Library/Caches/pip"}.get(platform, ".cache/pip")
    places = [(f"default of {user}", _below(platform, home, native))]
    if platform == "darwin":
        places.append((f"default of {user} with XDG_CACHE_HOME", _below(platform, home, ".cache/pip")))
    return places


def user_configuration(platform: str, home: str) -> list[str]:
    """Return the paths that pips of any version read as a user's configuration (pip ``utils/appdirs.py``)."""
    if platform == "win32":
        return [_below(platform, home, name) for name in (r"AppData\Roaming\pip\pip.ini", r"pip\pip.ini")]
    support = ["Library/Application Support/pip/pip.conf"] if platform == "darwin" else []
    return [_below(platform, home, name) for name in (*support, ".config/pip/pip.conf", ".pip/pip.conf")]


def path_for_home(platform: str, value: str, home: str) -> str:
    """Return the path that a configured value is for the user with this home; it may be relative."""
    if starts_at_home(platform, value):
        return _below(platform, home, value[2:])
    try:
        return os.path.expanduser(value)
    except ValueError:  # a user's name with a NUL
        return value


def starts_at_home(platform: str, value: str) -> bool:
    """Return whether a configured value begins with the home of whoever runs pip: ``~`` or ``~/``."""
    separators = ("", "/", "\\") if platform == "win32" else ("", "/")
    return value[:1] == "~" and value[1:2] in separators


def _below(platform: str, home: str, name: str) -> str:
    separator = "\\" if platform == "win32" else "/"
    return f"{home.rstrip(separator)}{separator}{name}" if name else home


def places_of_pip(environ: Mapping[str, str], homes: Iterable[Home]) -> Iterator[Place]:
    """Yield every place where a cache may be: by the settings of this run, then user by user."""
    own_home = expanduser("~", environ)
    for setting in environment_settings(environ):
        if path := path_for_home(sys.platform, setting.value or "", own_home):
            yield Place(setting, path, home=doubted_home(environ, setting.source))
    machine, user, site = configuration_paths(sys.platform, environ)
    machine += configuration_paths(sys.platform, {})[0]  # XDG_CONFIG_DIRS may be set in this environment alone
    shared = [*chain.from_iterable(map(configured, dict.fromkeys(machine)))]
    config_file = environ.get("PIP_CONFIG_FILE")
    # pipcache's own environment and that of conda too: each has a pip, which reads the file there
    prefixes = [sys.prefix, environ.get("CONDA_PREFIX")]
    sites = [site, *(os.path.join(prefix, os.path.basename(site)) for prefix in prefixes if prefix)]
    own_files = [*user, *dict.fromkeys(sites), *([config_file] if config_file else [])]
    own = chain.from_iterable(map(configured, own_files))
    of_each_user = [place for place in shared if starts_at_home(sys.platform, place.path)]
    yield from for_home([place for place in shared if place not in of_each_user], own_home, None)
    yield from for_home([*of_each_user, *own], own_home, doubted_home(environ, Source.CONFIGURATION))
    for users, home, problem, _ in homes:
        if problem is not None:
            yield Place(Setting(Source.DEFAULT, f"home of {users}", None), lowest_visible(home), problem)
            continue
        for origin, path in default_places(sys.platform, users, home):
            yield Place(Setting(Source.DEFAULT, origin, path), path, home=home)
        of_user_files = chain.from_iterable(map(configured, user_configuration(sys.platform, home)))
        yield from for_home(of_user_files, home, home)
        for setting, value, *_ in of_each_user:
            of_user = setting._replace(origin=f"{setting.origin} for {users}")
            yield Place(of_user, path_for_home(sys.platform, value, home), home=home)


def files_named_by(variable: str, value: str) -> list[str]:
    """Return the configuration files of a user that pip reads where a variable has a value, an absolute path."""
    below = {"PIP_CONFIG_FILE": "", "XDG_CONFIG_HOME": "pip/pip.conf"}
    name = below.get(variable)
    return [] if name is None else [os.path.join(value, name) if name else value]


def configured(path: str) -> list[Place]:
    """Return the cache directories in a configuration file, as written; the file where that says too little."""
    try:
        file = read_configuration(path, limit=_LIMIT)
        problem = f"it has more than {_LIMIT:,} characters, and is not read" if file.is_too_large else None
        settings = file.settings
    except (OSError, ValueError) as error:
        problem = obstacle_of(error) if isinstance(error, OSError) else None
        settings = {}
    if problem:
        return [Place(Setting(Source.CONFIGURATION, path, None), path, f"{problem}; it may name a cache")]
    return [
        Place(
            Setting(Source.CONFIGURATION, f"{path} [{section}] {key}", value),
            *((value, None) if _is_known(value) else (path, RELATIVE)),
        )
        for (section, key), value in settings.items()
        if key == "cache-dir" and value
    ]


def _is_known(value: str) -> bool:
    """Return whether a configured value is the same path wherever pip is started."""
    return "\0" in value or starts_at_home(sys.platform, value) or os.path.isabs(os.path.expanduser(value))


def for_home(places: Iterable[Place], home: str, decides: str | None) -> Iterator[Place]:
    """Yield configured places as they are for the user of a home, with who decides; relative ones are left out."""
    for place in places:
        path = place.path if place.problem else path_for_home(sys.platform, place.path, home)
        if place.problem or os.path.isabs(path):
            yield place._replace(path=path, home=decides)
