"""What a wheel or an sdist says of itself: names, tags, METADATA and PKG-INFO.

Reads and decompressed bytes are bounded. Bytes that are no such file give None, never an error.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple, TypeVar

from pipcache.archive.tar_reader import BLOCK, is_tar, tar_members
from pipcache.archive.zip_reader import ZipDirectory
from pipcache.util.compression import BZIP2, GZIP, LZMA, LZMA_HEADER, XZ, archive_format, decompress_beginning
from pipcache.util.filenames import names_release
from pipcache.util.files import Window

T = TypeVar("T")


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

    ``folder`` is its top folder, empty where its files lie at the top; ``suffix`` the usual file name ending for
    its compression. ``metadata`` is None where it was not read, or there is no PKG-INFO.
    """

    folder: str
    suffix: str
    metadata: Metadata | None


def header_fields(data: bytes, *, every_block: bool = False) -> dict[str, list[str]]:
    """Return the values of the fields before the first blank line, by lower-case name.

    Continuation lines are left out. Both METADATA (core metadata specification) and WHEEL (PEP 427) are written
    like e-mail headers.

    Args:
        data: the file.
        every_block: read the fields behind blank lines too; METADATA has its description there.
    """
    text = data.decode("utf-8", "replace").removeprefix("\ufeff")
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    fields: dict[str, list[str]] = {}
    for line in (text if every_block else text.partition("\n\n")[0]).split("\n"):
        name, colon, value = line.partition(":")
        if not colon or name[:1].isspace():
            continue
        lowered = name.lower()
        if lowered in fields:
            fields[lowered].append(value.strip())
        else:
            fields[lowered] = [value.strip()]
    return fields


def parse_metadata(data: bytes) -> Metadata | None:
    """Return the fields of a METADATA or PKG-INFO file; None for bytes that are no such file."""
    fields = header_fields(data[: 64 << 10])
    if "metadata-version" not in fields and not ("name" in fields and "version" in fields):
        return None
    return Metadata(
        next(filter(None, fields.get("name", ())), None),
        next(filter(None, fields.get("version", ())), None),
        next(filter(None, fields.get("summary", ())), None),
        next(filter(None, fields.get("requires-python", ())), None),
    )


def read_wheel(directory: ZipDirectory, *, deep: bool) -> WheelFacts | None:
    """Return what the wheel in ``directory`` says of itself; None when it has no top-level .dist-info/WHEEL.

    Of several, the last counts, as for zipfile and therefore for pip. METADATA is read only when ``deep``.
    """
    last = None if deep else directory.last_ending(".dist-info/WHEEL")
    if last is not None and last.name.count("/") != 1:
        last = None  # of a vendored project
    members = [last] if last else directory.ending(".dist-info/WHEEL", ".dist-info/METADATA")
    tops = {member.name: member for member in members if member.name.count("/") == 1}
    names = (member.name for member in reversed(members) if member.name in tops)
    wheel = next((name for name in names if name.endswith("/WHEEL")), None)
    if wheel is None:
        return None
    data = directory.read(tops[wheel], 16 << 10)
    tags, build, generator = _wheel_fields(data)
    metadata = None if not deep else tops.get(wheel.removesuffix("WHEEL") + "METADATA")
    return WheelFacts(
        folder=wheel.removesuffix(".dist-info/WHEEL"),
        tags=tags,
        build=build,
        generator=generator,
        metadata=None if metadata is None else parse_metadata(directory.read(metadata, 64 << 10)),
    )


def once_for_equal_files(read: Callable[[bytes], T]) -> Callable[[bytes], T]:
    """Return a reader of files that reads equal small files once: a builder writes the same into many wheels."""
    once = lru_cache(maxsize=256)(read)
    return lambda data: (once if len(data) <= _USUAL_WHEEL_FILE else read)(data)


_USUAL_WHEEL_FILE = 512  # bytes


@once_for_equal_files
def _wheel_fields(data: bytes) -> tuple[tuple[str, ...], str | None, str | None]:
    """Return the tags, the build tag and the generator in a WHEEL file."""
    # scikit-build 0.16 left a blank line before the tags
    fields = header_fields(data, every_block=True)
    build, generator = (next(iter(fields.get(name, ())), None) or None for name in ("build", "generator"))
    return tuple(fields.get("tag", ())), build, generator


_SIGNS = ("PKG-INFO", "setup.py", "pyproject.toml")
"""Files of which an sdist has one beside its packages."""


def read_zip_sdist(directory: ZipDirectory) -> SdistFacts | None:
    """Return what a ``.zip`` sdist says of itself; None when none of ``_SIGNS`` is where pip looks for them."""
    first = next(directory.members(), None)
    if first is None:
        return None
    folder = _top_folder(first.name) or ""
    members = {member.name: member for member in directory.ending(*_SIGNS)}
    if not names_release(folder) and not members.keys().isdisjoint(_SIGNS):
        folder = ""
    prefix = f"{folder}/" if folder else ""
    if members.keys().isdisjoint(prefix + sign for sign in _SIGNS):
        return None
    info = members.get(f"{prefix}PKG-INFO")
    return SdistFacts(folder, ".zip", None if info is None else parse_metadata(directory.read(info, 64 << 10)))


def _top_folder(path: str) -> str | None:
    """Return the top folder of a member, empty for a file at the top; None for a member that has no say in it."""
    while path.startswith(("./", "/")):
        path = path.partition("/")[2]
    top, slash, rest = path.partition("/")
    if top in {"", "."} or (rest or top).rpartition("/")[2].startswith("._"):
        return None  # "._name" has the attributes that macOS keeps of a file
    return top if slash else ""


_SUFFIXES = {GZIP: ".tar.gz", BZIP2: ".tar.bz2", XZ: ".tar.xz", LZMA: ".tar.lzma", None: ".tar"}

_GLANCE = 3 << 10  # decompressed bytes that are read for the top folder's name

_LOOK = 4 << 20  # decompressed bytes that are read for PKG-INFO

_REACH = 2 << 20  # stored bytes that are read: bzip2 gives nothing before its first block of 900 kB is whole


def read_tar_sdist(window: Window, *, deep: bool) -> SdistFacts | None:
    """Return what a tar sdist says of itself, plain or in a compression of ``_SUFFIXES``; None when it is no tar.

    Only the first members are read: as far as PKG-INFO when ``deep`` or where the top folder names no release,
    else as far as the top folder's name.

    Raises:
        UndecodableBody: there are more compressed streams in it than are read.
    """
    form = archive_format(window.read(0, LZMA_HEADER))
    suffix = _SUFFIXES.get(form)
    if suffix is None:
        return None
    beginning = window.part(0, _REACH)
    # Python's gzip passes over zeros between the members of a file, its bz2 and lzma end there
    padding = b"\x00" if form is GZIP else b""
    data = decompress_beginning(beginning, form, _LOOK if deep else _GLANCE, padding=padding).data
    folder = _first_top_folder(data)
    if not deep and not names_release(folder or "") and is_tar(data[:BLOCK]):
        data = decompress_beginning(beginning, form, _LOOK, padding=padding).data
        folder = _first_top_folder(data)
    if folder is None:
        return None
    if not deep and names_release(folder):
        return SdistFacts(folder, suffix, None)
    places = {f"{folder}/PKG-INFO": folder}
    if not names_release(folder):
        places["PKG-INFO"] = ""  # else it is not that of the sdist
    for name, content in tar_members(data):
        path = name.removeprefix("./")
        if path in places:
            return SdistFacts(places[path], suffix, parse_metadata(content))
    return SdistFacts(folder, suffix, None)


def _first_top_folder(data: bytes) -> str | None:
    """Return the top folder of the first member of a tar that has a say in it; None without such a member."""
    tops = (_top_folder(name) for name, _ in tar_members(data))
    return next((top for top in tops if top is not None), None)
