"""What archives show by themselves: every one that two readers could take in two ways, and no honest one."""

from __future__ import annotations

import bz2
import contextlib
import gzip
import hashlib
import io
import itertools
import lzma
import os
import random
import struct
import subprocess
import sys
import tarfile
import warnings
import zipfile
import zlib
from typing import TYPE_CHECKING, NamedTuple
from unittest import mock

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipcache.inventory.artifact import Artifact, Claim, Evidence, Kind
from pipcache.inventory.collector import Need, read_inventory
from pipcache.store.cache import Cache
from pipcache.store.cachecontrol import Head
from pipcache.store.entries import UnreadableEntry
from pipcache.store.layout import Store
from pipcache.util.compression import BrokenStream, decoded_pieces
from pipcache.util.progress import no_tick
from pipcache.verify.checks import Verdict
from pipcache.verify.lock_index import Locks
from pipcache.verify.structure import structure_findings
from pipcache.verify.verifier import VerifyOptions, verify
from tests.support import archives, caches, hostile
from tests.support.hostile import INFO, STEM, TAR_END, WHEEL_NAME, Part, tar_member, wheel, wheel_parts, write_zip
from tests.support.judging import Silent

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from pipcache.verify.verdict import Finding

laws = settings(deadline=None, derandomize=True, max_examples=150)


def artifact_of(kind: Kind, *, filename: str | None = None, encoding: str | None = None) -> Artifact:
    """An artifact of this kind, of nowhere; with its file name it is what that promises."""
    claims = () if filename is None else (Claim(Evidence.KEY, "key", "foo", "1.0", filename),)
    head = None if encoding is None else Head(200, "OK", {"content-encoding": encoding}, {}, None)
    return Artifact(UnreadableEntry(Store.HTTP_V2, "nowhere", ""), kind, 0, claims=claims, head=head)


def flaws(data: bytes, kind: Kind = Kind.BUILT) -> list[Finding]:
    """What is wrong with these bytes."""
    with caches.window(data) as window:
        return structure_findings(artifact_of(kind), window, no_tick)


def codes(data: bytes, kind: Kind = Kind.BUILT) -> set[str]:
    """The codes of what is wrong with these bytes."""
    return {flaw.check.code for flaw in flaws(data, kind)}


class Judged(NamedTuple):
    """A verdict with the codes that led there, each with where it was found."""

    verdict: str
    found: frozenset[tuple[str, str]]

    @property
    def codes(self) -> set[str]:
        return {code for code, _ in self.found}


def judged(root: Path) -> Judged:
    """The judgement of the only thing in a cache."""
    everything = read_inventory(Cache(str(root)), Need(deep=True))
    result = verify(
        Cache(str(root)), everything, everything, VerifyOptions(Locks()), index_urls=list, meter=Silent()
    )
    assert (result.gone, result.left) == (0, 0)
    (judgement,) = result.judgements
    found = frozenset((finding.check.code, finding.by) for finding in judgement.findings)
    return Judged(judgement.verdict, found)


def judged_built(root: Path, data: bytes) -> Judged:
    """The judgement of a wheel that pip built."""
    caches.CacheBuilder(root).built(None, WHEEL_NAME, data)
    return judged(root)


def judged_download(root: Path, filename: str, data: bytes) -> Judged:
    """The judgement of a download of which nothing was promised but its name."""
    headers = {**caches.FILE_HEADERS, "Content-Disposition": f'attachment; filename="{filename}"'}
    caches.CacheBuilder(root).download(f"https://files.example/packages/{filename}", data, headers=headers)
    return judged(root)


PAYLOAD = b"import os  # payload\n" * 20


def lie(of: bytes = b"foo/__init__.py", **lies: object) -> bytes:
    """A wheel one of whose members lies."""
    return write_zip([part._replace(**lies) if part.name == of else part for part in wheel_parts()])  # type: ignore[arg-type]


def with_part(part: Part, **end: int | bytes) -> bytes:
    """A wheel with one more member, which RECORD knows, and an end record that may lie."""
    parts = [
        one for one in wheel_parts({part.name.partition(b"\0")[0].decode(): part.content}) if one.name != part.name
    ]
    return write_zip([part, *parts], end=end)


def wide_wheel() -> bytearray:
    """A wheel with the wide end record and its locator, which archives beyond 4 GB have."""
    with mock.patch.object(zipfile, "ZIP64_LIMIT", 0):
        return bytearray(rewritten(wheel()))


def rewritten(
    data: bytes, *, streamed: bool = False, method: int = zipfile.ZIP_DEFLATED, comment: bytes = b""
) -> bytes:
    """A wheel as zipfile writes it; to a stream that goes only forward, sizes stand behind the data."""
    out = archives.Unseekable() if streamed else io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(out, "w", method) as archive:
        for name in source.namelist():
            info = zipfile.ZipInfo(name)
            info.compress_type = method
            wide = zipfile.ZIP64_LIMIT == 0
            with archive.open(info, "w", force_zip64=wide) as file:
                file.write(source.read(name))
        archive.comment = comment
    return bytes(out.data) if isinstance(out, archives.Unseekable) else out.getvalue()


def tar_names(data: bytes) -> list[str]:
    """The members tarfile finds, whatever the compression."""
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        return archive.getnames()


def changed(data: bytes | bytearray, place: int, value: bytes) -> bytes:
    """The bytes with others at a place; a negative one counts from the end."""
    out = bytearray(data)
    place %= len(out)
    out[place : place + len(value)] = value
    return bytes(out)


def inside(outer: bytes) -> bytes:
    """A wheel in whose comment stands the end record of another directory."""
    hidden = write_zip([Part(b"evil.py", PAYLOAD)], comment=outer)
    return write_zip(wheel_parts(), comment=hidden)


def overlapping() -> bytes:
    """A wheel two of whose rows lead to the same bytes."""
    first = Part(b"foo/a.py", PAYLOAD)
    return with_part(Part(b"foo/b.py", PAYLOAD, before=write_zip([first])[:-22]), count=5, here=5)


def doubled_end() -> bytes:
    """A wheel with an end record that takes the one before it for a row."""
    data = wheel()
    size, offset = struct.unpack_from("<2L", data, len(data) - 10)
    return data + changed(data[-22:], 12, struct.pack("<2L", size + 22, offset))


SDIST_NAME, SDIST = archives.build_sdist("foo", "1.0")
PLAIN_TAR = gzip.decompress(SDIST)
NUL = b"foo/a.py\0.txt"
OTHER = write_zip([Part(b"evil.py", PAYLOAD)])

CONFUSING: dict[str, tuple[Callable[[], bytes], str]] = {
    # more than one archive
    "an empty end record behind": (lambda: wheel() + hostile.EMPTY_END, "PC403"),
    "the same end record twice": (lambda: wheel() + wheel()[-22:], "PC401"),
    "an end record as the last row": (doubled_end, "PC406"),
    "an end record in the comment": (lambda: write_zip(wheel_parts(), comment=hostile.EMPTY_END), "PC403"),
    "an archive in the comment": (lambda: write_zip(wheel_parts(), comment=OTHER), "PC403"),
    "an archive in the comment that reaches behind": (lambda: inside(b"some more"), "PC403"),
    "an archive before": (lambda: OTHER + wheel(), "PC403"),
    "an archive before, offsets adjusted": (lambda: lie(before=OTHER), "PC403"),
    "an archive without its end behind": (lambda: wheel() + OTHER[:-22], "PC403"),
    "a gzip before": (lambda: SDIST + wheel(), "PC301"),
    "a gzip behind": (lambda: wheel() + SDIST, "PC403"),
    "a tar before": (lambda: PLAIN_TAR + wheel(), "PC301"),
    "more rows than counted": (lambda: write_zip(wheel_parts(), end={"count": 3, "here": 3}), "PC403"),
    "fewer rows than counted": (lambda: write_zip(wheel_parts(), end={"count": 5, "here": 5}), "PC403"),
    "more rows than on this disk": (lambda: write_zip(wheel_parts(), end={"here": 3}), "PC403"),
    "several disks": (lambda: write_zip(wheel_parts(), end={"disk": 1}), "PC403"),
    "a directory on another disk": (lambda: write_zip(wheel_parts(), end={"directory disk": 1}), "PC403"),
    "a wide end record that counts otherwise": (lambda: changed(wide_wheel(), -22 - 20 - 56 + 24, b"\7"), "PC403"),
    "a narrow end record that counts otherwise": (lambda: changed(wide_wheel(), -12, b"\7"), "PC403"),
    "a locator that leads elsewhere": (lambda: changed(wide_wheel(), -22 - 12, b"\7"), "PC403"),
    "a locator of several disks": (lambda: changed(wide_wheel(), -22 - 4, b"\7"), "PC403"),
    "a wide end record of another length": (lambda: changed(wide_wheel(), -22 - 20 - 52, b"\7"), "PC403"),
    # names
    "a member twice": (lambda: write_zip([Part(b"foo/__init__.py", PAYLOAD), *wheel_parts()]), "PC404"),
    "a name cut by NUL": (lambda: with_part(Part(NUL, PAYLOAD)), "PC404"),
    "a member twice, once cut by NUL": (lambda: with_part(Part(b"foo/__init__.py\0x", PAYLOAD)), "PC404"),
    "another name in UTF-8": (
        lambda: lie(row_extra=unicode_path(b"foo/__init__.py", b"foo/evil.py")),
        "PC404",
    ),
    "another name in UTF-8 in the local header": (
        lambda: lie(local_extra=unicode_path(b"foo/__init__.py", b"foo/evil.py")),
        "PC404",
    ),
    "a name that is no UTF-8": (lambda: lie(name=b"foo/\xff\xfe.py", flags=0x800), "PC401"),
    # headers
    "another name in the local header": (lambda: lie(local={"name": b"foo/__evil__.py"}), "PC405"),
    "a longer name in the local header": (lambda: lie(local={"name": b"foo/__init__.pyc"}), "PC405"),
    "another method": (lambda: lie(local={"method": 0}), "PC405"),
    "other flags": (lambda: lie(local={"flags": 8}), "PC405"),
    "another time": (lambda: lie(local={"time": 1}), "PC405"),
    "another date": (lambda: lie(local={"date": 0x21}), "PC405"),
    "another crc": (lambda: lie(local={"crc": 1}), "PC405"),
    "another size": (lambda: lie(local={"size": 1}), "PC405"),
    "another compressed size": (lambda: lie(local={"compressed": 1}), "PC405"),
    "a row that leads elsewhere": (lambda: lie(row={"header": 1}), "PC401"),
    "a row that leads behind the end": (lambda: lie(row={"header": 1 << 31}), "PC401"),
    "a row on another disk": (lambda: lie(row={"disk": 1}), "PC401"),
    "a row for readers to come": (lambda: lie(row={"needed": 64}), "PC401"),
    "a row whose extra fields break off": (lambda: lie(row_extra=b"\x01\x00\x10\x00abc"), "PC401"),
    "a local header whose extra fields break off": (lambda: lie(local_extra=b"\x01\x00\x10\x00abc"), "PC405"),
    "a row longer than the directory": (
        lambda: lie(INFO.encode() + b"/RECORD", row={"comment length": 9}),
        "PC401",
    ),
    "ZIP64 sizes beside others": (lambda: lie(row_extra=hostile.extra(1, struct.pack("<2Q", 1, 2))), "PC405"),
    "ZIP64 sizes beside others in the local header": (
        lambda: lie(local_extra=hostile.extra(1, struct.pack("<2Q", 1, 2))),
        "PC405",
    ),
    "ZIP64 sizes twice": (
        lambda: lie(
            row={"size": 0xFFFFFFFF},
            row_extra=hostile.extra(1, struct.pack("<Q", 16)) + hostile.extra(1, struct.pack("<Q", 17)),
        ),
        "PC405",
    ),
    # bytes that belong to nobody
    "bytes before": (lambda: b"#!/bin/sh\n" + wheel(), "PC406"),
    "bytes before, offsets adjusted": (lambda: lie(before=b"#!/bin/sh\n"), "PC406"),
    "bytes between": (lambda: lie(f"{INFO}/WHEEL".encode(), before=b"between"), "PC406"),
    "bytes behind the last member": (lambda: write_zip(wheel_parts(), before_directory=b"between"), "PC406"),
    "bytes behind the rows": (lambda: write_zip(wheel_parts(), behind_rows=b"between"), "PC406"),
    "bytes behind the end": (lambda: wheel() + b"behind", "PC406"),
    "zeros behind the end": (lambda: wheel() + bytes(512), "PC406"),
    "a member that no row tells of": (
        lambda: write_zip([Part(b"evil.py", PAYLOAD, is_listed=False), *wheel_parts()]),
        "PC406",
    ),
    "a last member that no row tells of": (
        lambda: write_zip([*wheel_parts(), Part(b"evil.py", PAYLOAD, is_listed=False)]),
        "PC406",
    ),
    "two rows for the same bytes": (overlapping, "PC406"),
    # contents
    "larger than both headers say": (
        lambda: lie(local={"size": 5}, row={"size": 5}),
        "PC402",
    ),
    "smaller than both headers say": (lambda: lie(local={"size": 99}, row={"size": 99}), "PC402"),
    "stored, and larger than it says": (
        lambda: lie(method=0, local={"size": 5}, row={"size": 5}),
        "PC402",
    ),
    "another checksum in both headers": (lambda: lie(local={"crc": 5}, row={"crc": 5}), "PC402"),
    "bytes behind the deflated ones": (
        lambda: lie(stored=Part(b"", b"version = '1.0'\n").data + PAYLOAD),
        "PC402",
    ),
    "many bytes behind the deflated ones": (
        lambda: lie(stored=Part(b"", b"version = '1.0'\n").data + bytes(1 << 20)),
        "PC402",
    ),
    "encrypted": (lambda: lie(flags=0x01), "PC402"),
    "strongly encrypted": (lambda: lie(flags=0x40), "PC402"),
    "a patch": (lambda: lie(flags=0x20), "PC402"),
    "bzip2": (lambda: lie(method=hostile.BZIP2), "PC402"),
    "lzma": (lambda: lie(method=hostile.LZMA), "PC402"),
    "a method nobody knows": (lambda: lie(method=99), "PC402"),
    # descriptors
    "no descriptor where one is promised": (lambda: described(lambda _: b""), "PC405"),
    "a descriptor of another checksum": (lambda: described(lambda true: changed(true, 4, b"\1\2\3\4")), "PC405"),
    "a descriptor of another size": (lambda: described(lambda true: changed(true, -4, b"\1\2")), "PC405"),
    "a descriptor of another compressed size": (lambda: described(lambda true: changed(true, 8, b"\1")), "PC405"),
    "sizes before and behind that differ": (lambda: described(bytes, size=7), "PC405"),
    "bytes behind a descriptor": (lambda: described(lambda true: true + b"between"), "PC406"),
}


def unicode_path(name: bytes, other: bytes) -> bytes:
    """Info-ZIP's field with the name in UTF-8, which some readers prefer (APPNOTE.TXT 4.6.9)."""
    return hostile.extra(0x7075, b"\x01" + zlib.crc32(name).to_bytes(4, "little") + other)


def described(
    change: Callable[[bytes], bytes],
    *,
    signed: bool = True,
    wide: bool = False,
    content: bytes = PAYLOAD,
    **local: int,
) -> bytes:
    """A wheel with a member whose sizes stand behind it."""
    part = Part(b"foo/streamed.py", content, flags=8)
    behind = change(hostile.descriptor(content, len(part.data), signed=signed, wide=wide))
    return with_part(part._replace(local={"crc": 0, "size": 0, "compressed": 0, **local}, behind=behind))


@pytest.mark.parametrize("what", CONFUSING)
def test_an_archive_that_readers_disagree_about_is_found(what: str) -> None:
    make, code = CONFUSING[what]
    data = make()
    assert code in codes(data)
    # whatever it is taken for, nothing breaks, and nobody calls it whole
    assert all(codes(data, kind) for kind in (Kind.WHEEL, Kind.SDIST, Kind.METADATA, Kind.PAGE))


VERDICTS = {
    "PC301": "poisoned",
    "PC403": "poisoned",
    "PC404": "poisoned",
    "PC405": "poisoned",
    "PC406": "poisoned",
}


@pytest.mark.parametrize("what", CONFUSING)
def test_an_archive_that_readers_disagree_about_gets_its_verdict(what: str, tmp_path: Path) -> None:
    make, code = CONFUSING[what]
    data = make()
    built = judged_built(tmp_path / "built", data)
    found = judged_download(tmp_path / "download", WHEEL_NAME, data)
    for one in (built, found):
        assert one.verdict in {"poisoned", VERDICTS.get(code, "damaged")}
    assert code in built.codes
    assert found.codes


BOTH: dict[str, Callable[[], bytes]] = {
    "a tar.gz with a wheel behind": lambda: SDIST + wheel(),
    "a tar.bz2 with a wheel behind": lambda: bz2.compress(PLAIN_TAR) + wheel(),
    "a tar.xz with a wheel behind": lambda: lzma.compress(PLAIN_TAR) + wheel(),
    "a tar with a wheel behind": lambda: PLAIN_TAR + wheel(),
    "a tar with a wheel in it, whose comment is the rest": lambda: (
        tar_member(f"{STEM}/PKG-INFO".encode(), write_zip(wheel_parts(), comment=bytes(2048))) + TAR_END
    ),
}


@pytest.mark.parametrize("what", BOTH)
def test_a_file_that_is_a_tar_and_a_zip_is_found_whatever_it_is_called(what: str, tmp_path: Path) -> None:
    data = BOTH[what]()
    assert zipfile.is_zipfile(io.BytesIO(data))
    assert tar_names(data)
    assert "PC403" in codes(data, Kind.SDIST)
    assert codes(data, Kind.WHEEL) & {"PC403", "PC301"}
    assert codes(data, Kind.OTHER) >= {"PC403"}
    found = judged_download(tmp_path / "sdist", SDIST_NAME, data)
    assert (found.verdict, found.codes >= {"PC403"}) == (Verdict.POISONED, True)
    assert judged_built(tmp_path / "built", data).verdict == Verdict.POISONED


def test_a_zip_whose_first_header_is_a_tar_header_too_is_found() -> None:
    """A local header's extra field takes any bytes, a whole tar header's among them."""
    data = lie(local_extra=hostile.extra(0x6666, bytes(600)))
    data = changed(data, 124, hostile.tar_header(b"", 0)[124:])
    data = changed(data, 148, b" " * 8)
    data = changed(data, 148, b"%06o\0 " % sum(data[:512]))
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
        assert archive.getmembers()
    assert codes(data) == {"PC403"}


# Bombs

MEGABYTE = 1 << 20


def zeros_deflated(size: int) -> bytes:
    """So many zeros, which deflate to a thousandth."""
    packer = zlib.compressobj(1, zlib.DEFLATED, -15)
    return b"".join([*(packer.compress(bytes(MEGABYTE)) for _ in range(size // MEGABYTE)), packer.flush()])


def zeros_crc(size: int) -> int:
    """The checksum of so many zeros."""
    crc = 0
    for _ in range(size // MEGABYTE):
        crc = zlib.crc32(bytes(MEGABYTE), crc)
    return crc


def bomb(path: str, real: int, **told: int) -> bytes:
    """A wheel with a member of so many zeros; what its headers say of it may be told."""
    true = {"size": real, "crc": zeros_crc(real), **told}
    part = Part(path.encode(), stored=zeros_deflated(real), local=true, row=true)
    rest = [one for one in wheel_parts() if one.name != part.name]
    return write_zip([part, *rest])


BOMBS: dict[str, tuple[str, Callable[[], bytes], set[str]]] = {
    "METADATA of 200 MB": (WHEEL_NAME, lambda: bomb(f"{INFO}/METADATA", 200 * MEGABYTE), {"PC502"}),
    "RECORD of 200 MB": (WHEEL_NAME, lambda: bomb(f"{INFO}/RECORD", 200 * MEGABYTE), {"PC504"}),
    "WHEEL of 200 MB": (WHEEL_NAME, lambda: bomb(f"{INFO}/WHEEL", 200 * MEGABYTE), {"PC502"}),
    "100 bytes that are 100 MB": (
        WHEEL_NAME,
        lambda: bomb(f"{INFO}/METADATA", 100 * MEGABYTE, size=100),
        {"PC402"},
    ),
    "an sdist of 200 MB": (
        SDIST_NAME,
        lambda: gzip.compress(tar_member(f"{STEM}/PKG-INFO".encode(), bytes(200 * MEGABYTE)) + TAR_END, 1),
        set(),
    ),
}
LIMITED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, (400 << 20, 400 << 20))
from pipcache.cli.main import run
sys.exit(run(["verify", "--format", "json", "--cache-dir", sys.argv[1]]))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="has no limits to set")
@pytest.mark.parametrize("what", BOMBS)
def test_a_bomb_is_judged_within_little_memory(what: str, tmp_path: Path) -> None:
    filename, make, expected = BOMBS[what]
    builder = caches.CacheBuilder(tmp_path)
    if filename == WHEEL_NAME:
        builder.built(None, filename, make())
    else:
        builder.download(f"https://files.example/{filename}", make())
    environment = {**os.environ, "MALLOC_ARENA_MAX": "2"}
    run = subprocess.run(
        [sys.executable, "-c", LIMITED, str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )
    assert run.returncode == (1 if expected else 0), run.stderr
    assert run.stderr == ""
    assert all(f'"{code}"' in run.stdout for code in expected)


# Honest archives, odd as they are


def directories() -> bytes:
    """A wheel with folders as members of their own, one of them deflated to nothing at all."""
    folders = [Part(b"foo/", method=0), Part(b"foo/data/", stored=b"", local={"crc": 0}), Part(b"foo/more/")]
    return write_zip([*folders, *wheel_parts()])


UNIX_TIME = hostile.extra(0x5455, b"\x03" + bytes(8))
UNIX_TIME_SHORT = hostile.extra(0x5455, b"\x03" + bytes(4))
NAME_IN_UTF8 = "foo/é.py"
SPEAKING_NAMES = {"foo/名前.py": b"", "foo/ü.txt": b"text", "foo/a b.txt": b"text"}


def wide(make: Callable[[], bytes]) -> bytes:
    """An archive that zipfile writes as it writes those beyond 4 GB."""
    with mock.patch.object(zipfile, "ZIP64_LIMIT", 0):
        return make()


HEALTHY: dict[str, Callable[[], bytes]] = {
    "by the book": wheel,
    "of the fixtures": lambda: archives.build_wheel("foo", "1.0")[1],
    "of zipfile": lambda: rewritten(wheel()),
    "stored": lambda: rewritten(wheel(), method=zipfile.ZIP_STORED),
    "streamed": lambda: rewritten(wheel(), streamed=True),
    "streamed and stored": lambda: rewritten(wheel(), streamed=True, method=zipfile.ZIP_STORED),
    "streamed and wide": lambda: wide(lambda: rewritten(wheel(), streamed=True)),
    "wide": lambda: bytes(wide_wheel()),
    "with a comment": lambda: rewritten(wheel(), comment=b"signed by nobody"),
    "with a long comment": lambda: rewritten(wheel(), comment=b"x" * 0xFFFF),
    "with a comment that begins as an end": lambda: rewritten(wheel(), comment=b"PK\x05"),
    "with comments of members": lambda: lie(row={"comment": b"a comment"}),
    "with descriptors": lambda: described(bytes),
    "with unsigned descriptors": lambda: described(bytes, signed=False),
    "with wide descriptors": lambda: described(bytes, wide=True),
    "with wide unsigned descriptors": lambda: described(bytes, signed=False, wide=True),
    "with a descriptor of nothing": lambda: described(bytes, content=b""),
    "with a wide unsigned descriptor of nothing": lambda: described(bytes, signed=False, wide=True, content=b""),
    "with sizes before and behind": lambda: described(bytes, size=len(PAYLOAD)),
    "with a descriptor whose checksum is its mark": lambda: described(bytes, signed=False, content=marked()),
    "with folders": directories,
    "with members without bytes": lambda: wheel({"foo/empty.py": b"", "foo/py.typed": b""}),
    "with an empty member, stored": lambda: with_part(Part(b"foo/empty.py", method=0)),
    "with names in UTF-8": lambda: wheel(SPEAKING_NAMES),
    "with names in code page 437": lambda: with_part_named("foo/é.py", "cp437", 0),
    "with a name in both": lambda: lie(row_extra=unicode_path(b"foo/__init__.py", b"foo/__init__.py")),
    "with a name in UTF-8 of another member": lambda: lie(row_extra=unicode_path(b"foo/b.py", b"foo/a.py")),
    "with extra fields": lambda: lie(local_extra=UNIX_TIME, row_extra=UNIX_TIME_SHORT),
    "with padding as extra fields": lambda: lie(local_extra=bytes(7), row_extra=bytes(3)),
    "with ZIP64 sizes that nobody needs": lambda: lie(
        local_extra=hostile.extra(1, struct.pack("<2Q", 16, len(Part(b"", b"version = '1.0'\n").data)))
    ),
    "with an archive in it": lambda: wheel({"foo/data.zip": OTHER}),
    "with an archive in it, stored": lambda: with_part(Part(b"foo/data.zip", OTHER, method=0)),
    "with other attributes": lambda: lie(row={"external": 0, "internal": 1, "made": 63}),
    "with a member as large as a piece": lambda: wheel({"foo/data": b"abcde" * 52429}),
    "with members around the size of a piece": lambda: wheel(
        {f"foo/{size}": (b"abcde" * 60000)[:size] for size in range(262_000, 262_300, 7)}
    ),
}


def marked() -> bytes:
    """Content whose checksum is the mark of a descriptor, by the linearity of CRC-32."""
    base = zlib.crc32(bytes(4))
    wanted = int.from_bytes(b"PK\x07\x08", "little")
    basis: dict[int, tuple[int, int]] = {}
    for bit in range(32):
        value, used = zlib.crc32((1 << bit).to_bytes(4, "little")) ^ base, 1 << bit
        while value and value.bit_length() in basis:
            value, used = value ^ basis[value.bit_length()][0], used ^ basis[value.bit_length()][1]
        basis[value.bit_length()] = (value, used)
    rest, found = wanted ^ base, 0
    while rest:
        rest, found = rest ^ basis[rest.bit_length()][0], found ^ basis[rest.bit_length()][1]
    content = found.to_bytes(4, "little")
    assert zlib.crc32(content) == wanted
    return content


def with_part_named(name: str, encoding: str, flags: int) -> bytes:
    """A wheel with a member whose name is written in another code page than RECORD."""
    parts = wheel_parts({name: b"text"})
    return write_zip(
        [one._replace(name=name.encode(encoding), flags=flags) if one.content == b"text" else one for one in parts]
    )


@pytest.mark.parametrize("what", HEALTHY)
def test_an_honest_wheel_has_no_flaw(what: str, tmp_path: Path) -> None:
    data = HEALTHY[what]()
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
    assert flaws(data) == []
    assert flaws(data, Kind.OTHER) == []
    assert judged_built(tmp_path / "built", data) == Judged("intact", frozenset())
    assert judged_download(tmp_path / "download", WHEEL_NAME, data) == Judged("intact", frozenset())


# RECORD

CHOSEN = "foo/data.txt"
TRUE = hostile.content_of({CHOSEN: b"data"})
RECORD = f"{INFO}/RECORD"


def of_record(
    content: Mapping[str, bytes], record: bytes | None, *, more: Mapping[str, bytes] | None = None
) -> bytes:
    """A wheel of this content with any RECORD, or none; `more` stands beside it."""
    members = {**content, **({} if record is None else {RECORD: record}), **(more or {})}
    return write_zip(
        [Part(path.encode(), data, flags=0 if path.isascii() else 0x800) for path, data in members.items()]
    )


LISTED = hostile.record_of(TRUE)
DATA = hostile.digest(b"data").encode()
STRANGER = "bar-1.0.dist-info/RECORD.jws"
TAMPERED: dict[str, tuple[Callable[[], bytes], str, str]] = {
    "a member added": (lambda: of_record({**TRUE, "foo/evil.py": PAYLOAD}, LISTED), "PC503", "foo/evil.py"),
    "a .pth added": (lambda: of_record({**TRUE, "evil.pth": b"import os\n"}, LISTED), "PC503", "evil.pth"),
    "a member changed": (lambda: of_record({**TRUE, CHOSEN: b"evil"}, LISTED), "PC502", CHOSEN),
    "a member grown": (lambda: of_record({**TRUE, CHOSEN: b"data\n"}, LISTED), "PC502", CHOSEN),
    "METADATA changed": (
        lambda: of_record({**TRUE, f"{INFO}/METADATA": TRUE[f"{INFO}/METADATA"] + b"evil\n"}, LISTED),
        "PC502",
        f"{INFO}/METADATA",
    ),
    "a member removed": (
        lambda: of_record({path: data for path, data in TRUE.items() if path != CHOSEN}, LISTED),
        "PC501",
        CHOSEN,
    ),
    "a line without digest": (lambda: of_record(TRUE, LISTED.replace(DATA, b"")), "PC503", CHOSEN),
    "a digest nobody knows": (lambda: of_record(TRUE, LISTED.replace(DATA, b"rot13=qngn")), "PC503", CHOSEN),
    "a digest without its name": (lambda: of_record(TRUE, LISTED.replace(DATA, b"data")), "PC503", CHOSEN),
    "a wrong digest in hex": (
        lambda: of_record(TRUE, LISTED.replace(DATA, b"sha256=" + b"a6" * 32)),
        "PC502",
        CHOSEN,
    ),
    "a wrong sha384": (lambda: of_record(TRUE, with_digest("sha384", b"evil")), "PC502", CHOSEN),
    "a wrong sha512": (lambda: of_record(TRUE, with_digest("sha512", b"evil")), "PC502", CHOSEN),
    "two digests, the latter wrong": (lambda: of_record(TRUE, LISTED + row(CHOSEN, b"evil")), "PC502", CHOSEN),
    "two digests, the former wrong": (lambda: of_record(TRUE, row(CHOSEN, b"evil") + LISTED), "PC502", CHOSEN),
    "a signature of another's RECORD": (
        lambda: of_record(TRUE, LISTED, more={STRANGER: b"{}"}),
        "PC503",
        STRANGER,
    ),
}


def with_digest(algorithm: str, of: bytes) -> bytes:
    """A RECORD with another digest of foo/data.txt."""
    return LISTED.replace(hostile.digest(b"data").encode(), hostile.digest(of, algorithm).encode())


def row(path: str, of: bytes) -> bytes:
    """A line of RECORD."""
    return f"{path},{hostile.digest(of)},{len(of)}\n".encode()


@pytest.mark.parametrize("what", TAMPERED)
def test_what_record_does_not_say_is_found(what: str, tmp_path: Path) -> None:
    make, code, where = TAMPERED[what]
    expected = Judged("poisoned", frozenset({(code, where)}))
    assert judged_built(tmp_path / "built", make()) == expected
    assert judged_download(tmp_path / "download", WHEEL_NAME, make()) == expected


NO_RECORD: dict[str, bytes | None] = {
    "none": None,
    "not UTF-8": LISTED + b"\xff\xfe",
    "in UTF-16": LISTED.decode().encode("utf-16"),
    "a field without end": LISTED + b'"' + b"x" * 200_000,
}


@pytest.mark.parametrize("what", NO_RECORD)
def test_a_wheel_without_record_is_found(what: str, tmp_path: Path) -> None:
    judgement = judged_built(tmp_path, of_record(TRUE, NO_RECORD[what]))
    assert judgement == Judged("damaged", frozenset({("PC504", RECORD)}))


@pytest.mark.parametrize("record", [b"", b"\0" * 100, b"hello", b"<html></html>", b",,,\n", b'"\n"\n'])
def test_a_record_that_lists_nothing_vouches_for_nothing(record: bytes) -> None:
    found = {(flaw.check.code, flaw.by) for flaw in flaws(of_record(TRUE, record))}
    assert found >= {("PC503", path) for path in TRUE}


ODD_PATHS = {
    "foo/a,b.txt": b"comma",
    'foo/a"b.txt': b"quote",
    'foo/",".txt': b"both",
    "foo/ü.txt": b"umlaut",
    "foo/line\u2028separator.txt": b"a line to str, not to CSV",
    "foo/form\x0cfeed.txt": b"the same",
    "foo/new\nline.txt": b"a line to CSV too",
    " foo /x ": b"blanks",
}
CONSISTENT: dict[str, Callable[[], bytes]] = {
    # nothing outside vouches for such a wheel, and nothing inside speaks against it
    "rewritten for the change": lambda: wheel({"foo/data.txt": b"evil", "evil.pth": PAYLOAD}),
    "with odd paths": lambda: wheel(ODD_PATHS),
    "signed": lambda: of_record(TRUE, LISTED, more={f"{RECORD}.jws": b"{}", f"{RECORD}.p7s": b"\x30"}),
    "that lists its signatures": lambda: of_record(
        TRUE, LISTED + f"{RECORD}.jws,,\n".encode(), more={f"{RECORD}.jws": b"{}"}
    ),
    "with lines of Windows": lambda: of_record(TRUE, LISTED.replace(b"\n", b"\r\n")),
    "without its last newline": lambda: of_record(TRUE, LISTED.rstrip()),
    "with empty lines": lambda: of_record(TRUE, LISTED.replace(b"\n", b"\n\n")),
    "that lists folders": lambda: of_record(TRUE, LISTED + b"foo/,,\n", more={"foo/": b""}),
    "without itself": lambda: of_record(TRUE, LISTED.replace(f"{RECORD},,\n".encode(), b"")),
    "with padded digests": lambda: of_record(TRUE, LISTED.replace(b",4\n", b"=,4\n")),
    "with sha384": lambda: of_record(TRUE, with_digest("sha384", b"data")),
    "with sha512": lambda: of_record(TRUE, with_digest("sha512", b"data")),
    "with a digest in hex, as gmsh 4.15.2 has it": lambda: of_record(
        TRUE, LISTED.replace(DATA, f"sha256={hashlib.sha256(b'data').hexdigest()}".encode())
    ),
    "with SHA256": lambda: of_record(TRUE, LISTED.replace(b"sha256=", b"SHA256=")),
    "with sizes nobody writes": lambda: of_record(TRUE, LISTED.replace(b",4\n", ",²\n".encode())),
    "with a line twice": lambda: of_record(TRUE, LISTED + row("foo/data.txt", b"data")),
    "with more columns": lambda: of_record(TRUE, LISTED.replace(b",4\n", b",4,more\n")),
}


@pytest.mark.parametrize("what", CONSISTENT)
def test_a_wheel_and_its_record_that_agree_are_intact(what: str, tmp_path: Path) -> None:
    assert judged_built(tmp_path, CONSISTENT[what]()) == Judged("intact", frozenset())


@pytest.mark.parametrize("path", [RECORD, "foo/data.txt"])
def test_bytes_that_broke_are_damaged_whatever_record_says_of_them(path: str, tmp_path: Path) -> None:
    data = of_record(TRUE, LISTED)
    place = data.index(path.encode()) + len(path)
    judgement = judged_built(tmp_path, changed(data, place, bytes([data[place] ^ 0x10])))
    assert judgement == Judged("damaged", frozenset({("PC402", path)}))


# Sdists

COMPRESSIONS: dict[str, Callable[[bytes], bytes]] = {
    ".tar.gz": lambda data: gzip.compress(data, mtime=0),
    ".tar.bz2": bz2.compress,
    ".tar.xz": lzma.compress,
    ".tar": bytes,
    ".tar.lzma": lambda data: lzma.compress(data, lzma.FORMAT_ALONE),
}
HEADER = f"{STEM}/PKG-INFO".encode()
INFO_MEMBER = tar_member(HEADER, archives.metadata("foo", "1.0"))


def places(size: int, count: int) -> list[int]:
    """Places all over so many bytes, the ends among them."""
    return sorted({*range(1, size, max(1, size // count)), size - 1, size - 5, size - 9, size - 22})


def noisy_tar() -> bytes:
    """A tar that hardly compresses, with several members."""
    members = [
        tar_member(f"{STEM}/{number}".encode(), random.Random(number).randbytes(700)) for number in range(5)
    ]
    return b"".join([INFO_MEMBER, *members, TAR_END])


@pytest.mark.parametrize("suffix", [".tar.gz", ".tar.bz2", ".tar.xz", ".tar", ".tar.lzma", ".zip"])
def test_a_cut_sdist_is_found(suffix: str, tmp_path: Path) -> None:
    whole = (
        archives.build_sdist("foo", "1.0", fmt="zip")[1] if suffix == ".zip" else COMPRESSIONS[suffix](noisy_tar())
    )
    assert flaws(whole, Kind.SDIST) == []
    kept = [place for place in places(len(whole), 30) if not codes(whole[:place], Kind.SDIST)]
    # a plain tar's last blocks are but zeros; who lacks some of the second still sees the end
    assert all(suffix == ".tar" and place > len(whole) - 512 for place in kept)
    if suffix != ".tar.lzma":  # an ending that no index has; such a download is nobody's sdist
        found = judged_download(tmp_path, f"{STEM}{suffix}", whole[: len(whole) // 2])
        assert found.verdict == Verdict.DAMAGED
        assert found.codes & {"PC401", "PC402"}


def test_a_flipped_bit_of_a_gzipped_sdist_is_found() -> None:
    """But for those which mean nothing: see `is_idle`."""
    data = COMPRESSIONS[".tar.gz"](noisy_tar())
    rng = random.Random(4)
    bits = [
        *range(80),
        *(rng.randrange(len(data) * 8) for _ in range(200)),
        *range(len(data) * 8 - 80, len(data) * 8),
    ]
    for bit in bits:
        flipped = changed(data, bit // 8, bytes([data[bit // 8] ^ 1 << bit % 8]))
        if not codes(flipped, Kind.SDIST):
            assert is_idle(data, bit), bit
            assert gzip.decompress(flipped) == gzip.decompress(data)


def is_idle(data: bytes, bit: int) -> bool:
    """Whether a bit of a gzip file says nothing of its content: RFC 1952's FTEXT, MTIME, XFL and OS, and the bits
    that fill up the last byte of the deflated data."""
    place = bit // 8
    return bit == 3 * 8 or 4 <= place < 10 or (place == len(data) - 9 and bit % 8 > 0)


def test_a_flipped_bit_in_a_gzip_that_has_a_name_is_found_but_in_the_name() -> None:
    buffer = io.BytesIO()
    with gzip.GzipFile("foo-1.0.tar", "wb", fileobj=buffer, mtime=0) as file:
        file.write(noisy_tar())
    data = buffer.getvalue()
    assert data[10:22] == b"foo-1.0.tar\0"
    assert flaws(data, Kind.SDIST) == []
    assert codes(changed(data, 10, b"g"), Kind.SDIST) == set()
    assert codes(changed(data, 3, b"\0"), Kind.SDIST)


TARS: dict[str, Callable[[], bytes]] = {
    "of the fixtures": lambda: PLAIN_TAR,
    "of GNU tar, with long names": lambda: written_tar(tarfile.GNU_FORMAT),
    "with pax headers": lambda: written_tar(tarfile.PAX_FORMAT),
    "of 1988": lambda: written_tar(tarfile.USTAR_FORMAT, long=False),
    "with a global header": lambda: (
        tar_member(b"pax_global_header", hostile.pax_record("comment", "0" * 40), b"g") + INFO_MEMBER + TAR_END
    ),
    "with much padding": lambda: INFO_MEMBER + bytes(512 * 41),
    "with padding that is no whole block": lambda: INFO_MEMBER + bytes(1024 + 100),
    "with a size in a pax header": lambda: sized_by_pax(1000, 1000),
    "with a comment that looks like a size": lambda: (
        tar_member(b"x", hostile.pax_record("comment", "line\n11 size=5\n"), b"x") + INFO_MEMBER + TAR_END
    ),
    "with a size in base 256": lambda: (
        tar_member(HEADER, b"x" * 700, fields={124: b"\x80" + (700).to_bytes(11, "big")}) + TAR_END
    ),
    "with a sparse file of GNU tar": lambda: (
        tar_member(f"{STEM}/sparse".encode(), b"", b"S", fields={124: b"%011o\0" % 600, 482: b"\1"})
        + bytes(504) + b"\1" + bytes(7) + bytes(512) + bytes(1024) + INFO_MEMBER + TAR_END
    ),
}  # fmt: skip


def sized_by_pax(size: int, stated: int) -> bytes:
    """A tar with a member whose size stands in a pax header as well."""
    about = tar_member(b"x", hostile.pax_record("size", str(stated)), b"x")
    return about + tar_member(HEADER, b"x" * size) + INFO_MEMBER + TAR_END


def written_tar(form: int, *, long: bool = True) -> bytes:
    """A tar as tarfile writes it, with all that an sdist has."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form) as archive:
        for name, kind in [
            (STEM, tarfile.DIRTYPE),
            (f"{STEM}/PKG-INFO", tarfile.REGTYPE),
            (f"{STEM}/link", tarfile.SYMTYPE),
            (f"{STEM}/hard", tarfile.LNKTYPE),
            (f"{STEM}/{'long' * 40 if long else 'short'}", tarfile.REGTYPE),
        ]:
            entry = tarfile.TarInfo(name)
            entry.type = kind
            entry.linkname = f"{STEM}/{'target' * 30 if long else 'target'}" if kind in {b"1", b"2"} else ""
            content = b"Metadata-Version: 2.1\nName: foo\nVersion: 1.0\n" if kind == tarfile.REGTYPE else b""
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


@pytest.mark.parametrize("suffix", COMPRESSIONS)
@pytest.mark.parametrize("what", TARS)
def test_an_honest_sdist_has_no_flaw(what: str, suffix: str) -> None:
    plain = TARS[what]()
    assert tar_names(plain)
    assert flaws(COMPRESSIONS[suffix](plain), Kind.SDIST) == []


@pytest.mark.parametrize("suffix", [".tar.gz", ".tar.bz2", ".tar.xz"])
def test_an_honest_sdist_in_several_streams_has_no_flaw(suffix: str, tmp_path: Path) -> None:
    """gzip, bzip2 and xz read on where one stream ends and another begins, and so does tarfile."""
    plain, compress = noisy_tar(), COMPRESSIONS[suffix]
    for place in (0, 700, len(plain) - 512):
        data = compress(plain[:place]) + compress(plain[place:]) + bytes(20)
        assert len(tar_names(data)) == 6
        assert flaws(data, Kind.SDIST) == []
    data = compress(plain[:700]) + compress(plain[700:])
    assert judged_download(tmp_path, f"{STEM}{suffix}", data) == Judged("intact", frozenset())
    assert codes(data[:-10], Kind.SDIST) & {"PC401", "PC402"}


def test_an_sdist_without_its_zero_blocks_is_whole_only_where_its_compression_says_so() -> None:
    assert flaws(gzip.compress(INFO_MEMBER), Kind.SDIST) == []
    assert codes(INFO_MEMBER, Kind.SDIST) == {"PC401"}


BROKEN_TARS: dict[str, tuple[Callable[[], bytes], str]] = {
    "more behind its zero blocks": (lambda: PLAIN_TAR + INFO_MEMBER + TAR_END, "PC406"),
    "more behind one zero block": (lambda: INFO_MEMBER + bytes(512) + INFO_MEMBER + TAR_END, "PC406"),
    "less than a block behind its zero blocks": (lambda: PLAIN_TAR + b"behind", "PC406"),
    "a size of its own in a pax header": (lambda: sized_by_pax(0, 512), "PC403"),
    "a header that is none": (lambda: INFO_MEMBER + b"x" * 512 + TAR_END, "PC401"),
    "a member that is not all there": (lambda: INFO_MEMBER + tar_member(HEADER, b"x" * 2000)[:1024], "PC401"),
    "a size beyond everything": (
        lambda: INFO_MEMBER + tar_member(HEADER, b"", fields={124: b"\xff" * 12}) + TAR_END,
        "PC401",
    ),
    "no member": (lambda: TAR_END, "PC401"),
}


@pytest.mark.parametrize("suffix", [".tar.gz", ".tar"])
@pytest.mark.parametrize("what", BROKEN_TARS)
def test_a_tar_that_readers_disagree_about_is_found(what: str, suffix: str) -> None:
    make, code = BROKEN_TARS[what]
    assert codes(COMPRESSIONS[suffix](make()), Kind.SDIST) == {code}


BEHIND = {
    "bytes": b"behind",
    "zeros and bytes": bytes(20) + b"behind",
    "many": random.Random(1).randbytes(300_000),
}


@pytest.mark.parametrize("suffix", [".tar.gz", ".tar.bz2", ".tar.xz"])
@pytest.mark.parametrize("what", BEHIND)
def test_bytes_behind_the_compressed_ones_are_found(what: str, suffix: str, tmp_path: Path) -> None:
    """tarfile, and so pip, stops before them."""
    data = COMPRESSIONS[suffix](noisy_tar()) + BEHIND[what]
    assert len(tar_names(data)) == 6
    assert codes(data, Kind.SDIST) == {"PC406"}
    assert judged_download(tmp_path, f"{STEM}{suffix}", data) == Judged("poisoned", frozenset({("PC406", "")}))


@pytest.mark.parametrize("suffix", [".tar.gz", ".tar.bz2", ".tar.xz"])
def test_bytes_that_do_not_decompress_are_found(suffix: str, tmp_path: Path) -> None:
    data = COMPRESSIONS[suffix](noisy_tar())
    broken = changed(data, len(data) // 2, b"\xaa" * 100)
    assert codes(broken, Kind.SDIST) & {"PC401", "PC402"}
    assert judged_download(tmp_path, f"{STEM}{suffix}", broken).verdict == Verdict.DAMAGED


def test_a_gzip_that_nobody_names_is_whole_or_not(tmp_path: Path) -> None:
    """What is in it cannot be told any more, but that it is broken can."""
    data = COMPRESSIONS[".tar.gz"](noisy_tar())
    builder = caches.CacheBuilder(tmp_path)
    builder.download("https://files.example/nothing", changed(data, 10, b"\xff" * 100))
    assert judged(tmp_path) == Judged("damaged", frozenset({("PC402", "")}))
    assert flaws(gzip.compress(b"\0 no tar"), Kind.OTHER) == []


# Every bit of a wheel

SILENT = {
    *("local needed", "row needed", "row made"),  # of the writer; readers only look for those of a newer format
    *("row internal", "row external"),  # text or not, and the mode: in no other place to compare them with
}
"""The fields in which no change can be seen: they stand once, and belong to no checksum."""


def seen_by_zipfile(data: bytes) -> list[tuple[str, bytes]]:
    """All that zipfile reads of an archive."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return [(info.filename, archive.read(info)) for info in archive.infolist()]


def test_every_flipped_bit_of_a_wheel_is_found_or_says_nothing() -> None:
    data = wheel({"foo/data.bin": random.Random(1).randbytes(40).hex().encode()})
    fields = list(hostile.fields_of(data))
    assert [start for start, _, _ in fields[1:]] == [end for _, end, _ in fields[:-1]]
    assert fields[-1][1] == len(data)
    seen = seen_by_zipfile(data)
    silent = set()
    for start, end, field in fields:
        for bit in range(start * 8, end * 8):
            flipped = changed(data, bit // 8, bytes([data[bit // 8] ^ 1 << bit % 8]))
            if codes(flipped):
                continue
            silent.add(field)
            # the last byte of deflated data is filled up with bits that nobody reads
            assert field in SILENT or (field == "data" and bit // 8 == end - 1), (bit, field)
            assert seen_by_zipfile(flipped) == seen
    assert silent == {*SILENT, "data"}


def test_what_stands_once_in_an_archive_cannot_be_seen_to_change() -> None:
    """Comments, and extra fields but for sizes and names: what they say is said nowhere else."""
    same = [
        lie(local_extra=UNIX_TIME),
        lie(row_extra=hostile.extra(0x5455, b"\x03" + bytes(7) + b"\1")),
        lie(row={"comment": b"any"}),
        write_zip(wheel_parts(), comment=b"any"),
    ]
    assert [codes(data) for data in same] == [set()] * len(same)


STREAMED_OR_NOT = pytest.mark.parametrize("streamed", [False, True], ids=["seekable", "streamed"])


@STREAMED_OR_NOT
def test_flipped_bits_of_a_large_wheel_are_found(*, streamed: bool) -> None:
    members = {f"foo/{number}": random.Random(number).randbytes(3000 * number) for number in range(8)}
    data = rewritten(wheel(members), streamed=streamed)
    assert flaws(data) == []
    seen, rng = seen_by_zipfile(data), random.Random(9)
    for bit in (rng.randrange(len(data) * 8) for _ in range(200)):
        flipped = changed(data, bit // 8, bytes([data[bit // 8] ^ 1 << bit % 8]))
        assert codes(flipped) or seen_by_zipfile(flipped) == seen, bit


@STREAMED_OR_NOT
def test_a_cut_wheel_is_found(tmp_path: Path, *, streamed: bool) -> None:
    data = rewritten(wheel({"foo/data.bin": random.Random(1).randbytes(2000)}), streamed=streamed)
    for place in places(len(data), 50):
        assert codes(data[:place]) & {"PC301", "PC401"}, place
        assert codes(data[place:]) & {"PC301", "PC401"}, place
        assert codes(data[:place] + data[place + 7 :]), place
    assert judged_built(tmp_path / "front", data[30:]) == Judged("damaged", frozenset({("PC401", "")}))
    assert judged_built(tmp_path / "built", data[:-30]) == Judged("damaged", frozenset({("PC401", "")}))
    assert judged_download(tmp_path / "download", WHEEL_NAME, data[:900]).verdict == Verdict.DAMAGED


@pytest.mark.parametrize("kind", [Kind.BUILT, Kind.WHEEL, Kind.SDIST])
def test_nothing_at_all_is_found(kind: Kind) -> None:
    assert codes(b"", kind) == {"PC301"}


# Content codings, undone as urllib3 does for pip


def undone(data: bytes, encoding: str | None) -> bytes:
    """A body without its coding."""
    with caches.window(data) as window:
        return b"".join(decoded_pieces(window, encoding, no_tick))


def raw_deflate(data: bytes) -> bytes:
    """Deflated without a frame, as old servers send it."""
    return Part(b"", data).data


CODINGS: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "gzip": ("gzip", gzip.compress),
    "x-gzip": ("x-gzip", gzip.compress),
    "gzip in two members": ("gzip", lambda data: gzip.compress(data[:7]) + gzip.compress(data[7:])),
    "deflate": ("deflate", zlib.compress),
    "raw deflate": ("deflate", raw_deflate),
}


@pytest.mark.parametrize("what", CODINGS)
@pytest.mark.parametrize("size", [1, 1000, 262_143, 262_144, 262_145, 300_000])
def test_a_coded_body_is_whole_or_not(what: str, size: int) -> None:
    encoding, compress = CODINGS[what]
    plain = (b"abcde" * 60_000)[:size]
    data = compress(plain)
    assert undone(data, encoding) == plain
    for broken in (data[:-1], data + b"behind"):
        with pytest.raises(BrokenStream):
            undone(broken, encoding)


def test_zlib_under_the_name_of_gzip_is_broken_for_pip_too() -> None:
    with pytest.raises(BrokenStream):
        undone(zlib.compress(b"page"), "gzip")


# Laws

KINDS = st.sampled_from(Kind)
ENCODINGS = st.sampled_from([None, "gzip", "deflate", "br", "zstd", "gzip, gzip"])
FILENAMES = st.sampled_from([None, WHEEL_NAME, SDIST_NAME, f"{WHEEL_NAME}.metadata", "foo-1.0.zip", "foo.exe"])
MAGIC = st.sampled_from(
    [b"", b"PK\x03\x04", b"PK\x05\x06", b"\x1f\x8b\x08\0", b"BZh9", b"\xfd7zXZ\0", b"]\0\0", b"<"]
)


def look(data: bytes, kind: Kind, filename: str | None, encoding: str | None) -> None:
    """Look at bytes as whatever they may be called; every flaw is told in whole sentences."""
    artifact = artifact_of(kind, filename=filename, encoding=encoding)
    with caches.window(data) as window:
        for flaw in structure_findings(artifact, window, no_tick):
            assert flaw.check.code
            assert isinstance(flaw.by, str)
            assert flaw.expected
            assert flaw.actual


@laws
@given(MAGIC, st.binary(max_size=1500), KINDS, FILENAMES, ENCODINGS)
def test_any_bytes_have_flaws_or_none(
    start: bytes, data: bytes, kind: Kind, filename: str | None, encoding: str | None
) -> None:
    look(start + data, kind, filename, encoding)


def whole_archives() -> list[bytes]:
    """One of each kind."""
    return [
        wheel({"foo/data.bin": b"abc" * 100}),
        described(bytes),
        bytes(wide_wheel()),
        lie(row_extra=unicode_path(b"foo/__init__.py", b"foo/__init__.py"), local_extra=UNIX_TIME),
        archives.build_sdist("foo", "1.0", fmt="zip")[1],
        *(compress(noisy_tar()) for compress in COMPRESSIONS.values()),
        sized_by_pax(1000, 1000),
        TARS["with a sparse file of GNU tar"](),
    ]


WHOLE = whole_archives()
CHANGE = st.tuples(
    st.sampled_from(["flip", "cut", "insert", "swap", "copy"]),
    st.integers(-80, 80) | st.integers(0, 1 << 20),
    st.integers(0, 1 << 20),
    st.binary(max_size=8) | st.sampled_from([hostile.EMPTY_END, b"\xff" * 4, bytes(512), b"PK\x01\x02"]),
)


def mutated(data: bytes, change: tuple[str, int, int, bytes]) -> bytes:
    """The bytes after one thing was done to them."""
    how, one, other, value = change
    if not data:
        return value
    place, second = one % len(data), other % len(data)
    start, end = min(place, second), max(place, second)
    match how:
        case "flip":
            return changed(data, place, bytes([data[place] ^ 1 << other % 8]))
        case "cut":
            return data[:start] + data[start + other % 40 :] if other % 2 else data[:place]
        case "insert":
            return data[:place] + value + data[place:]
        case "swap":
            return data[:start] + data[end:] + data[start:end]
        case _:
            return data[:place] + data[start : start + 60] + data[place + 60 :]


@settings(laws, max_examples=400)
@given(st.integers(0, len(WHOLE) - 1), st.lists(CHANGE, min_size=1, max_size=4), KINDS, FILENAMES, ENCODINGS)
def test_a_mutated_archive_has_flaws_or_none(
    which: int,
    changes: Sequence[tuple[str, int, int, bytes]],
    kind: Kind,
    filename: str | None,
    encoding: str | None,
) -> None:
    data = WHOLE[which]
    for change in changes:
        data = mutated(data, change)
    look(data, kind, filename, encoding)


NAME = st.text(st.characters(exclude_characters="\0/\\", exclude_categories=["C"]), min_size=1, max_size=10)
PATHS = st.lists(NAME, min_size=1, max_size=3).map("/".join)
CONTENT = st.binary(max_size=60) | st.integers(0, 300_000).map(bytes) | st.just(hostile.EMPTY_END)
MEMBERS = st.dictionaries(PATHS, CONTENT, max_size=5)
METHODS = st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
COMMENTS = st.binary(max_size=30).filter(lambda data: hostile.END not in data)


@laws
@given(MEMBERS, METHODS, COMMENTS, st.booleans(), st.booleans())
@example({"./0": b"in this folder"}, zipfile.ZIP_STORED, b"", False, False)  # noqa: FBT003
def test_a_wheel_of_zipfile_has_no_flaw(
    members: dict[str, bytes],
    method: int,
    comment: bytes,
    streamed: bool,  # noqa: FBT001 - drawn
    is_wide: bool,  # noqa: FBT001 - drawn
) -> None:
    limit = mock.patch.object(zipfile, "ZIP64_LIMIT", 0) if is_wide else contextlib.nullcontext()
    with limit, warnings.catch_warnings(action="ignore"):
        data = rewritten(wheel(members), streamed=streamed, method=method, comment=comment)
    assert flaws(data) == []


TAR_FORMS = st.sampled_from([tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])


@laws
@given(
    st.dictionaries(PATHS, CONTENT.filter(lambda data: hostile.END not in data), max_size=5),
    TAR_FORMS,
    st.sampled_from(sorted(COMPRESSIONS)),
    st.integers(0, 2),
)
def test_an_sdist_of_tarfile_has_no_flaw(members: dict[str, bytes], form: int, suffix: str, padding: int) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form) as archive:
        for path, content in itertools.chain([("PKG-INFO", archives.metadata("foo", "1.0"))], members.items()):
            entry = tarfile.TarInfo(f"{STEM}/{path}")
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    data = COMPRESSIONS[suffix](buffer.getvalue() + bytes(512 * padding))
    assert flaws(data, Kind.SDIST) == []
