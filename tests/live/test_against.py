"""`refresh --against`: a replacement that the cache alone cannot notice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.archives import build_wheel
from tests.support.caches import look
from tests.support.saved_locks import FORMS, WHEEL, digest, save
from tests.support.shop import add_pages, refresh
from tests.support.slow import slow_but

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.caches import CacheBuilder
    from tests.support.program import Program
    from tests.support.shop import Shop

pytestmark = pytest.mark.usefixtures("home")


@pytest.mark.parametrize("form", slow_but(1, FORMS))
def test_a_replacement_that_the_cached_page_has_too_is_noticed(
    shop: Shop, program: Program, builder: CacheBuilder, tmp_path: Path, form: str
) -> None:
    lock = save(form, shop, tmp_path)
    add_pages(shop, builder)
    ran = refresh(program, "--against", lock)
    assert ran.code == 0, ran
    assert {pin["listed"] for pin in ran.document["pins"]} == {True}
    body = build_wheel("foo", "1.0")[1] + b" "
    shop.change("foo", "1.0", body=body)
    for path in builder.root.rglob("*"):
        if path.is_file():
            path.unlink()
    add_pages(shop, builder)  # pip has asked since: page and index agree
    assert refresh(program).code == 0
    before = look(builder.root)
    ran = refresh(program, "--against", lock)
    assert ran.code == 1
    (pin,) = [pin for pin in ran.document["pins"] if not pin["listed"]]
    (finding,) = pin["findings"]
    assert (finding["code"], finding["by"]) == ("PC713", lock)
    assert digest(body) in finding["actual"]
    assert pin["filename"] == (None if form == "requirements" else WHEEL)
    text = program("refresh", "--against", lock)
    assert text.code == 1
    assert "PC713" in text.out
    assert f"by {lock}" in text.out
    assert look(builder.root) == before


def test_a_requirement_s_file_is_named_by_the_page_in_the_cache(
    shop: Shop, program: Program, builder: CacheBuilder, tmp_path: Path
) -> None:
    lock = save("requirements", shop, tmp_path)
    add_pages(shop, builder)
    shop.change("foo", "1.0", body=build_wheel("foo", "1.0")[1] + b" ")
    shop.projects["foo"].serial += 1
    ran = refresh(program, "--against", lock)
    assert [pin["filename"] for pin in ran.document["pins"]] == [WHEEL]
    assert ran.code == 1


@pytest.mark.parametrize("form", FORMS)
def test_what_the_lock_and_the_index_agree_about_is_quiet(
    shop: Shop, program: Program, builder: CacheBuilder, tmp_path: Path, form: str
) -> None:
    lock = save(form, shop, tmp_path)
    add_pages(shop, builder)
    ran = refresh(program, "--against", lock)
    assert {pin["listed"] for pin in ran.document["pins"]} == {True}
    assert ran.code == 0
    assert len(shop.index.exchanges) == 3  # and no index is asked once more


def test_a_file_of_another_index_and_a_wheel_that_was_built_here_are_not_replaced(
    shop: Shop, program: Program, builder: CacheBuilder, tmp_path: Path
) -> None:
    add_pages(shop, builder)
    body = build_wheel("foo", "1.0")[1] + b" "
    other = tmp_path / "pylock.toml"
    other.write_text(
        'lock-version = "1.0"\ncreated-by = "x"\n[[packages]]\nname = "foo"\nversion = "1.0"\n'
        f'[[packages.wheels]]\nname = "{WHEEL}"\nurl = "https://files.example/{WHEEL}"\n'
        f'hashes = {{sha256 = "{digest(body)}"}}\n',
        "utf-8",
    )
    assert refresh(program, "--against", str(other)).code == 0
    info = {"hash": f"sha256={'1' * 64}", "hashes": {"sha256": "1" * 64}}
    builder.built({"url": f"{shop.index.root}/files/foo-1.0.tar.gz", "archive_info": info}, WHEEL, body)
    sums = tmp_path / "SHA256SUMS"
    sums.write_text(f"{digest(body)}  {WHEEL}\n", "utf-8")
    assert refresh(program, "--against", str(sums)).document["pins"] == []


def test_no_index_is_asked_about_a_project_because_a_lock_names_it(
    shop: Shop, program: Program, builder: CacheBuilder, tmp_path: Path
) -> None:
    add_pages(shop, builder)
    sums = tmp_path / "SHA256SUMS"
    sums.write_text(f"{'0' * 64}  private-1.0-py3-none-any.whl\n", "utf-8")
    ran = refresh(program, "--against", str(sums))
    assert (ran.code, ran.document["unasked_pins"]) == (0, ["private"])
    assert "1 project not compared: no index is asked about it." in ran.err
    assert not [exchange for exchange in shop.index.exchanges if "private" in exchange.path]
    assert refresh(program, "--against", str(sums), "--complete").code == 3


def test_what_is_no_lock_is_told_before_anybody_is_asked(
    shop: Shop, program: Program, builder: CacheBuilder, tmp_path: Path
) -> None:
    add_pages(shop, builder)
    bad = tmp_path / "pylock.toml"
    bad.write_text("no lock", "utf-8")
    ran = refresh(program, "--against", str(bad))
    assert (ran.code, ran.document["error"]["file"] if "file" in ran.document["error"] else str(bad)) == (
        2,
        str(bad),
    )
    assert shop.index.connections == 0
