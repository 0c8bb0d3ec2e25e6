"""Filters and sort orders."""

import re
from collections.abc import Collection, Iterable
from enum import StrEnum
from typing import NamedTuple

from pipcache.inventory.artifact import Artifact, Kind
from pipcache.store.entries import entry_path
from pipcache.store.layout import Store


class Filters(NamedTuple):
    """Narrowing conditions; all must hold. Ages are in seconds, sizes in bytes; None or empty means any."""

    kinds: frozenset[Kind] = frozenset()
    stores: frozenset[Store] = frozenset()
    older_than: float | None = None
    newer_than: float | None = None
    larger_than: int | None = None
    unnamed: bool = False

    def allow(self, artifact: Artifact, now: float) -> bool:
        """Return whether ``artifact`` passes at the time ``now`` (seconds since the epoch)."""
        made = artifact.made_ns
        age = None if made is None else now - made / 1e9
        return (
            (not self.kinds or artifact.kind in self.kinds)
            and (not self.stores or artifact.store in self.stores)
            and (self.older_than is None or (age is not None and age > self.older_than))
            and (self.newer_than is None or (age is not None and age < self.newer_than))
            and (self.larger_than is None or artifact.size > self.larger_than)
            and (artifact.is_unnamed or not self.unnamed)
        )


class SortKey(StrEnum):
    """The orders of a list."""

    NAME = "name"
    SIZE = "size"
    AGE = "age"
    USED = "used"


def sort(artifacts: Iterable[Artifact], by: SortKey, *, reverse: bool = False) -> list[Artifact]:
    """Return ``artifacts`` in a total order: by name and version, largest, oldest, or longest unused first."""
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
    """Return ``artifacts`` by project, version, kind, file name, and at last by where they lie."""
    projects: dict[str | None, list[Artifact]] = {}
    for artifact in artifacts:
        projects.setdefault(artifact.project, []).append(artifact)
    ordered: list[Artifact] = []
    for project in sorted(projects, key=lambda name: (name is None, name or "")):
        members = projects[project]
        if len(members) > 1:
            members.sort(key=_place)
        versions = {artifact.version or "" for artifact in members}
        if len(versions) > 1:
            order = _version_order(versions)
            members.sort(key=lambda artifact: order[artifact.version or ""])
        ordered += members
    return ordered


def _place(artifact: Artifact) -> tuple[str, str, str, str]:
    return artifact.kind, artifact.filename or "", artifact.store, entry_path(artifact.entry)


# PEP 440 in its normal form, without an epoch; the release is a group
_NORMAL = r"([0-9]{1,9}(?:\.[0-9]{1,9})*)(?:(?:a|b|rc)[0-9]+)?(?:\.post[0-9]+)?(?:\.dev[0-9]+)?(?:\+[a-z0-9.]+)?"


def _version_order(versions: Collection[str]) -> dict[str, int]:
    """Return the places of ``versions`` in PEP 440 order; what is not PEP 440 comes first, by its text."""
    ordered = _by_release(versions) or _by_pep_440(versions)
    return {version: place for place, version in enumerate(ordered)}


def _by_release(versions: Collection[str]) -> list[str] | None:
    """Return ``versions`` in order when their releases alone decide it; packaging takes 2 ms to import."""
    releases: dict[tuple[int, ...], str] = {}
    for version in versions:
        match = re.fullmatch(_NORMAL, version)
        if match is None:
            return None
        numbers = [*map(int, match[1].split("."))]
        while numbers and not numbers[-1]:
            numbers.pop()
        releases[tuple(numbers)] = version
    return [releases[release] for release in sorted(releases)] if len(releases) == len(versions) else None


def _by_pep_440(versions: Collection[str]) -> list[str]:
    from pipcache.util.versions import parse_version  # noqa: PLC0415 - see above

    def key(version: str) -> tuple[bool, object, str]:
        parsed = parse_version(version)
        return (False, version, version) if parsed is None else (True, parsed, version)

    return sorted(versions, key=key)
