"""Whether pips can use a head that they can decode, by what they do with it afterwards.

The sources are pip's ``_vendor/cachecontrol/controller.py`` (``cached_request``, ``conditional_headers``),
``_vendor/requests``, ``_vendor/urllib3/response.py`` and ``_internal/network``, in pip 20.3 to 26.3.
"""

import re
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from pipcache.store.cachecontrol import Head
from pipcache.store.response import is_page_by_head
from pipcache.util.freshness import NO_TIME, http_seconds, stated_max_age

_PERMANENT = frozenset({301, 308})
"""pip follows these without looking at their age."""

_FOLLOWED = frozenset({301, 302, 303, 307, 308})

_NOT_OF_HOSTS = re.compile(r"[\x00-\x20\x7f]|%(?:[01][0-9a-fA-F]|7[fF])")
"""What urllib3 in pip 26.3 refuses in a host (``_normalize_host``)."""

_WITHOUT_BODY = frozenset({*range(100, 200), 204, 304})

_SENT = frozenset(
    {
        *("accept", "accept-encoding", "authorization", "cache-control", "connection", "cookie", "if-match"),
        *("if-modified-since", "if-none-match", "if-range", "proxy-authorization", "range", "user-agent"),
    }
)
"""The headers that a request of pip may have."""


def why_unusable(head: Head) -> str | None:
    """Return why every pip that reads the store fails on a head, or downloads anew; None where some can use it."""
    return next(_failures(head), None)


def doubts_about(head: Head, size: int) -> tuple[str, ...]:
    """Return why some pips fail on a head and others do not; nothing where every pip fails.

    Args:
        head: the decoded head.
        size: the bytes of its body.
    """
    return () if why_unusable(head) is not None else doubts_about_usable(head, size)


def doubts_about_usable(head: Head, size: int) -> tuple[str, ...]:
    """Return what ``doubts_about`` returns, of a head of which ``why_unusable`` has nothing to say."""
    return (*head.doubts, *_doubts(head, size))


def _is_split(head: Head) -> bool:
    """Return whether a head is from ``http-v2``, which pip reads since 23.3."""
    return head.body is None


def _failures(head: Head) -> Iterator[str]:
    headers = head.headers
    if "*" in head.vary and _is_split(head):
        yield "it varies on everything, so that no request matches it"
    for name, value in head.vary.items():
        if value is not None and name.lower() not in _SENT:
            yield f"it varies on a request header that pip never sends: {name[:40]!r}"
    if head.status not in _PERMANENT:
        yield from _age_failures(headers)
        if _is_taken_for_error(head) and not is_page_by_head(head):
            yield f"pip takes it for an error of the server: status {head.status}"
    if head.status in _FOLLOWED and "location" in headers and not _is_followable(headers["location"]):
        yield "it leads to where pip cannot follow"
    if _is_asked_about(head):
        for name in ("etag", "last-modified"):
            if not _is_sendable(headers.get(name, "")):
                yield f"pip cannot send its {name} back to the server"


def _doubts(head: Head, size: int) -> Iterator[str]:
    if head.status == 308 and not _is_split(head):
        yield from (f"{why}; pip before 22.0 looks at it" for why in _age_failures(head.headers))
    if "*" in head.vary and not _is_split(head):
        yield "it varies on everything, so that no request matches it; pip before 20.0 stored such responses"
    if head.status in _WITHOUT_BODY and size and _is_split(head):
        yield f"a response of status {head.status} has no body, for pip since 26.1"
    location = head.headers.get("location", "") if head.is_redirect and _is_split(head) else ""
    if location and _is_followable(location) and urlsplit(location)[:2] == ("http", ""):
        yield "it leads to a URL without a host, which pip does not follow from https"
    if location and _is_followable(location) and _NOT_OF_HOSTS.search(urlsplit(location).netloc):
        yield "it leads to a host with blanks or control characters, which pip 26.3 refuses"
    if _is_taken_for_error(head):
        yield f"pip takes it for an error of the server where it does not ask again: status {head.status}"


def _is_taken_for_error(head: Head) -> bool:
    """Return whether pip takes a response for an error, as long as it is fresh; a new answer mends an old one."""
    return 400 <= head.status < 600 and _lifetime(head.headers) > 0


def _age_failures(headers: Mapping[str, str]) -> Iterator[str]:
    """Yield why pip cannot tell the age of a response."""
    try:
        date = http_seconds(headers["date"]) if "date" in headers else 0
        if date is None:
            raise ValueError
    except NO_TIME:
        yield "its Date is no date that pip can read"
        return
    try:
        _lifetime(headers)
    except NO_TIME:
        yield "its Expires is no date that pip can read"


def _lifetime(headers: Mapping[str, str]) -> float:
    """Return for how many seconds pip takes a response without asking the server.

    Raises:
        ArithmeticError, LookupError, TypeError, ValueError: pip fails on the dates.
    """
    if "date" not in headers:
        return 0
    max_age = stated_max_age(headers)
    if max_age is not None:
        return max(max_age, 0)
    expires, date = http_seconds(headers.get("expires", "")), http_seconds(headers["date"])
    return 0 if expires is None or date is None else max(expires - date, 0)


def _is_asked_about(head: Head) -> bool:
    """Return whether pip asks the server each time: about pages (pip 18.1 to 26.1), and what is never fresh."""
    if head.status in _PERMANENT:
        return False
    return is_page_by_head(head) or _lifetime(head.headers) == 0


_ENDS_LINE = re.compile(r"\n(?![ \t])|\r(?![ \t\n])")


def _is_sendable(value: str) -> bool:
    """Return whether ``http.client`` sends a header with this value (``putheader``)."""
    try:
        value.encode("latin-1")
    except UnicodeEncodeError:
        return False
    return _ENDS_LINE.search(value) is None


_HOST = re.compile(r"(?![*.])(?:[^%]|%[0-9a-fA-F]{2})+")
"""A host that urllib3 and requests take (pip ``_vendor/urllib3/util/url.py``, ``_vendor/requests/models.py``)."""


def _is_followable(location: str) -> bool:
    """Return whether requests follows a ``Location``: to a URL that it can read, over HTTP or to a file."""
    try:
        parts = urlsplit(location.encode("latin-1").decode("utf-8"))
        _ = parts.port
    except ValueError:
        return False
    if parts.scheme in {"http", "https"} and parts.netloc:
        return _HOST.fullmatch(parts.hostname or "") is not None
    # without a host it is joined with the URL that led here
    return parts.scheme in {"", "file", "http", "https"}
