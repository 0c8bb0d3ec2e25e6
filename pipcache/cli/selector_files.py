"""Files of selectors: the option ``-r`` of ``remove``."""

import re

import click

from pipcache.cli.options import selector_of
from pipcache.errors import ErrorKind, FileRefused
from pipcache.query.selector import Selector, SelectorError


class BadSelectors(FileRefused):
    """A file given with -r holds something that is no selector, or cannot be read."""

    kind = ErrorKind.BAD_SELECTORS


def read_selectors(path: str) -> list[Selector]:
    """Return the selectors of a file, one a line, ``#`` and what follows aside; ``-`` is standard input.

    Raises:
        BadSelectors: it cannot be read, holds none, or a line is none; each such line is named.
    """
    name = "standard input" if path == "-" else path
    try:
        with click.open_file(path, encoding="utf-8-sig") as file:
            lines = file.read().split("\n")  # which is all that ends a line; a comment may hold the rest
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise BadSelectors(f"Selectors cannot be read from {name}: {reason}.", path, state=_STATE) from None
    selectors, wrong = [], []
    for number, line in enumerate(lines, 1):
        # a # within a URL begins its fragment, not a comment
        text = re.sub(r"(^|\s)#.*", "", line).strip()
        if not text:
            continue
        try:
            selectors.append(selector_of(text))
        except SelectorError as error:
            wrong.append(f"{name}, line {number}: {error}")
    if wrong:
        raise BadSelectors("; ".join(wrong), path, state=_STATE)
    if not selectors:
        raise BadSelectors(f"There is no selector in {name}; one a line was expected.", path, state=_STATE)
    return selectors


_STATE = "Nothing was removed."
