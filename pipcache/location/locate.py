"""Which directory is the cache, and who decided it.

The rules are those of pip 26.3: ``_internal/configuration.py`` (the files and their content), ``cli/parser.py``
(the order of settings), ``cli/cmdoptions.py`` and ``cli/base_command.py`` (what pip does with the value),
``utils/appdirs.py`` and the platformdirs 4.12 in pip (where the files and the default are).
"""

import os
import stat as stat_module
import sys
from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from itertools import chain
from typing import NamedTuple

from pipcache.errors import CacheNotFound, ErrorKind
from pipcache.location.config import (
    BOOLEANS,
    ConfigFile,
    base_folder,
    config_files,
    expanduser,
    normalised_option,
    xdg_folder,
)
from pipcache.store.layout import is_empty_cache


class Source(Enum):
    """Who decided which directory is the cache."""

    OPTION = "option"
    ENVIRONMENT = "environment"
    CONFIGURATION = "configuration"
    DEFAULT = "default"


class Setting(NamedTuple):
    """A place that may set the cache directory, or switch the cache off, and its value.

    Attributes:
        source: the kind of place.
        origin: the place: ``--cache-dir``, ``PIP_CACHE_DIR``, ``/etc/pip.conf [global] cache-dir``,
            ``/etc/pip.conf`` (a file that does not set it), ``XDG_CACHE_HOME``, ``platform default``.
        value: as it is written there; None where it is not set.
        note: why it is not set, or why pip does not use the value.
    """

    source: Source
    origin: str
    value: str | None
    note: str | None = None


class CacheDirectory(NamedTuple):
    """The cache directory, whether it exists or not, and who decided it.

    Attributes:
        path: absolute and without symbolic links, as ``pip cache dir`` prints it.
        source: the kind of the setting that decided.
        origin: the place of the setting that decided.
        settings: every place that may set the directory, highest first.
        disabled_by: the setting that makes pip run without a cache (``PIP_NO_CACHE_DIR=1``); None without one.
        elsewhere: the settings of this run do not lead to it; it was found on the machine.
        exists: a directory is at the path; None where that cannot be seen.
        is_empty: it is missing, or no entry is in it.
        tool: the installer whose cache it is: ``pip`` or ``uv``.
    """

    path: str
    source: Source
    origin: str
    settings: tuple[Setting, ...]
    disabled_by: str | None
    elsewhere: bool = False
    exists: bool | None = None
    is_empty: bool = False
    tool: str = "pip"

    @property
    def option(self) -> str:
        """The option that a command for this directory needs, after a space; empty where it needs none."""
        import shlex  # only for messages

        is_named = self.source is Source.OPTION or self.elsewhere
        return f" --cache-dir {shlex.quote(self.path)}" if is_named else ""


def locate(option: str | None, environ: Mapping[str, str], *, explain: bool = True) -> CacheDirectory:
    """Return the directory that ``pip cache dir`` of pip 26.3 prints.

    A configuration file that cannot be read or is not valid becomes a note. As in pip, any boolean disables
    the cache, even "false" (``cmdoptions.py``, ``_handle_no_cache_dir``), and ``--cache-dir`` enables it.

    Args:
        option: the value of ``--cache-dir``; None without the option.
        environ: the environment of the run.
        explain: give all settings, those too that the option makes irrelevant.

    Raises:
        CacheNotFound: ``--cache-dir`` is empty, the directory cannot be made absolute, or no setting names a
            directory and there is no home directory.
    """
    require_name(option)
    # an option decides alone; then the files are read only to be shown
    files = config_files(sys.platform, environ) if explain or option is None else []
    by_option = [Setting(Source.OPTION, "--cache-dir", option)]
    groups = [by_option, *_groups("cache-dir", environ, files), _defaults(sys.platform, environ)]
    switches = [*filter(None, map(_effective, _groups("no-cache-dir", environ, files)))]
    settings = *chain.from_iterable(groups), *(switch for switch in switches if switch.note)
    disabling = [] if option else [_switch_text(switch) for switch in switches if not switch.note]
    decisive = next(filter(None, map(_effective, groups)), None)
    if decisive is None or decisive.value is None:
        raise CacheNotFound(
            "No home directory is known.",
            hint="Set HOME, or name a directory with --cache-dir.",
            kind=ErrorKind.NO_CACHE_DIRECTORY,
        )
    path = real_path(decisive, environ)
    cache = CacheDirectory(path, decisive.source, decisive.origin, settings, next(iter(disabling), None))
    return seen(cache)


def require_name(option: str | None) -> None:
    """Refuse a value of ``--cache-dir`` that names nothing.

    Raises:
        CacheNotFound: it is empty.
    """
    if option == "":
        raise CacheNotFound(
            "--cache-dir is empty.",
            hint="Name a directory, or leave the option out.",
            kind=ErrorKind.NO_CACHE_DIRECTORY,
        )


def real_path(setting: Setting, environ: Mapping[str, str]) -> str:
    """Return the absolute path, without links, of the directory that a setting names.

    Raises:
        CacheNotFound: it names no usable directory.
    """
    try:
        return os.path.normcase(os.path.realpath(expanduser(setting.value or "", environ)))
    except (OSError, ValueError) as error:
        raise CacheNotFound(
            f"{setting.origin} names no usable directory: {error}.",
            path=setting.value,
            hint="Name a directory by its whole path with --cache-dir.",
            kind=ErrorKind.NO_CACHE_DIRECTORY,
        ) from error


def seen(cache: CacheDirectory) -> CacheDirectory:
    """Return a cache directory with what is at its path now."""
    try:
        exists = stat_module.S_ISDIR(os.stat(cache.path).st_mode)
    except FileNotFoundError:
        return cache._replace(exists=False, is_empty=True)
    except NotADirectoryError:  # a file above it; pip can keep nothing there
        return cache._replace(exists=False, is_empty=False)
    except (OSError, ValueError):
        if not _is_listable(cache.path):
            return cache._replace(exists=None, is_empty=False)
        exists = True  # the walk, which lists it, works
    return cache._replace(exists=exists, is_empty=exists and is_empty_cache(cache.path))


def _is_listable(path: str) -> bool:
    """Return whether a directory is at ``path`` and can be listed."""
    try:
        with os.scandir(path):
            return True
    except (OSError, ValueError):
        return False


def _effective(group: Sequence[Setting]) -> Setting | None:
    """Return the setting that counts in its group: the highest that has a value; None where this is empty."""
    setting = next((setting for setting in group if setting.value is not None), None)
    return setting if setting and setting.value else None


def _switch_text(switch: Setting) -> str:
    return f"{switch.origin}={switch.value}" if switch.source is Source.ENVIRONMENT else switch.origin


def _groups(
    key: str,
    environ: Mapping[str, str],
    files: Sequence[ConfigFile],
    sections: Sequence[str] = ("cache", "global"),
) -> Iterator[list[Setting]]:
    """Yield the settings of ``key`` by group, highest first (pip ``_get_ordered_configuration_items``)."""
    variable, text = f"PIP_{key.upper().replace('-', '_')}", None
    for name, value in environ.items():
        if name.startswith("PIP_") and normalised_option(name[4:]) == key:
            variable, text = name, value
    yield [Setting(Source.ENVIRONMENT, variable, text, _note(key, text))]
    # the section counts before the file: [cache] of the lowest file is above [global] of the highest
    for section in sections:
        group = []
        for path, values, file_note, _ in files:
            if (configured := values.get((section, key))) is not None:
                origin, note = f"{path} [{section}] {key}", _note(key, configured)
                group.append(Setting(Source.CONFIGURATION, origin, configured, note))
            elif section == "global" and all((other, key) not in values for other in sections):
                group.append(Setting(Source.CONFIGURATION, path, None, file_note))
        yield group


def _note(key: str, value: str | None) -> str | None:
    if key == "no-cache-dir" and value and value.lower() not in BOOLEANS:
        return "not a boolean; pip itself stops at it"
    return "empty; as if neither it nor a lower file set it" if value == "" else None


def environment_settings(environ: Mapping[str, str]) -> list[Setting]:
    """Return the settings of the cache directory outside files: the variable and the defaults, highest first."""
    return [*next(_groups("cache-dir", environ, [])), *_defaults(sys.platform, environ)]


def _defaults(platform: str, environ: Mapping[str, str]) -> list[Setting]:
    """Return the defaults, highest first, by the rules of the platformdirs in pip."""
    if platform == "win32":
        import platformdirs  # slow to import, and needed on Windows only

        default = platformdirs.user_cache_dir("pip", appauthor=False)
        return [Setting(Source.DEFAULT, "platform default", default)]
    base, mac = base_folder(environ), platform == "darwin"
    xdg = next((os.path.join(path, "pip") for path in xdg_folder(environ, "XDG_CACHE_HOME")), None)
    ignored = "not an absolute path; pip 26.3 ignores it" if environ.get("XDG_CACHE_HOME") and not xdg else None
    native = os.path.join(base, "Library/Caches/pip" if mac else ".cache/pip")
    note = "the default before pip 26.2" if mac and xdg else None
    unknown = "no home directory is known; pip itself stops at it"
    return [
        Setting(Source.DEFAULT, "XDG_CACHE_HOME", xdg, ignored),
        Setting(Source.DEFAULT, "platform default", *((None, unknown) if base == "~" else (native, note))),
    ]


_ASKING = ("install", "download", "wheel", "lock", "index", "list", "cache", "global")
"""The sections of commands that ask an index, each of which may have indexes of its own, and the general ones."""


def install_setting(key: str, environ: Mapping[str, str], files: Sequence[ConfigFile]) -> Setting | None:
    """Return the setting of an option that ``pip install`` uses; None where none has a value.

    Args:
        key: the option's name without dashes before it.
        environ: the environment of the run.
        files: pip's configuration files, as ``config_files`` returns them.
    """
    groups = _groups(key, environ, files, ("install", "global"))
    return next(filter(None, map(_effective, groups)), None)


def configured_indexes(environ: Mapping[str, str] | None = None) -> list[str]:
    """Return the URLs of the indexes that pip is configured to use, highest first; they may hold passwords."""
    environ = os.environ if environ is None else environ
    files = config_files(sys.platform, environ)
    keys = ("index-url", "extra-index-url")
    settings = chain.from_iterable(map(_effective, _groups(key, environ, files, _ASKING)) for key in keys)
    return [url for setting in settings if setting is not None for url in (setting.value or "").split()]


def configured_for_all(key: str, environ: Mapping[str, str] | None = None) -> str | None:
    """Return what pip's configuration files set for every command (``[global]``); None where none sets it."""
    environ = os.environ if environ is None else environ
    values = (file.settings.get(("global", key)) for file in config_files(sys.platform, environ))
    return next((value for value in values if value), None)
