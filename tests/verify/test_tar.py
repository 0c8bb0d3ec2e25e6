"""Sdists that are cut, changed or read by two readers in two ways, and no honest ones."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import random
import tarfile
import zipfile
from typing import TYPE_CHECKING

import pytest

from pipcache.inventory.artifact import Kind
from pipcache.verify.checks import Verdict
from tests.support import archives, caches
from tests.support.hostile import STEM, TAR_END, tar_member, wheel, wheel_parts, write_zip
from tests.support.judged_archives import (
    COMPRESSIONS,
    HEADER,
    INFO_MEMBER,
    PLAIN_TAR,
    SDIST,
    SDIST_NAME,
    TARS,
    Judged,
    changed,
    codes,
    flaws,
    judged,
    judged_built,
    judged_download,
    noisy_tar,
    places,
    sized_by_pax,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def tar_names(data: bytes) -> list[str]:
    """The members tarfile finds, whatever the compression."""
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        return archive.getnames()


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
    judgement = judged_download(tmp_path / "sdist", SDIST_NAME, data)
    assert (judgement.verdict, judgement.codes >= {"PC403"}) == (Verdict.POISONED, True)
    assert judged_built(tmp_path / "built", data).verdict == Verdict.POISONED


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
        judgement = judged_download(tmp_path, f"{STEM}{suffix}", whole[: len(whole) // 2])
        assert judgement.verdict == Verdict.DAMAGED
        assert judgement.codes & {"PC401", "PC402"}


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


def test_more_names_than_real_archives_have_are_unreadable(tmp_path: Path) -> None:
    long = tar_member(b"long", b"a/" * 400_000, b"L") + tar_member(f"{STEM}/x".encode(), b"")
    data = gzip.compress(long * 45 + TAR_END, 1)
    judgement = judged_download(tmp_path, SDIST_NAME, data)
    assert judgement.verdict == "unreadable"
    assert not judgement.findings


NO_NUMBERS = {
    "a mode": {100: b"00g0644\0"},
    "an owner": {108: b"0000009\0"},
    "a group": {116: b"\x81\0\0\0\0\0\0\0"},
    "a size": {124: b"0000000000x\0"},
    "a time": {136: b"0000000000\xe9\0"},
    "a device": {329: b"x\0"},
}


@pytest.mark.parametrize("name", NO_NUMBERS)
def test_a_header_at_which_tarfile_stops_is_damage(tmp_path: Path, name: str) -> None:
    behind = tar_member(f"{STEM}/x.py".encode(), b"", fields=NO_NUMBERS[name])
    data = gzip.compress(PLAIN_TAR[: PLAIN_TAR.rindex(b"PKG-INFO") // 512 * 512 + 1024] + behind + TAR_END)
    assert f"{STEM}/x.py" not in tar_names(data)
    assert judged_download(tmp_path, SDIST_NAME, data) == Judged(Verdict.DAMAGED, frozenset({("PC401", "")}))


def test_a_size_ends_at_its_first_nul(tmp_path: Path) -> None:
    # readers that strip NULs take the next member for content
    hidden = tar_member(f"{STEM}/../../x.py".encode(), b"")
    folder = tar_member(f"{STEM}/y.py".encode(), b"", fields={124: b"\x0000000001000"})
    data = gzip.compress(folder + hidden + PLAIN_TAR)
    assert f"{STEM}/../../x.py" in tar_names(data)
    assert ("PC407", f"{STEM}/../../x.py") in judged_download(tmp_path, SDIST_NAME, data).findings


def test_a_checksum_of_signed_bytes_is_right(tmp_path: Path) -> None:
    name = f"{STEM}/\u00e9.py".encode()
    header = tar_member(name, b"")
    total = sum(header[:148]) + 32 * 8 + sum(header[156:]) - 256 * sum(byte >= 0x80 for byte in header)
    data = gzip.compress(header[:148] + b"%06o\0 " % total + header[156:] + PLAIN_TAR)
    assert name.decode() in tar_names(data)
    assert judged_download(tmp_path, SDIST_NAME, data) == Judged(Verdict.INTACT, frozenset())
