"""Quick looks into wheels and zipped sdists: what they see is what zipfile sees."""

from __future__ import annotations

import email
import io
import itertools
import struct
import weakref
import zipfile
from typing import NamedTuple

import pytest
from hypothesis import assume, given, strategies as st

from pipcache.archive.metadata import (
    Metadata,
    SdistFacts,
    WheelFacts,
    read_wheel,
    read_zip_sdist,
)
from pipcache.archive.zip_reader import Member, ZipDirectory
from pipcache.store.content import ZipBody, inspect
from pipcache.util.files import BytesWindow
from tests.support import archives, caches
from tests.support.written_archives import (
    DEPTHS,
    FILLERS,
    METADATA,
    NOTHING,
    WHEEL,
    Filler,
    Written,
    laws,
    metadata_file,
    wheel_file,
    write_zip,
)


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
METHODS = st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
ODD_NAMES = st.sampled_from(["a", "b/c", f"p/v{WHEEL}", f"w{WHEEL}.txt", f"x{METADATA}/y", "d/"])
MEMBERS = (
    st.builds(Written, PATH | ODD_NAMES, st.just(b""), METHODS, st.binary(max_size=20), st.just(False))  # noqa: FBT003
    | st.builds(Written, CP437, st.just(b""), METHODS, st.just(b""), st.just(True))  # noqa: FBT003
)
PROJECTS = st.sampled_from(["foo", "Foo.Bar", "zope.interface", "名前", "pkg/_vendor/bar"])


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
        (member, NOTHING if member.name.endswith("/") else fill)
        for member, fill in zip(members, itertools.cycle(fillers))
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


@pytest.mark.slow
@laws
@given(zips(), st.sampled_from([(WHEEL,), (METADATA,), (WHEEL, METADATA), ("c",), (".py", "a"), ("",)]))
def test_the_members_with_an_ending_are_those_zipfile_finds(plan: Plan, endings: tuple[str, ...]) -> None:
    data = plan.make()
    expected = [member for member in seen_by_zipfile(data) if member.name.endswith(endings)]
    with caches.window(data) as window:
        assert ZipDirectory(window).ending(*endings) == expected


@pytest.mark.slow
@laws
@given(zips())
def test_the_last_member_with_an_ending_is_found_or_left_to_the_full_search(plan: Plan) -> None:
    data = plan.make()
    expected = [member for member in seen_by_zipfile(data) if member.name.endswith(WHEEL)]
    with caches.window(data) as window:
        last = ZipDirectory(window).last_ending(WHEEL)
    assert last is None or last == expected[-1]


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


@pytest.mark.slow
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
        facts = read_wheel(ZipDirectory(window), deep=deep)
    # a quick look that had to search everything may tell more than was asked for
    assert (facts if deep or facts is None else facts._replace(metadata=None)) == expected


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


@pytest.mark.slow
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
    (_, wheel), (_, other) = archives.build_wheel("foo", "1.0"), archives.build_wheel("bar", "2.0")
    with caches.window(wheel + other) as window:
        directory = ZipDirectory(window)
        assert list(directory.members()) == seen_by_zipfile(wheel + other)
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
        content = inspect(window, None, deep=deep)
    assert content == SdistFacts(folder, ".zip", Metadata("foo", "1.0", "A fixture", None) if pkg_info else None)


def test_a_window_keeps_what_was_parsed_of_it_and_not_a_circle() -> None:
    wheel = archives.build_wheel("foo", "1.0")[1]
    data = BytesWindow(wheel)
    first = ZipDirectory(data)
    again = ZipDirectory(data)
    assert again.rows is first.rows
    assert again.first_members() is first.first_members()
    assert list(first.members()) == first.first_members()
    dead = weakref.ref(first)
    del first
    assert dead() is None  # without the garbage collector, which is switched off in a run
    broken = BytesWindow(wheel[:-30])
    problems = []
    for _ in range(2):
        with pytest.raises(ValueError, match="no end record") as error:
            ZipDirectory(broken)
        problems.append(str(error.value))
    assert problems[0] == problems[1]
