"""A path where a cache may be: whose it is, and why that cannot be seen."""

import errno
import os
from typing import NamedTuple

from pipcache.errors import CacheNotFound, CacheOfAnotherInstaller, NotAPipCache
from pipcache.store.installer import Installer, has_distributions
from pipcache.store.layout import Store, find_stores, unread_stores

RELATIVE = "a path in it is relative: a cache may be in each folder in which its installer is started"
"""Why nobody can say which caches a setting names."""

MOST_FILES = 64
"""Files of a folder of configuration that are read; the folder is named where it has more."""

TOO_MANY_FILES = f"it has more than {MOST_FILES} files, of which only these are read; another may name a cache"
"""Why nobody can say which caches the files of a folder name."""

_ABSENT = {errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG, errno.EINVAL, errno.EISDIR}
"""The errors of the system for a path where no directory is (of a configuration: no file)."""


class Look(NamedTuple):
    """Whose cache a directory is, and why that cannot be seen.

    ``owner`` is ``Installer.PIP`` for all caches in pip's layout, and None where it is no cache.
    """

    owner: Installer | None
    problem: str | None = None


_IN_PIPS_LAYOUT = frozenset({Installer.PIP, Installer.PIPENV, Installer.PIP_TOOLS})


def look_at(path: str, expected: Installer = Installer.PIP) -> Look:
    """Return whose cache a directory is.

    Args:
        path: of the directory.
        expected: the installer whose settings lead to it. Where this is another than pip, a directory that holds a
            file is its cache unless it is surely pip's.
    """
    try:
        if not os.listdir(path):
            return Look(None)
        stores = find_stores(path)
    except CacheOfAnotherInstaller as error:
        return _holder(path, Installer(error.installer))
    except (CacheNotFound, NotAPipCache):
        return _strange(path) if expected is Installer.PIP else _holder(path, expected)
    except OSError as error:
        return Look(None, obstacle_of(error))
    # a cache of an old pdm, or of which only wheels is left, looks like pip's; no other installer's does
    is_pips = expected in _IN_PIPS_LAYOUT or Store.HTTP_V2 in stores or Store.SELFCHECK in stores
    is_pips |= bool(stores) and expected is not Installer.PDM
    return Look(Installer.PIP) if is_pips else _holder(path, expected)


def _strange(path: str) -> Look:
    """Return why a directory that is not recognised as pip's cache may be it all the same."""
    unread = unread_stores(path)
    reasons = "; ".join(f"{name} {reason}" for name, reason in unread.items())
    return Look(None, f"cannot be read: {reasons}" if unread else None)


def _holder(path: str, installer: Installer) -> Look:
    """Return the installer as the owner of a directory, if this holds a file of a distribution."""
    try:
        return Look(installer if has_distributions(path) else None)
    except OSError as error:
        problem = obstacle_of(error)
        return Look(installer if problem else None, problem)


def obstacle_of(error: OSError) -> str | None:
    """Return why a path cannot be read; None when nothing is there."""
    return None if error.errno in _ABSENT else f"cannot be read: {error.strerror or error}"


def lowest_visible(path: str) -> str:
    """Return the lowest folder on the way to a path that can be seen: it is the one that cannot be entered."""
    while _is_hidden(path) and path != os.path.dirname(path):
        path = os.path.dirname(path)
    return path


def _is_hidden(path: str) -> bool:
    try:
        os.lstat(path)
    except OSError as error:
        return isinstance(error, PermissionError)
    return False
