"""A table from outside gives values of the expected type, and names the place of any other."""

from __future__ import annotations

import pytest

from pipcache.util.untrusted import Table, TableError, quoted

TABLE = Table(
    {
        "name": "a",
        "none": None,
        "number": 1,
        "empty": "",
        "rows": [{"inner": {"name": 2}}, {}],
        "texts": ["a", "b"],
        "mixed": ["a", " "],
        "table": {"key": "value"},
    },
    "a.json, record 1",
)


def test_values_have_the_type_that_is_asked_for() -> None:
    assert TABLE.text("name") == "a"
    assert TABLE.texts("texts") == ["a", "b"]
    assert TABLE.table("table").values == {"key": "value"}
    assert [row.values for row in TABLE.tables("rows")] == [{"inner": {"name": 2}}, {}]


@pytest.mark.parametrize("key", ["none", "missing"])
def test_what_is_null_or_missing_is_empty(key: str) -> None:
    assert (TABLE.text(key), TABLE.texts(key), TABLE.rows(key), TABLE.tables(key)) == ("", [], [], [])
    assert (TABLE.table(key).values, TABLE.text_or_none(key)) == ({}, None)


@pytest.mark.parametrize("key", ["number", "empty", "rows", "table"])
def test_text_can_be_asked_for_where_anything_is_allowed(key: str) -> None:
    assert TABLE.text_or_none(key) is None
    assert TABLE.text_or_none("name") == "a"


def test_errors_name_the_record_and_the_keys() -> None:
    with pytest.raises(TableError, match=r"^a\.json, record 1: number is a value of type int; text was expected$"):
        TABLE.text("number")
    with pytest.raises(TableError, match=r"^a\.json, record 1: rows\[0\]\.inner\.name is a value of type int;"):
        TABLE.tables("rows")[0].table("inner").text("name")
    with pytest.raises(TableError, match=r"^a\.json, record 1: name is 'a'; a list was expected$"):
        TABLE.tables("name")
    with pytest.raises(TableError, match=r"^a\.json, record 1: texts\[0\] is 'a'; a table was expected$"):
        TABLE.tables("texts")
    with pytest.raises(TableError, match=r"^a\.json, record 1: name is 'a'; a table was expected$"):
        TABLE.table("name")
    with pytest.raises(TableError, match=r"^a\.json, record 1: mixed holds ' '; text was expected$"):
        TABLE.texts("mixed")
    with pytest.raises(TableError, match=r"^a\.json, record 1 is a value of type list; a table was expected$"):
        Table([], "a.json, record 1")


def test_unknown_keys_are_refused_with_the_known_ones() -> None:
    TABLE.table("table").check_keys({"key", "other"})
    with pytest.raises(TableError, match=r"^a\.json, record 1: table has the unknown key 'key'; a, b were"):
        TABLE.table("table").check_keys({"b", "a"})


def test_a_quoted_value_is_short_and_harmless() -> None:
    assert quoted("a\x1b[31m") == r"'a\x1b[31m'"
    assert quoted("https://user:hunter2@host.example/") == "'https://***@host.example/'"
    assert len(quoted("a" * 5000)) == 101
    assert quoted(["a"]) == "a value of type list"
