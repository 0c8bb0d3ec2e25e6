"""The links of an HTML page, read so that none is missed that any pip sees.

pips read HTML with ``html.parser`` of many Pythons (since 22.2) or with html5lib (before), which agree on what is
written regularly. Up to the first markup that is not, exactly the anchors are links. From there on every
``href=`` counts as one, because each of these readers may find an anchor there.
"""

import html
import re
from collections.abc import Iterator
from typing import NamedTuple

_BLANKS = r"[ \t\r\n\f]"

_ATTRIBUTES = (  # a group that repeats possessively is not safe with every Python 3.11
    rf"(?:{_BLANKS}++[A-Za-z_:][-A-Za-z0-9_:.]*+"
    rf"""(?:{_BLANKS}*+={_BLANKS}*+(?:"[^"]*+"|'[^']*+'|[^\s"'<>=`/][^\s"'<>=`]*+))?)*"""
)

_RAW = ("script", "style", "title", "textarea", "xmp", "iframe", "noembed", "noframes", "noscript")
"""Elements whose content some readers take for text."""

_NO_ANCHOR = re.compile(
    r"<(?![A-Za-z/!?])"  # text
    rf"|</[A-Za-z][A-Za-z0-9]*+{_BLANKS}*+>"
    rf"|<(?!(?i:a|plaintext|{'|'.join(_RAW)})(?![A-Za-z0-9]))[A-Za-z][A-Za-z0-9]*+{_ATTRIBUTES}{_BLANKS}*+/?>"
    + "".join(rf"|<(?i:{name}){_ATTRIBUTES}{_BLANKS}*+>[^<]*+</(?i:{name}){_BLANKS}*+>" for name in _RAW)
    + r"|<!--(?!>|->)[^-]*+(?:-[^-]++)*-->"
    r"|<![Dd][A-Za-z]++[^<>]*+>|<\?[^<>]*+>"
)

_ANCHOR = re.compile(rf"<[Aa]({_ATTRIBUTES}){_BLANKS}*+/?>")

_PLAIN_START = '<a href="'

_PLAIN_ANCHOR = 2 << 10

_HREF = re.compile(r"(?i)href\s*=+\s*")

_UNQUOTED = re.compile(r"[^>\s]*")

_UNQUOTED_BY_HTML5 = re.compile(r"[^> \t\r\n\f]*")

_LONGEST_URL = 64 << 10

_LONGEST_TAG = 64 << 10  # each attribute takes memory while a tag is matched

MOST_TAGS = 500_000
"""Tags, comments and bare ``<`` of a page that are read; the largest real pages have a tenth."""

_ATTRIBUTE = re.compile(r"""([^\s"'>/=]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+)))?""")


class Anchor(NamedTuple):
    """A link: its URL, and the attributes beside it as text (``href`` may be left out)."""

    url: str
    attributes: str


def find_anchors(text: str) -> Iterator[Anchor | None]:
    """Yield every link of a page; None, and nothing more, where to read on takes too many steps."""
    place = text.find("<")
    for _ in range(MOST_TAGS):
        if place < 0:
            return
        if (plain := _plain_anchor(text, place)) is not None:
            anchor, place = plain
            yield anchor
        elif (other := _NO_ANCHOR.match(text, place, place + _LONGEST_TAG)) is not None:
            place = other.end()
        elif (regular := _ANCHOR.match(text, place, place + _LONGEST_TAG)) is not None:
            yield from (Anchor(url.strip(), regular[1]) for url in _hrefs(regular[1]))
            place = regular.end()
        else:
            yield from _find_irregular(text, place)
            return
        place = text.find("<", place)
    if place >= 0:
        yield None


def _plain_anchor(text: str, place: int) -> tuple[Anchor, int] | None:
    """Return the anchor that begins at ``place``, and its end; None unless it is written the usual way.

    Nearly all anchors are, and this is many times faster than regular expressions.
    """
    if not text.startswith(_PLAIN_START, place):
        return None
    start = place + len(_PLAIN_START)
    end = text.find('"', start, start + _PLAIN_ANCHOR)
    close = text.find(">", end, end + _PLAIN_ANCHOR) if end >= 0 else -1
    if close < 0:
        return None
    attributes = text[end + 1 : close]
    url = text[start:end]
    if "'" in attributes or attributes.count('"') % 2 or "<" in attributes or "href" in attributes.lower():
        return None
    if attributes and not _PLAIN_REST.fullmatch(attributes):
        return None
    return Anchor((unescape(url) if "&" in url else url).strip(), attributes), close + 1


_PLAIN_REST = re.compile(rf"{_ATTRIBUTES}{_BLANKS}*+/?")


def _find_irregular(text: str, place: int) -> Iterator[Anchor | None]:
    """Yield a link for each ``href=`` from ``place`` on; those that overlap take a number of steps."""
    steps = 4 * len(text) + _LONGEST_URL
    for match in _HREF.finditer(text, place):
        start = match.end()
        if (quote := text[start : start + 1]) in {'"', "'"}:
            end = text.find(quote, start + 1, start + 1 + _LONGEST_URL)
            if end < 0 and len(text) > start + _LONGEST_URL:
                yield None
                return
            urls = [text[start + 1 : end]] if end >= 0 else []
        else:
            values = (
                pattern.match(text, start, start + _LONGEST_URL) for pattern in (_UNQUOTED, _UNQUOTED_BY_HTML5)
            )
            urls = list(dict.fromkeys(value[0] for value in values if value is not None))
        steps -= sum(map(len, urls))
        if steps < 0 or any(len(url) == _LONGEST_URL for url in urls):
            yield None
            return
        yield from (Anchor(unescape(url).strip(), "") for url in urls)


def unescape(text: str) -> str:
    """Return ``text`` with its character references resolved, as far as that can be done."""
    try:
        return html.unescape(text)
    except ValueError:  # a numeric reference longer than int() takes
        return text


def attributes_of(text: str) -> dict[str, str]:
    """Return the attributes of a tag by lower-case name; of several with a name the first."""
    attributes: dict[str, str] = {}
    for name, double, single, bare in _ATTRIBUTE.findall(text):
        if (lowered := name.lower()) not in attributes:
            attributes[lowered] = unescape(double or single or bare)
    return attributes


def _hrefs(text: str) -> list[str]:
    """Return the links in a tag: of several html5lib takes the first, pip since 22.2 the last."""
    values = [
        double or single or bare
        for name, double, single, bare in _ATTRIBUTE.findall(text)
        if name.lower() == "href"
    ]
    return list(dict.fromkeys(map(unescape, (*values[:1], *values[-1:]))))
