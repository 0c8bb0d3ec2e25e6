"""A pattern of ids that no record has looks for nothing, and no answer may look as if it had."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support import archives
from tests.support.audits import osv, put, write

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.caches import CacheBuilder
    from tests.support.program import Program


@pytest.fixture
def record(builder: CacheBuilder, tmp_path: Path) -> str:
    """A record of a bad wheel that is in the cache, with the id MAL-2099-1."""
    put(builder, archives.build_wheel("evil", "1.0"))
    return write(tmp_path, osv("evil", ["1.0"]))


@pytest.mark.parametrize("form", ["table", "json", "markdown", "sarif", "line"])
def test_a_pattern_without_a_record_is_never_clean(program: Program, record: str, form: str) -> None:
    ran = program("audit", "--advisory", record, "--only-ids", "MLA-*", "--format", form)
    assert ran.code == 3
    if form == "json":
        document = ran.document
        assert (document["answer"], document["complete"]) == ("unknown", False)
        assert document["unmatched_ids"] == ["MLA-*"]
        assert document["skipped_ids"] == document["records"] == 1
    elif form == "line":
        assert ran.out.startswith("unknown: ")
        assert "1 pattern of --only-ids without a record" in ran.out
    elif form == "sarif":
        (run,) = ran.document["runs"]
        assert run["properties"]["answer"] == "unknown"
        (notification,) = run["invocations"][0]["toolExecutionNotifications"]
        assert "MLA-*" in notification["message"]["text"]
    else:
        said = ran.out.replace("\\", "")
        assert "No record has an id like 'MLA-*' (--only-ids): correct the pattern" in said


def test_a_pattern_without_a_record_does_not_hide_what_another_finds(program: Program, record: str) -> None:
    patterns = ("--only-ids", "MAL-*", "--only-ids", "GHSA-?")
    assert program("audit", "--advisory", record, *patterns).code == 1
    assert program("audit", "--advisory", record, *patterns[:2]).code == 1
    assert program("audit", "evil==2", "--advisory", record, *patterns[2:]).code == 3


@pytest.mark.parametrize("consent", ["--dry-run", "--yes"])
@pytest.mark.parametrize("form", ["table", "json", "line"])
def test_a_removal_by_such_a_pattern_proves_nothing(
    program: Program, record: str, form: str, consent: str
) -> None:
    ran = program("remove", "--advisory", record, "--only-ids", "MLA-*", consent, "--format", form)
    assert ran.code == 3
    if form == "json":
        assert (ran.document["answer"], ran.document["unmatched_ids"]) == ("unknown", ["MLA-*"])
    elif form == "line":
        assert ran.out.startswith("unknown: ")
    else:
        assert "No record has an id like 'MLA-*' (--only-ids): correct the pattern" in ran.err
    assert program("audit", "evil==1.0").code == 1


def test_a_removal_from_an_empty_cache_says_it_too(program: Program, tmp_path: Path) -> None:
    path = write(tmp_path, osv("evil", ["1.0"]))
    ran = program("remove", "--advisory", path, "--only-ids", "MLA-*", "--yes")
    assert ran.code == 3
    assert "No record has an id like 'MLA-*'" in ran.err
