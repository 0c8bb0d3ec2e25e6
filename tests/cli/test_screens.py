"""Every screen as it was read and approved, at each width and kind of terminal, and for a pipe.

The approved screens lie in `screens`. Where a screen changes, run this with PIPCACHE_TESTS_WRITE_SCREENS=1, read
what has changed in them, and commit it.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support import archives, caches
from tests.support.caches import CacheBuilder
from tests.support.places import REPOSITORY
from tests.support.terminal import at_terminal, environment_at, written_to_pipe

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.skipif(not Path("/tmp").is_dir(), reason="the paths on the screens begin with /tmp")

SCREENS = Path(__file__).with_name("screens")
DAY = 86400
FILES = "https://files.example/packages"
STYLE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")

COMMANDS = {
    "help": ["--help"],
    "help-of-list": ["list", "--help"],
    "list": ["list"],
    "list-all": ["list", "--all"],
    "show": ["show", "foo==2.0"],
    "info": ["info"],
    "verify": ["verify"],
    "audit": ["audit", "foo==1.0"],
    "remove": ["remove", "foo", "--dry-run"],
    "prune": ["prune", "--keep-latest", "1", "--dry-run"],
    "clear": ["clear", "--dry-run"],
    "unknown-command": ["purge"],
    "unknown-project": ["list", "fo"],
    "wrong-option": ["list", "--json"],
}

LAYOUTS: dict[str, tuple[int, dict[str, str]]] = {
    "80 columns": (80, {}),
    "40 columns": (40, {}),
    "120 columns": (120, {}),
    "80 columns, NO_COLOR": (80, {"NO_COLOR": "1"}),
    "80 columns, TERM=dumb": (80, {"TERM": "dumb"}),
    "80 columns, LANG=C": (80, {"LANG": "C", "LC_ALL": "C", "PYTHONIOENCODING": "unset"}),
    "a pipe": (0, {}),
}


@pytest.fixture
def cache() -> Iterator[CacheBuilder]:
    """A cache under a path that is as long everywhere: two versions, a page, a build, and damaged bytes."""
    root = Path(tempfile.mkdtemp(prefix="pipcache-", dir="/tmp"))
    try:
        builder = CacheBuilder(root / "pip")
        for version in ("1.0", "2.0"):
            filename, data = archives.build_wheel("foo", version, tags=["cp311-cp311-manylinux_2_17_x86_64"])
            builder.download(f"{FILES}/{filename}", data)
        filename, data = archives.build_wheel("bar-with-a-long-name", "10.20.30.post1")
        caches.flip(builder.body(builder.download(f"{FILES}/{filename}", data)), 60)
        page = "<html><head><title>Links for foo</title></head><body></body></html>"
        builder.download("https://index.example/simple/foo/", page.encode())
        builder.built({"url": f"{FILES}/baz-1.0.tar.gz"}, *archives.build_wheel("baz", "1.0"))
        builder.selfcheck()
        for path in builder.root.rglob("*"):
            os.utime(path, (time.time() - 3 * DAY, time.time() - 40 * DAY))
        yield builder
    finally:
        shutil.rmtree(root)


def screens_of(builder: CacheBuilder, words: list[str]) -> str:
    """The screens of a command in every layout; a screen that is like the first is named only."""
    if not words[0].startswith("-") and words[0] != "purge" and "--help" not in words:
        words = [words[0], "--cache-dir", str(builder.root), *words[1:]]
    screens: dict[str, str] = {}
    for layout, (columns, variables) in LAYOUTS.items():
        environment = environment_at(builder.root.parent / "home", **variables)
        text = (
            at_terminal(words, environment=environment, folder=REPOSITORY, columns=columns, has_input=False).text
            if columns
            else written_to_pipe(words, environment)
        )
        if not columns or variables.keys() & {"NO_COLOR", "TERM"}:
            assert "\x1b" not in text, layout
        text = STYLE.sub("", text).replace(str(builder.root.parent), "/tmp/pipcache-xxxxxxxx")
        screens[layout] = "\n".join(line.rstrip() for line in TIME.sub("2026-01-01T00:00:00Z", text).splitlines())
    first, *others = screens.items()
    parts = [f"=== {first[0]}\n{first[1]}\n"]
    for layout, text in others:
        parts.append(f"=== {layout}: as the first\n" if text == first[1] else f"=== {layout}\n{text}\n")
    return "\n".join(parts)


@pytest.mark.slow
@pytest.mark.parametrize("name", COMMANDS)
def test_a_screen_is_as_it_was_approved(cache: CacheBuilder, name: str) -> None:
    screens = screens_of(cache, COMMANDS[name])
    path = SCREENS / f"{name}.txt"
    if os.environ.get("PIPCACHE_TESTS_WRITE_SCREENS"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(screens, encoding="utf-8")
    assert screens == path.read_text(encoding="utf-8")


def test_every_approved_screen_is_tested() -> None:
    assert {path.stem for path in SCREENS.iterdir()} == COMMANDS.keys()
