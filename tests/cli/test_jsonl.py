"""``list --format jsonl``: a line for each artifact while the walk is still on, and a last line of totals."""

from __future__ import annotations

import hashlib
import json
import os
import select
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.benchmarks.synthetic import fill
from tests.support import archives, caches
from tests.support.caches import CacheBuilder
from tests.support.pips import clean_environment
from tests.support.places import REPOSITORY

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.program import Program, Ran

URL = "https://files.example/packages/"
JSONL = ("--format", "jsonl")
PATIENCE = 120
"""Seconds after which a program that waits for nothing is a failure; none of the tests depends on them."""

posix = pytest.mark.skipif(sys.platform == "win32", reason="select and signals are those of POSIX")


@pytest.fixture
def filled(builder: CacheBuilder) -> CacheBuilder:
    """Wheels in both stores, an sdist that only its page names, a page, metadata, a built wheel, a leftover."""
    for number in range(3):
        filename, data = archives.build_wheel("foo", f"1.{number}")
        builder.download(URL + filename, data)
        builder.legacy(f"{URL}old/{filename}", data)
    builder.download(f"{URL}foo-1.0-py3-none-any.whl.metadata", archives.metadata("foo", "1.0"))
    builder.download(f"{URL}nameless-1.0.tar.gz", b"no archive at all, \x00\x01 and no name in it")
    rows = [{"filename": "nameless-1.0.tar.gz", "url": f"{URL}nameless-1.0.tar.gz", "hashes": {}}]
    page = json.dumps({"meta": {}, "name": "nameless", "files": rows}).encode()
    headers = caches.FILE_HEADERS | {"Content-Type": "application/vnd.pypi.simple.v1+json"}
    builder.download("https://index.example/simple/nameless/", page, headers=headers)
    builder.built({"url": f"{URL}bar-1.0.tar.gz"}, *archives.build_wheel("bar", "1.0"))
    builder.selfcheck()
    return builder


def lines_of(ran: Ran) -> tuple[list[dict[str, Any]], dict[str, Any]]:  # Any: the tests ask for fields by name
    """The artifacts and the totals of an answer."""
    *artifacts, totals = map(json.loads, ran.lines)
    return artifacts, totals


BY_PAGES = frozenset(
    {"kind", "project", "version", "filename", "url", "url_proved", "origin", "evidence", "problem"}
)
"""The fields that an index page may say better."""


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize("options", [(), ("--all",)])
def test_each_line_is_what_json_has_without_pages(program: Program, options: tuple[str, ...]) -> None:
    ran = program("list", *JSONL, *options)
    artifacts, totals = lines_of(ran)
    named = program.artifacts("list", "--all")
    by_files = {tuple(artifact["files"]): artifact for artifact in named}
    assert artifacts
    for artifact in artifacts:
        known = by_files[tuple(artifact["files"])]
        assert list(artifact) == list(known)
        assert artifact["exact"] is False
        differing = {name for name in known if artifact[name] != known[name]} - {"exact"}
        assert differing <= BY_PAGES
        if artifact["kind"] in {"wheel", "built"}:
            assert not differing & {"kind", "project", "version", "filename"}
    assert totals["count"] == len(artifacts)
    assert totals["size"] == sum(artifact["size"] for artifact in artifacts)
    assert totals["disk_size"] == sum(artifact["disk_size"] for artifact in artifacts)
    assert totals["count"] + sum(totals["hidden"].values()) == len(named)
    assert ran.code == 0


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize(
    "options",
    [
        ("foo",),
        ("foo==1.1", "bar"),
        ("f*",),
        (URL + "foo-1.0-py3-none-any.whl",),
        ("--kind", "built"),
        ("--kind", "page"),
        ("--store", "http"),
        ("--larger-than", "1GB"),
        ("--newer-than", "1h", "--all"),
        ("foo>1", "--store", "http-v2"),
    ],
    ids=" ".join,
)
def test_selectors_and_filters_choose_what_they_choose_for_json(
    program: Program, options: tuple[str, ...]
) -> None:
    artifacts, _ = lines_of(program("list", *JSONL, *options))
    expected = program.artifacts("list", *options)
    assert sorted(artifact["files"] for artifact in artifacts) == sorted(each["files"] for each in expected)


def test_a_digest_chooses_the_file_that_has_it(filled: CacheBuilder, program: Program) -> None:
    digest = hashlib.sha256(archives.build_wheel("foo", "1.2")[1]).hexdigest()
    artifacts, totals = lines_of(program("list", f"sha256:{digest}", *JSONL))
    assert [artifact["version"] for artifact in artifacts] == ["1.2", "1.2"]
    assert totals["count"] == 2
    assert filled.root.is_dir()


@pytest.mark.usefixtures("filled")
def test_what_only_a_page_names_is_counted_where_a_selector_passes_it_over(program: Program) -> None:
    ran = program("list", "nameless", *JSONL)
    artifacts, totals = lines_of(ran)
    assert not artifacts
    assert totals["unnamed"] == 1
    assert "1 artifact without a name" in ran.err
    assert "--format json" in ran.err


@pytest.mark.usefixtures("filled")
def test_a_selector_without_a_match_is_named(program: Program) -> None:
    assert "Nothing matches 'absent'" in program("list", "absent", "foo", *JSONL).err


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize(
    "options",
    [("--sort", "size"), ("--sort", "name"), ("--reverse",), ("--yanked",), ("--from", "PyPI")],
    ids=" ".join,
)
def test_what_takes_all_artifacts_or_pages_is_refused(program: Program, options: tuple[str, ...]) -> None:
    ran = program("list", *JSONL, *options)
    assert (ran.code, ran.out) == (2, "")
    assert options[0] in ran.err


def test_an_empty_cache_has_the_line_of_totals(program: Program) -> None:
    artifacts, totals = lines_of(program("list", *JSONL))
    assert not artifacts
    assert (totals["schema"], totals["command"], totals["count"]) == (1, "list", 0)


def test_an_error_is_a_line_too(program: Program) -> None:
    program.cache.mkdir(exist_ok=True)
    (program.cache / "letter.txt").write_text("not pip's")
    ran = program("list", *JSONL)
    assert ran.code == 3
    (line,) = ran.lines
    assert json.loads(line)["error"]["kind"] == "not-a-pip-cache"


@pytest.mark.permissions
def test_a_place_that_cannot_be_looked_at_is_in_the_totals(filled: CacheBuilder, program: Program) -> None:
    folder = next(path for path in filled.root.glob("http-v2/*") if path.is_dir())
    folder.chmod(0)
    try:
        ran = program("list", *JSONL)
    finally:
        folder.chmod(0o755)
    _, totals = lines_of(ran)
    assert [problem["path"] for problem in totals["problems"]] == [f"http-v2/{folder.name}"]
    assert ran.code == 3


_BLOCKED = """
import os, sys
seen = 0
def watch(name, arguments):
    global seen
    if name == "os.scandir" and len(os.path.relpath(arguments[0], sys.argv[1]).split(os.sep)) == 6:
        seen += 1
        if seen == 10:
            os.read(0, 1)
sys.addaudithook(watch)
cache = sys.argv[1]
sys.argv = ["pipcache", "list", "--format", "jsonl", "--cache-dir", cache]
from pipcache.__main__ import main
main()
"""
"""A program that waits for its standard input before it lists the tenth folder of entries."""


def blocked(cache: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", _BLOCKED, os.fspath(cache)],
        env=clean_environment(cache / "home") | {"PYTHONPATH": str(REPOSITORY)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        bufsize=0,  # what is read after a line is not kept back
    )


def first_line(program: subprocess.Popen[bytes]) -> bytes:
    assert program.stdout is not None
    if not select.select([program.stdout], [], [], PATIENCE)[0]:
        program.kill()
        pytest.fail("no line before the walk went on")
    return program.stdout.readline()


@posix
def test_the_first_lines_are_there_before_the_walk_has_ended(tmp_path: Path) -> None:
    fill(tmp_path, 40)
    program = blocked(tmp_path)
    assert json.loads(first_line(program))["kind"] == "wheel"
    rest, _ = program.communicate(b".", timeout=PATIENCE)
    assert json.loads(rest.splitlines()[-1])["count"] == 40
    assert program.returncode == 0


@posix
def test_a_reader_that_has_enough_ends_the_run_quietly(tmp_path: Path) -> None:
    fill(tmp_path, 40)
    with blocked(tmp_path) as program:
        first_line(program)
        assert program.stdout is not None
        program.stdout.close()
        assert program.stdin is not None
        program.stdin.write(b".")
        assert program.stderr is not None
        assert program.stderr.read() == b""
        assert program.wait(PATIENCE) == 0


@posix
def test_an_interrupted_run_has_whole_lines_and_no_totals(tmp_path: Path) -> None:
    fill(tmp_path, 40)
    program = blocked(tmp_path)
    line = first_line(program)
    program.send_signal(signal.SIGINT)
    rest, error = program.communicate(timeout=PATIENCE)
    lines = [json.loads(each) for each in (line + rest).splitlines()]
    assert 1 <= len(lines) < 40
    assert all(each["kind"] == "wheel" for each in lines)
    assert (program.returncode, error.strip()) == (130, b"Interrupted.")


_IMPATIENT = """
import sys
from pipcache.render import progress_bar
progress_bar._PATIENCE = progress_bar._INTERVAL = 0
from pipcache.cli.main import run
sys.exit(run(sys.argv[1:]))
"""
"""The program, which shows each picture of its progress bar."""


@posix
def test_the_lines_go_to_standard_output_while_a_bar_is_shown(tmp_path: Path) -> None:
    pty = pytest.importorskip("pty")
    fill(tmp_path / "cache", 3)  # few pictures, which nobody reads before the end
    terminal, of_program = pty.openpty()
    try:
        done = subprocess.run(
            [sys.executable, "-c", _IMPATIENT, "list", *JSONL, "--cache-dir", os.fspath(tmp_path / "cache")],
            env=clean_environment(tmp_path / "home") | {"PYTHONPATH": str(REPOSITORY), "TERM": "xterm"},
            stdout=subprocess.PIPE,
            stderr=of_program,
            check=True,
            timeout=30,
        )
        assert b"Reading" in os.read(terminal, 1 << 16)
    finally:
        os.close(terminal)
        os.close(of_program)
    assert json.loads(done.stdout.splitlines()[-1])["count"] == 3
    assert len(done.stdout.splitlines()) == 4
