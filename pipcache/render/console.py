"""Standard streams, colour and width."""

import io
import os
import sys
from collections.abc import Iterable
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

from pipcache.util.untrusted import redact_text


def prepare_streams() -> None:
    """Let nothing break the output: what a stream's encoding lacks is written as an escape, and all is written."""
    # a stream that was closed by the caller (>&-) is None
    sys.stdout = sys.stdout or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - open to the end
    sys.stderr = sys.stderr or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - open to the end
    raw = getattr(sys.stdout, "buffer", None) if sys.stdout is sys.__stdout__ else None
    if isinstance(raw, io.RawIOBase):
        # PYTHONUNBUFFERED, which many containers set: what the system does not take of a text would be lost
        is_watched, encoding = is_terminal(sys.stdout), sys.stdout.encoding
        sys.stdout = io.TextIOWrapper(_Buffer(raw), encoding, line_buffering=is_watched)
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")
    _begun.clear()


class _Buffer(io.BufferedWriter):
    """A buffer for a raw stream, which it leaves open: that is another's to close."""

    def close(self) -> None:
        if not self.closed:
            self.flush()


_begun: list[bool] = []
"""Holds something once this run has begun to write its answer."""


def print_answer(text: str | Iterable[str]) -> None:
    """Print the text of an answer, or its pieces one after the other, or a line of one that is still being made.

    The reader has it then: what is said next comes after it.
    """
    _begun.append(True)
    sys.stdout.writelines((text,) if isinstance(text, str) else text)
    sys.stdout.write("\n")
    sys.stdout.flush()


def is_answer_begun() -> bool:
    """True once this run has begun to write its answer, so that no other document may follow."""
    return bool(_begun)


def as_written(text: str, stream: IO[str]) -> str:
    """Return a text as a stream shows it: with escapes for the characters that its encoding lacks."""
    encoding = getattr(stream, "encoding", None) or "ascii"
    try:
        return text.encode(encoding, "backslashreplace").decode(encoding)
    except LookupError:
        return text


def is_terminal(stream: IO[str]) -> bool:
    """True when a person reads the stream."""
    try:
        return stream.isatty()
    except ValueError:
        return False


def wants_colour(stream: IO[str]) -> bool:
    """True for a terminal that shows colour and a person who did not refuse it (NO_COLOR)."""
    return is_terminal(stream) and not os.environ.get("NO_COLOR") and not is_dumb_terminal()


def is_dumb_terminal() -> bool:
    """True where a terminal can show no colour and draw no bar, or nobody knows what it can; as for rich."""
    return os.environ.get("TERM", "").lower() in {"dumb", "unknown"}


_CODES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}


def styled(text: str, style: str, *, colour: bool) -> str:
    """Return ``text`` in a terminal's ``style``, or as it is."""
    return f"\x1b[{_CODES[style]}m{text}\x1b[0m" if colour and text else text


def width() -> int:
    """Return the terminal's width in columns; that of standard error where standard output is none."""
    return max(20, _terminal_size()[0])


def height() -> int:
    """Return the terminal's height in lines."""
    return _terminal_size()[1]


def _terminal_size() -> tuple[int, int]:
    from shutil import get_terminal_size  # a pipe has no size

    try:
        columns, lines = os.get_terminal_size(sys.stderr.fileno())
    except (OSError, ValueError):
        columns, lines = 0, 0
    return get_terminal_size((columns or _COLUMNS, lines or _HEIGHT))


_COLUMNS = 80
"""The width where there is no terminal."""


def rich_console(stream: IO[str]) -> "Console":
    """Return rich's writer for a terminal, with the terminal's size: rich takes a dumb one for 80 columns wide."""
    from rich.console import Console  # costs more than everything else a piped list does

    return Console(
        file=stream,
        width=width(),
        height=_HEIGHT,
        highlight=False,
        color_system="auto" if wants_colour(stream) else None,
    )


_HEIGHT = 25
"""Lines; nothing that is printed depends on them, but rich looks at a width only beside a height."""


def fitted(text: str, stream: IO[str]) -> str:
    """Return prose as a stream is to have it: broken between words at a terminal's width, as it is for a pipe."""
    if not is_terminal(stream):
        return text
    from pipcache.render.text.wrap import fit  # only for a person

    return "\n".join(fit(text.split("\n"), width()))


def is_narrow(stream: IO[str]) -> bool:
    """True for a terminal that has no room for more than the columns that matter."""
    return is_terminal(stream) and width() < NARROW


NARROW = 60
"""Columns of a terminal that is not narrow."""


def say(message: str, end: str = "\n") -> None:
    """Print narration without secrets to standard error; where that cannot be written the work goes on."""
    try:
        sys.stderr.write(fitted(redact_text(message), sys.stderr) + end)
        sys.stderr.flush()
    except OSError:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - open to the end
