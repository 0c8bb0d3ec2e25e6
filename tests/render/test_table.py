"""Tables for a terminal, held against those that rich draws of the same cells."""

from __future__ import annotations

import io
import sys

import pytest
from hypothesis import given, strategies as st
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from pipcache.render.text import table
from pipcache.render.text.list import LIST
from pipcache.render.text.table import Row


class Terminal(io.StringIO):
    """A terminal that takes any character."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


def written(rows: list[Row], columns: int, **environment: str) -> list[str]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", str(columns))
        patch.setenv("TERM", "dumb")
        for name, value in environment.items():
            patch.setenv(name, value)
        patch.setattr(sys, "stdout", Terminal())
        table.print_rows(rows, LIST)
        assert isinstance(sys.stdout, Terminal)
        return sys.stdout.getvalue().splitlines()


def drawn_by_rich(rows: list[Row], names: tuple[str, ...], widths: list[int]) -> list[str]:
    """The table that rich draws, which cuts and fills cells by rules of its own."""
    expected = Table(box=None, pad_edge=False)
    for name, size in zip(names, widths, strict=True):
        side = "right" if name in table.RIGHT else "left"
        expected.add_column(name, justify=side, no_wrap=True, overflow="ellipsis", width=size)  # type: ignore[arg-type]
    for row in rows:
        expected.add_row(*(Text(row.cells[LIST.names.index(name)]) for name in names))
    stream = io.StringIO()
    Console(file=stream, width=sum(widths) + 2 * len(widths), height=25, color_system=None).print(expected)
    return [line.rstrip() for line in stream.getvalue().splitlines()]


CHARACTERS = st.characters(categories=("L", "M", "N", "P", "S", "Zs"), exclude_characters="\xa0")
CELLS = st.text(CHARACTERS, max_size=30).map(str.strip)
ROWS = st.lists(
    st.tuples(*[CELLS] * len(LIST.names)).map(lambda cells: Row(cells, is_problem=False)), min_size=1, max_size=5
)


@given(rows=ROWS, columns=st.integers(60, 200))
def test_a_table_is_the_one_that_rich_draws(rows: list[Row], columns: int) -> None:
    names = LIST.middle if columns < 100 else LIST.names
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", str(columns))
        widths = table._TerminalTable(rows, LIST)._widths
    assert written(rows, columns) == drawn_by_rich(rows, names, widths)


@given(rows=ROWS, columns=st.integers(20, 200))
def test_no_line_is_wider_than_the_terminal(rows: list[Row], columns: int) -> None:
    assert max(map(cell_len, written(rows, columns))) <= columns


def test_a_problem_is_red_and_a_name_cyan() -> None:
    good, bad = (Row((*"abcdefgh",), is_problem) for is_problem in (False, True))
    head, first, second = written([good, bad], 80, TERM="xterm", NO_COLOR="")
    assert head.startswith("\x1b[1mPROJECT")
    assert first.startswith("\x1b[36ma      \x1b[0m  b")
    assert second.startswith("\x1b[31ma        b")
    assert second.endswith("\x1b[0m")
    for variables in ({"TERM": "xterm", "NO_COLOR": "1"}, {"TERM": "Unknown", "NO_COLOR": ""}):
        assert not any("\x1b" in line for line in written([good, bad], 80, **variables))
