"""``info``: sums over the whole cache."""

import sys
import time

from pipcache.inventory.artifact import with_refusals
from pipcache.inventory.collector import Need, read_inventory
from pipcache.inventory.summary import Summary, summarise
from pipcache.location.locate import CacheDirectory, configured_indexes
from pipcache.render.console import print_answer, wants_colour, width
from pipcache.render.json.info import info_document
from pipcache.render.json.records import dump
from pipcache.render.text.info import info_lines
from pipcache.store.cache import Cache
from pipcache.util.progress import Track


def find(directory: CacheDirectory, track: Track) -> Summary:
    """Read the cache and add it up.

    Raises:
        CacheNotFound: the directory is a file, or cannot be read.
        NotAPipCache: it holds something, and none of pip's stores.
    """
    cache = Cache(directory.path)
    # pages are named too, so that what is not named is what list --unnamed lists
    artifacts = read_inventory(cache, Need(pages=True), configured_indexes, track)
    return summarise(with_refusals(artifacts, cache.refused))


def write(directory: CacheDirectory, summary: Summary, form: str) -> None:
    """Print the answer."""
    if form == "json":
        print_answer(dump(info_document(directory, summary)))
        return
    colour = wants_colour(sys.stdout)
    for line in info_lines(directory, summary, now=time.time(), width=width(), colour=colour):
        print(line)  # noqa: T201
