"""Nothing but the plan goes, whatever lies in the way: links, other hands, missing rights, a pip at work."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pipcache.cli import remove as cli_remove
from pipcache.removal.executor import carry_out
from pipcache.removal.outcome import Fate
from pipcache.store.cache import Cache
from tests.support import archives, caches
from tests.support.caches import CacheBuilder
from tests.support.program import Program
from tests.support.removal import Meddler, age, allocated, plan_for, plan_to_clear

if TYPE_CHECKING:
    from collections.abc import Callable

FILES = "https://files.example/packages/"
BUILD_FOLDER = "tmpabcd1234"
both_ways = pytest.mark.parametrize("use_descriptors", [True, False])


class FilledCache(CacheBuilder):
    """A cache with one entry of each kind, and a folder of documents outside it that looks much like a store."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder / "cache")
        self.outside = folder / "documents"
        wheel, sdist = archives.build_wheel("foo", "1.0"), archives.build_sdist("foo", "1.0")
        self.key = self.download(FILES + wheel[0], wheel[1])
        self.old_key = self.legacy(FILES + wheel[0], wheel[1])
        self.wheel_key = self.built({"url": FILES + sdist[0]}, *wheel)
        self.wheel = self.folder(self.wheel_key) / wheel[0]
        self.selfcheck()
        documents = CacheBuilder(self.outside)
        for parts in (
            ("letter.txt",),
            ("notes", "deep", "plan.txt"),
            ("origin.json",),
            ("x-1.0-py3-none-any.whl",),
        ):
            documents.stray("/".join(parts))
        key = "ab" * 28
        for place in (f"b/a/b/a/{key}", f"b/a/b/a/{key}.body", f"ab/ab/ab/{key[6:]}/y-1.0-py3-none-any.whl"):
            documents.stray(place)
        age(folder)


@pytest.fixture
def cache(tmp_path: Path) -> FilledCache:
    return FilledCache(tmp_path)


def link_wheels(cache: FilledCache) -> Path:
    shutil.rmtree(cache.root / "wheels")
    return link(cache.root / "wheels", cache.outside)


def link_fan_out(cache: FilledCache) -> Path:
    place = cache.root / "http-v2" / "a"
    shutil.rmtree(place, ignore_errors=True)
    return link(place, cache.outside)


def link_wheel(cache: FilledCache) -> Path:
    return link(cache.wheel, cache.outside / "x-1.0-py3-none-any.whl")


def link_origin(cache: FilledCache) -> Path:
    return link(cache.folder(cache.wheel_key) / "origin.json", cache.outside / "origin.json")


def link_head(cache: FilledCache) -> Path:
    return link(cache.head(cache.key), cache.outside / "letter.txt")


def link_body(cache: FilledCache) -> Path:
    return link(cache.body(cache.key), cache.outside / "letter.txt")


def link_in_build_folder(cache: FilledCache) -> Path:
    (cache.folder(cache.wheel_key) / BUILD_FOLDER / "built").mkdir(parents=True)
    return link(cache.folder(cache.wheel_key) / BUILD_FOLDER / "built" / "docs", cache.outside)


def link_build_folder(cache: FilledCache) -> Path:
    return link(cache.folder(cache.wheel_key) / BUILD_FOLDER, cache.outside)


def link(place: Path, target: Path) -> Path:
    caches.link(place, target)
    return place


TRAPS: list[Callable[[FilledCache], Path]] = [
    *(link_wheels, link_fan_out, link_wheel, link_origin, link_head, link_body),
    *(link_in_build_folder, link_build_folder),
]


@pytest.mark.parametrize("trap", TRAPS, ids=lambda trap: trap.__name__)
@pytest.mark.parametrize(
    "command",
    [["remove", "nosuch"], ["remove", "*"], ["remove", "foo"], ["clear"], ["clear", "--force"]],
    ids=" ".join,
)
def test_a_link_is_told_of_and_nothing_behind_it_is_touched(
    cache: FilledCache, trap: Callable[[FilledCache], Path], command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    place = trap(cache)
    age(cache.root)
    before = caches.look(cache.outside)
    ran = Program(cache.root, capsys)(command[0], *command[1:], "--yes")
    # what lies behind a link may be what was named; what can be made again is cleared without it
    is_seen = trap is not link_in_build_folder
    assert ran.code == (3 if command[0] == "remove" and is_seen else 0), ran.err
    assert ("1 link not followed: this does not cover what lies behind." in ran.err) is (ran.code == 3)
    assert caches.look(cache.outside) == before
    assert place.is_symlink()
    path = place.relative_to(cache.root).as_posix()
    # what lies in a build folder is looked at only when that is to be cleared
    if command[0] == "clear" or is_seen:
        assert path in ran.err


def test_the_cache_directory_itself_may_be_a_link(
    cache: FilledCache, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "link").symlink_to(cache.root)
    assert Program(tmp_path / "link", capsys)("remove", "foo", "--yes").code == 0
    assert not cache.head(cache.key).exists()


@both_ways
@pytest.mark.parametrize("part", ["http-v2", "http-v2/{0}", "http-v2/{0}/{1}/{2}/{3}/{4}"])
def test_a_folder_that_became_a_link_since_the_plan_is_not_followed(
    cache: FilledCache, part: str, *, use_descriptors: bool
) -> None:
    plan = plan_for(cache.root, "foo")
    place = cache.root / part.format(*cache.key)
    twin = cache.root.parent / "twin"

    def plant() -> None:
        # the very files that were planned, now outside the cache
        place.rename(twin)
        place.symlink_to(twin)

    (at,) = [at for at, removal in enumerate(plan.removals) if removal.files[0].path.startswith("http-v2")]
    outcome = carry_out(Cache(str(cache.root)), plan, Meddler(at, plant), use_descriptors=use_descriptors)
    assert outcome.fates[at] is Fate.CHANGED
    assert [problem.is_folder_replaced for problem in outcome.problems] == [True, False]
    left = [path.name for path in twin.rglob("*") if path.is_file()]
    assert sorted(left) == [cache.key, f"{cache.key}.body"]
    assert {fate for index, fate in enumerate(outcome.fates) if index != at} == {Fate.REMOVED}


@both_ways
@pytest.mark.parametrize("which", ["head", "body", "wheel", "origin"])
def test_a_file_that_became_a_link_since_the_plan_stays(
    cache: FilledCache, which: str, *, use_descriptors: bool
) -> None:
    plan = plan_for(cache.root, "foo")
    places = {
        "head": cache.head(cache.key),
        "body": cache.body(cache.key),
        "wheel": cache.wheel,
        "origin": cache.folder(cache.wheel_key) / "origin.json",
    }
    before = caches.look(cache.outside)
    meddler = Meddler(0, lambda: link(places[which], cache.outside / "letter.txt"))
    outcome = carry_out(Cache(str(cache.root)), plan, meddler, use_descriptors=use_descriptors)
    assert places[which].is_symlink()
    assert caches.look(cache.outside) == before
    assert Fate.CHANGED in outcome.fates
    assert not any(problem.is_folder_replaced for problem in outcome.problems)


def test_the_plan_says_which_of_what_is_left_is_a_link(cache: FilledCache) -> None:
    link_head(cache)
    link_in_build_folder(cache)
    (cache.root / "http-v2" / "link.txt").write_text("a stray")
    left = plan_to_clear(cache.root, force=True).left
    links = {os.path.basename(entry.path): entry.is_link for entry in left}
    assert links == {cache.key: True, "docs": True, "link.txt": False}


@both_ways
@pytest.mark.parametrize("which", ["head", "body"])
def test_an_entry_that_pip_wrote_anew_since_the_plan_stays_whole(
    cache: FilledCache, which: str, *, use_descriptors: bool
) -> None:
    plan = plan_for(cache.root, "foo")
    place = cache.head(cache.key) if which == "head" else cache.body(cache.key)
    meddler = Meddler(0, lambda: caches.replace(place, place.read_bytes()))
    outcome = carry_out(Cache(str(cache.root)), plan, meddler, use_descriptors=use_descriptors)
    assert cache.head(cache.key).exists()
    assert cache.body(cache.key).exists()
    assert sorted(problem.fate for problem in outcome.problems) == [Fate.CHANGED, Fate.KEPT]


def test_what_changed_is_kept_told_and_makes_the_run_end_with_3(
    cache: FilledCache, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    place = cache.head(cache.key)
    others = Meddler(-1, lambda: None)

    def track(items, length, label):  # type: ignore[no-untyped-def]  # stands for a generic function
        meddler = Meddler(0, lambda: caches.replace(place, b"anew")) if label == "Removing" else others
        return meddler(items, length, label)

    monkeypatch.setattr(cli_remove, "track", track)
    ran = Program(cache.root, capsys)("remove", "foo", "--yes")
    assert ran.code == 3
    assert "Kept 1 file: changed since it was looked at" in ran.err
    assert "run the same command again" in ran.err
    assert place.read_bytes() == b"anew"
    assert not cache.wheel.exists()


@both_ways
def test_what_vanished_since_the_plan_counts_as_gone(cache: FilledCache, *, use_descriptors: bool) -> None:
    plan = plan_for(cache.root, "foo")

    def meddle() -> None:
        cache.head(cache.key).unlink()
        shutil.rmtree(cache.root / "wheels")

    meddler = Meddler(0, meddle)
    outcome = carry_out(Cache(str(cache.root)), plan, meddler, use_descriptors=use_descriptors)
    assert outcome.problems == ()
    assert (outcome.files, outcome.gone) == (2, 3)
    assert set(outcome.fates) == {Fate.GONE, Fate.REMOVED}


@both_ways
def test_what_was_freed_is_what_the_file_system_has_more(cache: FilledCache, *, use_descriptors: bool) -> None:
    os.link(cache.wheel, cache.root.parent / "elsewhere.whl")
    os.link(cache.body(cache.key), cache.root / "http-v2" / "twin")
    caches.grow(cache.head(cache.old_key, store="http"), 1 << 24)
    age(cache.root)
    before = allocated(cache.root.parent)
    planned = plan_for(cache.root, "foo").size + plan_to_clear(cache.root).size
    outcome = carry_out(Cache(str(cache.root)), plan_for(cache.root, "foo"), use_descriptors=use_descriptors)
    cleared = carry_out(Cache(str(cache.root)), plan_to_clear(cache.root), use_descriptors=use_descriptors)
    assert outcome.freed + cleared.freed == before - allocated(cache.root.parent)
    assert outcome.is_measured
    assert planned > 0


def test_young_folders_stay_and_old_ones_go_but_never_a_store(cache: FilledCache) -> None:
    os.utime(cache.folder(cache.wheel_key))
    carry_out(Cache(str(cache.root)), plan_for(cache.root, "foo"))
    assert cache.folder(cache.wheel_key).is_dir()
    assert os.listdir(cache.root / "http-v2") == []
    assert os.listdir(cache.root / "http") == []


def test_what_a_pip_may_be_at_work_on_is_spared_by_clear_unless_forced(
    cache: FilledCache, capsys: pytest.CaptureFixture[str]
) -> None:
    program = Program(cache.root, capsys)
    folder = cache.folder(cache.wheel_key)
    built = cache.stray(f"{folder.relative_to(cache.root)}/{BUILD_FOLDER}/foo-2.0-py3-none-any.whl")
    draft = cache.head(cache.key).with_name(f"{cache.key}abcd1234.tmp")
    lone = cache.head("c" * 56)
    for path in (draft, lone):
        cache.stray(str(path.relative_to(cache.root)))
    ran = program("clear", "--yes")
    assert ran.code == 0
    for path in (built, draft, lone):
        assert path.exists()
        assert "a pip may be at work on it" in ran.err
    assert not cache.wheel.exists()
    age(cache.root)
    os.utime(built)  # a long build: the folder is old, what is in it is not
    program("clear", "--yes")
    assert [path for path in (built, draft, lone) if path.exists()] == [built]
    program("clear", "--yes", "--force")
    assert sorted(path.name for path in cache.root.rglob("*")) == ["http", "http-v2", "selfcheck", "wheels"]


def test_an_old_build_folder_goes_with_all_that_is_in_it(
    cache: FilledCache, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = cache.folder(cache.wheel_key)
    cache.stray(f"{folder.relative_to(cache.root)}/{BUILD_FOLDER}/a/b/foo-2.0-py3-none-any.whl")
    (folder / BUILD_FOLDER / "empty" / "too").mkdir(parents=True)
    age(cache.root)
    assert Program(cache.root, capsys)("clear", "--yes").code == 0
    assert os.listdir(cache.root / "wheels") == []


def test_an_origin_goes_with_the_last_wheel_of_its_folder(cache: FilledCache) -> None:
    folder = cache.folder(cache.wheel_key)
    other = archives.build_wheel("other", "1.0")
    (folder / other[0]).write_bytes(other[1])
    carry_out(Cache(str(cache.root)), plan_for(cache.root, other[0]))
    assert sorted(os.listdir(folder)) == [cache.wheel.name, "origin.json"]
    (folder / other[0]).write_bytes(other[1])
    plan = plan_for(cache.root, other[0], "foo")
    meddler = Meddler(0, lambda: caches.replace(folder / other[0], b"anew"))
    outcome = carry_out(Cache(str(cache.root)), plan, meddler)
    assert Fate.CHANGED in outcome.fates
    assert {"origin.json", other[0]} <= set(os.listdir(folder))
    carry_out(Cache(str(cache.root)), plan_for(cache.root, other[0], "foo"))
    assert not folder.exists() or os.listdir(folder) == []


def unprivileged(work: Callable[[], int]) -> int:
    """What `work` returns in a process that may do no more than an ordinary user."""
    child = os.fork()
    if child == 0:
        code = 99
        try:
            if os.geteuid() == 0:
                os.setegid(65534)
                os.seteuid(65534)
            code = work()
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs a process of its own that may do less")
def test_what_may_not_be_removed_is_told_and_the_rest_goes_on(capsys: pytest.CaptureFixture[str]) -> None:
    # the folders above tmp_path are this user's alone
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        cache = FilledCache(place)
        for path in (place, *place.rglob("*")):
            path.chmod(0o777 if path.is_dir() else 0o666)
        cache.head(cache.key).parent.chmod(0o555)
        named = place / "named"
        named.touch()
        named.chmod(0o666)
        program = Program(cache.root, capsys)
        program("remove", "foo", "--dry-run")  # every module is imported before rights are dropped

        def work() -> int:
            ran = program("remove", "foo", "--yes")
            named.write_text(ran.out + ran.err, encoding="utf-8")
            return ran.code

        assert unprivileged(work) == 3
        cache.head(cache.key).parent.chmod(0o755)
        assert cache.head(cache.key).exists()
        assert cache.body(cache.key).exists()
        assert not cache.wheel.exists()
        text = named.read_text(encoding="utf-8")
    assert "Could not remove 1 file: Permission denied" in text
    assert "Kept 1 file that belong" in text


@pytest.mark.parametrize(
    "files",
    [
        ["wheels/foo-1.0-py3-none-any.whl", "setup.py"],
        ["wheels/ab/notes.txt", "setup.py"],
        ["http/client.py", "http/a.py"],
        ["http/a/b.txt", "setup.py"],
        ["http/a", "wheels/ab", "setup.py"],
        ["etc/passwd", "home/ada/letter.txt"],
        ["letter.txt", ".cache/pip/wheels/x"],
        ["wheels/3d/", "wheels/foo-1.0-py3-none-any.whl", "setup.py"],
        ["wheels/3d/", "setup.py"],
        ["http/a/b/", "http/a/keep.py", "http/api/x.py"],
        ["selfcheck/", "setup.py"],
        ["wheels/", "http/", "setup.py"],
    ],
    ids=" ".join,
)
def test_a_folder_that_is_no_cache_loses_nothing(
    tmp_path: Path, files: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    builder = CacheBuilder(tmp_path / "project")
    for path in files:
        if path.endswith("/"):
            (builder.root / path).mkdir(parents=True)
        else:
            builder.stray(path)
    age(builder.root)
    before = caches.look(builder.root)
    monkeypatch.setenv("PIP_CACHE_DIR", str(builder.root))
    from pipcache.cli.main import run  # noqa: PLC0415 - beside its one use

    for command in (["remove", "*"], ["clear"], ["clear", "--force"]):
        assert run([*command, "--yes"]) == 3
        assert "not a pip cache" in capsys.readouterr().err
        assert caches.look(builder.root) == before


def test_what_only_looks_like_a_cache_loses_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    builder = CacheBuilder(tmp_path / "project")
    for path in ("http-v2/a/1/9/5/readme", f"http/a/b/{'ab' * 28}", "wheels/ab/cd/foo-1.0-py3-none-any.whl"):
        builder.stray(path)
    age(builder.root)
    before = caches.look(builder.root)
    for command in (["remove", "*"], ["clear"], ["clear", "--force"]):
        ran = Program(builder.root, capsys)(command[0], *command[1:], "--yes")
        assert (ran.code, ran.out) == (0, "Nothing to remove.\n")
        assert caches.look(builder.root) == before


@pytest.mark.parametrize("store", ["http", "wheels"])
def test_what_was_emptied_stays_a_cache_beside_litter(
    store: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    builder = CacheBuilder(tmp_path / "cache")
    filename, body = archives.build_wheel("foo", "1.0")
    if store == "http":
        builder.legacy("https://files.example/foo", body)
    else:
        builder.built(None, filename, body)
    builder.stray(".DS_Store")
    age(builder.root)
    for _ in range(2):
        assert Program(builder.root, capsys)("clear", "--yes").code == 0
        assert Program(builder.root, capsys)("remove", "foo", "--yes").code == 0


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs a process of its own that may do less")
def test_what_may_not_be_read_is_told_with_the_reason(capsys: pytest.CaptureFixture[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        cache = FilledCache(place)
        for path in (place, *place.rglob("*")):
            path.chmod(0o777 if path.is_dir() else 0o666)
        cache.head(cache.key).chmod(0)
        program = Program(cache.root, capsys)
        program("remove", "nosuch", "--dry-run")

        def work() -> int:
            ran = program("remove", "nosuch", "--yes")
            document = program("remove", "nosuch", "--dry-run", "--format", "json").document
            is_said = f"Could not look at {cache.head(cache.key).relative_to(cache.root)}: " in ran.err
            return ran.code if is_said and "denied" in document["problems"][0]["problem"] else 99

        assert unprivileged(work) == 3


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs a process of its own that may do less")
def test_a_build_folder_that_stays_is_not_called_removed(capsys: pytest.CaptureFixture[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        cache = FilledCache(place)
        (cache.folder(cache.wheel_key) / BUILD_FOLDER).mkdir()
        age(cache.root)
        for path in (place, *place.rglob("*")):
            path.chmod(0o777 if path.is_dir() else 0o666)
        cache.folder(cache.wheel_key).chmod(0o555)
        program = Program(cache.root, capsys)
        program("clear", "--wheels", "--dry-run")

        def work() -> int:
            ran = program("clear", "--wheels", "--yes", "--format", "json")
            fates = {
                removal["files"][0] if removal["files"] else "": removal["fate"]
                for removal in ran.document["plan"]["removals"]
            }
            return ran.code if fates[""] == "failed" else 99

        assert unprivileged(work) == 3
        cache.folder(cache.wheel_key).chmod(0o755)


def test_the_self_checks_temporary_files_are_cleared(
    cache: FilledCache, capsys: pytest.CaptureFixture[str]
) -> None:
    place = cache.stray(f"selfcheck/{'ab' * 28}abcd1234.tmp")
    age(cache.root)
    assert Program(cache.root, capsys)("clear", "--selfcheck", "--yes").code == 0
    assert not place.exists()
