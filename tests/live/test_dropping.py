"""`refresh --drop` and `--drop-withdrawn`: what goes, what stays, and what pip chooses afterwards."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING

import pytest

from tests.support.archives import build_wheel, metadata
from tests.support.caches import look
from tests.support.index import JSON_PAGE, Identity
from tests.support.pips import run_pip
from tests.support.shop import PIPS, add_pages, older, put_page, refresh
from tests.support.slow import slow_except

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.caches import CacheBuilder
    from tests.support.index import Index
    from tests.support.program import Program
    from tests.support.shop import Shop

pytestmark = pytest.mark.usefixtures("home")


def add_release(shop: Shop, name: str, version: str) -> None:
    filename, body = build_wheel(name, version)
    shop.index.add_file(shop.projects[name], filename, body, version=version, metadata=metadata(name, version))
    shop.projects[name].serial += 1


def add_wheels(shop: Shop, builder: CacheBuilder) -> None:
    for name in ("foo", "bar"):
        for file in shop.projects[name].files:
            builder.download(shop.index.root + file.path, file.body)


def removed(document: dict[str, object]) -> list[tuple[str, str, str]]:
    plan = document["plan"]
    assert isinstance(plan, dict)
    return sorted(
        (removal["reason"], removal["detail"], removal["artifact"]["filename"] or removal["artifact"]["project"])
        for removal in plan["removals"]
    )


@pytest.mark.slow
@pytest.mark.pips
@pytest.mark.parametrize("pip", PIPS)
def test_pip_chooses_right_at_once_after_the_outdated_pages_went(
    shop: Shop, builder: CacheBuilder, home: Path, program: Program, pip: str
) -> None:
    shop.fill(builder.root, home, pip)
    add_release(shop, "foo", "3.0")
    before = look(builder.root)
    ran = refresh(program, "--drop", "--yes")
    assert ran.code == 0, ran
    assert removed(ran.document) == [("outdated", "PC702", "foo")]
    after = look(builder.root)
    gone = {path for path in before if path not in after}
    assert {path for path in gone if path in ran.out}
    assert all(after[path] == before[path] for path in after if path in before and path.endswith(".body"))
    out = home / "after"
    arguments = ["download", "--no-deps", "-q", "-d", str(out), "-i", shop.index.simple, "foo"]
    done = run_pip(pip, arguments, cache_dir=builder.root, cwd=home)
    assert done.returncode == 0, done.stderr
    assert [path.name for path in out.iterdir()] == ["foo-3.0-py3-none-any.whl"]
    assert refresh(program).code == 0


@pytest.mark.slow
@pytest.mark.pips
def test_pip_26_chooses_from_the_old_page_while_it_is_fresh(
    filled: Shop, builder: CacheBuilder, home: Path, program: Program
) -> None:
    add_release(filled, "foo", "3.0")
    for version, arguments in (("2.0", []), ("3.0", ["--drop", "--yes"])):
        if arguments:
            assert program("refresh", *arguments).code == 0
        out = home / version
        wanted = ["download", "--no-deps", "-q", "-d", str(out), "-i", filled.index.simple, "foo"]
        done = run_pip("26.3", wanted, cache_dir=builder.root, cwd=home)
        assert done.returncode == 0, done.stderr
        assert [path.name for path in out.iterdir()] == [f"foo-{version}-py3-none-any.whl"]


def test_nothing_goes_where_all_is_current(shop: Shop, program: Program, builder: CacheBuilder) -> None:
    add_pages(shop, builder)
    add_wheels(shop, builder)
    before = look(builder.root)
    ran = program("refresh", "--drop", "--drop-withdrawn", "--yes")
    assert ran.code == 0
    assert ran.out.splitlines()[-1] == "Nothing to remove."
    assert look(builder.root) == before


def test_withdrawn_files_go_with_the_pages_that_list_them_and_yanked_ones_stay(
    shop: Shop, program: Program, builder: CacheBuilder
) -> None:
    add_pages(shop, builder)
    add_wheels(shop, builder)
    file = shop.projects["foo"].files[1]
    builder.download(f"{shop.index.root}{file.path}.metadata", metadata("foo", "2.0"))
    add_release(shop, "bar", "3.0")
    shop.change("foo", "2.0", file=None)
    shop.projects["foo"].serial += 1
    shop.change("foo", "1.0", yanked="bad")
    ran = refresh(program, "--drop-withdrawn", "--yes")
    assert ran.code == 0, ran
    assert removed(ran.document) == [
        ("derived", "metadata of foo-2.0-py3-none-any.whl", "foo-2.0-py3-none-any.whl.metadata"),
        ("outdated", "PC702", "foo"),
        ("withdrawn", "PC711", "foo-2.0-py3-none-any.whl"),
    ]
    assert ran.document["outcome"]["failures"] == []
    left = [artifact["filename"] for artifact in program.artifacts("list", "--kind", "wheel")]
    assert left == ["bar-1.0-py3-none-any.whl", "bar-2.0-py3-none-any.whl", "foo-1.0-py3-none-any.whl"]
    # the page of bar is outdated, and its files are not withdrawn
    assert removed(refresh(program, "--drop", "--yes").document) == [("outdated", "PC702", "bar")]


def test_of_a_project_that_is_gone_all_goes(shop: Shop, program: Program, builder: CacheBuilder) -> None:
    add_pages(shop, builder)
    add_wheels(shop, builder)
    del shop.index._projects["/simple/bar/"]
    ran = refresh(program, "--drop", "--drop-withdrawn", "--yes")
    assert {reason[:2] for reason in removed(ran.document)} == {("outdated", "PC705"), ("withdrawn", "PC711")}
    assert program("list", "bar").code == 0
    assert program.artifacts("list", "bar") == []


@pytest.mark.parametrize("still_lists", [False, True], ids=["no files", "the files"])
@pytest.mark.parametrize("html", slow_except({False}, (True, False)), ids=["HTML", "JSON"])
@pytest.mark.parametrize("reason", slow_except({"malware \x1b[31m"}, (None, "malware \x1b[31m")))
def test_of_a_project_in_quarantine_all_goes(
    shop: Shop,
    program: Program,
    builder: CacheBuilder,
    still_lists: bool,  # noqa: FBT001
    html: bool,  # noqa: FBT001
    reason: str | None,
) -> None:
    project = shop.projects["foo"]
    project.html = html
    add_pages(shop, builder)
    add_wheels(shop, builder)
    project.status, project.reason = "quarantined", reason
    project.serial += 1
    if not still_lists:
        project.files.clear()
    ran = program("refresh")
    assert ran.code == 1
    assert "PC706 The index has put the project in quarantine." in ran.out
    assert "\x1b" not in ran.out
    ran = refresh(program, "--drop-withdrawn", "--yes")
    assert ran.code == 0
    assert removed(ran.document) == [
        *([] if still_lists else [("outdated", "PC702", "foo")]),
        ("withdrawn", "PC706", "foo-1.0-py3-none-any.whl"),
        ("withdrawn", "PC706", "foo-2.0-py3-none-any.whl"),
    ]
    (page,) = [page for page in ran.document["pages"] if page["project"] == "foo"]
    assert page["project_status"] == "quarantined"
    left = [artifact["filename"] for artifact in program.artifacts("list", "--kind", "wheel")]
    assert left == ["bar-1.0-py3-none-any.whl", "bar-2.0-py3-none-any.whl"]


def test_of_a_project_whose_quarantine_is_in_the_cached_page_all_goes_too(
    shop: Shop, program: Program, builder: CacheBuilder
) -> None:
    add_wheels(shop, builder)
    shop.projects["foo"].status = "quarantined"
    add_pages(shop, builder)
    ran = refresh(program, "foo", "--drop-withdrawn", "--yes")
    assert {asked["http_status"] for asked in ran.document["asked"]} == {304}
    assert [detail for _, detail, _ in removed(ran.document)] == ["PC706", "PC706"]


@pytest.mark.parametrize("status", ["active", "archived", "deprecated", "of-a-later-pep"])
def test_any_other_status_takes_nothing_away(
    shop: Shop, program: Program, builder: CacheBuilder, status: str
) -> None:
    add_pages(shop, builder)
    add_wheels(shop, builder)
    shop.projects["foo"].status, shop.projects["foo"].reason = status, "see bar"
    shop.projects["foo"].serial += 1
    ran = refresh(program, "--drop", "--drop-withdrawn", "--yes")
    assert (ran.code, removed(ran.document)) == (0, [])
    assert (f"the project is {status}: see bar" in ran.err) == (status != "active")


@pytest.mark.parametrize("better", ["http-v2", "http", "neither"])
def test_of_two_stores_the_page_goes_that_is_not_current(
    shop: Shop, program: Program, builder: CacheBuilder, better: str
) -> None:
    for store in sorted(["http-v2", "http"], key=lambda store: store == better):
        if store == better:
            add_release(shop, "foo", "3.0")
        put_page(shop.index, builder, "/simple/foo/", is_legacy=store == "http")
    if better == "neither":
        add_release(shop, "foo", "3.0")
    ran = refresh(program, "--drop", "--yes")
    assert ran.code == 0
    plan = ran.document["plan"]["removals"]
    stores = sorted(removal["artifact"]["store"] for removal in plan)
    assert stores == sorted({"http-v2", "http"} - {better})
    assert {removal["detail"] for removal in plan} == {"PC702"}
    assert refresh(program).code == 0
    left = [artifact["store"] for artifact in program.artifacts("list", "--all")]
    assert left == ([] if better == "neither" else [better])


def test_of_two_stores_both_copies_of_a_withdrawn_file_go(
    shop: Shop, program: Program, builder: CacheBuilder
) -> None:
    for legacy in (False, True):
        put_page(shop.index, builder, "/simple/foo/", is_legacy=legacy)
        for file in shop.projects["foo"].files:
            (builder.legacy if legacy else builder.download)(shop.index.root + file.path, file.body)
    shop.change("foo", "2.0", file=None)
    shop.projects["foo"].serial += 1
    ran = refresh(program, "--drop-withdrawn", "--yes")
    assert ran.code == 0
    assert removed(ran.document) == [
        *[("outdated", "PC702", "foo")] * 2,
        *[("withdrawn", "PC711", "foo-2.0-py3-none-any.whl")] * 2,
    ]


@pytest.mark.slow
@pytest.mark.parametrize("change", ["other bytes", "yanked", "gone"])
@pytest.mark.parametrize("folder", ["/packages/other", "/whl/two"])
def test_a_file_of_another_index_of_the_host_whose_page_is_not_here_is_left_alone(
    live_index: Index,
    program: Program,
    builder: CacheBuilder,
    monkeypatch: pytest.MonkeyPatch,
    folder: str,
    change: str,
) -> None:
    filename, body = build_wheel("torch", "2.0")
    project = live_index.add_project("torch", path="/whl/one/torch/")
    other = build_wheel("torch", "2.0", members={"torch/one.py": b""})[1]
    for name in (filename, "torch-2.0-cp311-none-any.whl"):
        live_index.add_file(project, name, other, version="2.0", listed_path=f"/whl/one/{name}")
    monkeypatch.setenv("PIP_INDEX_URL", f"{live_index.root}/whl/one/")
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", f"{live_index.root}/whl/two/")
    put_page(live_index, builder, project.path)
    url = live_index.add_raw(f"{folder}/{filename}", body, Identity("wheel"))
    live_index.add_project("helper", path="/whl/two/helper/")
    builder.download(url, body)
    lock = {"filename": filename, "url": url, "hashes": {}}
    page = json.dumps({"meta": {"api-version": "1.1"}, "name": "helper", "files": [lock]}).encode()
    builder.download(f"{live_index.root}/whl/two/helper/", page, headers={"Content-Type": JSON_PAGE})
    (named,) = [place for place, file in enumerate(project.files) if file.filename == filename]
    fields = {field: getattr(project.files[named], field) for field in project.files[named].__slots__}
    if change == "gone":
        del project.files[named]
    else:
        project.files[named] = type(project.files[named])(
            **fields | ({"yanked": "bad"} if change == "yanked" else {})
        )
    project.serial += 1
    ran = refresh(program, "torch", "--drop-withdrawn", "--yes")
    assert [question["project"] for question in ran.document["questions"]] == ["torch"]
    (file,) = ran.document["files"]
    assert (file["filename"], file["findings"], file["listed"]) == (filename, [], False)
    assert [what for what in removed(ran.document) if what[0] == "withdrawn"] == []


@pytest.mark.slow
def test_a_file_that_was_replaced_before_pip_asked_again_is_told_and_stays(
    live_index: Index, program: Program, builder: CacheBuilder
) -> None:
    # the page in the cache lists the new file already, and nothing proves where the old one came from
    project = live_index.add_project("foo")
    filename, body = build_wheel("foo", "1.0")
    old = live_index.add_file(project, filename, body, version="1.0")
    project.files.clear()
    live_index.add_file(project, filename, body + b" ", version="1.0")
    put_page(live_index, builder, project.path)
    builder.download(old, body)
    helper = json.dumps({"meta": {}, "name": "bar", "files": [{"filename": filename, "url": old, "hashes": {}}]})
    builder.download(f"{live_index.simple}bar/", helper.encode(), headers={"Content-Type": JSON_PAGE})
    ran = refresh(program, "foo")
    assert [finding["code"] for finding in ran.document["files"][0]["findings"]] == ["PC713"]
    ran = refresh(program, "foo", "--drop-withdrawn", "--yes")
    assert removed(ran.document) == []
    assert "1 file withdrawn, kept: nothing proves that the index had this file." in ran.err


def test_a_dry_run_sends_nothing_and_removes_nothing(shop: Shop, program: Program, builder: CacheBuilder) -> None:
    add_pages(shop, builder)
    add_release(shop, "foo", "3.0")
    before = look(builder.root)
    ran = program("refresh", "--drop", "--dry-run")
    assert ran.code == 0
    assert "Nothing was sent: this is a dry run." in ran.out
    assert "What would be is known when the indexes have answered" in ran.err
    assert shop.index.connections == 0
    document = refresh(program, "--drop", "--dry-run").document
    assert (document["plan"], document["outcome"]) == (None, None)
    assert look(builder.root) == before
    (page,) = [page for page in refresh(program).document["pages"] if page["outdated"]]
    assert page["project"] == "foo"


def test_without_a_question_nobody_is_asked_and_a_no_removes_nothing(
    shop: Shop, program: Program, builder: CacheBuilder, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_pages(shop, builder)
    add_release(shop, "foo", "3.0")
    before = look(builder.root)
    for arguments in (["--drop"], ["--drop-withdrawn"], ["--drop", "--format", "json"]):
        ran = program("refresh", *arguments)
        assert ran.code == 2
        assert "add --yes" in ran.err + ran.out
    assert shop.index.connections == 0
    monkeypatch.setattr("pipcache.cli.consent.is_terminal", lambda _stream: True)
    monkeypatch.setattr("sys.stdin", io.StringIO("no\n"))
    ran = program("refresh", "--drop")
    assert ran.code == 2
    assert "PC702" in ran.out
    assert "Nothing was removed." in ran.err
    assert look(builder.root) == before


def test_an_unanswered_index_loses_no_page(shop: Shop, program: Program, builder: CacheBuilder) -> None:
    add_pages(shop, builder)
    shop.index.down = True
    before = look(builder.root)
    ran = refresh(program, "--drop", "--drop-withdrawn", "--yes")
    assert (ran.code, removed(ran.document)) == (3, [])
    assert look(builder.root) == before


def test_a_page_that_is_newer_than_the_index_s_stays(
    shop: Shop, program: Program, builder: CacheBuilder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipcache.live.refresh._PAUSE", 0.1)
    add_pages(shop, builder)
    older(shop, 2)
    ran = refresh(program, "--drop", "--drop-withdrawn", "--yes")
    assert "PC703" in json.dumps(ran.document["pages"])
    assert removed(ran.document) == []


def test_what_the_filters_leave_out_stays_and_that_is_told(
    shop: Shop, program: Program, builder: CacheBuilder
) -> None:
    add_pages(shop, builder)
    add_wheels(shop, builder)
    add_release(shop, "foo", "3.0")
    ran = refresh(program, "--drop", "--kind", "wheel", "--yes")
    assert removed(ran.document) == []
    assert "1 page not current, kept: the filters leave it out." in ran.err
    assert removed(refresh(program, "--drop", "foo", "--yes").document) == [("outdated", "PC702", "foo")]


def test_an_index_that_is_named_drops_no_file_of_another(
    shop: Shop, program: Program, builder: CacheBuilder
) -> None:
    add_pages(shop, builder)
    add_wheels(shop, builder)
    filename, body = build_wheel("foo", "1.0")
    builder.download(f"https://private.example/{filename}", body + b" ")
    shop.change("foo", "2.0", file=None)
    shop.projects["foo"].serial += 1
    ran = refresh(program, "foo", "--index-url", shop.index.simple, "--drop-withdrawn", "--yes")
    assert removed(ran.document) == [
        ("outdated", "PC702", "foo"),
        ("withdrawn", "PC711", "foo-2.0-py3-none-any.whl"),
    ]
    reported = [file["filename"] for file in ran.document["files"] if file["withdrawn"]]
    assert sorted(reported) == ["foo-1.0-py3-none-any.whl", "foo-2.0-py3-none-any.whl"]
