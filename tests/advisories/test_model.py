"""Ranges hold the versions that the OSV schema says."""

from __future__ import annotations

import pytest

from pipcache.advisories.model import Range


@pytest.mark.parametrize(
    ("events", "inside", "outside"),
    [
        ([("introduced", "0")], ["0.dev0", "0a1", "1.0", "2!0", "1.0+local"], ["", "old", "1.0-x-y"]),
        ([("introduced", "0"), ("fixed", "2.0")], ["1.9", "2.0rc1", "2.0.dev1"], ["2.0", "2", "2.0.post1", "1!0"]),
        (
            [("introduced", "0.5.15"), ("last_affected", "0.5.16")],
            ["0.5.15", "0.5.16"],
            ["0.5.14", "0.5.16.post1"],
        ),
        (
            [("introduced", "1"), ("fixed", "1.2"), ("introduced", "3"), ("fixed", "3.2")],
            ["1.0", "3.1.9"],
            ["0.9", "1.2", "2.9", "3.2"],
        ),
        ([("fixed", "2"), ("introduced", "0")], ["1"], ["2", "3"]),
        ([("introduced", "1"), ("last_affected", "1")], ["1.0"], ["1.0.1", "0.9"]),
        ([("introduced", "1"), ("limit", "3")], ["1", "2.9"], ["3", "4"]),
        ([("introduced", "1"), ("limit", "2"), ("limit", "*")], ["1", "4"], ["0.9"]),
        ([("introduced", "1.2-1")], ["1.2.post1", "1.3"], ["1.2"]),
        ([("introduced", "1" * 5)], ["1" * 5], ["1" * 4, "1." + "9" * 5000]),
    ],
)
def test_ranges_hold_what_the_schema_says(
    events: list[tuple[str, str]], inside: list[str], outside: list[str]
) -> None:
    span = Range(tuple(events))
    assert [version for version in inside if not span.contains(version)] == []
    assert [version for version in outside if span.contains(version)] == []


def test_ranges_are_told_in_words() -> None:
    assert Range((("introduced", "0.5.15"), ("last_affected", "0.5.16"))).text() == (
        "introduced 0.5.15, last affected 0.5.16"
    )
    assert Range((("introduced", "0"), ("fixed", "2.0"))).text() == "introduced 0, fixed 2.0"
