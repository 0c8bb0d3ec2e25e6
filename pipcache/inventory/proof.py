"""The proof by the key: URL, name and bytes certify each other."""

from collections.abc import Iterable, Mapping, Sequence
from urllib.parse import quote

from pipcache.inventory.artifact import Artifact, Claim, Evidence, Kind
from pipcache.inventory.body import digests_of
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
    """Return every file name the artifact can have had on an index, likeliest first."""
    claims = [claim for claim in artifact.claims if claim.project and claim.version]
    named = [claim.filename for claim in claims if claim.filename]
    spelled = stems(
        unique(claim.project for claim in claims if claim.project),
        unique(claim.version for claim in claims if claim.version),
    )
    match artifact.kind:
        case Kind.WHEEL:
            folders = [f"{claim.project}-{claim.version}" for claim in claims if claim.detail == ".dist-info"]
            return unique(
                [
                    *named,
                    *artifact.filenames,
                    *wheel_filenames([*folders, *spelled], artifact.build, artifact.tags, every=True),
                ]
            )
        case Kind.SDIST:
            return unique(
                [*named, *artifact.filenames, *(stem + suffix for stem in spelled for suffix in SDIST_SUFFIXES)]
            )
        case _:
            return named


def prove_by_content(artifact: Artifact, digests: Digests) -> Artifact:
    """Return ``artifact`` with its URL when PyPI's URL for these bytes under a possible name is its key.

    Then key, URL, name and bytes certify each other (PyPI's file URLs hold the content's BLAKE2b-256).
    """
    if artifact.kind not in {Kind.WHEEL, Kind.SDIST} or artifact.key is None:
        return artifact
    for filename in candidate_filenames(artifact):
        for spelling in unique((filename, quote(filename, errors="surrogatepass"))):
            for url in file_urls(digests.blake2b_256, spelling):
                if http_key(url) == artifact.key:
                    return _proved(artifact, filename, url)
    return artifact


PROOF = "blake2b_256", "sha256"
"""The digests by which something found is proved."""


def prove_by_bytes(
    cache: Cache, artifact: Artifact, known: Mapping[str, str] | None = None
) -> tuple[Artifact, Digests | None]:
    """Return an artifact with the URL that its bytes prove, and their digests; None when they cannot be read.

    ``known`` are hex digests by their algorithms; the bytes are read only for what those lack.
    """
    computed = known if known is not None and known.keys() >= set(PROOF) else digests_of(cache, artifact, PROOF)
    if not computed:
        return artifact, None
    digests = Digests(computed["blake2b_256"], computed["sha256"])
    return artifact if artifact.url_proved else prove_by_content(artifact, digests), digests


def _proved(artifact: Artifact, filename: str, url: str) -> Artifact:
    known = artifact.project
    parsed = parse_filename(filename, known) or split_stem(filename)
    claim = Claim(Evidence.KEY, "URL made from the content", parsed.project, parsed.version, filename)
    return artifact._replace(claims=(claim, *artifact.claims), url=url, url_proved=True)


def prove_metadata(artifacts: Sequence[Artifact], proved: Iterable[Artifact]) -> list[Artifact]:
    """Return ``artifacts`` with ``.metadata`` files named after the proved distributions they belong to."""
    names = {
        http_key(f"{artifact.url}.metadata"): artifact
        for artifact in proved
        if artifact.url is not None and artifact.url_proved and artifact.kind in {Kind.WHEEL, Kind.SDIST}
    }
    return [
        _metadata_of(artifact, names[artifact.key])
        if artifact.kind is Kind.METADATA and artifact.url is None and artifact.key in names
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
    return artifact._replace(claims=(claim, *artifact.claims), url=f"{owner.url}.metadata", url_proved=True)
