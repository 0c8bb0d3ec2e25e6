"""Bounded decoders: gzip, deflate, bzip2, xz, Brotli, Zstandard."""

import contextlib
import zlib
from collections.abc import Callable, Iterator
from typing import Protocol

from pipcache.util.files import CHUNK, Window
from pipcache.util.progress import Stopped, Tick


class BrokenCoding(ValueError):  # noqa: N818 - it is the coding that is broken
    """A body that does not decode to its end."""


def plain_pieces(window: Window, encoding: str | None, tick: Tick) -> Iterator[bytes]:
    """Yield all decoded bytes of a body stored with ``Content-Encoding: encoding``, a bounded piece at a time.

    Raises:
        BrokenCoding: it does not decode to its end, or there is more behind it.
        UndecodableBody: that cannot be tried: no decoder here, or coded more than once.
    """
    applied = codings(encoding)
    if not applied or not window.length:
        for data in window.chunks(PIECE):
            tick()
            yield data
    elif len(applied) > 1:
        raise UndecodableBody(f"coded more than once ({', '.join(applied)})")
    elif applied[0] in {"gzip", "deflate"}:
        yield from _inflated_strictly(window, applied[0], tick)
    else:
        yield from _by_package(window, applied[0], tick)


def _inflated_strictly(window: Window, coding: str, tick: Tick) -> Iterator[bytes]:
    """Inflate as urllib3 does for pip: gzip's members one after another, deflate with zlib's frame or raw."""
    is_raw = coding == "deflate" and window.read(0, 1) != b"\x78"
    bits = zlib.MAX_WBITS | 16 if coding == "gzip" else -zlib.MAX_WBITS if is_raw else zlib.MAX_WBITS
    inflater = zlib.decompressobj(bits)
    try:
        for data in window.chunks(PIECE):
            rest = data
            while rest:
                if inflater.eof:
                    if coding != "gzip":
                        raise BrokenCoding("there are bytes behind it")
                    inflater = zlib.decompressobj(bits)
                for piece in inflated(inflater, rest):
                    tick()
                    yield piece
                rest = inflater.unused_data
    except zlib.error as error:
        raise BrokenCoding(str(error)) from None
    if not inflater.eof:
        raise BrokenCoding("it ends too early")


def _by_package(window: Window, coding: str, tick: Tick) -> Iterator[bytes]:
    decoder = optional_decoder(coding)
    if decoder is None:
        raise UndecodableBody(f"stored with Content-Encoding {coding!r}, which is not readable here")
    try:
        for data in window.chunks(16 << 10):
            for piece in decoder.pieces(data):
                tick()
                yield piece
    except (Stopped, OSError, GeneratorExit):
        raise
    except Exception as error:  # noqa: BLE001 - each decoder has errors of its own
        raise BrokenCoding(str(error)) from None
    if not decoder.eof:
        raise BrokenCoding("it ends too early")


def decompressor(suffix: str) -> Callable[[bytes, int], bytes]:
    """Return a function from (stored bytes, most bytes wanted) to plain bytes, to be called piece by piece."""
    if suffix == ".tar.gz":
        return zlib.decompressobj(zlib.MAX_WBITS | 16).decompress
    if suffix == ".tar.bz2":
        import bz2  # noqa: PLC0415 - rare, and not worth every start

        return bz2.BZ2Decompressor().decompress
    if suffix == ".tar.xz":
        import lzma  # noqa: PLC0415 - rare, and not worth every start

        xz = lzma.LZMADecompressor(memlimit=128 << 20)

        def decompress(data: bytes, most: int) -> bytes:
            try:
                return xz.decompress(data, most)
            except lzma.LZMAError as error:
                raise ValueError("not xz") from error

        return decompress
    return lambda data, most: data[:most]


class Decoder(Protocol):
    """Undoes a content coding, a bounded piece at a time."""

    @property
    def eof(self) -> bool:
        """Whether the end of the coded bytes was reached."""

    def pieces(self, data: bytes) -> Iterator[bytes]:
        """Yield what more bytes decode to; errors are the package's own."""


def optional_decoder(coding: str) -> Decoder | None:
    """Return a decoder for ``br`` or ``zstd`` when some package of this interpreter brings one."""
    import importlib  # noqa: PLC0415 - rare codings only

    for name in _OPTIONAL.get(coding, ()):
        try:
            module = importlib.import_module(name)
        except ImportError:
            continue
        if coding == "br":
            return _Brotli(module.Decompressor())
        return _Zstd(module.ZstdDecompressor())
    return None


_OPTIONAL = {"br": ("brotli", "brotlicffi"), "zstd": ("compression.zstd", "backports.zstd")}

PIECE = 256 << 10


class _BrotliDecompressor(Protocol):
    def process(self, data: bytes, /, *, output_buffer_limit: int = ...) -> bytes:
        """Return what is decoded so far."""

    def can_accept_more_data(self) -> bool:
        """Return whether all that was given is decoded."""

    def is_finished(self) -> bool:
        """Return whether the end was reached."""


class _Brotli:
    def __init__(self, decompressor: _BrotliDecompressor) -> None:
        self._decompressor = decompressor

    @property
    def eof(self) -> bool:
        return self._decompressor.is_finished()

    def pieces(self, data: bytes) -> Iterator[bytes]:
        if not hasattr(self._decompressor, "can_accept_more_data"):
            # brotli before 1.2 has no limit of its own, so little goes in at a time
            yield from (self._decompressor.process(data[start : start + 16]) for start in range(0, len(data), 16))
            return
        piece = self._decompressor.process(data, output_buffer_limit=PIECE)
        while piece:
            yield piece
            # it may hold output back and still accept more
            piece = (
                b""
                if self._decompressor.is_finished()
                else self._decompressor.process(b"", output_buffer_limit=PIECE)
            )


class _ZstdDecompressor(Protocol):
    eof: bool
    needs_input: bool

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """Return up to so many decoded bytes."""


class _Zstd:
    def __init__(self, decompressor: _ZstdDecompressor) -> None:
        self._decompressor = decompressor

    @property
    def eof(self) -> bool:
        return self._decompressor.eof

    def pieces(self, data: bytes) -> Iterator[bytes]:
        yield self._decompressor.decompress(data, PIECE)
        while not self._decompressor.needs_input and not self._decompressor.eof:
            yield self._decompressor.decompress(b"", PIECE)


def codings(header: str | None) -> tuple[str, ...]:
    """Return the content codings of a ``Content-Encoding`` value, as applied (RFC 9110, 8.4)."""
    names = (name.strip().lower() for name in (header or "").split(","))
    return tuple(name.removeprefix("x-") for name in names if name and name != "identity")


class UndecodableBody(ValueError):  # noqa: N818 - it is the body that is undecodable
    """The body's content coding cannot be undone; ``reason`` says why."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def decode_body(window: Window, encoding: str | None, limit: int) -> bytes:
    """Return the first ``limit`` decoded bytes of a body stored with ``Content-Encoding: encoding``.

    Raises:
        UndecodableBody: the coding has no decoder here, or the bytes do not decode at all.
    """
    pieces: list[bytes] = []
    size = 0
    for piece in _decoded(window, codings(encoding), limit):
        pieces.append(piece)
        size += len(piece)
        if size >= limit:
            break
    return b"".join(pieces)[:limit]


def _decoded(window: Window, applied: tuple[str, ...], limit: int) -> Iterator[bytes]:
    chunk = min(CHUNK, max(limit, 4096))
    if not applied:
        yield from window.chunks(chunk)
        return
    if len(applied) > 1:
        raise UndecodableBody(f"coded more than once ({', '.join(applied)})")
    coding = applied[0]
    if coding in {"gzip", "deflate"}:
        yield from _inflated(window, coding, chunk, limit)
        return
    decoder = optional_decoder(coding)
    if decoder is None:
        raise UndecodableBody(f"stored with Content-Encoding {coding!r}, which is not readable here")
    try:
        for data in window.chunks(16 << 10):
            yield from decoder.pieces(data)
    except Exception as error:  # noqa: BLE001 - each decoder has errors of its own
        raise UndecodableBody(f"does not decode as {coding}: {error}") from None


def _inflated(window: Window, coding: str, chunk: int, limit: int) -> Iterator[bytes]:
    wbits = zlib.MAX_WBITS | 32 if coding == "gzip" or window.read(0, 1)[:1] == b"\x78" else -zlib.MAX_WBITS
    inflater = zlib.decompressobj(wbits)
    size = 0
    for block in window.chunks(min(chunk, 64 << 10)):
        data = block
        while data:
            if inflater.eof:  # a gzip file has one member or several (RFC 1952, 2.2)
                if coding != "gzip" or data[:2] != b"\x1f\x8b":
                    return
                inflater = zlib.decompressobj(wbits)
            saved = inflater.copy()
            try:
                piece = inflater.decompress(data, limit - size)
            except zlib.error:
                piece = _before_the_break(saved, data, limit - size)
                if not piece and not size:
                    raise UndecodableBody(f"does not decode as {coding}") from None
                yield piece
                return
            size += len(piece)
            yield piece
            if size >= limit:
                return
            data = inflater.unused_data


def _before_the_break(inflater: "zlib._Decompress", data: bytes, limit: int) -> bytes:
    """Return what can still be inflated of a piece that breaks somewhere."""
    pieces: list[bytes] = []
    with contextlib.suppress(zlib.error):
        pieces.extend(inflater.decompress(data[start : start + 16], limit) for start in range(0, len(data), 16))
    return b"".join(pieces)[:limit]


class _Decompressor(Protocol):
    @property
    def eof(self) -> bool:
        """Whether the end of the stream was reached, its checksum included."""

    @property
    def unused_data(self) -> bytes:
        """What was fed behind the end."""


Feed = Callable[[bytes], Iterator[bytes]]

Begin = Callable[[], tuple[_Decompressor, Feed]]


def compression_of(start: bytes) -> tuple[Begin, bytes] | None:
    """Return what undoes the compression that begins so, and how each of its streams begins."""
    known: tuple[tuple[Begin, bytes], ...] = (
        (_gzip, b"\x1f\x8b"),
        (_bzip2, b"BZh"),
        (_xz, b"\xfd7zXZ\x00"),
        (_xz, b"]\x00\x00"),  # the older form, .tar.lzma
    )
    return next((one for one in known if start.startswith(one[1])), None)


def _gzip() -> tuple[_Decompressor, Feed]:
    inflater = zlib.decompressobj(zlib.MAX_WBITS | 16)  # which checks CRC and length at the end (RFC 1952)

    return inflater, lambda data: inflated(inflater, data)


def _bzip2() -> tuple[_Decompressor, Feed]:
    import bz2  # noqa: PLC0415 - rare

    return _pulled(bz2.BZ2Decompressor())


def _xz() -> tuple[_Decompressor, Feed]:
    import lzma  # noqa: PLC0415 - rare

    decompressor, pull = _pulled(lzma.LZMADecompressor(memlimit=128 << 20))

    def feed(data: bytes) -> Iterator[bytes]:
        try:
            yield from pull(data)
        except lzma.LZMAError as error:
            raise ValueError(str(error)) from None

    return decompressor, feed


class _Pulling(_Decompressor, Protocol):
    @property
    def needs_input(self) -> bool:
        """Whether everything fed so far was taken."""

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """Take bytes in and give bytes out."""


def _pulled(decompressor: _Pulling) -> tuple[_Decompressor, Feed]:
    def feed(data: bytes) -> Iterator[bytes]:
        yield decompressor.decompress(data, PIECE)
        while not decompressor.eof and not decompressor.needs_input:
            yield decompressor.decompress(b"", PIECE)

    return decompressor, feed


def inflated(inflater: "zlib._Decompress", data: bytes) -> Iterator[bytes]:
    """Yield what the next bytes of a stream inflate to, a piece at a time, until nothing more comes."""
    piece = b""
    # zlib may have taken all and still hold back the rest of a full piece
    while (data or len(piece) == PIECE) and not inflater.eof:
        piece = inflater.decompress(data, PIECE)
        data = inflater.unconsumed_tail
        yield piece
