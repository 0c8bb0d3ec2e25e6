"""Rows to a list: aligned text for a pipe, a rich table for a terminal."""

import sys
from collections.abc import Iterable, Sequence

from pipcache.render.console import is_terminal, width
from pipcache.render.rows import COLUMNS, RIGHT, Row, plain_table

_NARROW = (("PROJECT", "VERSION", "KIND", "SIZE"), 60)
_MIDDLE = (("PROJECT", "VERSION", "KIND", "SIZE", "AGE", "USED", "FROM"), 100)


def print_rows(rows: Sequence[Row]) -> None:
    """Print a list: everything for a pipe, what fits for a terminal."""
    if not rows:
        return
    if not is_terminal(sys.stdout):
        sys.stdout.write("\n".join(plain_table((row.cells for row in rows), COLUMNS)) + "\n")
        return
    names = next((names for names, limit in (_NARROW, _MIDDLE) if width() < limit), COLUMNS)
    _print_rich(rows, [COLUMNS.index(name) for name in names])


def _print_rich(rows: Iterable[Row], columns: Sequence[int]) -> None:
    from rich.console import Console  # noqa: PLC0415 - costs more than everything else a piped list does
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(box=None, pad_edge=False, header_style="bold")
    for index in columns:
        name = COLUMNS[index]
        table.add_column(
            name,
            justify="right" if name in RIGHT else "left",
            no_wrap=True,
            overflow="ellipsis",
            min_width=8 if name in {"PROJECT", "SIZE"} else None,
            style={"PROJECT": "cyan", "AGE": "dim", "USED": "dim"}.get(name),
        )
    for row in rows:
        # Text, never markup: the cells are words of strangers
        table.add_row(*(Text(row.cells[index]) for index in columns), style="red" if row.is_problem else None)
    Console(width=width(), highlight=False).print(table)
