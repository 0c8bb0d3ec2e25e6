"""No regular expression and no reader of the package takes more than twice the time for twice the text."""

from __future__ import annotations

import ast
import importlib
import itertools
import re
import string
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from re import _parser  # type: ignore[attr-defined]  # no other module takes a pattern apart
from typing import Any, NamedTuple

import pytest

from pipcache.advisories.model import AdvisoriesBuilder, AdvisoryError
from pipcache.advisories.plain_list import read_list
from pipcache.advisories.purl import read_purl
from pipcache.advisories.references import read_file_url
from pipcache.archive.metadata import header_fields, parse_metadata
from pipcache.archive.record import parse_record
from pipcache.archive.tar_reader import tar_members
from pipcache.index.links import absolute_urls
from pipcache.index.page import quick_project, stated_project
from pipcache.index.rows import page_rows
from pipcache.locks.model import LockError
from pipcache.locks.requirements import requirements
from pipcache.query.selector import SelectorError, parse_selector
from pipcache.util.content_coding import codings as parse_codings
from pipcache.util.filenames import normalise, parse_filename
from pipcache.util.hashes import hex_of, split_tagged
from pipcache.util.redaction import redact_header, redact_text, redact_url
from pipcache.util.textfile import logical_lines
from pipcache.util.untrusted import clean, quoted
from pipcache.util.urls import filename_in, has_key, pypi_path_in, without_user
from pipcache.util.versions import parse_version
from tests.support.places import PACKAGE
from tests.support.slow import slow_but_every

MODULES = {
    ".".join(part for part in path.relative_to(PACKAGE).with_suffix("").parts if part != "__init__"): path
    for path in sorted(PACKAGE.rglob("*.py"))
    if path.name != "__main__.py"
}
METHODS = {"match", "fullmatch", "search", "sub", "split", "findall", "finditer"}
LONGEST, QUICK = 64 << 10, 16 << 10
EVERYDAY = "aZ09 -_.:/=@%&;,'\"<>()[]{}\\*+?#|\n\r\t\x00é"
MEASURABLE = 4e-3
"""Seconds: below, a clock says nothing about growth."""


class Use(NamedTuple):
    """A pattern of the package, and a method of re it is used with."""

    place: str
    pattern: re.Pattern[str] | re.Pattern[bytes]
    method: str


def evaluated(node: ast.expr, names: dict[str, object]) -> str | bytes | None:
    """Return the text that an argument is, by the names of its module; None where only a run would show it."""
    try:
        value = eval(compile(ast.Expression(node), "<argument>", "eval"), dict(names))
    except NameError:
        return None
    return value if isinstance(value, (str, bytes)) else None


def uses_of(name: str) -> Iterator[Use | str]:
    """Yield the patterns of a module; for one that cannot be known its place."""
    names = dict(vars(importlib.import_module(f"pipcache.{name}" if name else "pipcache")))
    tree = ast.parse(MODULES[name].read_text("utf-8"))
    methods: dict[str, set[str]] = {}
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        owner, method = node.func.value, node.func.attr
        if isinstance(owner, ast.Name) and owner.id == "re" and method in METHODS:
            pattern = evaluated(node.args[0], names)
            place = f"{name}:{node.lineno}"
            yield place if pattern is None else Use(place, re.compile(pattern, flags_of(node, names)), method)
        elif isinstance(owner, ast.Name) and method in METHODS:
            methods.setdefault(owner.id, set()).add(method)
    for variable, value in names.items():
        for pattern in value.values() if isinstance(value, dict) else [value]:
            if isinstance(pattern, re.Pattern):
                for method in sorted(methods.get(variable) or {"search", "match"}):
                    yield Use(f"{name}.{variable}", pattern, method)


def flags_of(call: ast.Call, names: dict[str, object]) -> int:
    """Return the flags that a call of re gives."""
    flags = [word.value for word in call.keywords if word.arg == "flags"]
    flags += [node for node in call.args[1:] if isinstance(node, ast.Attribute) and ast.unparse(node)[:3] == "re."]
    return sum(int(eval(ast.unparse(flag), dict(names))) for flag in flags)


FOUND = [use for name in sorted(MODULES) for use in uses_of(name)]
USES = [use for use in FOUND if isinstance(use, Use)]


def atoms(parsed: Iterable[tuple[object, Any]]) -> Iterator[str]:
    """Yield a shortest text for each part of a parsed pattern, in order; of alternatives for the first."""
    for operation, argument in parsed:
        match str(operation):
            case "LITERAL":
                yield chr(argument)
            case "NOT_LITERAL":
                yield "b" if argument == ord("a") else "a"
            case "ANY":
                yield "a"
            case "IN":
                yield character_in(argument)
            case "BRANCH":
                yield from atoms(argument[1][0])
            case "SUBPATTERN":
                yield from atoms(argument[3])
            case "ATOMIC_GROUP":
                yield from atoms(argument)
            case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
                yield from [*atoms(argument[2])] * max(1, min(argument[0], 4))
            case _:
                pass  # it takes no characters


def character_in(choices: Iterable[tuple[object, Any]]) -> str:
    """Return a character of a class."""
    operation, argument = next(iter(choices))
    if str(operation) == "NEGATE":
        excluded = {chr(value) for kind, value in choices if str(kind) == "LITERAL"}
        return next(character for character in "a0x-_" if character not in excluded)
    if str(operation) == "LITERAL":
        return chr(argument)
    if str(operation) == "RANGE":
        return chr(argument[0])
    return {"CATEGORY_DIGIT": "0", "CATEGORY_SPACE": " ", "CATEGORY_WORD": "a"}.get(str(argument), "-")


def pieces_of(use: Use) -> Iterator[tuple[str, str]]:
    """Yield what a hostile text begins with, and what it repeats: characters, pairs, and beginnings of a match."""
    source = use.pattern.pattern
    written = source if isinstance(source, str) else source.decode("latin-1")
    of_pattern = sorted({character for character in written if character in string.printable} - set("()|[]{}^$\\"))
    for piece in dict.fromkeys([*of_pattern, *EVERYDAY]):
        yield "", piece
    for pair in itertools.permutations(of_pattern[:10], 2):
        yield "", "".join(pair)
    parts = [*itertools.islice(atoms(_parser.parse(source, use.pattern.flags)), 60)]
    for count in range(1, len(parts) + 1):
        beginning = "".join(parts[:count])
        yield "", beginning
        yield "", beginning + " "
        for piece in {parts[count - 1], parts[count] if count < len(parts) else " ", " "}:
            yield beginning, piece


def run_of(use: Use) -> Callable[[str], object]:
    """Return what applies the pattern to a text as the package does."""
    pattern: Any = use.pattern
    method = getattr(pattern, use.method)
    is_text = isinstance(use.pattern.pattern, str)

    def apply(text: str) -> None:
        given = text if is_text else text.encode()
        if use.method == "finditer":
            for _ in method(given):
                pass
        else:
            method(*(["x" if is_text else b"x"] if use.method == "sub" else []), given)

    return apply


def seconds(apply: Callable[[str], object], text: str, times: int = 1) -> float:
    """Return the least of several times of the processor, for other work slows its memory down."""
    least = 60.0
    for _ in range(times):
        start = time.thread_time()
        apply(text)
        least = min(least, time.thread_time() - start)
    return least


def is_slow(apply: Callable[[str], object], before: str, piece: str, longest: int = LONGEST) -> bool:
    """Return whether the time for a text of up to `longest` more than doubles when it gets twice as long."""

    def text(length: int) -> str:
        return before + piece * (length // len(piece)) + "\x01"

    def grows(length: int) -> bool:
        times = [seconds(apply, text(part), 5) for part in (length, length // 2, length // 4)]
        return times[0] > 3 * times[1] > 9 * times[2]

    length = 1 << 10
    now = seconds(apply, text(length))
    while length < longest:
        # where nothing can be measured in a short text, a longer text shows more
        length, last = (length * 2, now) if now > MEASURABLE else (min(length * 8, longest), 0.0)
        now = seconds(apply, text(length))
        # a processor that becomes slower meanwhile looks alike, but not three times
        if last and now > 3 * last and all(grows(length) for _ in range(3)):
            return True
    return False


def test_every_pattern_of_the_package_is_known() -> None:
    assert [place for place in FOUND if isinstance(place, str)] == []
    assert len(USES) > 100


@pytest.mark.parametrize("longest", [QUICK, pytest.param(LONGEST, marks=pytest.mark.slow)], ids=["short", "long"])
@pytest.mark.parametrize("use", slow_but_every(3, USES), ids=lambda use: f"{use.place}-{use.method}")
def test_twice_the_text_takes_no_more_than_twice_the_time(use: Use, longest: int) -> None:
    apply = run_of(use)
    slow = next((pair for pair in pieces_of(use) if is_slow(apply, *pair, longest)), None)
    assert slow is None, use.pattern.pattern


def rows_of(text: str) -> None:
    """Read every row of a page that begins with an anchor."""
    page = page_rows(b"<a href='x'>" + text.encode())
    for row in page.rows if page is not None else ():
        row.file()


def advised(text: str) -> None:
    """Read a plain list of advisories."""
    with suppress(AdvisoryError):
        read_list(text + "\n", "list", AdvisoriesBuilder())


def required(text: str) -> None:
    """Read a requirements file."""
    with suppress(LockError):
        for _ in requirements("requirements.txt", text, every=True):
            pass


def selected(text: str) -> None:
    """Read a selector."""
    with suppress(SelectorError):
        parse_selector(text)


def purl_read(text: str) -> None:
    """Read a package URL."""
    with suppress(AdvisoryError):
        read_purl("pkg:pypi/a@1?" + text, "here")


READERS: tuple[Callable[[str], object], ...] = (
    *(clean, redact_text, redact_url, lambda text: redact_header("Link", text), quoted),
    *(parse_filename, has_key, filename_in, pypi_path_in, without_user, normalise, parse_version),
    *(lambda text: list(logical_lines(text)), lambda text: absolute_urls(text, text, "https://index.example/")),
    *(lambda text: header_fields(text.encode()), lambda text: parse_record(text.encode())),
    *(lambda text: parse_metadata(text.encode()), lambda text: list(tar_members(text.encode()))),
    *(rows_of, lambda text: quick_project(text.encode()), lambda text: stated_project(text.encode())),
    *(advised, required, selected, purl_read, lambda text: read_file_url(text, "here")),
    *(split_tagged, lambda text: hex_of("sha256", text), parse_codings),
)
PIECES = (
    *("a", "A", "0", " ", "\t", "\n", "\r", "\\\n", "@", ":", "/", "//", "://", "?", "#", "&", ";", "=", "%"),
    *("a:", "a:b@", "a@b", "a:b@c/", "https://a:b@c/", "https://", "a=b&", "?a=", "%40", "%2540", "***"),
    *("Bearer ", "token:", "eyJ", "x-amz-", "login a password ", "<", ">", "<a ", "<a href=", '<a href="'),
    *("<a href='x'", '"', "'", "[", "]", "a-", "-", ".", "1.", "a,sha256=b,\n", ",", "Name: x\n", "Name:"),
    *("--hash=", " --hash", "\x00", "é", "(", "{", "user:pa/", "$", "${A}", "../", "\\", "|", "!", "~", ">=1,"),
    *("a;", "egg=", "sha256:", "\u202e", "&amp;", "&#"),
)
"""What hostile text repeats."""


@pytest.mark.slow
@pytest.mark.parametrize("number", range(len(READERS)))
def test_no_reader_of_text_takes_more_than_twice_the_time_for_twice_the_text(number: int) -> None:
    before = ("", "https://a", "a", "'", "Bearer ")
    pairs = itertools.product(before, PIECES)
    slow = next((pair for pair in pairs if is_slow(READERS[number], *pair)), None)
    assert slow is None
