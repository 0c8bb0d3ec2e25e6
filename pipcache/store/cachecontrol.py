"""The head of an HTTP entry, as CacheControl wrote it, decoded.

The framing is ``cc=<n>,`` and a payload (pip ``_vendor/cachecontrol/serialize.py``); only ``cc=4`` is decoded.
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
    """Whose serialisation a head is in."""

    CURRENT = auto()  # of pip since 10, and all that pip reads since 23.3
    OLD = auto()  # of pips before
    NEWER = auto()  # numbered as none that is known
    BROKEN = auto()  # of no pip, or cut: all pips take it for a miss or fail


class MalformedResponse(ValueError):  # noqa: N818 - it is about the stored response, not about the reader
    """The head cannot be decoded; ``reason`` says what it is or where it breaks."""

    def __init__(self, reason: str, *, old: bool = False, new: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.frame = Frame.OLD if old else Frame.NEWER if new else Frame.BROKEN
        self.is_foreign = old or new  # another writer's form, and not damage


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
        """True for a download pip 25.2+ put together itself (pip ``network/download.py``)."""
        return self.reason == "None" and "vary" not in self.headers

    @property
    def is_redirect(self) -> bool:
        """True for an answer whose body pip never uses, as it goes on to another URL (RFC 9110, 15.4)."""
        return self.status in {301, 308} and "location" in self.headers


def decode_head(data: bytes) -> Head:
    """Decode the head file of ``http-v2`` (its body is beside it).

    Raises:
        MalformedResponse: it is not a ``cc=4`` response; the reason says what it is.
    """
    _check_frame(data)
    return _head_of(data[len(_FRAME) :], None)


def read_inline(window: Window) -> Head:
    """Decode an entry of ``http`` and find its body, reading only what is around it.

    Raises:
        MalformedResponse: it is not a ``cc=4`` response; the reason says what it is.
    """
    data = window.read(0, _FIRST_READ)
    _check_frame(data)
    try:
        span, header = _find_body(data)
    except IndexError:
        data = window.read(0, HEAD_LIMIT)
        try:
            span, header = _find_body(data)
        except IndexError:
            raise MalformedResponse("the stored response is cut short") from None
    if span is None:
        return _head_of(window.read(len(_FRAME), HEAD_LIMIT), None)
    offset, length = span
    if offset + length > window.length:
        raise MalformedResponse("the stored response is cut short inside its body")
    rest = window.read(offset + length, HEAD_LIMIT)
    return _head_of(data[len(_FRAME) : header] + b"\xc4\x00" + rest, span)


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
        # py2 pips wrote some text as bin and any byte may be in a header: decode as pip's reader would, or escape
        document: object = msgpack.unpackb(payload, raw=False, unicode_errors="surrogateescape")
    except (ValueError, TypeError, OverflowError, RecursionError, msgpack.UnpackException) as error:
        raise MalformedResponse(f"the stored response does not decode: {type(error).__name__}") from None
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


_TEXT_TYPES = frozenset({str, type(None)})


def _texts(pairs: dict[Any, Any]) -> dict[str, str | None]:  # Any: msgpack is untyped
    """Return a map of text to text or None; py2 pips wrote some keys as bytes."""
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


def _find_body(data: bytes) -> tuple[tuple[int, int] | None, int]:
    """Return ((offset, length) of response.body or None, offset of its msgpack header).

    Raises:
        IndexError: more of the file is needed.
        MalformedResponse: not the maps that cachecontrol writes.
    """
    position = len(_FRAME)
    pairs, position = _map_header(data, position)
    for _ in range(pairs):
        name, position = _short_bytes(data, position)
        if name != b"response":
            position = _skip(data, position)
            continue
        inner, position = _map_header(data, position)
        for _ in range(inner):
            name, position = _short_bytes(data, position)
            if name == b"body":
                offset, length = _bytes_header(data, position)
                return (offset, length), position
            position = _skip(data, position)
    return None, position


def _map_header(data: bytes, position: int) -> tuple[int, int]:
    code = data[position]
    if 0x80 <= code <= 0x8F:
        return code & 0x0F, position + 1
    if code in {0xDE, 0xDF}:
        width = 2 if code == 0xDE else 4
        return _number(data, position + 1, width), position + 1 + width
    raise MalformedResponse("the stored response is not a map")


def _number(data: bytes, position: int, width: int) -> int:
    if position + width > len(data):
        raise IndexError(position)
    return int.from_bytes(data[position : position + width], "big")


_LENGTH_WIDTHS = {0xC4: 1, 0xC5: 2, 0xC6: 4, 0xD9: 1, 0xDA: 2, 0xDB: 4}


def _bytes_header(data: bytes, position: int) -> tuple[int, int]:
    """Return (offset of the content, length) of a str or bin object."""
    code = data[position]
    if 0xA0 <= code <= 0xBF:
        return position + 1, code & 0x1F
    if code in _LENGTH_WIDTHS:
        width = _LENGTH_WIDTHS[code]
        return position + 1 + width, _number(data, position + 1, width)
    raise MalformedResponse("the stored response has a key or a body that is not bytes")


def _short_bytes(data: bytes, position: int) -> tuple[bytes, int]:
    offset, length = _bytes_header(data, position)
    end = offset + length
    if end > len(data):
        raise IndexError(end)
    return data[offset:end], end


# code -> (bytes of payload, bytes of a length field, objects per counted item): see the msgpack specification
_FIXED = {0xC0: 0, 0xC2: 0, 0xC3: 0, 0xCA: 4, 0xCB: 8, 0xCC: 1, 0xCD: 2, 0xCE: 4, 0xCF: 8, 0xD0: 1, 0xD1: 2}

_FIXED |= {0xD2: 4, 0xD3: 8, 0xD4: 2, 0xD5: 3, 0xD6: 5, 0xD7: 9, 0xD8: 17}

_COUNTED = {0xDC: (2, 1), 0xDD: (4, 1), 0xDE: (2, 2), 0xDF: (4, 2)}

_EXTENSIONS = {0xC7: 1, 0xC8: 2, 0xC9: 4}


def _skip(data: bytes, position: int) -> int:
    """Return the position behind one msgpack object, however deep, without building it."""
    pending = 1
    while pending:
        pending -= 1
        code = data[position]
        if code <= 0x7F or code >= 0xE0:
            position += 1
        elif code <= 0x8F:
            pending += 2 * (code & 0x0F)
            position += 1
        elif code <= 0x9F:
            pending += code & 0x0F
            position += 1
        elif code in _FIXED:
            position += 1 + _FIXED[code]
        elif code in _COUNTED:
            width, each = _COUNTED[code]
            pending += each * _number(data, position + 1, width)
            position += 1 + width
        elif code in _EXTENSIONS:
            width = _EXTENSIONS[code]
            position += 2 + width + _number(data, position + 1, width)
        else:
            offset, length = _bytes_header(data, position)
            position = offset + length
        if position > len(data):
            raise IndexError(position)
    return position
