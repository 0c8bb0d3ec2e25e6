"""What ``prune`` would do and did: by policy, in one line, as Markdown with step outputs, and as a document."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple, TypedDict

from pipcache.artifacts import Artifact, Kind
from pipcache.outcome import Fate, Outcome
from pipcache.plan import Plan, Reason, Removal, allocated
from pipcache.render.records import ArtifactRecord, artifact_record
from pipcache.render.removals import RemovalDocument
from pipcache.render.rows import Columns, Row
from pipcache.text import clean
from pipcache.units import counted, format_size

POLICIES = Columns(
    ("POLICY", "ENTRIES", "FILES", "SIZE", "WHAT"),
    ("POLICY", "ENTRIES", "SIZE"),
    ("POLICY", "ENTRIES", "FILES", "SIZE", "WHAT"),
)
"""The columns of a plan by policy."""

_SHOWN = 8


class Pruned(NamedTuple):
    """What a run comes to: the plan, its outcome (None: not carried out), and the sums before it.

    ``entries`` and ``before`` (bytes) are of all that pip made; ``over`` says why a bound on the size is not met.
    """

    plan: Plan
    outcome: Outcome | None
    entries: int
    before: int
    over: str | None
    unseen: int  # places and entries that could not be looked at

    @property
    def gone(self) -> list[Removal]:
        """What went, or would go."""
        if self.outcome is None:
            return list(self.plan.removals)
        pairs = zip(self.plan.removals, self.outcome.fates, strict=True)
        return [removal for removal, fate in pairs if fate in {Fate.REMOVED, Fate.GONE}]

    @property
    def after(self) -> int:
        """Bytes of what is left of what pip made."""
        return self.before - allocated(file for removal in self.gone for file in removal.files)

    @property
    def kept(self) -> int:
        """How many entries are left."""
        return self.entries - len(self.gone)

    @property
    def failed(self) -> int:
        """How many files were to go and stay."""
        return 0 if self.outcome is None else len(self.outcome.problems)


def policy_name(reason: Reason) -> str:
    """Return a policy as its option is written; what is always done has no option."""
    always = {Reason.DEAD_WEIGHT: "dead weight", Reason.OLD_LAYOUT: "old layout"}
    return always.get(reason, f"--{reason.value}")


def by_policy(removals: Sequence[Removal]) -> dict[Reason, list[Removal]]:
    """Return removals by the policies that took them, in the order in which policies are asked."""
    groups = {reason: [one for one in removals if one.reason is reason] for reason in Reason}
    return {reason: members for reason, members in groups.items() if members}


def policy_rows(plan: Plan) -> list[Row]:
    """Return a row for each policy and each thing it takes, and one for the folders that are empty already."""
    rows = [row for reason, members in by_policy(plan.removals).items() for row in _rows_of(reason, members)]
    if plan.folders:
        cells = (policy_name(Reason.DEAD_WEIGHT), "0", "0", "-", counted(len(plan.folders), "empty folder"))
        rows.append(Row(cells, is_problem=False))
    return rows


_BY_DETAIL = frozenset({Reason.DEAD_WEIGHT, Reason.OLD_LAYOUT, Reason.DAMAGED, Reason.POISONED})
"""Policies that tell of each thing what is wrong with it; the others take all kinds for one reason."""


def _rows_of(reason: Reason, members: Sequence[Removal]) -> Iterator[Row]:
    groups: dict[str, list[Removal]] = {}
    for one in members:
        groups.setdefault(one.detail if reason in _BY_DETAIL else "", []).append(one)
    for detail, some in groups.items():
        files = [file for one in some for file in one.files]
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
    kinds = Counter(Kind.UNKNOWN if one.artifact is None else one.artifact.kind for one in removals)
    named = [counted(kinds[kind], *words) for kind, words in _KINDS.items() if kinds[kind]]
    others = sum(number for kind, number in kinds.items() if kind not in _KINDS)
    return ", ".join([*named, *([counted(others, "other download")] if others else [])])


def sum_line(pruned: Pruned) -> str:
    """Return the whole run in one line."""
    is_plan = pruned.outcome is None
    parts = [f"{policy_name(reason)} {len(members):,}" for reason, members in by_policy(pruned.gone).items()]
    kept = counted(pruned.kept, "entry", "entries")
    verbs = ("Would keep", "remove") if is_plan and pruned.plan.removals else ("Kept", "removed")
    text = f"{verbs[0]} {kept}, {verbs[1]} {len(pruned.gone):,}"
    text += f" ({', '.join(parts)})" if parts else ""
    text += f": {format_size(pruned.before)} before, {format_size(pruned.after)} after."
    if pruned.over is not None:
        text += f" Still {clean(pruned.over)}."
    if pruned.failed:
        text += f" {counted(pruned.failed, 'file')} could not be removed."
    if pruned.unseen:
        text += f" {counted(pruned.unseen, 'place')} could not be looked at."
    return text


def github_lines(pruned: Pruned) -> Iterator[str]:
    """Yield a Markdown table for a job's summary, then ``key=value`` lines for a step's outputs."""
    yield "| pipcache prune | entries | files | size |"
    yield "| --- | ---: | ---: | ---: |"
    for reason, members in by_policy(pruned.gone).items():
        files = [file for one in members for file in one.files]
        size = format_size(allocated(files))
        yield f"| {policy_name(reason)} | {len(members):,} | {len(files):,} | {size} |"
    count = sum(len(one.files) for one in pruned.gone)
    verb = "would be removed" if pruned.outcome is None and pruned.plan.removals else "removed"
    freed = format_size(pruned.before - pruned.after)
    yield f"| **{verb}** | **{len(pruned.gone):,}** | **{count:,}** | **{freed}** |"
    yield f"| **kept** | **{pruned.kept:,}** | | **{format_size(pruned.after)}** |"
    if pruned.over is not None:
        told = clean(pruned.over).replace("|", "\\|")
        yield f"| too large | | | {told} |"
    values = {
        "kept": pruned.kept,
        "removed": len(pruned.gone),
        "failed": pruned.failed,
        "unseen": pruned.unseen,
        "bytes_before": pruned.before,
        "bytes_after": pruned.after,
        "too_large": int(pruned.over is not None),
        "interrupted": int(pruned.outcome is not None and pruned.outcome.is_interrupted),
    }
    yield from (f"{name}={value}" for name, value in values.items())


def stranger_lines(strangers: Sequence[Artifact]) -> Iterator[str]:
    """Yield what goes though no file pins it: build requirements of cached builds, for example."""
    names = sorted({f"{one.project or '?'} {one.version or '?'}" for one in strangers})
    if not names:
        return
    what = f"{counted(len(names), 'version')} of projects that no file of --keep-for names"
    yield f"Among what goes are {what} (--keep-latest 1 keeps the newest of each):"
    yield from (f"  {clean(name)}" for name in names[:_SHOWN])
    if len(names) > _SHOWN:
        yield f"  ... and {len(names) - _SHOWN:,} more (--format json has them all)"


class PolicyRecord(TypedDict):
    """What one policy takes."""

    policy: str
    entries: int
    files: int
    disk_size: int


class PruneDocument(RemovalDocument):
    """The answer of ``prune``."""

    policies: list[PolicyRecord]
    entries_kept: int
    entries_removed: int
    bytes_before: int
    bytes_after: int
    too_large: str | None
    unpinned: list[ArtifactRecord]
    last_use: str


def prune_document(
    base: RemovalDocument, pruned: Pruned, strangers: Sequence[Artifact], *, keeps_access_times: bool
) -> PruneDocument:
    """Return the answer of ``prune``: that of every removal, the sums by policy, and what no file pins."""
    return {
        **base,
        "policies": [
            {
                "policy": reason.value,
                "entries": len(members),
                "files": sum(len(one.files) for one in members),
                "disk_size": allocated(file for one in members for file in one.files),
            }
            for reason, members in by_policy(pruned.plan.removals).items()
        ],
        "entries_kept": pruned.kept,
        "entries_removed": len(pruned.gone),
        "bytes_before": pruned.before,
        "bytes_after": pruned.after,
        "too_large": pruned.over,
        "unpinned": [artifact_record(one) for one in strangers],
        "last_use": "access time" if keeps_access_times else "modification time",
    }
