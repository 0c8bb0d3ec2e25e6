"""What ``export`` says: what was refused, left out and missing, and the sum."""

from collections.abc import Iterable, Iterator, Sequence

from pipcache.offline.export import Export, Exported, Refused
from pipcache.offline.export_writer import How
from pipcache.util.units import counted, format_size

_SHOWN = 30


def refused_lines(refused: Sequence[Refused]) -> Iterator[str]:
    """Yield the files that the export has with other bytes."""
    yield from (f"Refused: {file.name}: {file.detail}" for file in refused[:_SHOWN])
    if len(refused) > _SHOWN:
        yield f"... and {len(refused) - _SHOWN} more, which --format json lists"


def note_lines(files: Iterable[Exported]) -> Iterator[str]:
    """Yield what else is to say of files that were exported."""
    yield from (f"Note: {exported.note}" for exported in files if exported.note)


def copied_line(files: Iterable[Exported], wanted: How) -> str:
    """Return how many files were copied that were to share the bytes of the cache; empty where none were.

    Args:
        files: the files of the export.
        wanted: how they were to come into the export.
    """
    copied = sum(exported.how is How.COPY for exported in files) if wanted is not How.COPY else 0
    if not copied:
        return ""
    why = "the system cannot share them, or they are parts of files of the old layout"
    return f"Note: {counted(copied, 'file')} had to be copied: {why}."


def sum_line(export: Export, folder: str, faulty: int, missing: int, *, is_dry: bool) -> str:
    """Return the sum of an export.

    Args:
        export: what was exported.
        folder: where to, as it was named.
        faulty: the number of files that were left out for a fault.
        missing: the number of requirements that nothing meets.
        is_dry: nothing was written.
    """
    files = export.files
    size = sum(exported.row.size for exported in files)
    new = sum(exported.how is not How.KEPT for exported in files)
    projects = len({exported.file.locked.project for exported in files})
    verb = "Would export" if is_dry else "Exported"
    what = f"{counted(len(files), 'file')} ({format_size(size)}) of {counted(projects, 'project')}"
    parts = [f"{verb} {what} into {folder}: {new} new."]
    built = sum(exported.row.mark is not None for exported in files)
    parts += [f"Marked as built here or unverified: {counted(built, 'file')}."] if built else []
    parts += [f"Refused: {counted(len(export.refused), 'file')}."] if export.refused else []
    parts += [f"Left out: {counted(faulty, 'file')}."] if faulty else []
    parts += [f"Missing: {counted(missing, 'requirement')}."] if missing else []
    return " ".join(parts)
