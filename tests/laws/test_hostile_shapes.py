"""Heads, notes and pages of shapes that no writer gives are rows like others."""

from __future__ import annotations

import gzip
import json
import os
import pickle
import struct
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import msgpack
import pytest

from tests.support import caches, truth
from tests.support.answers import (
    FILE,
    SIMPLE,
    WHEEL,
    Answer,
    about,
    check_all,
    named_sdist,
    named_wheel,
    packed,
    posix,
)
from tests.support.caches import CacheBuilder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

pytestmark = pytest.mark.usefixtures("alone")


class Trap:
    """An object whose unpickling makes a folder."""

    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return os.mkdir, ("unpickled",)


def hostile_heads() -> Iterator[bytes]:
    """Heads that no cachecontrol wrote."""
    yield from (
        b"",
        b"cc=",
        b"cc=4",
        b"cc=4,",
        b"cc=5,\x80",
        b"\xff" * 600,
        b"\0" * 600,
        b"cc=4,\x01",
        b"cc=4,\xc1",
    )
    for version in range(6):
        yield b"cc=%d," % version + pickle.dumps(Trap())
    yield b"cc=2," + zlib.compress(b'{"response": {}}')
    documents: list[object] = [None, [], "text", 5, {}, {"response": None}, {"response": []}, {"vary": {}}]
    yield from map(packed, documents)
    whole: dict[str, object] = {"body": b"", "headers": {"a": "b"}, "status": 200, "reason": "OK"}
    odd: list[object] = [None, True, -1, 2**64 - 1, 1.5, "text", b"bytes", [], {}, [[{}]], {"a": {"b": []}}]
    odd += [msgpack.ExtType(5, b"x"), msgpack.Timestamp(1, 1), "9" * 5000, {"": ""}, {b"\xff": b"\xff"}]
    for name in whole:
        for value in odd:
            yield packed({"response": whole | {name: value}, "vary": {}})
    for value in odd:
        yield packed({"response": whole, "vary": value})
        yield packed({"response": whole | {"headers": {"etag": value, "location": value, "x": value}}, "vary": {}})
    start = b"cc=4,\x81\xa8response\x83\xa6status\xcc\xc8\xa4body\xc4\x00\xa7headers\x81\xa1x"
    for depth in (100, 500, 900, 1000, 1020, 5000, 200_000):
        yield start + b"\x91" * depth + b"\xc0"
        yield start + b"\x81\xa1x" * depth + b"\xc0"
    for count in (
        b"\xdd\xff\xff\xff\xff",
        b"\xdf\xff\xff\xff\xff",
        b"\xdb\xff\xff\xff\xff",
        b"\xc9\xff\xff\xff\xff\x01",
    ):
        yield start + count
        yield b"cc=4," + count
    yield start + b"\xc7\x03\xffabc"
    yield start + b"\xd7\xff" + b"\xff" * 8
    yield start + b"\xa2\xff\xfe"


def hostile_documents() -> Iterator[bytes]:
    """Bodies that begin like an index page."""
    yield b'{"meta": {}, "files": ' + b"[" * 200_000
    yield b'{"meta": {}, "files": [' + b"9" * 5000 + b"]}"
    yield b'{"meta": {}, "name": "foo", "files": [' + b'{"filename": "foo-1.zip", "url": "x"},' * 1000 + b"{}]}"
    values: list[object] = [None, True, -1, 1e999, "\ud800", "9" * 5000, [], {}, [[]], {"a": []}]
    urls = ["https:\n//files.example/x.zip", "https://[", "//", "?", "#", "\\", "https://\udcff/x.zip", "x.zip"]
    names = ("filename", "url", "hashes", "size", "upload-time", "yanked", "core-metadata", "requires-python")
    for value in [*values, *urls]:
        rows: list[object] = [{"filename": "foo-1.zip", "url": "foo-1.zip"} | {name: value} for name in names]
        rows += [value, {"filename": "foo-1.zip", "url": value}]
        yield json.dumps({"meta": {}, "name": "foo", "files": rows}).encode()
        yield json.dumps({"meta": value, "name": value, "files": value}).encode()
    for text in ("&#" + "9" * 5000 + ";", "&#xffffffffff;", "<base href='https://['>", "<!--", "<![CDATA[", "\0"):
        yield f"<title>Links for x</title>{text}<a href='{text}foo-1.zip' data-yanked='{text}'>x</a>".encode()
    yield b"<title>Links for " + b"x" * 100_000
    yield b"\xff\xfe<\0h\0t\0m\0l\0"


def hostile_archives() -> Iterator[bytes]:
    """Bodies that begin like a distribution."""
    yield named_wheel("foo-" + "9" * 5000, "py3-none-any", about("foo", "9" * 5000))
    yield named_wheel("-", "-", about("", ""))
    yield named_wheel("", "", b"")
    yield named_wheel("foo-1", "\n".join(["Tag: a-b-c"] * 500), about("foo", "1"))
    yield named_sdist("caf\udce9-1.0", about("caf\udce9", "1.0"))
    yield named_sdist("foo-" + "9" * 5000, about("foo", "9" * 5000))
    yield from (
        b"PK\x05\x06",
        b"PK\x05\x06" + b"\xff" * 18,
        b"PK\x03\x04" * 100,
        b"\x1f\x8b\x08\0" + b"\xff" * 600,
    )
    for size in (b"-1000\0", b"-0001000", b"+1", b"1_0", b"\x80" + b"\xff" * 11):
        for kind in (b"0", b"L", b"x", b"g", b"K", b"S"):
            block = bytearray(512)
            block[124 : 124 + len(size)] = size
            block[156:157] = kind
            block[148:156] = b" " * 8
            block[148:156] = f"{sum(block):06o}\0 ".encode()
            yield bytes(block) * 2
            yield gzip.compress(bytes(block) * 2)
    # one row and a directory full of what is searched for
    rows = b"PK\x01\x02" + bytes(42) + b".dist-info/WHEEL" * 200_000
    yield b"PK\x03\x04" + rows + struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 1, 1, len(rows), 4, 0)


def hostile_notes() -> Iterator[bytes]:
    """What may stand in origin.json."""
    yield from (b"", b"[", b"[]", b"null", b"{}", b'{"url": 1}', b"\xff", b"[" * 200_000, b"9" * 5000)
    urls = ("", "\0", "https://[", "https://?x", "git+ssh://user:pw@[/x", "\ud800", "x" * 100_000, "file:///")
    more: list[dict[str, object]] = [{}, {"vcs_info": {"vcs": "git", "commit_id": "0"}}, {"dir_info": {}}]
    more += [{"subdirectory": "\0"}]
    for url in urls:
        yield from (json.dumps({"url": url} | fields).encode() for fields in more)
    hashes = {f"made-up-{number}": "00" for number in range(50_000)}
    yield json.dumps({"url": FILE, "archive_info": {"hashes": hashes}}).encode()


@pytest.mark.slow
def test_entries_of_shapes_that_no_pip_writes_are_rows_like_others(
    tmp_path: Path, ask: Callable[[Path, Sequence[str]], Answer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    builder = CacheBuilder(tmp_path / "cache")
    for number, head in enumerate(hostile_heads()):
        builder.raw(f"{FILE}head/{number}", head, WHEEL[1])
        builder.raw(f"{FILE}joint/{number}", head, store="http")
    for number, body in enumerate([*hostile_documents(), *hostile_archives()]):
        builder.download(f"{FILE}plain/{number}", body)
        page_headers = caches.FILE_HEADERS | {"Content-Type": SIMPLE, "Content-Encoding": "gzip"}
        builder.download(f"{FILE}page/{number}", gzip.compress(body), headers=page_headers)
        builder.legacy(f"{FILE}legacy/{number}", body, headers=caches.FILE_HEADERS | {"Content-Type": "text/html"})
    for number, note in enumerate(hostile_notes()):
        builder.built(note, *WHEEL, source=truth.Source(f"{FILE}note/{number}"))
    for number, location in enumerate(
        ("https://?x/simple/y", "https://[/simple/y", "http://#/simple/", "https:/simple/")
    ):
        headers = caches.FILE_HEADERS | {"Location": location}
        builder.download(f"{FILE}moved/{number}", None, headers=headers, status=301)
    check_all(builder.root, ask)
    assert not (tmp_path / "unpickled").exists()


@posix
def test_times_that_no_clock_shows_are_times_like_others(
    tmp_path: Path, ask: Callable[[Path, Sequence[str]], Answer]
) -> None:
    builder = CacheBuilder(tmp_path / "cache")
    for seconds in (0, -1, -(2**31), 2**31, 2**33, 4 * 10**9 * 1000):
        key = builder.download(f"{FILE}{seconds}", WHEEL[1])
        for path in (builder.head(key), builder.body(key)):
            try:
                os.utime(path, (seconds, seconds))
            except OverflowError:
                continue  # neither can a file system that refuses it show it
    check_all(builder.root, ask)
    assert ask(builder.root, ("list", "--older-than", "30d", "--sort", "age")).code == 0
