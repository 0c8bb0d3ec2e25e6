"""Read JSON and YAML strictly: a key that stands twice is an error, and so is all that no advisory needs."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NoReturn

from pipcache.advisories.model import AdvisoryError
from pipcache.util.budget import TooMuchInItError
from pipcache.util.untrusted import quoted

MOST_LEVELS = 200
"""Levels of lists and tables in a document; real ones have a tenth."""


MOST_PARTS = 10_000_000
"""Commas, and lists and objects, of a JSON file; a dump of 20,000 records has a third."""


def read_json(text: str, path: str) -> list[object]:
    """Return the documents of a JSON file: one, or one after the other (JSON lines).

    Raises:
        AdvisoryError: it is no JSON, is cut off, holds a key twice, or is nested too deeply.
    """
    _refuse_many_parts(text)
    documents: list[object] = []
    at = 0
    try:
        while (at := _behind_blank(text, at)) < len(text):
            document, at = _DECODER.raw_decode(text, at)
            documents.append(document)
    except json.JSONDecodeError as error:
        where = f"{path}, line {error.lineno}"
        raise AdvisoryError(f"{where}: no JSON: {error.msg}; the JSON of an advisory was expected") from None
    except RecursionError:
        raise AdvisoryError(f"{path} is nested too deeply; the JSON of an advisory was expected") from None
    except ValueError as error:  # of the two hooks, or a number longer than int() takes
        where = f"{path}, record {len(documents) + 1}" if documents else path
        raise AdvisoryError(f"{where}: {error}; the JSON of an advisory was expected") from None
    if len(documents) > 1 and not all(isinstance(document, dict) for document in documents):
        raise AdvisoryError(f"{path}: {len(documents)} values one after the other; objects were expected")
    return documents


_BLANK = re.compile(r"[ \t\r\n]*")


def _refuse_many_parts(text: str) -> None:
    if len(text) > MOST_PARTS and max(text.count(","), text.count("[") + text.count("{")) > MOST_PARTS:
        raise TooMuchInItError(f"more than {MOST_PARTS:,} parts of JSON")


def json_rows(text: str) -> Iterator[object]:
    """Yield the values of a JSON array, each as soon as it is read: together they take much memory.

    Raises:
        TooMuchInItError: it has more parts than are read.
        ValueError: it is no JSON, or no array alone; ``read_json`` says where.
        RecursionError: it is nested too deeply.
    """
    _refuse_many_parts(text)
    at = _behind_blank(text, 0)
    if text[at : at + 1] != "[":
        raise ValueError("it is no array")
    at = _behind_blank(text, at + 1)
    mark = text[at : at + 1]
    at += mark == "]"
    while mark != "]":
        value, at = _DECODER.raw_decode(text, at)
        yield value
        del value  # before the next is read
        at = _behind_blank(text, at)
        mark = text[at : at + 1]
        if mark not in {",", "]"}:
            raise ValueError("the array is broken")
        at = _behind_blank(text, at + 1)
    if _behind_blank(text, at) < len(text):
        raise ValueError("there is more than an array")


def _behind_blank(text: str, at: int) -> int:
    match = _BLANK.match(text, at)
    return at if match is None else match.end()


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    table = dict(pairs)
    if len(table) != len(pairs):
        keys = (key for key, _ in pairs)
        raise ValueError(f"the key {quoted(Counter(keys).most_common(1)[0][0])} stands twice in one object")
    return table


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


_DECODER = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_refuse_constant)


MOST_EVENTS = 500_000
"""Scalars, and ends of lists and tables, of a YAML file; a file of YAML is a record, or a few."""


def read_yaml(text: str, path: str) -> list[object]:
    """Return the documents of a YAML file: its scalars as text, and None for null or an empty value.

    Raises:
        AdvisoryError: it is no YAML, ends within a line, holds an anchor, an alias, a tag or a key twice, or
            is nested too deeply.
    """
    import yaml  # slow, and only for YAML

    if not text.endswith(("\n", "\r")):  # YAML has no end mark of its own
        raise AdvisoryError(f"{path} ends within a line: it is cut off; a line end was expected")
    loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
    try:
        return list(_documents(yaml.parse(text, Loader=loader), path))
    except yaml.MarkedYAMLError as error:
        mark: object = getattr(error.problem_mark, "line", None)
        line = f", line {mark + 1}" if isinstance(mark, int) else ""
        raise AdvisoryError(f"{path}{line}: no YAML: {error.problem}; YAML of an advisory was expected") from None
    except (yaml.YAMLError, UnicodeError) as error:
        why = str(error).partition("\n")[0]
        raise AdvisoryError(f"{path}: no YAML: {why}; YAML of an advisory was expected") from None


def _documents(events: Iterable[object], path: str) -> Iterator[object]:
    """Yield the documents that YAML's events build; without recursion, and without looking at what a tag means."""
    import yaml

    open_: list[tuple[dict[str, object] | list[object], list[str]]] = []  # with the key that waits for its value
    for number, event in enumerate(events):
        if number == MOST_EVENTS:
            raise TooMuchInItError(f"more than {MOST_EVENTS:,} parts of YAML")
        assert isinstance(event, yaml.Event)
        assert event.start_mark is not None
        where = f"{path}, line {event.start_mark.line + 1}"
        if isinstance(event, yaml.AliasEvent) or (isinstance(event, yaml.NodeEvent) and event.anchor):
            raise AdvisoryError(f"{where}: an anchor or alias; an advisory has none")
        if isinstance(event, (yaml.ScalarEvent, yaml.CollectionStartEvent)) and event.tag not in {None, "!"}:
            raise AdvisoryError(f"{where}: the tag {quoted(event.tag)}; an advisory has none")
        if isinstance(event, yaml.MappingStartEvent):
            open_.append(({}, []))
        elif isinstance(event, yaml.SequenceStartEvent):
            open_.append(([], []))
        elif isinstance(event, (yaml.ScalarEvent, yaml.CollectionEndEvent)):
            value = _scalar(event) if isinstance(event, yaml.ScalarEvent) else open_.pop()[0]
            if not open_:
                yield value
            else:
                _put(*open_[-1], value, where)
        if len(open_) > MOST_LEVELS:
            raise AdvisoryError(f"{where}: nested too deeply; an advisory was expected")


def _scalar(event: object) -> str | None:
    value: str = getattr(event, "value", "")
    is_plain = getattr(event, "style", None) in {None, ""}
    return None if is_plain and value in {"", "~", "null", "Null", "NULL"} else value


def _put(into: dict[str, object] | list[object], waiting: list[str], value: object, where: str) -> None:
    if isinstance(into, list):
        into.append(value)
    elif waiting:
        into[waiting.pop()] = value
    elif not isinstance(value, str):
        raise AdvisoryError(f"{where}: a key is {quoted(value)}; text was expected")
    elif value in into:
        raise AdvisoryError(f"{where}: the key {quoted(value)} stands twice; it was expected once")
    else:
        waiting.append(value)
