"""``Content-Encoding`` of a stored body (RFC 9110, 8.4.1), undone as urllib3 undoes it for pip."""

from collections.abc import Iterator

from pipcache.util.compression import (
    BROTLI,
    GZIP,
    RAW_DEFLATE,
    ZLIB,
    ZSTD,
    CorruptStream,
    Format,
    UndecodableBody,
    decompress,
    decompress_beginning,
)
from pipcache.util.files import Window
from pipcache.util.progress import Tick

_CONTENT_CODINGS = {form.name: form for form in (GZIP, ZLIB, BROTLI, ZSTD)}


def codings(header: str | None) -> tuple[str, ...]:
    """Return the codings that pip undoes for a ``Content-Encoding`` value, in the order they were applied.

    As urllib3 has it (pip ``_vendor/urllib3/response.py``): there are none where it knows none of the names. Where
    it knows some of several, it undoes each, and takes the others for deflate.
    """
    if not header:
        return ()
    value = header.lower()
    names = tuple(name.strip() for name in value.split(",")) if "," in value else (value,)
    return tuple(map(_shared_name, names)) if any(_shared_name(name) in _CONTENT_CODINGS for name in names) else ()


def _shared_name(coding: str) -> str:
    return "gzip" if coding == "x-gzip" else coding


def _coding_format(window: Window, encoding: str | None) -> Format | None:
    """Return the format of a body stored with ``Content-Encoding: encoding``; None for a plain body.

    Raises:
        UndecodableBody: the body is coded more than once, or with an unknown coding.
    """
    names = codings(encoding)
    if not names:
        return None
    if len(names) > 1:
        raise UndecodableBody(f"coded more than once ({', '.join(names)})")
    form = _CONTENT_CODINGS.get(names[0])
    if form is None:
        raise UndecodableBody(f"stored with Content-Encoding {names[0]!r}, which is not readable here")
    # some servers send "deflate" without zlib's frame, and urllib3 reads it for pip
    return RAW_DEFLATE if form is ZLIB and not _begins_like_zlib(window.read(0, 2)) else form


_DICTIONARY = 0x20  # a preset dictionary, which nobody gives


def _begins_like_zlib(start: bytes) -> bool:
    """Return whether bytes begin with the header of a zlib stream, with any size of its window (RFC 1950, 2.2)."""
    if len(start) < 2:
        return False
    method, flags = start
    is_deflate = method & 0x0F == 8 and method >> 4 <= 7
    return is_deflate and not (method << 8 | flags) % 31 and not flags & _DICTIONARY


def decoded_pieces(window: Window, encoding: str | None, tick: Tick) -> Iterator[bytes]:
    """Yield all decoded bytes of a body stored with ``Content-Encoding: encoding``; strict to the last byte.

    Raises:
        BrokenStream: it does not decode to its end, or there is more behind it.
        UndecodableBody: that cannot be tried: no decoder here, or coded more than once.
        TooMuchInItError: it decodes to more than any real body.
    """
    if window.length:
        yield from decompress(window, _coding_format(window, encoding), tick)


def decode_body(window: Window, encoding: str | None, limit: int) -> bytes:
    """Return the first ``limit`` decoded bytes of a body stored with ``Content-Encoding: encoding``; lenient.

    Raises:
        UndecodableBody: the coding has no decoder here, or the bytes do not decode at all, or to too much.
    """
    data, error = decompress_beginning(window, _coding_format(window, encoding), limit, salvage=True)
    if isinstance(error, CorruptStream) and not data:
        raise UndecodableBody(f"does not decode as {', '.join(codings(encoding))}")
    return data
