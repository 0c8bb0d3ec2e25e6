"""Reading ahead gives the same bytes as reading, with fewer calls of the system."""

from __future__ import annotations

import io
import os
import tempfile
import zipfile
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, strategies as st

from pipcache.archive.zip_check import check_zip
from pipcache.archive.zip_content import ReadAhead
from pipcache.util import files
from pipcache.util.files import BytesWindow, Window
from pipcache.util.progress import no_tick

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pipcache.archive.zip_reader import Member

SIZE = 400_000


@pytest.fixture(scope="module")
def descriptor() -> Iterator[int]:
    with tempfile.TemporaryFile() as file:
        file.write(os.urandom(SIZE))
        file.flush()
        yield file.fileno()


@given(
    start=st.integers(0, SIZE),
    length=st.integers(0, SIZE),
    reads=st.lists(st.tuples(st.integers(-9, SIZE), st.integers(0, 200_000)), max_size=9),
    in_memory=st.booleans(),
)
def test_the_bytes_are_those_of_the_window(
    descriptor: int, start: int, length: int, reads: list[tuple[int, int]], *, in_memory: bool
) -> None:
    window = Window(descriptor, 0, SIZE, owned=False).part(start, length)
    plain = BytesWindow(window.read(0, window.length)) if in_memory else window
    ahead = ReadAhead(plain)
    for offset, size in reads:
        # the second read is as a reader in order does it
        for place, wanted in ((offset, size), (offset + size, 30)):
            assert ahead.read(place, wanted) == plain.read(place, wanted)
    assert ahead.part(7, 99).read(0, 99) == plain.part(7, 99).read(0, 99)


@pytest.mark.parametrize(
    ("count", "size", "most_reads", "most_share"),
    [(1000, 200, 20, 1.5), (40, 33_000, 60, 1.2), (40, 131_100, 110, 1.2), (20, 262_144, 60, 1.6)],
)
def test_the_members_of_an_archive_take_few_reads_and_few_bytes_are_read_twice(
    count: int, size: int, most_reads: int, most_share: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for number in range(count):
            archive.writestr(f"{number}.txt", os.urandom(size))
    path = tmp_path / "many.zip"
    path.write_bytes(content.getvalue())
    reads: list[int] = []
    read = files._pread

    def counted(descriptor: int, size: int, offset: int) -> bytes:
        data = read(descriptor, size, offset)
        reads.append(len(data))
        return data

    monkeypatch.setattr(files, "_pread", counted)
    members: list[str] = []

    def observe(member: Member) -> None:
        members.append(member.name)

    with Window(files.open_quietly(str(path)), 0, path.stat().st_size) as window:
        report = check_zip(window, observe, no_tick)
    assert (report.flaws, len(members)) == ([], count)
    assert len(reads) <= most_reads
    assert sum(reads) <= most_share * len(content.getvalue())
