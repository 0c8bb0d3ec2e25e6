"""Selectors and filters applied to artifacts, and the selectors that matched nothing."""

import time
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from pipcache.inventory.artifact import Artifact, Kind, path_of
from pipcache.inventory.body import digest_lookup
from pipcache.query.filters import Filters
from pipcache.query.selector import Selector
from pipcache.store.cache import Cache
from pipcache.util.filenames import normalise
from pipcache.util.progress import Track


class Match(NamedTuple):
    """An artifact that was chosen, and the selectors that match it (none where none were given)."""

    artifact: Artifact
    selectors: tuple[Selector, ...]


class Selection(NamedTuple):
    """What selectors and filters choose.

    Attributes:
        matches: the chosen artifacts, in the order of the inventory.
        unmatched: the selectors that match no artifact that the filters allow.
        allowed: every artifact that the filters allow.
    """

    matches: list[Match]
    unmatched: list[Selector]
    allowed: list[Artifact]

    @property
    def chosen(self) -> list[Artifact]:
        """The artifacts that were chosen."""
        return [match.artifact for match in self.matches]


def select(
    cache: Cache, artifacts: Sequence[Artifact], selectors: Sequence[Selector], filters: Filters, track: Track
) -> Selection:
    """Return the artifacts that ``filters`` allow and any of ``selectors`` matches; without selectors all of them.

    Bodies are hashed where a selector is a digest.
    """
    now = time.time()
    narrows = filters != Filters()
    allowed = [artifact for artifact in artifacts if not narrows or filters.allow(artifact, now)]
    if not selectors:
        return Selection([Match(artifact, ()) for artifact in allowed], [], allowed)
    algorithms = {name for selector in selectors if selector.digest is not None for name in selector.digest[0]}
    digest_of = digest_lookup(cache, allowed, algorithms, track)
    matched: set[int] = set()
    matches: list[Match] = []
    for artifact in allowed:
        indexes = [index for index, selector in enumerate(selectors) if selector.matches(artifact, digest_of)]
        if indexes:
            matches.append(Match(artifact, tuple(selectors[index] for index in indexes)))
            matched.update(indexes)
    return Selection(
        matches, [selector for index, selector in enumerate(selectors) if index not in matched], allowed
    )


def without_usable_version(selectors: Iterable[Selector], selection: Selection) -> list[Artifact]:
    """Return the files that were not chosen because a specifier cannot be applied to their version.

    They are of a project for which ``selectors`` give specifiers, and their version is unknown or not PEP 440.
    """
    from pipcache.util.versions import parse_version  # brings packaging, which a list does without

    projects = {
        selector.project
        for selector in selectors
        if selector.project and any(specifier.operator != "===" for specifier in selector.specifiers or ())
    }
    chosen = {path_of(artifact) for artifact in selection.chosen}
    return [
        artifact
        for artifact in selection.allowed
        if artifact.kind not in {Kind.PAGE, Kind.OTHER}
        and any(normalise(claim.project) in projects for claim in artifact.claims if claim.project)
        and path_of(artifact) not in chosen
        and not all(map(parse_version, [claim.version for claim in artifact.claims if claim.version] or [""]))
    ]
