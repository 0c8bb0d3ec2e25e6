"""What `info` says could go is what `prune` would take, policy by policy; and when all of it was last used."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pytest

from tests.support import archives, caches
from tests.support.caches import CacheBuilder

if TYPE_CHECKING:
    from tests.support.program import Program

DAY = 86400
FILES = "https://files.example/packages"


@pytest.fixture
def cache(builder: CacheBuilder) -> CacheBuilder:
    """Two versions of a project, a file twice, an old store and a leftover, of different ages."""
    days = 0
    for version in ("1.0", "2.0"):
        filename, data = archives.build_wheel("foo", version)
        builder.download(f"{FILES}/{filename}", data)
    filename, data = archives.build_wheel("bar", "1.0")
    for mirror in ("one", "two"):
        builder.download(f"https://{mirror}.example/{filename}", data)
    filename, data = archives.build_wheel("old", "1.0")
    builder.legacy(f"{FILES}/{filename}", data)
    builder.raw("https://index.example/gone/", caches.serialize(b""))  # a head whose body is gone
    for path in sorted(builder.root.rglob("*")):
        if path.is_file():
            days += 25
            os.utime(path, (time.time() - days * DAY,) * 2)
    return builder


@pytest.mark.usefixtures("cache")
def test_what_could_go_is_what_prune_would_take(program: Program) -> None:
    rows = {row["policy"]: row for row in program("info", "--format", "json").document["could_go"]}
    assert list(rows) == ["dead-weight", "keep-latest 1", "duplicates", "old-layouts", "unused-for 90d"]
    for policy, row in rows.items():
        options = [] if policy == "dead-weight" else f"--{policy}".split()
        taken = program("prune", *options, "--dry-run", "--format", "json").document["policies"]
        expected = [entry for entry in taken if entry["policy"] == policy.split()[0]]
        assert [{**row, "policy": policy.split()[0]}] == expected, policy
        assert row["entries"], policy


def test_the_text_has_a_command_for_each(
    cache: CacheBuilder, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "400")
    lines = program("info").lines
    rows = lines[lines.index("What could go") + 2 : -1]
    option = f"--cache-dir {cache.root}"
    assert [row[row.index("pipcache") :] for row in rows] == [
        f"pipcache prune {option}",
        f"pipcache prune --keep-latest 1 {option}",
        f"pipcache prune --duplicates {option}",
        f"pipcache prune --old-layouts {option}",
        f"pipcache prune --unused-for 90d {option}",
    ]
    monkeypatch.setenv("COLUMNS", "40")
    narrow = program("info").lines
    assert [f"  {row[row.index('pipcache') :]}" for row in rows] == [
        line for line in narrow if "  pipcache" in line
    ]


@pytest.mark.usefixtures("cache")
def test_times_of_last_use_add_up(program: Program) -> None:
    document = program("info", "--format", "json").document
    spans = document["by_last_use"]
    assert sum(span["count"] for span in spans) == document["total"]["count"]
    assert sum(span["disk_size"] for span in spans) == document["total"]["disk_size"]
    assert [span["name"] for span in spans if span["count"]][-1] == "90 days to 1 year ago"
    assert document["last_use"] in {"access time", "modification time"}


def test_where_nothing_could_go_it_says_so(builder: CacheBuilder, program: Program) -> None:
    filename, data = archives.build_wheel("foo", "1.0")
    builder.download(f"{FILES}/{filename}", data)
    assert program("info").lines[-2:] == [
        "What could go",
        "Nothing: all of it is of use, and of the newest version",
    ]


def test_an_empty_cache_has_nothing_that_could_go(program: Program) -> None:
    assert "What could go" not in program("info").out
