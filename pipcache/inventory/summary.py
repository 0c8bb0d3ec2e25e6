"""What a cache holds in numbers: sums by store, kind and project."""

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from pipcache.inventory.artifact import DISTRIBUTIONS, Artifact, Kind
from pipcache.store.layout import Store

_OLD_STORES = frozenset({Store.HTTP})


class Total(NamedTuple):
    """A number of artifacts, and the bytes that they take on the disk."""

    name: str
    entries: int
    size: int


class Summary(NamedTuple):
    """What a cache holds. Sizes are allocated bytes; ``oldest`` and ``newest`` are distributions."""

    total: Total
    stores: tuple[Total, ...]
    kinds: tuple[Total, ...]
    projects: tuple[Total, ...]  # the largest, largest first
    project_count: int
    oldest: Artifact | None
    newest: Artifact | None
    unnamed: Total
    old_only: Total  # what no pip since 23.3 reads
    unreadable: int


class LastUse(NamedTuple):
    """When artifacts were last used.

    Attributes:
        totals: a sum for each span of time, youngest first, also for spans without artifacts.
        is_recorded: the file system records when a file is read; if not, the last use is the last writing.
    """

    totals: tuple[Total, ...]
    is_recorded: bool


def disk_size(artifact: Artifact) -> int:
    """Return the bytes that an artifact takes on the disk."""
    return artifact.disk_size


def total(name: str, artifacts: Iterable[Artifact]) -> Total:
    """Return the number and the size of ``artifacts``."""
    sizes = [disk_size(artifact) for artifact in artifacts]
    return Total(name, len(sizes), sum(sizes))


def summarise(artifacts: Sequence[Artifact], largest: int = 10) -> Summary:
    """Return the sums over all artifacts of a cache; ``largest`` is how many projects are listed."""
    distributions = [artifact for artifact in artifacts if artifact.kind in DISTRIBUTIONS]
    by_project: dict[str, list[Artifact]] = {}
    for artifact in artifacts:
        if artifact.project is not None:
            by_project.setdefault(artifact.project, []).append(artifact)
    projects = [total(name, members) for name, members in by_project.items()]
    projects.sort(key=lambda project: (-project.size, project.name))
    by_age = sorted(distributions, key=lambda artifact: (artifact.made_ns or 0, artifact.filename or ""))
    return Summary(
        total=total("total", artifacts),
        stores=_totals(
            (store.value, [artifact for artifact in artifacts if artifact.store is store]) for store in Store
        ),
        kinds=_totals(
            (kind.value, [artifact for artifact in artifacts if artifact.kind is kind]) for kind in Kind
        ),
        projects=tuple(projects[:largest]),
        project_count=len(projects),
        oldest=by_age[0] if by_age else None,
        newest=by_age[-1] if by_age else None,
        unnamed=total("unnamed", (artifact for artifact in artifacts if artifact.is_unnamed)),
        old_only=total("old", filter(is_old_only, artifacts)),
        unreadable=sum(artifact.unreadable for artifact in artifacts),
    )


def _totals(groups: Iterable[tuple[str, Sequence[Artifact]]]) -> tuple[Total, ...]:
    """Return a sum for each group that is not empty."""
    return tuple(total(name, members) for name, members in groups if members)


_DAY = 24 * 60 * 60

_AGES: Sequence[tuple[str, float]] = (
    ("within a day", _DAY),
    ("1 to 7 days ago", 7 * _DAY),
    ("7 to 30 days ago", 30 * _DAY),
    ("30 to 90 days ago", 90 * _DAY),
    ("90 days to 1 year ago", 365 * _DAY),
    ("over 1 year ago", math.inf),
)


def sum_by_age(ages: Iterable[tuple[Artifact, float]]) -> tuple[Total, ...]:
    """Return a sum for each span of time, youngest first, also for spans without artifacts.

    Args:
        ages: the artifacts with their ages in seconds.
    """
    groups: dict[str, list[Artifact]] = {name: [] for name, _ in _AGES}
    for artifact, age in ages:
        groups[next(name for name, most in _AGES if age <= most)].append(artifact)
    return tuple(total(name, members) for name, members in groups.items())


def is_old_only(artifact: Artifact) -> bool:
    """Return whether no current pip reads it: it is in the store or under a key of an old pip (23.3, 20.0)."""
    legacy = artifact.build_key is not None and artifact.build_key.is_legacy
    return artifact.store in _OLD_STORES or legacy
