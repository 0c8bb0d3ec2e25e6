"""``clear``: remove everything that pip can make again, without opening a file."""

import time
from typing import TYPE_CHECKING, NamedTuple

from pipcache.commands.consent import Consent, exit_code_of, report_of, run_with_consent
from pipcache.errors import ExitCode
from pipcache.location.locate import CacheDirectory
from pipcache.removal.clearing import Clearing, plan_clearing
from pipcache.removal.outcome import Outcome
from pipcache.removal.plan import Plan
from pipcache.render.text.notices import say_unreadable
from pipcache.render.text.remove import STORES, store_rows
from pipcache.store.cache import Cache
from pipcache.store.entries import Entry, StrayEntry, UnreadableEntry
from pipcache.store.layout import Store
from pipcache.store.scan import FolderContents
from pipcache.util.progress import Track

if TYPE_CHECKING:
    from pipcache.render.json.remove import RemovalDocument


class ClearAnswer(NamedTuple):
    """The plan, and the places that could not be looked at."""

    directory: CacheDirectory
    plan: Plan
    unreadable: list[Entry]


def find(directory: CacheDirectory, clearing: Clearing) -> ClearAnswer:
    """Walk the cache and plan; no file is opened, and nothing touched.

    Raises:
        CacheNotFound: the directory is a file, or cannot be read.
        NotAPipCache: it holds something, and none of pip's stores.
    """
    cache = Cache(directory.path)
    survey = cache.survey()
    unreadable: list[Entry] = [
        entry
        for entry in survey.entries
        if isinstance(entry, UnreadableEntry) and (clearing.wants(entry) or entry.store is Store.STRAY)
    ]

    def look(folder: StrayEntry) -> FolderContents:
        contents = cache.look_inside(folder)
        unreadable.extend(contents.problems)
        return contents

    plan = plan_clearing(survey, look, clearing, time.time(), cache.mount_above)
    return ClearAnswer(directory, plan, unreadable)


def run(answer: ClearAnswer, consent: Consent, form: str, track: Track) -> ExitCode:
    """Show the plan, ask where it must be asked, act, and report.

    Raises:
        Declined: the question was not answered with yes.
    """

    def document(outcome: Outcome | None) -> "RemovalDocument":
        from pipcache.render.json.remove import Uncovered, removal_document  # only for JSON

        return removal_document(
            "clear",
            answer.directory,
            answer.plan,
            outcome,
            uncovered=Uncovered(),
            entries=answer.unreadable,
            dry_run=consent.dry_run,
        )

    table = store_rows(answer.plan), STORES
    report = report_of(form, answer.plan, table, answer.directory.path, document)
    outcome = run_with_consent(answer.directory, answer.plan, consent, report, track)
    say_unreadable(answer.unreadable)
    is_incomplete = bool(answer.unreadable) or any(left.is_mount for left in answer.plan.left)
    return exit_code_of(outcome, is_incomplete=is_incomplete)
