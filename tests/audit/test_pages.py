"""Pages that list what advisories mean: however they are written, whatever the indicator, whoever serves them."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import pytest

from pipcache.audit import pages
from pipcache.inventory.from_pages import read_rows
from pipcache.util.urls import FILES_HOST, PAGE_BASES, file_urls
from tests.support import archives, caches
from tests.support.caches import CacheBuilder
from tests.support.program import Program

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pipcache.index.rows import Rows
    from pipcache.inventory.artifact import Artifact
    from pipcache.store.cache import Cache

INDEX = "https://index.example/simple/"
BAD = archives.build_wheel("evil", "1.0")
GOOD = archives.build_wheel("evil", "0.9")
BLAKE2B = hashlib.blake2b(BAD[1], digest_size=32).hexdigest()
SHA256 = hashlib.sha256(BAD[1]).hexdigest()
URL = file_urls(BLAKE2B, BAD[0])[0]
PATH = URL.removeprefix(f"https://{FILES_HOST}/")


def as_json(url: str, *, sha256: str | None = SHA256) -> tuple[bytes, str]:
    rows = [
        {"filename": GOOD[0], "url": "good.whl", "hashes": {}},
        {"filename": BAD[0], "url": url, "hashes": {} if sha256 is None else {"sha256": sha256}},
    ]
    document = {"meta": {"api-version": "1.0"}, "name": "evil", "files": rows}
    return json.dumps(document).encode(), "application/vnd.pypi.simple.v1+json"


def as_html(url: str, *, sha256: str | None = SHA256, base: str = "") -> tuple[bytes, str]:
    fragment = "" if sha256 is None else f"#sha256={sha256}"
    anchors = f'<a href="x/{GOOD[0]}">{GOOD[0]}</a>\n<a class=\'x\' href="{url}{fragment}">{BAD[0]}</a>'
    return f"<html><head>{base}<title>Links for evil</title></head>{anchors}".encode(), "text/html"


def serve(builder: CacheBuilder, page: tuple[bytes, str], *, url: str = f"{INDEX}evil/") -> str:
    return builder.download(url, page[0], headers=caches.FILE_HEADERS | {"Content-Type": page[1]})


PAGES: dict[str, Callable[[], tuple[bytes, str]]] = {
    "json": lambda: as_json(URL),
    "json, a URL that is relative": lambda: as_json(f"../../{PATH}"),
    "html": lambda: as_html(URL),
    "html, a relative URL": lambda: as_html(f"../../{PATH}"),
    "html, a base": lambda: as_html(PATH, base=f'<base href="https://{FILES_HOST}/">'),
    "html, the digest of the bytes in capitals": lambda: as_html(URL, sha256=SHA256.upper()),
    "html, a path with signs that are quoted": lambda: as_html(URL.replace("-py3", "%2Dpy3")),
}
INDICATORS = {
    "version": "evil==1.0",
    "file name": BAD[0],
    "sha256": f"sha256:{SHA256}",
    "blake2b": f"blake2b_256:{BLAKE2B}",
    "URL": f"{URL}",
}


@pytest.mark.parametrize("indicator", INDICATORS)
@pytest.mark.parametrize("form", PAGES)
def test_a_page_is_found_that_lists_what_is_gone_from_the_cache(
    builder: CacheBuilder,
    program: Program,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    form: str,
    indicator: str,
) -> None:
    relative = "relative" in form
    monkeypatch.setenv("PIP_INDEX_URL", INDEX)
    serve(builder, PAGES[form](), url=f"{PAGE_BASES[0]}evil/" if relative else f"{INDEX}evil/")
    path = tmp_path / "list.txt"
    host = PAGE_BASES[0].split("/")[2]
    path.write_text(INDICATORS[indicator].replace(FILES_HOST, host if relative else FILES_HOST) + "\n", "utf-8")
    ran = program("audit", "--advisory", str(path), "--format", "json")
    (hit,) = ran.document["caches"][0]["hits"]
    assert (hit["relation"], hit["of"], ran.code) == ("page", BAD[0], 1)


def test_a_page_is_known_by_its_key_whatever_it_says(builder: CacheBuilder, program: Program) -> None:
    body, kind = as_html(URL, sha256=None)
    lies = body.replace(b"Links for evil", b"Links for innocent"), kind
    key = serve(builder, lies, url=f"{PAGE_BASES[0]}evil/")
    for indicator in ("evil==1.0", URL, BAD[0]):
        assert hits(program, indicator).keys() == {key}, indicator
    other = serve(builder, lies)  # of an index that nobody knows
    assert hits(program, "evil==1.0").keys() == {key, other}


def test_the_page_of_what_something_was_built_from_is_found_too(builder: CacheBuilder, program: Program) -> None:
    sdist = archives.build_sdist("inner", "2.0")
    url = f"https://files.example/{sdist[0]}"
    row = {"filename": sdist[0], "url": url, "hashes": {}}
    body = json.dumps({"meta": {}, "name": "inner", "files": [row]}).encode()
    page = serve(builder, (body, "application/vnd.pypi.simple.v1+json"), url=f"{PAGE_BASES[0]}inner/")
    source = builder.download(url, sdist[1])
    wheel = builder.built({"url": url}, *BAD)
    matches = hits(program, "evil==1.0")
    assert {key: hit["relation"] for key, hit in matches.items()} == {
        wheel: "match",
        source: "source",
        page: "page",
    }


def test_a_page_is_found_by_the_pattern_of_a_name(builder: CacheBuilder, program: Program) -> None:
    key = serve(builder, as_json(URL))
    assert hits(program, "evi*").keys() == {key}
    assert hits(program, "evil?*") == {}


@pytest.mark.parametrize(("known", "code"), [(True, 1), (False, 3)])
def test_where_a_relative_url_leads_is_known_by_the_page_s_own(
    builder: CacheBuilder, program: Program, monkeypatch: pytest.MonkeyPatch, *, known: bool, code: int
) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", INDEX if known else "https://other.example/")
    serve(builder, as_html(f"../../files/{BAD[0]}", sha256=None))
    ran = program("audit", f"https://index.example/files/{BAD[0]}", "--format", "json")
    assert ran.code == code
    reasons = [record["why"] for record in ran.document["caches"][0]["unjudged"]]
    assert reasons == ([] if known else [f"it lists {BAD[0]} by a relative URL, and its own is not known"])
    assert program("audit", f"https://index.example/files/{GOOD[0]}").code == (0 if known else 3)
    assert program("audit", "https://index.example/files/evil-0.8.tar.gz").code == 0


def hits(program: Program, *arguments: str) -> dict[str, dict[str, Any]]:  # Any: JSON
    matches = program("audit", *arguments, "--format", "json").document["caches"][0]["hits"]
    return {hit["artifact"]["key"]: hit for hit in matches}


@pytest.mark.parametrize("form", [as_json, as_html])
def test_a_mirror_that_lists_the_bytes_elsewhere_is_found(
    builder: CacheBuilder, program: Program, form: Callable[..., tuple[bytes, str]]
) -> None:
    key = builder.download(URL, BAD[1])
    own = serve(builder, form(URL))
    mirrored = serve(
        builder, form("https://mirror.example/1.whl#egg=x"), url="https://mirror.example/simple/evil/"
    )
    other = serve(builder, form("https://a.example/1", sha256=GOOD[0]), url="https://a.example/simple/evil/")
    matches = hits(program, URL)
    assert matches.keys() >= {key, own}
    assert other not in matches
    assert (mirrored in matches) == (form is as_json)  # in HTML 1.whl is no file of a distribution
    mirrored = serve(builder, form(f"https://b.example/{BAD[0]}"), url="https://b.example/simple/evil/")
    matches = hits(program, URL)
    assert (matches[mirrored]["relation"], matches[mirrored]["of"]) == ("page", BAD[0])
    assert set(matches[key]["listed_by"]) == {"evil"}


MIRRORED_ROWS = {
    "a distribution": (f"https://mirror.example/e-9-py3-none-any.whl#sha256={SHA256}", True),
    "in capitals": (f"https://mirror.example/e-9-py3-none-any.whl#sha256={SHA256.upper()}", True),
    "no distribution": (f"https://mirror.example/evil-9.9.exe#sha256={SHA256}", False),
    "a signature": (f"https://mirror.example/e-9-py3-none-any.whl.asc#sha256={SHA256}", False),
    "no name": (f"#sha256={SHA256}", False),
    "a longer digest": (f"https://mirror.example/e-9-py3-none-any.whl#sha256={SHA256}00", False),
}


@pytest.mark.parametrize("selector", ["evil==1.0", URL])
@pytest.mark.parametrize("row", MIRRORED_ROWS)
def test_a_page_lists_the_bytes_where_pip_takes_the_row_for_a_distribution(
    builder: CacheBuilder, program: Program, row: str, selector: str
) -> None:
    url, is_listed = MIRRORED_ROWS[row]
    key = builder.download(URL, BAD[1])
    page = f'<html><head><title>Links for evil</title></head><a href="{url}">x</a></html>'
    mirrored = serve(builder, (page.encode(), "text/html"))
    assert hits(program, selector).keys() == ({key, mirrored} if is_listed else {key})


HASHES = {
    "the fragment overrides": ({"sha256": "0" * 64}, f"#sha256={SHA256}", True),
    "the fragment is another": ({"sha256": SHA256}, f"#sha256={'0' * 64}", False),
    "no hashes": ({}, f"#sha256={SHA256}", True),
    "a name in capitals": ({"SHA256": SHA256}, "", True),
}


@pytest.mark.parametrize("selector", ["evil==1.0", URL])
@pytest.mark.parametrize("case", HASHES)
def test_the_digest_of_a_row_of_json_is_that_which_pip_takes(
    builder: CacheBuilder, program: Program, case: str, selector: str
) -> None:
    hashes, fragment, is_listed = HASHES[case]
    key = builder.download(URL, BAD[1])
    row = {"filename": "e-9.tar.gz", "url": f"https://mirror.example/e-9.tar.gz{fragment}", "hashes": hashes}
    document = {"meta": {"api-version": "1.0"}, "name": "evil", "files": [row]}
    page = json.dumps(document).encode(), "application/vnd.pypi.simple.v1+json"
    mirrored = serve(builder, page)
    assert hits(program, selector).keys() == ({key, mirrored} if is_listed else {key})


def test_a_page_that_goes_before_its_names_are_read_is_not_judged(
    builder: CacheBuilder, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    builder.download(URL, BAD[1])
    key = serve(builder, as_html("https://mirror.example/evil-9.9-py3-none-any.whl"))

    def read_late(cache: Cache, page: Artifact) -> Rows | None:
        builder.body(key).unlink()
        return read_rows(cache, page)

    monkeypatch.setattr(pages, "read_rows", read_late)
    ran = program("audit", "evil==1.0", "--format", "json")
    reasons = [record["why"] for record in ran.document["caches"][0]["unjudged"]]
    assert reasons == ["a page that cannot be read"]


def test_a_listed_name_with_a_comma_has_its_page(builder: CacheBuilder, program: Program) -> None:
    filename, url = "evil-1.0, beta.tar.gz", "https://files.example/evil-1.0%2C%20beta.tar.gz"
    rows = [{"filename": filename, "url": url, "hashes": {}}, {"filename": BAD[0], "url": URL, "hashes": {}}]
    document = json.dumps({"meta": {"api-version": "1.0"}, "name": "evil", "files": rows}).encode()
    page = serve(builder, (document, "application/vnd.pypi.simple.v1+json"), url=f"{PAGE_BASES[0]}evil/")
    key = builder.download(url, archives.build_sdist("evil", "1.0")[1])
    matches = hits(program, "evil")
    assert (matches[page]["relation"], matches[page]["of"]) == ("page", f"{filename}, {BAD[0]}")
    assert (matches[key]["artifact"]["filename"], matches[key]["listed_by"]) == (filename, ["evil"])


@pytest.mark.parametrize("selector", ["evil", URL, f"sha256:{SHA256}", BAD[0]])
@pytest.mark.parametrize("body", [b"\x1f\x8b\x08 no gzip", b'{"meta": {}', b"<html><body>Sign in</body></html>"])
def test_a_page_that_cannot_be_read_is_told_where_it_may_list_it(
    builder: CacheBuilder, program: Program, body: bytes, selector: str
) -> None:
    serve(builder, (body, "application/vnd.pypi.simple.v1+json"), url=f"{PAGE_BASES[0]}evil/")
    assert program("audit", selector).code == 3


NAMELESS = archives.build_sdist("src", "1.0", folder="src", pkg_info=False)[1]
TWICE_LISTED = {
    "another name in JSON": ("evil-1.0.tar.gz", {"filename": "good-2.0.tar.gz"}),
    "an egg of another": ("evil-1.0.tar.gz#egg=good-2.0", {}),
}


@pytest.mark.parametrize("name", TWICE_LISTED)
def test_a_file_has_the_name_in_its_url_whatever_a_page_calls_it(
    builder: CacheBuilder, program: Program, name: str
) -> None:
    end, more = TWICE_LISTED[name]
    row = {"url": f"https://files.example/{end}", "hashes": {}, **more}
    document = json.dumps({"meta": {"api-version": "1.0"}, "name": "good", "files": [row]}).encode()
    serve(builder, (document, "application/vnd.pypi.simple.v1+json"), url=f"{PAGE_BASES[0]}good/")
    key = builder.download("https://files.example/evil-1.0.tar.gz", NAMELESS)
    for release in ("evil==1.0", "good==2.0"):
        assert hits(program, release)[key]["relation"] == "match", release
        assert [row["key"] for row in program.artifacts("list", release)] == [key]
        plan = program("remove", release, "--dry-run", "--format", "json").document["plan"]
        assert key in json.dumps(plan), release
    assert program("audit", "evil==2.0").code == 0
    assert program("verify").code == 0


def test_a_file_that_pages_of_two_projects_list_has_both_names(builder: CacheBuilder, program: Program) -> None:
    url = "https://files.example/blob.tar.gz"
    for project in ("good", "evil"):
        page = f'<!DOCTYPE html><title>Links for {project}</title><a href="{url}#egg={project}-1.0">x</a>'.encode()
        serve(builder, (page, "text/html"), url=f"{PAGE_BASES[0]}{project}/")
    key = builder.download(url, NAMELESS)
    for project in ("good", "evil"):
        assert hits(program, project)[key]["relation"] == "match"
        assert [row["key"] for row in program.artifacts("list", f"{project}==1.0")] == [key]
    assert program("verify").code == 0
