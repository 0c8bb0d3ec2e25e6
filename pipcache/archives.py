"""Quick looks into archives: the names and the metadata of a wheel or an sdist, without extracting anything.

Every read and every inflated byte is capped; whatever the bytes are, the answer is a value or None.
"""

import re
import zlib
from collections.abc import Callable, Iterator
from typing import NamedTuple

from pipcache.files import Window
from pipcache.zips import ZipDirectory


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
    if quick is not None and quick.name.count("/") != 1:
        quick = None  # a vendored one; the wheel's own stands elsewhere
    members = [quick] if quick else directory.ending(".dist-info/WHEEL", ".dist-info/METADATA")
    tops = {member.name: member for member in members if member.name.count("/") == 1}
    wheel = next((name for name in reversed(tops) if name.endswith("/WHEEL")), None)
    if wheel is None:
        return None
    fields = header_fields(directory.read(tops[wheel], 16 << 10))
    metadata = None if not deep else tops.get(wheel.removesuffix("WHEEL") + "METADATA")
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
    found = {member.name: member for member in directory.ending("/PKG-INFO", "/setup.py", "/pyproject.toml")}
    if not any(f"{folder}/{name}" in found for name in ("PKG-INFO", "setup.py", "pyproject.toml")):
        return None
    info = found.get(f"{folder}/PKG-INFO")
    return SdistFacts(folder, ".zip", None if info is None else parse_metadata(directory.read(info, 64 << 10)))


_SUFFIX_OF_MAGIC = ((b"\x1f\x8b", ".tar.gz"), (b"BZh", ".tar.bz2"), (b"\xfd7zXZ\x00", ".tar.xz"))


def _plain(window: Window, suffix: str, stored: int, limit: int) -> bytes:
    """Return up to ``limit`` decompressed bytes from the window's first ``stored``; fewer where it breaks off."""
    pieces: list[bytes] = []
    size = 0
    decompress = _decompressor(suffix)
    for data in window.part(0, stored).chunks(4 << 10):
        try:
            piece = decompress(data, limit - size)
        except (OSError, ValueError, EOFError, zlib.error):
            break
        pieces.append(piece)
        size += len(piece)
        if size >= limit:
            break
    return b"".join(pieces)


def _decompressor(suffix: str) -> Callable[[bytes, int], bytes]:
    """Return a function from (stored bytes, most bytes wanted) to plain bytes, to be called piece by piece."""
    if suffix == ".tar.gz":
        return zlib.decompressobj(zlib.MAX_WBITS | 16).decompress
    if suffix == ".tar.bz2":
        import bz2  # noqa: PLC0415 - rare, and not worth every start

        return bz2.BZ2Decompressor().decompress
    if suffix == ".tar.xz":
        import lzma  # noqa: PLC0415 - rare, and not worth every start

        xz = lzma.LZMADecompressor(memlimit=128 << 20)

        def decompress(data: bytes, most: int) -> bytes:
            try:
                return xz.decompress(data, most)
            except lzma.LZMAError as error:
                raise ValueError("not xz") from error

        return decompress
    return lambda data, most: data[:most]


def is_tar(block: bytes) -> bool:
    """True when ``block`` begins with a tar header whose checksum is right (POSIX.1-2001 ustar)."""
    if len(block) < 512:
        return False
    try:
        stated = int(block[148:156].strip(b" \x00") or b"0", 8)
    except ValueError:
        return False
    return stated == sum(block[:148]) + 32 * 8 + sum(block[156:512]) and stated > 256


_WITHOUT_CONTENT = frozenset({b"1", b"2", b"3", b"4", b"5", b"6"})  # links, devices, folders, pipes
_ABOUT_OTHERS = frozenset({b"g", b"K"})  # pax headers for all that follows; a long link of the next member


def tar_members(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield (name, as much of its content as is there) of the members in the first bytes of a tar."""
    position = 0
    override: str | None = None
    while is_tar(block := data[position : position + 512]):
        try:
            size = int(block[124:136].strip(b" \x00") or b"0", 8)
        except ValueError:
            return
        if size < 0:
            return
        kind = block[156:157]
        if kind in _WITHOUT_CONTENT:
            size = 0
        content = data[position + 512 : position + 512 + size]
        if kind == b"L":
            override = content.rstrip(b"\x00").decode("utf-8", "surrogateescape")
        elif kind == b"x":
            override = _pax_path(content) or override
        elif kind not in _ABOUT_OTHERS:
            name = block[:100].partition(b"\x00")[0]
            prefix = block[345:500].partition(b"\x00")[0] if block[257:263] == b"ustar\x00" else b""
            whole = (prefix + b"/" if prefix else b"") + name
            yield override or whole.decode("utf-8", "surrogateescape"), content
            override = None
        position += 512 + (size + 511) // 512 * 512


def _pax_path(content: bytes) -> str | None:
    match = re.search(rb"(?:^|\n)\d+ path=([^\n]*)\n", content)
    return match[1].decode("utf-8", "surrogateescape") if match else None


_GLANCE = 3 << 10
_LOOK = 4 << 20
_REACH = 2 << 20  # bzip2 gives nothing before its first block, of up to 900 kB, is whole


def read_tar_sdist(window: Window, *, deep: bool) -> SdistFacts | None:
    """Return what a tar sdist says of itself; None when it is no tar.

    Reads the first members only: as far as PKG-INFO when ``deep``, else as far as the top folder's name.
    """
    magic = window.read(0, 6)
    suffix = next((suffix for start, suffix in _SUFFIX_OF_MAGIC if magic.startswith(start)), ".tar")
    folder: str | None = None
    for name, content in tar_members(_plain(window, suffix, _REACH, _LOOK if deep else _GLANCE)):
        path = name
        while path.startswith("./"):
            path = path[2:]
        if path in {"", "."}:
            continue
        folder = folder or path.partition("/")[0]
        if folder and not deep:
            break
        if folder and path == f"{folder}/PKG-INFO":
            return SdistFacts(folder, suffix, parse_metadata(content))
    return SdistFacts(folder, suffix, None) if folder else None
