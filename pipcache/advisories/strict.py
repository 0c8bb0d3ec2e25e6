"""JSON and YAML read strictly: a duplicate key or a wrong type is an error."""

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import NoReturn

from pipcache.advisories.model import AdvisoryError
from pipcache.util.untrusted import told

MOST_LEVELS = 200
"""Levels of lists and tables in a document; real ones have a tenth."""


def read_json(text: str, path: str) -> list[object]:
    """Return the documents of a JSON file: one, or one after the other (JSON lines).

    Raises:
        AdvisoryError: it is none, is cut off, holds a key twice, or is nested too deeply.
    """
    decoder = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_no_number)
    documents: list[object] = []
    at = 0
    try:
        while (at := _NO_BLANK.match(text, at).end()) < len(text):  # type: ignore[union-attr]
            document, at = decoder.raw_decode(text, at)
            documents.append(document)
    except json.JSONDecodeError as error:
        where = f"{path}, line {error.lineno}"
        raise AdvisoryError(f"{where}: no JSON: {error.msg}; the JSON of an advisory was expected") from None
    except _TwiceError as error:
        where = f"{path}, record {len(documents) + 1}" if documents else path
        raise AdvisoryError(f"{where}: {error}; it was expected once") from None
    except RecursionError:
        raise AdvisoryError(f"{path} is nested too deeply; the JSON of an advisory was expected") from None
    except ValueError as error:  # a number longer than int() takes, or none
        line = text.count("\n", 0, at) + 1
        raise AdvisoryError(f"{path}, line {line} or below: {error}; a real number was expected") from None
    if len(documents) > 1 and not all(isinstance(document, dict) for document in documents):
        raise AdvisoryError(f"{path}: {len(documents)} values one after the other; objects were expected")
    return documents


_NO_BLANK = re.compile(r"[ \t\r\n]*")


class _TwiceError(ValueError):
    pass


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    table = dict(pairs)
    if len(table) != len(pairs):
        keys = [key for key, _ in pairs]
        raise _TwiceError(f"the key {told(max(table, key=keys.count))} stands twice in one object")
    return table


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def read_yaml(text: str, path: str) -> list[object]:
    """Return the documents of a YAML file: its scalars as text, what is null or left out as None.

    Raises:
        AdvisoryError: it is none, ends within a line, holds an anchor, an alias, a tag or a key twice, or
            is nested too deeply.
    """
    import yaml  # noqa: PLC0415 - slow, and only for YAML

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
    """Yield the documents that events tell of; without recursion, and never looking at what a tag means."""
    import yaml  # noqa: PLC0415 - as above

    open_: list[tuple[dict[str, object] | list[object], list[str]]] = []  # with the key that waits for its value
    for event in events:
        assert isinstance(event, yaml.Event)
        assert event.start_mark is not None
        where = f"{path}, line {event.start_mark.line + 1}"
        if isinstance(event, yaml.AliasEvent) or (isinstance(event, yaml.NodeEvent) and event.anchor):
            raise AdvisoryError(f"{where}: an anchor or alias; an advisory has none")
        if isinstance(event, (yaml.ScalarEvent, yaml.CollectionStartEvent)) and event.tag not in {None, "!"}:
            raise AdvisoryError(f"{where}: the tag {told(event.tag)}; an advisory has none")
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
        raise AdvisoryError(f"{where}: a key is {told(value)}; text was expected")
    elif value in into:
        raise AdvisoryError(f"{where}: the key {told(value)} stands twice; it was expected once")
    else:
        waiting.append(value)


def check_keys(table: Mapping[str, object], known: Collection[str], where: str) -> None:
    """Refuse keys that are not known: a damaged key would take back what it limits.

    Raises:
        AdvisoryError: there is one.
    """
    if unknown := sorted(table.keys() - known):
        expected = ", ".join(sorted(known))
        raise AdvisoryError(f"{where} has the unknown key {told(unknown[0])}; some of {expected} were expected")


def table_in(value: object, where: str) -> Mapping[str, object]:
    """Return a table; an empty one for None.

    Raises:
        AdvisoryError: it is something else.
    """
    if value is not None and not isinstance(value, dict):
        raise AdvisoryError(f"{where} is {told(value)}; an object was expected")
    return value or {}


def rows_in(value: object, where: str) -> list[object]:
    """Return a list; an empty one for None.

    Raises:
        AdvisoryError: it is something else.
    """
    if value is not None and not isinstance(value, list):
        raise AdvisoryError(f"{where} is {told(value)}; a list was expected")
    return value or []


def text_in(table: Mapping[str, object], key: str, where: str) -> str:
    """Return the text under a key; "" where it is left out or null.

    Raises:
        AdvisoryError: something else stands there.
    """
    value = table.get(key)
    if value is not None and not isinstance(value, str):
        raise AdvisoryError(f"{where}: {key} is {told(value)}; text was expected")
    return value or ""


def texts_in(value: object, where: str) -> list[str]:
    """Return a list of texts, none of them empty.

    Raises:
        AdvisoryError: it is something else.
    """
    texts = []
    for one in rows_in(value, where):
        if not isinstance(one, str) or not one.strip():
            raise AdvisoryError(f"{where} holds {told(one)}; text was expected")
        texts.append(one)
    return texts
