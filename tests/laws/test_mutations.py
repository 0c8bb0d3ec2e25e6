"""Two thousand mutants of real entries: commands end as defined, write nothing and print only harmless text."""

from __future__ import annotations

import gzip
import json
import random
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from pipcache.inventory.collector import Need, read_inventory
from pipcache.store.cache import Cache
from tests.support import archives, caches, truth
from tests.support.answers import FILE, SIMPLE, WHEEL, Answer, check_all, page
from tests.support.caches import CacheBuilder, serialize

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

pytestmark = pytest.mark.usefixtures("alone")


Run = "Callable[[Sequence[str]], Answer]"


class Response(NamedTuple):
    """What pip keeps of one response."""

    headers: dict[str, str]
    body: bytes
    status: int = 200


def responses() -> list[Response]:
    """One of each kind of response that pip caches."""
    wheel, sdist = archives.build_wheel("foo", "1.0")[1], archives.build_sdist("foo", "1.0")[1]
    side = archives.metadata("foo", "1.0")
    named = {
        "x-pypi-file-project": "foo",
        "x-pypi-file-version": "1.0",
        "x-pypi-file-package-type": "bdist_wheel",
        "Content-Disposition": 'attachment; filename="foo-1.0-py3-none-any.whl"',
        "Vary": "Accept-Encoding, Authorization",
    }
    html = b"<title>Links for foo</title><a href='foo-1.0.zip#sha256=" + b"0" * 64 + b"'>foo-1.0.zip</a>"
    return [
        Response({}, wheel),
        Response(named, wheel),
        Response({}, sdist),
        Response({}, archives.build_sdist("foo", "1.0", fmt="zip")[1]),
        Response({}, archives.build_sdist("foo", "1.0", fmt="tar.bz2")[1]),
        Response({}, gzip.decompress(sdist)),
        Response(named, side),
        Response(
            {"Content-Encoding": "gzip"}, gzip.compress(side + random.Random(1).randbytes(2000).hex().encode())
        ),
        Response({"Content-Encoding": "deflate"}, zlib.compress(side)),
        Response({"Content-Type": SIMPLE}, page("foo", "foo-1.0-py3-none-any.whl")),
        Response(
            {"Content-Type": SIMPLE, "Content-Encoding": "gzip"}, gzip.compress(page("foo", "foo-1.0.tar.gz"))
        ),
        Response({"Content-Type": "text/html", "x-pypi-last-serial": "1"}, html),
        Response({"Content-Type": "text/html"}, html),
        Response({"Content-Type": "text/html", "Content-Encoding": "br"}, b"\x0b\x02\x80page\x03"),
        Response({"Content-Type": "application/json"}, b'{"info": {}, "urls": []}'),
        Response({"Location": f"{FILE}foo-1.0.tar.gz", "ETag": '"1"'}, b"", 301),
        Response({"Content-Type": "text/html"}, b"<html><a href='/login'>Sign in</a></html>"),
    ]


RESPONSES = responses()
ORIGIN = {"url": f"{FILE}foo-1.0.tar.gz", "archive_info": {"hash": "sha256=00", "hashes": {"sha256": "00"}}}


def mutate(data: bytes, dice: random.Random, other: bytes) -> bytes:
    """Other bytes, made from these as disks, networks and strangers make them."""
    changed = bytearray(data)
    place = dice.randrange(len(data) + 1)
    near_an_end = min(len(data), dice.choice([8, 64, 512]))
    match dice.randrange(9):
        case 0 | 1:  # flipped
            for _ in range(dice.choice([1, 1, 1, 3, 20])):
                if changed:
                    changed[dice.randrange(len(changed))] ^= 1 << dice.randrange(8)
        case 2:  # flipped where the structure is
            for _ in range(dice.choice([1, 2, 4])):
                if near_an_end:
                    at = dice.randrange(near_an_end)
                    changed[at if dice.random() < 0.5 else -1 - at] = dice.choice([0, 1, 0x7F, 0x80, 0xC1, 0xFF])
        case 3:  # cut
            del changed[place:]
        case 4:  # the beginning is gone
            del changed[:place]
        case 5:  # a piece of something else
            changed[place : place + dice.randrange(50)] = other[: dice.randrange(200)]
        case 6:  # a piece twice
            changed[place:place] = changed[max(0, place - dice.randrange(1, 300)) : place]
        case 7:  # noise, with a true beginning or without
            changed[dice.choice([0, 5, 16]) :] = dice.randbytes(dice.randrange(2000))
        case _:  # longer, by a hole
            changed += bytes(dice.randrange(3000))
    return bytes(changed)


def add_mutant(builder: CacheBuilder, number: int, dice: random.Random) -> None:
    """One entry with something wrong, in any store; some of it is right, or nothing would be found in it."""
    response, other = dice.choice(RESPONSES), dice.choice(RESPONSES)
    url = f"https://files.example/{number}/foo-1.0.tar.gz"
    headers = caches.FILE_HEADERS | response.headers
    match dice.randrange(8):
        case 0 | 1:
            head = serialize(b"", headers=headers, status=response.status)
            builder.raw(url, mutate(head, dice, RESPONSES[0].body), dice.choice([response.body, other.body, None]))
        case 2 | 3:
            body = mutate(response.body, dice, other.body)
            builder.download(url, body, headers=headers, status=response.status)
        case 4:
            builder.download(url, other.body, headers=headers, status=dice.choice([response.status, 200, 404, 0]))
        case 5 | 6:
            data = serialize(response.body, headers=headers, status=response.status)
            builder.raw(url, mutate(data, dice, other.body), store="http")
        case _:
            filename, wheel = WHEEL
            note = json.dumps(ORIGIN).encode()
            filename = dice.choice([filename, mutate(filename.encode(), dice, b"-").hex()[:50] + ".whl"])
            builder.built(
                mutate(note, dice, b'{"url": 1}'),
                filename,
                mutate(wheel, dice, other.body),
                source=truth.Source(url),
            )


SEEDS, MUTANTS = range(5), 400


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_mutated_entries_are_rows_like_others(
    seed: int, tmp_path: Path, ask: Callable[[Path, Sequence[str]], Answer]
) -> None:
    dice = random.Random(seed)
    builder = CacheBuilder(tmp_path / "cache")
    for number in range(MUTANTS):
        add_mutant(builder, number, dice)
    check_all(builder.root, ask)


def test_the_mutants_are_two_thousand_and_most_are_still_something(tmp_path: Path) -> None:
    """If nearly all were noise, the readers behind the first look would never be reached."""
    assert len(SEEDS) * MUTANTS == 2000
    dice = random.Random(0)
    builder = CacheBuilder(tmp_path / "cache")
    for number in range(MUTANTS):
        add_mutant(builder, number, dice)
    artifacts = read_inventory(Cache(str(builder.root)), Need(deep=True, everything=True, exact=True))
    named = sum(artifact.project is not None for artifact in artifacts)
    odd = sum(artifact.problem is not None or artifact.kind == "unknown" for artifact in artifacts)
    assert named > MUTANTS / 4
    assert odd > MUTANTS / 5
