"""Which versions of a project are its newest: a version is old only against the same kind and tags."""

from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING

from pipcache.artifacts import DISTRIBUTIONS, Artifact, Kind
from pipcache.names import parse_filename

if TYPE_CHECKING:
    from packaging.version import Version


def version_key(artifact: Artifact) -> "Version | None":
    """Return the public version of an artifact (PEP 440); None where it is not known, or is no such version."""
    return _parsed(artifact.version or "")


@lru_cache(maxsize=1 << 16)
def _parsed(text: str) -> "Version | None":
    from packaging.version import Version  # noqa: PLC0415 - slow, and only some policies compare

    try:
        return Version(Version(text).public)
    except ValueError:  # InvalidVersion, or a number longer than int() takes
        return None


def latest(artifacts: Iterable[Artifact], number: int) -> list[Artifact]:
    """Return of each project, kind and set of tags what has one of the ``number`` newest versions.

    Final versions are old only against final ones, for that is what pip prefers. Metadata stays as long as a
    distribution of its version. What has no version to compare is no part of the answer.
    """
    groups: dict[tuple[str, Kind, str], list[tuple[Version, Artifact]]] = {}
    for one in artifacts:
        version = version_key(one)
        if one.project is not None and version is not None and (one.kind in DISTRIBUTIONS or _is_metadata(one)):
            groups.setdefault((one.project, one.kind, _tags(one)), []).append((version, one))
    found = [
        one
        for (_, kind, _), members in groups.items()
        if kind is not Kind.METADATA
        for version, one in members
        if _is_among(version, {other for other, _ in members}, number)
    ]
    stays = {(one.project, version_key(one)) for one in found}
    there = {(project, version) for (project, *_), members in groups.items() for version, _ in members}
    for (project, kind, _), members in groups.items():
        if kind is Kind.METADATA:
            versions = {version for name, version in there if name == project}
            found += [
                one
                for version, one in members
                if (project, version) in stays or _is_among(version, versions, number)
            ]
    return found


def _is_among(version: "Version", versions: set["Version"], number: int) -> bool:
    """Return whether fewer than ``number`` of ``versions`` are newer; for a final one only final ones are."""
    newer = (other for other in versions if other > version)
    return sum(version.is_prerelease or not other.is_prerelease for other in newer) < number


def _is_metadata(artifact: Artifact) -> bool:
    return artifact.kind is Kind.METADATA


def _tags(artifact: Artifact) -> str:
    """Return the tags of a wheel in one spelling; the empty string for all else."""
    parsed = parse_filename((artifact.filename or "").removesuffix(".metadata"))
    if parsed is None or parsed.tags is None:
        return ""
    return "-".join(".".join(sorted(part.split("."))) for part in parsed.tags)
