"""The JSON document of a run that ended without an answer."""

from typing import Literal, NotRequired, TypedDict

from pipcache.location.locate import CacheDirectory
from pipcache.render.json.records import CacheRecord, cache_record
from pipcache.render.json.run import WITH_ANSWER, RunRecord, run_record
from pipcache.util.run import Run


class ErrorRecord(TypedDict):
    """Why there is no answer: ``kind`` for programs, the rest for people."""

    kind: str
    message: str
    path: str | None
    hint: str | None
    commands: list[str]


class FailureDocument(TypedDict):
    """What stands in the place of an answer; ``run`` and ``answer`` only where the answer would have them."""

    schema: Literal[1]
    command: str
    cache: CacheRecord | None
    error: ErrorRecord
    run: NotRequired[RunRecord]
    answer: NotRequired[str]


def failure_document(
    command: str, cache: CacheDirectory | None, error: ErrorRecord, run: Run | None = None
) -> FailureDocument:
    """Return the document of a run that ended without an answer; ``dump`` hides its secrets.

    Args:
        command: the name of the command.
        cache: the cache directory; None where the run ended before it was known.
        error: what ended the run; its ``kind`` never changes, as the message may.
        run: the run, which ends now; None where the command's answers do not say it.
    """
    document: FailureDocument = {
        "schema": 1,
        "command": command,
        "cache": None if cache is None else cache_record(cache),
        "error": error,
    }
    if run is not None:
        document["run"] = run_record(run)
        if command in WITH_ANSWER:
            document["answer"] = "unknown"
    return document
