"""What the comparison of a page, or of a file, with a live index comes to."""

from enum import Enum, StrEnum
from typing import NamedTuple

from pipcache.index.page_changes import PageChanges
from pipcache.index.standing import ProjectStatus
from pipcache.verify.checks import Check
from pipcache.verify.file_status import FileStatus
from pipcache.verify.verdict import Finding

__all__ = ["OUTDATED", "Ask", "FileStatus", "NoPage", "PageComparison", "Presence", "Probe"]


class NoPage(Enum):
    """An answer of an index without a page."""

    NOT_MODIFIED = "not modified"  # status 304: the page in the cache is the index's
    GONE = "gone"  # status 404 or 410: there is no such project


class Presence(StrEnum):
    """Whether a file that the index no longer lists is still at its URL; the value stands in JSON."""

    THERE = "still-there"  # it is only delisted
    DELETED = "deleted"  # status 404 or 410
    UNKNOWN = "unknown"


class Probe(NamedTuple):
    """What a server says of a file that the index no longer lists.

    Attributes:
        url: where the file was downloaded from; it was not downloaded again.
        presence: whether it is still there.
        http_status: of the answer; None without one.
        detail: why it is not known, as text to show; None where it is.
    """

    url: str
    presence: Presence
    http_status: int | None
    detail: str | None = None


class Ask(Enum):
    """What the index has to be asked again before the comparison is done."""

    IN_FULL = "in full"  # without If-None-Match: the answer 304 cannot be right
    ONCE_MORE = "once more"  # two seconds later, with Cache-Control: no-cache: another server may know more


OUTDATED = frozenset({Check.PC701, Check.PC702, Check.PC704, Check.PC705})
"""The checks of pages of which pip finds something better at the index; not the page that is newer than it."""


class PageComparison(NamedTuple):
    """A page in the cache compared with the answer of its index.

    Attributes:
        findings: what is wrong, worst first; ``by`` is empty.
        ask: what to ask before this is the answer; None where it is.
        changes: what the index lists otherwise than the cached page.
        stored_serial: the serial of the cached page; None where it has none.
        live_serial: the serial of the index's page; None where it has none.
        status: the project's status at the index; None where the index does not say.
        fresh_until: until when pip since 26.2 uses the cached page without asking, in seconds since the epoch.
        notes: what else there is to say, as text to show.
        is_compared: whether both pages could be read.
    """

    findings: tuple[Finding, ...] = ()
    ask: Ask | None = None
    changes: PageChanges = PageChanges()
    stored_serial: int | None = None
    live_serial: int | None = None
    status: ProjectStatus | None = None
    fresh_until: float | None = None
    notes: tuple[str, ...] = ()
    is_compared: bool = True

    @property
    def is_current(self) -> bool:
        """Whether the cached page says what the index says now."""
        return self.is_compared and not any(finding.check is not Check.PC706 for finding in self.findings)

    @property
    def is_outdated(self) -> bool:
        """Whether pip would find something better without the cached page."""
        return any(finding.check in OUTDATED for finding in self.findings)
