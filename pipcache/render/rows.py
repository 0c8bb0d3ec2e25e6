"""Artifacts as rows of a list: the same cells for a terminal and for a pipe."""

import os
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from pipcache.artifacts import Artifact, Kind
from pipcache.entries import entry_path
from pipcache.text import clean
from pipcache.units import format_age, format_size


class Columns(NamedTuple):
    """The columns of a table: all of them, and those for terminals of less than 60 and 100 columns."""

    names: tuple[str, ...]
    narrow: tuple[str, ...]
    middle: tuple[str, ...]


LIST = Columns(
    ("PROJECT", "VERSION", "KIND", "TAGS", "SIZE", "AGE", "USED", "FROM"),
    ("PROJECT", "VERSION", "KIND", "SIZE"),
    ("PROJECT", "VERSION", "KIND", "SIZE", "AGE", "USED", "FROM"),
)
"""The columns of a list; AGE is since the download or the build, USED since the last reading."""

RIGHT = frozenset({"SIZE", "AGE", "USED", "FILES", "ENTRIES"})
"""The columns that are aligned to the right."""


class Row(NamedTuple):
    """One artifact's cells in the order of its table's columns, cleaned for a terminal."""

    cells: tuple[str, ...]
    is_problem: bool


def make_row(artifact: Artifact, now: float) -> Row:
    """Return the row of ``artifact`` at the time ``now`` (seconds since the epoch)."""
    cells = (
        *name_cells(artifact),
        format_size(artifact.size),
        _age(artifact.made_ns, now),
        _age(artifact.used_ns, now),
        clean(_origin_text(artifact)),
    )
    return Row(cells, artifact.problem is not None)


def name_cells(artifact: Artifact) -> tuple[str, str, str, str]:
    """Return the cells that say which artifact it is: project, version, kind and tags."""
    name = artifact.project or f"({os.path.basename(entry_path(artifact.entry))[:16]})"
    return clean(name), clean(artifact.version or "-"), artifact.kind.value, clean(tag_text(artifact))


def _age(nanoseconds: int | None, now: float) -> str:
    return "-" if nanoseconds is None else format_age(now - nanoseconds / 1e9)


def tag_text(artifact: Artifact) -> str:
    """Return a wheel's tags as its file name has them, its build tag first; "sdist" for an sdist."""
    if artifact.kind is Kind.SDIST:
        return "sdist"
    if not artifact.tags:
        return "-"
    filename = artifact.filename
    text = (
        "-".join(filename[:-4].rsplit("-", 3)[1:]) if filename and filename.endswith(".whl") else artifact.tags[0]
    )
    return f"{artifact.build}-{text}" if artifact.build else text


def _origin_text(artifact: Artifact) -> str:
    if artifact.kind in {Kind.OTHER, Kind.UNKNOWN}:
        return artifact.problem or (artifact.notes[0] if artifact.notes else artifact.came_from or "-")
    return artifact.came_from or "-"


def plain_table(rows: Iterable[Sequence[str]], header: Sequence[str]) -> Iterable[str]:
    """Yield the lines of a table for a pipe: aligned, two blanks between, nothing cut."""
    table = [tuple(header), *map(tuple, rows)]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    widths[-1] = 0  # nothing stands behind the last column
    sides = (">" if name in RIGHT else "<" for name in header)
    line = "  ".join(f"{{:{side}{width}}}" for side, width in zip(sides, widths, strict=True)).replace("<0", "")
    for row in table:
        yield line.format(*row)
