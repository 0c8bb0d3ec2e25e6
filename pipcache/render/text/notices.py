"""What several commands say on standard error beside their answers."""

from collections.abc import Iterable, Sequence

from pipcache.inventory.artifact import Artifact
from pipcache.location.locate import CacheDirectory
from pipcache.query.selection import Unmatched
from pipcache.render.console import say
from pipcache.store.entries import Entry, UnreadableEntry, is_link_in_store
from pipcache.util.untrusted import clean

_SHOWN = 5


def say_unmatched(cache: CacheDirectory, unmatched: Iterable[Unmatched]) -> None:
    """Say which selectors met nothing, and what may have been meant; of an empty cache all is said."""
    for selector in () if cache.is_empty else unmatched:
        say(f"Nothing matches {clean(selector.text)!r}.{clean(_advice(selector))}")


def _advice(unmatched: Unmatched) -> str:
    name, dash, version = unmatched.text.rpartition("-")
    if unmatched.selector.project and dash and version[:1].isdigit():
        return f" For a version write {name}=={version}."
    if unmatched.versions:
        more = len(unmatched.versions) - _SHOWN
        others = f" and {more:,} more" if more > 0 else ""
        shown = ", ".join(unmatched.versions[:_SHOWN])
        return f" Of {unmatched.selector.project} the cache has {shown}{others}."
    if unmatched.projects:
        return f" The nearest names in the cache: {', '.join(unmatched.projects)}."
    return ""


def say_unreadable(entries: Iterable[Entry]) -> None:
    """Say which places among ``entries`` could not be looked at."""
    unreadable = [entry for entry in entries if isinstance(entry, UnreadableEntry)]
    for entry in unreadable[:_SHOWN]:
        say(f"Could not look at {clean(entry.path)}: {entry.error}")
    if len(unreadable) > _SHOWN:
        say(f"... and at {len(unreadable) - _SHOWN} more places")


def say_unknown(names: Iterable[str]) -> None:
    """Say which folders were read although their layout is newer than what is known here."""
    for name in names:
        say(f"Note: {clean(name)} has a newer layout than is known here; it was read as the last known one.")


def say_others(directory: CacheDirectory, folders: Sequence[str]) -> None:
    """Say which of these folders in a cache of pip's are called as uv's, and were not read."""
    if directory.tool != "pip" or not folders:
        return
    from pipcache.store.installer import is_uv_bucket  # few caches of pip's have other folders

    if names := list(filter(is_uv_bucket, folders)):
        more = f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else ""
        shown = ", ".join(map(clean, names[:_SHOWN]))
        say(f"Note: uv keeps its cache in this directory too; it was not read (--tool uv does): {shown}{more}.")


def links_in_stores(catalogue: Iterable[Artifact]) -> int:
    """Return how many links stand where pip may find entries behind them."""
    return sum(is_link_in_store(artifact.entry) for artifact in catalogue)
