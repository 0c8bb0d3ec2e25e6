"""The artifacts a command is about: selected, filtered, and told which selectors met nothing."""

import time
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from pipcache.artifacts import Artifact
from pipcache.progress import Track
from pipcache.query import Filters
from pipcache.scan import entry_path

if TYPE_CHECKING:
    from pipcache.selectors import DigestLookup, Selector


class Selection(NamedTuple):
    """What was chosen, in the order of the catalogue, and the selectors that matched nothing at all."""

    chosen: list[Artifact]
    unmatched: list["Selector"]


def select(
    root: str, catalogue: Sequence[Artifact], selectors: Sequence["Selector"], filters: Filters, track: Track
) -> Selection:
    """Return the artifacts any of ``selectors`` means (all of them without selectors) and ``filters`` let pass."""
    now = time.time()
    narrows = filters != Filters()
    allowed = [artifact for artifact in catalogue if not narrows or filters.allow(artifact, now)]
    if not selectors:
        return Selection(allowed, [])
    algorithms = {name for selector in selectors if selector.digest is not None for name in selector.digest[0]}
    digest_of = _digests(root, allowed, algorithms, track)
    met: set[int] = set()
    chosen: list[Artifact] = []
    for artifact in allowed:
        hits = [at for at, selector in enumerate(selectors) if selector.matches(artifact, digest_of)]
        if hits:
            chosen.append(artifact)
            met.update(hits)
    return Selection(chosen, [selector for at, selector in enumerate(selectors) if at not in met])


def _digests(root: str, artifacts: Sequence[Artifact], algorithms: Iterable[str], track: Track) -> "DigestLookup":
    """Hash every body with ``algorithms``, on all cores, and return a look-up of the results."""
    known: dict[tuple[str, str], str] = {}
    if algorithms:
        from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - only digest selectors need these

        from pipcache.prove import digest_by  # noqa: PLC0415

        wanted = tuple(algorithms)
        with ThreadPoolExecutor() as pool:
            results = pool.map(lambda artifact: digest_by(root, artifact, wanted), artifacts)
            for artifact, digests in zip(artifacts, track(results, len(artifacts), "Hashing"), strict=True):
                known.update({(entry_path(artifact.entry), name): value for name, value in digests.items()})
    return lambda artifact, algorithm: known.get((entry_path(artifact.entry), algorithm))
