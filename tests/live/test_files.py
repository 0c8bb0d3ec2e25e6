"""What `refresh` says of single files: where their attestations are, and whether a delisted one is still there."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

from pipcache.index.rows import PageFile
from tests.support.archives import build_wheel
from tests.support.index import JSON_PAGE, PAGE_POLICY, Index
from tests.support.index_pages import json_page
from tests.support.shop import Shop, put_page, refresh

if TYPE_CHECKING:
    from tests.support.caches import CacheBuilder
    from tests.support.index import _Handler
    from tests.support.program import Program

pytestmark = pytest.mark.usefixtures("home")


PAGE_HEADERS = {"Content-Type": JSON_PAGE, "Cache-Control": PAGE_POLICY}

ATTESTED = "https://index.example/integrity/foo/1.0/foo-1.0-py3-none-any.whl/provenance"


@pytest.mark.parametrize("is_html", [False, True])
@pytest.mark.parametrize(
    ("value", "said"),
    [(ATTESTED, ATTESTED), (None, None), ("javascript:alert(1)", None), ("/integrity/foo", None)],
)
def test_the_url_of_attestations_is_reported_and_not_asked_for(
    shop: Shop, program: Program, builder: CacheBuilder, value: str | None, said: str | None, *, is_html: bool
) -> None:
    project = shop.projects["foo"]
    project.html = is_html
    put_page(shop.index, builder, "/simple/foo/")
    file = project.files[0]
    builder.download(shop.index.root + file.path, file.body)
    project.serial += 1
    project.provenance[file.filename] = value
    ran = refresh(program)
    assert ran.code == 0
    assert [record["provenance"] for record in ran.document["files"]] == [said]
    assert {exchange.path for exchange in shop.index.exchanges} == {"/simple/foo/"}


def delist(shop: Shop, builder: CacheBuilder, name: str) -> list[str]:
    """Put a page and its files into the cache, and let the index list none of them; give the URLs."""
    put_page(shop.index, builder, f"/simple/{name}/")
    project = shop.projects[name]
    urls = [shop.index.root + file.path for file in project.files]
    for url, file in zip(urls, project.files, strict=True):
        builder.download(url, file.body)
    project.files.clear()
    project.serial += 1
    return urls


def heads(shop: Shop) -> list[str]:
    return sorted(exchange.path for exchange in shop.index.exchanges if exchange.method == "HEAD")


def test_a_file_that_is_only_delisted_is_told_from_one_that_is_deleted(
    shop: Shop, program: Program, builder: CacheBuilder
) -> None:
    there, deleted = delist(shop, builder, "foo")
    del shop.index._resources[deleted.removeprefix(shop.index.root)]
    ran = refresh(program, "--probe")
    assert ran.code == 1
    assert {file["filename"]: file["probe"] for file in ran.document["files"]} == {
        "foo-1.0-py3-none-any.whl": {"url": there, "status": "still-there", "http_status": 200, "detail": None},
        "foo-2.0-py3-none-any.whl": {"url": deleted, "status": "deleted", "http_status": 404, "detail": None},
    }
    assert heads(shop) == sorted(url.removeprefix(shop.index.root) for url in (there, deleted))
    assert sum(exchange.sent for exchange in shop.index.exchanges if exchange.path.startswith("/packages")) == 0
    text = program("refresh", "--probe")
    assert "The file is still at its URL: it is only delisted." in text.out
    assert "The file is deleted: its URL answers with status 404." in text.out
    assert "4 questions to indexes" in text.out  # the page twice, and each file
    for form in ("markdown", "sarif"):
        assert "it is only delisted" in program("refresh", "--probe", "--format", form).out


def test_without_the_option_and_of_listed_files_no_file_is_asked_for(
    shop: Shop, program: Program, builder: CacheBuilder
) -> None:
    put_page(shop.index, builder, "/simple/bar/")
    for file in shop.projects["bar"].files:
        builder.download(shop.index.root + file.path, file.body)
    assert refresh(program, "--probe").code == 0
    delist(shop, builder, "foo")
    ran = refresh(program)
    assert ran.code == 1
    assert {file["probe"] for file in ran.document["files"]} == {None}
    assert heads(shop) == []


def test_a_dry_run_says_what_may_be_asked_and_sends_nothing(
    shop: Shop, program: Program, builder: CacheBuilder
) -> None:
    urls = delist(shop, builder, "foo")
    filename, body = build_wheel("foo", "3.0")
    builder.download(f"https://private.example/{filename}", body)  # nothing proves its URL
    text = program("refresh", "--probe", "--dry-run")
    possible = "Possible, if the index no longer lists the file: HEAD "
    assert sorted(line for line in text.lines if line.startswith("Possible")) == sorted(
        possible + url for url in urls
    )
    document = refresh(program, "--probe", "--dry-run").document
    assert sorted(each["url"] for each in document["possible_probes"]) == sorted(urls)
    assert refresh(program, "--dry-run").document["possible_probes"] == []
    assert shop.index.connections == 0


def test_two_stores_have_a_file_and_one_question_is_asked(
    shop: Shop, program: Program, builder: CacheBuilder
) -> None:
    body = shop.projects["foo"].files[0].body
    url = delist(shop, builder, "foo")[0]
    builder.legacy(url, body)
    ran = refresh(program, "--probe", "foo==1.0")
    assert [file["probe"]["status"] for file in ran.document["files"]] == ["still-there"] * 2
    assert len(heads(shop)) == 1


FAULTS = {
    "another host": b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/x\r\nContent-Length: 0\r\n\r\n",
    "another name": b"HTTP/1.1 302 Found\r\nLocation: /simple/bar/\r\nContent-Length: 0\r\n\r\n",
    "a web page": b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 5\r\n\r\n",
    "no HEAD": b"HTTP/1.1 405 No\r\nContent-Length: 0\r\n\r\n",
    "no right": b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n",
    "no answer": b"",
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_no_answer_about_a_file_is_said(
    shop: Shop, program: Program, builder: CacheBuilder, fault: str
) -> None:
    url = delist(shop, builder, "foo")[0]

    def answer(handler: _Handler) -> bool:
        handler.wfile.write(FAULTS[fault])
        return True

    shop.index.misbehaviour[url.removeprefix(shop.index.root)] = answer
    ran = refresh(program, "--probe", "foo==1.0")
    (file,) = ran.document["files"]
    assert file["probe"]["status"] == "unknown"
    assert file["probe"]["detail"]
    assert refresh(program, "--probe", "--drop", "--yes", "foo==1.0").code == 3


def test_a_login_goes_to_its_own_server_alone(
    shop: Shop, program: Program, builder: CacheBuilder, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Index() as other:
        project = other.add_project("foo")
        filename, body = build_wheel("foo", "9.0")
        url = other.add_file(project, filename, body, version="9.0")
        path = url.removeprefix(other.root)
        page = json_page(
            "foo", [PageFile(filename, url, (("sha256", hashlib.sha256(body).hexdigest()),))], serial=1
        )
        builder.download(f"{shop.index.simple}foo/", page, headers=PAGE_HEADERS)
        builder.download(url, body)
        shop.projects["foo"].files = []
        monkeypatch.setenv("PIP_INDEX_URL", shop.index.simple.replace("://", "://ada:s3cretpass@"))
        ran = refresh(program, "--probe")
        (file,) = ran.document["files"]
        assert (file["probe"]["url"], file["probe"]["status"]) == (url, "still-there")
        assert all("authorization" in exchange.headers for exchange in shop.index.exchanges)
        (exchange,) = other.exchanges
        assert (exchange.method, exchange.path) == ("HEAD", path)
        assert "authorization" not in exchange.headers
        assert "s3cretpass" not in ran.out + ran.err


def test_it_goes_without_an_index_that_a_person_names(program: Program, shop: Shop) -> None:
    ran = program("refresh", "foo", "--probe", "--index-url", shop.index.simple)
    assert ran.code == 2
    assert "--probe goes without --index-url" in ran.err
