"""Pages of the index: which form a client gets, what is on them, and when there is none."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from pipcache.offline.supply import Terms
from tests.server.conftest import HTML, JSON, serving
from tests.support import truth
from tests.support.archives import build_sdist, build_wheel
from tests.support.caches import flip

if TYPE_CHECKING:
    from tests.offline.conftest import Shelf
    from tests.server.conftest import Site

PIP = f"{JSON}, {HTML}; q=0.1, text/html; q=0.01"  # 22.2 and newer, index/collector.py
UV = f"{JSON}, {HTML};q=0.2, text/html;q=0.01"


@pytest.mark.parametrize(
    ("accept", "answered"),
    [
        (None, "text/html; charset=utf-8"),
        ("", "text/html; charset=utf-8"),
        ("*/*", "text/html; charset=utf-8"),
        ("text/html", "text/html; charset=utf-8"),  # pips before 22.2
        ("text/*", "text/html; charset=utf-8"),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "text/html; charset=utf-8"),
        (PIP, JSON),
        (UV, JSON),
        (JSON, JSON),
        (HTML, HTML),
        (f"{HTML};q=0.5, {JSON};q=0.4", HTML),
        ("application/vnd.pypi.simple.latest+json", JSON),
        ("application/vnd.pypi.simple.latest+html", HTML),
        (f"{JSON};q=0, text/html", "text/html; charset=utf-8"),
        ("image/png", None),
        ("application/vnd.pypi.simple.v2+json", None),
        (f"{JSON};q=0", None),
    ],
)
def test_a_client_gets_the_form_that_it_likes_best(site: Site, accept: str | None, answered: str | None) -> None:
    for path in ("/simple/", "/simple/front-end/"):
        reply = site.ask(path) if accept is None else site.ask(path, Accept=accept)
        assert reply.headers["vary"] == "Accept"
        assert reply.status == (406 if answered is None else 200)
        if answered is not None:
            assert reply.headers["content-type"] == answered
            assert reply.headers["cache-control"] == "no-cache"
            assert (reply.body[:1] == b"{") == (answered == JSON)


def test_pages_say_what_index_pages_said(site: Site) -> None:
    page = site.json("front-end").page
    assert (page["name"], page["versions"]) == ("front-end", ["1.0", "2.0"])
    old, new = page["files"]
    assert old["requires-python"] == ">=3.8"
    assert (old["yanked"], new["yanked"]) == (False, 'for "<good>"')
    assert old["upload-time"] == "2024-01-02T03:04:05.678901Z"
    html = site.ask("/simple/front-end/").text
    assert 'data-yanked="for &quot;&lt;good&gt;&quot;"' in html
    assert (html.count("data-core-metadata="), html.count("dist-info-metadata")) == (2, 0)
    local = site.json("middle-ware").rows["middle.ware-1.0+local.1-py3-none-any.whl"]
    assert local["url"].endswith("/middle.ware-1.0%2Blocal.1-py3-none-any.whl")
    assert "upload-time" not in local


def test_the_root_lists_every_project(site: Site) -> None:
    projects = [project["name"] for project in site.ask("/simple/", Accept=JSON).page["projects"]]
    assert projects == ["front-end", "middle-ware", "source"]
    assert re.findall('href="([^"]*)"', site.ask("/simple/").text) == ["front-end/", "middle-ware/", "source/"]


@pytest.mark.parametrize(
    ("path", "to"),
    [
        ("/simple", "/simple/"),
        ("/simple/front-end", "/simple/front-end/"),
        ("/simple/Front_End/", "/simple/front-end/"),
        ("/simple/FRONT.-_end", "/simple/front-end/"),
        ("/simple/No_Such", "/simple/no-such/"),
    ],
)
def test_other_spellings_are_sent_to_the_normal_one(site: Site, path: str, to: str) -> None:
    reply = site.ask(path)
    assert (reply.status, reply.headers["location"]) == (301, to)


def test_a_page_is_not_sent_twice(site: Site) -> None:
    for accept in ("text/html", HTML, JSON):
        first = site.ask("/simple/front-end/", Accept=accept)
        again = site.ask("/simple/front-end/", Accept=accept, If_None_Match=first.headers["etag"])
        assert (again.status, again.body, again.headers["etag"]) == (304, b"", first.headers["etag"])
        assert again.headers["vary"] == "Accept"
    html, json = site.ask("/simple/front-end/"), site.json("front-end")
    assert html.headers["etag"] != json.headers["etag"]
    assert site.ask("/simple/front-end/", If_None_Match=json.headers["etag"]).status == 200


def test_head_has_the_headers_alone(site: Site) -> None:
    for path in ("/", "/simple/", "/simple/front-end/", "/simple/no-such/"):
        full, head = site.ask(path), site.ask(path, method="HEAD")
        assert (head.status, head.body) == (full.status, b"")
        assert head.headers["content-length"] == full.headers["content-length"] == str(len(full.body))


def test_what_is_not_there_is_not_found_and_noted(site: Site) -> None:
    for _ in range(2):
        reply = site.ask("/simple/no-such/", User_Agent='pip/26.3 {"ci":null}')
        assert (reply.status, reply.text) == (404, "no-such is not in this cache.\n")
    site.ask("/simple/no-such/", User_Agent="uv/0.9.1 (x)")
    site.ask("/simple/front-end/", User_Agent="uv/0.9.1 (x)")
    (missing,) = site.server.log.missing
    assert (missing.name, missing.is_file, missing.asked_by) == ("no-such", False, ("pip/26.3", "uv/0.9.1"))
    assert site.server.log.withheld == []


def test_a_damaged_file_is_not_listed_and_its_project_quarantined(shelf: Shelf) -> None:
    url = shelf.wheel("bad", "1.0")
    shelf.wheel("half", "1.0")
    other = shelf.wheel("half", "2.0")
    for address in (url, other):
        flip(shelf.builder.body(truth.url_key(address)), 60)
    with serving(shelf.builder.root) as site:
        page = site.json("bad").page
        assert (page["files"], page["versions"]) == ([], [])
        assert page["project-status"]["status"] == "quarantined"
        assert page["project-status"]["reason"] in {
            "1 file is damaged (pipcache verify bad)",
            "1 file is poisoned (pipcache verify bad)",
        }
        assert '<meta name="pypi:project-status" content="quarantined">' in site.ask("/simple/bad/").text
        half = site.json("half").page
        assert half["versions"] == ["1.0"]
        assert "project-status" not in half
        assert [withheld.file.filename for withheld in site.server.log.withheld] == [
            "bad-1.0-py3-none-any.whl",
            "half-2.0-py3-none-any.whl",
        ]


def test_what_nothing_vouches_for_is_withheld_unless_it_is_asked_for(shelf: Shelf) -> None:
    filename, body = build_wheel("lonely", "1.0")
    shelf.builder.download(f"https://files.example/{filename}", body)
    with serving(shelf.builder.root) as site:
        page = site.json("lonely").page
        assert page["files"] == []
        assert "project-status" not in page
        reply = site.ask(f"/files/{'0' * 64}/{filename}")
        assert reply.status == 403
        assert "--unverified" in reply.text
    with serving(shelf.builder.root, Terms(by_url=False, unverified=True)) as site:
        assert site.json("lonely").rows[filename]["_mark"] == "unverified"


def test_wheels_that_were_built_here_stand_beside_their_sdist(shelf: Shelf) -> None:
    shelf.sdist("source", "0.3")
    filename, body = build_wheel("source", "0.3")
    shelf.builder.built({"url": "https://files.example/packages/source/source-0.3.tar.gz"}, filename, body)
    alone, alone_body = build_wheel("alone", "1")
    shelf.builder.built({"url": "https://files.example/alone-1.tar.gz"}, alone, alone_body)
    sdist = build_sdist("source", "0.3")[0]
    with serving(shelf.builder.root) as site:
        rows = site.json("source").rows
        assert set(rows) == {filename, sdist}
        assert rows[filename]["_mark"] == "built"
        assert site.ask(site.path_of("alone", alone)).body == alone_body
    with serving(shelf.builder.root, Terms(by_url=False, built=False)) as site:
        assert set(site.json("source").rows) == {sdist}
        assert site.json("alone").status == 404


def test_a_download_goes_before_what_was_built_of_the_same_name(shelf: Shelf) -> None:
    shelf.wheel("both", "1.0")
    filename, body = build_wheel("both", "1.0", members={"both/other.py": b"# built here\n"})
    shelf.builder.built({"url": "https://files.example/both-1.0.tar.gz"}, filename, body)
    with serving(shelf.builder.root) as site:
        (row,) = site.json("both").page["files"]
        assert "_mark" not in row


def test_metadata_that_a_page_promised_otherwise_are_not_offered(shelf: Shelf) -> None:
    shelf.wheel("promised", "1.0", listed={"core-metadata": {"sha256": "0" * 64}})
    with serving(shelf.builder.root) as site:
        path = site.path_of("promised", "promised-1.0-py3-none-any.whl")
        assert site.json("promised").page["files"][0]["core-metadata"] is False
        assert site.ask(path).status == 200
        assert site.ask(f"{path}.metadata").status == 404
