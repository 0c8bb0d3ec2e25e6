"""What ``show`` says of the source of a built wheel."""

import hashlib

import pytest

from tests.support import archives
from tests.support.caches import FILE_HEADERS, CacheBuilder
from tests.support.program import Program

HOST = "https://files.example"


@pytest.mark.parametrize(
    "name",
    ["foo-1.0.tar.gz", "v1.0.tar.gz", "foo-9f8e7d6.zip", "archive"],
    ids=["an sdist's name", "a tag of a forge", "a commit of a forge", "no archive's name"],
)
def test_a_source_whose_url_is_the_key_is_in_the_cache(builder: CacheBuilder, program: Program, name: str) -> None:
    _, sdist = archives.build_sdist("foo", "1.0", fmt="zip" if name.endswith(".zip") else "tar.gz")
    filename, wheel = archives.build_wheel("foo", "1.0")
    url = f"{HOST}/{name}"
    key = builder.download(url, sdist)
    origin = {"url": url, "archive_info": {"hashes": {"sha256": hashlib.sha256(sdist).hexdigest()}}}
    builder.built(origin, filename, wheel)
    shown = program.artifacts("show", "foo")
    built = next(record for record in shown if record["kind"] == "built")
    assert built["cached_sources"] == [key]
    text = program("show", "foo").out
    assert "not in the cache" not in text


def test_a_source_that_was_never_downloaded_is_not_in_the_cache(builder: CacheBuilder, program: Program) -> None:
    filename, wheel = archives.build_wheel("foo", "1.0")
    builder.download(f"{HOST}/other-1.0.tar.gz", archives.build_sdist("other", "1.0")[1])
    builder.built({"url": f"{HOST}/foo-1.0.tar.gz", "archive_info": {}}, filename, wheel)
    (built,) = program.artifacts("show", "foo")
    assert built["cached_sources"] == []


@pytest.mark.parametrize("instead", ["a redirect", "a sign-in page", "nothing"])
def test_what_came_instead_of_a_source_is_no_source(builder: CacheBuilder, program: Program, instead: str) -> None:
    filename, wheel = archives.build_wheel("foo", "1.0")
    url = f"{HOST}/foo-1.0.tar.gz"
    if instead == "a redirect":
        headers = {**FILE_HEADERS, "Location": "https://other.example/foo-1.0.tar.gz"}
        builder.download(url, b"", headers=headers, status=301, reason="Moved Permanently")
    else:
        body = b"" if instead == "nothing" else b"<!DOCTYPE html><html>Sign in</html>"
        builder.download(url, body, headers={**FILE_HEADERS, "Content-Type": "text/html"})
    builder.built({"url": url, "archive_info": {}}, filename, wheel)
    built = next(record for record in program.artifacts("show", "foo") if record["kind"] == "built")
    assert built["cached_sources"] == []
