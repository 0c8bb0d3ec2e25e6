"""What the tests of advisories share: files are written and read."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from pipcache.advisories.loader import read_advisories

if TYPE_CHECKING:
    from pathlib import Path

    from pipcache.advisories.model import Advisories
    from tests.support.advisory_samples import Read, Write


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a file, and gives its path."""

    def written(name: str, content: str | bytes) -> str:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return str(path)

    return written


@pytest.fixture
def read(write: Write) -> Read:
    """Reads a file of that name; what is no text is written as JSON."""

    def result(name: str, content: object) -> Advisories:
        return read_advisories(
            [write(name, content if isinstance(content, (str, bytes)) else json.dumps(content))]
        )

    return result
