"""Which directory is uv's cache for this run, and who decided it (uv ``uv-cache/src/cli.rs``, ``uv-settings``)."""

import os
import sys
from collections.abc import Iterator, Mapping
from itertools import chain

from pipcache.location.config import expanduser
from pipcache.location.installer_places import KnownPlace, configured_place, places_of_home, places_of_run
from pipcache.location.locate import CacheDirectory, Setting, Source, real_path, require_name, seen
from pipcache.store.installer import Installer


def locate_uv(option: str | None, environ: Mapping[str, str]) -> CacheDirectory:
    """Return the directory that ``uv cache dir`` prints: by option, variable, configuration or default.

    Args:
        option: the value of ``--cache-dir``; None without the option.
        environ: the environment of the run.

    Raises:
        CacheNotFound: ``--cache-dir`` is empty, or names no usable directory.
    """
    require_name(option)
    settings = [Setting(Source.OPTION, "--cache-dir", option)] if option is not None else []
    settings += [Setting(place.source, place.origin, place.path) for place in _places(environ)]
    deciding = settings[0]
    if deciding.source is Source.DEFAULT and sys.platform == "darwin":
        # before 0.4 macOS had the folder of the platform, which still counts where it is there
        native, *others = [setting for setting in settings if setting.source is Source.DEFAULT][-2:]
        if os.path.isdir(expanduser(native.value or "", environ)):
            deciding = native
        elif deciding == native:
            deciding = others[0]
    path = real_path(deciding, environ)
    return seen(CacheDirectory(path, deciding.source, deciding.origin, tuple(settings), None, tool="uv"))


def _places(environ: Mapping[str, str]) -> Iterator[KnownPlace]:
    """Yield what may name the cache, highest first, and the defaults at last."""
    home = expanduser("~", environ)
    of_run = list(places_of_run(sys.platform, environ, Installer.UV))
    of_home = list(places_of_home(sys.platform, "this user", home, Installer.UV))
    variables = [place for place in of_run if place.source is Source.ENVIRONMENT]
    files = [place for place in of_run if place.source is Source.CONFIGURATION]
    shared = [place for place in files if place.origin.startswith("/etc/")]
    files = [place for place in files if place not in shared]
    if not environ.get("UV_CONFIG_FILE"):
        files = [*_of_project(), *files, *(place for place in of_home if place.source is Source.CONFIGURATION)]
    readable = (place for place in chain(files, shared) if place.problem is None and place.unknown is None)
    yield from (*variables, *(() if environ.get("UV_NO_CONFIG") else readable))
    yield from (place for place in chain(of_run, of_home) if place.source is Source.DEFAULT)


def _of_project() -> Iterator[KnownPlace]:
    """Yield the cache that the configuration of the project names in whose folder the run is."""
    try:
        folder = os.getcwd()
    except OSError:
        return
    while True:
        yield from configured_place(Installer.UV, os.path.join(folder, "uv.toml"), "cache-dir")
        project = os.path.join(folder, "pyproject.toml")
        yield from configured_place(Installer.UV, project, "cache-dir", ("tool", "uv"))
        above = os.path.dirname(folder)
        if above == folder:
            return
        folder = above
