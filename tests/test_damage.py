"""Two thousand damaged entries: every command ends as it should, says nothing odd and writes nothing anywhere."""

import hashlib
import random
from collections.abc import Callable
from pathlib import Path

import msgpack
import pytest

from tests.support import archives, caches
from tests.support.caches import CacheBuilder
from tests.support.program import Program

ENTRIES = 2000
HOSTILE = "x\x1b]0;owned\x07\n\u202e\x9b31m[/red][link=https://evil.example]"
ORDERLY = {"Date": caches.DATE, "Content-Type": "application/octet-stream"}
SHAPES: tuple[object, ...] = (
    {},
    1,
    [1, 2],
    {"response": []},
    {"response": {"headers": [], "status": 200}},
    {
        "response": {"headers": {HOSTILE: HOSTILE}, "status": 200, "body": b"", "reason": HOSTILE},
        "vary": {HOSTILE: None},
    },
    {"response": {"headers": {"location": HOSTILE}, "status": 301, "body": b""}, "vary": 3},
    {"response": {"headers": {"x-pypi-file-project": HOSTILE, "x-pypi-file-version": HOSTILE}, "status": 200}},
    {
        "response": {
            "headers": {"content-disposition": f'filename="{HOSTILE}-1.0.tar.gz"'},
            "status": 200,
            "body": 7,
        }
    },
)


def bodies(chance: random.Random) -> list[bytes]:
    """Honest and dishonest contents."""
    hostile = HOSTILE.replace("/", "_")
    page = b'{"meta": {"api-version": "1.1"}, "name": "foo", "files": %s}'
    return [
        archives.build_wheel("foo", "1.0")[1],
        archives.build_wheel(hostile, hostile)[1],
        archives.build_wheel("bomb", "1.0", members={"zeros": bytes(3_000_000)})[1],
        archives.build_sdist("foo", "1.0")[1],
        archives.build_sdist(hostile, "1.0", fmt="zip")[1],
        archives.metadata(HOSTILE, HOSTILE),
        page % b"[]",
        page % (b"[" * 100_000),
        page % (b'[{"filename": "a-1.zip", "url": 5, "size": ' + b"9" * 5000 + b"}]"),
        page % b'[{"filename": "a-1.zip", "url": "https://[x", "hashes": {"sha256": 1}, "yanked": {}}, 7, null]',
        b"<html><title>Links for " + HOSTILE.encode() + b"</title><a href='" + HOSTILE.encode() + b"-1.0.zip'>",
        b"<a " * 5000,
        chance.randbytes(700),
        b"",
    ]


def damage(data: bytes, other: bytes, chance: random.Random) -> bytes:
    place = chance.randrange(len(data) + 1)
    changes: tuple[Callable[[], bytes], ...] = (
        lambda: data,
        lambda: data[:place],
        lambda: data[:place] + bytes([chance.randrange(256)]) + data[place + 1 :],
        lambda: data[place:],
        lambda: data[:place] + other[: chance.randrange(len(other) + 1)],
        lambda: data[:place] + chance.randbytes(20) + data[place:],
    )
    return chance.choice(changes)()


@pytest.fixture(scope="module")
def ruin(tmp_path_factory: pytest.TempPathFactory) -> CacheBuilder:
    """A cache of damaged entries, the same in each run."""
    chance = random.Random(2)
    builder = CacheBuilder(tmp_path_factory.mktemp("ruin") / "cache")
    contents = bodies(chance)
    for number in range(ENTRIES):
        url = f"https://files.example/{number}"
        body, other = chance.choice(contents), chance.choice(contents)
        headers = ORDERLY | chance.choice(
            [{}, {"Content-Encoding": chance.choice(["gzip", "deflate", "br", "zstd", "gzip, gzip", HOSTILE])}]
        )
        shape = b"cc=4," + msgpack.packb(chance.choice(SHAPES))
        honest = caches.serialize(b"", headers=headers)
        kind = number % 5
        if kind < 2:
            head = chance.choice([honest, shape, damage(honest, shape, chance), damage(shape, honest, chance)])
            builder.raw(url, head, damage(body, other, chance) if chance.random() < 0.95 else None)
        elif kind < 4:
            joint = chance.choice([caches.serialize(body, headers=headers), shape])
            builder.raw(url, damage(joint, other, chance), store="http")
        else:
            origin = (
                b'{"url": "https://user:s3cr3t@files.example/foo-1.0.tar.gz", "archive_info": {"hash": "md5=1"}}'
            )
            name = chance.choice(
                ["foo-1.0-py3-none-any.whl", "odd.whl", "a-b-c-d-e-f-g.whl", "\x1b[31m-1-a-b-c.whl"]
            )
            key = hashlib.sha224(url.encode()).hexdigest()
            builder.stray(str((builder.folder(key) / name).relative_to(builder.root)), damage(body, other, chance))
            builder.stray(
                str((builder.folder(key) / "origin.json").relative_to(builder.root)), damage(origin, other, chance)
            )
    caches.make_old(builder.root)
    return builder


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["list"], 0),
        (["list", "--all"], 0),
        (["list", "--all", "--format", "json"], 0),
        (["list", "--all", "--format", "paths", "-0"], 0),
        (["list", "foo>=0.5", "*"], 0),
        (["show", "*", "foo-1.0-py3-none-any.whl"], 0),
        (["show", "f*", "--format", "json"], 0),
        (["show", "nosuch"], 1),
        (["info"], 0),
        (["info", "--format", "json"], 0),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_every_command_ends_as_defined_and_writes_nothing(
    ruin: CacheBuilder, capsys: pytest.CaptureFixture[str], arguments: list[str], code: int
) -> None:
    before = caches.look(ruin.root, contents=False)
    answer = Program(ruin.root, capsys)(arguments[0], *arguments[1:])
    assert answer.code == code
    assert caches.look(ruin.root, contents=False) == before
    assert "Traceback" not in answer.err
    assert "s3cr3t" not in answer.out
    allowed = {"\n"} | ({"\0"} if "-0" in arguments else set())
    if "paths" not in arguments:
        odd = {character for character in answer.out if not character.isprintable()}
        assert odd <= allowed


def test_no_entry_is_lost(ruin: CacheBuilder, capsys: pytest.CaptureFixture[str]) -> None:
    records = Program(ruin.root, capsys).artifacts("list", "--all")
    shown = {name for record in records for name in record["files"]}
    there = {str(path.relative_to(ruin.root)) for path in Path(ruin.root).rglob("*") if path.is_file()}
    assert shown == there
