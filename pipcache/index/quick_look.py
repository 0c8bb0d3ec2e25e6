"""Whether a page has to be read for what it says of a few files: most pages list them, and say nothing more."""

import re
from collections.abc import Iterable

_YANKED = re.compile(rb'"yanked"\s*+:\s*+(?!false\b)|data-yanked')

_STATUS = re.compile(rb'project-status(?!"\s*+:\s*+\{\s*+"status"\s*+:\s*+"active"\s*+\}|" content="active")')

_NAME, _ANCHOR = b'"filename"', b"<a "


def says_nothing_of(data: bytes, urls: Iterable[str]) -> bool:
    """Return whether a decoded page surely lists each URL, calls none of them yanked, and has no special status.

    False means only that the page has to be read.
    """
    # looking for plain bytes first is much faster, and many pages have no status
    if b"project-status" in data and _STATUS.search(data) is not None:
        return False
    # each row of JSON has both keys once; what stands between two of the first is of two rows
    is_regular = data.count(_NAME) == data.count(b'"url"')
    return all(_is_listed_plainly(data, url.encode(), is_regular=is_regular) for url in urls)


def _is_listed_plainly(data: bytes, url: bytes, *, is_regular: bool) -> bool:
    start = end = data.find(url)
    is_whole = data[start - 1 : start] in _QUOTES and data[start + len(url) : start + len(url) + 1] in _ENDS
    if start < 1 or not is_whole or data.find(url, start + 1) >= 0:
        return False
    separator = _NAME if data[:64].lstrip()[:1] == b"{" else _ANCHOR
    if separator is _NAME and not is_regular:
        return False
    for _ in range(2):
        start = max(0, data.rfind(separator, 0, start))
        end = data.find(separator, end + 1)
        end = len(data) if end < 0 else end
    return _YANKED.search(data, start, end) is None


_QUOTES = frozenset({b'"', b"'"})

_ENDS = frozenset({b'"', b"'", b"#"})
