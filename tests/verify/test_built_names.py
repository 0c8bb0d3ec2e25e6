"""A built wheel is accused of a name that disagrees only where an index gives its source another one."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from pipcache.util.urls import PAGE_BASES, file_urls
from tests.support import archives
from tests.support.caches import FILE_HEADERS, CacheBuilder

if TYPE_CHECKING:
    from tests.support.program import Program

PYPI_URL = file_urls("1" * 64, "foo-1.0.tar.gz")[0]
MIRROR_URL = f"https://mirror.example{urlsplit(PYPI_URL).path}"
DIRECT = [
    "https://forge.example/o/foo/-/archive/v1.2.0/foo-v1.2.0.tar.gz",
    "https://forge.example/dl/foo-2.0-src.tar.gz",
    "https://forge.example/dl/foo-1.5.tar.gz",
    "https://forge.example/dl/other-1.5.zip",
    "https://forge.example/foo/archive/1234567890.tar.gz",
    "https://forge.example/foo/archive/main.zip",
    "https://forge.example/packages/foo-1.5.tar.gz?sig=1",
    "https://forge.example/python-foo-3.0.tar.bz2#egg=foo",
    "file:///home/ada/dist/foo-0.9.tar.gz",
]


def findings(program: Program) -> list[str]:
    judgements = program("verify", "--thorough", "--format", "json").document["judgements"]
    (built,) = [judgement for judgement in judgements if judgement["artifact"]["kind"] == "built"]
    return [finding["code"] for finding in built["findings"]]


def page(builder: CacheBuilder, url: str, filename: str, project: str = "foo") -> None:
    files = [{"filename": filename, "url": url, "hashes": {}}]
    body = json.dumps({"meta": {"api-version": "1.0"}, "name": project, "files": files}).encode()
    headers = {**FILE_HEADERS, "Content-Type": "application/vnd.pypi.simple.v1+json"}
    builder.download(f"{PAGE_BASES[0]}{project}/", body, headers=headers)


@pytest.mark.parametrize("url", DIRECT)
@pytest.mark.parametrize("version", ["0.0.0", "2.0", "1.5+local.1"])
@pytest.mark.parametrize("pkg_info", [True, False])
def test_the_end_of_a_direct_url_promises_nothing(
    builder: CacheBuilder, program: Program, url: str, version: str, *, pkg_info: bool
) -> None:
    fmt: archives.SdistFormat = "zip" if ".zip" in url else "tar.bz2" if ".bz2" in url else "tar.gz"
    body = archives.build_sdist("foo", "1.5", fmt=fmt, pkg_info=pkg_info)[1]
    if not url.startswith("file:"):
        builder.download(url, body)
    digest = hashlib.sha256(body).hexdigest()
    builder.built(
        {"url": url.partition("#")[0], "archive_info": {"hashes": {"sha256": digest}}},
        *archives.build_wheel("foo", version),
    )
    assert findings(program) == []
    assert program("verify").code == 0
    assert (
        program("prune", "--poisoned", "--damaged", "--dry-run", "--format", "json").document["plan"]["removals"]
        == []
    )
    assert [artifact["kind"] for artifact in program.artifacts("list", "foo==9")] == []


@pytest.mark.parametrize(
    ("name", "version", "codes"),
    [
        ("foo", "1.0", []),
        ("foo", "1", []),
        ("Foo", "1.0.0", []),
        ("foo", "2.0", ["PC303"]),
        ("foo", "1.0+local", ["PC303"]),
        ("bar", "1.0", ["PC303"]),
    ],
)
@pytest.mark.parametrize("url", [PYPI_URL, MIRROR_URL, "https://files.example/dl/foo-1.0.tar.gz"])
def test_an_index_names_what_is_built_from_its_sdist(
    builder: CacheBuilder, program: Program, url: str, name: str, version: str, codes: list[str]
) -> None:
    if url.startswith("https://files.example/"):
        page(builder, url, "foo-1.0.tar.gz")
    builder.built({"url": url}, *archives.build_wheel(name, version))
    assert findings(program) == codes
    assert program("verify").code == bool(codes)
    # a file that claims to be two things is found under both
    assert [artifact["kind"] for artifact in program.artifacts("list", "foo==1.0")] == ["built"]


def test_a_name_that_is_no_version_is_no_promise(builder: CacheBuilder, program: Program) -> None:
    builder.built({"url": file_urls("1" * 64, "foo-2.0-src.tar.gz")[0]}, *archives.build_wheel("foo", "2.0"))
    assert findings(program) == []


def test_a_page_that_lists_another_file_says_nothing(builder: CacheBuilder, program: Program) -> None:
    page(builder, "https://files.example/foo-1.0.tar.gz", "foo-1.0.tar.gz")
    builder.built({"url": "https://forge.example/foo-1.0.tar.gz"}, *archives.build_wheel("foo", "2.0"))
    assert findings(program) == []
