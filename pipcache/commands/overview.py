"""``info``: the sums over the whole cache."""

import sys
import time

from pipcache.catalogue import Need, read_catalogue
from pipcache.location import CacheDirectory, configured_indexes
from pipcache.progress import Track
from pipcache.render.console import wants_colour, width
from pipcache.render.document import dump, info_document
from pipcache.render.info import info_lines
from pipcache.summary import Summary, summarise


def find(cache: CacheDirectory, track: Track) -> Summary:
    """Read the cache and add it up.

    Raises:
        CacheNotFound: the directory is missing, is a file, or cannot be read.
        NotAPipCache: it holds none of pip's stores.
    """
    return summarise(read_catalogue(cache.path, Need(), configured_indexes, track))


def write(cache: CacheDirectory, summary: Summary, form: str) -> None:
    """Print the answer."""
    if form == "json":
        print(dump(info_document(cache, summary)))  # noqa: T201
        return
    colour = wants_colour(sys.stdout)
    for line in info_lines(cache, summary, now=time.time(), width=width(), colour=colour):
        print(line)  # noqa: T201
