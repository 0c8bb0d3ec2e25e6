"""What the index pages in the cache say of its files by now, for the commands that show or choose by it."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from pipcache.inventory.artifact import Artifact, Kind, path_of
from pipcache.inventory.collector import name_pages
from pipcache.location.locate import configured_indexes
from pipcache.query.filters import Filters, IndexStatus, IndexStatuses
from pipcache.store.cache import Cache
from pipcache.util.progress import Track

if TYPE_CHECKING:
    from pipcache.verify.cached_status import CachedStatuses
    from pipcache.verify.verdict import Judgement
    from pipcache.verify.verifier import Verified


def with_statuses(
    cache: Cache, verified: "Verified", artifacts: Sequence[Artifact], track: Track
) -> "list[Judgement]":
    """Return the judgements, with findings of what indexes have done since, as far as the cached pages show it."""
    if verified.not_reached:
        return verified.judgements  # an interrupted run reads nothing more
    statuses = _statuses_of(cache, [judgement.artifact for judgement in verified.judgements], artifacts, track)
    return [
        judgement._replace(
            artifact=judgement.artifact._replace(notes=(*judgement.artifact.notes, *status.notes)),
            findings=(*judgement.findings, *status.findings),
        )
        if (status := statuses.get(path_of(judgement.artifact))) is not None
        else judgement
        for judgement in verified.judgements
    ]


def _statuses_of(
    cache: Cache, chosen: Sequence[Artifact], artifacts: Iterable[Artifact], track: Track
) -> "CachedStatuses":
    """Return what has become of the chosen, by the cached pages of their indexes.

    Args:
        cache: the cache.
        chosen: artifacts with every name that is known by now.
        artifacts: all artifacts of the cache.
        track: shows the progress.
    """
    from pipcache.verify.cached_status import cached_statuses  # for those who ask for a status alone

    known = {path_of(artifact): artifact for artifact in chosen}
    latest = [known.get(path_of(artifact), artifact) for artifact in artifacts]
    return cached_statuses(cache, chosen, name_pages(cache, latest, configured_indexes, track), track)


def statuses_for(
    cache: Cache, artifacts: Sequence[Artifact], filters: Filters, track: Track
) -> tuple[list[Artifact], IndexStatuses]:
    """Return the artifacts of a cache, and what indexes have done with its files, where the filters ask for it.

    Files that no page lists are hashed, so that their keys can prove where they came from.

    Args:
        cache: the cache.
        artifacts: all of its artifacts, named by all of its pages.
        filters: the filters.
        track: shows the progress.
    """
    if not filters.statuses:
        return list(artifacts), {}
    from pipcache.inventory.index_places import pages_by_place  # most ask for no status
    from pipcache.inventory.proof import prove_by_bytes
    from pipcache.util.workers import Workers
    from pipcache.verify.cached_status import cached_statuses

    named = name_pages(cache, artifacts, configured_indexes, track)
    projects = {place.project for place in pages_by_place(named)}
    unproved = [artifact for artifact in named if _may_be_of(artifact, projects)]
    with Workers() as workers:
        results = workers.map(lambda artifact: prove_by_bytes(cache, artifact)[0], unproved)
        proved = {path_of(artifact): artifact for artifact in track(results, len(unproved), "Hashing")}
    named = [proved.get(path_of(artifact), artifact) for artifact in named]
    statuses = {
        path: tuple(
            state
            for state, holds in (
                (IndexStatus.YANKED, status.is_yanked),
                (IndexStatus.WITHDRAWN, status.is_withdrawn),
            )
            if holds
        )
        for path, status in cached_statuses(cache, named, named, track).items()
    }
    return named, statuses


def _may_be_of(artifact: Artifact, projects: set[str]) -> bool:
    """Return whether an artifact is a download without a proved URL of one of some projects."""
    is_download = artifact.kind in {Kind.WHEEL, Kind.SDIST} and not artifact.url_proved
    return is_download and artifact.project in projects
