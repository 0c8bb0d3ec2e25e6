"""Pages of an index: equal for equal records, quoted, and readable by our own reader."""

from __future__ import annotations

import json
from html.parser import HTMLParser

import pytest

from pipcache.index.rows import page_rows
from pipcache.offline.simple_pages import (
    HTML_TYPE,
    JSON_TYPE,
    IndexFile,
    Mark,
    Status,
    project_html,
    project_json,
    quote_name,
    root_html,
    root_json,
)

OLD = IndexFile("a-1.9.tar.gz", "../../files/a-1.9.tar.gz", "1.9", "0" * 64, 10)
NEW = IndexFile(
    "a-1.10+x-py3-none-any.whl",
    f"../../files/{quote_name('a-1.10+x-py3-none-any.whl')}",
    "1.10+x",
    "1" * 64,
    20,
    requires_python=">=3.8, <4",
    upload_time="2026-01-02T03:04:05.678901Z",
    yanked="bad",
    metadata_sha256="2" * 64,
    mark=Mark.BUILT,
)


def test_equal_records_give_equal_bytes_in_any_order() -> None:
    for page in (project_json, project_html):
        assert page("a", [OLD, NEW]) == page("a", [NEW, OLD])
    for root in (root_json, root_html):
        assert root(["b", "a", "b"]) == root(["a", "b"])


def test_versions_are_in_their_order() -> None:
    document = json.loads(project_json("a", [NEW, OLD]))
    assert document["versions"] == ["1.9", "1.10+x"]
    assert [file["filename"] for file in document["files"]] == [OLD.filename, NEW.filename]


@pytest.mark.parametrize(("page", "kind"), [(project_json, JSON_TYPE), (project_html, HTML_TYPE)])
def test_a_page_says_what_was_put_into_it(page: object, kind: str) -> None:
    data = project_json("a", [OLD, NEW]) if page is project_json else project_html("a", [OLD, NEW])
    rows = page_rows(data, kind)
    assert rows is not None
    assert rows.project == "a"
    old, new = [row.file() for row in rows.rows]
    assert old is not None
    assert new is not None
    assert (new.filename, new.hashes, new.yanked) == (NEW.filename, (("sha256", NEW.sha256),), "bad")
    assert new.core_metadata == (("sha256", NEW.metadata_sha256),)
    assert new.requires_python == "<4,>=3.8"
    assert (old.yanked, old.core_metadata, old.requires_python) == (False, None, None)
    if page is project_json:
        assert (new.size, new.upload_time) == (20, NEW.upload_time)


def test_yanked_without_a_reason() -> None:
    file = OLD._replace(yanked=True)
    assert json.loads(project_json("a", [file]))["files"][0]["yanked"] is True
    assert b'data-yanked=""' in project_html("a", [file])
    assert b"data-yanked" not in project_html("a", [OLD])


@pytest.mark.parametrize(
    "moment", ["yesterday", "2026-01-02", "2026-13-02T00:00:00Z", "2026-01-02T00:00:00", "<b>"]
)
def test_an_upload_time_that_is_none_is_not_written(moment: str) -> None:
    # uv takes no file of a page in which one time cannot be read
    assert "upload-time" not in json.loads(project_json("a", [OLD._replace(upload_time=moment)]))["files"][0]


@pytest.mark.parametrize("text", ["python 3", ">=3.8,", "<script>", "", ">=3.8" * 2000])
def test_a_requires_python_that_cannot_be_read_is_not_written(text: str) -> None:
    file = OLD._replace(requires_python=text)
    written = json.loads(project_json("a", [file]))["files"][0]["requires-python"]
    assert written in {None, ">=3.8"}


class Reader(HTMLParser):
    """The tags of a page and the values of their attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        assert all(not name.startswith("on") for name, _ in attrs)


HOSTILE = "\"'><script>alert(1)</script><img src=x onerror=y>&amp;\n\x1b[31m\u202e\ud800"


def test_strangers_text_is_quoted() -> None:
    file = NEW._replace(filename=HOSTILE, url=quote_name("x"), yanked=HOSTILE, requires_python=HOSTILE)
    status = Status("quarantined", HOSTILE)
    for page in (project_html(HOSTILE, [file], status), root_html([f"a{HOSTILE}".replace("\ud800", "")])):
        reader = Reader()
        reader.feed(page.decode("utf-8"))
        assert set(reader.tags) <= {"html", "head", "meta", "title", "body", "h1", "a", "br"}
        assert b"\x1b" not in page
    document = json.loads(project_json(HOSTILE, [file], status))
    assert document["project-status"]["status"] == "quarantined"
    assert document["meta"]["api-version"] == "1.4"
    document["files"][0]["yanked"].encode("utf-8")
    document["project-status"]["reason"].encode("utf-8")
