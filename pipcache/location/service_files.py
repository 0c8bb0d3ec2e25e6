"""Files that set up the environment of services and of commands at set times: units, their files, and crontabs.

They are read as far as they can be: those that only root may read say nothing of the caches of a user who may not.
"""

import os
import re

SERVICE_FILES = (
    *("/etc/systemd/system", "/etc/systemd/system.conf", "/etc/systemd/system.conf.d", "/etc/systemd/user"),
    *("/etc/default", "/etc/sysconfig", "/etc/crontab", "/etc/cron.d", "/var/spool/cron"),
)

USER_UNITS = ".config/systemd/user"
"""Units of a user, below the home."""

_MOST_FILES = 2_000
"""Files of a folder that are read."""

_UNIT = (".service", ".socket", ".timer", ".conf")

_ENVIRONMENT = re.compile(r"^\s*(?:Default)?Environment\s*=")

_QUOTED = re.compile(r"""(["'])([A-Za-z_]\w*=)""", re.ASCII)

_SPECIFIER = re.compile(r"%(.)")

_OF_SYSTEM = {"%": "%", "h": "${HOME}", "C": "/var/cache", "S": "/var/lib", "L": "/var/log"}

_OF_USER = {
    "%": "%",
    "h": "${HOME}",
    "C": "${XDG_CACHE_HOME:-${HOME}/.cache}",
    "S": "${XDG_STATE_HOME:-${HOME}/.local/state}",
}
"""What specifiers of ``systemd.unit(5)`` stand for, in the words of a shell."""


def files_of_services(path: str) -> list[str]:
    """Return a path, or for a folder the paths of the files in it and in its folders, as far as it can be read."""
    below = _paths_in(path)
    if below is None:
        return [path]
    files: list[str] = []
    for each in below:
        deeper = _paths_in(each)
        files += [each] if deeper is None else deeper
    return files[:_MOST_FILES]


def _paths_in(path: str) -> list[str] | None:
    """Return the paths in a folder, none where it cannot be read; None where no folder is."""
    try:
        return [os.path.join(path, name) for name in sorted(os.listdir(path))[:_MOST_FILES]]
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError):
        return []


def as_shell(path: str, text: str, *, is_of_user: bool) -> str:
    """Return the text of a unit with its environment as a shell would set it; another text as it is.

    Args:
        path: of the file.
        text: what stands in it.
        is_of_user: it is a unit of a user's.
    """
    if not path.endswith(_UNIT):
        return text
    known = _OF_USER if is_of_user else _OF_SYSTEM
    lines = []
    for line in text.replace("\\\n", " ").splitlines():
        match = _ENVIRONMENT.match(line)
        if match is not None:
            bare = _QUOTED.sub(r"\2\1", line[match.end() :])
            # one that is not known stays unknown, as a command in a shell does
            lines.append(_SPECIFIER.sub(lambda specifier: known.get(specifier[1], f"$({specifier[1]})"), bare))
        else:
            lines.append(line)
    return "\n".join(lines)
