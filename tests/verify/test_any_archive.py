"""Any bytes have findings or none, and nothing that zipfile and tarfile write has any."""

from __future__ import annotations

import contextlib
import io
import itertools
import re
import tarfile
import warnings
import zipfile
from typing import TYPE_CHECKING
from unittest import mock

import pytest
from hypothesis import example, given, settings, strategies as st

from pipcache.inventory.artifact import Kind
from pipcache.util.progress import no_tick
from pipcache.verify.structure import check_structure
from tests.support import archives, caches, hostile
from tests.support.hostile import STEM, WHEEL_NAME, wheel
from tests.support.judged_archives import (
    COMPRESSIONS,
    SDIST_NAME,
    TARS,
    UNIX_TIME,
    artifact_of,
    changed,
    described,
    flaws,
    lie,
    noisy_tar,
    rewritten,
    sized_by_pax,
    unicode_path,
    wide_wheel,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

laws = settings(deadline=None, derandomize=True, max_examples=150)


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
        for flaw in check_structure(artifact, window, no_tick).findings:
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
    how, offset, other, value = change
    if not data:
        return value
    place, second = offset % len(data), other % len(data)
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


@pytest.mark.slow
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


NAME = st.text(
    st.characters(exclude_characters="\0/\\", exclude_categories=["C"]), min_size=1, max_size=10
).filter(lambda name: name not in {".", ".."})  # pip takes neither for a file
PATHS = (
    st.lists(NAME, min_size=1, max_size=3).map("/".join).filter(lambda path: not re.search("(^|/)[A-Za-z]:", path))
)
"""Paths of members; one that begins with a drive leads out of its folder on Windows."""

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


@pytest.mark.slow
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
