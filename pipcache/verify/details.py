"""Everything that ``show`` says of one artifact."""

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import NamedTuple

from pipcache.archive.metadata import Metadata, SdistFacts, WheelFacts
from pipcache.inventory.artifact import Artifact, Kind
from pipcache.inventory.body import open_body, usual_digests
from pipcache.inventory.built_from import BuiltFrom, sources_of
from pipcache.inventory.proof import prove_by_content, prove_metadata
from pipcache.store.cache import Cache
from pipcache.store.content import TextBody
from pipcache.store.entries import entry_path
from pipcache.util.hashes import Digests
from pipcache.util.progress import Track, untracked
from pipcache.verify.verdict import Judgement, Tried


class Details(NamedTuple):
    """An artifact, proved as far as can be, and what its bytes and its neighbours tell.

    ``sources`` are the cached sdists a built wheel came from, ``offspring`` the built wheels made from an sdist.
    """

    artifact: Artifact
    digests: Digests | None
    metadata: Metadata | None
    generator: str | None
    sources: tuple[Artifact, ...] = ()
    offspring: tuple[Artifact, ...] = ()
    judgement: Judgement | None = None

    @property
    def promises(self) -> tuple[Tried, ...]:
        """What somebody said the bytes are, and whether that was kept."""
        return () if self.judgement is None else self.judgement.tried


def detail(
    cache: Cache,
    chosen: Sequence[Artifact],
    everything: Sequence[Artifact],
    judgements: Mapping[str, Judgement],
    track: Track = untracked,
) -> Iterable[Details]:
    """Yield the details of each chosen artifact, in order, with its judgement by the entry's path.

    Bodies are hashed on all cores.
    """
    with ThreadPoolExecutor() as pool:
        hashed = track(pool.map(lambda one: usual_digests(cache, one), chosen), len(chosen), "Hashing")
        digested = list(zip(chosen, hashed, strict=True))
    proved = [
        artifact if digests is None or artifact.url_proved else prove_by_content(artifact, digests)
        for artifact, digests in digested
    ]
    names = prove_metadata(proved, [*proved, *everything])
    built = [(artifact, BuiltFrom([artifact])) for artifact in everything if artifact.kind is Kind.BUILT]
    for artifact, (_, digests) in zip(names, digested, strict=True):
        metadata, generator = _facts(cache, artifact)
        yield Details(
            artifact,
            digests,
            metadata,
            generator,
            tuple(islice(sources_of(artifact, (*names, *everything)), 1)) if artifact.kind is Kind.BUILT else (),
            tuple(other for other, sources in built if artifact in sources),
            judgements.get(entry_path(artifact.entry)),
        )


def _facts(cache: Cache, artifact: Artifact) -> tuple[Metadata | None, str | None]:
    """Return (metadata, generator) of an artifact's content, as far as it has them."""
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
