"""Dates and ages in the headers of a response, as pip reads them (``_vendor/cachecontrol/controller.py``)."""

import calendar
from collections.abc import Mapping
from email.utils import parsedate_tz
from functools import lru_cache

NO_TIME = (ArithmeticError, LookupError, TypeError, ValueError)
"""What the standard library raises for some texts that are no dates; nothing in pip catches it."""


def http_seconds(text: str) -> float | None:
    """Return the seconds since the epoch of a date, counted as CacheControl counts them; None where it is none."""
    return _usual_seconds(text) if len(text) <= _USUAL_LENGTH else _seconds(text)


_USUAL_LENGTH = 40


def _seconds(text: str) -> float | None:
    parsed = parsedate_tz(text)
    return None if parsed is None else float(calendar.timegm(parsed[:6]))


_usual_seconds = lru_cache(maxsize=1024)(_seconds)  # several readers ask about the date of a response


def stated_max_age(headers: Mapping[str, str]) -> int | None:
    """Return ``max-age`` of ``Cache-Control``, the last of several, read as CacheControl reads it."""
    seconds = None
    for directive in headers.get("cache-control", "").split(","):
        name, equals, value = directive.partition("=")
        if name.strip() == "max-age" and equals:
            try:
                seconds = int(value.strip())
            except ValueError:
                continue
    return seconds


def date_of(headers: Mapping[str, str]) -> float | None:
    """Return the ``Date`` of a response in seconds since the epoch; None where pip could not read it."""
    try:
        return http_seconds(headers.get("date", ""))
    except NO_TIME:
        return None
