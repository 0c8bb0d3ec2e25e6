"""What is not believed at once: an answer that lacks what the cache has is asked for once more."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.index import JSON_PAGE
from tests.support.shop import Shop, put_page, refresh

if TYPE_CHECKING:
    from tests.support.caches import CacheBuilder
    from tests.support.index import _Handler
    from tests.support.program import Program

pytestmark = pytest.mark.usefixtures("home")


def codes(document: dict[str, Any]) -> list[str]:
    records = [*document["pages"], *document["files"]]
    return sorted(finding["code"] for record in records for finding in record["findings"])


NOWHERE = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"


def alter(builder: CacheBuilder, old: bytes, new: bytes) -> None:
    """Change bytes of the page in the cache that has them, and leave its ETag."""
    (page,) = [path for path in builder.root.rglob("*.body") if old in path.read_bytes()]
    page.write_bytes(page.read_bytes().replace(old, new))


def answer_when_asked(shop: Shop, path: str, answers: dict[int, bytes]) -> list[str]:
    """Answer some requests for a page, by their number, with other bytes; give what they said of caches."""
    policies: list[str] = []

    def answer(handler: _Handler) -> bool:
        policies.append(handler.headers["Cache-Control"])
        data = answers.get(len(policies))
        if data is not None:
            handler.wfile.write(data)
        return data is not None

    shop.index.misbehaviour[path] = answer
    return policies


def page_of(shop: Shop, name: str) -> bytes:
    _, headers, body, _ = shop.index.answer(f"/simple/{name}/", {"accept": JSON_PAGE})
    lines = [f"{key}: {value}" for key, value in headers.items() if key != "ETag"]
    return "\r\n".join(["HTTP/1.1 200 OK", f"Content-Length: {len(body)}", *lines, "", ""]).encode() + body


def page_without_files(name: str, serial: int) -> bytes:
    body = b'{"meta": {"api-version": "1.1", "_last-serial": %d}, "name": "%s", "files": []}' % (
        serial,
        name.encode(),
    )
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {JSON_PAGE}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


@pytest.mark.parametrize("first", ["404", "an older page", "a page without files"])
def test_what_follows_an_altered_page_is_asked_for_once_more(
    shop: Shop, program: Program, builder: CacheBuilder, first: str
) -> None:
    put_page(shop.index, builder, "/simple/src/")
    alter(builder, b"src-1.0", b"src-9.0")
    wrong = {
        "404": NOWHERE,
        "an older page": page_without_files("src", 1),
        "a page without files": page_without_files("src", shop.projects["src"].serial),
    }[first]
    policies = answer_when_asked(shop, "/simple/src/", {2: wrong})
    document = refresh(program).document
    assert codes(document) == ["PC701"]
    assert document["asked"][0]["requests"] == 3
    assert document["asked"][0]["serial_live"] == shop.projects["src"].serial
    assert policies == ["max-age=0", "max-age=0", "no-cache"]


def test_a_project_that_is_gone_twice_is_gone_though_its_page_was_altered(
    shop: Shop, program: Program, builder: CacheBuilder
) -> None:
    put_page(shop.index, builder, "/simple/src/")
    alter(builder, b"src-1.0", b"src-9.0")
    policies = answer_when_asked(shop, "/simple/src/", {2: NOWHERE, 3: NOWHERE})
    assert codes(refresh(program).document) == ["PC705"]
    assert len(policies) == 3


@pytest.mark.parametrize(
    ("old", "new"),
    [(b"/packages/", b"/evil/"), (b"#sha256=", b"#nothing="), (b"<a ", b'<a data-requires-python="<3" ')],
)
def test_an_altered_page_is_seen_though_it_names_the_same_files(
    shop: Shop, program: Program, builder: CacheBuilder, old: bytes, new: bytes
) -> None:
    put_page(shop.index, builder, "/simple/src/")
    alter(builder, old, new)
    ran = refresh(program)
    assert codes(ran.document) == ["PC701"]
    assert [page["outdated"] for page in ran.document["pages"]] == [True]


def test_a_page_that_a_proxy_coded_again_is_current(shop: Shop, program: Program, builder: CacheBuilder) -> None:
    put_page(shop.index, builder, "/simple/foo/")
    (page,) = builder.root.rglob("*.body")
    page.write_bytes(gzip.compress(gzip.decompress(page.read_bytes()), 1, mtime=7))
    ran = refresh(program)
    assert (codes(ran.document), ran.document["asked"][0]["requests"]) == ([], 2)


def test_other_bytes_under_a_name_are_asked_for_once_more(
    shop: Shop, program: Program, builder: CacheBuilder
) -> None:
    project = shop.projects["foo"]
    project.serial += 1
    put_page(shop.index, builder, "/simple/foo/")
    for file in project.files:
        builder.download(shop.index.root + file.path, file.body)
    right, body = page_of(shop, "foo"), project.files[0].body
    shop.change("foo", "1.0", body=body + b" ")
    project.serial += 1
    wrong = page_of(shop, "foo")
    policies = answer_when_asked(shop, "/simple/foo/", {1: wrong, 2: right})
    assert codes(refresh(program).document) == []
    assert policies == ["max-age=0", "no-cache"]
    policies = answer_when_asked(shop, "/simple/foo/", {1: wrong, 2: wrong})
    assert codes(refresh(program).document) == ["PC702", "PC713"]
