"""Machines below a folder: users with homes, files for all, and the environment of a run."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pipcache.location.machine import MachineCache, MachineCaches, find_caches
from tests.support.caches import CacheBuilder

if TYPE_CHECKING:
    from pathlib import Path

UV = "archive-v0/IGMztD98_RUmRhZ0/six.py"


class _Machine:
    """A machine below a folder: users with homes, files for all, and the environment of a run on it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.users: list[tuple[str, str]] = []
        self.environ = {"HOME": str(self.home("me")), "XDG_CONFIG_DIRS": str(folder / "etc")}

    def home(self, user: str, path: str | None = None, *, made: bool = True) -> Path:
        """The home of one more user."""
        home = self.folder / (path or f"home/{user}")
        if made:
            home.mkdir(parents=True, exist_ok=True)
        self.users.append((user, str(home)))
        return home

    def write(self, path: str, content: str | bytes = "x") -> Path:
        """A file."""
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        return file

    def pip(self, path: str) -> str:
        """A cache of pip's; gives its real path."""
        CacheBuilder(self.folder / path).download("https://index.example/simple/twisted/", b"page")
        return os.path.realpath(self.folder / path)

    def look(self, option: str | None = None) -> MachineCaches:
        """What is there, without what the machine that runs the tests really has."""
        caches, unread = find_caches(self.environ, option, homes=lambda: self.users)
        here = os.path.realpath(self.folder)
        return MachineCaches(
            [cache for cache in caches if cache.cache.path.startswith(here)],
            [cache for cache in unread if cache.path.startswith(here)],
        )


class PipMachine(_Machine):
    """A machine whose caches are pip's; the run is in an environment."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.environ["VIRTUAL_ENV"] = str(folder / "venv")

    def find(self, option: str | None = None) -> list[MachineCache]:
        """What is found and is pip's, or may be."""
        return self.look(option).caches

    def ways(self) -> dict[str, tuple[str, ...]]:
        """Each place after the first, below the folder, and the ways that led to it."""
        return {
            os.path.relpath(cache.cache.path, self.folder.resolve()): cache.owners for cache in self.find()[1:]
        }


class MixedMachine(_Machine):
    """A machine with caches of several installers."""

    def uv(self, path: str) -> str:
        """A cache of uv's; gives its real path."""
        self.write(f"{path}/{UV}")
        return os.path.realpath(self.folder / path)

    def find(self) -> MachineCaches:
        """What is there."""
        return self.look()

    def unread(self) -> dict[str, tuple[str, str | None]]:
        """What is not pip's, below the folder: whose, and why it cannot be read. Only uv's are read."""
        folder = os.path.realpath(self.folder)
        return {os.path.relpath(path, folder): (tool, problem) for tool, path, _, problem in self.others()}

    def others(self) -> list[tuple[str, str, tuple[str, ...], str | None]]:
        """What is not pip's: whose, where, what leads to it, and why it cannot be read."""
        caches, unread = self.find()
        read = [
            (cache.cache.tool, cache.cache.path, cache.owners, cache.problem)
            for cache in caches
            if cache.cache.tool == "uv"
        ]
        return read + [(cache.installer.value, cache.path, cache.owners, cache.problem) for cache in unread]
