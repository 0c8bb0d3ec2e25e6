"""The text of ``dir --explain``."""

from collections.abc import Iterator

from pipcache.location.locate import CacheDirectory
from pipcache.util.untrusted import clean


def explain_lines(cache: CacheDirectory) -> Iterator[str]:
    """Yield what ``dir --explain`` adds: every setting that pip asks, with a mark at the one that decided."""
    decided = False
    for setting in cache.settings:
        decides = not decided and setting.source is cache.source and setting.origin == cache.origin
        decided = decided or decides
        says = "not set" if setting.value is None else clean(setting.value)
        note = f"  ({clean(setting.note)})" if setting.note else ""
        yield f"{'->' if decides else '  '} {clean(setting.origin)}: {says}{note}"
    if cache.disabled_by is not None:
        yield f"   {cache.tool}'s cache is switched off by {clean(cache.disabled_by)}"
