"""Marks the most of many like cases as long tests, so that the quick ones stay quick."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import pytest

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from _pytest.mark import ParameterSet

T = TypeVar("T")


def slow_but(quick: int, values: Iterable[T]) -> list[T | ParameterSet]:
    """The values of a parameter: those behind the first `quick` are marked `slow`."""
    return [
        value if number < quick else pytest.param(value, marks=pytest.mark.slow)
        for number, value in enumerate(values)
    ]


def slow_but_every(step: int, values: Iterable[T]) -> list[T | ParameterSet]:
    """The values of a parameter: of every `step` of them, all but the first are marked `slow`."""
    return [
        pytest.param(value, marks=pytest.mark.slow) if number % step else value
        for number, value in enumerate(values)
    ]


def slow_except(quick: Collection[T], values: Iterable[T]) -> list[T | ParameterSet]:
    """The values of a parameter: all but those in `quick` are marked `slow`."""
    return [value if value in quick else pytest.param(value, marks=pytest.mark.slow) for value in values]


NEWEST_PIP = "26.3"
"""The pip of the quick tests that need many seconds for each pip."""

QUICK_PIPS = frozenset({"23.2.1", NEWEST_PIP})
"""Pips of the quick tests, of both layouts; the other pips are tried by the long tests."""
