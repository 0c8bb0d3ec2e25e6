"""``info``: sums over the whole cache, and what could go."""

import sys
from collections.abc import Sequence
from typing import NamedTuple

from pipcache.inventory.summary import LastUse, Summary, sum_by_age, summarise
from pipcache.location.locate import CacheDirectory
from pipcache.prune.outlook import Prospect, look_out
from pipcache.render.console import fitted, print_answer, wants_colour, width
from pipcache.render.json.info import info_document
from pipcache.render.json.records import dump
from pipcache.render.text.info import info_lines, prospect_lines
from pipcache.render.text.notices import say_unreadable
from pipcache.store.entries import UnreadableEntry
from pipcache.util.progress import Track


class InfoAnswer(NamedTuple):
    """Sums over a cache, what each policy of ``prune`` would take, and what could not be read.

    ``now`` is in seconds since the epoch.
    """

    summary: Summary
    use: LastUse
    prospects: Sequence[Prospect]
    now: float
    unreadable: Sequence[UnreadableEntry]


def find(directory: CacheDirectory, track: Track) -> InfoAnswer:
    """Read the cache and add it up.

    Raises:
        CacheNotFound: the directory is a file, or cannot be read.
        NotAPipCache: it holds something, and none of pip's stores.
    """
    gathered, prospects = look_out(directory, track)
    facts = gathered.facts
    ages = ((artifact, facts.now - facts.last_used(artifact)) for artifact in facts.artifacts if artifact.files)
    use = LastUse(sum_by_age(ages), is_recorded=gathered.keeps_access_times)
    return InfoAnswer(summarise(facts.artifacts), use, prospects, facts.now, gathered.unreadable)


def write(directory: CacheDirectory, answer: InfoAnswer, form: str) -> None:
    """Print the answer, and say what could not be read."""
    if form == "json":
        print_answer(dump(info_document(directory, answer.summary, answer.use, answer.prospects)))
    else:
        _print_table(directory, answer)
    say_unreadable(answer.unreadable)


def _print_table(directory: CacheDirectory, answer: InfoAnswer) -> None:
    columns, colour = width(), wants_colour(sys.stdout)
    for line in info_lines(directory, answer.summary, answer.use, now=answer.now, width=columns, colour=colour):
        print(fitted(line, sys.stdout))  # noqa: T201
    for line in prospect_lines(directory, answer.prospects, width=columns, colour=colour):
        print(line)  # noqa: T201  # commands, which stay whole
    sys.stdout.flush()
