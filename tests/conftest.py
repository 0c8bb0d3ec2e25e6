"""What many tests stand on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.caches import CacheBuilder
from tests.support.index import Index, add_standard_projects
from tests.support.pips import make_certificate
from tests.support.program import Program

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.index import Certificate


@pytest.fixture
def builder(tmp_path: Path) -> CacheBuilder:
    """A cache that grows entry by entry."""
    return CacheBuilder(tmp_path / "cache")


@pytest.fixture
def program(builder: CacheBuilder, capsys: pytest.CaptureFixture[str]) -> Program:
    """The program on that cache."""
    return Program(builder.root, capsys)


@pytest.fixture
def index() -> Iterator[Index]:
    """A running index with the standard projects, over plain http."""
    with Index() as running:
        add_standard_projects(running)
        yield running


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """A certificate for the loopback interface, for an index over https."""
    return make_certificate(tmp_path_factory.mktemp("certificate"))
