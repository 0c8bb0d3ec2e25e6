"""Cached index pages held against the keys: which entry is which listed file, and what was promised of it."""

import re
from collections.abc import Container, Iterable, Iterator, Sequence
from typing import NamedTuple
from urllib.parse import urlsplit

from pipcache.artifacts import Artifact, Claim, Evidence, Kind
from pipcache.bodies import UndecodableBody, decode_body
from pipcache.hosts import PAGE_BASES
from pipcache.identify import REDIRECTS, kind_of_filename, open_body
from pipcache.keys import http_key
from pipcache.names import normalise, parse_filename
from pipcache.pages import PAGE_LIMIT, PageFile, absolute_urls, parse_page, quick_project
from pipcache.scan import HttpEntry

_QUICK = 32 << 10


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
    # pip keeps nothing of file: indexes
    usable = (base for base in bases if re.match("https?://[^/]", base))
    return tuple(dict.fromkeys([*PAGE_BASES, *usable]))


def without_user(url: str) -> str:
    """Return ``url`` without user information, as pip requests it and therefore keys it."""
    scheme, found, rest = url.partition("://")
    authority, slash, path = rest.partition("/")
    return f"{scheme}{found}{authority.rpartition('@')[2]}{slash}{path}"


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
    names = quick_project(_decoded(root, artifact, _QUICK))
    names += [normalise(claim.project) for claim in artifact.claims if claim.project]
    for name in dict.fromkeys(names):
        for base in bases:
            # pip asks for the normalised name with a slash (PEP 503); page URLs without one exist by hand only
            url = f"{base}{name}/"
            if http_key(url) == artifact.key:
                claim = Claim(Evidence.KEY, "page URL", name)
                return artifact._replace(claims=(claim, *artifact.claims), url=url, url_proved=True)
    if any(claim.project for claim in artifact.claims):
        return artifact
    page = parse_page(_decoded(root, artifact, PAGE_LIMIT))
    if page is None or page.project is None:
        return artifact
    return artifact._replace(claims=(Claim(Evidence.CONTENT, "page", page.project), *artifact.claims))


def _decoded(root: str, artifact: Artifact, limit: int) -> bytes:
    """Return the first ``limit`` decoded bytes of a body; none when it cannot be read or decoded."""
    encoding = artifact.head.headers.get("content-encoding") if artifact.head is not None else None
    try:
        with open_body(root, artifact) as window:
            return decode_body(window, encoding, limit)
    except (OSError, UndecodableBody):
        return b""


class _Wanted:
    """Tells of a URL on a page whether its file, or the ``.metadata`` beside it, is among the wanted keys."""

    def __init__(self, page_url: str | None, keys: Container[str]) -> None:
        self._page_url = page_url
        self._keys = keys

    def __call__(self, url: str, base: str | None) -> bool:
        return any(key in self._keys for _, _, key in self.places(url, base))

    def places(self, url: str, base: str | None) -> Iterator[tuple[str, bool, str]]:
        """Yield (URL, is it the .metadata file's, key) of a listed file and of the metadata beside it."""
        for absolute in absolute_urls(url, base, self._page_url):
            yield absolute, False, http_key(absolute)
            yield f"{absolute}.metadata", True, http_key(f"{absolute}.metadata")


def listings(root: str, page: Artifact, keys: Container[str]) -> dict[str, Listing]:
    """Return what a page lists among ``keys``: key -> listing."""
    wanted = _Wanted(page.url, keys)
    parsed = parse_page(_decoded(root, page, PAGE_LIMIT), wanted)
    if parsed is None:
        return {}
    return {
        key: Listing(url, file, is_metadata, page.project or parsed.project)
        for file in parsed.files
        for url, is_metadata, key in wanted.places(file.url, parsed.base)
        if key in keys
    }


def name_by_listing(artifact: Artifact, listing: Listing) -> Artifact:
    """Return ``artifact`` with the name and the URL its page gives it; names from elsewhere are kept."""
    suffix = ".metadata" if listing.is_metadata else ""
    parsed = parse_filename(listing.file.filename, listing.project)
    claim = Claim(
        Evidence.PAGE,
        "index page",
        listing.project or (parsed.project if parsed else None),
        parsed.version if parsed else None,
        listing.file.filename + suffix,
    )
    kind = artifact.kind
    if kind in {Kind.UNKNOWN, Kind.PAGE} or (kind is Kind.OTHER and not _is_redirect(artifact)):
        kind = kind_of_filename(listing.file.filename + suffix)
    return artifact._replace(
        kind=kind,
        claims=(claim, *artifact.claims),
        url=listing.url,
        url_proved=True,
        listed=listing.file,
    )


def _is_redirect(artifact: Artifact) -> bool:
    return artifact.head is not None and artifact.head.status in REDIRECTS


def join(root: str, artifacts: Sequence[Artifact], projects: Container[str] | None = None) -> list[Artifact]:
    """Return ``artifacts`` with every name that a cached page can give; pages must have been named before.

    ``projects`` limits the pages that are read to those about them, and to those about no known project.
    """
    keys = frozenset(artifact.entry.key for artifact in artifacts if isinstance(artifact.entry, HttpEntry))
    found: dict[str, Listing] = {}
    for page in artifacts:
        if page.kind is not Kind.PAGE:
            continue
        if projects is None or page.project is None or page.project in projects:
            for key, listing in listings(root, page, keys).items():
                found.setdefault(key, listing)
    return [
        name_by_listing(artifact, found[artifact.entry.key])
        if isinstance(artifact.entry, HttpEntry) and artifact.entry.key in found
        else artifact
        for artifact in artifacts
    ]
