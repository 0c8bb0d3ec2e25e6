"""What uv notes of a distribution: every form of it is read, and no bytes make the reader fail."""

from __future__ import annotations

import random
import struct
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, strategies as st

from pipcache.installers.uv_pointer import (
    METADATA_START,
    POINTER_LIMIT,
    Link,
    Metadata,
    Pointer,
    is_archive_id,
    read_link,
    read_metadata,
    read_pointer,
)
from tests.support.archives import build_sdist, build_wheel
from tests.support.uv_caches import BASE, GENERATIONS, NEWEST, UvCache, cuts, pack, pointer, with_policy

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.uv_caches import Generation

ID = "ru9GNibdFvWZAAyg"

OLD_ID = "Hi-iLfw94mWzgqGytvD-h"

DIGEST = "4721f391ed90541fddacab5acf947aa0d3dc7d27b2e1e8eda2be8970586c3274"

each_generation = pytest.mark.parametrize("generation", GENERATIONS.values(), ids=GENERATIONS)


@each_generation
def test_the_pointer_of_a_wheel_is_read(generation: Generation, tmp_path: Path) -> None:
    cache = UvCache(tmp_path, generation)
    path = cache.wheel("six", "1.17.0", tag="py2.py3-none-any", place="index/0123456789abcdef")
    filename, data = build_wheel("six", "1.17.0", tags=["py2.py3-none-any"])
    assert path.stat().st_size < 2048
    assert read_pointer(path.read_bytes()) == Pointer(
        cache.archive_of(path).name,
        0,
        None if generation.payload == "pair" else filename,
        (("sha256", sha256(data).hexdigest()),) if generation.notes_digests else (),
        len(data) if generation.payload in {"map", "sized"} else None,
        BASE + filename,
    )
    assert read_metadata(path.with_suffix(".msgpack").read_bytes()) == Metadata("six", "1.17.0")


@each_generation
def test_a_digest_that_was_asked_for_is_read(generation: Generation, tmp_path: Path) -> None:
    path = UvCache(tmp_path, generation).wheel("six", "1.17.0", asked_digest=True)
    read = read_pointer(path.read_bytes())
    assert read is not None
    assert read.noted_digests == (("sha256", sha256(build_wheel("six", "1.17.0")[1]).hexdigest()),)


@each_generation
def test_the_pointer_of_a_local_wheel_is_read(generation: Generation, tmp_path: Path) -> None:
    cache = UvCache(tmp_path, generation)
    path = cache.wheel("idna", "3.10", place="url/939c2be22cc811eb", is_local=True)
    filename = None if generation.payload == "pair" else "idna-3.10-py3-none-any.whl"
    assert read_pointer(path.read_bytes()) == Pointer(cache.archive_of(path).name, 0, filename)


@each_generation
@pytest.mark.parametrize("is_local", [False, True])
def test_the_pointer_of_an_sdist_is_read(generation: Generation, is_local: bool, tmp_path: Path) -> None:  # noqa: FBT001 - a case
    folder = UvCache(tmp_path, generation).sdist("docopt", "0.6.2", is_local=is_local)
    filename, data = build_sdist("docopt", "0.6.2")
    has_size = generation.payload in {"map", "sized"} and not is_local
    read = read_pointer((folder.parent / f"revision.{'rev' if is_local else 'http'}").read_bytes())
    assert read == Pointer(
        folder.name,
        noted_digests=(("sha256", sha256(data).hexdigest()),) if generation.notes_digests and not is_local else (),
        size=len(data) if has_size else None,
        url=None if is_local else BASE + filename,
    )
    assert read_metadata((folder / "metadata.msgpack").read_bytes()) == Metadata("docopt", "0.6.2")


def test_the_pointers_that_uv_wrote_are_read() -> None:
    """What uv 0.13.9, 0.12.24, 0.9.30 and 0.2.37 wrote for files of a folder."""
    stamp = bytes.fromhex("9292ce6b0bad3bce21538eb3")
    hexes = {
        "95b02d5263506b78717745305650697a774890ba69646e612d332e31302d7079332d6e6f6e652d616e792e77686c00c0": (
            Pointer("-RcPkxqwE0VPizwH", 0, "idna-3.10-py3-none-any.whl")
        ),
        "83a26964b078554e3749626e4271587776394d516ea668617368657390a473697a65c0": Pointer("xUN7IbnBqXwv9MQn"),
        "92b56859373849685f486d45315a35314473453245364290": Pointer("hY78Ih_HmE1Z51DsE2E6B"),
    }
    for digits, expected in hexes.items():
        assert read_pointer(stamp + bytes.fromhex(digits)) == expected


def test_a_pointer_to_another_bucket_of_archives_says_so() -> None:
    read = read_pointer(pack([ID, [], "six-1.0-py3-none-any.whl", 3, 10]))
    assert read == Pointer(ID, 3, "six-1.0-py3-none-any.whl", (), 10)


@pytest.mark.parametrize(
    ("hashes", "expected"),
    [
        ([["Sha256", DIGEST.upper()]], (("sha256", DIGEST),)),
        ([{"Sha512": "ab" * 64}, {"Md5": "cd" * 16}], (("sha512", "ab" * 64), ("md5", "cd" * 16))),
        ([{"Blake2b": "ab" * 32}], (("blake2b_256", "ab" * 32),)),
        ([["Sha256", DIGEST], {"Sha256": DIGEST}], (("sha256", DIGEST),)),
        ([["Sha256", "../x"], ["Whirlpool", "ab"], ["Sha256"], 5, None, {"x": 2}, []], ()),
    ],
)
def test_digests_that_are_digests_are_read(hashes: object, expected: object) -> None:
    read = read_pointer(pack([ID, hashes]))
    assert read is not None
    assert read.noted_digests == expected


@pytest.mark.parametrize(
    "name",
    ["../../x", "../../../../etc/pass", "/etc/passwd/aaaaa", "a" * 15, "a" * 22, ID + "\n", "a" * 15 + "é", ""],
)
def test_what_is_no_id_is_refused(name: str) -> None:
    assert not is_archive_id(name)
    for value in ([name, []], {"id": name, "hashes": []}, [[1, 2], [name, []]]):
        assert read_pointer(pack(value)) is None
    assert read_link(f"../../archive-v0/{name}") is None


@pytest.mark.parametrize(
    "value",
    [
        *(None, 1, "x", ID, [], {}, [ID], [[]], [[1, 2]], [ID, None], [ID, "x"], [None, []], [b"x" * 16, []]),
        *({"id": ID}, {"hashes": []}, {"id": [ID], "hashes": []}, [[1, 2], [[1, 2], [ID, []]]]),
        [ID, [["Sha256", DIGEST]] * 65],
    ],
)
def test_what_is_no_pointer_is_refused(value: object) -> None:
    assert read_pointer(pack(value)) is None


@pytest.mark.parametrize(
    "filename", ["../x.whl", "a/b.whl", "a\\b.whl", "x" * 256, "", 5, None, ["x.whl"], "a\0b.whl"]
)
def test_what_is_no_file_name_is_not_told(filename: object) -> None:
    assert read_pointer(pack([ID, [], filename, 0, 5])) == Pointer(ID, size=5)


@pytest.mark.parametrize("size", [-1, True, 1.5, "5", None, [5]])
def test_what_is_no_size_is_not_told(size: object) -> None:
    assert read_pointer(pack([ID, [], "x.whl", 0, size])) == Pointer(ID, filename="x.whl")


@each_generation
def test_a_pointer_cut_at_each_byte_is_none_or_the_same_without_its_url(generation: Generation) -> None:
    value = pointer(generation, ID, filename="six-1.0-py3-none-any.whl", digest=DIGEST, size=5)
    payload = pack(value)
    data = with_policy(generation, payload, f"{BASE}six-1.0-py3-none-any.whl")
    whole = read_pointer(data)
    assert whole is not None
    assert whole.url == f"{BASE}six-1.0-py3-none-any.whl"
    for cut in cuts(data):
        read = read_pointer(cut)
        if len(cut) < len(payload):
            assert read is None
        else:
            assert read in {whole, whole._replace(url=None)}
    for cut in cuts(pack([[1, 2], value])):
        assert read_pointer(cut) is None


def test_metadata_cut_at_each_byte_is_none_or_the_same() -> None:
    for cut in cuts(pack(["six", "1.17.0", ["a"], None, [], False])):
        assert read_metadata(cut) == (None if len(cut) < 12 else Metadata("six", "1.17.0"))


@pytest.mark.parametrize(
    "value", [[], ["six"], ["six", 1], [None, "1"], {"six": "1"}, ["", "1"], "six", ["six", [1]]]
)
def test_what_is_no_metadata_is_refused(value: object) -> None:
    assert read_metadata(pack(value)) is None


def test_of_long_metadata_the_beginning_is_enough() -> None:
    data = pack(["six", "1.17.0", ["idna>=2; extra == 'x'"] * 5000])
    assert read_metadata(data) == read_metadata(data[:METADATA_START]) == Metadata("six", "1.17.0")


DEEP = {
    "arrays": b"\x91" * 10_000 + b"\xc0",
    "maps": b"\x81\xa1a" * 10_000 + b"\xc0",
    "keys": b"\x81" * 10_000 + b"\xc0",
    "pairs": b"\x92\xc0" * 10_000 + b"\xc0",
}

HUGE = {
    "array": b"\xdd\xff\xff\xff\xff",
    "map": b"\xdf\xff\xff\xff\xff",
    "text": b"\xdb\xff\xff\xff\xff",
    "bytes": b"\xc6\xff\xff\xff\xff",
    "extension": b"\xc9\xff\xff\xff\xff\x01",
    "time": b"\xc7\x0c\xff" + b"\xff" * 12,
    "wide and deep": b"\xdc\x00\x40" * 1000,
    "unused": b"\xc1",
}


@pytest.mark.parametrize("data", [*DEEP.values(), *HUGE.values()], ids=[*DEEP, *HUGE])
def test_deep_and_huge_values_are_refused(data: bytes) -> None:
    name = pack(ID)
    for before in (b"", b"\x92" + name, b"\x95" + name + b"\x91", b"\x92\x92\x01\x02", b"\x82\xa2id"):
        assert read_pointer(before + data) is None
    assert read_metadata(data) is None
    assert read_metadata(b"\x96" + data) is None
    assert read_metadata(b"\x96\xa3six" + data) is None


def test_a_file_that_is_too_long_is_no_pointer() -> None:
    data = pack([ID, []])
    assert read_pointer(data + b"\0" * (POINTER_LIMIT - len(data))) == Pointer(ID)
    assert read_pointer(data + b"\0" * POINTER_LIMIT) is None


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for before in (b"", b"\x95", b"\x92" + pack(ID), pack([ID, []])):
        read = read_pointer(before + data)
        assert read is None or is_archive_id(read.archive_id)
        metadata = read_metadata(before + data)
        assert metadata is None or (metadata.name and metadata.version)


def test_any_change_to_a_pointer_is_read_or_refused() -> None:
    whole = pointer(NEWEST, ID, filename="six-1.0-py3-none-any.whl", digest=DIGEST, size=5)
    data = with_policy(NEWEST, pack(whole), f"{BASE}six-1.0-py3-none-any.whl")
    chosen = random.Random(19)
    for index in range(len(data)):
        changed = bytearray(data)
        changed[index] ^= 1 << chosen.randrange(8)
        read = read_pointer(bytes(changed))
        assert read is None or is_archive_id(read.archive_id)


@each_generation
@pytest.mark.parametrize(
    "length", [*range(20, 30), 64, 65, 127, 128, 129, 138, 191, 192, 193, 255, 256, 300, 1000]
)
def test_the_url_ends_where_its_length_says(generation: Generation, length: int) -> None:
    url = "https://files.example/".ljust(length, "x") if length > 22 else "http://a.example/".ljust(length, "x")
    read = read_pointer(with_policy(generation, pack([ID, []]), url))
    assert read is not None
    assert read.url == url


def test_text_beside_the_url_does_not_belong_to_it() -> None:
    """The tag of an answer that has one stands right behind the URL."""
    url = f"{BASE}six-1.0-py3-none-any.whl"
    behind = b'"33a64df551425fcc55e4d42a148795d9f25f89d4"'
    text = url.encode() + behind
    length = len(url) & 0x3F | 0x80 | (len(url) >> 6) << 8
    data = pack([ID, []]) + text + b"\0" * 8 + struct.pack("<Ii", length, -len(text) - 8)
    assert read_pointer(data) == Pointer(ID, url=url)


@pytest.mark.parametrize("url", ["https://u:secret@files.example/a/b.whl", "https://token@files.example/a/b.whl"])
def test_the_url_has_no_password(url: str) -> None:
    assert read_pointer(with_policy(NEWEST, pack([ID, []]), url)) == Pointer(
        ID, url="https://files.example/a/b.whl"
    )


def test_what_looks_like_a_url_without_its_length_is_none() -> None:
    for text in (
        b"https://files.example/x.whl",
        b"http" * 10_000,
        b"https://a b",
        b"https://files.example/\x1b[2J",
    ):
        for reference in (b"", struct.pack("<Ii", len(text), -len(text))):
            read = read_pointer(pack([ID, []]) + text + (reference if b" " in text or b"\x1b" in text else b""))
            assert read == Pointer(ID)


@pytest.mark.parametrize(
    "target",
    [
        f"../../../archive-v0/{ID}",
        f"/home/a/.cache/uv/archive-v0/{ID}",
        f"archive-v0/{ID}",
        f"..\\archive-v0\\{ID}",
    ],
)
def test_a_link_to_an_archive_is_read(target: str) -> None:
    assert read_link(target) == Link(ID, 0)
    assert read_link(target.replace("v0", "v12")) == Link(ID, 12)
    assert read_link(target.replace(ID, OLD_ID)) == Link(OLD_ID, 0)


@pytest.mark.parametrize(
    "target",
    [
        "/etc",
        "",
        ID,
        f"../archive-v0/{ID}/..",
        f"archive-v0/{ID}/",
        f"xarchive-v0/{ID}",
        f"archive-v/{ID}",
        "a/../..",
    ],
)
def test_a_link_elsewhere_is_none(target: str) -> None:
    assert read_link(target) is None
