"""The names of index pages: which project a page is about, and whether its key proves that."""

import re
from collections.abc import Iterable, Iterator, Sequence
from urllib.parse import urlsplit

from pipcache.index.page import parse_page, quick_project, stated_project
from pipcache.index.page_format import PAGE_LIMIT
from pipcache.index.rows import page_rows
from pipcache.inventory.artifact import Artifact, Claim, Evidence, Kind, PageClues
from pipcache.inventory.body import open_body
from pipcache.inventory.common_projects import common_projects
from pipcache.store.body import Body
from pipcache.store.cache import Cache
from pipcache.store.entries import HttpEntry
from pipcache.store.keys import keys_below
from pipcache.util.filenames import normalise
from pipcache.util.urls import PAGE_BASES, has_key, without_user

_START = 32 << 10
"""Bytes at the beginning of a page that name its project in nearly every case."""

_MOST_BASES = 100  # each is tried for each page, and redirects can name any number


_ENDINGS = ("/", "")  # pip asks with a slash (PEP 503); people and servers leave it out


def page_bases(artifacts: Iterable[Artifact], configured: Sequence[str]) -> tuple[str, ...]:
    """Return the URLs below which index pages may be: PyPI's, the configured ones, and those that the cache names.

    Args:
        artifacts: the cache; redirects and the sources of built wheels name hosts, proved pages their index.
        configured: the URLs of the indexes that pip is configured to use.

    Returns:
        URLs that end with a slash, at most 100.
    """
    bases = [without_user(url).rstrip("/") + "/" for url in configured]
    for artifact in artifacts:
        if artifact.source is not None:
            bases += _roots(artifact.source.url)
        elif artifact.kind is Kind.PAGE and artifact.url is not None and artifact.url_proved:
            bases.append(artifact.url.rstrip("/").rpartition("/")[0] + "/")
        elif artifact.head is not None and "location" in artifact.head.headers:
            location = artifact.head.headers["location"]
            before, simple, _ = location.partition("/simple/")
            bases += [before + simple] if simple else _roots(location)
    # pip caches nothing of file: indexes, and a Location can be any text
    usable = (base for base in bases if base.lower().startswith("http") and has_key(base))
    return tuple(dict.fromkeys([*PAGE_BASES, *usable]))[:_MOST_BASES]


def _roots(url: str) -> list[str]:
    try:
        parts = urlsplit(url)
    except ValueError:
        return []
    return [f"{parts.scheme}://{parts.netloc}/simple/"] if parts.netloc and parts.scheme.startswith("http") else []


def read_clues(artifact: Artifact, body: Body, bases: Sequence[str]) -> PageClues:
    """Return what the bytes of a page say about its project; nothing where they cannot be read.

    The whole page is read only where neither a header names the project nor the key of a URL below ``bases``.
    """
    start = body.readable(_START)
    names = tuple(quick_project(start))
    project = None
    if not _claimed_projects(artifact) and _proved_url(artifact.key, names, bases) is None:
        project = _project_of(body.readable(PAGE_LIMIT), artifact.content_type) or stated_project(start)
    try:
        ends_like_zip = body.ends_like_zip()
    except OSError:
        ends_like_zip = False
    roots = () if artifact.url is not None else _index_roots(start.decode("utf-8", "replace"))
    return PageClues(names, project, ends_like_zip=ends_like_zip, roots=roots)


def _claimed_projects(artifact: Artifact) -> list[str]:
    """Return the projects that an artifact's claims name, normalised."""
    return [normalise(claim.project) for claim in artifact.claims if claim.project]


def _proved_url(key: str | None, names: Iterable[str], bases: Sequence[str]) -> tuple[str, str] | None:
    """Return the project and the URL of a page whose key proves both; None where none does."""
    return next(((name, url) for name, url, page_key in _page_keys(names, bases) if page_key == key), None)


def _page_keys(names: Iterable[str], bases: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    """Yield names with the URLs that their pages may have, and the keys of these."""
    tails = {name + ending: name for name in names if _FIT.fullmatch(name) for ending in _ENDINGS}
    for base in bases if tails else ():
        for (tail, name), key in zip(tails.items(), keys_below(base, tails), strict=True):
            yield name, base + tail, key


_FIT = re.compile(r"[A-Za-z0-9._-]+")


def _index_roots(start: str) -> tuple[str, ...]:
    """Return URLs below which the page may be that begins with ``start``, by the first files that it lists."""
    roots: list[str] = []
    for url in list(dict.fromkeys(_LISTED.findall(start)))[:_MOST_LISTED]:
        folders = url.split("/")[:_DEEPEST]
        for end in range(3, len(folders)):
            folder = "/".join(folders[:end])
            roots += (f"{folder}/simple/", f"{folder}/")
    return tuple(dict.fromkeys(roots))


_LISTED = re.compile(r"""["'](https?://[^\s"'<>#?/][^\s"'<>#?]{0,1499})""")
"""An absolute URL: one without a host has no key, and no page lies below it."""

_MOST_LISTED = 3

_DEEPEST = 12


def _project_of(data: bytes, content_type: str) -> str | None:
    """Return the project that a whole page names, or else the one that all of its files belong to."""
    rows = page_rows(data, content_type)
    if rows is not None and rows.project is not None:
        return rows.project
    page = parse_page(data, content_type)
    return None if page is None else page.project


def name_page(cache: Cache, artifact: Artifact, bases: Sequence[str]) -> Artifact:
    """Return an index page with its project and, where its key is that of a URL below ``bases``, with its URL."""
    if artifact.kind is not Kind.PAGE or artifact.url is not None:
        return artifact
    if (clues := artifact.clues) is None:
        with open_body(cache, artifact) as body:
            clues = read_clues(artifact, body, bases)
        artifact = artifact._replace(clues=clues)
    names = [*clues.names, *_claimed_projects(artifact), *filter(None, [clues.project])]
    proved = _proved_url(artifact.key, names, bases) or _proved_url(artifact.key, names, clues.roots)
    if proved is not None:
        return as_page(artifact, *proved)
    if clues.project is None or _claimed_projects(artifact):
        return artifact
    return artifact._replace(claims=(Claim(Evidence.CONTENT, "page", clues.project), *artifact.claims))


def name_pages_of(artifacts: Sequence[Artifact], names: Iterable[str], bases: Sequence[str]) -> list[Artifact]:
    """Return ``artifacts``, and as pages those whose key is that of the page of a project in ``names``.

    So a page is recognised that names no project, or another one.
    """
    nameless = {artifact.key for artifact in artifacts if may_be_a_page(artifact)}
    if not nameless:
        return list(artifacts)
    spelled = {spelling for name in names for spelling in (normalise(name), name)}
    proved: dict[str | None, tuple[str, str]] = {}
    for name, url, key in _page_keys(sorted(spelled), bases):
        if key in nameless:
            proved.setdefault(key, (normalise(name), url))
    return [
        as_page(artifact, *proved[artifact.key])
        if artifact.key in proved and may_be_a_page(artifact)
        else artifact
        for artifact in artifacts
    ]


def name_pages_by_guess(
    downloads: Iterable[Artifact], others: Iterable[Artifact], names: Iterable[str], bases: Sequence[str]
) -> list[Artifact]:
    """Return ``downloads``, and as pages those whose key is that of the page of some project.

    Asked are the projects in ``names``, those of ``downloads`` and ``others``, and those that many caches hold.
    """
    artifacts = list(downloads)
    if not any(map(may_be_a_page, artifacts)):
        return artifacts
    claimed = {claim.project for artifact in (*artifacts, *others) for claim in artifact.claims if claim.project}
    return name_pages_of(artifacts, [*names, *claimed, *common_projects()], bases)


_CAN_BE_TEXT = frozenset({Kind.PAGE, Kind.OTHER, Kind.UNKNOWN, Kind.METADATA})


def may_be_a_page(artifact: Artifact) -> bool:
    """Return whether a download may lie under the URL of an index page, whatever it is."""
    is_response = isinstance(artifact.entry, HttpEntry) and not artifact.is_redirect
    return is_response and artifact.kind in _CAN_BE_TEXT and artifact.url is None


def as_page(artifact: Artifact, name: str, url: str) -> Artifact:
    """Return an artifact as the index page of a project, which its key proves by the URL."""
    claim = Claim(Evidence.KEY, "page URL", name)
    # what its content says of itself is not about the page
    return artifact._replace(kind=Kind.PAGE, claims=(claim, *artifact.claims), own=None, url=url, url_proved=True)
