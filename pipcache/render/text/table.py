"""Rows as aligned text for a pipe, or as a table for a terminal."""

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import NamedTuple

from pipcache.render.console import NARROW, as_written, is_terminal, rich_console, width


class Row(NamedTuple):
    """One artifact's cells in the order of its table's columns, cleaned for a terminal."""

    cells: tuple[str, ...]
    is_problem: bool


class Columns(NamedTuple):
    """The columns of a table: all of them, and those for terminals of less than 60 and 100 columns."""

    names: tuple[str, ...]
    narrow: tuple[str, ...]
    middle: tuple[str, ...]


def print_rows(rows: Iterable[Row], columns: Columns) -> None:
    """Print a table: everything for a pipe, what fits for a terminal; nothing without rows."""
    if as_written(_ELLIPSIS, sys.stdout) != _ELLIPSIS:  # else what is written is as wide as it is here
        rows = map(_as_written, rows)
    if not is_terminal(sys.stdout):
        lines = plain_table((row.cells for row in rows), columns.names)
        head = next(lines)
        if (first := next(lines, None)) is not None:
            sys.stdout.writelines(line + "\n" for line in chain((head, first), lines))
        return
    rows = [*rows]
    if not rows:
        return
    shown = _shown(columns)
    _print_rich(rows, shown, _widths(rows, shown, width()))


def print_groups(groups: Sequence[tuple[str, Sequence[Row]]], columns: Columns) -> None:
    """Print a table of several groups of rows, each with rows, below a line of its own."""
    rows = [row for _, members in groups for row in members]
    if not rows:
        return
    if not is_terminal(sys.stdout):
        lines = iter([*plain_table((_as_written(row).cells for row in rows), columns.names)])
        print_lines = [next(lines)]
        for title, members in groups:
            print_lines += [title, *(next(lines) for _ in members)]
        sys.stdout.write("\n".join(print_lines) + "\n")
        return
    shown = _shown(columns)
    widths = _widths(rows, shown, width())
    _print_rich([], shown, widths)
    for title, members in groups:
        sys.stdout.write(f"{title}\n")
        sys.stdout.flush()
        _print_rich([_as_written(row) for row in members], shown, widths, has_header=False)


def _as_written(row: Row) -> Row:
    return Row(tuple(as_written(cell, sys.stdout) for cell in row.cells), row.is_problem)


def _shown(columns: Columns) -> dict[str, int]:
    """Return the columns for which the terminal has room, with their places."""
    names = columns.narrow if width() < NARROW else columns.middle if width() < 100 else columns.names
    return {name: columns.names.index(name) for name in names}


def _print_rich(
    rows: Sequence[Row], columns: Mapping[str, int], widths: Sequence[int], *, has_header: bool = True
) -> None:
    from rich.table import Table  # costs more than everything else a piped list does
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold", show_header=has_header)
    has_ellipsis = as_written(_ELLIPSIS, sys.stdout) == _ELLIPSIS
    for name, column_width in zip(columns, widths, strict=True):
        table.add_column(
            name,
            justify="right" if name in RIGHT else "left",
            no_wrap=True,
            overflow="ellipsis",
            width=column_width,
            style=_STYLES.get(name),
        )
    for row in rows:
        # Text, never markup: the cells are words of strangers
        cells = [row.cells[index] for index in columns.values()]
        if not has_ellipsis:
            cells = [_cut(cell, width) for cell, width in zip(cells, widths, strict=True)]
        table.add_row(*map(Text, cells), style="red" if row.is_problem else None)
    rich_console(sys.stdout).print(table)


_ELLIPSIS = "…"


def _cut(cell: str, width: int) -> str:
    return cell if len(cell) <= width else cell[: max(0, width - 2)] + ".."


_STYLES = {"PROJECT": "cyan", "AGE": "dim", "USED": "dim"}

_ELASTIC = (
    *(("TAGS", 12), ("FROM", 8), ("URL", 24), ("WHY", 40), ("WHAT", 40), ("TAGS", 6)),
    *(("PROJECT", 16), ("VERSION", 8), ("WHY", 14), ("WHAT", 14), ("PROJECT", 8), ("VERSION", 6)),
)
"""The columns that give way when a line is too long, in this order, and how far."""


def _widths(rows: Sequence[Row], columns: Mapping[str, int], available: int) -> list[int]:
    """Return a width for each column: what its cells need, cut where the terminal is too narrow."""
    from rich.cells import cell_len  # a character of East Asia takes two columns

    names = list(columns)
    widths = [max(len(name), *(cell_len(row.cells[index]) for row in rows)) for name, index in columns.items()]
    excess = sum(widths) + 2 * (len(widths) - 1) - available
    for name, least in _ELASTIC:
        if excess > 0 and name in names:
            at = names.index(name)
            cut = min(excess, max(0, widths[at] - least))
            widths[at] -= cut
            excess -= cut
    return widths


RIGHT = frozenset({"SIZE", "AGE", "USED", "FILES", "ENTRIES"})
"""The columns that are aligned to the right."""


_BETWEEN = "\0"
"""Stands between cells in memory; cleaned text does not have it."""


def plain_table(rows: Iterable[Sequence[str]], header: Sequence[str]) -> Iterator[str]:
    """Yield the lines of a table for a pipe: aligned, two blanks between, nothing cut."""
    widths = [0] * len(header)
    table: list[str | Sequence[str]] = []
    for row in chain((header,), rows):
        widths = [*map(max, widths, map(len, row))]
        # one text takes a fifth of the memory of eight
        joined = _BETWEEN.join(row)
        table.append(joined if joined.count(_BETWEEN) == len(header) - 1 else row)
    if header[-1] not in RIGHT:
        widths[-1] = 0  # nothing stands behind the last column
    sides = (">" if name in RIGHT else "<" for name in header)
    line = "  ".join(f"{{:{side}{width}}}" for side, width in zip(sides, widths, strict=True)).replace("<0", "")
    for cells in table:
        yield line.format(*(cells.split(_BETWEEN) if isinstance(cells, str) else cells)).rstrip()
