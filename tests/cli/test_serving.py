"""`serve` and `offline` as processes: what they print, how they end, and what they do with signals."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pipcache.commands import offline
from tests.offline.conftest import Shelf, shelf as shelf  # noqa: PLC0414 - the fixture
from tests.support.pips import clean_environment
from tests.support.places import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.support.program import Program

PIPCACHE = (sys.executable, "-m", "pipcache")
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="Windows has other signals")


def environment(cache: Path, **more: str) -> dict[str, str]:
    return {**clean_environment(cache.parent / "home"), "PYTHONPATH": str(REPOSITORY), **more}


@contextmanager
def started(cache: Path, *arguments: str, **more: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [*PIPCACHE, *arguments],
        env=environment(cache, **more),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def run_offline(
    cache: Path, *arguments: str, options: Sequence[str] = (), **more: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*PIPCACHE, "offline", "--cache-dir", str(cache), *options, "--", *arguments],
        env=environment(cache, **more),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )


def fetch(url: str) -> str:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(url, timeout=30) as answer:
        text: str = answer.read().decode()
    return text


def document_of(process: subprocess.Popen[str]) -> dict[str, Any]:
    assert process.stdout is not None
    lines: list[str] = []
    for line in process.stdout:
        lines.append(line)
        if line == "}\n":
            break
    document: dict[str, Any] = json.loads("".join(lines))
    return document


# serve


@POSIX
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_serve_says_where_it_is_and_ends_quietly(shelf: Shelf, name: str) -> None:
    shelf.wheel("front-end", "1.0")
    cache = shelf.builder.root
    arguments = ("serve", "--cache-dir", str(cache), "--port", "0", "--format", "json", "-v")
    with started(cache, *arguments) as process:
        document = document_of(process)
        assert (document["schema"], document["command"], document["projects"]) == (1, "serve", 1)
        assert document["url"] == f"http://127.0.0.1:{document['port']}"
        assert "front_end-1.0" in fetch(f"{document['index_url']}front-end/")
        with pytest.raises(urllib.request.HTTPError, match="404"):
            fetch(f"{document['index_url']}no-such/")
        process.send_signal(signal.Signals[name])
        out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (0, "")
    assert "Traceback" not in err
    assert f"Serving 1 project of {cache} to this machine; Ctrl-C ends it." in err
    assert "GET /simple/front-end/ 200 Python-urllib/" in err
    assert "Not in this cache: no-such (asked by Python-urllib/" in err


@POSIX
def test_serve_verifies_all_before_the_first_answer_where_that_is_wanted(shelf: Shelf) -> None:
    shelf.wheel("front-end", "1.0")
    cache = shelf.builder.root
    with started(cache, "serve", "--cache-dir", str(cache), "--port", "0", "--verify", "now") as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert "1 served" in fetch(f"{url}/")
        shown = [process.stdout.readline() for _ in range(4)]
        assert f"  pip:     pip install --index-url {url}/simple/ NAME\n" in shown


def test_a_taken_port_is_a_refusal(shelf: Shelf, program: Program) -> None:
    shelf.wheel("front-end", "1.0")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        answer = program("serve", "--port", str(port))
    assert (answer.code, answer.out) == (3, "")
    assert f"Port {port} of 127.0.0.1 is taken" in answer.err
    assert "--port" in answer.err


def test_offline_refuses_when_every_port_is_taken(
    program: Program, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with socket.socket() as first, socket.socket() as second:
        for taken in (first, second):
            taken.bind(("127.0.0.1", 0))
            taken.listen()
        ports = sorted(taken.getsockname()[1] for taken in (first, second))
        monkeypatch.setattr(offline, "PORTS", ports)
        answer = program("offline", "--", sys.executable, "-c", f"open({str(tmp_path / 'ran')!r}, 'w')")
    assert answer.code == 3
    assert f"The ports {ports[0]} to {ports[1]} of 127.0.0.1 are all taken" in answer.err
    assert not (tmp_path / "ran").exists()


def test_the_ports_of_offline_are_those_of_the_documentation() -> None:
    assert list(offline.PORTS) == list(range(8765, 8775))


@pytest.mark.parametrize("missing", ["werkzeug", "waitress"])
@pytest.mark.parametrize(
    "command", [("serve", "--port", "0"), ("offline", "--", sys.executable, "-c", "print('ran')")]
)
def test_without_the_extra_the_run_says_what_to_install(
    shelf: Shelf, tmp_path: Path, missing: str, command: tuple[str, ...]
) -> None:
    (tmp_path / "hidden").mkdir()
    hook = f"import sys\nsys.modules[{missing!r}] = None\n"
    (tmp_path / "hidden" / "sitecustomize.py").write_text(hook, encoding="utf-8")
    cache = shelf.builder.root
    done = subprocess.run(
        [*PIPCACHE, command[0], "--cache-dir", str(cache), *command[1:]],
        env=environment(cache) | {"PYTHONPATH": os.pathsep.join([str(tmp_path / "hidden"), str(REPOSITORY)])},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (3, "")
    assert f"The server needs {missing}, which is not installed." in done.stderr
    assert "pip install 'pipcache[serve]'" in done.stderr


# offline

ASK = """
import os, sys, urllib.request
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
for name in sys.argv[1:]:
    try:
        print(opener.open(os.environ["PIP_INDEX_URL"] + name + "/").status)
    except OSError as error:
        print(error.code)
"""


def test_offline_runs_the_command_against_the_cache_and_tells_what_is_not_there(
    shelf: Shelf, tmp_path: Path
) -> None:
    shelf.wheel("front-end", "1.0")
    report = tmp_path / "report.json"
    done = run_offline(
        shelf.builder.root,
        *(sys.executable, "-c", ASK, "front-end", "no-such", "also-not"),
        options=["--report", str(report)],
    )
    assert (done.returncode, done.stdout) == (0, "200\n404\n404\n")
    agent = f"Python-urllib/{sys.version_info[0]}.{sys.version_info[1]}"
    assert done.stderr.splitlines() == [
        f"Not in this cache: also-not (asked by {agent}).",
        f"Not in this cache: no-such (asked by {agent}).",
        "With a network, 'pip download NAME' puts a project and what it needs into the cache.",
    ]
    document = json.loads(report.read_text("utf-8"))
    assert (document["command"], document["exit_status"]) == ("offline", 0)
    assert document["not_here"] == [
        {"name": "also-not", "is_file": False, "asked_by": [agent]},
        {"name": "no-such", "is_file": False, "asked_by": [agent]},
    ]
    assert document["withheld"] == []


@pytest.mark.parametrize("status", [0, 1, 2, 3, 7, 126, 127, 255])
def test_the_exit_status_is_the_commands(shelf: Shelf, status: int) -> None:
    done = run_offline(shelf.builder.root, sys.executable, "-c", f"raise SystemExit({status})")
    assert done.returncode == status
    assert "Error" not in done.stderr


def test_options_of_the_command_are_its_own(shelf: Shelf) -> None:
    code = "import sys; print(sys.argv[1:])"
    words = ("--help", "--cache-dir", "x", "-v", "--", "--version")
    done = run_offline(shelf.builder.root, sys.executable, "-c", code, *words)
    assert (done.returncode, done.stdout) == (0, f"{list(words)}\n")
    without_dashes = subprocess.run(
        [*PIPCACHE, "offline", "--cache-dir", str(shelf.builder.root), sys.executable, "-c", code, *words],
        env=environment(shelf.builder.root),
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert without_dashes.stdout == f"{list(words)}\n"


@pytest.mark.parametrize("what", ["missing", "folder", "no program"])
def test_what_cannot_be_started_is_126(shelf: Shelf, tmp_path: Path, what: str) -> None:
    path = tmp_path / "command"
    if what == "folder":
        path.mkdir()
    elif what == "no program":
        path.write_bytes(b"\x00\x01\x02")
        path.chmod(0o755)
    done = run_offline(shelf.builder.root, str(path))
    assert (done.returncode, done.stdout) == (126, "")
    assert "could not be started" in done.stderr
    assert str(path) in done.stderr


def test_without_a_command_nothing_is_served(program: Program) -> None:
    for arguments in ((), ("--",)):
        assert program("offline", *arguments).code == 2


def test_what_is_no_cache_of_pips_runs_nothing(tmp_path: Path, program: Program) -> None:
    (program.cache / "letter.txt").write_text("not pip's", encoding="utf-8")
    answer = program("offline", "--", sys.executable, "-c", f"open({str(tmp_path / 'ran')!r}, 'w')")
    assert answer.code == 3
    assert not (tmp_path / "ran").exists()


def test_a_report_is_not_written_into_the_cache(shelf: Shelf, program: Program, tmp_path: Path) -> None:
    shelf.wheel("front-end", "1.0")
    inside = str(shelf.builder.root / "report.json")
    answer = program(
        "offline", "--report", inside, "--", sys.executable, "-c", f"open({str(tmp_path / 'ran')!r}, 'w')"
    )
    assert answer.code == 2
    assert "A report is not written into the cache" in answer.err
    assert not (tmp_path / "ran").exists()


def test_the_commands_streams_are_its_own(shelf: Shelf) -> None:
    code = "import sys; sys.stdout.write(sys.stdin.read().upper()); sys.stderr.write('said\\n')"
    done = subprocess.run(
        [*PIPCACHE, "offline", "--cache-dir", str(shelf.builder.root), "--", sys.executable, "-c", code],
        env=environment(shelf.builder.root),
        input="asked",
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "ASKED")
    assert "said\n" in done.stderr


# signals

WAIT = """
import os, signal, sys, time
def end(number, frame):
    os.write(1, b"got %d\\n" % number)
    sys.exit(40 + number)
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1):
    signal.signal(number, end)
os.write(1, b"ready\\n")
for _ in range(600):
    time.sleep(0.1)
"""
"""A command that says which signal came. Its sleeps are short: a signal just before a sleep does not end it."""


@POSIX
@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGHUP", "SIGUSR1"])
def test_signals_reach_the_command(shelf: Shelf, name: str) -> None:
    number = getattr(signal, name)
    arguments = ("offline", "--cache-dir", str(shelf.builder.root), "--", sys.executable, "-c", WAIT)
    with started(shelf.builder.root, *arguments) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(number)
        out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (40 + number, f"got {int(number)}\n")
    assert "Traceback" not in err


@POSIX
def test_a_command_that_a_signal_ends_has_the_status_of_shells(shelf: Shelf) -> None:
    code = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    assert run_offline(shelf.builder.root, sys.executable, "-c", code).returncode == 128 + signal.SIGKILL


@POSIX
def test_two_run_side_by_side_at_two_ports(shelf: Shelf) -> None:
    code = "import os, time; print(os.environ['PIP_INDEX_URL'], flush=True); time.sleep(60)"
    arguments = ("offline", "--cache-dir", str(shelf.builder.root), "--", sys.executable, "-c", code)
    with started(shelf.builder.root, *arguments) as first, started(shelf.builder.root, *arguments) as other:
        assert first.stdout is not None
        assert other.stdout is not None
        urls = {first.stdout.readline(), other.stdout.readline()}
        for process in (first, other):
            process.terminate()
            process.wait(timeout=30)
    assert len(urls) == 2


def test_settings_of_indexes_do_not_reach_the_command(shelf: Shelf, tmp_path: Path) -> None:
    code = "import os, json; print(json.dumps(dict(os.environ)))"
    settings = {
        "PIP_INDEX_URL": "https://user:secret@index.example/simple",
        "PIP_EXTRA_INDEX_URL": "https://extra.example/simple",
        "PIP_Find_Links": "/somewhere",
        "PIP_NO_INDEX": "1",
        "PIP_PROXY": "http://127.0.0.1:9",
        "PIP_CONFIG_FILE": str(tmp_path / "pip.conf"),
        "UV_INDEX": "https://extra.example/simple",
        "UV_OFFLINE": "1",
        "NO_PROXY": "intranet.example",
        "PIP_TIMEOUT": "7",
    }
    done = run_offline(shelf.builder.root, sys.executable, "-c", code, **settings)
    seen = json.loads(done.stdout)
    assert seen["PIP_INDEX_URL"].startswith("http://127.0.0.1:87")
    assert seen["PIP_INDEX_URL"] == seen["UV_DEFAULT_INDEX"] == seen["PDM_PYPI_URL"]
    assert seen["PIP_CONFIG_FILE"] == os.devnull
    gone = {"PIP_EXTRA_INDEX_URL", "PIP_Find_Links", "PIP_NO_INDEX", "PIP_PROXY", "UV_INDEX", "UV_OFFLINE"}
    assert gone & seen.keys() == set()
    assert seen["PIP_TIMEOUT"] == "7"
    assert seen["NO_PROXY"] == "intranet.example,127.0.0.1,localhost"
    assert "secret" not in done.stdout + done.stderr


def test_where_nothing_is_cached_nothing_is_there(tmp_path: Path) -> None:
    cache = tmp_path / "none" / "cache"
    done = subprocess.run(
        [*PIPCACHE, "offline", "--", sys.executable, "-c", ASK, "front-end"],
        env=environment(tmp_path / "x", PIP_CACHE_DIR=str(cache)),
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "404\n")
    assert f"Nothing is cached yet: {cache} does not exist." in done.stderr
    assert not cache.exists()


def test_the_cache_that_a_configuration_file_names_stays_pips(shelf: Shelf, tmp_path: Path) -> None:
    shelf.wheel("front-end", "1.0")
    (tmp_path / "pip.conf").write_text(f"[global]\ncache-dir = {shelf.builder.root}\n", encoding="utf-8")
    done = subprocess.run(
        [*PIPCACHE, "offline", "--", sys.executable, "-c", "import os; print(os.environ['PIP_CACHE_DIR'])"],
        env=environment(shelf.builder.root, PIP_CONFIG_FILE=str(tmp_path / "pip.conf")),
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout.strip()) == (0, str(shelf.builder.root))


@pytest.mark.parametrize("command", [("serve", "--format", "json"), ("offline", "--", "never-run")])
def test_what_is_no_cache_is_an_error(program: Program, command: tuple[str, ...]) -> None:
    program.cache.mkdir(exist_ok=True)
    (program.cache / "letter.txt").write_text("not pip's", encoding="utf-8")
    answer = program(*command)
    assert answer.code == 3
    assert "is not a pip cache" in answer.err
    if command[0] == "serve":
        assert answer.document["error"]["kind"] == "not-a-pip-cache"
        assert answer.document["command"] == "serve"
