"""The text of ``prune``."""

from collections import Counter
from collections.abc import Iterator, Sequence

from pipcache.inventory.artifact import Artifact, Kind
from pipcache.prune.outlook import Prospect
from pipcache.prune.result import PruneResult
from pipcache.removal.plan import Plan, Reason, Removal, allocated
from pipcache.render.text.table import Columns, Row, plain_table
from pipcache.util.units import counted, format_size
from pipcache.util.untrusted import clean

POLICIES = Columns(
    ("POLICY", "ENTRIES", "FILES", "SIZE", "WHAT"),
    ("POLICY", "ENTRIES", "SIZE"),
    ("POLICY", "ENTRIES", "FILES", "SIZE", "WHAT"),
)
"""The columns of a plan by policy."""

_SHOWN = 8


def policy_name(reason: Reason) -> str:
    """Return a policy as its option is written; what is always done has no option."""
    always = {Reason.DEAD_WEIGHT: "dead weight", Reason.OLD_LAYOUT: "old layout"}
    return always.get(reason, f"--{reason.value}")


def by_policy(removals: Sequence[Removal]) -> dict[Reason, list[Removal]]:
    """Return removals by the policies that took them, in the order in which policies are asked."""
    groups = {reason: [removal for removal in removals if removal.reason is reason] for reason in Reason}
    return {reason: members for reason, members in groups.items() if members}


def policy_rows(plan: Plan, *, is_narrow: bool = False) -> list[Row]:
    """Return a row for each policy and each kind of thing it takes, and a row for the empty folders.

    Args:
        plan: the plan.
        is_narrow: there is no room for the kinds of things, so that a policy has one row.
    """
    groups = by_policy(plan.removals).items()
    rows = [row for reason, members in groups for row in _rows_of(reason, members, by_detail=not is_narrow)]
    if plan.folders:
        folders = counted(len(plan.folders), "empty folder")
        cells = (folders if is_narrow else policy_name(Reason.DEAD_WEIGHT), "0", "0", "-", folders)
        rows.append(Row(cells, is_problem=False))
    return rows


_BY_DETAIL = frozenset({Reason.DEAD_WEIGHT, Reason.OLD_LAYOUT, Reason.DAMAGED, Reason.POISONED})
"""Policies that say of each artifact what is wrong with it; the others take all kinds for the same reason."""


def _rows_of(reason: Reason, members: Sequence[Removal], *, by_detail: bool) -> Iterator[Row]:
    groups: dict[str, list[Removal]] = {}
    for removal in members:
        groups.setdefault(removal.detail if by_detail and reason in _BY_DETAIL else "", []).append(removal)
    for detail, some in groups.items():
        files = [file for removal in some for file in removal.files]
        sums = f"{len(some):,}", f"{len(files):,}", format_size(allocated(files))
        yield Row((policy_name(reason), *sums, clean(detail or kinds_text(some))), is_problem=False)


_KINDS = {
    Kind.WHEEL: ("wheel", "wheels"),
    Kind.SDIST: ("sdist", "sdists"),
    Kind.BUILT: ("built wheel", "built wheels"),
    Kind.METADATA: ("metadata file", "metadata files"),
    Kind.PAGE: ("index page", "index pages"),
}


def kinds_text(removals: Sequence[Removal]) -> str:
    """Return how many removals are of which kind: ``58 wheels, 2 index pages``."""
    kinds = Counter(Kind.UNKNOWN if removal.artifact is None else removal.artifact.kind for removal in removals)
    named = [counted(kinds[kind], *words) for kind, words in _KINDS.items() if kinds[kind]]
    others = sum(number for kind, number in kinds.items() if kind not in _KINDS)
    return ", ".join([*named, *([counted(others, "other download")] if others else [])])


def sum_line(result: PruneResult) -> str:
    """Return the result of the run in a line."""
    is_plan = result.outcome is None
    parts = [f"{policy_name(reason)} {len(members):,}" for reason, members in by_policy(result.removed).items()]
    kept = counted(result.kept, "entry", "entries")
    verbs = ("Would keep", "remove") if is_plan and result.plan.removals else ("Kept", "removed")
    text = f"{verbs[0]} {kept}, {verbs[1]} {len(result.removed):,}"
    text += f" ({', '.join(parts)})" if parts else ""
    text += f": {format_size(result.before)} before, {format_size(result.after)} after."
    if result.too_large is not None:
        text += f" Still {clean(result.too_large)}."
    if result.failed:
        text += f" {counted(result.failed, 'file')} could not be removed."
    if result.unreadable:
        text += f" {counted(result.unreadable, 'place')} could not be looked at."
    return text


def prospect_lines(prospects: Sequence[Prospect], *, is_narrow: bool = False) -> Iterator[str]:
    """Yield that no policy was asked for, and what each would free."""
    yield "Only dead weight was looked for, as no policy was given. What each would free:"
    columns = {
        "POLICY": [prospect.option for prospect in prospects],
        "ENTRIES": [f"{prospect.entries:,}" for prospect in prospects],
        "FILES": [f"{prospect.files:,}" for prospect in prospects],
        "SIZE": [format_size(prospect.size) for prospect in prospects],
    }
    if is_narrow:
        del columns["FILES"]
    rows = zip(*columns.values(), strict=True)
    yield from (f"  {line}" for line in plain_table(rows, tuple(columns)))


def unpinned_lines(unpinned: Sequence[Artifact]) -> Iterator[str]:
    """Yield what goes though no file pins it: build requirements of cached builds, for example."""
    names = sorted({f"{artifact.project or '?'} {artifact.version or '?'}" for artifact in unpinned})
    if not names:
        return
    what = f"{counted(len(names), 'version')} of projects that no file of --keep-for names"
    yield f"Among what goes are {what} (--keep-latest 1 keeps the newest of each):"
    yield from (f"  {clean(name)}" for name in names[:_SHOWN])
    if len(names) > _SHOWN:
        yield f"  ... and {len(names) - _SHOWN:,} more (--format json has them all)"
