"""What a wheel or an sdist says of itself: names, tags, METADATA and PKG-INFO.

Every read and every inflated byte is capped; whatever the bytes are, the answer is a value or None.
"""

import zlib
from typing import NamedTuple

from pipcache.archive.tar_reader import tar_members
from pipcache.archive.zip_reader import ZipDirectory
from pipcache.util.compression import decompressor
from pipcache.util.files import Window


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
    decompress = decompressor(suffix)
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
