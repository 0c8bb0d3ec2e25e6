"""How much of a page is read: as much as any real page has. What is over it is an excess, and is not dropped."""

from __future__ import annotations

import json

import pytest

from pipcache.index import anchors, rows
from pipcache.index.page import parse_page
from pipcache.index.rows import page_rows
from pipcache.util import untrusted
from pipcache.util.filenames import normalise, parse_filename
from pipcache.util.urls import PAGE_BASES
from pipcache.verify import page as verified_page
from tests.support import caches
from tests.support.caches import CacheBuilder
from tests.support.program import Program

HTML = "text/html"
JSON = "application/vnd.pypi.simple.v1+json"
ROW = '<a href="foo-1.0.tar.gz">foo</a>\n'
TITLE = "<!DOCTYPE html><html><head><title>Links for foo</title></head><body>\n"


def html_page(count: int, row: str = ROW) -> bytes:
    return (TITLE + row * count + "</body></html>").encode()


def json_page(count: int, **more: object) -> bytes:
    row = {"url": "foo-1.0.tar.gz", "filename": "foo-1.0.tar.gz"}
    return json.dumps({"meta": {}, "name": "foo", "files": [row] * count, **more}).encode()


@pytest.mark.parametrize(("build", "kind"), [(html_page, HTML), (json_page, JSON)])
def test_rows_just_under_the_budget_are_read_and_the_next_is_not(
    monkeypatch: pytest.MonkeyPatch, build: type, kind: str
) -> None:
    monkeypatch.setattr(rows, "MOST_ROWS", 100)
    page = page_rows(build(100), kind)
    assert page is not None
    assert (len(list(page.rows)), page.is_cut, page.excess) == (100, False, None)
    page = page_rows(build(101), kind)
    assert page is not None
    assert (len(list(page.rows)), page.is_cut, page.excess) == (100, True, "too much in it: more than 100 rows")


@pytest.mark.parametrize("row", ["<b>", "<!-- -->", "< ", "</b>", "<script>x</script>"])
def test_tags_between_rows_are_counted_too(monkeypatch: pytest.MonkeyPatch, row: str) -> None:
    monkeypatch.setattr(anchors, "MOST_TAGS", 100)
    assert list(anchors.find_anchors(row * 99 + ROW.partition("</a>")[0])) == [("foo-1.0.tar.gz", "")]
    assert list(anchors.find_anchors(row * 100)) == []
    assert list(anchors.find_anchors(row * 100 + ROW)) == [None]


def test_parts_of_json_over_the_budget_make_no_other_document_of_a_page(monkeypatch: pytest.MonkeyPatch) -> None:
    data = json_page(1, more=[[]] * 100)
    parts = max(data.count(b","), data.count(b"[") + data.count(b"{"))
    monkeypatch.setattr(untrusted, "MOST_PARTS", parts)
    page = parse_page(data, JSON)
    assert page is not None
    assert (len(page.files), page.is_cut, page.excess) == (1, False, None)
    monkeypatch.setattr(untrusted, "MOST_PARTS", parts - 1)
    page = parse_page(data, JSON)
    assert page is not None
    assert (page.files, page.is_cut) == ((), True)
    assert page.excess is not None
    assert page.excess.startswith("too much in it: ")


@pytest.mark.parametrize(("build", "kind"), [(html_page, HTML), (json_page, JSON)])
@pytest.mark.parametrize("is_coded", [False, True])
@pytest.mark.parametrize("most", [2_000, pytest.param(rows.MOST_ROWS, marks=pytest.mark.slow)])
def test_a_page_over_the_budget_is_unreadable_and_the_run_goes_on(
    builder: CacheBuilder,
    program: Program,
    monkeypatch: pytest.MonkeyPatch,
    build: type,
    kind: str,
    *,
    is_coded: bool,
    most: int,
) -> None:
    monkeypatch.setattr(rows, "MOST_ROWS", most)
    # verify opens a page for its rows where that many have room in its bytes
    monkeypatch.setattr(verified_page, "_LARGE", most * len("href="))
    monkeypatch.setattr(verified_page, "_MANY_PARTS", most)
    data = build(most + 1)
    headers = {"Content-Type": kind} | ({} if is_coded else {"Content-Length": str(len(data))})
    builder.download(f"{PAGE_BASES[0]}foo/", data, headers=caches.FILE_HEADERS | headers)
    builder.download(f"{PAGE_BASES[0]}bar/", html_page(1).replace(b"foo", b"bar"), headers=caches.FILE_HEADERS)
    ran = program("verify", "--format", "json")
    assert ran.code == 3
    judged = {row["artifact"]["project"]: row for row in ran.document["judgements"]}
    assert judged["foo"]["verdict"] == "unreadable"
    assert judged["foo"]["problem"] == f"too much in it: more than {most:,} rows"
    assert judged["bar"]["verdict"] == "intact"
    ran = program("audit", "foo==9.0", "--format", "json")
    assert ran.code == 3
    why = [row["why"] for row in ran.document["caches"][0]["unjudged"]]
    assert why == [f"too much in it: more than {most:,} rows"]
    assert program("list", "--all").code == 0


DEEP = b'{"meta": {}, "name": "foo", "files": [], "more": ' + b"[" * 50_000 + b"]" * 50_000 + b"}"
MANY_DIGESTS = json_page(0).replace(
    b"[]", json.dumps([{"url": "foo-1.0.tar.gz", "hashes": {f"h{n}": "0" * 8 for n in range(101)}}]).encode()
)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (DEEP, "too much in it: its JSON is nested too deeply"),
        (MANY_DIGESTS, "too much in it: more than 100 digests of a file"),
    ],
)
def test_json_of_pages_with_whole_ends_is_counted_too(
    builder: CacheBuilder, program: Program, data: bytes, reason: str
) -> None:
    headers = caches.FILE_HEADERS | {"Content-Type": JSON, "Content-Length": str(len(data))}
    builder.download(f"{PAGE_BASES[0]}foo/", data, headers=headers)
    ran = program("verify", "--format", "json")
    assert (ran.code, ran.document["judgements"][0]["problem"]) == (3, reason)
    assert program("audit", "foo==9.0").code == 3


@pytest.mark.parametrize("at", [b'"files"', b'"url"', b'"filename"'])
def test_json_that_is_broken_in_its_middle_is_damaged(builder: CacheBuilder, program: Program, at: bytes) -> None:
    data = json_page(20)
    place = data.index(at, len(data) // 3) if data.count(at) > 1 else data.index(at)
    data = data[:place] + b"?" + data[place + 1 :]
    headers = caches.FILE_HEADERS | {"Content-Type": JSON, "Content-Length": str(len(data))}
    builder.download(f"{PAGE_BASES[0]}foo/", data, headers=headers)
    ran = program("verify", "--format", "json")
    (judgement,) = ran.document["judgements"]
    assert (ran.code, judgement["verdict"], judgement["findings"][0]["code"]) == (1, "damaged", "PC107")


@pytest.mark.slow
def test_a_page_of_thirty_thousand_files_is_no_excess(builder: CacheBuilder, program: Program) -> None:
    rows_ = "".join(
        f'<a href="foo-1.{n}.tar.gz#sha256={n:064x}">foo-1.{n}.tar.gz</a><br />\n' for n in range(30_000)
    )
    headers = caches.FILE_HEADERS | {"Content-Type": HTML}
    builder.download(f"{PAGE_BASES[0]}foo/", html_page(1, rows_), headers=headers)
    assert program("verify").code == 0
    assert program("audit", "foo==9.0").code == 0
    assert program("audit", "foo==1.29999").code == 1


@pytest.mark.parametrize("dash", ["-", "-a", "-.-", "--"])
def test_a_name_of_many_dashes_is_normalised_twice_for_a_run(monkeypatch: pytest.MonkeyPatch, dash: str) -> None:
    calls: list[str] = []

    def count(name: str) -> str:
        calls.append(name)
        return normalise(name)

    monkeypatch.setattr("pipcache.util.filenames.normalise", count)
    parsed = parse_filename(f"foo{dash * 50_000}-1.0.tar.gz", "foo-b")
    assert parsed is not None
    assert parsed.version == "1.0"
    assert sum(map(len, calls)) < 200


@pytest.mark.parametrize(
    ("stem", "project"),
    [
        ("f--------oo-1.0", "f-oo"),
        ("f-_.oo--1.0", "f-oo"),
        ("foo--1.0", "foo-"),
        ("-foo-1.0", "-foo"),
        ("İ-1.0", "i̇"),
        ("a.b_c-d-1.0", "a-b-c-d"),
        ("--x-1", "-"),
        ("x", "x"),
        ("-1.0", ""),
    ],
)
def test_a_name_is_split_where_pip_splits_it(stem: str, project: str) -> None:
    dashes = [at for at, character in enumerate(stem) if character == "-"]
    first = next((at for at in dashes if normalise(stem[:at]) == project), None)
    parsed = parse_filename(f"{stem}.tar.gz", project)
    assert parsed is not None
    if first is not None:
        assert (parsed.project, parsed.version) == (stem[:first], stem[first + 1 :])


def test_digests_and_character_references_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    for count, excess in ((100, None), (101, "too much in it: more than 100 digests of a file")):
        row = {"url": "foo-1.0.tar.gz", "hashes": {f"a{n}": f"{n:08x}" for n in range(count)}}
        page = parse_page(json.dumps({"meta": {}, "name": "foo", "files": [row]}).encode(), JSON)
        assert page is not None
        assert page.excess == excess
    monkeypatch.setattr(rows, "MOST_REFERENCES", 100)
    for count, excess in ((100, None), (101, "too much in it: more than 100 character references")):
        page = parse_page(html_page(1, f'<a href="foo-1.0.tar.gz">{"&amp;" * count}</a>'), HTML)
        assert page is not None
        assert page.excess == excess
