"""Pages that fail are looked at once more, and stay what their heads say."""

import pytest

from tests.support.caches import FILE_HEADERS, CacheBuilder
from tests.support.program import Program

JSON_PAGE = {**FILE_HEADERS, "Content-Type": "application/vnd.pypi.simple.v1+json"}
HTML_PAGE = {**FILE_HEADERS, "Content-Type": "text/html", "X-PyPI-Last-Serial": "1"}
SIGN_IN = b"<!DOCTYPE html><html><title>Sign in</title><form></form></html>"


@pytest.mark.parametrize(
    ("headers", "body"),
    [(JSON_PAGE, b""), (JSON_PAGE, SIGN_IN), (HTML_PAGE, SIGN_IN)],
    ids=["empty", "json", "html"],
)
def test_a_page_that_is_none_is_poisoned_and_removed(
    builder: CacheBuilder, program: Program, headers: dict[str, str], body: bytes
) -> None:
    builder.download("https://index.example/simple/foo/", body, headers=headers)
    ran = program("verify", "--format", "json")
    assert ran.code == 1
    (judgement,) = ran.document["judgements"]
    assert {finding["code"] for finding in judgement["findings"]} >= {"PC301"}
    assert judgement["artifact"]["kind"] == "page"
    assert program("remove", "--poisoned", "--yes").code == 0
    assert not any(path.is_file() for path in builder.root.rglob("*"))
