"""The JSON document of ``serve``."""

from typing import Literal, TypedDict

from pipcache.location.locate import CacheDirectory
from pipcache.render.json.records import CacheRecord, cache_record


class ServeDocument(TypedDict):
    """The answer of ``serve``, written when it is ready."""

    schema: Literal[1]
    command: Literal["serve"]
    cache: CacheRecord
    url: str
    index_url: str
    port: int
    projects: int


def serve_document(cache: CacheDirectory, url: str, index_url: str, port: int, projects: int) -> ServeDocument:
    """Return the answer of ``serve``.

    Args:
        cache: the cache directory.
        url: the URL of the server.
        index_url: the URL of the index, as installers take it.
        port: the port.
        projects: how many projects the cache has.
    """
    return {
        "schema": 1,
        "command": "serve",
        "cache": cache_record(cache),
        "url": url,
        "index_url": index_url,
        "port": port,
        "projects": projects,
    }
