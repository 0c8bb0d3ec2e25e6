"""The head of an HTTP entry, as CacheControl wrote it, decoded.

The file begins with ``cc=<n>,``, and a payload follows (pip ``_vendor/cachecontrol/serialize.py``). Only ``cc=4``
is decoded, and only what a pip can read: ``store/fields.py`` has the rules for the fields.
"""

import codecs
import re
from collections.abc import Callable, Mapping
from enum import Enum, auto
from typing import NamedTuple

import msgpack

from pipcache.store.fields import Fields, UnusableFields, read_fields, stated_length
from pipcache.util.content_coding import codings
from pipcache.util.files import Window

HEAD_LIMIT = 1 << 20
"""Bytes a head (all but the body) may have; real ones have about one thousand."""

_OLD_FRAMES = {
    b"cc=0,": "written before cachecontrol 0.10; no pip release wrote it",
    b"cc=1,": "written by pip 6.0-6.0.6 as a pickle; no pip since 23.3 reads it",
    b"cc=2,": "written by pip 6.0.7-9; no pip since 23.3 reads it",
    b"cc=3,": "written by development versions between pip 9 and 10; no pip reads it",
}

_OTHER_PAYLOADS = frozenset({b"cc=1,", b"cc=2,", b"cc=3,"})
"""The frames whose payload is, or may be, another than that of ``cc=4``."""

_FRAME = b"cc=4,"

_FIRST_READ = 16 << 10


_PARTIAL = 206
"""The status of a part of a file. pip stores none, and takes one that is stored for the whole file."""


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

    Attributes:
        status: the status code; 0 where the head has none.
        reason: the reason phrase.
        headers: the response's headers, with lower-case names.
        vary: the request's headers that the response varies on, and the values they had, which may be secrets.
        body: (offset, length) of the body inside the same file; None in ``http-v2``, where it is in another file.
        doubts: why some pips cannot read the head and others can, as text to show.
    """

    status: int
    reason: str
    headers: Mapping[str, str]
    vary: Mapping[str, str | None]
    body: tuple[int, int] | None
    doubts: tuple[str, ...] = ()

    @property
    def was_resumed(self) -> bool:
        """Whether pip 25.2+ put the download together from several responses (pip ``network/download.py``).

        pip makes up such a response: it has no reason, and the request has no headers.
        """
        return self.reason == "None" and not any(self.vary.values())

    @property
    def encoding(self) -> str | None:
        """The ``Content-Encoding`` that pip undoes where it reads a page; None where there is nothing to undo."""
        stated = self.headers.get("content-encoding")
        return stated if codings(stated) else None

    @property
    def stated_length(self) -> int | None:
        """The bytes that the body has by its ``Content-Length``; None where no header says.

        They are counted as they were sent, in their coding (RFC 9110, 8.6). Beside ``Transfer-Encoding`` the
        header says nothing (RFC 9112, 6.3).
        """
        if self.headers.get("transfer-encoding"):
            return None
        return stated_length(self.headers.get("content-length"))

    @property
    def whole_length(self) -> int | None:
        """The bytes of the whole file where the body is a part of it, by ``Content-Range`` (RFC 9110, 14.4)."""
        if self.status != _PARTIAL:
            return None
        return stated_length(self.headers.get("content-range", "").rpartition("/")[2])

    @property
    def is_redirect(self) -> bool:
        """Whether it leads pip to another URL, so that pip never uses the body (RFC 9110, 15.4).

        An empty ``Location`` leads nowhere: pip takes the response as it is (``_vendor/requests/sessions.py``).
        """
        return self.status in {301, 308} and bool(self.headers.get("location"))


def decode_head(data: bytes) -> Head:
    """Decode a head of ``http-v2``, whose body is in another file.

    Raises:
        MalformedResponse: it is not a ``cc=4`` response; the reason says what it is.
    """
    _check_frame(data, decode_head)
    return _head_of(data[len(_FRAME) :], None)


def read_inline(window: Window) -> Head:
    """Decode the head in a file of ``http``, and find the body in the same file without reading it.

    Raises:
        MalformedResponse: it is not a ``cc=4`` response; the reason says what it is.
    """
    _check_frame(window.read(0, _FIRST_READ), lambda _framed: _read_joint(window))
    return _read_joint(window)


def _read_joint(window: Window) -> Head:
    """Decode the head and find the body of a file of ``http``, whatever frame it has."""
    try:
        try:
            data = window.read(0, _FIRST_READ)
            body = _find_body(data)
        except msgpack.OutOfData:
            data = window.read(0, HEAD_LIMIT)
            body = _find_body(data)
    except msgpack.OutOfData:
        raise MalformedResponse("the stored response is cut short") from None
    if body is None:
        raise MalformedResponse("the stored response has no 'body'")
    end = body.offset + body.length
    if end > window.length:
        raise MalformedResponse("the stored response is cut short inside its body")
    if body.is_text and not _is_utf8(window.part(body.offset, body.length)):
        raise MalformedResponse("the stored response does not decode: its body is text, and no UTF-8")
    # the head with an empty body in the place of the real body
    head = data[len(_FRAME) : body.header] + b"\xc4\x00" + window.read(end, HEAD_LIMIT)
    return _head_of(head, (body.offset, body.length))


def _is_utf8(window: Window) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for piece in window.chunks():
            decoder.decode(piece)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _check_frame(data: bytes, read: Callable[[bytes], Head]) -> None:
    """Raise ``MalformedResponse`` unless ``data`` begins with the frame that is decoded.

    Args:
        data: the first bytes of the file.
        read: decodes the payload as if it were in that frame; it is given ``data`` with the frame.
    """
    if data[:5] == _FRAME:
        return
    if not data:
        raise MalformedResponse("the file is empty")
    numbered = re.match(rb"cc=\d{1,4},", data)
    if numbered is not None and data[:5] not in _OTHER_PAYLOADS and _is_readable(_FRAME + data[5:], read):
        # no writer gives the same payload another number: a bit has turned
        raise MalformedResponse("its number is not that of its serialisation, so that no pip reads it")
    if data[:5] in _OLD_FRAMES:
        raise MalformedResponse(_OLD_FRAMES[data[:5]], old=True)
    if data[:3] == b"cc=":
        raise MalformedResponse("a serialisation no pip is known to write", new=numbered is not None)
    raise MalformedResponse("not a response cachecontrol stored")


def _is_readable(framed: bytes, read: Callable[[bytes], Head]) -> bool:
    try:
        read(framed)
    except MalformedResponse:
        return False
    return True


def _head_of(payload: bytes, body: tuple[int, int] | None) -> Head:
    try:
        document: object = msgpack.unpackb(
            payload, raw=False, object_pairs_hook=None if body is None else _without_doubles
        )
        fields = read_fields(document, is_joint=body is not None)
    except UnusableFields as error:
        raise MalformedResponse(error.reason) from None
    except (ValueError, TypeError, OverflowError, RecursionError, msgpack.UnpackException) as error:
        raise _undecodable(error) from None
    return _as_head(fields, body)


def _as_head(fields: Fields, body: tuple[int, int] | None) -> Head:
    return Head(fields.status, fields.reason, fields.headers, fields.vary, body, fields.doubts)


def _without_doubles(pairs: list[tuple[object, object]]) -> dict[object, object]:
    """Return the pairs of a map; refuse a name that is there twice: it could hide a second body."""
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise UnusableFields("the stored response has two fields of the same name")
    return fields


def _undecodable(error: Exception) -> MalformedResponse:
    return MalformedResponse(f"the stored response does not decode: {type(error).__name__}")


class _Body(NamedTuple):
    """Where the body of a response is in its file: its msgpack header, its bytes, and how many these are.

    ``is_text``: it is stored as text, which pip encodes again.
    """

    header: int
    offset: int
    length: int
    is_text: bool


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
                return _body_at(payload, unpacker.tell())
            _skip(unpacker)
    return None


def _body_at(payload: bytes, header: int) -> _Body:
    """Return where the body is whose msgpack header is at ``header``; pip takes nil for an empty body."""
    kind = payload[header : header + 1]
    offset, length = (header + 1, 0) if kind == b"\xc0" else _content_span(payload, header)
    is_text = kind not in _NIL_OR_BYTES
    return _Body(len(_FRAME) + header, len(_FRAME) + offset, length, is_text)


_NIL_OR_BYTES = frozenset({b"\xc0", b"\xc4", b"\xc5", b"\xc6"})


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
