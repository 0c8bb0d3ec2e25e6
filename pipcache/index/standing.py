"""What an index page says of itself beside its files: the serial of its last change, and the project's status."""

import re
from typing import NamedTuple

from pipcache.index.anchors import attributes_of
from pipcache.index.page_format import PageFormat

QUARANTINED = "quarantined"
"""The status of a project that nobody is to install from (PEP 792)."""

ACTIVE = "active"
"""The status of a project that says nothing special (PEP 792)."""

STATUS_REACH = 8 << 10
"""Characters of an HTML page in which its status is looked for; it stands in the page's head."""


class ProjectStatus(NamedTuple):
    """The status of a project (PEP 792), in lower case, and the reason that the index gives; None without one."""

    status: str
    reason: str | None = None


def serial_of(value: object) -> int | None:
    """Return a serial as JSON or a header has it: a number, or its digits as text; None where it is neither."""
    if isinstance(value, str) and _DIGITS.fullmatch(value):
        return int(value)
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return value if is_number and 0 <= value < _MOST else None  # type: ignore[operator, return-value]


_DIGITS = re.compile(r"[0-9]{1,20}")

_MOST = 10**20


def serial_in_ends(form: PageFormat, start: bytes, end: bytes) -> int | None:
    """Return the serial in the first or the last decoded bytes of a page (warehouse ``api/simple.py``).

    HTML has it in its last lines, JSON before or after the list of files.
    """
    if form is PageFormat.HTML:
        match = _HTML_SERIAL.search(end[-1024:])
    else:
        # looking for plain bytes first is ten times faster, and many pages have no serial
        matches = (_JSON_SERIAL.search(part) for part in (end, start) if _SERIAL_KEY in part)
        match = next(filter(None, matches), None)
    return None if match is None else int(match[1])


_HTML_SERIAL = re.compile(rb"<!--SERIAL (\d{1,20})-->\s*\Z")

_SERIAL_KEY = b'"_last-serial"'

_JSON_SERIAL = re.compile(rb'(?<!\\)"_last-serial"\s*:\s*(\d{1,20})')


def serial_in_text(text: str) -> int | None:
    """Return the serial at the end of an HTML page; None where it has none."""
    return serial_in_ends(PageFormat.HTML, b"", text[-1024:].encode("utf-8", "replace"))


def status_of(value: object) -> ProjectStatus | None:
    """Return the project's status as a JSON page has it (PEP 792); None where it has none."""
    if not isinstance(value, dict) or not isinstance(status := value.get("status"), str) or not status.strip():
        return None
    reason = value.get("reason")
    return ProjectStatus(status.strip().lower(), reason.strip() or None if isinstance(reason, str) else None)


def status_in_text(text: str) -> ProjectStatus | None:
    """Return the project's status as an HTML page has it (PEP 792); None where it has none."""
    values: dict[str, str] = {}
    for tag in _META.findall(text, 0, STATUS_REACH):
        attributes = attributes_of(tag)
        values.setdefault(attributes.get("name", "").lower(), attributes.get("content", ""))
    return status_of({"status": values.get(_STATUS), "reason": values.get(f"{_STATUS}-reason")})


_STATUS = "pypi:project-status"

_META = re.compile(r"(?i)<meta\s([^<>]{1,2000})>")
