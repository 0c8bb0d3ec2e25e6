"""The text of an HTML page, decoded as pip decodes it."""

import codecs
import re
from typing import NamedTuple


class PageText(NamedTuple):
    """Decoded text; ``is_sure`` is False where a pip may decode the bytes to other text."""

    text: str
    is_sure: bool


_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))

_UNFIT = frozenset({"punycode", "idna", "undefined", "unicode-escape", "raw-unicode-escape", "utf-7"})
"""Codecs that are slow on purpose-made text, or that browsers do not know."""

_LIKE_ASCII = re.compile(r"(?i)(utf-?8|(us-)?ascii|iso-?8859-?\d+|latin-?\d+|(windows|cp)-?125\d|koi8-[ru])$")

_META_CHARSET = re.compile(rb"""(?i)charset\s*=\s*["']?([^\s"'/>;]+)""")

_META_REACH = 1024  # where html5lib looks for it


def page_text(data: bytes, content_type: str) -> PageText:
    """Return the text of a page.

    pip >= 22.2 decodes strictly by the charset of ``Content-Type``, or else as UTF-8. Before, html5lib went by a
    byte order mark, the charset, or a meta tag (pip ``index/collector.py``).

    Args:
        data: the page.
        content_type: the value of the header, ``""`` without one.
    """
    charsets = _charsets(content_type)
    by_bom = next((charset for bom, charset in _BOMS if data.startswith(bom)), None)
    charset = next(iter(charsets), by_bom or "utf-8")
    name = _codec(charset)
    if name is None or len(charsets) > 1 or (by_bom == "utf-16" and not name.startswith(("utf-16", "utf-32"))):
        return PageText(data.decode("utf-8", "replace"), is_sure=False)
    if not charsets and by_bom is None and not _is_like_ascii(data):
        return PageText(data.decode("utf-8", "replace"), is_sure=False)
    try:
        return PageText(data.decode(name).removeprefix("\ufeff"), is_sure=True)
    except LookupError:  # a codec that makes no text
        return PageText(data.decode("utf-8", "replace"), is_sure=False)
    except UnicodeDecodeError:
        # the pips that decode strictly end with an error, and the letters of the others are the same in ASCII
        return PageText(data.decode(name, "replace"), is_sure=_LIKE_ASCII.match(name) is not None)


def _charsets(content_type: str) -> list[str]:
    """Return the charsets that a ``Content-Type`` gives; several may be taken either way."""
    parameters = (parameter.partition("=") for parameter in content_type.split(";")[1:])
    return [
        value.strip().strip("\"'") if name.strip().lower() == "charset" else ""
        for name, _, value in parameters
        if name.strip().lower().startswith("charset")
    ]


def _codec(charset: str) -> str | None:
    """Return the name of the codec for a charset; None where it is unknown or not fit for pages."""
    try:
        name = codecs.lookup(charset).name
    except (LookupError, ValueError):
        return None
    return None if name in _UNFIT else name


def _is_like_ascii(data: bytes) -> bool:
    """Return whether no meta tag gives a charset in which other bytes than those of ASCII make its letters."""
    charsets = _META_CHARSET.findall(data, 0, _META_REACH)
    return all(_LIKE_ASCII.match(charset.decode("ascii", "replace")) for charset in charsets)
