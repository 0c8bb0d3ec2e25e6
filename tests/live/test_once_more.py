"""What is not believed at once: an answer that lacks what the cache has is asked for once more."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.live.test_refresh import codes
from tests.support.index import JSON_PAGE
from tests.support.shop import Shop, put_page, refresh

if TYPE_CHECKING:
    from tests.support.caches import CacheBuilder
    from tests.support.index import _Handler
    from tests.support.program import Program

pytestmark = pytest.mark.usefixtures("home")


@pytest.fixture(autouse=True)
def short_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipcache.live.refresh._PAUSE", 0.1)


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
