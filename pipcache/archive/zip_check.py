"""Whether all readers of a ZIP file see the same members, and whether these are whole.

The rules are those of APPNOTE.TXT 6.3, as far as wheels use it. Everything that two readers could understand
differently is a flaw, whatever pip's own reader does with it.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from struct import Struct
from typing import NamedTuple

from pipcache.archive.flaw import Defect, Digester, Flaw
from pipcache.archive.tar_reader import is_tar
from pipcache.archive.zip_content import ReadAhead, Reading, content_flaws, takes_at_once
from pipcache.archive.zip_reader import MOST_MEMBERS, Member, ZipDirectory, is_zip, second_name, zip64_fields
from pipcache.util.budget import Budget, TooMuchInItError
from pipcache.util.files import Window
from pipcache.util.progress import Tick

_END = Struct("<4s4H2LH")

_ZIP64_END = Struct("<4sQ2H2L4Q4sLQL")  # the ZIP64 end record with its locator

_LOCAL = Struct("<4s5H3L2H")

_ROW = Struct("<6xH12x2L4H6xL")

_REACH = 22 + 0xFFFF

_IN_ZIP64 = 0xFFFFFFFF  # the value is in a ZIP64 field

_UTF8 = 0x800  # flag: the name is UTF-8

_DESCRIPTOR = 8  # flag: sizes and checksum stand behind the data

_NEWEST_VERSION = 63  # of APPNOTE.TXT, for zipfile

_ARCHIVE_MAGICS = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00", b"PK\x03\x04")


class ZipReport(NamedTuple):
    """What is wrong with an archive, and the members of its directory in order."""

    flaws: list[Flaw]
    members: list[Member]


class _Field(NamedTuple):
    """A field that is written in two places: what it should be, and what it is."""

    name: str
    expected: object
    actual: object

    @property
    def differs(self) -> bool:
        return self.expected != self.actual


def check_zip(
    window: Window, observe: Callable[[Member], Digester | None], tick: Tick, budget: Budget | None = None
) -> ZipReport:
    """Check whether a ZIP is whole, and means the same to all readers.

    Args:
        window: the bytes of the file.
        observe: returns what takes a member's bytes; None for nothing.
        tick: called before each piece; what it raises goes through.
        budget: counts the work that is done for the whole entry; more than it has is a flaw. None for a budget of
            these bytes alone.

    Raises:
        OSError: the window cannot be read.
    """
    members: list[Member] = []
    return ZipReport(list(iterate_flaws(window, observe, tick, budget, members)), members)


def iterate_flaws(
    window: Window,
    observe: Callable[[Member], Digester | None],
    tick: Tick,
    budget: Budget | None = None,
    members: list[Member] | None = None,
) -> Iterator[Flaw]:
    """Yield the flaws of an archive as they come: all of a member are yielded before the next one is observed.

    The arguments and errors are those of ``check_zip``; ``members`` takes the members of the directory.
    """
    members = [] if members is None else members
    try:
        directory = ZipDirectory(window)
    except ValueError as error:
        yield Flaw(Defect.TRUNCATED, "", "a ZIP archive", str(error))
        return
    rows = directory.first_members()
    if len(rows) > MOST_MEMBERS:
        too_many = f"too much in it: more than {MOST_MEMBERS:,} members"
        yield Flaw(Defect.UNREADABLE, "", f"at most {MOST_MEMBERS:,} members", too_many)
        return
    members += rows
    yield from _end_flaws(window, directory, members)
    yield from _other_archives(window, directory, members)
    yield from _row_flaws(directory.rows, members)
    yield from _name_flaws(members)
    if directory.shift >= 0:
        reading = Reading(tick, budget or Budget(window.length))
        yield from _member_flaws(ReadAhead(window), directory, members, observe, reading)


def _member_flaws(
    window: Window,
    directory: ZipDirectory,
    members: Iterable[Member],
    observe: Callable[[Member], Digester | None],
    reading: Reading,
) -> Iterator[Flaw]:
    """Yield what is wrong with the members, in the order in which they stand in the archive."""
    by_place = sorted(members, key=lambda member: member.header)
    next_places = chain((member.header for member in by_place[1:]), (directory.start,))
    place = 0
    for member, next_place in zip(by_place, next_places, strict=False):
        if member.header != place:
            yield Flaw(Defect.SLACK, member.name, f"its header at {place}", f"at {member.header}")
            if member.header < place:
                break  # small bombs grow large by members that share their bytes
        local = window.read(member.header, _LOCAL.size + len(member.raw))
        if len(local) < _LOCAL.size or local[:4] != b"PK\x03\x04":
            yield Flaw(Defect.TRUNCATED, member.name, f"its header at {member.header}", "something else")
            break
        fields = _LOCAL.unpack_from(local)
        data = member.header + _LOCAL.size + fields[9] + fields[10]
        if not _is_same_header(member, fields, local[_LOCAL.size :]):
            yield from _header_flaws(window, member, fields)
        try:
            digester = observe(member)
            if not takes_at_once(window, data, member, digester, reading):
                yield from content_flaws(window.part(data, member.compressed), member, digester, reading)
        except TooMuchInItError as error:
            yield Flaw(Defect.UNREADABLE, "", "an archive that can be read here", error.reason)
            break
        place = data + member.compressed
        if member.flags & _DESCRIPTOR:
            descriptor_end = _descriptor_end(window, member, place, next_place)
            if descriptor_end is None:
                yield Flaw(Defect.HEADER, member.name, "its data descriptor", "another, or none")
            place = descriptor_end or place
    else:
        if place != directory.start:
            yield Flaw(Defect.SLACK, "", f"the directory at {place}", f"at {directory.start}")


def _end_flaws(window: Window, directory: ZipDirectory, members: Sequence[Member]) -> Iterator[Flaw]:
    """Yield what is wrong with the end records and the directory they lead to."""
    if directory.shift < 0:
        yield Flaw(Defect.TRUNCATED, "", "all bytes before the directory", f"{-directory.shift} too few")
    elif directory.shift:
        yield Flaw(Defect.SLACK, "", "the first member at 0", f"{directory.shift} bytes before it")
    if directory.count != len(members):
        yield Flaw(Defect.AMBIGUOUS, "", f"{directory.count} members", f"{len(members)} in the directory")
    if (extent := directory.extent()) != len(directory.rows):
        defect = Defect.SLACK if extent < len(directory.rows) else Defect.TRUNCATED
        yield Flaw(defect, "", f"a directory of {extent} bytes", f"{len(directory.rows)}")
    differing = [field for field in _end_fields(window, directory) if field.differs]
    if differing:
        expected = ", ".join(f"{field.name} {field.expected}" for field in differing)
        yield Flaw(Defect.AMBIGUOUS, "", expected, ", ".join(str(field.actual) for field in differing))


_END_FIELDS = (
    "number of this disk",
    "disk of the directory",
    "members on this disk",
    "members in all",
    "bytes of the directory",
    "offset of the directory",
)

_ABSENT = (0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF, _IN_ZIP64, _IN_ZIP64)  # the value is in the ZIP64 record


def _end_fields(window: Window, directory: ZipDirectory) -> list[_Field]:
    """Return the fields of the end record and, where there is one, of the ZIP64 end record and its locator."""
    size, start = len(directory.rows), directory.start - directory.shift
    expected = (0, 0, directory.count, directory.count, size, start)
    actual = _END.unpack(window.read(directory.end_record, _END.size))[1:7]
    place = directory.start + size
    if place == directory.end_record and expected == actual:
        return []
    fields = list(map(_Field, _END_FIELDS, expected, actual))
    if place == directory.end_record:
        return fields
    zip64 = _ZIP64_END.unpack(window.read(place, _ZIP64_END.size))
    return [
        *(field for field, absent in zip(fields, _ABSENT, strict=True) if field.actual != absent),
        *map(_Field, (f"ZIP64 {name}" for name in _END_FIELDS), expected, zip64[4:10]),
        _Field("size of the ZIP64 record", 44, zip64[1]),
        _Field("disk of the ZIP64 record", 0, zip64[11]),
        _Field("offset of the ZIP64 record", place - directory.shift, zip64[12]),
        _Field("number of disks", 1, max(zip64[13], 1)),
    ]


def _other_archives(window: Window, directory: ZipDirectory, members: Iterable[Member]) -> Iterator[Flaw]:
    """Yield other archives and end records that some readers may use instead of this archive's."""
    first = min((member.header for member in members), default=directory.start)
    end = directory.end_record + _END.size
    end += int.from_bytes(window.read(end - 2, 2), "little")
    if end != window.length:
        yield Flaw(Defect.SLACK, "", f"the end at {end}", f"{window.length} bytes")
    outside = [window.part(0, first)] if first > 0 else []
    if end < window.length:
        outside.append(window.part(end, window.length))
    if is_tar(window.read(0, 512)) or any(map(_is_archive, outside)):
        yield Flaw(Defect.AMBIGUOUS, "", "one archive", "another before or behind it")
    start = max(0, window.length - _REACH)
    tail = window.read(start, _REACH)
    place = tail.find(b"PK\x05\x06")
    while place >= 0:
        reach = place + _END.size + int.from_bytes(tail[place + 20 : place + 22], "little")
        if start + place != directory.end_record and reach == len(tail):
            expected = f"one end record, at {directory.end_record}"
            yield Flaw(Defect.AMBIGUOUS, "", expected, f"another at {start + place}")
            return
        place = tail.find(b"PK\x05\x06", place + 1)


def _is_archive(part: Window) -> bool:
    start = part.read(0, 512)
    return start.startswith(_ARCHIVE_MAGICS) or is_tar(start) or (bool(start) and is_zip(part))


def _row_flaws(rows: bytes, members: Iterable[Member]) -> Iterator[Flaw]:
    """Yield what is wrong with the rows of the directory by themselves."""
    position = 0
    for member in members:
        needed, compressed, size, name, extra, comment, disk, header = _ROW.unpack_from(rows, position)
        start = position + _ROW.size + name
        if extra:
            fields = rows[start : start + extra]
            yield from _extra_flaws(fields, member, (size, compressed, header), Defect.TRUNCATED)
        if needed & 0xFF > _NEWEST_VERSION:
            yield Flaw(Defect.TRUNCATED, member.name, "a version that readers know", str(needed & 0xFF))
        if disk not in {0, 0xFFFF}:
            yield Flaw(Defect.TRUNCATED, member.name, "disk 0", f"disk {disk}")
        if member.flags & _UTF8 and member.name.encode() != member.raw.partition(b"\0")[0]:
            yield Flaw(Defect.TRUNCATED, member.name, "a name in UTF-8", repr(member.raw))
        position = start + extra + comment


def _extra_flaws(extra: bytes, member: Member, header: tuple[int, int, int], malformed: Defect) -> Iterator[Flaw]:
    """Yield where extra fields differ from the header they belong to (APPNOTE.TXT 4.5, 4.6.9).

    Args:
        extra: the extra fields.
        member: the member, by its row in the directory.
        header: size, compressed size and offset of the row or local header; 0 for no offset.
        malformed: the defect of extra fields that break off.
    """
    position = zip64_count = 0
    while position + 4 <= len(extra):
        kind = int.from_bytes(extra[position : position + 2], "little")
        end = position + 4 + int.from_bytes(extra[position + 2 : position + 4], "little")
        if end > len(extra):
            yield Flaw(malformed, member.name, "whole extra fields", f"a field of {end - position} bytes")
        zip64_count += kind == 1
        position = end
    second = second_name(extra, member.raw)
    if second not in {None, member.name}:
        yield Flaw(Defect.DUPLICATE, member.name, "one name", f"another in UTF-8: {second!r}")
    size, compressed, _ = zip64_fields(extra, _IN_ZIP64, _IN_ZIP64, 0)
    # some readers use the ZIP64 field even where the header does not refer to it
    is_other = _IN_ZIP64 not in header and (
        size not in {_IN_ZIP64, header[0]} or compressed not in {_IN_ZIP64, header[1]}
    )
    if zip64_count > 1 or is_other:
        actual = f"a ZIP64 field with {(size, compressed)}, of {zip64_count}"
        yield Flaw(Defect.HEADER, member.name, f"sizes {header[:2]}", actual)


def _name_flaws(members: Iterable[Member]) -> Iterator[Flaw]:
    seen: set[str] = set()
    for member in members:
        # zipfile and the C readers end a name at its first NUL
        if b"\0" in member.raw:
            yield Flaw(Defect.DUPLICATE, member.name, "a name without NUL", repr(member.raw[:200]))
        if member.name in seen:
            yield Flaw(Defect.DUPLICATE, member.name, "one member of this name", "another")
        seen.add(member.name)


def _is_same_header(member: Member, local: tuple[int, ...], name: bytes) -> bool:
    """Return whether a local header and the name behind it say what the row says, without extra fields."""
    return (
        not local[10]
        and local[2] == member.flags
        and local[3] == member.method
        and local[4] | local[5] << 16 == member.modified
        and (local[6], local[7], local[8]) == (member.crc, member.compressed, member.size)
        and _IN_ZIP64 not in local[7:9]
        and local[9] == len(member.raw)
        and name == member.raw
    )


def _header_flaws(window: Window, member: Member, local: tuple[int, ...]) -> Iterator[Flaw]:
    """Yield how a local header differs from its row; sizes may stand behind the data instead (bit 3)."""
    name = window.read(member.header + _LOCAL.size, local[9])
    extra = window.read(member.header + _LOCAL.size + local[9], local[10])
    size, compressed, _ = zip64_fields(extra, local[8], local[7], 0)
    fields = [
        _Field("name", member.raw, name),
        _Field("flags", member.flags, local[2]),
        _Field("method", member.method, local[3]),
        _Field("time", member.modified, local[4] | local[5] << 16),
    ]
    sizes = (
        _Field("crc", member.crc, local[6]),
        _Field("compressed size", member.compressed, compressed),
        _Field("size", member.size, size),
    )
    fields += [field for field in sizes if field.actual or not member.flags & _DESCRIPTOR]
    for field in fields:
        if field.differs:
            yield Flaw(Defect.HEADER, member.name, f"{field.name} {field.expected!r}", repr(field.actual))
    yield from _extra_flaws(extra, member, (local[8], local[7], 0), Defect.HEADER)


def _descriptor_end(window: Window, member: Member, start: int, next_place: int) -> int | None:
    """Return where a member's data descriptor ends (APPNOTE.TXT 4.3.9); None where none fits.

    Args:
        window: the bytes of the archive.
        member: the member, whose row says what the descriptor must hold.
        start: where the descriptor begins.
        next_place: where the next header begins; of several forms that fit, the descriptor that ends there counts.
    """
    sizes = (member.compressed, member.size)
    forms = [
        mark + member.crc.to_bytes(4, "little") + b"".join(size.to_bytes(width, "little") for size in sizes)
        for mark in (b"PK\x07\x08", b"")
        for width in (4, 8)
        if max(sizes) < 1 << 8 * width
    ]
    descriptor = window.read(start, 24)
    ends = [start + len(form) for form in forms if descriptor.startswith(form)]
    return next_place if next_place in ends else next(iter(ends), None)
