"""A wheel's METADATA and the ``.metadata`` file that an index serves beside it (PEP 658)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.archives import metadata
from tests.support.caches import FILE_HEADERS
from tests.support.hostile import INFO, WHEEL_NAME, content_of
from tests.support.judging import FILES, codes, listed, verified
from tests.support.refused_wheels import packed

if TYPE_CHECKING:
    from tests.support.caches import CacheBuilder

PLAIN = metadata("foo", "1.0", requires=["bar>=1.0,<2", 'baz; extra == "x"']).replace(
    b"Summary", b"Requires-Python: >=3.8\nProvides-Extra: x\nProvides-Extra: y\nSummary"
)
WHEEL = packed({**content_of(), f"{INFO}/METADATA": PLAIN})


def codes_beside(builder: CacheBuilder, side: bytes, *, url: str = FILES + WHEEL_NAME) -> set[str]:
    """What is found in a wheel beside which this is cached."""
    key = listed(builder, WHEEL_NAME, WHEEL)
    builder.download(f"{url}.metadata", side, headers=FILE_HEADERS)
    (judgement,) = [
        candidate
        for candidate in verified(builder.root, thorough=True).judgements
        if candidate.artifact.key == key
    ]
    assert judgement.verdict == "verified"
    for finding in judgement.findings:
        assert "METADATA" in finding.by
        assert f"{WHEEL_NAME}.metadata" in finding.by
    return codes(judgement)


SAME = {
    "equal": PLAIN,
    "with lines of Windows": PLAIN.replace(b"\n", b"\r\n"),
    "without its description": PLAIN.partition(b"\n\n")[0] + b"\n",
    "with another summary": PLAIN.replace(b"A fixture", b"Another"),
    "with another version of metadata": PLAIN.replace(b"2.1", b"2.4"),
    "with a field more": PLAIN.replace(b"Summary", b"Author: me\nSummary"),
    "with requirements in another order": PLAIN.replace(
        b'Requires-Dist: bar>=1.0,<2\nRequires-Dist: baz; extra == "x"',
        b'Requires-Dist: baz; extra == "x"\nRequires-Dist: bar>=1.0,<2',
    ),
    "with specifiers in another order": PLAIN.replace(b"bar>=1.0,<2", b"bar (<2,>=1.0)"),
    "with other blanks": PLAIN.replace(b'baz; extra == "x"', b"baz;extra=='x'"),
    "with a requirement twice": PLAIN.replace(
        b"Requires-Dist: bar", b"Requires-Dist: bar>=1.0,<2\nRequires-Dist: bar"
    ),
    "with its name in another case": PLAIN.replace(b"Name: foo", b"Name: FOO"),
    "with its version in another spelling": PLAIN.replace(b"Version: 1.0\n", b"Version: 1.0.0\n"),
    "with a blank in Requires-Python": PLAIN.replace(b">=3.8", b">= 3.8"),
    "with extras in another order": PLAIN.replace(
        b"Provides-Extra: x\nProvides-Extra: y", b"Provides-Extra: y\nProvides-Extra: X"
    ),
}
DIFFERENT = {
    "another name": PLAIN.replace(b"Name: foo", b"Name: bar"),
    "another version": PLAIN.replace(b"Version: 1.0\n", b"Version: 1.1\n"),
    "a requirement less": PLAIN.replace(b"Requires-Dist: bar>=1.0,<2\n", b""),
    "a requirement more": PLAIN.replace(b"Summary", b"Requires-Dist: evil\nSummary"),
    "another specifier": PLAIN.replace(b"<2", b"<3"),
    "another marker": PLAIN.replace(b'"x"', b'"y"'),
    "no Requires-Python": PLAIN.replace(b"Requires-Python: >=3.8\n", b""),
    "another Requires-Python": PLAIN.replace(b">=3.8", b">=3.9"),
    "an extra less": PLAIN.replace(b"Provides-Extra: y\n", b""),
}


@pytest.mark.parametrize("what", SAME)
def test_what_makes_no_difference_to_pip_is_no_finding(what: str, builder: CacheBuilder) -> None:
    assert codes_beside(builder, SAME[what]) == set()


@pytest.mark.parametrize("what", DIFFERENT)
def test_what_pip_refuses_is_a_finding_that_names_both(what: str, builder: CacheBuilder) -> None:
    assert DIFFERENT[what] != PLAIN
    assert codes_beside(builder, DIFFERENT[what]) == {"PC509"}


def test_the_metadata_of_another_url_is_not_compared(builder: CacheBuilder) -> None:
    assert codes_beside(builder, DIFFERENT["another name"], url="https://other.example/" + WHEEL_NAME) == set()


@pytest.mark.parametrize("side", [b"", b"<html></html>", b"\x00\x01", b"Metadata-Version: 2.1\nName: \xff\n"])
def test_bytes_that_are_no_metadata_are_judged_by_themselves(side: bytes, builder: CacheBuilder) -> None:
    assert codes_beside(builder, side) <= {"PC509"}
    others = [
        judgement
        for judgement in verified(builder.root, thorough=True).judgements
        if judgement.artifact.kind != "page"
    ]
    assert any(
        judgement.findings or judgement.artifact.problem or judgement.artifact.kind == "other"
        for judgement in others
    )
