"""What the program does to the system, told by the interpreter itself: it opens for reading, and may remove."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from pipcache.util.urls import PAGE_BASES
from tests.support import archives, caches, truth
from tests.support.caches import CacheBuilder
from tests.support.places import REPOSITORY
from tests.support.slow import slow_but_every
from tests.support.watching import watched

FILES = "https://files.example/packages/"


@pytest.fixture
def cache(tmp_path: Path) -> CacheBuilder:
    builder = CacheBuilder(tmp_path / "cache")
    wheel, sdist = archives.build_wheel("foo", "1.0"), archives.build_sdist("foo", "1.0")
    builder.download(FILES + wheel[0], wheel[1])
    builder.legacy(FILES + sdist[0], sdist[1])
    builder.download(f"{FILES}{wheel[0]}.metadata", archives.metadata("foo", "1.0"))
    row = {"filename": wheel[0], "url": FILES + wheel[0]}
    page = json.dumps({"meta": {}, "name": "foo", "files": [row]}).encode()
    headers = caches.FILE_HEADERS | {"Content-Type": "application/vnd.pypi.simple.v1+json"}
    builder.download("https://index.example/simple/foo/", page, headers=headers)
    builder.built({"url": FILES + sdist[0]}, *wheel)
    builder.selfcheck()
    builder.stray("http-v2/a/b/stray")
    return builder


COMMANDS = [
    ("list",),
    ("list", "--all", "--format", "json"),
    ("list", "--format", "paths"),
    ("show", "*"),
    ("show", "sha256:" + "0" * 64, "foo"),
    ("info", "--format", "json"),
    ("verify",),
    ("verify", "--thorough", "--format", "json"),
    ("remove", "*", "--dry-run"),
    ("remove", "--damaged", "--poisoned", "--dry-run"),
    ("audit", "nosuch", "--deep", "--format", "sarif"),
    ("prune", "--dry-run"),
    ("prune", "--ci", "--keep-latest", "1", "--duplicates", "--poisoned", "--dry-run", "--format", "json"),
    ("lock",),
    ("lock", "foo", "--format", "pylock", "--latest"),
    ("lock", "--format", "json", "--python", "3.12"),
    ("export", "nowhere", "--dry-run"),
    ("export", "nowhere", "foo", "--unverified", "--dry-run", "--format", "json"),
    ("refresh", "--dry-run"),
    ("refresh", "foo", "--dry-run", "--format", "json"),
    ("dir", "--explain"),
    ("clear", "--dry-run"),
]
READING = {"open", "os.listdir", "os.scandir", "os.stat", "os.lstat"}
# which say nothing about the system
HARMLESS = {"builtins.id", "glob.glob", "time.sleep"}


def code_of(arguments: tuple[str, ...]) -> int:
    """The exit code of a command on the cache, of which nothing vouches for the downloads."""
    is_incomplete = arguments[0] in {"lock", "export"} and "--unverified" not in arguments
    return 3 if is_incomplete else 0


@pytest.mark.parametrize("arguments", slow_but_every(2, COMMANDS), ids=" ".join)
def test_a_run_reads_and_does_nothing_else(cache: CacheBuilder, arguments: tuple[str, ...]) -> None:
    events = watched(cache, *arguments, code=code_of(arguments))
    done = {event.name for event in events if not event.name.startswith(("ctypes.", "_thread.", "cpython."))}
    assert done - READING - HARMLESS == set()
    for event in events:
        if event.name == "open":
            # os.open has no mode: its flags are the last number
            modes = [argument for argument in event.arguments[1:] if isinstance(argument, str)]
            assert all(set(mode) <= set("rbtU") for mode in modes), event
            flags = event.arguments[-1]
            assert isinstance(flags, int)
            changing = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
            assert not flags & changing, event


@pytest.mark.parametrize("arguments", slow_but_every(3, COMMANDS[:-2]), ids=" ".join)
def test_a_run_opens_nothing_beside_the_cache_but_its_own_code_and_configuration(
    cache: CacheBuilder, arguments: tuple[str, ...]
) -> None:
    events = watched(cache, *arguments, code=code_of(arguments))
    opened = {str(event.arguments[0]) for event in events if event.name == "open"}
    below = {path for path in opened if path.startswith(str(cache.root.parent)) and not path.endswith("pip.conf")}
    assert below
    assert all(path.startswith(f"{cache.root}{os.sep}") for path in below)


@pytest.mark.parametrize(
    "arguments",
    [("remove", "foo", "--yes"), ("clear", "--yes", "--force"), ("prune", "--ci", "--max-size", "0")],
    ids=" ".join,
)
def test_a_run_that_removes_does_nothing_to_the_system_but_remove(
    cache: CacheBuilder, arguments: tuple[str, ...]
) -> None:
    events = watched(cache, *arguments)
    done = {event.name for event in events if not event.name.startswith(("ctypes.", "_thread.", "cpython."))}
    # the folders are too young to go but by force
    changes = {"os.remove", "os.rmdir"} if "--force" in arguments else {"os.remove"}
    assert done - READING - HARMLESS == changes
    for event in events:
        # relative to an open folder: a name without a way
        if event.name in {"os.remove", "os.rmdir"}:
            assert os.sep not in str(event.arguments[0])


@pytest.mark.skipif(not hasattr(os, "O_DIRECTORY"), reason="folders are not opened here")
def test_clearing_opens_folders_and_no_file(cache: CacheBuilder) -> None:
    opened = [event.arguments for event in watched(cache, "clear", "--yes") if event.name == "open"]
    for arguments in opened:
        flags = arguments[-1]
        assert isinstance(flags, int)
        # a name alone is relative to an open folder
        is_below = str(arguments[0]).startswith(str(cache.root)) or os.sep not in str(arguments[0])
        assert flags & os.O_DIRECTORY or not is_below, arguments
    assert any(int(arguments[-1]) & os.O_NOFOLLOW for arguments in opened)


def test_what_is_found_is_read_once_more_as_a_proof(cache: CacheBuilder, tmp_path: Path) -> None:
    def opened(*arguments: str, code: int) -> Counter[str]:
        events = watched(cache, "audit", *arguments, code=code)
        paths = (str(event.arguments[0]) for event in events if event.name == "open")
        return Counter(path for path in paths if path.startswith(str(cache.root)))

    absent = [
        {
            "id": f"X-{number}",
            "affected": [{"package": {"ecosystem": "PyPI", "name": f"no-{number}"}, "versions": ["1.0"]}],
        }
        for number in range(300)
    ]
    (tmp_path / "many.json").write_text(json.dumps(absent), encoding="utf-8")
    clean = opened("nosuch", code=0)
    assert clean == opened("--advisory", str(tmp_path / "many.json"), code=0)
    readings = opened("foo", code=1)
    assert readings.keys() >= clean.keys()
    page = str(cache.body(truth.url_key("https://index.example/simple/foo/")))
    assert readings[page] <= clean[page] + 2  # its digest, and the sdist that it does not list under its URL
    wheel = next(path for path in readings if path.endswith(".whl"))
    assert 0 < readings[wheel] - clean[wheel] <= 2  # is it text, and its digests


def test_only_pages_of_projects_that_are_meant_are_read_whole(cache: CacheBuilder) -> None:
    headers = caches.FILE_HEADERS | {"Content-Type": "text/html"}
    pages = {}
    for name in ("evil", "innocent"):
        body = f"<title>Links for {name}</title><a href='x/{name}-1.0.zip'>x</a>{' ' * 100_000}".encode()
        pages[name] = str(cache.body(cache.download(f"{PAGE_BASES[0]}{name}/", body, headers=headers)))
    for indicator in ("evil==2.0", "https://files.example/evil-2.0.tar.gz"):
        opened = [event.arguments[0] for event in watched(cache, "audit", indicator) if event.name == "open"]
        assert opened.count(pages["evil"]) == opened.count(pages["innocent"]) + 1
    events = watched(cache, "audit", f"md5:{'0' * 32}", code=3)  # no digest tells what the wheel was built from
    opened = [event.arguments[0] for event in events if event.name == "open"]
    assert opened.count(pages["evil"]) == opened.count(pages["innocent"])  # may be listed anywhere


MODULES = """
import contextlib, io, json, sys
from pipcache.cli.main import run
with contextlib.redirect_stdout(io.StringIO()):
    run([*sys.argv[2:], "--cache-dir", sys.argv[1]])
print(json.dumps(sorted(sys.modules)))
"""


MOST_MODULES = {
    ("list",): 68,
    ("info", "--format", "json"): 105,
    ("clear", "--yes"): 70,
    ("remove", "foo", "--yes"): 94,
    ("prune", "--unused-for", "1d"): 99,
}
"""The package's own modules that commands load; start-up is most of what they cost on a small cache."""


@pytest.mark.parametrize("words", MOST_MODULES, ids=" ".join)
def test_a_command_loads_no_more_modules_than_it_needs(tmp_path: Path, words: tuple[str, ...]) -> None:
    builder = CacheBuilder(tmp_path / "cache")
    filename, data = archives.build_wheel("foo", "1.0")
    builder.download(FILES + filename, data)
    builder.built({"url": f"{FILES}bar-1.0.tar.gz"}, *archives.build_wheel("bar", "1.0"))
    command = [sys.executable, "-c", MODULES, str(builder.root), *words]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, check=True, encoding="utf-8")
    loaded = json.loads(done.stdout.splitlines()[-1])
    own = {name for name in loaded if name.partition(".")[0] == "pipcache"}
    assert len(own) <= MOST_MODULES[words], sorted(own)
    assert {"pipcache.advisories.loader", "pipcache.audit.auditor"}.isdisjoint(own)
    assert {"rich", "shutil", "difflib", "bz2", "lzma"}.isdisjoint(loaded)
    assert {"requests", "urllib3", "cachecontrol", "truststore", "ssl", "socket", "http"}.isdisjoint(loaded)
    # versions are compared by prune, of which info shows what each policy would free
    assert ("packaging" in loaded) == (words[0] in {"remove", "info", "prune"})
    assert "packaging.specifiers" not in loaded  # nothing here has conditions of versions


LATE_MODULES = """
import sys
late, removed = [], []
def watch(event, arguments):
    if event in {"os.remove", "os.rmdir"}:
        removed.append(arguments[0])
    elif event == "import" and removed:
        late.append(arguments[0])
sys.addaudithook(watch)
from pipcache.cli.main import run
run([*sys.argv[2:], "--cache-dir", sys.argv[1]])
print(len(removed), *late, file=sys.stderr)
"""


@pytest.mark.parametrize("form", ["table", "json"])
@pytest.mark.parametrize(
    "words", [("clear",), ("remove", "foo"), ("prune", "--unused-for", "0d", "--ci")], ids=lambda words: words[0]
)
def test_nothing_is_loaded_between_a_removal_and_its_report(
    cache: CacheBuilder, words: tuple[str, ...], form: str
) -> None:
    # an interruption while a module is loaded ends the run, and nobody would know what is gone
    command = [sys.executable, "-c", LATE_MODULES, str(cache.root), *words, "--yes", "--format", form]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, check=True, encoding="utf-8")
    removed, *late = done.stderr.splitlines()[-1].split()
    assert int(removed) > 0
    assert late == []
