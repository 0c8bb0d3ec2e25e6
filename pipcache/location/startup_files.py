"""Variables that name caches, as a user's shell and session set them: their values are read, nothing is run."""

import os
import re
from collections.abc import Iterator

from pipcache.location.installer_places import RULES, KnownPlace
from pipcache.location.locate import Source
from pipcache.store.installer import Installer
from pipcache.util.files import open_regular

_FILES = (
    *(".profile", ".bash_profile", ".bash_login", ".bashrc", ".zshenv", ".zprofile", ".zshrc", ".pam_environment"),
    *(".config/fish/config.fish", ".config/environment.d"),
)
"""In a home; the last is a folder of files (systemd, ``environment.d(5)``)."""

SHARED_FILES = ("/etc/environment", "/etc/profile", "/etc/profile.d")

_LIMIT = 1 << 16
"""Bytes of a file; what lies behind is not read."""

_MOST_FILES = 64
"""Files of a folder that are read."""

_ASSIGNMENT = re.compile(
    r"^[ \t]*(?:export[ \t]+|set[ \t]+-[a-zA-Z]+[ \t]+)?([A-Z][A-Z_]{2,40})(?:=|[ \t]+(?:DEFAULT=)?)"
    r"""("[^"\n]{1,500}"|'[^'\n]{1,500}'|[^\s;#"']{1,500})""",
    re.MULTILINE,
)
"""An assignment of sh, of fish, of pam_env, and of ``environment.d``."""

_HOME = re.compile(r"^(?:~|\$HOME|\$\{HOME\}|@\{HOME\})(?=/|$)")


def places_in_startup_files(user: str, home: str) -> Iterator[KnownPlace]:
    """Yield the places that variables name in files which set up the environment of a user.

    A value counts that is an absolute path or starts at the home; what a shell would have to work out does not.

    Args:
        user: the name, for the origin.
        home: path of the home.
    """
    for path in (*(os.path.join(home, name) for name in _FILES), *SHARED_FILES):
        for file in _files_at(path):
            for name, value in _assignments(file):
                origin = f"{name} in {file}" + (f" for {user}" if path in SHARED_FILES else "")
                yield from _places_of(name, _HOME.sub(lambda _: home, value), origin)


def _places_of(name: str, value: str, origin: str) -> Iterator[KnownPlace]:
    if not value.startswith("/") or "$" in value or "`" in value:
        return
    if name == "PIP_CACHE_DIR":
        yield KnownPlace(Installer.PIP, Source.CONFIGURATION, origin, value)
    if name == "XDG_CACHE_HOME":
        yield KnownPlace(Installer.PIP, Source.CONFIGURATION, origin, f"{value}/pip")
    for installer, rules in RULES.items():
        if name in rules.variables:
            yield KnownPlace(installer, Source.CONFIGURATION, origin, value)
        if name == "XDG_CACHE_HOME" and rules.xdg:
            yield KnownPlace(installer, Source.CONFIGURATION, origin, f"{value}/{rules.xdg}")


def _files_at(path: str) -> list[str]:
    """Return a path, or for a folder the paths of the files in it."""
    try:
        return [os.path.join(path, name) for name in sorted(os.listdir(path))[:_MOST_FILES]]
    except OSError:
        return [path]


def _assignments(path: str) -> list[tuple[str, str]]:
    """Return names and values that a file sets; none where it cannot be read."""
    try:
        with open(path, "rb", opener=open_regular) as file:
            text = os.fsdecode(file.read(_LIMIT))
    except (OSError, ValueError):
        return []
    return [(name, value.strip("\"'")) for name, value in _ASSIGNMENT.findall(text)]
