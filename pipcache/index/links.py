"""URLs on an index page, and what pip requests for them."""

import re
from urllib.parse import quote, unquote, urljoin, urlsplit, urlunsplit


def absolute_urls(url: str, base: str | None, page_url: str | None) -> list[str]:
    """Return the URLs, without fragment, that pips have requested for a listed file; today's pip's first.

    Args:
        url: the file's URL as the page has it; it may be relative.
        base: the page's ``<base href>``, used as pip uses it (pip ``index/collector.py``); None without it.
        page_url: the page's own URL; None where it is not known. Without it, a relative URL has no result.
    """
    try:
        if base:
            url = urljoin(urljoin(page_url or "", base), url)
        elif "://" not in url[:9] and page_url:
            url = urljoin(page_url, url)
        url = url.partition("#")[0]
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.netloc:
            return []
        url = urlunsplit(parts) if url != url.translate(_DROPPED) else url
        if not _NEEDS_QUOTING.search(parts.path):
            return [url]
        return [urlunsplit(parts._replace(path=_quoted(parts.path))), url]
    except ValueError:
        return []


_DROPPED = {ord(character): None for character in "\t\r\n"}  # as urlsplit, and a browser, drops them

_NEEDS_QUOTING = re.compile(r"[^A-Za-z0-9/._~-]")


def _quoted(path: str) -> str:
    """Return a URL's path quoted as pip >= 19.2 quotes it (``models/link.py``, ``_clean_url_path``)."""
    pieces = re.split(r"(?i)(@|%2f)", path)
    return "".join(
        piece.upper() if index % 2 else quote(unquote(piece), errors="surrogatepass")
        for index, piece in enumerate(pieces)
    )


NORMAL_URL = re.compile(r"https?://[a-z0-9.:-]+/[A-Za-z0-9/._~-]*")
