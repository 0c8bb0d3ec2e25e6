"""Who runs this: the host, the user, and the version of pipcache."""

import os
import sys
from typing import NamedTuple

from pipcache import __version__


class Identity(NamedTuple):
    """Who runs this.

    Attributes:
        host: the name of the machine as it names itself, without a domain where it has none.
        platform: ``sys.platform``.
        user: the name of the user whose rights the run has; the number where no name is known.
        uid: that user's number; None where the system has no such numbers.
        tool: ``pipcache``.
        version: of pipcache.
    """

    host: str
    platform: str
    user: str
    uid: int | None
    tool: str
    version: str


def this_run() -> Identity:
    """Return who runs this."""
    uid = os.geteuid() if sys.platform != "win32" else None
    user = os.environ.get("USERNAME", "unknown") if uid is None else user_name(uid)
    return Identity(_host(), sys.platform, user, uid, "pipcache", __version__)


def user_name(uid: int) -> str:
    """Return the name of a user; the number where the system knows no name."""
    try:
        import pwd  # not on Windows

        return pwd.getpwuid(uid).pw_name
    except (ImportError, KeyError):
        return str(uid)


def _host() -> str:
    import platform  # for this alone

    return platform.node() or "unknown"
