"""What ``lock`` says beside the lock: what was left out, what is missing, and how to install from it."""

from collections.abc import Iterable, Iterator, Sequence

from pipcache.inventory.artifact import path_of
from pipcache.offline.closure import Missing
from pipcache.offline.supply import LeftOut
from pipcache.util.units import counted, format_size

_SHOWN = 30


def left_out_lines(left_out: Iterable[LeftOut]) -> Iterator[str]:
    """Yield the faulty files that were left out, and of the others how many there are and why."""
    left_out = list(left_out)
    faulty = [left for left in left_out if left.why.is_shortcoming]
    yield from (f"Left out: {_name(left)}: {left.detail}" for left in faulty[:_SHOWN])
    if len(faulty) > _SHOWN:
        yield f"... and {len(faulty) - _SHOWN} more, which --format json lists"
    unneeded: dict[str, list[LeftOut]] = {}
    for left in left_out:
        if not left.why.is_shortcoming:
            unneeded.setdefault(left.why.value, []).append(left)
    for same in unneeded.values():
        first = f"{_name(same[0])}: {same[0].detail}"
        yield f"Not needed: {first}" + (f"; and {len(same) - 1} more for such a reason" if len(same) > 1 else "")


def _name(left: LeftOut) -> str:
    return left.artifact.filename or path_of(left.artifact)


def missing_lines(missing: Sequence[Missing]) -> Iterator[str]:
    """Yield what an installation needs and the lock has not."""
    for lack in missing[:_SHOWN]:
        others = len(lack.needed_by) - 1
        by = lack.needed_by[0] + (f" and {others} more" if others else "")
        yield f"Missing: {lack.requirement}, needed by {by}: {lack.detail}"
    if len(missing) > _SHOWN:
        yield f"... and {len(missing) - _SHOWN} more, which --format json lists"


def several_lines(several: dict[str, list[str]]) -> Iterator[str]:
    """Yield that pip cannot install several versions of a project from one file."""
    if several:
        shown = [f"{project} {', '.join(versions)}" for project, versions in several.items()]
        more = f" and {len(shown) - _SHOWN} more" if len(shown) > _SHOWN else ""
        listed = "; ".join(shown[:_SHOWN]) + more
        yield f"Note: pip refuses this file, for it has several versions of a project (see --latest): {listed}"


def sum_line(files: int, size: int, projects: int, target: str, faulty: int, missing: int) -> str:  # noqa: PLR0917
    """Return the sum of a lock.

    Args:
        files: the number of its files.
        size: their bytes.
        projects: the number of their projects.
        target: for which Python and platform they were chosen.
        faulty: the number of files that were left out for a fault.
        missing: the number of requirements that nothing meets.
    """
    parts = [
        f"Locked {counted(files, 'file')} ({format_size(size)}) of {counted(projects, 'project')} for {target}."
    ]
    parts += [f"Left out: {counted(faulty, 'file')}."] if faulty else []
    parts += [f"Missing: {counted(missing, 'requirement')}."] if missing else []
    return " ".join(parts)
