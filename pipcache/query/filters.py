"""Filters, and the orders of lists."""

import re
from collections.abc import Collection, Iterable, Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from pipcache.inventory.artifact import Artifact, Kind, path_of
from pipcache.store.layout import Store

if TYPE_CHECKING:
    from pipcache.query.sources import Source


class IndexStatus(StrEnum):
    """What an index has done with a file since, as far as the index pages in the cache show it."""

    YANKED = "yanked"
    WITHDRAWN = "withdrawn"  # no longer listed, replaced, or in quarantine


IndexStatuses = Mapping[str, Collection[IndexStatus]]
"""What indexes have done with artifacts, by the paths of their entries."""

NO_STATUSES: IndexStatuses = {}


class Filters(NamedTuple):
    """Conditions on artifacts, all of which must hold; None, False or empty for no condition.

    Attributes:
        kinds: the kinds that are allowed.
        stores: the stores that are allowed.
        older_than: seconds since an artifact was downloaded or built, which must be more.
        newer_than: the same seconds, which must be less.
        larger_than: bytes, of which an artifact must have more.
        unnamed: whether only artifacts without a name are allowed.
        sources: where an artifact may be from; only proved URLs count.
        built_by: the interpreters that may have built a wheel (``cp311``), as the keys of the wheels prove them.
        statuses: what an index has done with the artifacts that are allowed; any of these.
    """

    kinds: frozenset[Kind] = frozenset()
    stores: frozenset[Store] = frozenset()
    older_than: float | None = None
    newer_than: float | None = None
    larger_than: int | None = None
    unnamed: bool = False
    sources: "tuple[Source, ...]" = ()
    built_by: frozenset[str] = frozenset()
    statuses: frozenset[IndexStatus] = frozenset()

    @property
    def needs_pages(self) -> bool:
        """Whether index pages and all other entries are read for a condition."""
        return bool(self.sources or self.statuses)

    def allow(self, artifact: Artifact, now: float, statuses: IndexStatuses = NO_STATUSES) -> bool:
        """Return whether the conditions hold for an artifact.

        Args:
            artifact: the artifact.
            now: the time, in seconds since the epoch.
            statuses: what indexes have done with artifacts; needed where that is a condition.
        """
        made = artifact.made_ns
        age = None if made is None else now - made / 1e9
        return (
            (not self.kinds or artifact.kind in self.kinds)
            and (not self.stores or artifact.store in self.stores)
            and (self.older_than is None or (age is not None and age > self.older_than))
            and (self.newer_than is None or (age is not None and age < self.newer_than))
            and (self.larger_than is None or artifact.size > self.larger_than)
            and (artifact.is_unnamed or not self.unnamed)
            and (not self.built_by or _builder_of(artifact) in self.built_by)
            and (not self.sources or self._allows_source(artifact))
            and (not self.statuses or not self.statuses.isdisjoint(statuses.get(path_of(artifact), ())))
        )

    def _allows_source(self, artifact: Artifact) -> bool:
        from pipcache.query.sources import is_from  # hashes, and few ask for it

        return is_from(artifact, self.sources)


def _builder_of(artifact: Artifact) -> str | None:
    return None if artifact.build_key is None else artifact.build_key.interpreter


class SortKey(StrEnum):
    """The orders of a list."""

    NAME = "name"
    SIZE = "size"
    AGE = "age"
    USED = "used"


def sort(artifacts: Iterable[Artifact], by: SortKey, *, reverse: bool = False) -> list[Artifact]:
    """Return ``artifacts`` in order.

    Args:
        artifacts: the artifacts.
        by: the order: by name and version, or the largest, the oldest or the longest unused first. Where it does
            not decide, name and version do.
        reverse: whether the order is turned round.
    """
    ordered = _by_name(artifacts)
    match by:
        case SortKey.NAME:
            pass
        case SortKey.SIZE:
            ordered.sort(key=lambda artifact: -artifact.size)
        case SortKey.AGE:
            ordered.sort(key=lambda artifact: artifact.made_ns or 0)
        case SortKey.USED:
            ordered.sort(key=lambda artifact: artifact.used_ns or 0)
    return ordered[::-1] if reverse else ordered


def _by_name(artifacts: Iterable[Artifact]) -> list[Artifact]:
    """Return ``artifacts`` by project, version, kind, file name, store and path; those without a project last."""
    projects: dict[str | None, list[Artifact]] = {}
    for artifact in artifacts:
        projects.setdefault(artifact.project, []).append(artifact)
    ordered: list[Artifact] = []
    for project in sorted(projects, key=lambda name: (name is None, name or "")):
        members = projects[project]
        if len(members) > 1:
            members.sort(key=_kind_and_path)
        versions = {artifact.version or "" for artifact in members}
        if len(versions) > 1:
            order = _version_order(versions)
            members.sort(key=lambda artifact: order[artifact.version or ""])
        ordered += members
    return ordered


def _kind_and_path(artifact: Artifact) -> tuple[str, str, str, str]:
    return artifact.kind, artifact.filename or "", artifact.store, path_of(artifact)


_NORMAL_VERSION = (
    r"([0-9]{1,9}(?:\.[0-9]{1,9})*)(?:(?:a|b|rc)[0-9]+)?(?:\.post[0-9]+)?(?:\.dev[0-9]+)?(?:\+[a-z0-9.]+)?"
)
"""A version as PEP 440 normalises it, without an epoch; the group is the release."""


def _version_order(versions: Collection[str]) -> dict[str, int]:
    """Return the position of each version in PEP 440 order; texts that are no versions come first, by text."""
    ordered = _by_release(versions) or _by_pep_440(versions)
    return {version: position for position, version in enumerate(ordered)}


def _by_release(versions: Collection[str]) -> list[str] | None:
    """Return ``versions`` in order where their releases decide; None where it takes ``packaging``."""
    releases: dict[tuple[int, ...], str] = {}
    for version in versions:
        match = re.fullmatch(_NORMAL_VERSION, version)
        if match is None:
            return None
        numbers = [*map(int, match[1].split("."))]
        while numbers and not numbers[-1]:
            numbers.pop()
        releases[tuple(numbers)] = version  # 1 and 1.0 are equal, and their spelling has to decide
    return [releases[release] for release in sorted(releases)] if len(releases) == len(versions) else None


def _by_pep_440(versions: Collection[str]) -> list[str]:
    """Return ``versions`` in PEP 440 order, and before them the texts that are no versions."""
    from pipcache.util.versions import parse_version  # brings packaging, which takes 2 ms

    def sort_key(version: str) -> tuple[bool, object, str]:
        parsed = parse_version(version)
        return (False, version, version) if parsed is None else (True, parsed, version)

    return sorted(versions, key=sort_key)
