"""Metadata says what the email package reads."""

from __future__ import annotations

import email

import pytest
from hypothesis import given, strategies as st

from pipcache.archive.metadata import (
    Metadata,
    parse_metadata,
)
from tests.support.written_archives import laws

FIELD = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=20)


@laws
@given(FIELD, FIELD, st.none() | FIELD, st.none() | FIELD, st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_metadata_says_what_email_reads(
    name: str,
    version: str,
    summary: str | None,
    requires: str | None,
    end: str,
    bom: bool,  # noqa: FBT001
) -> None:
    lines = ["Metadata-Version: 2.1", f"Name: {name}", f"VERSION: {version}", "Classifier: a", "Classifier: b"]
    lines += [f"Summary: {summary}"] if summary is not None else []
    lines += [f"Requires-Python: {requires}"] if requires is not None else []
    text = end.join([*lines, "", "Name: of the description", ""])
    read = email.message_from_string(text)
    expected = Metadata(read["name"], read["version"], read["summary"], read["requires-python"])
    assert parse_metadata(("\ufeff" if bom else "").encode() + text.encode()) == expected


@pytest.mark.parametrize(
    "data", [b"", b"\0" * 100, b"hello", b"Name: foo\n", b"<html>", b"Name: foo\n\nVersion: 1\n"]
)
def test_what_names_no_project_is_no_metadata(data: bytes) -> None:
    assert parse_metadata(data) is None
