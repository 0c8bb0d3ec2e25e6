"""The same cache and the same advisory give the same answer, whatever order sets have."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.support import archives
from tests.support.audits import page, put, sha256, write
from tests.support.caches import FILE_HEADERS, CacheBuilder
from tests.support.seeds import only_answer
from tests.support.watching import watched

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.slow
def test_no_answer_hangs_on_the_order_of_sets(builder: CacheBuilder, tmp_path: Path) -> None:
    # a page that lists by URLs alone, and a metadata file with several names
    files = [archives.build_wheel("evil", f"1.{number}") for number in range(6)]
    for name, data in files:
        put(builder, (name, data), url=f"https://mirror.example/{name}")
    anchors = "".join(f'<a href="https://mirror.example/{name}">x</a>' for name, _ in files)
    listing = f"<title>Links for all</title>{anchors}".encode()
    builder.download(
        "https://mirror.example/simple/all/", listing, headers={**FILE_HEADERS, "Content-Type": "text/html"}
    )
    others = [f"evil-1.0-{tag}-none-any.whl" for tag in ("py2", "py3")]
    headers = {"X-Artifactory-Filename": others[0], "Content-Disposition": f"attachment; filename={others[1]}"}
    for number in range(4):
        url = f"https://mirror.example/{number}.metadata"
        builder.download(url, archives.metadata("evil", "1.0"), headers={**FILE_HEADERS, **headers})
    lines = "".join(f"sha256:{sha256(data)}\n" for _, data in files)
    advisory = write(tmp_path, lines + "\n".join([*others, ""]), "list.txt")
    cache = ("--cache-dir", str(builder.root), "--format", "json")
    answer = only_answer(tmp_path, "audit", *cache, "--advisory", advisory)
    assert answer.status == 1, answer.errors
    hits = json.loads(answer.output)["caches"][0]["hits"]
    assert {hit["relation"] for hit in hits} == {"match", "page"}


@pytest.mark.parametrize("is_listed", [True, False])
def test_only_a_page_that_lists_a_match_elsewhere_is_read_again(builder: CacheBuilder, *, is_listed: bool) -> None:
    bad = archives.build_wheel("evil", "1.0")
    put(builder, bad, url="https://signed.example/1?token=x")
    listed = bad[1] if is_listed else archives.build_wheel("evil", "1.0", members={"other": b""})[1]
    key = page(builder, "evil", ("evil-9.0-py3-none-any.whl", listed))  # under another name

    def reads(selector: str, code: int) -> int:
        events = watched(builder, "audit", selector, code=code)
        body = str(builder.body(key))
        return sum(event.name == "open" and str(event.arguments[0]) == body for event in events)

    # the match is not on the page under its URL: for its name there, and for the digest of the page
    assert reads("evil==1.0", 1) == reads("evil==3.0", 0) + (2 if is_listed else 0)
