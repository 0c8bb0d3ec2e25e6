"""Sums over artifacts by store, kind and project."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from pipcache.inventory.artifact import DISTRIBUTIONS, Artifact, Kind
from pipcache.store.layout import Store

_OLD_STORES = frozenset({Store.HTTP})


class Total(NamedTuple):
    """How many artifacts, and the bytes they take on the disk."""

    name: str
    entries: int
    size: int


class Summary(NamedTuple):
    """What a cache holds. Sizes are allocated bytes; ``oldest`` and ``newest`` are distributions."""

    total: Total
    stores: tuple[Total, ...]
    kinds: tuple[Total, ...]
    projects: tuple[Total, ...]  # the largest ones, largest first
    project_count: int
    oldest: Artifact | None
    newest: Artifact | None
    unnamed: Total
    old_only: Total  # what no pip since 23.3 reads
    unreadable: int


def disk_size(artifact: Artifact) -> int:
    """Return the bytes an artifact takes on the disk."""
    return sum(file.allocated for file in artifact.files)


def total(name: str, artifacts: Iterable[Artifact]) -> Total:
    """Return the sum over ``artifacts``."""
    sizes = [disk_size(artifact) for artifact in artifacts]
    return Total(name, len(sizes), sum(sizes))


def summarise(artifacts: Sequence[Artifact], largest: int = 10) -> Summary:
    """Return the sums over a whole catalogue, with its ``largest`` projects."""
    distributions = [artifact for artifact in artifacts if artifact.kind in DISTRIBUTIONS]
    by_project: dict[str, list[Artifact]] = {}
    for artifact in artifacts:
        if artifact.project is not None:
            by_project.setdefault(artifact.project, []).append(artifact)
    projects = sorted(
        (total(name, members) for name, members in by_project.items()), key=lambda one: (-one.size, one.name)
    )
    dated = sorted(distributions, key=lambda one: (one.made_ns or 0, one.filename or ""))
    return Summary(
        total=total("total", artifacts),
        stores=_totals((store.value, [one for one in artifacts if one.store is store]) for store in Store),
        kinds=_totals((kind.value, [one for one in artifacts if one.kind is kind]) for kind in Kind),
        projects=tuple(projects[:largest]),
        project_count=len(projects),
        oldest=dated[0] if dated else None,
        newest=dated[-1] if dated else None,
        unnamed=total("unnamed", (one for one in artifacts if one.is_unnamed)),
        old_only=total("old", (one for one in artifacts if is_old_only(one))),
        unreadable=sum(one.unreadable for one in artifacts),
    )


def _totals(parts: Iterable[tuple[str, Sequence[Artifact]]]) -> tuple[Total, ...]:
    return tuple(total(name, members) for name, members in parts if members)


def is_old_only(artifact: Artifact) -> bool:
    """True for what no current pip looks at: the store of pip before 23.3, wheel keys before 20.0."""
    legacy = artifact.build_key is not None and artifact.build_key.is_legacy
    return artifact.store in _OLD_STORES or legacy
