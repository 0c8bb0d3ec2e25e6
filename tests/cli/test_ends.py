"""How runs end: each exit status, signals, limits of the system, full disks, and what nobody expected."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from pipcache.commands import info
from pipcache.errors import ExitCode
from tests.support import archives, caches
from tests.support.caches import CacheBuilder
from tests.support.pips import clean_environment
from tests.support.places import REPOSITORY
from tests.support.program import Program, run_limited, run_script
from tests.support.slow import slow_but_every, slow_except

if TYPE_CHECKING:
    from pathlib import Path

URL = "https://files.example/"
JSON = ("--format", "json")
posix = pytest.mark.skipif(sys.platform == "win32", reason="signals and limits are those of POSIX")

COMMANDS = (
    ("list",),
    ("list", *JSON),
    ("list", "--format", "paths"),
    ("show", "foo"),
    ("info",),
    ("verify",),
    ("verify", "--thorough", *JSON),
    ("audit", "foo==1.0"),
    ("audit", "foo==1.0", "--format", "sarif", "--no-identity"),
    ("audit", "sha256:" + "0" * 64, *JSON, "--no-identity"),
    ("remove", "foo", "--dry-run"),
    ("remove", "foo", "--yes"),
    ("clear", "--yes", *JSON),
    ("lock", "bar"),
    ("export", "nowhere", "--dry-run", "--unverified"),
    ("prune", "--ci", "--dry-run"),
    ("prune", "--keep-latest", "1"),
    ("dir", "--explain"),
)


OFTEN = frozenset(
    {
        *(("list",), ("list", "--format", "paths"), ("verify", "--thorough", *JSON)),
        ("audit", "foo==1.0", "--format", "sarif", "--no-identity"),
        *(("remove", "foo", "--yes"), ("lock", "bar"), ("prune", "--keep-latest", "1")),
    }
)
"""A command of each way of answering, for every run of the tests; the others are long tests."""

HARDEST = frozenset({("verify", "--thorough", *JSON), ("remove", "foo", "--yes")})
"""Those that need the most threads and descriptors."""


def each(*more: tuple[str, ...], often: frozenset[tuple[str, ...]] = OFTEN) -> pytest.MarkDecorator:
    """Try a test with each command, and with `often` and `more` in every run."""
    commands = (*COMMANDS, *more)
    ids = [" ".join(command) for command in commands]
    return pytest.mark.parametrize("command", slow_except(often | set(more), commands), ids=ids)


@pytest.fixture
def filled(builder: CacheBuilder) -> CacheBuilder:
    """Thirty wheels, a page and a built wheel."""
    for number in range(30):
        filename, data = archives.build_wheel("foo", f"1.{number}")
        builder.download(URL + filename, data)
    page = json.dumps({"meta": {}, "name": "foo", "files": []}).encode()
    headers = caches.FILE_HEADERS | {"Content-Type": "application/vnd.pypi.simple.v1+json"}
    builder.download("https://index.example/simple/foo/", page, headers=headers)
    builder.built({"url": f"{URL}bar-1.0.tar.gz"}, *archives.build_wheel("bar", "1.0"))
    for path in builder.root.rglob("*"):
        os.utime(path, (1_600_000_000, 1_600_000_000))  # ages are in years and stay the same
    return builder


# Each exit status


def damaged(builder: CacheBuilder) -> CacheBuilder:
    filename, data = archives.build_wheel("foo", "1.0")
    caches.flip(builder.body(builder.download(URL + filename, data)), -200)
    return builder


@pytest.mark.parametrize(
    ("code", "command"),
    [
        (ExitCode.OK, ("list",)),
        (ExitCode.FINDINGS, ("verify",)),
        (ExitCode.FINDINGS, ("show", "nothing")),
        (ExitCode.USAGE, ("verify", "--select", "PC999")),
        (ExitCode.USAGE, ("clear",)),
        (ExitCode.FAILED, ("verify", "--kind", "page")),
    ],
    ids=str,
)
def test_each_exit_status(
    code: ExitCode, command: tuple[str, ...], builder: CacheBuilder, program: Program, tmp_path: Path
) -> None:
    damaged(builder)
    if code is ExitCode.FAILED:
        (builder.root / "http-v2" / "a").symlink_to(tmp_path)
    assert program(*command).code == code


def test_what_could_not_be_judged_beside_a_removal_has_its_own(
    builder: CacheBuilder, program: Program, tmp_path: Path
) -> None:
    builder.download(URL + "foo-1.0-py3-none-any.whl", archives.build_wheel("foo", "1.0")[1])
    builder.raw(f"{URL}other", b"no head of any pip", b"PK")
    (tmp_path / "bad.txt").write_text("foo==1.0\n", encoding="utf-8")
    assert program("remove", "--advisory", str(tmp_path / "bad.txt"), "--yes").code == ExitCode.UNJUDGED


@posix
def test_an_interruption_has_its_own_exit_status(
    filled: CacheBuilder, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object, **_named: object) -> None:
        os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr("pipcache.commands.list.select", interrupt)
    filled.selfcheck()
    assert program("list", "foo").code == ExitCode.INTERRUPTED


# What nobody expected


def fail(*_: object) -> Any:
    raise KeyError("password=hunter2\nand a second line")


def test_an_exception_that_nobody_expected_is_no_finding(
    filled: CacheBuilder, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled.selfcheck()
    monkeypatch.setattr(info, "summarise", fail)
    ran = program("info")
    assert ran.code == ExitCode.FAILED
    assert "KeyError in test_ends.py, line" in ran.err
    assert "report" in ran.err
    assert "Traceback" not in ran.err
    assert "hunter2" not in ran.err  # an exception may hold whatever the cache holds


@pytest.mark.parametrize("module", ["click", "msgpack", "pipcache.cli.options"])
def test_a_program_that_cannot_be_loaded_is_no_finding(module: str, filled: CacheBuilder) -> None:
    code = f"import sys; sys.modules[{module!r}] = None; from pipcache.__main__ import main; sys.exit(main())"
    done = run_script(code, "list", cache=filled.root)
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.startswith(f"Error: pipcache cannot be loaded: ModuleNotFoundError ({module}).")
    assert "Traceback" not in done.stderr


def test_too_little_memory_is_said(
    filled: CacheBuilder, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(info, "summarise", fail)
    ran = program("info", *JSON)
    assert (ran.code, ran.document["error"]["message"]) == (3, "There is not enough memory.")
    assert filled.root.exists()


def test_its_traceback_is_shown_to_those_who_ask(
    filled: CacheBuilder, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled.selfcheck()
    monkeypatch.setenv("PIPCACHE_DEBUG", "1")
    monkeypatch.setattr(info, "summarise", fail)
    ran = program("info")
    assert ran.code == ExitCode.FAILED
    assert "Traceback (most recent call last):" in ran.err


# Limits of the system


@posix
@each(often=HARDEST)
def test_where_no_thread_can_start_the_answer_is_the_same(command: tuple[str, ...], filled: CacheBuilder) -> None:
    changes = command[0] in {"remove", "clear", "prune"} and "--dry-run" not in command
    expected = None if changes else run_limited(filled.root, [*command], limits={})
    # no stack of this size fits below the limit, so that the system refuses each thread, for root too
    first = "import threading; threading.stack_size(8 << 30)"
    ran = run_limited(filled.root, [*command], limits={"RLIMIT_AS": 4 << 30}, first=first)
    assert "Traceback" not in ran.stderr
    if expected is None:
        assert ran.returncode == ExitCode.OK
    else:
        assert (ran.returncode, ran.stdout) == (expected.returncode, expected.stdout)


def test_the_limit_of_threads_is_real() -> None:
    code = (
        "import resource, threading\n"
        "threading.stack_size(8 << 30)\n"
        "resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))\n"
        "threading.Thread(target=print).start()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=False)
    assert "can't start new thread" in done.stderr


@posix
@each(often=HARDEST)
def test_few_descriptors_are_enough_or_the_answer_is_not_whole(
    command: tuple[str, ...], filled: CacheBuilder
) -> None:
    """An old shell allows 256; here there are 3 streams and hardly more."""
    for limit in (16, 5):
        ran = run_limited(filled.root, [*command], limits={"RLIMIT_NOFILE": limit})
        assert "Traceback" not in ran.stderr, (limit, ran.stderr)
        assert "unexpected" not in ran.stderr, (limit, ran.stderr)
        if ran.returncode not in {ExitCode.OK, ExitCode.FAILED}:
            assert (command[0], ran.returncode) == ("audit", ExitCode.FINDINGS)


# Full disks


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no device here is always full")
@each(("--version",), ("--help",), ("verify", "--explain"))
def test_an_answer_that_cannot_be_written_is_a_failure(command: tuple[str, ...], filled: CacheBuilder) -> None:
    done = run_main(command, filled.root, stdout="/dev/full")
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
    assert done.returncode == ExitCode.FAILED


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no device here is always full")
@each()
def test_narration_that_cannot_be_written_changes_nothing(command: tuple[str, ...], filled: CacheBuilder) -> None:
    with open("/dev/full", "w", encoding="utf-8") as full:
        done = subprocess.run(
            command_line(command, filled.root),
            cwd=REPOSITORY,
            env=clean_environment(filled.root.parent / "home"),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=full,
            check=False,
        )
    assert done.returncode == code_of(command)


# Signals


def command_line(command: tuple[str, ...], root: Path) -> list[str]:
    where = [] if command[0].startswith("-") or "--explain" in command else ["--cache-dir", str(root)]
    return [sys.executable, "-m", "pipcache", command[0], *where, *command[1:]]


def code_of(command: tuple[str, ...]) -> ExitCode:
    """How a command ends where nothing goes wrong; that the source of the built wheel is not known is a gap."""
    if command[0] != "audit":
        return ExitCode.OK
    return ExitCode.FINDINGS if command[1] == "foo==1.0" else ExitCode.FAILED


def run_main(command: tuple[str, ...], root: Path, *, stdout: str) -> subprocess.CompletedProcess[str]:
    with open(stdout, "w", encoding="utf-8") as stream:
        return subprocess.run(
            command_line(command, root),
            cwd=REPOSITORY,
            env=clean_environment(root.parent / "home"),
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            check=False,
        )


@posix
@each(("--version",), ("--help",))
def test_a_reader_that_has_gone_is_no_failure(command: tuple[str, ...], filled: CacheBuilder) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        command_line(command, filled.root),
        cwd=REPOSITORY,
        env=clean_environment(filled.root.parent / "home"),
        stdin=subprocess.DEVNULL,
        stdout=writer,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        check=False,
    )
    os.close(writer)
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
    assert done.returncode == code_of(command)


SENDS = """
import os, sys
from pipcache.__main__ import main

number, wanted, seen = int(sys.argv.pop(1)), int(sys.argv.pop(1)), 0

def watch(event, arguments):
    global seen
    if event in ("import", "open", "os.scandir", "os.listdir", "exec"):
        seen += 1
        if seen == wanted:
            os.kill(os.getpid(), number)

sys.addaudithook(watch)
try:
    main()
finally:
    sys.stderr.write("seen %d" % seen)
"""


def signalled(number: signal.Signals, at: int, *arguments: str, root: Path) -> subprocess.CompletedProcess[str]:
    """Run the program, which gets a signal at the n-th thing that it imports, opens, lists or executes."""
    return subprocess.run(
        [sys.executable, "-c", SENDS, str(int(number)), str(at), *arguments],
        cwd=REPOSITORY,
        env=clean_environment(root.parent / "home"),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


@posix
@pytest.mark.parametrize("part", slow_but_every(4, range(4)))
@pytest.mark.parametrize("command", ["list", "verify"])
def test_an_interruption_ends_a_run_from_its_first_instruction_on(
    command: str, part: int, filled: CacheBuilder
) -> None:
    arguments = (command, "--cache-dir", str(filled.root), *JSON)
    for at in (*range(1 + part, 40, 8), *range(40 + 10 * part, 600, 70)):
        done = signalled(signal.SIGINT, at, *arguments, root=filled.root)
        assert "Traceback" not in done.stderr, at
        assert "Exception ignored" not in done.stderr, at
        assert done.returncode == ExitCode.INTERRUPTED, (at, done.stderr)
        assert done.stderr.strip().startswith("Interrupted"), at


IN_FINALIZER = """
import os, signal, sys
from pipcache.__main__ import main

class Waits:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGINT)
        for _ in range(1000):
            pass

def watch(event, arguments):
    if event == "os.scandir":
        Waits()

sys.addaudithook(watch)
main()
"""


@posix
def test_an_interruption_is_not_lost_in_a_finalizer(filled: CacheBuilder) -> None:
    done = subprocess.run(
        [sys.executable, "-c", IN_FINALIZER, "list", "--cache-dir", str(filled.root)],
        cwd=REPOSITORY,
        env=clean_environment(filled.root.parent / "home"),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (ExitCode.INTERRUPTED, "", "Interrupted.\n")


@posix
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_other_signals_end_it_without_a_word(number: signal.Signals, filled: CacheBuilder) -> None:
    for at in (1, 50, 300):
        done = signalled(number, at, "list", "--cache-dir", str(filled.root), root=filled.root)
        assert (done.returncode, done.stderr) == (-number, "")


@posix
def test_a_job_in_the_background_ignores_an_interruption(filled: CacheBuilder) -> None:
    """A shell starts it so: its answer is given all the same."""
    script = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)\n" + SENDS
    done = subprocess.run(
        [sys.executable, "-c", script, "2", "50", "list", "--cache-dir", str(filled.root)],
        cwd=REPOSITORY,
        env=clean_environment(filled.root.parent / "home"),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == ExitCode.OK
    assert done.stdout.count("foo") == 30
