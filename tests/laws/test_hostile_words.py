"""Hostile words in every place that holds words are printed as harmless text."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.answers import FILE, WORDS, Answer, about, add_words, check_all, named_wheel
from tests.support.caches import CacheBuilder

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

pytestmark = pytest.mark.usefixtures("alone")


@pytest.mark.slow
def test_hostile_words_are_printed_as_harmless_text(
    tmp_path: Path, ask: Callable[[Path, Sequence[str]], Answer]
) -> None:
    builder = CacheBuilder(tmp_path / "cache")
    for number, word in enumerate([*WORDS, "caf\udce9"]):
        add_words(builder, word, number)
    check_all(builder.root, ask)


def test_rich_markup_is_shown_as_it_is_written(
    tmp_path: Path, ask: Callable[[Path, Sequence[str]], Answer]
) -> None:
    builder = CacheBuilder(tmp_path / "cache")
    builder.download(FILE, named_wheel("foo[bold]-1.0[red]", "py3-none-any", about("pkg[extra]", "1.0[/red]")))
    assert "foo[bold]  1.0[red]" in ask(builder.root, ("list",)).text
    shown = ask(builder.root, ("show", "*")).text
    assert "pkg[extra]" in shown
    assert "1.0[/red]" in shown
