"""An index on this machine, and a home whose pip is told of it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import platformdirs
import pytest

from tests.support.index import Index
from tests.support.pips import clean_environment
from tests.support.shop import Shop

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.caches import CacheBuilder


@pytest.fixture(autouse=True)
def short_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """An index of this machine need not be waited for before it is asked once more."""
    monkeypatch.setattr("pipcache.live.refresh._PAUSE", 0.05)


@pytest.fixture
def live_index() -> Iterator[Index]:
    with Index() as running:
        yield running


@pytest.fixture
def shop(live_index: Index) -> Shop:
    return Shop(live_index)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, live_index: Index) -> Path:
    """A home whose pip is told of the index."""
    pips = platformdirs.user_cache_dir("pipcache-tests", appauthor=False)
    monkeypatch.setenv("PIPCACHE_TEST_PIPS", os.environ.get("PIPCACHE_TEST_PIPS") or pips)
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    for name, value in clean_environment(tmp_path / "home").items():
        monkeypatch.setenv(name, value)
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "own"))
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("PIP_INDEX_URL", live_index.simple)
    monkeypatch.setenv("PIP_RETRIES", "0")
    monkeypatch.setenv("PIP_TIMEOUT", "2")
    return tmp_path


@pytest.fixture
def filled(shop: Shop, builder: CacheBuilder, home: Path) -> Shop:
    """The shop, after pip 26.3 has filled the cache."""
    shop.fill(builder.root, home, "26.3")
    shop.index.exchanges.clear()
    shop.index.connections = 0
    return shop
