"""Commands as programs of their own: what a terminal gets, and how much memory they take."""

from __future__ import annotations

import os
import re
import threading
import zlib
from pathlib import Path

import pytest

from tests.support import caches
from tests.support.answers import FILE, MEGABYTE, SIMPLE, STEERING, WORDS, add_words, check, posix, start
from tests.support.caches import CacheBuilder

pytestmark = pytest.mark.usefixtures("alone")


@pytest.mark.slow
@posix
@pytest.mark.parametrize("command", [("list", "--all"), ("show", "*"), ("info",)], ids=" ".join)
def test_a_terminal_gets_colours_and_nothing_else_that_steers_it(command: tuple[str, ...], tmp_path: Path) -> None:
    import pty  # noqa: PLC0415 - POSIX only

    builder = CacheBuilder(tmp_path / "cache")
    for number, word in enumerate([*WORDS, "caf\udce9"]):
        add_words(builder, word, number)
    ours, theirs = pty.openpty()
    printed = bytearray()

    def listen() -> None:
        while True:
            try:
                data = os.read(ours, 1 << 16)
            except OSError:  # Linux says so when the other side is closed
                return
            if not data:
                return
            printed.extend(data)

    listener = threading.Thread(target=listen)
    listener.start()
    try:
        measured = start(builder.root, command, tmp_path / "home", stdout=theirs)
    finally:
        os.close(theirs)
        listener.join()
        os.close(ours)
    assert measured.answer.code == 0
    text = printed.decode("utf-8")
    assert "\x1b[" in text  # it took the terminal for one
    plain = re.sub(r"\x1b\[[0-9;]*m", "", text).replace("\r\n", "\n")
    assert STEERING.findall(plain) == []


def squeezed(start_of_it: bytes, unit: bytes, size: int) -> bytes:
    """`size` bytes of the same, gzipped."""
    squeezer = zlib.compressobj(9, zlib.DEFLATED, 31)
    block = unit * (MEGABYTE // len(unit))
    pieces = [squeezer.compress(start_of_it), *(squeezer.compress(block) for _ in range(size // len(block)))]
    return b"".join(pieces) + squeezer.flush()


GZIPPED_PAGE = caches.FILE_HEADERS | {"Content-Type": SIMPLE, "Content-Encoding": "gzip"}
GZIPPED_TEXT = caches.FILE_HEADERS | {"Content-Type": "text/html", "Content-Encoding": "gzip"}
BODIES = {
    "lists in lists": (b'{"meta":{},"name":"x","files":[', b"[],"),
    "files": (b'{"meta":{},"name":"x","files":[', b'{"filename":"x-1.zip","url":"x-1.zip"},'),
    "one string": (b'{"meta":{},"name":"', "🐍".encode()),
    "anchors": (b"<title>Links for x</title>", b"<a href='x-1.zip'>"),
    "blanks": ("<title>Links for x</title>🐍".encode(), b" "),
    "metadata": (b"Metadata-Version: 2.1\nName: x\nVersion: 1\n", b"X: y\n"),
}


@pytest.mark.slow
@posix
@pytest.mark.parametrize("headers", [GZIPPED_PAGE, GZIPPED_TEXT], ids=["page", "text"])
@pytest.mark.parametrize("name", BODIES)
def test_a_page_that_unpacks_to_far_more_than_is_looked_at_takes_bounded_memory(
    name: str, headers: dict[str, str], tmp_path: Path
) -> None:
    builder = CacheBuilder(tmp_path / "cache")
    builder.download("https://index.example/simple/x/", squeezed(*BODIES[name], 150 * MEGABYTE), headers=headers)
    for command in (("list",), ("list", "--all", "--format", "json")):
        measured = start(builder.root, command, tmp_path / "home")
        check(command, measured.answer)
        assert measured.megabytes < 500, command


@posix
@pytest.mark.parametrize("store", ["http", "http-v2"])
@pytest.mark.parametrize("unit", [b"\x80", b"\x90", b"\xa0", b"\xcb" + b"\0" * 8])
def test_a_head_of_many_small_things_takes_little_memory(
    store: caches.HttpStore, unit: bytes, tmp_path: Path
) -> None:
    builder = CacheBuilder(tmp_path / "cache")
    count = (4 * MEGABYTE - 100) // len(unit)
    start_of_it = b"cc=4,\x81\xa8response\x83\xa6status\xcc\xc8\xa4body\xc4\x00\xa7headers\x81\xa1x\xdd"
    builder.raw(FILE, start_of_it + count.to_bytes(4, "big") + unit * count, store=store)
    measured = start(builder.root, ("list", "--all"), tmp_path / "home")
    check(("list",), measured.answer)
    assert measured.megabytes < 150
