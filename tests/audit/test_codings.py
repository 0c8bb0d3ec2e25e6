"""What a server says of codings and names, and what pip takes in spite of it: never called clean."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING

import pytest

from tests.support import archives
from tests.support.caches import FILE_HEADERS
from tests.support.slow import slow_but_every

if TYPE_CHECKING:
    from tests.support.caches import CacheBuilder
    from tests.support.program import Program

WHEEL = archives.build_wheel("evil", "1.0")
SDIST = archives.build_sdist("evil", "1.0")
NAMELESS = archives.build_sdist("evil", "1.0", folder="x", pkg_info=False)[1]
URL = f"https://files.example/{WHEEL[0]}"
TEXT = b"text " * 120
LIE = {"X-PyPI-File-Project": "good", "X-PyPI-File-Version": "1.0", "X-PyPI-File-Package-Type": "sdist"}
CODINGS = ["", "identity", "none", "gzip", "GZIP", "identity, gzip", "br", "a coding of nobody"]


@pytest.mark.parametrize("coding", slow_but_every(3, CODINGS))
@pytest.mark.parametrize("content_type", ["application/zip", "text/html", "application/vnd.pypi.simple.v1+json"])
@pytest.mark.parametrize("is_coded", [False, True])
def test_an_archive_behind_text_under_any_coding(
    builder: CacheBuilder, program: Program, coding: str, content_type: str, *, is_coded: bool
) -> None:
    start = gzip.compress(TEXT) if is_coded else TEXT
    headers = {**FILE_HEADERS, "Content-Encoding": coding, "Content-Type": content_type}
    builder.download(URL, start + WHEEL[1], headers=headers)
    assert program("audit", "evil==1.0").code in {1, 3}
    findings = program("verify", "--format", "json").document["judgements"][0]["findings"]
    assert {"PC406", "PC401"} & {finding["code"] for finding in findings}


LYING = {
    "an empty member first": gzip.compress(b"") + SDIST[1],
    "zeros between the members": gzip.compress(b"") + bytes(600) + SDIST[1],
    "more members than are read": gzip.compress(b"") * 110_000 + SDIST[1],
    "cut": SDIST[1][:40],
    "no gzip after all": b"\x1f\x8b\x00\x00garbage",
    "no metadata": NAMELESS,
    "no metadata, not compressed": gzip.decompress(NAMELESS),
}


@pytest.mark.parametrize("what", LYING)
def test_a_name_that_its_server_alone_gives_is_none(builder: CacheBuilder, program: Program, what: str) -> None:
    builder.download("https://files.example/x", LYING[what], headers={**FILE_HEADERS, **LIE})
    assert program("audit", "evil==1.0").code in {1, 3}


def test_a_text_that_its_server_names_hides_no_archive(builder: CacheBuilder, program: Program) -> None:
    builder.download("https://files.example/x", TEXT, headers={**FILE_HEADERS, **LIE})
    assert program("audit", "evil==1.0").code == 0


def test_a_coded_page_stays_clean(builder: CacheBuilder, program: Program) -> None:
    page = json.dumps({"meta": {"api-version": "1.0"}, "name": "foo", "files": []}).encode()
    headers = {**FILE_HEADERS, "Content-Type": "application/vnd.pypi.simple.v1+json"}
    for coding, data in {"gzip": gzip.compress(page), "identity": page, "none": page}.items():
        builder.download(
            f"https://{coding}.example/simple/foo/", data, headers={**headers, "Content-Encoding": coding}
        )
    assert program("audit", "evil==1.0").code == 0
    assert program("verify").code == 0
