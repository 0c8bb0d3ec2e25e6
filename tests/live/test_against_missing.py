"""`refresh --against`: a pinned file that the index no longer lists, and one that it may never have listed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support.archives import build_sdist, build_wheel
from tests.support.index import JSON_PAGE
from tests.support.saved_locks import FORMS, WHEEL, digest, save
from tests.support.shop import add_pages, put_page, refresh
from tests.support.slow import slow_but

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.support.caches import CacheBuilder
    from tests.support.index import Index, _Handler
    from tests.support.program import Program, Ran
    from tests.support.shop import Shop

pytestmark = pytest.mark.usefixtures("home")


def missing(ran: Ran) -> list[tuple[str | None, list[str]]]:
    """The pins that are not listed, by their file names, and the codes of their findings."""
    return [
        (pin["filename"], [finding["code"] for finding in pin["findings"]])
        for pin in ran.document["pins"]
        if not pin["listed"]
    ]


def forget(builder: CacheBuilder) -> None:
    for path in builder.root.rglob("*"):
        if path.is_file():
            path.unlink()


def sums(folder: Path, **files: bytes) -> str:
    path = folder / "SHA256SUMS"
    path.write_text("".join(f"{digest(body)}  {name}\n" for name, body in files.items()), "utf-8")
    return str(path)


@pytest.mark.parametrize("form", slow_but(1, FORMS))
def test_a_file_that_the_page_in_the_cache_lists_and_the_index_does_not(
    shop: Shop, program: Program, builder: CacheBuilder, tmp_path: Path, form: str
) -> None:
    lock = save(form, shop, tmp_path)
    add_pages(shop, builder)
    shop.change("foo", "1.0", file=None)
    shop.projects["foo"].serial += 1
    ran = refresh(program, "--against", lock)
    assert (ran.code, missing(ran)) == (1, [(WHEEL, ["PC711"])])
    text = program("refresh", "--against", lock)
    assert f"withdrawn: {WHEEL}" in text.out
    assert "1 withdrawn" in text.out
    for other in ("markdown", "sarif"):
        assert "PC711" in program("refresh", "--against", lock, "--format", other).out


@pytest.mark.parametrize("form", slow_but(1, FORMS))
def test_a_project_that_is_gone_takes_its_pins_along(
    shop: Shop, program: Program, builder: CacheBuilder, tmp_path: Path, form: str
) -> None:
    lock = save(form, shop, tmp_path)
    add_pages(shop, builder)
    shop.index._projects.pop("/simple/foo/")
    ran = refresh(program, "--against", lock)
    assert ran.code == 1
    assert (WHEEL, ["PC711"]) in missing(ran)
    assert [code for page in ran.document["pages"] for code in codes(page)] == ["PC705"]


def codes(record: dict[str, Any]) -> list[str]:
    return [finding["code"] for finding in record["findings"]]


@pytest.mark.parametrize("form", slow_but(1, FORMS))
def test_pip_has_asked_since_and_every_index_that_pip_searches_is_asked(
    shop: Shop, program: Program, builder: CacheBuilder, tmp_path: Path, form: str
) -> None:
    lock = save(form, shop, tmp_path)
    shop.change("foo", "1.0", file=None)
    add_pages(shop, builder)
    ran = refresh(program, "--against", lock)
    assert (ran.code, missing(ran)) == (1, [(None if form == "requirements" else WHEEL, ["PC711"])])
    # the answer was 304, and is not believed at once either
    asked = [exchange for exchange in shop.index.exchanges if exchange.path == "/simple/foo/"]
    assert [exchange.status for exchange in asked] == [304, 200]
    assert asked[1].headers["cache-control"] == "no-cache"


@pytest.mark.slow
@pytest.mark.parametrize("setting", ["PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS"])
@pytest.mark.parametrize("form", ["sums", "requirements"])
def test_a_file_that_may_have_come_from_elsewhere_is_only_noted(
    shop: Shop,
    program: Program,
    builder: CacheBuilder,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    form: str,
    setting: str,
) -> None:
    lock = save(form, shop, tmp_path)
    shop.change("foo", "1.0", file=None)
    add_pages(shop, builder)
    monkeypatch.setenv(setting, "https://index.example/simple")
    ran = refresh(program, "--against", lock)
    assert (ran.code, missing(ran)) == (0, [(None if form == "requirements" else WHEEL, [])])
    name = "foo 1.0" if form == "requirements" else WHEEL
    assert f"nothing shows that an index listed it once: {name}" in ran.err
    assert refresh(program, "--against", lock, "--complete").code == 3
    by_hand = refresh(program, "foo", "--index-url", shop.index.simple, "--against", lock)
    assert (by_hand.code, codes(by_hand.document["pins"][0])) == (1, ["PC711"])


def test_a_url_at_the_index_is_evidence_whatever_else_pip_searches(
    shop: Shop, program: Program, builder: CacheBuilder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = save("pylock", shop, tmp_path)
    shop.change("foo", "1.0", file=None)
    add_pages(shop, builder)
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", "https://index.example/simple")
    assert missing(refresh(program, "--against", lock)) == [(WHEEL, ["PC711"])]
    # but the host has another index, and the file may be of that
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", f"{shop.index.root}/other/")
    ran = refresh(program, "--against", lock)
    assert (ran.code, missing(ran)) == (0, [(WHEEL, [])])


@pytest.mark.parametrize("is_known", [True, False])
def test_a_file_of_a_folder_that_is_another_index_is_none_of_this(
    live_index: Index,
    program: Program,
    builder: CacheBuilder,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    is_known: bool,  # noqa: FBT001
) -> None:
    body = build_wheel("torch", "2.0")[1]
    project = live_index.add_project("torch", path="/whl/cpu/torch/")
    for name in ("torch-2.0-cp311-none-any.whl", "torch-2.0-cp312-none-any.whl"):
        live_index.add_file(project, name, body, version="2.0", listed_path=f"/whl/cpu/{name}")
    cpu = f"{live_index.root}/whl/cpu/"
    monkeypatch.setenv("PIP_INDEX_URL", cpu)
    put_page(live_index, builder, project.path)
    if is_known:
        monkeypatch.setenv("PIP_EXTRA_INDEX_URL", f"{live_index.root}/whl/cu118/")
    else:
        monkeypatch.setenv("PIP_EXTRA_INDEX_URL", "https://index.example/simple/")
    lock = tmp_path / "pylock.toml"
    lock.write_text(
        'lock-version = "1.0"\ncreated-by = "x"\n[[packages]]\nname = "torch"\nversion = "2.0"\n'
        + "".join(
            f'[[packages.wheels]]\nname = "torch-2.0-{tag}-none-any.whl"\n'
            f'url = "{live_index.root}/whl/{folder}/torch-2.0-{tag}-none-any.whl"\n'
            f'hashes = {{sha256 = "{digest(body)}"}}\n'
            for folder, tag in (("cpu", "cp311"), ("cpu", "cp310"), ("cu118", "cp39"))
        ),
        "utf-8",
    )
    ran = refresh(program, "--against", str(lock))
    assert missing(ran) == [("torch-2.0-cp310-none-any.whl", ["PC711"]), ("torch-2.0-cp39-none-any.whl", [])]


@pytest.mark.slow
def test_what_one_of_two_indexes_lists_is_not_gone(
    shop: Shop,
    live_index: Index,
    program: Program,
    builder: CacheBuilder,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    filename, body = build_wheel("foo", "3.0")
    other = live_index.add_project("foo", path="/other/foo/")
    live_index.add_file(other, filename, body, version="3.0")
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", f"{live_index.root}/other/")
    add_pages(shop, builder)
    put_page(live_index, builder, other.path)
    lock = sums(tmp_path, **{filename: body, WHEEL: shop.projects["foo"].files[0].body})
    ran = refresh(program, "--against", lock)
    assert (ran.code, missing(ran)) == (0, [])
    # and when neither does, it is said once
    other.files.clear()
    forget(builder)
    add_pages(shop, builder)
    put_page(live_index, builder, other.path)
    assert missing(refresh(program, "--against", lock)) == [(filename, ["PC711"])]
    # but not while one does not answer
    live_index.misbehaviour[other.path] = lambda handler: send(handler, b"", "403 Forbidden")
    ran = refresh(program, "--against", lock)
    assert (ran.code, missing(ran)) == (3, [(filename, [])])


def test_a_server_that_is_behind_takes_no_pin_away(
    shop: Shop, program: Program, builder: CacheBuilder, tmp_path: Path
) -> None:
    lock = save("sums", shop, tmp_path)
    add_pages(shop, builder)
    whole = shop.index.answer("/simple/foo/", {"accept": JSON_PAGE})[2]
    cut = whole.replace(WHEEL.encode(), b"foo-1.0-py2-none-any.whl")
    other = whole.replace(digest(shop.projects["foo"].files[0].body).encode(), b"0" * 64)
    for page in (cut, other):
        assert page != whole
        shop.index.misbehaviour["/simple/foo/"] = at_first(page)
        ran = refresh(program, "--against", lock)
        assert missing(ran) == [], ran


def send(handler: _Handler, page: bytes, status: str = "200 OK") -> bool:
    head = f"HTTP/1.1 {status}\r\nContent-Type: {JSON_PAGE}\r\nContent-Length: {len(page)}\r\n\r\n"
    handler.wfile.write(head.encode() + page)
    return True


def at_first(page: bytes) -> Callable[[_Handler], bool]:
    """Answer once with this page."""
    answered: list[bool] = []

    def misbehave(handler: _Handler) -> bool:
        if answered:
            return False
        answered.append(True)
        return send(handler, page)

    return misbehave


@pytest.mark.parametrize("has_sdist", [True, False])
def test_a_wheel_that_somebody_built_is_not_gone(
    shop: Shop,
    program: Program,
    builder: CacheBuilder,
    tmp_path: Path,
    has_sdist: bool,  # noqa: FBT001
) -> None:
    if has_sdist:
        shop.index.add_file(shop.projects["foo"], *build_sdist("foo", "3.0"), version="3.0")
    add_pages(shop, builder)
    filename, body = build_wheel("foo", "3.0")
    lock = sums(tmp_path, **{filename: body})
    ran = refresh(program, "--against", lock)
    assert (ran.code, missing(ran)) == ((0, [(filename, [])]) if has_sdist else (1, [(filename, ["PC711"])]))


def test_a_project_in_quarantine_has_lost_no_file(
    shop: Shop, program: Program, builder: CacheBuilder, tmp_path: Path
) -> None:
    lock = save("sums", shop, tmp_path)
    add_pages(shop, builder)
    page = (
        b'{"meta": {"api-version": "1.4", "_last-serial": 99999999}, "name": "foo", "files": [],'
        b'"versions": [], "project-status": {"status": "quarantined"}}'
    )
    shop.index.misbehaviour["/simple/foo/"] = lambda handler: send(handler, page)
    ran = refresh(program, "--against", lock)
    assert ran.code == 1
    assert ran.document["pins"] == []
    assert "PC706" in [code for record in ran.document["pages"] for code in codes(record)]
