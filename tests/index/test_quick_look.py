"""A page that is not read for what it says of a file says nothing special of it, whoever wrote the page."""

from __future__ import annotations

import json

import pytest
from hypothesis import example, given, settings, strategies as st

from pipcache.index.page import parse_page
from pipcache.index.quick_look import says_nothing_of
from pipcache.index.rows import PageFile
from tests.support.index_pages import HTML_TYPE, JSON_TYPE, html_page, json_page

laws = settings(deadline=None, derandomize=True)

FILES = "https://files.example/"

files = st.lists(
    st.builds(
        lambda version, yanked, end: PageFile(
            f"foo-{version}{end}", f"{FILES}foo-{version}{end}", (("sha256", "ab" * 32),), yanked=yanked
        ),
        st.sampled_from(["1.0", "1", "2.0"]),
        st.sampled_from([False, False, True, "broken", '"yanked": false']),
        st.sampled_from([".tar.gz", ".zip", "-py3-none-any.whl"]),
    ),
    max_size=5,
)


@laws
@given(files, st.sampled_from([None, "active", "archived", "quarantined"]), st.booleans(), st.data())
def test_what_is_passed_over_is_listed_and_not_yanked(
    listed: list[PageFile],
    status: str | None,
    is_html: bool,  # noqa: FBT001
    data: st.DataObject,
) -> None:
    page = (html_page if is_html else json_page)("foo", listed, status=status)
    url = data.draw(st.sampled_from([f"{FILES}foo-1.0.tar.gz", f"{FILES}foo-1.0", *(file.url for file in listed)]))
    if not says_nothing_of(page, [url]):
        return
    read = parse_page(page, HTML_TYPE if is_html else JSON_TYPE)
    assert read is not None
    assert [file.yanked for file in read.files if file.url == url] == [False]
    assert read.status is None or read.status.status == "active"


def plain(*, is_html: bool) -> bytes:
    rows = [
        PageFile(f"foo-{number}.0.zip", f"{FILES}foo-{number}.0.zip", yanked=number == 3) for number in range(9)
    ]
    return (html_page if is_html else json_page)("foo", rows, status="active")


@pytest.mark.parametrize("is_html", [False, True])
def test_a_page_with_a_yanked_file_need_not_be_read_for_the_others(is_html: bool) -> None:  # noqa: FBT001
    page = plain(is_html=is_html)
    assert [says_nothing_of(page, [f"{FILES}foo-{number}.0.zip"]) for number in (0, 3, 6, 8)] == [
        True, False, True, True,
    ]  # fmt: skip
    assert says_nothing_of(page, [])
    assert not says_nothing_of(page, [f"{FILES}foo-0.0.zip", f"{FILES}foo-3.0.zip"])


@laws
@given(st.permutations(["filename", "url", "yanked", "hashes", "size"]), st.integers(0, 2))
@example(["yanked", "filename", "url", "hashes", "size"], 0)
def test_the_order_of_keys_does_not_hide_a_yank(keys: list[str], place: int) -> None:
    rows = []
    for number in range(3):
        name = f"foo-{number}.0.zip"
        values = {"filename": name, "url": FILES + name, "yanked": number == place, "hashes": {}, "size": 3}
        rows.append({key: values[key] for key in keys})
    page = json.dumps({"meta": {"api-version": "1.1"}, "name": "foo", "files": rows}).encode()
    assert not says_nothing_of(page, [f"{FILES}foo-{place}.0.zip"])


def test_a_row_that_has_a_key_twice_is_read() -> None:
    row = b'{"yanked": true, "filename": "foo-1.0.zip", "filename": "foo-1.0.zip", "url": "%sfoo-1.0.zip"}'
    page = b'{"meta": {}, "name": "foo", "files": [%s]}' % (row % FILES.encode())
    assert not says_nothing_of(page, [f"{FILES}foo-1.0.zip"])
