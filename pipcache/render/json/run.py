"""The records of a run and of the advisories that it read, as JSON has them."""

from typing import TYPE_CHECKING, TypedDict

from pipcache import __version__
from pipcache.util.run import Run, now
from pipcache.util.units import iso_time

if TYPE_CHECKING:
    from pipcache.audit.auditor import AuditReport

WITH_ANSWER = frozenset({"audit", "remove"})
"""The commands whose documents have ``answer``."""


class RunRecord(TypedDict):
    """Who ran what, where and when; with ``--no-identity`` only the tool and its version."""

    host: str | None
    platform: str | None
    user: str | None
    uid: int | None
    tool: str
    version: str
    started: str | None
    finished: str | None
    arguments: list[str] | None


class AdvisoryRecord(TypedDict):
    """A file that was given as an advisory."""

    name: str
    sha256: str
    records: int


def run_record(run: Run, *, is_over: bool = True) -> RunRecord:
    """Return a run as JSON has it; one that ``is_over`` ends now."""
    who = run.identity
    if who is None:
        return {
            "host": None,
            "platform": None,
            "user": None,
            "uid": None,
            "tool": "pipcache",
            "version": __version__,
            "started": None,
            "finished": None,
            "arguments": None,
        }
    return {
        "host": who.host,
        "platform": who.platform,
        "user": who.user,
        "uid": who.uid,
        "tool": who.tool,
        "version": who.version,
        "started": iso_time(run.started),
        "finished": iso_time(now()) if is_over else None,
        "arguments": list(run.arguments),
    }


def advisory_records(report: "AuditReport") -> list[AdvisoryRecord]:
    """Return the advisories that were read as JSON has them, in the order in which they were read."""
    return [
        {"name": file.name, "sha256": file.sha256, "records": file.records} for file in report.advisories.files
    ]
