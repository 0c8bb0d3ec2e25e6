"""What the tests of what other machines install share: a shelf, and caches that releases of uv have filled."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.offline.conftest import shelf as shelf  # noqa: PLC0414 - the fixture
from tests.support.real_uvs import RELEASES, full_cache

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.real_uvs import FullCache


@pytest.fixture(scope="module", params=RELEASES)
def full(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FullCache]:
    """A cache that a release has filled; the tests of a module share it."""
    with full_cache(request.param, tmp_path_factory.mktemp("uv")) as cache:
        yield cache
