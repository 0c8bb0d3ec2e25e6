"""A machine with the homes of several users, each with pip's cache in it."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipcache.cli.main import run
from pipcache.location import machine
from tests.support import archives
from tests.support.caches import FILE_HEADERS, CacheBuilder
from tests.support.pips import clean_environment
from tests.support.places import REPOSITORY
from tests.support.program import Ran

if TYPE_CHECKING:
    import pytest

FILES = "https://files.example/"

EVIL = (archives.build_wheel("evil", "1.0"), archives.build_sdist("evil", "1.0"))
GOOD = archives.build_wheel("foo", "1.0")

STARTED = """
import sys
from pipcache.location import machine
from pipcache.cli.main import run
machine.machine_homes = lambda: {users!r}
{first}
sys.exit(run(sys.argv[1:]))
"""


class Homes:
    """Users with homes below a folder. The run has a home of its own, in which nothing is cached."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self.users: list[tuple[str, str]] = []
        self.kept = self.folder / "kept" / "deeper"
        self.advisory = self.folder / "bad.txt"
        self.advisory.write_text("evil==1.0\n", encoding="utf-8")

    def add(self, user: str, *, filled: bool = True) -> CacheBuilder:
        """A user, with a cache that has a bad wheel, sdist and built wheel, the page that lists them, and more."""
        home = self.folder / "home" / user
        home.mkdir(parents=True)
        self.users.append((user, str(home)))
        return self.fill(self.cache(user)) if filled else CacheBuilder(self.cache(user))

    def cache(self, user: str) -> Path:
        """Where a user's cache is."""
        native = {"win32": "AppData/Local/pip/Cache", "darwin": "Library/Caches/pip"}
        return self.folder / "home" / user / native.get(sys.platform, ".cache/pip")

    @property
    def caches(self) -> list[str]:
        """Where all of them are."""
        return [str(self.cache(user)) for user, _ in self.users]

    @staticmethod
    def fill(root: Path) -> CacheBuilder:
        """A cache with all of that."""
        builder = CacheBuilder(root)
        for filename, data in (*EVIL, GOOD):
            builder.download(FILES + filename, data)
        wheel, sdist = EVIL
        builder.built({"url": FILES + sdist[0]}, *wheel)
        page = f"<html><title>Links for evil</title><a href='{FILES}{sdist[0]}'>{sdist[0]}</a></html>"
        headers = FILE_HEADERS | {"Content-Type": "text/html"}
        builder.download("https://index.example/simple/evil/", page.encode(), headers=headers)
        return builder

    def command(self, *arguments: str, save: Path | None = None) -> list[str]:
        """The command line of a removal in all caches."""
        keep = [] if save is None else ["--save", str(save)]
        return ["remove", "--all-caches", "--advisory", str(self.advisory), *keep, *arguments]

    def settle(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Let this process run on this machine."""
        monkeypatch.setattr(machine, "machine_homes", lambda: self.users)
        for name in ("PIP_CACHE_DIR", "XDG_CACHE_HOME", "PIP_CONFIG_FILE", "VIRTUAL_ENV"):
            monkeypatch.delenv(name, raising=False)
        for name in ("HOME", "USERPROFILE", "LOCALAPPDATA", "APPDATA", "XDG_CONFIG_HOME"):
            monkeypatch.setenv(name, str(self.folder / "nobody"))

    def purge(self, capsys: pytest.CaptureFixture[str], *arguments: str, save: Path | None = None) -> Ran:
        """Run it in this process, without a question."""
        capsys.readouterr()
        consent = [] if "--dry-run" in arguments else ["--yes"]
        code = run(self.command(*consent, *arguments, save=save))
        captured = capsys.readouterr()
        return Ran(captured.out, captured.err, int(code))

    def start(self, *arguments: str, first: str = "") -> subprocess.CompletedProcess[str]:
        """Run it as a program of its own, after some Python."""
        return subprocess.run(
            [sys.executable, "-c", STARTED.format(users=self.users, first=first), *arguments],
            cwd=REPOSITORY,
            env=clean_environment(self.folder / "nobody"),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )

    def bad_files(self) -> list[Path]:
        """Every file of a bad entry that is in a cache now."""
        bad = {*(data for _, data in EVIL)}
        files = [(path, path.read_bytes()) for path in self._files()]
        return [path for path, data in files if data in bad or b"Links for evil" in data]

    def good_files(self) -> list[Path]:
        """The bodies of the good file that are in a cache now."""
        return [path for path in self._files() if path.read_bytes() == GOOD[1]]

    def _files(self) -> list[Path]:
        paths = (path for _, home in self.users for path in Path(home).rglob("*"))
        return sorted(path for path in paths if path.is_file() and not path.is_symlink())


def manifest_below(folder: Path) -> dict[str, Any]:  # Any: JSON
    """The one manifest below a folder, whose digests are those of the files that are there."""
    import json  # noqa: PLC0415 - for this alone

    (path,) = folder.rglob("manifest.json")
    document: dict[str, Any] = json.loads(path.read_bytes())
    sums = {}
    for line in (path.parent / "SHA256SUMS").read_text("ascii").splitlines():
        digest, _, name = line.partition("  ")
        sums[name] = digest
        assert hashlib.sha256((path.parent / name).read_bytes()).hexdigest() == digest
    for file in document["files"]:
        for name, digest in ((file["name"], file["sha256"]), (file["note"], file["note_sha256"])):
            if file["saved"] is not None and name is not None:
                assert sums.pop(name) == digest
    assert sums == {}
    return document


def give(path: Path, uid: int) -> None:
    """Make a user the owner of all that is below, links themselves included."""
    for folder, folders, names in os.walk(path):
        for name in ["", *folders, *names]:
            os.chown(os.path.join(folder, name), uid, uid, follow_symlinks=False)


def is_root() -> bool:
    """Whether the tests run as root."""
    return hasattr(os, "geteuid") and os.geteuid() == 0
