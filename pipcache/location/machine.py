"""Every pip cache of this machine.

A directory counts when ``find_stores`` recognises it as pip's cache, or when it may be a cache and cannot be read.
Caches that only a command line or the environment of another process names are not found, nor those of users that
``getpwall`` does not list.
"""

import errno
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain
from typing import NamedTuple

from pipcache.errors import CacheNotFound, NotAPipCache
from pipcache.location.config import configuration_paths, expanduser, read_configuration
from pipcache.location.locate import CacheDirectory, Setting, Source, environment_settings, locate, seen
from pipcache.store.layout import find_stores
from pipcache.util.files import is_folder

_LIMIT = 1 << 16
"""Characters of a configuration file; a longer file is not read, because errors make ``configparser`` slow."""

_ABSENT = {errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG, errno.EINVAL, errno.EISDIR}
"""The errors of the system for a path where no directory is (of a configuration: no file)."""

_SHOWN_USERS = 3
"""How many of the users who share a home are listed by name."""


class MachineCache(NamedTuple):
    """A cache of this machine, or a path that cannot be read and where a cache may be.

    Attributes:
        cache: the directory; where ``problem`` is set, the cache or the folder above it that cannot be entered.
        owners: every setting that leads to it, the first first: ``default of ada``, ``PIP_CACHE_DIR``,
            ``/etc/pip.conf [global] cache-dir for ada`` (a ``~`` in a file for all users), and where they cannot
            be read ``home of ada`` and ``/home/ada/.config/pip/pip.conf``.
        problem: why it cannot be read; None where it can.
    """

    cache: CacheDirectory
    owners: tuple[str, ...]
    problem: str | None


class _Place(NamedTuple):
    """A path where a cache may be, the setting that leads to it, and why the path is known to be unreadable."""

    setting: Setting
    path: str
    problem: str | None = None


def machine_homes() -> Iterable[tuple[str, str]]:
    """Return the users of the system with their homes; on Windows the profiles beside the user's own."""
    try:
        import pwd  # not on Windows
    except ImportError:
        return profiles(os.path.expanduser("~"))
    return [(user.pw_name, user.pw_dir) for user in pwd.getpwall()]


def profiles(own: str) -> list[tuple[str, str]]:
    """Return the profiles of Windows as (name, path): ``own`` and those beside it, without links."""
    above = os.path.dirname(own)
    try:
        with os.scandir(above) as entries:
            names = sorted(entry.name for entry in entries if is_folder(entry.stat(follow_symlinks=False)))
    except OSError:
        names = [os.path.basename(own)]
    return [(name, os.path.join(above, name)) for name in names]


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
    if _starts_at_home(platform, value):
        return _below(platform, home, value[2:])
    try:
        return os.path.expanduser(value)
    except ValueError:  # a user's name with a NUL
        return value


def _starts_at_home(platform: str, value: str) -> bool:
    separators = ("", "/", "\\") if platform == "win32" else ("", "/")
    return value[:1] == "~" and value[1:2] in separators


def _below(platform: str, home: str, name: str) -> str:
    separator = "\\" if platform == "win32" else "/"
    return f"{home.rstrip(separator)}{separator}{name}" if name else home


def every_cache(
    environ: Mapping[str, str],
    option: str | None = None,
    *,
    homes: Callable[[], Iterable[tuple[str, str]]] = machine_homes,
) -> list[MachineCache]:
    """Find every pip cache of this machine, that of this run first, whether it exists or not.

    A directory is listed once, by its real path. Configuration files that cannot be parsed, are not files or are
    very long are not used, nor are relative paths in them, which depend on where pip is started.

    Args:
        environ: the environment of the run.
        option: the value of ``--cache-dir``; None without the option.
        homes: lists users and their homes.

    Raises:
        CacheNotFound: as ``locate`` raises it.
    """
    first = locate(option, environ)
    caches = {first.path: (first, _look(first.path)[1])}
    owners: dict[str, dict[str, None]] = {first.path: {first.origin: None}}
    for setting, written_path, obstacle in _places(environ, homes()):
        try:
            path = os.path.normcase(os.path.realpath(written_path))
        except (OSError, ValueError):
            continue
        if path not in caches:
            is_cache, problem = (False, obstacle) if obstacle else _look(path)
            if not is_cache and not problem:
                continue
            cache = CacheDirectory(path, setting.source, setting.origin, (setting,), None, elsewhere=True)
            caches[path] = seen(cache), problem
        owners.setdefault(path, {})[setting.origin] = None
    return [MachineCache(cache, (*owners[path],), problem) for path, (cache, problem) in caches.items()]


def _look(path: str) -> tuple[bool, str | None]:
    """Return whether a directory is pip's cache, and why that cannot be seen."""
    try:
        if not os.listdir(path):
            return False, None
        find_stores(path)
    except (CacheNotFound, NotAPipCache):
        return False, None
    except OSError as error:
        return False, _obstacle(error)
    return True, None


def _obstacle(error: OSError) -> str | None:
    """Return why a path cannot be read; None when nothing is there."""
    return None if error.errno in _ABSENT else f"cannot be read: {error.strerror or error}"


def _places(environ: Mapping[str, str], homes: Iterable[tuple[str, str]]) -> Iterator[_Place]:
    """Yield every place where a cache may be: by the settings of this run, then user by user."""
    own_home = expanduser("~", environ)
    here = [(setting, setting.value) for setting in environment_settings(environ) if setting.value]
    yield from (_Place(setting, path_for_home(sys.platform, value, own_home)) for setting, value in here)
    machine, user, site = configuration_paths(sys.platform, environ)
    # XDG_CONFIG_DIRS may be set in this environment alone
    machine += configuration_paths(sys.platform, {})[0]
    shared = [*chain.from_iterable(map(_configured, dict.fromkeys(machine)))]
    config_file = environ.get("PIP_CONFIG_FILE")
    own = chain.from_iterable(map(_configured, [*user, site, *([config_file] if config_file else [])]))
    yield from _for_home([*shared, *own], own_home)
    of_each_user = [place for place in shared if _starts_at_home(sys.platform, place.path)]
    for home, users in _users(homes).items():
        try:
            # lstat does not start an automounter; stat enters the home
            os.lstat(home)
            os.stat(os.path.join(home, "."))
        except (OSError, ValueError) as error:
            if isinstance(error, OSError) and (problem := _obstacle(error)):
                yield _Place(Setting(Source.DEFAULT, f"home of {users}", None), _lowest_visible(home), problem)
            continue
        for origin, path in default_places(sys.platform, users, home):
            yield _Place(Setting(Source.DEFAULT, origin, path), path)
        yield from _for_home(chain.from_iterable(map(_configured, user_configuration(sys.platform, home))), home)
        for setting, value, _ in of_each_user:
            of_user = setting._replace(origin=f"{setting.origin} for {users}")
            yield _Place(of_user, path_for_home(sys.platform, value, home))


def _users(homes: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return each home with the names of its users as text; system users often share a home."""
    names: dict[str, dict[str, None]] = {}
    for user, home in homes:
        if os.path.isabs(home):
            names.setdefault(home.rstrip("/") or "/", {})[user] = None
    return {home: _users_text([*users]) for home, users in names.items()}


def _users_text(users: list[str]) -> str:
    more = len(users) - _SHOWN_USERS
    return ", ".join(users[:_SHOWN_USERS]) + (f" and {more} more" if more > 0 else "")


def _lowest_visible(path: str) -> str:
    """Return the lowest folder on the way to a path that can be seen: it is the one that cannot be entered."""
    while _is_hidden(path) and path != os.path.dirname(path):
        path = os.path.dirname(path)
    return path


def _is_hidden(path: str) -> bool:
    try:
        os.lstat(path)
    except OSError as error:
        return isinstance(error, PermissionError)
    return False


def _configured(path: str) -> list[_Place]:
    """Return the cache directories in a configuration file, as written; the file where it cannot be read."""
    try:
        settings = read_configuration(path, limit=_LIMIT).settings
    except (OSError, ValueError) as error:
        problem = _obstacle(error) if isinstance(error, OSError) else None
        setting = Setting(Source.CONFIGURATION, path, None)
        return [_Place(setting, path, f"{problem}; it may name a cache")] if problem else []
    return [
        _Place(Setting(Source.CONFIGURATION, f"{path} [{section}] {key}", value), value)
        for (section, key), value in settings.items()
        if key == "cache-dir" and value
    ]


def _for_home(places: Iterable[_Place], home: str) -> Iterator[_Place]:
    """Yield configured places with the path that they are for the user of a home; relative paths are left out."""
    for place in places:
        path = place.path if place.problem else path_for_home(sys.platform, place.path, home)
        if place.problem or os.path.isabs(path):
            yield place._replace(path=path)
