"""Which directory is the cache, and who decided that.

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
from pipcache.location.config import (
    BOOLEANS,
    ConfigFile,
    base_folder,
    config_files,
    expanduser,
    normalised_option,
    xdg_folder,
)


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
    files = config_files(sys.platform, environ) if explain or option is None else []
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
        if name.startswith("PIP_") and normalised_option(name[4:]) == key:
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
    if key == "no-cache-dir" and value and value.lower() not in BOOLEANS:
        return "not a boolean; pip itself stops at it"
    return "empty; as if neither it nor a lower file set it" if value == "" else None


def told_by(environ: Mapping[str, str]) -> list[Considered]:
    """List what the environment tells of the cache directory: its variable and the defaults, highest first."""
    return [*next(_groups("cache-dir", environ, [])), *_defaults(sys.platform, environ)]


def _defaults(platform: str, environ: Mapping[str, str]) -> list[Considered]:
    """List what may be the default, highest first, as the platformdirs in pip."""
    if platform == "win32":
        import platformdirs  # noqa: PLC0415 - as above

        default = platformdirs.user_cache_dir("pip", appauthor=False)
        return [Considered(Source.DEFAULT, "platform default", default)]
    base, mac = base_folder(environ), platform == "darwin"
    xdg = next((os.path.join(path, "pip") for path in xdg_folder(environ, "XDG_CACHE_HOME")), None)
    ignored = "not an absolute path; pip 26.3 ignores it" if environ.get("XDG_CACHE_HOME") and not xdg else None
    native = os.path.join(base, "Library/Caches/pip" if mac else ".cache/pip")
    note = "the default before pip 26.2" if mac and xdg else None
    unknown = "no home directory is known; pip itself stops at it"
    return [
        Considered(Source.DEFAULT, "XDG_CACHE_HOME", xdg, ignored),
        Considered(Source.DEFAULT, "platform default", *((None, unknown) if base == "~" else (native, note))),
    ]


def configured_indexes(environ: Mapping[str, str] | None = None) -> list[str]:
    """Return the package indexes the environment and pip's configuration name, highest first; may hold secrets."""
    environ = os.environ if environ is None else environ
    files = config_files(sys.platform, environ)
    keys = ("index-url", "extra-index-url")
    speakers = chain.from_iterable(map(_speaker, _groups(key, environ, files)) for key in keys)
    return [url for place in speakers if place is not None for url in (place.value or "").split()]
