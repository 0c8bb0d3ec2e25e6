"""The RECORD of a wheel, and whether the wheel's members are as RECORD says (PEP 376, PEP 427)."""

import csv
import hashlib
import io
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from pipcache.archive.flaw import Defect, Flaw
from pipcache.archive.start_files import normal_path, runs_at_start
from pipcache.archive.wheel_rules import record_rule_flaws, wheel_rule_flaws
from pipcache.archive.zip_check import check_zip
from pipcache.archive.zip_reader import MOST_MEMBERS, AmbiguousName, Member, ZipDirectory
from pipcache.util.budget import Budget, TooMuchInItError
from pipcache.util.files import Window
from pipcache.util.progress import Tick

RECORD_LIMIT = 16 << 20
"""Bytes of a RECORD that are read; the largest on PyPI have about 5 MB."""

MOST_LINES = 200_000
"""Lines of a RECORD that are read, far more than any real wheel has members; each is an object in memory."""

_ALGORITHMS = frozenset(name for name in hashlib.algorithms_guaranteed if not name.startswith("shake"))


class Digest(NamedTuple):
    """A digest in RECORD; ``value`` is base64url without padding."""

    algorithm: str
    value: str


class _MemberDigests:
    """The digests of a member while it is read: one hash for each algorithm, however many lines RECORD has."""

    def __init__(self, recorded: Sequence[Digest], budget: Budget) -> None:
        self._recorded = recorded
        self._budget = budget
        self._hashes = {
            # of the usual algorithm without a search for it
            name: hashlib.sha256() if name == "sha256" else hashlib.new(name, usedforsecurity=False)
            for name in {digest.algorithm for digest in recorded}
        }

    def update(self, data: bytes, /) -> None:
        """Take the next bytes of the member.

        Raises:
            TooMuchInItError: RECORD has so many algorithms that more is hashed than real archives unpack to.
        """
        self._budget.take(len(data) * (len(self._hashes) - 1))
        for state in self._hashes.values():
            state.update(data)

    def differing(self) -> Iterator[tuple[Digest, Digest]]:
        """Yield each digest in RECORD that the member does not have, with the digest it has."""
        for recorded in self._recorded:
            state = self._hashes[recorded.algorithm]
            actual = Digest(recorded.algorithm, urlsafe_b64encode(state.digest()).rstrip(b"=").decode())
            if recorded == actual:
                continue
            # some builders write hex, and others the alphabet of plain base64
            spellings = {actual.value, actual.value.replace("-", "+").replace("_", "/")}
            if recorded.value not in spellings and recorded.value.lower() != state.hexdigest():
                yield recorded, actual


class LongRecord(Exception):  # noqa: N818 - it is RECORD that is too long
    """A RECORD of more bytes or lines than are read; the message says of how many."""


def parse_record(data: bytes) -> dict[str, list[Digest]] | None:
    """Return the digests in RECORD by path; None for bytes that are no RECORD.

    A path with several lines has the digests of all of them, a path without a digest an empty list.

    Raises:
        LongRecord: it is longer than what is read of it.
    """
    if len(data) > RECORD_LIMIT:
        raise LongRecord(f"too much in it: more than {RECORD_LIMIT:,} bytes")
    rows: dict[str, list[Digest]] = {}
    try:
        for number, fields in enumerate(_lines_of_record(data)):
            if number >= MOST_LINES:
                raise LongRecord(f"too much in it: more than {MOST_LINES:,} lines")
            if not fields:
                continue
            digests = rows.setdefault(fields[0].removeprefix("./"), [])
            algorithm, _, value = fields[1].partition("=") if len(fields) > 1 else ("", "", "")
            if value := value.rstrip("="):
                digests.append(Digest(algorithm.lower(), value))
    except (UnicodeDecodeError, csv.Error):
        return None
    return rows


def _lines_of_record(data: bytes) -> Iterable[list[str]]:
    """Return the fields of each line.

    Raises:
        UnicodeDecodeError, csv.Error: now or later: the bytes are no RECORD.
    """
    if len(data) <= _SHORT_RECORD and b'"' not in data and b"\r" not in data and b"\0" not in data:
        # all that the csv module does
        return [line.split(",") if line else [] for line in data.decode().removesuffix("\n").split("\n")]
    return csv.reader(io.TextIOWrapper(io.BytesIO(data), "utf-8", newline=""))


_SHORT_RECORD = 4 << 10  # bytes


def unlisted(name: str) -> Flaw:
    """Return that RECORD does not know a member."""
    effect = ", and Python runs it at each start" if runs_at_start(name) else ""
    return Flaw(Defect.RECORD_UNLISTED, name, "a line in RECORD", f"none{effect}")


def read_record(directory: ZipDirectory, member: Member) -> bytes:
    """Return the bytes of a RECORD, as many as ``parse_record`` takes and one more."""
    return directory.read(member, RECORD_LIMIT + 1)


def rows_by_members(rows: Mapping[str, list[Digest]], names: Iterable[str]) -> Mapping[str, list[Digest]]:
    r"""Return the rows of RECORD by the paths of members: ``\`` is ``/`` where no member has it (flit 0.11)."""
    if not any("\\" in path for path in rows):
        return rows
    paths = set(map(normal_path, names))
    by_members: dict[str, list[Digest]] = {}
    for path, digests in rows.items():
        is_written = path in paths or "\\" not in path
        by_members.setdefault(path if is_written else normal_path(path.replace("\\", "/")), []).extend(digests)
    return by_members


class RecordCheck:
    """Compares the members of a wheel with its RECORD while they are read once."""

    def __init__(self, folder: str, rows: Mapping[str, Sequence[Digest]], budget: Budget) -> None:
        """Begin.

        Args:
            folder: the ``name-version`` of the wheel's ``.dist-info`` folder.
            rows: the digests in RECORD by path.
            budget: counts the bytes that are hashed by more than one algorithm.
        """
        self._budget = budget
        record = f"{folder}.dist-info/RECORD"
        self._exempt = {record, f"{record}.jws", f"{record}.p7s"}  # PEP 427: RECORD does not list these
        self._rows = rows
        self._states: dict[str, _MemberDigests] = {}

    def observe(self, name: str) -> _MemberDigests | None:
        """Return what takes the bytes of a member; None when RECORD has no digest that can be computed."""
        digests = [digest for digest in self._rows.get(normal_path(name), ()) if digest.algorithm in _ALGORITHMS]
        if not digests:
            return None
        try:
            state = self._states[name] = _MemberDigests(digests, self._budget)
        except ValueError:  # an algorithm that is not allowed here (FIPS)
            return None
        return state

    def forget(self, name: str) -> bool:
        """Forget the digests of a member that was read to its end, if they are as in RECORD; return whether."""
        is_as_recorded = next(self._states[name].differing(), None) is None
        if is_as_recorded:
            del self._states[name]
        return is_as_recorded

    def _is_as_recorded(self, name: str) -> bool:
        """Return whether RECORD has digests of a member that was read, and the member has each of them."""
        state = self._states.get(name)
        return state is not None and next(state.differing(), None) is None

    def flaws(self, members: Iterable[str]) -> Iterator[Flaw]:
        """Yield where RECORD and the members differ, after all members were read; what runs at start first."""
        names = {name for name in members if not name.endswith("/")}
        doubtful = [name for name in names - self._exempt if not self._is_as_recorded(name)]
        for name in sorted(doubtful, key=lambda name: (not runs_at_start(name), name)):
            digests = self._rows.get(normal_path(name))
            if digests is None:
                yield unlisted(name)
            elif not any(digest.algorithm in _ALGORITHMS for digest in digests):
                actual = digests[0].algorithm or "one without a name" if digests else "none"
                yield Flaw(Defect.RECORD_WITHOUT_DIGEST, name, "a digest in RECORD", actual)
            elif name in self._states:
                for recorded, digest in self._states[name].differing():
                    yield Flaw(Defect.RECORD_DIGEST, name, "=".join(recorded), "=".join(digest))
        for path in sorted(self._rows.keys() - set(map(normal_path, names)) - self._exempt):
            if not path.endswith("/"):
                yield Flaw(Defect.RECORD_MISSING, path, "a member", "none")


def check_wheel(window: Window, folder: str, tick: Tick) -> Iterator[Flaw]:
    """Yield what is wrong with a wheel: with its archive, and with its RECORD; each member is read once.

    Args:
        window: the bytes of the wheel.
        folder: the ``name-version`` of its ``.dist-info`` folder.
        tick: called before each piece; what it raises goes through.

    Raises:
        ValueError: it is no ZIP.
        OSError: the window cannot be read.
    """
    directory = ZipDirectory(window)
    path = f"{folder}.dist-info/RECORD"
    try:
        records = [member for member in directory.ending(path) if member.name == path]
    except AmbiguousName:
        records = []  # which the members' names tell
    except TooMuchInItError as error:
        yield Flaw(Defect.UNREADABLE, "", "an archive that can be read here", error.reason)
        return
    data = read_record(directory, records[-1]) if records else b""
    problem: str | None = None
    try:
        rows = parse_record(data) if records else None
    except LongRecord as error:
        rows, problem = {}, str(error)
    names = [member.name for member in directory.first_members()[:MOST_MEMBERS]]
    budget = Budget(window.length)
    record = RecordCheck(folder, rows_by_members(rows or {}, names), budget)
    report = check_zip(window, lambda member: record.observe(member.name), tick, budget)
    yield from report.flaws
    # a member that is broken anyway needs no finding about its digest, nor does a wheel with a broken RECORD
    broken = {flaw.where for flaw in report.flaws if flaw.defect in _OF_BYTES}
    if "" not in broken:
        yield from wheel_rule_flaws(directory, report.members, folder, broken)
    if problem is not None:
        yield Flaw(Defect.UNREADABLE, path, "a RECORD that can be read here", problem)
    elif rows is None:
        yield Flaw(Defect.NO_RECORD, path, "RECORD", "something else" if records else "none")
    elif not broken & {path, ""}:
        yield from record_rule_flaws(data, path)
        for flaw in record.flaws(member.name for member in report.members):
            if flaw.defect is not Defect.RECORD_DIGEST or flaw.where not in broken:
                yield flaw


_OF_BYTES = frozenset({Defect.TRUNCATED, Defect.CHECKSUM, Defect.UNREADABLE})
"""The defects of a member that leave nothing to say about its digest."""
