"""`refresh --drop` and `--drop-withdrawn`: what goes, what stays, and what pip chooses afterwards."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING

import pytest

from tests.support.archives import build_wheel, metadata
from tests.support.caches import look
from tests.support.pips import run_pip
from tests.support.shop import PIPS, add_pages, older, refresh
from tests.support.slow import slow_except

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.caches import CacheBuilder
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


@pytest.mark.pips
@pytest.mark.parametrize("pip", slow_except({"23.2.1", "26.3"}, PIPS))
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


def test_of_a_project_that_is_gone_and_of_one_in_quarantine_all_goes(
    shop: Shop, program: Program, builder: CacheBuilder
) -> None:
    add_pages(shop, builder)
    add_wheels(shop, builder)
    del shop.index._projects["/simple/bar/"]
    ran = refresh(program, "--drop", "--drop-withdrawn", "--yes")
    assert {reason[:2] for reason in removed(ran.document)} == {("outdated", "PC705"), ("withdrawn", "PC711")}
    assert program("list", "bar").code == 0
    assert program.artifacts("list", "bar") == []


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
    monkeypatch.setattr("pipcache.cli.remove.is_terminal", lambda _stream: True)
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
