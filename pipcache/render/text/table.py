"""Rows as aligned text for a pipe, or as a table for a terminal."""

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import NamedTuple

from pipcache.render.console import NARROW, as_written, is_terminal, styled, wants_colour, width


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
    table = _TerminalTable(rows, columns)
    sys.stdout.writelines(f"{line}\n" for line in chain((table.head(),), map(table.line, rows)))


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
    table = _TerminalTable(rows, columns)
    sys.stdout.write(f"{table.head()}\n")
    for title, members in groups:
        sys.stdout.writelines(f"{line}\n" for line in (title, *(table.line(_as_written(row)) for row in members)))


def _as_written(row: Row) -> Row:
    return Row(tuple(as_written(cell, sys.stdout) for cell in row.cells), row.is_problem)


def _shown(columns: Columns) -> dict[str, int]:
    """Return the columns for which the terminal has room, with their places."""
    names = columns.narrow if width() < NARROW else columns.middle if width() < 100 else columns.names
    return {name: columns.names.index(name) for name in names}


class _TerminalTable:
    """The lines of a table for a terminal: aligned, and cut where there is no room.

    rich makes a dozen objects of each cell, which takes longer than reading the entry.
    """

    def __init__(self, rows: Sequence[Row], columns: Columns) -> None:
        """Make a table of the columns that the terminal has room for, wide enough for some rows."""
        self._columns = _shown(columns)
        self._widths = _widths(rows, self._columns, width())
        self._mark = _ELLIPSIS if as_written(_ELLIPSIS, sys.stdout) == _ELLIPSIS else ".."
        self._colour = wants_colour(sys.stdout)

    def head(self) -> str:
        """Return the names of the columns as a line."""
        return styled("  ".join(self._cells(list(self._columns))).rstrip(), "bold", colour=self._colour)

    def line(self, row: Row) -> str:
        """Return a row as a line."""
        cells = self._cells([row.cells[index] for index in self._columns.values()])
        if not self._colour or row.is_problem:
            return styled("  ".join(cells).rstrip(), "red", colour=self._colour)
        styles = map(_STYLES.get, self._columns)
        painted = (
            cell if style is None else styled(cell, style, colour=True)
            for cell, style in zip(cells, styles, strict=True)
        )
        return "  ".join(painted).rstrip()

    def _cells(self, texts: Sequence[str]) -> list[str]:
        return [
            _cell(text, size, self._mark, is_right=name in RIGHT)
            for text, size, name in zip(texts, self._widths, self._columns, strict=True)
        ]


def _cell(text: str, size: int, mark: str, *, is_right: bool) -> str:
    """Return a text as wide as its column, with a mark at its end where it is cut."""
    if (needed := _cell_size(text)) > size:
        from rich.cells import set_cell_size  # as for ``_cell_size``

        return set_cell_size(text, size - len(mark)) + mark if size > len(mark) else mark[:size]
    blanks = " " * (size - needed)
    return blanks + text if is_right else text + blanks


def _cell_size(text: str) -> int:
    """Return how many columns of a terminal a text takes: a character of East Asia takes two."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len  # most caches have no such text

    return cell_len(text)


_ELLIPSIS = "…"


_STYLES = {"PROJECT": "cyan", "AGE": "dim", "USED": "dim"}

_ELASTIC = (
    *(("TAGS", 12), ("FROM", 8), ("URL", 24), ("WHY", 40), ("WHAT", 40), ("TAGS", 6)),
    *(("PROJECT", 16), ("VERSION", 8), ("WHY", 14), ("WHAT", 14), ("PROJECT", 8), ("VERSION", 6)),
)
"""The columns that give way when a line is too long, in this order, and how far."""


def _widths(rows: Sequence[Row], columns: Mapping[str, int], available: int) -> list[int]:
    """Return a width for each column: what its cells need, cut where the terminal is too narrow."""
    names = list(columns)
    widths = [max(len(name), *(_cell_size(row.cells[index]) for row in rows)) for name, index in columns.items()]
    excess = sum(widths) + 2 * (len(widths) - 1) - available
    for name, least in _ELASTIC:
        if excess > 0 and name in names:
            at = names.index(name)
            cut = min(excess, max(0, widths[at] - least))
            widths[at] -= cut
            excess -= cut
    for _ in range(excess):  # a terminal of a few columns
        widths[widths.index(max(widths))] -= 1
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
