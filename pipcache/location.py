"""Which directory is pip's cache, and who decided: pip's own rules, followed without running pip.

The rules are those of pip 26.3: ``_internal/configuration.py`` (which files, and what is in them),
``cli/parser.py`` (which value counts), ``cli/cmdoptions.py`` and ``cli/base_command.py`` (what becomes of
it), ``utils/appdirs.py`` and the platformdirs 4.12 in pip (where the files and the default are).
"""

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from itertools import chain
from typing import NamedTuple

from pipcache.errors import CacheNotFound
from pipcache.files import open_regular

_BOOLEANS = frozenset({"y", "yes", "t", "true", "on", "1", "n", "no", "f", "false", "off", "0"})
_SECTIONS = ("cache", "global", "install", "download", "wheel", "lock", "index", "list", "search")
"""The sections a cache may be named in; the first two count for ``pip cache``, the others for their command."""


class Source(Enum):
    """Who decided which directory is the cache."""

    OPTION = "option"
    ENVIRONMENT = "environment"
    CONFIGURATION = "configuration"
    DEFAULT = "default"


class Considered(NamedTuple):
    """One place that was looked at, and what it says, as it is written there.

    ``origin`` names the place: ``--cache-dir``, ``PIP_CACHE_DIR``, ``/etc/pip.conf [global] cache-dir``,
    ``/etc/pip.conf`` (a file that does not say), ``XDG_CACHE_HOME``, ``platform default``.
    ``value`` is ``None`` when the place says nothing; ``note`` is why, or what becomes of the value.
    """

    source: Source
    origin: str
    value: str | None
    note: str | None = None


class CacheDirectory(NamedTuple):
    """The cache directory, whether it exists or not, and who decided.

    ``path`` is absolute and free of symbolic links, as ``pip cache dir`` prints it; ``source`` and ``origin``
    are of the place that decided, and ``considered`` has all places, highest first. ``disabled_by`` names the
    setting that makes pip run without its cache (``PIP_NO_CACHE_DIR=1``), or is ``None``. ``elsewhere`` is true
    for one that this run's settings do not lead to.
    """

    path: str
    source: Source
    origin: str
    considered: tuple[Considered, ...]
    disabled_by: str | None
    elsewhere: bool = False

    @property
    def option(self) -> str:
        """What a command line about this directory needs beside its own words; empty where it is found anyway."""
        import shlex  # noqa: PLC0415 - only for messages

        is_named = self.source is Source.OPTION or self.elsewhere
        return f" --cache-dir {shlex.quote(self.path)}" if is_named else ""


class ConfigFile(NamedTuple):
    """A configuration file: what it sets, as ``(section, key): value``, and why it can set nothing."""

    path: str
    settings: Mapping[tuple[str, str], str]
    note: str | None


def locate(option: str | None, environ: Mapping[str, str], *, explain: bool = True) -> CacheDirectory:
    """Find the directory that ``pip cache dir`` of pip 26.3 names, given the value of ``--cache-dir``.

    A configuration file that cannot be read or is not valid becomes a note. As in pip, any boolean disables
    the cache, even "false" (``cmdoptions.py``, ``_handle_no_cache_dir``), and ``--cache-dir`` enables it.
    Without ``explain``, ``considered`` lacks what an option made irrelevant.

    :raises CacheNotFound: if ``--cache-dir`` is empty, if the directory that counts cannot be made absolute,
        or if nothing names one and there is no home directory.
    """
    if option == "":
        raise CacheNotFound("--cache-dir is empty", hint="name a directory, or leave the option out")
    # an option decides alone; the files are read then only to be told of
    files = _files(sys.platform, environ) if explain or option is None else []
    named = [Considered(Source.OPTION, "--cache-dir", option)]
    groups = [named, *_groups("cache-dir", environ, files), _defaults(sys.platform, environ)]
    switches = [*filter(None, map(_speaker, _groups("no-cache-dir", environ, files)))]
    considered = *chain.from_iterable(groups), *(switch for switch in switches if switch.note)
    disabling = [] if option else [_described(switch) for switch in switches if not switch.note]
    place = next(filter(None, map(_speaker, groups)), None)
    if place is None or place.value is None:
        raise CacheNotFound("no home directory is known", hint="set HOME, or use --cache-dir")
    try:
        path = os.path.normcase(os.path.realpath(expanduser(place.value, environ)))
    except (OSError, ValueError) as error:
        raise CacheNotFound(f"{place.origin} names no usable directory: {error}", path=place.value) from error
    return CacheDirectory(path, place.source, place.origin, considered, disabling[0] if disabling else None)


def _speaker(group: Sequence[Considered]) -> Considered | None:
    """Tell which place speaks for its group: the highest that says something, and none if that is empty."""
    place = next((place for place in group if place.value is not None), None)
    return place if place and place.value else None


def _described(switch: Considered) -> str:
    return f"{switch.origin}={switch.value}" if switch.source is Source.ENVIRONMENT else switch.origin


def _groups(key: str, environ: Mapping[str, str], files: Sequence[ConfigFile]) -> Iterator[list[Considered]]:
    """Group the places that may set ``key`` as pip's ``_get_ordered_configuration_items``, highest first."""
    variable, text = f"PIP_{key.upper().replace('-', '_')}", None
    for name, value in environ.items():
        if name.startswith("PIP_") and _normalized(name[4:]) == key:
            variable, text = name, value
    yield [Considered(Source.ENVIRONMENT, variable, text, _note(key, text))]
    # The section counts before the file: [cache] of the lowest file is above [global] of the highest.
    for section in ("cache", "global"):
        group = []
        for path, settings, reason in files:
            if (setting := settings.get((section, key))) is not None:
                origin, note = f"{path} [{section}] {key}", _note(key, setting)
                group.append(Considered(Source.CONFIGURATION, origin, setting, note))
            elif section == "global" and ("cache", key) not in settings:
                group.append(Considered(Source.CONFIGURATION, path, None, reason))
        yield group


def _note(key: str, value: str | None) -> str | None:
    if key == "no-cache-dir" and value and value.lower() not in _BOOLEANS:
        return "not a boolean; pip itself stops at it"
    return "empty; as if neither it nor a lower file set it" if value == "" else None


def _normalized(name: str) -> str:
    return name.lower().replace("_", "-").removeprefix("--")


def _files(platform: str, environ: Mapping[str, str]) -> list[ConfigFile]:
    """Read the files of pip's ``Configuration.iter_config_files``, highest first."""
    named = environ.get("PIP_CONFIG_FILE")
    if named == os.devnull:
        return [ConfigFile("PIP_CONFIG_FILE", {}, f"{os.devnull}; no configuration file is read")]
    machine, user, site = configuration_paths(platform, environ)
    replaced = user if named and os.path.exists(named) else []
    paths = [*machine, *([] if replaced else user), site, *([named] if named else [])]
    # pip keeps files in a dict: one that is named twice stays where it was first, at its lowest.
    read = [_read(path, special=path == named) for path in reversed(dict.fromkeys(paths))]
    unread = [
        ConfigFile(path, {}, "not read; PIP_CONFIG_FILE replaces it") for path in replaced if path not in paths
    ]
    return read + unread


def configuration_paths(platform: str, environ: Mapping[str, str]) -> tuple[list[str], list[str], str]:
    """Return where the machine's files are, the user's, and the active environment's; lowest first."""
    basename = "pip.ini" if platform == "win32" else "pip.conf"
    machine, user = ([os.path.join(path, basename) for path in paths] for paths in _folders(platform, environ))
    # The pip that is meant is the active environment's; this program may well be installed in one of its own.
    return machine, user, os.path.join(environ.get("VIRTUAL_ENV") or sys.prefix, basename)


def _read(path: str, *, special: bool) -> ConfigFile:
    try:
        return read_configuration(path, special=special)
    except (FileNotFoundError, NotADirectoryError):
        return ConfigFile(path, {}, "no such file")
    except OSError as error:
        return ConfigFile(path, {}, f"cannot be read: {error.strerror}; pip ignores it")


def read_configuration(path: str, *, limit: int = -1, special: bool = False) -> ConfigFile:
    """Read a configuration file as pip does; what makes pip stop becomes its note.

    :param limit: how many characters it may have; what has more is not read at all.
    :param special: read pipes and devices too, and wait for them.
    :raises OSError: if it is missing or cannot be read.
    """
    try:
        # "locale" would mean the locale in UTF-8 mode too, where pip means UTF-8.
        encoding = "utf-8" if sys.flags.utf8_mode else "locale"
        with open(path, encoding=encoding, opener=None if special else open_regular) as file:
            text = file.read(limit)
            return ConfigFile(path, {}, "too large") if limit >= 0 and file.read(1) else _parsed(path, text)
    except UnicodeDecodeError as error:
        return ConfigFile(path, {}, f"not valid configuration: not {error.encoding}; pip itself stops at it")


def _parsed(path: str, text: str) -> ConfigFile:
    # Imported here, for most machines have no such file.
    import configparser  # noqa: PLC0415

    class Parser(configparser.RawConfigParser):
        def optionxform(self, optionstr: str) -> str:
            return _normalized(optionstr)

    parser = Parser()
    try:
        parser.read_string(text, path)
    except configparser.Error as error:
        # Only the first line: the others quote the file, which may hold passwords.
        reason = str(error).partition("\n")[0].rstrip(".")
        return ConfigFile(path, {}, f"not valid configuration: {reason}; pip itself stops at it")
    sections = {name: parser.items(name) for name in _SECTIONS if parser.has_section(name)}
    # pip normalises each name twice, and so takes off two prefixes.
    settings = {(name, _normalized(key)): value for name, items in sections.items() for key, value in items}
    return ConfigFile(path, settings, None)


def _folders(platform: str, environ: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """List the folders of the machine's and of the user's files, lowest first, as pip's ``utils/appdirs.py``."""
    home = expanduser("~", environ)
    if platform == "win32":
        import platformdirs  # noqa: PLC0415 - slow to import, and only Windows needs to be asked

        user = platformdirs.user_config_dir("pip", appauthor=False, roaming=True)
        machine = platformdirs.site_config_dir("pip", appauthor=False, multipath=True)
        return [machine], [os.path.join(home, "pip"), user]
    legacy = os.path.join(home, ".pip")
    if platform == "darwin":
        prefix, _, formula = sys.base_prefix.partition("/opt/python")
        homebrew = [f"{prefix}/share"] if "/Frameworks/Python.framework/Versions/" in formula else []
        folders = _xdg(environ, "XDG_DATA_DIRS", *homebrew, "/Library/Application Support")
        support = os.path.join(_base(environ), "Library/Application Support")
        user = os.path.join(_xdg(environ, "XDG_DATA_HOME", support)[0], "pip")
        user = user if os.path.isdir(user) else os.path.join(home, ".config/pip")
        return [os.path.join(folder, "pip") for folder in folders], [legacy, user]
    folders = _xdg(environ, "XDG_CONFIG_DIRS", "/etc/xdg")
    user = os.path.join(_xdg(environ, "XDG_CONFIG_HOME", os.path.join(_base(environ), ".config"))[0], "pip")
    return [*(os.path.join(folder, "pip") for folder in folders), "/etc"], [legacy, user]


def told_by(environ: Mapping[str, str]) -> list[Considered]:
    """List what the environment tells of the cache directory: its variable and the defaults, highest first."""
    return [*next(_groups("cache-dir", environ, [])), *_defaults(sys.platform, environ)]


def _defaults(platform: str, environ: Mapping[str, str]) -> list[Considered]:
    """List what may be the default, highest first, as the platformdirs in pip."""
    if platform == "win32":
        import platformdirs  # noqa: PLC0415 - as above

        default = platformdirs.user_cache_dir("pip", appauthor=False)
        return [Considered(Source.DEFAULT, "platform default", default)]
    base, mac = _base(environ), platform == "darwin"
    xdg = next((os.path.join(path, "pip") for path in _xdg(environ, "XDG_CACHE_HOME")), None)
    ignored = "not an absolute path; pip 26.3 ignores it" if environ.get("XDG_CACHE_HOME") and not xdg else None
    native = os.path.join(base, "Library/Caches/pip" if mac else ".cache/pip")
    note = "the default before pip 26.2" if mac and xdg else None
    unknown = "no home directory is known; pip itself stops at it"
    return [
        Considered(Source.DEFAULT, "XDG_CACHE_HOME", xdg, ignored),
        Considered(Source.DEFAULT, "platform default", *((None, unknown) if base == "~" else (native, note))),
    ]


def _xdg(environ: Mapping[str, str], variable: str, *otherwise: str) -> list[str]:
    text = environ.get(variable, "")
    paths = text.split(":") if variable.endswith("_DIRS") else [text]
    return [path.strip() for path in paths if path.strip().startswith("/")] or [*otherwise]


def _base(environ: Mapping[str, str]) -> str:
    # platformdirs takes an empty HOME for one that is not set, the rest of pip for the root directory.
    return expanduser("~", environ if environ.get("HOME") else {})


def expanduser(path: str, environ: Mapping[str, str]) -> str:
    """Do as ``os.path.expanduser`` does, with the ``HOME`` of ``environ``."""
    if sys.platform == "win32" or path.partition("/")[0] != "~":
        return os.path.expanduser(path)
    home = environ.get("HOME")
    if home is None:
        import pwd  # noqa: PLC0415 - not on Windows

        try:
            home = pwd.getpwuid(os.getuid()).pw_dir
        except KeyError:
            return path
    return home.rstrip("/") + path[1:] or "/"


def configured_indexes(environ: Mapping[str, str] | None = None) -> list[str]:
    """Return the package indexes the environment and pip's configuration name, highest first; may hold secrets."""
    environ = os.environ if environ is None else environ
    files = _files(sys.platform, environ)
    keys = ("index-url", "extra-index-url")
    speakers = chain.from_iterable(map(_speaker, _groups(key, environ, files)) for key in keys)
    return [url for place in speakers if place is not None for url in (place.value or "").split()]
