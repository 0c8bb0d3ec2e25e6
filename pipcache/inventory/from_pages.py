"""Names and digests that cached index pages give."""

from collections.abc import Callable, Collection, Container, Iterable, Iterator, Sequence
from hashlib import sha224
from typing import NamedTuple, Protocol
from urllib.parse import urlsplit

from pipcache.index.links import NORMAL_URL, absolute_urls
from pipcache.index.page import parse_page, quick_project, stated_project
from pipcache.index.rows import PAGE_LIMIT, PageFile, Row, Rows, page_rows
from pipcache.inventory.artifact import Artifact, Claim, Evidence, Kind
from pipcache.inventory.body import decoded
from pipcache.inventory.identify import kind_of_filename
from pipcache.store.entries import HttpEntry
from pipcache.store.keys import BuildKey, http_key, invert_key
from pipcache.store.origin import Origin
from pipcache.util.filenames import normalise, parse_filename
from pipcache.util.progress import Track, untracked
from pipcache.util.urls import PAGE_BASES, has_key, without_user

_QUICK = 32 << 10

_MOST_BASES = 100  # each is tried on each page, and a Location can name any number


class Listing(NamedTuple):
    """A listed file found among the keys. ``is_metadata`` is true for the ``.metadata`` file beside it."""

    url: str
    file: PageFile
    is_metadata: bool
    project: str | None  # the page's


def page_bases(artifacts: Iterable[Artifact], configured: Sequence[str]) -> tuple[str, ...]:
    """Return the URLs below which index pages may live: PyPI's, the configured ones, those the cache mentions."""
    bases = [without_user(url).rstrip("/") + "/" for url in configured]
    for artifact in artifacts:
        if artifact.source is not None:
            bases += _roots(artifact.source.url)
        elif artifact.head is not None and "location" in artifact.head.headers:
            location = artifact.head.headers["location"]
            before, found, _ = location.partition("/simple/")
            bases += [before + found] if found else _roots(location)
    # pip keeps nothing of file: indexes, and a Location can be anything
    usable = (base for base in bases if base.startswith("http") and has_key(base))
    return tuple(dict.fromkeys([*PAGE_BASES, *usable]))[:_MOST_BASES]


def _roots(url: str) -> list[str]:
    try:
        parts = urlsplit(url)
    except ValueError:
        return []
    return [f"{parts.scheme}://{parts.netloc}/simple/"] if parts.netloc and parts.scheme.startswith("http") else []


def name_page(root: str, artifact: Artifact, bases: Sequence[str]) -> Artifact:
    """Return a page with the project it is about, proved by its key where its index is known."""
    if artifact.kind is not Kind.PAGE or artifact.url is not None:
        return artifact
    start = decoded(root, artifact, _QUICK) or b""
    names = quick_project(start)
    names += [normalise(claim.project) for claim in artifact.claims if claim.project]
    for name in dict.fromkeys(names):
        for base in bases:
            # pip asks for the normalised name with a slash (PEP 503); page URLs without one exist by hand only
            url = f"{base}{name}/"
            if http_key(url) == artifact.key:
                return _as_page(artifact, name, url)
    if any(claim.project for claim in artifact.claims):
        return artifact
    project = _project_of(decoded(root, artifact, PAGE_LIMIT) or b"") or stated_project(start)
    if project is None:
        return artifact
    return artifact._replace(claims=(Claim(Evidence.CONTENT, "page", project), *artifact.claims))


def _project_of(data: bytes) -> str | None:
    rows = page_rows(data)
    if rows is not None and rows.project is not None:
        return rows.project
    page = parse_page(data)  # then all its files have to agree
    return None if page is None else page.project


class Wanted:
    """Tells of URLs on a page whether their files, or the ``.metadata`` beside them, are among the wanted keys."""

    def __init__(self, page_url: str | None, base: str | None, keys: Container[str]) -> None:
        """Take what URLs are relative to, and the keys."""
        self._page_url = page_url
        self._base = base
        self._keys = keys

    def __call__(self, url: str) -> bool:
        """Return whether a URL as written, without its fragment, leads to a wanted key."""
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
        for absolute in absolute_urls(url, self._base, self._page_url):
            yield absolute, False, http_key(absolute)
            yield f"{absolute}.metadata", True, http_key(f"{absolute}.metadata")


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


def read_rows(root: str, page: Artifact) -> Rows | None:
    """Return the rows of a cached page; None when it cannot be read, or is none."""
    return page_rows(decoded(root, page, PAGE_LIMIT) or b"")


def listings(
    root: str, page: Artifact, keys: frozenset[str], watch: Watch | None = None
) -> dict[str, list[Listing]]:
    """Return what a page lists among ``keys``: key -> listings, of which there may be several."""
    rows = read_rows(root, page)
    wanted = Wanted(page.url, None if rows is None else rows.base, keys)
    if watch is not None:
        picked = watch.pick(page, rows, wanted)
    else:
        picked = () if rows is None else (row for row in rows.rows if wanted(row.url))
    found: dict[str, list[Listing]] = {}
    for row in picked:
        if (file := row.file()) is None:
            continue
        for url, is_metadata, key in wanted.places(file.url):
            if key in keys:
                found.setdefault(key, []).append(Listing(url, file, is_metadata, page.project))
    return found


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
        also_listed=tuple(dict.fromkeys(one.file for one in also if one.file != listing.file)),
    )


def find_source(root: str, artifact: Artifact, pages: Iterable[Artifact]) -> tuple[Origin, BuildKey] | None:
    """Return the sdist listed on ``pages`` whose URL makes the key of a built wheel's folder; None without one."""
    if artifact.key is None or artifact.project is None:
        return None

    for page in pages:
        if page.project != artifact.project:
            continue
        rows = read_rows(root, page)
        files = (row.file() for row in (() if rows is None else rows.rows) if _is_source(row, artifact))
        origins = [
            Origin(url, file.hashes)
            for file in files
            if rows is not None and file is not None
            for url in absolute_urls(file.url, rows.base, page.url)
        ]
        if (inverted := invert_key(artifact.key, origins)) is not None:
            return inverted
    return None


def _is_source(row: Row, artifact: Artifact) -> bool:
    """Return whether a page lists an sdist of a wheel's version there."""
    name = parse_filename(row.filename, artifact.project)
    return name is not None and not name.is_wheel and _same_version(name.version, artifact.version)


def _with_source(root: str, artifact: Artifact, pages: Iterable[Artifact]) -> Artifact:
    """Return a built wheel without ``origin.json`` with the listed sdist it came from."""
    if (found := find_source(root, artifact, pages)) is None:
        return artifact
    source, build_key = found
    claim = Claim(Evidence.KEY, "a listed sdist makes the key", artifact.project, artifact.version)
    return artifact._replace(claims=(*artifact.claims, claim), url=source.url, source=source, build_key=build_key)


def _same_version(one: str | None, other: str | None) -> bool:
    from packaging.version import Version  # noqa: PLC0415 - only for wheels without an origin

    try:
        return Version(one or "") == Version(other or "")
    except ValueError:  # InvalidVersion, or a number longer than int() takes
        return one == other


def join(
    root: str,
    artifacts: Sequence[Artifact],
    concerns: Callable[[str], bool] | None = None,
    track: Track = untracked,
    watch: Watch | None = None,
) -> list[Artifact]:
    """Return ``artifacts`` with every name that a cached page can give; pages must have been named before.

    ``concerns`` limits the pages that are read to those about projects it accepts, and about no known one.
    ``watch`` sees the rows of those, and of pages whose key does not prove what they are about.
    """
    keys = frozenset(artifact.entry.key for artifact in artifacts if isinstance(artifact.entry, HttpEntry))
    keys |= frozenset() if watch is None else watch.keys
    found: dict[str, list[Listing]] = {}
    pages = [
        page
        for page in artifacts
        if page.kind is Kind.PAGE
        and (concerns is None or page.project is None or concerns(page.project) or (watch and page.url is None))
    ]
    for page in track(pages, len(pages), "Reading index pages"):
        for key, listed in listings(root, page, keys, watch).items():
            found.setdefault(key, []).extend(listed)
    return [
        _with_source(root, artifact, pages)
        if artifact.kind is Kind.BUILT and artifact.source is None
        else name_by_listing(artifact, found[artifact.entry.key][0], found[artifact.entry.key][1:])
        if isinstance(artifact.entry, HttpEntry) and artifact.entry.key in found
        else artifact
        for artifact in artifacts
    ]


def name_pages_of(artifacts: Sequence[Artifact], names: Iterable[str], bases: Sequence[str]) -> list[Artifact]:
    """Return ``artifacts`` with those as pages whose key is the page URL of a project in ``names``.

    So a page that does not say what it is, or says something else, is known by what was asked for.
    """
    lost = {one.key for one in artifacts if _may_be_a_page(one)}
    if not lost:
        return list(artifacts)
    urls = ((name, f"{base}{name}/") for name in sorted(set(map(normalise, names))) for base in bases if name)
    found = {key: (name, url) for name, url in urls if (key := http_key(url)) in lost}
    return [
        _as_page(one, *found[one.key]) if one.key in found and _may_be_a_page(one) else one for one in artifacts
    ]


def _may_be_a_page(artifact: Artifact) -> bool:
    is_text = artifact.kind in {Kind.PAGE, Kind.OTHER, Kind.UNKNOWN} and isinstance(artifact.entry, HttpEntry)
    return is_text and artifact.url is None and not artifact.is_redirect


def _as_page(artifact: Artifact, name: str, url: str) -> Artifact:
    claim = Claim(Evidence.KEY, "page URL", name)
    return artifact._replace(kind=Kind.PAGE, claims=(claim, *artifact.claims), url=url, url_proved=True)
