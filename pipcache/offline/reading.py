"""The cache, read and judged as far as a selection out of it needs that."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from pipcache.inventory.artifact import Artifact, Kind, path_of
from pipcache.inventory.collector import IndexUrls, Need, read_inventory
from pipcache.locks.model import Pin
from pipcache.offline.closure import Wanted
from pipcache.offline.contents import ContentsReader
from pipcache.offline.supply import BY_URL, Terms
from pipcache.offline.target import Target
from pipcache.query.filters import Filters
from pipcache.query.needs import Needs, needed_paths
from pipcache.query.selection import Match, Unmatched, select
from pipcache.query.selector import Selector
from pipcache.store.cache import Cache
from pipcache.store.entries import HttpEntry
from pipcache.util.filenames import normalise
from pipcache.util.progress import Track
from pipcache.verify.verdict import Judgement
from pipcache.verify.verifier import Verifier

BY_HAND = "the command line"
"""Who needs what selectors name, for people."""


class Source(NamedTuple):
    """A cache and what is used to read and to judge it.

    Attributes:
        cache: the cache.
        target: for which Python and platform files are taken out of it.
        verifier: judges, with SHA-256 digests.
        index_urls: gives the URLs of the indexes that pip is configured to use.
        track: reports progress.
    """

    cache: Cache
    target: Target
    verifier: Verifier
    index_urls: IndexUrls
    track: Track


class SelectionRequest(NamedTuple):
    """What is to be taken out of a cache.

    Attributes:
        selectors: what is selected.
        pins: the pins of lock and requirements files, of which each is needed where its marker holds.
        names_all: all downloads are selected.
        latest: take the newest version of each project that all others allow.
        with_dependencies: add what is needed besides.
        all_fits: releases without a file for the target are taken as well.
        takes_built: pip takes the wheels that it has built, where the lock has their sdists.
        with_times: read on index pages when files were uploaded.
        terms: which files are given away. Where copies are, sdists are built with what is given away.
    """

    selectors: tuple[Selector, ...]
    pins: tuple[Pin, ...] = ()
    names_all: bool = False
    latest: bool = False
    with_dependencies: bool = True
    all_fits: bool = False
    takes_built: bool = True
    with_times: bool = False
    terms: Terms = BY_URL


class Reading(NamedTuple):
    """The cache, read and judged as far as a selection needs it. Sets are of paths of entries.

    Attributes:
        artifacts: all artifacts.
        matches: what selectors match.
        unmatched: the selectors that match nothing.
        matched: the same; everything where nothing is selected by name.
        named: what locks name, and what constraints allow.
        chosen: what both name; constraints name nothing.
        judged: what was judged: the chosen, and what they may need.
        judgements: the judgements.
        contents_of: reads what distributions need.
    """

    artifacts: list[Artifact]
    matches: list[Match]
    unmatched: list[Unmatched]
    matched: frozenset[str]
    named: frozenset[str]
    chosen: frozenset[str]
    judged: frozenset[str]
    judgements: list[Judgement]
    contents_of: ContentsReader


def read(request: SelectionRequest, source: Source) -> Reading:
    """Read the cache, and judge what is selected and what it may need."""
    cache, track = source.cache, source.track
    needs = Needs(request.pins) if request.pins else None
    need = Need(
        deep=needs is not None,
        selectors=request.selectors,
        pages=needs is not None,
        projects=needs.projects_with_digests() if needs is not None else (),
    )
    on_artifact = source.verifier.begin if request.names_all else None
    artifacts = read_inventory(cache, need, source.index_urls, track, on_artifact=on_artifact)
    selection = select(cache, artifacts, request.selectors, Filters(), track)
    matches = selection.matches
    matched = frozenset(path_of(match.artifact) for match in matches if request.names_all or request.selectors)
    named = frozenset[str]() if needs is None else needed_paths(cache, artifacts, needs, track)
    limited = {pin.project for pin in request.pins if pin.is_constraint}
    limited -= {pin.project for pin in request.pins if not pin.is_constraint}
    wanted = matched | {path_of(artifact) for artifact in artifacts if artifact.project not in limited} & named
    chosen = [artifact for artifact in artifacts if path_of(artifact) in wanted]
    downloads = [artifact for artifact in chosen if _may_be_file(artifact)]
    contents_of = ContentsReader(cache)
    others = [] if request.names_all else _reachable(request, artifacts, downloads, source.target, contents_of)
    built = _built_wheels(artifacts, [*chosen, *others])
    others = [artifact for artifact in others if artifact.kind is not Kind.BUILT]
    verified = source.verifier.judge([*downloads, *others, *built], artifacts)
    if verified.not_reached:
        raise KeyboardInterrupt
    return Reading(
        artifacts,
        matches,
        selection.unmatched,
        matched,
        named,
        frozenset(map(path_of, chosen)),
        frozenset(map(path_of, (*downloads, *others, *built))),
        verified.judgements,
        contents_of,
    )


def _may_be_file(artifact: Artifact) -> bool:
    """Return whether an artifact is a download that may be a wheel or an sdist: judging may name it."""
    if not isinstance(artifact.entry, HttpEntry) or artifact.is_redirect:
        return False
    return artifact.kind in {Kind.WHEEL, Kind.SDIST, Kind.UNKNOWN, Kind.OTHER}


def _reachable(
    request: SelectionRequest,
    artifacts: Iterable[Artifact],
    chosen: Sequence[Artifact],
    target: Target,
    contents_of: ContentsReader,
) -> list[Artifact]:
    """Return the other downloads of all projects that the chosen may need, whatever the versions."""
    if not request.with_dependencies:
        return []
    by_project: dict[str, list[Artifact]] = {}
    for artifact in artifacts:
        if artifact.kind in _WITH_METADATA and artifact.project is not None:
            by_project.setdefault(artifact.project, []).append(artifact)
    selected = {artifact.project for artifact in chosen}  # of these what was selected, and no other file
    queue = [(artifact.project, "") for artifact in chosen if artifact.project is not None]
    queue += [(root.project, extra) for root in roots_of(request) for extra in ("", *root.extras)]
    seen: set[tuple[str, str]] = set()
    while queue:
        if (place := queue.pop()) in seen:
            continue
        seen.add(place)
        for artifact in by_project.get(place[0], ()):
            contents = contents_of(artifact)
            to_build = () if request.terms.by_url else contents.builds_with
            for requirement in (*contents.requires, *to_build):
                if target.holds(requirement.marker, place[1]):
                    name = normalise(requirement.name)
                    queue += [(name, extra) for extra in ("", *map(normalise, requirement.extras))]
            queue += [("wheel", "")] if to_build else []  # setuptools asks for it when it runs
    projects = {project for project, _ in seen} - (selected if request.terms.by_url else set())
    paths = set(map(path_of, chosen))
    return [
        artifact
        for project in sorted(projects)
        for artifact in by_project.get(project, ())
        if path_of(artifact) not in paths and (artifact.kind is not Kind.BUILT or request.terms.built)
    ]


_WITH_METADATA = frozenset({Kind.WHEEL, Kind.SDIST, Kind.BUILT})


def _built_wheels(artifacts: Iterable[Artifact], downloads: Iterable[Artifact]) -> list[Artifact]:
    """Return the wheels that pip built of projects of which sdists are among the downloads."""
    projects = {artifact.project for artifact in downloads if artifact.kind in {Kind.SDIST, Kind.BUILT}}
    return [artifact for artifact in artifacts if artifact.kind is Kind.BUILT and artifact.project in projects]


def roots_of(request: SelectionRequest) -> Iterator[Wanted]:
    """Yield what selectors and locks ask for by name."""
    for selector in request.selectors:
        if selector.project is not None:
            specifiers = "" if selector.specifiers is None else str(selector.specifiers)
            yield Wanted(selector.project, BY_HAND, specifiers, extras=selector.extras)
    releases = {(pin.source, pin.project, pin.version) for pin in request.pins if pin.filename is None}
    for pin in request.pins:
        is_file_of_one = pin.filename is not None and (pin.source, pin.project, pin.version) in releases
        if pin.is_constraint or is_file_of_one:
            continue
        url = pin.url if pin.version is None else None
        yield Wanted(pin.project, pin.source, pin.specifiers, pin.version, url, pin.extras)
