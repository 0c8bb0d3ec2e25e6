"""Wheels that two readers could take in two ways, or whose bytes broke, and no honest ones."""

from __future__ import annotations

import io
import random
import struct
import tarfile
import zipfile
import zlib
from typing import TYPE_CHECKING

import pytest

from pipcache.inventory.artifact import Kind
from pipcache.verify.checks import Verdict
from tests.support import archives, hostile
from tests.support.hostile import INFO, WHEEL_NAME, Part, wheel, wheel_parts, write_zip
from tests.support.judged_archives import (
    PAYLOAD,
    PLAIN_TAR,
    SDIST,
    UNIX_TIME,
    Judged,
    changed,
    codes,
    described,
    flaws,
    judged_built,
    judged_download,
    lie,
    places,
    rewritten,
    unicode_path,
    wide,
    wide_wheel,
    with_part,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


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
    # descriptors
    "no descriptor where one is promised": (lambda: described(lambda _: b""), "PC405"),
    "a descriptor of another checksum": (lambda: described(lambda true: changed(true, 4, b"\1\2\3\4")), "PC405"),
    "a descriptor of another size": (lambda: described(lambda true: changed(true, -4, b"\1\2")), "PC405"),
    "a descriptor of another compressed size": (lambda: described(lambda true: changed(true, 8, b"\1")), "PC405"),
    "sizes before and behind that differ": (lambda: described(bytes, size=7), "PC405"),
    "bytes behind a descriptor": (lambda: described(lambda true: true + b"between"), "PC406"),
}


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
    downloaded = judged_download(tmp_path / "download", WHEEL_NAME, data)
    for judgement in (built, downloaded):
        assert judgement.verdict in {"poisoned", VERDICTS.get(code, "damaged")}
    assert code in built.codes
    assert downloaded.codes


def test_a_zip_whose_first_header_is_a_tar_header_too_is_found() -> None:
    """A local header's extra field takes any bytes, a whole tar header's among them."""
    data = lie(local_extra=hostile.extra(0x6666, bytes(600)))
    data = changed(data, 124, hostile.tar_header(b"", 0)[124:])
    data = changed(data, 148, b" " * 8)
    data = changed(data, 148, b"%06o\0 " % sum(data[:512]))
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
        assert archive.getmembers()
    assert codes(data) == {"PC403"}


# Honest archives, odd as they are


def directories() -> bytes:
    """A wheel with folders as members of their own, one of them deflated to nothing at all."""
    folders = [Part(b"foo/", method=0), Part(b"foo/data/", stored=b"", local={"crc": 0}), Part(b"foo/more/")]
    return write_zip([*folders, *wheel_parts()])


UNIX_TIME_SHORT = hostile.extra(0x5455, b"\x03" + bytes(4))
NAME_IN_UTF8 = "foo/é.py"
SPEAKING_NAMES = {"foo/名前.py": b"", "foo/ü.txt": b"text", "foo/a b.txt": b"text"}


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
    rest, solution = wanted ^ base, 0
    while rest:
        rest, solution = rest ^ basis[rest.bit_length()][0], solution ^ basis[rest.bit_length()][1]
    content = solution.to_bytes(4, "little")
    assert zlib.crc32(content) == wanted
    return content


def with_part_named(name: str, encoding: str, flags: int) -> bytes:
    """A wheel with a member whose name is written in another code page than RECORD."""
    parts = wheel_parts({name: b"text"})
    return write_zip(
        [
            part._replace(name=name.encode(encoding), flags=flags) if part.content == b"text" else part
            for part in parts
        ]
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


@pytest.mark.slow
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
