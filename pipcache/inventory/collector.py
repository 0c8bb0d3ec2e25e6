"""The cache as a list of artifacts, named as far as an answer needs."""

from collections.abc import Callable, Collection, Iterable, Sequence
from functools import cache as cached
from typing import TYPE_CHECKING, NamedTuple, Protocol

from pipcache.inventory.artifact import DISTRIBUTIONS, Artifact, Kind
from pipcache.inventory.identify import identify
from pipcache.store.cache import Cache
from pipcache.store.entries import HttpEntry
from pipcache.util.progress import Track, untracked

if TYPE_CHECKING:
    from pipcache.inventory.from_pages import PageReader, Watch

IndexUrls = Callable[[], Sequence[str]]
"""Gives the URLs of the indexes that pip is configured to use."""


class Asked(Protocol):
    """What a person asked for, as far as it decides which pages are read."""

    @property
    def project(self) -> str | None:
        """The normalised name of the project that is asked for; None where none is named."""

    @property
    def names_projects(self) -> bool:
        """Whether only artifacts of certain projects are asked for."""

    def concerns(self, project: str) -> bool:
        """Return whether artifacts of a project may be asked for."""


class Need(NamedTuple):
    """How much of the names an answer needs; more costs more reading.

    ``deep``: METADATA and PKG-INFO of every archive. ``everything``: the names of pages and metadata files
    too, and every cached page joined. ``exact``: file names exactly as the index has them. ``selectors``: what
    was asked for. ``pages``: the names of pages too. ``projects``: those whose pages are read in any case.
    ``page_clues``: pages will be named later. ``watch`` decides on the pages, and sees the rows of those that
    are read.
    """

    deep: bool = False
    everything: bool = False
    exact: bool = False
    selectors: Sequence[Asked] = ()
    pages: bool = False
    projects: Collection[str] = ()
    page_clues: bool = False
    watch: "Watch | None" = None

    @property
    def names_pages(self) -> bool:
        """True when every page is read for its name."""
        return bool(self.everything or self.selectors or self.pages or self.page_clues or self.watch is not None)


def read_inventory(
    cache: Cache,
    need: Need,
    index_urls: IndexUrls = tuple,
    track: Track = untracked,
    *,
    see: Callable[[Artifact], object] | None = None,
) -> list[Artifact]:
    """Return every artifact of ``cache``, in the order of the walk; ``see`` is given each when it is known.

    Raises:
        CacheNotFound: the directory is missing, is a file, or cannot be read.
        NotAPipCache: it holds none of pip's stores.
    """
    entries = cache.scan()
    deep = need.deep or bool(need.selectors)
    bases = known_bases(index_urls) if need.names_pages else None
    artifacts: list[Artifact] = []
    for entry in track(entries, len(entries), "Reading"):
        artifacts.append(artifact := identify(cache, entry, deep=deep, bases=bases))
        if see is not None:
            see(artifact)
    return name_as_needed(page_reader(cache, artifacts, need.watch), artifacts, need, index_urls, track)


def known_bases(index_urls: IndexUrls) -> IndexUrls:
    """Return what gives the URLs below which index pages may live, as far as no entry has to be read for them."""

    @cached
    def bases() -> Sequence[str]:
        from pipcache.inventory.page_names import page_bases  # noqa: PLC0415 - many caches have no page

        return page_bases((), index_urls())

    return bases


def page_reader(
    cache: Cache, artifacts: Sequence[Artifact], watch: "Watch | None" = None
) -> Callable[[], "PageReader"]:
    """Return what gives the reader of the pages of a cache, the same each time; made when it is first needed."""

    @cached
    def reader() -> "PageReader":
        # most lists read no page
        from pipcache.inventory.from_pages import PageReader  # noqa: PLC0415

        return PageReader(cache, artifacts, watch)

    return reader


def name_as_needed(
    reader: Callable[[], "PageReader"],
    artifacts: list[Artifact],
    need: Need,
    index_urls: IndexUrls,
    track: Track,
) -> list[Artifact]:
    """Return ``artifacts`` with the names that cached pages give, as far as ``need`` asks for them."""
    if need.watch is not None:
        concerns, names = need.watch.concerns(artifacts), need.watch.projects
        return name_by_pages(reader, artifacts, concerns, index_urls, track, names=names)
    concerns_project = _pages_to_join(artifacts, need)
    if concerns_project is None:
        return artifacts
    asked_for = [selector.project for selector in need.selectors if selector.project is not None]
    return name_by_pages(reader, artifacts, concerns_project, index_urls, track, names=asked_for)


def name_by_pages(
    reader: Callable[[], "PageReader"],
    artifacts: list[Artifact],
    concerns: Callable[[str], bool],
    index_urls: IndexUrls,
    track: Track = untracked,
    *,
    names: Iterable[str] = (),
) -> list[Artifact]:
    """Return ``artifacts`` with the names that the cached pages of the projects that ``concerns`` accepts give.

    ``names`` are projects whose pages are known by their keys, whatever they say.
    """
    if not any(artifact.kind is Kind.PAGE for artifact in artifacts):
        return artifacts
    # pages are read only for names that the entries themselves do not give
    from pipcache.inventory.from_pages import join  # noqa: PLC0415
    from pipcache.inventory.page_names import name_page, name_pages_of, page_bases  # noqa: PLC0415

    pages = reader()
    bases = page_bases(artifacts, index_urls())
    named = [
        name_page(pages.cache, artifact, bases)
        for artifact in track(artifacts, len(artifacts), "Naming index pages")
    ]
    return join(pages, name_pages_of(named, names, bases), concerns, track)


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
    return lambda project: project in inexact or any(selector.concerns(project) for selector in need.selectors)


def _any_project(project: str) -> bool:
    return bool(project)


def _can_be_listed(artifact: Artifact) -> bool:
    """Return whether an index page may list it: downloaded distributions and what nothing else names."""
    named_kind = artifact.kind in DISTRIBUTIONS or artifact.kind is Kind.UNKNOWN
    return named_kind and isinstance(artifact.entry, HttpEntry)
