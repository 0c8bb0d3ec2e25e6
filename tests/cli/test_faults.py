"""An error of the system at any call of any command: the answer is the true one, or says that it is not whole.

The sister of the tests that kill a removal at each of its deletions. Here each look, opening, listing and reading
of what lies in the cache fails in turn, in one process.
"""

from __future__ import annotations

import errno
import hashlib
import itertools
import json
import os
import shutil
import threading
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from tests.support import archives, caches, truth
from tests.support.caches import CacheBuilder
from tests.support.faults import ERRORS, Fault, Lasting, failing
from tests.support.program import Program, Ran

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the calls are those of POSIX")

FILES = "https://files.example/"
PAGE = caches.FILE_HEADERS | {"Content-Type": "application/vnd.pypi.simple.v1+json"}
LONG_AGO = 1_600_000_000
BUILDS = "wheels/aa/bb/cc/"

JSON = ("--format", "json")
COMMANDS: tuple[tuple[str, ...], ...] = (
    ("list",),
    ("list", *JSON),
    ("list", "--all", *JSON),
    ("list", "--unnamed", *JSON),
    ("list", "foo", "--format", "paths"),
    ("show", "foo", *JSON),
    ("show", "bar"),
    ("info",),
    ("info", *JSON),
    ("verify",),
    ("verify", *JSON),
    ("verify", "--thorough", *JSON),
    ("verify", "foo", *JSON),
    ("audit", "foo==1.0", *JSON),
    ("audit", "nothing==1"),
    ("audit", "sha256:" + "0" * 64, *JSON),
    ("audit", "foo==1.0", "--format", "sarif"),
    ("audit", "foo==1.0", "--format", "markdown"),
    ("remove", "foo", "-y", *JSON),
    ("remove", "foo==1.0", "bar", "-y"),
    ("remove", "--damaged", "--poisoned", "-y", *JSON),
    ("remove", "--advisory", "ADVISORY", "-y", *JSON),
    ("remove", "--advisory", "ADVISORY", "-y", "--save", "SAVE"),
    ("clear", "-y", *JSON),
    ("clear", "-y", "--http"),
    ("clear", "-y", "--old-layouts"),
    ("lock", *JSON),
    ("lock", "foo", "--latest", "--format", "pylock"),
    ("lock", "--for", "LOCK"),
    ("export", "SAVE", *JSON),
    ("export", "SAVE", "foo", "--link", "hard"),
    ("prune",),
    ("prune", *JSON),
    ("prune", "--format", "github"),
    ("prune", "--ci", *JSON),
    ("prune", "--keep-latest", "1"),
    ("prune", "--keep-for", "LOCK", *JSON),
    ("prune", "--keep-for", "LOCK", "--keep-latest", "1", *JSON),
    ("prune", "--unused-for", "1d"),
    ("prune", "--older-than", "1d", *JSON),
    ("prune", "--max-size", "10kB", *JSON),
    ("prune", "--duplicates", *JSON),
    ("prune", "--damaged", "--poisoned", *JSON),
    ("prune", "--old-layouts"),
)
OFTEN = frozenset(
    {
        ("list", "--all", *JSON),
        ("audit", "nothing==1"),
        ("remove", "foo", "-y", *JSON),
        ("prune", "--keep-latest", "1"),
    }
)
"""Some commands that read and some that remove, for every run of the tests; all are tried by long tests."""

CHANGE = {"remove", "clear", "prune"}


def fill(root: Path, *, ill: bool) -> None:
    """Six entries in all stores and a stray; an ill cache has damage and leftovers besides."""
    builder = CacheBuilder(root)
    first, second = archives.build_wheel("foo", "1.0"), archives.build_wheel("foo", "2.0")
    sdist, built = archives.build_sdist("bar", "1.0"), archives.build_wheel("bar", "1.0")
    key = builder.download(FILES + first[0], first[1])
    builder.legacy(FILES + second[0], second[1])
    builder.download(FILES + sdist[0], sdist[1])
    rows = [
        {"filename": name, "url": FILES + name, "hashes": {"sha256": hashlib.sha256(data).hexdigest()}}
        for name, data in (first, second)
    ]
    page = json.dumps({"meta": {}, "name": "foo", "files": rows}).encode()
    builder.download("https://index.example/simple/foo/", page, headers=PAGE)
    digest = hashlib.sha256(sdist[1]).hexdigest()
    note = {"url": FILES + sdist[0], "archive_info": {"hashes": {"sha256": digest}}}
    builder.built(note, *built, source=truth.Source(FILES + sdist[0], "sha256", digest))
    builder.selfcheck()
    builder.stray("http-v2/a/odd")
    if ill:
        caches.flip(builder.body(key), -200)
        builder.download("https://mirror.example/" + second[0], second[1])
        builder.stray(f"http-v2/a/1/2/3/4/a1234{'0' * 51}.body")
        builder.stray(f"{BUILDS}{'d' * 50}/origin.json", b'{"url": "https://files.example/x-1.0.zip"}')
        builder.stray(f"{BUILDS}{'e' * 50}/tmpabcdefgh/inner/file")


class Place:
    """A cache that is as it was before each run, and the program on it."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.root = folder / "cache"
        self._folder = folder
        self._program = Program(self.root, capsys)
        self._untouched = folder / "untouched"
        (folder / "bad.txt").write_text("foo==1.0\n", encoding="utf-8")
        (folder / "requirements.txt").write_text("foo==2.0\nbar==1.0\n", encoding="utf-8")
        self._names = {"ADVISORY": "bad.txt", "LOCK": "requirements.txt", "SAVE": "kept"}

    def fill(self, *, ill: bool) -> None:
        fill(self._untouched, ill=ill)
        self.reset()

    def reset(self) -> None:
        for path in (self.root, self._folder / "kept"):
            shutil.rmtree(path, ignore_errors=True)
        shutil.copytree(self._untouched, self.root)
        self.age()

    def age(self) -> None:
        """Let nothing have been used lately: an answer that says when must be the same at every run."""
        for folder, _, names in os.walk(self.root, topdown=False):
            for place in (*(os.path.join(folder, name) for name in names), folder):
                os.utime(place, (LONG_AGO, LONG_AGO))

    def files(self) -> set[str]:
        """Every file that is there now."""
        return {
            os.path.relpath(os.path.join(folder, name), self.root)
            for folder, _, names in os.walk(self.root)
            for name in names
        }

    def run(self, command: tuple[str, ...], fault: Fault) -> tuple[Ran, list[tuple[str, str]]]:
        """What a command answers, and its calls."""
        self.age()
        arguments = (str(self._folder / self._names[part]) if part in self._names else part for part in command)
        with failing(self.root, fault) as system:
            ran = self._program(*arguments)
        return ran, system.calls


class Truth(NamedTuple):
    """What a command answers and removes where nothing fails."""

    ran: Ran
    calls: list[tuple[str, str]]
    files: set[str]
    removed: set[str]


@pytest.fixture
def place(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.setenv("PIPCACHE_DEBUG", "1")
    monkeypatch.setenv("PIPCACHE_NO_IDENTITY", "1")  # times of a run differ
    monkeypatch.setenv("HOME", str(tmp_path))
    return Place(tmp_path, capsys)


def faults(truth: Truth, *, every: bool) -> Iterator[Fault]:
    """Errors at every call, or at those that read, and at some of the walk's; the kinds of error take turns.

    Two calls in a row have three errors between them, so every fourth error meets all kinds in turn.
    """
    for at, (function, _) in enumerate(truth.calls, 1):
        if not every and function in {"scandir", "readdir", "is_dir", "listdir"} and at % 7:
            continue
        if every or at % 2:
            yield Fault(at, errno.ENOENT)
        for number, lasting in enumerate(Lasting):
            if every or number == at % 3:
                yield Fault(at, ERRORS[(at + number) % len(ERRORS)], lasting)


def answer_of(ran: Ran) -> object:
    """An answer without what may differ from run to run."""
    try:
        return _without(json.loads(ran.out), {"last_used", "bytes_freed"})
    except ValueError:
        return ran.out


def _without(value: Any, names: set[str]) -> Any:  # Any: a JSON document
    if isinstance(value, Mapping):
        return {name: _without(member, names) for name, member in value.items() if name not in names}
    return [_without(member, names) for member in value] if isinstance(value, list) else value


def partners(files: set[str]) -> Iterator[tuple[str, str]]:
    """The pairs among files, the one that pip trusts first."""
    for path in files:
        origin = os.path.join(os.path.dirname(path), "origin.json")
        for other in (f"{path}.body", origin if path.endswith(".whl") else path):
            if other in files and other != path:
                yield path, other


def wrong(truth: Truth, ran: Ran, files: set[str]) -> Iterator[str]:
    """What is wrong with an answer that was given while the system refused something."""
    if "Traceback" in ran.err:
        yield ran.err
    if ran.code not in {0, 1, 3, 4}:
        yield f"exit status {ran.code}: {ran.err}"
    if ran.code == 1 and truth.ran.code != 1:
        yield "a finding that is none"
    if ran.code == 0 and truth.ran.code != 0:
        yield "clean, and it is not"
    # a removal may name otherwise what it removes
    is_same = truth.files - files == truth.removed if truth.removed else answer_of(ran) == answer_of(truth.ran)
    if ran.code == 0 and not is_same:
        yield f"another answer, and nothing says that it is not whole: {ran.out} {ran.err} {truth.ran.out}"
    if not truth.files - files <= truth.removed:
        yield f"removed without being meant: {truth.files - files - truth.removed}"
    for path, partner in partners(truth.files):
        if (path in files) != (partner in files) and (path in truth.removed) == (partner in truth.removed):
            yield f"half a pair: {path}"


EVERY = pytest.mark.skipif("not os.environ.get('PIPCACHE_TESTS_EVERY_FAULT')", reason="takes long; run by hand")


@pytest.mark.parametrize("ill", [False, pytest.param(True, marks=pytest.mark.slow)], ids=["healthy", "ill"])
@pytest.mark.parametrize(
    ("command", "step", "every"),
    [
        *(
            pytest.param(command, 4, False, id=f"{' '.join(command)}-few")
            for command in COMMANDS
            if command in OFTEN
        ),
        *(
            pytest.param(command, 1, False, id=f"{' '.join(command)}-some", marks=pytest.mark.slow)
            for command in COMMANDS
        ),
        *(
            pytest.param(command, 1, True, id=f"{' '.join(command)}-every", marks=[pytest.mark.slow, EVERY])
            for command in COMMANDS
        ),
    ],
)
def test_an_answer_is_true_or_not_whole(
    command: tuple[str, ...], *, ill: bool, step: int, every: bool, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not every:  # without threads the n-th call is always the same
        monkeypatch.setattr(threading.Thread, "start", no_thread)
    place.fill(ill=ill)
    files = place.files()
    ran, calls = place.run(command, Fault(0))
    assert ran.code in {0, 1, 3, 4}, ran.err
    truth = Truth(ran, calls, files, files - place.files())
    assert len(calls) > 50
    for fault in itertools.islice(faults(truth, every=every), 0, None, step):
        if command[0] in CHANGE or "SAVE" in command:  # what an earlier run has saved changes the answer
            place.reset()
        ran, calls = place.run(command, fault)
        errors = list(wrong(truth, ran, place.files() if command[0] in CHANGE else files))
        assert errors == [], (str(fault), calls[fault.at - 1] if fault.at <= len(calls) else None)


def no_thread(_: threading.Thread) -> None:
    raise RuntimeError("can't start new thread")
