"""Whatever lies in the cache: commands end as defined, write nothing and print only harmless text."""

from __future__ import annotations

import gzip
import io
import json
import os
import pickle
import random
import re
import struct
import subprocess
import sys
import tarfile
import threading
import zipfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgpack
import pytest

from pipcache.cli.main import run
from pipcache.inventory.collector import Need, read_inventory
from pipcache.query.selector import parse_selector
from pipcache.store.cache import Cache
from pipcache.verify.context import is_judged
from pipcache.verify.details import detail
from pipcache.verify.lock_index import Locks
from pipcache.verify.verifier import VerifyOptions, verify
from tests.support import archives, caches, truth
from tests.support.caches import CacheBuilder, serialize
from tests.support.judging import Silent
from tests.support.pips import clean_environment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

from tests.support.places import REPOSITORY

MEGABYTE = 1 << 20

posix = pytest.mark.skipif(sys.platform == "win32", reason="POSIX files and terminals")
WORDS = [
    "\x1b[31mred\x1b[0m",
    "\x1b]0;title\x07",
    "\x1b]8;;https://evil.example\x1b\\link",
    "line\nbreak",
    "carriage\rreturn",
    "tab\tstop",
    "\u202egnp.exe",
    "\u2066isolated",
    "\x9b31m",
    "del\x7f\x08\x08",
    "nul\x00byte",
    "[/red]",
    "[bold]bold[/bold] pkg[extra]",
    "[link=https://evil.example]link[/link]",
    "\u2028separator",
    "wide 名前 🐍",
    "../../etc/passwd",
    "C:\\w\\x",
    "%s%n{0}{}",
    "'\"`$(x);|&",
    "-",
    "",
    "x" * 300,
]
"""What strangers may call a thing."""


# The commands, and what holds of every answer


class Answer(NamedTuple):
    """How a command ended and what it printed."""

    code: int
    out: bytes
    err: bytes

    @property
    def text(self) -> str:
        return self.out.decode("utf-8")


Run = "Callable[[Sequence[str]], Answer]"
COMMANDS = (
    ("list",),
    ("list", "--all"),
    ("list", "--all", "--sort", "size", "--reverse"),
    ("list", "--all", "--format", "json"),
    ("list", "--format", "json"),
    ("list", "--all", "--format", "paths", "-0"),
    ("info",),
    ("info", "--format", "json"),
    ("show", "*"),
    ("show", "*", "--format", "json"),
    ("verify",),
    ("verify", "--thorough", "--format", "json"),
)
STEERING = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing of this machine's configuration, and a terminal of known width."""
    for name in [name for name in os.environ if name.startswith(("PIP_", "XDG_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "120")


@pytest.fixture
def ask(capsysbinary: pytest.CaptureFixture[bytes]) -> Callable[[Path, Sequence[str]], Answer]:
    """Runs a command in this process: an error nobody caught fails the test where it was raised."""

    def ask(root: Path, command: Sequence[str]) -> Answer:
        code = run([command[0], "--cache-dir", str(root), *command[1:]])
        out, err = capsysbinary.readouterr()
        return Answer(code, out, err)

    return ask


def check(command: Sequence[str], answer: Answer) -> None:
    """What holds of every answer: a defined exit code, harmless text, one JSON document."""
    assert answer.code in {0, 1, 3}
    assert answer.code != 1 or command[0] in {"show", "verify"}
    assert b"Traceback" not in answer.err
    assert STEERING.findall(answer.err.decode("utf-8")) == []
    if "-0" in command:
        assert all(os.path.lexists(path) for path in answer.out.split(b"\0")[:-1])
        return
    assert STEERING.findall(answer.text) == []
    if "json" in command:
        document = json.loads(answer.text)
        assert (document["schema"], document["command"]) == (1, command[0])
        assert answer.text.isascii()


def check_all(root: Path, ask: Callable[[Path, Sequence[str]], Answer]) -> None:
    """Ask everything about a cache, which must stay as it is."""
    before = caches.look(root)
    answers = {}
    for command in COMMANDS:
        answers[command] = ask(root, command)
        check(command, answers[command])
    listed = json.loads(answers[("list", "--all", "--format", "json")].text)["artifacts"]
    keys = sorted({record["key"] for record in listed if record["key"] is not None})
    of_http = {record["key"] for record in listed if record["store"] in truth.HTTP_STORES}
    assert of_http - {None} == http_keys(root)
    for form in ("table", "json"):
        command = ("show", *keys, "--format", form)
        shown = ask(root, command)
        check(command, shown)
        assert shown.code in {0, 3}
        assert form == "table" or all(key in shown.text for key in keys)
    assert caches.look(root) == before


def http_keys(root: Path) -> set[str]:
    """Every key a regular file of the HTTP stores stands for, by pip's layout alone."""
    found = set()
    for store in truth.HTTP_STORES:
        for path in (root / store).glob("?/?/?/?/?/*"):
            name = path.name.removesuffix(".body") if store == "http-v2" else path.name
            fan_out = "".join(path.relative_to(root / store).parts[:5])
            if re.fullmatch("[0-9a-f]{56}", name) and name.startswith(fan_out):
                found.add(name)
    return found


# Two thousand mutants of real entries


class Response(NamedTuple):
    """What pip keeps of one response."""

    headers: dict[str, str]
    body: bytes
    status: int = 200


FILE = "https://files.example/packages/"
SIMPLE = "application/vnd.pypi.simple.v1+json"


def page(project: str, *filenames: str) -> bytes:
    """A JSON page that lists files of `FILE`."""
    rows = [{"filename": name, "url": FILE + name, "hashes": {"sha256": "0" * 64}} for name in filenames]
    return json.dumps({"meta": {"api-version": "1.1"}, "name": project, "files": rows}).encode()


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
WHEEL = archives.build_wheel("foo", "1.0")
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
    one, other = dice.choice(RESPONSES), dice.choice(RESPONSES)
    url = f"https://files.example/{number}/foo-1.0.tar.gz"
    headers = caches.FILE_HEADERS | one.headers
    match dice.randrange(8):
        case 0 | 1:
            head = serialize(b"", headers=headers, status=one.status)
            builder.raw(url, mutate(head, dice, RESPONSES[0].body), dice.choice([one.body, other.body, None]))
        case 2 | 3:
            body = mutate(one.body, dice, other.body)
            builder.download(url, body, headers=headers, status=one.status)
        case 4:
            builder.download(url, other.body, headers=headers, status=dice.choice([one.status, 200, 404, 0]))
        case 5 | 6:
            data = serialize(one.body, headers=headers, status=one.status)
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


# Hostile words in every place that holds words


def packed(document: object) -> bytes:
    """A head of any shape."""
    data: bytes = msgpack.packb(document, use_bin_type=True, unicode_errors="surrogateescape")
    return b"cc=4," + data


def named_wheel(folder: str, tag: str, metadata: bytes) -> bytes:
    """A wheel that calls itself what one likes; zipfile writes no names beyond Unicode."""
    folder = folder.encode("utf-8", "replace").decode()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        wheel = f"Wheel-Version: 1.0\nTag: {tag}\nBuild: {tag}\nGenerator: {tag}\n".encode(
            "utf-8", "surrogateescape"
        )
        for name, content in (("WHEEL", wheel), ("METADATA", metadata)):
            info = zipfile.ZipInfo("x")
            info.filename = f"{folder}.dist-info/{name}"
            archive.writestr(info, content)
    return buffer.getvalue()


def named_sdist(folder: str, metadata: bytes) -> bytes:
    """An sdist that calls itself what one likes."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", format=tarfile.PAX_FORMAT, errors="surrogateescape") as archive:
        for name, content in ((f"{folder}/PKG-INFO", metadata), (f"{folder}/setup.py", b"")):
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def about(name: str, version: str) -> bytes:
    """METADATA that says what one likes."""
    lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}", f"Summary: {name}"]
    return "\n".join([*lines, f"Requires-Python: {name}", ""]).encode("utf-8", "surrogateescape")


def add_words(builder: CacheBuilder, word: str, number: int) -> None:
    """Entries that bear a word wherever a word can be."""
    url = f"{FILE}{number}/"
    raw = word.encode("utf-8", "surrogateescape")
    names = [
        *("x-pypi-file-project", "x-pypi-file-version", "x-pypi-file-package-type", "Content-Type", "Location"),
        *("ETag", "Date", "Content-Encoding", "Content-Disposition", "X-Artifactory-Filename", "Cache-Control"),
    ]
    for at, header in enumerate(names):
        headers = {"X-Pypi-File-Project": "foo", header: word, f"x-pypi-{word}": word}
        fields = {"body": b"", "headers": headers, "status": 200, "reason": word}
        builder.raw(f"{url}header/{at}", packed({"response": fields, "vary": {word: word}}), WHEEL[1])
        builder.raw(f"{url}cut/{at}", packed({"response": fields, "vary": {word: word}}), b"")
    disposition = {"Content-Disposition": f'attachment; filename="foo-1.0{word}.tar.gz"'}
    fields = {"body": b"", "headers": disposition, "status": 200, "reason": "OK"}
    builder.raw(f"{url}disposition", packed({"response": fields}), archives.build_sdist("foo", "1.0")[1])
    fields = {"body": b"", "headers": {"Location": word}, "status": 301, "reason": "OK"}
    builder.raw(f"{url}redirect", packed({"response": fields, "vary": {}}))
    metadata = about(word, word)
    builder.download(f"{url}wheel", named_wheel(f"{word}-{word}", word, metadata))
    builder.download(f"{url}version", named_wheel(f"foo-{word}", "py3-none-any", about("foo", word)))
    builder.legacy(f"{url}sdist", named_sdist(f"foo-{word}".replace("/", ""), metadata))
    builder.download(f"{url}metadata", metadata)
    rows: list[object] = [dict.fromkeys(("filename", "url", "upload-time", "yanked", "requires-python"), word)]
    rows.append({"filename": f"foo-1{word}.zip", "url": f"{url}metadata", "yanked": word, "hashes": {word: word}})
    document = json.dumps({"meta": {}, "name": word, "files": rows}).encode()
    builder.download(f"{url}json", document, headers=caches.FILE_HEADERS | {"Content-Type": SIMPLE})
    html = b"<title>Links for %b</title><base href='%b'><a href='%bfoo-1.zip' data-yanked='%b'>x</a>" % (
        (raw,) * 4
    )
    builder.download(f"{url}html", html, headers=caches.FILE_HEADERS | {"Content-Type": "text/html"})
    vcs = {"vcs": word, "commit_id": word, "requested_revision": word}
    for at, origin in enumerate(
        (
            {"url": word},
            {"url": f"https://forge.example/{word}", "vcs_info": vcs, "subdirectory": word},
            {"url": f"{url}sdist", "archive_info": {"hash": f"{word}={word}", "hashes": {word: word}}},
        )
    ):
        note = json.dumps(origin).encode()
        builder.built(note, *WHEEL, source=truth.Source(f"{url}{at}"))
    if raw and b"\0" not in raw and b"/" not in raw and len(raw) < 200:
        on_disk = os.fsdecode(raw)
        builder.built(None, f"foo-1.0-{on_disk}-none-any.whl", WHEEL[1], source=truth.Source(f"{url}name"))
        builder.built(None, f"{on_disk}.whl", WHEEL[1], source=truth.Source(f"{url}name"))
        for place in ("", "http-v2/a/b/c/d/e/", "http/", "wheels/aa/bb/cc/", "selfcheck/"):
            builder.stray(f"{place}{on_disk}")
    builder.selfcheck(word)


def test_hostile_words_are_printed_as_harmless_text(
    tmp_path: Path, ask: Callable[[Path, Sequence[str]], Answer]
) -> None:
    builder = CacheBuilder(tmp_path / "cache")
    for number, word in enumerate([*WORDS, "caf\udce9"]):
        add_words(builder, word, number)
    check_all(builder.root, ask)


def test_rich_markup_is_shown_as_it_is_written(
    tmp_path: Path, ask: Callable[[Path, Sequence[str]], Answer]
) -> None:
    builder = CacheBuilder(tmp_path / "cache")
    builder.download(FILE, named_wheel("foo[bold]-1.0[red]", "py3-none-any", about("pkg[extra]", "1.0[/red]")))
    assert "foo[bold]  1.0[red]" in ask(builder.root, ("list",)).text
    shown = ask(builder.root, ("show", "*")).text
    assert "pkg[extra]" in shown
    assert "1.0[/red]" in shown


# Heads, notes and pages of shapes that no writer gives


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
        yield from (json.dumps({"url": url} | one).encode() for one in more)
    hashes = {f"made-up-{number}": "00" for number in range(50_000)}
    yield json.dumps({"url": FILE, "archive_info": {"hashes": hashes}}).encode()


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


# Odd files


def ordinary(builder: CacheBuilder) -> dict[str, Path]:
    """A download, an old one, a built wheel and a page; the paths of all their files."""
    sdist = archives.build_sdist("foo", "1.0")[1]
    download = builder.download(f"{FILE}foo-1.0-py3-none-any.whl", WHEEL[1])
    legacy = builder.legacy(f"{FILE}foo-1.0.tar.gz", sdist)
    built = builder.built({"url": f"{FILE}foo-1.0.tar.gz"}, *WHEEL)
    listing = builder.download(
        "https://index.example/simple/foo/",
        page("foo", "foo-1.0.tar.gz", WHEEL[0]),
        headers=caches.FILE_HEADERS | {"Content-Type": SIMPLE},
    )
    return {
        "head": builder.head(download),
        "body": builder.body(download),
        "old entry": builder.head(legacy, store="http"),
        "built wheel": builder.folder(built) / WHEEL[0],
        "origin": builder.folder(built) / "origin.json",
        "head of a page": builder.head(listing),
        "body of a page": builder.body(listing),
        "note": builder.root / "selfcheck" / builder.selfcheck(),
    }


PARTS = ("head", "body", "old entry", "built wheel", "origin", "head of a page", "body of a page", "note")


def become_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def become_loop(path: Path) -> None:
    caches.link(path, path)


def lead_outside(path: Path) -> None:
    caches.link(path, Path(__file__))


def become_hole(path: Path) -> None:
    caches.cut(path, 0)
    caches.grow(path, 20 * MEGABYTE)


DAMAGE: dict[str, Callable[[Path], None]] = {
    "removed": caches.remove,
    "emptied": lambda path: caches.cut(path, 0),
    "halved": lambda path: caches.cut(path, path.stat().st_size // 2),
    "a pipe": caches.fifo,
    "a folder": become_folder,
    "a link to itself": become_loop,
    "a link elsewhere": lead_outside,
    "a hole": become_hole,
}


@posix
@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("damage", DAMAGE)
def test_an_odd_file_is_a_row_or_a_gap(
    damage: str, part: str, tmp_path: Path, ask: Callable[[Path, Sequence[str]], Answer]
) -> None:
    builder = CacheBuilder(tmp_path / "cache")
    DAMAGE[damage](ordinary(builder)[part])
    for command in COMMANDS:
        answer = ask(builder.root, command)
        check(command, answer)
        assert b"print only harmless text" not in answer.out + answer.err


@posix
@pytest.mark.parametrize("damage", [name for name in DAMAGE if name != "emptied"])
def test_what_changes_between_the_look_and_the_reading_is_a_row_too(damage: str, tmp_path: Path) -> None:
    """The walk has seen ordinary files; when they are opened, pip or somebody else has been there."""
    builder = CacheBuilder(tmp_path / "cache")
    paths = ordinary(builder)

    def strike(items: Iterable[object], length: int, label: str) -> Iterable[object]:
        del length, label
        found = list(items)
        for path in paths.values():
            if os.path.lexists(path):
                DAMAGE[damage](path)
        paths.clear()
        return found

    root = str(builder.root)
    need = Need(deep=True, everything=True, exact=True, selectors=(parse_selector("foo"),))
    artifacts = read_inventory(Cache(root), need, track=strike)  # type: ignore[arg-type]  # it keeps the items' type
    assert sorted(artifact.store for artifact in artifacts) == [
        "http",
        "http-v2",
        "http-v2",
        "selfcheck",
        "wheels",
    ]
    for details in detail(Cache(root), artifacts, artifacts, {}):
        assert details.artifact.store
    verified = verify(Cache(root), artifacts, artifacts, VerifyOptions(Locks()), index_urls=tuple, meter=Silent())
    assert len(verified.judgements) + verified.gone == sum(map(is_judged, artifacts))
    assert verified.left == 0


@posix
@pytest.mark.parametrize("command", [one for one in COMMANDS if "paths" not in one])
@pytest.mark.parametrize("part", PARTS)
def test_what_may_not_be_read_is_told_and_the_rest_is_shown(
    part: str, command: tuple[str, ...], tmp_path: Path, ask: Callable[[Path, Sequence[str]], Answer]
) -> None:
    builder = CacheBuilder(tmp_path / "cache")
    path = ordinary(builder)[part]
    caches.chmod(path, 0)
    if os.access(path, os.R_OK):
        pytest.skip("this user may read everything")
    answer = ask(builder.root, command)
    caches.chmod(path, 0o600)
    check(command, answer)
    if part in {"head", "body", "old entry"}:
        assert answer.code == 3  # not all of it could be read


# As programs of their own


class Measured(NamedTuple):
    """How a program ended, what it printed, and the most memory it had."""

    answer: Answer
    megabytes: int


MEASURE = """
import resource, subprocess, sys
code = subprocess.run(sys.argv[1:]).returncode
sys.stderr.write(chr(10) + str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss))
sys.exit(code)
"""


def start(root: Path, command: Sequence[str], home: Path, *, stdout: int = subprocess.PIPE) -> Measured:
    """Run the program; the time limit is for what would never end."""
    env = clean_environment(home) | {"PYTHONPATH": str(REPOSITORY), "PYTHONDONTWRITEBYTECODE": "1"}
    program = [sys.executable, "-m", "pipcache", command[0], "--cache-dir", str(root), *command[1:]]
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, *program],
        env=env | {"TERM": "xterm-256color", "COLUMNS": "200"},
        cwd=home,
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.PIPE,
        timeout=120,
        check=False,
    )
    err, _, kilobytes = done.stderr.rpartition(b"\n")
    return Measured(Answer(done.returncode, done.stdout or b"", err), int(kilobytes) // 1024)


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
