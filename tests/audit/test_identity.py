"""An answer says who speaks, what the answer is, and what was looked for; or, if wanted, nothing of a moment."""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pipcache import __version__
from pipcache.cli.main import run
from pipcache.util.identity import this_run
from pipcache.util.redaction import HIDDEN, redact_arguments
from tests.support import archives
from tests.support.audits import osv, put
from tests.support.caches import CacheBuilder

if TYPE_CHECKING:
    from tests.support.advisory_samples import Write
    from tests.support.program import Program

EVIL = archives.build_wheel("evil", "1.0")

RUN_FIELDS = {"host", "platform", "user", "uid", "tool", "version", "started", "finished", "arguments"}


@pytest.fixture
def bad(write: Write) -> str:
    return write("somewhere/of/a/moment/bad.json", json.dumps(osv("evil", ["1.0"])))


def is_recent(text: str) -> bool:
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", text)
    return datetime.now(UTC) - datetime.fromisoformat(text) < timedelta(minutes=15)


def check_run(record: dict[str, Any], command: str) -> None:
    assert record.keys() == RUN_FIELDS
    assert (record["tool"], record["version"], record["platform"]) == ("pipcache", __version__, sys.platform)
    assert record["host"]
    assert record["user"]
    if sys.platform != "win32":
        assert record["host"] == os.uname().nodename
        assert record["uid"] == os.geteuid()
    assert is_recent(record["started"])
    assert is_recent(record["finished"])
    assert record["started"] <= record["finished"]
    assert record["arguments"][0] == command


def test_an_answer_says_who_speaks_and_what_was_looked_for(
    builder: CacheBuilder, program: Program, bad: str
) -> None:
    put(builder, EVIL)
    document = program("audit", "--advisory", bad, "--format", "json").document
    check_run(document["run"], "audit")
    assert document["run"]["arguments"][3:] == ["--advisory", bad, "--format", "json"]
    assert document["advisories"] == [
        {"name": "bad.json", "sha256": hashlib.sha256(Path(bad).read_bytes()).hexdigest(), "records": 1}
    ]
    (hit,) = document["caches"][0]["hits"]
    assert [clause["source"] for clause in hit["clauses"]] == ["bad.json"]
    del document["run"]
    assert "moment" not in json.dumps(document)


def test_the_answer_is_one_of_three_words(builder: CacheBuilder, program: Program, bad: str) -> None:
    def answer() -> str:
        word: str = program("audit", "--advisory", bad, "--format", "json").document["answer"]
        return word

    assert answer() == "clean"
    key = put(builder, archives.build_wheel("good", "1.0"))
    assert answer() == "clean"
    builder.head(key).write_bytes(b"cc=4,\xff")
    assert answer() == "unknown"
    put(builder, EVIL)
    assert answer() == "found"


@pytest.mark.parametrize("command", ["audit", "remove"])
def test_a_run_without_an_answer_says_who_speaks(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], bad: str, command: str
) -> None:
    arguments = [command, "--cache-dir", str(tmp_path / "nowhere"), "--advisory", bad]
    arguments += ["--yes"] if command == "remove" else []
    assert run([*arguments, "--format", "json"]) == 3
    document = json.loads(capsys.readouterr().out)
    check_run(document["run"], command)
    assert (document["answer"], document["error"]["kind"]) == ("unknown", "cache-missing")
    assert run([*arguments, "--format", "line"]) == 3
    line = capsys.readouterr().out
    assert line.startswith("unknown: The directory given with --cache-dir does not exist; host ")


def test_what_reads_no_advisory_says_nothing_of_the_run(program: Program) -> None:
    assert "run" not in program("list", "--format", "json").document


def test_without_identity_two_runs_give_the_same_bytes(
    builder: CacheBuilder, program: Program, bad: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(builder, EVIL)
    for form in ("json", "sarif", "markdown", "line"):
        arguments = ("audit", "--advisory", bad, "--format", form)
        plain = program(*arguments).out
        answers = {program(*arguments, "--no-identity").out for _ in range(2)}
        monkeypatch.setenv("PIPCACHE_NO_IDENTITY", "1")
        answers.add(program(*arguments).out)
        monkeypatch.setenv("PIPCACHE_NO_IDENTITY", "0")
        assert len(answers) == 1
        assert plain not in answers
        assert this_run().host not in answers.pop().replace(__version__, "").replace(str(builder.root), "")
        monkeypatch.delenv("PIPCACHE_NO_IDENTITY")
    document = program("audit", "--advisory", bad, "--format", "json", "--no-identity").document
    assert {field for field, value in document["run"].items() if value is not None} == {"tool", "version"}
    assert document["advisories"][0]["name"] == "bad.json"


def test_sarif_has_the_machine_account_and_times(builder: CacheBuilder, program: Program, bad: str) -> None:
    put(builder, EVIL)
    (log,) = program("audit", "--advisory", bad, "--format", "sarif").document["runs"]
    (invocation,) = log["invocations"]
    assert (invocation["machine"], invocation["account"]) == (this_run().host, this_run().user)
    assert invocation["exitCode"] == 1
    assert invocation["executionSuccessful"] is True
    assert is_recent(invocation["startTimeUtc"])
    assert is_recent(invocation["endTimeUtc"])
    assert log["properties"]["answer"] == "found"
    assert [file["name"] for file in log["properties"]["advisories"]] == ["bad.json"]


def test_markdown_has_them_too(builder: CacheBuilder, program: Program, bad: str) -> None:
    put(builder, EVIL)
    lines = program("audit", "--advisory", bad, "--format", "markdown").lines
    assert "- answer: **found**" in lines
    assert any(line.startswith("- host: ") for line in lines)
    digest = hashlib.sha256(Path(bad).read_bytes()).hexdigest()
    assert f"- advisory: bad.json, 1 record, sha256 {digest}" in lines


# Arguments


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        (["audit", "docopt==0.6.2"], ["audit", "docopt==0.6.2"]),
        (
            ["audit", "https://ada:pw12345@index.example/a/x-1.0.tar.gz"],
            ["audit", f"https://{HIDDEN}@index.example/a/x-1.0.tar.gz"],
        ),
        (["--token", "abcdef"], ["--token", HIDDEN]),
        (["--token=abcdef", "x"], [f"--token={HIDDEN}", "x"]),
        (["--password", "--yes"], ["--password", "--yes"]),
        (["--api-key", "-abc"], ["--api-key", HIDDEN]),
        (["--cache-dir=/home/ada/.cache/pip"], ["--cache-dir=/home/ada/.cache/pip"]),
        (
            ["x @ https://index.example/x-1.0.tar.gz?sig=abc"],
            [f"x @ https://index.example/x-1.0.tar.gz?sig={HIDDEN}"],
        ),
        (["--advisory=https://t0ken@index.example/x.json"], [f"--advisory=https://{HIDDEN}@index.example/x.json"]),
        (["ghp_" + "a1B2" * 9], [HIDDEN]),
    ],
)
def test_arguments_are_shown_without_their_secrets(arguments: list[str], shown: list[str]) -> None:
    assert redact_arguments(arguments) == shown


def test_no_secret_of_an_argument_comes_out(program: Program) -> None:
    url = "https://ada:S3CR3Tq@index.example/simple/x-1.0.tar.gz?token=S3CR3Tq#sha256=S3CR3Tq"
    for form in ("json", "sarif", "markdown", "line"):
        ran = program("audit", url, "--format", form)
        assert "S3CR3Tq" not in ran.out + ran.err


# Who


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such numbers")
def test_a_user_without_an_entry_and_without_a_home_has_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HOME", "USER", "LOGNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os, "geteuid", lambda: 54321)
    assert (this_run().user, this_run().uid) == ("54321", 54321)
