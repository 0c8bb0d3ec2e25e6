"""Lines broken between words at the width of a terminal."""

import re
from collections.abc import Iterable, Iterator

_STYLE = re.compile(r"\x1b\[[0-9;]*m")

_WORD = (
    r"\s*+(?:\(?pipcache (?:audit|clear|dir|info|list|prune|remove|show|verify)\b[^()]*\)?"
    r"|'pipcache [^']*'\S*|\S+)"
)
"""A word, or a command, which is to be copied in one piece."""

_WHOLE = ("  Cure: ", "Cure of all: ", "  file  ")
"""How lines begin that hold a command or a path, to be copied."""


def fit(lines: Iterable[str], columns: int) -> Iterator[str]:
    """Yield ``lines`` broken between words at a terminal's width; commands and paths are not broken."""
    for line in lines:
        if line.startswith(_WHOLE):
            yield line
        else:
            yield from fit_line(line, columns, len(line) - len(line.lstrip()) + 2)


def fit_line(line: str, columns: int, hang: int) -> Iterator[str]:
    """Yield a line broken between words; a word that is too long stays whole, on a line of its own.

    Args:
        line: the text, which may hold the styles of a terminal.
        columns: the width of the terminal.
        hang: the blanks before each part but the first; what stands within them, a label, has no line of its own.
    """
    part, size = "", 0
    for word in re.findall(_WORD, line.rstrip()):
        length = len(_STYLE.sub("", word))
        if size + length > columns and size > hang:
            yield part
            part, size = " " * hang, hang
            word = word.lstrip()  # noqa: PLW2901 - the blanks before it are the end of the line
            length = len(_STYLE.sub("", word))
        part, size = part + word, size + length
    yield part + line[len(line.rstrip()) :]
