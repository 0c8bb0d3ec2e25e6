"""Proof by the key: a URL made from the bytes and a file name hashes to the key, so all three are right."""

import re
from collections.abc import Iterable, Mapping, Sequence
from urllib.parse import quote

from pipcache.inventory.artifact import Artifact, Claim, Evidence, Kind, Place
from pipcache.inventory.body import digests_of
from pipcache.inventory.identify import kind_of_filename
from pipcache.store.cache import Cache
from pipcache.store.keys import http_key
from pipcache.util.filenames import (
    SDIST_SUFFIXES,
    normalise,
    parse_filename,
    split_stem,
    stems,
    unique,
    wheel_filenames,
)
from pipcache.util.hashes import Digests
from pipcache.util.urls import file_urls


def candidate_filenames(artifact: Artifact) -> list[str]:
    """Return the file names that an artifact may have had on an index, likeliest first."""
    claims = [claim for claim in artifact.claims if claim.project and claim.version]
    claimed = [claim.filename for claim in claims if claim.filename]
    usual = stems(
        unique(claim.project for claim in claims if claim.project),
        unique(claim.version for claim in claims if claim.version),
    )
    match artifact.kind:
        case Kind.WHEEL:
            folders = [f"{claim.project}-{claim.version}" for claim in claims if claim.place is Place.DIST_INFO]
            return unique(
                [
                    *claimed,
                    *artifact.filenames,
                    *wheel_filenames([*folders, *usual], artifact.build, artifact.tags, every=True),
                ]
            )
        case Kind.SDIST:
            return unique(
                [*claimed, *artifact.filenames, *(stem + suffix for stem in usual for suffix in SDIST_SUFFIXES)]
            )
        case _:
            return claimed


_OF_ITSELF = frozenset({Evidence.CONTENT, Evidence.HEADER})


def has_only_own_names(artifact: Artifact) -> bool:
    """Return whether all names of an artifact are from its own files."""
    return all(claim.evidence in _OF_ITSELF for claim in artifact.claims)


def has_same_candidates(deeper: Artifact, artifact: Artifact) -> bool:
    """Return whether the names in METADATA add no file name to those that an artifact may have had before."""
    if any(getattr(deeper, field) != getattr(artifact, field) for field in ("kind", "filenames", "tags", "build")):
        return False
    names = [claim for claim in artifact.claims if claim.project and claim.version]
    projects, versions = {claim.project for claim in names}, {claim.version for claim in names}
    added = [claim for claim in deeper.claims if claim.project and claim.version and claim not in names]
    return all(claim.project in projects and claim.version in versions and not claim.filename for claim in added)


def prove_by_content(artifact: Artifact, digests: Digests) -> Artifact:
    """Return ``artifact`` with its URL and file name where its bytes prove them; else ``artifact`` itself.

    PyPI's file URLs hold the BLAKE2b-256 of the content. Where such a URL with a possible file name hashes to the
    key, URL, name and bytes are those of PyPI.

    Args:
        artifact: a downloaded wheel or sdist; others are returned as they are.
        digests: of its bytes.
    """
    key = artifact.key
    if artifact.kind not in {Kind.WHEEL, Kind.SDIST} or key is None:
        return artifact
    for filename in candidate_filenames(artifact):
        is_plain = _NEVER_QUOTED.fullmatch(filename) is not None
        for spelling in (filename,) if is_plain else unique((filename, quote(filename, errors="surrogatepass"))):
            for url in file_urls(digests.blake2b_256, spelling):
                if http_key(url) == key:
                    return _proved(artifact, filename, url)
    return artifact


_NEVER_QUOTED = re.compile(r"[A-Za-z0-9_.~/-]*")
"""File names that ``quote`` leaves as they are."""


def name_by_digest(artifact: Artifact, digests: Mapping[str, str]) -> Artifact:
    """Return ``artifact`` with the name that a page gives to a file of its bytes; the URL is not proved by that.

    Args:
        artifact: an artifact without a listed URL.
        digests: hex digests of its bytes by algorithm, without those that can be forged.
    """
    for row in artifact.named_rows:
        algorithm = next((name for name, digest in row.file.hashes if digests.get(name) == digest), None)
        if algorithm is None:
            continue
        parsed = row.file.name(artifact.project)
        claim = Claim(
            Evidence.PAGE,
            f"{row.page}, by its {algorithm}",
            None if parsed is None else parsed.project,
            None if parsed is None else parsed.version,
            row.file.filename,
        )
        kind = artifact.kind
        if kind in {Kind.UNKNOWN, Kind.OTHER}:
            kind = kind_of_filename(row.file.filename)
        url = artifact.url or row.url
        named = artifact.proved_by(claim, url, kind)
        return named._replace(url_proved=artifact.url_proved, listed=row.file)
    return artifact


PROOF_ALGORITHMS = "blake2b_256", "sha256"
"""The digests that a proof needs."""


def prove_by_bytes(
    cache: Cache, artifact: Artifact, known: Mapping[str, str] | None = None
) -> tuple[Artifact, Digests | None]:
    """Return an artifact with the URL that its bytes prove, and the digests of the bytes.

    Args:
        cache: the cache.
        artifact: the artifact.
        known: hex digests by algorithm, computed before; the bytes are read only where these are not enough.

    Returns:
        The artifact, and its digests; None for the digests when the bytes cannot be read.
    """
    values = (
        known
        if known is not None and known.keys() >= set(PROOF_ALGORITHMS)
        else digests_of(cache, artifact, PROOF_ALGORITHMS)
    )
    if not values:
        return artifact, None
    digests = Digests(values["blake2b_256"], values["sha256"])
    return artifact if artifact.url_proved else prove_by_content(artifact, digests), digests


def _proved(artifact: Artifact, filename: str, url: str) -> Artifact:
    parsed = parse_filename(filename, artifact.project) or split_stem(filename)
    claim = Claim(Evidence.KEY, "URL made from the content", parsed.project, parsed.version, filename)
    return artifact.proved_by(claim, url)


def prove_metadata(artifacts: Sequence[Artifact], proved: Iterable[Artifact]) -> list[Artifact]:
    """Return ``artifacts`` with the ``.metadata`` files (PEP 658) of ``proved`` distributions named."""
    owners = {
        http_key(f"{artifact.url}.metadata"): artifact
        for artifact in proved
        if artifact.url is not None and artifact.url_proved and artifact.kind in {Kind.WHEEL, Kind.SDIST}
    }
    return [
        _metadata_of(artifact, owners[artifact.key])
        if artifact.kind is Kind.METADATA and artifact.url is None and artifact.key in owners
        else artifact
        for artifact in artifacts
    ]


def _metadata_of(artifact: Artifact, owner: Artifact) -> Artifact:
    claim = Claim(
        Evidence.KEY,
        "URL of the distribution, and .metadata",
        normalise(owner.project or ""),
        owner.version,
        f"{owner.filename}.metadata",
    )
    return artifact.proved_by(claim, f"{owner.url}.metadata")
