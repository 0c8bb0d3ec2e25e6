"""Versions as all names of a file may spell them."""

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
    """Return the names an artifact itself has, and not those of what it was built from."""
    return [claim for claim in artifact.claims if claim.evidence is not Evidence.ORIGIN]


def versions_of(artifact: Artifact, project: str) -> tuple[set[str], set[str]]:
    """Return the versions an artifact's names give, and how version and build tag read together.

    A wheel ``ctx-0.1.2-1-py3-none-any.whl`` is version 0.1.2, build 1; a record that was made from the upload's
    name calls it ``0.1.2-1``, which is another version by PEP 440.
    """
    spelled = {
        version
        for claim in own_claims(artifact)
        if claim.project and normalise(claim.project) == project and (version := claim.version or artifact.version)
    }
    texts = {f"{version}-{artifact.build}".lower() for version in spelled} if artifact.build else set[str]()
    for filename in {claim.filename for claim in artifact.claims if claim.filename} | set(artifact.filenames):
        parsed = parse_filename(filename.removesuffix(".metadata"), project)
        if parsed is None or parsed.version is None or normalise(parsed.project) != project:
            continue
        if parsed.is_wheel:
            texts |= {f"{parsed.version}-{parsed.build}".lower()} if parsed.build else set()
        else:
            spelled.add(parsed.version)
    return spelled, texts


@lru_cache(maxsize=1 << 18)
def is_in(part: Range, version: str) -> bool:
    """Return whether a range holds a version."""
    return part.contains(version)


def filenames_of(artifact: Artifact) -> set[str]:
    """Return the names its file may have; what a page or a header says of it may be wrong, the key is not."""
    told = {claim.filename for claim in artifact.claims if claim.filename}
    is_download = isinstance(artifact.entry, HttpEntry)
    served = {filename_in(artifact.url)} if artifact.url and is_download else set[str]()
    is_certain = any(one.filename and one.evidence is Evidence.KEY for one in artifact.claims)
    return told | served | (set[str]() if is_certain else {*artifact.filenames})


_TWIN = re.compile(r"(.+)-[0-9]+")


def twins_in(indicators: Iterable[Indicator]) -> dict[tuple[str, str], list[str]]:
    """Return listed versions that may be a version and a build tag, by project and canonical version."""
    found: dict[tuple[str, str], list[str]] = {}
    for one in indicators:
        for version in one.versions if one.project is not None else ():
            if (twin := _TWIN.fullmatch(version)) is not None:
                found.setdefault((one.project or "", canonical(twin[1])), []).append(version)
    return found
