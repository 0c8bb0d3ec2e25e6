"""Whether a tar sdist is whole: its compression to the last checksum, its headers, its end."""

import zlib
from collections.abc import Callable, Iterator
from typing import Protocol

from pipcache.archives import is_tar
from pipcache.checks import Check
from pipcache.files import Window
from pipcache.progress import Tick
from pipcache.zipcheck import Flaw

_BLOCK = 512
_PIECE = 256 << 10


class _Decompressor(Protocol):
    @property
    def eof(self) -> bool:
        """Whether the end of the stream was reached, its checksum included."""

    @property
    def unused_data(self) -> bytes:
        """What was fed behind the end."""


def check_tar(window: Window, tick: Tick) -> list[Flaw]:
    """Check the tar in ``window``, plain or compressed; ``tick`` is called before each piece and may raise."""
    walk = _Walk()
    try:
        for piece in _plain(window, tick):
            walk.feed(piece)
    except (ValueError, zlib.error, OSError, EOFError) as error:
        return [Flaw(Check.PC402, "", "a whole archive", str(error))]
    return walk.flaws()


def _plain(window: Window, tick: Tick) -> Iterator[bytes]:
    """Yield the decompressed bytes of all streams in ``window``.

    Raises:
        ValueError, zlib.error, OSError, EOFError: they do not decompress, or not to their end.
    """
    start = window.read(0, 6)
    if start[:2] == b"\x1f\x8b":
        yield from _streams(window, tick, _gzip)
    elif start[:3] == b"BZh":
        yield from _streams(window, tick, _bzip2)
    elif start == b"\xfd7zXZ\x00":
        yield from _streams(window, tick, _xz)
    else:
        for data in window.chunks(_PIECE):
            tick()
            yield data


Feed = Callable[[bytes], Iterator[bytes]]


def _gzip() -> tuple[_Decompressor, Feed]:
    inflater = zlib.decompressobj(zlib.MAX_WBITS | 16)  # which checks CRC and length at the end (RFC 1952)

    def feed(data: bytes) -> Iterator[bytes]:
        while data and not inflater.eof:
            yield inflater.decompress(data, _PIECE)
            data = inflater.unconsumed_tail

    return inflater, feed


def _bzip2() -> tuple[_Decompressor, Feed]:
    import bz2  # noqa: PLC0415 - rare

    return _pulled(bz2.BZ2Decompressor())


def _xz() -> tuple[_Decompressor, Feed]:
    import lzma  # noqa: PLC0415 - rare

    return _pulled(lzma.LZMADecompressor(memlimit=128 << 20))


class _Pulling(_Decompressor, Protocol):
    @property
    def needs_input(self) -> bool:
        """Whether everything fed so far was taken."""

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """Take bytes in and give bytes out."""


def _pulled(decompressor: _Pulling) -> tuple[_Decompressor, Feed]:
    def feed(data: bytes) -> Iterator[bytes]:
        yield decompressor.decompress(data, _PIECE)
        while not decompressor.eof and not decompressor.needs_input:
            yield decompressor.decompress(b"", _PIECE)

    return decompressor, feed


def _streams(window: Window, tick: Tick, begin: Callable[[], tuple[_Decompressor, Feed]]) -> Iterator[bytes]:
    decompressor, feed = begin()
    behind = False
    for data in window.chunks(_PIECE):
        tick()
        rest = data
        while rest:
            if decompressor.eof:
                if not rest.strip(b"\x00"):
                    break  # padding, which readers pass over
                behind = True
                decompressor, feed = begin()
            yield from feed(rest)
            rest = decompressor.unused_data if decompressor.eof else b""
    if not decompressor.eof:
        raise EOFError(
            "compressed bytes end too early" if not behind else "there are bytes behind the compressed ones"
        )


class _Walk:
    """Goes through a tar block by block as it comes, and keeps nothing of it but one header."""

    def __init__(self) -> None:
        self._pending = b""
        self._skip = 0
        self._members = 0
        self._zeros = 0
        self._flaw: Flaw | None = None

    def feed(self, data: bytes) -> None:
        """Take the next bytes."""
        position = 0
        while position < len(data) and self._flaw is None:
            if self._skip:
                step = min(self._skip, len(data) - position)
                self._skip -= step
                position += step
                continue
            need = _BLOCK - len(self._pending)
            self._pending += data[position : position + need]
            position += need
            if len(self._pending) == _BLOCK:
                self._header(self._pending)
                self._pending = b""

    def _header(self, block: bytes) -> None:
        if block == bytes(_BLOCK):
            self._zeros += 1
            return
        if self._zeros:
            # readers stop at the zeros, scanners may go on
            self._flaw = Flaw(Check.PC406, "", "the end after the zero blocks", "more")
        elif not is_tar(block):
            self._flaw = Flaw(Check.PC401, "", f"a header after {self._members} members", "something else")
        else:
            self._members += 1
            self._skip = (_size(block) + _BLOCK - 1) // _BLOCK * _BLOCK

    def flaws(self) -> list[Flaw]:
        """Return what was wrong, once all was fed."""
        if self._flaw is not None:
            return [self._flaw]
        if self._skip or self._pending:
            return [Flaw(Check.PC401, "", f"the whole of member {self._members}", "an earlier end")]
        return [] if self._members else [Flaw(Check.PC401, "", "a tar archive", "no member")]


_WITHOUT_CONTENT = frozenset(b"123456")


def _size(block: bytes) -> int:
    if block[156] in _WITHOUT_CONTENT:
        return 0
    if block[124] & 0x80:  # base 256, of GNU tar
        return int.from_bytes(block[125:136], "big")
    try:
        return max(0, int(block[124:136].strip(b" \x00") or b"0", 8))
    except ValueError:
        return 0
