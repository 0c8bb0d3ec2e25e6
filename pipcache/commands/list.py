"""``list``: which artifacts, in which order, in which form."""

import os
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from pipcache.commands.cached_status import statuses_for
from pipcache.inventory.artifact import (
    DISTRIBUTIONS,
    Artifact,
    Kind,
    unreadable_entries,
    with_refusals,
)
from pipcache.inventory.collector import Need, open_cache, read_inventory
from pipcache.location.locate import CacheDirectory, configured_indexes
from pipcache.query.filters import Filters, SortKey, sort
from pipcache.query.selection import Unmatched, select
from pipcache.query.selector import Selector
from pipcache.render.console import fitted, is_terminal, print_answer, say
from pipcache.render.text.list import LIST, make_row, total_line
from pipcache.render.text.notices import say_others, say_unknown, say_unmatched, say_unreadable
from pipcache.render.text.table import print_rows
from pipcache.store.entries import stray_folders
from pipcache.util.progress import Track
from pipcache.util.untrusted import clean


class ListRequest(NamedTuple):
    """What ``list`` was asked for. ``exact`` is set when file names are part of the answer."""

    selectors: tuple[Selector, ...]
    filters: Filters
    everything: bool
    sort_key: SortKey
    reverse: bool
    exact: bool


class ListAnswer(NamedTuple):
    """The artifacts to show, how many of each kind are not shown, and all that was read."""

    directory: CacheDirectory
    shown: list[Artifact]
    hidden: Mapping[Kind, int]
    artifacts: list[Artifact]
    unmatched: list[Unmatched]
    unknown: Sequence[str] = ()
    others: Sequence[str] = ()

    @property
    def is_incomplete(self) -> bool:
        """True when some place could not be looked at."""
        return any(artifact.unreadable for artifact in self.artifacts)


def find(directory: CacheDirectory, request: ListRequest, track: Track) -> ListAnswer:
    """Read the cache and choose.

    Raises:
        CacheNotFound: the directory is a file, or cannot be read.
        NotAPipCache: it holds something, and none of pip's stores.
    """
    wants_other_kinds = request.filters.unnamed or bool(request.filters.kinds - DISTRIBUTIONS)
    by_pages = request.filters.needs_pages
    # the metadata that uv only read have their versions inside
    shows_notes = directory.tool == "uv" and (request.everything or wants_other_kinds)
    need = Need(
        deep=request.exact or request.filters.unnamed or by_pages or shows_notes,
        everything=request.everything or wants_other_kinds or by_pages,
        exact=request.exact,
        selectors=request.selectors,
    )
    cache = open_cache(directory.path, directory.tool)
    artifacts = read_inventory(cache, need, configured_indexes, track)
    chosen: list[Artifact] = artifacts
    unmatched: list[Unmatched] = []
    if request.selectors or request.filters != Filters():
        artifacts, statuses = statuses_for(cache, artifacts, request.filters, track)
        selection = select(cache, artifacts, request.selectors, request.filters, track, statuses=statuses)
        chosen, unmatched = selection.chosen, selection.unmatched
    artifacts, chosen = with_refusals(artifacts, cache.refused), with_refusals(chosen, cache.refused)
    keep_all = keeps_every_kind(request)
    shown = [artifact for artifact in chosen if keep_all or artifact.kind in DISTRIBUTIONS]
    hidden = (
        Counter()
        if keep_all
        else Counter(artifact.kind for artifact in chosen if artifact.kind not in DISTRIBUTIONS)
    )
    return ListAnswer(
        directory,
        sort(shown, request.sort_key, reverse=request.reverse),
        hidden,
        artifacts,
        unmatched,
        cache.unknown,
        stray_folders(artifact.entry for artifact in artifacts),
    )


def keeps_every_kind(request: ListRequest) -> bool:
    """Return whether what is no distribution is shown too.

    Whoever names a kind, a key, a URL or a digest wants to see what it is.
    """
    named_exactly = any(selector.key is not None or selector.digest is not None for selector in request.selectors)
    return request.everything or request.filters.unnamed or bool(request.filters.kinds) or named_exactly


def write(answer: ListAnswer, form: str, *, null: bool) -> None:
    """Print the answer to standard output and what it leaves out to standard error."""
    match form:
        case "json":
            from pipcache.render.json.list import list_document  # only for this form
            from pipcache.render.json.writer import pieces  # only for this form

            print_answer(pieces(list_document(answer.directory, answer.shown, answer.hidden, answer.artifacts)))
        case "paths":
            _write_paths(answer, null=null)
        case _:
            _write_table(answer)
    say_unmatched(answer.directory, answer.unmatched)
    say_unknown(answer.unknown)
    say_others(answer.directory, answer.others)


def _write_table(answer: ListAnswer) -> None:

    now = time.time()
    print_rows((make_row(artifact, now) for artifact in answer.shown), LIST)
    if answer.shown:
        print(fitted(total_line(answer.shown, answer.directory.path), sys.stdout))  # noqa: T201
    sys.stdout.flush()
    if not answer.shown and not answer.unmatched and not answer.directory.is_empty:
        say(f"No distribution file to show in {clean(answer.directory.path)}")
    if answer.hidden:
        parts = [f"{count:,} {_plural(kind, count)}" for kind, count in sorted(answer.hidden.items())]
        what = "Not shown" if answer.directory.tool == "pip" else "Seen, never downloaded, and not shown"
        say(f"{what}: {', '.join(parts)} (--all shows them)")
    if answer.is_incomplete:
        say_unreadable(unreadable_entries(answer.artifacts))


def _plural(kind: Kind, count: int) -> str:
    return f"{kind.value}s" if kind is Kind.PAGE and count != 1 else kind.value


def _write_paths(answer: ListAnswer, *, null: bool) -> None:
    """Print absolute paths: bytes for a program, cleaned text for a person."""
    paths = [
        os.path.join(answer.directory.path, file.path) for artifact in answer.shown for file in artifact.files
    ]
    if not null and is_terminal(sys.stdout):
        sys.stdout.writelines(clean(path) + "\n" for path in paths)
        return
    end = b"\x00" if null else b"\n"
    sys.stdout.flush()
    sys.stdout.buffer.writelines(os.fsencode(path) + end for path in paths)
    sys.stdout.buffer.flush()
