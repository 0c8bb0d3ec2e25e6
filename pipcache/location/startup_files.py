"""Variables that lead to caches, as a user's shell and session set them: their values are read, nothing is run.

They name a cache, a configuration file that names one, or a folder of environments, each of which may have such a
file.
"""

import os
import re
import sys
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from pipcache.location.condarc import conda_places_by
from pipcache.location.config import open_regular
from pipcache.location.environments import FOLDERS_BY_VARIABLE, places_in_folder
from pipcache.location.installer_places import RULES, KnownPlace, configured_by, values_of
from pipcache.location.locate import Source
from pipcache.location.look import MOST_FILES, RELATIVE, TOO_MANY_FILES
from pipcache.location.pip_places import configured, files_named_by, path_for_home
from pipcache.location.service_files import SERVICE_FILES, USER_UNITS, as_shell, files_of_services
from pipcache.store.installer import Installer

_FILES = (
    *(".profile", ".bash_profile", ".bash_login", ".bashrc", ".zshenv", ".zprofile", ".zshrc", ".zlogin"),
    *(".cshrc", ".tcshrc", ".login", ".xprofile", ".xsessionrc", ".pam_environment"),
    *(".config/fish/config.fish", ".config/fish/conf.d", ".config/environment.d"),
)
"""In a home; the last two are folders of files (fish, and systemd's ``environment.d(5)``)."""

SHARED_FILES = (
    *("/etc/environment", "/etc/profile", "/etc/profile.d", "/etc/bash.bashrc", "/etc/bashrc", "/etc/zshenv"),
    *("/etc/zsh/zshenv", "/etc/zsh/zprofile", "/etc/csh.cshrc", "/etc/environment.d", "/etc/fish/config.fish"),
    "/etc/security/pam_env.conf",
)

_LIMIT = 1 << 16
"""Bytes of a file; what lies behind is not read, and the file is named."""

_WORD = r"""((?:"[^"\n]{0,500}"|'[^'\n]{0,500}'|\$\([^)\n]{0,500}\)?|`[^`\n]{0,500}`|[^\s;&|"'`()]){1,500})"""

_ASSIGNMENT = re.compile(
    r"(?:^|[\s;&|({])(?:set(?:env)?(?:[ \t]+-[a-zA-Z-]+)*[ \t]+([A-Za-z_]\w{1,60})[ \t]+"
    r"|([A-Za-z_]\w{1,60})(?:[ \t]+(?:DEFAULT|OVERRIDE))?=)" + _WORD,
    re.ASCII,
)
"""An assignment of sh, of fish, of csh, of pam_env, and of ``environment.d``."""

_COMMENT = re.compile(r"(?:^|(?<=\s))#.*")

_REFERENCE = re.compile(
    r"[$@]\{([A-Za-z_]\w*)(?::?[-=]([^${}]*))?\}|\$([A-Za-z_]\w*)",
    re.ASCII,
)
"""A variable in a value, with what stands for it where it is not set; the innermost first."""

_LEFT = re.compile(r"[$`]|@\{")
"""What is left in a value that is not known whole."""

_UNSET = frozenset({"XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"})
"""Variables that have no value where no file sets them."""

_OF_NAME = ("USER", "LOGNAME", "PAM_USER")

_MOST_VALUES = 16
"""Values of a variable that are tried: files may set it several times."""

_MOST_STEPS = 20
"""Variables in a value."""

_MOST_REPLACED = 5_000
"""Variables in all values of a user together, each with what stands in its own value."""

_TOO_LONG = f"it has more than {_LIMIT:,} bytes, of which only these are read; it may name a cache"

_WHAT_IS_UNKNOWN = "its value is worked out by a shell, which is not run; it may name a cache"


def places_in_startup_files(
    user: str,
    home: str,
    names: Sequence[str],
    shared: "Sequence[_Assignment | KnownPlace] | None" = None,
) -> Iterator[KnownPlace]:
    """Yield the places that variables name in files which set up the environment of a user.

    A value counts that is an absolute path, with variables in it whose value is known: the user's home and name,
    and what these files set. Another one becomes a place that is unknown, which names the file and the variable; a
    file that is not read whole becomes one too.

    Args:
        user: the users of the home, as text for the origin.
        home: path of the home.
        names: those users; empty where they are not known.
        shared: what the files for all users set, as ``shared_settings`` returns it; None to read them.
    """
    shared = shared_settings() if shared is None else shared
    own = _settings([os.path.join(home, name) for name in _FILES], is_shared=False)
    own += _service_settings([os.path.join(home, USER_UNITS)], is_of_user=True)
    read = [*own, *shared]
    yield from (setting for setting in read if isinstance(setting, KnownPlace))
    assigned = [setting for setting in read if isinstance(setting, _Assignment)]
    if not any(setting.name in _WANTED for setting in assigned):
        return
    values = _Values(names, home, assigned)
    for file, is_shared, name, value in assigned:
        if name in _WANTED:
            origin = f"{name} in {file}"
            known, is_whole = values.of(value, (name,))
            # what is the same for all users is said once
            of_user = f" for {user}" if is_shared and known != [value] else ""
            for path in known:
                yield from _places_of(name, path_for_home(sys.platform, path, home), origin + of_user, file)
            if not is_whole:
                yield KnownPlace(Installer.PIP, Source.CONFIGURATION, origin, file, unknown=_WHAT_IS_UNKNOWN)


class _Assignment(NamedTuple):
    """What a file sets; ``is_shared`` where it does so for all users."""

    file: str
    is_shared: bool
    name: str
    value: str


def shared_settings() -> Sequence[_Assignment | KnownPlace]:
    """Return what the files for all users and those of services set, and those that are not read whole."""
    return [*_settings(SHARED_FILES, is_shared=True), *_service_settings(SERVICE_FILES, is_of_user=False)]


def _settings(paths: Sequence[str], *, is_shared: bool) -> list[_Assignment | KnownPlace]:
    read: list[_Assignment | KnownPlace] = []
    for path in paths:
        files, error, unknown = _files_at(path)
        if error or unknown:
            read.append(KnownPlace(Installer.PIP, Source.CONFIGURATION, path, path, error, unknown))
        for file in files:
            text, error, unknown = _text(file)
            if error or unknown:
                read.append(KnownPlace(Installer.PIP, Source.CONFIGURATION, file, file, error, unknown))
            read += [_Assignment(file, is_shared, name, value) for name, value in _assignments(text)]
    return read


def _service_settings(paths: Sequence[str], *, is_of_user: bool) -> list[_Assignment | KnownPlace]:
    """Return what the files of services set, as far as these can be read."""
    return [
        _Assignment(file, not is_of_user, name, value)
        for path in paths
        for file in files_of_services(path)
        for name, value in _assignments(as_shell(file, _text(file)[0], is_of_user=is_of_user))
    ]


class _Values:
    """What variables can be for a user."""

    def __init__(self, names: Sequence[str], home: str, read: Sequence["_Assignment"]) -> None:
        self._known = {"HOME": [home]} | ({variable: [*names] for variable in _OF_NAME} if names else {})
        self._home, self._left = home, _MOST_REPLACED
        self._set: dict[str, dict[str, None]] = {}
        for _, _, name, value in read:
            self._set.setdefault(name, {})[value] = None

    def of(self, value: str, names: tuple[str, ...]) -> tuple[list[str], bool]:
        """Return the texts that a value may be, and whether these are all.

        Args:
            value: as it is written.
            names: the variables that are being worked out, and so are not set yet.
        """
        text, is_whole = value, True
        if value[:1] == "~" and value[1:2] in {"", "/"}:
            text = self._home + value[1:]
        texts = [text]
        for _ in range(_MOST_STEPS):
            matches = [(text, _REFERENCE.search(text)) for text in texts]
            if not any(match for _, match in matches):
                break
            fresh: dict[str, None] = {}
            for text, match in matches:
                replaced, is_known = self._replaced(match, names) if match else ([text], True)
                is_whole &= is_known
                fresh |= dict.fromkeys(
                    text[: match.start()] + other + text[match.end() :] if match else other for other in replaced
                )
            is_whole &= len(fresh) <= _MOST_VALUES
            texts = [*islice(fresh, _MOST_VALUES)]
        known = [text for text in texts if not _LEFT.search(text)]
        return known, is_whole and len(known) == len(texts)

    def _replaced(self, match: re.Match[str], names: tuple[str, ...]) -> tuple[list[str], bool]:
        """Return what a reference may stand for, and whether this is all."""
        name, fallback = match[1] or match[3], match[2]
        self._left -= 1
        if self._left < 0:
            return [], False
        if name in self._known:
            return self._known[name], True
        texts: list[str] = []
        is_whole = True
        for value in islice(self._set.get(name, {}), _MOST_VALUES) if name not in names else ():
            more, is_known = self.of(value, (*names, name)) if len(names) < _MOST_STEPS else ([], False)
            texts += more
            is_whole &= is_known
        if fallback is not None:
            # where it is set by something else, nobody knows to what
            return [*texts, fallback], is_whole and (name in names or name in _UNSET or bool(texts))
        if not texts and (name in names or name in _UNSET):
            return [""], True
        return texts, is_whole and bool(texts)


_WANTED = (
    {"PIP_CACHE_DIR", "PIP_CONFIG_FILE", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "CONDARC", "MAMBA_ROOT_PREFIX"}
    | {*FOLDERS_BY_VARIABLE}
    | {variable for rules in RULES.values() for variable in rules.variables}
    | {
        variable
        for rules in RULES.values()
        for variable in (rules.file_variable, rules.folder_variable)
        if variable
    }
)


def _places_of(name: str, value: str, origin: str, file: str) -> Iterator[KnownPlace]:
    if not value.startswith("/"):
        # the XDG variables have no value where it is relative
        if value and "\0" not in value and not name.startswith("XDG_"):
            yield KnownPlace(Installer.PIP, Source.CONFIGURATION, origin, file, unknown=RELATIVE)
        return
    if name == "PIP_CACHE_DIR":
        yield KnownPlace(Installer.PIP, Source.CONFIGURATION, origin, value)
    if name == "XDG_CACHE_HOME":
        yield KnownPlace(Installer.PIP, Source.CONFIGURATION, origin, f"{value}/pip")
    for installer, rules in RULES.items():
        if name in rules.variables:
            for path in values_of(name, value):
                yield KnownPlace(installer, Source.CONFIGURATION, origin, path)
        if name == "XDG_CACHE_HOME" and rules.xdg:
            yield KnownPlace(installer, Source.CONFIGURATION, origin, f"{value}/{rules.xdg}")
        yield from configured_by(installer, name, value)
    yield from conda_places_by(name, value)
    of_pip = [place for file in files_named_by(name, value) for place in configured(file)]
    for place in (*of_pip, *places_in_folder(name, value)):
        setting = place.setting
        yield KnownPlace(Installer.PIP, setting.source, setting.origin, place.path, unknown=place.problem)


def _files_at(path: str) -> tuple[list[str], OSError | None, str | None]:
    """Return a path, or for a folder the paths of the files in it, and why these are not all of them."""
    try:
        names = sorted(os.listdir(path))
    except (FileNotFoundError, NotADirectoryError):
        return [path], None, None
    except OSError as error:
        return [], error, None
    unknown = TOO_MANY_FILES if len(names) > MOST_FILES else None
    return [os.path.join(path, name) for name in names[:MOST_FILES]], None, unknown


def _text(path: str) -> tuple[str, OSError | None, str | None]:
    """Return the text of a file, and why it may not be whole."""
    try:
        with open(path, "rb", opener=open_regular) as file:
            text = os.fsdecode(file.read(_LIMIT))
            is_longer = bool(file.read(1))
    except OSError as error:
        return "", error, None
    except ValueError:  # a NUL in the path
        return "", None, None
    return text, None, _TOO_LONG if is_longer else None


def _assignments(text: str) -> list[tuple[str, str]]:
    """Return the names and values that a text sets, without quotes."""
    return [
        (by_word or by_sign, re.sub(r"[\"']", "", value))
        for line in text.splitlines()
        for by_word, by_sign, value in _ASSIGNMENT.findall(_COMMENT.sub("", line))
    ]
