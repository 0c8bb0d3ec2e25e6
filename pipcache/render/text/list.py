"""The text of ``list``: artifacts as rows of a table."""

import os
from collections.abc import Sequence

from pipcache.inventory.artifact import Artifact, Kind
from pipcache.render.text.table import Columns, Row
from pipcache.store.entries import entry_path
from pipcache.util.units import counted, format_age, format_size
from pipcache.util.untrusted import clean

LIST = Columns(
    ("PROJECT", "VERSION", "KIND", "SIZE", "AGE", "USED", "FROM", "TAGS"),
    ("PROJECT", "VERSION", "KIND", "SIZE"),
    ("PROJECT", "VERSION", "KIND", "SIZE", "AGE", "USED", "FROM"),
)
"""The columns of a list; AGE is since the download or the build, USED since the last reading."""


def make_row(artifact: Artifact, now: float) -> Row:
    """Return the row of ``artifact`` at the time ``now`` (seconds since the epoch)."""
    cells = (
        *name_cells(artifact),
        # old releases of uv noted no size of an sdist, and the archive is gone
        "-" if artifact.store.is_uvs and not artifact.size else format_size(artifact.size),
        _age(artifact.made_ns, now),
        _age(artifact.used_ns, now),
        clean(_origin_text(artifact)),
        clean(tag_text(artifact)),
    )
    return Row(cells, artifact.problem is not None)


def total_line(artifacts: Sequence[Artifact], where: str) -> str:
    """Return the sum of a list in a line; ``where`` is the cache directory."""
    size = format_size(sum(artifact.size for artifact in artifacts))
    return f"{counted(len(artifacts), 'artifact')}, {size} in {clean(where)}"


def name_cells(artifact: Artifact) -> tuple[str, str, str]:
    """Return the cells that say which artifact it is: project, version and kind."""
    name = artifact.project or f"({os.path.basename(entry_path(artifact.entry))[:16]})"
    return clean(name), clean(artifact.version or "-"), artifact.kind.value


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
