"""The cache as a list of artifacts, named as far as an answer needs."""

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from pipcache.inventory.artifact import DISTRIBUTIONS, Artifact, Kind
from pipcache.inventory.identify import identify
from pipcache.store.entries import BuiltEntry, HttpEntry
from pipcache.store.scan import scan
from pipcache.util.progress import Track, untracked

if TYPE_CHECKING:
    from pipcache.inventory.from_pages import Watch
    from pipcache.query.selector import Selector


class Need(NamedTuple):
    """How much of the names an answer needs; more costs more reading.

    ``deep``: METADATA and PKG-INFO of every archive. ``everything``: the names of pages and metadata files
    too, and every cached page joined. ``exact``: file names exactly as the index has them. ``selectors``: what
    was asked for. ``pages``: the names of pages too. ``projects``: those whose pages are read in any case.
    ``watch`` decides on the pages, and sees the rows of those that are read.
    """

    deep: bool = False
    everything: bool = False
    exact: bool = False
    selectors: tuple["Selector", ...] = ()
    pages: bool = False
    projects: Collection[str] = ()
    watch: "Watch | None" = None


def read_catalogue(
    root: str,
    need: Need,
    index_urls: Callable[[], Sequence[str]] = tuple,
    track: Track = untracked,
    *,
    see: Callable[[Artifact], object] | None = None,
) -> list[Artifact]:
    """Return every artifact below ``root``, in the order of the walk; ``see`` is given each when it is known.

    Raises:
        CacheNotFound: the directory is missing, is a file, or cannot be read.
        NotAPipCache: it holds none of pip's stores.
    """
    entries = scan(root)
    deep = need.deep or bool(need.selectors)
    artifacts: list[Artifact] = []
    for entry in track(entries, len(entries), "Reading"):
        artifacts.append(artifact := identify(root, entry, deep=deep))
        if see is not None:
            see(artifact)
    return name_as_needed(root, artifacts, need, index_urls, track)


def name_as_needed(
    root: str,
    artifacts: list[Artifact],
    need: Need,
    index_urls: Callable[[], Sequence[str]],
    track: Track,
) -> list[Artifact]:
    """Return ``artifacts`` with the names that cached pages give, as far as ``need`` asks for them."""
    if need.watch is not None:
        concerns, names = need.watch.concerns(artifacts), need.watch.projects
        return name_by_pages(root, artifacts, concerns, index_urls, track, names=names, watch=need.watch)
    wanted = _pages_to_join(artifacts, need)
    if wanted is None:
        return artifacts
    asked_for = [selector.project for selector in need.selectors if selector.project is not None]
    return name_by_pages(root, artifacts, wanted, index_urls, track, names=asked_for)


def name_by_pages(
    root: str,
    artifacts: list[Artifact],
    concerns: Callable[[str], bool],
    index_urls: Callable[[], Sequence[str]],
    track: Track = untracked,
    *,
    names: Iterable[str] = (),
    watch: "Watch | None" = None,
) -> list[Artifact]:
    """Return ``artifacts`` with the names that the cached pages of the projects that ``concerns`` accepts give.

    ``names`` are projects whose pages are known by their keys, whatever they say.
    """
    if not any(artifact.kind is Kind.PAGE for artifact in artifacts):
        return artifacts
    # pages are read only for names that the entries themselves do not give
    from pipcache.inventory.from_pages import join, name_page, name_pages_of, page_bases  # noqa: PLC0415

    bases = page_bases(artifacts, index_urls())
    named = [name_page(root, one, bases) for one in track(artifacts, len(artifacts), "Naming index pages")]
    return join(root, name_pages_of(named, names, bases), concerns, track, watch)


def _pages_to_join(artifacts: Iterable[Artifact], need: Need) -> Callable[[str], bool] | None:
    """Return which projects' pages the answer needs; None when it needs none."""
    if need.everything or not all(selector.names_projects for selector in need.selectors):
        return _any_project
    inexact: set[str] = set()
    for artifact in artifacts:
        if not _can_be_listed(artifact):
            continue
        if artifact.project is None or artifact.version is None:
            return _any_project
        if need.exact and (artifact.filename is None or not artifact.is_exact):
            inexact.add(artifact.project)
    inexact.update(need.projects)
    if not (inexact or need.selectors or need.pages):
        return None
    return lambda project: project in inexact or any(one.concerns(project) for one in need.selectors)


def _any_project(project: str) -> bool:
    return bool(project)


def _can_be_listed(artifact: Artifact) -> bool:
    """True for what an index page may name: downloaded distributions and what nothing else names."""
    named_kind = artifact.kind in DISTRIBUTIONS or artifact.kind is Kind.UNKNOWN
    return named_kind and isinstance(artifact.entry, HttpEntry)


def has_source(artifact: Artifact, artifacts: Iterable[Artifact]) -> list[Artifact]:
    """Return the downloaded sdists that a built wheel was made from, as far as URL or digest tell."""
    if not isinstance(artifact.entry, BuiltEntry) or artifact.source is None:
        return []
    digests = {digest for _, digest in artifact.source.hashes}
    return [
        other
        for other in artifacts
        if other.kind is Kind.SDIST
        and (
            other.url == artifact.source.url
            or (other.listed is not None and any(digest in digests for _, digest in other.listed.hashes))
        )
    ]
