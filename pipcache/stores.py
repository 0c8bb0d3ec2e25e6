"""The stores of a cache directory, and whether a directory is pip's cache at all."""

import os
import re
import stat as stat_module
from collections.abc import Callable
from enum import StrEnum

from pipcache.errors import CacheNotFound, NotAPipCache
from pipcache.files import is_folder


class Store(StrEnum):
    """A part of the cache directory, with its layout (pip ``network/cache.py``, ``cache.py``).

    ::

        http-v2/a/1/9/5/3/a19537…      the head: what the server said        (pip >= 23.3)
        http-v2/a/1/9/5/3/a19537….body the body, as it came over the wire
        http/a/1/9/5/3/a19537…         head and body in one file             (pip < 23.3)
        wheels/d8/a4/aa/c8b0…/x.whl    what pip built, and its origin.json   (pip >= 7)
        selfcheck/<sha224>             when an environment last looked for a newer pip
    """

    HTTP_V2 = "http-v2"
    HTTP = "http"
    WHEELS = "wheels"
    SELFCHECK = "selfcheck"
    STRAY = "stray"


_KEY = re.compile("[0-9a-f]{56}")
_HEX_DIGITS = frozenset("0123456789abcdef")


def is_key(name: str) -> bool:
    """True for the hex of a sha224, which names entries, wheel folders and self-check notes."""
    return _KEY.fullmatch(name) is not None


def _is_http_fan_out(name: str) -> bool:
    return len(name) == 1 and name in _HEX_DIGITS


def _is_wheel_fan_out(name: str) -> bool:
    return len(name) == 2 and _HEX_DIGITS.issuperset(name)


RECOGNISED: dict[str, tuple[Store, Callable[[str], bool]]] = {
    "http-v2": (Store.HTTP_V2, _is_http_fan_out),
    "http": (Store.HTTP, _is_http_fan_out),
    "wheels": (Store.WHEELS, _is_wheel_fan_out),
    "selfcheck": (Store.SELFCHECK, is_key),
}


def _goes_on(path: str, store: Store) -> bool:
    """Return whether pip's fan-out goes on in some folder of a store: it holds such folders again, or nothing."""
    is_member = RECOGNISED[store.value][1]
    try:
        for child in filter(is_member, os.listdir(path)):
            status = os.lstat(os.path.join(path, child))
            if not is_folder(status):
                if stat_module.S_ISLNK(status.st_mode):
                    return True  # which is reported, and not followed
                continue
            children = os.listdir(os.path.join(path, child))
            if not children or any(map(is_member, children)):
                return True
    except OSError:
        return True  # the walk reports why it cannot be read
    return False


_TELLING = frozenset({Store.HTTP_V2, Store.SELFCHECK})
"""Folders that no other program names so."""


def stores(root: str) -> dict[Store, str]:
    """Return the stores that are recognised below ``root`` and their folders' names.

    A store is known by pip's fan-out inside it, not by its folder's name. What was emptied passes when nothing
    else lies beside it, or when a name says enough: there is nothing in it that could be taken for an entry.

    Raises:
        CacheNotFound: the directory is missing, is a file, or cannot be read.
        NotAPipCache: it holds none of pip's stores.
    """
    try:
        names = sorted(os.listdir(root))
    except FileNotFoundError:
        raise CacheNotFound(
            "Nothing is cached yet: the cache directory does not exist.",
            path=root,
            is_fault=False,
            hint="Run 'pipcache dir --explain' to see why this directory, or name another with --cache-dir.",
        ) from None
    except NotADirectoryError:
        raise CacheNotFound(
            "The cache directory is a file.", path=root, hint="Name a directory with --cache-dir."
        ) from None
    except OSError as error:
        raise CacheNotFound(
            f"The cache directory cannot be read: {error.strerror}.",
            path=root,
            hint="Look at its permissions, or run pipcache as the directory's owner.",
        ) from None
    found: dict[Store, str] = {}
    emptied: dict[Store, str] = {}
    for name in names:
        if name not in RECOGNISED:
            continue
        store, is_member = RECOGNISED[name]
        path = os.path.join(root, name)
        try:
            if not is_folder(os.lstat(path)):
                continue
            children = os.listdir(path)
        except OSError:
            found[store] = name  # the walk reports why it cannot be read
            continue
        if any(map(is_member, children)):
            found[store] = name
        elif not children:
            emptied[store] = name
    if found.keys().isdisjoint(_TELLING):
        # a project may have a folder called wheels, and in it one called 3d
        found = {store: name for store, name in found.items() if _goes_on(os.path.join(root, name), store)}
    was_cache = len(emptied) in {len(names), 2, 3, 4} or not emptied.keys().isdisjoint(_TELLING)
    if found or (emptied and was_cache) or names == ["selfcheck.json"]:
        return found | emptied
    raise NotAPipCache(
        "Nothing is cached yet: the cache directory is empty."
        if not names
        else "The directory is not a pip cache: none of pip's stores (http-v2, http, wheels, selfcheck) is in it.",
        path=root,
        hint="Run 'pipcache dir --explain' to see why this directory, or name another with --cache-dir.",
        is_fault=bool(names),
    )
