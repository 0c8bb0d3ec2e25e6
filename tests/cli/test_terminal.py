"""What a person sees at a terminal: whole columns where there is room, lines broken between words, no debris."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.support import archives
from tests.support.caches import CacheBuilder
from tests.support.pips import clean_environment
from tests.support.places import REPOSITORY
from tests.support.removal import age
from tests.support.terminal import at_terminal, environment_at

if TYPE_CHECKING:
    from pathlib import Path

pty = pytest.importorskip("pty")
fcntl = pytest.importorskip("fcntl")
termios = pytest.importorskip("termios")

FILES = "https://files.example/packages/with/a/rather/long/path/to/the/file/"
STYLE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@pytest.fixture
def builder(tmp_path: Path) -> CacheBuilder:
    builder = CacheBuilder(tmp_path / "cache with blanks")
    for name in ("numpy", "charset-normalizer", "six"):
        filename, body = archives.build_wheel(name, "2.10.1")
        builder.download(FILES + filename, body)
    builder.built(None, *archives.build_wheel("docopt", "0.6.2"))
    return builder


def seen(builder: CacheBuilder, columns: int, *arguments: str, **environment: str) -> list[str]:
    """Run the program at a terminal of so many columns, and return the lines that are written, without styles."""
    words = [arguments[0], "--cache-dir", str(builder.root), *arguments[1:]]
    variables = environment_at(builder.root.parent / "home", **environment)
    shown = at_terminal(words, environment=variables, folder=REPOSITORY, columns=columns, has_input=False)
    return STYLE.sub("", shown.text).split("\n")


TERMINALS = [{"TERM": "xterm-256color"}, {"TERM": "dumb"}, {"TERM": "unset"}, {"NO_COLOR": "1"}]


def name_of(terminal: dict[str, str]) -> str:
    return " ".join(map("=".join, terminal.items()))


each_terminal = pytest.mark.parametrize("terminal", TERMINALS, ids=name_of)


@pytest.mark.parametrize(
    ("columns", "terminal"),
    [
        # each width and each terminal in every run, all pairs in the long tests
        pytest.param(columns, terminal, marks=() if at % 3 == number else pytest.mark.slow)
        for number, columns in enumerate((80, 120, 200))
        for at, terminal in enumerate(TERMINALS)
    ],
    ids=lambda value: str(value) if isinstance(value, int) else name_of(value),
)
@pytest.mark.parametrize(
    "command",
    [["list"], ["remove", "*", "--dry-run"], ["prune", "--ci", "--dry-run"], ["clear", "--dry-run"]],
    ids=lambda words: words[0],
)
def test_no_column_shrinks_where_there_is_room(
    builder: CacheBuilder, columns: int, command: list[str], terminal: dict[str, str]
) -> None:
    lines = [line.rstrip() for line in seen(builder, columns, *command, **terminal)]
    header = next(line for line in lines if "SIZE" in line)
    assert "…" not in header
    for name in header.split():
        assert name in {
            *("PROJECT", "VERSION", "KIND", "SIZE", "AGE", "USED", "FROM", "TAGS"),
            *("STORE", "FILES", "WHY", "ENTRIES", "WHAT", "POLICY"),
        }
    if command[0] != "clear":
        for text in ("charset-normalizer", "2.10.1", "wheel", "kB"):
            assert any(text in line for line in lines), text
    assert all(len(line) <= columns for line in lines if " in /" not in line and "   " in line)


@each_terminal
def test_a_narrow_terminal_has_the_columns_that_matter(builder: CacheBuilder, terminal: dict[str, str]) -> None:
    lines = seen(builder, 40, "list", **terminal)
    assert lines[0].split() == ["PROJECT", "VERSION", "KIND", "SIZE"]
    assert any(line.startswith("numpy") and "2.10.1" in line and "wheel" in line for line in lines)


@pytest.mark.parametrize("terminal", ["xterm", "dumb"])
def test_columns_of_the_environment_count(builder: CacheBuilder, terminal: str) -> None:
    lines = seen(builder, 40, "list", TERM=terminal, COLUMNS="150")
    assert lines[0].split()[-1] == "TAGS"
    assert any("charset-normalizer  2.10.1" in line for line in lines)


@pytest.mark.parametrize("columns", [40, pytest.param(80, marks=pytest.mark.slow), 120])
@pytest.mark.parametrize(
    "command",
    [["show", "numpy"], ["show", "docopt"], ["verify", "--explain"], ["dir", "--explain"]],
    ids=" ".join,
)
def test_lines_are_broken_between_words_and_paths_and_digests_are_whole(
    builder: CacheBuilder, columns: int, command: list[str]
) -> None:
    lines = seen(builder, columns, *command)
    for line in lines:
        words = line.split()
        if len(line) > columns and str(builder.root) not in line:
            # one word that is wider than what is left for it, behind its label at most
            assert len(words) <= 3, line
            assert max(map(len, words)) > columns - 20, line
    piped = subprocess.run(
        [sys.executable, "-m", "pipcache", command[0], "--cache-dir", str(builder.root), *command[1:]],
        cwd=REPOSITORY,
        env=clean_environment(builder.root.parent / "home"),
        capture_output=True,
        encoding="utf-8",
        check=True,
    ).stdout
    assert piped.split() == " ".join(lines).split()
    if command[0] == "show":
        paths = [line for line in piped.splitlines() if str(builder.root) in line]
        assert paths
        assert set(paths) <= set(lines)


@pytest.mark.parametrize("encoding", ["ascii", "utf-8"])
@pytest.mark.parametrize("columns", [40, 80])
def test_columns_are_aligned_whatever_the_encoding_lacks(
    builder: CacheBuilder, columns: int, encoding: str
) -> None:
    for name in ("a-project-with-a-name-that-is-cut-somewhere", "gro\u00df\u00e9\u0161"):
        builder.download(f"{FILES}{name}-1.0.zip", archives.build_sdist(name, "1.0")[1])
    lines = seen(builder, columns, "list", PYTHONIOENCODING=encoding)
    table = lines[: next(at for at, line in enumerate(lines) if " artifacts, " in line)]
    assert len(table) == 7
    ends = {re.search(r"SIZE|[0-9.]+ k?B", line).end() for line in table}  # type: ignore[union-attr]  # each has one
    assert len(ends) == 1, table
    assert all(len(line.rstrip()) <= columns for line in table)


WORDY = {
    "an error of an option": ["list", "--older-than", "30"],
    "an error of a file": ["audit", "--advisory", "/nosuch/place.json"],
    "an error with what to do": ["remove", "numpy"],
    "an option that is none": ["remove", "--all", "numpy"],
    "a list": ["list"],
    "a list of nothing": ["list", "numpy>99", "--all"],
    "sums": ["info"],
    "a plan": ["remove", "*", "--dry-run"],
    "a plan by store": ["clear", "--dry-run"],
    "a plan by policy": ["prune", "--ci", "--dry-run"],
    "prospects": ["prune", "--dry-run"],
    "removed": ["prune", "--ci"],
    "an audit": ["audit", "numpy"],
    "help of audit": ["audit", "--help"],
    "help of remove": ["remove", "--help"],
    "help of prune": ["prune", "--help"],
}


@pytest.mark.parametrize(
    ("columns", "terminal"),
    [
        (40, {"TERM": "xterm-256color"}),
        pytest.param(40, {"TERM": "dumb"}, marks=pytest.mark.slow),
        pytest.param(80, {"NO_COLOR": "1"}, marks=pytest.mark.slow),
        pytest.param(120, {"LC_ALL": "C"}, marks=pytest.mark.slow),
    ],
    ids=["40", "40 dumb", "80 no colour", "120 C"],
)
@pytest.mark.parametrize("name", WORDY)
def test_no_word_is_broken_in_its_middle(
    builder: CacheBuilder, columns: int, name: str, terminal: dict[str, str]
) -> None:
    builder.stray("http-v2/a/left", b"")
    for line in seen(builder, columns, *WORDY[name], **terminal):
        if len(line) > columns:  # what is copied, or names the values of an option, is whole
            is_command = line.lstrip().startswith("pipcache ")
            is_whole = is_command or "|" in line or str(builder.root) in line
            assert is_whole or max(map(len, line.split())) > columns - 20, line
            assert is_whole or len(line.split()) <= 3, line


def test_a_narrow_plan_has_a_row_for_each_policy(builder: CacheBuilder) -> None:
    builder.stray(f"http-v2/a/1/2/3/4/a1234{'0' * 51}.body")
    builder.raw("https://files.example/x", b"cc=9,nothing")
    builder.legacy("https://files.example/y", b"")
    (builder.root / "http-v2/f/f/f").mkdir(parents=True)
    age(builder.root, 200 * 86400)
    lines = [line.split("  ")[0] for line in seen(builder, 40, "prune", "--old-layouts", "--dry-run")]
    table = lines[lines.index("POLICY") + 1 :]
    assert table[: table.index(next(line for line in table if line.startswith("Would keep")))] == [
        "dead weight",
        "old layout",
        "1 empty folder",
    ]


def test_a_prune_without_a_policy_tells_a_person_what_each_would_free(builder: CacheBuilder) -> None:
    lines = seen(builder, 80, "prune")
    start = lines.index("Only dead weight was looked for, as no policy was given. What each would free:")
    policies = [re.split("  +", line.strip())[0] for line in lines[start + 2 : start + 7]]
    assert policies == ["--old-layouts", "--unused-for 90d", "--unused-for 30d", "--keep-latest 1", "--ci"]
    assert re.match(r"  --ci +3 ", lines[start + 6])


SLOW = """
import sys, time
from pipcache.render import progress_bar
progress_bar._PATIENCE = 0.0
progress_bar._INTERVAL = 0.0
from pipcache.cli.main import run
sys.exit(run(sys.argv[1:]))
"""


def verify_slowly(builder: CacheBuilder, columns: int) -> bytes:
    """What a verify writes to a terminal, whose progress bar is shown at once and at every step."""
    return on_standard_error(builder, SLOW, columns)


def on_standard_error(builder: CacheBuilder, script: str, columns: int = 80) -> bytes:
    """What a verify by a script writes to standard error, which alone is a terminal; the script succeeds."""
    controller, terminal = pty.openpty()
    termios.tcsetwinsize(terminal, (24, columns))
    with subprocess.Popen(
        [sys.executable, "-c", script, "verify", "--cache-dir", str(builder.root)],
        cwd=REPOSITORY,
        env=environment_at(builder.root.parent / "home"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=terminal,
    ) as program:
        os.close(terminal)
        written = b""
        while True:
            try:
                data = os.read(controller, 65536)
            except OSError:
                break
            if not data:
                break
            written += data
    assert program.wait() == 0
    os.close(controller)
    return written


def test_what_draws_a_bar_is_loaded_for_those_who_have_waited(builder: CacheBuilder) -> None:
    quick = "import sys; from pipcache.cli.main import run; code = run(sys.argv[1:])"
    report = "print('rich.progress' in sys.modules, file=sys.stderr); sys.exit(code)"
    assert on_standard_error(builder, f"{quick}; {report}").split() == [b"False"]


def test_a_bar_that_cannot_be_loaded_ends_no_run(builder: CacheBuilder) -> None:
    broken = SLOW.replace("import sys, time", "import sys; sys.modules['rich.progress'] = None")
    assert on_standard_error(builder, broken) == b""


def test_a_verify_counts_what_was_read_while_nobody_knows_how_much_it_is(builder: CacheBuilder) -> None:
    written = STYLE.sub("", verify_slowly(builder, 120).decode())
    pictures = [picture for picture in re.split(r"[\r\n]+", written) if "Verifying" in picture]
    assert any("Verifying (2 read)" in picture and "/? " in picture for picture in pictures), pictures
    assert not re.search(r"read\)|\?", pictures[-1]), pictures


@pytest.mark.parametrize("columns", [40, 80, 120])
def test_a_bar_leaves_nothing_behind(builder: CacheBuilder, columns: int) -> None:
    written = verify_slowly(builder, columns)
    assert b"Verifying" in written or b"Reading" in written, written
    # no picture of it is wider than the terminal, which would leave a part of it behind
    pictures = re.split(r"[\r\n]+", STYLE.sub("", written.decode()))
    assert max(map(len, pictures)) <= columns
    assert not any("-" in picture.replace("-:--:--", "") for picture in pictures if "bytes/s" in picture)
    # what stands after the last erasing of a line is nothing
    assert STYLE.sub("", written.decode().rpartition("\x1b[2K")[2]).strip() == ""
