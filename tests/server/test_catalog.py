"""A cache that changes while it is served is read again."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from pipcache.server import catalog
from tests.server.conftest import serving
from tests.support import truth
from tests.support.archives import build_wheel
from tests.support.caches import flip, remove
from tests.support.leftovers import second, serialised

if TYPE_CHECKING:
    from tests.offline.conftest import Shelf
    from tests.server.conftest import Site


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look at the cache at each request, not after seconds."""
    monkeypatch.setattr(catalog, "_OLD", 0)
    monkeypatch.setattr(catalog, "_RECENT", 0)


def test_what_pip_downloads_meanwhile_is_served(site: Site, shelf: Shelf) -> None:
    assert site.json("late").status == 404
    shelf.wheel("late", "1.0")
    assert list(site.json("late").rows) == ["late-1.0-py3-none-any.whl"]
    shelf.wheel("late", "2.0")
    assert site.json("late").page["versions"] == ["1.0", "2.0"]


def test_what_is_removed_meanwhile_is_gone(site: Site, shelf: Shelf) -> None:
    url = shelf.wheel("gone", "1.0")
    shelf.wheel("gone", "2.0")
    assert site.json("gone").page["versions"] == ["1.0", "2.0"]
    key = truth.url_key(url)
    remove(shelf.builder.head(key))
    remove(shelf.builder.body(key))
    assert site.json("gone").page["versions"] == ["2.0"]


def test_a_new_page_changes_the_verdict(shelf: Shelf) -> None:
    filename, body = build_wheel("page", "1.0")
    shelf.file("page", filename, body)
    with serving(shelf.builder.root) as site:
        assert list(site.json("page").rows) == [filename]
        before = site.json("page").headers["etag"]
        assert site.json("page").headers["etag"] == before
        page = truth.url_key("https://index.example/simple/page/")
        remove(shelf.builder.body(page))
        remove(shelf.builder.head(page))
        assert site.json("page").page["files"] == []


def test_a_file_that_heals_is_served_again(site: Site, shelf: Shelf) -> None:
    url = shelf.wheel("sick", "1.0")
    body = shelf.builder.body(truth.url_key(url))
    flip(body, 60)
    assert site.json("sick").page["files"] == []
    flip(body, 60)
    assert len(site.json("sick").page["files"]) == 1


def note_judged(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Give the names of the projects that are judged from now on."""
    judged: list[str] = []
    whole = catalog.Catalog._judge

    def noted(self: catalog.Catalog, names: list[str], meter: object) -> object:
        judged.extend(names)
        return whole(self, names, meter)  # type: ignore[arg-type]

    monkeypatch.setattr(catalog.Catalog, "_judge", noted)
    return judged


def test_what_cannot_be_read_is_not_judged_for_each_request(
    site: Site, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = shelf.wheel("sound", "1.0")
    of_old = shelf.wheel("sound", "0.9")
    key = truth.url_key(of_old)
    remove(shelf.builder.body(key))
    remove(shelf.builder.head(key))
    serialised(second(b"as pip 8 wrote it"), "").make(shelf.builder, of_old)
    judged = note_judged(monkeypatch)
    monkeypatch.setattr(catalog, "_RECENT", 60)
    path = site.path_of("sound", url.rpartition("/")[2])
    assert [site.ask(path).status for _ in range(3)] == [200, 200, 200]
    assert judged == ["sound"]
    monkeypatch.setattr(catalog, "_RECENT", 0)
    assert site.ask(path).status == 200
    assert judged == ["sound", "sound"]


def test_only_what_changed_is_judged_again(site: Site, shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    judged = note_judged(monkeypatch)
    for _ in range(2):
        site.json("front-end")
        site.json("source")
    assert judged == ["front-end", "source"]
    built, data = build_wheel("source", "0.3")
    shelf.builder.built({"url": "https://files.example/packages/source/source-0.3.tar.gz"}, built, data)
    for _ in range(2):
        site.json("front-end")
        site.json("source")
    assert judged == ["front-end", "source", "source"]


def test_a_cache_that_comes_into_being_is_served(shelf: Shelf) -> None:
    root = shelf.builder.root.with_name("later")
    with serving(root) as site:
        assert site.json("front-end").status == 404
        assert site.ask("/simple/").status == site.ask("/").status == 200
        shelf.wheel("front-end", "1.0")
        shelf.builder.root.rename(root)
        assert site.json("front-end").status == 200


@pytest.mark.slow
def test_a_cache_that_is_filled_and_emptied_gives_no_error(shelf: Shelf) -> None:
    """Only whole answers, whatever another process does at the same moment."""
    filename, body = build_wheel("busy", "1.0")
    url = shelf.file("busy", filename, body)
    key = truth.url_key(url)
    done = threading.Event()

    def change() -> None:
        while not done.is_set():
            shelf.builder.download(url, body)
            shelf.wheel("other", "1.0")
            done.wait(0.05)
            shelf.builder.head(key).unlink()
            shelf.builder.body(key).unlink()

    with serving(shelf.builder.root) as site:
        path = site.path_of("busy", filename)
        thread = threading.Thread(target=change)
        thread.start()
        try:
            answers = [
                site.ask(asked) for _ in range(12) for asked in ("/simple/busy/", path, f"{path}.metadata", "/")
            ]
        finally:
            done.set()
            thread.join()
    assert {answer.status for answer in answers} <= {200, 403, 404, 503}
    assert all(answer.body == body for answer in answers[1::4] if answer.status == 200)
    assert 200 in {answer.status for answer in answers[1::4]}
