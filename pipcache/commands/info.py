"""``info``: sums over the whole cache, and what could go."""

import sys
import time
from collections.abc import Sequence
from typing import NamedTuple

from pipcache.inventory.artifact import unreadable_entries, with_refusals
from pipcache.inventory.collector import Need, open_cache, read_inventory
from pipcache.inventory.summary import LastUse, Summary, sum_by_age, summarise
from pipcache.location.locate import CacheDirectory
from pipcache.prune.outlook import Prospect, look_out
from pipcache.render.console import fitted, print_answer, wants_colour, width
from pipcache.render.text.info import info_lines, prospect_lines
from pipcache.render.text.notices import say_others, say_unknown, say_unreadable
from pipcache.store.entries import UnreadableEntry, stray_folders
from pipcache.util.progress import Track


class InfoAnswer(NamedTuple):
    """Sums over a cache, what each policy of ``prune`` would take, and what could not be read.

    ``now`` is in seconds since the epoch.
    """

    directory: CacheDirectory
    summary: Summary
    use: LastUse
    prospects: Sequence[Prospect]
    now: float
    unreadable: Sequence[UnreadableEntry]
    unknown: Sequence[str] = ()
    others: Sequence[str] = ()


def find(directory: CacheDirectory, track: Track) -> InfoAnswer:
    """Read the cache and add it up.

    Raises:
        CacheNotFound: the directory is a file, or cannot be read.
        NotAPipCache: it holds something, and none of pip's stores.
    """
    if directory.tool == "uv":
        return _find_in_uv(directory, track)
    gathered, prospects = look_out(directory, track)
    facts = gathered.facts
    ages = ((artifact, facts.now - facts.last_used(artifact)) for artifact in facts.artifacts if artifact.files)
    use = LastUse(sum_by_age(ages), is_recorded=gathered.keeps_access_times)
    others = stray_folders(artifact.entry for artifact in facts.artifacts)
    return InfoAnswer(
        directory, summarise(facts.artifacts), use, prospects, facts.now, gathered.unreadable, others=others
    )


def _find_in_uv(directory: CacheDirectory, track: Track) -> InfoAnswer:
    """Read a cache of uv's: nothing says when its files were last used, and pipcache removes none of them."""
    from pipcache.inventory.uv_artifacts import with_size_of_sources  # pip's cache is read without it

    cache = open_cache(directory.path, directory.tool)
    measured = [with_size_of_sources(cache, artifact) for artifact in read_inventory(cache, Need(), track=track)]
    artifacts = with_refusals(measured, cache.refused)
    use = LastUse((), is_recorded=False)
    return InfoAnswer(
        directory, summarise(artifacts), use, (), time.time(), unreadable_entries(artifacts), cache.unknown
    )


def write(answer: InfoAnswer, form: str) -> None:
    """Print the answer, and say what could not be read."""
    directory = answer.directory
    if form == "json":
        from pipcache.render.json.info import info_document  # only for this form
        from pipcache.render.json.writer import dump  # only for this form

        print_answer(dump(info_document(directory, answer.summary, answer.use, answer.prospects)))
    else:
        _print_table(directory, answer)
    say_unreadable(answer.unreadable)
    say_unknown(answer.unknown)
    say_others(answer.directory, answer.others)


def _print_table(directory: CacheDirectory, answer: InfoAnswer) -> None:
    columns, colour = width(), wants_colour(sys.stdout)
    for line in info_lines(directory, answer.summary, answer.use, now=answer.now, width=columns, colour=colour):
        print(fitted(line, sys.stdout))  # noqa: T201
    if directory.tool != "pip":
        sys.stdout.flush()
        return
    for line in prospect_lines(directory, answer.prospects, width=columns, colour=colour):
        print(line)  # noqa: T201  # commands, which stay whole
    sys.stdout.flush()
