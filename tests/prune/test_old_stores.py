"""`prune` and the stores that only pips before 23.3 read."""

from __future__ import annotations

import os

import pytest

from tests.support import truth
from tests.support.caches import FILE_HEADERS, CacheBuilder
from tests.support.leftovers import DAY, FILES, INDEX, JSON_PAGE, SDIST, emptied, named, populate, prune
from tests.support.program import Program
from tests.support.removal import age


def old_stores(builder: CacheBuilder) -> set[str]:
    """What goes when the old layouts go, beside healthy things and leftovers of which each has its own reason."""
    populate(builder)
    keys = [builder.legacy(f"{FILES}{number}/{SDIST[0]}", SDIST[1]) for number in range(3)]
    keys.append(builder.legacy(f"{INDEX}bar/", b'{"name": "bar", "files": []}', headers=JSON_PAGE))
    keys.append(builder.raw(f"{FILES}newer", b"cc=5,whatever", store="http"))
    keys.append(builder.legacy(f"{FILES}moved", b"", status=301, headers={**FILE_HEADERS, "Location": FILES}))
    keys.append(truth.url_key(FILES + SDIST[0]))
    builder.stray("http/notes.txt")
    note = builder.stray(
        "selfcheck.json", b'{"/usr": {"last_check": "2019-03-05T10:20:30Z", "pypi_version": "19"}}'
    )
    return {*(named(builder, builder.head(key, store="http")) for key in keys), named(builder, note)}


@pytest.mark.parametrize("days", [0, 89, 1000])
def test_old_layouts_go_when_they_are_asked_for(days: float, builder: CacheBuilder, program: Program) -> None:
    going = old_stores(builder)
    age(builder.root, days * DAY)
    pruned = prune(builder, program, "--old-layouts")
    assert pruned.gone == going
    assert {removal["reason"] for removal in pruned.removals} == {"old-layouts"}
    details = {removal["store"]: removal["detail"] for removal in pruned.removals}
    assert details == {
        "http": "no pip since 23.3 reads this store",
        "selfcheck": "no pip since 19.3 reads this note",
    }
    assert prune(builder, program, "--old-layouts").removals == []


def test_old_layouts_go_when_nobody_used_them_for_long_and_the_plan_says_so(
    builder: CacheBuilder, program: Program
) -> None:
    going = old_stores(builder)
    age(builder.root, 89 * DAY)
    assert prune(builder, program).gone == set()
    age(builder.root, 91 * DAY)
    assert prune(builder, program, "--keep-old-layouts").gone == set()
    pruned = prune(builder, program)
    assert pruned.gone == going
    assert {(removal["store"], removal["reason"], removal["detail"]) for removal in pruned.removals} == {
        (
            "http",
            "old-layouts",
            "no pip since 23.3 reads this store, and nothing that is left there was used for 13w",
        ),
        (
            "selfcheck",
            "old-layouts",
            "no pip since 19.3 reads this note, and nothing that is left there was used for 13w",
        ),
    }
    assert emptied(builder) == set()
    assert (builder.root / "http/notes.txt").exists()
    assert prune(builder, program).removals == []


@pytest.mark.parametrize("is_read", [False, True], ids=["written", "read"])
def test_one_entry_that_was_used_yesterday_keeps_the_whole_store(
    builder: CacheBuilder, program: Program, *, is_read: bool
) -> None:
    going = old_stores(builder)
    age(builder.root, 200 * DAY)
    used = builder.head(truth.url_key(FILES + SDIST[0]), store="http")
    status = used.stat()
    yesterday = status.st_mtime + 199 * DAY
    os.utime(used, (yesterday, status.st_mtime if is_read else yesterday))
    note = {path for path in going if path.startswith("selfcheck")}
    assert prune(builder, program).gone == note  # each store by its own use
    assert prune(builder, program).removals == []
    assert prune(builder, program, "--old-layouts").gone == going - note


@pytest.mark.parametrize("days", [0, 89, 1000])
def test_old_layouts_stay_for_those_who_still_run_an_old_pip(
    days: float, builder: CacheBuilder, program: Program
) -> None:
    old_stores(builder)
    age(builder.root, days * DAY)
    assert prune(builder, program, "--keep-old-layouts") == (set(), [], 0)


def test_leftovers_do_not_keep_an_old_store_and_young_ones_do_not_go_with_it(
    builder: CacheBuilder, program: Program
) -> None:
    going = old_stores(builder)
    age(builder.root, 200 * DAY)
    entry = builder.head(truth.url_key(FILES + SDIST[0]), store="http")
    young = [entry.with_name(f"{entry.name}abcdefgh.tmp"), entry.with_name(f"{entry.name}.lock")]
    for path in young:
        path.touch()
    assert prune(builder, program).gone == going
    assert all(path.exists() for path in young)
