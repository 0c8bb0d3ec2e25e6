"""What a real pip takes from its cache is never called clean: pages and archives of every shape that it reads."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

from tests.support.hidden import REFUSED, ROWS
from tests.support.hiding import Bait, Stall, clean_answers, questions
from tests.support.index import Index
from tests.support.pip_server import PipServer
from tests.support.pips import clean_environment, needs_tls, pip_program
from tests.support.program import Program
from tests.support.truth import HTTP_STORES, built_entries, http_entries, url_key

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.pip_server import Done

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not hasattr(os, "fork"), reason="each run of a pip is a fork"),
]

VERSIONS = ("20.3.4", "23.2.1", "23.3.2", "25.3", "26.3")
PARTS = ("files", "pages", "wheels")


class Shop:
    """A pip, an index, and a cache for each way to hide a file."""

    def __init__(self, version: str, index: Index, pip: PipServer, folder: Path) -> None:
        self.version = version
        self.index = index
        self.folder = folder
        self._pip = pip
        self._stalls = 0

    def stall(self, folder: Path) -> Stall:
        self._stalls += 1
        return Stall(self.index, f"r{self._stalls}", folder)

    def install(self, cache: Path, stall: Stall, bait: Bait) -> Done:
        certificate = self.index.certificate
        trust = ["--trusted-host", "127.0.0.1"] if certificate is None else ["--cert", str(certificate.cert)]
        target = self.folder / "target"
        options = ["--no-deps", "--no-compile", "--retries", "0", "--timeout", "5", "--target", str(target)]
        where = [] if "--no-index" in bait.wanted else ["--index-url", stall.simple]
        general = ["--disable-pip-version-check", "--no-input", "--cache-dir", str(cache), *trust]
        done = self._pip(self.folder, [*general, "install", *options, *where, *bait.wanted])
        shutil.rmtree(target, ignore_errors=True)
        return done

    def part(self, full: Path, name: str) -> Path | None:
        """A copy of a part of a cache; None where there is nothing in it. Redirects are in each part."""
        pages = {
            url_key(self.index.root + exchange.path)
            for exchange in self.index.exchanges
            if exchange.status < 301 and self.index.identity(exchange.path).kind == "page"
        }
        redirects = {url_key(url) for url in self.index.redirected()}
        part = full.with_name(name)
        shutil.rmtree(part, ignore_errors=True)
        shutil.copytree(full, part)
        if name == "wheels":
            for store in HTTP_STORES:
                shutil.rmtree(part / store, ignore_errors=True)
            return part if built_entries(part) else None
        shutil.rmtree(part / "wheels", ignore_errors=True)
        entries = http_entries(part)
        kept = {key for key in entries if (key in pages) == (name == "pages")} - redirects
        for key in entries.keys() - kept - redirects:
            for file in entries[key].files:
                (part / file).unlink()
        return part if kept else None

    def takes(self, part: Path, stall: Stall, bait: Bait) -> bool:
        """Whether the pip takes the bad file thanks to a part of the cache, which stays as it is."""
        tried = part.with_name("tried")
        shutil.rmtree(tried, ignore_errors=True)
        shutil.copytree(part, tried)
        self.index.down_files = part.name != "pages"
        try:
            return self.install(tried, stall, bait).code == 0
        finally:
            self.index.down_files = False


@pytest.fixture(scope="module")
def shop(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    version: str = request.param
    certificate = request.getfixturevalue("certificate") if needs_tls(version) else None
    folder = tmp_path_factory.mktemp("shop")
    program, environment = pip_program(version), clean_environment(folder / "home")
    with Index(certificate=certificate) as index, PipServer(program, environment, folder) as pip:
        yield Shop(version, index, pip, folder)


def tried() -> Iterator[tuple[str, str]]:
    """Each pip with the rows that it tries: the newest all, the others in turn, unless every pip is asked for."""
    others = VERSIONS[:-1]
    for version in VERSIONS:
        for number, name in enumerate(ROWS):
            is_its_turn = version == VERSIONS[-1] or others[number % len(others)] == version
            if is_its_turn or os.environ.get("PIPCACHE_TESTS_EVERY_PIP"):
                yield version, name


@pytest.mark.parametrize(("shop", "name"), list(tried()), indirect=["shop"])
def test_what_a_pip_takes_is_never_clean(
    shop: Shop,
    name: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    stall = shop.stall(tmp_path)
    bait = ROWS[name](stall)
    full = tmp_path / "full"
    done = shop.install(full, stall, bait)
    assert (done.code != 0) == (shop.version in REFUSED.get(name, ())), done.text
    if done.code:
        return
    parts = [part for part_name in PARTS if (part := shop.part(full, part_name)) is not None]
    taken = [part for part in parts if shop.takes(part, stall, bait)]
    assert taken
    clean = []
    for part in (*taken, full):
        asked = questions(bait, stall.bodies, has_bytes=part.name != "pages")
        clean += clean_answers(Program(part, capsys), asked, tmp_path)
    assert clean == []
