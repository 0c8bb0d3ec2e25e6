"""The JSON document of ``offline``, which is written to a file: standard output is the command's."""

from typing import Literal, TypedDict

from pipcache.location.locate import CacheDirectory
from pipcache.render.json.records import CacheRecord, cache_record
from pipcache.server.requests_log import RequestsLog


class NotHereRecord(TypedDict):
    """A project or a file that was asked for and is not in the cache."""

    name: str
    is_file: bool
    asked_by: list[str]


class WithheldRecord(TypedDict):
    """A file of what was asked for that is in the cache and was not given, and why."""

    filename: str
    project: str
    why: str
    detail: str
    asked_by: list[str]


class OfflineDocument(TypedDict):
    """The report of ``offline``."""

    schema: Literal[1]
    command: Literal["offline"]
    cache: CacheRecord
    index_url: str
    exit_status: int
    not_here: list[NotHereRecord]
    withheld: list[WithheldRecord]


def offline_document(cache: CacheDirectory, index_url: str, exit_status: int, log: RequestsLog) -> OfflineDocument:
    """Return the report of ``offline``.

    Args:
        cache: the cache directory.
        index_url: the URL of the index that the command was sent to.
        exit_status: of the command.
        log: what was asked for in vain.
    """
    return {
        "schema": 1,
        "command": "offline",
        "cache": cache_record(cache),
        "index_url": index_url,
        "exit_status": exit_status,
        "not_here": [
            {"name": missing.name, "is_file": missing.is_file, "asked_by": list(missing.asked_by)}
            for missing in log.missing
        ],
        "withheld": [
            {
                "filename": file.filename,
                "project": file.project,
                "why": file.why.value,
                "detail": file.detail,
                "asked_by": list(asked_by),
            }
            for file, asked_by in log.withheld
        ],
    }
