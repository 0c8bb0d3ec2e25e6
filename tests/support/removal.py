"""What tests of removal share: plans made by hand, and hands that meddle between plan and deletion."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, TypeVar

from pipcache.inventory.collector import Need, read_inventory
from pipcache.query.filters import Filters
from pipcache.query.selection import select
from pipcache.query.selector import parse_selector
from pipcache.removal.clearing import Clearing, plan_clearing
from pipcache.removal.duplicates import find_copies
from pipcache.removal.plan import plan_removal
from pipcache.store.cache import Cache
from pipcache.store.layout import Store
from pipcache.util.progress import untracked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from pipcache.removal.plan import Plan

T = TypeVar("T")

EVERYTHING = frozenset({Store.HTTP_V2, Store.HTTP, Store.WHEELS, Store.SELFCHECK})


def plan_for(root: Path, *selectors: str) -> Plan:
    """The plan of `remove` for these selectors."""
    path = str(root)
    parsed = [parse_selector(text) for text in selectors]
    catalogue = read_inventory(Cache(path), Need(deep=True, selectors=tuple(parsed)))
    selection = select(Cache(path), catalogue, parsed, Filters(), untracked)
    copies = find_copies(Cache(path), selection, untracked)
    return plan_removal(selection.matches, copies, selection.allowed, catalogue, keep_pages=False)


def plan_to_clear(root: Path, *, force: bool = False) -> Plan:
    """The plan of `clear` for all stores."""
    path = str(root)
    clearing = Clearing(EVERYTHING, force=force)
    return plan_clearing(
        Cache(path).survey(), lambda folder: Cache(path).look_inside(folder), clearing, time.time()
    )


class Meddler:
    """Hands the steps of a removal on, and does something just before one of them."""

    def __init__(self, before: int, what: Callable[[], object]) -> None:
        self._before = before
        self._what = what

    def __call__(self, items: Iterable[T], length: int, label: str) -> Iterable[T]:
        """A `Track`."""
        del length, label
        for index, item in enumerate(items):
            if index == self._before:
                self._what()
            yield item


def age(root: Path, seconds: float = 3600) -> None:
    """Let everything below have been touched this long ago, the inner folders first."""
    then = time.time() - seconds
    for path in sorted(root.rglob("*"), reverse=True):
        os.utime(path, (then, then), follow_symlinks=False)


def allocated(root: Path) -> int:
    """Bytes that the file system has set aside for what is below, each inode once."""
    blocks = {}
    for path in (root, *root.rglob("*")):
        status = path.lstat()
        blocks[status.st_dev, status.st_ino] = status.st_blocks * 512
    return sum(blocks.values())
