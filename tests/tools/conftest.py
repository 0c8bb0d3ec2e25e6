"""The shelf of the tests of what other machines install."""

from __future__ import annotations

from tests.offline.conftest import shelf as shelf  # noqa: PLC0414 - the fixture
