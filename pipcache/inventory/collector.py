"""The inventory: every artifact of a cache, named as far as an answer needs."""

from collections.abc import Callable, Collection, Iterable, Sequence
from functools import cache as computed_once
from typing import TYPE_CHECKING, NamedTuple, Protocol

from pipcache.inventory.artifact import Artifact, Kind
from pipcache.inventory.from_origins import name_by_origins
from pipcache.inventory.identify import Look, PageBases, identify
from pipcache.store.cache import Cache
from pipcache.store.entries import Entry, HttpEntry
from pipcache.util.progress import Track, untracked

if TYPE_CHECKING:
    from pipcache.inventory.from_pages import PageReader, PageSearch

IndexUrls = Callable[[], Sequence[str]]
"""Gives the URLs of the indexes that pip is configured to use."""


class ProjectSelector(Protocol):
    """The part of a selector that decides which index pages are read."""

    @property
    def project(self) -> str | None:
        """The normalised name of the project in the selector; None where it names none."""

    @property
    def spelled(self) -> str | None:
        """The name of the project as it was written."""

    @property
    def names_projects(self) -> bool:
        """Whether the selector matches artifacts of certain projects only."""

    def concerns(self, project: str) -> bool:
        """Return whether the selector may match artifacts of a project."""


class Need(NamedTuple):
    """How much has to be known about names; each attribute costs more reading.

    Attributes:
        deep: read METADATA and PKG-INFO of every archive.
        everything: name index pages and metadata files too, and read the rows of every page.
        exact: give file names exactly as the index has them.
        selectors: what the user asked for; pages of other projects are read only where names are missing.
        pages: name index pages too.
        projects: normalised names of projects whose pages are read in any case.
        page_clues: read what pages say about their project; they are named later.
        search: decides which pages are read, and looks at their rows.
    """

    deep: bool = False
    everything: bool = False
    exact: bool = False
    selectors: Sequence[ProjectSelector] = ()
    pages: bool = False
    projects: Collection[str] = ()
    page_clues: bool = False
    search: "PageSearch | None" = None

    @property
    def names_pages(self) -> bool:
        """Whether every index page is read for its name."""
        return bool(self.everything or self.selectors or self.pages or self.page_clues or self.search is not None)


def open_cache(path: str, tool: str) -> Cache:
    """Return what reads a cache directory of an installer, ``pip`` or ``uv``. Nothing is opened yet."""
    if tool == "uv":
        from pipcache.installers.uv_cache import UvCache  # pip's cache is read without it

        return UvCache(path)
    return Cache(path)


def read_inventory(
    cache: Cache,
    need: Need,
    index_urls: IndexUrls = tuple,
    track: Track = untracked,
    *,
    on_artifact: Callable[[Artifact], object] | None = None,
    look: Look | None = None,
    known: Callable[[Entry], Artifact | None] | None = None,
) -> list[Artifact]:
    """Return every artifact of ``cache``, in the order of the walk (store, then path).

    Args:
        cache: the cache.
        need: how much has to be known about names.
        index_urls: called only when a page is read.
        track: reports progress.
        on_artifact: called with each artifact when its own bytes have been read, before index pages name it.
        look: called before that with each artifact of a download that has a body, as long as it is open.
        known: gives what ``on_artifact`` was called with for the same files before; None if there is none.

    Raises:
        CacheNotFound: the directory is a file, or cannot be read.
        NotAPipCache: it holds something, and none of pip's stores.
    """
    entries = cache.scan()
    deep = need.deep or bool(need.selectors)
    bases = configured_bases(index_urls) if need.names_pages else None
    artifacts: list[Artifact] = []
    for entry in track(entries, len(entries), "Reading"):
        artifact = None if known is None else known(entry)
        if artifact is None:
            artifact = identify(cache, entry, deep=deep, bases=bases, look=look)
        artifacts.append(artifact)
        if on_artifact is not None:
            on_artifact(artifact)
    artifacts = name_by_origins(artifacts)
    return name_as_needed(page_reader(cache, artifacts, need.search), artifacts, need, index_urls, track)


def configured_bases(index_urls: IndexUrls) -> PageBases:
    """Return a function that gives the URLs below which index pages may be: PyPI's and the configured ones.

    The configuration is read at its first call.
    """

    @computed_once
    def bases() -> Sequence[str]:
        from pipcache.inventory.page_names import page_bases  # a plain list reads no page

        return page_bases((), index_urls())

    return bases


def page_reader(
    cache: Cache, artifacts: Sequence[Artifact], search: "PageSearch | None" = None
) -> Callable[[], "PageReader"]:
    """Return a function that gives the reader of a cache's index pages: it makes one reader, at its first call."""

    @computed_once
    def reader() -> "PageReader":
        from pipcache.inventory.from_pages import PageReader  # a plain list reads no page

        return PageReader(cache, artifacts, search)

    return reader


def name_as_needed(
    reader: Callable[[], "PageReader"],
    artifacts: list[Artifact],
    need: Need,
    index_urls: IndexUrls,
    track: Track,
) -> list[Artifact]:
    """Return ``artifacts`` with the names that cached index pages give, as far as ``need`` demands."""
    if need.search is not None:
        needs_project, projects = need.search.project_filter(artifacts), need.search.projects
        return name_by_pages(reader, artifacts, needs_project, index_urls, track, projects=projects)
    by_need = _needed_project(artifacts, need)
    if by_need is None:
        return artifacts
    spelled = [name for selector in need.selectors for name in (selector.project, selector.spelled)]
    selected = [name for name in spelled if name is not None]
    return name_by_pages(reader, artifacts, by_need, index_urls, track, projects=selected)


def name_by_pages(
    reader: Callable[[], "PageReader"],
    artifacts: list[Artifact],
    needs_project: Callable[[str], bool],
    index_urls: IndexUrls,
    track: Track = untracked,
    *,
    projects: Iterable[str] = (),
) -> list[Artifact]:
    """Return ``artifacts`` with the names that cached index pages give.

    Args:
        reader: gives the reader of the pages.
        artifacts: all artifacts of the cache.
        needs_project: whether the page of a project, by its normalised name, has to be read.
        index_urls: the URLs of the indexes that pip is configured to use.
        track: reports progress.
        projects: projects whose pages are recognised by their keys, whatever is in them.
    """
    if not any(isinstance(artifact.entry, HttpEntry) for artifact in artifacts):
        return artifacts
    from pipcache.inventory.from_pages import name_listed_files  # a plain list reads no page
    from pipcache.inventory.page_names import may_be_a_page

    if not any(artifact.kind is Kind.PAGE or may_be_a_page(artifact) for artifact in artifacts):
        return artifacts
    pages = reader()
    named = name_pages(pages.cache, artifacts, index_urls, track, projects=projects)
    return name_listed_files(pages, named, needs_project, track)


def name_pages(
    cache: Cache,
    artifacts: Sequence[Artifact],
    index_urls: IndexUrls,
    track: Track = untracked,
    *,
    projects: Iterable[str] = (),
) -> list[Artifact]:
    """Return ``artifacts``, and the index pages among them with their projects and URLs; no rows are read.

    The arguments are those of ``name_by_pages``.
    """
    from pipcache.inventory.page_names import name_page, name_pages_by_guess, page_bases  # as above

    bases = page_bases(artifacts, index_urls())
    named = [
        name_page(cache, artifact, bases) for artifact in track(artifacts, len(artifacts), "Naming index pages")
    ]
    return name_pages_by_guess(named, (), projects, page_bases(named, index_urls()))


def _needed_project(artifacts: Iterable[Artifact], need: Need) -> Callable[[str], bool] | None:
    """Return which projects' pages have to be read, as a function of the project; None for no page."""
    if need.everything or not all(selector.names_projects for selector in need.selectors):
        return _any_project
    inexact: set[str] = set()
    for artifact in artifacts:
        if not _can_be_listed(artifact):
            continue
        if artifact.project is None or artifact.own is None or artifact.own.version is None:
            return _any_project
        # a page lists no metadata file by a name of its own: reading it for these alone would double the cost
        is_file = artifact.kind is not Kind.METADATA
        if need.exact and is_file and (artifact.filename is None or not artifact.is_exact):
            inexact.add(artifact.project)
    inexact.update(need.projects)
    if not (inexact or need.selectors or need.pages):
        return None
    return lambda project: project in inexact or any(selector.concerns(project) for selector in need.selectors)


def _any_project(project: str) -> bool:
    return bool(project)


def _can_be_listed(artifact: Artifact) -> bool:
    """Return whether an index page may list it: it is a download, and neither a page nor a redirect."""
    can_be_file = artifact.kind is not Kind.PAGE and not artifact.is_redirect
    return can_be_file and isinstance(artifact.entry, HttpEntry)
