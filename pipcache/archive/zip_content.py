"""The bytes of a ZIP's members: read once, and compared with what the directory says of them."""

import zlib
from collections.abc import Iterator
from typing import NamedTuple

from pipcache.archive.flaw import Defect, Digester, Flaw
from pipcache.archive.zip_methods import (
    DEFLATED,
    ENCRYPTED,
    END_MARK,
    LZMA,
    STORED,
    UnreadableMethod,
    begin_member,
)
from pipcache.archive.zip_reader import Member
from pipcache.util.budget import Budget
from pipcache.util.compression import PIECE, BrokenStream, CutStream, TrailingBytes, decompress
from pipcache.util.files import Window
from pipcache.util.progress import Tick


class ReadAhead(Window):
    """A view of all bytes of a window, for many small reads in order: a system call serves several of them."""

    __slots__ = ("_block", "_block_start", "_window")

    def __init__(self, window: Window) -> None:
        """Take the window, which has to stay open."""
        super().__init__(window.descriptor, window.start, window.length, owned=False)
        self._window, self._block, self._block_start = window, b"", 0

    def part(self, start: int, length: int) -> Window:
        """Return a part of the window, which reads nothing ahead."""
        return self._window.part(start, length)

    def read(self, offset: int, size: int) -> bytes:
        """Return up to ``size`` bytes from ``offset``; fewer at the end of the window or of the file.

        Raises:
            OSError: they cannot be read.
        """
        begin = offset - self._block_start
        data = self._block[begin : begin + size] if begin >= 0 else b""
        if (missing := size - len(data)) <= 0:
            return data
        is_large = missing > _MOST_FROM_BLOCK
        data += self._window.read(offset + len(data), missing if is_large else _BLOCK)
        if not is_large:
            self._block, self._block_start = data, offset
        return data[:size]


_BLOCK = 128 << 10
"""Bytes that are read ahead."""

_MOST_FROM_BLOCK = 32 << 10
"""Bytes that are worth a system call of their own when more of them are asked for."""


class Reading(NamedTuple):
    """What watches the reading of members, and counts it."""

    tick: Tick
    budget: Budget


def takes_at_once(window: Window, start: int, member: Member, digester: Digester | None, reading: Reading) -> bool:
    """Return whether a member is small and whole, so that all of it was read, counted and hashed at once.

    If not, nothing was counted or hashed, and ``content_flaws`` says what is wrong.

    Args:
        window: the bytes of the archive.
        start: where the bytes of the member begin.
        member: the member.
        digester: takes its bytes.
        reading: watches and counts.

    Raises:
        TooMuchInItError: there are more bytes in the archive than are read.
    """
    if member.method not in {STORED, DEFLATED} or member.flags & ENCRYPTED:
        return False
    if not 0 < member.compressed <= PIECE or member.size > PIECE:
        return False
    reading.tick()
    data = window.read(start, member.compressed)
    if len(data) != member.compressed:
        return False
    if member.method == DEFLATED:
        inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        try:
            # a byte more shows what is larger than it says
            data = inflater.decompress(data, member.size + 1)
        except zlib.error:
            return False
        if not inflater.eof or inflater.unused_data:
            return False
    if len(data) != member.size or zlib.crc32(data) != member.crc:
        return False
    reading.budget.take(len(data))
    if digester is not None:
        digester.update(data)
    return True


def content_flaws(data: Window, member: Member, digester: Digester | None, reading: Reading) -> Iterator[Flaw]:
    """Yield what is wrong with a member's bytes: they do not decompress, or to another size or checksum.

    Raises:
        TooMuchInItError: there are more bytes in the archive than are read.
    """
    crc = size = 0
    try:
        for piece in _content(data, member, reading):
            crc = zlib.crc32(piece, crc)
            size += len(piece)
            if size > member.size:
                raise _UnusableMember(f"larger than the {member.size} bytes it says")
            if digester is not None:
                digester.update(piece)
    except UnreadableMethod as error:
        yield Flaw(Defect.UNREADABLE, member.name, "a member that can be read here", str(error))
        return
    except TrailingBytes:
        problem = "there are bytes behind its compressed ones"
    except (BrokenStream, _UnusableMember) as error:
        is_cut = isinstance(error, CutStream)
        if is_cut and member.method == LZMA and not member.flags & END_MARK:
            problem = None  # such a stream shows its end by nothing but its size
        else:
            problem = "its compressed bytes end too early" if is_cut else str(error)
    else:
        problem = None
    if problem is not None:
        yield Flaw(Defect.CHECKSUM, member.name, f"{member.size} bytes", problem)
    elif (size, crc) != (member.size, member.crc):
        expected, actual = f"{member.size} bytes, CRC {member.crc:08x}", f"{size} bytes, CRC {crc:08x}"
        yield Flaw(Defect.CHECKSUM, member.name, expected, actual)


class _UnusableMember(ValueError):  # noqa: N818 - it is the member that is unusable
    """A member that is cut short, or has more bytes than it says."""


def _content(data: Window, member: Member, reading: Reading) -> Iterator[bytes]:
    """Return a member's decompressed bytes, a piece at a time.

    Raises:
        UnreadableMethod: it is encrypted, or compressed by a method that cannot be read here.
        _UnusableMember: it is cut short.
        BrokenStream: it does not decompress.
        TooMuchInItError: there are more bytes in the archive than are read.
    """
    if member.flags & ENCRYPTED:
        raise UnreadableMethod("encrypted, or a patch")
    if data.length < member.compressed:
        raise _UnusableMember("cut short")
    if not member.compressed and not member.size:
        return iter(())  # some writers deflate nothing to nothing
    return decompress(*begin_member(data, member.method), reading.tick, budget=reading.budget)
