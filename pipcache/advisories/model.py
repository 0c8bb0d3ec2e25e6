"""What advisories say is bad: indicators, version ranges, and counts of what was read."""

import re
from collections.abc import Collection, Sequence
from fnmatch import translate
from functools import lru_cache
from typing import NamedTuple

from pipcache.util.budget import TooMuchInItError
from pipcache.util.untrusted import redact_text
from pipcache.util.versions import Version, compares_as, parse_version


class AdvisoryError(ValueError):
    """A file that is no advisory, or a damaged one.

    The message names the file, the record or line, the key, what is there and what was expected.

    Attributes:
        path: the file; None before it is known.
    """

    path: str | None = None


MOST_RECORDS = 200_000
"""Records, rows, lines and components of all files; the whole of OSV has a fifth for PyPI."""


MOST_EVENTS = 1_000
"""Events of a range; real ones have some dozens, and all are looked at for each version."""


Event = tuple[str, str]
"""(kind, version) of an event of a range.

The kind is "introduced", "fixed", "last_affected" or "limit", as in OSV, or "after", the ``>`` of a vers range:
introduced behind the version.
"""


class Range(NamedTuple):
    """A range of versions as OSV writes it, or as vers does.

    All versions are PEP 440, apart from an introduced of "0" and a limit of "*".
    """

    events: tuple[Event, ...]
    """In the record's order."""
    is_alone: bool = False
    """No versions can be listed beside it, as beside those of OSV: it counts where only listed versions do."""

    def text(self) -> str:
        """Return the range for people, e.g. ``introduced 0.5.15, last affected 0.5.16``."""
        limits = [event for event in self.events if event[0] == "limit"]
        events = [*in_order(self.events), *limits]
        words = [f"{kind.replace('_', ' ')} {version}" for kind, version in events]
        return ", ".join([*words, *(["no end"] if events[-1][0] in _STARTS else [])])

    def contains(self, version: str) -> bool:
        """Return whether the range holds ``version``; no range holds what is not PEP 440.

        Versions compare by PEP 440, pre-releases included, local versions as their release (``compares_as``); an
        introduced of "0" is before all of them. Source: the pseudocode under "Evaluation" of the OSV schema 1.7.5.
        """
        if (wanted := parse_version(version)) is None:
            return False
        limits = [end for kind, end in self.events if kind == "limit"]
        if limits and not any(end == "*" or _is_reached("limit", end, wanted) for end in limits):
            return False
        is_in = False
        for kind, edge in in_order(self.events):
            if (kind, edge) == ("introduced", "0") or _is_reached(kind, edge, wanted):
                is_in = kind in _STARTS
        return is_in


_STARTS = frozenset({"introduced", "after"})


def _is_reached(kind: str, text: str, version: Version) -> bool:
    """Return whether a version is at or behind an event of a range; for a limit, whether it is before it."""
    if (edge := parse_version(text)) is None:
        return False
    compared = compares_as(version, edge)
    if kind == "limit":
        return compared < edge
    return compared > edge or (compared == edge and kind in {"introduced", "fixed"})


class Indicator(NamedTuple):
    """A sign of something bad that a record names.

    What has to match: with ``digests`` or ``urls``, any one of them, and nothing else; otherwise ``filename`` if
    there is one; otherwise ``project`` at one of ``versions``, within one of ``ranges`` or ``specifiers``, or at
    ``every_version``, in a file of one of ``kinds``. The other fields then only say whose file it is.
    """

    source: str
    """The name of the file without the folders above it; in a directory or archive, its path there."""
    record: str
    """The record's id; "line 12" or "record 3" without one."""
    project: str | None = None
    """Normalised (PEP 503)."""
    versions: tuple[str, ...] = ()
    """As written, in order, without repetitions; not all are PEP 440."""
    ranges: tuple[Range, ...] = ()
    specifiers: str = ""
    """PEP 440, e.g. ``>=1,<2``."""
    every_version: bool = False
    kinds: frozenset[str] = frozenset()
    """"sdist" or "wheel"; empty for any kind of file."""
    filename: str | None = None
    urls: tuple[str, ...] = ()
    """Where one file is served: exact, without fragment and user information."""
    digests: tuple[tuple[str, str], ...] = ()
    """One digest: (algorithm, hex) for each algorithm that it can be of, likeliest first."""
    member: str | None = None
    """The path of the archive member that the digest is of; None if it may be of an archive or of a member."""
    is_selector: bool = False
    """It stands for a selector of the command line, whose text ``record`` is."""

    @property
    def steps(self) -> int:
        """About how many steps it takes to compare a version with it."""
        return 10 + sum(len(span.events) for span in self.ranges)


class AdvisoryFile(NamedTuple):
    """A file that was read: its name without folders, the SHA-256 of its bytes (hex), its number of records."""

    name: str
    sha256: str
    records: int


class Advisories(NamedTuple):
    """What was read. ``indicators`` is all that can match; the rest counts and describes what was read besides."""

    indicators: tuple[Indicator, ...]
    records: int
    """Records, rows, lines and components that were read."""
    foreign: int
    """Packages of other ecosystems in them."""
    withdrawn: tuple[str, ...]
    """Ids of withdrawn records; they are skipped."""
    never: tuple[str, ...]
    """What can match nothing in a cache, e.g. ``MAL-2026-2144: domain models.example``."""
    notes: tuple[str, ...]
    """What else a user should know, e.g. that an analysis says "not affected"."""
    unsure: frozenset[str] = frozenset()
    """Normalised names of projects with versions or ranges that cannot be evaluated."""
    files: tuple[AdvisoryFile, ...] = ()
    """The files, in the order in which they were read."""
    skipped: int = 0
    """Records, of ``records``, that no pattern of ids selects."""
    unmatched: tuple[str, ...] = ()
    """Patterns of ids that select no record."""


class AdvisoriesBuilder:
    """Collects what the readers of all formats find, file by file.

    Attributes:
        name: how the file that is being read is called in answers, without the folders above it.
        texts: texts that stand in many records, such as versions, each by itself: they are kept once.
        skipped: records that no pattern of ids selects.
        skipped_without_id: those of them that have no id, since the last reset.
    """

    def __init__(self, only_ids: Sequence[str] = ()) -> None:
        """Begin.

        Args:
            only_ids: shell patterns; of records only those count that one of them matches by an id. None for all.
        """
        self.name = ""
        self._patterns = {pattern: re.compile(translate(pattern)) for pattern in only_ids}
        self._unmatched = dict.fromkeys(only_ids)
        self.skipped = 0
        self.skipped_without_id = 0
        self.indicators: dict[Indicator, None] = {}
        self.texts: dict[str, str] = {}
        self._records = 0
        self.foreign = 0
        self.withdrawn: list[str] = []
        self.files: list[AdvisoryFile] = []
        self._never: dict[str, None] = {}
        self._notes: dict[str, None] = {}
        self._unsure: set[str] = set()
        self._plain_versions: set[str] = set()
        self._steps = 0

    @property
    def records(self) -> int:
        """Records, rows, lines and components that were read.

        Raises:
            TooMuchInItError: it is set to more than ``MOST_RECORDS``.
        """
        return self._records

    @records.setter
    def records(self, count: int) -> None:
        if count > MOST_RECORDS:
            raise TooMuchInItError(f"more than {MOST_RECORDS:,} records")
        self._records = count

    def take(self, steps: int) -> None:
        """Count what a record makes of others, such as of all components of a name.

        Raises:
            TooMuchInItError: there were more than ``MOST_RECORDS``.
        """
        self._steps += steps
        if self._steps > MOST_RECORDS:
            raise TooMuchInItError(f"more than {MOST_RECORDS:,} components that are affected")

    @property
    def is_selective(self) -> bool:
        """Whether only records with certain ids count."""
        return bool(self._patterns)

    def selects(self, ids: Collection[str]) -> bool:
        """Return whether a record counts, by its id and aliases; one that does not is counted as skipped."""
        if not self._patterns:
            return True
        matching = [pattern for pattern, compiled in self._patterns.items() if any(map(compiled.match, ids))]
        for pattern in matching:
            self._unmatched.pop(pattern, None)
        self.skipped += not matching
        self.skipped_without_id += not any(ids)
        return bool(matching)

    def sort_behind(self, count: int) -> None:
        """Put all indicators but the first ``count`` into the order of their sources."""
        later = list(self.indicators)[count:]
        ordered = sorted(later, key=lambda indicator: indicator.source)
        if ordered == later:
            return  # as in an archive that was packed from sorted names
        for indicator in later:
            del self.indicators[indicator]
        self.indicators.update(dict.fromkeys(ordered))

    def add(self, indicator: Indicator) -> None:
        """Add an indicator, unless it is there already."""
        self.indicators[indicator] = None
        # the same few thousand are in most records
        if indicator.project is not None and not self._plain_versions.issuperset(indicator.versions):
            fresh = set(indicator.versions) - self._plain_versions
            if any(map(_NO_VERSION.search, fresh)):
                self._unsure.add(indicator.project)
            else:
                self._plain_versions |= fresh

    def cannot_match(self, record: str, text: str, project: str | None = None) -> None:
        """Note what can match nothing in a cache; with ``project``, because its versions cannot be evaluated."""
        self._unsure |= {project} if project is not None else set()
        self._never[f"{record}: {redact_text(text[:_MOST_REDACTED])[:_LONGEST_TEXT]}"] = None

    def note(self, record: str, text: str) -> None:
        """Note what else a user should know."""
        self._notes[f"{record}: {redact_text(text[:_MOST_REDACTED])[:_LONGEST_TEXT]}"] = None

    def build(self) -> Advisories:
        """Return what was collected."""
        return Advisories(
            tuple(self.indicators),
            self.records,
            self.foreign,
            tuple(self.withdrawn),
            tuple(self._never),
            tuple(self._notes),
            frozenset(self._unsure),
            tuple(self.files),
            self.skipped,
            tuple(self._unmatched),
        )


_NO_VERSION = re.compile(r"[\s,;|*<>=~]|\.\.|\.x\b|^\D*$|\d\.\d+-v?\d+\.\d")
"""Texts in the place of a version that mean several versions, or none: comparing for equality never meets them."""

_LONGEST_TEXT = 240
"""Characters of a text that is kept for people."""

_MOST_REDACTED = 4096
"""Characters of a text that secrets are looked for in; none behind them is kept."""


@lru_cache(maxsize=65536)
def in_order(events: tuple[Event, ...]) -> tuple[Event, ...]:
    """Return events by their versions, without limits; those of one version keep their order."""
    start = parse_version("0.dev0")
    assert start is not None
    known = [event for event in events if event[0] != "limit"]
    first = [event for event in known if event == ("introduced", "0")]
    rest = [event for event in known if event != ("introduced", "0")]
    return (*first, *sorted(rest, key=lambda event: parse_version(event[1]) or start))
