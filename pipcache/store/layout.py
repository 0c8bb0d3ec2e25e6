"""The stores, and whether a directory is pip's cache."""

import os
import re
import stat
from collections.abc import Callable, Collection
from enum import StrEnum

from pipcache.errors import CacheNotFound, CacheOfAnotherInstaller, ErrorKind, NotAPipCache
from pipcache.util.files import is_folder


class Store(StrEnum):
    """A part of the cache directory, with its layout (pip ``network/cache.py``, ``cache.py``).

    ::

        http-v2/a/1/9/5/3/a19537…      the head: status and headers          (pip >= 23.3)
        http-v2/a/1/9/5/3/a19537….body the body, as it came over the wire
        http/a/1/9/5/3/a19537…         head and body in one file             (pip < 23.3)
        wheels/d8/a4/aa/c8b0…/x.whl    what pip built, and its origin.json   (pip >= 7)
        selfcheck/<sha224>             when an environment last looked for a newer pip

    The stores of uv are the folders of all its generations for wheels, for sdists and what was built of them, for
    environments, and for index pages (``installers.uv_scan``).
    """

    HTTP_V2 = "http-v2"
    HTTP = "http"
    WHEELS = "wheels"
    SELFCHECK = "selfcheck"
    UV_WHEELS = "uv-wheels"
    UV_SDISTS = "uv-sdists"
    UV_ENVIRONMENTS = "uv-environments"
    UV_PAGES = "uv-pages"
    STRAY = "stray"

    @property
    def is_uvs(self) -> bool:
        """Whether it is a part of uv's cache."""
        return self.startswith("uv-")


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

_DEPTHS = {Store.HTTP: 5, Store.WHEELS: 4}


def _is_laid_out(path: str, store: Store, *, alone: bool) -> bool:
    """Return whether a store's folder holds pip's fan-out, at least once down to its last level.

    Args:
        path: the folder of the store.
        store: the store that the folder is named like.
        alone: nothing but stores lies beside it. Then folders of the fan-out without a file in them are enough:
            the entries were removed.
    """
    reaches, is_bare = _descend(path, store, _DEPTHS[store])
    return reaches or (alone and is_bare)


def _descend(path: str, store: Store, depth: int) -> tuple[bool, bool]:
    """Return whether the fan-out goes on for ``depth`` levels, and whether nothing but its folders is there."""
    is_member = RECOGNISED[store.value][1] if store is Store.HTTP or depth > 1 else _is_rest_of_key
    is_bare = True
    try:
        for name in os.listdir(path):
            below = os.path.join(path, name)
            if not (is_member(name) and is_folder(os.lstat(below))):
                is_bare = False
                continue
            reaches, is_bare_below = (True, True) if depth == 1 else _descend(below, store, depth - 1)
            if reaches:
                return True, False
            is_bare &= is_bare_below
    except OSError:
        return True, False  # the walk reports why it cannot be read
    return False, is_bare


def _is_rest_of_key(name: str) -> bool:
    return len(name) == 50 and _HEX_DIGITS.issuperset(name)


_LITTER = frozenset(
    {
        *("CACHEDIR.TAG", ".DS_Store", "Thumbs.db", "desktop.ini", "lost+found"),
        *("selfcheck.json", "selfcheck.json.lock"),
    }
)
"""Names of files that lie in many directories, so that they do not say what a directory is for."""


def is_empty_cache(root: str) -> bool:
    """Return whether a directory holds nothing but stores without a file, and files that lie anywhere.

    Folders of a store's fan-out may be left in it. False where that cannot be seen.
    """
    try:
        names = set(os.listdir(root))
        if names - RECOGNISED.keys() - _LITTER or "selfcheck.json" in names:
            return False
        stores = [(os.path.join(root, name), RECOGNISED[name][0]) for name in names & RECOGNISED.keys()]
        return all(
            is_folder(os.lstat(path)) and _holds_nothing(path, store, _LEVELS.get(store, 0))
            for path, store in stores
        )
    except OSError:
        return False


_LEVELS = {Store.HTTP_V2: 5, **_DEPTHS}


def _holds_nothing(path: str, store: Store, levels: int) -> bool:
    """Return whether only folders of the fan-out are in a folder of a store, which has so many levels below it.

    Raises:
        OSError: that cannot be seen.
    """
    is_member = _is_rest_of_key if store is Store.WHEELS and levels == 1 else RECOGNISED[store.value][1]
    for name in os.listdir(path):
        below = os.path.join(path, name)
        if not (
            levels and is_member(name) and is_folder(os.lstat(below)) and _holds_nothing(below, store, levels - 1)
        ):
            return False
    return True


def names_in(root: str) -> list[str]:
    """Return what is in the cache directory, sorted; nothing where it is missing.

    Raises:
        CacheNotFound: the directory is a file, or cannot be read.
    """
    try:
        return sorted(os.listdir(root))
    except NotADirectoryError:
        what = "The cache directory" if os.path.lexists(root) else "A folder above the cache directory"
        raise CacheNotFound(
            f"{what} is a file.",
            path=root,
            hint="Name a directory with --cache-dir.",
            kind=ErrorKind.NOT_A_DIRECTORY,
        ) from None
    except OSError as error:
        if isinstance(error, FileNotFoundError) and not os.path.exists(root):
            return []
        raise CacheNotFound(
            f"The cache directory cannot be read: {error.strerror}.",
            path=root,
            hint="Look at its permissions, or run pipcache as the directory's owner.",
        ) from None


def find_stores(root: str) -> dict[Store, str]:
    """Return the stores of the cache directory ``root``, with the names of their folders.

    A store is recognised by pip's fan-out inside it, not by its folder's name. An empty folder counts as a store
    where another store is recognised, where only stores lie beside it, or where it is called ``http-v2``: it holds
    nothing that could be taken for an entry. A directory that is missing or empty has no stores: pip makes it when
    it caches something.

    Raises:
        CacheNotFound: the directory is a file, or cannot be read.
        CacheOfAnotherInstaller: its layout is another installer's.
        NotAPipCache: it holds something, and none of pip's stores.
    """
    names = names_in(root)
    recognised: dict[Store, str] = {}
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
            recognised[store] = name  # the walk reports why it cannot be read
            continue
        if any(map(is_member, children)):
            recognised[store] = name
        elif not children:
            emptied[store] = name
    alone = all(name in RECOGNISED or name in _LITTER for name in names)
    if Store.HTTP_V2 not in emptied and recognised.keys() <= _DEPTHS.keys():
        # a project may have a folder called wheels, and in it one called 3d
        paths = ((store, os.path.join(root, name)) for store, name in recognised.items())
        recognised = {store: recognised[store] for store, path in paths if _is_laid_out(path, store, alone=alone)}
    _refuse_other_installers(root, names, recognised.keys(), emptied.keys())
    was_cache = Store.HTTP_V2 in emptied or alone
    if recognised or (emptied and was_cache) or _LITTER.issuperset(names):
        return recognised | emptied
    raise NotAPipCache(
        "The directory is not a pip cache: none of pip's stores (http-v2, http, wheels, selfcheck) is in it.",
        path=root,
        hint="Run 'pipcache dir --explain' to see why this directory, or name another with --cache-dir.",
    )


_HTTP_STORE = re.compile(r"http-v[0-9]{1,4}")
"""A store of HTTP entries of any pip; the number is that of its layout."""


def unread_stores(root: str) -> dict[str, str]:
    """Return what may be stores of pip's in a directory, and is not read: names, and why.

    These are links, which are not followed, and folders of a pip that lays its HTTP entries out in another way.
    Stores whose layout is known are not among them where ``find_stores`` recognises the directory.
    """
    try:
        names = sorted(os.listdir(root))
    except OSError:
        return {}
    unread = {}
    for name in names:
        is_http = _HTTP_STORE.fullmatch(name) is not None
        if not is_http and name not in RECOGNISED:
            continue
        path = os.path.join(root, name)
        try:
            if not is_folder(status := os.lstat(path)) and not stat.S_ISREG(status.st_mode):
                unread[name] = "is a link, not followed"
            elif is_http and os.listdir(path):
                unread[name] = "has a layout that is not known"
        except OSError:
            continue
    return unread


def _refuse_other_installers(
    root: str, names: Collection[str], recognised: Collection[Store], emptied: Collection[Store]
) -> None:
    """Raise ``CacheOfAnotherInstaller`` where a directory is not pip's by its layout.

    Args:
        root: path of the directory.
        names: what is in it.
        recognised: stores with pip's fan-out in it.
        emptied: stores whose folders are empty.
    """
    if Store.HTTP_V2 in recognised or Store.SELFCHECK in recognised or "selfcheck.json" in names:
        return
    from pipcache.store.installer import PipsMarks, installer_of  # a cache that pip uses is known without it

    has_wheels = Store.WHEELS in recognised or Store.HTTP_V2 in emptied
    marks = PipsMarks.WHEELS if has_wheels else PipsMarks.NONE
    installer = installer_of(root, names, PipsMarks.HTTP if Store.HTTP in recognised else marks)
    if installer is not None:
        raise CacheOfAnotherInstaller(
            installer,
            path=root,
            hint=f"{_READ[installer == 'uv']} {installer.remedy(root)} Name pip's cache with --cache-dir; "
            "'pipcache dir --explain' shows why this directory was taken.",
        )


_READ = {True: "list, show, info, verify and audit read it, with --tool uv.", False: "pipcache does not read it."}
