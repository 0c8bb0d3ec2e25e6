"""What must not be taken for a change: another index of the same host, an answer that was cut, a server behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.archives import build_wheel
from tests.support.index import JSON_PAGE
from tests.support.shop import add_pages, put_page, refresh

if TYPE_CHECKING:
    from tests.support.caches import CacheBuilder
    from tests.support.index import Index, _Handler
    from tests.support.program import Program
    from tests.support.shop import Shop

pytestmark = pytest.mark.usefixtures("home")


def codes(document: dict[str, list[dict[str, list[dict[str, str]]]]], of: str) -> list[str]:
    return [finding["code"] for record in document[of] for finding in record["findings"]]


@pytest.mark.parametrize("order", [("one", "two"), ("two", "one")])
@pytest.mark.parametrize("local", [True, False], ids=["other names", "same names"])
def test_two_indexes_of_one_host_know_their_own_files(
    live_index: Index,
    builder: CacheBuilder,
    program: Program,
    monkeypatch: pytest.MonkeyPatch,
    order: tuple[str, str],
    local: bool,  # noqa: FBT001
) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", f"{live_index.root}/whl/one/")
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", f"{live_index.root}/whl/two/")
    for name in order:
        version = f"2.0+{name}" if local else "2.0"
        filename, body = build_wheel("torch", version, members={f"torch/{name}.py": b""})
        url = live_index.add_file(
            live_index.add_project("torch", path=f"/whl/{name}/torch/"), filename, body, version=version
        )
        put_page(live_index, builder, f"/whl/{name}/torch/")
        builder.download(url, body)
    ran = refresh(program)
    assert (ran.code, codes(ran.document, "files")) == (0, []), ran
    assert sorted(file["index"][-4:-1] for file in ran.document["files"]) == ["one", "two"]
    assert [file["confirmed"] for file in ran.document["files"]] == [True, True]
    # and what one of them withdraws is seen
    live_index.add_project("torch", path="/whl/two/torch/").serial += 1
    ran = refresh(program, "--drop-withdrawn", "--yes")
    gone = [removal["artifact"] for removal in ran.document["plan"]["removals"]]
    assert sorted(artifact["kind"] for artifact in gone) == ["page", "wheel"]
    assert [file["index"][-4:-1] for file in ran.document["files"] if file["withdrawn"]] == ["two"]


def test_a_file_of_an_index_whose_page_is_not_here_is_not_called_withdrawn(
    live_index: Index, builder: CacheBuilder, program: Program
) -> None:
    staging = live_index.add_project("foo", path="/staging/foo/")
    live = live_index.add_project("foo")
    live_index.add_file(live, *build_wheel("foo", "1.0"), version="1.0")
    filename, body = build_wheel("foo", "2.0rc1")
    url = live_index.add_file(staging, filename, body, version="2.0rc1")
    for project in (live, staging):
        put_page(live_index, builder, project.path)
    builder.download(url, body)  # of the index that no setting names
    ran = refresh(program)
    assert (ran.code, codes(ran.document, "files")) == (0, []), ran
    assert [file["listed"] for file in ran.document["files"]] == [False]


@pytest.mark.parametrize("is_html", [True, False], ids=["HTML", "JSON"])
@pytest.mark.parametrize("is_coded", [True, False], ids=["gzip", "identity"])
@pytest.mark.parametrize("framing", ["Connection: close", "Transfer-Encoding: chunked", "Content-Length: "])
def test_a_page_that_is_cut_takes_no_file_away_and_is_not_kept(
    live_index: Index,
    builder: CacheBuilder,
    program: Program,
    framing: str,
    is_html: bool,  # noqa: FBT001
    is_coded: bool,  # noqa: FBT001
) -> None:
    project = live_index.add_project("foo", html=is_html, gzip=is_coded)
    for number in range(11):
        live_index.add_file(project, *build_wheel("foo", f"{number}.0"), version=f"{number}.0")
    filename, body = build_wheel("foo", "11.0")
    url = live_index.add_file(project, filename, body, version="11.0")
    put_page(live_index, builder, project.path)
    builder.download(url, body)
    live_index.add_file(project, *build_wheel("foo", "12.0"), version="12.0")
    project.serial += 1
    asked = 0

    def cut(handler: _Handler) -> bool:
        nonlocal asked
        asked += 1
        if asked > 1:
            return False
        lowered = {name.lower(): value for name, value in handler.headers.items()}
        _, headers, page, _ = live_index.answer(project.path, lowered)
        half = page[: len(page) * 2 // 3]
        if is_html and not is_coded:
            half = half[: half.rindex(b"<a")]
        end = framing + str(len(page)) if framing.endswith(" ") else framing
        head = "\r\n".join(
            ["HTTP/1.1 200 OK", *(f"{name}: {text}" for name, text in headers.items()), end, "", ""]
        )
        chunk = f"{len(half):x}\r\n".encode() if "chunked" in framing else b""
        handler.wfile.write(head.encode() + chunk + half)
        return True

    live_index.misbehaviour[project.path] = cut
    assert codes(refresh(program).document, "files") == []
    ran = refresh(program)
    assert (ran.code, codes(ran.document, "pages"), codes(ran.document, "files")) == (1, ["PC702"], [])


def test_a_server_that_does_not_know_the_project_yet_takes_nothing_away(
    shop: Shop, builder: CacheBuilder, program: Program
) -> None:
    add_pages(shop, builder)
    asked: list[str] = []

    def missing(handler: _Handler) -> bool:
        asked.append(handler.headers["Cache-Control"])
        if len(asked) > 1:
            return False
        handler.wfile.write(b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n")
        return True

    shop.index.misbehaviour["/simple/foo/"] = missing
    ran = refresh(program, "foo")
    assert (ran.code, asked) == (0, ["max-age=0", "no-cache"]), ran


def test_an_answer_whose_date_is_none_is_an_answer(shop: Shop, builder: CacheBuilder, program: Program) -> None:
    add_pages(shop, builder)
    _, headers, body, _ = shop.index.answer("/simple/foo/", {"accept": JSON_PAGE})
    fields = "".join(f"{name}: {text}\r\n" for name, text in headers.items() if name != "ETag")

    def misdate(handler: _Handler) -> bool:
        head = f"HTTP/1.1 200 OK\r\nDate: yesterday\r\n{fields}Content-Length: {len(body)}\r\n\r\n"
        handler.wfile.write(head.encode() + body)
        return True

    shop.index.misbehaviour["/simple/foo/"] = misdate
    assert refresh(program, "foo").code == 0
