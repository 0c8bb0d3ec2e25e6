"""`pipcache help`: the topics of the documentation, at a terminal, in a pipe and out of a zip file."""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING

import pytest

from pipcache.cli.group import COMMANDS, PURPOSES
from pipcache.cli.main import run
from pipcache.commands.help import TOPICS
from pipcache.render.text.document import render_markdown
from tests.support.places import DOCS, PACKAGE, REPOSITORY
from tests.support.terminal import Shown, at_terminal, environment_at

if TYPE_CHECKING:
    from pathlib import Path

STYLE = re.compile(r"\x1b\[[0-9;]*m")


def answer_of(*words: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    capsys.readouterr()
    code = run(words)
    return (code, *capsys.readouterr())


# In a pipe


def test_every_topic_is_listed_with_what_it_is_about(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = answer_of("help", capsys=capsys)
    assert (code, err) == (0, "")
    rows = [re.split(r" {2,}", line.strip(), maxsplit=1) for line in out.splitlines() if line.startswith("  ")]
    assert rows == [[name, about] for name, about in TOPICS.items()]


@pytest.mark.parametrize("topic", TOPICS)
def test_a_topic_is_its_markdown(topic: str, capsys: pytest.CaptureFixture[str]) -> None:
    text = (DOCS / f"{topic}.md").read_text("utf-8")
    assert answer_of("help", topic, capsys=capsys) == (0, text, "")


@pytest.mark.parametrize("word", ["JSON", "Exit_Codes", "EXIT-CODES", "exit codes"])
def test_a_topic_may_be_written_in_other_ways(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert answer_of("help", *word.split(), capsys=capsys)[0] == 0


@pytest.mark.parametrize("name", [name for name in COMMANDS if name not in TOPICS])
def test_a_command_is_shown_with_its_options(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    _, options, _ = answer_of(name, "--help", capsys=capsys)
    assert answer_of("help", name, capsys=capsys) == (0, options, "")


@pytest.mark.parametrize("name", COMMANDS)
def test_a_commands_help_names_topics_to_read_on(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = answer_of(name, "--help", capsys=capsys)
    named = re.findall(r"^ *pipcache help (\S+)$", out.partition("Read on:\n")[2], re.MULTILINE)
    assert named
    assert set(named) <= TOPICS.keys()


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("promise", ["promises"]),
        ("jsn", ["json"]),
        ("exit", ["exit-codes"]),
        ("exit-status", ["exit-codes"]),
        ("environment-variables", ["environment"]),
        ("verfy", ["verify"]),
        ("purge", ["clear"]),
        ("docker", ["ci"]),
        ("exit status", ["exit-codes"]),
        ("where is it", []),
        ("list numpy", ["list"]),
        ("Jenkins", ["ci"]),
        ("PC502", ["codes"]),
        ("NO_COLOR", ["environment"]),
    ],
)
def test_the_nearest_topics_are_given(word: str, meant: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = answer_of("help", *word.split(), capsys=capsys)
    sentence, *lines = err.splitlines()
    assert (code, out) == (2, "")
    assert sentence.startswith(f"Error: There is no topic {word!r}: ")
    assert lines[: len(meant)] == [f"  pipcache help {name}" for name in meant]


@pytest.mark.parametrize("word", ["xyzzy", "", "-", "|", "x" * 10_000])
def test_where_no_topic_is_near_the_list_is(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = answer_of("help", "--", word, capsys=capsys)
    assert (code, out) == (2, "")
    assert err == f"Error: There is no topic {word!r}: 'pipcache help' lists them.\n"


# The list of commands


@pytest.mark.parametrize("columns", ["80", "100"])
def test_commands_are_grouped_by_purpose_and_have_one_line_each(
    columns: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    _, out, _ = answer_of("--help", capsys=capsys)
    groups = re.findall(r"^(\w[\w ]*):\n((?:  .+\n)+)", out, re.MULTILINE)
    shown = {title: body.splitlines() for title, body in groups if title in PURPOSES}
    assert list(shown) == list(PURPOSES)
    for title, commands in PURPOSES.items():
        assert [line.split(None, 1) for line in shown[title]] == [[name, line] for name, line in commands.items()]
        assert len({line.index(line.split(None, 1)[1]) for body in shown.values() for line in body}) == 1


# At a terminal


class Screen(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def machine(tmp_path: Path) -> dict[str, str]:
    """An environment with a pager that keeps what it is given, and with no settings."""
    pager = tmp_path / "keep pages"
    pager.write_text(f'#!/bin/sh\necho "$@" > "{tmp_path}/words"\ncat > "{tmp_path}/pages"\n', encoding="utf-8")
    pager.chmod(0o755)
    return {
        **environment_at(tmp_path / "home", TERM="xterm-256color", PAGER=f"'{pager}' -x"),
        "PYTHONPATH": str(REPOSITORY),
    }


def shown(machine: dict[str, str], *words: str, columns: int = 80, lines: int = 24, **environment: str) -> Shown:
    variables = {name: value for name, value in {**machine, **environment}.items() if value != "unset"}
    return at_terminal(["help", *words], environment=variables, folder=REPOSITORY, columns=columns, lines=lines)


def test_a_long_topic_is_shown_by_the_pager(machine: dict[str, str], tmp_path: Path) -> None:
    assert shown(machine, "json") == ("", 0)
    assert (tmp_path / "words").read_text() == "-x\n"
    assert "every field of every document" in (tmp_path / "pages").read_text()


@pytest.mark.parametrize(
    "reason", [{"PAGER": ""}, {"PAGER": "cat"}, {"TERM": "dumb"}, {"TERM": "unset"}, {"LINES": "9999"}]
)
def test_nothing_is_paged_where_nobody_can_scroll_or_wants_to(
    machine: dict[str, str], reason: dict[str, str], tmp_path: Path
) -> None:
    answer = shown({**machine, **reason}, "json", lines=int(reason.get("LINES", "24")))
    assert "every field of every document" in answer.text
    assert answer.code == 0
    assert not (tmp_path / "pages").exists()


@pytest.mark.slow
def test_a_pager_that_does_not_exist_or_ends_early_is_no_failure(machine: dict[str, str]) -> None:
    missing = shown(machine, "json", PAGER="nosuchpager")
    assert (missing.code, "every field" in missing.text) == (0, True)
    assert shown(machine, "json", PAGER="true") == ("", 0)
    unclosed = shown(machine, "json", PAGER="less 'x")
    assert (unclosed.code, "every field" in unclosed.text) == (0, True)


@pytest.mark.skipif(shutil.which("less") is None, reason="there is no less")
def test_less_is_the_pager_where_none_is_named(machine: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "less").write_text(f'#!/bin/sh\necho "$LESS" > "{tmp_path}/words"\ncat > "{tmp_path}/pages"\n')
    (tmp_path / "less").chmod(0o755)
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    assert shown(machine, "json", PAGER="unset", PATH=path) == ("", 0)
    assert (tmp_path / "words").read_text() == "-R\n"  # colours are shown as colours
    assert "\x1b[1m" in (tmp_path / "pages").read_text()


@pytest.mark.parametrize("terminal", [{"TERM": "dumb"}, {"NO_COLOR": "1"}])
def test_there_are_no_styles_where_they_are_not_wanted(machine: dict[str, str], terminal: dict[str, str]) -> None:
    assert "\x1b" not in shown({**machine, **terminal}, "codes", PAGER="cat").text
    assert "\x1b[" in shown(machine, "codes", PAGER="cat").text


@pytest.mark.parametrize("columns", [40, 80, 120])
@pytest.mark.parametrize("topic", TOPICS)
def test_lines_fit_and_no_word_is_broken_or_lost(
    topic: str, columns: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    source = (DOCS / f"{topic}.md").read_text("utf-8")
    text = STYLE.sub("", render_markdown(source, Screen()))
    code = {
        line
        for block in re.findall(r"^```\w+\n(.*?)^```$", source, re.DOTALL | re.MULTILINE)
        for line in block.split("\n")
    }
    for line in text.split("\n"):
        assert len(line) <= columns or line.removeprefix("    ") in code, line
    for line in filter(None, code):
        assert f"\n    {line}".rstrip() in text  # whole, so that it can be copied
    prose = re.sub(r"^```.*?^```$|<!--.*?-->|\]\([\w-]+\.md\)", "", source, flags=re.DOTALL | re.MULTILINE)
    words = set(re.findall(r"[\w./+=-]{4,}", prose)) - {"----"}
    if columns > 40:
        assert {word for word in words if word.strip("-") not in text} == set()


@pytest.mark.parametrize("columns", [40, 60, 120])
def test_the_list_of_topics_fits(machine: dict[str, str], columns: int) -> None:
    text = shown(machine, columns=columns).text
    assert all(len(line) <= columns for line in text.splitlines())
    for name, about in TOPICS.items():
        assert name in text
        assert {word for word in about.split() if word not in text} == set()


def test_a_terminal_without_unicode_shows_no_escapes(machine: dict[str, str]) -> None:
    ascii_only = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"}
    for topic in ("codes", "tour", "environment"):
        answer = shown({**machine, **ascii_only}, topic, PAGER="cat")
        assert answer.code == 0
        assert "\\u" not in answer.text
        assert STYLE.sub("", answer.text).isascii()


# What it costs, and where it works


COUNTING = "import sys; from pipcache.cli.main import run; run(sys.argv[1:]); print(*sys.modules, file=sys.stderr)"


def modules_of(*words: str) -> set[str]:
    command = [sys.executable, "-c", COUNTING, *words]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, encoding="utf-8", check=True)
    return set(done.stderr.split())


def test_no_other_command_loads_what_help_needs(tmp_path: Path) -> None:
    (tmp_path / "http-v2").mkdir()
    loaded = modules_of("list", "--cache-dir", str(tmp_path))
    assert not loaded & {"pipcache.cli.help", "pipcache.commands.help", "importlib.resources", "rich", "pydoc"}


def test_text_in_a_pipe_needs_no_renderer() -> None:
    assert not {name for name in modules_of("help", "json") if name.partition(".")[0] in {"rich", "pygments"}}


def test_topics_are_read_out_of_a_zip_file(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        for path in PACKAGE.rglob("*"):
            if path.suffix in {".py", ".md"}:
                archive.write(path, path.relative_to(REPOSITORY))
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "all.zip")}

    def read(topic: str) -> subprocess.CompletedProcess[bytes]:
        command = [sys.executable, "-m", "pipcache", "help", topic]
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, check=False)

    assert read("prune").stdout == (DOCS / "prune.md").read_bytes()
    assert b"\n  pipcache help ci\n" in read("github").stderr


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no device here is always full")
@pytest.mark.parametrize("words", [["help"], ["help", "json"], ["help", "list"]], ids=" ".join)
def test_what_cannot_be_written_is_a_failure(words: list[str]) -> None:
    with open("/dev/full", "w", encoding="utf-8") as full:
        command = [sys.executable, "-m", "pipcache", *words]
        done = subprocess.run(command, cwd=REPOSITORY, stdout=full, stderr=subprocess.PIPE, check=False)
    assert done.returncode == 3
    assert b"Traceback" not in done.stderr
    assert b"The answer cannot be written" in done.stderr


@pytest.mark.parametrize("words", [["help"], ["help", "json"], ["help", "list"]], ids=" ".join)
def test_a_reader_that_has_gone_is_no_failure(words: list[str]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "pipcache", *words]
    done = subprocess.run(command, cwd=REPOSITORY, stdout=writer, stderr=subprocess.PIPE, check=False)
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, b"")
