"""Whether the settings of uv that are no project's name indexes; no variable of uv hides these indexes alone.

Source: uv's reference of settings and of configuration files; the settings of a project are not looked at here.
"""

import os
import sys
import tomllib
from collections.abc import Iterator, Mapping

_KEYS = frozenset({"index", "index-url", "extra-index-url", "find-links", "no-index", "offline"})
"""Settings that decide which index is asked, at the top of a file or in its table ``pip``."""

_LIMIT = 1 << 20
"""Bytes of a file of settings; real ones have a few hundred."""


def uv_settings_name_indexes(environ: Mapping[str, str]) -> bool:
    """Return whether a file that uv reads besides those of the project decides which index is asked."""
    return any(_names_indexes(path) for path in _files(environ))


def _files(environ: Mapping[str, str]) -> Iterator[str]:
    """Yield the paths of the files that uv reads besides those of the project."""
    if named := environ.get("UV_CONFIG_FILE"):
        yield named
    if sys.platform == "win32":
        folders = [environ.get("APPDATA", ""), environ.get("PROGRAMDATA", "")]
    else:
        home = os.path.join(environ.get("HOME") or os.path.expanduser("~"), ".config")
        machine = environ.get("XDG_CONFIG_DIRS") or "/etc/xdg"
        folders = [environ.get("XDG_CONFIG_HOME") or home, *machine.split(":"), "/etc"]
    for folder in filter(os.path.isabs, folders):
        yield os.path.join(folder, "uv", "uv.toml")


def _names_indexes(path: str) -> bool:
    try:
        with open(path, "rb") as file:
            document = tomllib.loads(file.read(_LIMIT).decode())
    except (OSError, ValueError, RecursionError):
        return False  # uv cannot read it either
    of_pip = document.get("pip")
    return not _KEYS.isdisjoint(document) or (isinstance(of_pip, dict) and not _KEYS.isdisjoint(of_pip))
