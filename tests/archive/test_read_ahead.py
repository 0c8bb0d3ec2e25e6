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


def test_an_archive_of_many_small_members_takes_few_reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for number in range(1000):
            archive.writestr(f"{number}.txt", os.urandom(200))
    path = tmp_path / "many.zip"
    path.write_bytes(content.getvalue())
    reads: list[int] = []

    def counted(descriptor: int, size: int, offset: int) -> bytes:
        reads.append(size)
        return os.pread(descriptor, size, offset)

    monkeypatch.setattr(files, "_pread", counted)
    members: list[str] = []

    def observe(member: Member) -> None:
        members.append(member.name)

    with Window(os.open(path, os.O_RDONLY), 0, path.stat().st_size) as window:
        report = check_zip(window, observe, no_tick)
    assert (report.flaws, len(members)) == ([], 1000)
    assert len(reads) < 20
    assert sum(reads) < 3 * len(content.getvalue())
