"""Lists of SHA-256 digests, as ``sha256sum`` writes and checks them."""

import os
import re
from collections.abc import Iterator

from pipcache.locks.model import LockError, Pin
from pipcache.util.filenames import normalise, parse_filename
from pipcache.util.textfile import MOST_LINES, has_too_many_lines
from pipcache.util.untrusted import quoted

_LINE = re.compile(r"([0-9a-fA-F]{64}) [ *]([^\s].*)")


def has_sums(text: str) -> bool:
    """Return whether the first line of a text that is no comment is one of ``sha256sum``."""
    lines = (line.strip() for line in text[:_BEGINNING].split("\n"))
    first = next((line for line in lines if line and not line.startswith("#")), "")
    return _LINE.fullmatch(first) is not None


_BEGINNING = 64 << 10


def sums(path: str, text: str) -> Iterator[Pin]:
    """Yield the pins of a list of digests: of its wheels and sdists, wherever their folders are.

    Raises:
        LockError: a line is no digest with the name of a file, or there are too many lines.
    """
    if has_too_many_lines(text):
        too_many = f"more than {MOST_LINES:,} lines; fewer were expected"
        raise LockError(f"{path} cannot be read: too much in it: {too_many}")
    for number, line in enumerate(text.split("\n"), 1):
        if not (stripped := line.strip()) or stripped.startswith("#"):
            continue
        if (match := _LINE.fullmatch(stripped)) is None:
            expected = "64 hex digits, two spaces and the name of a file were expected"
            raise LockError(f"{path}, line {number}: {quoted(stripped)} is no line of sha256sum; {expected}")
        filename = re.split(r"[/\\]", match[2])[-1]
        parsed = parse_filename(filename)
        if parsed is not None:
            digests = (("sha256", match[1].lower()),)
            source = os.path.basename(path)
            yield Pin(source, normalise(parsed.project), parsed.version, filename, None, None, digests)
