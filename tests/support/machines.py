"""A pip at work on one copy of a cache."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Generic, Protocol, TypeVar

from tests.support.pips import run_pip

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

    from tests.support.index import Index


class Stocked(Protocol):
    """A pip's version, and the index it installs from."""

    version: str
    index: Index


ShopT = TypeVar("ShopT", bound=Stocked)


@dataclass
class PipMachine(Generic[ShopT]):
    """One copy of the cache, and a pip that works on it."""

    options: ClassVar[tuple[str, ...]] = ()

    shop: ShopT
    cache: Path
    folder: Path
    runs: int = 0

    def pip(self, *wanted: str) -> subprocess.CompletedProcess[str]:
        """Install into a fresh folder, by name from the index or by what is given."""
        self.runs += 1
        options = ["--no-deps", *self.options, "--retries", "0", "--timeout", "5", "--target", f"out-{self.runs}"]
        index = self.shop.index
        return run_pip(
            self.shop.version,
            ["install", *options, "--index-url", index.simple, *wanted],
            cache_dir=self.cache,
            cwd=self.folder,
            certificate=index.certificate,
        )

    def can(self, *wanted: str) -> bool:
        """Whether pip installs this; a failure must be pip's own, told without a traceback."""
        done = self.pip(*wanted)
        assert "Traceback" not in done.stderr, done.stderr
        assert done.returncode in {0, 1}, done.stdout + done.stderr
        return done.returncode == 0
