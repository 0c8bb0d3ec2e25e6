"""`remove --advisory --all-caches`: every cache of a machine in one run, one question, one exit status."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from pipcache.cli.main import run
from tests.support.caches import CacheBuilder, look
from tests.support.homes import EVIL, FILES, Homes, give, is_root, manifest_below
from tests.support.terminal import at_terminal, environment_at
from tests.support.uv_caches import UvCache

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has other permissions and signals")


@pytest.fixture
def homes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Homes:
    """Three users with the bad files."""
    homes = Homes(tmp_path)
    for user in ("ada", "bob", "cid"):
        homes.add(user)
    homes.settle(monkeypatch)
    return homes


@pytest.fixture
def closed(homes: Homes) -> Iterator[Path]:
    """The home of a fourth user, which nobody may enter."""
    homes.add("eve")
    home = homes.folder / "home" / "eve"
    home.chmod(0)
    yield home
    home.chmod(0o700)


def test_one_run_removes_it_from_all_caches_and_leaves_the_rest(
    homes: Homes, capsys: pytest.CaptureFixture[str]
) -> None:
    assert len(homes.bad_files()) == 12
    ran = homes.purge(capsys, "--format", "json", save=homes.kept)
    assert (ran.code, homes.bad_files(), len(homes.good_files())) == (0, [], 3)
    document = ran.document
    own, *caches = document["caches"]
    assert (own["problem"], own["outcome"], own["hits"]) == (None, None, [])
    assert [cache["cache"]["path"] for cache in caches] == homes.caches
    for cache, (user, _) in zip(caches, homes.users, strict=True):
        assert any(user in owner for owner in cache["owners"])
        assert (cache["problem"], cache["second_look"], cache["still_unjudged"]) == (None, [], [])
        assert cache["outcome"]["files_removed"] == cache["plan"]["file_count"] == 8
        assert (len(cache["hits"]), len(cache["saved"])) == (4, 4)
    # the fields of a single cache are the sums
    assert (document["plan"]["file_count"], document["outcome"]["files_removed"]) == (24, 24)
    assert len(document["plan"]["removals"]) == len(document["found"]["hits"]) == len(document["saved"]) == 12
    assert (document["second_look"], document["still_unjudged"]) == ([], [])


def test_the_second_run_finds_nothing_and_changes_nothing(
    homes: Homes, capsys: pytest.CaptureFixture[str]
) -> None:
    homes.purge(capsys, save=homes.kept)
    before = {path: path.read_bytes() for path in homes.kept.rglob("*") if path.is_file()}
    ran = homes.purge(capsys, "--format", "json", save=homes.kept)
    assert (ran.code, ran.document["outcome"], ran.document["plan"]["file_count"]) == (0, None, 0)
    assert {path: path.read_bytes() for path in homes.kept.rglob("*") if path.is_file()} == before
    ran = homes.purge(capsys)
    assert ran.lines == ["Nothing to remove.", "Looked at 3 caches: nothing was found."]


def test_a_run_that_removes_nothing_makes_no_folder(homes: Homes, capsys: pytest.CaptureFixture[str]) -> None:
    homes.purge(capsys)
    assert homes.purge(capsys, save=homes.kept).code == 0
    assert not homes.kept.parent.exists()


def test_the_table_has_a_heading_for_each_cache_and_the_last_line_is_the_proof(
    homes: Homes, capsys: pytest.CaptureFixture[str]
) -> None:
    ran = homes.purge(capsys)
    header, *rows = ran.lines[:16]
    assert header.startswith("PROJECT  VERSION  KIND")
    headings = [f"{homes.cache(user)}  (default of {user})" for user, _ in homes.users]
    assert rows[::5] == headings
    assert [row.split()[0] for row in rows if row not in headings] == ["evil"] * 12
    assert ran.lines[16].startswith("12 entries, 24 files, ")
    assert ran.lines[16].endswith(" in 3 caches")
    assert [line.partition(": ")[0] for line in ran.lines[17:20]] == homes.caches
    assert ran.lines[-1] == "A second look at 3 caches finds nothing."


def test_a_dry_run_says_what_would_go_and_writes_nothing(homes: Homes, capsys: pytest.CaptureFixture[str]) -> None:
    before = homes.bad_files()
    ran = homes.purge(capsys, "--dry-run", save=homes.kept)
    assert (ran.code, homes.bad_files(), homes.kept.parent.exists()) == (0, before, False)
    assert ran.lines[-1] == "Looked at 3 caches: 12 entries would be removed."
    document = homes.purge(capsys, "--dry-run", "--format", "json").document
    assert (document["plan"]["file_count"], document["outcome"], document["second_look"]) == (24, None, None)


@pytest.mark.parametrize(
    ("options", "kinds"),
    [
        (["--keep-pages"], {"wheel", "sdist", "built"}),
        (["--no-derived"], {"wheel", "sdist", "built", "page"}),
        (["--no-derived", "--keep-pages"], {"wheel", "sdist", "built"}),
    ],
    ids=["keep pages", "no derived", "both"],
)
def test_options_hold_for_every_cache(
    homes: Homes, capsys: pytest.CaptureFixture[str], options: list[str], kinds: set[str]
) -> None:
    ran = homes.purge(capsys, *options, "--format", "json")
    assert ran.code == 0
    for cache in ran.document["caches"][1:]:
        assert {removal["artifact"]["kind"] for removal in cache["plan"]["removals"]} == kinds
    assert len(homes.bad_files()) == (0 if "page" in kinds else 3)


def test_what_no_one_can_judge_makes_it_4(homes: Homes, capsys: pytest.CaptureFixture[str]) -> None:
    homes.add("dan", filled=False).download(FILES + "blob", b"\x00\x01 nothing that pip caches")
    ran = homes.purge(capsys)
    assert (ran.code, homes.bad_files()) == (4, [])
    assert ran.lines[-1] == "A second look at 4 caches finds nothing; 1 entry could not be judged."


@posix
@pytest.mark.permissions
def test_a_closed_home_is_named_and_makes_it_3(
    homes: Homes, closed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ran = homes.purge(capsys, "--format", "json", save=homes.kept)
    assert ran.code == 3
    (unread,) = [cache for cache in ran.document["caches"] if cache["problem"] is not None]
    assert (unread["cache"]["path"], unread["owners"]) == (str(closed), ["home of eve"])
    assert unread["problem"] == "cannot be read: Permission denied"
    assert ran.document["outcome"]["files_removed"] == 24
    assert len(manifest_below(homes.kept)["files"]) == 12
    ran = homes.purge(capsys)
    assert ran.code == 3
    assert ran.lines[-1] == (
        f"Looked at 3 caches: nothing was found; 1 place could not be judged or changed: {closed}."
    )


@pytest.mark.skipif(sys.platform != "linux", reason="the places are those of Linux")
def test_a_cache_of_another_installer_is_named_with_its_own_command_and_makes_it_3(
    homes: Homes, capsys: pytest.CaptureFixture[str]
) -> None:
    other = homes.folder / "home/bob/.cache/pypoetry"
    artifact = other / "artifacts/aa/bb/cc" / ("0" * 58) / "evil-1.0-py3-none-any.whl"
    artifact.parent.mkdir(parents=True)
    artifact.write_bytes(b"x")
    ran = homes.purge(capsys, "--format", "json", save=homes.kept)
    assert (ran.code, homes.bad_files()) == (3, [])
    (unread,) = ran.document["unread"]
    assert (unread["installer"], unread["path"]) == ("poetry", str(other))
    ran = homes.purge(capsys)
    assert ran.code == 3
    assert "remove the folders artifacts" in ran.err
    assert ran.lines[-1] == (
        f"Looked at 3 caches: nothing was found; 1 cache of other installers was not looked at (poetry: {other})."
    )


@pytest.mark.skipif(sys.platform != "linux", reason="the places are those of Linux")
def test_uvs_cache_is_looked_at_and_left_to_uv(homes: Homes, capsys: pytest.CaptureFixture[str]) -> None:
    other = homes.folder / "home/bob/.cache/uv"
    cache = UvCache(other)
    cache.wheel("harmless", "1.0")
    assert homes.purge(capsys).code == 0
    cache.environment(("evil", "1.0"))
    before = look(other)
    ran = homes.purge(capsys, "--format", "json")
    assert ran.code == 3
    (uvs,) = [part for part in ran.document["caches"] if part["cache"]["tool"] == "uv"]
    assert [hit["relation"] for hit in uvs["hits"]] == ["installed"]
    assert f"uv cache clean evil --cache-dir {other}, then" in uvs["problem"]
    assert f"uv cache prune --cache-dir {other}, then this command again" in uvs["problem"]
    assert look(other) == before


REFUSING = """
def refuse(event, arguments):
    if event == {event!r} and {part!r} in ("", str(arguments[0])):
        raise PermissionError(1, "Operation not permitted")
sys.addaudithook(refuse)
"""


def test_a_cache_that_the_system_does_not_let_list_is_named(homes: Homes) -> None:
    """As root may not on a network file system."""
    path = str(homes.cache("bob"))
    done = homes.start(*homes.command("--yes"), first=REFUSING.format(event="os.listdir", part=path))
    assert done.returncode == 3
    assert done.stdout.splitlines()[-1] == (
        f"A second look at 2 caches finds nothing; 1 place could not be judged or changed: {path}."
    )
    assert len(homes.bad_files()) == 4


def test_what_cannot_be_removed_in_one_cache_stops_no_other(homes: Homes) -> None:
    # files are removed relative to an open folder: the first is that of ada
    first = "count = 0\n" + REFUSING.format(event="os.remove", part="").replace(
        "def refuse(event, arguments):\n", "def refuse(event, arguments):\n    global count\n"
    ).replace(" and '' in (\"\", str(arguments[0])):", ":\n        count += 1\n        if count > 2: return")
    done = homes.start(*homes.command("--yes"), first=first)
    assert done.returncode == 3
    assert f"{homes.cache('ada')}  (default of ada):" in done.stderr
    assert "Could not remove" in done.stderr
    left = homes.bad_files()
    assert left
    assert all(homes.cache("ada") in path.parents for path in left)
    last = done.stdout.splitlines()[-1]
    assert last == f"A second look at 3 caches still finds {len(left)} entries."
    named = done.stderr.splitlines()
    start = named.index(f"{len(left)} entries are still there:") + 1
    assert all(line.startswith(f"  {homes.cache('ada')}: ") for line in named[start : start + len(left)])


@pytest.mark.skipif(not is_root(), reason="needs root, who can give files away")
def test_what_is_not_theirs_is_counted_and_stays(homes: Homes, capsys: pytest.CaptureFixture[str]) -> None:
    homes.purge(capsys)
    evil = homes.folder / "disk/pip"
    CacheBuilder(evil).download(f"{FILES}{EVIL[0][0]}", EVIL[0][1])
    configuration = homes.folder / "home/bob/.config/pip/pip.conf"
    configuration.parent.mkdir(parents=True)
    configuration.write_text(f"[global]\ncache-dir = {evil}\n")
    give(homes.folder / "home/bob", 4_002)
    give(homes.folder / "disk", 4_003)
    ran = homes.purge(capsys)
    assert ran.code == 3
    assert f"1 entry cannot be removed where it is:\n  {evil}: evil-1.0-py3-none-any.whl: " in ran.err
    assert ran.lines[-1].startswith("Looked at 4 caches: nothing was removed; 1 entry cannot be removed; ")


@posix
@pytest.mark.parametrize("moment", [1, 9, 24])
def test_an_interruption_says_for_each_cache_what_was_removed(homes: Homes, moment: int) -> None:
    first = f"""
import os, signal
count = 0
def watch(event, arguments):
    global count
    if event == "os.remove":
        count += 1
        if count == {moment}:
            os.kill(os.getpid(), signal.SIGINT)
sys.addaudithook(watch)
"""
    done = homes.start(*homes.command("--yes"), first=first)
    removed = [line for line in done.stdout.splitlines() if ": Removed " in line]
    assert [line.partition(": ")[0] for line in removed] == homes.caches
    counts = [int(line.partition(": Removed ")[2].split()[0]) for line in removed]
    assert sum(counts) == moment + moment % 2  # the entry at hand is removed as a whole
    assert done.returncode == (0 if moment == 24 else 130)
    if moment < 24:
        last = done.stdout.splitlines()[-1]
        assert last == f"A second look at 3 caches still finds {12 - sum(counts) // 2} entries."
    assert homes.start(*homes.command("--yes")).returncode == 0
    assert homes.bad_files() == []


@posix
@pytest.mark.parametrize(("typed", "code"), [(b"y\n", 0), (b"n\n", 2)])
def test_there_is_one_question(homes: Homes, typed: bytes, code: int) -> None:
    program = homes.folder / "program"
    program.write_text(
        f"#!{sys.executable}\nimport sys\nsys.path.insert(0, {os.getcwd()!r})\n"
        "from pipcache.location import machine\nfrom pipcache.cli.main import run\n"
        f"machine.machine_homes = lambda: {homes.users!r}\nsys.exit(run(sys.argv[1:]))\n",
        encoding="utf-8",
    )
    program.chmod(0o700)
    shown = at_terminal(
        [str(program), *homes.command()],
        environment=environment_at(homes.folder / "nobody"),
        folder=homes.folder,
        columns=200,
        typed=typed,
    )
    assert shown.code == code
    assert shown.text.count("[y/N]") == 1
    assert "Remove 24 files (" in shown.text
    assert ") in 3 caches? [y/N]" in shown.text
    assert len(homes.bad_files()) == (0 if code == 0 else 12)


def test_selectors_are_enough(homes: Homes, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["remove", "evil==1.0", "--all-caches", "--yes", "--save", str(homes.kept)]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "A second look at 3 caches finds nothing."
    assert (homes.bad_files(), len(homes.good_files())) == ([], 3)
    assert len(manifest_below(homes.kept)["files"]) == 12


def test_what_a_selector_matches_is_not_called_an_advisorys(
    homes: Homes, capsys: pytest.CaptureFixture[str]
) -> None:
    homes.advisory.write_text("evil-1.0.tar.gz\n", encoding="utf-8")
    command = ["remove", "evil==1.0", "evil>0.9", "--all-caches", "--dry-run", "--format", "json"]
    for more, kinds_by_reason in (
        ([], {"match": {"built", "wheel", "sdist"}, "page": {"page"}}),
        (
            ["--advisory", str(homes.advisory)],
            {"match": {"built", "wheel"}, "advisory": {"sdist"}, "page": {"page"}},
        ),
    ):
        assert run([*command, *more]) == 0
        reasons: dict[str, set[str]] = {}
        for removal in json.loads(capsys.readouterr().out)["plan"]["removals"]:
            reasons.setdefault(removal["reason"], set()).add(removal["artifact"]["kind"])
            if removal["reason"] == "match":
                assert set(removal["detail"].split(", ")) == {"evil==1.0", "evil>0.9"}
        assert reasons == kinds_by_reason
    assert run(["remove", "evil==1.0", "--all-caches", "--dry-run"]) == 0
    assert "  matches evil==1.0  " in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [[], ["--from", "PyPI"], ["evil", "--damaged"], ["evil", "--must-match"], ["evil", "--only-ids", "X"]],
)
def test_nothing_else_is(homes: Homes, capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    assert run(["remove", *arguments, "--all-caches", "--yes"]) == 2
    assert "goes with" in (said := capsys.readouterr().err) or "give a SELECTOR" in said
    assert len(homes.bad_files()) == 12


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="needs sha256sum")
def test_sha256sum_confirms_the_copies(homes: Homes, capsys: pytest.CaptureFixture[str]) -> None:
    homes.purge(capsys, save=homes.kept)
    (sums,) = homes.kept.rglob("SHA256SUMS")
    command = ["sha256sum", "--check", "--strict", "SHA256SUMS"]
    done = subprocess.run(command, cwd=sums.parent, capture_output=True, encoding="utf-8", check=False)
    assert (done.returncode, done.stdout.count(": OK")) == (0, 24)


@pytest.mark.slow
@posix
@pytest.mark.parametrize("moment", [1, 5, 20, 27])
@pytest.mark.parametrize("is_there", [False, True], ids=["a new folder", "a folder with copies"])
def test_an_interruption_while_copies_are_made_keeps_none_and_removes_nothing(
    homes: Homes, capsys: pytest.CaptureFixture[str], moment: int, *, is_there: bool
) -> None:
    if is_there:
        homes.purge(capsys, save=homes.kept)
        for user, _ in homes.users:
            homes.fill(homes.cache(user))
    before = {path: path.read_bytes() for path in homes.kept.rglob("*") if path.is_file()}
    first = f"""
count = 0
def watch(event, arguments):
    global count
    if event in ("os.link", "os.rename"):
        count += 1
        if count == {moment}:
            raise KeyboardInterrupt
sys.addaudithook(watch)
"""
    done = homes.start(*homes.command("--yes", save=homes.kept), first=first)
    assert done.returncode == 130
    assert {path: path.read_bytes() for path in homes.kept.rglob("*") if path.is_file()} == before
    assert len(homes.bad_files()) == 12
    assert homes.kept.exists() == is_there
    if is_there:
        manifest_below(homes.kept)
