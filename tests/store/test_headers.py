"""Headers of stored responses: what many have in common is kept once, and each has its own values."""

from __future__ import annotations

import sys

import pytest
from hypothesis import given, strategies as st

from pipcache.store.headers import pack_headers

NAMES = ("content-type", "etag", "server")
TEXTS = st.text(st.sampled_from("ab\0é\n")) | st.sampled_from(["", "\0", "text/html"])


@given(st.lists(st.dictionaries(st.sampled_from(["a", "b", "c", "d"]), TEXTS), max_size=20))
def test_each_response_has_its_own_values_whatever_others_have(responses: list[dict[str, str]]) -> None:
    packed = [pack_headers(tuple(headers), tuple(headers.values())) for headers in responses]
    for headers, small in zip(responses, packed, strict=True):
        assert small == headers
        assert list(small.items()) == list(headers.items())
        assert len(small) == len(headers)
        for name in ("a", "b", "c", "d", "e"):
            assert (name in small) is (name in headers)
            assert small.get(name) == headers.get(name)
            assert small.get(name, "default") == headers.get(name, "default")


def test_a_header_that_is_not_there_has_no_value() -> None:
    headers = pack_headers(NAMES, ("text/html", '"1"', "x"))
    with pytest.raises(KeyError):
        headers["date"]
    assert headers.get("date") is None


def test_a_response_like_others_takes_little_memory() -> None:
    names = tuple(f"x-header-{number}" for number in range(30))
    values = tuple(f"the value {number} of every response" for number in range(30))
    pack_headers(names, values)
    small = pack_headers(names, (*values[:-1], "of this one"))
    assert small[names[-1]] == "of this one"
    own = sum(map(sys.getsizeof, (small, *(getattr(small, name) for name in ("_own",)))))
    assert own < 300 < sum(map(sys.getsizeof, values))
