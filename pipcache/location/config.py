"""pip's configuration files, read by pip's rules."""

import os
import sys
from collections.abc import Mapping
from typing import NamedTuple

from pipcache.util.files import open_regular

BOOLEANS = frozenset({"y", "yes", "t", "true", "on", "1", "n", "no", "f", "false", "off", "0"})

_SECTIONS = ("cache", "global", "install", "download", "wheel", "lock", "index", "list", "search")
"""The sections a cache may be named in; the first two count for ``pip cache``, the others for their command."""


class ConfigFile(NamedTuple):
    """A configuration file: what it sets, as ``(section, key): value``, and why it can set nothing."""

    path: str
    settings: Mapping[tuple[str, str], str]
    note: str | None


def normalised_option(name: str) -> str:
    """Return an option's name as pip's configuration compares it (pip ``configuration.py``)."""
    return name.lower().replace("_", "-").removeprefix("--")


def config_files(platform: str, environ: Mapping[str, str]) -> list[ConfigFile]:
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
            return normalised_option(optionstr)

    parser = Parser()
    try:
        parser.read_string(text, path)
    except configparser.Error as error:
        # Only the first line: the others quote the file, which may hold passwords.
        reason = str(error).partition("\n")[0].rstrip(".")
        return ConfigFile(path, {}, f"not valid configuration: {reason}; pip itself stops at it")
    sections = {name: parser.items(name) for name in _SECTIONS if parser.has_section(name)}
    # pip normalises each name twice, and so takes off two prefixes.
    settings = {(name, normalised_option(key)): value for name, items in sections.items() for key, value in items}
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
        folders = xdg_folder(environ, "XDG_DATA_DIRS", *homebrew, "/Library/Application Support")
        support = os.path.join(base_folder(environ), "Library/Application Support")
        user = os.path.join(xdg_folder(environ, "XDG_DATA_HOME", support)[0], "pip")
        user = user if os.path.isdir(user) else os.path.join(home, ".config/pip")
        return [os.path.join(folder, "pip") for folder in folders], [legacy, user]
    folders = xdg_folder(environ, "XDG_CONFIG_DIRS", "/etc/xdg")
    user = os.path.join(
        xdg_folder(environ, "XDG_CONFIG_HOME", os.path.join(base_folder(environ), ".config"))[0], "pip"
    )
    return [*(os.path.join(folder, "pip") for folder in folders), "/etc"], [legacy, user]


def xdg_folder(environ: Mapping[str, str], variable: str, *otherwise: str) -> list[str]:
    """Return the absolute paths in a variable of the XDG base directories; ``otherwise`` where it has none."""
    text = environ.get(variable, "")
    paths = text.split(":") if variable.endswith("_DIRS") else [text]
    return [path.strip() for path in paths if path.strip().startswith("/")] or [*otherwise]


def base_folder(environ: Mapping[str, str]) -> str:
    """Return the user's home directory, as platformdirs finds it."""
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
