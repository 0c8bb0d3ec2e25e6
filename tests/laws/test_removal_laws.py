"""Laws of removal, on caches of any shape: exactly the plan goes, and it is of known kinds below the root."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from hypothesis import given, settings, strategies as st

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
from tests.support.removal import EVERYTHING
from tests.support.strategies import SELECTORS, build, caches_of_any_shape, check

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipcache.removal.plan import Plan

laws = settings(deadline=None, max_examples=60, derandomize=True)


@laws
@given(caches_of_any_shape, st.lists(st.sampled_from(SELECTORS), min_size=1, max_size=3), st.booleans())
def test_remove_takes_exactly_its_plan(shape: dict[str, set[int]], texts: list[str], keep_pages: bool) -> None:  # noqa: FBT001
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        root = str(build(folder, shape).root)

        def plan() -> Plan:
            selectors = [parse_selector(text) for text in texts]
            catalogue = read_inventory(Cache(root), Need(deep=True, selectors=tuple(selectors)))
            selection = select(Cache(root), catalogue, selectors, Filters(), untracked)
            copies = find_copies(Cache(root), selection, untracked)
            return plan_removal(selection.matches, copies, selection.allowed, catalogue, keep_pages=keep_pages)

        _twice(folder, plan, force=False)


@laws
@given(caches_of_any_shape, st.sets(st.sampled_from(sorted(EVERYTHING))), st.booleans(), st.booleans())
def test_clear_takes_exactly_its_plan(
    shape: dict[str, set[int]],
    stores: set[Store],
    old_layouts: bool,  # noqa: FBT001
    force: bool,  # noqa: FBT001
) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        root = str(build(folder, shape).root)
        clearing = Clearing(frozenset(stores), old_layouts, force)

        def plan() -> Plan:
            return plan_clearing(
                Cache(root).survey(), lambda folder: Cache(root).look_inside(folder), clearing, time.time()
            )

        _twice(folder, plan, force=force)


def _twice(folder: Path, plan: Callable[[], Plan], *, force: bool) -> None:
    """The plan is carried out, and then there is nothing left to plan."""
    check(folder, plan(), force)
    again = plan()
    assert again.removals == ()
    assert not again.folders or not force
