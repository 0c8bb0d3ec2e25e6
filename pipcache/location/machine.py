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

from pipcache.location.condarc import conda_places_of_home, conda_places_of_run
from pipcache.location.config import expanduser
from pipcache.location.environments import places_in, places_in_environments, prefixes_in_notes
from pipcache.location.homes import Home, existing_homes
from pipcache.location.installer_places import KnownPlace, places_of_home, places_of_run
from pipcache.location.locate import CacheDirectory, Setting, Source, locate, seen
from pipcache.location.look import RELATIVE, Look, look_at, lowest_visible, obstacle_of
from pipcache.location.ownership import NOT_THEIRS, Ownership, doubted_home, is_of_home, ownership_of
from pipcache.location.pip_places import path_for_home, places_of_pip
from pipcache.location.startup_files import places_in_startup_files, shared_settings
from pipcache.store.installer import Installer
from pipcache.util.files import is_folder


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
    """Return the folders where homes are that no listed user has; hidden ones only if they can be entered."""
    try:
        names = sorted(name for name in os.listdir(folder) if name not in _NO_HOMES)
    except OSError:
        return []
    homes = [(name, f"{folder}/{name}") for name in names]
    return [
        (name, home)
        for name, home in homes
        if home not in listed and (not name.startswith(".") or os.access(home, os.X_OK))
    ]


def _place_of_unknown_homes() -> tuple[Setting, str, str] | None:
    """Return the folder where homes are if it cannot be listed: users whom the system does not list may have some.

    Returns:
        What leads to it, its path, and why it cannot be listed; None where it can.
    """
    folder = _HOMES.get(sys.platform)
    if folder is None:
        return None
    try:
        os.listdir(folder)
    except OSError as error:
        if problem := obstacle_of(error):
            setting = Setting(Source.DEFAULT, f"homes in {folder}", None)
            return setting, folder, f"{problem}; homes in it may have caches"
    return None


def profiles(own: str) -> list[tuple[str, str]]:
    """Return the profiles of Windows as (name, path): ``own`` and those beside it, without links."""
    above = os.path.dirname(own)
    try:
        with os.scandir(above) as entries:
            names = sorted(entry.name for entry in entries if is_folder(entry.stat(follow_symlinks=False)))
    except OSError:
        names = [os.path.basename(own)]
    return [(name, os.path.join(above, name)) for name in names]


def find_caches(
    environ: Mapping[str, str],
    option: str | None = None,
    *,
    homes: Callable[[], Iterable[tuple[str, str]]] = machine_homes,
) -> MachineCaches:
    """Find the caches of this machine: first that of this run, whether it exists or not.

    A directory is listed once, by its real path. Configuration files that cannot be parsed, are not files or are
    very long are not used. A relative path in them depends on where pip is started; then the file is named.

    Args:
        environ: the environment of the run.
        option: the value of ``--cache-dir``; None without the option.
        homes: lists users and their homes.

    Raises:
        CacheNotFound: as ``locate`` raises it.
    """
    first = locate(option, environ)
    finder = _Finder(first, doubted_home(environ, first.source))
    users = [*existing_homes(homes())]
    for place in places_of_pip(environ, users):
        finder.add(place.installer, *place[:4])
    # HOME may be none of the homes that the system lists
    own_home = expanduser("~", environ)
    is_listed = any(os.path.realpath(home.path) == os.path.realpath(own_home) for home in users)
    if not is_listed and os.path.isabs(own_home):
        names = dict.fromkeys(filter(None, (environ.get("USER"), environ.get("LOGNAME"))))
        users.insert(0, Home("this run", own_home, None, (*names,)))
    for installer, setting, path, obstacle, home in _known_places(environ, users):
        finder.add_visible(installer, setting, path, obstacle, home)
    for place in places_in_environments(environ, users):
        finder.add_visible(place.installer, *place[:4])
    _follow_notes(finder, users)
    if homes_place := _place_of_unknown_homes():
        finder.add(Installer.PIP, *homes_place, None)
    return finder.result()


def _follow_notes(finder: "_Finder", homes: Sequence[Home]) -> None:
    """Look at the environments that the notes in caches name; one may name a cache that has notes of its own."""
    seen_caches: set[str] = set()
    seen_prefixes: set[str] = set()
    while fresh := [path for path in finder.readable() if path not in seen_caches]:
        seen_caches.update(fresh)
        prefixes = dict.fromkeys(prefix for path in fresh for prefix in prefixes_in_notes(path))
        for prefix in prefixes:
            if prefix not in seen_prefixes:
                for place in places_in(prefix, homes):
                    finder.add(place.installer, *place[:4])
        seen_prefixes.update(prefixes)


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
                if self.is_named(path):
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

    def add_visible(
        self,
        installer: Installer,
        setting: Setting,
        path: str,
        obstacle: str | None,
        home: str | None,
    ) -> None:
        """Look at a place as ``add`` does; of what is hidden, the folder that hides it is named, and once."""
        if obstacle and installer is Installer.PIP:
            path = lowest_visible(path)
            if os.path.realpath(path) not in self._owners and self.is_named(path):
                return
        self.add(installer, setting, path, obstacle, home)

    def readable(self) -> list[str]:
        """Return the paths of the caches in pip's layout that can be read."""
        return [path for path, (_, problem) in self._caches.items() if problem is None]

    def is_named(self, path: str) -> bool:
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


def _known_places(
    environ: Mapping[str, str], homes: Sequence[Home]
) -> Iterator[tuple[Installer, Setting, str, str | None, str | None]]:
    """Yield every place where an installer other than pip may have its cache, as ``_Finder.add`` takes it."""
    own_home = expanduser("~", environ)
    for place in (*places_of_run(sys.platform, environ), *conda_places_of_run(sys.platform, environ)):
        yield from ((*known, None) for known in _known_place(place, own_home))
    is_posix = sys.platform != "win32"
    shared = shared_settings() if is_posix else ()
    for home in homes:
        if home.problem is None:
            for place in chain(
                places_of_home(sys.platform, home.users, home.path),
                conda_places_of_home(home.users, home.path),
                places_in_startup_files(home.users, home.path, home.names, shared) if is_posix else (),
            ):
                yield from ((*known, home.path) for known in _known_place(place, home.path))


def _known_place(place: KnownPlace, home: str) -> Iterator[tuple[Installer, Setting, str, str | None]]:
    setting = Setting(place.source, place.origin, place.path)
    if place.problem is not None:
        if problem := obstacle_of(place.problem):
            yield place.installer, setting, place.path, f"{problem}; it may name a cache"
        return
    if place.unknown is not None:
        yield place.installer, setting, place.path, place.unknown
        return
    path = path_for_home(sys.platform, place.path, home)
    if place.source is Source.ENVIRONMENT or os.path.isabs(path):
        yield place.installer, setting, path, None
    elif place.file is not None and "\0" not in path:
        yield place.installer, setting, place.file, RELATIVE
