"""What the tests of `audit` share: a cache that holds the bad releases of litellm."""

from __future__ import annotations

import pytest

from tests.support import archives
from tests.support.audits import LITELLM, page, put
from tests.support.caches import CacheBuilder


@pytest.fixture
def litellm(builder: CacheBuilder) -> CacheBuilder:
    for file in LITELLM.values():
        put(builder, file)
    page(builder, "litellm", *LITELLM.values())
    put(builder, archives.build_wheel("litellm-proxy-extras", "1.82.7"))
    return builder
