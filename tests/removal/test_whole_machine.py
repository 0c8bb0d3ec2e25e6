"""One command for a machine: what is pip's goes, and what is left is named with the commands that remove it."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from functools import partial
from typing import TYPE_CHECKING

import pytest

from tests.support.caches import look
from tests.support.homes import Homes, give, is_root, manifest_below
from tests.support.killing import killed_before
from tests.support.namespaces import can_shut_out, shut_out
from tests.support.program import Ran
from tests.support.uv_caches import UvCache

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [
    pytest.mark.skipif(
        sys.platform != "linux", reason="the places, and the namespaces for root, are those of Linux"
    ),
    pytest.mark.skipif(shutil.which("sha256sum") is None, reason="needs sha256sum"),
]

ADA, BOB, CID, EVE = 4001, 4002, 4003, 4009
CHANGES = frozenset({"os.link", "os.rename", "os.remove", "os.mkdir", "os.rmdir"})


class Machine(Homes):
    """Three users whose caches are found in three ways, foreign caches, and the closed home of a fourth.

    As root it is closed to root too, as homes on a network file system are.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        home = self.folder / "home"
        self.add("ada")
        self.add("bob", filled=False)
        self.fill(home / "bob/scratch of bob/pip")
        (home / "bob/.profile").write_text('export XDG_CACHE_HOME="$HOME/scratch of bob"\n')
        self.add("cid", filled=False)
        self.fill(home / "cid/deep/down")
        environment = home / "cid/work/project/.venv"
        environment.mkdir(parents=True)
        (environment / "pyvenv.cfg").touch()
        (environment / "pip.conf").write_text("[install]\ncache-dir = ~/deep/down\n")
        self.add("eve")
        self.eve = home / "eve"
        self.uvs = home / "ada/.cache/uv"
        UvCache(self.uvs).wheel("evil", "1.0")
        UvCache(home / "bob/scratch of bob/uv").wheel("harmless", "1.0")
        self.poetrys = home / "cid/.cache/pypoetry"
        self.pdms = home / "cid/.cache/pdm"
        for file in (
            self.poetrys / "artifacts/aa/bb/cc" / ("0" * 58) / "evil-1.0-py3-none-any.whl",
            self.pdms / "packages/evil-1.0-py3-none-any.whl.cache/evil.py",
        ):
            file.parent.mkdir(parents=True)
            file.write_bytes(b"x")
        for user, uid in (("ada", ADA), ("bob", BOB), ("cid", CID), ("eve", EVE)):
            if is_root():
                give(home / user, uid)
            (home / user).chmod(0o700)

    def close(self) -> None:
        """Close a home; root is shut out of it in each run."""
        if not is_root():
            self.eve.chmod(0)

    def of_pips(self) -> list[Path]:
        """The bad files in caches that can be entered."""
        return [path for path in self.bad_files() if self.eve not in path.parents]

    def run(self, *arguments: str, save: Path | None = None) -> Ran:
        """Run the command; as root without any right to the files of eve."""
        first = f"from tests.support.namespaces import shut_out\nassert shut_out({EVE})" if is_root() else ""
        done = self.start(*self.command("--yes", *arguments, save=save), first=first)
        return Ran(done.stdout, done.stderr, done.returncode)


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    if is_root() and not can_shut_out():
        pytest.skip("this system lets root make no namespace of users")
    machine = Machine(tmp_path)
    machine.settle(monkeypatch)
    machine.close()
    yield machine
    machine.eve.chmod(0o700)


def confirmed(folder: Path) -> int:
    """How many files ``sha256sum`` confirms."""
    (sums,) = folder.rglob("SHA256SUMS")
    command = ["sha256sum", "--check", "--strict", "SHA256SUMS"]
    done = subprocess.run(command, cwd=sums.parent, capture_output=True, encoding="utf-8", check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.count(": OK")


def says_what_is_left(machine: Machine, ran: Ran) -> None:
    """The answer is 3, and names the closed home and each foreign cache, with commands for uv's."""
    assert ran.code == 3
    uv = f"uv cache clean evil --cache-dir {machine.uvs}, then "
    assert uv in ran.err
    assert f"uv cache prune --cache-dir {machine.uvs}, then this command again" in ran.err
    if is_root():
        assert f"run sudo -u '#{ADA}' uv cache clean" in ran.err
    assert f"{machine.eve}  (home of eve): cannot be read: Permission denied" in ran.err
    assert f"2 places could not be judged or changed: {machine.eve}, {machine.uvs}" in ran.lines[-1]
    foreign = f"poetry: {machine.poetrys}, pdm: {machine.pdms}"
    assert f"2 caches of other installers were not looked at ({foreign})" in ran.lines[-1]


def test_one_command_for_a_machine(machine: Machine) -> None:
    assert len(machine.of_pips()) == 12
    uvs = look(machine.uvs)
    ran = machine.run(save=machine.kept)
    assert look(machine.uvs) == uvs
    says_what_is_left(machine, ran)
    assert machine.of_pips() == []
    assert ran.lines[-1].startswith("A second look at 5 caches still finds 1 entry; ")
    assert len(manifest_below(machine.kept)["files"]) == 12
    assert confirmed(machine.kept) == 24
    if is_root():
        folders = {cache["folder"] for cache in manifest_below(machine.kept)["caches"]}
        assert folders == {f"{uid}-1" for uid in (ADA, BOB, CID)}
    again = machine.run(save=machine.kept)
    says_what_is_left(machine, again)
    assert "Nothing was removed." in again.lines
    document = machine.run("--format", "json", save=machine.kept).document
    assert (document["answer"], document["outcome"], document["plan"]["file_count"]) == ("found", None, 0)
    clean, prune = document["found"]["native_commands"]
    assert f"uv cache clean evil --cache-dir {machine.uvs}" in clean
    assert f"uv cache prune --cache-dir {machine.uvs}" in prune
    assert confirmed(machine.kept) == 24
    # what was named is all there is
    for folder in (machine.uvs, machine.poetrys, machine.pdms):
        shutil.rmtree(folder)
    machine.eve.chmod(0o700)
    if is_root():
        give(machine.eve, ADA)
    assert machine.run(save=machine.kept).code == 0
    assert machine.bad_files() == []


def test_without_a_home_the_systems_is_that_of_the_run(machine: Machine) -> None:
    machine.fill(machine.folder / "nobody/.cache/pip")
    user = ("x", "", 0, 0, "", str(machine.folder / "nobody"), "")
    first = "import os, pwd\ndel os.environ['HOME']\n"
    first += f"pwd.getpwuid = lambda uid: pwd.struct_passwd({user!r})"
    done = machine.start(*machine.command("--yes", "--format", "json"), first=first)
    document = Ran(done.stdout, done.stderr, done.returncode).document
    own = document["caches"][0]
    assert (own["cache"]["path"], own["outcome"]["files_removed"]) == (
        str(machine.folder / "nobody/.cache/pip"),
        8,
    )


def check(machine: Machine) -> None:
    """What is gone has its copy, which the list confirms."""
    if len(machine.of_pips()) < 12:
        assert confirmed(machine.kept) == 24


def killed_at(machine: Machine, moment: int) -> int:
    first = partial(shut_out, EVE) if is_root() else None
    return killed_before(moment, machine.command("--yes", save=machine.kept), CHANGES, first=first)


def finish(machine: Machine) -> None:
    """The same command completes it, and says what the first would have said."""
    ran = machine.run(save=machine.kept)
    says_what_is_left(machine, ran)
    assert machine.of_pips() == []
    document = manifest_below(machine.kept)
    evidence = [file for file in document["files"] if not file["entry"].endswith("origin.json")]
    assert len(evidence) == 12
    assert {file["fate"] for file in evidence} <= {"removed", "gone"}
    assert not [*machine.kept.rglob("*.part")]
    assert len([path for path in machine.kept.rglob("*evil*") if path.is_file()]) == 24


@pytest.mark.slow
@pytest.mark.parametrize("moment", [2, 17, 33, 50, 66, 80])
def test_killed_at_some_moments(machine: Machine, moment: int) -> None:
    assert killed_at(machine, moment) == -signal.SIGKILL
    check(machine)
    finish(machine)
    assert "Nothing was removed." in machine.run(save=machine.kept).lines


@pytest.mark.slow
def test_killed_before_each_single_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, machine: Machine
) -> None:
    moment = 1
    while killed_at(machine, moment) == -signal.SIGKILL:
        check(machine)
        finish(machine)
        moment += 1
        machine.eve.chmod(0o700)
        folder = tmp_path / str(moment)
        folder.mkdir()
        machine = Machine(folder)
        machine.settle(monkeypatch)
        machine.close()
    machine.eve.chmod(0o700)
    assert moment > 80


@pytest.mark.slow
def test_killed_again_and_again(machine: Machine) -> None:
    moment = 3
    while killed_at(machine, moment) == -signal.SIGKILL:
        check(machine)
        moment += 5
    finish(machine)
