"""`prune` without a policy: what pips of every era left behind goes."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.support.caches import CacheBuilder
from tests.support.leftovers import (
    AT_WORK,
    BODY,
    DAY,
    FILES,
    LEFTOVERS,
    MINUTE,
    Pruned,
    emptied,
    files,
    leave,
    place_of_wheel,
    populate,
    prune,
)
from tests.support.pips import clean_environment, pip_wheel
from tests.support.program import Program
from tests.support.removal import age
from tests.support.slow import slow_but_every


def assert_said(pruned: Pruned, name: str) -> None:
    assert pruned.removals
    assert {removal["reason"] for removal in pruned.removals} == {"dead-weight"}
    assert [removal["detail"] for removal in pruned.removals if LEFTOVERS[name].why not in removal["detail"]] == []


@pytest.mark.parametrize("name", slow_but_every(3, LEFTOVERS))
def test_a_leftover_goes_with_its_folders_and_is_told(name: str, builder: CacheBuilder, program: Program) -> None:
    populate(builder)
    going = leave(builder, name)
    age(builder.root, max(LEFTOVERS[name].wait, AT_WORK) + MINUTE)
    pruned = prune(builder, program)
    assert (pruned.gone, pruned.code) == (going, 0)
    assert_said(pruned, name)
    assert emptied(builder) == set()
    assert prune(builder, program).removals == []


@pytest.mark.parametrize("name", slow_but_every(3, [name for name in LEFTOVERS if LEFTOVERS[name].wait]))
def test_a_leftover_stays_while_a_pip_may_be_at_work_on_it(
    name: str, builder: CacheBuilder, program: Program
) -> None:
    populate(builder)
    leave(builder, name)
    age(builder.root, LEFTOVERS[name].wait - MINUTE)
    before = set(builder.root.rglob("*"))
    assert prune(builder, program) == (set(), [], 0)
    assert prune(builder, program, "--keep-old-layouts").removals == []
    assert set(builder.root.rglob("*")) == before


@pytest.mark.parametrize("name", [name for name in LEFTOVERS if not LEFTOVERS[name].wait])
def test_what_is_whole_and_of_no_use_goes_at_once(name: str, builder: CacheBuilder, program: Program) -> None:
    populate(builder)
    going = leave(builder, name)
    assert prune(builder, program).gone == going


@pytest.mark.parametrize("name", slow_but_every(3, LEFTOVERS))
def test_what_an_old_pip_may_use_stays_for_those_who_say_so(
    name: str, builder: CacheBuilder, program: Program
) -> None:
    populate(builder)
    going = leave(builder, name)
    age(builder.root, 200 * DAY)
    pruned = prune(builder, program, "--keep-old-layouts")
    assert pruned.gone == (set() if LEFTOVERS[name].is_of_old_pips else going)
    assert prune(builder, program, "--keep-old-layouts").removals == []


@pytest.mark.parametrize("name", slow_but_every(3, LEFTOVERS))
def test_a_leftover_goes_with_the_old_store_too(name: str, builder: CacheBuilder, program: Program) -> None:
    populate(builder)
    going = leave(builder, name)
    going |= {path for path in files(builder) if re.fullmatch("http/(?:./){5}[0-9a-f]{56}", path)}
    age(builder.root, max(LEFTOVERS[name].wait, AT_WORK) + MINUTE)
    pruned = prune(builder, program, "--old-layouts")
    assert pruned.gone == going
    assert emptied(builder) == set()
    assert prune(builder, program, "--old-layouts").removals == []


@pytest.mark.parametrize("member", ["file", "folder/file", "folder/folder/", "folder/", "."])
def test_a_build_folder_stays_while_anything_in_it_is_young(
    member: str, builder: CacheBuilder, program: Program
) -> None:
    populate(builder)
    inside = Path(tempfile.mkdtemp(dir=place_of_wheel(builder, f"{FILES}slow", wheel=True)))
    for name in ("file", "folder/file", "folder/folder/file", "old/file"):
        (inside / name).parent.mkdir(parents=True, exist_ok=True)
        (inside / name).write_bytes(BODY)
    age(builder.root, 30 * DAY)
    os.utime(inside / member)
    assert prune(builder, program) == (set(), [], 0)
    os.utime(inside / member, (1, 1))
    assert len(prune(builder, program).gone) == 4
    assert not inside.exists()


@pytest.mark.pips
@pytest.mark.parametrize("hash_seed", [1, 2, 3, 4])
def test_what_the_locks_of_a_real_pip_leave_goes(
    hash_seed: int, builder: CacheBuilder, program: Program, tmp_path: Path
) -> None:
    populate(builder)
    entries = [builder.head(builder.legacy(f"{FILES}{kind}", BODY), store="http") for kind in ("file", "folder")]
    before = files(builder).keys()
    code = (
        "import os, sys\n"
        "from pip._vendor.lockfile import LockFile\n"
        "from pip._vendor.lockfile.mkdirlockfile import MkdirLockFile\n"
        "LockFile(sys.argv[1]).acquire()\n"
        "MkdirLockFile(sys.argv[2]).acquire()\n"
        "os._exit(0)\n"  # as a kill does: nothing is released
    )
    environment = {**clean_environment(tmp_path / "home"), "PYTHONPATH": str(pip_wheel("18.1"))}
    environment["PYTHONHASHSEED"] = str(hash_seed)
    subprocess.run([sys.executable, "-c", code, *map(str, entries)], check=True, env=environment)
    going = files(builder).keys() - before
    assert len(going) == 3
    age(builder.root, 12 * 60 * MINUTE)
    assert prune(builder, program).gone == set()
    age(builder.root, 2 * DAY)
    assert prune(builder, program).gone == going
    assert emptied(builder) == set()


EMPTY = {
    *(f"{store}/{'/'.join(f'{depth}abcd'[:depth])}" for store in ("http-v2", "http") for depth in range(1, 6)),
    "wheels/00",
    "wheels/01/02",
    "wheels/02/03/04",
    f"wheels/03/04/05/{'ab' * 25}",
}


@pytest.mark.parametrize("options", [(), ("--keep-old-layouts",), ("--old-layouts",)], ids=" ".join)
def test_folders_of_the_fan_out_that_hold_nothing_go_when_they_are_old(
    options: tuple[str, ...], builder: CacheBuilder, program: Program
) -> None:
    populate(builder)
    foreign = {"http-v2/foreign", "http/a/b/c/d/e/foreign", "wheels/foreign", "http-v2/0/0/g", "selfcheck/aa"}
    for folder in EMPTY | foreign:
        (builder.root / folder).mkdir(parents=True, exist_ok=True)
    age(builder.root, AT_WORK - MINUTE)
    prune(builder, program, *options)
    assert foreign <= emptied(builder)
    assert all((builder.root / folder).is_dir() for folder in EMPTY)
    age(builder.root, AT_WORK + MINUTE)
    prune(builder, program, *options)
    assert emptied(builder) == foreign
    assert all((builder.root / store).is_dir() for store in ("http-v2", "http", "wheels", "selfcheck"))
    document = program("prune", "--format", "json", *options).document
    assert (document["plan"]["removals"], document["plan"]["empty_folders"]) == ([], [])
