"""ZIPs and tars in which every field can lie, and wheels whose RECORD says anything."""

from __future__ import annotations

import base64
import bz2
import hashlib
import lzma
import struct
import zlib
from typing import TYPE_CHECKING, NamedTuple

from tests.support import archives

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

DEFLATED, STORED, BZIP2, LZMA = 8, 0, 12, 14
NO_LIES: Mapping[str, int | bytes] = {}

END = b"PK\x05\x06"
EMPTY_END = END + bytes(18)

_LOCAL = (("sig", 4), ("needed", 2), ("flags", 2), ("method", 2), ("time", 2), ("date", 2), ("crc", 4))
_SIZES = (("compressed", 4), ("size", 4), ("name length", 2), ("extra length", 2))
LOCAL = (*_LOCAL, *_SIZES)
ROW = (
    *(_LOCAL[0], ("made", 2), *_LOCAL[1:], *_SIZES),
    *(("comment length", 2), ("disk", 2), ("internal", 2), ("external", 4), ("header", 4)),
)
RECORD = (
    *(("sig", 4), ("disk", 2), ("directory disk", 2), ("here", 2), ("count", 2)),
    *(("directory size", 4), ("directory", 4), ("comment length", 2)),
)
"""The fields of the three records (APPNOTE.TXT 4.3.7, 4.3.12, 4.3.16) with their widths, little-endian."""


class Part(NamedTuple):
    """A member; what its headers say of it may be overruled field by field in ``local`` and in ``row``."""

    name: bytes
    content: bytes = b""
    method: int = DEFLATED
    flags: int = 0
    local: Mapping[str, int | bytes] = NO_LIES
    row: Mapping[str, int | bytes] = NO_LIES
    stored: bytes | None = None  # its bytes in the archive, where they are not its content, compressed
    before: bytes = b""  # stands before its local header
    behind: bytes = b""  # stands behind its bytes
    is_listed: bool = True
    local_extra: bytes = b""
    row_extra: bytes = b""

    @property
    def data(self) -> bytes:
        """The bytes in the archive."""
        return _compressed(self.content, self.method) if self.stored is None else self.stored


def _compressed(content: bytes, method: int) -> bytes:
    match method:
        case 0:
            return content
        case 8:
            packer = zlib.compressobj(9, zlib.DEFLATED, -15)
            return packer.compress(content) + packer.flush()
        case 12:
            return bz2.compress(content)
        case 14:
            packed = lzma.compress(content, lzma.FORMAT_ALONE)
            return b"\x09\x04\x05\x00" + packed[:5] + packed[13:]
        case _:
            return content


def write_zip(
    parts: Sequence[Part],
    *,
    before_directory: bytes = b"",
    behind_rows: bytes = b"",
    end: Mapping[str, int | bytes] = NO_LIES,
    comment: bytes = b"",
) -> bytes:
    """A ZIP of these members, whatever they say of themselves."""
    out, rows = bytearray(), bytearray()
    for part in parts:
        out += part.before
        fields: dict[str, int | bytes] = {
            "needed": 20,
            "flags": part.flags,
            "method": part.method,
            "time": 0x1234,
            "date": 0x5678,
            "crc": zlib.crc32(part.content),
            "compressed": len(part.data),
            "size": len(part.content),
            "name": part.name,
            "extra": b"",
        }
        about: dict[str, int | bytes] = {
            "made": 0x0314,
            "comment": b"",
            "external": 0o100644 << 16,
            "header": len(out),
        }
        out += _record(b"PK\x03\x04", LOCAL, {**fields, "extra": part.local_extra, **part.local})
        out += part.data + part.behind
        if part.is_listed:
            rows += _record(b"PK\x01\x02", ROW, {**fields, **about, "extra": part.row_extra, **part.row})
    out += before_directory
    count = sum(part.is_listed for part in parts)
    lengths: dict[str, int | bytes] = {
        "here": count,
        "count": count,
        "directory size": len(rows) + len(behind_rows),
        "directory": len(out),
        "comment": comment,
    }
    return bytes(out + rows + behind_rows + _record(END, RECORD, {**lengths, **end}))


def _record(signature: bytes, layout: Sequence[tuple[str, int]], values: Mapping[str, int | bytes]) -> bytes:
    """A record with its variable parts behind; lengths are true unless they are given."""
    lengths = {f"{key} length": len(value) for key, value in values.items() if isinstance(value, bytes)}
    fields = {**lengths, **values}
    out = bytearray(signature)
    for field, width in layout[1:]:
        value = fields.get(field, 0)
        assert isinstance(value, int)
        out += value.to_bytes(width, "little")
    for key in ("name", "extra", "comment"):
        value = values.get(key, b"")
        assert isinstance(value, bytes)
        out += value
    return bytes(out)


def descriptor(content: bytes, compressed: int, *, signed: bool = True, wide: bool = False) -> bytes:
    """What stands behind a member whose sizes were not known before (APPNOTE.TXT 4.3.9)."""
    form = "<LQQ" if wide else "<LLL"
    return (b"PK\x07\x08" if signed else b"") + struct.pack(form, zlib.crc32(content), compressed, len(content))


def extra(kind: int, data: bytes) -> bytes:
    """One extra field."""
    return struct.pack("<HH", kind, len(data)) + data


def fields_of(data: bytes) -> Iterator[tuple[int, int, str]]:
    """Every field of an honest ZIP without descriptors: where it begins and ends, and what it is.

    A plain reading of the layout, front to back, so that a test can say which field a bit belongs to.
    """
    place = 0
    records = {b"PK\x03\x04": ("local", LOCAL), b"PK\x01\x02": ("row", ROW), END: ("end", RECORD)}
    while place < len(data):
        record, layout = records[data[place : place + 4]]
        values = {}
        for field, width in layout:
            values[field] = int.from_bytes(data[place : place + width], "little")
            yield place, place + width, f"{record} {field}"
            place += width
        for what in ("name", "extra", "comment"):
            length = values.get(f"{what} length", 0)
            yield place, place + length, f"{record} {what}"
            place += length
        if record == "local":
            yield place, place + values["compressed"], "data"
            place += values["compressed"]


def digest(data: bytes, algorithm: str = "sha256") -> str:
    """A digest as RECORD has it."""
    value = hashlib.new(algorithm, data).digest()
    return f"{algorithm}={base64.urlsafe_b64encode(value).rstrip(b'=').decode()}"


STEM = "foo-1.0"
INFO = f"{STEM}.dist-info"
WHEEL_NAME = f"{STEM}-py3-none-any.whl"


def content_of(members: Mapping[str, bytes] | None = None) -> dict[str, bytes]:
    """The members of a wheel, but for RECORD."""
    return {
        "foo/__init__.py": b"version = '1.0'\n",
        **(members or {}),
        f"{INFO}/METADATA": archives.metadata("foo", "1.0"),
        f"{INFO}/WHEEL": b"Wheel-Version: 1.0\nGenerator: fixture\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }


def record_of(content: Mapping[str, bytes]) -> bytes:
    """A RECORD that is right."""
    rows = [f"{_quoted(path)},{digest(data)},{len(data)}\n" for path, data in content.items()]
    return "".join([*rows, f"{INFO}/RECORD,,\n"]).encode()


def _quoted(path: str) -> str:
    doubled = path.replace('"', '""')
    return f'"{doubled}"' if set(path) & set(',"\n\r') else path


def wheel_parts(members: Mapping[str, bytes] | None = None, record: bytes | None = None) -> list[Part]:
    """The members of an honest wheel, to be lied about; `record` replaces its RECORD."""
    content = content_of(members)
    record_data = record_of(content) if record is None else record
    return [
        Part(path.encode(), data, flags=0 if path.isascii() else 0x800)
        for path, data in {**content, f"{INFO}/RECORD": record_data}.items()
    ]


def wheel(members: Mapping[str, bytes] | None = None, record: bytes | None = None) -> bytes:
    """An honest wheel."""
    return write_zip(wheel_parts(members, record))


def tar_header(name: bytes, size: int, kind: bytes = b"0", *, fields: Mapping[int, bytes] | None = None) -> bytes:
    """A header of a tar with a true checksum; `fields` stand at their offsets, whatever belongs there."""
    block = bytearray(512)
    for offset, value in {0: name, 100: b"0000644\0", 124: b"%011o\0" % size, 156: kind, **(fields or {})}.items():
        block[offset : offset + len(value)] = value
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def tar_member(
    name: bytes, content: bytes, kind: bytes = b"0", *, fields: Mapping[int, bytes] | None = None
) -> bytes:
    """A header and its content, filled up to whole blocks."""
    return tar_header(name, len(content), kind, fields=fields) + content + bytes(-len(content) % 512)


def pax_record(key: str, value: str) -> bytes:
    """One record of a pax header, which begins with its own length."""
    rest = f" {key}={value}\n".encode()
    length = len(rest) + 1
    while len(str(length)) + len(rest) != length:
        length = len(str(length)) + len(rest)
    return str(length).encode() + rest


TAR_END = bytes(1024)
