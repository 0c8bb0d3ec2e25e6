"""What a command hints at: the command that it prints lists what it says."""

from __future__ import annotations

import json
import re
import shlex
from typing import TYPE_CHECKING

import pytest

from pipcache.util.urls import PAGE_BASES
from tests.support import archives, caches
from tests.support.caches import FILE_HEADERS, CacheBuilder

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.program import Program, Ran

JSON_PAGE = {**FILE_HEADERS, "Content-Type": "application/vnd.pypi.simple.v1+json"}


def page(builder: CacheBuilder, url: str, name: str | None) -> None:
    body = {"meta": {"api-version": "1.0"}, "files": []} | ({} if name is None else {"name": name})
    builder.download(url, json.dumps(body).encode(), headers=JSON_PAGE)


def add_named(builder: CacheBuilder) -> None:
    """Files and pages that all have a name."""
    filename, wheel = archives.build_wheel("foo", "1.0")
    builder.download(f"https://files.example/{filename}", wheel)
    builder.download(f"https://files.example/{filename}.metadata", archives.metadata("foo", "1.0"))
    builder.download(
        "https://forge.example/main.zip", archives.build_sdist("bar", "1.0", fmt="zip", folder="bar-main")[1]
    )
    builder.selfcheck()
    for name in ("foo", "bar", "one", "two"):
        page(builder, f"{PAGE_BASES[0]}{name}/", name)


def add_unnamed(builder: CacheBuilder) -> None:
    """A download and a page that nothing names, and metadata without a version."""
    builder.download("https://files.example/1", b"\x00\x01\x02")
    page(builder, "https://index.example/root/pypi/", None)
    builder.download("https://files.example/2.metadata", b"Metadata-Version: 2.1\nName: foo\n")


def hinted(text: str) -> tuple[int, list[str]]:
    """The number of entries in a sentence, and the command that the sentence names."""
    number = re.search(r"([0-9,]+) (?:entry|entries|pages?|others?)\b", text)
    command = re.search(r"pipcache [^)\n]*", text)
    assert number is not None
    assert command is not None
    return int(number[1].replace(",", "")), shlex.split(command[0])[1:]


@pytest.mark.parametrize("fill", [add_named, add_unnamed])
def test_what_info_does_not_name_is_what_the_list_lists(
    builder: CacheBuilder, program: Program, fill: Callable[[CacheBuilder], None]
) -> None:
    fill(builder)
    unnamed = program("info", "--format", "json").document["unnamed"]["count"]
    lines = [line for line in program("info").out.splitlines() if "Not named" in line]
    assert len(program.artifacts("list", "--unnamed")) == unnamed
    if fill is add_named:
        assert (unnamed, lines) == (0, [])
        return
    (line,) = lines
    number, command = hinted(line)
    assert number == unnamed == 3
    assert len(as_records(program, command)) == 3


def as_records(program: Program, command: list[str]) -> list[object]:
    """What a command lists that is run as it was printed; it names the directory itself."""
    place = command.index("--cache-dir")
    assert command[place + 1] == str(program.cache)
    return [*program.artifacts(command[0], *command[1:place], *command[place + 2 :])]


def test_what_remove_does_not_cover_is_what_the_list_lists(builder: CacheBuilder, program: Program) -> None:
    add_named(builder)
    add_unnamed(builder)
    ran = program("remove", "foo", "--dry-run")
    (line,) = [line for line in ran.err.splitlines() if "could not be named" in line]
    number, command = hinted(line)
    assert number == program("remove", "foo", "--dry-run", "--format", "json").document["unnamed"]
    assert len(as_records(program, command)) == number


def test_what_list_does_not_show_is_what_all_adds(builder: CacheBuilder, program: Program) -> None:
    add_named(builder)
    add_unnamed(builder)
    ran: Ran = program("list")
    (line,) = [line for line in ran.err.splitlines() if line.startswith("Not shown")]
    hidden = {kind.rstrip("s"): int(number) for number, kind in re.findall(r"(\d+) (\w+)", line)}
    plain, everything = program.artifacts("list"), program.artifacts("list", "--all")
    assert len(everything) == len(plain) + sum(hidden.values())
    document = program("list", "--format", "json").document
    assert document["hidden"] == hidden
    for kind, count in hidden.items():
        assert len(program.artifacts("list", "--kind", kind)) == count


@pytest.mark.permissions
def test_what_could_not_be_judged_is_what_verify_tells(builder: CacheBuilder, program: Program) -> None:
    filename, wheel = archives.build_wheel("foo", "1.0")
    key = builder.download(f"https://files.example/{filename}", wheel)
    caches.chmod(builder.body(key), 0)
    for arguments in (("remove", "--damaged", "--dry-run"), ("prune", "--damaged", "--dry-run")):
        ran = program(*arguments)
        (line,) = [line for line in ran.err.splitlines() if "could not be judged" in line]
        number, command = hinted(line)
        assert (number, command[0]) == (1, "verify")
        judgements = program("verify", "--format", "json").document["judgements"]
        assert [judgement["verdict"] for judgement in judgements] == ["unreadable"]


def test_a_cure_that_verify_prints_removes_what_it_found(builder: CacheBuilder, program: Program) -> None:
    filename, wheel = archives.build_wheel("foo", "1.0")
    key = builder.download(f"https://files.example/{filename}", wheel[:-40])
    page(builder, f"{PAGE_BASES[0]}foo/", "foo")
    ran = program("verify", "--format", "json")
    (cure,) = [judgement["cure"] for judgement in ran.document["judgements"] if judgement["cure"] is not None]
    command = shlex.split(cure)[1:]
    place = command.index("--cache-dir")
    arguments = [*command[1:place], *command[place + 2 :], "--dry-run", "--format", "json"]
    planned = program(command[0], *arguments).document["plan"]["removals"]
    assert [removal["artifact"]["key"] for removal in planned] == [key]
