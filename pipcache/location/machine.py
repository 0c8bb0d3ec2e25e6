"""Every cache of pip and of uv on this machine, and the caches of other installers, which are not read.

A directory counts when ``find_stores`` recognises it as pip's cache, or when it may be a cache and cannot be read.
Where another installer has its cache, everything counts that holds a file.
Caches that only a command line or the environment of another process names are not found, nor those of users that
``getpwall`` does not list and whose home is not where homes are.
"""

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import NamedTuple

from pipcache.location.config import configuration_paths, expanduser, read_configuration
from pipcache.location.home_places import below_home, default_places
from pipcache.location.installer_places import KnownPlace, places_of_home, places_of_run
from pipcache.location.locate import CacheDirectory, Setting, Source, environment_settings, locate, seen
from pipcache.location.look import Look, look_at, lowest_visible, obstacle_of
from pipcache.location.ownership import NOT_THEIRS, Ownership, doubted_home, is_of_home, ownership_of
from pipcache.location.startup_files import places_in_startup_files
from pipcache.store.installer import Installer
from pipcache.util.files import is_folder

_LIMIT = 1 << 16
"""Characters of a configuration file; a longer file is not read, because errors make ``configparser`` slow."""


class MachineCache(NamedTuple):
    """A cache of this machine, or a path that cannot be read and where a cache may be.

    Attributes:
        cache: the directory; where ``problem`` is set, the cache or the folder above it that cannot be entered.
        owners: every setting that leads to it, the first first: ``default of ada``, ``PIP_CACHE_DIR``,
            ``/etc/pip.conf [global] cache-dir for ada`` (a ``~`` in a file for all users), and where they cannot
            be read ``home of ada`` and ``/home/ada/.config/pip/pip.conf``.
        problem: why it cannot be read; None where it can.
        ownership: whose directory it is, and which; None where that cannot be seen.
        refusal: why nothing may be removed there, although it can be read; None where it may.
    """

    cache: CacheDirectory
    owners: tuple[str, ...]
    problem: str | None
    ownership: Ownership | None = None
    refusal: str | None = None


class UnreadCache(NamedTuple):
    """A place where an installer has its cache, which is not read here; only places that hold a file.

    Attributes:
        installer: whose cache it is.
        path: the directory, without links; where ``problem`` is set, it may be a folder above it, or a
            configuration file.
        owners: every setting that leads to it, the first first, as those of ``MachineCache``.
        problem: why not even its names can be read; None where they can.
    """

    installer: Installer
    path: str
    owners: tuple[str, ...]
    problem: str | None = None


class MachineCaches(NamedTuple):
    """The caches of a machine.

    Attributes:
        caches: those in pip's layout and those of uv, that of this run first, whether it exists or not.
        unread: those of other installers, and of uv where they cannot be read.
    """

    caches: list[MachineCache]
    unread: list[UnreadCache]


class _Place(NamedTuple):
    """A path where a cache may be, the setting that leads to it, and why the path is known to be unreadable.

    ``home`` is the home of the user who decides; None where the settings of this run or of the machine do.
    """

    setting: Setting
    path: str
    problem: str | None = None
    home: str | None = None


_HOMES = {"linux": "/home", "darwin": "/Users"}
"""Where homes are: users of a directory service have theirs there, and ``getpwall`` may not list them."""

_NO_HOMES = frozenset({"lost+found", "Shared"})


def machine_homes() -> Iterable[tuple[str, str]]:
    """Return the users of the system with their homes; on Windows the profiles beside the user's own.

    A folder where homes are counts as the home of a user who is called as it is, if no listed user has it.
    """
    try:
        import pwd  # not on Windows
    except ImportError:
        return profiles(os.path.expanduser("~"))
    users = [(user.pw_name, user.pw_dir) for user in pwd.getpwall()]
    folder = _HOMES.get(sys.platform)
    return users + (_unlisted_homes(folder, {home.rstrip("/") for _, home in users}) if folder else [])


def _unlisted_homes(folder: str, listed: set[str]) -> list[tuple[str, str]]:
    try:
        names = sorted(name for name in os.listdir(folder) if not name.startswith(".") and name not in _NO_HOMES)
    except OSError:
        return []
    return [(name, home) for name in names if (home := f"{folder}/{name}") not in listed]


def profiles(own: str) -> list[tuple[str, str]]:
    """Return the profiles of Windows as (name, path): ``own`` and those beside it, without links."""
    above = os.path.dirname(own)
    try:
        with os.scandir(above) as entries:
            names = sorted(entry.name for entry in entries if is_folder(entry.stat(follow_symlinks=False)))
    except OSError:
        names = [os.path.basename(own)]
    return [(name, os.path.join(above, name)) for name in names]


def user_configuration(platform: str, home: str) -> list[str]:
    """Return the paths that pips of any version read as a user's configuration (pip ``utils/appdirs.py``)."""
    if platform == "win32":
        return [below_home(platform, home, name) for name in (r"AppData\Roaming\pip\pip.ini", r"pip\pip.ini")]
    support = ["Library/Application Support/pip/pip.conf"] if platform == "darwin" else []
    return [below_home(platform, home, name) for name in (*support, ".config/pip/pip.conf", ".pip/pip.conf")]


def path_for_home(platform: str, value: str, home: str) -> str:
    """Return the path that a configured value is for the user with this home; it may be relative."""
    if _starts_at_home(platform, value):
        return below_home(platform, home, value[2:])
    try:
        return os.path.expanduser(value)
    except ValueError:  # a user's name with a NUL
        return value


def _starts_at_home(platform: str, value: str) -> bool:
    separators = ("", "/", "\\") if platform == "win32" else ("", "/")
    return value[:1] == "~" and value[1:2] in separators


def every_cache(
    environ: Mapping[str, str],
    option: str | None = None,
    *,
    homes: Callable[[], Iterable[tuple[str, str]]] = machine_homes,
) -> list[MachineCache]:
    """Find every cache of this machine that is in pip's layout, as ``find_caches`` does."""
    return find_caches(environ, option, homes=homes).caches


def find_caches(
    environ: Mapping[str, str],
    option: str | None = None,
    *,
    homes: Callable[[], Iterable[tuple[str, str]]] = machine_homes,
) -> MachineCaches:
    """Find the caches of this machine: first that of this run, whether it exists or not.

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
    finder = _Finder(first, doubted_home(environ, first.source))
    users = [*_homes(homes())]
    for setting, written_path, obstacle, home in _places(environ, users):
        finder.add(Installer.PIP, setting, written_path, obstacle, home)
    for place in _known_places(environ, users):
        finder.add(*place)
    return finder.result()


class _Finder:
    """Looks at places, each once, and keeps what is a cache."""

    def __init__(self, first: CacheDirectory, doubted: str | None) -> None:
        look = look_at(first.path)
        if look.owner is Installer.UV and first.source is Source.OPTION:
            first = first._replace(tool=Installer.UV.value)
        self._caches = {first.path: (first, look.problem)}
        self._unread: dict[str, tuple[Installer, str | None]] = {}
        self._owners: dict[str, dict[str, None]] = {first.path: {first.origin: None}}
        self._ownerships = {first.path: ownership_of(first.path)}
        is_allowed = doubted is None or is_of_home(first.path, self._ownerships[first.path], doubted)
        self._allowed = {first.path} if is_allowed else set()

    def add(
        self,
        installer: Installer,
        setting: Setting,
        written_path: str,
        obstacle: str | None,
        home: str | None,
    ) -> None:
        """Look at a place.

        Args:
            installer: who may have a cache there.
            setting: what leads to it.
            written_path: the path, which may be a link or relative to the current folder.
            obstacle: why it is known to be unreadable.
            home: the home of the user who decides; None where the settings of this run or of the machine do.
        """
        try:
            path = os.path.normcase(os.path.realpath(written_path))
        except (OSError, ValueError):
            return
        if path not in self._caches and path not in self._unread:
            look = Look(None, obstacle) if obstacle else look_at(path, installer)
            if look.problem and installer is not Installer.PIP:
                path = lowest_visible(path)
                if self._is_named(path):
                    return
            if look.owner is None and not look.problem:
                return
            owner = look.owner or installer
            if owner is Installer.PIP or (owner is Installer.UV and not look.problem):
                cache = CacheDirectory(path, setting.source, setting.origin, (setting,), None, elsewhere=True)
                cache = cache._replace(tool=owner.value)
                self._caches[path] = seen(cache), look.problem
                self._ownerships[path] = ownership_of(path)
            else:
                self._unread[path] = owner, look.problem
        if home is None or is_of_home(path, self._ownerships.get(path), home):
            self._allowed.add(path)
        self._owners.setdefault(path, {})[setting.origin] = None

    def _is_named(self, path: str) -> bool:
        """Return whether a folder that hides places is named already, or hides a place that is."""
        problems = [path for path, (_, problem) in (*self._caches.items(), *self._unread.items()) if problem]
        return any(known == path or lowest_visible(known) == path for known in problems)

    def _refusal(self, cache: CacheDirectory) -> str | None:
        """Return why nothing may be removed from a cache; None where it may."""
        if cache.tool == Installer.UV:
            return "uv removes from it, and pipcache does not"
        return None if cache.path in self._allowed else NOT_THEIRS

    def result(self) -> MachineCaches:
        """Return what was found."""
        return MachineCaches(
            [
                MachineCache(
                    cache=cache,
                    owners=(*self._owners[path],),
                    problem=problem,
                    ownership=self._ownerships[path],
                    refusal=None if problem else self._refusal(cache),
                )
                for path, (cache, problem) in self._caches.items()
            ],
            [
                UnreadCache(installer, path, (*self._owners[path],), problem)
                for path, (installer, problem) in self._unread.items()
            ],
        )


class _Home(NamedTuple):
    """A home with its users as text, and why it cannot be entered."""

    users: str
    path: str
    problem: str | None


def _homes(users: Iterable[tuple[str, str]]) -> Iterator[_Home]:
    """Yield the homes that exist."""
    for home, names in _users(users).items():
        try:
            # lstat does not start an automounter; stat enters the home
            os.lstat(home)
            os.stat(os.path.join(home, "."))
        except (OSError, ValueError) as error:
            if isinstance(error, OSError) and (problem := obstacle_of(error)):
                yield _Home(names, home, problem)
            continue
        yield _Home(names, home, None)


def _known_places(
    environ: Mapping[str, str], homes: Sequence[_Home]
) -> Iterator[tuple[Installer, Setting, str, str | None, str | None]]:
    """Yield every place where an installer other than pip may have its cache, as ``_Finder.add`` takes it."""
    own_home = expanduser("~", environ)
    for place in places_of_run(sys.platform, environ):
        yield from ((*known, None) for known in _known_place(place, own_home))
    # HOME may be none of the homes that the system lists
    is_listed = any(os.path.realpath(home.path) == os.path.realpath(own_home) for home in homes)
    here = [] if is_listed or not os.path.isabs(own_home) else [_Home("this run", own_home, None)]
    for home in (*here, *homes):
        if home.problem is None:
            for place in places_of_home(sys.platform, home.users, home.path):
                yield from ((*known, home.path) for known in _known_place(place, home.path))
            for place in places_in_startup_files(home.users, home.path) if sys.platform != "win32" else ():
                yield from ((*known, home.path) for known in _known_place(place, home.path))


def _known_place(place: KnownPlace, home: str) -> Iterator[tuple[Installer, Setting, str, str | None]]:
    setting = Setting(place.source, place.origin, place.path)
    if place.problem is not None:
        if problem := obstacle_of(place.problem):
            yield place.installer, setting, place.path, f"{problem}; it may name a cache"
        return
    path = path_for_home(sys.platform, place.path, home)
    if place.source is Source.ENVIRONMENT or os.path.isabs(path):
        yield place.installer, setting, path, None


def _places(environ: Mapping[str, str], homes: Iterable[_Home]) -> Iterator[_Place]:
    """Yield every place where a cache may be: by the settings of this run, then user by user."""
    own_home = expanduser("~", environ)
    for setting in environment_settings(environ):
        if path := path_for_home(sys.platform, setting.value or "", own_home):
            yield _Place(setting, path, home=doubted_home(environ, setting.source))
    machine, user, site = configuration_paths(sys.platform, environ)
    machine += configuration_paths(sys.platform, {})[0]  # XDG_CONFIG_DIRS may be set in this environment alone
    shared = [*chain.from_iterable(map(_configured, dict.fromkeys(machine)))]
    config_file = environ.get("PIP_CONFIG_FILE")
    # pipcache's own environment and that of conda too: each has a pip, which reads the file there
    prefixes = [sys.prefix, environ.get("CONDA_PREFIX")]
    sites = [site, *(os.path.join(prefix, os.path.basename(site)) for prefix in prefixes if prefix)]
    own_files = [*user, *dict.fromkeys(sites), *([config_file] if config_file else [])]
    own = chain.from_iterable(map(_configured, own_files))
    of_each_user = [place for place in shared if _starts_at_home(sys.platform, place.path)]
    yield from _for_home([place for place in shared if place not in of_each_user], own_home, None)
    yield from _for_home([*of_each_user, *own], own_home, doubted_home(environ, Source.CONFIGURATION))
    for users, home, problem in homes:
        if problem is not None:
            yield _Place(Setting(Source.DEFAULT, f"home of {users}", None), lowest_visible(home), problem)
            continue
        for origin, path in default_places(sys.platform, users, home):
            yield _Place(Setting(Source.DEFAULT, origin, path), path, home=home)
        configured = chain.from_iterable(map(_configured, user_configuration(sys.platform, home)))
        yield from _for_home(configured, home, home)
        for setting, value, *_ in of_each_user:
            of_user = setting._replace(origin=f"{setting.origin} for {users}")
            yield _Place(of_user, path_for_home(sys.platform, value, home), home=home)


def _users(homes: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return each home with the names of its users as text; system users often share a home."""
    names: dict[str, dict[str, None]] = {}
    for user, home in homes:
        if os.path.isabs(home):
            names.setdefault(home.rstrip("/") or "/", {})[user] = None
    return {home: _users_text([*users]) for home, users in names.items()}


def _users_text(users: list[str]) -> str:
    """Return at most three users who share a home, and how many there are besides."""
    more = len(users) - 3
    return ", ".join(users[:3]) + (f" and {more} more" if more > 0 else "")


def _configured(path: str) -> list[_Place]:
    """Return the cache directories in a configuration file, as written; the file where it cannot be read."""
    try:
        settings = read_configuration(path, limit=_LIMIT).settings
    except (OSError, ValueError) as error:
        problem = obstacle_of(error) if isinstance(error, OSError) else None
        setting = Setting(Source.CONFIGURATION, path, None)
        return [_Place(setting, path, f"{problem}; it may name a cache")] if problem else []
    return [
        _Place(Setting(Source.CONFIGURATION, f"{path} [{section}] {key}", value), value)
        for (section, key), value in settings.items()
        if key == "cache-dir" and value
    ]


def _for_home(places: Iterable[_Place], home: str, decides: str | None) -> Iterator[_Place]:
    """Yield configured places as they are for the user of a home, with who decides; relative ones are left out."""
    for place in places:
        path = place.path if place.problem else path_for_home(sys.platform, place.path, home)
        if place.problem or os.path.isabs(path):
            yield place._replace(path=path, home=decides)
