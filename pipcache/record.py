"""RECORD: what a wheel says of its own members (binary distribution format, PyPA; PEP 427, PEP 376)."""

import csv
import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from pipcache.checks import Check
from pipcache.zipcheck import Flaw
from pipcache.zips import Member

RECORD_LIMIT = 64 << 20
"""Bytes of a RECORD that are read; the largest on PyPI have about 5 MB."""

_ALGORITHMS = frozenset({"sha256", "sha384", "sha512", "sha224", "sha1", "md5"})


class Row(NamedTuple):
    """One line of RECORD: ``digest`` is (algorithm, base64url without padding), None where there is none."""

    path: str
    digest: tuple[str, str] | None
    size: int | None


class _State:
    """The digest of one member while it is read."""

    def __init__(self, row: Row) -> None:
        assert row.digest is not None
        self._row = row
        self._hash = hashlib.new(row.digest[0], usedforsecurity=False)

    def update(self, data: bytes, /) -> None:
        """Take more of the member's bytes."""
        self._hash.update(data)

    @property
    def digest(self) -> str:
        """The digest as RECORD has it."""
        return urlsafe_b64encode(self._hash.digest()).rstrip(b"=").decode()


def parse_record(data: bytes) -> dict[str, Row] | None:
    """Return the lines of RECORD by path; None when it is none."""
    rows: dict[str, Row] = {}
    try:
        for fields in csv.reader(data.decode("utf-8").splitlines()):
            if not fields:
                continue
            path, digest, size = (*fields, "", "")[:3]
            algorithm, _, value = digest.partition("=")
            rows[path] = Row(path, (algorithm, value) if value else None, int(size) if size.isdigit() else None)
    except (ValueError, csv.Error):
        return None
    return rows


class RecordCheck:
    """Holds the members of a wheel against its RECORD while they are read once."""

    def __init__(self, folder: str, rows: Mapping[str, Row]) -> None:
        """Take the wheel's ``.dist-info`` folder's name and the lines of its RECORD."""
        own = f"{folder}.dist-info/RECORD"
        self._exempt = {own, f"{own}.jws", f"{own}.p7s"}
        self._rows = rows
        self._states: dict[str, _State] = {}
        self.unchecked = 0

    def observe(self, member: Member) -> _State | None:
        """Return what takes the bytes of ``member``; None when RECORD has no digest for it."""
        row = self._rows.get(member.name)
        if row is None or row.digest is None or row.digest[0] not in _ALGORITHMS:
            return None
        try:
            state = self._states[member.name] = _State(row)
        except ValueError:  # not allowed here (FIPS)
            self.unchecked += 1
            return None
        return state

    def flaws(self, members: Iterable[Member]) -> Iterator[Flaw]:
        """Yield what RECORD and the members do not agree on, once all members were read."""
        there = {member.name for member in members if not member.name.endswith("/")}
        for name in sorted(there - self._exempt):
            row = self._rows.get(name)
            if row is None:
                yield Flaw(Check.PC503, name, "a line in RECORD", "none")
            elif row.digest is None:
                yield Flaw(Check.PC503, name, "a digest in RECORD", "none")
            elif (state := self._states.get(name)) is not None and state.digest != row.digest[1].rstrip("="):
                yield Flaw(
                    Check.PC502, name, f"{row.digest[0]}={row.digest[1]}", f"{row.digest[0]}={state.digest}"
                )
        for name in sorted(self._rows.keys() - there - self._exempt):
            if not name.endswith("/"):
                yield Flaw(Check.PC501, name, "a member", "none")
