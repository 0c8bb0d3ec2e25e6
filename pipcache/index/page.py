"""A whole index page and the project it is about."""

import re
from collections.abc import Iterable
from typing import NamedTuple

from pipcache.index.anchors import unescape
from pipcache.index.page_format import PageFormat, stated_format
from pipcache.index.page_text import page_text
from pipcache.index.rows import TITLE, TITLE_REACH, PageFile, page_rows
from pipcache.index.standing import ProjectStatus
from pipcache.util.filenames import normalise


class Page(NamedTuple):
    """An index page. ``project`` is its normalised name, None when it does not say and its files disagree."""

    format: PageFormat
    project: str | None
    files: tuple[PageFile, ...]
    base: str | None = None  # the value of <base href>, None without one
    is_cut: bool = False  # it may have more files than were read
    excess: str | None = None  # of what it has more than is read
    serial: int | None = None  # of the last change of the project
    status: ProjectStatus | None = None  # of the project (PEP 792)


def parse_page(data: bytes, content_type: str = "") -> Page | None:
    """Parse a decoded page; None when it is no index page. Malformed content is left out, and is no error.

    ``content_type`` is that of the response.
    """
    page = page_rows(data, content_type)
    if page is None:
        return None
    listed = (file for row in page.rows if (file := row.file()) is not None)
    files = tuple(listed)
    # a sign-in page has anchors too, but none leads to a distribution
    if not files and not page.is_stated and not page.is_cut:
        return None
    project = page.project or _common_project(files)
    return Page(page.format, project, files, page.base, page.is_cut, page.excess, page.serial, page.status)


def is_empty_listing(data: bytes, content_type: str, project: str) -> bool:
    """Return whether a decoded body is a page that lists no file, as servers make it for an empty folder.

    Such a page has no form and no script, and no words but those of a listing.

    Args:
        data: the decoded body.
        content_type: the ``Content-Type`` of the response.
        project: the normalised project whose page it is.
    """
    if stated_format(content_type) is not PageFormat.HTML or not data or len(data) > _LONGEST_EMPTY:
        return False
    text, is_sure = page_text(data, content_type)
    if not is_sure or _ACTIVE.search(text) is not None or not _IS_MARKUP.search(text):
        return False
    words = {word.lower() for word in _WORD.findall(_MARKUP.sub(" ", text))}
    return words <= _LISTING_WORDS | set(project.split("-"))


_LONGEST_EMPTY = 16 << 10

_ACTIVE = re.compile(r"(?i)<(?:form|input|button|script|iframe|object|embed|meta[^>]{1,200}refresh)")

_IS_MARKUP = re.compile(r"(?i)<(?:html|!doctype html|body|head|title|h1|ul|pre|table)[\s>]")

_MARKUP = re.compile(r"<[^<>]*>")

_WORD = re.compile(r"\w+")

_LISTING_WORDS = frozenset(
    [
        *("index", "of", "links", "for", "simple", "parent", "directory", "name", "last", "modified", "size"),
        *("description", "pypi", "packages", "package", "files", "project", "projects", "no", "nbsp"),
    ]
)


def stated_project(start: bytes) -> str | None:
    """Return the normalised project that a page names in its first decoded bytes; the page may be cut."""
    text = start.decode("utf-8", "replace")
    title = TITLE.search(text, 0, TITLE_REACH)
    if title is not None:
        return normalise(unescape(title[1])) or None
    name = _JSON_NAME.search(text)
    return None if name is None else normalise(name[1])


def quick_project(start: bytes) -> list[str]:
    """Return the projects a page may be about, by its first decoded bytes alone, likeliest first."""
    stated = stated_project(start)
    projects = [] if stated is None else [stated]
    if (name := _JSON_FILENAME.search(start.decode("utf-8", "replace"))) is not None:
        stem = name[1]
        projects += [normalise(stem[: dash.start()]) for dash in re.finditer("-", stem)]
    return list(dict.fromkeys(project for project in projects if project))


_JSON_NAME = re.compile(r'"name"\s*:\s*"([^"\\]{1,200})"')

_JSON_FILENAME = re.compile(r'"filename"\s*:\s*"([^"\\]{1,300})"')


def _common_project(files: Iterable[PageFile]) -> str | None:
    """Return the project that all files belong to by their names; None where they differ (find-links pages)."""
    names = {normalise(parsed.project) for file in files if (parsed := file.name()) is not None}
    return names.pop() if len(names) == 1 else None
