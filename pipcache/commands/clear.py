"""``clear``: remove everything that pip can make again, without opening a file."""

import time
from typing import NamedTuple

from pipcache.commands.consent import Consent, PlanReport, exit_code_of, run_with_consent
from pipcache.errors import ExitCode
from pipcache.location.locate import CacheDirectory
from pipcache.removal.clearing import Clearing, plan_clearing
from pipcache.removal.plan import Plan
from pipcache.render.json.remove import Uncovered, removal_document
from pipcache.render.text.notices import say_unreadable
from pipcache.render.text.remove import STORES, plan_sum, store_rows
from pipcache.render.text.table import print_rows
from pipcache.store.cache import Cache
from pipcache.store.entries import Entry, StrayEntry, UnreadableEntry
from pipcache.store.layout import Store
from pipcache.store.scan import Contents
from pipcache.util.progress import Track


class Answer(NamedTuple):
    """The plan, and the places that could not be looked at."""

    directory: CacheDirectory
    plan: Plan
    unreadable: list[Entry]


def find(directory: CacheDirectory, clearing: Clearing) -> Answer:
    """Walk the cache and plan; no file is opened, and nothing touched.

    Raises:
        CacheNotFound: the directory is missing, is a file, or cannot be read.
        NotAPipCache: it holds none of pip's stores.
    """
    found = Cache(directory.path).survey()
    unreadable: list[Entry] = [
        entry
        for entry in found.entries
        if isinstance(entry, UnreadableEntry) and (clearing.wants(entry) or entry.store is Store.STRAY)
    ]

    def look(folder: StrayEntry) -> Contents:
        inside = Cache(directory.path).look_inside(folder)
        unreadable.extend(inside.problems)
        return inside

    return Answer(directory, plan_clearing(found, look, clearing, time.time()), unreadable)


def run(answer: Answer, consent: Consent, form: str, track: Track) -> ExitCode:
    """Show the plan, ask where it must be asked, act, and report.

    Raises:
        Declined: the question was not answered with yes.
    """
    telling = PlanReport(
        form,
        lambda: _show(answer),
        lambda outcome: removal_document(
            "clear",
            answer.directory,
            answer.plan,
            outcome,
            uncovered=Uncovered(),
            entries=answer.unreadable,
            dry_run=consent.dry_run,
        ),
    )
    outcome = run_with_consent(answer.directory, answer.plan, consent, telling, track)
    say_unreadable(answer.unreadable)
    return exit_code_of(outcome, is_incomplete=bool(answer.unreadable))


def _show(answer: Answer) -> None:
    if answer.plan.removals or answer.plan.folders:
        print_rows(store_rows(answer.plan), STORES)
        print(plan_sum(answer.plan, answer.directory.path))  # noqa: T201
