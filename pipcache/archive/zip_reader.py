"""The central directory of a ZIP file, as bytes: find it, list members, read one member.

zipfile makes an object of every row, which for a list of a few hundred wheels is most of the time.
"""

import re
import struct
import zlib
from collections.abc import Iterator, Sequence
from itertools import islice
from struct import Struct
from typing import NamedTuple

from pipcache.archive.zip_methods import UnreadableMethod, begin_member
from pipcache.util.budget import TooMuchInItError
from pipcache.util.compression import BrokenStream, decompress_beginning
from pipcache.util.files import Window

_TAIL = 16 << 10

_EOCD_REACH = 22 + 0xFFFF

_DIRECTORY_LIMIT = 64 << 20

MOST_MEMBERS = 200_000
"""Members that are looked at, far more than any real archive has; each is an object in memory."""

_MEMBER_LIMIT = 256 << 10

_KEPT = (
    16 << 10
)  # bytes of a member below which they are kept with the directory: WHEEL and METADATA are read twice

_EOCD = Struct("<4s4H2LH")

_EOCD64_LOCATOR = Struct("<4sLQL")

_EOCD64 = Struct("<4sQ2H2L4Q")

_ROW = Struct("<4s4B4HL2L5H2L")

_LENGTHS = Struct("<3H")

_LOCAL = Struct("<4s5H3L2H")


class AmbiguousName(ValueError):  # noqa: N818 - it is the name that is ambiguous
    """A member has a second name, which some readers use and others do not."""


class Member(NamedTuple):
    """A row of a ZIP's central directory."""

    name: str  # as zipfile has it, which ends a name at its first NUL
    method: int
    compressed: int
    size: int
    header: int  # where its local header begins, in the file
    crc: int
    flags: int
    modified: int  # MS-DOS date and time
    raw: bytes  # the name as it is stored


class _Directory:
    """What is read of a ZIP's directory once for each window: the attributes of ``ZipDirectory``.

    It does not know the window, which keeps it: without a circle it goes with the window.
    """

    __slots__ = ("contents", "count", "end_record", "members", "rows", "shift", "start", "tail", "tail_start")

    def __init__(self, window: Window) -> None:
        """Find the directory.

        Raises:
            ValueError: there is no end record, or it leads nowhere.
        """
        self.tail_start = max(0, window.length - _TAIL)
        self.tail = window.read(self.tail_start, _TAIL)
        self.members: list[Member] | None = None
        self.contents: dict[tuple[int, int, int], bytes] = {}
        try:
            self._find(window)
        except struct.error as error:
            raise ValueError("the end record is cut short") from error

    def _find(self, window: Window) -> None:
        place = self._end_record(window)
        fields = _EOCD.unpack(self.at(window, place, _EOCD.size))
        self.count, size, offset = fields[4], fields[5], fields[6]
        end = place
        # zipfile uses a ZIP64 end record wherever there is a locator, needed or not
        if self.at(window, place - _EOCD64_LOCATOR.size, 4) == b"PK\x06\x07":
            zip64_place = place - _EOCD64_LOCATOR.size - _EOCD64.size
            zip64 = self.at(window, zip64_place, _EOCD64.size)
            if zip64[:4] == b"PK\x06\x06":
                end = zip64_place
                self.count, size, offset = _EOCD64.unpack(zip64)[7:10]
        start = end - size
        if start < 0 or size > _DIRECTORY_LIMIT:
            raise ValueError("the central directory is not where it is said to be")
        self.end_record = place
        # zipfile, and so pip, allows bytes before the archive
        self.shift = start - offset
        self.start = start
        self.rows = self.at(window, start, size)
        if size and self.rows[:4] != b"PK\x01\x02":
            raise ValueError("the central directory is not where it is said to be")

    def _end_record(self, window: Window) -> int:
        for reach in (_TAIL, _EOCD_REACH):
            start = max(0, window.length - reach)
            data = self.tail if reach == _TAIL else window.read(start, reach)
            index = data.rfind(b"PK\x05\x06")
            if index >= 0:
                return start + index
        raise ValueError("no end record: not a ZIP, or cut short")

    def at(self, window: Window, offset: int, size: int) -> bytes:
        """Return bytes of the window; those of its tail are not read again."""
        index = offset - self.tail_start
        if index >= 0 and index + size <= len(self.tail):
            return self.tail[index : index + size]
        return window.read(offset, size)


def _directory_of(window: Window) -> _Directory:
    """Return the directory of a window, which is read once.

    Raises:
        ValueError: there is no end record, or it leads nowhere.
    """
    match window.parsed:
        case _Directory() as directory:
            return directory
        case str(problem):
            raise ValueError(problem)
        case _:
            pass  # nobody has parsed it yet
    try:
        directory = _Directory(window)
    except ValueError as error:
        window.parsed = str(error)
        raise
    window.parsed = directory
    return directory


class ZipDirectory:
    """A ZIP's central directory as bytes, searched instead of parsed. For each window it is read once.

    Attributes:
        rows: the bytes of the directory.
        start: where the directory begins in the file.
        count: the number of members that the end record states.
        end_record: where the end record begins in the file.
        shift: the bytes before the archive, to be added to its offsets; negative where bytes are missing.
    """

    def __init__(self, window: Window) -> None:
        """Find the directory.

        Raises:
            ValueError: there is no end record, or it leads nowhere.
        """
        self._window = window
        self._directory = directory = _directory_of(window)
        self.rows = directory.rows
        self.start = directory.start
        self.count = directory.count
        self.end_record = directory.end_record
        self.shift = directory.shift

    def _at(self, offset: int, size: int) -> bytes:
        return self._directory.at(self._window, offset, size)

    def first_members(self) -> Sequence[Member]:
        """Return what ``members`` yields, at most one more than ``MOST_MEMBERS``; the rows are parsed once."""
        directory = self._directory
        if directory.members is None:
            directory.members = list(islice(self.members(), MOST_MEMBERS + 1))
        return directory.members

    def members(self) -> Iterator[Member]:
        """Yield every row in order, as zipfile does; bytes that are no row end the walk."""
        position = 0
        rows = self.rows
        while position + 46 <= len(rows) and rows[position : position + 4] == b"PK\x01\x02":
            member, position = self._row(position)
            yield member

    def _row(self, position: int) -> tuple[Member, int]:
        row = _ROW.unpack_from(self.rows, position)
        flags, method, compressed, size = row[5], row[6], row[10], row[11]
        name_end = position + 46 + row[12]
        raw = self.rows[position + 46 : name_end]
        header = row[18]
        if 0xFFFFFFFF in {compressed, size, header}:
            size, compressed, header = zip64_fields(
                self.rows[name_end : name_end + row[13]], size, compressed, header
            )
        # general purpose bit 11: UTF-8, else the historical cp437 (APPNOTE.TXT 4.4.4)
        name = raw.decode("ascii" if raw.isascii() else "utf-8" if flags & 0x800 else "cp437", "replace")
        name = name.partition("\0")[0]
        member = Member(
            name, method, compressed, size, header + self.shift, row[9], flags, row[7] | row[8] << 16, raw
        )
        return member, name_end + row[13] + row[14]

    def extent(self) -> int:
        """Return how many bytes of the directory are rows; readers disagree about bytes behind them."""
        position = 0
        while position + 46 <= len(self.rows) and self.rows.startswith(b"PK\x01\x02", position):
            position += 46 + sum(_LENGTHS.unpack_from(self.rows, position + 28))
        return position

    def last_ending(self, ending: str) -> Member | None:
        """Return the last member whose name ends with ``ending``, by a quick search from the end.

        None where it may be misled: bytes in the directory look like a row, and are not counted as one, or a name
        may end before its last byte, or be a second one. A hostile archive can count them.
        """
        encoded = ending.encode()
        if self.rows.count(b"PK\x01\x02") != self.count or encoded + b"\0" in self.rows:
            return None
        if _SECOND_NAME.search(self.rows) is not None:
            return None
        index = self.rows.rfind(encoded)
        start = self.rows.rfind(b"PK\x01\x02", 0, index) if index > 0 else -1
        if start < 0:
            return None
        length = int.from_bytes(self.rows[start + 28 : start + 30], "little")
        is_whole = start + 46 + length == index + len(encoded) and self.rows.find(b"\0", start + 46, index) < 0
        return self._row(start)[0] if is_whole else None

    def ending(self, *endings: str) -> list[Member]:
        """Return the members whose names end with any of ``endings``, in directory order.

        It walks the rows as zipfile does.

        Raises:
            TooMuchInItError: there are more than ``MOST_MEMBERS`` rows.
            AmbiguousName: a member's name ends so for some readers alone.
        """
        rows, members, position, count = self.rows, [], 0, 0
        encoded = tuple(ending.encode() for ending in endings)
        while position + 46 <= len(rows) and rows.startswith(b"PK\x01\x02", position):
            count += 1
            if count > MOST_MEMBERS:
                raise TooMuchInItError(f"more than {MOST_MEMBERS:,} members")
            length, extra, comment = _LENGTHS.unpack_from(rows, position + 28)
            name = position + 46
            name_end = name + length
            is_plain = rows.find(b"\0", name, name_end) < 0
            if rows.endswith(encoded, name, name_end) if is_plain else self._ends_so(position, endings):
                members.append(self._row(position)[0])
            if extra and b"up" in (fields := rows[name_end : name_end + extra]):
                self._check_second_name(position, fields, endings)
            position = name_end + extra + comment
        return members

    def _ends_so(self, position: int, endings: tuple[str, ...]) -> bool:
        return self._row(position)[0].name.endswith(endings)

    def _check_second_name(self, position: int, fields: bytes, endings: tuple[str, ...]) -> None:
        member = self._row(position)[0]
        second = second_name(fields, member.raw)
        if second not in {None, member.name} and any(
            name.endswith(endings) for name in (member.name, second or "")
        ):
            raise AmbiguousName(f"a member is called {member.name!r}, and {second!r}")

    def read(self, member: Member, limit: int = _MEMBER_LIMIT) -> bytes:
        """Return the first ``limit`` bytes of a member; fewer, or none, where it does not decompress."""
        place = member.header, member.compressed, member.method
        if (known := self._directory.contents.get(place)) is not None and limit >= _KEPT:
            return known
        local = self._at(member.header, _LOCAL.size)
        if len(local) < _LOCAL.size or local[:4] != b"PK\x03\x04":
            return b""
        name_length, extra_length = _LOCAL.unpack(local)[9:11]
        start = member.header + _LOCAL.size + name_length + extra_length
        data = self._at(start, min(member.compressed, limit))
        if member.method == 0:
            return data[:limit]
        if member.method != 8:
            return _read_rare(self._window.part(start, member.compressed), member.method, limit)
        try:
            content = zlib.decompressobj(-zlib.MAX_WBITS).decompress(data, limit)
        except zlib.error:
            return b""
        if len(content) < min(limit, _KEPT) and len(data) == member.compressed:
            self._directory.contents[place] = content  # the whole of it
        return content


def _read_rare(data: Window, method: int, limit: int) -> bytes:
    """Return the first bytes of a member that is compressed by a method few writers use; none where it cannot."""
    try:
        return decompress_beginning(*begin_member(data, method), limit).data
    except (BrokenStream, UnreadableMethod):
        return b""


_SECOND_NAME = re.compile(rb"up..\x01", re.DOTALL)  # the begin of such an extra field, and more bytes by chance

_UNICODE_PATH = 0x7075


def second_name(extra: bytes, raw: bytes) -> str | None:
    """Return a member's name in an extra field (APPNOTE.TXT 4.6.9), which zipfile uses since Python 3.12.

    Args:
        extra: the extra fields of the member.
        raw: its name in the directory, as it is stored.

    Returns:
        The name as zipfile has it; None where there is none, or not for this name.
    """
    position, name = 0, None
    while position + 4 <= len(extra):
        kind = int.from_bytes(extra[position : position + 2], "little")
        end = position + 4 + int.from_bytes(extra[position + 2 : position + 4], "little")
        field = extra[position + 4 : end]
        if kind == _UNICODE_PATH and field[:5] == b"\x01" + zlib.crc32(raw).to_bytes(4, "little") and field[5:]:
            name = field[5:].decode("utf-8", "replace").partition("\0")[0]
        position = end
    return name


def zip64_fields(extra: bytes, size: int, compressed: int, header: int) -> tuple[int, int, int]:
    """Return (size, compressed, header) with the values of a ZIP64 extra field (APPNOTE.TXT 4.5.3)."""
    position = 0
    while position + 4 <= len(extra):
        kind = int.from_bytes(extra[position : position + 2], "little")
        length = int.from_bytes(extra[position + 2 : position + 4], "little")
        if kind == 1:
            values = iter(
                int.from_bytes(extra[at : at + 8], "little")
                for at in range(position + 4, position + 4 + length - 7, 8)
            )
            size = next(values, size) if size == 0xFFFFFFFF else size
            compressed = next(values, compressed) if compressed == 0xFFFFFFFF else compressed
            header = next(values, header) if header == 0xFFFFFFFF else header
            break
        position += 4 + length
    return size, compressed, header


def is_zip(window: Window) -> bool:
    """Return whether a ZIP's directory can be found from the end."""
    try:
        ZipDirectory(window)
    except ValueError:
        return False
    return True
