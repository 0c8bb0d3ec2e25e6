"""Every kind of entry gets its kind, its names and what vouches for them."""

import gzip
import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from pipcache.util.urls import PAGE_BASES, file_urls
from tests.support import archives, caches
from tests.support.caches import FILE_HEADERS, CacheBuilder
from tests.support.program import Program

PAGE_HEADERS = {**FILE_HEADERS, "Cache-Control": "max-age=600, public"}
ZIP_HEADERS = {**FILE_HEADERS, "Content-Type": "application/octet-stream"}


@pytest.fixture
def cache(tmp_path: Path) -> CacheBuilder:
    return CacheBuilder(tmp_path / "cache")


@pytest.fixture
def program(cache: CacheBuilder, capsys: pytest.CaptureFixture[str]) -> Program:
    return Program(cache.root, capsys)


def pypi_url(body: bytes, filename: str) -> str:
    return file_urls(hashlib.blake2b(body, digest_size=32).hexdigest(), filename)[0]


def json_page(name: str, *files: tuple[str, str, bytes]) -> bytes:
    """A page that lists (file name, URL, content) each."""
    rows = [
        {
            "filename": filename,
            "url": url,
            "hashes": {"sha256": hashlib.sha256(body).hexdigest()},
            "size": len(body),
        }
        for filename, url, body in files
    ]
    return json.dumps({"meta": {"api-version": "1.1"}, "name": name, "files": rows}).encode()


SIMPLE_JSON = {**PAGE_HEADERS, "Content-Type": "application/vnd.pypi.simple.v1+json"}


def test_a_wheel_without_any_page_is_proved_by_its_own_bytes(cache: CacheBuilder, program: Program) -> None:
    filename, body = archives.build_wheel("Foo.Bar", "1.0", tags=["py2.py3-none-any"], build="7")
    cache.download(pypi_url(body, filename), body)
    record = program.only("show", "foo-bar")
    assert (record["kind"], record["project"], record["version"]) == ("wheel", "foo-bar", "1.0")
    assert (record["filename"], record["build_tag"]) == (filename, "7")
    assert (record["url"], record["url_proved"]) == (pypi_url(body, filename), True)
    assert record["evidence"][0]["source"] == "key"
    assert [promise["kept"] for promise in record["promises"]] == [True]


@pytest.mark.parametrize("store", ["http", "http-v2"])
def test_both_http_stores_give_the_same_names(cache: CacheBuilder, program: Program, store: str) -> None:
    filename, body = archives.build_wheel("foo", "1.0")
    (cache.download if store == "http-v2" else cache.legacy)(pypi_url(body, filename), body)
    record = program.only("show", "foo")
    assert (record["store"], record["filename"], record["size"]) == (store, filename, len(body))
    assert record["url_proved"]


def test_tags_that_a_tool_sorted_in_the_file_name_are_proved_too(cache: CacheBuilder, program: Program) -> None:
    tags = ["cp311-cp311-manylinux_2_17_x86_64", "cp311-cp311-manylinux2014_x86_64"]
    listed, body = archives.build_wheel("foo", "1.0", tags=tags)
    published = "foo-1.0-cp311-cp311-manylinux2014_x86_64.manylinux_2_17_x86_64.whl"
    assert listed != published
    cache.download(pypi_url(body, published), body)
    assert program.only("show", "foo")["filename"] == published


def test_a_list_takes_the_exact_file_name_from_the_page(cache: CacheBuilder, program: Program) -> None:
    tags = ["cp311-cp311-manylinux_2_17_x86_64", "cp311-cp311-manylinux2014_x86_64"]
    _, body = archives.build_wheel("foo", "1.0", tags=tags)
    published = "foo-1.0-cp311-cp311-manylinux2014_x86_64.manylinux_2_17_x86_64.whl"
    url = f"https://files.example/{published}"
    cache.download(url, body)
    cache.download(
        "https://index.example/simple/foo/", json_page("foo", (published, url, body)), headers=SIMPLE_JSON
    )
    record = program.only("list")
    assert (record["filename"], record["url"], record["url_proved"]) == (published, url, True)


@pytest.mark.parametrize("fmt", ["tar.gz", "zip", "tar.bz2"])
@pytest.mark.parametrize("pkg_info", [True, False])
def test_sdists_are_named_by_their_top_folder(
    cache: CacheBuilder, program: Program, fmt: archives.SdistFormat, *, pkg_info: bool
) -> None:
    filename, body = archives.build_sdist("old_style", "0.1", fmt=fmt, pkg_info=pkg_info)
    cache.download(pypi_url(body, filename), body)
    record = program.only("show", "old-style==0.1")
    assert (record["kind"], record["filename"], record["url_proved"]) == ("sdist", filename, True)


def test_an_sdist_whose_file_has_another_spelling_than_its_folder_is_proved(
    cache: CacheBuilder, program: Program
) -> None:
    _, body = archives.build_sdist("Zope.Thing", "1.0", folder="Zope.Thing-1.0")
    cache.download(pypi_url(body, "zope_thing-1.0.tar.gz"), body)
    assert program.only("show", "zope-thing")["filename"] == "zope_thing-1.0.tar.gz"


def test_a_metadata_file_is_no_wheel_whatever_its_headers_say(cache: CacheBuilder, program: Program) -> None:
    filename, body = archives.build_wheel("foo", "1.0")
    headers = {**FILE_HEADERS, "x-pypi-file-package-type": "bdist_wheel", "x-pypi-file-project": "foo"}
    url = pypi_url(body, filename)
    cache.download(url, body)
    key = cache.download(f"{url}.metadata", archives.metadata("foo", "1.0"), headers=headers)
    records = {record["kind"]: record for record in program.artifacts("show", "foo")}
    assert records["metadata"]["key"] == key
    assert records["metadata"]["filename"] == f"{filename}.metadata"
    assert records["metadata"]["url_proved"]
    assert {record["kind"] for record in program.artifacts("list")} == {"wheel"}


@pytest.mark.parametrize("encode", [gzip.compress, bytes], ids=["gzip", "plain"])
def test_a_page_of_the_index_is_proved_by_its_key(
    cache: CacheBuilder, program: Program, encode: Callable[[bytes], bytes]
) -> None:
    page = json_page("foo", ("foo-1.0.tar.gz", "https://files.example/foo-1.0.tar.gz", b""))
    headers = {**SIMPLE_JSON, **({"Content-Encoding": "gzip"} if encode is gzip.compress else {})}
    cache.download(f"{PAGE_BASES[0]}foo/", encode(page), headers=headers)
    record = program.only("list", "--kind", "page")
    assert (record["project"], record["url"], record["url_proved"]) == ("foo", f"{PAGE_BASES[0]}foo/", True)


def test_a_cut_wheel_is_named_by_the_page_that_lists_it(cache: CacheBuilder, program: Program) -> None:
    filename, body = archives.build_wheel("foo", "1.0")
    url = f"https://files.example/{filename}"
    key = cache.download(url, body[: len(body) // 2])
    page = json_page("foo", (filename, url, body))
    cache.download("https://index.example/simple/foo/", page, headers=SIMPLE_JSON)
    record = program.only("list")
    assert (record["kind"], record["filename"], record["key"]) == ("wheel", filename, key)
    assert "cut short" in record["problem"]
    shown = program.only("show", filename)
    assert {promise["kept"] for promise in shown["promises"]} == {False}


def test_a_sign_in_page_stored_as_a_wheel_is_shown_as_the_wheel_it_should_be(
    cache: CacheBuilder, program: Program
) -> None:
    headers = {
        **FILE_HEADERS,
        "Content-Type": "text/html",
        "x-pypi-file-package-type": "bdist_wheel",
        "x-pypi-file-project": "foo",
        "x-pypi-file-version": "1.0",
    }
    cache.download(
        "https://files.example/foo-1.0-py3-none-any.whl", b"<html>Please sign in</html>", headers=headers
    )
    record = program.only("list", "foo")
    assert (record["kind"], record["project"], record["version"]) == ("wheel", "foo", "1.0")
    assert "html" in record["problem"]


def test_names_that_disagree_are_both_kept_and_both_found(cache: CacheBuilder, program: Program) -> None:
    _, body = archives.build_wheel("bar", "2.0")
    url = "https://files.example/foo-1.0-py3-none-any.whl"
    cache.download(url, body)
    page = json_page("foo", ("foo-1.0-py3-none-any.whl", url, body))
    cache.download("https://index.example/simple/foo/", page, headers=SIMPLE_JSON)
    by_page, by_content = program.artifacts("show", "foo==1.0"), program.artifacts("show", "bar==2.0")
    assert [record["key"] for record in by_page] == [record["key"] for record in by_content]
    assert {(claim["project"], claim["version"]) for claim in by_page[0]["evidence"]} == {
        ("foo", "1.0"),
        ("bar", "2.0"),
    }


def test_a_redirect_says_where_to_without_its_secrets(cache: CacheBuilder, program: Program) -> None:
    headers = {
        **FILE_HEADERS,
        "ETag": '"x"',
        "Location": "https://user:s3cr3t@index.example/simple/foo/?sig=s3cr3t",
    }
    cache.download("https://index.example/simple/Foo/", None, headers=headers, status=301)
    answer = program("list", "--all", "--format", "json")
    assert answer.document["artifacts"][0]["kind"] == "other"
    assert "https://***@index.example/simple/foo/?sig=***" in answer.out
    assert "s3cr3t" not in answer.out


def test_what_a_request_varied_on_is_never_shown(cache: CacheBuilder, program: Program) -> None:
    filename, body = archives.build_wheel("foo", "1.0")
    cache.download(
        f"https://index.example/{filename}",
        body,
        headers={**FILE_HEADERS, "Vary": "Authorization, Cookie", "Set-Cookie": "id=s3cr3t"},
        request_headers={"Authorization": "Basic s3cr3t", "Cookie": "s3cr3t"},
    )
    for form in ("table", "json"):
        answer = program("show", "foo", "--format", form)
        assert "s3cr3t" not in answer.out
        assert "***" in answer.out


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        (b"cc=1,\x80\x02", "pip 6.0-6.0.6"),
        (b"cc=2,x\x9c", "pip 6.0.7-9"),
        (b"cc=9,", "no pip is known"),
        (b"", "empty"),
    ],
)
def test_other_serialisations_are_named_for_what_they_are(
    cache: CacheBuilder, program: Program, frame: bytes, words: str
) -> None:
    cache.raw("https://files.example/foo-1.0.tar.gz", frame, store="http")
    record = program.only("list", "--all")
    assert record["kind"] == "unknown"
    assert words in record["problem"]


def test_documents_and_repository_archives_are_other(cache: CacheBuilder, program: Program) -> None:
    as_json = {**FILE_HEADERS, "Content-Type": "application/json"}
    info = json.dumps({"info": {"name": "pip", "version": "9.0.3"}, "releases": {}}).encode()
    cache.download("https://index.example/pypi/pip/json", info, headers=as_json)
    cache.download("https://host.example/requirements.txt", b"foo==1.0\n", headers={**FILE_HEADERS})
    _, archive = archives.build_sdist("repo", "main", pkg_info=False)
    cache.download("https://host.example/repo/archive/main.tar.gz", archive)
    records = program.artifacts("list", "--all")
    assert {record["kind"] for record in records} == {"other"}
    assert {record["project"] for record in records} == {"pip", "repo", None}


def test_built_wheels_tell_their_origin_and_their_interpreter(cache: CacheBuilder, program: Program) -> None:
    filename, wheel = archives.build_wheel("foo", "1.0")
    sdist_name, sdist = archives.build_sdist("foo", "1.0")
    url = pypi_url(sdist, sdist_name)
    digest = hashlib.sha256(sdist).hexdigest()
    origin = {"url": url, "archive_info": {"hashes": {"sha256": digest}, "hash": f"sha256={digest}"}}
    built = cache.built(origin, filename, wheel, interpreter="cp39")
    source = cache.download(url, sdist)
    records = {record["kind"]: record for record in program.artifacts("show", "foo")}
    assert records["built"]["built_by"] == "cp39"
    assert records["built"]["source"]["hashes"] == {"sha256": digest}
    assert records["built"]["cached_sources"] == [source]
    assert records["sdist"]["built_from_it"] == [built]
    assert records["built"]["downloaded"] is None
    assert records["built"]["built"] is not None


def test_a_vcs_build_tells_its_commit(cache: CacheBuilder, program: Program) -> None:
    filename, wheel = archives.build_wheel("foo", "1.0")
    vcs = {"vcs": "git", "commit_id": "a" * 40, "requested_revision": "main"}
    cache.built({"url": "https://user:s3cr3t@git.example/foo", "vcs_info": vcs}, filename, wheel)
    record = program.only("show", "foo")
    assert record["origin"] == "git git.example@aaaaaaaaaaaa"
    assert record["source"]["commit"] == "a" * 40
    assert "s3cr3t" not in json.dumps(record)


def test_a_wheel_that_was_moved_to_another_key_says_so(cache: CacheBuilder, program: Program) -> None:
    filename, wheel = archives.build_wheel("foo", "1.0")
    key = cache.built({"url": "https://files.example/foo-1.0.tar.gz"}, filename, wheel)
    other = {"url": "https://files.example/bar-1.0.tar.gz"}
    caches.replace(cache.folder(key) / "origin.json", json.dumps(other).encode())
    assert any("moved, or altered" in note for note in program.only("show", "foo")["notes"])


@pytest.mark.parametrize("origin", [None, b"", b"[]", b'{"url": 1}', b"\xff" * 10])
def test_an_origin_that_is_missing_or_broken_is_a_note(
    cache: CacheBuilder, program: Program, origin: bytes | None
) -> None:
    filename, wheel = archives.build_wheel("foo", "1.0")
    cache.built(origin, filename, wheel)
    record = program.only("list", "foo")
    assert (record["kind"], record["origin"], record["built_by"]) == ("built", None, None)
    assert any("origin.json" in note for note in record["notes"])


def test_several_wheels_in_one_folder_share_its_origin(cache: CacheBuilder, program: Program) -> None:
    origin = {"url": "https://files.example/foo-1.0.tar.gz"}
    for tag in ("cp39-cp39-linux_x86_64", "py3-none-any"):
        cache.built(origin, *archives.build_wheel("foo", "1.0", tags=[tag]))
    records = program.artifacts("list")
    assert [record["tags"] for record in records] == [["cp39-cp39-linux_x86_64"], ["py3-none-any"]]
    assert {record["built_by"] for record in records} == {"cp311"}


def test_names_and_versions_that_follow_no_rule_are_kept_as_found(cache: CacheBuilder, program: Program) -> None:
    filename, body = archives.build_wheel("foo", "0.7.10p1")
    cache.download(pypi_url(body, filename), body)
    assert program.only("show", "foo===0.7.10p1")["version"] == "0.7.10p1"
    assert program.artifacts("show", "foo>=0.1") == []


def test_a_note_of_the_self_check_tells_whether_its_environment_is_gone(
    cache: CacheBuilder, program: Program, tmp_path: Path
) -> None:
    cache.selfcheck(str(tmp_path))
    cache.selfcheck(str(tmp_path / "gone"))
    notes = [record["notes"][-1] for record in program.artifacts("list", "--all")]
    assert sorted(note.endswith("which is gone") for note in notes) == [False, True]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes have no names here")
def test_links_pipes_strays_and_leftovers_are_rows_and_never_followed(
    cache: CacheBuilder, program: Program, tmp_path: Path
) -> None:
    secret = tmp_path / "outside"
    secret.mkdir()
    filename, body = archives.build_wheel("foo", "1.0")
    (secret / filename).write_bytes(body)
    key = cache.download(pypi_url(body, filename), body)
    (cache.root / "http-v2" / "a").mkdir(exist_ok=True)
    caches.link(cache.root / "wheels", secret)
    caches.link(cache.root / "http-v2" / "a" / "b", secret)
    caches.link(cache.body(key).with_name("0" * 56), secret / filename)
    caches.fifo(cache.root / "http-v2" / "a" / "c")
    cache.stray("http-v2/a/1/9/5/3/" + "a1953" + "0" * 51 + ".bodyabcd1234.tmp")
    cache.stray("http-v2/a/1/9/5/3/notes.txt")
    cache.stray("README")
    answer = program("list", "--all", "--format", "json")
    notes = {record["files"][0]: record["notes"] for record in answer.document["artifacts"] if record["notes"]}
    assert notes["wheels"] == ["a symbolic link, not followed"]
    assert notes["http-v2/a/b"] == ["a symbolic link, not followed"]
    assert notes["http-v2/a/c"] == ["not a regular file"]
    assert notes["README"] == ["not pip's"]
    assert ["a temporary file of a download"] in notes.values()
    assert [record["kind"] for record in answer.document["artifacts"]].count("wheel") == 1
    assert answer.code == 0


@pytest.mark.permissions
def test_what_may_not_be_read_is_a_row_and_exit_3(cache: CacheBuilder, program: Program) -> None:
    filename, body = archives.build_wheel("foo", "1.0")
    key = cache.download(pypi_url(body, filename), body)
    caches.chmod(cache.body(key), 0)
    answer = program("list", "--all", "--format", "json")
    assert answer.code == 3
    assert "Permission denied" in answer.document["artifacts"][0]["problem"]
