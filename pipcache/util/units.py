"""Sizes, ages, moments and counts: from text to numbers and back."""

import re
import time
from datetime import UTC, datetime, timedelta
from functools import lru_cache

_SIZE = r"(?i)\s*(\d+(?:\.\d+)?)\s*+(?:([kmgt])(i?)(?:b|bytes?)?|b|bytes?)?\s*"

_POWERS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4}

_AGE = r"(?i)\s*(\d+(?:\.\d+)?)\s*+([a-z]*+)\s*"

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400, "y": 365 * 86400}

_WORDS = {"sec": "s", "second": "s", "min": "m", "minute": "m", "hour": "h", "day": "d", "week": "w", "year": "y"}


def parse_size(text: str) -> int:
    """Return the bytes that a size such as ``50MB``, ``1.5 GiB`` or ``800 B`` means.

    Units are 1000-based, or 1024-based with an ``i``. A number needs its unit, unless it is zero: whoever writes 5
    means 5 GB.

    Raises:
        ValueError: the text is no size, or lacks its unit; then the message has the ways to write it.
    """
    match = re.fullmatch(_SIZE, text)
    if match is None:
        raise ValueError(f"{text!r} is not a size such as 500kB, 50MB or 1.5GiB")
    number, prefix, binary = match.groups()
    if not re.search("[a-zA-Z]", text) and float(number):
        whole = f" or {number}B" if "." not in number else ""
        raise ValueError(f"{text!r} has no unit: write {number}GB, {number}MB{whole}")
    factor: int = (1024 if binary else 1000) ** _POWERS[(prefix or "").lower()]
    return round(float(number) * factor)


def format_size(size: int) -> str:
    """Return a size for people, in 1000-based units as pip writes it: ``812 B``, ``1.5 kB``, ``157.4 MB``."""
    if size < 1000:
        return f"{size} B"
    amount = float(size)
    for unit in ("kB", "MB", "GB"):
        amount /= 1000
        if amount < 999.95:
            return f"{amount:.1f} {unit}"
    return f"{amount / 1000:.1f} TB"


def counted(number: int, singular: str, plural: str = "") -> str:
    """Return a number with its noun, whose plural ends in s unless given: ``1 file``, ``1,204 files``."""
    return f"{number:,} {singular if number == 1 else plural or singular + 's'}"


def parse_age(text: str) -> float:
    """Return the seconds that an age such as ``30d``, ``12h`` or ``2 weeks`` means.

    Raises:
        ValueError: the text is no age, or lacks its unit; then the message has the ways to write it.
    """
    match = re.fullmatch(_AGE, text)
    unit = match[2].lower() if match is not None else ""
    if match is not None and not unit:
        number = match[1]
        raise ValueError(
            f"{text!r} has no unit: write {number}d for days, {number}h for hours or {number}w for weeks"
        )
    unit = _WORDS.get(unit.removesuffix("s") if len(unit) > 1 else unit, unit)
    if match is None or unit not in _SECONDS:
        raise ValueError(f"{text!r} is not an age such as 90m, 12h, 30d, 6w or 1y")
    return float(match[1]) * _SECONDS[unit]


def format_age(seconds: float) -> str:
    """Return an age for people, in its largest unit: ``45s``, ``12m``, ``30d``; ``now`` for the future."""
    if seconds < 1:
        return "now"
    for unit, limit in (("s", 60), ("m", 3600), ("h", 86400), ("d", 60 * 86400), ("w", 2 * 365 * 86400)):
        if seconds < limit:
            return f"{int(seconds // _SECONDS[unit])}{unit}"
    return f"{int(seconds // _SECONDS['y'])}y"


def parse_moment(text: str, *, is_end: bool = False) -> float:
    """Return the moment that ``2026-03-24``, ``2026-03-24T10:39Z`` or an age (``3d``: three days ago) means.

    Args:
        text: the moment; a time without a zone is UTC.
        is_end: whether the moment ends a period: then a date without a time means the last moment of its day, and
            not the first.

    Returns:
        Seconds since the epoch.

    Raises:
        ValueError: the text is no moment.
    """
    try:
        return time.time() - parse_age(text)
    except ValueError:
        pass
    try:
        moment = datetime.fromisoformat(text.strip())
        moment = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
        is_date = re.fullmatch(r"\s*[0-9]{4}-?[0-9]{2}-?[0-9]{2}\s*", text) is not None
        return (moment + timedelta(days=1, microseconds=-1) if is_date and is_end else moment).timestamp()
    except (ValueError, OverflowError):
        if re.fullmatch(r"\s*[0-9]{1,3}\s*", text) is not None:  # four digits are a year
            number = text.strip()
            raise ValueError(
                f"{text!r} has no unit: write {number}d for days ago or {number}h for hours ago"
            ) from None
        raise ValueError(f"{text!r} is not a time such as 2026-03-24, 2026-03-24T10:39Z or 3d (ago)") from None


def nanoseconds_of(seconds: float) -> int:
    """Return seconds since the epoch in nanoseconds; the year 9892 stands for all later ones."""
    return int(min(seconds, _LAST_SECOND) * 1_000_000_000)


_LAST_SECOND = 250_000_000_000


def iso_time(nanoseconds: int | None) -> str | None:
    """Return nanoseconds since the epoch as ISO 8601 UTC, to the second; None for times no calendar has."""
    return None if nanoseconds is None else _iso_second(nanoseconds // 1_000_000_000)


@lru_cache(maxsize=1024)  # many files of a cache were written in the same second
def _iso_second(seconds: int) -> str | None:
    try:
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
    except (OverflowError, OSError, ValueError):
        return None
