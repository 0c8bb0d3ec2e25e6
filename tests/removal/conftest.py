"""Machines for the tests of removals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.homes import Homes

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def homes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Homes:
    """Two users with the bad files."""
    homes = Homes(tmp_path)
    for user in ("ada", "bob"):
        homes.add(user)
    homes.settle(monkeypatch)
    return homes
