"""Names and digests that cached index pages give."""

from collections.abc import Callable, Collection, Container, Iterable, Iterator, Sequence
from hashlib import sha224
from typing import NamedTuple, Protocol

from pipcache.index.links import NORMAL_URL, absolute_urls
from pipcache.index.rows import PAGE_LIMIT, PageFile, Row, Rows, page_rows
from pipcache.inventory.artifact import Artifact, Claim, Evidence, Kind, path_of
from pipcache.inventory.body import open_body
from pipcache.inventory.identify import kind_of_filename
from pipcache.store.cache import Cache
from pipcache.store.entries import HttpEntry
from pipcache.store.keys import BuildKey, http_key, invert_key
from pipcache.store.origin import Origin
from pipcache.util.filenames import parse_filename
from pipcache.util.progress import Track, untracked
from pipcache.util.versions import same_version


class Listing(NamedTuple):
    """A listed file whose URL names an entry; ``is_metadata``: the entry is the ``.metadata`` file beside it."""

    url: str
    file: PageFile
    is_metadata: bool
    project: str | None  # the page's


class Wanted:
    """Decides which rows of a page matter: those of files, or of the ``.metadata`` beside them, under wanted keys.

    Of a project that wheels were built of, sdists of the wheels' versions matter too.
    """

    def __init__(
        self, page: Artifact, base: str | None, keys: Container[str], built: Collection[str | None]
    ) -> None:
        """Take the page, its ``<base href>``, the keys, and the versions of wheels whose source is looked for."""
        self._page = page
        self._base = base
        self._keys = keys
        self._built = built

    def __call__(self, row: Row) -> bool:
        """Return whether a row, whose URL is as written and without its fragment, is wanted."""
        url = row.url
        if self._built and self.sdist_version(row) is not None:
            return True
        if self._base is None and NORMAL_URL.fullmatch(url):
            # nearly every URL: what places() would give, without taking it apart
            state, keys = sha224(url.encode()), self._keys
            if state.hexdigest() in keys:
                return True
            state.update(b".metadata")
            return state.hexdigest() in keys
        return any(key in self._keys for _, _, key in self.places(url))

    def places(self, url: str) -> Iterator[tuple[str, bool, str]]:
        """Yield (URL, is it the .metadata file's, key) of a listed file and of the metadata beside it."""
        for absolute in self.urls(url):
            yield absolute, False, http_key(absolute)
            yield f"{absolute}.metadata", True, http_key(f"{absolute}.metadata")

    def urls(self, url: str) -> list[str]:
        """Return what pip may request for a URL as it is written on the page."""
        return absolute_urls(url, self._base, self._page.url)

    def sdist_version(self, row: Row) -> str | None:
        """Return the version of a listed sdist that one of the wheels may have been built from; else None."""
        filename = row.filename
        name = None if filename.endswith(".whl") else parse_filename(filename, self._page.project)
        if name is None or name.is_wheel:
            return None
        return name.version if any(same_version(name.version, built) for built in self._built) else None


class Watch(Protocol):
    """Looks for more on the pages while they are read for names; ``keys`` are those it wants to hear of too."""

    @property
    def keys(self) -> frozenset[str]:
        """What is looked for beside the keys of the cache."""

    @property
    def projects(self) -> Collection[str]:
        """The projects whose pages are looked for by their keys, whatever they say."""

    def concerns(self, artifacts: Iterable[Artifact]) -> Callable[[str], bool]:
        """Return which projects' pages have to be read, of what is there."""

    def pick(self, page: Artifact, rows: Rows | None, wanted: Wanted) -> Iterable[Row]:
        """Return the rows of a page whose key is wanted; without rows it cannot be read."""


def read_rows(cache: Cache, page: Artifact) -> Rows | None:
    """Return the rows of a cached page; None when it cannot be read, or is none."""
    with open_body(cache, page) as body:
        return page_rows(body.readable(PAGE_LIMIT))


class PageReader:
    """Reads what cached index pages list of the files of a cache; each page is read once, as long as it stays."""

    def __init__(self, cache: Cache, artifacts: Iterable[Artifact], watch: Watch | None = None) -> None:
        """Take the artifacts whose files are looked for; ``watch`` sees the rows of each page that is read."""
        self.cache = cache
        self.watch = watch
        keys: set[str] = set() if watch is None else set(watch.keys)
        self._built: dict[str, list[str | None]] = {}
        for artifact in artifacts:
            if isinstance(artifact.entry, HttpEntry):
                keys.add(artifact.entry.key)
            elif artifact.kind is Kind.BUILT and artifact.project is not None:
                # its source may be known by now, and be asked for again of an entry that is read anew
                self._built.setdefault(artifact.project, []).append(artifact.version)
        self._keys = frozenset(keys)
        self._read: dict[tuple[object, ...], _Read] = {}

    def listings(self, page: Artifact) -> dict[str, list[Listing]]:
        """Return what a page lists of the files of the cache: key -> listings, of which there may be several."""
        return self._of(page).listings

    def source_of(self, artifact: Artifact, pages: Iterable[Artifact]) -> tuple[Origin, BuildKey] | None:
        """Return the sdist on ``pages`` whose URL makes the key of a built wheel's folder; None without one."""
        if artifact.key is None or artifact.project is None:
            return None
        for page in pages:
            if page.project != artifact.project:
                continue
            sdists = self._of(page).sdists
            origins = [origin for version, origin in sdists if same_version(version, artifact.version)]
            if (inverted := invert_key(artifact.key, origins)) is not None:
                return inverted
        return None

    def _of(self, page: Artifact) -> "_Read":
        place = (path_of(page), *page.files)
        if place not in self._read:
            self._read[place] = self._read_page(page)
        return self._read[place]

    def _read_page(self, page: Artifact) -> "_Read":
        rows = read_rows(self.cache, page)
        built = self._built.get(page.project or "", ())
        wanted = Wanted(page, None if rows is None else rows.base, self._keys, built)
        if self.watch is not None:
            picked = self.watch.pick(page, rows, wanted)
        else:
            picked = () if rows is None else (row for row in rows.rows if wanted(row))
        listings: dict[str, list[Listing]] = {}
        sdists: list[tuple[str, Origin]] = []
        for row in picked:
            if (file := row.file()) is None:
                continue
            for url, is_metadata, key in wanted.places(file.url):
                if key in self._keys:
                    listings.setdefault(key, []).append(Listing(url, file, is_metadata, page.project))
            if built and (version := wanted.sdist_version(row)) is not None:
                sdists += ((version, Origin(url, file.hashes)) for url in wanted.urls(file.url))
        return _Read(listings, sdists)


class _Read(NamedTuple):
    """What one page lists: files by the keys of their entries, and sdists with their versions."""

    listings: dict[str, list[Listing]]
    sdists: list[tuple[str, Origin]]


def name_by_listing(artifact: Artifact, listing: Listing, also: Iterable[Listing] = ()) -> Artifact:
    """Return ``artifact`` with the name and the URL its page gives it; names from elsewhere are kept.

    What ``also`` lists it otherwise is kept as well.
    """
    suffix = ".metadata" if listing.is_metadata else ""
    parsed = parse_filename(listing.file.filename, listing.project)
    claim = Claim(
        Evidence.PAGE,
        f"index page of {listing.project}" if listing.project else "index page",
        listing.project or (parsed.project if parsed else None),
        parsed.version if parsed else None,
        listing.file.filename + suffix,
    )
    kind = artifact.kind
    if kind in {Kind.UNKNOWN, Kind.PAGE} or (kind is Kind.OTHER and not artifact.is_redirect):
        kind = kind_of_filename(listing.file.filename + suffix)
    return artifact._replace(
        kind=kind,
        claims=(claim, *artifact.claims),
        url=listing.url,
        url_proved=True,
        listed=listing.file,
        also_listed=tuple(dict.fromkeys(listed.file for listed in also if listed.file != listing.file)),
    )


def _with_source(reader: PageReader, artifact: Artifact, pages: Iterable[Artifact]) -> Artifact:
    """Return a built wheel without ``origin.json`` with the listed sdist it came from."""
    if (sdist := reader.source_of(artifact, pages)) is None:
        return artifact
    source, build_key = sdist
    claim = Claim(Evidence.KEY, "a listed sdist makes the key", artifact.project, artifact.version)
    return artifact._replace(claims=(*artifact.claims, claim), url=source.url, source=source, build_key=build_key)


def join(
    reader: PageReader,
    artifacts: Sequence[Artifact],
    concerns: Callable[[str], bool] | None = None,
    track: Track = untracked,
) -> list[Artifact]:
    """Return ``artifacts`` with every name that a cached page can give; pages must have been named before.

    ``concerns`` limits the pages that are read to those about projects it accepts, and about no known one; the
    reader's watch is given pages too whose key does not prove what they are about.
    """
    listings: dict[str, list[Listing]] = {}
    watches = reader.watch is not None
    pages = [
        page
        for page in artifacts
        if page.kind is Kind.PAGE
        and (concerns is None or page.project is None or concerns(page.project) or (watches and page.url is None))
    ]
    for page in track(pages, len(pages), "Reading index pages"):
        for key, listed in reader.listings(page).items():
            listings.setdefault(key, []).extend(listed)
    return [
        _with_source(reader, artifact, pages)
        if artifact.kind is Kind.BUILT and artifact.source is None
        else name_by_listing(artifact, listings[artifact.entry.key][0], listings[artifact.entry.key][1:])
        if isinstance(artifact.entry, HttpEntry) and artifact.entry.key in listings
        else artifact
        for artifact in artifacts
    ]
