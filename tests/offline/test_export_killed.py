"""`export` that is killed: whatever the moment, nothing is half there, and the next run completes it."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.archives import build_wheel
from tests.support.killing import killed_before
from tests.support.pips import clean_environment
from tests.support.places import REPOSITORY

if TYPE_CHECKING:
    from pathlib import Path

    from tests.offline.conftest import Shelf
    from tests.support.program import Program

CHANGES = frozenset({"os.link", "os.rename", "os.remove", "os.mkdir"})

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="kills a fork")


def content_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def check(folder: Path, whole: dict[str, bytes]) -> None:
    """No file under a final name is another than in the whole export, and no page names what is not there."""
    there = content_of(folder)
    for name, data in there.items():
        if name.startswith("files/"):
            assert data == whole[name], name
        elif name.endswith("index.json") and name.count("/") == 2:
            for file in json.loads(data)["files"]:
                body = there[f"files/{file['filename']}"]
                assert hashlib.sha256(body).hexdigest() == file["hashes"]["sha256"]
                if file["core-metadata"]:
                    assert f"files/{file['filename']}.metadata" in there
        elif name.endswith((".html", ".json")):
            assert data.endswith(b"\n")
        elif not name.endswith(".part"):
            assert data == whole[name], name


def fill(shelf: Shelf) -> None:
    for name in ("foo", "bar"):
        for version in ("1.0", "2.0"):
            shelf.wheel(name, version, members={f"{name}/data": os.urandom(3 << 20)} if version == "2.0" else {})
    shelf.sdist("baz", "1.0")


def killed_at(moment: int, program: Program, folder: Path, whole: dict[str, bytes], *options: str) -> bool:
    """Kill a run, look, and let the next complete it; return whether there was something left to kill."""
    arguments = ["export", "--cache-dir", str(program.cache), str(folder), *options]
    ended = killed_before(moment, arguments, CHANGES)
    assert ended in {0, -signal.SIGKILL}
    if folder.exists():
        check(folder, whole)
    assert program("export", str(folder), *options).code == 0
    assert content_of(folder) == whole
    return ended != 0


@needs_fork
def test_a_run_that_is_killed_leaves_nothing_half(shelf: Shelf, program: Program, tmp_path: Path) -> None:
    fill(shelf)
    program("export", str(tmp_path / "whole"))
    whole = content_of(tmp_path / "whole")
    for moment in range(3, 50, 9):
        killed_at(moment, program, tmp_path / str(moment), whole)


@needs_fork
@pytest.mark.slow
@pytest.mark.parametrize("link", ["copy", "hard"])
def test_killed_before_each_single_change(shelf: Shelf, program: Program, tmp_path: Path, link: str) -> None:
    fill(shelf)
    program("export", str(tmp_path / "whole"), "--link", link)
    whole, moment, kills = content_of(tmp_path / "whole"), 0, 0
    while killed_at(moment := moment + 1, program, tmp_path / str(moment), whole, "--link", link):
        kills += 1
    assert kills > 30


@needs_fork
@pytest.mark.slow
def test_killed_again_and_again_over_one_folder(shelf: Shelf, program: Program, tmp_path: Path) -> None:
    fill(shelf)
    program("export", str(tmp_path / "whole"))
    whole, folder = content_of(tmp_path / "whole"), tmp_path / "out"
    arguments = ["export", "--cache-dir", str(program.cache), str(folder)]
    moment = 1
    while killed_before(moment, arguments, CHANGES) != 0:
        check(folder, whole) if folder.exists() else None
        moment += 3
    assert content_of(folder) == whole


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM] if os.name == "posix" else [])
def test_ended_by_the_clock(shelf: Shelf, program: Program, tmp_path: Path, number: signal.Signals) -> None:
    for index in range(6):
        shelf.wheel("big", f"{index}.0", members={"big/data": os.urandom(8 << 20)})
    command = [sys.executable, "-m", "pipcache", "export", "--cache-dir", str(program.cache)]
    environment = clean_environment(tmp_path / "home") | {"PYTHONPATH": str(REPOSITORY)}
    options: dict[str, Any] = {"env": environment, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    started = time.monotonic()
    assert subprocess.run([*command, str(tmp_path / "whole")], check=False, **options).returncode == 0
    took, whole, folder = time.monotonic() - started, content_of(tmp_path / "whole"), tmp_path / "out"
    for step in range(12):
        running = subprocess.Popen([*command, str(folder)], **options)
        time.sleep(took * (0.3 + step / 16))
        running.send_signal(number)
        code = running.wait()
        # an interruption may come when all is done
        assert code in {0, -number, 130} if number == signal.SIGINT else code in {0, -number}
        if folder.exists():
            check(folder, whole)
    assert subprocess.run([*command, str(folder)], check=False, **options).returncode == 0
    assert content_of(folder) == whole


@pytest.mark.slow
def test_two_runs_at_once_share_the_work(shelf: Shelf, program: Program, tmp_path: Path) -> None:
    fill(shelf)
    program("export", str(tmp_path / "whole"))
    command = [sys.executable, "-m", "pipcache", "export", "--cache-dir", str(program.cache)]
    environment = clean_environment(tmp_path / "home") | {"PYTHONPATH": str(REPOSITORY)}
    codes: list[int] = []

    def run(selector: str) -> None:
        done = subprocess.run(
            [*command, str(tmp_path / "out"), selector], env=environment, capture_output=True, check=False
        )
        codes.append(done.returncode)

    threads = [threading.Thread(target=run, args=(name,)) for name in ("foo", "ba*", "*")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert codes == [0, 0, 0]
    assert content_of(tmp_path / "out") == content_of(tmp_path / "whole")


@pytest.mark.parametrize("link", ["copy", "hard"])
def test_what_changes_while_it_is_exported_is_left_out(
    shelf: Shelf, program: Program, tmp_path: Path, link: str
) -> None:
    filename, body = build_wheel("foo", "1.0")
    shelf.file("foo", filename, body)
    shelf.wheel("bar", "1.0")
    path, out = shelf.builder.body(program.only("list", filename)["key"]), tmp_path / "out"
    waiting = [str(out)]

    def change(event: str, arguments: tuple[Any, ...]) -> None:
        # judging is over when the folder is made
        if event == "os.mkdir" and waiting and str(arguments[0]) == waiting[0]:
            waiting.clear()
            path.write_bytes(body[:-1] + b"x")

    sys.addaudithook(change)
    answer = program("export", str(out), "--link", link, "--format", "json")
    assert answer.code == 3
    assert {left["artifact"]["filename"]: left["why"] for left in answer.document["left_out"]} == {
        filename: "changed"
    }
    assert {name for name in content_of(out) if name.endswith(".whl")} == {"files/bar-1.0-py3-none-any.whl"}


def test_drafts_of_killed_runs_are_taken_away(shelf: Shelf, program: Program, tmp_path: Path) -> None:
    shelf.wheel("foo", "1.0")
    out = tmp_path / "out"
    out.mkdir()
    (out / f".{'0' * 16}.part").write_bytes(b"half")
    assert program("export", str(out)).code == 0
    assert not list(out.glob(".*"))


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a disk that is full")
def test_a_disk_that_is_full_ends_the_run(shelf: Shelf, program: Program, tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    from tests.support.program import run_limited  # noqa: PLC0415 - resource is of POSIX

    assert resource
    shelf.wheel("foo", "1.0", members={"foo/data": os.urandom(2 << 20)})
    done = run_limited(
        program.cache,
        ["export", str(tmp_path / "out")],
        limits={"RLIMIT_FSIZE": 1 << 20},
        first="import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)",
    )
    assert done.returncode == 3
    assert "The export cannot be written: File too large." in done.stderr
    assert not list((tmp_path / "out" / "files").iterdir())
    assert not list((tmp_path / "out").glob(".*"))
    assert program("export", str(tmp_path / "out")).code == 0
