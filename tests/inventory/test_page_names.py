"""Whatever a page lists, it is named where it can be, and no command ends on it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.support.caches import FILE_HEADERS
from tests.support.index_pages import JSON_TYPE

if TYPE_CHECKING:
    from tests.support.caches import CacheBuilder
    from tests.support.program import Program

ODD_URLS = ["https:///x/foo-1.0.zip", "http://", "https://?x/y", "https://#/x", "https://@/x", "https://:443/x/y"]
COMMANDS = [("list", "--all"), ("show", "foo"), ("verify",), ("remove", "foo", "--dry-run"), ("audit", "foo==1.0")]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
@pytest.mark.parametrize("url", ODD_URLS)
def test_a_page_that_lists_a_url_without_a_host_is_named(
    url: str, command: tuple[str, ...], builder: CacheBuilder, program: Program
) -> None:
    row = {"filename": "foo-1.0.zip", "url": url, "hashes": {}}
    page = json.dumps({"meta": {}, "name": "foo", "files": [row]}).encode()
    builder.download("https://index.example/odd/foo/", page, headers=FILE_HEADERS | {"Content-Type": JSON_TYPE})
    ran = program(*command)
    assert "unexpected" not in ran.err
    assert ran.code in {0, 1}
    (record,) = program.artifacts("list", "--all")
    assert (record["kind"], record["project"]) == ("page", "foo")
