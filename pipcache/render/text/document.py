"""Markdown as a terminal shows it."""

import re
from collections.abc import Iterator
from operator import attrgetter
from typing import IO

from rich.box import SIMPLE
from rich.console import Console, ConsoleOptions, RenderResult
from rich.markdown import CodeBlock, Heading, Markdown, TableElement
from rich.padding import Padding
from rich.table import Table
from rich.text import Text
from rich.theme import Theme

from pipcache.render.console import rich_console

# rich's own have backgrounds, which are hard to read on some terminals
_THEME = Theme(
    {"markdown.code": "cyan", "markdown.item.bullet": "none", "markdown.table.header": "bold"}
    | dict.fromkeys(("markdown.h1", "markdown.h2", "markdown.h3", "markdown.h4"), "bold")
)

_COLUMN_GAP = 2

_NARROW = 60
"""Columns; a table whose cells need several lines is hard to read on a terminal that has fewer."""

_REFERENCE = re.compile(r"\[([^\[\]]{1,99})\]\([\w/-]{1,99}\.md\)")
"""A link to another document; a terminal has no use for its target."""

_COMMENT = re.compile(r"^<!--.*?-->\n", re.MULTILINE | re.DOTALL)


def render_markdown(text: str, stream: IO[str]) -> str:
    """Return Markdown as the terminal ``stream`` shows it: broken between words, in colour where it has it."""
    console = rich_console(stream)
    with console.use_theme(_THEME), console.capture() as capture:
        console.print(_Document(_REFERENCE.sub(r"\1", _COMMENT.sub("", text)), hyperlinks=False), crop=False)
    # rich fills lines with blanks up to the width, and its bullet is not ASCII
    return "\n".join(line.rstrip() for line in capture.get().replace("\u2022", "-").split("\n"))


class _Heading(Heading):
    """A heading at the left margin."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield self.text


class _CodeBlock(CodeBlock):
    """Code as it is typed: no line is broken, so that it can be copied."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for line in str(self.text).rstrip().split("\n"):
            yield Text(f"    {line}", no_wrap=True, overflow="ignore")


class _Table(TableElement):
    """A table; where a column would be too narrow for its words, each row is a small list instead."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        head = [cell.content for cell in self.header.row.cells] if self.header and self.header.row else []
        rows = [[cell.content for cell in row.cells] for row in self.body.rows] if self.body else []
        columns = list(zip(head, *rows, strict=True))
        needed, whole = (
            sum(max(map(size, column)) + _COLUMN_GAP for column in columns) + len(columns)
            for size in (_longest_word, attrgetter("cell_len"))
        )
        is_broken = whole > options.max_width
        if needed > options.max_width or (is_broken and options.max_width < _NARROW):
            yield from _as_list(head, rows)
            return
        table = Table(box=SIMPLE if is_broken else None, padding=(0, _COLUMN_GAP, 0, 0), show_lines=is_broken)
        for column in columns:
            table.add_column(column[0], min_width=max(map(_longest_word, column)))
        for row in rows:
            table.add_row(*row)
        yield table


def _longest_word(text: Text) -> int:
    return max(map(len, text.plain.split()), default=1)


def _as_list(head: list[Text], rows: list[list[Text]]) -> Iterator[Text | Padding]:
    for first, *others in rows:
        yield first
        for name, cell in zip(head[1:], others, strict=True):
            yield Padding(Text.assemble(name, ": ", cell), (0, 0, 0, 2))
        yield Text()


class _Document(Markdown):
    """A document, with the elements above."""

    elements = Markdown.elements | {
        "heading_open": _Heading,
        "fence": _CodeBlock,
        "code_block": _CodeBlock,
        "table_open": _Table,
    }
