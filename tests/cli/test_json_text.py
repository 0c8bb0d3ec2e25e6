"""The text of a document is that of the standard library, without secrets, whatever is in it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from hypothesis import example, given, strategies as st

from pipcache.inventory.artifact import Kind
from pipcache.render.json.writer import Records, dump, line_of, pieces
from pipcache.util.untrusted import redact_text

if TYPE_CHECKING:
    from collections.abc import Iterator

PATHS = ("path", "files", "empty_folders", "saved", "uri")
SECRET = "https://user:password@host.example/simple/?token=abc"
TEXTS = st.text(max_size=8) | st.sampled_from(["\x7f", "\x1b[31m", "\ud800", "é", SECRET, f"{'x' * 200} {SECRET}"])
NAMES = st.sampled_from([*PATHS, "name", SECRET, "https://other:password@host.example/simple/?token=abc"]) | TEXTS
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS | st.sampled_from(Kind),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(NAMES, inner, max_size=4)
    ),
    max_leaves=20,
)


def redacted(value: object) -> object:
    """A value without the secrets in its texts, but for those of paths."""
    if isinstance(value, str):
        return redact_text(value)
    if isinstance(value, Mapping):
        return {
            name if name in PATHS else redact_text(name): each if is_path(name, each) else redacted(each)
            for name, each in value.items()
        }
    return [redacted(each) for each in value] if isinstance(value, (list, tuple)) else value


def is_path(name: str, value: object) -> bool:
    """Whether a field holds paths, and no records."""
    has_records = isinstance(value, (list, tuple)) and any(isinstance(each, Mapping) for each in value)
    return name in PATHS and not has_records


@given(st.dictionaries(NAMES, VALUES, max_size=5))
@example({})
@example({"100%s": "%d", "%(name)s%%": [{"%": None}], "true": True, "text": Kind.WHEEL})
@example({"files": [{"path": SECRET, "url": SECRET}], "path": {"url": SECRET}, "empty": [[], {}, ()]})
def test_the_text_is_that_of_the_standard_library(document: dict[str, object]) -> None:
    expected = json.dumps(redacted(document), indent=1).replace("\x7f", "\\u007f")
    assert dump(document) == expected
    assert dump(MappingProxyType(document)) == expected
    assert line_of(document) == json.dumps(redacted(document)).replace("\x7f", "\\u007f")


@given(st.lists(st.dictionaries(NAMES, VALUES, max_size=3), max_size=5))
def test_records_are_written_like_a_list(records: list[dict[str, object]]) -> None:
    def made(number: int) -> dict[str, object]:
        return records[number]

    lazy: Records[dict[str, object]] = Records(made, range(len(records)))
    long = Records(lambda records: {"records": records}, [lazy], are_long=True)
    plain = {"records": lazy}, {"plan": {"records": lazy}, "after": 1}, {"caches": [{"records": lazy}]}
    for document in (*plain, {"caches": long}):
        whole = json.loads(json.dumps(document, default=list))
        assert json.loads(dump(document)) == json.loads(dump(whole))
    assert dump({"records": lazy, "files": lazy}) == dump({"records": records, "files": records}) or not records


def test_a_record_is_made_when_it_is_written_and_none_before() -> None:
    made: list[int] = []

    def record(number: int) -> dict[str, int]:
        made.append(number)
        return {"number": number}

    text: Iterator[str] = pieces({"before": "a text", "records": Records(record, range(3)), "after": 1})
    for piece in text:
        if '"number": 1' in piece:
            break
    assert made == [0, 1]
    assert "after" in "".join(text)
    assert made == [0, 1, 2]


def test_of_a_long_record_each_record_in_it_is_made_when_it_is_written() -> None:
    made: list[int] = []

    def record(number: int) -> dict[str, int]:
        made.append(number)
        return {"number": number}

    long = Records(lambda count: {"hits": Records(record, range(count))}, [3], are_long=True)
    text: Iterator[str] = pieces({"caches": long})
    assert any('"number": 0' in piece for piece in text)
    assert made == [0]
    assert json.loads(dump({"caches": long})) == {
        "caches": [{"hits": [{"number": 0}, {"number": 1}, {"number": 2}]}]
    }
