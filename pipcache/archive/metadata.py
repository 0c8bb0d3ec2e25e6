"""What a wheel or an sdist says of itself: names, tags, METADATA and PKG-INFO.

Reads and decompressed bytes are bounded. Bytes that are no such file give None, never an error.
"""

from typing import NamedTuple

from pipcache.archive.tar_reader import tar_members
from pipcache.archive.zip_reader import ZipDirectory
from pipcache.util.compression import BZIP2, GZIP, XZ, archive_format, decompress_beginning
from pipcache.util.files import Window


class Metadata(NamedTuple):
    """What METADATA or PKG-INFO says; a field is None where the file does not have it."""

    name: str | None
    version: str | None
    summary: str | None = None
    requires_python: str | None = None


class WheelFacts(NamedTuple):
    """What a wheel says of itself.

    ``folder`` is the ``name-version`` of its .dist-info folder; ``tags``, ``build`` and ``generator`` are WHEEL's.
    ``metadata`` is None where it was not read, or is no METADATA.
    """

    folder: str
    tags: tuple[str, ...]
    build: str | None
    generator: str | None
    metadata: Metadata | None


class SdistFacts(NamedTuple):
    """What an sdist says of itself.

    ``folder`` is its top folder, ``suffix`` the usual file name ending for its compression. ``metadata`` is None
    where it was not read, or there is no PKG-INFO.
    """

    folder: str
    suffix: str
    metadata: Metadata | None


def header_fields(data: bytes) -> dict[str, list[str]]:
    """Return the values of the fields before the first blank line, by lower-case name.

    Continuation lines are left out. Both METADATA (core metadata specification) and WHEEL (PEP 427) are written
    like e-mail headers.
    """
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
    """Return the fields of a METADATA or PKG-INFO file; None for bytes that are no such file."""
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
    last = None if deep else directory.last_ending(".dist-info/WHEEL")
    if last is not None and last.name.count("/") != 1:
        last = None  # of a vendored project
    members = [last] if last else directory.ending(".dist-info/WHEEL", ".dist-info/METADATA")
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
    members = {member.name: member for member in directory.ending("/PKG-INFO", "/setup.py", "/pyproject.toml")}
    if not any(f"{folder}/{name}" in members for name in ("PKG-INFO", "setup.py", "pyproject.toml")):
        return None
    info = members.get(f"{folder}/PKG-INFO")
    return SdistFacts(folder, ".zip", None if info is None else parse_metadata(directory.read(info, 64 << 10)))


_SUFFIXES = {GZIP: ".tar.gz", BZIP2: ".tar.bz2", XZ: ".tar.xz", None: ".tar"}

_GLANCE = 3 << 10  # decompressed bytes that are read for the top folder's name

_LOOK = 4 << 20  # decompressed bytes that are read for PKG-INFO

_REACH = 2 << 20  # stored bytes that are read: bzip2 gives nothing before its first block of 900 kB is whole


def read_tar_sdist(window: Window, *, deep: bool) -> SdistFacts | None:
    """Return what a tar sdist says of itself, plain or in a compression of ``_SUFFIXES``; None when it is no tar.

    Only the first members are read: as far as PKG-INFO when ``deep``, else as far as the top folder's name.
    """
    form = archive_format(window.read(0, 6))
    suffix = _SUFFIXES.get(form)
    if suffix is None:
        return None
    folder: str | None = None
    data = decompress_beginning(window.part(0, _REACH), form, _LOOK if deep else _GLANCE).data
    for name, content in tar_members(data):
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
