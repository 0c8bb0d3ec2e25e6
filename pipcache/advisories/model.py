"""What advisories say is bad: indicators, version ranges, and what was read to get them."""

import re
from functools import lru_cache
from typing import NamedTuple

from pipcache.util.versions import parse_version


class AdvisoryError(ValueError):
    """A file that is not what it claims: told are the file, the place in it, what was wrong, what was expected."""


class Range(NamedTuple):
    """A range of versions in OSV's words.

    ``events`` are (what, version) in the record's order; what is "introduced", "fixed", "last_affected" or
    "limit". All versions are PEP 440, an introduced of "0" and a limit of "*" aside.
    """

    events: tuple[tuple[str, str], ...]

    def text(self) -> str:
        """Return the range for people, e.g. ``introduced 0.5.15, last affected 0.5.16``."""
        limits = [event for event in self.events if event[0] == "limit"]
        events = [*in_order(self.events), *limits]
        told = [f"{what.replace('_', ' ')} {version}" for what, version in events]
        return ", ".join([*told, *(["no end"] if events[-1][0] == "introduced" else [])])

    def contains(self, version: str) -> bool:
        """Return whether the range holds ``version``; what is not PEP 440 is in none.

        Versions compare by PEP 440, pre-releases and local versions included; an introduced of "0" is before all
        of them. Source: the pseudocode under "Evaluation" of the OSV schema.
        """
        if (wanted := parse_version(version)) is None:
            return False
        limits = [end for what, end in self.events if what == "limit"]
        if limits and not any(end == "*" or ((limit := parse_version(end)) and wanted < limit) for end in limits):
            return False
        is_in = False
        for what, start in in_order(self.events):
            edge = None if (what, start) == ("introduced", "0") else parse_version(start)
            if what == "introduced" and (edge is None or wanted >= edge):
                is_in = True
            elif edge is not None and (
                (what == "fixed" and wanted >= edge) or (what == "last_affected" and wanted > edge)
            ):
                is_in = False
        return is_in


class Indicator(NamedTuple):
    """One thing that a record says is bad.

    What decides: where there are ``digests`` or ``urls``, any one of them, alone; else ``filename`` where there is
    one; else ``project`` at one of ``versions``, within one of ``ranges`` or ``specifiers`` (PEP 440), or at
    ``every_version``, if it is of one of ``kinds``. The other fields then only tell whose file it is.
    """

    source: str
    """The file as it was given, of a directory the file in it; "standard input"."""
    record: str
    """The record's id; "line 12" or "record 3" where it has none."""
    project: str | None = None
    """Normalised (PEP 503)."""
    versions: tuple[str, ...] = ()
    """As written, in order, without repetitions; not all are PEP 440."""
    ranges: tuple[Range, ...] = ()
    specifiers: str = ""
    every_version: bool = False
    kinds: frozenset[str] = frozenset()
    """"sdist" or "wheel"; empty for any."""
    filename: str | None = None
    urls: tuple[str, ...] = ()
    """Where one file is served: exact, without fragment and user information."""
    digests: tuple[tuple[str, str], ...] = ()
    """One digest: (algorithm, hex) for each algorithm that it can be of, likeliest first."""
    member: str | None = None
    """The path of the member that the digest is of; None: of an archive or of a member, nobody can tell."""


class Advisories(NamedTuple):
    """What was read. ``indicators`` is all that can match; the rest says what was read besides."""

    indicators: tuple[Indicator, ...]
    records: int
    """Records, rows, lines, components and statements that were read, of all kinds."""
    foreign: int
    """Packages of other ecosystems in them."""
    withdrawn: tuple[str, ...]
    """Ids of records that were taken back; they are skipped."""
    never: tuple[str, ...]
    """What was said that can match nothing in a cache, e.g. ``MAL-2026-2144: domain models.example``."""
    notes: tuple[str, ...]
    """What else is worth to be told, e.g. that a statement says "not affected"."""
    unsure: frozenset[str] = frozenset()
    """Projects (normalised) of which something is said that cannot be evaluated."""


class Found:
    """What the readers put together, file by file."""

    def __init__(self) -> None:
        self.indicators: dict[Indicator, None] = {}
        self.records = 0
        self.foreign = 0
        self.withdrawn: list[str] = []
        self._never: dict[str, None] = {}
        self._notes: dict[str, None] = {}
        self._unsure: set[str] = set()

    def add(self, *indicators: Indicator) -> None:
        """Take indicators in; one that is there already stays one."""
        self.indicators |= dict.fromkeys(indicators)
        for one in indicators:
            if one.project is not None and any(map(_NO_VERSION.search, one.versions)):
                self._unsure.add(one.project)

    def never(self, record: str, text: str, project: str | None = None) -> None:
        """Note what can match nothing in a cache; of ``project`` more is said than can be evaluated."""
        self._unsure |= {project} if project is not None else set()
        self._never[f"{record}: {text[:_MOST]}"] = None

    def note(self, record: str, text: str) -> None:
        """Note what else is worth to be told."""
        self._notes[f"{record}: {text[:_MOST]}"] = None

    def all(self) -> Advisories:
        """Return what is there."""
        withdrawn = tuple(self.withdrawn)
        return Advisories(
            tuple(self.indicators),
            self.records,
            self.foreign,
            withdrawn,
            tuple(self._never),
            tuple(self._notes),
            frozenset(self._unsure),
        )


_NO_VERSION = re.compile(r"[\s,;|*<>=~]|\.\.|\.x\b|^(?:all|any)$|\d\.\d+-v?\d+\.\d")
"""Texts in the place of a version that mean several, which no comparison meets."""

_MOST = 240
"""Characters of a text that is told."""


@lru_cache(maxsize=65536)
def in_order(events: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    """Return events by their versions, limits left out; those of one version keep their order."""
    start = parse_version("0.dev0")
    assert start is not None
    known = [event for event in events if event[0] != "limit"]
    first = [event for event in known if event == ("introduced", "0")]
    rest = [event for event in known if event != ("introduced", "0")]
    return (*first, *sorted(rest, key=lambda event: parse_version(event[1]) or start))
