"""Bodies with their content coding undone to the very end, piece by piece: nothing is lenient here."""

import zlib
from collections.abc import Iterator

from pipcache.bodies import UndecodableBody, codings, optional_decoder
from pipcache.files import Window
from pipcache.progress import Stopped, Tick
from pipcache.zipcheck import inflated

_PIECE = 256 << 10


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
        for data in window.chunks(_PIECE):
            tick()
            yield data
    elif len(applied) > 1:
        raise UndecodableBody(f"coded more than once ({', '.join(applied)})")
    elif applied[0] in {"gzip", "deflate"}:
        yield from _inflated(window, applied[0], tick)
    else:
        yield from _by_package(window, applied[0], tick)


def _inflated(window: Window, coding: str, tick: Tick) -> Iterator[bytes]:
    """Inflate as urllib3 does for pip: gzip's members one after another, deflate with zlib's frame or raw."""
    is_raw = coding == "deflate" and window.read(0, 1) != b"\x78"
    bits = zlib.MAX_WBITS | 16 if coding == "gzip" else -zlib.MAX_WBITS if is_raw else zlib.MAX_WBITS
    inflater = zlib.decompressobj(bits)
    try:
        for data in window.chunks(_PIECE):
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
