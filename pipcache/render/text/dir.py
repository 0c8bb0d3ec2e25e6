"""The text of ``dir --explain``."""

from collections.abc import Iterator

from pipcache.location.locate import CacheDirectory
from pipcache.util.untrusted import clean


def explain_lines(cache: CacheDirectory) -> Iterator[str]:
    """Yield what ``dir --explain`` adds: every place that pip asks, with a mark at the place that decided."""
    decided = False
    for place in cache.considered:
        decides = not decided and place.source is cache.source and place.origin == cache.origin
        decided = decided or decides
        says = "says nothing" if place.value is None else clean(place.value)
        note = f"  ({clean(place.note)})" if place.note else ""
        yield f"{'->' if decides else '  '} {clean(place.origin)}: {says}{note}"
    if cache.disabled_by is not None:
        yield f"   pip's cache is switched off by {clean(cache.disabled_by)}"
