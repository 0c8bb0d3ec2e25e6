"""pip's configuration files, read as pip reads them."""

import errno
import os
import stat
import sys
from collections.abc import Mapping
from typing import NamedTuple

BOOLEANS = frozenset({"y", "yes", "t", "true", "on", "1", "n", "no", "f", "false", "off", "0"})

_SECTIONS = ("cache", "global", "install", "download", "wheel", "lock", "index", "list", "search")
"""Sections that may name a cache; ``pip cache`` uses the first two, each other command its own."""


class ConfigFile(NamedTuple):
    """A configuration file: what it sets, as ``(section, key): value``, and in ``note`` why it sets nothing.

    ``is_too_large``: it has more characters than it may have here, and was not read.
    """

    path: str
    settings: Mapping[tuple[str, str], str]
    note: str | None
    is_too_large: bool = False


def normalised_option(name: str) -> str:
    """Return an option's name as pip's configuration compares it (pip ``configuration.py``)."""
    return name.lower().replace("_", "-").removeprefix("--")


def config_files(platform: str, environ: Mapping[str, str]) -> list[ConfigFile]:
    """Read the files that pip reads, highest first (pip ``configuration.py``, ``iter_config_files``).

    Args:
        platform: as ``sys.platform``.
        environ: the environment; ``PIP_CONFIG_FILE``, ``HOME`` and the XDG variables name files.
    """
    config_file = environ.get("PIP_CONFIG_FILE")
    if config_file == os.devnull:
        return [ConfigFile("PIP_CONFIG_FILE", {}, f"{os.devnull}; no configuration file is read")]
    machine, user, site = configuration_paths(platform, environ)
    replaced = user if config_file and os.path.exists(config_file) else []
    paths = [*machine, *([] if replaced else user), site, *([config_file] if config_file else [])]
    # pip keeps files in a dict: a file that is listed twice keeps its first, lowest place
    read = [_read(path, special=path == config_file) for path in reversed(dict.fromkeys(paths))]
    unread = [
        ConfigFile(path, {}, "not read; PIP_CONFIG_FILE replaces it") for path in replaced if path not in paths
    ]
    return read + unread


def configuration_paths(platform: str, environ: Mapping[str, str]) -> tuple[list[str], list[str], str]:
    """Return the paths of the machine's files, of the user's, and of the active environment's; lowest first."""
    basename = "pip.ini" if platform == "win32" else "pip.conf"
    machine, user = ([os.path.join(path, basename) for path in paths] for paths in _folders(platform, environ))
    # pipcache may be installed in an environment of its own; the user's pip is the active environment's
    return machine, user, os.path.join(environ.get("VIRTUAL_ENV") or sys.prefix, basename)


def _read(path: str, *, special: bool) -> ConfigFile:
    try:
        return read_configuration(path, special=special)
    except (FileNotFoundError, NotADirectoryError):
        return ConfigFile(path, {}, "no such file")
    except OSError as error:
        return ConfigFile(path, {}, f"cannot be read: {error.strerror}; pip ignores it")


def read_configuration(path: str, *, limit: int = -1, special: bool = False) -> ConfigFile:
    """Read a configuration file as pip does; an error that stops pip becomes the note.

    Args:
        path: of the file.
        limit: the number of characters that it may have; a longer file is not used. Negative for no limit.
        special: read pipes and devices too, and wait for them.

    Raises:
        OSError: the file is missing or cannot be read.
    """
    try:
        # in UTF-8 mode pip reads UTF-8, but "locale" is the encoding of the locale
        encoding = "utf-8" if sys.flags.utf8_mode else "locale"
        with open(path, encoding=encoding, opener=None if special else open_regular) as file:
            text = file.read(limit)
            if limit >= 0 and file.read(1):
                return ConfigFile(path, {}, "too large", is_too_large=True)
            return _parsed(path, text)
    except UnicodeDecodeError as error:
        return ConfigFile(path, {}, f"not valid configuration: not {error.encoding}; pip itself stops at it")


def _parsed(path: str, text: str) -> ConfigFile:
    import configparser  # most machines have no such file

    class Parser(configparser.RawConfigParser):
        def optionxform(self, optionstr: str) -> str:
            return normalised_option(optionstr)

    parser = Parser()
    try:
        parser.read_string(text, path)
    except configparser.Error as error:
        # the first line alone: the others quote the file, which may hold passwords
        reason = str(error).partition("\n")[0].rstrip(".")
        return ConfigFile(path, {}, f"not valid configuration: {reason}; pip itself stops at it")
    sections = {name: parser.items(name) for name in _SECTIONS if parser.has_section(name)}
    # pip normalises each name twice, and so removes two prefixes
    settings = {(name, normalised_option(key)): value for name, items in sections.items() for key, value in items}
    return ConfigFile(path, settings, None)


def _folders(platform: str, environ: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """Return the folders of the machine's and of the user's files, lowest first (pip ``utils/appdirs.py``)."""
    home = expanduser("~", environ)
    if platform == "win32":
        import platformdirs  # slow to import, and needed on Windows only

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


def xdg_folder(environ: Mapping[str, str], variable: str, *fallback: str) -> list[str]:
    """Return the absolute paths in a variable of the XDG base directories; ``fallback`` where it has none."""
    text = environ.get(variable, "")
    paths = text.split(":") if variable.endswith("_DIRS") else [text]
    return [path.strip() for path in paths if path.strip().startswith("/")] or [*fallback]


def base_folder(environ: Mapping[str, str]) -> str:
    """Return the user's home directory by the rules of platformdirs."""
    # to platformdirs an empty HOME is not set; to the rest of pip it is the root directory
    return expanduser("~", environ if environ.get("HOME") else {})


def expanduser(path: str, environ: Mapping[str, str]) -> str:
    """Return ``path`` as ``os.path.expanduser`` expands it, with the ``HOME`` of ``environ``."""
    if sys.platform == "win32" or path.partition("/")[0] != "~":
        return os.path.expanduser(path)
    home = environ.get("HOME")
    if home is None:
        import pwd  # not on Windows

        try:
            home = pwd.getpwuid(os.getuid()).pw_dir
        except KeyError:
            return path
    return home.rstrip("/") + path[1:] or "/"


def open_regular(path: str, flags: int) -> int:
    """Open a regular file, following links, without ever waiting; an ``opener`` for ``open``.

    Raises:
        OSError: it is missing, cannot be opened, or is a folder, a pipe, a device.
    """
    # opening a device may change its state; the second check catches a file replaced in between
    _require_regular(os.stat(path))
    descriptor = os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
    try:
        _require_regular(os.fstat(descriptor))
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


class LongFile(ValueError):  # noqa: N818 - it is the file that is long
    """A file is longer than configuration files are, and is not read; the text says so to people."""


def read_limited(path: str, limit: int) -> bytes:
    """Return the bytes of a configuration file.

    Raises:
        OSError: the file is missing or cannot be read.
        LongFile: it has more bytes than the limit.
        ValueError: there is a NUL in the path.
    """
    with open(path, "rb", opener=open_regular) as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        raise LongFile(f"it has more than {limit:,} bytes, and is not read; it may name a cache")
    return data


def _require_regular(status: os.stat_result) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "not a regular file")
