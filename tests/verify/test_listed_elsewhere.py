"""Digests that index pages give a file under a URL that is not, or not known to be, the one it came from."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from pipcache.util.urls import PAGE_BASES, file_urls
from pipcache.verify.checks import Verdict
from tests.support.archives import build_sdist, build_wheel, metadata
from tests.support.caches import FILE_HEADERS
from tests.support.judging import codes, verified

if TYPE_CHECKING:
    from tests.support.caches import CacheBuilder
    from tests.support.program import Program

INDEX = "https://index.example/simple/"
SIGNED = "https://blobs.example/abc?signature=123"
JSON_PAGE = FILE_HEADERS | {"Content-Type": "application/vnd.pypi.simple.v1+json"}
HTML_PAGE = FILE_HEADERS | {"Content-Type": "text/html"}
WHEEL = build_wheel("foo", "1.0")
OTHER = build_wheel("foo", "1.0", members={"more.py": b"more"})
SDIST = build_sdist("foo", "1.0")
OTHER_SDIST = build_sdist("foo", "1.0", members={"more.py": b"more"})


def digest(body: bytes, name: str = "sha256") -> str:
    return hashlib.new(name, body, usedforsecurity=False).hexdigest()


def etag(body: bytes) -> dict[str, str]:
    """The headers of an object store, which promise the bytes as they are."""
    return FILE_HEADERS | {"ETag": f'"{digest(body, "md5")}"', "Content-Length": str(len(body))}


def page(
    builder: CacheBuilder,
    *files: tuple[str, bytes],
    host: str = "https://index.example",
    algorithm: str = "sha256",
    name: str = "foo",
    metadata_digest: str | None = None,
) -> str:
    core = {} if metadata_digest is None else {"core-metadata": {"sha256": metadata_digest}}
    rows = [
        {"filename": file, "url": f"{host}/f/{file}", "hashes": {algorithm: digest(body, algorithm)}, **core}
        for file, body in files
    ]
    body = json.dumps({"meta": {"api-version": "1.1"}, "name": name, "files": rows}).encode()
    return builder.download(f"{host}/simple/{name}/", body, headers=JSON_PAGE)


def of(builder: CacheBuilder, key: str, *, thorough: bool = False) -> tuple[Verdict, set[str]]:
    (judgement,) = [
        candidate
        for candidate in verified(builder.root, thorough=thorough).judgements
        if candidate.artifact.key == key
    ]
    return judgement.verdict, codes(judgement)


@pytest.mark.parametrize("thorough", [False, True])
@pytest.mark.parametrize("algorithm", ["sha256", "sha512", "sha224"])
@pytest.mark.parametrize(("kept", "other"), [(WHEEL, OTHER), (SDIST, OTHER_SDIST)])
def test_a_digest_is_held_against_a_file_whose_url_no_page_has(
    builder: CacheBuilder, kept: tuple[str, bytes], other: tuple[str, bytes], algorithm: str, *, thorough: bool
) -> None:
    page(builder, kept, algorithm=algorithm)
    right = builder.download(SIGNED, kept[1], headers=etag(kept[1]))
    wrong = builder.download(SIGNED + "4", other[1], headers=etag(other[1]))
    assert of(builder, right, thorough=thorough) == (Verdict.VERIFIED, set())
    # its ETag is that of the wrong bytes: no reason to call it verified
    assert of(builder, wrong, thorough=thorough) == (Verdict.INTACT, {"PC210"})


def test_a_weak_digest_accuses_and_verifies_nothing(builder: CacheBuilder) -> None:
    page(builder, WHEEL, algorithm="md5")
    right, wrong = builder.download(SIGNED, WHEEL[1]), builder.download(SIGNED + "4", OTHER[1])
    assert of(builder, right) == (Verdict.INTACT, set())
    assert of(builder, wrong) == (Verdict.INTACT, {"PC210"})


@pytest.mark.parametrize("written", ["/whl/{}", "../../whl/{}", "/whl/{quoted}"])
def test_a_relative_url_of_an_index_that_is_not_configured(builder: CacheBuilder, written: str) -> None:
    filename, body = build_wheel("torchy", "2.0.1+cu117")
    other = build_wheel("torchy", "2.0.1+cu117", members={"more.py": b"more"})[1]
    href = written.format(filename, quoted=quote(filename))
    anchor = f'<a href="{href}#sha256={digest(body)}">{filename}</a>'
    html = f"<html><body><h1>Links for torchy</h1>{anchor}</body></html>".encode()
    builder.download("https://whl.example/whl/torchy/", html, headers=HTML_PAGE)
    right = builder.download(f"https://whl.example/whl/{quote(filename)}", body)
    wrong = builder.download(f"https://cdn.example/whl/{quote(filename)}", other)
    assert of(builder, right) == (Verdict.VERIFIED, set())
    assert of(builder, wrong) == (Verdict.INTACT, {"PC210"})


@pytest.mark.parametrize("thorough", [False, True])
def test_two_indexes_may_have_different_files_of_one_name(builder: CacheBuilder, *, thorough: bool) -> None:
    """As PyPI and piwheels have; either may be the one that the file came from."""
    filename, body = build_wheel("numpy", "1.0", tags=["py3-none-linux_armv7l"])
    other = build_wheel("numpy", "1.0", tags=["py3-none-linux_armv7l"], members={"more.py": b"more"})[1]
    blake = hashlib.blake2b(body, digest_size=32).hexdigest()
    page(builder, (filename, other), host="https://wheels.example", name="numpy")
    of_pypi = builder.download(file_urls(blake, filename)[0], body)
    by_redirect = builder.download(SIGNED, other)
    assert of(builder, of_pypi, thorough=thorough) == (Verdict.VERIFIED, set())
    page(builder, (filename, body), host="https://pypi.example", name="numpy")
    copy = builder.download(SIGNED + "4", body)
    for key in (of_pypi, by_redirect, copy):
        assert of(builder, key, thorough=thorough) == (Verdict.VERIFIED, set())


def test_of_two_digests_either_is_right_in_whatever_algorithm(builder: CacheBuilder) -> None:
    page(builder, OTHER, algorithm="sha256")
    page(builder, WHEEL, algorithm="sha512", host="https://other.example")
    assert of(builder, builder.download(SIGNED, WHEEL[1])) == (Verdict.VERIFIED, set())


def test_a_page_that_lists_the_url_decides_alone(builder: CacheBuilder) -> None:
    page(builder, OTHER, host="https://other.example")
    page(builder, WHEEL)
    key = builder.download(f"https://index.example/f/{WHEEL[0]}", WHEEL[1])
    assert of(builder, key) == (Verdict.VERIFIED, set())
    builder.download(f"https://index.example/f/{WHEEL[0]}", OTHER[1])
    assert of(builder, key) == (Verdict.POISONED, {"PC202"})


@pytest.mark.parametrize("hops", [1, 3])
def test_a_stored_redirect_ties_a_page_to_the_file(builder: CacheBuilder, hops: int) -> None:
    page(builder, WHEEL)
    urls = [f"https://index.example/f/{WHEEL[0]}", *(f"https://hop.example/{hop}" for hop in range(hops - 1))]
    for url, target in zip(urls, [*urls[1:], SIGNED], strict=True):
        headers = FILE_HEADERS | {"Location": target, "ETag": '"r"'}
        builder.download(url, None, headers=headers, status=301, reason="Moved Permanently")
    key = builder.download(SIGNED, WHEEL[1])
    assert of(builder, key) == (Verdict.VERIFIED, set())
    builder.download(SIGNED, OTHER[1], headers=etag(OTHER[1]))
    assert of(builder, key) == (Verdict.POISONED, {"PC202"})


def test_an_archive_that_a_forge_makes_of_a_tag_is_no_sdist_of_the_index(builder: CacheBuilder) -> None:
    page(builder, SDIST)
    archive = build_sdist("foo", "1.0", pkg_info=False)
    headers = FILE_HEADERS | {"Content-Disposition": f"attachment; filename={SDIST[0]}"}
    key = builder.download("https://forge.example/foo/tar.gz/1.0", archive[1], headers=headers)
    assert of(builder, key) == (Verdict.INTACT, set())


def test_other_files_of_the_release_accuse_nothing(builder: CacheBuilder) -> None:
    page(builder, SDIST, build_wheel("foo", "1.0", tags=["cp39-cp39-any"]), build_wheel("foo", "1.0.1"))
    assert of(builder, builder.download(SIGNED, WHEEL[1])) == (Verdict.INTACT, set())


def test_a_digest_names_what_the_content_does_not(builder: CacheBuilder, program: Program) -> None:
    body = build_sdist("foo", "1.0", folder="whatever", pkg_info=False)[1]
    page(builder, (SDIST[0], body))
    key = builder.download(SIGNED, body)
    (shown,) = program("show", key, "--format", "json").document["artifacts"]
    assert (shown["project"], shown["version"], shown["filename"]) == ("foo", "1.0", SDIST[0])
    assert (shown["verdict"], shown["url_proved"]) == ("verified", False)
    assert shown["evidence"][0]["source"] == "page"
    assert "sha256" in shown["evidence"][0]["detail"]


def test_a_metadata_file_is_verified_by_the_digest_alone(builder: CacheBuilder) -> None:
    body = metadata("foo", "1.0")
    page(builder, WHEEL, metadata_digest=digest(body))
    assert of(builder, builder.download(SIGNED, body)) == (Verdict.VERIFIED, set())


def test_a_wheel_of_pypi_is_verified_whatever_a_page_lists(builder: CacheBuilder, program: Program) -> None:
    blake = hashlib.blake2b(WHEEL[1], digest_size=32).hexdigest()
    page(builder, OTHER)
    key = builder.download(file_urls(blake, WHEEL[0])[0], WHEEL[1])
    assert of(builder, key) == (Verdict.VERIFIED, set())
    (shown,) = program("show", key, "--format", "json").document["artifacts"]
    assert not [promise for promise in shown["promises"] if promise["kept"] is False]


def test_the_url_that_a_page_gives_by_a_digest_is_not_proved(builder: CacheBuilder, program: Program) -> None:
    page(builder, WHEEL)
    key = builder.download(SIGNED, WHEEL[1])
    judgements = program("verify", key, "--format", "json").document["judgements"]
    artifacts: list[dict[str, Any]] = [judgement["artifact"] for judgement in judgements]  # Any: JSON
    assert [(artifact["url"], artifact["url_proved"]) for artifact in artifacts] == [
        (f"https://index.example/f/{WHEEL[0]}", False)
    ]
    assert PAGE_BASES[0] not in artifacts[0]["url"]
