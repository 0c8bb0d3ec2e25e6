"""The head of an HTTP entry, as CacheControl wrote it, decoded.

The file begins with ``cc=<n>,``, and a payload follows (pip ``_vendor/cachecontrol/serialize.py``). Only ``cc=4``
is decoded.
"""

import re
from enum import Enum, auto
from typing import Any, NamedTuple

import msgpack

from pipcache.util.files import Window

HEAD_LIMIT = 1 << 20
"""Bytes a head (all but the body) may have; real ones have about one thousand."""

_OLD_FRAMES = {
    b"cc=0,": "written before cachecontrol 0.10; no pip release wrote it",
    b"cc=1,": "written by pip 6.0-6.0.6 as a pickle; no pip since 23.3 reads it",
    b"cc=2,": "written by pip 6.0.7-9; no pip since 23.3 reads it",
    b"cc=3,": "written by development versions between pip 9 and 10; no pip reads it",
}

_FRAME = b"cc=4,"

_FIRST_READ = 16 << 10


class Frame(Enum):
    """Which pips write the serialisation of a head."""

    CURRENT = auto()  # pip since 10; since 23.3 pip reads no other
    OLD = auto()  # older pips
    NEWER = auto()  # a number that no known pip writes
    BROKEN = auto()  # none, or the head is cut: every pip downloads anew, or fails


class MalformedResponse(ValueError):  # noqa: N818 - it is about the stored response, not about the reader
    """The head cannot be decoded; ``reason`` says what it is or where it breaks.

    ``is_foreign``: it is in the serialisation of another writer, and not damaged.
    """

    def __init__(self, reason: str, *, old: bool = False, new: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.frame = Frame.OLD if old else Frame.NEWER if new else Frame.BROKEN
        self.is_foreign = old or new


class Head(NamedTuple):
    """A stored response without its body.

    ``headers`` have lower-case names; ``vary`` maps the varied request headers to the values they had, which may
    be secrets. ``body`` is (offset, length) of a body inside the same file, None when there is none.
    """

    status: int
    reason: str
    headers: dict[str, str]
    vary: dict[str, str | None]
    body: tuple[int, int] | None

    @property
    def was_resumed(self) -> bool:
        """Whether pip 25.2+ put the download together from several responses (pip ``network/download.py``)."""
        return self.reason == "None" and "vary" not in self.headers

    @property
    def is_redirect(self) -> bool:
        """Whether it leads pip to another URL, so that pip never uses the body (RFC 9110, 15.4)."""
        return self.status in {301, 308} and "location" in self.headers


def decode_head(data: bytes) -> Head:
    """Decode a head of ``http-v2``, whose body is in another file.

    Raises:
        MalformedResponse: it is not a ``cc=4`` response; the reason says what it is.
    """
    _check_frame(data)
    return _head_of(data[len(_FRAME) :], None)


def read_inline(window: Window) -> Head:
    """Decode the head in a file of ``http``, and find the body in the same file without reading it.

    Raises:
        MalformedResponse: it is not a ``cc=4`` response; the reason says what it is.
    """
    data = window.read(0, _FIRST_READ)
    _check_frame(data)
    try:
        try:
            body = _find_body(data)
        except msgpack.OutOfData:
            data = window.read(0, HEAD_LIMIT)
            body = _find_body(data)
    except msgpack.OutOfData:
        raise MalformedResponse("the stored response is cut short") from None
    if body is None:
        return _head_of(window.read(len(_FRAME), HEAD_LIMIT), None)
    end = body.offset + body.length
    if end > window.length:
        raise MalformedResponse("the stored response is cut short inside its body")
    # the head with an empty body in the place of the real body
    head = data[len(_FRAME) : body.header] + b"\xc4\x00" + window.read(end, HEAD_LIMIT)
    return _head_of(head, (body.offset, body.length))


def _check_frame(data: bytes) -> None:
    if data[:5] == _FRAME:
        return
    if data[:5] in _OLD_FRAMES:
        raise MalformedResponse(_OLD_FRAMES[data[:5]], old=True)
    if not data:
        raise MalformedResponse("the file is empty")
    if data[:3] == b"cc=":
        is_numbered = re.match(rb"cc=\d{1,4},", data) is not None
        raise MalformedResponse("a serialisation no pip is known to write", new=is_numbered)
    raise MalformedResponse("not a response cachecontrol stored")


def _head_of(payload: bytes, body: tuple[int, int] | None) -> Head:
    try:
        # headers may hold any byte: what is no UTF-8 is kept as surrogates
        document: object = msgpack.unpackb(payload, raw=False, unicode_errors="surrogateescape")
    except (ValueError, TypeError, OverflowError, RecursionError, msgpack.UnpackException) as error:
        raise _undecodable(error) from None
    if not isinstance(document, dict):
        raise MalformedResponse("the stored response is not a map")
    response, vary = document.get("response"), document.get("vary")
    if not isinstance(response, dict):
        raise MalformedResponse("the stored response has no 'response'")
    headers, status = response.get("headers"), response.get("status")
    if not isinstance(headers, dict) or type(status) is not int:
        raise MalformedResponse("the stored response has no headers or no status")
    return Head(
        status,
        _text(response.get("reason")) or "",
        {name.lower(): value or "" for name, value in _texts(headers).items()},
        _texts(vary) if isinstance(vary, dict) else {},
        body,
    )


def _undecodable(error: Exception) -> MalformedResponse:
    return MalformedResponse(f"the stored response does not decode: {type(error).__name__}")


_TEXT_TYPES = frozenset({str, type(None)})


def _texts(pairs: dict[Any, Any]) -> dict[str, str | None]:  # Any: msgpack is untyped
    """Return a map of text to text or None; pips on Python 2 wrote some texts as bytes."""
    if _TEXT_TYPES.issuperset(map(type, pairs)) and _TEXT_TYPES.issuperset(map(type, pairs.values())):
        return pairs  # nearly always
    return {_text(name) or "": _text(value) for name, value in pairs.items()}


def _text(value: object) -> str | None:
    if type(value) is str:
        return value
    if isinstance(value, bytes):
        return value.decode("utf-8", "surrogateescape")
    try:
        return None if value is None else str(value)[:200]
    except RecursionError:
        return f"({type(value).__name__})"


class _Body(NamedTuple):
    """Where the body of a response is in its file: its msgpack header, its bytes, and how many these are."""

    header: int
    offset: int
    length: int


def _find_body(data: bytes) -> _Body | None:
    """Return where ``response.body`` is, in the first bytes of a file; None where there is none.

    Nothing is built of what stands before it: msgpack skips it.

    Raises:
        msgpack.OutOfData: more bytes of the file are needed.
        MalformedResponse: the bytes are not the maps that cachecontrol writes.
    """
    payload = data[len(_FRAME) :]
    unpacker = msgpack.Unpacker()
    unpacker.feed(payload)
    for _ in range(_read_map_header(unpacker)):
        if _read_name(unpacker, payload) != b"response":
            _skip(unpacker)
            continue
        for _ in range(_read_map_header(unpacker)):
            if _read_name(unpacker, payload) == b"body":
                header = unpacker.tell()
                offset, length = _content_span(payload, header)
                return _Body(len(_FRAME) + header, len(_FRAME) + offset, length)
            _skip(unpacker)
    return None


def _read_map_header(unpacker: msgpack.Unpacker) -> int:
    try:
        pairs: int = unpacker.read_map_header()
    except ValueError:
        raise MalformedResponse("the stored response is not a map") from None
    return pairs


def _read_name(unpacker: msgpack.Unpacker, payload: bytes) -> bytes:
    """Return the bytes of a name in a map: a str or bin object."""
    offset, length = _content_span(payload, unpacker.tell())
    _skip(unpacker)
    return payload[offset : offset + length]


def _skip(unpacker: msgpack.Unpacker) -> None:
    """Skip an object, which is nested no deeper than msgpack would read it."""
    try:
        unpacker.skip()
    except (ValueError, RecursionError) as error:
        raise _undecodable(error) from None


_LENGTH_WIDTHS = {0xC4: 1, 0xC5: 2, 0xC6: 4, 0xD9: 1, 0xDA: 2, 0xDB: 4}


def _content_span(payload: bytes, position: int) -> tuple[int, int]:
    """Return (offset of the content, length) of the str or bin object at ``position``."""
    header = payload[position : position + 5]
    if not header:
        raise msgpack.OutOfData
    if 0xA0 <= header[0] <= 0xBF:
        return position + 1, header[0] & 0x1F
    width = _LENGTH_WIDTHS.get(header[0])
    if width is None:
        raise MalformedResponse("the stored response has a key or a body that is not bytes")
    if len(header) <= width:
        raise msgpack.OutOfData
    return position + 1 + width, int.from_bytes(header[1 : 1 + width], "big")
