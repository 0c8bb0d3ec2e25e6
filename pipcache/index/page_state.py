"""The state of a project on its index page, as an answer of the index or an entry of the cache has it."""

import re
from base64 import b64decode
from collections.abc import Mapping
from typing import NamedTuple

from pipcache.index.links import absolute_urls
from pipcache.index.page import is_empty_listing, parse_page
from pipcache.index.page_format import PageFormat
from pipcache.index.rows import PageFile
from pipcache.index.standing import QUARANTINED, ProjectStatus, serial_of
from pipcache.util.freshness import date_of, stated_max_age


class PageState(NamedTuple):
    """A page that was read whole, or as far as pages are read.

    Attributes:
        url: the page's URL; None where it is not known.
        format: HTML or JSON.
        files: what it lists; the URLs are absolute where that is possible.
        serial: of the project's last change; None where neither the page nor its header has it.
        status: the project's status (PEP 792); None where the page does not have it.
        excess: why it may list more than was read, as text to show; None where all of it was read.
        etag: the ``ETag`` of the response; None without one.
        date: the ``Date`` of the response, in seconds since the epoch; None without one.
        max_age: the ``max-age`` of the response, in seconds; None without one.
        is_altered: whether its ETag has the form of PyPI's and is not that of the bytes; None where that is not
            known.
        states_serial: whether the page itself has the serial, not only the head, which may be of another answer.
    """

    url: str | None
    format: PageFormat
    files: tuple[PageFile, ...] = ()
    serial: int | None = None
    status: ProjectStatus | None = None
    excess: str | None = None
    etag: str | None = None
    date: float | None = None
    max_age: int | None = None
    is_altered: bool | None = None
    states_serial: bool = False

    @property
    def is_quarantined(self) -> bool:
        """Whether the index says that nobody is to install the project's files."""
        return self.status is not None and self.status.status == QUARANTINED

    @property
    def fresh_until(self) -> float | None:
        """Until when pip since 26.2 uses the page without asking, in seconds since the epoch; None: it asks."""
        if self.date is None or not self.max_age or self.max_age < 0:
            return None
        return self.date + self.max_age


def read_page_state(
    data: bytes, content_type: str, url: str | None, headers: Mapping[str, str], project: str | None = None
) -> PageState | None:
    """Return the state that a page gives; None where the body is no index page.

    Args:
        data: the decoded body.
        content_type: the ``Content-Type`` of the response.
        url: the URL of the page, after redirects; None where it is not known.
        headers: the headers of the response.
        project: the normalised project whose page was asked for; without it a page that lists nothing, and
            does not say that it is an index page, is none.
    """
    lowered = {name.lower(): value for name, value in headers.items()}
    serial = serial_of(lowered.get("x-pypi-last-serial"))
    etag, date, max_age = lowered.get("etag"), date_of(lowered), stated_max_age(lowered)
    page = parse_page(data, content_type)
    if page is None:
        if project is None or not is_empty_listing(data, content_type, project):
            return None
        return PageState(url, PageFormat.HTML, (), serial, None, None, etag, date, max_age)
    excess = page.excess or ("not all of it can be read" if page.is_cut else None)
    return PageState(
        url,
        page.format,
        tuple(_with_absolute_url(file, page.base, url) for file in page.files),
        # the serial in the body is that of its files, whatever the head says
        serial if page.serial is None else page.serial,
        page.status,
        excess,
        etag,
        date,
        max_age,
        states_serial=page.serial is not None,
    )


def _with_absolute_url(file: PageFile, base: str | None, page_url: str | None) -> PageFile:
    urls = absolute_urls(file.url, base, page_url)
    return file._replace(url=urls[0]) if urls and urls[0] != file.url else file


def md5_in_etag(etag: str | None) -> str | None:
    """Return the MD5 of the body, in hex, that an ETag of PyPI's form holds; None where it has another form.

    PyPI's is strong, and the base64 of the MD5 without its padding (warehouse, ``md5_etag`` of WebOb).
    """
    match = None if etag is None else _PYPI_ETAG.fullmatch(etag)
    return None if match is None else b64decode(match[1] + "==").hex()


_PYPI_ETAG = re.compile(r'"([A-Za-z0-9+/]{21}[AQgw])"')
