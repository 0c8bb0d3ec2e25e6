"""The URL in an ``origin.json`` names the download whose key it makes, in every command."""

from __future__ import annotations

import hashlib
import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from pipcache.util.urls import file_urls
from tests.support import archives, caches, truth
from tests.support.caches import CacheBuilder

if TYPE_CHECKING:
    from tests.support.program import Program

FORGE = "https://forge.example/o/glx/-/archive"
ARCHIVES = [
    (f"{FORGE}/v1.2.0/glx-v1.2.0.tar.gz", "glx-v1.2.0"),
    (f"{FORGE}/main.zip", "glx-main"),
    (f"{FORGE}/{'1a' * 20}.tar.gz", f"glx-{'1a' * 20}"),
    (f"{FORGE}/{'1a' * 20}.zip", f"python-glx-{'a1' * 20}"),
    (f"{FORGE}/glx-9.9.tar.gz", "glx-9.9"),
    ("https://forge.example/download/glx", "glx-main"),
    (f"{FORGE}/refs/tags/2.0.tar.gz#subdirectory=python", "glx-2.0"),
    (f"{FORGE}/glx-1.0-src.tar.gz#egg=glx", "source"),
]


def forge_archive(url: str, folder: str) -> bytes:
    fmt: archives.SdistFormat = "zip" if url.endswith(".zip") else "tar.gz"
    return archives.build_sdist("glx", "0.0.0", fmt=fmt, folder=folder, pkg_info=False)[1]


def put_built(builder: CacheBuilder, url: str, body: bytes, name: str = "glx", version: str = "0.0.0") -> str:
    """The key of a wheel that was built from a direct URL, as pip notes it."""
    digest = hashlib.sha256(body).hexdigest()
    plain, _, fragment = url.partition("#")
    origin: dict[str, Any] = {"url": plain, "archive_info": {"hashes": {"sha256": digest}}}
    if fragment.startswith("subdirectory="):
        origin["subdirectory"] = fragment.partition("=")[2]
    return builder.built(origin, *archives.build_wheel(name, version), source=truth.Source(url))


def download_of(records: list[dict[str, Any]]) -> tuple[Any, ...]:
    (record,) = [record for record in records if record["kind"] != "built"]
    return (
        record["kind"],
        record["project"],
        record["version"],
        record["url"],
        record["url_proved"],
        record["origin"],
    )


@pytest.mark.parametrize(("url", "folder"), ARCHIVES)
@pytest.mark.parametrize("store", ["http", "http-v2"])
def test_every_command_sees_the_same_download(
    builder: CacheBuilder, program: Program, url: str, folder: str, store: str
) -> None:
    body = forge_archive(url, folder)
    plain = url.partition("#")[0]
    source = (builder.download if store == "http-v2" else builder.legacy)(plain, body)
    wheel = put_built(builder, url, body)
    expected = ("sdist", "glx", "0.0.0", plain, True, "forge.example")
    for arguments in (("list",), ("list", "*"), ("list", "glx"), ("list", "glx==0.0.0"), ("list", "--all")):
        assert download_of(program.artifacts(*arguments)) == expected, arguments
    shown = program.artifacts("show", "glx")
    assert download_of(shown) == expected
    by_kind = {record["kind"]: record for record in shown}
    assert by_kind["built"]["cached_sources"] == [source]
    assert by_kind["sdist"]["built_from_it"] == [wheel]
    names = [(claim["source"], claim["project"], claim["version"]) for claim in by_kind["sdist"]["evidence"]]
    assert ("origin", "glx", "0.0.0") in names
    verified = program("verify", "--thorough", "--format", "json")
    assert verified.code == 0
    judged = [judgement["artifact"] for judgement in verified.document["judgements"]]
    assert download_of(judged) == expected
    kinds = {total["name"]: total["count"] for total in program("info", "--format", "json").document["kinds"]}
    assert kinds == {"built": 1, "sdist": 1}
    assert program("audit", "another==1.0").code == 0
    hits = program("audit", "glx==0.0.0", "--format", "json").document["caches"][0]["hits"]
    assert {hit["artifact"]["key"] for hit in hits} == {source, wheel}
    planned = program("remove", "glx==0.0.0", "--dry-run", "--format", "json").document["plan"]["removals"]
    assert {removal["artifact"]["key"] for removal in planned} == {source, wheel}
    pruned = program("prune", "--keep-latest", "1", "--keep", "glx==0.0.0", "--dry-run", "--format", "json")
    assert pruned.document["plan"]["removals"] == []
    assert pruned.document["unmatched"] == []


@pytest.mark.parametrize("user", ["****@", "user:****@", "${USER}:${PASSWORD}@"])
def test_credentials_that_pip_replaced_do_not_matter(builder: CacheBuilder, program: Program, user: str) -> None:
    url, folder = ARCHIVES[0]
    body = forge_archive(url, folder)
    builder.download(url, body)
    put_built(builder, url.replace("https://", f"https://{user}"), body)
    assert download_of(program.artifacts("list"))[:4] == ("sdist", "glx", "0.0.0", url)


def test_an_origin_whose_wheel_is_gone_proves_the_url_and_names_nothing(
    builder: CacheBuilder, program: Program
) -> None:
    url, folder = ARCHIVES[0]
    body = forge_archive(url, folder)
    builder.download(url, body)
    key = put_built(builder, url, body)
    (wheel,) = builder.folder(key).glob("*.whl")
    caches.remove(wheel)
    (record,) = [artifact for artifact in program.artifacts("list", "--all") if artifact["store"] == "http-v2"]
    assert (record["kind"], record["url"], record["url_proved"]) == ("sdist", url, True)
    assert {claim["source"]: claim["project"] for claim in record["evidence"]} == {
        "origin": None,
        "content": "glx",
    }
    assert program("audit", "another==1.0").code == 3


def test_a_planted_origin_hides_nothing_that_the_bytes_say(builder: CacheBuilder, program: Program) -> None:
    filename, body = archives.build_sdist("evil", "6.6")
    url = f"https://files.example/{filename}"
    key = builder.download(url, body)
    put_built(builder, url, body, name="innocent", version="1.0")
    for selector in ("evil", "evil==6.6", filename):
        assert key in {artifact["key"] for artifact in program.artifacts("list", selector)}, selector
        assert program("audit", selector).code == 1
    ran = program("verify", "--format", "json")
    assert ran.code == 1
    codes = {
        judgement["artifact"]["kind"]: [finding["code"] for finding in judgement["findings"]]
        for judgement in ran.document["judgements"]
    }
    assert codes == {"built": [], "sdist": ["PC303"]}


@pytest.mark.parametrize("kind", ["wheel", "metadata", "page"])
def test_what_cannot_be_a_source_keeps_its_kind_and_its_name(
    builder: CacheBuilder, program: Program, kind: str
) -> None:
    filename, wheel = archives.build_wheel("evil", "1.0")
    bodies = {
        "wheel": wheel,
        "metadata": archives.metadata("evil", "1.0"),
        "page": json.dumps({"meta": {}, "name": "evil", "files": []}).encode(),
    }
    headers = caches.FILE_HEADERS | {"Content-Type": "application/vnd.pypi.simple.v1+json"}
    url = f"https://files.example/simple/{filename}"
    builder.download(url, bodies[kind], headers=headers if kind == "page" else caches.FILE_HEADERS)
    put_built(builder, url, bodies[kind], name="innocent")
    (record,) = [artifact for artifact in program.artifacts("list", "--all") if artifact["kind"] != "built"]
    assert (record["kind"], record["project"]) == (kind, "evil")


def test_an_archive_of_several_projects_is_none_of_theirs(builder: CacheBuilder, program: Program) -> None:
    url = f"{FORGE}/mono.zip"
    body = archives.build_sdist("mono", "1.0", fmt="zip", folder="mono-main")[1]
    builder.download(url, body)
    put_built(builder, f"{url}#subdirectory=one", body, name="one")
    put_built(builder, f"{url}#subdirectory=two", body, name="two")
    assert download_of(program.artifacts("list", "--kind", "sdist"))[:4] == ("sdist", "mono", "1.0", url)
    for selector in ("mono", "one", "two"):
        assert "sdist" in {artifact["kind"] for artifact in program.artifacts("list", selector)}
    assert program("verify").code == 0
    assert program("audit", "another==1.0").code == 0


def test_of_several_versions_from_one_url_the_latest_counts(builder: CacheBuilder, program: Program) -> None:
    url, folder = ARCHIVES[1]
    body = forge_archive(url, folder)
    builder.download(url, body)
    for number, version in enumerate(("1.0", "3.0", "2.0")):
        key = builder.built({"url": url}, *archives.build_wheel("glx", version), interpreter=f"cp31{number}")
        (wheel,) = builder.folder(key).glob("*.whl")
        os.utime(wheel, (1_700_000_000 + number, 1_700_000_000 + number))
    assert download_of(program.artifacts("list", "--kind", "sdist"))[:3] == ("sdist", "glx", "2.0")
    assert program("verify").code == 0


def test_a_repository_is_no_download(builder: CacheBuilder, program: Program) -> None:
    url = "https://git.example/glx"
    builder.download(url, b"<html>a forge</html>", headers=caches.FILE_HEADERS | {"Content-Type": "text/html"})
    builder.built(
        {"url": url, "vcs_info": {"vcs": "git", "commit_id": "a" * 40}}, *archives.build_wheel("glx", "1.0")
    )
    assert download_of(program.artifacts("list", "--all"))[:4] == ("other", None, None, None)


def test_a_sdist_of_the_index_keeps_the_name_that_the_index_gives(builder: CacheBuilder, program: Program) -> None:
    filename, body = archives.build_sdist("foo", "1.0")
    url = file_urls(hashlib.blake2b(body, digest_size=32).hexdigest(), filename)[0]
    builder.download(url, body)
    put_built(builder, url, body, name="foo", version="1.0")
    record = next(artifact for artifact in program.artifacts("show", "foo") if artifact["kind"] == "sdist")
    assert (record["filename"], record["verdict"]) == (filename, "verified")
    assert program("verify").code == 0


def test_a_stored_redirect_leads_to_the_download(builder: CacheBuilder, program: Program) -> None:
    url, folder = ARCHIVES[0]
    body = forge_archive(url, folder)
    places = ["https://forge.example/moved", "https://storage.example/blob/1"]
    redirect(builder, url, "/moved")
    redirect(builder, places[0], places[1])
    source = builder.download(places[1], body)
    wheel = put_built(builder, url, body)
    for arguments in (("list",), ("list", "glx"), ("show", "glx")):
        assert download_of(program.artifacts(*arguments))[:4] == ("sdist", "glx", "0.0.0", places[1])
    shown = {record["kind"]: record for record in program.artifacts("show", "glx")}
    assert (shown["built"]["cached_sources"], shown["sdist"]["built_from_it"]) == ([source], [wheel])
    assert program("audit", "another==1.0").code == 0


def redirect(builder: CacheBuilder, url: str, location: str) -> None:
    builder.download(url, None, status=301, headers=caches.FILE_HEADERS | {"Location": location})


def test_where_a_redirect_is_not_stored_the_bytes_name_the_source(builder: CacheBuilder, program: Program) -> None:
    url, folder = ARCHIVES[0]
    body = forge_archive(url, folder)
    source = builder.download("https://storage.example/blob/1", body)
    wheel = put_built(builder, url, body)
    assert program("audit", "another==1.0").code == 0
    shown = program.only("show", "glx", "--kind", "built")
    assert shown["cached_sources"] == [source]
    assert program.only("show", source)["built_from_it"] == [wheel]
    caches.flip(builder.body(source), 40)
    assert program("audit", "another==1.0").code == 3
    assert program.only("show", "glx", "--kind", "built")["cached_sources"] == []


def test_an_archive_that_changed_is_as_the_latest_wheel_says(builder: CacheBuilder, program: Program) -> None:
    url, folder = ARCHIVES[1]
    now, before = forge_archive(url, folder), forge_archive(url, "glx-master")
    builder.download(url, now)
    for body, interpreter in ((before, "cp310"), (now, "cp311")):
        digest = hashlib.sha256(body).hexdigest()
        origin = {"url": url, "archive_info": {"hashes": {"sha256": digest}}}
        builder.built(origin, *archives.build_wheel("glx", "0.0.0"), interpreter=interpreter)
    assert program("verify").code == 0
    caches.flip(builder.body(truth.url_key(url)), -40)
    assert program("verify").code == 1
