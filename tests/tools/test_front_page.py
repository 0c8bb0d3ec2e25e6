"""The page for people in a real browser: what a hostile project is called stays text."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from pipcache.server import front_page
from tests.server.conftest import serving
from tests.support.archives import build_wheel
from tests.support.static_server import LOOPBACK

if TYPE_CHECKING:
    from pathlib import Path

    from tests.offline.conftest import Shelf

SCRIPT = "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"


def chromium() -> str:
    """The browser; where it is not installed the test is skipped, and in CI it fails."""
    browser = shutil.which("chromium") or shutil.which("chromium-browser")
    if browser is None:
        reason = "there is no Chromium; .ci/run installs it"
        if os.environ.get("PIPCACHE_TESTS_AS_USER"):
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)
    return browser


def run_chromium(*arguments: str, folder: Path) -> str:
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
    options += ["--disable-dev-shm-usage", "--no-proxy-server", f"--user-data-dir={folder / 'profile'}"]
    done = subprocess.run(
        [chromium(), *options, *arguments],
        env={**os.environ, **LOOPBACK, "HOME": str(folder)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        timeout=120,
        check=True,
    )
    return done.stdout


def test_a_hostile_project_is_text(shelf: Shelf, tmp_path: Path) -> None:
    shelf.wheel("innocent", "1.0")
    # nothing but its own METADATA names it
    shelf.builder.download("https://files.example/evil", build_wheel(SCRIPT.replace("/", ""), "1.0")[1])
    with serving(shelf.builder.root) as site:
        page = run_chromium("--dump-dom", f"{site.server.url}/", folder=tmp_path)
        asked = [line.split()[1] for line in site.accesses]
    assert "<title>pip's cache as an index</title>" in page
    assert "&lt;script&gt;document-title=" in page
    assert re.search(r"<(script|img)", page) is None
    assert '<a href="/simple/innocent/">innocent</a>' in page
    assert set(asked) <= {"/", "/favicon.ico"}


def test_the_page_has_its_style_and_a_picture_can_be_taken(shelf: Shelf, tmp_path: Path) -> None:
    shelf.wheel("innocent", "1.0")
    picture = tmp_path / "page.png"
    with serving(shelf.builder.root) as site:
        run_chromium(f"--screenshot={picture}", "--window-size=900,600", f"{site.server.url}/", folder=tmp_path)
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_scripts_are_forbidden_even_if_one_came_through(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The policy alone keeps a script from running, should a text be put into the page as it is."""
    shelf.wheel("innocent", "1.0")
    monkeypatch.setattr(front_page, "_text", lambda text: f"{text}<script>document.title='owned'</script>")
    with serving(shelf.builder.root) as site:
        page = run_chromium("--dump-dom", f"{site.server.url}/", folder=tmp_path)
    assert "<script>" in page
    assert "<title>pip's cache as an index</title>" in page
