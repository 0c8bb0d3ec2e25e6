"""The text of ``remove`` and ``clear``: plans and outcomes."""

from collections.abc import Iterable, Iterator, Sequence

from pipcache.inventory.artifact import Artifact
from pipcache.query.filters import SortKey, sort
from pipcache.removal.outcome import Fate, Outcome
from pipcache.removal.plan import Left, Plan, Reason, Removal, allocated
from pipcache.render.text.list import name_cells, tag_text
from pipcache.render.text.table import Columns, Row
from pipcache.store.layout import Store
from pipcache.util.units import counted, format_size
from pipcache.util.untrusted import clean, redact_text

ARTIFACTS = Columns(
    ("PROJECT", "VERSION", "KIND", "STORE", "FILES", "SIZE", "WHY", "TAGS"),
    ("PROJECT", "VERSION", "KIND", "SIZE"),
    ("PROJECT", "VERSION", "KIND", "FILES", "SIZE", "WHY"),
)
"""The columns of a plan by artifact; SIZE is what its files take on the disk."""

STORES = Columns(
    ("STORE", "ENTRIES", "FILES", "SIZE", "WHAT"),
    ("STORE", "ENTRIES", "FILES", "SIZE"),
    ("STORE", "ENTRIES", "FILES", "SIZE", "WHAT"),
)
"""The columns of a plan by store."""

_WHAT = {
    Store.HTTP_V2: "downloads and index pages",
    Store.HTTP: "downloads and index pages of pip before 23.3",
    Store.WHEELS: "wheels pip built here",
    Store.SELFCHECK: "when environments last looked for a newer pip",
}

_SHOWN = 5


def plan_rows(plan: Plan) -> list[Row]:
    """Return a row for each artifact that goes, by name and version."""
    by_place = {id(removal.artifact): removal for removal in plan.removals}
    artifacts: list[Artifact] = [removal.artifact for removal in plan.removals if removal.artifact is not None]
    return [_artifact_row(artifact, by_place[id(artifact)]) for artifact in sort(artifacts, SortKey.NAME)]


def _artifact_row(artifact: Artifact, removal: Removal) -> Row:
    size = format_size(allocated(removal.files))
    sums = artifact.store.value, f"{len(removal.files):,}", size
    cells = (*name_cells(artifact), *sums, clean(why(removal)), clean(tag_text(artifact)))
    return Row(cells, artifact.problem is not None)


def why(removal: Removal) -> str:
    """Return the reason of a removal in a few words."""
    match removal.reason:
        case Reason.MATCH:
            return f"matches {redact_text(removal.detail)}"
        case Reason.COPY:
            return f"the bytes of {removal.detail}"
        case Reason.PAGE:
            return f"index page of {removal.detail}"
        case Reason.STORE | Reason.LEFTOVER:
            return removal.detail
        case reason:
            return f"{reason.value}: {removal.detail}"


def store_rows(plan: Plan) -> list[Row]:
    """Return a row for each store that is cleared, and for each leftover in it."""
    groups: dict[tuple[str, str], list[Removal]] = {}
    for removal in plan.removals:
        store = removal.entry.store
        what = _WHAT[store] if removal.reason is Reason.STORE else removal.detail
        groups.setdefault((store.value, what), []).append(removal)
    return [_store_row(store, what, members) for (store, what), members in groups.items()]


def _store_row(store: str, what: str, removals: Sequence[Removal]) -> Row:
    files = [file for removal in removals for file in removal.files]
    cells = (store, f"{len(removals):,}", f"{len(files):,}", format_size(allocated(files)), what)
    return Row(cells, is_problem=False)


def what_goes(plan: Plan) -> str:
    """Return what goes by a plan, for the question: its files, its empty folders, or both."""
    parts = [f"{counted(plan.files, 'file')} ({format_size(plan.size)})"] if plan.removals else []
    parts += [counted(len(plan.folders), "empty folder")] if plan.folders else []
    return " and ".join(parts)


def plan_sum(plan: Plan, where: str) -> str:
    """Return the sum of a plan in a line."""
    parts = []
    if plan.removals:
        entries = counted(len(plan.removals), "entry", "entries")
        parts += [entries, counted(plan.files, "file"), format_size(plan.size)]
    if plan.folders:
        parts.append(counted(len(plan.folders), "empty folder"))
    return f"{', '.join(parts)} in {clean(where)}"


def left_lines(left: Sequence[Left]) -> Iterator[str]:
    """Yield what is left alone and why, the first few by name."""
    if not left:
        return
    yield "Left alone:"
    # links first: what lies behind them was not even looked at
    ordered = sorted(left, key=lambda entry: not entry.is_link)
    yield from _some(f"{clean(entry.path)}: {clean(entry.why)}" for entry in ordered)


def _some(lines: Iterable[str]) -> Iterator[str]:
    every = list(lines)
    yield from (f"  {line}" for line in every[:_SHOWN])
    if len(every) > _SHOWN:
        yield f"  ... and {len(every) - _SHOWN:,} more (--format json has them all)"


def outcome_line(outcome: Outcome) -> str:
    """Return what happened in a line."""
    parts = [] if outcome.folders and not outcome.files else [counted(outcome.files, "file")]
    parts += [counted(outcome.folders, "folder")] if outcome.folders else []
    freed = f"{'' if outcome.is_measured else 'at least '}{format_size(outcome.freed)} freed"
    gone = f" {counted(outcome.gone, 'file')} had gone before." if outcome.gone else ""
    return f"Removed {' and '.join(parts)}, {freed}.{gone}"


_ADVICE = {
    Fate.CHANGED: "pip has used them since; run the same command again to take them too",
    Fate.FAILED: "see to their permissions, or run pipcache as their owner, and run the same command again",
}


def problem_lines(outcome: Outcome) -> Iterator[str]:
    """Yield what stays although it was planned, by reason, with what to do next."""
    groups: dict[tuple[Fate, str, bool], list[str]] = {}
    for problem in outcome.problems:
        reason = "" if problem.fate is Fate.KEPT else problem.reason
        groups.setdefault((problem.fate, reason, problem.is_folder_replaced), []).append(problem.path)
    for (fate, reason, is_folder_replaced), paths in groups.items():
        files = counted(len(paths), "file")
        advice = "" if is_folder_replaced or fate not in _ADVICE else f" ({_ADVICE[fate]})"
        match fate:
            case Fate.FAILED:
                yield f"Could not remove {files}: {clean(reason)}{advice}"
            case Fate.CHANGED:
                yield f"Kept {files}: {clean(reason)}{advice}"
            case _:
                yield f"Kept {files} that belong to those"
        yield from _some(map(clean, paths))
