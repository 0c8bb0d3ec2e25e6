"""How much is unpacked of an entry: counted over all of it, and the same however fast the machine is."""

from __future__ import annotations

import bz2
import gzip
import lzma
import zlib
from typing import TYPE_CHECKING

import pytest

from pipcache.util.budget import FREE_BYTES, FREE_STREAMS, MOST_RATIO, Budget, TooMuchInItError
from pipcache.util.compression import (
    BZIP2,
    GZIP,
    PIECE,
    XZ,
    ZLIB,
    Format,
    UndecodableBody,
    decompress,
    decompress_beginning,
)
from pipcache.util.content_coding import decode_body
from pipcache.util.files import BytesWindow
from pipcache.util.progress import no_tick

if TYPE_CHECKING:
    from collections.abc import Callable

ZEROS = bytes(1 << 20)
COMPRESS: dict[Format, Callable[[bytes], bytes]] = {
    GZIP: gzip.compress,
    ZLIB: zlib.compress,
    BZIP2: bz2.compress,
    XZ: lzma.compress,
}
FORMATS = pytest.mark.parametrize("form", [*COMPRESS, None], ids=lambda form: form.name if form else "plain")


def stored(form: Format | None) -> BytesWindow:
    return BytesWindow(COMPRESS[form](ZEROS) if form else ZEROS)


@FORMATS
def test_as_many_bytes_as_the_budget_has_are_unpacked(form: Format | None) -> None:
    budget = Budget(0, most_bytes=len(ZEROS))
    assert b"".join(decompress(stored(form), form, no_tick, budget=budget)) == ZEROS
    assert budget.bytes == len(ZEROS)


@FORMATS
def test_no_more_than_a_piece_is_unpacked_behind_the_budget(form: Format | None) -> None:
    budget = Budget(0, most_bytes=len(ZEROS) // 2)
    given: list[int] = []
    with pytest.raises(TooMuchInItError) as caught:
        given.extend(map(len, decompress(stored(form), form, no_tick, budget=budget)))
    assert sum(given) <= len(ZEROS) // 2 < budget.bytes <= len(ZEROS) // 2 + PIECE
    assert caught.value.reason == "too much in it: it unpacks to more than 524,288 bytes"


def test_what_is_unpacked_is_measured_against_what_is_stored() -> None:
    most = FREE_BYTES + 1000 * MOST_RATIO
    Budget(1000).take(most)
    with pytest.raises(TooMuchInItError):
        Budget(1000).take(most + 1)


def test_several_parts_of_an_entry_share_its_budget() -> None:
    budget = Budget(0, most_bytes=2 * len(ZEROS) - 1)
    list(decompress(stored(GZIP), GZIP, no_tick, budget=budget))
    with pytest.raises(TooMuchInItError):
        list(decompress(stored(GZIP), GZIP, no_tick, budget=budget))


def empty_streams(count: int) -> BytesWindow:
    return BytesWindow(gzip.compress(b"", mtime=0) * count)


@pytest.mark.parametrize(
    "read",
    [
        lambda window: list(decompress(window, GZIP, no_tick)),
        lambda window: decompress_beginning(window, GZIP, 512),
        lambda window: decode_body(window, "gzip", 512),
    ],
    ids=["whole", "beginning", "coded"],
)
def test_streams_are_counted(read: Callable[[BytesWindow], object]) -> None:
    read(empty_streams(FREE_STREAMS + 1))
    with pytest.raises((TooMuchInItError, UndecodableBody)) as caught:
        read(empty_streams(FREE_STREAMS + 2))
    reason = "too much in it: more than 10,000 compressed streams with next to nothing in them"
    assert str(caught.value) == reason


@pytest.mark.slow
def test_a_file_of_bgzip_is_no_bomb() -> None:
    block = bytes(8 << 10)
    window = BytesWindow(gzip.compress(block) * 22_000)
    assert sum(map(len, decompress(window, GZIP, no_tick))) == 22_000 * len(block)


def test_steps_are_counted_by_a_tick() -> None:
    budget = Budget(0, most_steps=3)
    tick = budget.counting(no_tick)
    for _ in range(3):
        tick(1 << 30)
    with pytest.raises(TooMuchInItError, match="too much in it: more than 3 headers and records"):
        tick()
