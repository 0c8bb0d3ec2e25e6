"""How a document is written: without secrets, in ASCII, record by record.

The text is that of ``json.dumps`` with ``indent=1``. Where that indents, its encoder is written in Python, and
takes longer than everything else in a long answer.
"""

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import lru_cache
from json.encoder import encode_basestring_ascii
from typing import Generic, NamedTuple, TypeVar

from pipcache.util.untrusted import redact_text

T = TypeVar("T")

S = TypeVar("S")


class Records(Generic[T]):
    """A list of records in a document, each of which is made when it is written, and is not kept."""

    __slots__ = ("_items", "_make", "are_long")

    def __init__(self, make: Callable[[S], T], items: Collection[S], *, are_long: bool = False) -> None:
        """Make the list.

        Args:
            make: makes a record.
            items: what the records are made of.
            are_long: the records hold lists of records themselves, and are written in pieces too.
        """
        self.are_long = are_long
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
            yield start + inner
            if value.are_long:
                yield from _pieces(record, inner)
            else:
                yield _text(record, inner, is_path=False)
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
    if isinstance(value, str):
        return _quoted(value) if is_path else _shown(value)
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if type(value) is dict and value:
        return _map_text(value, line, is_path=is_path)
    if isinstance(value, (list, tuple, Records)):
        if not len(value):
            return "[]"
        inner = line and line + " "
        between = "," + (inner or " ")
        texts = [
            _quoted(each)
            if is_path and type(each) is str
            else _map_text(each, inner, is_path=is_path)
            if not is_path and type(each) is dict and each
            else _text(each, inner, is_path=is_path)
            for each in value
        ]
        return f"[{inner}{between.join(texts)}{line}]"
    if isinstance(value, (dict, Mapping)):
        return _map_text(value, line, is_path=is_path) if value else "{}"
    return str(value) if type(value) is int else json.dumps(value)


def _map_text(record: Mapping[str, object], line: str, *, is_path: bool) -> str:
    """Return a map that is not empty as JSON text; the arguments are those of ``_text``."""
    inner = line and line + " "
    if is_path:
        fields: Collection[tuple[str, object, bool]] = [
            (_quoted(name), each, True) for name, each in record.items()
        ]
    elif (shape := _shape(tuple(record), line)) is not None:
        # most of a long answer comes this way: what takes no other call is told apart here
        values = [
            _shown_short(each)
            if (kind := type(each)) is str and not holds_paths and len(each) <= _SHORT  # type: ignore[arg-type]
            else "null"
            if each is None
            else each
            if kind is int
            else "true"
            if each is True
            else "false"
            if each is False
            else "[]"
            if kind is list and not each
            else "{}"
            if kind is dict and not each
            else _text(each, inner, is_path=holds_paths and not _holds_records(each))
            for each, holds_paths in zip(record.values(), shape.are_paths, strict=True)
        ]
        return shape.template % tuple(values)
    else:
        fields = _fields(record)
    between = "," + (inner or " ")
    texts = [f"{name}: {_text(each, inner, is_path=keeps)}" for name, each, keeps in fields]
    return f"{{{inner}{between.join(texts)}{line}}}"


class _Shape(NamedTuple):
    """What the texts of all records with the same fields share.

    Attributes:
        template: the text of the record, with a ``%s`` in the place of each value.
        are_paths: of each field, whether its value is a path or several.
    """

    template: str
    are_paths: tuple[bool, ...]


@lru_cache(maxsize=256)
def _shape(names: tuple[str, ...], line: str) -> _Shape | None:
    """Return what the texts of records with these fields share; None where two names are the same when shown."""
    shown = _names(names)
    if len({name for name, _ in shown}) < len(shown):
        return None
    inner = line and line + " "
    fields = ("," + (inner or " ")).join(name.replace("%", "%%") + ": %s" for name, _ in shown)
    return _Shape(f"{{{inner}{fields}{line}}}", tuple(is_path for _, is_path in shown))


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
    return isinstance(value, (list, tuple)) and any(
        type(each) is not str and isinstance(each, Mapping) for each in value
    )


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
