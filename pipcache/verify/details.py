"""Everything that ``show`` says of one artifact."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import NamedTuple

from pipcache.archive.metadata import Metadata, SdistFacts, WheelFacts, parse_metadata
from pipcache.inventory.artifact import Artifact, Kind, path_of
from pipcache.inventory.body import is_text, open_body, usual_digests
from pipcache.inventory.built_from import BuiltFrom, SourceIndex, wheels_by_bytes
from pipcache.inventory.proof import prove_by_content, prove_metadata
from pipcache.store.cache import Cache
from pipcache.store.content import TextBody
from pipcache.util.hashes import Digests
from pipcache.util.progress import Track, untracked
from pipcache.util.workers import Workers
from pipcache.verify.verdict import Comparison, Judgement


class Details(NamedTuple):
    """What is known about an artifact.

    Attributes:
        artifact: the artifact, proved by its bytes where that is possible.
        digests: the digests of its bytes as they are stored; None where they cannot be read.
        metadata: its METADATA or PKG-INFO; None where it has none.
        generator: what built a wheel, by its WHEEL file.
        sources: the cached download that a built wheel came from, if any.
        built_wheels: the built wheels that came from the artifact.
        judgement: its judgement; None for what is not judged.
    """

    artifact: Artifact
    digests: Digests | None
    metadata: Metadata | None
    generator: str | None
    sources: tuple[Artifact, ...] = ()
    built_wheels: tuple[Artifact, ...] = ()
    judgement: Judgement | None = None

    @property
    def comparisons(self) -> tuple[Comparison, ...]:
        """The known promises of its bytes, compared or not."""
        return () if self.judgement is None else self.judgement.comparisons


def describe(
    cache: Cache,
    chosen: Sequence[Artifact],
    artifacts: Sequence[Artifact],
    judgements: Mapping[str, Judgement],
    track: Track = untracked,
) -> Iterable[Details]:
    """Yield the details of each chosen artifact, in order. Bodies are hashed on all cores.

    Args:
        cache: the cache.
        chosen: the artifacts to describe.
        artifacts: every artifact of the cache.
        judgements: the judgements of the chosen, by the paths of their entries.
        track: shows the progress.
    """
    with Workers() as workers:
        hashed = workers.map(lambda artifact: usual_digests(cache, artifact), chosen)
        digested = list(zip(chosen, track(hashed, len(chosen), "Hashing"), strict=True))
    proved = [
        artifact if digests is None or artifact.url_proved else prove_by_content(artifact, digests)
        for artifact, digests in digested
    ]
    named = prove_metadata(proved, [*proved, *artifacts])
    downloads = SourceIndex((*named, *artifacts))
    sources_of_wheels = [
        (artifact, BuiltFrom([artifact], downloads.redirects))
        for artifact in artifacts
        if artifact.kind is Kind.BUILT
    ]
    kinds = {Kind.SDIST, Kind.OTHER, Kind.UNKNOWN}
    archives = [candidate for candidate in artifacts if candidate.kind in kinds and candidate.key]
    by_bytes = wheels_by_bytes(cache, artifacts, archives)
    for artifact, (_, digests) in zip(named, digested, strict=True):
        metadata, generator = _facts(cache, artifact)
        sources = downloads.sources_of(artifact) if artifact.kind is Kind.BUILT else []
        sources += [archive for archive in archives if artifact in by_bytes.get(path_of(archive), ())]
        built = [wheel for wheel, downloads_of in sources_of_wheels if artifact in downloads_of]
        built += [wheel for wheel in by_bytes.get(path_of(artifact), ()) if wheel not in built]
        yield Details(
            artifact,
            digests,
            metadata,
            generator,
            sources=tuple(islice((source for source in sources if _is_archive(cache, source)), 1)),
            built_wheels=tuple(built),
            judgement=judgements.get(path_of(artifact)),
        )


def _is_archive(cache: Cache, download: Artifact) -> bool:
    """Return whether a download has bytes that a wheel can be built from, and no sign-in page or redirect."""
    return download.size > 0 and not download.is_redirect and not is_text(cache, download)


def _facts(cache: Cache, artifact: Artifact) -> tuple[Metadata | None, str | None]:
    """Return the metadata in an artifact, and what built it; None for what it does not have."""
    if (unpacked := cache.metadata_of(artifact.entry)) is not None:
        return parse_metadata(unpacked), None
    if artifact.kind not in {Kind.WHEEL, Kind.SDIST, Kind.BUILT, Kind.METADATA}:
        return None, None
    try:
        with open_body(cache, artifact) as body:
            content = body.content(deep=True)
    except OSError:
        return None, None
    match content:
        case WheelFacts(metadata=metadata, generator=generator):
            return metadata, generator
        case SdistFacts(metadata=metadata) | TextBody(metadata=metadata):
            return metadata, None
        case _:
            return None, None
