"""What a pip would take from a cache is never called clean: the quick part of what real pips are tried on."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from pipcache.cli.main import run
from tests.support.caches import DATE, CacheBuilder
from tests.support.hidden import ROWS
from tests.support.hidden_archives import from_git
from tests.support.hiding import Stall, clean_answers, questions
from tests.support.program import Program
from tests.support.slow import slow_but_every

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.support.index import Identity


class Hoard:
    """Keeps what a stall serves as pip would: pages in a cache, files in another, redirects in both."""

    root = "https://index.example"

    def __init__(self, folder: Path) -> None:
        self.pages = CacheBuilder(folder / "pages")
        self.files = CacheBuilder(folder / "files")

    def add_raw(
        self, path: str, body: bytes, identity: Identity, headers: Mapping[str, str] = {}, *, status: int = 200
    ) -> str:
        url = self.root + quote(path, safe="/+!")
        builder = self.pages if identity.kind == "page" else self.files
        stored = {"Date": DATE, "Cache-Control": "max-age=600", **headers}
        if status < 300 or builder is self.pages:
            builder.download(url, body, headers=stored, status=status)
        return url

    def add_redirect(self, path: str, to: str, *, status: int = 301, etag: bool = True) -> str:  # noqa: ARG002
        for builder in (self.pages, self.files):
            builder.download(self.root + path, b"moved\n", headers={"Location": self.root + to}, status=status)
        return self.root + path


@pytest.mark.parametrize("name", slow_but_every(6, [name for name, row in ROWS.items() if row is not from_git]))
def test_what_a_pip_would_take_is_never_clean(
    name: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    hoard = Hoard(tmp_path)
    stall = Stall(hoard, "stall", tmp_path)
    bait = ROWS[name](stall)
    clean = []
    for builder in (hoard.pages, hoard.files):
        if not any(path.is_file() for path in builder.root.rglob("*")):
            continue
        asked = questions(bait, stall.bodies, has_bytes=builder is hoard.files)
        clean += clean_answers(Program(builder.root, capsys), asked, tmp_path)
    assert clean == []


def test_a_store_of_a_later_pip_is_never_clean(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    builder = CacheBuilder(tmp_path / "cache")
    builder.download("https://files.example/a.txt", b"a")
    later = tmp_path / "cache/http-v3/ab/cd"
    later.mkdir(parents=True)
    later.joinpath("entry").write_bytes(b"x")
    assert run(["audit", "evil==1.0", "--cache-dir", str(builder.root)]) == 3
    assert "http-v3" in capsys.readouterr().out
