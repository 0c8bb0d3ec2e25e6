"""The index pages that a cache keeps, read whole."""

from collections.abc import Iterable

from pipcache.index.page_format import PAGE_LIMIT
from pipcache.index.page_state import PageState, md5_in_etag, read_page_state
from pipcache.index.quick_look import says_nothing_of
from pipcache.inventory.artifact import Artifact
from pipcache.inventory.body import open_body
from pipcache.store.cache import Cache
from pipcache.util.compression import UndecodableBody
from pipcache.util.hashes import new_digest


def page_says_nothing_of(cache: Cache, artifact: Artifact, urls: Iterable[str]) -> bool:
    """Return whether a cached page surely lists each URL and says nothing special of it or of the project."""
    try:
        with open_body(cache, artifact) as body:
            return says_nothing_of(body.decoded(PAGE_LIMIT), urls)
    except (OSError, UndecodableBody):
        return False


def read_stored_page(cache: Cache, artifact: Artifact, *, with_etag: bool = True) -> PageState | None:
    """Return the state that a cached page gives; None where it cannot be read, or is no index page.

    Args:
        cache: the cache.
        artifact: the page.
        with_etag: whether the bytes are compared with an ETag of PyPI's form.
    """
    headers = {} if artifact.head is None else artifact.head.headers
    try:
        with open_body(cache, artifact) as body:
            data = body.decoded(PAGE_LIMIT)
            md5 = md5_in_etag(headers.get("etag")) if with_etag else None
            stored = None if md5 is None else body.digests(["md5"]).get("md5")
    except (OSError, UndecodableBody):
        return None
    state = read_page_state(data, artifact.content_type, artifact.url, headers, artifact.project)
    if state is None or stored is None:
        return state
    decoded = new_digest("md5")
    if decoded is not None:
        decoded.update(data)
    # PyPI makes the ETag of the coded bytes; where a proxy codes them, of the plain ones
    return state._replace(is_altered=md5 not in {stored, decoded and decoded.hexdigest()})
