"""Versions of projects, the files of each, and which of these an installer takes."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from pipcache.offline.contents import Contents
from pipcache.offline.supply import SupplyFile
from pipcache.offline.target import Target
from pipcache.util.versions import Version, canonical, contains, parse_version, same_version


class Release(NamedTuple):
    """A version of a project.

    Attributes:
        project: its normalised name.
        version: that of its files.
        files: its files in the supply; not empty.
        taken: the file that an installer takes; None where none is for the Python and platform.
        contents: what it says of itself: the file that is taken, or the wheel that pip has built from it. It has
            ``builds_with`` where pip asks the index for something to build it.
    """

    project: str
    version: str
    files: tuple[SupplyFile, ...]
    taken: SupplyFile | None
    contents: Contents

    @property
    def parsed(self) -> Version | None:
        """Its version (PEP 440); None where it is none."""
        return parse_version(self.version)

    @property
    def is_final(self) -> bool:
        """Whether it is neither a pre-release nor a version outside PEP 440."""
        return self.parsed is not None and not self.parsed.is_prerelease

    def meets(self, specifiers: str) -> bool:
        """Return whether specifiers (PEP 440) allow its version; without any all versions are allowed."""
        return not specifiers or contains(specifiers, self.version)

    def is_of(self, version: str) -> bool:
        """Return whether it is the version that a lock names."""
        return same_version(self.version, version)


def releases_of(
    files: Iterable[SupplyFile], target: Target, built_of: Callable[[SupplyFile], Contents | None]
) -> dict[str, list[Release]]:
    """Return the releases of the files by project, newest first.

    Args:
        files: the files of a supply.
        target: for which Python and platform.
        built_of: what the wheel says that pip has built from an sdist and takes in its place; None without one.
    """
    groups: dict[tuple[str, str], list[SupplyFile]] = {}
    for file in files:
        groups.setdefault((file.locked.project, canonical(file.locked.version)), []).append(file)
    projects: dict[str, list[Release]] = {}
    for (project, _), same in sorted(groups.items()):
        ordered = sorted(same, key=lambda file: (file.locked.filename, file.locked.url))
        projects.setdefault(project, []).append(_release(ordered, target, built_of))
    for releases in projects.values():
        releases.sort(key=_age, reverse=True)
    return projects


def _release(
    files: list[SupplyFile], target: Target, built_of: Callable[[SupplyFile], Contents | None]
) -> Release:
    taken = _taken(files, target)
    contents = files[0].contents if taken is None else taken.contents
    if taken is not None and not taken.locked.is_wheel and (built := built_of(taken)) is not None:
        contents = built
    locked = files[0].locked
    return Release(locked.project, locked.version, tuple(files), taken, contents)


def _age(release: Release) -> tuple[bool, Version | str]:
    parsed = release.parsed
    return (False, release.version) if parsed is None else (True, parsed)


def _taken(files: Iterable[SupplyFile], target: Target) -> SupplyFile | None:
    """Return the file that pip takes (``index/package_finder.py``): the best wheel, else an sdist."""
    ranked = [
        (rank, _build_order(file), file.locked.filename, file)
        for file in files
        if (rank := target.rank(file.name)) is not None and target.allows(file.contents.requires_python)
    ]
    return min(ranked, key=lambda entry: entry[:3])[3] if ranked else None


def _build_order(file: SupplyFile) -> tuple[int, str]:
    """Return a build tag so that the highest comes first (PEP 427)."""
    build = file.name.build or ""
    digits = build[: len(build) - len(build.lstrip("0123456789"))]
    return -int(digits or -1), build
