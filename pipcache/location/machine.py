"""Every pip cache of this machine.

A place counts when it is pip's cache by ``stores``, or when it may be one and cannot be looked at. What cannot be
found: a cache named on a command line or in another process's environment, and users ``getpwall`` does not list.
"""

import errno
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain
from typing import NamedTuple

from pipcache.errors import CacheNotFound, NotAPipCache
from pipcache.location.config import configuration_paths, expanduser, read_configuration
from pipcache.location.locate import CacheDirectory, Considered, Source, locate, told_by
from pipcache.store.layout import stores
from pipcache.util.files import is_folder

_LIMIT = 1 << 16
"""Characters of a configuration file; a longer one may be a trap, for errors make ``configparser`` slow."""

_ABSENT = {errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG, errno.EINVAL, errno.EISDIR}
"""What the system says of a path that leads to no directory (of a configuration: to no file)."""

_NAMED = 3
"""How many of the users who share a home are named."""


class Found(NamedTuple):
    """One cache, or a place where one may be that cannot be looked at.

    ``cache.origin`` says how it was found first, and ``owners`` in which ways, the first included:
    ``default of ada``, ``PIP_CACHE_DIR``, ``/etc/pip.conf [global] cache-dir for ada`` (a ``~`` in the file of
    all users), ``home of ada`` (closed), ``/home/ada/.config/pip/pip.conf`` (closed). ``problem`` is why it cannot
    be looked at; ``cache.path`` then is the cache, or what is closed on the way to it.
    """

    cache: CacheDirectory
    owners: tuple[str, ...]
    problem: str | None


class _Place(NamedTuple):
    """Where a cache may be: who tells it, a path, and what is known to be in the way."""

    told: Considered
    path: str
    problem: str | None = None


def machine_homes() -> Iterable[tuple[str, str]]:
    """List the users the system knows, with their homes; on Windows the profiles beside the user's own."""
    try:
        import pwd  # noqa: PLC0415 - not on Windows
    except ImportError:
        return profiles(os.path.expanduser("~"))
    return [(user.pw_name, user.pw_dir) for user in pwd.getpwall()]


def profiles(own: str) -> list[tuple[str, str]]:
    """List a Windows profile and those beside it, without the links that stand for older names."""
    above = os.path.dirname(own)
    try:
        with os.scandir(above) as entries:
            names = sorted(entry.name for entry in entries if is_folder(entry.stat(follow_symlinks=False)))
    except OSError:
        names = [os.path.basename(own)]
    return [(name, os.path.join(above, name)) for name in names]


def default_places(platform: str, user: str, home: str) -> list[tuple[str, str]]:
    """List where pip keeps a user's cache when nothing names a directory, as ``(origin, path)``.

    The platformdirs in pip; on macOS with ``XDG_CACHE_HOME`` too, which counts there since pip 26.2.
    """
    native = {"win32": r"AppData\Local\pip\Cache", "darwin": "Library/Caches/pip"}.get(platform, ".cache/pip")
    places = [(f"default of {user}", _below(platform, home, native))]
    if platform == "darwin":
        places.append((f"default of {user} with XDG_CACHE_HOME", _below(platform, home, ".cache/pip")))
    return places


def user_configuration(platform: str, home: str) -> list[str]:
    """List the files that any pip may take for a user's configuration (pip ``utils/appdirs.py``)."""
    if platform == "win32":
        return [_below(platform, home, name) for name in (r"AppData\Roaming\pip\pip.ini", r"pip\pip.ini")]
    support = ["Library/Application Support/pip/pip.conf"] if platform == "darwin" else []
    return [_below(platform, home, name) for name in (*support, ".config/pip/pip.conf", ".pip/pip.conf")]


def meant(platform: str, value: str, home: str) -> str:
    """Return the path a configured value means to the user with this home; it may be relative."""
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
) -> list[Found]:
    """Find every pip cache of this machine: first this run's, whatever is there, then what else is found.

    A directory is listed once, by its real path. Configuration that cannot be parsed, is not a file or is very
    long names nothing; a relative path in one names nothing either, for it depends on where pip was started.

    :param homes: lists users and their homes.
    :raises CacheNotFound: as ``locate`` does.
    """
    first = locate(option, environ)
    caches = {first.path: (first, _look(first.path)[1])}
    owners: dict[str, dict[str, None]] = {first.path: {first.origin: None}}
    for told, place, obstacle in _places(environ, homes()):
        try:
            path = os.path.normcase(os.path.realpath(place))
        except (OSError, ValueError):
            continue
        if path not in caches:
            is_cache, problem = (False, obstacle) if obstacle else _look(path)
            if not is_cache and not problem:
                continue
            caches[path] = CacheDirectory(path, told.source, told.origin, (told,), None, elsewhere=True), problem
        owners.setdefault(path, {})[told.origin] = None
    return [Found(cache, (*owners[path],), problem) for path, (cache, problem) in caches.items()]


def _look(path: str) -> tuple[bool, str | None]:
    """Return whether a directory is pip's cache, and why that cannot be told."""
    try:
        os.scandir(path).close()
        stores(path)
    except (CacheNotFound, NotAPipCache):
        return False, None
    except OSError as error:
        return False, _obstacle(error)
    return True, None


def _obstacle(error: OSError) -> str | None:
    """Return what keeps one from looking; ``None`` when nothing is there."""
    return None if error.errno in _ABSENT else f"cannot be read: {error.strerror or error}"


def _places(environ: Mapping[str, str], homes: Iterable[tuple[str, str]]) -> Iterator[_Place]:
    """Yield every place worth a look: what this run's settings tell, then user by user."""
    own_home = expanduser("~", environ)
    told_here = [(told, told.value) for told in told_by(environ) if told.value]
    yield from (_Place(told, meant(sys.platform, value, own_home)) for told, value in told_here)
    machine, user, site = configuration_paths(sys.platform, environ)
    # other users need not have the XDG_CONFIG_DIRS of this environment
    machine += configuration_paths(sys.platform, {})[0]
    shared = [*chain.from_iterable(map(_configured, dict.fromkeys(machine)))]
    named = environ.get("PIP_CONFIG_FILE")
    own = chain.from_iterable(map(_configured, [*user, site, *([named] if named else [])]))
    yield from _placed([*shared, *own], own_home)
    for_each = [place for place in shared if _starts_at_home(sys.platform, place.path)]
    for home, who in _users(homes).items():
        try:
            # the first look does not set an automounter going, the second enters
            os.lstat(home)
            os.stat(os.path.join(home, "."))
        except (OSError, ValueError) as error:
            if isinstance(error, OSError) and (problem := _obstacle(error)):
                yield _Place(Considered(Source.DEFAULT, f"home of {who}", None), _barrier(home), problem)
            continue
        for origin, path in default_places(sys.platform, who, home):
            yield _Place(Considered(Source.DEFAULT, origin, path), path)
        yield from _placed(chain.from_iterable(map(_configured, user_configuration(sys.platform, home))), home)
        for told, value, _ in for_each:
            yield _Place(told._replace(origin=f"{told.origin} for {who}"), meant(sys.platform, value, home))


def _users(homes: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return each home once, with who lives there; system users often share one."""
    names: dict[str, dict[str, None]] = {}
    for user, home in homes:
        if os.path.isabs(home):
            names.setdefault(home.rstrip("/") or "/", {})[user] = None
    return {home: _sentence([*users]) for home, users in names.items()}


def _sentence(users: list[str]) -> str:
    more = len(users) - _NAMED
    return ", ".join(users[:_NAMED]) + (f" and {more} more" if more > 0 else "")


def _barrier(path: str) -> str:
    """Return the lowest folder on the way to a path that can be seen at all: that one lets nobody pass."""
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
    """Return the places a configuration file names, as they are written there; the file itself if it is closed."""
    try:
        settings = read_configuration(path, limit=_LIMIT).settings
    except (OSError, ValueError) as error:
        problem = _obstacle(error) if isinstance(error, OSError) else None
        told = Considered(Source.CONFIGURATION, path, None)
        return [_Place(told, path, f"{problem}; it may name a cache")] if problem else []
    return [
        _Place(Considered(Source.CONFIGURATION, f"{path} [{section}] {key}", value), value)
        for (section, key), value in settings.items()
        if key == "cache-dir" and value
    ]


def _placed(places: Iterable[_Place], home: str) -> Iterator[_Place]:
    """Yield configured places where they are for the user of a home, without those that depend on a folder."""
    for place in places:
        path = place.path if place.problem else meant(sys.platform, place.path, home)
        if place.problem or os.path.isabs(path):
            yield place._replace(path=path)
