"""`prune` as its users meet it: each policy by what it takes, what it says, and how it ends."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support import archives, caches
from tests.support.caches import CacheBuilder
from tests.support.pips import clean_environment
from tests.support.places import REPOSITORY
from tests.support.program import Program, Ran
from tests.support.removal import age
from tests.support.watching import watched

if TYPE_CHECKING:
    pass

BASE = "https://files.example/packages"

HOUR, DAY = 3600, 86400
SDIST = archives.build_sdist("src", "1.0")
FOO = "foo-1.0-py3-none-any.whl"
BUILT = archives.build_wheel("src", "1.0")


def wheel(builder: CacheBuilder, name: str, version: str, *, url: str | None = None, **more: object) -> str:
    """A wheel from an index."""
    filename, data = archives.build_wheel(name, version, **more)  # type: ignore[arg-type]  # as there
    headers = caches.FILE_HEADERS | {
        "x-pypi-file-project": name,
        "x-pypi-file-version": version,
        "x-pypi-file-package-type": "bdist_wheel",
    }
    return builder.download(url or f"{BASE}/{filename}", data, headers=headers)


def used(builder: CacheBuilder, key: str, days: float, *, read: float | None = None) -> str:
    """Let an entry have been written so many days ago, and read then or as told."""
    places = [*builder.root.rglob(f"{key}*")] or [*builder.folder(key).iterdir()]
    for place in places:
        os.utime(place, (time.time() - (days if read is None else read) * DAY, time.time() - days * DAY))
    return key


def filenames(program: Program) -> set[str]:
    return {record["filename"] for record in program.artifacts("list")}


def taken(ran: Ran) -> dict[str, str]:
    """What went or would go, by project or else by key, with the policy that took it."""
    removals = ran.document["plan"]["removals"]
    reasons = [(removal["artifact"], removal["reason"]) for removal in removals]
    return {(artifact["project"] or artifact["key"]): reason for artifact, reason in reasons}


# By last use


@pytest.mark.parametrize("option", ["--unused-for", "--older-than"])
def test_what_nobody_used_goes_and_what_is_read_daily_stays(
    builder: CacheBuilder, program: Program, option: str
) -> None:
    used(builder, wheel(builder, "idle", "1"), 50)
    used(builder, wheel(builder, "daily", "1"), 50, read=1)
    used(builder, wheel(builder, "new", "1"), 1)
    used(builder, builder.built(None, *archives.build_wheel("old", "1")), 50)
    ran = program("prune", option, "30d", "--format", "json")
    assert taken(ran) == {"idle": option[2:], "old": option[2:]}
    assert filenames(program) == {"daily-1-py3-none-any.whl", "new-1-py3-none-any.whl"}
    assert ran.document["last_use"] == "access time"


def test_where_reading_is_not_kept_the_modification_counts_and_it_is_told(
    builder: CacheBuilder, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    used(builder, wheel(builder, "daily", "1"), 50, read=1)
    real = os.statvfs

    def noatime(path: str) -> os.statvfs_result:
        fields = list(real(path))
        fields[8] |= os.ST_NOATIME
        return os.statvfs_result(fields)

    monkeypatch.setattr(os, "statvfs", noatime)  # what a file system mounted noatime answers
    ran = program("prune", "--unused-for", "30d", "--format", "json")
    assert taken(ran) == {"daily": "unused-for"}
    assert ran.document["last_use"] == "modification time"
    assert "noatime" in ran.err
    assert "noatime" not in program("prune").err


def test_of_two_ages_each_takes_what_it_says(builder: CacheBuilder, program: Program) -> None:
    used(builder, wheel(builder, "a", "1"), 10)
    used(builder, wheel(builder, "b", "1"), 50)
    ran = program("prune", "--unused-for", "30d", "--older-than", "5d", "--format", "json")
    assert taken(ran) == {"a": "older-than", "b": "unused-for"}


# By size


def filled(builder: CacheBuilder) -> dict[str, int]:
    """Four downloads and two built wheels of 100 kB each, and when they were last used in days."""
    blob = {"x/blob": os.urandom(100_000)}
    ages = {"a": 5, "b": 40, "c": 3, "d": 20}
    for name, days in ages.items():
        used(builder, wheel(builder, name, "1", members=blob), days)
    for name, days in {"e": 90, "f": 1}.items():
        filename, data = archives.build_wheel(name, "1", members=blob)
        used(builder, builder.built({"url": f"{BASE}/{name}-1.tar.gz"}, filename, data), days)
    return ages | {"e": 90, "f": 1}


@pytest.mark.parametrize(
    ("options", "order"),
    [((), "bdacef"), (("--by-age-only",), "ebdacf")],
    ids=["downloads first", "by age only"],
)
def test_the_least_recently_used_goes_first_until_the_rest_fits(
    builder: CacheBuilder, program: Program, options: tuple[str, ...], order: str
) -> None:
    filled(builder)
    each = 100_000
    for gone in range(7):
        ran = program("prune", "--max-size", f"{each * (6 - gone) + 60_000}B", *options, "--format", "json", "-n")
        assert sorted(taken(ran)) == sorted(order[:gone])
        assert ran.document["bytes_after"] <= each * (6 - gone) + 60_000
        assert ran.document["too_large"] is None


def test_a_bound_that_cannot_hold_says_why(builder: CacheBuilder, program: Program) -> None:
    filled(builder)
    ran = program("prune", "--max-size", "150k", "--keep", "b", "--keep", "e")
    assert filenames(program) == {"b-1-py3-none-any.whl", "e-1-py3-none-any.whl"}
    assert re.search(r"Still [0-9.]+ kB over 150.0 kB: [0-9.]+ kB in 2 entries kept by --keep\.", ran.out)
    assert ran.code == 0
    assert len(ran.lines) == 1


def test_a_file_with_two_names_counts_once(builder: CacheBuilder, program: Program) -> None:
    blob = {"x/blob": os.urandom(100_000)}
    first = used(builder, wheel(builder, "one", "1", members=blob), 5)
    other = used(builder, wheel(builder, "other", "1"), 9)
    builder.body(other).unlink()
    os.link(builder.body(first), builder.body(other))
    size = program("prune", "-n", "--format", "json").document["bytes_before"]
    assert size < 150_000
    assert program("prune", "--max-size", "150k").out.startswith("Kept 2 entries, removed 0")


# By version


def test_older_versions_go_of_the_same_kind_and_tags(builder: CacheBuilder, program: Program) -> None:
    for version in ("1.0", "1.10", "1.9"):
        wheel(builder, "foo", version)
    wheel(builder, "foo", "0.5", tags=["cp311-cp311-linux_x86_64"])
    builder.download(f"{BASE}/foo-0.1.tar.gz", archives.build_sdist("foo", "0.1")[1])
    builder.built(None, *archives.build_wheel("foo", "0.2"))
    ran = program("prune", "--keep-latest", "1", "--format", "json")
    assert taken(ran) == {"foo": "keep-latest"}
    removals = ran.document["plan"]["removals"]
    assert {(removal["artifact"]["version"], removal["detail"]) for removal in removals} == {
        ("1.0", "1.10 is newer"),
        ("1.9", "1.10 is newer"),
    }


def test_two_of_each_are_two_of_each(builder: CacheBuilder, program: Program) -> None:
    for version in ("1.0", "1.10", "1.9", "0.1"):
        wheel(builder, "foo", version)
    program("prune", "--keep-latest", "2")
    assert filenames(program) == {"foo-1.10-py3-none-any.whl", "foo-1.9-py3-none-any.whl"}


def test_a_pre_release_makes_no_final_version_old(builder: CacheBuilder, program: Program) -> None:
    for version in ("1.0", "2.0rc1", "2.0rc2", "1.1.dev1", "0.9", "1.0.post1"):
        wheel(builder, "foo", version)
    program("prune", "--keep-latest", "1")
    # pip takes the final one unless it is told otherwise
    assert filenames(program) == {"foo-1.0.post1-py3-none-any.whl", "foo-2.0rc2-py3-none-any.whl"}


def test_variants_of_a_version_are_one_version_and_what_is_none_stays(
    builder: CacheBuilder, program: Program
) -> None:
    for version in ("2.0+cpu", "2.0+cu118", "1.0+cpu"):
        wheel(builder, "foo", version)
    builder.download(f"{BASE}/odd", archives.build_wheel("foo", "2004d")[1])
    program("prune", "--keep-latest", "1")
    assert {record["version"] for record in program.artifacts("list")} == {"2.0+cpu", "2.0+cu118", "2004d"}


def test_metadata_goes_with_the_wheel_it_is_of(builder: CacheBuilder, program: Program) -> None:
    for version in ("1.0", "2.0"):
        wheel(builder, "foo", version)
        builder.download(f"{BASE}/{version}.metadata", archives.metadata("foo", version))
    program("prune", "--keep-latest", "1")
    assert {(record["kind"], record["version"]) for record in program.artifacts("list", "--all")} == {
        ("wheel", "2.0"),
        ("metadata", "2.0"),
    }


# What must never go


@pytest.mark.parametrize(
    "selector", ["foo", "f*", "foo==1.0", "foo-1.0-py3-none-any.whl", f"{BASE}/foo-1.0-py3-none-any.whl"]
)
def test_what_is_kept_stays_whatever_is_said(builder: CacheBuilder, program: Program, selector: str) -> None:
    key = used(builder, wheel(builder, "foo", "1.0"), 500)
    wheel(builder, "foo", "2.0")
    caches.flip(builder.body(key), 50)  # poisoned or damaged, and torn from PyPI's proof
    used(builder, wheel(builder, "bar", "1.0"), 500)
    (builder.root.parent / "lock.txt").write_text("nosuch\n", encoding="ascii")
    every = ["--ci", "--unused-for", "0s", "--max-size", "0", "--keep-latest", "1", "--damaged", "--poisoned"]
    lock = str(builder.root.parent / "lock.txt")
    program("prune", *every, "--duplicates", "--keep-for", lock, "--keep", selector)
    assert builder.head(key).exists()
    assert builder.body(key).exists()
    assert "bar-1.0-py3-none-any.whl" not in filenames(program)


def test_a_selector_that_keeps_nothing_is_told(builder: CacheBuilder, program: Program) -> None:
    wheel(builder, "foo", "1.0")
    ran = program("prune", "--keep", "nosuch")
    assert "Nothing matches 'nosuch'." in ran.err
    assert ran.code == 0


# For CI


def page(builder: CacheBuilder, name: str) -> str:
    body = json.dumps({"meta": {}, "name": name, "files": []}).encode()
    headers = caches.FILE_HEADERS | {"Content-Type": "application/vnd.pypi.simple.v1+json"}
    return builder.download(f"https://index.example/simple/{name}/", body, headers=headers)


def origin(url: str) -> dict[str, object]:
    return {"url": url, "archive_info": {}}


def test_for_ci_what_is_fetched_as_fast_as_restored_goes_and_what_was_built_stays(
    builder: CacheBuilder, program: Program
) -> None:
    wheel(builder, "foo", "1.0")
    builder.download(f"{BASE}/foo.metadata", archives.metadata("foo", "1.0"))
    page(builder, "foo")
    builder.download(f"{BASE}/{SDIST[0]}", SDIST[1])
    builder.built(origin(f"{BASE}/{SDIST[0]}"), *BUILT)
    builder.download(f"{BASE}/lonely-1.0.tar.gz", archives.build_sdist("lonely", "1.0")[1])
    builder.download("https://old.example/x", None, status=301, headers={"Location": BASE, "ETag": '"x"'})
    ran = program("prune", "--ci", "--format", "json")
    assert ran.code == 0
    assert {record["filename"] for record in program.artifacts("list", "--all")} == {SDIST[0], BUILT[0]}
    assert {removal["reason"] for removal in ran.document["plan"]["removals"]} == {"ci"}


@pytest.mark.parametrize("how", ["url", "digest on a page", "name and version", "archive of a repository"])
def test_the_source_of_a_built_wheel_is_known_by_url_digest_or_name(
    builder: CacheBuilder, program: Program, how: str
) -> None:
    import hashlib  # noqa: PLC0415 - for one of the ways

    elsewhere = f"https://mirror.example/{SDIST[0]}?signature=1"
    digest = hashlib.sha256(SDIST[1]).hexdigest()
    match how:
        case "url":
            builder.built(origin(f"{BASE}/{SDIST[0]}"), *BUILT)
            builder.download(f"{BASE}/{SDIST[0]}", SDIST[1])
        case "digest on a page":
            builder.built(origin(f"{BASE}/{SDIST[0]}") | {"archive_info": {"hash": f"sha256={digest}"}}, *BUILT)
            builder.download(elsewhere, SDIST[1])
        case "name and version":
            builder.built(None, *BUILT)
            builder.download(elsewhere, SDIST[1])
        case _:
            url = "https://code.example/src/archive/main.zip"
            builder.built(origin(url), *BUILT)
            builder.download(
                url, archives.build_sdist("src", "1.0", fmt="zip", folder="src-main", pkg_info=False)[1]
            )
    assert program("prune", "--ci").out.startswith("Kept 2 entries, removed 0:")


# The same bytes under several URLs


def test_of_the_same_bytes_under_several_urls_the_newest_stays(builder: CacheBuilder, program: Program) -> None:
    keys = [
        used(builder, wheel(builder, "foo", "1.0", url=f"https://signed.example/foo.whl?signature={number}"), days)
        for number, days in enumerate((3, 1, 2))
    ]
    wheel(builder, "bar", "1.0")
    page(builder, "foo")
    for number in range(2):  # alike by right: several wheels of a version
        builder.download(f"{BASE}/{number}.metadata", archives.metadata("foo", "1.0"))
        builder.legacy(f"https://signed.example/old.whl?{number}", archives.build_wheel("old", "1")[1])
    ran = program("prune", "--duplicates", "--format", "json")
    gone = {removal["artifact"]["key"] for removal in ran.document["plan"]["removals"]}
    assert {removal["reason"] for removal in ran.document["plan"]["removals"]} == {"duplicates"}
    assert len(gone) == 3
    assert {keys[0], keys[2]} < gone


def test_a_duplicate_that_a_lock_names_stays_beside_the_newest(builder: CacheBuilder, program: Program) -> None:
    urls = [f"https://signed.example/foo-1.0-py3-none-any.whl?signature={number}" for number in range(3)]
    keys = [used(builder, wheel(builder, "foo", "1.0", url=url), 5 - at) for at, url in enumerate(urls)]
    lock = builder.root.parent / "lock.txt"
    lock.write_text(f"foo @ {urls[0]}\n", encoding="ascii")
    program("prune", "--duplicates", "--keep", keys[1])
    assert {record["key"] for record in program.artifacts("list")} == {keys[1], keys[2]}


# Judged in the same run


def test_what_is_damaged_or_poisoned_goes_by_a_verification_of_this_run(
    builder: CacheBuilder, program: Program
) -> None:
    good, cut, false = (wheel(builder, name, "1.0") for name in ("good", "cut", "false"))
    caches.cut(builder.body(cut), 90)
    caches.replace(builder.body(false), b"<!DOCTYPE html><title>Sign in</title>" * 9)
    against = builder.root.parent / "lock.txt"
    against.write_text(f"good==1.0 --hash=sha256:{'0' * 64}\n", encoding="ascii")
    assert taken(program("prune", "--damaged", "--format", "json", "-n")) == {"cut": "damaged"}
    ran = program("prune", "--damaged", "--poisoned", "--format", "json")
    assert {removal["artifact"]["key"]: removal["reason"] for removal in ran.document["plan"]["removals"]} == {
        cut: "damaged",
        false: "poisoned",
    }
    assert all(re.match(r"PC\d+ ", removal["detail"]) for removal in ran.document["plan"]["removals"])
    ran = program("prune", "--poisoned", "--against", str(against), "--format", "json")
    assert {removal["artifact"]["key"] for removal in ran.document["plan"]["removals"]} == {good}


# What it says, and to whom


def run_alone(builder: CacheBuilder, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """The program as a job runs it: no terminal, nothing to answer with."""
    return subprocess.run(
        [sys.executable, "-m", "pipcache", "prune", *arguments],
        cwd=REPOSITORY,
        env={**clean_environment(builder.root.parent / "home"), "PIP_CACHE_DIR": str(builder.root), **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


def test_without_a_terminal_it_asks_nothing_and_says_one_line(builder: CacheBuilder) -> None:
    wheel(builder, "foo", "1.0")
    builder.built(None, *BUILT)
    torn = wheel(builder, "torn", "1.0")
    builder.body(torn).unlink()
    age(builder.root)
    done = run_alone(builder, "--ci")
    assert done.returncode == 0
    assert done.stderr == ""
    assert re.fullmatch(
        r"Kept 1 entry, removed 2 \(dead weight 1, --ci 1\): [0-9.]+ kB before, [0-9.]+ kB after\.\n", done.stdout
    )
    done = run_alone(builder, "--ci")
    assert re.fullmatch(r"Kept 1 entry, removed 0: (.*) before, \1 after\.\n", done.stdout)


def test_a_dry_run_shows_the_plan_by_policy_and_removes_nothing(builder: CacheBuilder) -> None:
    wheel(builder, "foo", "1.0")
    page(builder, "foo")
    used(builder, builder.built(None, *BUILT), 50)
    age(builder.root)
    (builder.root / "http-v2" / "0" / "0").mkdir(parents=True)
    before = caches.look(builder.root)
    done = run_alone(builder, "--ci", "--unused-for", "1s", "--dry-run")
    assert caches.look(builder.root).keys() == before.keys()
    assert done.returncode == 0
    assert re.search(r"(?m)^--ci +2 +4 +[0-9.]+ kB +1 wheel, 1 index page$", done.stdout)
    assert re.search(r"(?m)^--unused-for +1 +1 +[0-9.]+ kB +1 built wheel$", done.stdout)
    assert re.search(r"(?m)^dead weight +0 +0 +- +\d empty folders?$", done.stdout)
    assert re.search(r"(?m)^foo +1.0 +wheel .* ci: a wheel from an index  +py3-none-any$", done.stdout)
    assert done.stdout.endswith("Nothing was removed: this is a dry run.\n")


def test_for_github_there_is_a_table_and_values(builder: CacheBuilder) -> None:
    wheel(builder, "foo", "1.0")
    builder.built(None, *BUILT)
    done = run_alone(builder, "--ci", "--format", "github")
    table = [line for line in done.stdout.splitlines() if line.startswith("|")]
    values = dict(line.split("=") for line in done.stdout.splitlines() if not line.startswith("|"))
    assert table[0] == "| pipcache prune | entries | files | size |"
    assert table[1] == "| --- | ---: | ---: | ---: |"
    assert any(line.startswith("| --ci | 1 | 2 |") for line in table)
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in table} == {5}
    assert values.keys() == {
        "kept",
        "removed",
        "failed",
        "unseen",
        "bytes_before",
        "bytes_after",
        "too_large",
        "interrupted",
    }
    assert (values["kept"], values["removed"], values["failed"]) == ("1", "1", "0")
    assert int(values["bytes_after"]) < int(values["bytes_before"])


def test_the_document_has_the_plan_the_sums_and_the_outcome(builder: CacheBuilder, program: Program) -> None:
    wheel(builder, "foo", "1.0")
    builder.built(None, *BUILT)
    document = program("prune", "--ci", "--format", "json").document
    assert (document["command"], document["dry_run"]) == ("prune", False)
    (policy,) = document["policies"]
    assert (policy["policy"], policy["entries"], policy["files"]) == ("ci", 1, 2)
    assert (
        policy["disk_size"] == document["plan"]["disk_size"] == document["bytes_before"] - document["bytes_after"]
    )
    assert (document["entries_kept"], document["entries_removed"]) == (1, 1)
    assert document["outcome"]["files_removed"] == 2


def test_every_option_can_come_from_the_environment(builder: CacheBuilder) -> None:
    lock = builder.root.parent / "lock.txt"
    lock.write_text("src\n", encoding="ascii")
    other = builder.root.parent / "other.txt"
    other.write_text("foo\n", encoding="ascii")
    for name in ("foo", "kept", "gone"):
        builder.built(origin(f"{BASE}/{name}-1.0.tar.gz"), *archives.build_wheel(name, "1.0"))
    wheel(builder, "bar", "1.0")
    done = run_alone(
        builder,
        PIPCACHE_PRUNE_CI="1",
        PIPCACHE_PRUNE_KEEP_FOR=os.pathsep.join((str(lock), str(other))),
        PIPCACHE_PRUNE_KEEP="kept nosuch",
        PIPCACHE_PRUNE_MAX_SIZE="1GB",
        PIPCACHE_PRUNE_UNUSED_FOR="",
        PIPCACHE_PRUNE_FORMAT="json",
        PIPCACHE_PRUNE_DRY_RUN="true",
    )
    document = json.loads(done.stdout)
    assert {removal["artifact"]["project"]: removal["reason"] for removal in document["plan"]["removals"]} == {
        "gone": "keep-for",
        "bar": "ci",
    }
    assert document["dry_run"] is True
    assert document["unmatched"] == ["nosuch"]


def test_every_option_is_named_for_the_environment() -> None:
    from pipcache.cli.prune import prune_command  # noqa: PLC0415 - what is under test here alone

    prefix = prune_command.context_settings["auto_envvar_prefix"]
    assert prefix == "PIPCACHE_PRUNE"
    for option in prune_command.params:
        (long,) = (name for name in option.opts if name.startswith("--"))
        expected = f"{prefix}_{long[2:].replace('-', '_').upper()}"
        assert (option.envvar or f"{prefix}_{(option.name or '').upper()}") == expected


def test_it_works_where_pip_says_that_its_cache_is_disabled(builder: CacheBuilder) -> None:
    wheel(builder, "foo", "1.0")
    done = run_alone(builder, "--ci", PIP_NO_CACHE_DIR="1")
    assert done.returncode == 0
    assert done.stdout.startswith("Kept 0 entries, removed 1 (--ci 1)")


@pytest.mark.parametrize("there", [False, True], ids=["missing", "empty"])
@pytest.mark.parametrize("form", ["table", "json", "github"])
def test_a_cache_that_is_not_there_yet_is_no_failure_of_a_job(tmp_path: Path, there: bool, form: str) -> None:  # noqa: FBT001
    if there:
        (tmp_path / "cache").mkdir()
    place = str(tmp_path / "cache")
    done = run_alone(CacheBuilder(tmp_path / "x"), "--format", form, PIPCACHE_PRUNE_CACHE_DIR=place)
    assert done.returncode == 0
    assert ("The cache is empty" if there else "Nothing is cached yet") in done.stderr
    assert done.stdout


def test_what_is_no_cache_is_refused(tmp_path: Path) -> None:
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "letter.txt").write_text("dear", encoding="ascii")
    done = run_alone(CacheBuilder(tmp_path / "x"), "--cache-dir", str(tmp_path / "cache"), "--max-size", "0")
    assert done.returncode == 3
    assert (tmp_path / "cache" / "letter.txt").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--old-layouts", "--keep-old-layouts"], "exclude each other"),
        (["--by-age-only"], "goes with --max-size"),
        (["--against", __file__], "goes with --damaged or --poisoned"),
        (["--max-size", "many"], "is not a size"),
        (["--max-size", "5"], "'5' has no unit: write 5GB, 5MB or 5B"),
        (["--unused-for", "30"], "write 30d for days"),
        (["--keep-latest", "0"], "0 is not in the range"),
        (["--keep-for", "nosuch.lock"], "nosuch.lock cannot be read: No such file"),
        (["--keep", "a;b"], "--keep"),
    ],
)
def test_a_wrong_command_line_removes_nothing(builder: CacheBuilder, arguments: list[str], said: str) -> None:
    wheel(builder, "foo", "1.0")
    before = caches.look(builder.root)
    done = run_alone(builder, *arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert caches.look(builder.root) == before


def test_a_size_without_a_unit_in_the_environment_removes_nothing(builder: CacheBuilder) -> None:
    wheel(builder, "foo", "1.0")
    before = caches.look(builder.root)
    done = run_alone(builder, PIPCACHE_PRUNE_MAX_SIZE="5")
    assert done.returncode == 2
    assert "'5' has no unit: write 5GB, 5MB or 5B" in done.stderr
    assert caches.look(builder.root) == before
    assert run_alone(builder, PIPCACHE_PRUNE_MAX_SIZE="0").returncode == 0


def test_what_is_damaged_has_the_names_that_remove_gives_it(builder: CacheBuilder, program: Program) -> None:
    filename, body = archives.build_wheel("foo", "1.0")
    url = f"https://files.example/{filename}"
    link = f"<html><title>Links for foo</title><a href='{url}'>{filename}</a></html>"
    builder.download("https://index.example/simple/foo/", link.encode())
    caches.flip(builder.body(builder.download(url, body)), 60)
    plans = [
        program(command, "--damaged", "--poisoned", "--dry-run", "--format", "json").document["plan"]["removals"]
        for command in ("prune", "remove")
    ]
    pruned, removed = ([removal["artifact"] for removal in plan if removal["artifact"]["key"]] for plan in plans)
    assert pruned == removed
    assert pruned[0]["filename"] == filename


def test_without_a_policy_it_is_told_what_each_would_free(builder: CacheBuilder) -> None:
    for version in ("1.0", "2.0"):
        wheel(builder, "foo", version)
    age(builder.root)
    for path in builder.root.rglob("*"):
        os.utime(path, (time.time() - 40 * 86400,) * 2)
    done = run_alone(builder)
    assert done.stdout.startswith("Kept 2 entries, removed 0: ")
    assert done.stderr.startswith("Only dead weight was looked for, as no policy was given.")
    assert re.search(r"(?m)^  --unused-for 30d +2 +4 +[0-9.]+ kB$", done.stderr)
    assert re.search(r"(?m)^  --unused-for 90d +0 +0 +0 B$", done.stderr)
    document = json.loads(run_alone(builder, "--format", "json").stdout)
    freed = {row["policy"]: row["entries"] for row in document["would_free"]}
    assert freed == {"old-layouts": 0, "unused-for 90d": 0, "unused-for 30d": 2}
    for policy in (["--ci"], ["--unused-for", "90d"], ["--keep-latest", "1"], ["--damaged"], ["--old-layouts"]):
        done = run_alone(builder, *policy, "--dry-run", "--format", "json")
        assert json.loads(done.stdout)["would_free"] is None
        assert "Only dead weight" not in done.stderr


@pytest.mark.permissions
def test_what_cannot_be_read_or_removed_is_counted_and_the_rest_is_done(
    builder: CacheBuilder, program: Program
) -> None:
    closed, fixed, free = (wheel(builder, name, "1.0") for name in ("closed", "fixed", "free"))
    builder.head(closed).chmod(0)
    builder.head(fixed).parent.chmod(0o555)
    try:
        ran = program("prune", "--ci")
    finally:
        builder.head(fixed).parent.chmod(0o755)
    assert ran.code == 3
    assert "1 place could not be looked at." in ran.out
    assert "could not be removed." in ran.out
    assert not builder.head(free).exists()
    assert builder.head(closed).exists()


@pytest.mark.parametrize("options", [("--max-size", "10k"), ("--unused-for", "1s"), ()], ids=" ".join)
def test_by_size_and_age_not_a_byte_of_a_body_is_read(builder: CacheBuilder, options: tuple[str, ...]) -> None:
    for number in range(20):
        used(builder, wheel(builder, f"foo-{number}", "1.0"), number + 1)
    page(builder, "foo")
    builder.built(origin(f"{BASE}/{SDIST[0]}"), *BUILT)
    events = watched(builder, "prune", *options, "--yes")
    opened = [str(event.arguments[0]) for event in events if event.name == "open"]
    assert [path for path in opened if path.endswith((".body", ".whl"))] == []
    heads = [path for path in opened if re.search(r"/[0-9a-f]{56}$", path)]
    assert len(heads) == len(set(heads)) == 21


# What a fresh pair of eyes found


def test_of_the_same_bytes_one_that_is_still_asked_for_is_no_litter(
    builder: CacheBuilder, program: Program
) -> None:
    alive = used(builder, wheel(builder, "foo", "1.0", url="https://signed.example/foo.whl?1"), 60, read=0)
    used(builder, wheel(builder, "foo", "1.0", url="https://signed.example/foo.whl?2"), 50)
    program("prune", "--duplicates", "--unused-for", "30d", "--format", "json")
    assert [record["key"] for record in program.artifacts("list")] == [alive]


def test_in_an_old_store_what_is_named_or_a_source_stays(builder: CacheBuilder, program: Program) -> None:
    foo, bar = archives.build_wheel("foo", "1.0"), archives.build_wheel("bar", "1.0")
    source = builder.legacy(f"{BASE}/{SDIST[0]}", SDIST[1])
    used(builder, builder.built(origin(f"{BASE}/{SDIST[0]}"), *BUILT), 1)
    kept = used(builder, builder.legacy(f"{BASE}/{foo[0]}", foo[1]), 200)
    used(builder, builder.legacy(f"{BASE}/{bar[0]}", bar[1]), 1)
    used(builder, source, 200)
    lock = builder.root.parent / "lock.txt"
    lock.write_text("foo==1.0\nsrc==1.0\n", encoding="ascii")
    program("prune", "--keep-for", str(lock))
    assert {record["key"] for record in program.artifacts("list", "--store", "http")} == {kept, source}
    program("prune", "--ci")
    assert {record["key"] for record in program.artifacts("list", "--store", "http")} == {source}


def test_a_source_that_was_redirected_is_known_by_its_bytes(builder: CacheBuilder, program: Program) -> None:
    import hashlib  # noqa: PLC0415 - here alone

    tree = archives.build_sdist("odd", "1.0", fmt="zip", folder="repo-main", pkg_info=False)
    digest = hashlib.sha256(tree[1]).hexdigest()
    builder.built(
        origin("https://code.example/main.zip") | {"archive_info": {"hashes": {"sha256": digest}}}, *BUILT
    )
    key = builder.download("https://codeload.example/elsewhere", tree[1])
    program("prune", "--ci")
    assert key in {record["key"] for record in program.artifacts("list", "--all")}


def test_a_yanked_version_makes_no_other_old(builder: CacheBuilder, program: Program) -> None:
    rows = []
    for version, yanked in (("1.0", False), ("2.0", "broken"), ("0.9", False)):
        filename, data = archives.build_wheel("foo", version)
        builder.download(f"{BASE}/{filename}", data)
        rows.append({"filename": filename, "url": f"{BASE}/{filename}", "yanked": yanked})
    body = json.dumps({"meta": {}, "name": "foo", "files": rows}).encode()
    headers = caches.FILE_HEADERS | {"Content-Type": "application/vnd.pypi.simple.v1+json"}
    builder.download("https://index.example/simple/foo/", body, headers=headers)
    program("prune", "--keep-latest", "1")
    assert {record["version"] for record in program.artifacts("list")} == {"1.0", "2.0"}


def test_while_a_pip_builds_here_it_keeps_what_it_built(builder: CacheBuilder, program: Program) -> None:
    for version in ("1.0", "2.0"):
        builder.built(origin(f"{BASE}/foo-{version}.tar.gz"), *archives.build_wheel("foo", version))
    old = used(builder, builder.built(origin(f"{BASE}/old-1.0.tar.gz"), *archives.build_wheel("old", "1.0")), 9)
    work = builder.folder(old) / "tmpabcd1234"
    work.mkdir()
    program("prune", "--keep-latest", "1", "--max-size", "0")
    assert filenames(program) == {"foo-1.0-py3-none-any.whl", "foo-2.0-py3-none-any.whl"}
    work.rmdir()
    program("prune", "--keep-latest", "1")
    assert filenames(program) == {"foo-2.0-py3-none-any.whl"}


@pytest.mark.permissions
def test_what_cannot_be_read_may_be_what_is_to_be_kept(builder: CacheBuilder, program: Program) -> None:
    key = used(builder, wheel(builder, "foo", "1.0"), 500)
    builder.head(key).chmod(0)
    builder.body(key).chmod(0)
    assert program("prune", "--max-size", "0", "--unused-for", "1h", "--keep", "foo").code == 3
    assert builder.head(key).exists()
    program("prune", "--max-size", "0")
    assert not builder.head(key).exists()


@pytest.mark.parametrize("form", ["json", "github"])
def test_at_a_terminal_other_forms_ask_for_consent_in_words(builder: CacheBuilder, form: str) -> None:
    pty = pytest.importorskip("pty")
    wheel(builder, "foo", "1.0")
    leader, follower = pty.openpty()
    command = [
        sys.executable,
        "-m",
        "pipcache",
        "prune",
        "--ci",
        "--format",
        form,
        "--cache-dir",
        str(builder.root),
    ]
    try:
        done = subprocess.run(command, cwd=REPOSITORY, stdin=follower, capture_output=True, check=False)
    finally:
        os.close(leader)
        os.close(follower)
    assert done.returncode == 2
    assert b"--yes" in done.stderr
    assert len(list(builder.root.rglob("*.body"))) == 1
