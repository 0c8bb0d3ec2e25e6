"""Quick looks into archives: what they see is what zipfile and tarfile see, and no bytes make them stumble."""

from __future__ import annotations

import bz2
import email
import gzip
import io
import itertools
import lzma
import random
import struct
import tarfile
import tracemalloc
import warnings
import zipfile
import zlib
from typing import TYPE_CHECKING, NamedTuple
from unittest import mock

import pytest
from hypothesis import assume, example, given, reject, settings
from hypothesis import strategies as st

from pipcache.archive.metadata import (
    Metadata,
    SdistFacts,
    WheelFacts,
    parse_metadata,
    read_tar_sdist,
    read_wheel,
    read_zip_sdist,
)
from pipcache.archive.tar_reader import is_tar, tar_members
from pipcache.archive.zip_reader import Member, ZipDirectory
from pipcache.store.content import EmptyBody, OpaqueBody, TextBody, ZipBody, inspect
from tests.support import archives, caches

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

laws = settings(deadline=None, derandomize=True)

WHEEL, METADATA = ".dist-info/WHEEL", ".dist-info/METADATA"


# Wheels as many tools may have written them


class Cp437Info(zipfile.ZipInfo):
    """A member whose name is written in the code page of old tools, without the mark of UTF-8."""

    def _encodeFilenameFlags(self) -> tuple[bytes, int]:  # noqa: N802 - what zipfile calls
        return self.filename.encode("cp437"), self.flag_bits & ~0x800


class Written(NamedTuple):
    """A member to be written."""

    name: str
    content: bytes
    method: int = zipfile.ZIP_DEFLATED
    comment: bytes = b""
    cp437: bool = False


def write_zip(
    members: Sequence[Written],
    *,
    prefix: bytes = b"",
    comment: bytes = b"",
    streamed: bool = False,
    zip64: bool = False,
) -> bytes:
    """A ZIP as zipfile writes it; `zip64` writes the wide records that archives beyond 4 GB have."""
    seekable, forward = io.BytesIO(), archives.Unseekable()
    limit = 0 if zip64 else zipfile.ZIP64_LIMIT
    with (
        warnings.catch_warnings(action="ignore"),  # zipfile warns of names it writes twice
        mock.patch.object(zipfile, "ZIP64_LIMIT", limit),
        zipfile.ZipFile(forward if streamed else seekable, "w") as archive,
    ):
        for member in members:
            info = (Cp437Info if member.cp437 else zipfile.ZipInfo)(member.name)
            info.compress_type = member.method
            info.comment = member.comment
            with archive.open(info, "w", force_zip64=zip64) as file:
                file.write(member.content)
        archive.comment = comment
    return prefix + bytes(forward.data if streamed else seekable.getvalue())


def wheel_file(name: str, *tags: str) -> Written:
    """The WHEEL file of a .dist-info folder."""
    return Written(name, "\n".join(["Wheel-Version: 1.0", *(f"Tag: {tag}" for tag in tags), ""]).encode())


def metadata_file(name: str, project: str, version: str) -> Written:
    """The METADATA file of a .dist-info folder."""
    return Written(name, archives.metadata(project, version))


class Filler(NamedTuple):
    """Content by its recipe, so that failing examples stay readable; some leads searches astray."""

    start: bytes
    zeros: int = 0
    noise: int = 0

    def make(self) -> bytes:
        return self.start + bytes(self.zeros) + random.Random(self.noise).randbytes(self.noise)


class Plan(NamedTuple):
    """A ZIP by its recipe."""

    members: tuple[tuple[Written, Filler], ...]
    prefix: Filler
    comment: Filler
    streamed: bool
    zip64: bool

    def make(self) -> bytes:
        return write_zip(
            [member._replace(content=member.content or filler.make()) for member, filler in self.members],
            prefix=self.prefix.make(),
            comment=self.comment.make(),
            streamed=self.streamed,
            zip64=self.zip64,
        )


NAME = st.text(st.characters(exclude_characters="\0/\\", exclude_categories=["Cs"]), min_size=1, max_size=12)
PATH = st.lists(NAME, min_size=1, max_size=3).map("/".join)
CP437 = st.binary(min_size=1, max_size=12).map(lambda raw: raw.decode("cp437")).filter(lambda s: "\0" not in s)
STARTS = st.binary(max_size=20) | st.sampled_from([b"PK\x01\x02" * 3, b"PK\x05\x06" * 3, b"x.dist-info/WHEEL"])
FILLERS = st.builds(Filler, STARTS, st.sampled_from([0, 0, 0, 50_000]), st.sampled_from([0, 0, 7, 300, 40_000]))
METHODS = st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
ODD_NAMES = st.sampled_from(["a", "b/c", f"p/v{WHEEL}", f"w{WHEEL}.txt", f"x{METADATA}/y", "d/"])
MEMBERS = (
    st.builds(Written, PATH | ODD_NAMES, st.just(b""), METHODS, st.binary(max_size=20), st.just(False))  # noqa: FBT003
    | st.builds(Written, CP437, st.just(b""), METHODS, st.just(b""), st.just(True))  # noqa: FBT003
)
PROJECTS = st.sampled_from(["foo", "Foo.Bar", "zope.interface", "名前", "pkg/_vendor/bar"])
NOTHING = Filler(b"")


@st.composite
def zips(draw: st.DrawFn) -> Plan:
    """ZIPs of all kinds that zipfile writes; most are wheels, some of them odd."""
    members = draw(st.lists(MEMBERS, max_size=8))
    members += [Written(f"pkg/{number}.py", b"") for number in range(draw(st.sampled_from([0, 0, 3, 300])))]
    for project in draw(st.lists(PROJECTS, max_size=3)):
        version = draw(st.sampled_from(["1.0", "2!1.0rc1"]))
        folder = f"{project}-{version}"
        dist_info = [
            wheel_file(folder + WHEEL, "py3-none-any"),
            metadata_file(folder + METADATA, project, version),
        ]
        place = draw(st.integers(0, len(members)))
        members[place:place] = draw(st.permutations(dist_info))
    fillers = draw(st.lists(FILLERS, max_size=4)) or [NOTHING]
    # folders hold nothing
    filled = [
        (one, NOTHING if one.name.endswith("/") else fill) for one, fill in zip(members, itertools.cycle(fillers))
    ]
    return Plan(
        tuple(filled),
        draw(
            st.sampled_from([NOTHING, NOTHING, Filler(b"#!/bin/sh\n"), Filler(b"PK\x01\x02"), Filler(b"", 50_000)])
        ),
        draw(st.sampled_from([NOTHING, NOTHING, Filler(b"a comment"), Filler(b"c", 45_000), Filler(b"", 0xFFFF)])),
        draw(st.booleans()),
        draw(st.booleans()),
    )


def seen_by_zipfile(data: bytes) -> list[Member]:
    """Every row of the central directory, as zipfile reads them."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return [
            Member(
                row.filename,
                row.compress_type,
                row.compress_size,
                row.file_size,
                row.header_offset,
                row.CRC,
                row.flag_bits,
                dos_time(row.date_time),
                row.orig_filename.encode("utf-8" if row.flag_bits & 0x800 else "cp437"),
            )
            for row in archive.infolist()
        ]


def dos_time(moment: tuple[int, int, int, int, int, int]) -> int:
    """A time as a ZIP has it (APPNOTE.TXT 4.4.6): the date in the high half."""
    year, month, day, hour, minute, second = moment
    return (year - 1980) << 25 | month << 21 | day << 16 | hour << 11 | minute << 5 | second // 2


@laws
@given(zips())
def test_the_members_of_a_zip_are_those_zipfile_finds(plan: Plan) -> None:
    data = plan.make()
    expected = seen_by_zipfile(data)
    assert [member.name for member in expected] == [member.name for member, _ in plan.members]
    with caches.window(data) as window:
        directory = ZipDirectory(window)
        assert list(directory.members()) == expected
        assert directory.count == len(expected)


@laws
@given(zips(), st.sampled_from([(WHEEL,), (METADATA,), (WHEEL, METADATA), ("c",), (".py", "a"), ("",)]))
def test_the_members_with_an_ending_are_those_zipfile_finds(plan: Plan, endings: tuple[str, ...]) -> None:
    data = plan.make()
    expected = [member for member in seen_by_zipfile(data) if member.name.endswith(endings)]
    with caches.window(data) as window:
        assert ZipDirectory(window).ending(*endings) == expected


@laws
@given(zips())
def test_the_last_member_with_an_ending_is_found_or_left_to_the_full_search(plan: Plan) -> None:
    data = plan.make()
    expected = [member for member in seen_by_zipfile(data) if member.name.endswith(WHEEL)]
    with caches.window(data) as window:
        found = ZipDirectory(window).last_ending(WHEEL)
    assert found is None or found == expected[-1]


@laws
@given(zips(), st.integers(0, 100_000))
def test_a_member_is_read_as_zipfile_reads_it(plan: Plan, limit: int) -> None:
    data = plan.make()
    with zipfile.ZipFile(io.BytesIO(data)) as archive, caches.window(data) as window:
        directory = ZipDirectory(window)
        for row, member in zip(archive.infolist(), directory.members(), strict=True):
            content = archive.open(row).read()
            assert directory.read(member) == content
            start = directory.read(member, limit)
            assert len(start) <= limit
            assert content.startswith(start)


@laws
@given(zips(), st.booleans())
def test_a_wheel_says_of_itself_what_zipfile_and_email_read(plan: Plan, deep: bool) -> None:  # noqa: FBT001
    data = plan.make()
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        tops = [name for name in archive.namelist() if name.endswith(WHEEL) and name.count("/") == 1]
        # which of several .dist-info folders counts is nobody's rule: pip refuses such a wheel
        assume(len(set(tops)) < 2)
        expected = None
        if tops:
            folder = tops[0].removesuffix(WHEEL)
            fields = email.message_from_string(archive.read(tops[0]).decode())
            metadata = None
            if deep and folder + METADATA in archive.namelist():
                text = email.message_from_string(archive.read(folder + METADATA).decode())
                metadata = Metadata(text["Name"], text["Version"], text["Summary"], text["Requires-Python"])
            tags = tuple(fields.get_all("Tag", ()))
            expected = WheelFacts(folder, tags, fields["Build"], fields["Generator"], metadata)
    with caches.window(data) as window:
        found = read_wheel(ZipDirectory(window), deep=deep)
    # a quick look that had to search everything may tell more than was asked for
    assert (found if deep or found is None else found._replace(metadata=None)) == expected


@laws
@given(
    st.sampled_from(["foo", "Foo.Bar", "zope.interface", "ruamel.yaml.clib"]),
    st.sampled_from(["1.0", "2!1.0rc1", "1.0+local.1", "2004d"]),
    st.lists(st.sampled_from(["py2", "py3", "cp311"]), min_size=1, unique=True).map(".".join),
    st.none() | st.sampled_from(["1", "2_abc"]),
    st.booleans(),
)
def test_a_wheel_tells_its_name_its_tags_and_its_build(
    name: str,
    version: str,
    pythons: str,
    build: str | None,
    deep: bool,  # noqa: FBT001 - drawn
) -> None:
    filename, data = archives.build_wheel(name, version, tags=[f"{pythons}-none-any"], build=build)
    with caches.window(data) as window:
        facts = inspect(window, None, deep=deep)
    assert isinstance(facts, WheelFacts)
    assert f"{facts.folder}-" == filename[: len(facts.folder) + 1]
    assert facts.tags == tuple(f"{python}-none-any" for python in pythons.split("."))
    assert (facts.build, facts.generator) == (build, "fixture")
    expected = Metadata(name, version, "A fixture", None)
    assert facts.metadata == (expected if deep else None)


@pytest.mark.parametrize("deep", [False, True], ids=["quick", "deep"])
@pytest.mark.parametrize("order", range(3))
def test_a_wheel_that_brings_the_dist_info_of_others_is_itself(order: int, *, deep: bool) -> None:
    """Tools that sort their members put foo-1.0.dist-info before foo/_vendor."""
    members = [
        wheel_file("foo-1.0" + WHEEL, "py3-none-any"),
        wheel_file("foo/_vendor/bar-2.0" + WHEEL, "py2-none-any"),
        wheel_file("foo-1.0.data/platlib/baz-3.0" + WHEEL, "py2-none-any"),
    ]
    with caches.window(write_zip(members[order:] + members[:order])) as window:
        facts = read_wheel(ZipDirectory(window), deep=deep)
    assert facts is not None
    assert (facts.folder, facts.tags) == ("foo-1.0", ("py3-none-any",))


def test_a_zip_with_more_members_than_the_old_end_record_counts_is_read() -> None:
    members = [Written(f"{number}", b"", zipfile.ZIP_STORED) for number in range(66_000)]
    data = write_zip([*members, wheel_file("foo-1.0" + WHEEL, "py3-none-any")])
    with caches.window(data) as window:
        directory = ZipDirectory(window)
        assert directory.count == 66_001
        assert [member.name for member in directory.ending(WHEEL)] == ["foo-1.0" + WHEEL]
        assert sum(1 for _ in directory.members()) == 66_001


@pytest.mark.parametrize("prefix", [b"", b"#!/bin/sh\n" * 10])
@pytest.mark.parametrize("mark", [0b000, 0b001, 0b010, 0b100, 0b111])
def test_the_wide_end_record_counts_wherever_the_narrow_one_points_to_it(mark: int, prefix: bytes) -> None:
    members = [Written("a", b"content"), wheel_file("foo-1.0" + WHEEL, "py3-none-any")]
    data = bytearray(write_zip(members, zip64=True))
    end = len(data) - 22
    for bit, (place, width) in enumerate([(8, 4), (12, 4), (16, 4)]):
        if mark >> bit & 1:
            data[end + place : end + place + width] = b"\xff" * width
    data[0:0] = prefix
    expected = seen_by_zipfile(bytes(data))
    with caches.window(bytes(data)) as window:
        assert list(ZipDirectory(window).members()) == expected


def test_of_two_members_with_one_name_the_last_counts() -> None:
    members = [
        wheel_file("foo-1.0" + WHEEL, "py2-none-any"),
        metadata_file("foo-1.0" + METADATA, "foo", "1.0"),
        metadata_file("foo-1.0" + METADATA, "bar", "2.0"),
        wheel_file("foo-1.0" + WHEEL, "py3-none-any"),
    ]
    data = write_zip(members)
    with caches.window(data) as window:
        facts = read_wheel(ZipDirectory(window), deep=True)
    assert facts is not None
    assert facts.tags == ("py3-none-any",)
    assert facts.metadata is not None
    assert facts.metadata.name == "bar"


def test_of_two_archives_in_one_file_the_last_counts() -> None:
    (_, one), (_, other) = archives.build_wheel("foo", "1.0"), archives.build_wheel("bar", "2.0")
    with caches.window(one + other) as window:
        directory = ZipDirectory(window)
        assert list(directory.members()) == seen_by_zipfile(one + other)
        facts = read_wheel(directory, deep=True)
    assert facts is not None
    assert facts.folder == "bar-2.0"


def test_a_row_hidden_in_a_comment_is_no_member_however_the_end_record_counts() -> None:
    """zipfile, and so pip, walks the rows by their lengths; a name that is not on that walk is not the wheel's."""
    hidden = bytearray(write_zip([wheel_file("evil-6.6" + WHEEL, "py2-none-any")]))
    start, end = hidden.index(b"PK\x01\x02"), hidden.index(b"PK\x05\x06")
    shown = wheel_file("foo-1.0" + WHEEL, "py3-none-any")
    data = bytearray(write_zip([shown, Written("z", b"", comment=bytes(hidden[start:end]))]))
    data[-14:-10] = struct.pack("<2H", 3, 3)
    assert [member.name for member in seen_by_zipfile(bytes(data))] == ["foo-1.0" + WHEEL, "z"]
    with caches.window(bytes(data)) as window:
        facts = read_wheel(ZipDirectory(window), deep=True)
    assert facts is not None
    assert facts.folder == "foo-1.0"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "no end record"),
        (b"PK\x03\x04" + b"\0" * 100, "no end record"),
        (b"PK\x05\x06", "cut short"),
        (struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 1, 1, 46, 0, 0), "not where it is said"),
        (struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 1, 1, 2**32 - 2, 0, 0), "not where it is said"),
        (b"\0" * 46 + struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 1, 1, 46, 0, 0), "not where it is said"),
    ],
)
def test_what_has_no_directory_is_refused(data: bytes, reason: str) -> None:
    with caches.window(data) as window, pytest.raises(ValueError, match=reason):
        ZipDirectory(window)


def test_an_empty_zip_has_no_members() -> None:
    with caches.window(write_zip([])) as window:
        directory = ZipDirectory(window)
        assert list(directory.members()) == []
        assert read_wheel(directory, deep=True) is None
        assert read_zip_sdist(directory) is None
        assert inspect(window, None, deep=True) == ZipBody(None)


def test_a_member_that_does_not_inflate_is_empty() -> None:
    data = bytearray(write_zip([Written("a", b"content" * 100)]))
    start = data.index(b"a", 30) + 1
    data[start : start + 8] = b"\xff" * 8
    with caches.window(bytes(data)) as window:
        directory = ZipDirectory(window)
        assert directory.read(next(directory.members())) == b""


# Tars


TAR_FORMATS = {"ustar": tarfile.USTAR_FORMAT, "pax": tarfile.PAX_FORMAT, "gnu": tarfile.GNU_FORMAT}
TAR_NAME = st.text(
    st.characters(exclude_characters="\0/\n", exclude_categories=["Cs"]), min_size=1, max_size=40
).filter(lambda name: name not in {".", ".."})
LONG_NAME = st.integers(90, 300).map(lambda size: "long" * (size // 4))
TAR_PATH = st.builds(
    lambda start, parts: start + "/".join(parts),
    st.sampled_from(["", "", "./"]),
    st.lists(TAR_NAME | LONG_NAME, min_size=1, max_size=4),
)
TAR_KINDS = st.sampled_from([tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE])


def tar_entry(path: str, kind: bytes = tarfile.REGTYPE, *, link: str = "", **pax: str) -> tarfile.TarInfo:
    """The header of a member."""
    entry = tarfile.TarInfo(path)
    entry.type = kind
    entry.linkname = link
    entry.pax_headers = pax
    return entry


def write_tar(entries: Sequence[tuple[tarfile.TarInfo, bytes]], form: int) -> bytes:
    """An uncompressed tar as tarfile writes it."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form) as archive:
        for entry, content in entries:
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


class TarPlan(NamedTuple):
    """A tar by its recipe: (path, kind, link's target, a comment, content) of each member."""

    form: str
    entries: tuple[tuple[str, bytes, str, str, Filler], ...]

    def make(self) -> bytes:
        entries = [
            (tar_entry(path, kind, link=link, **({"comment": comment} if comment else {})), filler.make())
            for path, kind, link, comment, filler in self.entries
        ]
        try:
            return write_tar(entries, TAR_FORMATS[self.form])
        except ValueError:
            reject()  # ustar has no room for such a name


@st.composite
def tars(draw: st.DrawFn) -> TarPlan:
    """Tars of the three formats, with links, folders, long names and extra records."""
    entries = []
    for _ in range(draw(st.integers(0, 5))):
        kind = draw(TAR_KINDS)
        link = draw(TAR_PATH) if kind in {tarfile.SYMTYPE, tarfile.LNKTYPE} else ""
        filler = draw(FILLERS) if kind in {tarfile.REGTYPE, tarfile.AREGTYPE} else NOTHING
        entries.append((draw(TAR_PATH), kind, link, draw(st.just("") | TAR_NAME), filler))
    return TarPlan(draw(st.sampled_from(sorted(TAR_FORMATS))), tuple(entries))


def seen_by_tarfile(data: bytes) -> list[tuple[str, bytes | None]]:
    """Every member and, of files, its content, as tarfile reads them."""
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        found = []
        for entry in archive:
            file = archive.extractfile(entry) if entry.isreg() else None
            found.append((entry.name, None if file is None else file.read()))
        return found


@laws
@given(tars())
def test_the_members_of_a_tar_are_those_tarfile_finds(plan: TarPlan) -> None:
    data = plan.make()
    expected = seen_by_tarfile(data)
    found = list(tar_members(data))
    # tarfile drops the slash behind a folder's name
    assert [name.rstrip("/") for name, _ in found] == [name.rstrip("/") for name, _ in expected]
    for (_, content), (name, wanted) in zip(found, expected, strict=True):
        assert wanted is None or content == wanted, name


@laws
@given(tars(), st.integers(0, 1 << 30))
def test_the_beginning_of_a_tar_gives_the_members_that_are_in_it(plan: TarPlan, place: int) -> None:
    data = plan.make()
    whole = list(tar_members(data))
    found = list(tar_members(data[: place % (len(data) + 1)]))
    assert [name for name, _ in found[:-1]] == [name for name, _ in whole[: max(len(found) - 1, 0)]]
    assert all(wanted.startswith(content) for (_, content), (_, wanted) in zip(found[:-1], whole, strict=False))


COMPRESSIONS: dict[str, Callable[[bytes], bytes]] = {
    ".tar": bytes,
    ".tar.gz": gzip.compress,
    ".tar.bz2": bz2.compress,
    ".tar.xz": lzma.compress,
}
DEPTHS = pytest.mark.parametrize("deep", [False, True], ids=["quick", "deep"])
SUFFIXES = pytest.mark.parametrize("suffix", COMPRESSIONS)
FORMATS = pytest.mark.parametrize("form", TAR_FORMATS)


@FORMATS
@SUFFIXES
@DEPTHS
@pytest.mark.parametrize(
    "folder", ["foo-1.0", "Foo.Bar-1.0", "foo_bar-1.0+local.1", "pytz-2004d", "x" * 150 + "-1"]
)
def test_an_sdist_is_read_whatever_its_format_and_compression(
    folder: str, suffix: str, form: str, *, deep: bool
) -> None:
    entries = [
        (tar_entry(folder, tarfile.DIRTYPE), b""),
        (tar_entry(f"{folder}/setup.py"), b"setup()\n"),
        (tar_entry(f"{folder}/PKG-INFO"), archives.metadata("foo", "1.0")),
    ]
    data = COMPRESSIONS[suffix](write_tar(entries, TAR_FORMATS[form]))
    with caches.window(data) as window:
        found = inspect(window, None, deep=deep)
    metadata = Metadata("foo", "1.0", "A fixture", None) if deep else None
    assert found == SdistFacts(folder, suffix, metadata)


@SUFFIXES
@DEPTHS
@pytest.mark.parametrize("size", [10_000, 200_000, 2_000_000], ids="{:,}".format)
def test_an_sdist_that_hardly_compresses_is_read_too(suffix: str, size: int, *, deep: bool) -> None:
    """bzip2 gives nothing before the first block of 900 kB is whole."""
    entries = [
        (tar_entry("foo-1.0/PKG-INFO"), archives.metadata("foo", "1.0")),
        (tar_entry("foo-1.0/data"), random.Random(1).randbytes(size)),
    ]
    data = COMPRESSIONS[suffix](write_tar(entries, tarfile.PAX_FORMAT))
    with caches.window(data) as window:
        found = inspect(window, None, deep=deep)
    assert found == SdistFacts("foo-1.0", suffix, Metadata("foo", "1.0", "A fixture", None) if deep else None)


@DEPTHS
@SUFFIXES
def test_a_truncated_sdist_is_named_as_long_as_its_beginning_is_there(suffix: str, *, deep: bool) -> None:
    entries = [
        (tar_entry("foo-1.0/PKG-INFO"), archives.metadata("foo", "1.0")),
        *((tar_entry(f"foo-1.0/{number}"), random.Random(number).randbytes(90_000)) for number in range(30)),
    ]
    data = COMPRESSIONS[suffix](write_tar(entries, tarfile.PAX_FORMAT))
    with caches.window(data[: len(data) // 2]) as window:
        found = inspect(window, None, deep=deep)
    assert isinstance(found, SdistFacts)
    assert found.folder == "foo-1.0"


@DEPTHS
def test_a_tar_of_before_1988_is_read(*, deep: bool) -> None:
    data = bytearray(
        write_tar([(tar_entry("foo-1.0/PKG-INFO"), archives.metadata("foo", "1"))], tarfile.USTAR_FORMAT)
    )
    data[257:265] = b"\0" * 8
    data[148:156] = b" " * 8
    data[148:156] = f"{sum(data[:512]):06o}\0 ".encode()
    assert seen_by_tarfile(bytes(data))[0][0] == "foo-1.0/PKG-INFO"
    with caches.window(bytes(data)) as window:
        found = read_tar_sdist(window, deep=deep)
    assert found is not None
    assert found.folder == "foo-1.0"


@DEPTHS
@pytest.mark.parametrize("link", ["short", "long" * 50])
@FORMATS
def test_a_link_before_all_else_does_not_hide_the_top_folder(form: str, link: str, *, deep: bool) -> None:
    if form == "ustar" and len(link) > 100:
        pytest.skip("ustar has no room for such a link")
    entries = [
        (tar_entry("foo-1.0/link", tarfile.SYMTYPE, link=link), b""),
        (tar_entry("foo-1.0/PKG-INFO"), archives.metadata("foo", "1.0")),
    ]
    with caches.window(gzip.compress(write_tar(entries, TAR_FORMATS[form]))) as window:
        found = read_tar_sdist(window, deep=deep)
    assert found is not None
    assert found.folder == "foo-1.0"
    assert (found.metadata is not None) == deep


def test_a_repository_archive_with_a_global_header_is_read() -> None:
    buffer = io.BytesIO()
    commit = {"comment": "da39a3ee5e6b4b0d3255bfef95601890afd80709"}
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT, pax_headers=commit) as archive:
        archive.addfile(tarfile.TarInfo("foo-main/setup.py"))
    with caches.window(gzip.compress(buffer.getvalue())) as window:
        assert read_tar_sdist(window, deep=False) == SdistFacts("foo-main", ".tar.gz", None)


def bare_header(name: bytes, size: bytes, kind: bytes) -> bytes:
    """A tar header with a true checksum over any fields."""
    block = bytearray(512)
    block[: len(name)] = name
    block[124 : 124 + len(size)] = size
    block[156:157] = kind
    block[148:156] = b" " * 8
    block[148:156] = f"{sum(block):06o}\0 ".encode()
    return bytes(block)


SIZES = [b"-1000", b"-0001000", b"-7777777777", b"+1000", b"1_000", b"0o10", b"99999999999", b"\xff" * 12, b"\x80"]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", [b"0", b"L", b"x", b"g"])
@pytest.mark.parametrize("name", [b"", b"foo-1.0/a"])
def test_a_size_no_writer_gives_never_leads_backwards(name: bytes, kind: bytes, size: bytes) -> None:
    """A negative size once more would be the same header for ever; each header can be met once at most."""
    data = bare_header(b"foo-1.0/first", b"0", b"0") + bare_header(name, size, kind) + b"\0" * 1024

    class Once(bytes):
        """Bytes whose headers may be looked at once each."""

        seen: set[int]

        def __getitem__(self, place: object) -> bytes:  # type: ignore[override]
            assert isinstance(place, slice)
            if isinstance(place.start, int) and place.stop == place.start + 512:
                assert place.start not in self.seen, "the same header is read again"
                self.seen.add(place.start)
            return bytes(self)[place]

    once = Once(data)
    once.seen = set()
    members = list(itertools.islice(tar_members(once), 10))
    assert members[0][0] == "foo-1.0/first"
    assert len(members) < 4


# Source archives that are ZIPs


@DEPTHS
@pytest.mark.parametrize("folder", ["foo-1.0", "Foo.Bar-1.0", "foo_bar-1.0+local.1"])
@pytest.mark.parametrize("pkg_info", [True, False])
def test_a_zipped_sdist_is_read(folder: str, *, pkg_info: bool, deep: bool) -> None:
    metadata = archives.metadata("foo", "1.0")
    members = [Written(f"{folder}/", b""), Written(f"{folder}/setup.py", b"setup()\n")]
    members += [Written(f"{folder}/foo.egg-info/PKG-INFO", archives.metadata("other", "2.0"))]
    members += [Written(f"{folder}/PKG-INFO", metadata)] if pkg_info else []
    with caches.window(write_zip(members)) as window:
        found = inspect(window, None, deep=deep)
    assert found == SdistFacts(folder, ".zip", Metadata("foo", "1.0", "A fixture", None) if pkg_info else None)


# Metadata


FIELD = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=20)


@laws
@given(FIELD, FIELD, st.none() | FIELD, st.none() | FIELD, st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_metadata_says_what_email_reads(
    name: str,
    version: str,
    summary: str | None,
    requires: str | None,
    end: str,
    bom: bool,  # noqa: FBT001
) -> None:
    lines = ["Metadata-Version: 2.1", f"Name: {name}", f"VERSION: {version}", "Classifier: a", "Classifier: b"]
    lines += [f"Summary: {summary}"] if summary is not None else []
    lines += [f"Requires-Python: {requires}"] if requires is not None else []
    text = end.join([*lines, "", "Name: of the description", ""])
    read = email.message_from_string(text)
    expected = Metadata(read["name"], read["version"], read["summary"], read["requires-python"])
    assert parse_metadata(("\ufeff" if bom else "").encode() + text.encode()) == expected


@pytest.mark.parametrize(
    "data", [b"", b"\0" * 100, b"hello", b"Name: foo\n", b"<html>", b"Name: foo\n\nVersion: 1\n"]
)
def test_what_names_no_project_is_no_metadata(data: bytes) -> None:
    assert parse_metadata(data) is None


# Any bytes


def look_everywhere(data: bytes) -> None:
    """Read bytes in every way there is; each answers with a value, None or ValueError, within its limits."""
    with caches.window(data) as window:
        try:
            directory = ZipDirectory(window)
        except ValueError:
            pass
        else:
            for member in [*itertools.islice(directory.members(), 50), directory.last_ending(WHEEL)]:
                assert member is None or len(directory.read(member, 1000)) <= 1000
            directory.ending(WHEEL, METADATA)
            for deep in (False, True):
                read_wheel(directory, deep=deep)
            read_zip_sdist(directory)
        for deep in (False, True):
            read_tar_sdist(window, deep=deep)
            for encoding in (None, "gzip", "deflate", "br", "zstd", "gzip, gzip", "identity", "x-gzip", "\udcff"):
                inspect(window, encoding, deep=deep)
    list(tar_members(data))
    is_tar(data)
    parse_metadata(data)


MAGIC = [
    b"",
    b"PK\x03\x04",
    b"PK\x05\x06",
    b"\x1f\x8b\x08\0",
    b"BZh9",
    b"\xfd7zXZ\0",
    b"x\x9c",
    b"{",
    b"<",
    b"\0",
]


@laws
@given(st.sampled_from(MAGIC), st.binary(max_size=1200))
@example(b"Metadata-Version: ", b"\xff\0")
def test_any_bytes_are_something_or_nothing(start: bytes, data: bytes) -> None:
    look_everywhere(start + data)


def whole_archives() -> list[bytes]:
    """One of each kind."""
    text = b"Metadata-Version: 2.1\nName: foo\nVersion: 1.0\n" + random.Random(1).randbytes(3000).hex().encode()
    sdist = archives.build_sdist("foo", "1.0")[1]
    return [
        archives.build_wheel("foo", "1.0")[1],
        write_zip([wheel_file("foo-1.0" + WHEEL, "py3-none-any")], zip64=True, comment=b"comment"),
        sdist,
        archives.build_sdist("foo", "1.0", fmt="tar.bz2")[1],
        archives.build_sdist("foo", "1.0", fmt="zip")[1],
        gzip.decompress(sdist),
        gzip.compress(text, mtime=0),
        text,
    ]


PLACES = st.integers(-60, 60) | st.integers(-400, 400) | st.integers(-(10**6), 10**6)


@settings(laws, max_examples=400)
@given(
    st.integers(0, len(whole_archives()) - 1),
    st.lists(st.tuples(PLACES, st.integers(0, 255)), max_size=4),
    st.none() | st.integers(0, 10**6),
)
def test_a_damaged_archive_is_something_or_nothing(
    which: int, changes: list[tuple[int, int]], size: int | None
) -> None:
    data = bytearray(whole_archives()[which])
    for place, value in changes:
        data[place % len(data)] = value
    look_everywhere(bytes(data if size is None else data[: size % len(data)]))


def test_a_compressed_text_that_breaks_behind_its_start_is_still_a_text() -> None:
    """zlib finds the wrong byte only when it gets there, which may be long after the first look."""
    text = (
        b"Metadata-Version: 2.1\nName: foo\nVersion: 1.0\n\n" + random.Random(1).randbytes(20_000).hex().encode()
    )
    whole = gzip.compress(text)
    for place in range(1000, len(whole), 997):
        data = bytearray(whole)
        data[place] ^= 0xFF
        with caches.window(bytes(data)) as window:
            found = inspect(window, "gzip", deep=False)
        assert isinstance(found, (TextBody, OpaqueBody))


# Bombs

MEGABYTE = 1 << 20


@pytest.mark.parametrize("name", ["METADATA", "WHEEL"])
def test_a_bomb_in_a_wheel_costs_no_more_than_its_limit(name: str) -> None:
    bomb = b"Metadata-Version: 2.1\nName: foo\nVersion: 1\nTag: py3-none-any\nX: " + b"\0" * (64 * MEGABYTE)
    members = [wheel_file("foo-1.0" + WHEEL, "py3-none-any"), metadata_file("foo-1.0" + METADATA, "foo", "1.0")]
    members = [member._replace(content=bomb) if member.name.endswith(name) else member for member in members]
    _costs_little(write_zip(members), WheelFacts)


@pytest.mark.parametrize("suffix", [".tar.gz", ".tar.bz2", ".tar.xz"])
def test_a_bomb_in_an_sdist_costs_no_more_than_its_limit(suffix: str) -> None:
    entries = [(tar_entry("foo-1.0/bomb"), b"\0" * (64 * MEGABYTE))]
    _costs_little(COMPRESSIONS[suffix](write_tar(entries, tarfile.PAX_FORMAT)), SdistFacts)


@pytest.mark.parametrize(("coding", "compress"), [("gzip", gzip.compress), ("deflate", zlib.compress)])
def test_a_bomb_of_a_content_coding_costs_no_more_than_its_limit(
    coding: str, compress: Callable[[bytes], bytes]
) -> None:
    bomb = compress(b"Metadata-Version: 2.1\nName: foo\nX: " + b"\0" * (64 * MEGABYTE))
    _costs_little(bomb, TextBody, coding=coding)


def _costs_little(data: bytes, kind: type, *, coding: str | None = None) -> None:
    with caches.window(data) as window:
        for deep in (False, True):
            tracemalloc.start()
            try:
                found = inspect(window, coding, deep=deep)
                peak = tracemalloc.get_traced_memory()[1]
            finally:
                tracemalloc.stop()
            assert isinstance(found, kind)
            assert peak < 24 * MEGABYTE


def test_no_bytes_at_all_are_told_from_others() -> None:
    with caches.window(b"") as window:
        assert inspect(window, None, deep=False) == EmptyBody()
