"""What hides from a look at names, pages or first bytes, and what pip takes all the same: never called clean."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import sys
import zipfile
from typing import TYPE_CHECKING

import pytest

from pipcache.index.page_format import PAGE_LIMIT
from pipcache.util.urls import PAGE_BASES, file_urls
from tests.support import archives, caches
from tests.support.caches import CacheBuilder
from tests.support.hidden_archives import NUL_IN_NAMES, SECOND_NAMES
from tests.support.program import Program

if TYPE_CHECKING:
    from collections.abc import Callable

WHEEL = archives.build_wheel("evil", "1.0")
SDIST = archives.build_sdist("evil", "1.0")
PAGE = b'<title>Links for good</title><a href="good-1.0.tar.gz">' + b"A" * 600
HTML = caches.FILE_HEADERS | {"Content-Type": "text/html"}
EVIL = f"{PAGE_BASES[0]}evil/"
URL = f"https://files.example/{WHEEL[0]}"


def sha256(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def pypi(filename: str, data: bytes) -> str:
    """Where PyPI serves a file."""
    return file_urls(hashlib.blake2b(data, digest_size=32).hexdigest(), filename)[0]


@pytest.mark.parametrize("start", [PAGE, b"text " * 200, b"Metadata-Version: 2.1\nName: good\n" + b"\n" * 600])
def test_an_archive_that_begins_like_text(builder: CacheBuilder, program: Program, start: bytes) -> None:
    body = start + WHEEL[1]
    key = builder.download(pypi(WHEEL[0], body), body)
    for selector in (sha256(body), pypi(WHEEL[0], body), key):
        assert program("audit", selector).code == 1, selector
    assert program("audit", "evil==1.0").code == 3
    assert program("audit", sha256(b"a member")).code == 3
    advisory = builder.root.parent / "list.txt"
    advisory.write_text(f"{sha256(body)}\n", encoding="utf-8")
    assert program("remove", "--advisory", str(advisory), "--yes").code == 0
    assert not builder.body(key).exists()


@pytest.mark.parametrize("algorithm", ["md5", "sha512"])
@pytest.mark.parametrize("is_cached", [True, False])
def test_a_source_that_is_told_by_other_digests(
    builder: CacheBuilder, program: Program, algorithm: str, *, is_cached: bool
) -> None:
    digests = {algorithm: hashlib.new(algorithm, SDIST[1]).hexdigest().upper()}
    origin = {"url": f"https://mirror.example/{SDIST[0]}", "archive_info": {"hashes": digests}}
    builder.built(origin, *archives.build_wheel("other", "1.0"))
    if is_cached:
        builder.download(pypi(*SDIST), SDIST[1])
    ran = program("audit", sha256(SDIST[1]), "--format", "json")
    (part,) = ran.document["caches"]
    relations = [hit["relation"] for hit in part["hits"]]
    if is_cached:
        assert (ran.code, relations) == (1, ["match", "built-from"])
    else:
        assert ran.code == 3
        assert [record["why"] for record in part["unjudged"]] == [
            f"what it was built from is known by its {algorithm} alone"
        ]


def test_a_source_that_is_told_by_its_url_alone(builder: CacheBuilder, program: Program) -> None:
    builder.built({"url": f"https://mirror.example/{SDIST[0]}"}, *archives.build_wheel("other", "1.0"))
    assert program("audit", sha256(SDIST[1])).code == 3
    assert program("audit", "nosuch==1.0").code == 0


@pytest.mark.parametrize("folder", ["src", "x", "good-2.0"])
def test_an_sdist_without_metadata_and_a_folder_of_any_name(
    builder: CacheBuilder, program: Program, folder: str
) -> None:
    data = archives.build_sdist("evil", "1.0", folder=folder, pkg_info=False)[1]
    builder.download(pypi(SDIST[0], data), data)
    assert program("audit", "evil==1.0").code == 3
    assert program("audit", pypi(SDIST[0], data)).code == 1


ANCHOR = f'<a href="{URL}">{WHEEL[0]}</a>'.encode()
LONG = b'<a title="' + b"x" * (65 << 10) + b'" href="y">'
READ_BY_PIP = {
    "blanks before it": b" " * 600 + b"<html>" + ANCHOR,
    "text before it": b"Welcome! " * 100 + ANCHOR,
    "a title that is a lie": b"<title>Links for good</title>" + ANCHOR,
    "a wheel of the same stem before an sdist": (
        b'<a href="evil-1.0.tar.gz-py3-none-any.whl">x</a><a href="evil-1.0.tar.gz">y</a>'
    ),
    "href in another attribute": b'<a title="x href=\'good-1.0.tar.gz\'" href="' + URL.encode() + b'">',
    "a slash for a blank": ANCHOR.replace(b"<a ", b"<a/"),
    "a slash at the end": ANCHOR.replace(b".whl", b".whl/"),
    "a slash that is quoted": ANCHOR.replace(b"/evil", b"/pool%2Fevil"),
    "anchors that are long": LONG * 101 + ANCHOR,
    "a query with a slash": ANCHOR.replace(b'.whl"', b'.whl?sig=a/b"'),
}


@pytest.mark.parametrize("name", READ_BY_PIP)
def test_a_page_that_pip_reads(builder: CacheBuilder, program: Program, name: str) -> None:
    key = builder.download(EVIL, READ_BY_PIP[name], headers=HTML)
    ran = program("audit", "evil==1.0", "--format", "json")
    assert {hit["artifact"]["key"]: hit["relation"] for hit in ran.document["caches"][0]["hits"]} == {key: "page"}


@pytest.mark.parametrize("row", [{"filename": "good-1.0-py3-none-any.whl"}, {}, {"filename": 5}])
def test_pip_goes_by_the_url_of_a_row(builder: CacheBuilder, program: Program, row: dict[str, object]) -> None:
    document = {"meta": {}, "name": "good", "files": [{"url": URL, "hashes": {}, **row}]}
    headers = caches.FILE_HEADERS | {"Content-Type": "application/vnd.pypi.simple.v1+json"}
    builder.download(EVIL, json.dumps(document).encode(), headers=headers)
    for selector in ("evil==1.0", URL):
        assert program("audit", selector).code == 1


CUT: dict[str, Callable[[], bytes]] = {
    "bytes": lambda: gzip.compress(b"<title>Links for evil</title>" + b" " * PAGE_LIMIT + ANCHOR),
    "anchors": lambda: gzip.compress(b"<title>Links for evil</title>" + b"<a href=x>" * 100_001 + ANCHOR),
    "URLs in one another": lambda: gzip.compress(
        b"<title>Links for evil</title><a " + b"/href=" * 99_999 + ANCHOR
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["bytes", "anchors", "URLs in one another"])
def test_a_page_that_was_not_read_whole(builder: CacheBuilder, program: Program, name: str) -> None:
    builder.download(EVIL, CUT[name](), headers=HTML | {"Content-Encoding": "gzip"})
    ran = program("audit", "evil==1.0", "--format", "json")
    (why,) = [row["why"] for row in ran.document["caches"][0]["unjudged"]]
    assert why.startswith("too much in it: more than ")
    assert ran.code == 3
    assert program("audit", "good==1.0").code == 0


def test_a_page_in_several_members_of_gzip(builder: CacheBuilder, program: Program) -> None:
    parts = [b"<title>Links for evil</title>", b" " * 200_000, ANCHOR]
    builder.download(EVIL, b"".join(map(gzip.compress, parts)), headers=HTML | {"Content-Encoding": "gzip"})
    assert program("audit", "evil==1.0").code == 1


def test_a_page_that_another_lists_as_a_file_stays_a_page(builder: CacheBuilder, program: Program) -> None:
    key = builder.download(EVIL, b"<title>Links for evil</title>" + ANCHOR, headers=HTML)
    row = {"filename": "other-1.0-py3-none-any.whl", "url": EVIL, "hashes": {}}
    liar = json.dumps({"meta": {}, "name": "other", "files": [row]}).encode()
    builder.download(f"{PAGE_BASES[0]}other/", liar, headers=HTML)
    for selector in ("evil==1.0", URL, WHEEL[0]):
        ran = program("audit", selector, "--format", "json")
        assert [hit["artifact"]["key"] for hit in ran.document["caches"][0]["hits"]] == [key], selector


def test_a_false_listing_hides_no_file_name(builder: CacheBuilder, program: Program) -> None:
    builder.download(URL, WHEEL[1])
    row = {"filename": "good-1.0-py3-none-any.whl", "url": URL, "hashes": {}}
    liar = json.dumps({"meta": {}, "name": "good", "files": [row]}).encode()
    builder.download(f"{PAGE_BASES[0]}good/", liar, headers=HTML)
    assert program("audit", WHEEL[0]).code == 1


@pytest.mark.parametrize("body", [NUL_IN_NAMES, SECOND_NAMES], ids=["NUL", "second names"])
def test_the_name_of_a_wheel_that_readers_take_for_another(
    builder: CacheBuilder, program: Program, body: bytes
) -> None:
    builder.download("https://files.example/blob", body)
    assert program("audit", "evil==1.0").code == (1 if body is NUL_IN_NAMES else 3)
    assert not [row for row in program.artifacts("list", "--all") if row["project"] == "good"]
    assert "PC404" in program("verify").out


def test_a_second_name_counts_since_python_3_12() -> None:
    with zipfile.ZipFile(io.BytesIO(SECOND_NAMES)) as archive:
        names = archive.namelist()
    assert ("evil-1.0.dist-info/METADATA" in names) is (sys.version_info >= (3, 12))


@pytest.mark.parametrize("status", [301, 308])
def test_a_redirect_to_nowhere_is_what_its_body_is(builder: CacheBuilder, program: Program, status: int) -> None:
    headers = {**HTML, "Location": "", "ETag": '"x"'}
    page = b'<!DOCTYPE html><a href="evil-1.0.zip">evil</a>'
    builder.download(EVIL, page, headers=headers, status=status)
    assert program("audit", "evil==1.0").code == 1
    key = builder.download("https://files.example/blob", WHEEL[1], headers=headers, status=status)
    wheel = program.only("show", key)
    assert (wheel["kind"], wheel["project"], wheel["version"]) == ("wheel", "evil", "1.0")
