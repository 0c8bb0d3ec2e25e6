"""The newest versions of a project, by kind and tags."""

from collections.abc import Collection, Iterable

from pipcache.inventory.artifact import DISTRIBUTIONS, Artifact, Kind, path_of
from pipcache.util.filenames import parse_filename
from pipcache.util.versions import Version, public_version


def public_version_of(artifact: Artifact) -> Version | None:
    """Return the public version of an artifact (PEP 440); None where it is not known, or is no such version."""
    return public_version(artifact.version or "")


def has_version(artifact: Artifact) -> bool:
    """Return whether versions of an artifact can be compared: a distribution or metadata, of a known version."""
    is_versioned = artifact.kind in DISTRIBUTIONS or artifact.kind is Kind.METADATA
    return is_versioned and artifact.project is not None and public_version_of(artifact) is not None


def latest(artifacts: Iterable[Artifact], number: int, doubtful: Collection[str] = ()) -> list[Artifact]:
    """Return the artifacts that have one of the ``number`` newest versions of their project, kind and tags.

    A final version is outdated by newer final versions only, as pip prefers those. A yanked version (PEP 592)
    outdates nothing, nor does a file that could not be read. Metadata is returned also where a distribution of its
    version is. An artifact without a version that can be compared is not returned.

    Args:
        artifacts: the artifacts to choose from.
        number: how many versions are kept.
        doubtful: paths of artifacts that may go for another reason, so that they outdate nothing.
    """
    groups: dict[tuple[str, Kind, str], list[tuple[Version, Artifact]]] = {}
    for artifact in artifacts:
        version = public_version_of(artifact)
        if artifact.project is not None and version is not None and has_version(artifact):
            groups.setdefault((artifact.project, artifact.kind, _tags(artifact)), []).append((version, artifact))
    distributions: list[Artifact] = []
    project_versions: dict[str, set[Version]] = {}
    for (project, kind, _), members in groups.items():
        sure = [(version, artifact) for version, artifact in members if path_of(artifact) not in doubtful]
        project_versions.setdefault(project, set()).update(version for version, _ in sure)
        if kind is not Kind.METADATA:
            counted = (version for version, artifact in sure if _outdates_others(artifact))
            newest = _Newest(counted, number)
            distributions += [artifact for version, artifact in members if version in newest]
    kept_versions = {(artifact.project, public_version_of(artifact)) for artifact in distributions}
    metadata: list[Artifact] = []
    for (project, kind, _), members in groups.items():
        if kind is Kind.METADATA:
            newest = _Newest(project_versions[project], number)
            metadata += [
                artifact
                for version, artifact in members
                if (project, version) in kept_versions or version in newest
            ]
    return distributions + metadata


class _Newest:
    """The newest of some versions; final versions are compared with final versions only."""

    def __init__(self, versions: Iterable[Version], number: int) -> None:
        ordered = sorted(set(versions), reverse=True)
        finals = [version for version in ordered if not version.is_prerelease]
        self._least = ordered[number - 1] if len(ordered) >= number else None
        self._least_final = finals[number - 1] if len(finals) >= number else None

    def __contains__(self, version: Version) -> bool:
        """Return whether fewer than ``number`` versions are newer."""
        least = self._least if version.is_prerelease else self._least_final
        return least is None or version >= least


def _outdates_others(artifact: Artifact) -> bool:
    """Return whether pip may choose an artifact: it can be read, and no index page calls it yanked (PEP 592)."""
    is_yanked = artifact.listed is not None and artifact.listed.yanked is not False
    return not is_yanked and not artifact.unreadable


def _tags(artifact: Artifact) -> str:
    """Return the tags of a wheel, or of metadata, in one spelling; "" for other artifacts."""
    parsed = parse_filename((artifact.filename or "").removesuffix(".metadata"))
    if parsed is None or parsed.tags is None:
        return ""
    return "-".join(".".join(sorted(part.split("."))) for part in parsed.tags)
