"""Whether a compressed tar is whole, to its last checksum."""

import re
import zlib
from collections.abc import Callable, Iterator

from pipcache.archive.flaw import Digester, Flaw
from pipcache.archive.tar_reader import is_tar
from pipcache.archive.zip_reader import is_zip
from pipcache.util.compression import PIECE, Begin, compression_of
from pipcache.util.files import Window
from pipcache.util.progress import Tick
from pipcache.verify.checks import Check

_BLOCK = 512


class _BytesBehind(ValueError):  # noqa: N818 - it is where they are
    """There are bytes behind the compressed ones, and no further stream."""


def check_tar(window: Window, tick: Tick, observe: Callable[[str], Digester | None] | None = None) -> list[Flaw]:
    """Check the tar in ``window``, plain or compressed; ``tick`` is called before each piece and may raise.

    Each member's bytes go to what ``observe`` returns for its name, as its header has it.
    """
    walk = _Walk(observe)
    # pip before 26.1 takes for a ZIP what has a ZIP's end, whatever its name
    flaws = [Flaw(Check.PC403, "", "one archive", "a ZIP in the same file")] if is_zip(window) else []
    begin = compression_of(window.read(0, 6))
    try:
        for piece in window.chunks(PIECE) if begin is None else _streams(window, tick, *begin):
            tick()
            walk.feed(piece)
    except _BytesBehind as error:
        flaws.append(Flaw(Check.PC406, "", "the end", str(error)))
    except EOFError as error:
        return [*flaws, Flaw(Check.PC401, "", "a whole archive", str(error))]
    except (ValueError, zlib.error, OSError) as error:
        return [*flaws, Flaw(Check.PC402, "", "a whole archive", str(error))]
    return [*flaws, *walk.flaws(is_plain=begin is None)]


def _streams(window: Window, tick: Tick, begin: Begin, magic: bytes) -> Iterator[bytes]:
    """Yield the decompressed bytes of all streams in ``window``.

    Raises:
        EOFError: the last one does not come to its end.
        ValueError, zlib.error, OSError: one does not decompress, or there is something else behind.
    """
    decompressor, feed = begin()
    offset = 0
    for data in window.chunks(PIECE):
        tick()
        offset += len(data)
        rest = data
        while rest:
            if decompressor.eof:
                rest = rest.lstrip(b"\x00")  # padding, which readers pass over
                if not rest:
                    break
                behind = offset - len(rest)
                if window.read(behind, len(magic)) != magic:
                    raise _BytesBehind(f"{window.length - behind} bytes behind the compressed ones")
                decompressor, feed = begin()
            yield from feed(rest)
            rest = decompressor.unused_data if decompressor.eof else b""
    if not decompressor.eof:
        raise EOFError("its compressed bytes end too early")


_ABOUT_LIMIT = 1 << 20

_OCTAL_LIMIT = 8**11

_PAX_RECORD = re.compile(rb"([0-9]{1,9}) ([^=]*)=")


class _Walk:
    """Goes through a tar block by block as it comes, and keeps nothing of it but one header."""

    def __init__(self, observe: Callable[[str], Digester | None] | None = None) -> None:
        self._observe = observe
        self._digester: Digester | None = None
        self._left = 0  # bytes of the member, without what fills its last block
        self._pending = b""
        self._skip = 0
        self._members = 0
        self._zeros = 0
        self._about: bytes | None = None  # a pax header's records as they come
        self._stated: int | None = None  # the size they give
        self._is_map = False
        self._flaw: Flaw | None = None

    def feed(self, data: bytes) -> None:
        """Take the next bytes."""
        position = 0
        while position < len(data) and self._flaw is None:
            if self._skip and not self._is_map:
                step = min(self._skip, len(data) - position)
                if self._about is not None and len(self._about) < _ABOUT_LIMIT:
                    self._about += data[position : position + step]
                if self._digester is not None and self._left:
                    self._digester.update(data[position : position + min(step, self._left)])
                    self._left = max(0, self._left - step)
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
        if self._is_map:
            self._is_map = block[504] != 0  # GNU tar's maps of sparse files stand between header and content
            return
        if block == bytes(_BLOCK):
            self._zeros += 1
        elif self._zeros:
            # readers stop at the zeros, scanners may go on
            self._flaw = Flaw(Check.PC406, "", "the end after the zero blocks", "more")
        elif not is_tar(block):
            self._flaw = Flaw(Check.PC401, "", f"a header after {self._members} members", "something else")
        else:
            self._members += 1
            size = self._size(block)
            self._skip = (size + _BLOCK - 1) // _BLOCK * _BLOCK
            if self._observe is not None:
                is_file = block[156:157] not in _WITHOUT_CONTENT | _ABOUT_OTHERS
                self._digester, self._left = self._observe(_name(block)) if is_file else None, size
            self._is_map = block[156:157] == b"S" and block[482] != 0

    def _size(self, block: bytes) -> int:
        """Return the size of a member's content: pax records have one where the header has no room for it."""
        if self._about is not None:
            self._stated = _pax_size(self._about)
        kind, size = block[156:157], _size(block)
        self._about = b"" if kind in _PAX else None
        if kind in _ABOUT_OTHERS or self._stated is None:
            return size
        stated, self._stated = self._stated, None
        if stated == size or kind in _WITHOUT_CONTENT:
            return size
        if stated < _OCTAL_LIMIT:
            self._flaw = Flaw(
                Check.PC403, "", f"member {self._members} of {size} bytes", f"{stated} by its pax header"
            )
        return stated

    def flaws(self, *, is_plain: bool) -> list[Flaw]:
        """Return what was wrong, once all was fed; only a plain tar needs its own end to show that it is whole."""
        if self._flaw is not None:
            return [self._flaw]
        if self._zeros and self._pending.strip(b"\x00"):
            return [Flaw(Check.PC406, "", "the end after the zero blocks", "more")]
        if self._skip or self._is_map or (self._pending and not self._zeros):
            return [Flaw(Check.PC401, "", f"the whole of member {self._members}", "an earlier end")]
        if not self._members:
            return [Flaw(Check.PC401, "", "a tar archive", "no member")]
        missing = is_plain and self._zeros < 2
        return [Flaw(Check.PC401, "", "two zero blocks at its end", str(self._zeros))] if missing else []


_WITHOUT_CONTENT = frozenset({b"1", b"2", b"3", b"4", b"5", b"6"})

_PAX = frozenset({b"x", b"X", b"g"})

_ABOUT_OTHERS = _PAX | {b"L", b"K"}


def _name(block: bytes) -> str:
    """Return a member's name as the header itself has it (POSIX ustar: prefix and name)."""
    parts = (block[345:500] if block[257:263] == b"ustar\0" else b"", block[:100])
    return "/".join(part.partition(b"\0")[0].decode("utf-8", "replace") for part in parts if part.strip(b"\0"))


def _size(block: bytes) -> int:
    if block[156:157] in _WITHOUT_CONTENT:
        return 0
    if block[124] & 0x80:  # base 256, of GNU tar
        return int.from_bytes(block[125:136], "big")
    try:
        return max(0, int(block[124:136].strip(b" \x00") or b"0", 8))
    except ValueError:
        return 0


def _pax_size(records: bytes) -> int | None:
    """Return the size that pax records give, the last one as for tarfile (POSIX.1-2001, pax)."""
    size, position = None, 0
    while (match := _PAX_RECORD.match(records, position)) is not None:
        end = position + int(match[1])
        if end <= match.end():
            break
        value = records[match.end() : end - 1]
        if match[2] == b"size" and value.isdigit() and len(value) <= 20:
            size = int(value)
        position = end
    return size
