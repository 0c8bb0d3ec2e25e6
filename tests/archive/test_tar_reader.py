"""Quick looks into sdists: what they see is what tarfile sees."""

from __future__ import annotations

import gzip
import io
import itertools
import random
import tarfile
from typing import NamedTuple

import pytest
from hypothesis import given, reject, strategies as st

from pipcache.archive.metadata import (
    Metadata,
    SdistFacts,
    read_tar_sdist,
)
from pipcache.archive.tar_reader import tar_members
from pipcache.store.content import inspect
from tests.support import archives, caches
from tests.support.written_archives import (
    COMPRESSIONS,
    DEPTHS,
    FILLERS,
    NOTHING,
    Filler,
    laws,
    tar_entry,
    write_tar,
)

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
        members = []
        for entry in archive:
            file = archive.extractfile(entry) if entry.isreg() else None
            members.append((entry.name, None if file is None else file.read()))
        return members


@laws
@given(tars())
def test_the_members_of_a_tar_are_those_tarfile_finds(plan: TarPlan) -> None:
    data = plan.make()
    expected = seen_by_tarfile(data)
    members = list(tar_members(data))
    # tarfile drops the slash behind a folder's name
    assert [name.rstrip("/") for name, _ in members] == [name.rstrip("/") for name, _ in expected]
    for (_, content), (name, wanted) in zip(members, expected, strict=True):
        assert wanted is None or content == wanted, name


@laws
@given(tars(), st.integers(0, 1 << 30))
def test_the_beginning_of_a_tar_gives_the_members_that_are_in_it(plan: TarPlan, place: int) -> None:
    data = plan.make()
    whole = list(tar_members(data))
    members = list(tar_members(data[: place % (len(data) + 1)]))
    assert [name for name, _ in members[:-1]] == [name for name, _ in whole[: max(len(members) - 1, 0)]]
    assert all(wanted.startswith(content) for (_, content), (_, wanted) in zip(members[:-1], whole, strict=False))


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
        content = inspect(window, None, deep=deep)
    metadata = Metadata("foo", "1.0", "A fixture", None) if deep else None
    assert content == SdistFacts(folder, suffix, metadata)


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
        content = inspect(window, None, deep=deep)
    assert content == SdistFacts("foo-1.0", suffix, Metadata("foo", "1.0", "A fixture", None) if deep else None)


@pytest.mark.slow
@DEPTHS
@SUFFIXES
def test_a_truncated_sdist_is_named_as_long_as_its_beginning_is_there(suffix: str, *, deep: bool) -> None:
    entries = [
        (tar_entry("foo-1.0/PKG-INFO"), archives.metadata("foo", "1.0")),
        *((tar_entry(f"foo-1.0/{number}"), random.Random(number).randbytes(90_000)) for number in range(30)),
    ]
    data = COMPRESSIONS[suffix](write_tar(entries, tarfile.PAX_FORMAT))
    with caches.window(data[: len(data) // 2]) as window:
        content = inspect(window, None, deep=deep)
    assert isinstance(content, SdistFacts)
    assert content.folder == "foo-1.0"


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
        archive = read_tar_sdist(window, deep=deep)
    assert archive is not None
    assert archive.folder == "foo-1.0"


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
        archive = read_tar_sdist(window, deep=deep)
    assert archive is not None
    assert archive.folder == "foo-1.0"
    assert (archive.metadata is not None) == deep


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
