"""pipcache beside running pips: nobody stumbles, and nothing outside a plan is touched."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest

from tests.support.index import Index
from tests.support.race import Race

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.pips


@pytest.mark.slow
def test_pips_install_while_pipcache_removes(tmp_path: Path) -> None:
    turns = itertools.count()
    with Index() as index:
        report = Race(index, tmp_path).run(lambda: next(turns) < 18)
    assert report.faults == []
    assert report.pips + report.removals == 18
    assert report.planned
