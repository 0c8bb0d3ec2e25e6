"""What pips of every era left behind in a cache, and what `prune` makes of it."""

from __future__ import annotations

import base64
import collections
import gzip
import hashlib
import json
import pickle
import re
import stat
import sys
import tempfile
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

import msgpack

from tests.support import caches, truth
from tests.support.archives import build_sdist, build_wheel
from tests.support.caches import FILE_HEADERS, CacheBuilder, HttpStore, serialize
from tests.support.program import Program

FILES = "https://files.example/f/"
INDEX = "https://index.example/simple/"
JSON_PAGE = {**FILE_HEADERS, "Content-Type": "application/vnd.pypi.simple.v1+json"}
HTML_PAGE = {**FILE_HEADERS, "Content-Type": "text/html", "X-PyPI-Last-Serial": "77"}
WHEEL = build_wheel("foo", "1.0")
SDIST = build_sdist("foo", "1.0")
SHA256 = hashlib.sha256(SDIST[1]).hexdigest()
BODY = b"a body that is as it was sent " * 50

MINUTE, DAY = 60.0, 86400.0
AT_WORK = 10 * MINUTE
"""How long a pip may be between the two files of a download."""


def files(builder: CacheBuilder) -> dict[str, caches.Seen]:
    """All that is no folder: a link's last use is left out, as looking at it is one."""
    return {
        path: seen._replace(atime_ns=None) if stat.S_ISLNK(seen.mode) else seen
        for path, seen in caches.look(builder.root).items()
        if not stat.S_ISDIR(seen.mode)
    }


def emptied(builder: CacheBuilder) -> set[str]:
    """The folders below the stores that hold nothing."""
    below = (path for store in builder.root.iterdir() if store.is_dir() for path in store.rglob("*"))
    return {named(builder, path) for path in below if path.is_dir() and not any(path.iterdir())}


def named(builder: CacheBuilder, path: Path) -> str:
    return path.relative_to(builder.root).as_posix()


def populate(builder: CacheBuilder) -> None:
    """One healthy thing of each store, beside which leftovers lie."""
    builder.download(FILES + WHEEL[0], WHEEL[1])
    builder.download(f"{INDEX}foo/", b'{"name": "foo", "files": []}', headers=JSON_PAGE)
    builder.legacy(FILES + SDIST[0], SDIST[1])
    builder.built({"url": FILES + SDIST[0], "archive_info": {"hashes": {"sha256": SHA256}}}, *WHEEL)
    builder.selfcheck(sys.prefix)
    builder.stray("notes.txt")


class Pruned(NamedTuple):
    """What a run removed, and what it said of it."""

    gone: set[str]
    removals: list[dict[str, Any]]  # Any: fields are asked for by name
    code: int


def prune(builder: CacheBuilder, program: Program, *options: str) -> Pruned:
    """Prune, and see that nothing but what was planned went, and that what is left is as it was."""
    before = files(builder)
    ran = program("prune", "--format", "json", *options)
    after = files(builder)
    removals: list[dict[str, Any]] = ran.document["plan"]["removals"]
    gone = before.keys() - after.keys()
    assert {path: seen for path, seen in before.items() if path not in gone} == after
    assert gone == {path for removal in removals for path in removal["files"]}
    return Pruned(gone, removals, ran.code)


# What pips of every era left behind. Each makes it from a URL of its own and gives the files that go

Make = Callable[[CacheBuilder, str], Iterable[Path]]


class Dead(NamedTuple):
    """A leftover: how it comes about, what is said of it, and for how many seconds a pip may be at work on it.

    `is_of_old_pips` is true for what a pip before 23.3 can still use.
    """

    make: Make
    why: str
    wait: float = 0.0
    is_of_old_pips: bool = False


def lone_head(status: int = 200, **headers: str) -> Dead:
    """As of a pip that was killed before it wrote the body."""

    def make(builder: CacheBuilder, url: str) -> list[Path]:
        key = builder.download(url, None, status=status, headers={**FILE_HEADERS, **headers})
        return [builder.head(key)]

    return Dead(make, "a head without a body", AT_WORK)


def lone_body(body: bytes) -> Dead:
    """As of a pip that was killed when it deleted, which takes the head first."""

    def make(builder: CacheBuilder, url: str) -> list[Path]:
        key = builder.download(url, body)
        caches.remove(builder.head(key))
        return [builder.body(key)]

    return Dead(make, "a body without a head", AT_WORK)


def broken(head: Callable[[str], bytes], *, store: HttpStore, body: bytes | None = None) -> Dead:
    """Heads no pip can read: of a full disk, and before 19.3 of a killed pip, which wrote in place."""

    def make(builder: CacheBuilder, url: str) -> list[Path]:
        key = builder.raw(url, head(url), body, store=store)
        return [builder.head(key, store=store), *([] if body is None else [builder.body(key)])]

    return Dead(make, "an unreadable head: ", AT_WORK)


def cut(size: int, body: bytes = b"") -> Callable[[str], bytes]:
    """The first bytes of what pip writes, or all but the last ones."""

    def head(url: str) -> bytes:
        return serialize(body, headers={**FILE_HEADERS, "X-From": url})[:size]

    return head


def content(data: bytes) -> Callable[[str], bytes]:
    return lambda _: data


UNREADABLE: dict[str, Callable[[str], bytes]] = {
    "empty": content(b""),
    "cut in the frame": cut(3),
    "cut behind the version": cut(4),
    "cut behind the frame": cut(5),
    "cut in the headers": cut(60),
    "cut in the last byte": cut(-1),
    "zeros": content(b"\x00" * 4096),
    "text": content(b"<html>the disk is full</html>"),
    "no frame, as before cachecontrol 0.10": content(pickle.dumps({"status": 200}, 2)),
    "an empty map": content(b"cc=4,\x80"),
    "a number": content(b"cc=4,\x01"),
    "nil": content(b"cc=4,\xc0"),
    "a list": content(b"cc=4,\x90"),
    "no headers": content(b"cc=4," + msgpack.packb({"response": {"status": 200}, "vary": {}})),
    "a response that is text": content(b"cc=4," + msgpack.packb({"response": "x", "vary": {}})),
}


def temporary(store: str, name: Callable[[Path], Path]) -> Dead:
    """As pip leaves it when it is killed, and when the disk is full."""

    def make(builder: CacheBuilder, url: str) -> list[Path]:
        match store:
            case "http-v2":
                beside = builder.head(builder.download(url, BODY))
            case "http":
                beside = builder.head(builder.legacy(url, BODY), store="http")
            case _:
                beside = builder.root / "selfcheck" / truth.url_key(url)
                beside.parent.mkdir(exist_ok=True)
        draft = name(beside)
        draft.write_bytes(BODY)
        return [draft]

    return Dead(make, "a temporary file", DAY)


def real_name(suffix: str = "") -> Callable[[Path], Path]:
    """As `adjacent_tmp_file` of pip 19.3 and newer has it made by Python 3."""

    def name(beside: Path) -> Path:
        place = beside.with_name(beside.name + suffix)
        with tempfile.NamedTemporaryFile(
            delete=False, dir=place.parent, prefix=place.name, suffix=".tmp"
        ) as draft:
            return Path(draft.name)

    return name


def old_name(characters: str, suffix: str = "") -> Callable[[Path], Path]:
    """The same of Python 2, which took six characters, some of them in upper case."""
    return lambda beside: beside.with_name(f"{beside.name}{suffix}{characters}.tmp")


def lock(*, owner: str | None = None, is_folder: bool = False) -> Dead:
    """As pip before 19.3 locked: a file with two names, and a folder with a file where there are no links."""

    def make(builder: CacheBuilder, url: str) -> list[Path]:
        entry = builder.head(builder.legacy(url, BODY), store="http")
        place = entry.with_name(f"{entry.name}.lock")
        if is_folder:
            place.mkdir()
            inside = [] if owner is None else [place / owner]
            for path in inside:
                path.touch()
            return inside
        if owner is None:
            place.touch()
            return [place]
        holder = place.with_name(owner)
        holder.touch()
        place.hardlink_to(holder)
        return [place, holder]

    return Dead(make, "a lock file of pip before 19.3", DAY)


def lock_owner(owner: str) -> Dead:
    """As of a pip that was killed while it waited for another's lock."""

    def make(builder: CacheBuilder, url: str) -> list[Path]:
        place = builder.head(builder.legacy(url, BODY), store="http").with_name(owner)
        place.touch()
        return [place]

    return Dead(make, "a lock file of pip before 19.3", DAY)


def build_folder(*members: str, wheel: bool = True) -> Dead:
    """As of a pip 25.3 and newer that was killed when it built."""

    def make(builder: CacheBuilder, url: str) -> list[Path]:
        folder = place_of_wheel(builder, url, wheel=wheel)
        inside = Path(tempfile.mkdtemp(dir=folder))
        paths = [inside / member for member in members]
        for path in paths:
            if path.name == "folder":
                path.mkdir(parents=True)
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(BODY)
        return [path for path in paths if not path.is_dir()]

    return Dead(make, "a build folder", DAY)


def place_of_wheel(builder: CacheBuilder, url: str, *, wheel: bool) -> Path:
    """The folder of what is built from a URL, with the wheel or before there is one."""
    if wheel:
        return builder.folder(builder.built({"url": url, "archive_info": {}}, *WHEEL))
    folder = builder.folder(truth.wheel_key(truth.Source(url), interpreter="cp311"))
    folder.mkdir(parents=True)
    return folder


def self_check_lock(builder: CacheBuilder, _: str) -> list[Path]:
    """Before 19.3 the note of the self-check was locked as entries were."""
    holder = builder.stray("laptop-7f3c1740.47111234567890123456", b"")
    place = builder.root / "selfcheck.json.lock"
    place.hardlink_to(holder)
    return [place, holder]


def lone_origin(note: bytes | None = None) -> Dead:
    """As `pip cache remove` left it until 26.0, and a `remove` that was interrupted leaves it."""

    def make(builder: CacheBuilder, url: str) -> list[Path]:
        origin = {"url": url, "archive_info": {}} if note is None else note
        folder = builder.folder(builder.built(origin, *WHEEL, source=source(url)))
        caches.remove(folder / WHEEL[0])
        return [folder / "origin.json"]

    return Dead(make, "the origin of a wheel that is gone", AT_WORK)


def source(url: str) -> truth.Source:
    return truth.Source(url)


def legacy_key(url: str, hash_name: str | None, digest: str) -> str:
    """The name of a built wheel's folder of pip 7.0 to 19.3."""
    text = url if hash_name is None else f"{url}#{hash_name}={digest}"
    return hashlib.sha224(text.encode()).hexdigest()


PageOf = Callable[[CacheBuilder, str, str, dict[str, str]], object]


def json_page(builder: CacheBuilder, project: str, url: str, hashes: dict[str, str]) -> None:
    """As pip 22.2 and newer get it, when the wheels of the pip before lie there still."""
    row = {"filename": url.rpartition("/")[2], "url": url, "hashes": hashes}
    body = json.dumps({"meta": {"api-version": "1.0"}, "name": project, "files": [row]}).encode()
    coded = {**JSON_PAGE, "Content-Encoding": "gzip"}
    builder.download(f"{INDEX}{project}/", gzip.compress(body), headers=coded)


def html(project: str, url: str, hashes: dict[str, str]) -> bytes:
    fragment = "".join(f"#{name}={digest}" for name, digest in hashes.items())
    name = url.rpartition("/")[2]
    text = f'<!DOCTYPE html><html><title>Links for {project}</title><a href="{url}{fragment}">{name}</a></html>'
    return text.encode()


def html_page(builder: CacheBuilder, project: str, url: str, hashes: dict[str, str]) -> None:
    """As PyPI served it, kept by a pip of 23.3 or newer."""
    builder.download(f"{INDEX}{project}/", html(project, url, hashes), headers=HTML_PAGE)


def old_page(builder: CacheBuilder, project: str, url: str, hashes: dict[str, str]) -> None:
    """As PyPI served it, kept by the pip of then."""
    body = gzip.compress(html(project, url, hashes))
    builder.legacy(f"{INDEX}{project}/", body, headers={**HTML_PAGE, "Content-Encoding": "gzip"})


def plain_page(builder: CacheBuilder, project: str, url: str, hashes: dict[str, str]) -> None:
    """As any other index served it: no header tells what it is."""
    headers = {**FILE_HEADERS, "Content-Type": "text/html"}
    builder.download(f"{INDEX}{project}/", html(project, url, hashes), headers=headers)


def old_wheel(*, hash_name: str | None, page: PageOf | None) -> Dead:
    """A wheel pip 7.0 to 19.3 built: only a page tells what its key was made from, as there was no origin.json.

    Without a page somebody's tool has put one beside it.
    """

    def make(builder: CacheBuilder, url: str) -> list[Path]:
        project = url.rpartition("/")[2]
        filename, body = build_wheel(project, "1.0")
        address = f"{url}/{project}-1.0.tar.gz"
        digest = hashlib.new(hash_name or "sha256", SDIST[1]).hexdigest()
        folder = builder.folder(legacy_key(address, hash_name, digest))
        folder.mkdir(parents=True)
        (folder / filename).write_bytes(body)
        hashes = {} if hash_name is None else {hash_name: digest}
        if page is not None:
            page(builder, project, address, hashes)
            return [folder / filename]
        note = {"url": address, "archive_info": {"hashes": hashes}}
        (folder / "origin.json").write_text(json.dumps(note), encoding="utf-8")
        return [folder / filename, folder / "origin.json"]

    return Dead(make, "under a key of pip before 20.0", is_of_old_pips=True)


def response(body: bytes, text: Callable[[bytes], object]) -> dict[str, object]:
    """What cachecontrol stored, with its text as a serialisation has it."""
    headers = {"date": caches.DATE.encode(), "cache-control": b"max-age=365000000"}
    stored = {
        "body": text(body),
        "headers": collections.OrderedDict((text(name.encode()), text(value)) for name, value in headers.items()),
        "status": 200,
        "version": 11,
        "reason": text(b"OK"),
        "strict": 0,
        "decode_content": False,
    }
    return {"response": stored, "vary": {}}


def second(body: bytes) -> bytes:
    """As pip 6.0.7 to 9.0.3 wrote it."""
    document = response(body, lambda value: base64.b64encode(value).decode())
    return b"cc=2," + zlib.compress(json.dumps(document, separators=(",", ":"), sort_keys=True).encode())


def serialised(data: bytes, why: str) -> Dead:
    """An entry of a pip of long ago, whole."""

    def make(builder: CacheBuilder, url: str) -> list[Path]:
        return [builder.head(builder.raw(url, data, store="http"), store="http")]

    return Dead(make, why, is_of_old_pips=True)


def gone_environment(builder: CacheBuilder, url: str) -> list[Path]:
    """As of a venv that was deleted: nothing of pip's ever cleans it."""
    key = builder.selfcheck(str(builder.root.parent / url.rpartition("/")[2]))
    return [builder.root / "selfcheck" / key]


HASHES = ("1234567890123456789", "-1234567890123456789", "1234567890", "-987654321")
"""What Python 2 and 3 made of a path, of 64 and of 32 bits."""

LEFTOVERS: dict[str, Dead] = {
    "a head whose body never came": lone_head(),
    "a head with an ETag whose body never came": lone_head(ETag='"x"'),
    "a redirect to nowhere": lone_head(301, ETag='"x"'),
    "a body whose head is gone": lone_body(BODY),
    "a body of nothing whose head is gone": lone_body(b""),
    **{f"http-v2, the head {name}": broken(head, store="http-v2") for name, head in UNREADABLE.items()},
    **{
        f"http-v2, the head {name}, a body beside it": broken(head, store="http-v2", body=BODY)
        for name, head in UNREADABLE.items()
    },
    **{f"http, {name}": broken(head, store="http") for name, head in UNREADABLE.items()},
    "http, cut at the start of the body": broken(cut(100, BODY), store="http"),
    "http, cut inside the body": broken(cut(700, BODY), store="http"),
    "http, cut inside a body beyond what is read at once": broken(cut(40_000, BODY * 50), store="http"),
    **{
        f"{store}, temporary, {name}": temporary(store, how)
        for store in ("http-v2", "http", "selfcheck")
        for name, how in {
            "eight characters": real_name(),
            "six characters": old_name("abc_19"),
            "six characters, some in upper case": old_name("aB3_Zz"),
        }.items()
    },
    "http-v2, temporary, eight characters, of a body": temporary("http-v2", real_name(".body")),
    "http-v2, temporary, six characters, of a body": temporary("http-v2", old_name("a_c019", ".body")),
    "a lock alone": lock(),
    "a lock of a folder": lock(owner="laptop.-1a2b3c4d5678", is_folder=True),
    "a lock of a folder, empty": lock(is_folder=True),
    **{
        f"a lock and its holder, hash {number.replace('-', 'minus ')}": lock(
            owner=f"build-7.ci.example-7f3c1740.4711{number}"
        )
        for number in HASHES
    },
    **{
        f"a holder, hash {number.replace('-', 'minus ')}": lock_owner(f"LAPTOP_X-1f0.31{number}")
        for number in HASHES
    },
    "a holder with the largest process id of Linux": lock_owner("host-ffffffff.4194304-9223372036854775808"),
    "a holder of the first process of a container": lock_owner("0123456789ab-b7c81740.11234567890123456789"),
    "a holder of the first process, hash negative": lock_owner("0123456789ab-b7c81740.1-1234567890123456789"),
    "a lock of the note of the self-check": Dead(self_check_lock, "a lock file of pip before 19.3", DAY),
    "a build folder, empty": build_folder(),
    "a build folder with a file": build_folder("foo-1.0-py3-none-any.whl"),
    "a build folder with folders": build_folder("a/b/c.py", "a/d.py", "e", "f/folder"),
    "a build folder with empty folders": build_folder("a/b/folder", "c/folder"),
    "a build folder, empty, and no wheel": build_folder(wheel=False),
    "a build folder with files, and no wheel": build_folder("a/b.py", "c", wheel=False),
    "an origin without a wheel": lone_origin(),
    "an origin without a wheel that is no JSON": lone_origin(b"half an ori"),
    "an empty origin without a wheel": lone_origin(b""),
    **{
        f"a wheel of pip 7-19.3, {name}, {digest or 'no digest'}": old_wheel(hash_name=digest, page=page)
        for name, page in {
            "with an origin": None,
            "on a page in JSON": json_page,
            "on a page in HTML": html_page,
            "on a page of that pip": old_page,
        }.items()
        for digest in ("sha256", "md5", None)
    },
    "a wheel of pip 7-19.3, on a page of another index": old_wheel(hash_name="md5", page=plain_page),
    "cc=0": serialised(b"cc=0," + pickle.dumps(response(BODY, bytes), 2), "written before cachecontrol 0.10"),
    "cc=1, Python 2": serialised(b"cc=1," + pickle.dumps(response(BODY, bytes), 2), "written by pip 6.0-6.0.6"),
    "cc=1, Python 3": serialised(b"cc=1," + pickle.dumps(response(BODY, bytes), 4), "written by pip 6.0-6.0.6"),
    "cc=2": serialised(second(BODY), "written by pip 6.0.7-9"),
    "cc=2, cut": serialised(second(BODY)[:50], "written by pip 6.0.7-9"),
    "cc=3": serialised(b"cc=3," + msgpack.packb(response(BODY, bytes), use_bin_type=True), "between pip 9 and 10"),
    "a note of an environment that is gone": Dead(gone_environment, "which is gone"),
}


def url_of(name: str) -> str:
    """A URL that only one row of a table is made from, with a project's name at its end."""
    return FILES + re.sub("[^a-z0-9]+", "-", name.lower()).strip("-")


def leave(builder: CacheBuilder, name: str) -> set[str]:
    """Let a leftover come about, and give the files that are to go."""
    return {named(builder, path) for path in LEFTOVERS[name].make(builder, url_of(name))}


def archive(url: str) -> dict[str, object]:
    return {"url": url, "archive_info": {"hash": f"sha256={SHA256}", "hashes": {"sha256": SHA256}}}


def environment(builder: CacheBuilder, url: str) -> None:
    """A note of an environment that is there."""
    place = builder.root.parent / url.rpartition("/")[2]
    place.mkdir()
    builder.selfcheck(str(place))
