"""The JSON document of a run that ended without an answer."""

from typing import Literal, TypedDict

from pipcache.location.locate import CacheDirectory
from pipcache.render.json.records import CacheRecord, cache_record


class ErrorRecord(TypedDict):
    """Why there is no answer: ``kind`` for programs, the rest for people."""

    kind: str
    message: str
    path: str | None
    hint: str | None


class FailureDocument(TypedDict):
    """What stands in the place of an answer."""

    schema: Literal[1]
    command: str
    cache: CacheRecord | None
    error: ErrorRecord


def failure_document(command: str, cache: CacheDirectory | None, error: ErrorRecord) -> FailureDocument:
    """Return the document of a run that ended without an answer; ``dump`` hides its secrets.

    Args:
        command: the name of the command.
        cache: the cache directory; None where the run ended before it was known.
        error: what ended the run; its ``kind`` never changes, as the message may.
    """
    return {
        "schema": 1,
        "command": command,
        "cache": None if cache is None else cache_record(cache),
        "error": error,
    }
