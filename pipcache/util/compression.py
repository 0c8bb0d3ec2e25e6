"""Bounded decoders: gzip, deflate, bzip2, xz, Brotli, Zstandard; lenient, or strict to the last byte.

Every format is a ``Format`` here, and every reader goes through ``decompress``, which is strict: it raises the
error that ends the bytes early. A lenient reader, ``decompress_beginning``, keeps what came before the error.
"""

import contextlib
import importlib
import zlib
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, Protocol

from pipcache.util.budget import Budget, TooMuchInItError
from pipcache.util.files import Window
from pipcache.util.progress import Tick, no_tick

PIECE = 256 << 10
"""The most bytes that are read, or decompressed, at a time."""

_LENIENT_CHUNK = 4 << 10  # an error loses what its chunk of input decompressed to before

_SALVAGED_CHUNK = 16


class BrokenStream(ValueError):  # noqa: N818 - it is the stream that is broken
    """Compressed bytes that do not decompress to their end, or have more behind it."""


class CorruptStream(BrokenStream):
    """Compressed bytes that do not decompress."""


class CutStream(BrokenStream):
    """Compressed bytes that end before their format's end."""

    def __init__(self) -> None:
        super().__init__("it ends too early")


class TrailingBytes(BrokenStream):
    """Compressed bytes that come to their end, with ``count`` other bytes behind it."""

    def __init__(self, count: int) -> None:
        super().__init__("there are bytes behind it")
        self.count = count


class UndecodableBody(ValueError):  # noqa: N818 - it is the body that is undecodable
    """The body's content coding cannot be undone; ``reason`` says why."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class _Stream(Protocol):
    @property
    def eof(self) -> bool:
        """Whether the stream's end was reached, its checksum included."""

    @property
    def unused_data(self) -> bytes:
        """The bytes given behind the stream's end; only valid at ``eof``."""


class Decoder(_Stream, Protocol):
    """Decompresses a single stream, a bounded piece at a time."""

    def pieces(self, data: bytes, most: int) -> Iterator[bytes]:
        """Yield what the stream's next bytes decompress to, at most ``most`` bytes in a piece.

        Raises:
            CorruptStream: they do not decompress.
        """


class Format(NamedTuple):
    """A compression format.

    ``begin`` returns a decoder for a new stream, and None where no package of this interpreter brings it. Its
    argument is the ``salvage`` of ``decompress``, which only gzip and deflate know. Every stream begins with
    ``magic``; a format without a magic has only a single stream.
    """

    name: str
    magic: bytes
    begin: Callable[[bool], Decoder | None]


class _Inflater:
    """Undoes deflate: raw, or in the frame of zlib or gzip (RFC 1950 to 1952)."""

    def __init__(self, window_bits: int, *, salvage: bool) -> None:
        self._inflater = zlib.decompressobj(window_bits)
        self._salvage = salvage

    @property
    def eof(self) -> bool:
        return self._inflater.eof

    @property
    def unused_data(self) -> bytes:
        return self._inflater.unused_data

    def pieces(self, data: bytes, most: int) -> Iterator[bytes]:
        piece = b""
        # zlib may have taken all input and still hold back output behind a full piece
        while (data or len(piece) == most) and not self._inflater.eof:
            before = self._inflater.copy() if self._salvage else None
            try:
                piece = self._inflater.decompress(data, most)
            except zlib.error as error:
                if before is not None:
                    yield _salvaged(before, data)
                raise CorruptStream(str(error)) from None
            data = self._inflater.unconsumed_tail
            yield piece


def _salvaged(inflater: "zlib._Decompress", data: bytes) -> bytes:
    """Return what ``data`` inflates to before the place where it breaks."""
    pieces: list[bytes] = []
    for start in range(0, len(data), _SALVAGED_CHUNK):
        try:
            pieces.append(inflater.decompress(data[start : start + _SALVAGED_CHUNK], PIECE))
        except zlib.error:
            break
    return b"".join(pieces)


class _PullDecompressor(_Stream, Protocol):
    """What the decompressors of bz2, lzma and zstd have in common."""

    @property
    def needs_input(self) -> bool:
        """Whether all bytes given so far are decompressed."""

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """Return up to ``max_length`` decompressed bytes."""


class PullDecoder:
    """Decompresses with bz2, lzma or zstd."""

    def __init__(self, decompressor: _PullDecompressor, *errors: type[Exception]) -> None:
        self._decompressor = decompressor
        self._errors = errors

    @property
    def eof(self) -> bool:
        """Whether the stream's end was reached."""
        return self._decompressor.eof

    @property
    def unused_data(self) -> bytes:
        """The bytes given behind the stream's end."""
        return self._decompressor.unused_data

    def pieces(self, data: bytes, most: int) -> Iterator[bytes]:
        """Yield what the stream's next bytes decompress to, as ``Decoder`` says."""
        try:
            yield self._decompressor.decompress(data, most)
            while not self._decompressor.eof and not self._decompressor.needs_input:
                yield self._decompressor.decompress(b"", most)
        except self._errors as error:
            raise CorruptStream(str(error)) from None


class _BrotliDecoder:
    """Decodes Brotli; its packages refuse bytes behind the end as an error."""

    unused_data = b""

    def __init__(self, module: Any) -> None:  # Any: brotli and brotlicffi have no types
        self._decompressor = module.Decompressor()
        self._error: type[Exception] = module.error

    @property
    def eof(self) -> bool:
        return bool(self._decompressor.is_finished())

    def pieces(self, data: bytes, most: int) -> Iterator[bytes]:
        process = self._decompressor.process
        try:
            if not hasattr(self._decompressor, "can_accept_more_data"):
                # brotli before 1.2 cannot limit its output, so little goes in at a time
                yield from (process(data[start : start + 16]) for start in range(0, len(data), 16))
                return
            piece = process(data, output_buffer_limit=most)
            while piece:
                yield piece
                # it may hold output back and still accept more
                piece = b"" if self.eof else process(b"", output_buffer_limit=most)
        except self._error as error:
            raise CorruptStream(str(error)) from None


def _begin_bzip2(_salvage: bool) -> Decoder:  # noqa: FBT001 - the only argument of a Format's begin
    import bz2  # rare, and not worth every start

    return PullDecoder(bz2.BZ2Decompressor(), OSError)


def _begin_xz(_salvage: bool) -> Decoder:  # noqa: FBT001 - as above
    import lzma  # rare, and not worth every start

    return PullDecoder(lzma.LZMADecompressor(memlimit=128 << 20), lzma.LZMAError)


def _begin_brotli(_salvage: bool) -> Decoder | None:  # noqa: FBT001 - as above
    module = _first_installed("brotli", "brotlicffi")
    return module and _BrotliDecoder(module)


def _begin_zstd(_salvage: bool) -> Decoder | None:  # noqa: FBT001 - as above
    module = _first_installed("compression.zstd", "backports.zstd")
    return module and PullDecoder(module.ZstdDecompressor(), module.ZstdError)


def _first_installed(*names: str) -> Any:  # Any: optional modules, without types
    for name in names:
        with contextlib.suppress(ImportError):
            return importlib.import_module(name)
    return None


GZIP = Format(
    "gzip",
    b"\x1f\x8b",
    # a zlib stream under the name of gzip is salvaged too
    lambda salvage: _Inflater(zlib.MAX_WBITS | (32 if salvage else 16), salvage=salvage),
)

ZLIB = Format("deflate", b"", lambda salvage: _Inflater(zlib.MAX_WBITS, salvage=salvage))

RAW_DEFLATE = Format("deflate", b"", lambda salvage: _Inflater(-zlib.MAX_WBITS, salvage=salvage))

BZIP2 = Format("bzip2", b"BZh", _begin_bzip2)

XZ = Format("xz", b"\xfd7zXZ\x00", _begin_xz)

LZMA = Format("lzma", b"]\x00\x00", _begin_xz)  # xz's older form, .tar.lzma

BROTLI = Format("br", b"", _begin_brotli)

ZSTD = Format("zstd", b"\x28\xb5\x2f\xfd", _begin_zstd)

_OF_ARCHIVES = (GZIP, BZIP2, XZ, LZMA)


LZMA_HEADER = 13
"""The bytes of the header of .lzma, the format before xz, which has no magic bytes."""


def archive_format(start: bytes) -> Format | None:
    """Return the format of a compressed archive by its first ``LZMA_HEADER`` bytes; None for all other bytes."""
    form = next((form for form in _OF_ARCHIVES if start.startswith(form.magic)), None)
    return LZMA if form is None and _is_lzma_alone(start) else form


def _is_lzma_alone(start: bytes) -> bool:
    """Return whether bytes begin with the header of .lzma, which has no magic, as xz-utils recognises it.

    Source: liblzma ``alone_decoder.c`` with ``picky``: a byte of properties, a dictionary of 2^n or 2^n + 2^(n-1)
    bytes, an unknown or no absurd size.
    """
    if len(start) < LZMA_HEADER or start[0] >= 225:
        return False
    dictionary = int.from_bytes(start[1:5], "little")
    size = int.from_bytes(start[5:13], "little")
    bits = dictionary.bit_length()
    if not bits or dictionary not in {1 << (bits - 1), 3 << max(bits - 2, 0)}:
        return False
    return size == (1 << 64) - 1 or 0 < size < 1 << 38


def decompress(
    window: Window,
    form: Format | None,
    tick: Tick,
    *,
    padding: bytes = b"",
    chunk: int = PIECE,
    most: int = PIECE,
    salvage: bool = False,
    budget: Budget | None = None,
) -> Iterator[bytes]:
    """Yield all decompressed bytes of the streams in ``window``, a bounded piece at a time.

    Args:
        window: the compressed bytes.
        form: their format; None for bytes that are not compressed.
        tick: called before each chunk of input and each piece of output; what it raises goes through.
        padding: bytes that may stand between and behind streams.
        chunk: the most stored bytes that are read at a time.
        most: the most bytes of a piece.
        salvage: yield also what a chunk of gzip or deflate gives before the place where it breaks.
        budget: counts the unpacked bytes and the streams of the whole entry, of which these bytes may be a part;
            None for a budget of these bytes alone.

    Raises:
        TooMuchInItError: there are more unpacked bytes, or streams, than the budget has.
        CutStream: the last stream does not come to its end.
        TrailingBytes: something other than a further stream stands behind the end.
        CorruptStream: a stream does not decompress.
        UndecodableBody: no package of this interpreter decodes this format.
        OSError: the window cannot be read.
    """
    budget = budget or Budget(window.length)
    if form is None:
        for data in window.chunks(most):
            tick()
            budget.take(len(data))
            yield data
        return
    decoder = _new_decoder(form, salvage=salvage)
    read = 0
    for stored in window.chunks(chunk):
        tick()
        read += len(stored)
        data = stored
        while data:
            if decoder.eof:
                data = data.lstrip(padding)
                if not data:
                    break
                end = read - len(data)
                if not form.magic or window.read(end, len(form.magic)) != form.magic:
                    raise TrailingBytes(window.length - end)
                budget.begin_stream()
                decoder = _new_decoder(form, salvage=salvage)
            for piece in decoder.pieces(data, most):
                tick()
                budget.take(len(piece))
                yield piece
            data = decoder.unused_data if decoder.eof else b""
    if not decoder.eof:
        raise CutStream


def _new_decoder(form: Format, *, salvage: bool) -> Decoder:
    decoder = form.begin(salvage)
    if decoder is None:
        raise UndecodableBody(f"stored with Content-Encoding {form.name!r}, which is not readable here")
    return decoder


class Beginning(NamedTuple):
    """The first decompressed bytes, and the error that ended them early; None where there was none so far."""

    data: bytes
    error: BrokenStream | None


def decompress_beginning(
    window: Window, form: Format | None, limit: int, *, padding: bytes = b"", salvage: bool = False
) -> Beginning:
    """Return the first ``limit`` decompressed bytes of ``window``, or as many as come before an error.

    Args:
        window: the compressed bytes.
        form: their format; None for bytes that are not compressed.
        limit: the most bytes that are returned; no more than about twice as many are in memory.
        padding: as for ``decompress``.
        salvage: as for ``decompress``.

    Raises:
        UndecodableBody: no package of this interpreter decodes this format, or there is more in it than is read.
        OSError: the window cannot be read.
    """
    pieces: list[bytes] = []
    missing = limit
    decompressed = decompress(
        window, form, no_tick, padding=padding, chunk=_LENIENT_CHUNK, most=limit, salvage=salvage
    )
    try:
        for piece in decompressed:
            pieces.append(piece)
            missing -= len(piece)
            if missing <= 0:
                break
    except BrokenStream as error:
        return Beginning(b"".join(pieces)[:limit], error)
    except TooMuchInItError as error:
        raise UndecodableBody(error.reason) from None
    return Beginning(b"".join(pieces)[:limit], None)
