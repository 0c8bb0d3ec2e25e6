"""Every command line in every document is one that the program understands, read by the program's own parser."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from pipcache.cli.group import COMMANDS, App, cli
from tests.support.places import DOCS, README

ENDS = {"|", "||", "&&", "&", ";", ")", ">", ">>", "<", "2>"}
"""The words of a shell at which a command ends."""


def commands_in(shell: str) -> Iterator[list[str]]:
    """Yield the arguments of each call of pipcache in a piece of shell."""
    for inner in re.findall(r"\$\((pipcache [^)]*)\)", shell):
        yield shlex.split(inner)[1:]
    lexer = shlex.shlex(shell.replace("\\\n", " "), posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    words: list[str] | None = None
    for word in lexer:
        if words is not None and (word in ENDS or set(word) <= set("|&;<>()")):
            yield words
            words = None
        elif words is not None:
            words.append(word)
        elif word == "pipcache" or word.endswith("/bin/pipcache"):
            words = []
    if words is not None:
        yield words


def lines_in(block: str, language: str) -> Iterator[str]:
    """Yield the lines of a block of code in which calls may stand, without their prompts and keys."""
    joined = block.replace("\\\n", " ")
    for line in map(str.strip, joined.splitlines()):
        match language:
            case "console" if line.startswith("$ "):
                yield line[2:]
            case "sh":
                yield line
            case "yaml":
                yield re.sub(r"^(- )?(run|script): |^- ", "", line)
            case "dockerfile" if line.startswith("RUN ") or "pipcache" in line:
                yield line.removeprefix("RUN ")
            case "groovy" if match := re.search(r"sh '(.*)'$", line):
                yield match[1]
            case "crontab":
                yield line.split(None, 5)[5]
            case _:
                pass


def documented(path: Path) -> Iterator[tuple[str, list[str]]]:
    """Yield every call in a document, as it stands there and as arguments."""
    text = path.read_text(encoding="utf-8")
    for language, block in re.findall(r"^```(\w+)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE):
        for line in lines_in(block, language):
            yield from ((line, words) for words in commands_in(line))
    prose = re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)
    for span in re.findall(r"`(pipcache [^`]+)`", prose):
        # what stands for something else
        filled = span.replace("[CODES]", "PC2").replace("TIME", "3d")
        yield from ((span, words) for words in commands_in(filled))


CALLS = [
    (f"{path.stem}: {line}"[:120], words)
    for path in (README, *sorted(DOCS.glob("*.md")))
    for line, words in documented(path)
]


def test_there_are_calls_of_all_commands() -> None:
    assert len(CALLS) > 80
    assert {words[0] for _, words in CALLS if words} >= set(COMMANDS)


@pytest.mark.parametrize("words", [words for _, words in CALLS], ids=[name for name, _ in CALLS])
def test_the_program_understands_it(words: list[str]) -> None:
    read(words)


def read(words: list[str]) -> None:
    cli.main(args=words, prog_name="pipcache", standalone_mode=False, obj=App(is_trial=True))


@pytest.mark.parametrize(
    "words", [["list", "--nosuch"], ["frobnicate"], ["remove", "numpy=1.0"], ["help", "nosuch"]]
)
def test_a_wrong_line_would_be_seen(words: list[str]) -> None:
    with pytest.raises(click.UsageError):
        read(words)
