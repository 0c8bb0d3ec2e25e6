"""Selectors and filters applied to artifacts, and the selectors that matched nothing."""

import time
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from pipcache.inventory.artifact import Artifact, Kind, path_of
from pipcache.inventory.body import digest_lookup
from pipcache.query.filters import NO_STATUSES, Filters, IndexStatuses
from pipcache.query.selector import Selector
from pipcache.store.cache import Cache
from pipcache.util.filenames import normalise
from pipcache.util.progress import Track


class Match(NamedTuple):
    """An artifact that was chosen, and the selectors that match it (none where none were given)."""

    artifact: Artifact
    selectors: tuple[Selector, ...]


class Unmatched(NamedTuple):
    """A selector that matched nothing, and what its writer may have meant.

    Attributes:
        selector: the selector.
        versions: the versions of its project that the cache has, in their order.
        projects: where the cache has nothing of its project, the projects with the nearest names.
    """

    selector: Selector
    versions: tuple[str, ...] = ()
    projects: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The selector as it was written."""
        return self.selector.text


class Selection(NamedTuple):
    """What selectors and filters choose.

    Attributes:
        matches: the chosen artifacts, in the order of the inventory.
        unmatched: the selectors that match no artifact that the filters allow.
        allowed: every artifact that the filters allow.
    """

    matches: list[Match]
    unmatched: list[Unmatched]
    allowed: list[Artifact]

    @property
    def chosen(self) -> list[Artifact]:
        """The artifacts that were chosen."""
        return [match.artifact for match in self.matches]


def select(
    cache: Cache,
    artifacts: Sequence[Artifact],
    selectors: Sequence[Selector],
    filters: Filters,
    track: Track,
    *,
    statuses: IndexStatuses = NO_STATUSES,
) -> Selection:
    """Return the artifacts that ``filters`` allow and any of ``selectors`` matches; without selectors all of them.

    Bodies are hashed where a selector is a digest. ``statuses`` are what ``filters.statuses`` asks for.
    """
    now = time.time()
    if filters.sources:
        from pipcache.query.sources import with_proved_urls  # hashes, and few ask for it

        artifacts = with_proved_urls(cache, [*artifacts], filters.sources, track)
    narrows = filters != Filters()
    allowed = [artifact for artifact in artifacts if not narrows or filters.allow(artifact, now, statuses)]
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
    unmatched = [selector for index, selector in enumerate(selectors) if index not in matched]
    return Selection(matches, [_with_advice(selector, artifacts) for selector in unmatched], allowed)


_MOST_NAMES = 3


def _with_advice(selector: Selector, artifacts: Iterable[Artifact]) -> Unmatched:
    """Return a selector that matched nothing with what the cache has instead."""
    if selector.project is None:
        return Unmatched(selector)
    versions: dict[str, dict[str, None]] = {}
    for artifact in artifacts:
        if artifact.project is not None:
            versions.setdefault(artifact.project, {}).update({artifact.version: None} if artifact.version else {})
    if selector.project in versions:
        from pipcache.util.versions import in_order  # brings packaging, which a list does without

        return Unmatched(selector, versions=tuple(in_order(versions[selector.project])))
    from pipcache.util.nearest import nearest_words  # for slips alone

    return Unmatched(selector, projects=tuple(nearest_words(selector.project, versions, _MOST_NAMES)))


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
