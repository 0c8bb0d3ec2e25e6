"""``show``: everything about each match."""

import sys
from collections.abc import Sequence
from typing import NamedTuple

from pipcache.commands.cached_status import statuses_for, with_statuses
from pipcache.commands.run_verifier import judging
from pipcache.inventory.artifact import Artifact, path_of, with_refusals
from pipcache.inventory.collector import Need, open_cache, read_inventory
from pipcache.location.locate import CacheDirectory, configured_indexes
from pipcache.query.filters import Filters, SortKey, sort
from pipcache.query.selection import Unmatched, select
from pipcache.query.selector import Selector
from pipcache.render.console import is_terminal, print_answer, wants_colour, width
from pipcache.render.json.show import show_document
from pipcache.render.json.writer import dump
from pipcache.render.text.notices import say_others, say_unknown, say_unmatched
from pipcache.render.text.show import show_lines
from pipcache.store.entries import stray_folders
from pipcache.util.progress import Track
from pipcache.verify.details import Details, describe
from pipcache.verify.lock_index import LockIndex
from pipcache.verify.verdict import Judgement
from pipcache.verify.verifier import VerifyOptions


class ShowAnswer(NamedTuple):
    """The details of each match, and the selectors that match nothing."""

    directory: CacheDirectory
    details: list[Details]
    unmatched: list[Unmatched]
    is_incomplete: bool  # some place could not be looked at: it may have been a match
    unknown: Sequence[str] = ()
    others: Sequence[str] = ()


def find(
    directory: CacheDirectory,
    selectors: tuple[Selector, ...],
    filters: Filters,
    track: Track,
) -> ShowAnswer:
    """Read the cache, choose, hash, prove and judge.

    Raises:
        KeyboardInterrupt: the judging was interrupted.
        CacheNotFound: the directory is a file, or cannot be read.
        NotAPipCache: it holds something, and none of pip's stores.
    """
    cache = open_cache(directory.path, directory.tool)
    need = Need(deep=True, exact=True, selectors=selectors, everything=filters.needs_pages)
    artifacts = read_inventory(cache, need, configured_indexes, track)
    artifacts, statuses = statuses_for(cache, artifacts, filters, track)
    selection = select(cache, artifacts, selectors, filters, track, statuses=statuses)
    chosen = sort(selection.chosen, SortKey.NAME)
    with judging(cache, VerifyOptions(LockIndex(), thorough=True)) as verifier:
        verified = verifier.judge(chosen, artifacts)
    if verified.not_reached:
        raise KeyboardInterrupt
    judged = with_statuses(cache, verified, artifacts, track)
    judgements = {path_of(judgement.artifact): judgement for judgement in judged}
    named = [_named(artifact, judgements.get(path_of(artifact))) for artifact in chosen]
    details = list(describe(cache, named, artifacts, judgements, track))
    seen = [*with_refusals(artifacts, cache.refused), *(judgement.artifact for judgement in verified.judgements)]
    is_incomplete = any(artifact.unreadable for artifact in seen)
    others = stray_folders(artifact.entry for artifact in artifacts)
    return ShowAnswer(directory, details, selection.unmatched, is_incomplete, cache.unknown, others)


def _named(artifact: Artifact, judgement: Judgement | None) -> Artifact:
    """Return an artifact with the notes of its judgement, and the name that an index page gives to its bytes."""
    if judgement is None:
        return artifact
    if judgement.artifact.listed is not None and artifact.listed is None:
        return judgement.artifact
    return artifact._replace(notes=tuple(dict.fromkeys((*artifact.notes, *judgement.artifact.notes))))


def write(answer: ShowAnswer, form: str) -> None:
    """Print the answer."""
    if form == "json":
        print_answer(dump(show_document(answer.directory, answer.details)))
    else:
        colour, columns = wants_colour(sys.stdout), width() if is_terminal(sys.stdout) else None
        for line in show_lines(answer.directory, answer.details, colour=colour, columns=columns):
            print(line)  # noqa: T201
    sys.stdout.flush()
    say_unmatched(answer.directory, answer.unmatched)
    say_unknown(answer.unknown)
    say_others(answer.directory, answer.others)
