"""Where there is no cache: one rule for every command, whoever named the directory, in every format."""

from __future__ import annotations

import errno
import json
import os
import re
import sys
from typing import TYPE_CHECKING, Any

import pytest

from pipcache.cli.group import COMMANDS
from pipcache.cli.main import run
from pipcache.location import machine
from tests.support.faults import Fault, Lasting, failing
from tests.support.places import DOCS
from tests.support.program import Ran

if TYPE_CHECKING:
    from pathlib import Path

ENVIRONMENT = (DOCS / "environment.md").read_text(encoding="utf-8")

CALLS = {
    "dir": (["dir"], ["table", "json"]),
    "list": (["list"], ["table", "json", "paths"]),
    "list of a project": (["list", "foo"], ["table", "json", "paths"]),
    "show": (["show", "foo"], ["table", "json"]),
    "info": (["info"], ["table", "json"]),
    "verify": (["verify"], ["table", "json"]),
    "verify of a project": (["verify", "foo"], ["table", "json"]),
    "audit": (["audit", "foo"], ["table", "json", "markdown", "sarif"]),
    "audit of all": (["audit", "foo", "--all-caches"], ["table", "json", "markdown", "sarif"]),
    "remove": (["remove", "foo", "--yes"], ["table", "json"]),
    "remove what is damaged": (["remove", "--damaged", "--poisoned", "--yes"], ["table", "json"]),
    "remove by an advisory": (["remove", "--advisory", "ADVISORY", "--yes"], ["table", "json"]),
    "refresh": (["refresh"], ["table", "json", "markdown", "sarif"]),
    "refresh of a project": (["refresh", "foo", "--dry-run"], ["table", "json"]),
    "clear": (["clear", "--yes"], ["table", "json"]),
    "lock": (["lock"], ["requirements", "pylock", "sha256sums", "json"]),
    "lock of a project": (["lock", "foo"], ["requirements", "pylock", "json"]),
    "export": (["export", "OUT"], ["table", "json"]),
    "export of a project": (["export", "OUT", "foo", "--dry-run"], ["table", "json"]),
    "prune": (["prune"], ["table", "json", "github"]),
    "prune by policies": (["prune", "--ci", "--keep", "foo", "--damaged"], ["table", "json", "github"]),
}

EVERY = [(name, form) for name, (_, forms) in CALLS.items() for form in forms]

EMPTY = ("missing", "dangling link", "empty", "only litter", "only empty stores", "only empty folders")
"""States of the directory in which it is an empty cache."""

FAULTS = {
    "file": "not-a-directory",
    "below a file": "not-a-directory",
    "unreadable": "cache-unreadable",
    "cache of uv": "other-installer",
    "other files": "not-a-pip-cache",
}
"""States in which it is no cache, with the kind of the error."""


def make(place: Path, state: str) -> None:
    match state:
        case "missing" | "below a file":
            if state == "below a file":
                place.parent.rmdir()
                place.parent.write_text("")
        case "dangling link":
            place.symlink_to(place.parent / "nowhere" / "cache")
        case "file":
            place.write_text("")
        case _:
            place.mkdir()
            if state == "only litter":
                (place / "CACHEDIR.TAG").write_text("")
            if state == "only empty stores":
                (place / "http-v2").mkdir()
                (place / "wheels").mkdir()
            if state == "only empty folders":
                (place / "http-v2/a/b/c/d/e").mkdir(parents=True)
                (place / "http/0/1").mkdir(parents=True)
                (place / "wheels/aa/bb/cc" / ("d" * 50)).mkdir(parents=True)
            if state == "cache of uv":
                (place / "CACHEDIR.TAG").write_text("")
                (place / "wheels-v8/pypi/foo").mkdir(parents=True)
                (place / "wheels").mkdir()
            if state == "other files":
                (place / "letter.txt").write_text("dear")
            if state == "unreadable":
                place.chmod(0)


class Machine:
    """A machine with one home, and one way to name the cache directory."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self.home = folder / "home"
        self.home.mkdir()
        self._patch = monkeypatch
        self._capsys = capsys
        for name in list(os.environ):
            if name.startswith(("PIP", "XDG", "VIRTUAL_ENV")):
                monkeypatch.delenv(name)
        monkeypatch.setenv("HOME", str(self.home))
        monkeypatch.setattr(machine, "machine_homes", lambda: [("ada", str(self.home))])
        (folder / "bad.txt").write_text("evil==1.0\n")

    def place(self, decided_by: str) -> tuple[Path, list[str]]:
        """Let something decide the directory: where it is, and the options that say so."""
        place = self.folder / "deep" / "cache"
        place.parent.mkdir()
        match decided_by:
            case "option":
                return place, ["--cache-dir", str(place)]
            case "PIP_CACHE_DIR":
                self._patch.setenv("PIP_CACHE_DIR", str(place))
            case "configuration":
                (self.home / ".config" / "pip").mkdir(parents=True)
                (self.home / ".config" / "pip" / "pip.conf").write_text(f"[global]\ncache-dir = {place}\n")
            case _:
                place = self.home / ".cache" / "pip"
                place.parent.mkdir()
        return place, []

    def __call__(self, name: str, form: str, options: list[str]) -> Ran:
        given = {"ADVISORY": str(self.folder / "bad.txt"), "OUT": str(self.folder / "out")}
        arguments = [given.get(word, word) for word in CALLS[name][0]]
        arguments += [] if form == "table" else ["--format", form]
        self._capsys.readouterr()
        code = run([*arguments, *options])
        captured = self._capsys.readouterr()
        return Ran(captured.out, captured.err, int(code))


@pytest.fixture
def machine_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Machine:
    return Machine(tmp_path.resolve(), monkeypatch, capsys)


def test_every_command_is_called() -> None:
    elsewhere = {
        "serve",
        "offline",
    }  # test_serving: the one does not end, the other answers with a command's output
    assert {arguments[0] for arguments, _ in CALLS.values()} == set(COMMANDS) - {"help", *elsewhere}


def cache_of(document: dict[str, Any]) -> dict[str, Any]:
    cache: dict[str, Any] = document["cache"]
    return cache


def assert_empty(answer: Ran, name: str, form: str, place: Path, *, exists: bool) -> None:
    """The run ended as on an empty cache: one sentence, and the whole document where one was asked for."""
    assert answer.code == (1 if name == "show" else 0)
    sentence = f"The cache is empty: {place}" if exists else f"Nothing is cached yet: {place} does not exist."
    # of files that lie anywhere is told that they are left alone, or not shown
    assert re.sub(r"Left alone:\n(  .*\n)*|Not shown: .*\n", "", answer.err) == f"{sentence}\n"
    if form == "json":
        assert "error" not in answer.document
        assert (cache_of(answer.document)["path"], cache_of(answer.document)["exists"]) == (str(place), exists)
    elif form == "sarif":
        assert answer.document["runs"][0]["invocations"][0]["executionSuccessful"] is True


@pytest.mark.parametrize("state", EMPTY)
@pytest.mark.parametrize("decided_by", ["PIP_CACHE_DIR", "configuration", "default"])
def test_a_directory_that_nobody_typed_and_that_is_missing_or_empty_is_an_empty_cache(
    machine_with: Machine, decided_by: str, state: str
) -> None:
    place, options = machine_with.place(decided_by)
    make(place, state)
    real = place.resolve()
    for name, form in EVERY:
        assert_empty(machine_with(name, form, options), name, form, real, exists=place.is_dir())
    assert os.path.lexists(place) == (state != "missing"), "nothing may be made or removed"


@pytest.mark.parametrize("state", [state for state in EMPTY if state not in {"missing", "dangling link"}])
def test_a_typed_directory_that_is_there_and_empty_is_an_empty_cache(machine_with: Machine, state: str) -> None:
    place, options = machine_with.place("option")
    make(place, state)
    for name, form in EVERY:
        assert_empty(machine_with(name, form, options), name, form, place, exists=True)


def assert_failed(answer: Ran, form: str, command: str, kind: str) -> None:
    """The run ended with 3, a sentence, and a document where one was asked for."""
    assert answer.code == 3
    assert answer.err.startswith("Error: ")
    assert "Traceback" not in answer.err
    if form == "json":
        document = answer.document
        assert (document["schema"], document["command"]) == (1, command)
        assert document["error"]["kind"] == kind
        assert f"Error: {document['error']['message']}\n" in answer.err
    elif form == "sarif":
        (invocation,) = answer.document["runs"][0]["invocations"]
        assert (invocation["executionSuccessful"], invocation["exitCode"]) == (False, 3)
        assert invocation["toolExecutionNotifications"][0]["descriptor"] == {"id": kind}
        assert answer.document["runs"][0]["results"] == []
    else:
        assert answer.out == ""


@pytest.mark.parametrize("state", ["missing", "dangling link"])
def test_a_missing_directory_that_was_typed_is_a_mistake(machine_with: Machine, state: str) -> None:
    place, options = machine_with.place("option")
    make(place, state)
    for name, form in EVERY:
        answer = machine_with(name, form, options)
        assert_failed(answer, form, CALLS[name][0][0], "cache-missing")
        if form == "json":
            assert cache_of(answer.document)["exists"] is False
            assert answer.document["error"]["path"] == str(place.resolve())


@pytest.mark.parametrize("before", [True, False], ids=["before", "behind"])
def test_it_is_typed_before_the_command_too(machine_with: Machine, before: bool) -> None:  # noqa: FBT001
    place, options = machine_with.place("option")
    assert run([*options, "list"] if before else ["list", *options]) == 3
    place.mkdir()
    assert run([*options, "list"] if before else ["list", *options]) == 0


def test_a_variable_of_prunes_own_is_not_typed(machine_with: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    place, _ = machine_with.place("option")
    monkeypatch.setenv("PIPCACHE_PRUNE_CACHE_DIR", str(place))
    answer = machine_with("prune", "json", [])
    assert (answer.code, cache_of(answer.document)["path"]) == (0, str(place))


@pytest.mark.parametrize(
    "state", ["file", "below a file", pytest.param("unreadable", marks=pytest.mark.permissions), "other files"]
)
@pytest.mark.parametrize("decided_by", ["option", "PIP_CACHE_DIR"])
def test_what_is_no_cache_ends_with_3(machine_with: Machine, decided_by: str, state: str) -> None:
    place, options = machine_with.place(decided_by)
    make(place, state)
    for name, form in EVERY:
        answer = machine_with(name, form, options)
        if name == "dir":  # it says which directory, and looks at nothing in it
            assert answer.code == 0
        elif name == "audit of all":  # each cache is a part of the answer
            assert answer.code == 3
        else:
            assert_failed(answer, form, CALLS[name][0][0], FAULTS[state])


@pytest.mark.skipif(sys.platform != "linux", reason="homes that are devices are those of Linux")
@pytest.mark.parametrize("home", ["/dev/null", "/dev/null/below"])
@pytest.mark.parametrize("form", ["table", "json"])
def test_a_home_that_can_have_no_cache_counts_for_nothing_in_all_caches(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], home: str, form: str
) -> None:
    monkeypatch.setattr(machine, "machine_homes", lambda: [("daemon", home)])
    for name in ("PIP_CACHE_DIR", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", home)
    assert run(["audit", "six", "--all-caches", "--tool", "pip", "--format", form]) == 0
    answer = capsys.readouterr().out
    if form == "json":
        assert json.loads(answer)["answer"] == "clean"
    else:
        assert "Looked at 0 entries in 0 caches: nothing found. " in answer
    assert run(["list"]) == 3


@pytest.mark.skipif(os.name != "posix", reason="the calls are those of POSIX")
@pytest.mark.parametrize("error", [errno.EIO, errno.EACCES, errno.EMFILE, errno.ESTALE])
@pytest.mark.parametrize("state", ["empty", "only empty stores"])
def test_a_directory_that_can_be_listed_exists(machine_with: Machine, state: str, error: int) -> None:
    place, options = machine_with.place("option")
    make(place, state)
    with failing(place, Fault(0, error, Lasting.PLACE, ("stat", str(place)))) as system:
        answer = machine_with("list", "json", options)
    assert system.failed
    assert (answer.code, cache_of(answer.document)["exists"]) == (0, True)
    assert answer.err == f"The cache is empty: {place}\n"


def test_where_no_cache_is_on_the_machine_the_audit_of_all_is_whole(machine_with: Machine) -> None:
    answer = machine_with("audit of all", "json", [])
    (part,) = answer.document["caches"]
    assert (answer.code, answer.document["clean"], answer.document["complete"]) == (0, True, True)
    assert (part["problem"], part["cache"]["exists"], part["entries"]) == (None, False, 0)


@pytest.mark.parametrize("name", [name for name in COMMANDS if name not in {"dir", "help"}])
def test_each_help_says_what_an_empty_cache_is(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    run([name, "--help"])
    words = re.sub(r"\s+", " ", capsys.readouterr().out)
    assert "A missing directory is an empty cache, but an error (exit status 3) where it is given here." in words


def test_the_documentation_has_the_rule_as_a_table() -> None:
    section = ENVIRONMENT.partition("## Where there is no cache")[2].partition("\n#")[0]
    rows = re.findall(r"^\| (.+?) \|.*\| (.+?) \|$", section, re.MULTILINE)[2:]
    assert len(rows) == 7
    for kind in {"cache-missing", *FAULTS.values()}:
        assert f"`{kind}`" in section


def test_json_holds_one_document_and_nothing_else(machine_with: Machine) -> None:
    _, options = machine_with.place("option")
    for name in CALLS:
        text = machine_with(name, "json", options).out
        json.loads(text)
        assert text.count("\n") == text.rstrip("\n").count("\n") + 1
