"""What several commands say on standard error beside their answers."""

from collections.abc import Iterable

from pipcache.inventory.artifact import Artifact
from pipcache.location.locate import CacheDirectory
from pipcache.query.selector import Selector
from pipcache.render.console import say
from pipcache.store.entries import Entry, UnreadableEntry, is_link_in_store
from pipcache.util.untrusted import clean

_SHOWN = 5


def say_unmatched(cache: CacheDirectory, selectors: Iterable[Selector]) -> None:
    """Say which selectors met nothing, and how a likely slip would be written; of an empty cache all is said."""
    for selector in () if cache.is_empty else selectors:
        name, dash, version = selector.text.rpartition("-")
        looks_like_a_version = selector.project and dash and version[:1].isdigit()
        advice = f" For a version write {name}=={version}." if looks_like_a_version else ""
        say(f"Nothing matches {clean(selector.text)!r}.{clean(advice)}")


def say_unreadable(entries: Iterable[Entry]) -> None:
    """Say which places among ``entries`` could not be looked at."""
    unreadable = [entry for entry in entries if isinstance(entry, UnreadableEntry)]
    for entry in unreadable[:_SHOWN]:
        say(f"Could not look at {clean(entry.path)}: {entry.error}")
    if len(unreadable) > _SHOWN:
        say(f"... and at {len(unreadable) - _SHOWN} more places")


def links_in_stores(catalogue: Iterable[Artifact]) -> int:
    """Return how many links stand where pip may find entries behind them."""
    return sum(is_link_in_store(artifact.entry) for artifact in catalogue)
