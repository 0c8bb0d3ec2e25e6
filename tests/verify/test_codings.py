"""Content codings, undone as urllib3 does for pip: a coded body is whole or not."""

from __future__ import annotations

import gzip
import zlib
from typing import TYPE_CHECKING

import pytest

from pipcache.util.compression import BrokenStream
from pipcache.util.content_coding import decoded_pieces
from pipcache.util.progress import no_tick
from pipcache.util.urls import PAGE_BASES
from tests.support import caches
from tests.support.hostile import Part

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.caches import CacheBuilder
    from tests.support.program import Program


def undone(data: bytes, encoding: str | None) -> bytes:
    """A body without its coding."""
    with caches.window(data) as window:
        return b"".join(decoded_pieces(window, encoding, no_tick))


def raw_deflate(data: bytes) -> bytes:
    """Deflated without a frame, as old servers send it."""
    return Part(b"", data).data


def zlib_with(window_bits: int) -> Callable[[bytes], bytes]:
    """zlib's frame with a window of another size than most writers choose."""

    def compress(data: bytes) -> bytes:
        packer = zlib.compressobj(wbits=window_bits)
        return packer.compress(data) + packer.flush()

    return compress


CODINGS: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "gzip": ("gzip", gzip.compress),
    "x-gzip": ("x-gzip", gzip.compress),
    "gzip in two members": ("gzip", lambda data: gzip.compress(data[:7]) + gzip.compress(data[7:])),
    "deflate": ("deflate", zlib.compress),
    "deflate with a window of 4 kB": ("deflate", zlib_with(12)),
    "deflate with a window of 512 bytes": ("deflate", zlib_with(9)),
    "raw deflate": ("deflate", raw_deflate),
}


@pytest.mark.parametrize("what", CODINGS)
@pytest.mark.parametrize("size", [1, 1000, 262_143, 262_144, 262_145, 300_000])
def test_a_coded_body_is_whole_or_not(what: str, size: int) -> None:
    encoding, compress = CODINGS[what]
    plain = (b"abcde" * 60_000)[:size]
    data = compress(plain)
    assert undone(data, encoding) == plain
    for broken in (data[:-1], data + b"behind"):
        with pytest.raises(BrokenStream):
            undone(broken, encoding)


def test_zlib_under_the_name_of_gzip_is_broken_for_pip_too() -> None:
    with pytest.raises(BrokenStream):
        undone(zlib.compress(b"page"), "gzip")


def test_raw_deflate_may_begin_like_zlib() -> None:
    # a stored block whose padding is not zero (RFC 1951, 3.2.4), and an empty one
    assert undone(b"\x78\x04\x00\xfb\xffpage" + b"\x01\x00\x00\xff\xff", "deflate") == b"page"


CODED_TWICE = gzip.compress(gzip.compress(b'<!DOCTYPE html><a href="foo-1.0.zip">foo</a>'))


@pytest.mark.parametrize("kind", ["page", "metadata"])
def test_what_cannot_be_decoded_here_is_unreadable(builder: CacheBuilder, program: Program, kind: str) -> None:
    headers = {**caches.FILE_HEADERS, "Content-Type": "text/html", "Content-Encoding": "gzip, gzip"}
    if kind == "page":
        builder.download(f"{PAGE_BASES[0]}foo/", CODED_TWICE, headers=headers)
    else:
        named = {"Content-Disposition": "attachment; filename=foo-1.0-py3-none-any.whl.metadata"}
        headers |= named | {"Content-Type": "application/octet-stream"}
        builder.download("https://files.example/foo", CODED_TWICE, headers=headers)
    ran = program("verify", "--format", "json")
    (judgement,) = ran.document["judgements"]
    assert (ran.code, judgement["verdict"], judgement["findings"]) == (3, "unreadable", [])
    assert "coded more than once" in judgement["problem"]
