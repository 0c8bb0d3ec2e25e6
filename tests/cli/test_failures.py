"""A run that ends without an answer: one JSON document in its place, the same sentence for people."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from pipcache.cli.main import run
from pipcache.errors import ErrorKind
from tests.support import archives
from tests.support.places import DOCS, REPOSITORY
from tests.support.program import run_script

if TYPE_CHECKING:
    from tests.support.caches import CacheBuilder
    from tests.support.lock_samples import Write
    from tests.support.program import Program

FILES = "https://files.example/"


@pytest.fixture(autouse=True)
def cache(builder: CacheBuilder) -> CacheBuilder:
    filename, body = archives.build_wheel("foo", "1.0")
    builder.download(FILES + filename, body)
    return builder


BAD = {
    "missing": None,
    "no text": b"\xff\xfe\x00 nothing",
    "another format": b"<html>no</html>",
    "empty": b"",
    "a folder": "folder",
}

LOCK_READERS = (
    ["verify", "--against"],
    ["remove", "--damaged", "--yes", "--against"],
    ["prune", "--damaged", "--against"],
    ["prune", "--keep-for"],
)


@pytest.mark.parametrize("case", ["missing", "no text", "another format", "a folder"])
@pytest.mark.parametrize("words", LOCK_READERS, ids=" ".join)
def test_a_lock_file_that_is_none_is_an_error_in_json(
    program: Program, write: Write, words: list[str], case: str
) -> None:
    assert_refused(program, words, bad_file(write, case, "x.lock"), "bad-lock")


@pytest.mark.parametrize("case", BAD)
@pytest.mark.parametrize("words", [["audit", "--advisory"], ["remove", "--yes", "--advisory"]], ids=" ".join)
def test_an_advisory_that_is_none_is_an_error_in_json(
    program: Program, write: Write, words: list[str], case: str
) -> None:
    assert_refused(program, words, bad_file(write, case, "x.json"), "bad-advisory")


@pytest.mark.parametrize("case", [*BAD, "wrong lines"])
def test_selectors_that_are_none_are_an_error_in_json(program: Program, write: Write, case: str) -> None:
    path = write("x.txt", "foo=>1\nbar==\n") if case == "wrong lines" else bad_file(write, case, "x.txt")
    assert_refused(program, ["remove", "--yes", "-r"], path, "bad-selectors")


def bad_file(write: Write, case: str, name: str) -> str:
    content = BAD[case]
    path = write(name, content if isinstance(content, bytes) else b"")
    if content is None:
        os.unlink(path)
    elif content == "folder":
        os.unlink(path)
        os.mkdir(path)
    return path


def assert_refused(program: Program, words: list[str], path: str, kind: str) -> None:
    ran = program(words[0], *words[1:], path, "--format", "json")
    assert ran.code == 2, ran.err
    assert (ran.document["schema"], ran.document["command"]) == (1, words[0])
    assert ran.document["cache"]["exists"] is True
    error = ran.document["error"]
    assert error["path"] == path
    assert error["hint"].endswith("Correct the file, or its name, and run the command again.")
    assert (error["kind"], error.keys()) == (kind, {"kind", "message", "path", "hint", "commands"})
    assert error["commands"] == []
    assert error["message"] in ran.err
    table = program(words[0], *words[1:], path)
    assert (table.code, table.out) == (2, "")
    assert error["message"] in table.err
    assert table.err.count("\n") == 2  # the path is said once
    if words[0] == "audit":
        sarif = program(words[0], *words[1:], path, "--format", "sarif")
        (invocation,) = sarif.document["runs"][0]["invocations"]
        assert (sarif.code, invocation["exitCode"], invocation["executionSuccessful"]) == (2, 2, False)


@pytest.mark.parametrize("words", [["remove", "foo"], ["remove", "--advisory", "x"], ["clear"]], ids=" ".join)
def test_without_consent_nothing_is_asked_and_a_document_says_so(
    cache: CacheBuilder, program: Program, words: list[str]
) -> None:
    ran = program(*words, "--format", "json")
    assert (ran.code, ran.document["error"]["kind"]) == (2, "no-consent")
    assert "--yes" in ran.document["error"]["hint"]
    assert ran.document["cache"]["path"] == str(cache.root)
    assert cache.root.exists()


def test_an_advisory_in_a_directory_is_named_with_its_folder(program: Program, write: Write) -> None:
    write("all/good.txt", b"foo==1.0\n")
    path = write("all/x.json", b"{}")
    ran = program("audit", "--advisory", os.path.dirname(path), "--format", "json")
    assert (ran.code, ran.document["error"]["path"]) == (2, path)


def test_standard_input_has_no_path(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"foo=>1\n"), encoding="utf-8"))
    ran = program("remove", "-r", "-", "--yes", "--format", "json")
    assert (ran.code, ran.document["error"]["path"]) == (2, None)


@pytest.mark.parametrize(
    "words",
    [["remove", "foo"], ["remove", "--advisory", "x"], ["remove", "-r", "x"], ["clear"], ["prune"]],
    ids=" ".join,
)
@pytest.mark.parametrize("form", ["table", "json"])
def test_a_missing_directory_is_said_before_consent_is_asked_for(
    cache: CacheBuilder, capsys: pytest.CaptureFixture[str], words: list[str], form: str
) -> None:
    missing = str(cache.root / "nosuch")
    assert run([*words, "--cache-dir", missing, "--format", form]) == 3
    ran = capsys.readouterr()
    assert missing in ran.err
    if form == "json":
        assert json.loads(ran.out)["error"]["kind"] == "cache-missing"


def test_a_copy_that_cannot_be_kept_is_an_error_in_json(
    cache: CacheBuilder, program: Program, write: Write
) -> None:
    advisory = write("bad.txt", "foo==1.0\n")
    inside = str(cache.root / "copies")
    ran = program("remove", "--advisory", advisory, "--save", inside, "--yes", "--format", "json")
    assert (ran.code, ran.document["error"]["kind"]) == (3, "not-saved")
    assert len(program.artifacts("list")) == 1


def test_a_command_line_that_cannot_be_understood_has_no_document(program: Program) -> None:
    for words in (["list", "--nosuch"], ["list", "foo=>1"], ["audit"], ["remove", "--yes"]):
        ran = program(*words, "--format", "json")
        assert (ran.code, ran.out) == (2, "")


def test_a_secret_in_an_error_is_hidden(program: Program, write: Write) -> None:
    path = write("x.txt", "foo @ https://ada:hunter2@files.example/a.whl ; x\n")
    ran = program("remove", "-r", path, "--yes", "--format", "json")
    assert ran.code == 2
    assert "hunter2" not in ran.out


INTERRUPTED = """
import os, signal, sys
def watch(event, arguments):
    if event == "open" and str(arguments[0]).endswith({NAME!r}):
        os.kill(os.getpid(), signal.SIGINT)
from pipcache.cli.main import run
sys.addaudithook(watch)
sys.exit(run(sys.argv[1:]))
"""


@pytest.mark.parametrize(
    "words",
    [["list"], ["show", "foo"], ["info"], ["audit", "foo"], ["remove", "foo", "--yes"], ["prune", "--ci"]],
    ids=" ".join,
)
def test_an_interruption_before_the_answer_is_an_error_in_json(cache: CacheBuilder, words: list[str]) -> None:
    (head,) = [path for path in cache.root.rglob("*") if path.is_file() and path.suffix != ".body"]
    code = INTERRUPTED.replace("{NAME!r}", repr(head.name))
    done = run_script(code, *words, "--format", "json", cache=cache.root)
    assert done.returncode == 130
    document = json.loads(done.stdout)
    assert (document["command"], document["error"]["kind"]) == (words[0], "interrupted")
    assert done.stderr.endswith("Interrupted.\n")
    assert head.exists()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no device that is always full here")
def test_an_answer_that_cannot_be_written_is_not_followed_by_another(cache: CacheBuilder) -> None:
    for words in (["list"], ["info"], ["verify"], ["clear", "--yes"]):
        with open("/dev/full", "w", encoding="utf-8") as full:
            done = subprocess.run(
                [sys.executable, "-m", "pipcache", *words, "--format", "json", "--cache-dir", str(cache.root)],
                cwd=REPOSITORY,
                stdout=full,
                stderr=subprocess.PIPE,
                encoding="utf-8",
                check=False,
            )
        assert done.returncode == 3
        assert "The answer cannot be written" in done.stderr
        assert "Traceback" not in done.stderr


def test_every_kind_is_documented() -> None:
    text = (DOCS / "json.md").read_text(encoding="utf-8")
    table = text.partition("| `kind` | exit status |")[2].partition("\n\n")[0]
    assert {kind.value for kind in ErrorKind} == {
        word.strip("`") for row in table.splitlines()[2:] for word in row.split("|")[1].strip().split(", ")
    }


def test_one_process_may_run_several_commands(cache: CacheBuilder, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["list", "--format", "json", "--cache-dir", str(cache.root)]) == 0
    assert json.loads(capsys.readouterr().out)["artifacts"]
    assert run(["list", "--format", "json", "--cache-dir", str(cache.root / "nosuch")]) == 3
    assert json.loads(capsys.readouterr().out)["error"]["kind"] == "cache-missing"
