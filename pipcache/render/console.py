"""Where text goes: the answer to standard output, narration to standard error, colour only where it is welcome."""

import os
import shutil
import sys
from collections.abc import Iterable, Sequence
from typing import IO

from pipcache.render.rows import COLUMNS, RIGHT, Row, plain_table

_NARROW = (("PROJECT", "VERSION", "KIND", "SIZE"), 60)
_MIDDLE = (("PROJECT", "VERSION", "KIND", "SIZE", "AGE", "USED", "FROM"), 100)


def prepare_streams() -> None:
    """Let no character break the output: what a stream's encoding lacks is written as an escape."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


def is_terminal(stream: IO[str]) -> bool:
    """True when a person reads the stream."""
    try:
        return stream.isatty()
    except ValueError:
        return False


def wants_colour(stream: IO[str]) -> bool:
    """True for a terminal that shows colour and a person who did not refuse it (NO_COLOR)."""
    return is_terminal(stream) and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


_CODES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}


def styled(text: str, style: str, *, colour: bool) -> str:
    """Return ``text`` in a terminal's ``style``, or as it is."""
    return f"\x1b[{_CODES[style]}m{text}\x1b[0m" if colour and text else text


def width() -> int:
    """Return the terminal's width in columns."""
    return max(20, shutil.get_terminal_size().columns)


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


def say(message: str) -> None:
    """Print narration to standard error."""
    sys.stderr.write(message + "\n")
