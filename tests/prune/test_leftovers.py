"""`prune` without a policy: what pips of every era left behind goes, and every healthy oddity stays."""

from __future__ import annotations

import base64
import collections
import gzip
import hashlib
import json
import os
import pickle
import re
import stat
import subprocess
import sys
import tempfile
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

import brotli  # type: ignore[import-untyped]  # it ships no types
import msgpack
import pytest

from tests.support import caches, truth
from tests.support.archives import build_sdist, build_wheel, metadata
from tests.support.caches import FILE_HEADERS, CacheBuilder, HttpStore, serialize
from tests.support.pips import clean_environment, pip_wheel
from tests.support.program import Program
from tests.support.removal import age

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


def assert_said(pruned: Pruned, name: str) -> None:
    assert pruned.removals
    assert {removal["reason"] for removal in pruned.removals} == {"dead-weight"}
    assert [removal["detail"] for removal in pruned.removals if LEFTOVERS[name].why not in removal["detail"]] == []


@pytest.mark.parametrize("name", LEFTOVERS)
def test_a_leftover_goes_with_its_folders_and_is_told(name: str, builder: CacheBuilder, program: Program) -> None:
    populate(builder)
    going = leave(builder, name)
    age(builder.root, max(LEFTOVERS[name].wait, AT_WORK) + MINUTE)
    pruned = prune(builder, program)
    assert (pruned.gone, pruned.code) == (going, 0)
    assert_said(pruned, name)
    assert emptied(builder) == set()
    assert prune(builder, program).removals == []


@pytest.mark.parametrize("name", [name for name in LEFTOVERS if LEFTOVERS[name].wait])
def test_a_leftover_stays_while_a_pip_may_be_at_work_on_it(
    name: str, builder: CacheBuilder, program: Program
) -> None:
    populate(builder)
    leave(builder, name)
    age(builder.root, LEFTOVERS[name].wait - MINUTE)
    before = set(builder.root.rglob("*"))
    assert prune(builder, program) == (set(), [], 0)
    assert prune(builder, program, "--keep-old-layouts").removals == []
    assert set(builder.root.rglob("*")) == before


@pytest.mark.parametrize("name", [name for name in LEFTOVERS if not LEFTOVERS[name].wait])
def test_what_is_whole_and_of_no_use_goes_at_once(name: str, builder: CacheBuilder, program: Program) -> None:
    populate(builder)
    going = leave(builder, name)
    assert prune(builder, program).gone == going


@pytest.mark.parametrize("name", LEFTOVERS)
def test_what_an_old_pip_may_use_stays_for_those_who_say_so(
    name: str, builder: CacheBuilder, program: Program
) -> None:
    populate(builder)
    going = leave(builder, name)
    age(builder.root, 200 * DAY)
    pruned = prune(builder, program, "--keep-old-layouts")
    assert pruned.gone == (set() if LEFTOVERS[name].is_of_old_pips else going)
    assert prune(builder, program, "--keep-old-layouts").removals == []


@pytest.mark.parametrize("name", LEFTOVERS)
def test_a_leftover_goes_with_the_old_store_too(name: str, builder: CacheBuilder, program: Program) -> None:
    populate(builder)
    going = leave(builder, name)
    going |= {path for path in files(builder) if re.fullmatch("http/(?:./){5}[0-9a-f]{56}", path)}
    age(builder.root, max(LEFTOVERS[name].wait, AT_WORK) + MINUTE)
    pruned = prune(builder, program, "--old-layouts")
    assert pruned.gone == going
    assert emptied(builder) == set()
    assert prune(builder, program, "--old-layouts").removals == []


@pytest.mark.parametrize("member", ["file", "folder/file", "folder/folder/", "folder/", "."])
def test_a_build_folder_stays_while_anything_in_it_is_young(
    member: str, builder: CacheBuilder, program: Program
) -> None:
    populate(builder)
    inside = Path(tempfile.mkdtemp(dir=place_of_wheel(builder, f"{FILES}slow", wheel=True)))
    for name in ("file", "folder/file", "folder/folder/file", "old/file"):
        (inside / name).parent.mkdir(parents=True, exist_ok=True)
        (inside / name).write_bytes(BODY)
    age(builder.root, 30 * DAY)
    os.utime(inside / member)
    assert prune(builder, program) == (set(), [], 0)
    os.utime(inside / member, (1, 1))
    assert len(prune(builder, program).gone) == 4
    assert not inside.exists()


@pytest.mark.pips
@pytest.mark.parametrize("hash_seed", [1, 2, 3, 4])
def test_what_the_locks_of_a_real_pip_leave_goes(
    hash_seed: int, builder: CacheBuilder, program: Program, tmp_path: Path
) -> None:
    populate(builder)
    entries = [builder.head(builder.legacy(f"{FILES}{kind}", BODY), store="http") for kind in ("file", "folder")]
    before = files(builder).keys()
    code = (
        "import os, sys\n"
        "from pip._vendor.lockfile import LockFile\n"
        "from pip._vendor.lockfile.mkdirlockfile import MkdirLockFile\n"
        "LockFile(sys.argv[1]).acquire()\n"
        "MkdirLockFile(sys.argv[2]).acquire()\n"
        "os._exit(0)\n"  # as a kill does: nothing is released
    )
    environment = {**clean_environment(tmp_path / "home"), "PYTHONPATH": str(pip_wheel("18.1"))}
    environment["PYTHONHASHSEED"] = str(hash_seed)
    subprocess.run([sys.executable, "-c", code, *map(str, entries)], check=True, env=environment)
    going = files(builder).keys() - before
    assert len(going) == 3
    age(builder.root, 12 * 60 * MINUTE)
    assert prune(builder, program).gone == set()
    age(builder.root, 2 * DAY)
    assert prune(builder, program).gone == going
    assert emptied(builder) == set()


EMPTY = {
    *(f"{store}/{'/'.join(f'{depth}abcd'[:depth])}" for store in ("http-v2", "http") for depth in range(1, 6)),
    "wheels/00",
    "wheels/01/02",
    "wheels/02/03/04",
    f"wheels/03/04/05/{'ab' * 25}",
}


@pytest.mark.parametrize("options", [(), ("--keep-old-layouts",), ("--old-layouts",)], ids=" ".join)
def test_folders_of_the_fan_out_that_hold_nothing_go_when_they_are_old(
    options: tuple[str, ...], builder: CacheBuilder, program: Program
) -> None:
    populate(builder)
    foreign = {"http-v2/foreign", "http/a/b/c/d/e/foreign", "wheels/foreign", "http-v2/0/0/g", "selfcheck/aa"}
    for folder in EMPTY | foreign:
        (builder.root / folder).mkdir(parents=True, exist_ok=True)
    age(builder.root, AT_WORK - MINUTE)
    prune(builder, program, *options)
    assert foreign <= emptied(builder)
    assert all((builder.root / folder).is_dir() for folder in EMPTY)
    age(builder.root, AT_WORK + MINUTE)
    prune(builder, program, *options)
    assert emptied(builder) == foreign
    assert all((builder.root / store).is_dir() for store in ("http-v2", "http", "wheels", "selfcheck"))
    document = program("prune", "--format", "json", *options).document
    assert (document["plan"]["removals"], document["plan"]["empty_folders"]) == ([], [])


# What only pips before 23.3 read, as a whole


def old_stores(builder: CacheBuilder) -> set[str]:
    """What goes when the old layouts go, beside healthy things and leftovers of which each has its own reason."""
    populate(builder)
    keys = [builder.legacy(f"{FILES}{number}/{SDIST[0]}", SDIST[1]) for number in range(3)]
    keys.append(builder.legacy(f"{INDEX}bar/", b'{"name": "bar", "files": []}', headers=JSON_PAGE))
    keys.append(builder.raw(f"{FILES}newer", b"cc=5,whatever", store="http"))
    keys.append(builder.legacy(f"{FILES}moved", b"", status=301, headers={**FILE_HEADERS, "Location": FILES}))
    keys.append(truth.url_key(FILES + SDIST[0]))
    builder.stray("http/notes.txt")
    note = builder.stray(
        "selfcheck.json", b'{"/usr": {"last_check": "2019-03-05T10:20:30Z", "pypi_version": "19"}}'
    )
    return {*(named(builder, builder.head(key, store="http")) for key in keys), named(builder, note)}


@pytest.mark.parametrize("days", [0, 89, 1000])
def test_old_layouts_go_when_they_are_asked_for(days: float, builder: CacheBuilder, program: Program) -> None:
    going = old_stores(builder)
    age(builder.root, days * DAY)
    pruned = prune(builder, program, "--old-layouts")
    assert pruned.gone == going
    assert {removal["reason"] for removal in pruned.removals} == {"old-layouts"}
    details = {removal["store"]: removal["detail"] for removal in pruned.removals}
    assert details == {
        "http": "no pip since 23.3 reads this store",
        "selfcheck": "no pip since 19.3 reads this note",
    }
    assert prune(builder, program, "--old-layouts").removals == []


def test_old_layouts_go_when_nobody_used_them_for_long_and_the_plan_says_so(
    builder: CacheBuilder, program: Program
) -> None:
    going = old_stores(builder)
    age(builder.root, 89 * DAY)
    assert prune(builder, program).gone == set()
    age(builder.root, 91 * DAY)
    assert prune(builder, program, "--keep-old-layouts").gone == set()
    pruned = prune(builder, program)
    assert pruned.gone == going
    assert {(removal["store"], removal["reason"], removal["detail"]) for removal in pruned.removals} == {
        (
            "http",
            "old-layouts",
            "no pip since 23.3 reads this store, and nothing that is left there was used for 13w",
        ),
        (
            "selfcheck",
            "old-layouts",
            "no pip since 19.3 reads this note, and nothing that is left there was used for 13w",
        ),
    }
    assert emptied(builder) == set()
    assert (builder.root / "http/notes.txt").exists()
    assert prune(builder, program).removals == []


@pytest.mark.parametrize("is_read", [False, True], ids=["written", "read"])
def test_one_entry_that_was_used_yesterday_keeps_the_whole_store(
    builder: CacheBuilder, program: Program, *, is_read: bool
) -> None:
    going = old_stores(builder)
    age(builder.root, 200 * DAY)
    used = builder.head(truth.url_key(FILES + SDIST[0]), store="http")
    status = used.stat()
    yesterday = status.st_mtime + 199 * DAY
    os.utime(used, (yesterday, status.st_mtime if is_read else yesterday))
    note = {path for path in going if path.startswith("selfcheck")}
    assert prune(builder, program).gone == note  # each store by its own use
    assert prune(builder, program).removals == []
    assert prune(builder, program, "--old-layouts").gone == going - note


@pytest.mark.parametrize("days", [0, 89, 1000])
def test_old_layouts_stay_for_those_who_still_run_an_old_pip(
    days: float, builder: CacheBuilder, program: Program
) -> None:
    old_stores(builder)
    age(builder.root, days * DAY)
    assert prune(builder, program, "--keep-old-layouts") == (set(), [], 0)


def test_leftovers_do_not_keep_an_old_store_and_young_ones_do_not_go_with_it(
    builder: CacheBuilder, program: Program
) -> None:
    going = old_stores(builder)
    age(builder.root, 200 * DAY)
    entry = builder.head(truth.url_key(FILES + SDIST[0]), store="http")
    young = [entry.with_name(f"{entry.name}abcdefgh.tmp"), entry.with_name(f"{entry.name}.lock")]
    for path in young:
        path.touch()
    assert prune(builder, program).gone == going
    assert all(path.exists() for path in young)


# What is as it should be, however odd it looks. Each makes it from a URL of its own

Fill = Callable[[CacheBuilder, str], object]


def downloaded(
    store: HttpStore, body: bytes | None = BODY, *, headers: dict[str, str] | None = None, **more: Any
) -> Fill:
    """A whole response; in `http` the body is never missing."""
    headers = FILE_HEADERS if headers is None else headers

    def make(builder: CacheBuilder, url: str) -> None:
        if store == "http":
            builder.legacy(url, body or b"", headers=headers, **more)
        else:
            builder.download(url, body, headers=headers, **more)

    return make


def head_with(*, vary: object = None, **fields: object) -> bytes:
    """A head in which these fields of the response, and what varied, are others."""
    document: dict[str, Any] = msgpack.unpackb(serialize(b"").removeprefix(b"cc=4,"))
    document["response"] |= fields
    document["vary"] = vary or {}
    packed: bytes = msgpack.packb(document, use_bin_type=True)
    return b"cc=4," + packed


def raw(store: HttpStore, head: bytes, body: bytes | None = BODY) -> Fill:
    """These very bytes; in `http` the body is in them."""
    return lambda builder, url: builder.raw(url, head, body if store == "http-v2" else None, store=store)


MOVED = {**FILE_HEADERS, "Location": FILES, "ETag": '"x"'}


def responses(store: HttpStore) -> dict[str, Fill]:
    """What may be in both HTTP stores."""
    kept: dict[str, object] = {} if store == "http-v2" else {"body": BODY}
    lower = {name.lower(): value for name, value in FILE_HEADERS.items()}
    return {
        "a redirect with a body of nothing": downloaded(store, b"", status=308, headers=MOVED),
        "a redirect with a body": downloaded(store, b"moved", status=301, headers=MOVED),
        "an empty file": downloaded(store, b""),
        "another value of what varies": downloaded(
            store,
            headers={**FILE_HEADERS, "Vary": "Accept, Accept-Encoding"},
            request_headers={"Accept-Encoding": "gzip, deflate, zstd", "Accept": "text/html"},
        ),
        "what varies on a secret": downloaded(
            store,
            headers={**FILE_HEADERS, "Vary": "Authorization"},
            request_headers={"Authorization": "Basic dXNlcjpzZWNyZXQ="},
        ),
        "what varies on what was not sent": raw(store, head_with(vary={"Cookie": None}, **kept)),
        "vary keys of Python 2": raw(store, head_with(vary={b"Accept": "*/*", b"Cookie": None}, **kept)),
        "headers in lower case, as before pip 9": downloaded(store, headers=lower),
        "headers in upper case": downloaded(
            store, headers={name.upper(): FILE_HEADERS[name] for name in FILE_HEADERS}
        ),
        "a resumed download": raw(store, head_with(version=0, reason="None", decode_content=True, **kept)),
        "a reason that is nil": raw(store, head_with(reason=None, **kept)),
        "a status and no reason": raw(store, head_with(reason="", strict=True, version=10, **kept)),
        "of two headers the last": downloaded(
            store, headers={**FILE_HEADERS, "x-goog-hash": "md5=AAAAAAAAAAAAAAAAAAAAAA=="}
        ),
        "chunked, without a length": downloaded(store, headers={**FILE_HEADERS, "Transfer-Encoding": "chunked"}),
        "no more than a date": downloaded(store, headers={"Date": caches.DATE}),
        "several choices": downloaded(store, status=300),
        "not from the origin": downloaded(store, status=203),
        "a newer serialisation": raw(store, b"cc=5," + BODY),
        "the metadata of a wheel": downloaded(store, metadata("foo", "1.0")),
        **{
            f"a page, {kind}, {name}": downloaded(
                store, code(page), headers={**headers, "Content-Encoding": coding}
            )
            for kind, page, headers in (
                ("JSON", b'{"meta": {}, "name": "foo", "files": []}', JSON_PAGE),
                ("HTML", html("foo", FILES + SDIST[0], {"sha256": SHA256}), HTML_PAGE),
            )
            for name, (coding, code) in CODINGS.items()
        },
    }


def deflate_raw(data: bytes) -> bytes:
    """As some servers understand deflate: without the frame of zlib."""
    coder = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return coder.compress(data) + coder.flush()


def zstd_stored(data: bytes) -> bytes:
    """One frame of one block as it is; Python 3.11 has nothing that writes zstd."""
    return b"\x28\xb5\x2f\xfd\x20" + bytes([len(data)]) + (len(data) << 3 | 1).to_bytes(3, "little") + data


CODINGS: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "as it is": ("identity", bytes),
    "gzip": ("gzip", gzip.compress),
    "deflate": ("deflate", zlib.compress),
    "deflate without a frame": ("deflate", deflate_raw),
    "br": ("br", brotli.compress),
    "zstd": ("zstd", zstd_stored),
    "a coding nobody knows": ("nobodys", lambda data: data[::-1]),
}


def moved(status: int, **more: str) -> Fill:
    """A head alone, which pip writes anew each time it is sent elsewhere."""
    return downloaded("http-v2", None, status=status, headers={**MOVED, **more})


def newer_head_alone(builder: CacheBuilder, url: str) -> None:
    builder.raw(url, b"cc=5,whatever a later pip puts into one file")


Wheels = tuple[tuple[str, bytes], ...]


def built(
    origin: Callable[[str], dict[str, object] | bytes | None],
    of: Callable[[str], truth.Source] = source,
    wheels: Wheels = (WHEEL,),
) -> Fill:
    """What pip built, under the key of what it was built from."""

    def make(builder: CacheBuilder, url: str) -> None:
        for wheel in wheels:
            builder.built(origin(url), *wheel, source=of(url))

    return make


def archive(url: str) -> dict[str, object]:
    return {"url": url, "archive_info": {"hash": f"sha256={SHA256}", "hashes": {"sha256": SHA256}}}


def hashed(url: str) -> truth.Source:
    return truth.Source(url, "sha256", SHA256)


def listed_build(hash_name: str | None) -> Fill:
    """As pip 20.0 to 22.1 left it: a page tells from what, and that its key is one of today."""

    def make(builder: CacheBuilder, url: str) -> None:
        project = url.rpartition("/")[2]
        address = f"{url}/{project}-1.0.tar.gz"
        hashes = {hash_name: hashlib.new(hash_name, SDIST[1]).hexdigest()} if hash_name else {}
        builder.built(
            None, *build_wheel(project, "1.0"), source=truth.Source(address, *next(iter(hashes.items()), ()))
        )
        old_page(builder, project, address, hashes)
        html_page(builder, project, address, hashes)

    return make


COMMIT = "ab" * 20
VCS = {"vcs_info": {"vcs": "git", "commit_id": COMMIT, "requested_revision": "main"}}
SEVERAL: Wheels = (
    *(build_wheel("foo", "1.0", tags=[tag]) for tag in ("cp39-cp39-linux_x86_64", "cp310-abi3-macosx_11_0_arm64")),
    build_wheel("foo", "1.0", build="7"),
    build_wheel("Foo", "1.0", tags=["py2-none-any"]),
)

BUILDS: dict[str, Fill] = {
    "a wheel without an origin": built(lambda _: None),
    "a wheel without an origin, of a listed sdist with a sha256": listed_build("sha256"),
    "a wheel without an origin, of a listed sdist with an md5": listed_build("md5"),
    "a wheel without an origin, of a listed sdist": listed_build(None),
    "an origin that is no JSON": built(lambda _: b'{"url": "https'),
    "an origin that is empty": built(lambda _: b""),
    "an origin that is no object": built(lambda _: b"[]"),
    "an origin without a URL": built(lambda _: b"{}"),
    "a key with a hash": built(archive, hashed),
    "a key without a hash, of a direct URL and of pip 22.3": built(archive),
    "a hash of pip 22.2": built(lambda url: {"url": url, "archive_info": {"hash": f"sha256={SHA256}"}}, hashed),
    "an origin of another key, as of a URL with a password": built(
        archive, lambda url: truth.Source(url.replace("https://", "https://user:secret@"))
    ),
    "a commit": built(lambda url: {"url": f"{url}.git", **VCS}, lambda url: source(f"git+{url}.git@{COMMIT}")),
    "a commit in a local repository": built(
        lambda _: {"url": "file:///srv/example/foo.git", **VCS},
        lambda _: source(f"git+file:/srv/example/foo.git@{COMMIT}"),
    ),
    "a subdirectory": built(lambda url: {**archive(url), "subdirectory": "python"}),
    "a local folder": built(
        lambda url: {"url": f"file:///srv/example/{url[-5:]}", "dir_info": {}},
        lambda url: source(f"file:///srv/example/{url[-5:]}"),
    ),
    "several wheels in one folder": built(archive, hashed, SEVERAL),
    "several wheels in one folder, and no origin": built(lambda _: None, hashed, SEVERAL),
}


def environment(builder: CacheBuilder, url: str) -> None:
    """A note of an environment that is there."""
    place = builder.root.parent / url.rpartition("/")[2]
    place.mkdir()
    builder.selfcheck(str(place))


def strays(builder: CacheBuilder, url: str) -> None:
    """Files and folders that no pip made, whose names come near."""
    key = builder.download(url, BODY)
    beside = named(builder, builder.head(key).parent)
    old = named(builder, builder.head(builder.legacy(url, BODY), store="http").parent)
    folder = named(builder, builder.folder(builder.built(archive(url), *WHEEL, source=source(url))))
    other = "0" * 56 if not key.startswith("0") else "1" * 56
    for path in (
        *("CACHEDIR.TAG", "README", "pip.log", "selfcheck.json.bak", ".lock", "http-v3/a/b", "wheels.old/x.whl"),
        *("http-v2/notes.txt", "http-v2/a/.DS_Store", f"http-v2/{key}", f"http-v2/{key}abcdefgh.tmp"),
        *(f"{beside}/{name}" for name in ("x.tmp", ".body", f"{key}.bak", f"{key}.body.gz", f"{key.upper()}")),
        *(f"{beside}/{name}" for name in (other, f"{other}.body", f"{other}abcdefgh.tmp", f"{key}.tmp")),
        *(f"{beside}/{key}{middle}.tmp" for middle in ("abcde", "abcdefghi", "abc-defg", ".abcdefgh")),
        *(f"{old}/{name}" for name in (f"{key}.body", f"{key}.locked", f"{other}.lock", "worker.log")),
        *(f"{folder}/{name}" for name in ("direct_url.json", "notes.txt", "foo.whl.tmp", "tmpabcdefgi")),
        *(f"{folder}/{name}/x" for name in ("tmp", "tmpabc", "tmpabcdefghi", "tmp-bcdefgh", "build", "TMPABCDE")),
        *(
            "wheels/notes.txt",
            "wheels/aa/tmpabcdefgh/x",
            "wheels/aa/bb/origin.json",
            "wheels/x/foo-1-py3-none-any.whl",
        ),
        *("selfcheck/notes.txt", "selfcheck/abcdefgh.tmp", f"selfcheck/aa/{key}", f"selfcheck/{key}.lock.d/x"),
    ):
        builder.stray(path)
    for path in ("mine", "http-v2/mine", f"{folder}/mine", "selfcheck/mine"):
        (builder.root / path).mkdir(parents=True)


def links(builder: CacheBuilder, url: str) -> None:
    """Links in the places and with the names of all that pip makes."""
    outside = builder.root.parent / "outside"
    (outside / "folder/a").mkdir(parents=True)
    (outside / "file").write_bytes(BODY)
    key = truth.url_key(url)
    folder = builder.folder(key)
    places = {
        *(builder.head(key, store="http").with_name(name) for name in (key, f"{key}.lock", f"{key}abcdefgh.tmp")),
        *(
            builder.head(key),
            builder.body(key),
            builder.body(key).with_name(f"{key}.bodyabcdefgh.tmp"),
            folder / WHEEL[0],
            folder / "origin.json",
        ),
        *(builder.root / "selfcheck" / name for name in (key, f"{key}abcdefgh.tmp")),
        *(builder.root / name for name in ("selfcheck.json", "CACHEDIR.TAG")),
    }
    for place in places:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(outside / "file")
    for place in (
        folder / "tmpabcdefgh",
        builder.root / "http-v2/g",
        builder.root / "wheels/ff",
        builder.root / "link",
    ):
        place.symlink_to(outside / "folder", target_is_directory=True)
    (builder.root / "wheels/fe").symlink_to(outside / "nowhere")


def origin_of_a_link(builder: CacheBuilder, url: str) -> None:
    """A wheel somebody moved away and linked to: its origin is not without a wheel."""
    folder = builder.folder(builder.built(archive(url), *WHEEL, source=source(url)))
    move_away(builder, folder / WHEEL[0])


def move_away(builder: CacheBuilder, path: Path) -> None:
    """As a tool does that makes equal files links to one."""
    target = builder.root.parent / "moved" / path.name
    target.parent.mkdir(exist_ok=True)
    path.replace(target)
    path.symlink_to(target)


def half_linked(part: str) -> Fill:
    """A download of which somebody's tool has made one file a link: pip opens either."""

    def make(builder: CacheBuilder, url: str) -> None:
        key = builder.download(url, BODY)
        move_away(builder, builder.body(key) if part == "body" else builder.head(key))

    return make


HEALTHY: dict[str, Fill] = {
    **{f"http-v2, {name}": make for name, make in responses("http-v2").items()},
    "a redirect without a body": moved(301),
    "a lasting redirect without a body": moved(308),
    "a redirect without a body, nothing but its ETag": downloaded(
        "http-v2", None, status=301, headers={"location": FILES, "etag": "x"}
    ),
    "a head alone, of a newer serialisation": newer_head_alone,
    **{f"wheels, {name}": make for name, make in BUILDS.items()},
    "a note of an environment that is there": environment,
    "strays": strays,
    "links": links,
    "the origin of a linked wheel": origin_of_a_link,
    "a linked body": half_linked("body"),
    "a linked head": half_linked("head"),
}

HEALTHY |= {f"http, {name}": make for name, make in responses("http").items()}


def of_old_layouts(builder: CacheBuilder) -> set[str]:
    """What only pips before 23.3 read, and no link with such a name."""
    return {
        path
        for path, seen in files(builder).items()
        if stat.S_ISREG(seen.mode)
        and (path == "selfcheck.json" or re.fullmatch("http/(?:[0-9a-f]/){5}[0-9a-f]{56}", path))
    }


@pytest.mark.parametrize("name", HEALTHY)
def test_a_healthy_oddity_stays_however_old_it_is(name: str, builder: CacheBuilder, program: Program) -> None:
    populate(builder)
    HEALTHY[name](builder, url_of(name))
    before = emptied(builder)
    for seconds in (0.0, 2 * DAY, 80 * DAY):
        age(builder.root, seconds)
        assert prune(builder, program) == (set(), [], 0)
        assert prune(builder, program, "--keep-old-layouts") == (set(), [], 0)
    age(builder.root, 200 * DAY)
    assert prune(builder, program, "--keep-old-layouts") == (set(), [], 0)
    going = of_old_layouts(builder)
    assert prune(builder, program).gone == going
    assert prune(builder, program, "--old-layouts").removals == []
    assert before <= emptied(builder)


def test_of_all_that_lies_in_one_cache_the_leftovers_go_and_only_once(
    builder: CacheBuilder, program: Program
) -> None:
    populate(builder)
    going = set[str]()
    healthy = HEALTHY.keys()
    assert len({url_of(name) for name in {*LEFTOVERS, *healthy}}) == len(LEFTOVERS) + len(healthy)
    for name in LEFTOVERS:
        going |= leave(builder, name)
    for name in sorted(healthy):
        HEALTHY[name](builder, url_of(name))
    age(builder.root, 2 * DAY)
    dry = program("prune", "--dry-run", "--format", "json").document["plan"]
    assert {path for removal in dry["removals"] for path in removal["files"]} == going
    pruned = prune(builder, program)
    assert (pruned.gone, pruned.code) == (going, 0)
    left = set(builder.root.rglob("*"))
    for seconds in (None, 2 * DAY, 80 * DAY):
        if seconds is not None:
            age(builder.root, seconds)
        document = program("prune", "--format", "json").document
        assert (document["plan"]["removals"], document["plan"]["empty_folders"]) == ([], [])
    assert set(builder.root.rglob("*")) == left


@pytest.mark.parametrize("others", [0, 2])
def test_a_build_folder_with_a_link_in_it_goes_but_for_the_link_and_only_once(
    others: int, builder: CacheBuilder, program: Program
) -> None:
    populate(builder)
    inside = Path(tempfile.mkdtemp(dir=place_of_wheel(builder, f"{FILES}linked", wheel=True)))
    going = [inside / f"{number}.py" for number in range(others)]
    for path in going:
        path.write_bytes(BODY)
    (inside / "link").symlink_to(builder.root.parent)
    age(builder.root, 2 * DAY)
    assert prune(builder, program).gone == {named(builder, path) for path in going}
    age(builder.root, 2 * DAY)
    document = program("prune", "--format", "json").document
    assert (document["plan"]["removals"], document["entries_removed"]) == ([], 0)
    assert (inside / "link").is_symlink()


# What may not be looked at

CLOSED: dict[str, Callable[[CacheBuilder], Path]] = {
    "a head": lambda builder: builder.head(builder.download(f"{FILES}closed", BODY)),
    "a head without a body": lambda builder: builder.head(builder.download(f"{FILES}closed", None)),
    "a body": lambda builder: builder.body(builder.download(f"{FILES}closed", BODY)),
    "an entry of http": lambda builder: builder.head(builder.legacy(f"{FILES}closed", BODY), store="http"),
    "a folder of entries": lambda builder: builder.head(builder.download(f"{FILES}closed", BODY)).parent,
    "a wheel": lambda builder: builder.folder(builder.built(archive(FILES), *WHEEL)) / WHEEL[0],
    "an origin": lambda builder: builder.folder(builder.built(archive(FILES), *WHEEL)) / "origin.json",
    "a folder of wheels": lambda builder: builder.folder(builder.built(archive(FILES), *WHEEL)),
    "a build folder": lambda builder: Path(tempfile.mkdtemp(dir=place_of_wheel(builder, FILES, wheel=True))),
    "a note": lambda builder: builder.root / "selfcheck" / builder.selfcheck("/nowhere"),
}
UNASKED = {"a body", "a wheel"}  # whatever is in them, they stay
as_a_user = pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")


@as_a_user
@pytest.mark.parametrize("name", CLOSED)
def test_what_may_not_be_looked_at_stays(name: str, builder: CacheBuilder, program: Program) -> None:
    populate(builder)
    place = CLOSED[name](builder)
    age(builder.root, 80 * DAY)
    mode = place.stat().st_mode
    place.chmod(0)
    try:
        pruned = prune(builder, program)
    finally:
        place.chmod(mode)
    assert pruned.removals == []
    assert place.exists()
    assert pruned.code == (0 if name in UNASKED else 3)


@as_a_user
def test_the_note_of_an_environment_that_may_not_be_looked_at_stays(
    builder: CacheBuilder, program: Program
) -> None:
    populate(builder)
    home = builder.root.parent / "another"
    (home / "venv").mkdir(parents=True)
    builder.selfcheck(str(home / "venv"))
    home.chmod(0)
    try:
        assert prune(builder, program).removals == []
    finally:
        home.chmod(0o700)
