"""A purge of a machine that is killed at any moment: the same command finishes it, and no evidence is lost."""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING

import pytest

from tests.support.homes import EVIL, Homes, manifest_below
from tests.support.killing import killed_before

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="kills a fork")

CHANGES = frozenset({"os.link", "os.rename", "os.remove", "os.mkdir", "os.rmdir"})
BODIES = {data for _, data in EVIL}


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Homes:
    homes = Homes(tmp_path)
    homes.settle(monkeypatch)
    return homes


def fill(homes: Homes, number: int) -> None:
    """Two fresh users with the bad files, and a folder for what is kept."""
    homes.users.clear()
    for user in ("ada", "bob"):
        homes.add(f"{user}{number}")
    homes.kept = homes.folder / f"kept{number}" / "deeper"


def check(homes: Homes) -> None:
    """No copy is half there, the lists are true, and what is gone has its copy."""
    listed = []
    if [*homes.kept.rglob("manifest.json")]:
        (path,) = homes.kept.rglob("manifest.json")
        if (path.parent / "SHA256SUMS").exists():
            listed = _listed(homes)
    copies = [path for path in homes.kept.rglob("*evil-1.0*") if path.suffix not in {".json", ".part"}]
    assert all(path.read_bytes() in BODIES for path in copies)
    gone = 8 - len({_entry(path) for path in homes.bad_files()})
    if gone:
        assert len(listed) == 8


def _entry(path: Path) -> str:
    return str(path).removesuffix(".body")


def _listed(homes: Homes) -> list[str]:
    """The digests that `sha256sum` would confirm; the list may be behind what was just made."""
    import hashlib  # noqa: PLC0415 - for this alone

    (sums,) = homes.kept.rglob("SHA256SUMS")
    notes = []
    for line in sums.read_text("ascii").splitlines():
        digest, _, name = line.partition("  ")
        assert hashlib.sha256((sums.parent / name).read_bytes()).hexdigest() == digest
        notes += [name] if name.endswith(".json") else []
    return notes


def finish(homes: Homes, capsys: pytest.CaptureFixture[str]) -> None:
    """Run the same command again: all is gone, and kept once."""
    assert homes.purge(capsys, save=homes.kept).code == 0
    assert homes.bad_files() == []
    assert len(homes.good_files()) == 2
    document = manifest_below(homes.kept)
    # of a built wheel a killed run may leave the origin.json alone, which then is evidence too
    origins = [file for file in document["files"] if file["entry"].endswith("origin.json")]
    assert len(document["files"]) - len(origins) == 8
    assert len(origins) <= 1
    assert all(file["saved"] and file["looked"] for file in document["files"])
    assert {file["fate"] for file in document["files"]} <= {"removed", "gone"}
    names = {path.relative_to(homes.kept).name for path in homes.kept.rglob("*") if path.is_file()}
    assert not any(name.endswith(".part") for name in names)
    assert len([path for path in homes.kept.rglob("*evil*") if path.is_file()]) == 16  # copies and notes


def killed_at(homes: Homes, moment: int, capsys: pytest.CaptureFixture[str]) -> bool:
    """Kill a run, look, and let the next complete it; return whether there was something left to kill."""
    fill(homes, moment)
    ended = killed_before(moment, homes.command("--yes", save=homes.kept), CHANGES)
    assert ended in {0, -signal.SIGKILL}
    check(homes)
    if ended:
        finish(homes, capsys)
    return ended != 0


@pytest.mark.parametrize("moment", [1, 4, 6, 11, 20, 30, 38, 45, 52, 60])
def test_killed_at_some_moments(machine: Homes, moment: int, capsys: pytest.CaptureFixture[str]) -> None:
    killed_at(machine, moment, capsys)


@pytest.mark.slow
def test_killed_before_each_single_change(machine: Homes, capsys: pytest.CaptureFixture[str]) -> None:
    moment = 1
    while killed_at(machine, moment, capsys):
        moment += 1
    assert moment > 60


@pytest.mark.slow
def test_killed_again_and_again_over_one_folder(
    machine: Homes, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(machine, 0)
    moment, started = 3, time.time_ns()
    # no two runs are in the same second, so that each writes other notes
    monkeypatch.setattr(time, "time_ns", lambda: started + moment * 1_000_000_000)
    while killed_before(moment, machine.command("--yes", save=machine.kept), CHANGES) != 0:
        check(machine)
        moment += 5
    finish(machine, capsys)
