"""Versions as the names of a file spell them."""

import re
from collections.abc import Iterable
from functools import lru_cache

from pipcache.advisories.model import Indicator, Range
from pipcache.inventory.artifact import Artifact, Claim, Evidence
from pipcache.store.entries import HttpEntry
from pipcache.util.filenames import normalise, parse_filename
from pipcache.util.urls import filename_in
from pipcache.util.versions import canonical


def own_claims(artifact: Artifact) -> list[Claim]:
    """Return the names of an artifact itself, without those of its source, or of wheels that were built from it.

    What is related to a match by ``origin.json`` is found as its source, or as built from it: several projects can
    be built from one archive.
    """
    return [claim for claim in artifact.claims if claim.evidence is not Evidence.ORIGIN]


def versions_of(artifact: Artifact, project: str) -> tuple[set[str], set[str]]:
    """Return the versions that an artifact's names give, and its versions with the build tag appended.

    The wheel ``ctx-0.1.2-1-py3-none-any.whl`` is version 0.1.2, build 1. An advisory that was made from its file
    name calls it ``0.1.2-1``, which PEP 440 reads as another version (a post-release).

    Args:
        artifact: the artifact.
        project: normalised; names of other projects are ignored.
    """
    versions = {
        version
        for claim in own_claims(artifact)
        if claim.project and normalise(claim.project) == project and (version := claim.version or artifact.version)
    }
    tagged = {f"{version}-{artifact.build}".lower() for version in versions} if artifact.build else set[str]()
    for filename in {claim.filename for claim in artifact.claims if claim.filename} | set(artifact.filenames):
        parsed = parse_filename(filename.removesuffix(".metadata"), project)
        if parsed is None or parsed.version is None or normalise(parsed.project) != project:
            continue
        if parsed.is_wheel:
            tagged |= {f"{parsed.version}-{parsed.build}".lower()} if parsed.build else set()
        else:
            versions.add(parsed.version)
    return versions, tagged


@lru_cache(maxsize=1 << 18)
def range_contains(versions: Range, version: str) -> bool:
    """Return whether a range contains a version."""
    return versions.contains(version)


def filenames_of(artifact: Artifact) -> set[str]:
    """Return the file names that an artifact may have had.

    What its content allows counts only where the key does not prove the name; a page or a header may be wrong.
    """
    claimed = {claim.filename for claim in artifact.claims if claim.filename}
    is_download = isinstance(artifact.entry, HttpEntry)
    in_url = {filename_in(artifact.url)} if artifact.url and is_download else set[str]()
    is_proved = any(claim.filename and claim.evidence is Evidence.KEY for claim in artifact.claims)
    return claimed | in_url | (set[str]() if is_proved else {*artifact.filenames})


_VERSION_WITH_BUILD_TAG = re.compile(r"(.+)-[0-9]+")


def versions_with_build_tag(indicators: Iterable[Indicator]) -> dict[tuple[str, str], list[str]]:
    """Return the versions in advisories that may be a version and a build tag, such as ``0.1.2-1``.

    Returns:
        The versions as written, by normalised project and by the canonical version without the build tag.
    """
    versions: dict[tuple[str, str], list[str]] = {}
    for indicator in indicators:
        if indicator.project is None:
            continue
        for version in [version for version in indicator.versions if "-" in version]:  # few of a million
            if (match := _VERSION_WITH_BUILD_TAG.fullmatch(version)) is not None:
                versions.setdefault((indicator.project or "", canonical(match[1])), []).append(version)
    return versions
