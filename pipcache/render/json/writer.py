"""How a document is written: without secrets, in ASCII, record by record.

The text is that of ``json.dumps`` with ``indent=1``. Where that indents, its encoder is written in Python, and
takes longer than everything else in a long answer.
"""

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import lru_cache
from json.encoder import encode_basestring_ascii
from typing import Generic, TypeVar

from pipcache.util.untrusted import redact_text

T = TypeVar("T")

S = TypeVar("S")


class Records(Generic[T]):
    """A list of records in a document, each of which is made when it is written, and is not kept."""

    __slots__ = ("_items", "_make")

    def __init__(self, make: Callable[[S], T], items: Collection[S]) -> None:
        """Make the list.

        Args:
            make: makes a record.
            items: what the records are made of.
        """
        self._make: Callable[[S], T] = make
        self._items = items

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[T]:
        return map(self._make, self._items)


def dump(document: Mapping[str, object]) -> str:
    """Return a document as JSON text without secrets, ASCII only: no terminal and no log can be misled by it."""
    return "".join(pieces(document))


def line_of(record: Mapping[str, object]) -> str:
    """Return a record as JSON text on one line; otherwise as ``dump``."""
    return _text(record, "", is_path=False)


def pieces(document: Mapping[str, object]) -> Iterator[str]:
    """Yield the text of a document as ``dump`` has it, a record at a time."""
    return _pieces(document, _LINE)


_LINE = "\n"

_PATHS = frozenset({"path", "files", "empty_folders", "saved", "uri"})
"""Keys of paths on this disk: whoever is to find the files needs them as they are."""


def _pieces(value: object, line: str) -> Iterator[str]:
    """Yield the text of a value of a document; only what is in a record or a plain list is yielded whole.

    Args:
        value: the value.
        line: the end of a line, with the blanks before what closes the value.
    """
    inner = line + " "
    if isinstance(value, Mapping) and value:
        start = "{"
        for name, each, is_path in _fields(value):
            yield f"{start}{inner}{name}: "
            if is_path:
                yield _text(each, inner, is_path=True)
            else:
                yield from _pieces(each, inner)
            start = ","
        yield line + "}"
    elif isinstance(value, Records) and len(value):
        start = "["
        for record in value:
            yield f"{start}{inner}{_text(record, inner, is_path=False)}"
            start = ","
        yield line + "]"
    else:
        yield _text(value, line, is_path=False)


def _text(value: object, line: str, *, is_path: bool) -> str:
    """Return a value as JSON text.

    Args:
        value: the value.
        line: the end of a line, with the blanks before what closes the value; empty for everything on one line.
        is_path: the texts in it are paths, which hide nothing.
    """
    if type(value) is str:
        return _quoted(value) if is_path else _shown(value)
    if value is None:
        return "null"
    inner = line and line + " "
    between = "," + (inner or " ")
    if isinstance(value, (list, tuple, Records)):
        texts = [_text(each, inner, is_path=is_path) for each in value]
        return f"[{inner}{between.join(texts)}{line}]" if texts else "[]"
    if isinstance(value, (dict, Mapping)):
        fields = [(_quoted(name), each, True) for name, each in value.items()] if is_path else _fields(value)
        texts = [f"{name}: {_text(each, inner, is_path=keeps)}" for name, each, keeps in fields]
        return f"{{{inner}{between.join(texts)}{line}}}" if texts else "{}"
    if isinstance(value, str):
        return _quoted(value) if is_path else _shown(value)
    return str(value) if type(value) is int else json.dumps(value)


def _fields(record: Mapping[str, object]) -> Collection[tuple[str, object, bool]]:
    """Return the fields of a record: the name as JSON text, the value, and whether it is a path or several.

    Of names that are the same without their secrets, the last counts.
    """
    names = _names(tuple(record))
    fields = [
        (name, each, is_path and not _holds_records(each))
        for (name, is_path), each in zip(names, record.values(), strict=True)
    ]
    by_name = {field[0]: field for field in fields} if len({name for name, _ in names}) < len(names) else None
    return fields if by_name is None else by_name.values()


@lru_cache(maxsize=256)
def _names(names: tuple[str, ...]) -> tuple[tuple[str, bool], ...]:
    """Return the names of a record's fields as JSON text, each with whether its value is a path or several."""
    return tuple((_quoted(name) if name in _PATHS else _shown(name), name in _PATHS) for name in names)


def _holds_records(value: object) -> bool:
    if isinstance(value, Records):
        return True
    return isinstance(value, (list, tuple)) and any(isinstance(each, Mapping) for each in value)


def _shown(text: str) -> str:
    """Return a text without secrets as JSON text."""
    return _shown_short(text) if len(text) <= _SHORT else _quoted(redact_text(text))


_SHORT = 100
"""Characters of a text that may well come again: names, versions, the names of fields."""


@lru_cache(maxsize=4096)
def _shown_short(text: str) -> str:
    return _quoted(redact_text(text))


def _quoted(text: str) -> str:
    return encode_basestring_ascii(text).replace("\x7f", "\\u007f")
