"""Everything that ``show`` says of one artifact."""

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from pipcache.archive.metadata import Metadata, SdistFacts, WheelFacts
from pipcache.inventory.artifact import Artifact, Kind
from pipcache.inventory.body import digest_artifact, encoding_of, open_body
from pipcache.inventory.collector import has_source
from pipcache.inventory.proof import prove_by_content, prove_metadata
from pipcache.store.content import TextBody, inspect
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
    root: str,
    chosen: Sequence[Artifact],
    everything: Sequence[Artifact],
    judgements: Mapping[str, Judgement],
    track: Track = untracked,
) -> Iterable[Details]:
    """Yield the details of each chosen artifact, in order, with its judgement by the entry's path.

    Bodies are hashed on all cores.
    """
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
            metadata,
            generator,
            tuple(has_source(artifact, sdists)[:1]),
            tuple(other for other in built if has_source(other, [artifact]))
            if artifact.kind is Kind.SDIST
            else (),
            judgements.get(entry_path(artifact.entry)),
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
