"""What a page says of itself: its files, its serial, the project's status, and how long pip takes it for fresh."""

from __future__ import annotations

import base64
import hashlib
import json

import pytest

from pipcache.index.page_format import PageFormat
from pipcache.index.page_state import PageState, md5_in_etag, read_page_state
from pipcache.index.rows import PageFile
from pipcache.index.standing import ProjectStatus, serial_of
from tests.support.index_pages import HTML_TYPE, JSON_TYPE, html_page, json_page

URL = "https://index.example/simple/foo/"
FILE = PageFile("foo-1.0.tar.gz", "../../files/foo-1.0.tar.gz", (("sha256", "ab" * 32),), yanked="broken")


def read(data: bytes, content_type: str, **headers: str) -> PageState | None:
    return read_page_state(
        data, content_type, URL, {name.replace("_", "-"): text for name, text in headers.items()}
    )


@pytest.mark.parametrize(("write", "content_type"), [(json_page, JSON_TYPE), (html_page, HTML_TYPE)])
@pytest.mark.parametrize("serial", [22406780, "22406780"])
def test_both_forms_give_files_serial_and_status(write, content_type: str, serial: int | str) -> None:  # type: ignore[no-untyped-def]
    page = write("foo", [FILE], serial=serial, status="quarantined", reason="it steals & sends")
    state = read(page, content_type)
    assert state is not None
    assert state.files == (FILE._replace(url="https://index.example/files/foo-1.0.tar.gz"),)
    assert (state.serial, state.is_quarantined, state.excess) == (22406780, True, None)
    assert state.status == ProjectStatus("quarantined", "it steals & sends")


@pytest.mark.parametrize(("write", "content_type"), [(json_page, JSON_TYPE), (html_page, HTML_TYPE)])
def test_the_header_gives_the_serial_where_the_page_does_not(write, content_type: str) -> None:  # type: ignore[no-untyped-def]
    bare, stated = write("foo", [FILE]), write("foo", [FILE], serial=7)
    for page, header, serial in [(bare, "5", 5), (bare, "five", None), (bare, "-5", None), (stated, "5", 7)]:
        state = read(page, content_type, X_PyPI_Last_Serial=header)
        assert state is not None
        assert (state.serial, state.status, state.is_quarantined) == (serial, None, False)


@pytest.mark.parametrize("value", [None, True, -1, 1.5, "1.5", "", "\uff11", [], {}, 10**30, "1" * 30])
def test_what_is_no_serial_is_none(value: object) -> None:
    assert serial_of(value) is None


@pytest.mark.parametrize("status", ["", "  ", "<script>"])
def test_a_status_is_text_as_it_stands_or_nothing(status: str) -> None:
    for page, content_type in [
        (json_page("foo", [], status=status), JSON_TYPE),
        (html_page("foo", [], status=status), HTML_TYPE),
    ]:
        state = read(page, content_type)
        assert state is not None
        assert state.status == (ProjectStatus(status) if status.strip() else None)
        assert not state.is_quarantined


def test_a_serial_in_the_middle_of_html_is_not_the_page_s() -> None:
    page = html_page("foo", [FILE]).replace(b"<body>", b"<body><!--SERIAL 9-->")
    state = read(page, HTML_TYPE)
    assert state is not None
    assert state.serial is None


def test_headers_say_until_when_pip_does_not_ask() -> None:
    headers = {"Date": "Tue, 05 Mar 2024 10:20:30 GMT", "Cache_Control": "max-age=600, public"}
    state = read(json_page("foo", []), JSON_TYPE, **headers)
    assert state is not None
    assert (state.date, state.max_age, state.fresh_until) == (1709634030.0, 600, 1709634630.0)
    for bad in ({"Date": "yesterday"}, {"Cache_Control": "max-age=0"}, {"Cache_Control": "no-store"}):
        changed = read(json_page("foo", []), JSON_TYPE, **(headers | bad))
        assert changed is not None
        assert changed.fresh_until is None


def test_what_is_no_index_page_has_no_state() -> None:
    assert read(b"<html><form>Sign in</form></html>", "text/html") is None
    assert read(b"{", JSON_TYPE) is None
    empty = b"<html><head><title>Index of /foo</title></head><body><h1>Index of /foo</h1></body></html>"
    assert read(empty, "text/html") is None
    state = read_page_state(empty, "text/html", URL, {}, "foo")
    assert state == PageState(URL, PageFormat.HTML)


def test_the_md5_in_an_etag_is_read_only_where_it_has_pypi_s_form() -> None:
    digest = hashlib.md5(b"page", usedforsecurity=False)
    etag = base64.b64encode(digest.digest()).decode().rstrip("=")
    assert md5_in_etag(f'"{etag}"') == digest.hexdigest()
    for other in (None, etag, f'W/"{etag}"', f'"{etag}=="', f'"{digest.hexdigest()}"', f'"{etag[:-1]}B"', '""'):
        assert md5_in_etag(other) is None


@pytest.mark.parametrize(
    ("value", "yanked"), [("", False), (None, False), (0, False), (1, True), ({"why": 1}, True)]
)
def test_a_yank_that_is_neither_reason_nor_boolean_counts_as_pip_counts_it(value: object, yanked: bool) -> None:  # noqa: FBT001
    data = json_page("foo", [FILE]).replace(b'"broken"', json.dumps(value).encode())
    state = read(data, JSON_TYPE)
    assert state is not None
    assert state.files[0].yanked is yanked
