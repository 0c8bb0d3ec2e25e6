"""Files of the index: their bytes, parts of them, their old URLs, and that no other bytes are ever sent."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

import pytest

from tests.server.conftest import serving
from tests.support import truth
from tests.support.archives import build_sdist, build_wheel, metadata
from tests.support.caches import FILE_HEADERS, cut, flip, link, remove, replace

if TYPE_CHECKING:
    from pathlib import Path

    from tests.offline.conftest import Shelf
    from tests.server.conftest import Site

BODY = build_wheel("front-end", "1.0", requires=("middle.ware",))[1]
URL = "https://files.example/packages/front-end/"


@pytest.fixture
def wheel() -> str:
    return build_wheel("front-end", "1.0")[0]


@pytest.fixture
def path(site: Site, wheel: str) -> str:
    """The path of a wheel that is served."""
    return site.path_of("front-end", wheel)


@pytest.fixture
def body_file(shelf: Shelf, wheel: str) -> Path:
    """Where its bytes lie in the cache."""
    return shelf.builder.body(truth.url_key(f"{URL}{wheel}"))


def test_a_file_is_sent_as_it_is(site: Site, path: str) -> None:
    reply = site.ask(path)
    assert (reply.status, reply.body) == (200, BODY)
    digest = hashlib.sha256(BODY).hexdigest()
    assert reply.headers["etag"] == f'"{digest}"'
    assert f"/files/{digest}/" in path
    assert reply.headers["content-length"] == str(len(BODY))
    assert "immutable" in reply.headers["cache-control"]
    assert reply.headers["accept-ranges"] == "bytes"
    assert "content-encoding" not in reply.headers


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        ("0-9", 0, 9),
        ("5-5", 5, 5),
        ("-22", len(BODY) - 22, len(BODY) - 1),
        ("100-", 100, len(BODY) - 1),
        ("10-999999999", 10, len(BODY) - 1),
        ("-999999999", 0, len(BODY) - 1),
    ],
)
def test_a_part_of_a_file_is_sent(site: Site, path: str, asked: str, first: int, last: int) -> None:
    reply = site.ask(path, Range=f"bytes={asked}")
    assert (reply.status, reply.body) == (206, BODY[first : last + 1])
    assert reply.headers["content-range"] == f"bytes {first}-{last}/{len(BODY)}"
    assert reply.headers["content-length"] == str(last - first + 1)


def test_a_part_behind_the_end_cannot_be_sent(site: Site, path: str) -> None:
    for asked in (f"{len(BODY)}-", "99999999-99999999999", "-0"):
        reply = site.ask(path, Range=f"bytes={asked}")
        assert (reply.status, reply.headers["content-range"]) == (416, f"bytes */{len(BODY)}")


@pytest.mark.parametrize(
    "asked",
    [
        "bytes=0-1,5-6",
        "bytes=" + "0-0," * 5000 + "1-1",
        "bytes=9-3",
        "bytes=a-b",
        "bytes=-",
        "bytes=",
        "bytes",
        "lines=0-9",
        "bytes=" + "9" * 5000 + "-",
        "bytes=--1",
        "bytes=0-0x10",
    ],
    ids=lambda asked: asked[:20],
)
def test_every_other_range_is_answered_with_the_whole(site: Site, path: str, asked: str) -> None:
    reply = site.ask(path, Range=asked)
    assert (reply.status, reply.body) == (200, BODY)


def test_conditions_are_held(site: Site, path: str) -> None:
    tag = site.ask(path, method="HEAD").headers["etag"]
    assert site.ask(path, If_None_Match=tag).status == 304
    assert site.ask(path, If_None_Match="*").status == 304
    assert site.ask(path, If_None_Match=f'"x", {tag}').status == 304
    assert site.ask(path, If_None_Match='"x"').body == BODY
    assert site.ask(path, If_Range=tag, Range="bytes=0-9").body == BODY[:10]
    assert site.ask(path, If_Range='"x"', Range="bytes=0-9").body == BODY
    failed = site.ask(path, If_Match='"x"')
    assert failed.status == 412
    assert b"PK" not in failed.body


def test_head_and_a_range_give_no_bytes(site: Site, path: str) -> None:
    for headers in ({}, {"Range": "bytes=0-9"}):
        reply = site.ask(path, method="HEAD", **headers)
        assert (reply.status, reply.body, reply.headers["content-length"]) == (200, b"", str(len(BODY)))


def test_metadata_are_those_of_the_wheel(site: Site, path: str, wheel: str) -> None:
    reply = site.ask(f"{path}.metadata")
    assert reply.body == metadata("front-end", "1.0", requires=("middle.ware",))
    promised = site.json("front-end").rows[wheel]["core-metadata"]["sha256"]
    assert hashlib.sha256(reply.body).hexdigest() == promised
    assert site.ask(f"{path}.metadata", Range="bytes=0-4").body == reply.body[:5]


def test_a_file_is_there_before_its_page_was_asked_for(site: Site) -> None:
    filename, body = build_sdist("source", "0.3", members={"PKG-INFO": metadata("source", "0.3")})
    assert site.ask(f"/files/{hashlib.sha256(body).hexdigest()}/{filename}").body == body


def test_under_another_digest_there_is_no_file(site: Site, path: str, wheel: str) -> None:
    assert site.ask(f"/files/{'0' * 64}/{wheel}").status == 404
    assert site.ask(f"/files/x/{wheel}").status == 404
    assert site.ask(path.upper().replace("/FILES/", "/files/").replace(wheel.upper(), wheel)).body == BODY
    (missing,) = site.server.log.missing
    assert (missing.name, missing.is_file) == (wheel, True)


# URLs of PyPI


def test_old_urls_lead_to_the_file(site: Site, path: str, wheel: str) -> None:
    blake = hashlib.blake2b(BODY, digest_size=32).hexdigest()
    for old in (
        f"/packages/py3/f/front-end/{wheel}",
        f"/packages/py3/F/Front_End/{wheel}",
        f"/packages/{blake[:2]}/{blake[2:4]}/{blake[4:]}/{wheel}",
    ):
        reply = site.ask(old)
        assert (reply.status, reply.headers["location"]) == (302, path)
        assert site.ask(f"{old}.metadata").headers["location"] == f"{path}.metadata"
    sdist = site.ask("/packages/source/s/source/source-0.3.tar.gz")
    assert sdist.status == 302
    assert site.ask(sdist.headers["location"]).status == 200


def test_an_old_url_with_the_digest_of_other_bytes_leads_nowhere(site: Site, wheel: str) -> None:
    assert site.ask(f"/packages/00/11/{'2' * 60}/{wheel}").status == 404
    assert site.ask("/packages/source/n/nosuch/nosuch-1.tar.gz").status == 404
    assert site.ask(f"/packages/{wheel}").status == 404
    assert site.ask(f"/packages/a/b/c/d/{wheel}").status == 404


# The old layout, whose bodies are parts of files


def test_bodies_of_the_old_layout_are_served_alike(shelf: Shelf) -> None:
    filename, body = build_wheel("front-end", "1.0", requires=("middle.ware",))
    shelf.file("front-end", filename, body)
    key = truth.url_key(f"{URL}{filename}")
    remove(shelf.builder.body(key))
    remove(shelf.builder.head(key))
    shelf.builder.legacy(f"{URL}{filename}", body)
    with serving(shelf.builder.root) as site:
        path = site.path_of("front-end", filename)
        assert site.ask(path).body == body
        assert site.ask(path, Range="bytes=-22").body == body[-22:]
        assert site.ask(path, Range="bytes=2-5").body == body[2:6]


# Bytes that are not those that were judged


def same_times(path: Path, old: os.stat_result) -> None:
    os.utime(path, ns=(old.st_atime_ns, old.st_mtime_ns))


def tampered(path: Path) -> bytes:
    body = bytearray(path.read_bytes())
    body[-30] ^= 1
    return bytes(body)


@pytest.mark.parametrize("how", ["in place", "in place, with the old time", "replaced", "cut", "longer"])
def test_changed_bytes_are_never_sent(site: Site, path: str, wheel: str, body_file: Path, how: str) -> None:
    assert site.ask(path).body == BODY
    old = body_file.stat()
    match how:
        case "replaced":
            replace(body_file, tampered(body_file))
        case "cut":
            cut(body_file, old.st_size - 1)
        case "longer":
            body_file.write_bytes(BODY + b"x")
        case _:
            flip(body_file, -30, 1)
    if how == "in place, with the old time":
        same_times(body_file, old)
    for asked in (path, f"{path}.metadata", f"/packages/py3/f/front-end/{wheel}"):
        for headers in ({}, {"Range": "bytes=0-9"}):
            reply = site.ask(asked, **headers)
            assert reply.status == 403
            assert reply.text.startswith(f"{wheel} is withheld: it is ")
            assert "PC" in reply.text
    assert wheel not in site.json("front-end").rows
    assert wheel not in site.ask("/simple/front-end/").text
    assert site.ask("/").text.count(wheel) == 1  # with the reason
    (withheld,) = site.server.log.withheld
    assert (withheld.file.filename, withheld.file.project) == (wheel, "front-end")


def test_a_file_that_is_gone_is_not_found(site: Site, path: str, body_file: Path) -> None:
    assert site.ask(path).status == 200
    remove(body_file)
    assert site.ask(path).status in {403, 404}  # a head without its body is damage
    remove(body_file.with_suffix(""))
    site.server.catalog._looked = 0  # the cache is looked at again after a moment
    assert site.ask(path).status == 404


def test_a_link_in_the_place_of_a_file_is_not_followed(
    site: Site, path: str, body_file: Path, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.write_bytes(BODY)
    link(body_file, outside)
    assert site.ask(path).status in {403, 404}


def test_two_files_of_one_name_are_both_withheld(shelf: Shelf) -> None:
    filename, body = build_wheel("twin", "1.0")
    other = build_wheel("twin", "1.0", members={"twin/more.py": b"# more\n"})[1]
    shelf.file("twin", filename, body)
    shelf.file("twin", filename, other, url=f"https://other.example/twin/{filename}")
    with serving(shelf.builder.root) as site:
        assert site.json("twin").page["files"] == []
        for content in (body, other):
            assert site.ask(f"/files/{hashlib.sha256(content).hexdigest()}/{filename}").status == 403


def test_a_page_in_the_place_of_a_wheel_is_withheld(shelf: Shelf) -> None:
    filename, body = build_wheel("sign-in", "1.0")
    shelf.file("sign-in", filename, body)
    headers = {**FILE_HEADERS, "Content-Type": "text/html"}
    shelf.builder.download(
        f"https://files.example/packages/sign-in/{filename}", b"<html>Sign in</html>", headers=headers
    )
    with serving(shelf.builder.root) as site:
        assert site.json("sign-in").page["files"] == []
        reply = site.ask(f"/files/{hashlib.sha256(body).hexdigest()}/{filename}")
        assert reply.status == 403
        assert "poisoned" in reply.text
