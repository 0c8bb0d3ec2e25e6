"""Quick looks into archives: the names and the metadata of a wheel or an sdist, without extracting anything.

Every read and every inflated byte is capped; whatever the bytes are, the answer is a value or None.
"""

import re
import struct
import zlib
from collections.abc import Iterator
from struct import Struct
from typing import NamedTuple

from pipcache.files import Window

_TAIL = 40 << 10
_EOCD_REACH = 22 + 0xFFFF
_DIRECTORY_LIMIT = 64 << 20
_MEMBER_LIMIT = 256 << 10

_EOCD = Struct("<4s4H2LH")
_EOCD64_LOCATOR = Struct("<4sLQL")
_EOCD64 = Struct("<4sQ2H2L4Q")
_ROW = Struct("<4s4B4HL2L5H2L")
_LOCAL = Struct("<4s5H3L2H")


class Member(NamedTuple):
    """One row of a ZIP's central directory."""

    name: str
    method: int
    compressed: int
    size: int
    header: int  # where its local header begins, in the file


class Metadata(NamedTuple):
    """What METADATA or PKG-INFO says of itself; None where it does not say."""

    name: str | None
    version: str | None
    summary: str | None = None
    requires_python: str | None = None


class WheelFacts(NamedTuple):
    """What a wheel says of itself. ``folder`` is its .dist-info folder's ``name-version``."""

    folder: str
    tags: tuple[str, ...]
    build: str | None
    generator: str | None
    metadata: Metadata | None


class SdistFacts(NamedTuple):
    """What an sdist says of itself. ``suffix`` is the usual ending for its compression."""

    folder: str
    suffix: str
    metadata: Metadata | None


class ZipDirectory:
    """A ZIP's central directory as one run of bytes, searched instead of parsed."""

    def __init__(self, window: Window) -> None:
        """Find the directory.

        Raises:
            ValueError: there is no end record, or it leads nowhere.
        """
        self._window = window
        self._tail_start = max(0, window.length - _TAIL)
        self._tail = window.read(self._tail_start, _TAIL)
        try:
            self._find_directory()
        except struct.error as error:
            raise ValueError("the end record is cut short") from error

    def _find_directory(self) -> None:
        place = self._end_record()
        fields = _EOCD.unpack(self._at(place, _EOCD.size))
        self.count, size, offset = fields[4], fields[5], fields[6]
        end = place
        if 0xFFFF in fields[1:5] or 0xFFFFFFFF in fields[5:7]:
            locator = self._at(place - _EOCD64_LOCATOR.size, _EOCD64_LOCATOR.size)
            if locator[:4] == b"PK\x06\x07":
                end = place - _EOCD64_LOCATOR.size - _EOCD64.size
                wide = _EOCD64.unpack(self._at(end, _EOCD64.size))
                if wide[0] != b"PK\x06\x06":
                    raise ValueError("the ZIP64 end record is not where it is said to be")
                self.count, size, offset = wide[7], wide[8], wide[9]
        start = end - size
        if start < 0 or size > _DIRECTORY_LIMIT:
            raise ValueError("the central directory is not where it is said to be")
        # bytes before the archive shift every offset; zipfile allows it and so does pip
        self.shift = start - offset
        self.start = start
        self.rows = self._at(start, size)
        if size and self.rows[:4] != b"PK\x01\x02":
            raise ValueError("the central directory is not where it is said to be")

    def _end_record(self) -> int:
        for reach in (_TAIL, _EOCD_REACH):
            start = max(0, self._window.length - reach)
            data = self._tail if reach == _TAIL else self._window.read(start, reach)
            index = data.rfind(b"PK\x05\x06")
            if index >= 0:
                return start + index
        raise ValueError("no end record: not a ZIP, or cut short")

    def _at(self, offset: int, size: int) -> bytes:
        index = offset - self._tail_start
        if index >= 0 and index + size <= len(self._tail):
            return self._tail[index : index + size]
        return self._window.read(offset, size)

    def members(self) -> Iterator[Member]:
        """Yield every row in order, the way zipfile walks them; ends at the first that is not one."""
        position = 0
        rows = self.rows
        while position + 46 <= len(rows) and rows[position : position + 4] == b"PK\x01\x02":
            member, position = self._row(position)
            yield member

    def _row(self, position: int) -> tuple[Member, int]:
        row = _ROW.unpack_from(self.rows, position)
        flags, method, compressed, size = row[5], row[6], row[10], row[11]
        name_end = position + 46 + row[12]
        raw = self.rows[position + 46 : name_end]
        header = row[18]
        if 0xFFFFFFFF in {compressed, size, header}:
            size, compressed, header = _zip64_fields(
                self.rows[name_end : name_end + row[13]], size, compressed, header
            )
        # general purpose bit 11: UTF-8, else the historical cp437 (APPNOTE.TXT 4.4.4)
        name = raw.decode("utf-8" if flags & 0x800 else "cp437", "replace")
        return Member(name, method, compressed, size, header + self.shift), name_end + row[13] + row[14]

    def last_ending(self, ending: str) -> Member | None:
        """Return the last member whose name ends so, by a search that a hostile directory may lead astray."""
        encoded = ending.encode()
        index = self.rows.rfind(encoded)
        start = self.rows.rfind(b"PK\x01\x02", 0, index) if index > 0 else -1
        if start < 0:
            return None
        length = int.from_bytes(self.rows[start + 28 : start + 30], "little")
        return self._row(start)[0] if start + 46 + length == index + len(encoded) else None

    def ending(self, *endings: str) -> list[Member]:
        """Return the members whose names end so, in directory order, as zipfile would find them."""
        if self.rows.count(b"PK\x01\x02") != self.count:
            return [member for member in self.members() if member.name.endswith(endings)]
        positions: set[int] = set()
        for ending in endings:
            encoded = ending.encode()
            index = self.rows.find(encoded)
            while index >= 0:
                start = self.rows.rfind(b"PK\x01\x02", 0, index)
                length = int.from_bytes(self.rows[start + 28 : start + 30], "little")
                if start >= 0 and start + 46 + length == index + len(encoded):
                    positions.add(start)
                index = self.rows.find(encoded, index + 1)
        return [self._row(position)[0] for position in sorted(positions)]

    def read(self, member: Member, limit: int = _MEMBER_LIMIT) -> bytes:
        """Return the first ``limit`` bytes of a member; fewer, or none, when it cannot be inflated."""
        local = self._at(member.header, _LOCAL.size)
        if len(local) < _LOCAL.size or local[:4] != b"PK\x03\x04":
            return b""
        name_length, extra_length = _LOCAL.unpack(local)[9:11]
        start = member.header + _LOCAL.size + name_length + extra_length
        data = self._at(start, min(member.compressed, limit))
        if member.method == 0:
            return data[:limit]
        if member.method != 8:
            return b""
        try:
            return zlib.decompressobj(-zlib.MAX_WBITS).decompress(data, limit)
        except zlib.error:
            return b""


def _zip64_fields(extra: bytes, size: int, compressed: int, header: int) -> tuple[int, int, int]:
    """Return (size, compressed, header) with the values of a ZIP64 extra field (APPNOTE.TXT 4.5.3)."""
    position = 0
    while position + 4 <= len(extra):
        kind = int.from_bytes(extra[position : position + 2], "little")
        length = int.from_bytes(extra[position + 2 : position + 4], "little")
        if kind == 1:
            values = iter(
                int.from_bytes(extra[at : at + 8], "little")
                for at in range(position + 4, position + 4 + length - 7, 8)
            )
            size = next(values, size) if size == 0xFFFFFFFF else size
            compressed = next(values, compressed) if compressed == 0xFFFFFFFF else compressed
            header = next(values, header) if header == 0xFFFFFFFF else header
            break
        position += 4 + length
    return size, compressed, header


def header_fields(data: bytes) -> dict[str, list[str]]:
    """Return the fields before the first blank line, names lower-case, values unfolded no further."""
    text = data.decode("utf-8", "replace").removeprefix("\ufeff")
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    fields: dict[str, list[str]] = {}
    for line in text.partition("\n\n")[0].split("\n"):
        name, colon, value = line.partition(":")
        if colon and not name[:1].isspace():
            fields.setdefault(name.lower(), []).append(value.strip())
    return fields


def parse_metadata(data: bytes) -> Metadata | None:
    """Return what a METADATA or PKG-INFO file says of itself; None when it is not one."""
    fields = header_fields(data[: 64 << 10])
    if not fields.get("metadata-version") and not (fields.get("name") and fields.get("version")):
        return None

    def first(name: str) -> str | None:
        return next((value for value in fields.get(name, ()) if value), None)

    return Metadata(first("name"), first("version"), first("summary"), first("requires-python"))


def read_wheel(directory: ZipDirectory, *, deep: bool) -> WheelFacts | None:
    """Return what the wheel in ``directory`` says of itself; None when it has no top-level .dist-info/WHEEL.

    Of several, the last counts, as for zipfile and therefore for pip. METADATA is read only when ``deep``.
    """
    quick = None if deep else directory.last_ending(".dist-info/WHEEL")
    members = [quick] if quick else directory.ending(".dist-info/WHEEL", ".dist-info/METADATA")
    tops = {member.name: member for member in members if member.name.count("/") == 1}
    wheel = next((name for name in reversed(tops) if name.endswith("/WHEEL")), None)
    if wheel is None:
        return None
    fields = header_fields(directory.read(tops[wheel], 16 << 10))
    metadata = None if quick else tops.get(wheel.removesuffix("WHEEL") + "METADATA")
    return WheelFacts(
        folder=wheel.removesuffix(".dist-info/WHEEL"),
        tags=tuple(fields.get("tag", ())),
        build=next(iter(fields.get("build", ())), None) or None,
        generator=next(iter(fields.get("generator", ())), None) or None,
        metadata=None if metadata is None else parse_metadata(directory.read(metadata, 64 << 10)),
    )


def read_zip_sdist(directory: ZipDirectory) -> SdistFacts | None:
    """Return what a ``.zip`` sdist says of itself; None when it has no single top folder."""
    first = next(directory.members(), None)
    if first is None or "/" not in first.name:
        return None
    folder = first.name.partition("/")[0]
    name = f"{folder}/PKG-INFO"
    info = next((member for member in directory.ending("/PKG-INFO") if member.name == name), None)
    if info is None and not any(member.name == f"{folder}/setup.py" for member in directory.ending("/setup.py")):
        return None
    return SdistFacts(folder, ".zip", None if info is None else parse_metadata(directory.read(info, 64 << 10)))


_SUFFIX_OF_MAGIC = ((b"\x1f\x8b", ".tar.gz"), (b"BZh", ".tar.bz2"), (b"\xfd7zXZ\x00", ".tar.xz"))


def _inflate(suffix: str, data: bytes, limit: int) -> bytes:
    if suffix == ".tar.gz":
        return zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(data, limit)
    if suffix == ".tar.bz2":
        import bz2  # noqa: PLC0415 - rare, and not worth every start

        return bz2.BZ2Decompressor().decompress(data, limit)
    if suffix == ".tar.xz":
        import lzma  # noqa: PLC0415 - rare, and not worth every start

        try:
            return lzma.LZMADecompressor(memlimit=128 << 20).decompress(data, limit)
        except lzma.LZMAError as error:
            raise ValueError("not xz") from error
    return data[:limit]


def is_tar(block: bytes) -> bool:
    """True when ``block`` begins with a tar header whose checksum is right (POSIX.1-2001 ustar)."""
    if len(block) < 512:
        return False
    try:
        stated = int(block[148:156].strip(b" \x00") or b"0", 8)
    except ValueError:
        return False
    return stated == sum(block[:148]) + 32 * 8 + sum(block[156:512]) and stated > 256


def tar_members(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield (name, as much of its content as is there) of the members in the first bytes of a tar."""
    position = 0
    override: str | None = None
    while is_tar(block := data[position : position + 512]):
        try:
            size = int(block[124:136].strip(b" \x00") or b"0", 8)
        except ValueError:
            return
        content = data[position + 512 : position + 512 + size]
        kind = block[156:157]
        if kind == b"L":
            override = content.rstrip(b"\x00").decode("utf-8", "surrogateescape")
        elif kind == b"x":
            override = _pax_path(content) or override
        elif kind != b"g":
            name = block[:100].partition(b"\x00")[0]
            prefix = block[345:500].partition(b"\x00")[0] if block[257:263] == b"ustar\x00" else b""
            whole = (prefix + b"/" if prefix else b"") + name
            yield override or whole.decode("utf-8", "surrogateescape"), content
            override = None
        position += 512 + (size + 511) // 512 * 512


def _pax_path(content: bytes) -> str | None:
    match = re.search(rb"(?:^|\n)\d+ path=([^\n]*)\n", content)
    return match[1].decode("utf-8", "surrogateescape") if match else None


_GLANCE = (4 << 10, 8 << 10)
_LOOK = (256 << 10, 4 << 20)


def read_tar_sdist(window: Window, *, deep: bool) -> SdistFacts | None:
    """Return what a tar sdist says of itself; None when it is no tar.

    Reads the first members only: as far as PKG-INFO when ``deep``, else as far as the top folder's name.
    """
    stored, plain = _LOOK if deep else _GLANCE
    data = window.read(0, stored)
    suffix = next((suffix for magic, suffix in _SUFFIX_OF_MAGIC if data.startswith(magic)), ".tar")
    try:
        members = tar_members(_inflate(suffix, data, plain))
    except (OSError, ValueError, EOFError, zlib.error):
        return None
    folder: str | None = None
    for name, content in members:
        path = name.removeprefix("./")
        folder = folder or path.partition("/")[0]
        if folder and not deep:
            break
        if folder and path == f"{folder}/PKG-INFO":
            return SdistFacts(folder, suffix, parse_metadata(content))
    return SdistFacts(folder, suffix, None) if folder else None
