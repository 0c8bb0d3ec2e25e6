"""URLs as pages list them -> what pips request for them, and under which keys that lies."""

import re
from collections.abc import Container, Iterator
from hashlib import sha224
from urllib.parse import quote, unquote, urljoin, urlsplit, urlunsplit

from pipcache.keys import http_key


def absolute_urls(url: str, base: str | None, page_url: str | None) -> list[str]:
    """Return the URLs, without fragment, that pips have requested for a listed file, today's first.

    ``base`` is the page's ``<base href>``, which counts as for pip (``index/collector.py``). None is returned
    where the page's own URL would be needed to tell.
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


_NORMAL_URL = re.compile(r"https?://[a-z0-9.:-]+/[A-Za-z0-9/._~-]*")


class Wanted:
    """Tells of URLs on a page whether their files, or the ``.metadata`` beside them, are among the wanted keys."""

    def __init__(self, page_url: str | None, base: str | None, keys: Container[str]) -> None:
        """Take what URLs are relative to, and the keys."""
        self._page_url = page_url
        self._base = base
        self._keys = keys

    def __call__(self, url: str) -> bool:
        """Return whether a URL as written, without its fragment, leads to a wanted key."""
        if self._base is None and _NORMAL_URL.fullmatch(url):
            # nearly every URL: what places() would give, without taking it apart
            state, keys = sha224(url.encode()), self._keys
            if state.hexdigest() in keys:
                return True
            state.update(b".metadata")
            return state.hexdigest() in keys
        return any(key in self._keys for _, _, key in self.places(url))

    def places(self, url: str) -> Iterator[tuple[str, bool, str]]:
        """Yield (URL, is it the .metadata file's, key) of a listed file and of the metadata beside it."""
        for absolute in absolute_urls(url, self._base, self._page_url):
            yield absolute, False, http_key(absolute)
            yield f"{absolute}.metadata", True, http_key(f"{absolute}.metadata")


_PATH = re.compile("/packages/([0-9a-f]{2})/([0-9a-f]{2})/([0-9a-f]{60})/")


def filename_in(url: str) -> str:
    """Return the name of the file that a URL leads to."""
    return unquote(re.split("[?#]", url, maxsplit=1)[0].rpartition("/")[2])


def digests_in_path(url: str) -> list[tuple[str, str]]:
    """Return the BLAKE2b-256 that a path of PyPI's, on whatever host, has of the file."""
    found = _PATH.search(url)
    return [] if found is None else [("blake2b_256", "".join(found.groups()))]
