"""Whether all readers of a ZIP see the same: one end, one directory, headers that agree, no gaps.

The rules are those of APPNOTE.TXT 6.3 for what wheels use; everything that two readers could take in two ways
is a flaw, whatever pip's own reader makes of it.
"""

import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from struct import Struct
from typing import NamedTuple, Protocol

from pipcache.checks import Check
from pipcache.files import Window
from pipcache.progress import Tick
from pipcache.zips import Member, ZipDirectory, zip64_fields

_END = Struct("<4s4H2LH")
_LOCAL = Struct("<4s5H3L2H")
_PIECE = 256 << 10
_DESCRIPTOR = 8
_NEXT = frozenset({b"PK\x03\x04", b"PK\x01\x02", b"PK\x06\x06", b"PK\x05\x06"})


class Flaw(NamedTuple):
    """Something wrong inside an archive; ``where`` is a member, or empty for the archive itself."""

    check: Check
    where: str
    expected: str
    actual: str


class Digester(Protocol):
    """Takes a member's bytes."""

    def update(self, data: bytes, /) -> None:
        """Take more of them."""


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
    members = list(directory.members())
    flaws = [*_of_the_end(window, directory, members), *_of_names(members)]
    place = 0
    for member in sorted(members, key=lambda one: one.header):
        if member.header != place:
            flaws.append(Flaw(Check.PC406, member.name, f"its header at {place}", f"at {member.header}"))
        local = window.read(member.header, _LOCAL.size)
        if len(local) < _LOCAL.size or local[:4] != b"PK\x03\x04":
            flaws.append(Flaw(Check.PC401, member.name, f"its header at {member.header}", "something else"))
            break
        fields = _LOCAL.unpack(local)
        data = member.header + _LOCAL.size + fields[9] + fields[10]
        flaws += _of_header(window, member, fields)
        flaws += _of_bytes(window.part(data, member.compressed), member, observe(member), tick)
        place = _behind(window, member, data + member.compressed)
    else:
        if place != directory.start:
            flaws.append(Flaw(Check.PC406, "", f"the directory at {place}", f"at {directory.start}"))
    return Checked(flaws, members)


def _of_the_end(window: Window, directory: ZipDirectory, members: Sequence[Member]) -> Iterator[Flaw]:
    """Yield what is wrong with the end record and the directory it leads to."""
    record = window.read(directory.end_record, _END.size)
    comment = _END.unpack(record)[7]
    end = directory.end_record + _END.size + comment
    if end != window.length:
        yield Flaw(Check.PC406, "", f"the end at {end}", f"{window.length} bytes")
    if comment and b"PK\x05\x06" in window.read(directory.end_record + _END.size, comment):
        yield Flaw(Check.PC403, "", "one end record", "another in the comment")
    if directory.shift:
        yield Flaw(Check.PC406, "", "the first member at 0", f"{directory.shift} bytes before it")
    if directory.count != len(members):
        yield Flaw(Check.PC403, "", f"{directory.count} members", f"{len(members)} in the directory")
    if (extent := directory.extent()) != len(directory.rows):
        yield Flaw(Check.PC406, "", f"a directory of {extent} bytes", f"{len(directory.rows)}")


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
    if not member.flags & _DESCRIPTOR:
        extra = window.read(member.header + _LOCAL.size + local[9], local[10])
        size, compressed, _ = zip64_fields(extra, local[8], local[7], 0)
        told += [("crc", member.crc, local[6]), ("size", (member.compressed, member.size), (compressed, size))]
    for what, expected, actual in told:
        if expected != actual:
            yield Flaw(Check.PC405, member.name, f"{what} {expected!r}", repr(actual))


def _behind(window: Window, member: Member, end: int) -> int:
    """Return where a member ends, its data descriptor included where it has one (APPNOTE.TXT 4.3.9)."""
    if not member.flags & _DESCRIPTOR:
        return end
    crc = member.crc.to_bytes(4, "little")
    wide = 0xFFFFFFFF in {member.compressed, member.size} or window.read(end + 16, 4) in _NEXT
    behind = window.read(end, 8)
    if behind[:4] == b"PK\x07\x08" and behind[4:] == crc:
        return end + (16 if window.read(end + 16, 4) in _NEXT or not wide else 24)
    return end + (12 if window.read(end + 12, 4) in _NEXT else 20) if behind[:4] == crc else end


def _of_bytes(data: Window, member: Member, digester: Digester | None, tick: Tick) -> Iterator[Flaw]:
    """Yield what is wrong with a member's bytes: they do not inflate, or to another size or checksum."""
    crc = size = 0
    try:
        for piece in _inflated(data, member, tick):
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


def _inflated(data: Window, member: Member, tick: Tick) -> Iterator[bytes]:
    """Yield a member's plain bytes, never more than its row says and one piece.

    Raises:
        ValueError: it is encrypted, of a method wheels do not have, cut short, or larger than it says.
        zlib.error: it does not inflate.
    """
    if member.flags & 1:
        raise ValueError("it is encrypted")
    if member.method not in {0, 8}:
        raise ValueError(f"compressed by method {member.method}, which pip's reader may not have")
    if data.length < member.compressed:
        raise ValueError("cut short")
    inflater = zlib.decompressobj(-zlib.MAX_WBITS) if member.method else None
    size = 0
    for stored in data.chunks(_PIECE):
        tick()
        rest = stored
        while rest:
            piece = rest if inflater is None else inflater.decompress(rest, _PIECE)
            rest = b"" if inflater is None else inflater.unconsumed_tail
            size += len(piece)
            if size > member.size:
                raise ValueError(f"larger than the {member.size} bytes it says")
            yield piece
    if inflater is not None:
        if not inflater.eof:
            raise ValueError("its compressed bytes end too early")
        if inflater.unused_data:
            raise ValueError("there are bytes behind its compressed ones")
