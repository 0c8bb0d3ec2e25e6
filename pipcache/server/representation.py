"""Which form of a page a client gets, by its ``Accept`` (PEP 691, RFC 9110 section 12.5.1)."""

from typing import NamedTuple

from werkzeug.datastructures import MIMEAccept

from pipcache.offline.simple_pages import HTML_TYPE, JSON_TYPE

_LATEST = "application/vnd.pypi.simple.latest+"


class Representation(NamedTuple):
    """A form of a page: whether it is JSON, and its ``Content-Type``."""

    is_json: bool
    content_type: str


_OFFERED = {
    "text/html": Representation(is_json=False, content_type="text/html; charset=utf-8"),
    HTML_TYPE: Representation(is_json=False, content_type=HTML_TYPE),
    f"{_LATEST}html": Representation(is_json=False, content_type=HTML_TYPE),
    JSON_TYPE: Representation(is_json=True, content_type=JSON_TYPE),
    f"{_LATEST}json": Representation(is_json=True, content_type=JSON_TYPE),
}

TYPES = tuple(_OFFERED)
"""The types that a client can ask for; the first is for whoever does not care."""


def representation_for(accept: MIMEAccept) -> Representation | None:
    """Return the form that a client likes best; None where it takes none of these."""
    if not accept:
        return _OFFERED[TYPES[0]]
    best = accept.best_match(TYPES)
    return None if best is None else _OFFERED[best]
