"""The newest versions of a project, by kind and tags."""

from collections.abc import Iterable

from pipcache.inventory.artifact import DISTRIBUTIONS, Artifact, Kind
from pipcache.util.filenames import parse_filename
from pipcache.util.versions import Version, public_version


def version_key(artifact: Artifact) -> Version | None:
    """Return the public version of an artifact (PEP 440); None where it is not known, or is no such version."""
    return public_version(artifact.version or "")


def latest(artifacts: Iterable[Artifact], number: int) -> list[Artifact]:
    """Return of each project, kind and set of tags what has one of the ``number`` newest versions.

    Final versions are old only against final ones, for that is what pip prefers. Metadata stays as long as a
    distribution of its version. What is yanked makes nothing old. What has no version to compare is no part of
    the answer.
    """
    groups: dict[tuple[str, Kind, str], list[tuple[Version, Artifact]]] = {}
    for one in artifacts:
        version = version_key(one)
        if one.project is not None and version is not None and (one.kind in DISTRIBUTIONS or _is_metadata(one)):
            groups.setdefault((one.project, one.kind, _tags(one)), []).append((version, one))
    found: list[Artifact] = []
    for (_, kind, _), members in groups.items():
        if kind is not Kind.METADATA:
            newest = _Newest((version for version, one in members if not _is_yanked(one)), number)
            found += [one for version, one in members if newest.has(version)]
    stays = {(one.project, version_key(one)) for one in found}
    every: dict[str, set[Version]] = {}
    for (project, *_), members in groups.items():
        every.setdefault(project, set()).update(version for version, _ in members)
    for (project, kind, _), members in groups.items():
        if kind is Kind.METADATA:
            newest = _Newest(every[project], number)
            found += [one for version, one in members if (project, version) in stays or newest.has(version)]
    return found


class _Newest:
    """The newest of some versions; a final one is old only against final ones."""

    def __init__(self, versions: Iterable[Version], number: int) -> None:
        ordered = sorted(set(versions), reverse=True)
        finals = [version for version in ordered if not version.is_prerelease]
        self._least = ordered[number - 1] if len(ordered) >= number else None
        self._least_final = finals[number - 1] if len(finals) >= number else None

    def has(self, version: Version) -> bool:
        """Return whether fewer than that number are newer."""
        least = self._least if version.is_prerelease else self._least_final
        return least is None or version >= least


def _is_yanked(artifact: Artifact) -> bool:
    """Return whether its page says that nobody should choose it any more (PEP 592)."""
    return artifact.listed is not None and artifact.listed.yanked is not False


def _is_metadata(artifact: Artifact) -> bool:
    return artifact.kind is Kind.METADATA


def _tags(artifact: Artifact) -> str:
    """Return the tags of a wheel in one spelling; the empty string for all else."""
    parsed = parse_filename((artifact.filename or "").removesuffix(".metadata"))
    if parsed is None or parsed.tags is None:
        return ""
    return "-".join(".".join(sorted(part.split("."))) for part in parsed.tags)
