"""`prune` and the stores that only pips before 23.3 read."""

from __future__ import annotations

import errno
import os

import pytest

from tests.support import archives, truth
from tests.support.caches import FILE_HEADERS, CacheBuilder
from tests.support.faults import Fault, Lasting, failing
from tests.support.leftovers import DAY, FILES, INDEX, JSON_PAGE, SDIST, emptied, files, named, populate, prune
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


def prune_unread(builder: CacheBuilder, program: Program, folder: str, *options: str) -> tuple[set[str], int]:
    """Prune while a folder cannot be listed; what goes, and the exit status."""
    before = files(builder)
    with failing(builder.root, Fault(0, errno.EIO, Lasting.PLACE, ("scandir", folder))) as system:
        code = program("prune", "--format", "json", *options).code
    assert system.failed
    return before.keys() - files(builder).keys(), code


POLICIES = {
    "keep-latest": ("--keep-latest", "1"),
    "keep-for and keep-latest": ("--keep-for", "LOCK", "--keep-latest", "1"),
    "max-size": ("--max-size", "SIZE"),
}


@pytest.mark.parametrize("policy", POLICIES)
def test_nothing_goes_because_of_a_store_that_may_itself_go(
    policy: str, builder: CacheBuilder, program: Program
) -> None:
    """Seen whole, the old store goes; with a folder unread it stays, and may go as soon as that can be read."""
    first, second = archives.build_wheel("foo", "1.0"), archives.build_wheel("foo", "2.0")
    kept = builder.head(builder.download(FILES + first[0], first[1]))
    old = [builder.legacy(f"{FILES}{number}/{second[0]}", second[1]) for number in range(9)]
    age(builder.root, 200 * DAY)
    os.utime(kept, (kept.stat().st_atime - DAY, kept.stat().st_mtime - DAY))
    os.utime(builder.body(kept.name), (kept.stat().st_atime, kept.stat().st_mtime))
    lock = builder.root.parent / "requirements.txt"
    lock.write_text("bar==1.0\n", encoding="utf-8")
    places = {"LOCK": str(lock), "SIZE": "10kB"}
    options = [places.get(word, word) for word in POLICIES[policy]]
    assert prune_unread(builder, program, f"http/{old[0][0]}", *options) == (set(), 3)
    assert prune(builder, program, *options).gone == {
        named(builder, builder.head(key, store="http")) for key in old
    }


def test_an_old_store_that_is_in_use_counts_although_a_part_of_it_is_unread(
    builder: CacheBuilder, program: Program
) -> None:
    first, second = archives.build_wheel("foo", "1.0"), archives.build_wheel("foo", "2.0")
    key = builder.download(FILES + first[0], first[1])
    head, body = builder.head(key), builder.body(key)
    old = [builder.legacy(f"{FILES}{number}/{second[0]}", second[1]) for number in range(9)]
    age(builder.root, 2 * DAY)
    gone, code = prune_unread(builder, program, f"http/{old[0][0]}", "--keep-latest", "1")
    assert (gone, code) == ({named(builder, path) for path in (head, body)}, 3)
