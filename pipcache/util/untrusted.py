"""Text and tables from outside: control characters, size limits, and values of the expected type."""

import re
from collections.abc import Mapping, Set as AbstractSet
from typing import cast

from pipcache.util.redaction import (
    HIDDEN as HIDDEN,  # noqa: PLC0414 - for those who show strangers' text
    redact_header as redact_header,  # noqa: PLC0414 - as above
    redact_text as redact_text,  # noqa: PLC0414 - as above
    redact_url as redact_url,  # noqa: PLC0414 - as above
)

# strings, compiled by re when first used: start-up is part of every call
_HOSTILE = (
    "["
    "\x00-\x1f\x7f-\x9f"  # C0, DEL and C1 controls: escape sequences begin here
    "\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"  # direction, zero width, separators
    "\ud800-\udfff"  # lone surrogates: bytes of a file name that are no UTF-8
    "\U000e0000-\U000e007f"  # tags
    "]"
)


def clean(text: str) -> str:
    """Return ``text`` as it may be shown: without secrets, and with what steers a terminal written as escapes."""
    return redact_text(escape(text))


def escape(text: str) -> str:
    """Return ``text`` with control, direction and unprintable characters written as escapes."""
    if text.isascii() and text.isprintable():
        return text
    return re.sub(_HOSTILE, _escape, text)


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


MOST_PARTS = 1_500_000
"""Commas, lists and maps of a document; PyPI's largest page has a third of it. Each is an object in memory."""


def decode_json(data: bytes) -> object:
    """Return the content of a JSON document; None if it is no JSON, or larger in memory than real documents."""
    import json  # a plain list has no use for it

    if has_too_many_parts(data):
        return None
    try:
        document: object = json.loads(data)
    except (ValueError, RecursionError):
        return None
    return document


def has_too_many_parts(data: bytes) -> bool:
    """Return whether a JSON document has more parts than are read."""
    if len(data) <= MOST_PARTS:
        return False
    return data.count(b",") > MOST_PARTS or data.count(b"[") + data.count(b"{") > MOST_PARTS


MOST_LEVELS = 500
"""Lists and maps in one another that are read of a document; real ones have some five."""


def nests_too_deeply(data: bytes) -> bool:
    """Return whether a JSON document has more lists and maps in one another than are read; it may be cut."""
    level = 0
    for match in re.finditer(rb'"(?:[^"\\]|\\.)*+"|[\[{]|[\]}]', data, re.DOTALL):
        bracket = match[0]
        if bracket in b"[{":
            level += 1
            if level > MOST_LEVELS:
                return True
        elif bracket in b"]}":
            level -= 1
    return False


def quoted(value: object) -> str:
    """Return a value out of a file as an error message can show it: redacted, escaped and short."""
    shown = repr(redact_text(value[:999])[:99]) if isinstance(value, str) else None
    return shown or f"a value of type {type(value).__name__}"


class TableError(ValueError):
    """A value in a table that has the wrong type, or an unknown key.

    The message names the document, the place in it, what is there and what was expected.
    """


class Table:
    """A JSON object, YAML mapping or TOML table from outside, with its place for error messages.

    Its methods return values of the type that is asked for, and raise ``TableError`` for other types. A key that
    is missing, or whose value is null, counts as empty.

    Attributes:
        values: the keys and values.
        document: the file and the record in it, e.g. ``bad.json, record 2 (MAL-1)``.
        path: the keys that lead to the table, e.g. ``affected[0].package``; "" for the whole document.
    """

    __slots__ = ("document", "path", "values")

    def __init__(self, values: object, document: str, path: str = "") -> None:
        self.document, self.path = document, path
        if values is not None and not isinstance(values, dict):
            raise TableError(f"{self.place()} is {quoted(values)}; a table was expected")
        self.values: Mapping[str, object] = values or {}

    def place(self, key: str = "") -> str:
        """Return the place of the table, or of the value under ``key``, for error messages."""
        path = self._path(key)
        return f"{self.document}: {path}" if path else self.document

    def _path(self, key: str) -> str:
        return f"{self.path}.{key}" if self.path and key else self.path or key

    def table(self, key: str) -> "Table":
        """Return the table under ``key``."""
        return Table(self.values.get(key), self.document, self._path(key))

    def rows(self, key: str) -> list[object]:
        """Return the list under ``key``."""
        value = self.values.get(key)
        if value is not None and not isinstance(value, list):
            raise TableError(f"{self.place(key)} is {quoted(value)}; a list was expected")
        return value or []

    def tables(self, key: str) -> "list[Table]":
        """Return the tables of the list under ``key``."""
        path = self._path(key)
        return [Table(row, self.document, f"{path}[{index}]") for index, row in enumerate(self.rows(key))]

    def text(self, key: str) -> str:
        """Return the text under ``key``."""
        value = self.values.get(key)
        if value is not None and not isinstance(value, str):
            raise TableError(f"{self.place(key)} is {quoted(value)}; text was expected")
        return value or ""

    def text_or_none(self, key: str) -> str | None:
        """Return the text under ``key``; None for empty text and for every other type."""
        value = self.values.get(key)
        return value if isinstance(value, str) and value else None

    def texts(self, key: str) -> list[str]:
        """Return the texts of the list under ``key``; blank text is an error."""
        values = self.rows(key)
        try:
            texts = cast(list[str], values)
            if all(texts) and not any(map(str.isspace, texts)):
                return texts
        except TypeError:  # one of them is no text
            pass
        wrong = next(value for value in values if not isinstance(value, str) or not value or value.isspace())
        raise TableError(f"{self.place(key)} holds {quoted(wrong)}; text was expected")

    def check_keys(self, known: AbstractSet[str]) -> None:
        """Refuse unknown keys: a damaged key would take back what it limits.

        Raises:
            TableError: there is an unknown key.
        """
        if not self.values.keys() <= known:
            unknown = sorted(self.values.keys() - known)
            expected = ", ".join(sorted(known))
            raise TableError(f"{self.place()} has the unknown key {quoted(unknown[0])}; {expected} were expected")
