"""Selectors and filters applied to artifacts, and what matched nothing."""

import time
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from pipcache.inventory.artifact import Artifact, Kind
from pipcache.inventory.body import digest_lookup
from pipcache.query.filters import Filters
from pipcache.store.cache import Cache
from pipcache.store.entries import entry_path
from pipcache.util.progress import Track

if TYPE_CHECKING:
    from pipcache.query.selector import Selector


class Match(NamedTuple):
    """An artifact that was chosen, and the selectors that mean it (none when there were none)."""

    artifact: Artifact
    selectors: tuple["Selector", ...]


class Selection(NamedTuple):
    """What was chosen, in the order of the catalogue.

    ``unmatched`` are selectors that matched nothing at all; ``allowed`` is all that the filters let pass.
    """

    matches: list[Match]
    unmatched: list["Selector"]
    allowed: list[Artifact]

    @property
    def chosen(self) -> list[Artifact]:
        """The artifacts that were chosen."""
        return [match.artifact for match in self.matches]


def select(
    cache: Cache, catalogue: Sequence[Artifact], selectors: Sequence["Selector"], filters: Filters, track: Track
) -> Selection:
    """Return the artifacts any of ``selectors`` means (all of them without selectors) and ``filters`` let pass."""
    now = time.time()
    narrows = filters != Filters()
    allowed = [artifact for artifact in catalogue if not narrows or filters.allow(artifact, now)]
    if not selectors:
        return Selection([Match(artifact, ()) for artifact in allowed], [], allowed)
    algorithms = {name for selector in selectors if selector.digest is not None for name in selector.digest[0]}
    digest_of = digest_lookup(cache, allowed, algorithms, track)
    met: set[int] = set()
    matches: list[Match] = []
    for artifact in allowed:
        hits = [at for at, selector in enumerate(selectors) if selector.matches(artifact, digest_of)]
        if hits:
            matches.append(Match(artifact, tuple(selectors[at] for at in hits)))
            met.update(hits)
    return Selection(matches, [selector for at, selector in enumerate(selectors) if at not in met], allowed)


def passed_over(selectors: Iterable["Selector"], selection: Selection) -> list[Artifact]:
    """Return the files of the selectors' projects whose version no specifier judges: unknown, or not PEP 440."""
    from pipcache.util.filenames import normalise  # noqa: PLC0415 - only where a specifier is given
    from pipcache.util.versions import parse_version  # noqa: PLC0415 - as above

    projects = {
        selector.project
        for selector in selectors
        if selector.project and any(one.operator != "===" for one in selector.specifiers or ())
    }
    chosen = {entry_path(artifact.entry) for artifact in selection.chosen}
    return [
        artifact
        for artifact in selection.allowed
        if artifact.kind not in {Kind.PAGE, Kind.OTHER}
        and any(normalise(claim.project) in projects for claim in artifact.claims if claim.project)
        and entry_path(artifact.entry) not in chosen
        and not all(map(parse_version, _versions(artifact)))
    ]


def _versions(artifact: Artifact) -> list[str]:
    return [claim.version for claim in artifact.claims if claim.version] or [""]
