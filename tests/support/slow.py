"""Marks the most of many like cases as long tests, so that the quick ones stay quick."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _pytest.mark import ParameterSet


def slow_but(quick: int, values: Iterable[str]) -> list[str | ParameterSet]:
    """The values of a parameter: those behind the first `quick` are marked `slow`."""
    return [
        value if number < quick else pytest.param(value, marks=pytest.mark.slow)
        for number, value in enumerate(values)
    ]
