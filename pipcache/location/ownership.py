"""Whose a cache directory is, and which directory it is, whatever stands at its path later.

A command that removes files in the caches of all users must not do to the files of one user what a link or a
setting of another makes it do.
"""

import os
import sys
from collections.abc import Mapping
from typing import NamedTuple

from pipcache.location.config import expanduser
from pipcache.location.locate import Source
from pipcache.util.files import folder_status

NOT_THEIRS = "a link or a setting in a home leads to it, and it belongs to another user; name it with --cache-dir"


class Ownership(NamedTuple):
    """A directory as it is now.

    Attributes:
        identity: its device and inode; another directory at the same path has others.
        uid: the number of its owner; None where the system has none.
    """

    identity: tuple[int, int]
    uid: int | None


def ownership_of(path: str) -> Ownership | None:
    """Return whose a directory is; None where none is at the path, or a link lies on it.

    Args:
        path: absolute and without links.
    """
    try:
        status = folder_status(path)
    except (OSError, ValueError):
        return None
    return Ownership((status.st_dev, status.st_ino), None if sys.platform == "win32" else status.st_uid)


def doubted_home(environ: Mapping[str, str], source: Source) -> str | None:
    """Return the home of a run if it is another user's and root runs it, as after ``sudo -E``; None otherwise.

    Links and settings in it are not root's.

    Args:
        environ: the environment of the run.
        source: what leads to a cache; options and variables are those of the run.
    """
    if source in {Source.OPTION, Source.ENVIRONMENT} or (
        source is Source.DEFAULT and environ.get("XDG_CACHE_HOME")
    ):
        return None
    home = expanduser("~", environ)
    try:
        is_doubted = sys.platform != "win32" and os.geteuid() == 0 and os.stat(home).st_uid != 0
    except (OSError, ValueError):
        return None
    return home if is_doubted else None


def is_open_to_others(status: os.stat_result) -> bool:
    """Return whether others than the owner may put links and files into a folder.

    A group counts as others, but for the group of the owner alone, which many systems make for each user.

    Args:
        status: of the folder.
    """
    if sys.platform == "win32":
        return False
    if status.st_mode & 0o002:
        return True
    return bool(status.st_mode & 0o020) and not _is_private_group(status.st_gid, status.st_uid)


def _is_private_group(gid: int, uid: int) -> bool:
    import grp  # not on Windows, and seldom needed
    import pwd

    try:
        owner = pwd.getpwuid(uid).pw_name
        members = {*grp.getgrgid(gid).gr_mem} | {user.pw_name for user in pwd.getpwall() if user.pw_gid == gid}
    except KeyError:
        return False
    return members <= {owner}


def is_of_home(path: str, ownership: Ownership | None, home: str) -> bool:
    """Return whether a directory that a home leads to is that user's: it lies in the home, or has the same owner.

    Others may write into some homes: system users may have ``/tmp`` or ``/var/tmp``. Anybody can make links there,
    so what they lead to counts only if it has the owner of the home, and that is not root.

    Args:
        path: absolute and without links.
        ownership: of the directory.
        home: the home, which may be a link.
    """
    if ownership is None:
        return False
    try:
        status = os.stat(home)
        real_home = os.path.normcase(os.path.realpath(home))
        is_inside = os.path.commonpath([real_home, os.path.normcase(path)]) == real_home
    except (OSError, ValueError):
        return False
    has_its_owner = ownership.uid is not None and ownership.uid == status.st_uid
    return (has_its_owner and status.st_uid != 0) if is_open_to_others(status) else (is_inside or has_its_owner)
