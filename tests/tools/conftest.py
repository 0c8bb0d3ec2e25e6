"""Everything in this folder starts installers other than pip."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.offline.conftest import shelf as shelf  # noqa: PLC0414 - the fixture

FOLDER = Path(__file__).parent


@pytest.hookimpl(tryfirst=True)  # before the tests are chosen by their marks
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of this folder."""
    for item in items:
        if FOLDER in item.path.parents:
            item.add_marker(pytest.mark.tools)
