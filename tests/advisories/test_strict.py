"""JSON and YAML are read strictly: what no advisory needs is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pipcache.advisories.model import AdvisoryError, Range
from tests.support.advisory_samples import CTX_YAML, by_name

if TYPE_CHECKING:
    from tests.support.advisory_samples import Read


def test_yaml_is_read_as_text(read: Read) -> None:
    advisories = read("PYSEC-2022-199.yaml", CTX_YAML)
    assert by_name(advisories) == [("ctx", ("0.1.2-1", "0.1.2-2", "1.10", "0.2"))]


def test_null_in_yaml_withdraws_nothing(read: Read) -> None:
    assert by_name(read("a.yaml", CTX_YAML + "withdrawn: null\naliases: ~\n"))
    advisories = read("b.yaml", CTX_YAML + "withdrawn: 2022-06-01T00:00:00Z\n")
    assert (advisories.indicators, advisories.withdrawn, advisories.records) == ((), ("PYSEC-2022-199",), 1)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("id: &a x\naffected: [*a]\n", "line 1: an anchor"),
        ("id: x\naffected: [*a]\n", "line 2: an anchor or alias"),
        ("id: !!python/object:os.system x\n", "line 1: the tag"),
        ("id: x\nid: y\n", "line 2: the key 'id' stands twice"),
        ("? [a]\n: b\n", "line 1: a key"),
        ("id: x\n\taffected: []\n", "line 2: no YAML"),
        ("id: x\naffected: \0\n", "no YAML"),
        ("[" * 300 + "]" * 300 + "\n", "nested too deeply"),
        ("- 1\n", "an OSV record was expected"),
        ("just words\n", "an OSV record was expected"),
        ("---\n...\n", "says nothing"),
        (CTX_YAML[:-1], "ends within a line"),
    ],
)
def test_yaml_that_is_damaged_says_nothing(read: Read, text: str, says: str) -> None:
    with pytest.raises(AdvisoryError, match=says):
        read("a.yaml", text)


def test_yaml_that_has_lost_its_end_does_not_open_a_range(read: Read) -> None:
    spans = "  ranges:\n  - type: ECOSYSTEM\n    events:\n    - introduced: '0'\n"
    head = "id: A-1\naffected:\n- package: {name: a, ecosystem: PyPI}\n"
    end = "    - fixed: '2.0'\nmodified: 2026-01-01T00:00:00Z\n"
    (indicator,) = read("a.yaml", head + spans + end).indicators
    assert indicator.ranges == (Range((("introduced", "0"), ("fixed", "2.0"))),)
    with pytest.raises(AdvisoryError, match="may be cut off"):
        read("a.yaml", head + spans)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ('{"id": "a", "affected": [], "affected": []}', "'affected' stands twice"),
        ('{"id": "a", "affected": [', "line 1: no JSON"),
        ('{"id": "a",\n"affected": [}', "line 2: no JSON"),
        ('{"id": NaN}', "NaN"),
        ('{"id": ' + "1" * 5000 + "}", "digits"),
        ("[" * 100_000, "nested too deeply"),
        ('{"id": "a"} [1]', "objects were expected"),
        (b"\xff\xfe{\0}", "UTF-8"),
        (b"\xff\xfe{\0}\0", "is empty"),
        (b"", "says nothing"),
        (b"\0\0\0", "says nothing|no JSON"),
        ('{"id": "a", "affected": []}\n{"id": NaN}', "record 2: NaN is no JSON"),
        ('{"id": "a", "affected": []}\n{"id": "b", "id": "c"}', "record 2: the key 'id' stands twice"),
    ],
)
def test_json_that_is_damaged_says_nothing(read: Read, content: str | bytes, says: str) -> None:
    with pytest.raises(AdvisoryError, match=says):
        read("a.json", content)
