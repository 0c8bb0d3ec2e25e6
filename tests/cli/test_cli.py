"""The commands as their users meet them: what goes where, in which order, and how a run ends."""

import hashlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from pipcache import __version__
from pipcache.cli.group import COMMANDS
from pipcache.cli.main import run
from tests.support import archives, caches
from tests.support.caches import CacheBuilder
from tests.support.program import Program
from tests.support.removal import age

BASE = "https://files.example"


@pytest.fixture
def cache(tmp_path: Path) -> CacheBuilder:
    """Three projects: wheels of two versions, an sdist and what was built from it, and a page."""
    builder = CacheBuilder(tmp_path / "cache")
    for name, version in (("foo", "1.10"), ("foo", "1.9"), ("Zope.Thing", "2.0rc1")):
        filename, body = archives.build_wheel(name, version, members={"data": os.urandom(int(version[0]) * 5000)})
        builder.download(f"{BASE}/{filename}", body)
    filename, body = archives.build_sdist("bar", "1!0.5")
    builder.download(f"{BASE}/{filename}", body)
    builder.built({"url": f"{BASE}/{filename}"}, *archives.build_wheel("bar", "1!0.5"))
    page = b"<html><title>Links for foo</title><a href='foo-1.9.tar.gz'>foo-1.9.tar.gz</a></html>"
    builder.download("https://index.example/simple/foo/", page)
    return builder


@pytest.fixture
def program(cache: CacheBuilder, capsys: pytest.CaptureFixture[str]) -> Program:
    return Program(cache.root, capsys)


def start(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """The program in a process of its own, with nothing of this environment that means something to it."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PIP", "XDG"))}
    command = [sys.executable, "-m", "pipcache", *arguments]
    return subprocess.run(
        command, env={**clean, **environment}, capture_output=True, text=True, encoding="utf-8", check=False
    )


# list


def test_a_list_is_sorted_by_project_and_by_version_as_versions_go(program: Program) -> None:
    *lines, total = program("list").lines
    rows = [line.split()[:3] for line in lines]
    assert re.fullmatch(r"5 artifacts, [\d.]+ kB in /.+/cache", total)
    assert rows == [
        ["PROJECT", "VERSION", "KIND"],
        ["bar", "1!0.5", "built"],
        ["bar", "1!0.5", "sdist"],
        ["foo", "1.9", "wheel"],
        ["foo", "1.10", "wheel"],
        ["zope-thing", "2.0rc1", "wheel"],
    ]


def test_a_list_for_a_pipe_has_the_tags_last_and_no_blanks_at_the_end(
    cache: CacheBuilder, program: Program
) -> None:
    tags = ".".join(f"manylinux_2_{number}_x86_64" for number in range(5, 30))
    _, body = archives.build_wheel("foo", "2.0")
    cache.download(f"{BASE}/foo-2.0-cp311-cp311-{tags}.whl", body)
    for options in (["list"], ["list", "--all"], ["list", "--sort", "size"]):
        header, *rows, _ = program(*options).lines
        assert header.split()[-1] == "TAGS"
        assert not [line for line in (header, *rows) if line != line.rstrip()]
        assert max(len(row) for row in rows if row.split()[0] != "foo") < 100
    plan = program("remove", "*", "--dry-run").lines
    assert not [line for line in plan if line != line.rstrip()]


def test_paths_have_no_total(program: Program) -> None:
    assert all(os.path.exists(line) for line in program("list", "--format", "paths").lines)


def test_what_a_list_leaves_out_is_counted_on_standard_error(program: Program) -> None:
    answer = program("list")
    assert answer.err == "Not shown: 1 page (--all shows them)\n"
    assert "page" not in answer.out
    assert "page" in program("list", "--all").out


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["foo"], ["foo 1.9", "foo 1.10"]),
        (["foo>=1.10"], ["foo 1.10"]),
        (["foo==1.1"], []),
        (["zope_THING"], ["zope-thing 2.0rc1"]),
        (["z*"], ["zope-thing 2.0rc1"]),
        (["foo==1.9", "bar"], ["bar 1!0.5", "bar 1!0.5", "foo 1.9"]),
        (["--kind", "sdist", "--kind", "built"], ["bar 1!0.5", "bar 1!0.5"]),
        (["--store", "wheels"], ["bar 1!0.5"]),
        (["--larger-than", "9kB"], ["zope-thing 2.0rc1"]),
        (["--older-than", "1d"], []),
        (["--newer-than", "1d", "foo"], ["foo 1.9", "foo 1.10"]),
        (["--sort", "size", "--reverse", "--kind", "wheel", "foo"], ["foo 1.10", "foo 1.9"]),
    ],
)
def test_selectors_and_filters_combine(program: Program, options: list[str], expected: list[str]) -> None:
    names = [f"{record['project']} {record['version']}" for record in program.artifacts("list", *options)]
    if "--sort" in options:
        assert sorted(names) == sorted(expected)
    else:
        assert names == expected


def test_sorting_by_size_puts_the_largest_first(program: Program) -> None:
    sizes = [record["size"] for record in program.artifacts("list", "--sort", "size")]
    assert sizes == sorted(sizes, reverse=True)
    assert [record["size"] for record in program.artifacts("list", "--sort", "size", "--reverse")] == sizes[::-1]


def test_sorting_by_age_and_by_last_use_puts_the_oldest_first(cache: CacheBuilder, program: Program) -> None:
    for days, name in enumerate(("bodies", "heads")):
        for path in cache.root.rglob("*.body" if name == "bodies" else "[0-9a-f]" * 56):
            os.utime(path, (days * 86400, hash(path.name) % 10_000))
    made = [record["downloaded"] or record["built"] for record in program.artifacts("list", "--sort", "age")]
    assert made == sorted(made)
    used = [record["last_used"] for record in program.artifacts("list", "--sort", "used")]
    assert used == sorted(used)


def test_the_answer_is_the_same_from_run_to_run(cache: CacheBuilder, program: Program) -> None:
    age(cache.root, 200 * 86400)  # the age of a new file is in seconds, and grows from run to run
    for options in (["list", "--all"], ["list", "--format", "json"], ["show", "*"], ["info"]):
        assert len({program(options[0], *options[1:]).out for _ in range(3)}) == 1


def test_paths_are_absolute_and_end_with_nul_for_xargs(
    cache: CacheBuilder, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    for options, end in (([], b"\n"), (["-0"], b"\0")):
        run(["list", "--cache-dir", str(cache.root), "foo==1.9", "--format", "paths", *options])
        paths = capfdbinary.readouterr().out.split(end)
        assert paths.pop() == b""
        assert [os.path.exists(path) and os.path.isabs(path) for path in paths] == [True, True]
        assert paths[1] == paths[0] + b".body"


def test_nul_without_paths_is_a_usage_error(program: Program) -> None:
    answer = program("list", "-0")
    assert answer.code == 2
    assert "--format paths" in answer.err


@pytest.mark.parametrize(
    ("selector", "named"),
    [
        ("foo=>1", "'foo=>1'"),
        ("foo; python_version < '3'", 'python_version < "3"'),
        ("sha256:12345", "'12345'"),
        ("zo/pe.*", "'/'"),
        ("foo @ https://files.example/foo.whl", "https://files.example/foo.whl"),
        ("./foo-1.0.tar.gz", "name the file alone"),
    ],
)
def test_a_selector_that_is_none_is_a_usage_error_that_names_what_is_wrong(
    program: Program, selector: str, named: str
) -> None:
    for command in ("list", "show"):
        answer = program(command, selector)
        assert (answer.code, answer.out) == (2, "")
        assert named in answer.err


@pytest.mark.parametrize("option", ["--older-than", "--larger-than"])
def test_a_quantity_that_is_none_is_a_usage_error(program: Program, option: str) -> None:
    answer = program("list", option, "many")
    assert answer.code == 2
    assert "'many' is not a" in answer.err


def test_a_selector_that_meets_nothing_is_told_and_a_version_in_it_explained(program: Program) -> None:
    answer = program("list", "foo-1.9")
    assert (answer.code, answer.out) == (0, "")
    assert "Nothing matches 'foo-1.9'. For a version write foo==1.9." in answer.err


def test_extras_are_ignored_with_a_note(program: Program) -> None:
    answer = program("list", "foo[full]==1.9")
    assert "extras are ignored: full" in answer.err
    assert len(answer.lines) == 3


# show


def test_show_groups_by_project_and_version_and_lists_every_file(cache: CacheBuilder, program: Program) -> None:
    answer = program("show", "foo", "--kind", "wheel")
    assert [line for line in answer.lines if line and not line.startswith(" ")] == ["foo 1.9", "foo 1.10"]
    files = [line for line in answer.lines if str(cache.root) in line]
    assert len(files) == 4
    assert answer.code == 0


def test_show_without_a_match_ends_with_1(program: Program) -> None:
    answer = program("show", "nosuch")
    assert (answer.code, answer.out) == (1, "")
    assert "Nothing matches 'nosuch'" in answer.err


def test_show_of_nothing_is_a_usage_error(program: Program) -> None:
    assert program("show").code == 2


@pytest.mark.parametrize("algorithm", ["sha256", "sha1", "md5", "sha512"])
def test_a_digest_finds_the_bytes_and_what_was_built_from_them(
    cache: CacheBuilder, program: Program, algorithm: str
) -> None:
    record = program.only("list", "foo==1.9")
    body = (cache.root / record["files"][1]).read_bytes()
    digest = hashlib.new(algorithm, body).hexdigest()
    for selector in (f"{algorithm}:{digest}", digest.upper()):
        assert program.only("show", selector)["key"] == record["key"]
    assert program.only("list", record["key"])["key"] == record["key"]


# info


def test_info_adds_up(cache: CacheBuilder, program: Program) -> None:
    document = program("info", "--format", "json").document
    for part in ("stores", "kinds"):
        assert sum(total["count"] for total in document[part]) == document["total"]["count"]
        assert sum(total["disk_size"] for total in document[part]) == document["total"]["disk_size"]
    on_disk = sum(path.stat().st_blocks * 512 for path in cache.root.rglob("*") if path.is_file())
    assert document["total"]["disk_size"] == on_disk
    assert document["largest_projects"][0]["name"] == "foo"
    text = program("info").out
    assert str(cache.root) in text
    assert "By store" in text


# dir


def test_dir_prints_the_path_alone(cache: CacheBuilder, program: Program) -> None:
    assert program("dir").out == f"{cache.root}\n"
    assert program("dir").err == ""


def test_dir_explains_who_decided_and_what_else_was_considered(tmp_path: Path) -> None:
    answer = start("dir", "--explain", PIP_CACHE_DIR=str(tmp_path / "x"), PIP_CONFIG_FILE=os.devnull)
    first, *others = answer.stdout.splitlines()
    assert first == str(tmp_path / "x")
    assert f"-> PIP_CACHE_DIR: {tmp_path / 'x'}" in others
    assert "   --cache-dir: not set" in others


def test_a_cache_that_is_switched_off_is_mentioned_and_read(cache: CacheBuilder) -> None:
    answer = start("list", PIP_NO_CACHE_DIR="1", PIP_CACHE_DIR=str(cache.root), PIP_CONFIG_FILE=os.devnull)
    assert answer.returncode == 0
    assert "PIP_NO_CACHE_DIR=1" in answer.stderr
    assert "zope-thing" in answer.stdout


def test_the_option_may_stand_before_the_command(cache: CacheBuilder, capsys: pytest.CaptureFixture[str]) -> None:
    run(["--cache-dir", str(cache.root), "dir"])
    assert capsys.readouterr().out == f"{cache.root}\n"


# directories that are no cache


@pytest.mark.parametrize("command", ["list", "info", "show"])
@pytest.mark.parametrize("case", ["missing", "file", "project", "wheelhouse"])
def test_what_is_no_cache_ends_with_3_one_sentence_and_what_to_try(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str, case: str
) -> None:
    place = tmp_path / "place"
    match case:
        case "file":
            place.write_text("")
        case "project":
            CacheBuilder(place).stray("http/__init__.py")
        case "wheelhouse":
            CacheBuilder(place).stray("wheels/foo-1.0-py3-none-any.whl")
        case _:
            assert case == "missing"
    answer = Program(place, capsys)(command, *(["foo"] if command == "show" else []))
    assert (answer.code, answer.out) == (3, "")
    assert len(answer.err.splitlines()) == 3
    assert str(place) in answer.err
    assert "--cache-dir" in answer.err
    assert answer.err.startswith("Error: ")


def test_an_emptied_cache_is_a_cache(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for store in ("http-v2", "wheels"):
        (tmp_path / store).mkdir()
    answer = Program(tmp_path, capsys)("list")
    assert (answer.code, answer.out) == (0, "")
    assert "The cache is empty" in answer.err


# the ways out


def test_the_version_is_told_the_same_way_by_both_paths() -> None:
    assert start("--version").stdout == f"pipcache {__version__}\n"
    assert start("--cache-dir", "x", "--version").stdout == f"pipcache {__version__}\n"


@pytest.mark.parametrize(
    "arguments", [["list"], ["list", "--format", "json"], ["list", "--format", "paths"], ["show", "*"], ["info"]]
)
def test_a_reader_that_goes_away_is_no_error(cache: CacheBuilder, arguments: list[str]) -> None:
    command = [sys.executable, "-m", "pipcache", *arguments, "--cache-dir", str(cache.root)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        complaint = process.stderr.read()
    assert b"Traceback" not in complaint
    assert process.returncode == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device here is always full")
@pytest.mark.parametrize("arguments", [["list"], ["show", "*", "--format", "json"], ["dir"]])
def test_an_answer_that_cannot_be_written_ends_with_3(cache: CacheBuilder, arguments: list[str]) -> None:
    command = [sys.executable, "-m", "pipcache", *arguments, "--cache-dir", str(cache.root)]
    with open("/dev/full", "w") as full:
        answer = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert answer.returncode == 3
    assert answer.stderr.startswith("Error: The answer cannot be written") or "Not shown" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_a_file_name_that_is_no_utf_8_is_shown_with_escapes(cache: CacheBuilder, program: Program) -> None:
    os.symlink(b"x", os.fsencode(cache.root) + b"/wheels/\xff\x1b[31m")
    answer = program("list", "--all")
    assert "\\xff\\x1b[31m" in answer.out
    files = [record["files"] for record in program.artifacts("list", "--all", "--store", "wheels")]
    assert ["wheels/\udcff\x1b[31m"] in files


def test_text_that_would_lead_a_terminal_astray_is_harmless(cache: CacheBuilder, program: Program) -> None:
    hostile = "x\x1b]0;owned\x07\u202e[/red][link=x]"
    headers = {**caches.FILE_HEADERS, "x-pypi-file-project": "foo", "x-pypi-file-version": hostile}
    cache.download(f"{BASE}/hostile", b"PK\x03\x04 cut", headers=headers)
    for options in (["list", "--all"], ["show", "foo"], ["list", "--all", "--format", "json"]):
        answer = program(*options)
        assert not {"\x1b", "\x07", "\u202e"} & set(answer.out + answer.err)
    assert "x\\x1b]0;owned\\x07\\u202e[/red][link=x]" in program("list", "--all").out


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_each_help_has_an_example_and_the_exit_status(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    run([name, "--help"])
    text = capsys.readouterr().out
    assert f"Example:\n    {'pipcache ' + name if name != 'dir' else 'du'}" in text
    assert "Exit status:\n" in text
    assert "130" in text


def test_json_is_ascii_and_has_its_schema(program: Program) -> None:
    for options in (["list"], ["show", "foo"], ["info"], ["dir"]):
        answer = program(*options, "--format", "json")
        assert answer.out.isascii()
        assert (answer.document["schema"], answer.document["command"]) == (1, options[0])
        assert json.loads(answer.out)["cache"]["path"] == str(program.cache)


def test_an_artifact_has_the_same_record_in_every_command(program: Program) -> None:
    listed, shown = program.artifacts("list", "foo==1.9")[0], program.artifacts("show", "foo==1.9")[0]
    assert {name: shown[name] for name in listed} == listed | {"exact": True}  # show has looked everywhere
    assert not listed["exact"]


@pytest.mark.parametrize(
    "algorithm", ["md5", "sha1", "sha256", "sha3_256", "blake2s", "sha384", "sha3_384", "blake2b"]
)
def test_a_digest_without_its_algorithm_means_the_same_to_every_command(
    cache: CacheBuilder, program: Program, algorithm: str
) -> None:
    record = program.only("list", "foo==1.9")
    digest = hashlib.new(algorithm, (cache.root / record["files"][1]).read_bytes()).hexdigest()
    assert program.only("list", digest)["key"] == record["key"]
    assert program.only("show", digest)["key"] == record["key"]
    (hit,) = program("audit", digest, "--format", "json").document["caches"][0]["hits"]
    assert hit["artifact"]["key"] == record["key"]
    removals = program("remove", digest, "--dry-run", "--format", "json").document["plan"]["removals"]
    assert record["key"] in {removal["artifact"]["key"] for removal in removals}
