"""`remove`: what goes is what was meant, by any evidence of its name; what is not covered is said."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from pipcache.util import urls
from tests.support import archives, caches
from tests.support.caches import CacheBuilder
from tests.support.pips import clean_environment
from tests.support.places import REPOSITORY
from tests.support.program import Program, Ran

FILES = "https://files.example/packages/"
INDEX = "https://index.example/simple/"
JSON_PAGE = caches.FILE_HEADERS | {"Content-Type": "application/vnd.pypi.simple.v1+json"}


def page(builder: CacheBuilder, project: str, *files: str) -> str:
    """The key of an index page that lists these files."""
    rows = [{"filename": name, "url": FILES + name, "hashes": {}} for name in files]
    body = json.dumps({"meta": {"api-version": "1.1"}, "name": project, "files": rows}).encode()
    return builder.download(f"{INDEX}{project}/", body, headers=JSON_PAGE)


def kept(builder: CacheBuilder) -> set[str]:
    """The paths of all files that are left."""
    return {path.relative_to(builder.root).as_posix() for path in builder.root.rglob("*") if not path.is_dir()}


def removed(builder: CacheBuilder, program: Program, *arguments: str) -> tuple[set[str], Ran]:
    """The paths that go when `remove` runs, and the run."""
    before = kept(builder)
    ran = program("remove", *arguments, "--yes")
    return before - kept(builder), ran


def files_of(builder: CacheBuilder, *keys: str) -> set[str]:
    """The paths of all files under these keys."""
    return {path for path in kept(builder) if path.replace("/", "").removesuffix(".body").endswith(keys)}


# What goes


VERSIONS = ("1.8", "1.82.7", "1.8.post1", "1.9rc1", "2.0.dev3", "1!1.0", "1.8+cpu.1")


@pytest.mark.parametrize(
    ("specifier", "going"),
    [
        ("foo", set(VERSIONS)),
        ("foo==1.8", {"1.8", "1.8+cpu.1"}),
        ("foo===1.8", {"1.8"}),
        ("foo==1.82.7", {"1.82.7"}),
        ("foo>=1.9.dev0,<2", {"1.82.7", "1.9rc1"}),
        ("foo<1.9", {"1.8", "1.8.post1", "1.8+cpu.1"}),
        ("foo~=1.8.0", {"1.8", "1.8.post1", "1.8+cpu.1"}),
        ("foo>1.8", {"1.82.7", "1.9rc1", "2.0.dev3", "1!1.0"}),
        ("foo==1!1.0", {"1!1.0"}),
        ("foo==2.0.dev3", {"2.0.dev3"}),
        ("foo==1.8+cpu.1", {"1.8+cpu.1"}),
        ("foo==1.8.*", {"1.8", "1.8.post1", "1.8+cpu.1"}),
        ("Foo[extra]==1.8.post1", {"1.8.post1"}),
    ],
)
def test_versions_are_those_of_pep_440(
    builder: CacheBuilder, program: Program, specifier: str, going: set[str]
) -> None:
    keys = {}
    for version in VERSIONS:
        filename, body = archives.build_wheel("foo", version)
        keys[version] = builder.download(FILES + filename, body)
    other, body = archives.build_wheel("foo-bar", "1.8")
    builder.download(FILES + other, body)
    expected = files_of(builder, *(keys[version] for version in going))
    gone, ran = removed(builder, program, specifier)
    assert (gone, ran.code) == (expected, 0)
    assert len(gone) == 2 * len(going)


@pytest.mark.parametrize("spelling", ["flask-sqlalchemy", "Flask_SQLAlchemy", "FLASK.sqlalchemy", "flask*chemy"])
def test_names_are_compared_in_their_normal_form(builder: CacheBuilder, program: Program, spelling: str) -> None:
    wheel, sdist = archives.build_wheel("Flask_SQLAlchemy", "3.0"), archives.build_sdist("Flask-SQLAlchemy", "3.0")
    builder.download(FILES + wheel[0], wheel[1])
    builder.legacy(FILES + sdist[0], sdist[1])
    builder.built({"url": FILES + sdist[0]}, *wheel)
    builder.download(f"{FILES}{wheel[0]}.metadata", archives.metadata("Flask-SQLAlchemy", "3.0"))
    neighbour = archives.build_wheel("flask", "3.0")
    key = builder.download(FILES + neighbour[0], neighbour[1])
    removed(builder, program, spelling)
    assert kept(builder) == files_of(builder, key)


@pytest.mark.parametrize(
    ("url", "goes"),
    [
        (urls.file_urls("0" * 64, "foo-1.0.tar.gz")[0], True),  # an index has files of this name
        (f"https://mirror.example{urlsplit(urls.file_urls('0' * 64, 'foo-1.0.tar.gz')[0]).path}", True),
        (f"{FILES}foo-1.0.tar.gz", False),  # anybody can call a file so
        ("https://forge.example/foo/archive/foo-v1.0.tar.gz", False),
    ],
)
def test_a_built_wheel_goes_by_the_name_of_its_source_where_that_is_an_index_s(
    builder: CacheBuilder, program: Program, url: str, *, goes: bool
) -> None:
    filename, body = archives.build_wheel("renamed", "9")
    key = builder.built({"url": url}, filename, body)
    expected = {path for path in kept(builder) if path.startswith("wheels/") and key[6:] in path}
    gone, _ = removed(builder, program, "foo==1.0")
    assert gone == (expected if goes else set())
    assert len(expected) == 2


def test_a_file_goes_by_any_of_two_names_that_disagree(builder: CacheBuilder, program: Program) -> None:
    filename, body = archives.build_wheel("evil", "1.0")
    key = builder.download(FILES + "good-1.0-py3-none-any.whl", body)
    page(builder, "good", "good-1.0-py3-none-any.whl")
    assert filename != "good-1.0-py3-none-any.whl"
    gone, _ = removed(builder, program, "evil==1.0", "--keep-pages")
    assert gone == {path for path in gone if key in path}
    assert len(gone) == 2


def test_copies_of_a_body_under_other_keys_go_even_when_nothing_names_them(
    builder: CacheBuilder, program: Program
) -> None:
    damaged = archives.build_wheel("foo", "1.0")[1][:300]
    listed = builder.download(f"{FILES}foo-1.0-py3-none-any.whl", damaged)
    page(builder, "foo", "foo-1.0-py3-none-any.whl")
    copy = builder.download(f"{FILES}download?id=1&sig=x", damaged)
    old_copy = builder.legacy(f"{FILES}download?id=2&sig=y", damaged)
    other = builder.download(f"{FILES}download?id=3&sig=z", damaged[:-1] + b"\x00")
    removals = program("remove", "foo", "--dry-run", "--format", "json").document["plan"]["removals"]
    reasons = {removal["artifact"]["key"]: (removal["reason"], removal["detail"]) for removal in removals}
    assert reasons[listed] == ("match", "foo")
    assert reasons[copy] == reasons[old_copy] == ("copy", "foo-1.0-py3-none-any.whl")
    removed(builder, program, "foo")
    assert kept(builder) == files_of(builder, other)


def test_a_sign_in_page_that_stands_for_many_files_makes_no_copies_of_them(
    builder: CacheBuilder, program: Program
) -> None:
    body = b"<!DOCTYPE html><html><body>Please sign in</body></html>"
    builder.download(f"{FILES}foo-1.0-py3-none-any.whl", body)
    page(builder, "foo", "foo-1.0-py3-none-any.whl")
    other = builder.download(f"{FILES}somewhere", body)
    removed(builder, program, "foo")
    assert kept(builder) == files_of(builder, other)


def test_the_index_pages_of_a_project_go_with_its_files(builder: CacheBuilder, program: Program) -> None:
    for project, version in (("foo", "1.0"), ("foo", "2.0"), ("bar", "1.0")):
        filename, body = archives.build_wheel(project, version)
        builder.download(FILES + filename, body)
    foo, bar = page(builder, "foo"), page(builder, "bar")
    gone, _ = removed(builder, program, "foo==1.0", "--keep-pages")
    assert len(gone) == 2
    gone, _ = removed(builder, program, "foo==2.0")
    assert len(gone) == 4
    assert {path for path in gone if foo in path}
    assert len(files_of(builder, bar)) == 2


def test_a_page_stays_when_no_file_of_its_project_goes(builder: CacheBuilder, program: Program) -> None:
    filename, body = archives.build_wheel("foo", "1.0")
    builder.download(FILES + filename, body)
    page(builder, "foo")
    gone, ran = removed(builder, program, "foo==2.0")
    assert gone == set()
    assert ran.err == "Nothing matches 'foo==2.0'. Of foo the cache has 1.0.\n"
    gone, _ = removed(builder, program, "foo")
    assert kept(builder) == set()


@pytest.mark.parametrize(
    ("options", "left"),
    [
        (["--kind", "wheel"], {"sdist", "page", "built"}),
        (["--kind", "built"], {"sdist", "page", "wheel"}),
        (["--kind", "page"], {"sdist", "wheel", "built"}),
        (["--store", "wheels"], {"sdist", "page", "wheel"}),
        (["--store", "http"], {"built", "page", "wheel"}),
        (["--older-than", "1d"], {"built", "page", "wheel", "sdist"}),
        (["--newer-than", "1d"], set()),
        (["--kind", "sdist", "--kind", "built"], {"page", "wheel"}),
    ],
)
def test_filters_narrow_all_of_it(
    builder: CacheBuilder, program: Program, options: list[str], left: set[str]
) -> None:
    wheel, sdist = archives.build_wheel("foo", "1.0"), archives.build_sdist("foo", "1.0")
    builder.download(FILES + wheel[0], wheel[1])
    builder.legacy(FILES + sdist[0], sdist[1])
    builder.built({"url": FILES + sdist[0]}, *wheel)
    page(builder, "foo")
    removed(builder, program, "foo", *options)
    assert {record["kind"] for record in program.artifacts("list", "--all")} == left


# What is said


def test_versions_that_are_not_pep_440_are_passed_over_aloud(builder: CacheBuilder, program: Program) -> None:
    filename, body = archives.build_sdist("foo", "2004d")
    builder.download(f"{FILES}{filename}", body)
    gone, ran = removed(builder, program, "foo>=1.0")
    assert (gone, ran.code) == (set(), 0)
    assert (
        "Passed over foo: 2004d is not a PEP 440 version (select it with foo===2004d, or by its bare name)"
        in ran.err
    )
    assert (
        program("remove", "foo>=1", "--dry-run", "--format", "json").document["passed_over"][0]["version"]
        == "2004d"
    )
    for selector in ("foo===2004d", "fo?", "foo"):
        assert len(program("remove", selector, "--dry-run", "--format", "json").document["plan"]["removals"]) == 1


def test_what_could_not_be_named_is_counted_with_the_command_that_lists_it(
    builder: CacheBuilder, program: Program
) -> None:
    builder.download(f"{FILES}one", b"\x00\x01 nothing pip caches")
    builder.download(f"{FILES}two", b"\x00\x02 nothing pip caches")
    builder.stray("http-v2/a/stray")
    ran = program("remove", "foo", "--yes")
    assert ran.code == 0
    command = f"pipcache list --unnamed --cache-dir {builder.root}"
    assert f"2 entries could not be named, so this does not cover them: {command}" in ran.err
    assert len(program.artifacts("list", "--unnamed")) == 2
    assert program("remove", "foo", "--dry-run", "--format", "json").document["unnamed"] == 2
    assert "could not be named" not in program("remove", "sha256:" + "0" * 64, "--yes").err


def test_a_selector_that_meets_nothing_is_said_and_fails_only_where_it_must_match(
    builder: CacheBuilder, program: Program
) -> None:
    filename, body = archives.build_wheel("foo", "1.0")
    builder.download(FILES + filename, body)
    ran = program("remove", "nosuch-1.8", "--yes")
    assert (ran.code, ran.out) == (0, "Nothing to remove.\n")
    assert ran.err == "Nothing matches 'nosuch-1.8'. For a version write nosuch==1.8.\n"
    ran = program("remove", "foo", "nosuch", "--yes", "--must-match")
    assert ran.code == 1
    assert kept(builder) == set()
    assert program("remove", "foo", "--yes").code == 0  # a purge script is run twice


def test_pages_that_do_not_say_what_they_are_are_known_by_what_was_asked_for(
    builder: CacheBuilder, program: Program
) -> None:
    headers = {**caches.FILE_HEADERS, "Content-Type": "application/vnd.pypi.simple.v1+html"}
    builder.download(f"{urls.PAGE_BASES[0]}bar/", b"<html><body>nothing here</body></html>", headers=headers)
    builder.download("https://index.example/simple/bar/", b"<html><body>or here</body></html>", headers=headers)
    ran = program("remove", "bar", "--yes")
    assert ran.code == 0
    assert "1 entry could not be named" in ran.err
    assert len(kept(builder)) == 2
    assert len(program.artifacts("list", "--unnamed")) == 1


def test_nothing_is_passed_over_where_each_version_was_judged_by_its_text(
    builder: CacheBuilder, program: Program
) -> None:
    for version in ("2004d", "2005e"):
        filename, body = archives.build_wheel("foo", version)
        builder.download(FILES + filename, body)
    assert "Passed over" not in program("remove", "foo===2004d", "--yes").err
    assert len(kept(builder)) == 2


def test_only_line_feeds_end_the_lines_of_a_file(builder: CacheBuilder, program: Program, tmp_path: Path) -> None:
    filename, body = archives.build_wheel("foo", "1.0")
    builder.download(FILES + filename, body)
    listing = tmp_path / "named.txt"
    listing.write_bytes("# not\u2028foo\n# nor\x0cfoo\nnosuch\r\n".encode())
    assert program("remove", "-r", str(listing), "--yes").code == 0
    assert len(kept(builder)) == 2


def test_extras_are_ignored_with_a_note_and_markers_are_an_error(builder: CacheBuilder, program: Program) -> None:
    builder.selfcheck()
    assert "extras are ignored: socks" in program("remove", "requests[socks]>=2", "--yes").err
    ran = program("remove", "requests; python_version < '3'", "--yes")
    assert ran.code == 2
    assert "is about an environment" in ran.err


def test_the_plan_says_what_why_how_many_and_how_much(builder: CacheBuilder, program: Program) -> None:
    filename, body = archives.build_wheel("foo", "1.0")
    builder.download(FILES + filename, body)
    page(builder, "foo", filename)
    ran = program("remove", "foo==1.0", "--dry-run")
    header, *rows, total, last = ran.lines
    assert header.split() == ["PROJECT", "VERSION", "KIND", "STORE", "FILES", "SIZE", "WHY", "TAGS"]
    assert [re.split("  +", row)[-2:] for row in rows] == [
        ["index page of foo", "-"],
        ["matches foo==1.0", "py3-none-any"],
    ]
    assert total.startswith("2 entries, 4 files, ")
    assert total.endswith(f" in {builder.root}")
    assert last == "Nothing was removed: this is a dry run."
    assert len(kept(builder)) == 4


def test_plan_and_outcome_are_one_document(builder: CacheBuilder, program: Program) -> None:
    filename, body = archives.build_wheel("foo", "1.0")
    key = builder.download(FILES + filename, body)
    planned = program("remove", "foo", "--dry-run", "--format", "json").document
    assert (planned["schema"], planned["command"], planned["dry_run"]) == (1, "remove", True)
    assert planned["outcome"] is None
    (removal,) = planned["plan"]["removals"]
    assert (removal["reason"], removal["detail"], removal["store"], removal["fate"]) == (
        "match",
        "foo",
        "http-v2",
        None,
    )
    places = (builder.head(key), builder.body(key))
    assert removal["files"] == [path.relative_to(builder.root).as_posix() for path in places]
    assert removal["artifact"]["key"] == key
    done = program("remove", "foo", "--yes", "--format", "json").document
    assert done["plan"]["removals"][0]["fate"] == "removed"
    outcome = done["outcome"]
    assert (outcome["files_removed"], outcome["files_gone"], outcome["failures"]) == (2, 0, [])
    assert outcome["bytes_freed"] >= planned["plan"]["disk_size"] > 0
    assert (outcome["bytes_are_measured"], outcome["interrupted"]) == (True, False)


# What is asked


def test_selectors_come_from_files_and_from_standard_input(
    builder: CacheBuilder, program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("one", "two", "three", "four", "five"):
        filename, body = archives.build_wheel(name, "1.0")
        builder.download(FILES + filename, body)
    listing = tmp_path / "bad.txt"
    listing.write_text(
        f"\ufeff# a bad day\none==1.0  # the first\n\n  two\r\n{FILES}three-1.0-py3-none-any.whl#sha256=0\n"
    )
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"four\n")))
    ran = program("remove", "-r", str(listing), "--requirement", "-", "--yes")
    assert ran.code == 0
    assert [record["project"] for record in program.artifacts("list")] == ["five"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("one\none=1\ntwo >\n", ["line 2", "line 3"]),
        ("one; sys_platform == 'win32'\n", ["line 1", "marker"]),
        ("# nothing\n", ["There is no selector in"]),
        ("one\n-r other.txt\n", ["line 2"]),
        ("\x00", ["line 1"]),
    ],
)
def test_all_lines_are_checked_before_anything_goes(
    builder: CacheBuilder, program: Program, tmp_path: Path, text: str, said: list[str]
) -> None:
    filename, body = archives.build_wheel("one", "1.0")
    builder.download(FILES + filename, body)
    listing = tmp_path / "bad.txt"
    listing.write_text(text)
    gone, ran = removed(builder, program, "one", "-r", str(listing))
    assert (gone, ran.code) == (set(), 2)
    assert str(listing) in ran.err
    assert all(words in ran.err for words in said)


def test_a_file_that_cannot_be_read_is_named(builder: CacheBuilder, program: Program, tmp_path: Path) -> None:
    builder.selfcheck()
    for name, data in (("missing", None), ("binary", b"\xff\xfe\x00")):
        listing = tmp_path / name
        if data is not None:
            listing.write_bytes(data)
        ran = program("remove", "-r", str(listing), "--yes")
        assert ran.code == 2
        assert str(listing) in ran.err


@pytest.mark.parametrize("command", [["remove", "foo"], ["clear"]])
def test_without_a_terminal_and_without_consent_nothing_is_read_or_touched(
    builder: CacheBuilder, program: Program, command: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    filename, body = archives.build_wheel("foo", "1.0")
    builder.download(FILES + filename, body)
    for stdin in (io.StringIO("y\n"), None):
        monkeypatch.setattr(sys, "stdin", stdin)
        ran = program(*command)
        assert (ran.code, ran.out) == (2, "")
        assert "--yes" in ran.err
        ran = program(*command, "--format", "json")
        assert (ran.code, ran.document["error"]["kind"]) == (2, "no-consent")
    assert len(kept(builder)) == 2


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs a file that gives nothing yet")
def test_without_consent_no_list_is_waited_for(builder: CacheBuilder, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "later")
    assert run_with(subprocess.DEVNULL, builder.root, "-r", str(tmp_path / "later")).returncode == 2


def test_nothing_named_is_a_usage_error(builder: CacheBuilder, program: Program) -> None:
    builder.selfcheck()
    ran = program("remove", "--yes")
    assert ran.code == 2
    assert "give a SELECTOR" in ran.err


def test_a_directory_that_is_no_cache_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    project = tmp_path / "project"
    caches.CacheBuilder(project).stray("wheels/foo-1.0-py3-none-any.whl")
    before = caches.look(project)
    for command in (["remove", "*"], ["clear"]):
        ran = Program(project, capsys)(command[0], *command[1:], "--yes")
        assert ran.code == 3
        assert "not a pip cache" in ran.err
    assert caches.look(project) == before


# What goes wrong with the answer


def run_with(
    stdout: int, cache: Path, *arguments: str, stderr: int = subprocess.PIPE
) -> subprocess.CompletedProcess[str]:
    """The program in a process of its own, writing to this descriptor."""
    return subprocess.run(
        [sys.executable, "-m", "pipcache", "remove", "--cache-dir", str(cache), *arguments],
        cwd=REPOSITORY,
        env=clean_environment(cache.parent / "home"),
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=stderr,
        encoding="utf-8",
        check=False,
    )


@pytest.mark.parametrize("form", ["table", "json"])
def test_what_was_asked_for_is_done_when_nobody_reads_the_answer(builder: CacheBuilder, form: str) -> None:
    filename, body = archives.build_wheel("foo", "1.0")
    builder.download(FILES + filename, body)
    reader, writer = os.pipe()
    os.close(reader)
    ran = run_with(writer, builder.root, "foo", "--yes", "--format", form)
    os.close(writer)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert kept(builder) == set()


@pytest.mark.parametrize(("arguments", "code"), [(["foo"], 0), (["nosuch", "--must-match"], 1)])
@pytest.mark.parametrize("to", ["pipe", "full"])
def test_what_was_asked_for_is_done_when_narration_cannot_be_written(
    builder: CacheBuilder, arguments: list[str], code: int, to: str
) -> None:
    filename, body = archives.build_wheel("foo", "1.0")
    builder.download(FILES + filename, body)
    caches.link(builder.root / "aside", builder.root.parent)  # which is narrated before the removal
    if to == "full":
        writer = os.open("/dev/full", os.O_WRONLY)
    else:
        reader, writer = os.pipe()
        os.close(reader)
    ran = run_with(subprocess.DEVNULL, builder.root, *arguments, "--yes", stderr=writer)
    os.close(writer)
    assert ran.returncode == code
    assert len(kept(builder)) == 2 * code


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no device that is always full here")
def test_an_answer_that_cannot_be_written_says_what_was_removed(builder: CacheBuilder) -> None:
    filename, body = archives.build_wheel("foo", "1.0")
    builder.download(FILES + filename, body)
    full = os.open("/dev/full", os.O_WRONLY)
    ran = run_with(full, builder.root, "foo", "--yes")  # the plan cannot be shown
    assert (ran.returncode, len(kept(builder))) == (3, 2)
    assert "Nothing was changed." in ran.stderr
    ran = run_with(full, builder.root, "foo", "--yes", "--format", "json")
    os.close(full)
    assert (ran.returncode, kept(builder)) == (3, set())
    assert "The answer cannot be written" in ran.stderr
    assert "Removed 2 files" in ran.stderr


def test_a_password_in_a_selector_is_not_told(builder: CacheBuilder, program: Program) -> None:
    filename, body = archives.build_wheel("foo", "1.0")
    builder.download(FILES + filename, body)
    selector = FILES.replace("://", "://ada:secret@") + filename
    for options in ((), ("--format", "json")):
        ran = program("remove", selector, "--dry-run", *options)
        assert "matches" in ran.out or "match" in ran.out
        assert "secret" not in ran.out + ran.err
