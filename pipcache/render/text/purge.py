"""The text of ``remove --advisory`` where it is about many caches: headings, sums and the last line."""

from collections.abc import Iterator, Sequence

from pipcache.audit.auditor import AuditedCache
from pipcache.location.machine import UnreadCache
from pipcache.removal.plan import Plan
from pipcache.render.purged_cache import PurgedCache
from pipcache.render.text.audit import unread_text
from pipcache.render.text.remove import what_goes
from pipcache.util.units import counted, format_size
from pipcache.util.untrusted import clean

_SHOWN = 5


def heading(cache: AuditedCache) -> str:
    """Return the line above what is said of a cache: its path, and what leads to it."""
    return f"{clean(cache.directory.path)}  ({clean(', '.join(cache.owners))})"


def plan_total(plans: Sequence[Plan]) -> str:
    """Return the sum of the plans for several caches in a line."""
    entries = counted(sum(len(plan.removals) for plan in plans), "entry", "entries")
    files = counted(sum(plan.files for plan in plans), "file")
    size = format_size(sum(plan.size for plan in plans))
    return f"{entries}, {files}, {size} in {counted(_busy(plans), 'cache')}"


def what_goes_in_all(plans: Sequence[Plan]) -> str:
    """Return what goes by the plans for several caches, for the question."""
    if len(plans) == 1:
        return what_goes(plans[0])
    files = counted(sum(plan.files for plan in plans), "file")
    return f"{files} ({format_size(sum(plan.size for plan in plans))}) in {counted(_busy(plans), 'cache')}"


def _busy(plans: Sequence[Plan]) -> int:
    return sum(not plan.is_empty for plan in plans)


def problem_lines(caches: Sequence[PurgedCache], unread: Sequence[UnreadCache]) -> Iterator[str]:
    """Yield a line for each place that could not be read or changed, and for each cache that is not read."""
    for cache in caches:
        if cache.problem is not None:
            yield f"Not done: {heading(cache.before)}: {clean(cache.problem)}"
    for other in unread:
        yield f"Not looked at: {clean(unread_text(other))}. {clean(other.installer.remedy(other.path))}"


def last_line(
    caches: Sequence[PurgedCache], unread: Sequence[UnreadCache], unmatched: Sequence[str], *, dry_run: bool
) -> str:
    """Return the sum of a run over all caches of a machine: the proof that all is gone, or what is missing.

    Args:
        caches: what became of each cache.
        unread: caches of other installers.
        unmatched: patterns of ids that no record has.
        dry_run: nothing was to be removed.
    """
    read = counted(sum(cache.before.is_read for cache in caches), "cache")
    stays = sum(len(cache.stays) for cache in caches)
    if any(cache.is_looked_at_again for cache in caches):
        result = f"still finds {counted(stays, 'entry', 'entries')}" if stays else "finds nothing"
        parts = [f"A second look at {read} {result}"]
    elif dry_run and (goes := sum(len(cache.plan.removals) for cache in caches)):
        parts = [f"Looked at {read}: {counted(goes, 'entry', 'entries')} would be removed"]
    else:
        parts = [f"Looked at {read}: " + ("nothing was removed" if stays else "nothing was found")]
    if stays and not any(cache.is_looked_at_again for cache in caches):
        parts.append(f"{counted(stays, 'entry', 'entries')} cannot be removed")
    problems = [cache for cache in caches if cache.problem is not None]
    if problems:
        paths = ", ".join(clean(cache.before.directory.path) for cache in problems[:_SHOWN])
        more = f" and {len(problems) - _SHOWN:,} more" if len(problems) > _SHOWN else ""
        parts.append(f"{counted(len(problems), 'place')} could not be judged or changed: {paths}{more}")
    if unread:
        verb = "was" if len(unread) == 1 else "were"
        paths = ", ".join(f"{other.installer}: {clean(other.path)}" for other in unread[:_SHOWN])
        more = f" and {len(unread) - _SHOWN:,} more" if len(unread) > _SHOWN else ""
        parts.append(f"{counted(len(unread), 'cache')} of other installers {verb} not looked at ({paths}{more})")
    if unjudged := sum(len(cache.unjudged) for cache in caches):
        parts.append(f"{counted(unjudged, 'entry', 'entries')} could not be judged")
    if unmatched:
        parts.append(f"{counted(len(unmatched), 'pattern')} of --only-ids without a record")
    return "; ".join(parts) + "."
