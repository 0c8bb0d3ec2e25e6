"""What the headers of a request ask for on conditions: a part of a file, or no bytes at all (RFC 9110)."""

import re
from enum import Enum

from werkzeug.http import parse_etags, quote_etag
from werkzeug.wrappers import Request

_RANGE = r"(?i)bytes=(?:(\d{1,18})-(\d{0,18})|-(\d{1,18}))"
"""The one range that is answered; what asks for several gets the whole, as RFC 9110 (14.2) allows."""


class Outcome(Enum):
    """What the conditions of a request make of its answer (RFC 9110, 13.2.2)."""

    SEND = 200
    NOT_MODIFIED = 304
    FAILED = 412


def outcome_for(request: Request, digest: str) -> Outcome:
    """Return what ``If-Match`` and ``If-None-Match`` make of the answer with a strong entity tag."""
    wanted = parse_etags(request.headers.get("If-Match"))
    if wanted and not (wanted.star_tag or wanted.is_strong(digest)):
        return Outcome.FAILED
    known = parse_etags(request.headers.get("If-None-Match"))
    return Outcome.NOT_MODIFIED if known and known.contains_weak(digest) else Outcome.SEND


def part_for(request: Request, digest: str, length: int) -> range | None:
    """Return the bytes that are asked for, which can be none; None where the whole is to be sent.

    Args:
        request: the request.
        digest: the strong entity tag of the bytes.
        length: their number.
    """
    match = re.fullmatch(_RANGE, request.headers.get("Range", ""))
    if match is None or request.method != "GET":
        return None
    condition = request.headers.get("If-Range")
    if condition is not None and condition.strip() != quote_etag(digest):
        return None  # a weak tag is no match here, and there is no date to compare (RFC 9110, 13.1.5)
    first, last, suffix = match.groups()
    if suffix is not None:
        return range(max(length - int(suffix), 0), length)
    if last and int(last) < int(first):
        return None
    return range(int(first), min(int(last) + 1, length) if last else length)
