"""No bytes make the readers of archives stumble, and no bomb costs more than its limit."""

from __future__ import annotations

import gzip
import itertools
import random
import tarfile
import tracemalloc
import zlib
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given, settings, strategies as st

from pipcache.archive.metadata import (
    SdistFacts,
    WheelFacts,
    parse_metadata,
    read_tar_sdist,
    read_wheel,
    read_zip_sdist,
)
from pipcache.archive.tar_reader import is_tar, tar_members
from pipcache.archive.zip_reader import ZipDirectory
from pipcache.store.content import EmptyBody, OpaqueBody, TextBody, inspect
from tests.support import archives, caches
from tests.support.written_archives import (
    COMPRESSIONS,
    METADATA,
    WHEEL,
    laws,
    metadata_file,
    tar_entry,
    wheel_file,
    write_tar,
    write_zip,
)

if TYPE_CHECKING:
    from collections.abc import Callable


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


@pytest.mark.slow
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
            content = inspect(window, "gzip", deep=False)
        assert isinstance(content, (TextBody, OpaqueBody))


# Bombs

MEGABYTE = 1 << 20


@pytest.mark.parametrize("name", ["METADATA", "WHEEL"])
def test_a_bomb_in_a_wheel_costs_no_more_than_its_limit(name: str) -> None:
    bomb = b"Metadata-Version: 2.1\nName: foo\nVersion: 1\nTag: py3-none-any\nX: " + b"\0" * (64 * MEGABYTE)
    members = [wheel_file("foo-1.0" + WHEEL, "py3-none-any"), metadata_file("foo-1.0" + METADATA, "foo", "1.0")]
    members = [member._replace(content=bomb) if member.name.endswith(name) else member for member in members]
    _costs_little(write_zip(members), WheelFacts)


@pytest.mark.slow
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
                content = inspect(window, coding, deep=deep)
                peak = tracemalloc.get_traced_memory()[1]
            finally:
                tracemalloc.stop()
            assert isinstance(content, kind)
            assert peak < 24 * MEGABYTE


def test_no_bytes_at_all_are_told_from_others() -> None:
    with caches.window(b"") as window:
        assert inspect(window, None, deep=False) == EmptyBody()
