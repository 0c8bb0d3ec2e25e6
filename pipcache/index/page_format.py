"""The two formats of an index page, recognised by their first bytes."""

from enum import Enum

PAGE_LIMIT = 64 << 20
"""Decoded bytes of a page that are read; the largest on PyPI have about 20 MB."""


class PageFormat(Enum):
    """The two formats of an index page."""

    JSON = "json"
    HTML = "html"


def stated_format(content_type: str) -> PageFormat | None:
    """Return how pip reads what has this ``Content-Type`` (``index/collector.py``); None where it does not."""
    lowered = content_type.lower()
    if lowered.startswith("application/vnd.pypi.simple.v1+json"):
        return PageFormat.JSON
    if lowered.startswith(("text/html", "application/vnd.pypi.simple.v1+html")):
        return PageFormat.HTML
    return None


def guess_format(start: bytes) -> PageFormat | None:
    """Return the format of a page that begins with these decoded bytes; None for neither."""
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text[:1] == b"{":
        return PageFormat.JSON
    if text[:1] == b"<":
        return PageFormat.HTML
    return None
