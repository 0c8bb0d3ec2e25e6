"""Whether all readers of a ZIP file see the same members, and whether these are whole.

The rules are those of APPNOTE.TXT 6.3 for what wheels use; everything that two readers could take in two ways
is a flaw, whatever pip's own reader makes of it.
"""

import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, islice
from struct import Struct
from typing import NamedTuple

from pipcache.archive.flaw import Digester, Flaw
from pipcache.archive.tar_reader import is_tar
from pipcache.archive.zip_reader import Member, ZipDirectory, is_zip, zip64_fields
from pipcache.util.compression import PIECE, inflated
from pipcache.util.files import Window
from pipcache.util.progress import Tick
from pipcache.verify.checks import Check

_END = Struct("<4s4H2LH")

_WIDE_END = Struct("<4sQ2H2L4Q4sLQL")  # the ZIP64 record with its locator

_LOCAL = Struct("<4s5H3L2H")

_ROW = Struct("<6xH12x2L4H6xL")

_REACH = 22 + 0xFFFF

_NARROW = 0xFFFFFFFF  # the value stands in a ZIP64 field

_UTF8 = 0x800

_DESCRIPTOR = 8

_MOST_MEMBERS = 200_000  # far more than any real archive has; each is an object in memory

_SEALED = 0x2061  # encrypted, patched, strongly encrypted, masked

_NEWEST = 63  # the version of APPNOTE.TXT that zipfile knows

_OTHERS = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00", b"PK\x03\x04")


class Checked(NamedTuple):
    """What the check of an archive found: flaws, and the members of its directory in order."""

    flaws: list[Flaw]
    members: list[Member]


def check_zip(window: Window, observe: Callable[[Member], Digester | None], tick: Tick) -> Checked:
    """Check the ZIP in ``window``; each member's bytes go to what ``observe`` returns for it.

    ``tick`` is called before each piece and may raise.
    """
    try:
        directory = ZipDirectory(window)
    except ValueError as error:
        return Checked([Flaw(Check.PC401, "", "a ZIP archive", str(error))], [])
    members = list(islice(directory.members(), _MOST_MEMBERS))
    flaws = [*_of_the_end(window, directory, members), *_of_others(window, directory, members)]
    flaws += [*_of_rows(directory.rows, members), *_of_names(members)]
    if directory.shift < 0:
        return Checked(flaws, members)
    in_place = sorted(members, key=lambda one: one.header)
    nexts = chain((one.header for one in in_place[1:]), (directory.start,))
    place = 0
    for member, following in zip(in_place, nexts, strict=False):
        if member.header != place:
            flaws.append(Flaw(Check.PC406, member.name, f"its header at {place}", f"at {member.header}"))
            if member.header < place:
                break  # members that share their bytes are how small bombs grow large
        local = window.read(member.header, _LOCAL.size)
        if len(local) < _LOCAL.size or local[:4] != b"PK\x03\x04":
            flaws.append(Flaw(Check.PC401, member.name, f"its header at {member.header}", "something else"))
            break
        fields = _LOCAL.unpack(local)
        data = member.header + _LOCAL.size + fields[9] + fields[10]
        flaws += _of_header(window, member, fields)
        flaws += _of_bytes(window.part(data, member.compressed), member, observe(member), tick)
        place = data + member.compressed
        if member.flags & _DESCRIPTOR:
            if (behind := _behind(window, member, place, following)) is None:
                flaws.append(Flaw(Check.PC405, member.name, "its data descriptor", "another, or none"))
            place = behind or place
    else:
        if place != directory.start:
            flaws.append(Flaw(Check.PC406, "", f"the directory at {place}", f"at {directory.start}"))
    return Checked(flaws, members)


def _of_the_end(window: Window, directory: ZipDirectory, members: Sequence[Member]) -> Iterator[Flaw]:
    """Yield what is wrong with the end record and the directory it leads to."""
    if directory.shift < 0:
        yield Flaw(Check.PC401, "", "all bytes before the directory", f"{-directory.shift} too few")
    elif directory.shift:
        yield Flaw(Check.PC406, "", "the first member at 0", f"{directory.shift} bytes before it")
    if directory.count != len(members):
        yield Flaw(Check.PC403, "", f"{directory.count} members", f"{len(members)} in the directory")
    if (extent := directory.extent()) != len(directory.rows):
        check = Check.PC406 if extent < len(directory.rows) else Check.PC401
        yield Flaw(check, "", f"a directory of {extent} bytes", f"{len(directory.rows)}")
    wanted = [0, 0, directory.count, directory.count, len(directory.rows), directory.start - directory.shift]
    told: list[int] = [*_END.unpack(window.read(directory.end_record, _END.size))[1:7]]
    wide_place = directory.start + len(directory.rows)
    if wide_place != directory.end_record:
        wide = _WIDE_END.unpack(window.read(wide_place, _WIDE_END.size))
        absent = (*(0xFFFF,) * 4, *(_NARROW,) * 2)
        told = [right if one == no else one for one, no, right in zip(told, absent, wanted, strict=True)]
        told += [wide[1], *wide[4:10], wide[11], wide[12], max(wide[13], 1)]
        wanted += [44, *wanted, 0, wide_place - directory.shift, 1]
    if told != wanted:
        yield Flaw(Check.PC403, "", f"end records of {wanted}", f"{told}")


def _of_others(window: Window, directory: ZipDirectory, members: Iterable[Member]) -> Iterator[Flaw]:
    """Yield other archives and end records that readers may take for this one."""
    first = min((member.header for member in members), default=directory.start)
    end = directory.end_record + _END.size
    end += int.from_bytes(window.read(end - 2, 2), "little")
    if end != window.length:
        yield Flaw(Check.PC406, "", f"the end at {end}", f"{window.length} bytes")
    outside = (window.part(0, first), window.part(end, window.length))
    if is_tar(window.read(0, 512)) or any(_is_archive(part) for part in outside):
        yield Flaw(Check.PC403, "", "one archive", "another before or behind it")
    start = max(0, window.length - _REACH)
    tail = window.read(start, _REACH)
    at = tail.find(b"PK\x05\x06")
    while at >= 0:
        reach = at + _END.size + int.from_bytes(tail[at + 20 : at + 22], "little")
        if start + at != directory.end_record and reach == len(tail):
            yield Flaw(Check.PC403, "", f"one end record, at {directory.end_record}", f"another at {start + at}")
            return
        at = tail.find(b"PK\x05\x06", at + 1)


def _is_archive(part: Window) -> bool:
    start = part.read(0, 512)
    return start.startswith(_OTHERS) or is_tar(start) or (bool(start) and is_zip(part))


def _of_rows(rows: bytes, members: Iterable[Member]) -> Iterator[Flaw]:
    """Yield what is wrong with rows by themselves."""
    position = 0
    for member in members:
        needed, compressed, size, name, extra, comment, disk, header = _ROW.unpack_from(rows, position)
        start = position + _ROW.size + name
        yield from _of_extra(rows[start : start + extra], member, (size, compressed, header), Check.PC401)
        if needed & 0xFF > _NEWEST:
            yield Flaw(Check.PC401, member.name, "a version that readers know", str(needed & 0xFF))
        if disk not in {0, 0xFFFF}:
            yield Flaw(Check.PC401, member.name, "disk 0", f"disk {disk}")
        if member.flags & _UTF8 and member.name.encode() != member.raw:
            yield Flaw(Check.PC401, member.name, "a name in UTF-8", repr(member.raw))
        position = start + extra + comment


def _of_extra(extra: bytes, member: Member, told: tuple[int, int, int], malformed: Check) -> Iterator[Flaw]:
    """Yield what extra fields say otherwise than the header that they belong to (APPNOTE.TXT 4.5, 4.6.9)."""
    position = wide = 0
    while position + 4 <= len(extra):
        kind = int.from_bytes(extra[position : position + 2], "little")
        end = position + 4 + int.from_bytes(extra[position + 2 : position + 4], "little")
        field = extra[position + 4 : end]
        if end > len(extra):
            yield Flaw(malformed, member.name, "whole extra fields", f"one of {end - position} bytes")
        wide += kind == 1
        is_named = (
            kind == 0x7075 and field[:1] == b"\x01" and field[1:5] == zlib.crc32(member.raw).to_bytes(4, "little")
        )
        if is_named and field[5:] != member.name.encode():
            yield Flaw(Check.PC404, member.name, "one name", f"another in UTF-8: {field[5:]!r}")
        position = end
    size, compressed, _ = zip64_fields(extra, _NARROW, _NARROW, 0)
    # without need of it, some readers take the ZIP64 field all the same
    is_other = _NARROW not in told and (size not in {_NARROW, told[0]} or compressed not in {_NARROW, told[1]})
    if wide > 1 or is_other:
        yield Flaw(
            Check.PC405, member.name, f"sizes {told[:2]}", f"a ZIP64 field with {(size, compressed)}, of {wide}"
        )


def _of_names(members: Iterable[Member]) -> Iterator[Flaw]:
    seen: set[str] = set()
    for member in members:
        # zipfile and the C readers end a name at its first NUL
        cut = member.name.partition("\x00")[0]
        if cut != member.name:
            yield Flaw(Check.PC404, member.name, "a name without NUL", "one with")
        if cut in seen:
            yield Flaw(Check.PC404, member.name, "one member of this name", "another")
        seen.add(cut)


def _of_header(window: Window, member: Member, local: tuple[int, ...]) -> Iterator[Flaw]:
    """Yield how a local header differs from its row; sizes may stand behind the data instead (bit 3)."""
    name = window.read(member.header + _LOCAL.size, local[9])
    told: list[tuple[str, object, object]] = [
        ("name", member.raw, name),
        ("flags", member.flags, local[2]),
        ("method", member.method, local[3]),
        ("time", member.modified, local[4] | local[5] << 16),
    ]
    extra = window.read(member.header + _LOCAL.size + local[9], local[10])
    size, compressed, _ = zip64_fields(extra, local[8], local[7], 0)
    sizes = [("crc", member.crc, local[6]), ("compressed size", member.compressed, compressed)]
    sizes.append(("size", member.size, size))
    told += [one for one in sizes if one[2] or not member.flags & _DESCRIPTOR]
    for what, expected, actual in told:
        if expected != actual:
            yield Flaw(Check.PC405, member.name, f"{what} {expected!r}", repr(actual))
    yield from _of_extra(extra, member, (local[8], local[7], 0), Check.PC405)


def _behind(window: Window, member: Member, end: int, following: int) -> int | None:
    """Return where a member's data descriptor ends (APPNOTE.TXT 4.3.9); None where there is none that fits."""
    sizes = (member.compressed, member.size)
    forms = [
        mark + member.crc.to_bytes(4, "little") + b"".join(size.to_bytes(width, "little") for size in sizes)
        for mark in (b"PK\x07\x08", b"")
        for width in (4, 8)
        if max(sizes) < 1 << 8 * width
    ]
    behind = window.read(end, 24)
    ends = [end + len(form) for form in forms if behind.startswith(form)]
    return following if following in ends else next(iter(ends), None)


def _of_bytes(data: Window, member: Member, digester: Digester | None, tick: Tick) -> Iterator[Flaw]:
    """Yield what is wrong with a member's bytes: they do not inflate, or to another size or checksum."""
    crc = size = 0
    try:
        for piece in _content(data, member, tick):
            crc = zlib.crc32(piece, crc)
            size += len(piece)
            if digester is not None:
                digester.update(piece)
    except (ValueError, zlib.error) as error:
        yield Flaw(Check.PC402, member.name, f"{member.size} bytes", str(error))
        return
    if (size, crc) != (member.size, member.crc):
        expected, actual = f"{member.size} bytes, CRC {member.crc:08x}", f"{size} bytes, CRC {crc:08x}"
        yield Flaw(Check.PC402, member.name, expected, actual)


def _content(data: Window, member: Member, tick: Tick) -> Iterator[bytes]:
    """Yield a member's plain bytes, never more than its row says and one piece.

    Raises:
        ValueError: it is encrypted, of a method wheels do not have, cut short, or larger than it says.
        zlib.error: it does not inflate.
    """
    if member.flags & _SEALED:
        raise ValueError("it is encrypted, or a patch")
    if member.method not in {0, 8}:
        raise ValueError(f"compressed by method {member.method}, which pip's reader may not have")
    if data.length < member.compressed:
        raise ValueError("cut short")
    if not member.compressed and not member.size:
        return  # some writers deflate nothing to nothing
    inflater = zlib.decompressobj(-zlib.MAX_WBITS) if member.method else None
    size = 0
    for stored in data.chunks(PIECE):
        tick()
        if inflater is not None and inflater.eof:
            raise ValueError("there are bytes behind its compressed ones")
        for piece in (stored,) if inflater is None else inflated(inflater, stored):
            size += len(piece)
            if size > member.size:
                raise ValueError(f"larger than the {member.size} bytes it says")
            yield piece
    if inflater is not None and not inflater.eof:
        raise ValueError("its compressed bytes end too early")
    if inflater is not None and inflater.unused_data:
        raise ValueError("there are bytes behind its compressed ones")
