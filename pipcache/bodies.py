"""Stored bodies: what the bytes are, judged by the bytes; content codings undone as far as can be."""

import contextlib
import zlib
from collections.abc import Iterator
from enum import Enum
from typing import NamedTuple, Protocol

from pipcache.archives import (
    Metadata,
    SdistFacts,
    WheelFacts,
    is_tar,
    parse_metadata,
    read_tar_sdist,
    read_wheel,
    read_zip_sdist,
)
from pipcache.files import CHUNK, Window
from pipcache.zips import ZipDirectory

SNIFF = 512
_TEXT_LIMIT = 64 << 10


class PageFormat(Enum):
    """The two forms of an index page."""

    JSON = "json"
    HTML = "html"


def guess_format(start: bytes) -> PageFormat | None:
    """Return which form of page the first decoded bytes may begin; None when they begin neither."""
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text[:1] == b"{":
        return PageFormat.JSON
    if text[:1] == b"<":
        return PageFormat.HTML
    return None


class ZipBody(NamedTuple):
    """A ZIP that is neither a wheel nor an sdist, or one whose directory is gone (``problem``)."""

    problem: str | None


class TextBody(NamedTuple):
    """Decoded text: HTML, JSON, METADATA or anything else; ``start`` is its first bytes."""

    start: bytes
    metadata: Metadata | None

    @property
    def form(self) -> PageFormat | None:
        """The form of page it may be."""
        return guess_format(self.start)


class OpaqueBody(NamedTuple):
    """Bytes that are nothing known; ``problem`` says why where that is known."""

    problem: str | None


class EmptyBody(NamedTuple):
    """No bytes at all."""


class PageBody(NamedTuple):
    """An index page by its head; the body was not opened."""


Content = WheelFacts | SdistFacts | ZipBody | TextBody | OpaqueBody | EmptyBody | PageBody


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
_PIECE = 256 << 10


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
        piece = self._decompressor.process(data, output_buffer_limit=_PIECE)
        while piece:
            yield piece
            # it may hold output back and still accept more
            piece = (
                b""
                if self._decompressor.is_finished()
                else self._decompressor.process(b"", output_buffer_limit=_PIECE)
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
        yield self._decompressor.decompress(data, _PIECE)
        while not self._decompressor.needs_input and not self._decompressor.eof:
            yield self._decompressor.decompress(b"", _PIECE)


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


def inspect(window: Window, encoding: str | None, *, deep: bool) -> Content:
    """Return what a body is. ``deep`` reads far enough into an sdist to find its PKG-INFO."""
    start = window.read(0, SNIFF)
    if not start:
        return EmptyBody()
    if start[:4] == b"PK\x03\x04" or start[:4] == b"PK\x05\x06":
        return _inspect_zip(window, deep=deep)
    if _may_hold_tar(start):
        # index pages are stored gzipped too, so gzip without a tar in it goes on as text
        facts = read_tar_sdist(window, deep=deep)
        if facts is not None:
            return facts
        if start[:2] != b"\x1f\x8b":
            return OpaqueBody("an archive that does not unpack")
    try:
        text = start if not encoding else decode_body(window, encoding, SNIFF)
        if text[:17].lower() == b"metadata-version:":
            return TextBody(text, parse_metadata(decode_body(window, encoding, _TEXT_LIMIT)))
    except UndecodableBody as error:
        return OpaqueBody(error.reason)
    if b"\x00" in text:
        return _inspect_zip(window, deep=deep) if window.length > 22 else OpaqueBody(None)
    return TextBody(text, None)


def _inspect_zip(window: Window, *, deep: bool) -> Content:
    try:
        directory = ZipDirectory(window)
    except ValueError as error:
        return ZipBody(str(error)) if window.read(0, 2) == b"PK" else OpaqueBody(None)
    return read_wheel(directory, deep=deep) or read_zip_sdist(directory) or ZipBody(None)


def _may_hold_tar(start: bytes) -> bool:
    return start[:2] == b"\x1f\x8b" or start[:3] == b"BZh" or start[:6] == b"\xfd7zXZ\x00" or is_tar(start)
