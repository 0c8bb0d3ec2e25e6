"""Wheels whose members are compressed by methods that few writers use, or that cannot be read here."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING

import pytest

from pipcache.util.compression import ZSTD
from tests.support import hostile
from tests.support.archives import build_sdist
from tests.support.hostile import INFO, WHEEL_NAME, wheel
from tests.support.judged_archives import Judged, changed, judged_built, judged_download, lie, rewritten
from tests.support.refused_wheels import of_method

if TYPE_CHECKING:
    from pathlib import Path

READ = {"bzip2": zipfile.ZIP_BZIP2, "lzma": zipfile.ZIP_LZMA}
MEMBERS = {f"foo/{number}.bin": bytes(range(256)) * 20 * number for number in range(9)}
LARGE_DICTIONARY = b"\x09\x04\x05\x00\x5d" + (1 << 30).to_bytes(4, "little")


def of(method: int) -> bytes:
    """A wheel as zipfile compresses it."""
    return rewritten(wheel(MEMBERS), method=method)


@pytest.mark.parametrize("method", READ)
@pytest.mark.parametrize("streamed", [False, True], ids=["seekable", "streamed"])
def test_what_zipfile_writes_is_intact(method: str, streamed: bool, tmp_path: Path) -> None:  # noqa: FBT001
    data = rewritten(wheel(MEMBERS), method=READ[method], streamed=streamed)
    assert judged_built(tmp_path / "built", data) == Judged("intact", frozenset())
    assert judged_download(tmp_path / "download", WHEEL_NAME, data) == Judged("intact", frozenset())


def test_an_lzma_stream_with_and_without_an_end_mark_is_read(tmp_path: Path) -> None:
    marked = of(zipfile.ZIP_LZMA)
    assert any(info.flag_bits & 2 for info in zipfile.ZipFile(io.BytesIO(marked)).infolist())
    # the support writes the streams of xz's old format, which end with a mark, and does not flag it
    assert judged_built(tmp_path / "unflagged", of_method(14)).verdict == "intact"
    assert judged_built(tmp_path / "flagged", marked).verdict == "intact"


@pytest.mark.slow
@pytest.mark.parametrize("method", READ)
def test_any_flipped_bit_of_a_member_is_damage(method: str, tmp_path: Path) -> None:
    data = of(READ[method])
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        info = archive.getinfo("foo/8.bin")
    start = info.header_offset + 30 + len(info.filename)
    for number, place in enumerate(range(start, start + info.compress_size, 7)):
        flipped = changed(data, place, bytes([data[place] ^ 0x20]))
        try:
            with zipfile.ZipFile(io.BytesIO(flipped)) as archive:
                is_broken = archive.read("foo/8.bin") != MEMBERS["foo/8.bin"]
        except Exception:  # noqa: BLE001 - whatever zipfile says
            is_broken = True
        judgement = judged_built(tmp_path / str(number), flipped)
        if is_broken:
            assert judgement.verdict in {"damaged", "unreadable"}, place


@pytest.mark.parametrize("method", READ)
def test_bytes_behind_the_compressed_ones_are_found(method: str, tmp_path: Path) -> None:
    number = {"bzip2": hostile.BZIP2, "lzma": hostile.LZMA}[method]
    content = b"version = '1.0'\n"
    stored = hostile.Part(b"", content, number).data + b"behind"
    data = lie(method=number, stored=stored)
    assert judged_built(tmp_path, data) == Judged("damaged", frozenset({("PC402", "foo/__init__.py")}))


UNREADABLE = {
    "encrypted": lambda: lie(flags=0x01),
    "strongly encrypted": lambda: lie(flags=0x40),
    "a patch": lambda: lie(flags=0x20),
    "deflate64": lambda: lie(method=9),
    "a method nobody knows": lambda: lie(method=99),
    "a whole wheel of it": lambda: of_method(9),
    "RECORD alone": lambda: lie(f"{INFO}/RECORD".encode(), method=9),
}


@pytest.mark.parametrize("what", UNREADABLE)
def test_what_cannot_be_read_is_unreadable_and_never_damaged(what: str, tmp_path: Path) -> None:
    data = UNREADABLE[what]()
    for judgement in (judged_built(tmp_path / "built", data), judged_download(tmp_path / "got", WHEEL_NAME, data)):
        assert judgement.verdict == "unreadable"
        assert judgement.codes == {"PC507"}  # for pip cannot read it either


@pytest.mark.skipif(ZSTD.begin(False) is not None, reason="this Python reads Zstandard")  # noqa: FBT003
def test_zstandard_is_unreadable_where_python_has_no_decoder(tmp_path: Path) -> None:
    judgement = judged_built(tmp_path, of_method(93))
    assert (judgement.verdict, judgement.codes) == ("unreadable", {"PC507"})


def test_a_dictionary_too_large_to_read_is_no_damage(tmp_path: Path) -> None:
    data = lie(method=14, stored=LARGE_DICTIONARY + hostile.Part(b"", b"version = '1.0'\n", 14).data[9:])
    assert judged_built(tmp_path, data) == Judged("unreadable", frozenset())


def test_a_header_that_is_no_lzma_header_is_damage(tmp_path: Path) -> None:
    data = lie(method=14, stored=b"\x09\x04\x06\x00" + bytes(20))
    assert judged_built(tmp_path, data) == Judged("damaged", frozenset({("PC402", "foo/__init__.py")}))


def test_what_else_is_wrong_beside_a_member_that_cannot_be_read_decides(tmp_path: Path) -> None:
    data = changed(lie(method=9), -8, b"\x01")  # the end record tells another directory
    assert judged_built(tmp_path, data).verdict in {"damaged", "poisoned"}


def test_an_sdist_of_bzip2_members_is_intact(tmp_path: Path) -> None:
    filename, sdist = build_sdist("foo", "1.0", fmt="zip")
    data = rewritten(sdist, method=zipfile.ZIP_BZIP2)
    assert judged_download(tmp_path, filename, data) == Judged("intact", frozenset())
