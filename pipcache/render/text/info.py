"""The text of ``info``."""

import sys
from collections.abc import Iterable, Iterator, Sequence

from pipcache.inventory.artifact import Artifact
from pipcache.inventory.summary import LastUse, Summary, Total
from pipcache.location.locate import CacheDirectory
from pipcache.prune.outlook import Prospect
from pipcache.render.console import as_written, styled
from pipcache.render.text.table import plain_table
from pipcache.render.text.wrap import fit_line
from pipcache.util.units import counted, format_age, format_size
from pipcache.util.untrusted import clean

_BAR = 30


def info_lines(
    cache: CacheDirectory, summary: Summary, use: LastUse, *, now: float, width: int, colour: bool
) -> Iterator[str]:
    """Yield the lines of ``info`` for a page ``width`` columns wide."""
    yield f"{clean(cache.path)}"
    yield f"decided by {clean(cache.origin)}"
    if cache.disabled_by is not None:
        yield f"{cache.tool} does not use it now: {clean(cache.disabled_by)}"
    yield ""
    yield f"{_sum(summary.total)} on disk"
    for title, totals in (("By store", summary.stores), ("By kind", summary.kinds)):
        yield from _bars(title, totals, width, colour=colour)
    shown = len(summary.projects)
    title = f"Largest projects ({shown} of {summary.project_count})"
    yield from _bars(title, summary.projects, width, colour=colour)
    title = "By last use" if use.is_recorded else "By last writing (this file system does not record reading)"
    yield from _bars(title, [total for total in use.totals if total.entries], width, colour=colour)
    yield ""
    for label, artifact in (("Oldest", summary.oldest), ("Newest", summary.newest)):
        if artifact is not None:
            yield f"{label}: {_named(artifact, now)}"
    if summary.unnamed.entries:
        yield f"Not named: {_sum(summary.unnamed)} (pipcache list --unnamed{clean(cache.option)})"
    if summary.old_only.entries:
        yield f"Only for old pips: {_sum(summary.old_only)} (pip 23.3 and newer do not read them)"
    if summary.unreadable:
        yield f"Could not be looked at: {counted(summary.unreadable, 'place', 'places')}"


_WHY = {
    "": "no pip can use it again",
    "--keep-latest 1": "there is a newer version",
    "--duplicates": "another download has its bytes",
    "--old-layouts": "only old pips read it",
    "--unused-for 90d": "unused for 90 days",
}


_SEVERAL = "An entry may count more than once. --dry-run shows what a command would remove."


def prospect_lines(
    cache: CacheDirectory, prospects: Iterable[Prospect], *, width: int, colour: bool
) -> Iterator[str]:
    """Yield what could go, why, and by which command; nothing for an empty cache."""
    if cache.is_empty:
        return
    yield ""
    yield styled("What could go", "bold", colour=colour)
    rows = [
        (
            _WHY.get(prospect.option, ""),
            f"{prospect.entries:,}",
            format_size(prospect.size),
            f"pipcache prune {prospect.option}".rstrip() + clean(cache.option),
        )
        for prospect in prospects
        if prospect.entries
    ]
    if not rows:
        yield from fit_line("Nothing: all of it is of use, and of the newest version", width, 0)
        return
    table = list(plain_table(rows, ("WHY", "ENTRIES", "SIZE", "COMMAND")))
    if max(map(len, table)) <= width:
        yield from table
    else:
        for why, entries, size, command in rows:
            count = counted(int(entries.replace(",", "")), "entry", "entries")
            yield from fit_line(f"{why}: {count}, {size}", width, 2)
            yield f"  {command}"
    if len(rows) > 1:
        yield from fit_line(_SEVERAL, width, 0)


def _sum(total: Total) -> str:
    return f"{counted(total.entries, 'entry', 'entries')}, {format_size(total.size)}"


def _named(artifact: Artifact, now: float) -> str:
    name = artifact.filename or artifact.project or artifact.key or "?"
    return f"{clean(name)} ({format_age(now - (artifact.made_ns or 0) / 1e9)}, {format_size(artifact.size)})"


def _bars(title: str, totals: Sequence[Total], width: int, *, colour: bool) -> Iterator[str]:
    if not totals:
        return
    yield ""
    yield styled(title, "bold", colour=colour)
    names = [_cut(clean(total.name), max(8, min(24, width - 22))) for total in totals]
    widest = max(map(len, names))
    room = min(_BAR, width - widest - 2 - 7 - 2 - 10 - 2)
    largest = max(total.size for total in totals) or 1
    block = "█" if as_written("█", sys.stdout) == "█" else "#"
    for name, total in zip(names, totals, strict=True):
        bar = block * max(round(room * total.size / largest), 1 if total.size else 0) if room > 3 else ""
        figures = f"{name.ljust(widest)}  {total.entries:>7,}  {format_size(total.size):>10}"
        yield f"{figures}  {styled(bar, 'cyan', colour=colour)}".rstrip()


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 2] + ".."
