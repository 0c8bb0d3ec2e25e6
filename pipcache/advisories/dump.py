"""Read an archive of advisories, such as the ``all.zip`` that OSV publishes, a member at a time.

Nothing is unpacked to the disk, and a member's name is only shown. An archive that readers can understand in two
ways, or that is damaged, is refused as a whole, as a damaged file is.
"""

import re
from collections.abc import Callable

from pipcache.advisories.model import AdvisoryError
from pipcache.archive.flaw import Defect, Flaw
from pipcache.archive.zip_check import iterate_flaws
from pipcache.archive.zip_reader import Member
from pipcache.util.budget import Budget, TooMuchInItError
from pipcache.util.files import Window
from pipcache.util.progress import no_tick
from pipcache.util.units import counted

MOST_OF_A_MEMBER = 64 << 20
"""Bytes that a member may unpack to; the largest real record has some hundred thousand."""

MOST_OF_ALL = 4 << 30
"""Bytes that all members may unpack to; the dumps of all ecosystems have less."""

FREE_OF_A_MEMBER = 4 << 20
"""Bytes that a member may unpack to, however small it is."""

MOST_RATIO = 100
"""Bytes that each stored byte of a member may unpack to besides; real records have 3 to 20, zeros a thousand."""

MAGICS = (b"PK\x03\x04", b"PK\x05\x06")
"""How an archive begins: with a member, or, where it has none, with its end record."""

READ_SUFFIXES = (".json", ".jsonl", ".ndjson", ".yaml", ".yml")

_WHAT_IS_WRONG = {Defect.UNREADABLE: "cannot be read", Defect.DUPLICATE: "is ambiguous"}


def read_members(window: Window, source: str, read: Callable[[str, bytes], None]) -> list[str]:
    """Read the members that have the name of a record, in the order in which they stand in the archive.

    Args:
        window: the bytes of the archive.
        source: the archive, for error messages.
        read: takes the name of a member, and its bytes once they are known to be whole.

    Returns:
        The names of the files that were not read, as their names are not those of records.

    Raises:
        AdvisoryError: the archive or a member is damaged, is encrypted, or unpacks to too much; or there is no
            record. The message names the member.
        OSError: the window cannot be read.
    """
    members = _Members(source, read)
    # what is in a member is counted there, where the member can be named
    budget = Budget(window.length, most_bytes=MOST_OF_ALL + 1)
    for flaw in iterate_flaws(window, members.begin, no_tick, budget):
        raise AdvisoryError(_message(source, flaw))
    members.finish()
    if not members.count:
        expected = "the records of advisories were expected in it"
        raise AdvisoryError(f"{source} holds no {', '.join(READ_SUFFIXES)} file; {expected}")
    return members.others


def _message(source: str, flaw: Flaw) -> str:
    place = f"{source}/{flaw.where}" if flaw.where else source
    wrong = _WHAT_IS_WRONG.get(flaw.defect, "is damaged")
    return f"{place} {wrong}: {flaw.actual}, instead of {flaw.expected}"


class _Members:
    """Gives the bytes of each member away when it is over, and counts what all unpack to."""

    def __init__(self, source: str, read: Callable[[str, bytes], None]) -> None:
        self.count = 0
        self.others: list[str] = []
        self._source, self._read = source, read
        self._left = MOST_OF_ALL
        self._open: _Content | None = None

    def begin(self, member: Member) -> "_Content":
        """Return what takes a member's bytes; the member before it is whole."""
        self.finish()
        is_record = _is_record(member.name)
        if not is_record and not (member.name.endswith("/") and not member.size):
            self.others.append(member.name)
        most = min(MOST_OF_A_MEMBER, FREE_OF_A_MEMBER + MOST_RATIO * member.compressed, self._left)
        place = f"{self._source}/{member.name}"
        if member.size > most:
            raise _too_much(place, member.size, most)
        self._open = _Content(member.name, place, most, is_kept=is_record)
        return self._open

    def finish(self) -> None:
        """Give the bytes of the last member away."""
        content, self._open = self._open, None
        if content is None:
            return
        self._left -= content.size
        if content.is_kept:
            self.count += 1
            self._read(content.name, b"".join(content.pieces))


class _Content:
    """Takes the bytes of a member."""

    __slots__ = ("_most", "_place", "is_kept", "name", "pieces", "size")

    def __init__(self, name: str, place: str, most: int, *, is_kept: bool) -> None:
        self.name, self._place, self._most, self.is_kept = name, place, most, is_kept
        self.pieces: list[bytes] = []
        self.size = 0

    def update(self, data: bytes, /) -> None:
        """Take the next bytes."""
        self.size += len(data)
        if self.size > self._most:
            raise _too_much(self._place, self.size, self._most)
        if self.is_kept:
            self.pieces.append(data)


def _too_much(place: str, size: int, most: int) -> AdvisoryError:
    reason = TooMuchInItError(f"it unpacks to {counted(size, 'byte')} or more").reason
    return AdvisoryError(f"{place} cannot be read: {reason}; at most {counted(most, 'byte')} were expected")


def _is_record(name: str) -> bool:
    """Return whether a member's name is that of a record: hidden files, and those that macOS adds, are none."""
    return name.lower().endswith(READ_SUFFIXES) and _HIDDEN.search(name) is None


_HIDDEN = re.compile(r"(?:\A|[/\\])(?:\.(?!\.?(?:[/\\]|\Z))|__MACOSX(?:[/\\]|\Z))")
"""A part of a path that begins with a dot and is no ``.`` or ``..``, or that macOS adds."""
