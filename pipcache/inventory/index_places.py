"""Which index an artifact came from, with which project: only what the keys of the cache prove."""

import re
from collections.abc import Collection, Iterable
from enum import Enum, auto
from typing import NamedTuple

from pipcache.inventory.artifact import Artifact, Kind
from pipcache.util.filenames import normalise, parse_filename
from pipcache.util.urls import (
    PAGE_BASES,
    filename_in,
    index_of_file_host,
    is_http,
    plain_host,
    present_index,
    without_user,
)


class IndexPlace(NamedTuple):
    """An index and a project that the cache proves to belong together.

    ``base`` is the URL below which the index has its pages, ``project`` the normalised name.
    """

    base: str
    project: str


class Unplaced(Enum):
    """Why no index is known that a file came from."""

    UNPROVED_FILE = auto()  # nothing proves its URL
    NO_PAGE = auto()  # its host has no page of the project in the cache
    REPOSITORY = auto()  # it was built from a repository or a local file
    NO_SOURCE = auto()  # nothing says what it was built from
    NO_PROJECT = auto()  # nothing names its project


_PROJECT = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
"""A normalised name (PEP 503); nothing else becomes a part of a URL."""


def is_project(name: str | None) -> bool:
    """Return whether a text is a normalised name of a project, so that it may become a part of a URL."""
    return name is not None and _PROJECT.fullmatch(name) is not None


def place_of_page(artifact: Artifact) -> IndexPlace | None:
    """Return the index and the project of a page, where its key proves both; None for everything else."""
    if artifact.kind is not Kind.PAGE or artifact.url is None or not artifact.url_proved:
        return None
    base, _, name = artifact.url.rstrip("/").rpartition("/")
    # the URL names the project, whatever the page says of itself
    project = normalise(name)
    if not is_http(base) or not is_project(project):
        return None
    return IndexPlace(present_index(f"{base}/"), project)


def pages_by_place(artifacts: Iterable[Artifact]) -> dict[IndexPlace, list[Artifact]]:
    """Return the pages whose URL their key proves, by index and project."""
    pages: dict[IndexPlace, list[Artifact]] = {}
    for artifact in artifacts:
        if (place := place_of_page(artifact)) is not None:
            pages.setdefault(place, []).append(artifact)
    return pages


def places_of_file(artifact: Artifact, pages: Collection[IndexPlace]) -> list[IndexPlace] | Unplaced:
    """Return the indexes that a file came from, with its project; the reason where nothing shows one.

    Args:
        artifact: a download, or a built wheel, which came from where its source did.
        pages: the indexes and projects of which the cache has a page.
    """
    if artifact.kind is Kind.BUILT:
        if artifact.source is None or artifact.build_key is None:
            return Unplaced.NO_SOURCE
        if artifact.source.commit is not None or not is_http(artifact.source.url):
            return Unplaced.REPOSITORY
    elif artifact.url is None or not artifact.url_proved:
        return Unplaced.UNPROVED_FILE
    url = source_url(artifact)
    host = plain_host(url)
    name = parse_filename(filename_in(url), artifact.project)
    project = None if name is None else normalise(name.project)
    if (index := index_of_file_host(host)) is not None:
        if project is None or not is_project(project):
            return Unplaced.NO_PROJECT
        return [IndexPlace(index, project)]
    # an index of one's own may serve files under any name: its page says whose they are
    projects = {project, artifact.project}
    of_project = [place for place in pages if place.project in projects and place.base not in PAGE_BASES]
    same_host = [place for place in of_project if plain_host(place.base) == host]
    by_page = same_host or (of_project if artifact.listed is not None else [])
    return by_page or Unplaced.NO_PAGE


def proved_url(artifact: Artifact) -> str | None:
    """Return where a download, or what a wheel was built from, came from; None where its key does not prove it."""
    if artifact.kind is Kind.BUILT:
        source = artifact.source
        is_proved = source is not None and source.commit is None and artifact.build_key is not None
    else:
        is_proved = artifact.url_proved
    url = source_url(artifact)
    return url if is_proved and is_http(url) else None


def source_url(artifact: Artifact) -> str:
    """Return the URL of a download, or of what a built wheel was built from, without user information."""
    url = artifact.source.url if artifact.kind is Kind.BUILT and artifact.source is not None else artifact.url
    return without_user(url or "")
