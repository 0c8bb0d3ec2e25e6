"""Names, URLs and digests that cached index pages give to the files they list."""

from collections.abc import Callable, Collection, Container, Iterable, Iterator, Mapping, Sequence
from hashlib import sha224
from itertools import islice
from typing import NamedTuple, Protocol

from pipcache.index.links import NORMAL_URL, absolute_urls
from pipcache.index.page_format import PAGE_LIMIT, stated_format
from pipcache.index.rows import PageFile, Row, Rows, page_rows
from pipcache.inventory.artifact import Artifact, Claim, Evidence, Kind, NamedRow, Place, path_of
from pipcache.inventory.body import open_body
from pipcache.inventory.built_from import source_key
from pipcache.inventory.identify import kind_of_filename
from pipcache.inventory.redirects import Redirects
from pipcache.inventory.releases import NO_RELEASES, Release, Releases, spelled_version
from pipcache.store.cache import Cache
from pipcache.store.entries import BuiltEntry, HttpEntry
from pipcache.store.keys import BuildKey, http_key, invert_key
from pipcache.store.origin import Origin
from pipcache.util.compression import UndecodableBody
from pipcache.util.filenames import normalise, parse_filename
from pipcache.util.progress import Track, untracked
from pipcache.util.urls import filename_in
from pipcache.util.versions import same_version

_MOST_SOURCES = 200
"""Sdists of one version on a page that a wheel is tried to be built from; hundreds of keys are made of each."""


class Listing(NamedTuple):
    """A file on an index page whose URL, or that of its ``.metadata`` file, hashes to the key of an entry.

    ``url`` is the one that does, ``is_metadata`` whether it is that of the ``.metadata`` file (PEP 658).
    ``project`` is that of the page.
    """

    url: str
    file: PageFile
    is_metadata: bool
    project: str | None


class RowFilter:
    """Decides which rows of an index page matter: those whose file, or its ``.metadata``, has one of some keys.

    Where the sources of built wheels are looked for, rows of sdists of the wheels' versions matter too, and so do
    rows that may be a download by its release or by a digest, where such rows are looked for.
    """

    def __init__(
        self,
        page: Artifact,
        base: str | None,
        keys: Container[str],
        built: Collection[str],
        releases: Releases = NO_RELEASES,
    ) -> None:
        """Make a filter.

        Args:
            page: the index page.
            base: the URL in its ``<base href>``, None without one.
            keys: keys of HTTP entries.
            built: versions of built wheels of the page's project whose source is looked for, spelled by
                ``spelled_version``.
            releases: the releases and digests of downloads that rows are looked for.
        """
        self._page = page
        self._base = base
        self._keys = keys
        self._built = built
        self._releases = releases.on_page(page.project)

    def __call__(self, row: Row) -> bool:
        """Return whether a row matters; its URL is as the page writes it, without the fragment."""
        url = row.url
        if self._built and self.sdist_version(row) is not None:
            return True
        if self._releases is not None and self._releases.wants(row):
            return True
        if self._base is None and NORMAL_URL.fullmatch(url):
            # nearly every URL needs no parsing; the keys are those that places() gives
            state, keys = sha224(url.encode()), self._keys
            if state.hexdigest() in keys:
                return True
            state.update(b".metadata")
            return state.hexdigest() in keys
        return any(key in self._keys for _, _, key in self.places(url))

    def places(self, url: str) -> Iterator[tuple[str, bool, str]]:
        """Yield, of a listed file and its ``.metadata``: URL, whether it is that of the metadata, key."""
        for absolute in self.urls(url):
            yield absolute, False, http_key(absolute)
            yield f"{absolute}.metadata", True, http_key(f"{absolute}.metadata")

    def urls(self, url: str) -> list[str]:
        """Return the URLs that pip may request for a URL as the page writes it."""
        return absolute_urls(url, self._base, self._page.url)

    def sdist_version(self, row: Row) -> str | None:
        """Return the version of a listed sdist that one of the wheels may have been built from; else None."""
        filename = row.filename
        name = None if filename.endswith(".whl") else parse_filename(filename, self._page.project)
        if name is None or name.is_wheel:
            return None
        return name.version if name.version is not None and spelled_version(name.version) in self._built else None

    def rows_of(self, row: Row, file: PageFile) -> Iterator[tuple[Release | str, NamedRow]]:
        """Yield a row by the release, and by each digest, of a download that it may be."""
        if self._releases is None:
            return
        url = next(iter(self.urls(file.url)), None)
        named = NamedRow(file, url, _title(self._page.project))
        for wanted in self._releases.wanted_by(row, file):
            yield wanted, named


def _title(project: str | None) -> str:
    """Return how a page is called, for people."""
    return f"index page of {project}" if project else "index page"


def _lacks_origin(artifact: Artifact) -> bool:
    """Return whether only a page can name the source of a built wheel, or explain the key of its folder."""
    if not isinstance(artifact.entry, BuiltEntry):
        return False
    by_page = any(claim.evidence is Evidence.KEY for claim in artifact.claims)
    return artifact.entry.origin is None or artifact.build_key is None or by_page


class PageSearch(Protocol):
    """A search in index pages that is done while their rows are read for names."""

    @property
    def keys(self) -> frozenset[str]:
        """Keys of URLs that are looked for, whether the cache has them or not."""

    @property
    def projects(self) -> Collection[str]:
        """Projects whose pages are recognised by their keys, whatever is in them."""

    def project_filter(self, artifacts: Iterable[Artifact]) -> Callable[[str], bool]:
        """Return whether the page of a project has to be read, as a function of the project's name."""

    def select_rows(self, page: Artifact, rows: Rows | None, row_filter: RowFilter) -> Iterable[Row]:
        """Look at the rows of a page and return those that ``row_filter`` accepts.

        ``rows`` is None where the page cannot be read.
        """


def read_rows(cache: Cache, page: Artifact) -> Rows | None:
    """Return the rows of a cached index page; None when it cannot be read, or is no index page."""
    try:
        with open_body(cache, page) as body:
            return page_rows(body.decoded(PAGE_LIMIT), page.content_type)
    except (OSError, UndecodableBody):
        return None


def may_list_files(cache: Cache, artifact: Artifact) -> bool:
    """Return whether pip may find links to files in what is a page by its ``Content-Type``, not by its content."""
    is_response = isinstance(artifact.entry, HttpEntry) and artifact.size and not artifact.is_redirect
    if not is_response or stated_format(artifact.content_type) is None:
        return False
    rows = read_rows(cache, artifact)
    return rows is None or any(row.file() is not None for row in rows.rows) or rows.is_cut


class PageReader:
    """Reads which files of a cache its index pages list. A page is read once, and again when its files change."""

    def __init__(
        self,
        cache: Cache,
        artifacts: Iterable[Artifact],
        search: PageSearch | None = None,
        releases: Releases = NO_RELEASES,
    ) -> None:
        """Make a reader.

        Args:
            cache: the cache.
            artifacts: those whose files are looked for on the pages.
            search: looks at the rows of each page that is read.
            releases: the releases and digests of downloads that rows are looked for.
        """
        self.cache = cache
        self.search = search
        keys: set[str] = set() if search is None else set(search.keys)
        self._built: dict[str, set[str]] = {}
        self._releases = releases
        artifacts = list(artifacts)
        self._redirects = Redirects(artifacts)
        for artifact in artifacts:
            if isinstance(artifact.entry, HttpEntry):
                keys.add(artifact.entry.key)
                continue
            if (key := source_key(artifact)) is not None:
                keys.add(key)
            if artifact.project is not None and artifact.version is not None and _lacks_origin(artifact):
                self._built.setdefault(artifact.project, set()).add(spelled_version(artifact.version))
        self._keys = frozenset(keys)
        self._read: dict[tuple[object, ...], _PageListings] = {}

    def listings(self, page: Artifact) -> dict[str, list[Listing]]:
        """Return the files of the cache that a page lists, by their keys; a page may list a file several times."""
        return self._listings_of(page).listings

    def was_whole(self, page: Artifact) -> bool | None:
        """Return whether nothing of a page had to be left out; None for what was not read as a page."""
        read = self._read.get((path_of(page), *page.files))
        return None if read is None else read.is_whole

    def rows_of_releases(self, page: Artifact) -> dict[Release | str, list[NamedRow]]:
        """Return the files on a page that may be downloads, by the release or the digest that is looked for."""
        return self._listings_of(page).named

    def named_rows(self, artifact: Artifact, rows: Mapping[Release | str, Sequence[NamedRow]]) -> list[NamedRow]:
        """Return those of ``rows`` that may be an artifact."""
        return [row for wanted in self._releases.of_artifact(artifact) for row in rows.get(wanted, ())]

    def source_of(self, artifact: Artifact, pages: Iterable[Artifact]) -> tuple[Origin, BuildKey] | None:
        """Return the listed sdist that a wheel was built from, and the parts of the wheel's key; None without one.

        The key of the wheel's folder proves it: it was made from the URL of the sdist.
        """
        if artifact.key is None or artifact.project is None:
            return None
        for page in pages:
            if page.project != artifact.project:
                continue
            sdists = self._listings_of(page).sdists
            same = (origin for version, origin in sdists if same_version(version, artifact.version))
            origins = list(islice(dict.fromkeys(same), _MOST_SOURCES))
            if (inverted := invert_key(artifact.key, origins)) is not None:
                return inverted
        return None

    def _listings_of(self, page: Artifact) -> "_PageListings":
        version = (path_of(page), *page.files)
        if version not in self._read:
            self._read[version] = self._read_page(page)
        return self._read[version]

    def _read_page(self, page: Artifact) -> "_PageListings":
        rows = read_rows(self.cache, page)
        is_whole = rows is not None and rows.excess is None
        built = self._built.get(page.project or "", ())
        row_filter = RowFilter(page, None if rows is None else rows.base, self._keys, built, self._releases)
        if self.search is not None:
            selected = self.search.select_rows(page, rows, row_filter)
        else:
            selected = () if rows is None else filter(row_filter, rows.rows)
        listings: dict[str, list[Listing]] = {}
        sdists: list[tuple[str, Origin]] = []
        named: dict[Release | str, list[NamedRow]] = {}
        for row in selected:
            if (file := row.file()) is None:
                continue
            for url, is_metadata, key in row_filter.places(file.url):
                if key in self._keys:
                    for place, key_there in self._redirects.followed(url, key):
                        if key_there in self._keys:
                            listing = Listing(place, file, is_metadata, page.project)
                            listings.setdefault(key_there, []).append(listing)
            for wanted, named_row in row_filter.rows_of(row, file):
                named.setdefault(wanted, []).append(named_row)
            if built and (version := row_filter.sdist_version(row)) is not None:
                sdists += ((version, Origin(url, file.hashes)) for url in row_filter.urls(file.url))
        return _PageListings(listings, sdists, named, is_whole)


class _PageListings(NamedTuple):
    """What one page lists: files by the keys of their entries, sdists as (version, source), and rows by name.

    ``is_whole`` is whether it could be read, and had no more in it than is read.
    """

    listings: dict[str, list[Listing]]
    sdists: list[tuple[str, Origin]]
    named: dict[Release | str, list[NamedRow]]
    is_whole: bool


def name_by_listing(artifact: Artifact, listing: Listing, others: Sequence[Listing] = ()) -> Artifact:
    """Return ``artifact`` with the names and the URL that pages give it, before its other names.

    ``others`` are further listings of the same file; those that differ are kept in ``also_listed``. pip takes the
    file for a release of whichever project it has the page of, by the end of the URL or an egg.
    """
    first, *further = map(_listed_name, (listing, *others))
    if (parsed := parse_filename(filename := filename_in(listing.url), listing.project)) is not None:
        further.append(first._replace(project=parsed.project, version=parsed.version, filename=filename))
    known = normalise(first.project or ""), first.version
    again = (claim for claim in further if (normalise(claim.project or ""), claim.version) != known)
    kind = artifact.kind
    if kind in {Kind.UNKNOWN, Kind.PAGE} or (kind is Kind.OTHER and not artifact.is_redirect):
        kind = kind_of_filename(first.filename or "")
    claims = dict.fromkeys(claim._replace(place=Place.ANOTHER_LISTING) for claim in again)
    named = artifact._replace(claims=(*claims, *artifact.claims)).proved_by(first, listing.url, kind)
    return named._replace(
        listed=listing.file,
        also_listed=tuple(dict.fromkeys(other.file for other in others if other.file != listing.file)),
    )


def _listed_name(listing: Listing) -> Claim:
    """Return the name that a page gives a file that it lists."""
    parsed = listing.file.name(listing.project)
    return Claim(
        Evidence.PAGE,
        _title(listing.project),
        (None if listing.file.egg else listing.project) or (parsed.project if parsed else None),
        parsed.version if parsed else None,
        listing.file.filename + (".metadata" if listing.is_metadata else ""),
    )


def _with_source(reader: PageReader, artifact: Artifact, pages: Iterable[Artifact]) -> Artifact:
    """Return a built wheel without ``origin.json`` with its source, where a page lists it."""
    if (sdist := reader.source_of(artifact, pages)) is None:
        return artifact
    source, build_key = sdist
    claim = Claim(Evidence.KEY, "a listed sdist makes the key", artifact.project, artifact.version)
    return artifact._replace(claims=(*artifact.claims, claim), url=source.url, source=source, build_key=build_key)


def _with_listed_source(artifact: Artifact, listings: Mapping[str, Sequence[Listing]]) -> Artifact:
    """Return a built wheel with the name that an index page gives its source, where that is another one."""
    listing = next(iter(listings.get(source_key(artifact) or "", ())), None)
    if listing is None or listing.is_metadata:
        return artifact
    name = listing.file.name(listing.project)
    if name is None or (normalise(name.project), name.version) == (artifact.project, artifact.version):
        return artifact
    by = f"{_title(listing.project)}, which lists its source"
    claim = Claim(Evidence.ORIGIN, by, name.project, name.version)
    return artifact._replace(claims=tuple(dict.fromkeys((*artifact.claims, claim))))


def name_listed_files(
    reader: PageReader,
    artifacts: Sequence[Artifact],
    needs_project: Callable[[str], bool],
    track: Track = untracked,
) -> list[Artifact]:
    """Return ``artifacts`` with the names, URLs and sources that the rows of index pages give.

    Args:
        reader: reads the pages; those whose key does not prove their project too, where it has a search.
        artifacts: all artifacts of the cache, the pages among them named.
        needs_project: whether the page of a project has to be read; a page without a project is read always.
        track: reports progress.
    """
    listings: dict[str, list[Listing]] = {}
    rows: dict[Release | str, list[NamedRow]] = {}
    has_search = reader.search is not None
    pages = [
        page
        for page in artifacts
        if page.kind is Kind.PAGE
        and (page.project is None or needs_project(page.project) or (has_search and page.url is None))
    ]
    for page in track(pages, len(pages), "Reading index pages"):
        for key, of_page in reader.listings(page).items():
            listings.setdefault(key, []).extend(of_page)
        for wanted, named in reader.rows_of_releases(page).items():
            rows.setdefault(wanted, []).extend(named)

    def name(artifact: Artifact) -> Artifact:
        if artifact.kind is Kind.BUILT and artifact.source is None:
            return _with_source(reader, artifact, pages)
        if artifact.kind is Kind.BUILT:
            return _with_listed_source(artifact, listings)
        if isinstance(artifact.entry, HttpEntry) and artifact.entry.key in listings:
            return name_by_listing(artifact, listings[artifact.entry.key][0], listings[artifact.entry.key][1:])
        named = reader.named_rows(artifact, rows) if rows else ()
        return artifact._replace(named_rows=(*artifact.named_rows, *named)) if named else artifact

    return [name(artifact) for artifact in artifacts]
