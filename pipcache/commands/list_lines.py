"""``list --format jsonl``: a line for each artifact as soon as the walk has met it, and nothing kept of it."""

import sys
import time
from collections import Counter
from collections.abc import Iterable

from pipcache.commands.list import ListRequest, keeps_every_kind
from pipcache.inventory.artifact import DISTRIBUTIONS, Artifact, Kind, path_of, unreadable_entries, with_refusals
from pipcache.inventory.body import DigestLookup, digests_of
from pipcache.inventory.collector import open_cache
from pipcache.inventory.identify import identify
from pipcache.location.locate import CacheDirectory
from pipcache.query.filters import Filters
from pipcache.query.selection import Unmatched
from pipcache.render.console import is_terminal, print_answer, say
from pipcache.render.json.list import Totals, line_record, totals_record
from pipcache.render.json.writer import line_of
from pipcache.render.text.notices import say_unknown, say_unmatched, say_unreadable
from pipcache.store.cache import Cache
from pipcache.store.entries import UnreadableEntry
from pipcache.util.progress import Track
from pipcache.util.units import counted

_LENGTH_UNKNOWN = 0


def print_lines(directory: CacheDirectory, request: ListRequest, track: Track) -> bool:
    """Print a line for each artifact in the order of the walk, and one of totals; return whether all was read.

    An artifact has the names that its own files give: index pages name artifacts only when all of them are known.

    Raises:
        CacheNotFound: the directory is a file, or cannot be read.
        NotAPipCache: it holds something, and none of pip's stores.
    """
    cache = open_cache(directory.path, directory.tool)
    entries = cache.stream()
    now = time.time()
    digest_of = _digest_lookup(cache, request)
    keeps_all = keeps_every_kind(request)
    matched: set[int] = set()
    count = size = disk_size = unnamed = 0
    hidden: Counter[Kind] = Counter()
    unreadable: list[UnreadableEntry] = []
    # on a terminal the lines show the progress
    for entry in entries if is_terminal(sys.stdout) else track(entries, _LENGTH_UNKNOWN, "Reading"):
        (artifact,) = with_refusals([identify(cache, entry, deep=True)], cache.refused)
        unreadable += unreadable_entries([artifact])
        if request.filters != Filters() and not request.filters.allow(artifact, now):
            continue
        if request.selectors:
            indexes = [
                index for index, selector in enumerate(request.selectors) if selector.matches(artifact, digest_of)
            ]
            matched.update(indexes)
            # a page is rarely named by its own bytes alone
            unnamed += not indexes and artifact.is_unnamed and (keeps_all or artifact.kind is not Kind.PAGE)
            if not indexes:
                continue
        if not keeps_all and artifact.kind not in DISTRIBUTIONS:
            hidden[artifact.kind] += 1
            continue
        count, size, disk_size = count + 1, size + artifact.size, disk_size + artifact.disk_size
        print_answer(line_of(line_record(artifact)))
    totals = Totals(count, size, disk_size, unnamed)
    print_answer(line_of(totals_record(directory, totals, hidden, unreadable)))
    if unnamed:
        files = counted(unnamed, "artifact")
        say(f"Note: {files} without a name in their own files may match too: --format json reads index pages.")
    say_unmatched(directory, _unmatched(request, matched))
    say_unknown(cache.unknown)
    say_unreadable(unreadable)
    return not unreadable


def _digest_lookup(cache: Cache, request: ListRequest) -> DigestLookup:
    """Return a look-up that hashes an artifact when its digest is asked for, and keeps that of the last one."""
    algorithms = {
        name for selector in request.selectors if selector.digest is not None for name in selector.digest[0]
    }
    last: dict[str, dict[str, str]] = {}

    def digest_of(artifact: Artifact, algorithm: str) -> str | None:
        path = path_of(artifact)
        if path not in last:
            last.clear()
            last[path] = digests_of(cache, artifact, algorithms)
        return last[path].get(algorithm)

    return digest_of


def _unmatched(request: ListRequest, matched: set[int]) -> Iterable[Unmatched]:
    return (Unmatched(selector) for index, selector in enumerate(request.selectors) if index not in matched)
