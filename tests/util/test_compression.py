"""Bounded decoders: strict to the last byte, or lenient and flagged."""

from __future__ import annotations

import bz2
import gzip
import lzma
import random
import zlib
from typing import TYPE_CHECKING

import pytest

from pipcache.util.compression import (
    BZIP2,
    GZIP,
    PIECE,
    XZ,
    ZLIB,
    BrokenStream,
    CorruptStream,
    CutStream,
    Format,
    TrailingBytes,
    archive_format,
    decompress,
    decompress_beginning,
)
from pipcache.util.progress import no_tick
from tests.support import caches

if TYPE_CHECKING:
    from collections.abc import Callable

PLAIN = random.Random(1).randbytes(50_000).hex().encode()

COMPRESS: dict[Format, Callable[[bytes], bytes]] = {
    GZIP: gzip.compress,
    ZLIB: zlib.compress,
    BZIP2: bz2.compress,
    XZ: lzma.compress,
}
FORMATS = pytest.mark.parametrize("form", COMPRESS, ids=lambda form: form.name)


def strictly(data: bytes, form: Format, padding: bytes = b"") -> bytes:
    with caches.window(data) as window:
        return b"".join(decompress(window, form, no_tick, padding=padding))


@FORMATS
def test_a_strict_reader_says_how_a_stream_is_broken(form: Format) -> None:
    whole = COMPRESS[form](PLAIN)
    assert strictly(whole, form) == PLAIN
    middle = len(whole) // 2
    corrupt = whole[:middle] + bytes(byte ^ 0xFF for byte in whole[middle : middle + 40]) + whole[middle + 40 :]
    for data, error in ((whole[:-1], CutStream), (whole + b"behind", TrailingBytes), (corrupt, CorruptStream)):
        with pytest.raises(BrokenStream) as caught:
            strictly(data, form)
        assert type(caught.value) is error
    with pytest.raises(TrailingBytes) as trailing:
        strictly(whole + b"behind", form)
    assert trailing.value.count == len(b"behind")


@FORMATS
@pytest.mark.parametrize("limit", [1, 512, 1 << 20])
def test_a_lenient_reader_keeps_what_came_before_the_break(form: Format, limit: int) -> None:
    whole = COMPRESS[form](PLAIN)
    with caches.window(whole) as window:
        assert decompress_beginning(window, form, limit) == (PLAIN[:limit], None)
    with caches.window(whole[:-1]) as window:
        data, error = decompress_beginning(window, form, limit)
    assert data == PLAIN[: len(data)]
    assert (error is None) == (len(data) == limit)
    assert error is None or type(error) is CutStream


@pytest.mark.parametrize("form", [GZIP, BZIP2, XZ], ids=lambda form: form.name)
def test_streams_follow_each_other_and_padding_only_where_it_is_allowed(form: Format) -> None:
    stream = COMPRESS[form](b"abc")
    assert archive_format(stream) is form
    assert strictly(stream * 3, form) == b"abc" * 3
    assert strictly(stream + bytes(99) + stream + bytes(99), form, padding=b"\0") == b"abcabc"
    with pytest.raises(TrailingBytes):
        strictly(stream + bytes(99), form)


@FORMATS
def test_a_bomb_comes_in_pieces(form: Format) -> None:
    with caches.window(COMPRESS[form](bytes(20_000_000))) as window:
        sizes = [len(piece) for piece in decompress(window, form, no_tick)]
        assert len(decompress_beginning(window, form, 1000).data) == 1000
    assert sum(sizes) == 20_000_000
    assert max(sizes) <= PIECE
