"""What verify reads of a cache, counted: an index page is parsed once, whoever asks."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from pipcache.index.rows import PageFile
from pipcache.util.urls import PAGE_BASES
from tests.support.archives import metadata
from tests.support.index_pages import JSON_TYPE, json_page

if TYPE_CHECKING:
    from tests.support.caches import CacheBuilder
    from tests.support.program import Program

NAME = "foo-1.0-py3-none-any.whl"


@pytest.mark.parametrize("is_broken", [False, True])
def test_a_page_that_was_read_for_names_is_not_parsed_again(
    builder: CacheBuilder, program: Program, monkeypatch: pytest.MonkeyPatch, *, is_broken: bool
) -> None:
    url = f"https://files.example/{NAME}"
    body = json_page("foo", [PageFile(NAME, url)])
    body = body[:-1] + b",}" if is_broken else body
    key = builder.download(f"{PAGE_BASES[0]}foo/", body, headers={"Content-Type": JSON_TYPE})
    builder.download(f"{url}.metadata", metadata("foo", "1.0"))  # whose name only a page proves
    parsed: list[object] = []
    loads = json.loads

    def count(data: Any, *arguments: Any, **options: Any) -> Any:
        parsed.append(data)
        return loads(data, *arguments, **options)

    monkeypatch.setattr(json, "loads", count)
    answer = program("verify", "--format", "json")
    monkeypatch.undo()
    (page,) = [each for each in answer.document["judgements"] if key in str(each["artifact"]["files"])]
    assert page["verdict"] == ("damaged" if is_broken else "intact")
    assert is_broken or parsed.count(body) == 1
