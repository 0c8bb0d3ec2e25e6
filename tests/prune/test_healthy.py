"""`prune` without a policy: every healthy oddity stays, however old it is."""

from __future__ import annotations

import gzip
import hashlib
import re
import stat
import tempfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import brotli  # type: ignore[import-untyped]  # it ships no types
import msgpack
import pytest

from tests.support import caches, truth
from tests.support.archives import build_wheel, metadata
from tests.support.caches import FILE_HEADERS, CacheBuilder, HttpStore, serialize
from tests.support.leftovers import (
    BODY,
    DAY,
    FILES,
    HTML_PAGE,
    JSON_PAGE,
    LEFTOVERS,
    SDIST,
    SHA256,
    WHEEL,
    archive,
    emptied,
    environment,
    files,
    html,
    html_page,
    leave,
    named,
    old_page,
    place_of_wheel,
    populate,
    prune,
    source,
    url_of,
)
from tests.support.program import Program
from tests.support.removal import age
from tests.support.slow import slow_but_every

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


@pytest.mark.parametrize("name", slow_but_every(4, HEALTHY))
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
