"""Bytes -> URL, name and digests: the proof by the key, and one pass over a body for all its digests."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol
from urllib.parse import quote

from pipcache.artifacts import Artifact, Claim, Evidence, Kind
from pipcache.contents import open_body
from pipcache.digests import DIGITS
from pipcache.files import Window
from pipcache.hosts import file_urls
from pipcache.keys import http_key
from pipcache.names import SDIST_SUFFIXES, normalise, parse_filename, split_stem, stems, unique, wheel_filenames
from pipcache.progress import Tick, no_tick


class Digests(NamedTuple):
    """Hex digests of an artifact's stored bytes. ``md5`` is None where it is not allowed, or of no use."""

    blake2b_256: str
    sha256: str
    md5: str | None = None

    def by_name(self) -> dict[str, str | None]:
        """Return the digests by the names of their algorithms."""
        return {"sha256": self.sha256, "blake2b_256": self.blake2b_256, "md5": self.md5}


class State(Protocol):
    """A digest that is being computed."""

    def update(self, data: bytes, /) -> None:
        """Take more bytes in."""

    def hexdigest(self) -> str:
        """Return the digest so far."""


def digest_by(root: str, artifact: Artifact, algorithms: Iterable[str]) -> dict[str, str]:
    """Return hex digests of an artifact's bytes, read once, by the names of their algorithms.

    Any name of hashlib will do, and ``blake2b_256``. What cannot be had is left out: an algorithm the system
    does not allow (FIPS and md5), and everything when the bytes cannot be read.
    """
    try:
        with open_body(root, artifact) as window:
            return hash_window(window, algorithms, no_tick)
    except OSError:
        return {}


def new_digest(name: str) -> State | None:
    """Return a fresh digest of hashlib's, or ``blake2b_256``; None where it is unknown or not allowed (FIPS)."""
    if name == "blake2b_256":
        return hashlib.blake2b(digest_size=32)
    if name not in DIGITS:
        return None
    try:
        return hashlib.new(name, usedforsecurity=False)
    except ValueError:
        return None


def hash_window(window: Window, algorithms: Iterable[str], tick: Tick) -> dict[str, str]:
    """Return hex digests of the bytes in ``window``, read once; what ``tick`` raises goes through.

    Raises:
        OSError: they cannot be read.
    """
    states = {name: state for name in algorithms if (state := new_digest(name)) is not None}
    for data in window.chunks():
        tick(len(data))
        for state in states.values():
            state.update(data)
    return {name: state.hexdigest() for name, state in states.items()}


def digest_artifact(root: str, artifact: Artifact) -> Digests | None:
    """Return the digests of an artifact's bytes; None when they cannot be read or there are none."""
    found = digest_by(root, artifact, ("blake2b_256", "sha256", "md5"))
    return Digests(found["blake2b_256"], found["sha256"], found.get("md5")) if found else None


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
    root: str, artifact: Artifact, known: Mapping[str, str] | None = None
) -> tuple[Artifact, Digests | None]:
    """Return an artifact with the URL that its bytes prove, and their digests; None when they cannot be read.

    ``known`` are hex digests by their algorithms; the bytes are read only for what those lack.
    """
    computed = known if known is not None and known.keys() >= set(PROOF) else digest_by(root, artifact, PROOF)
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
