"""The JSON document of ``dir``."""

from typing import Literal, TypedDict

from pipcache.location.locate import CacheDirectory
from pipcache.render.json.records import CacheRecord, cache_record


class ConsideredRecord(TypedDict):
    """One setting that was looked at for the cache directory."""

    source: str
    origin: str
    value: str | None
    note: str | None


class DirDocument(TypedDict):
    """The answer of ``dir``."""

    schema: Literal[1]
    command: Literal["dir"]
    cache: CacheRecord
    considered: list[ConsideredRecord]


def dir_document(cache: CacheDirectory) -> DirDocument:
    """Return the answer of ``dir``."""
    return {
        "schema": 1,
        "command": "dir",
        "cache": cache_record(cache),
        "considered": [
            {
                "source": setting.source.value,
                "origin": setting.origin,
                "value": setting.value,
                "note": setting.note,
            }
            for setting in cache.settings
        ],
    }
