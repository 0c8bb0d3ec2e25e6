"""The RECORD of a wheel held against its members."""

import csv
import hashlib
import io
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from pipcache.archive.flaw import Flaw
from pipcache.archive.zip_reader import Member
from pipcache.verify.checks import Check

RECORD_LIMIT = 16 << 20
"""Bytes of a RECORD that are read; the largest on PyPI have about 5 MB."""

_MOST_LINES = 200_000  # far more than any real wheel has members; each is an object in memory

_ALGORITHMS = frozenset(name for name in hashlib.algorithms_guaranteed if not name.startswith("shake"))


class Digest(NamedTuple):
    """One digest of RECORD; ``value`` is base64url without padding."""

    algorithm: str
    value: str


class _State:
    """The digests of one member while it is read: one hash for each algorithm, however many lines there are."""

    def __init__(self, wanted: Sequence[Digest]) -> None:
        self._wanted = wanted
        self._hashes = {
            name: hashlib.new(name, usedforsecurity=False) for name in {one.algorithm for one in wanted}
        }

    def update(self, data: bytes, /) -> None:
        """Take more of the member's bytes."""
        for one in self._hashes.values():
            one.update(data)

    def broken(self) -> Iterator[tuple[Digest, Digest]]:
        """Yield each digest that the bytes do not have, with the one they have."""
        for wanted in self._wanted:
            found = self._hashes[wanted.algorithm]
            actual = Digest(wanted.algorithm, urlsafe_b64encode(found.digest()).rstrip(b"=").decode())
            if actual != wanted and wanted.value.lower() != found.hexdigest():  # as some builders write it
                yield wanted, actual


def parse_record(data: bytes) -> dict[str, list[Digest]] | None:
    """Return the digests of RECORD's lines by path, all of them where a path has several; None when it is none."""
    rows: dict[str, list[Digest]] = {}
    try:
        for number, fields in enumerate(csv.reader(io.TextIOWrapper(io.BytesIO(data), "utf-8", newline=""))):
            if not fields:
                continue
            if number >= _MOST_LINES:
                return None
            digests = rows.setdefault(_plain(fields[0]), [])
            algorithm, _, value = fields[1].partition("=") if len(fields) > 1 else ("", "", "")
            if value:
                digests.append(Digest(algorithm.lower(), value.rstrip("=")))
    except (UnicodeDecodeError, csv.Error):
        return None
    return rows


def _plain(path: str) -> str:
    """Return a path as both sides can have it: installers take ``./a`` for ``a``."""
    return path.removeprefix("./")


class RecordCheck:
    """Holds the members of a wheel against its RECORD while they are read once."""

    def __init__(self, folder: str, rows: Mapping[str, Sequence[Digest]]) -> None:
        """Take the wheel's ``.dist-info`` folder's name and the lines of its RECORD."""
        own = f"{folder}.dist-info/RECORD"
        self._exempt = {own, f"{own}.jws", f"{own}.p7s"}
        self._rows = rows
        self._states: dict[str, _State] = {}
        self.unchecked = 0

    def observe(self, member: Member) -> _State | None:
        """Return what takes the bytes of ``member``; None when RECORD has no digest for it."""
        wanted = [one for one in self._rows.get(_plain(member.name), ()) if one.algorithm in _ALGORITHMS]
        if not wanted:
            return None
        try:
            state = self._states[member.name] = _State(wanted)
        except ValueError:  # not allowed here (FIPS)
            self.unchecked += 1
            return None
        return state

    def flaws(self, members: Iterable[Member]) -> Iterator[Flaw]:
        """Yield what RECORD and the members do not agree on, once all members were read."""
        there = {member.name for member in members if not member.name.endswith("/")}
        for name in sorted(there - self._exempt):
            digests = self._rows.get(_plain(name))
            if digests is None:
                yield Flaw(Check.PC503, name, "a line in RECORD", "none")
            elif not any(one.algorithm in _ALGORITHMS for one in digests):
                yield Flaw(Check.PC503, name, "a digest in RECORD", digests[0].algorithm if digests else "none")
            elif name in self._states:
                for wanted, actual in self._states[name].broken():
                    yield Flaw(Check.PC502, name, "=".join(wanted), "=".join(actual))
        for name in sorted(self._rows.keys() - set(map(_plain, there)) - self._exempt):
            if not name.endswith("/"):
                yield Flaw(Check.PC501, name, "a member", "none")
