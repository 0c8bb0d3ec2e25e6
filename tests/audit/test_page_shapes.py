"""Pages in every shape that pip reads: what it may choose from one is found, or the page is not judged."""

from __future__ import annotations

import gzip
import json
import zlib
from typing import TYPE_CHECKING

import pytest

from pipcache.index.anchors import find_anchors
from pipcache.util.urls import PAGE_BASES
from tests.support import archives, caches, truth
from tests.support.slow import slow_but

if TYPE_CHECKING:
    from tests.support.caches import CacheBuilder
    from tests.support.program import Program

EVIL = f"{PAGE_BASES[0]}evil/"
LINKS = "https://links.example/downloads.html"
JSON = "application/vnd.pypi.simple.v1+json"

EGGS = {
    "alone": "https://files.example/download?id=5#egg=evil-1.0",
    "behind a digest": f"https://files.example/5#sha256={'0' * 64}&egg=evil-1.0",
    "before a folder": "https://files.example/5#egg=evil-1.0&subdirectory=x",
    "in the query": "https://files.example/5?a=b&egg=evil-1.0",
    "in a query that is coded": "https://files.example/5?a=b&amp;egg=evil-1.0",
    "of another spelling": "https://files.example/5#egg=Evil-1.0",
    "of a repository": "git+https://forge.example/evil.git@v1#egg=evil-1.0",
    "of a Python": "https://files.example/5#egg=evil-1.0-py3",
    "of another file": "https://files.example/innocent-3.0.tar.gz#egg=evil-1.0",
    "of a wheel of another name": "https://files.example/innocent-3.0-py3-none-any.whl#egg=evil-1.0",
    "relative": "5#egg=evil-1.0",
}


def audit(builder: CacheBuilder, program: Program, body: bytes, content_type: str | None, **more: str) -> set[int]:
    """The exit codes of an audit of the page of a project, and of a page that anybody may have made."""
    headers = caches.FILE_HEADERS | more | ({} if content_type is None else {"Content-Type": content_type})
    codes = set()
    for url in (EVIL, LINKS):
        builder.download(url, body, headers=headers)
        codes.add(program("audit", "evil==1.0").code)
        caches.remove(builder.head(truth.url_key(url)))
        caches.remove(builder.body(truth.url_key(url)))
    return codes


@pytest.mark.parametrize("name", EGGS)
def test_an_egg_is_a_name(builder: CacheBuilder, program: Program, name: str) -> None:
    body = f'<html><a href="{EGGS[name]}">download</a></html>'.encode()
    assert audit(builder, program, body, "text/html") == {1}
    document = json.dumps({"files": [{"url": EGGS[name].replace("&amp;", "&"), "filename": "x"}]}).encode()
    assert audit(builder, program, document, JSON) == {1}


def test_an_egg_of_something_else_is_clean(builder: CacheBuilder, program: Program) -> None:
    for egg in ("evil-1.0.1", "evil", "evil-", "devil-1.0", "evil2-1.0"):
        body = f'<html><a href="https://files.example/5#egg={egg}">x</a></html>'.encode()
        assert audit(builder, program, body, "text/html") == {0}, egg


HREF = "evil-1.0.tar.gz"
HTML = {
    "a plain anchor": f'<a href="{HREF}">x</a>',
    "another case": f"<A HREF='{HREF}'>",
    "no quotes": f"<a href={HREF}>",
    "no quotes, and signs of a quote": f"<a title=a'b href={HREF}>",
    "two URLs, the first": f'<a href="{HREF}" href="good-1.0.tar.gz">',
    "two URLs, the last": f'<a href="good-1.0.tar.gz" href="{HREF}">',
    "two signs of equality": f'<a href=="{HREF}">',
    "an anchor behind a comment that has a quote": f'<!-- <a " --><a href="{HREF}">',
    "an anchor behind a comment that never ends": f'<!-- <a x="><a href="{HREF}">',
    "an anchor behind a comment that ends at once": f'<!--><a href="{HREF}"><!-- x -->',
    "an anchor behind a script": f'<script>x = \'<a "\';</script><a href="{HREF}">',
    "an anchor behind a style": f"<style>a:before {{ content: \"<a title='\" }}</style><a href='{HREF}'>",
    "an anchor in a script that ends early": f'<script>\'<a z="</script><a href="{HREF}">\'',
    "an anchor in a value": f'<p title=<a href="{HREF}">',
    "an anchor in a value that is quoted twice": f"<p title='<a href=\"'x=\"<a href='{HREF}'>",
    "an attribute without a blank": f'<a title="x"href="{HREF}">',
    "a slash": f'<a/href="{HREF}"/>',
    "references": '<a href="evil&#45;1.0&period;tar.gz">',
    "a line in the URL": '<a href="evil-1.0.t\nar.gz">',
    "a coded line in the URL": '<a href="evil-1.0.t&#10;ar.gz">',
    "a tab in the URL": '<a href="evil-1.0\t.tar.gz">',
    "percent signs": '<a href="evil%2D1.0.tar%2Egz">',
    "blanks around the URL": f'<a href="  {HREF}  ">',
    "a base": f'<base href="https://files.example/x/"><a href="{HREF}">',
    "attributes": f'<a data-requires-python="&gt;=3" data-yanked="" href="{HREF}#sha256={"0" * 64}">',
    "JSON before it": f'{{"files": []}}<a href="{HREF}">',
    "JSON that is a page, and HTML in it": json.dumps(
        {"meta": {}, "name": "good", "files": [], "x": f"<a href={HREF}>"}
    ),
    "no tag before it": f'{"words " * 20_000}<a href="{HREF}">',
    "METADATA before it": f'Metadata-Version: 2.1\nName: good\nVersion: 1.0\n\n<a href="{HREF}">',
    "a NUL before it": f'\0<a href="{HREF}">',
    "XHTML": f'<?xml version="1.0"?><html xmlns="x"><body><a href="{HREF}" /></body></html>',
    "a Python at the end": '<a href="evil-1.0-py3.tar.gz">',
    "a wheel with an underscore": '<a href="evil-1.0_0-py3-none-any.whl"><a href="evil-1.0.zip">',
}


@pytest.mark.parametrize(
    "content_type",
    slow_but(1, ["text/html", "Text/HTML; Charset=UTF-8", "application/vnd.pypi.simple.v1+html"]),
)
@pytest.mark.parametrize("name", HTML)
def test_html_that_pip_reads(builder: CacheBuilder, program: Program, name: str, content_type: str) -> None:
    assert audit(builder, program, HTML[name].encode(), content_type) == {1}


@pytest.mark.parametrize(
    ("charset", "codec"),
    [
        ("; charset=utf-16", "utf-16"),
        (";charset=UTF-16LE", "utf-16-le"),
        ('; charset="utf-32"', "utf-32"),
        ("; charset=cp037", "cp037"),
        ("; charset=shift_jis", "shift_jis"),
        ("; charset=iso-2022-jp", "iso2022_jp"),
        ("; charset=latin-1", "latin-1"),
        ("", "utf-16"),  # pip < 22.2 goes by the byte order mark
        ("", "utf-8-sig"),
    ],
)
def test_a_charset(builder: CacheBuilder, program: Program, charset: str, codec: str) -> None:
    body = HTML["a plain anchor"].encode(codec)
    assert audit(builder, program, body, f"text/html{charset}") == {1}


@pytest.mark.parametrize("charset", ["utf-7", "nosuch", "hex", "punycode", "utf-8; charset=utf-16", ""])
def test_a_charset_that_is_not_read_is_not_judged(builder: CacheBuilder, program: Program, charset: str) -> None:
    assert audit(builder, program, b"<html></html>", f"text/html; charset={charset}") == {3}


def test_a_charset_that_only_the_page_gives(builder: CacheBuilder, program: Program) -> None:
    start = b'<html><meta http-equiv="Content-Type" content="text/html; charset=%s">'
    assert audit(builder, program, start % b"iso-2022-kr", "text/html") == {3}
    assert audit(builder, program, start % b"iso-8859-15", "text/html") == {0}


CODED = {
    "two codings": ("gzip, gzip", gzip.compress(gzip.compress(b"<a href=evil-1.0.zip>"))),
    "bytes that do not decode": ("gzip", b"\x1f\x8b\x08 no gzip"),
    "deflate that is no deflate": ("deflate", b"no deflate"),
}


@pytest.mark.parametrize("name", CODED)
def test_html_that_cannot_be_decoded_is_not_judged(builder: CacheBuilder, program: Program, name: str) -> None:
    encoding, body = CODED[name]
    assert audit(builder, program, body, "text/html", **{"Content-Encoding": encoding}) == {3}


@pytest.mark.parametrize("compress", [gzip.compress, zlib.compress])
def test_html_that_was_cut_is_read_as_far_as_it_goes(
    builder: CacheBuilder, program: Program, compress: object
) -> None:
    assert callable(compress)
    name = "gzip" if compress is gzip.compress else "deflate"
    body = compress(b"<a href=evil-1.0.zip>" + bytes(range(256)) * 50)[:-9]
    assert audit(builder, program, body, "text/html", **{"Content-Encoding": name}) == {1}


JSONS = {
    "a name": {"filename": HREF, "url": "x"},
    "a URL alone": {"url": f"https://files.example/{HREF}"},
    "a relative URL": {"url": f"../../{HREF}"},
    "another name": {"filename": "good-1.0.tar.gz", "url": f"x/{HREF}"},
    "a yanked file": {"filename": HREF, "url": HREF, "yanked": "bad", "requires-python": ">=3"},
    "coded signs": {"url": "evil%2d1.0.tar.gz"},
    "a line": {"url": "evil-1.0.t\nar.gz"},
}


@pytest.mark.parametrize("content_type", [JSON, JSON.upper() + "; charset=utf-8"])
@pytest.mark.parametrize("name", JSONS)
def test_json_that_pip_reads(builder: CacheBuilder, program: Program, name: str, content_type: str) -> None:
    for document in ({"files": [JSONS[name]]}, {"meta": {}, "name": "good", "files": [None, 1, {}, JSONS[name]]}):
        text = json.dumps(document)
        for codec in ("utf-8", "utf-16", "utf-8-sig"):
            assert audit(builder, program, text.encode(codec), content_type) == {1}, codec


@pytest.mark.parametrize("body", [b"[]", b'{"files": {}}', b"{", b'{"files": [', b"<html>", b""])
def test_json_that_no_pip_reads_is_not_clean(builder: CacheBuilder, program: Program, body: bytes) -> None:
    assert audit(builder, program, body, JSON) == {3}


def test_what_pip_refuses_to_read_is_clean(builder: CacheBuilder, program: Program) -> None:
    for content_type in ("text/plain", "application/json", None):
        assert audit(builder, program, b"<html>Sign in</html>", content_type) == {0}, content_type


def test_a_file_whose_server_calls_it_html_may_be_a_page(builder: CacheBuilder, program: Program) -> None:
    filename, wheel = archives.build_wheel("good", "1.0")
    assert audit(builder, program, wheel, "text/html") == {0}
    link = b"<a href=evil-1.0.zip>"
    named = {"Content-Disposition": f"attachment; filename={filename}"}
    assert audit(builder, program, link + wheel, "text/html") <= {1, 3}
    assert audit(builder, program, link, "text/html", **named) == {3}
    stored = archives.build_wheel("good", "1.0", members={"x.html": link})[1]
    assert audit(builder, program, stored, "text/html") <= {0, 3}


def test_a_digest_in_the_fragment_of_a_json_url(builder: CacheBuilder, program: Program) -> None:
    """pip takes it before those in ``hashes``."""
    digest = "ab" * 32
    row = {"url": f"https://files.example/x-1.0.zip#sha256={digest}", "hashes": {"sha256": "00" * 32}}
    body = json.dumps({"files": [row]}).encode()
    builder.download(EVIL, body, headers=caches.FILE_HEADERS | {"Content-Type": JSON})
    assert program("audit", f"sha256:{digest}").code == 1


def test_an_egg_names_what_was_downloaded_from_there(builder: CacheBuilder, program: Program) -> None:
    url = "https://files.example/download?id=5"
    body = f'<html><a href="{url}#egg=evil-1.0">download</a></html>'.encode()
    builder.download(LINKS, body, headers=caches.FILE_HEADERS | {"Content-Type": "text/html"})
    data = archives.build_sdist("evil", "1.0", folder="src", pkg_info=False)[1]
    key = builder.download(url, data)
    hits = program("audit", "evil==1.0", "--format", "json").document["caches"][0]["hits"]
    assert {hit["artifact"]["key"]: hit["relation"] for hit in hits}[key] == "match"


def test_of_many_links_in_a_tag_those_that_pips_take_are_read(builder: CacheBuilder, program: Program) -> None:
    # html5lib takes the first of them, pip since 22.2 the last
    for hrefs in (["evil-1.0.zip"] + ["x.zip"] * 4000, ["x.zip"] * 4000 + ["evil-1.0.zip"]):
        body = "<!DOCTYPE html><a " + "".join(f"href={href} " for href in hrefs) + ">x</a>"
        assert audit(builder, program, body.encode(), "text/html") == {1}
        assert len([*find_anchors(body)]) == 2
