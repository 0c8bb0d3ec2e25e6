"""What uv notes of a distribution: the pointer to an unpacked archive, and the metadata that its resolver read.

A pointer is a MessagePack value (uv ``uv-distribution``: ``Archive``, ``Revision``, ``LocalArchivePointer``). In
``.http`` and ``.msgpack`` files the policy of the HTTP response follows it, in the format of rkyv; ``.rev`` files
have none. The value has changed with the releases, and every form that uv 0.2 to 0.13 wrote is read here.
"""

import re
import struct
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import msgpack

from pipcache.util.hashes import Digest, algorithm_of, hex_of
from pipcache.util.urls import without_user

POINTER_LIMIT = 64 << 10
"""Bytes of a pointer that are read; real ones have less than 1,500."""

METADATA_START = 4 << 10
"""Bytes of a ``.msgpack`` file that hold the name and the version; the requirements behind them may be long."""

_MOST_ITEMS = 64
"""Items of an array or a map in a pointer; real ones have six at most."""

_LONGEST_TEXT = 4 << 10

_ID = r"[A-Za-z0-9_-]{16,21}"

_LINK = re.compile(rf"(?s)(?:.*[/\\])?archive-v([0-9]{{1,4}})[/\\]({_ID})")


class Pointer(NamedTuple):
    """What uv noted when it downloaded a distribution, or took one from a folder.

    Attributes:
        archive_id: the name of the folder that it was unpacked to. For a wheel the folder is in
            ``archive-v<archive_version>``, for an sdist it is beside the pointer.
        archive_version: the number in the name of the bucket of archives.
        filename: the name of the wheel; None for sdists, and where the release of uv did not note it.
        noted_digests: digests of the file that uv unpacked and did not keep: nobody can compute them again.
        size: bytes of that file; None where the release of uv did not note it.
        url: what was downloaded, without user and password; None for files that were not.
    """

    archive_id: str
    archive_version: int = 0
    filename: str | None = None
    noted_digests: tuple[Digest, ...] = ()
    size: int | None = None
    url: str | None = None


class Link(NamedTuple):
    """The archive that a link of uv's leads to, by the link's text. The link itself is never followed."""

    archive_id: str
    archive_version: int


class Metadata(NamedTuple):
    """The name and the version of a distribution, as its metadata has them."""

    name: str
    version: str


def is_archive_id(text: str) -> bool:
    """Return whether a text is what uv names archives by: 16 or 21 characters of URL-safe base64."""
    return re.fullmatch(_ID, text) is not None


def read_link(target: str) -> Link | None:
    r"""Return the archive that a link leads to; None where it leads elsewhere.

    Args:
        target: the text of the link, relative or absolute; on Windows the content of the file that stands for it
            (uv ``uv-cache``: ``Link``).
    """
    match = _LINK.fullmatch(target)
    return None if match is None else Link(match[2], int(match[1]))


def read_pointer(data: bytes) -> Pointer | None:
    """Return the pointer in a ``.http`` or ``.rev`` file; None where the bytes are none, or are cut.

    uv takes a pointer that it cannot read for none, and downloads the distribution again.

    Args:
        data: the whole file. One longer than ``POINTER_LIMIT`` is no pointer.
    """
    if len(data) > POINTER_LIMIT:
        return None
    unpacker = _unpacker(data)
    try:
        value: object = unpacker.unpack()
    except _BROKEN:
        return None
    # in a .rev file what uv saw of the local file stands before the pointer itself
    is_local = isinstance(value, list) and len(value) > 1 and isinstance(value[0], (list, dict))
    pointer = _pointer_in(value[1] if is_local and isinstance(value, list) else value)
    if pointer is None or is_local:
        return pointer
    return pointer._replace(url=_url_in_policy(data, unpacker.tell()))


def read_metadata(data: bytes) -> Metadata | None:
    """Return the name and the version in a ``.msgpack`` file; None where the bytes hold none.

    Args:
        data: the file, or its first ``METADATA_START`` bytes.
    """
    unpacker = _unpacker(data[:METADATA_START])
    try:
        length: int = unpacker.read_array_header()
        values: list[object] = [unpacker.unpack() for _ in range(min(length, 2))]
    except _BROKEN:
        return None
    texts = [value for value in values if isinstance(value, str) and value]
    return Metadata(*texts) if len(texts) == 2 else None


_BROKEN = (ValueError, msgpack.UnpackException, RecursionError, OverflowError, TypeError)
"""What msgpack raises for bytes that are cut, too deep, too long, or no MessagePack."""


def _unpacker(data: bytes) -> msgpack.Unpacker:
    """Return an unpacker of bytes that a stranger may have written: what it builds is small."""
    unpacker = msgpack.Unpacker(
        max_buffer_size=POINTER_LIMIT,
        max_str_len=_LONGEST_TEXT,
        max_bin_len=_LONGEST_TEXT,
        max_array_len=_MOST_ITEMS,
        max_map_len=_MOST_ITEMS,
        max_ext_len=0,
    )
    unpacker.feed(data)
    return unpacker


def _pointer_in(value: object) -> Pointer | None:
    """Return the pointer that was unpacked: a map, or an array whose items are in the order of the map's."""
    fields: Mapping[object, object]
    if isinstance(value, list):
        fields = dict(zip(_names_of(value), value, strict=False))
    elif isinstance(value, dict):
        fields = value
    else:
        return None
    archive_id, digests = fields.get("id"), fields.get("hashes")
    if not isinstance(archive_id, str) or not is_archive_id(archive_id) or not isinstance(digests, list):
        return None
    version, filename = fields.get("version"), fields.get("filename")
    return Pointer(
        archive_id,
        version if isinstance(version, int) and 0 <= version < 10_000 else 0,
        filename if isinstance(filename, str) and re.fullmatch(r"[^/\\\0]{1,255}", filename) else None,
        tuple(dict.fromkeys(_digests_in(digests))),
        _size_in(fields.get("size")),
    )


def _names_of(values: list[object]) -> tuple[str, ...]:
    """Return the names of an array's items: of a wheel's pointer the third is its file name."""
    if len(values) > 3 or any(isinstance(value, str) for value in values[2:]):
        return "id", "hashes", "filename", "version", "size"
    return "id", "hashes", "size"


def _size_in(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _digests_in(values: list[object]) -> Iterator[Digest]:
    """Yield digests; each is ``[algorithm, hex]``, since uv 0.13 ``{algorithm: hex}``."""
    for value in values:
        pairs = list(value.items()) if isinstance(value, dict) else [value]
        for pair in pairs:
            match pair:
                case (str(name), str(text)) if (algorithm := _algorithm(name, text)) is not None:
                    digest = hex_of(algorithm, text)
                    if digest is not None:
                        yield algorithm, digest


def _algorithm(name: str, text: str) -> str | None:
    """Return the algorithm of a digest; uv's ``Blake2b`` is that of 256 bits (uv ``uv-extract``: ``hash.rs``)."""
    algorithm = algorithm_of(name)
    return "blake2b_256" if algorithm == "blake2b" and len(text) == 64 else algorithm


_REFERENCE = struct.Struct("<Ii")
"""A text in rkyv: its length, and where it begins, counted from the reference."""

_MOST_URLS = 4
"""Beginnings of URLs that are tried; real policies have the one of what was requested first."""


def _url_in_policy(data: bytes, start: int) -> str | None:
    """Return the URL in the policy behind a pointer, whose length rkyv states; None where there is none.

    What stands beside it in the file may be other text, so it does not end where its characters end.
    """
    begin = start
    for _ in range(_MOST_URLS):
        begin = data.find(b"http", begin)
        if begin < 0:
            return None
        for position in range(begin + 8, min(len(data), begin + _LONGEST_TEXT) - _REFERENCE.size + 1):
            length, distance = _REFERENCE.unpack_from(data, position)
            if position + distance == begin and (url := _text_of(data, begin, position, length)) is not None:
                return url
        begin += 4
    return None


def _text_of(data: bytes, begin: int, end: int, length: int) -> str | None:
    """Return the URL that begins at an offset, no longer than up to the reference to it."""
    # rkyv 0.8, unlike 0.7, puts a mark into the two bits above the lowest six: what fits is shorter then
    for candidate in (length, length & 0x3F | length >> 8 << 6):
        if 8 < candidate <= end - begin:
            text = data[begin : begin + candidate]
            if re.fullmatch(rb"https?://[!-~]+", text):
                return without_user(text.decode("ascii"))
    return None
