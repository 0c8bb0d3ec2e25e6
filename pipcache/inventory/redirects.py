"""Where the stored redirects of a cache lead."""

from collections.abc import Iterable, Iterator
from urllib.parse import urljoin

from pipcache.inventory.artifact import Artifact
from pipcache.store.entries import HttpEntry
from pipcache.store.keys import request_key

_MOST_REDIRECTS = 30  # requests follows no more


class Redirects:
    """The stored redirects of a cache, by their keys."""

    def __init__(self, artifacts: Iterable[Artifact] = ()) -> None:
        """Take the redirects among ``artifacts``."""
        self._locations = {
            artifact.entry.key: artifact.head.headers["location"]
            for artifact in artifacts
            if isinstance(artifact.entry, HttpEntry)
            and artifact.is_redirect
            and artifact.head is not None
            and "location" in artifact.head.headers
        }

    def followed(self, url: str, key: str) -> Iterator[tuple[str, str]]:
        """Yield a URL and its key, and then each URL and key that redirects lead to from there."""
        yield url, key
        for _ in range(_MOST_REDIRECTS):
            try:
                url = urljoin(url, self._locations[key]).partition("#")[0]
            except (KeyError, ValueError):
                return
            if (there := request_key(url)) is None:
                return
            key = there
            yield url, key
