"""JSON says where a URL is null because it was not looked for."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from pipcache.util.urls import PAGE_BASES, file_urls
from tests.support import archives
from tests.support.caches import FILE_HEADERS, CacheBuilder

if TYPE_CHECKING:
    from tests.support.program import Program

JSON_PAGE = {**FILE_HEADERS, "Content-Type": "application/vnd.pypi.simple.v1+json"}


def exact(program: Program, *arguments: str) -> tuple[bool, bool]:
    """Whether the record is exact, and whether it has a URL."""
    (record,) = [artifact for artifact in program.artifacts(*arguments) if artifact["kind"] != "page"]
    return record["exact"], record["url"] is not None


def test_what_only_its_bytes_prove_is_exact_in_show(builder: CacheBuilder, program: Program) -> None:
    filename, body = archives.build_wheel("foo", "1.0")
    builder.download(file_urls(hashlib.blake2b(body, digest_size=32).hexdigest(), filename)[0], body)
    assert exact(program, "list") == exact(program, "list", "foo") == (False, False)
    assert exact(program, "show", "foo") == (True, True)


def test_what_a_page_proves_is_exact_where_the_page_was_read(builder: CacheBuilder, program: Program) -> None:
    filename, body = archives.build_wheel("foo", "1.0")
    url = f"https://files.example/{filename}"
    builder.download(url, body)
    page = {"meta": {}, "name": "foo", "files": [{"filename": filename, "url": url, "hashes": {}}]}
    builder.download(f"{PAGE_BASES[0]}foo/", json.dumps(page).encode(), headers=JSON_PAGE)
    assert exact(program, "list") == (False, False)
    assert exact(program, "list", "foo") == exact(program, "show", "foo", "--kind", "wheel") == (True, True)


def test_what_nothing_proves_is_exact_where_all_was_tried(builder: CacheBuilder, program: Program) -> None:
    builder.download("https://files.example/1", archives.build_wheel("foo", "1.0")[1])
    assert exact(program, "list", "foo") == (False, False)
    assert exact(program, "show", "foo") == (True, False)


def test_what_has_no_key_has_no_url(builder: CacheBuilder, program: Program) -> None:
    builder.selfcheck()
    assert exact(program, "list", "--all") == (True, False)


def test_what_origin_json_says_is_exact(builder: CacheBuilder, program: Program) -> None:
    builder.built({"url": "https://files.example/foo-1.0.tar.gz"}, *archives.build_wheel("foo", "1.0"))
    assert exact(program, "list") == (True, True)
