"""What the tests of advisories share: files are read."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from pipcache.advisories.loader import read_advisories

if TYPE_CHECKING:
    from pipcache.advisories.model import Advisories
    from tests.support.advisory_samples import Read, Write


@pytest.fixture
def read(write: Write) -> Read:
    """Reads a file of that name; what is no text is written as JSON."""

    def result(name: str, content: object) -> Advisories:
        return read_advisories(
            [write(name, content if isinstance(content, (str, bytes)) else json.dumps(content))]
        )

    return result
