"""Everything that can be told of one artifact: digests, promises and who made them, source and offspring."""

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from typing import NamedTuple

from pipcache.archives import Metadata, SdistFacts, WheelFacts
from pipcache.artifacts import Artifact, Kind
from pipcache.bodies import TextBody, inspect
from pipcache.catalogue import has_source
from pipcache.contents import decoded, encoding_of, open_body
from pipcache.entries import HttpEntry
from pipcache.progress import Track, untracked
from pipcache.prove import Digests, digest_artifact, prove_by_content, prove_metadata

_METADATA_LIMIT = 4 << 20


class Promise(NamedTuple):
    """What somebody said the bytes are. ``actual`` is None where it was not computed."""

    by: str
    what: str  # a digest's algorithm, or "size"
    expected: str
    actual: str | None

    @property
    def is_kept(self) -> bool | None:
        """Whether the bytes are as promised; None where that was not computed."""
        return None if self.actual is None else self.actual == self.expected


class Details(NamedTuple):
    """An artifact, proved as far as can be, and what its bytes and its neighbours tell.

    ``sources`` are the cached sdists a built wheel came from, ``offspring`` the built wheels made from an sdist.
    """

    artifact: Artifact
    digests: Digests | None
    promises: tuple[Promise, ...]
    metadata: Metadata | None
    generator: str | None
    sources: tuple[Artifact, ...] = ()
    offspring: tuple[Artifact, ...] = ()


def detail(
    root: str, chosen: Sequence[Artifact], everything: Sequence[Artifact], track: Track = untracked
) -> Iterable[Details]:
    """Yield the details of each chosen artifact, in order; bodies are hashed on all cores."""
    with ThreadPoolExecutor() as pool:
        hashed = track(pool.map(lambda one: digest_artifact(root, one), chosen), len(chosen), "Hashing")
        digested = list(zip(chosen, hashed, strict=True))
    proved = [
        artifact if digests is None or artifact.url_proved else prove_by_content(artifact, digests)
        for artifact, digests in digested
    ]
    names = prove_metadata(proved, [*proved, *everything])
    sdists = [one for one in (*names, *everything) if one.kind is Kind.SDIST]
    built = [one for one in everything if one.kind is Kind.BUILT]
    for artifact, (_, digests) in zip(names, digested, strict=True):
        metadata, generator = _facts(root, artifact)
        yield Details(
            artifact,
            digests,
            tuple(_promises(root, artifact, digests)),
            metadata,
            generator,
            tuple(has_source(artifact, sdists)[:1]),
            tuple(other for other in built if has_source(other, [artifact]))
            if artifact.kind is Kind.SDIST
            else (),
        )


def _facts(root: str, artifact: Artifact) -> tuple[Metadata | None, str | None]:
    """Return (metadata, generator) of an artifact's content, as far as it has them."""
    if artifact.kind not in {Kind.WHEEL, Kind.SDIST, Kind.BUILT, Kind.METADATA}:
        return None, None
    try:
        with open_body(root, artifact) as window:
            content = inspect(window, encoding_of(artifact), deep=True)
    except OSError:
        return None, None
    match content:
        case WheelFacts(metadata=metadata, generator=generator):
            return metadata, generator
        case SdistFacts(metadata=metadata) | TextBody(metadata=metadata):
            return metadata, None
        case _:
            return None, None


_HEADER_DIGESTS = {"x-checksum-sha256": "sha256", "x-checksum-md5": "md5"}


def _promises(root: str, artifact: Artifact, digests: Digests | None) -> Iterable[Promise]:
    if not isinstance(artifact.entry, HttpEntry):
        return
    actual = {} if digests is None else digests.by_name()
    if artifact.listed is not None and artifact.kind is Kind.METADATA:
        own = _metadata_digest(root, artifact)
        for algorithm, expected in artifact.listed.core_metadata or ():
            yield Promise(
                "index page (core-metadata)", algorithm, expected, own if algorithm == "sha256" else None
            )
    elif artifact.listed is not None:
        for algorithm, expected in artifact.listed.hashes:
            yield Promise("index page", algorithm, expected, actual.get(algorithm))
        if artifact.listed.size is not None:
            yield Promise("index page", "size", str(artifact.listed.size), str(artifact.size))
    if artifact.kind in {Kind.WHEEL, Kind.SDIST} and artifact.url is not None and artifact.url_proved:
        in_path = _digest_in_path(artifact.url)
        if in_path is not None:
            yield Promise("the key (BLAKE2b in the URL)", "blake2b_256", in_path, actual.get("blake2b_256"))
    headers = artifact.head.headers if artifact.head is not None else {}
    for header, algorithm in _HEADER_DIGESTS.items():
        if header in headers:
            yield Promise(header, algorithm, headers[header].lower(), actual.get(algorithm))


def _digest_in_path(url: str) -> str | None:
    """Return the BLAKE2b-256 a PyPI-shaped URL holds (proxies keep the path); None for other shapes."""
    parts = url.rsplit("/", 4)
    if len(parts) != 5:
        return None
    joined = "".join(parts[1:4])
    shaped = (len(parts[1]), len(parts[2]), len(parts[3])) == (2, 2, 60)
    return joined if shaped and set(joined) <= set("0123456789abcdef") else None


def _metadata_digest(root: str, artifact: Artifact) -> str | None:
    """Return the sha256 of a metadata file as it is when decoded, which is what indexes promise (PEP 658)."""
    data = decoded(root, artifact, _METADATA_LIMIT)
    return None if data is None else sha256(data).hexdigest()
