"""`--format line`: one line, the answer first, whatever is in the cache."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pipcache import __version__
from tests.support import archives
from tests.support.audits import osv, page, put
from tests.support.caches import CacheBuilder

if TYPE_CHECKING:
    from tests.support.advisory_samples import Write
    from tests.support.program import Program, Ran

MOST = 1_000


def line_of(ran: Ran) -> str:
    """The line, which is one, and short."""
    assert ran.out.endswith("\n")
    assert ran.out.count("\n") == 1
    assert re.fullmatch(r"[ -~]+", ran.out[:-1])
    assert len(ran.out) - 1 <= MOST
    return ran.out[:-1]


@pytest.fixture
def bad(write: Write) -> str:
    return write("bad.json", json.dumps(osv("evil", ["1.0", "1.1"])))


def test_the_answer_comes_first(builder: CacheBuilder, program: Program, bad: str) -> None:
    digest = hashlib.sha256(Path(bad).read_bytes()).hexdigest()[:8]
    end = rf"; host \S+; pipcache {re.escape(__version__)}; advisories {digest}"
    line = line_of(program("audit", "--advisory", bad, "--format", "line"))
    assert re.fullmatch(f"clean: nothing found in 1 cache{end}", line)
    put(builder, archives.build_wheel("evil", "1.0"))
    put(builder, archives.build_wheel("evil", "1.1"))
    key = put(builder, archives.build_wheel("good", "1.0"))
    builder.head(key).write_bytes(b"cc=4,\xff")
    ran = program("audit", "--advisory", bad, "--format", "line")
    summary = r"found: 2 entries in 1 cache \(evil 1\.[01], evil 1\.[01]\); 1 entry could not be judged"
    assert re.fullmatch(summary + end, line_of(ran))
    assert ran.code == 1


def test_a_removal_says_what_went_and_what_is_left(builder: CacheBuilder, program: Program, bad: str) -> None:
    put(builder, archives.build_wheel("evil", "1.0"))
    command = ("remove", "--advisory", bad, "--format", "line")
    planned = program(*command, "--dry-run")
    assert line_of(planned).startswith("found: 1 entry would be removed (evil 1.0); host ")
    done = program(*command, "--yes")
    removed = "clean: removed 2 files from 1 cache (evil 1.0); a second look finds nothing; host "
    assert line_of(done).startswith(removed)
    again = program(*command, "--yes")
    assert line_of(again).startswith("clean: nothing found in 1 cache; host ")
    assert (planned.code, done.code, again.code) == (0, 0, 0)


def test_a_removal_that_is_to_keep_what_it_finds_says_so(
    builder: CacheBuilder, program: Program, bad: str
) -> None:
    page(builder, "evil", archives.build_wheel("evil", "1.0"))
    ran = program("remove", "--advisory", bad, "--format", "line", "--yes", "--keep-pages")
    assert line_of(ran).startswith("clean: nothing removed (evil); ")
    assert ran.code == 0


def test_a_line_asks_no_question_and_needs_an_advisory(program: Program, bad: str) -> None:
    asked = program("remove", "--advisory", bad, "--format", "line")
    assert asked.code == 2
    assert line_of(asked).startswith("unknown: --format line asks no question")
    refused = program("remove", "evil", "--format", "line", "--yes")
    assert (refused.code, refused.out) == (2, "")
    assert "--advisory" in refused.err


HOSTILE = (
    *("1.0\n2; clean: nothing", "1.0\r\x1b[2Jx", "1.0; host elsewhere", "1.0\u2028\u202e", "9" * 5000, "1.0\x85"),
    "1.0 https://ada:S3CR3Tq@index.example/",
)


@pytest.mark.parametrize("version", HOSTILE)
def test_no_name_can_break_the_line(builder: CacheBuilder, program: Program, version: str) -> None:
    key = put(builder, archives.build_wheel("evil", version), url="https://index.example/download/1")
    line = line_of(program("audit", key, "--format", "line"))
    assert re.match(r"found: 1 entry in 1 cache \([A-Za-z0-9._+! -]+\); host \S+; pipcache \S+$", line)
    assert "S3CR3Tq" not in line


@pytest.mark.parametrize("name", ["a\nb.txt", "a\x1b[2J; host x.txt", "\u202e.txt"])
def test_no_path_can_break_the_line_of_an_error(program: Program, write: Write, name: str) -> None:
    ran = program("audit", "--advisory", write(name, "no == list == of anything\n"), "--format", "line")
    assert ran.code == 2
    assert line_of(ran).startswith("unknown: ")


def test_many_names_and_advisories_are_shortened(builder: CacheBuilder, program: Program, write: Write) -> None:
    names = [f"evil-{'x' * 150}-{number}" for number in range(30)]
    for name in names:
        put(builder, archives.build_wheel(name, "1.0"))
    paths = [write(f"{number}.txt", f"{name}==1.0\n") for number, name in enumerate(names)]
    options = [word for path in paths for word in ("--advisory", path)]
    line = line_of(program("audit", *options, "--format", "line"))
    assert line.startswith("found: 30 entries in 1 cache (")
    assert " and 25 more)" in line
    assert line.endswith(" and 20 more")
