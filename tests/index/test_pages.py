"""Index pages: JSON and HTML say the same, as pip and html.parser would read it, and hostile ones say less."""

from __future__ import annotations

import html
import json
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import quote, urljoin

import pytest
from hypothesis import example, given, settings, strategies as st

from pipcache.index.links import absolute_urls
from pipcache.index.page import Page, parse_page, quick_project
from pipcache.index.page_format import PageFormat
from pipcache.index.rows import PageFile, page_rows
from pipcache.store.keys import http_key
from tests.support.places import REPOSITORY

laws = settings(deadline=None, derandomize=True)


SHA256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

# Pages from one list of files

VERSIONS = st.sampled_from(["1.0", "2!1.0", "1.0+local.1", "1.0rc1", "2004d", "1.0-1"])
FILENAMES = st.builds(
    "{}-{}{}".format,
    st.sampled_from(["foo", "Foo.Bar", "foo_bar", "zope.interface", "名前"]),
    VERSIONS,
    st.sampled_from([".tar.gz", ".zip", ".tar.bz2", "-py3-none-any.whl", "-cp311-cp311-linux_x86_64.whl"]),
)
TEXT = st.text(st.characters(exclude_categories=["C", "Z"]) | st.sampled_from(" <>&\"'="), min_size=1, max_size=15)
# ends are not part of it: nobody promises to keep blanks there
LINES = TEXT.map(str.strip).filter(bool)
HEX = st.text("0123456789abcdef", min_size=64, max_size=64)


@st.composite
def page_files(draw: st.DrawFn) -> PageFile:
    """A file with everything both forms of a page can say of it."""
    filename = draw(FILENAMES)
    start = draw(st.sampled_from(["https://files.example/packages/", "../../packages/", "/packages/", ""]))
    digest = draw(st.none() | HEX)
    metadata = draw(st.none() | st.just("") | HEX)
    return PageFile(
        filename,
        start + quote(filename, safe=draw(st.sampled_from(["", "!+~"]))),
        (("sha256", digest),) if digest else (),
        None,  # HTML cannot tell a size
        draw(st.none() | st.just("2024-03-05T10:20:30.123456Z")),
        draw(st.booleans() | LINES),
        None if metadata is None else (("sha256", metadata),) if metadata else (),
        draw(st.none() | st.sampled_from([">=3.9", "<4,>=3.11", "!=3.0.*"])),
    )


def as_json(project: str, files: list[PageFile], *, old: bool = False) -> bytes:
    """A page of the JSON API; `old` uses the name metadata had before PEP 714."""
    rows = []
    for file in files:
        row: dict[str, object] = {"filename": file.filename, "url": file.url, "hashes": dict(file.hashes)}
        if file.upload_time is not None:
            row["upload-time"] = file.upload_time
        if file.yanked is not False:
            row["yanked"] = file.yanked
        if file.core_metadata is not None:
            row["dist-info-metadata" if old else "core-metadata"] = dict(file.core_metadata) or True
        if file.requires_python is not None:
            row["requires-python"] = file.requires_python
        rows.append(row)
    return json.dumps({"meta": {"api-version": "1.1"}, "name": project, "files": rows}).encode()


def attributes_of(file: PageFile, *, old: bool = False) -> dict[str, str]:
    """What an anchor says of a file."""
    attributes = {"href": file.url + "".join(f"#{name}={digest}" for name, digest in file.hashes)}
    if file.upload_time is not None:
        attributes["data-upload-time"] = file.upload_time
    if file.yanked is not False:
        attributes["data-yanked"] = "" if file.yanked is True else file.yanked
    if file.core_metadata is not None:
        listed_digests = "".join(f"{name}={digest}" for name, digest in file.core_metadata) or "true"
        attributes["data-dist-info-metadata" if old else "data-core-metadata"] = listed_digests
    if file.requires_python is not None:
        attributes["data-requires-python"] = file.requires_python
    return attributes


class Style:
    """How a server writes anchors: drawn anew for each part of them."""

    def __init__(self, data: st.DataObject) -> None:
        self._data = data

    def pick(self, *choices: str) -> str:
        return self._data.draw(st.sampled_from(choices))

    def value(self, text: str) -> str:
        """An attribute's value between quotes; what must be escaped is, > and the other quote may be."""
        quoting = self.pick('"', "'")
        written = [
            character
            if character not in "&<>\"'" or (character not in f"&<{quoting}" and self._data.draw(st.booleans()))
            else self.pick(html.escape(character), f"&#{ord(character)};", f"&#x{ord(character):X};")
            for character in text
        ]
        return quoting + "".join(written) + quoting

    def attribute(self, name: str, value: str) -> str:
        return self.pick(name, name.upper()) + self.pick("=", " = ", "= ") + self.value(value)

    def anchor(self, attributes: dict[str, str], text: str) -> str:
        blank = self.pick(" ", "\n", "\t  ")
        pairs = [
            self.attribute(name, attributes[name]) for name in self._data.draw(st.permutations(list(attributes)))
        ]
        return f"<{self.pick('a', 'A')}{blank}{blank.join(pairs)}{self.pick('', ' ')}>{html.escape(text)}</a>"


def as_html(project: str, anchors: list[str]) -> bytes:
    """A page as PEP 503 describes it."""
    head = f"<!DOCTYPE html>\n<html><head><title>Links for {html.escape(project)}</title></head><body>"
    return "\n".join([head, f"<h1>Links for {html.escape(project)}</h1>", *anchors, "</body></html>"]).encode()


@laws
@given(st.lists(page_files(), max_size=4), st.booleans(), st.data())
def test_json_and_html_give_the_same_files(files: list[PageFile], old: bool, data: st.DataObject) -> None:  # noqa: FBT001
    style = Style(data)
    project = data.draw(st.sampled_from(["foo", "Foo.Bar", "foo_bar"]))
    anchors = [style.anchor(attributes_of(file, old=old), file.filename) for file in files]
    normal = project.lower().replace(".", "-").replace("_", "-")
    expected = tuple(files)
    assert parse_page(as_json(project, files, old=old)) == Page(PageFormat.JSON, normal, expected)
    assert parse_page(as_html(project, anchors)) == Page(PageFormat.HTML, normal, expected)


@pytest.mark.slow
@laws
@given(st.lists(page_files(), max_size=4), st.data())
def test_only_the_files_that_are_wanted_are_taken_apart(files: list[PageFile], data: st.DataObject) -> None:
    style = Style(data)
    wanted = data.draw(st.sets(st.sampled_from([file.url for file in files]))) if files else set()
    expected = tuple(file for file in files if file.url in wanted)
    anchors = [style.anchor(attributes_of(file), file.filename) for file in files]
    for page in (as_json("foo", files), as_html("foo", anchors)):
        parsed = page_rows(page)
        assert parsed is not None
        assert tuple(row.file() for row in parsed.rows if row.url in wanted) == expected


def test_the_size_is_what_json_alone_can_tell() -> None:
    rows = [{"filename": "foo-1.zip", "url": "foo-1.zip", "size": size} for size in (5, 0, -1, True, "5")]
    page = parse_page(json.dumps({"meta": {}, "name": "foo", "files": rows}).encode())
    assert page is not None
    assert [file.size for file in page.files] == [5, 0, None, None, None]


# Against html.parser


class Anchors(HTMLParser):
    """The attributes of every anchor, as pip's own reader of pages gets them."""

    def __init__(self) -> None:
        super().__init__()
        self.anchors: list[dict[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self.anchors.append(dict(attrs))


NAMES = st.sampled_from(["href", "rel", "class", "data-yanked", "data-requires-python", "data-href", "title"])
OTHER_TAGS = st.sampled_from(
    ["<br/>", "<p>text</p>", "<abbr title='x'>", "<area href='no.zip'>", "1 < 2 > 0", "</a>"]
)


@laws
@given(
    st.lists(st.dictionaries(NAMES, TEXT | st.just(""), min_size=1, max_size=4) | OTHER_TAGS, max_size=6),
    st.data(),
)
def test_the_links_are_those_html_parser_finds(tags: list[dict[str, str] | str], data: st.DataObject) -> None:
    style = Style(data)
    written = [tag if isinstance(tag, str) else style.anchor(tag, "text") for tag in tags]
    page = as_html("foo", written)
    parser = Anchors()
    parser.feed(page.decode())
    parsed = page_rows(page)
    assert parsed is not None
    links = [(attributes.get("href") or "").strip() for attributes in parser.anchors]
    assert [f"{row.url}#{row.fragment}" for row in parsed.rows if row.url or row.fragment] == [
        link if "#" in link else f"{link}#" for link in links if link not in {"", "#"}
    ]


@pytest.mark.parametrize(
    ("anchor", "url"),
    [
        ("<a href=foo-1.zip>", "foo-1.zip"),
        ("<a\nhref=foo-1.zip\n>", "foo-1.zip"),
        ("<a rel=x href=foo-1.zip rel=y>", "foo-1.zip"),
        ("<A HREF='foo-1.zip'>", "foo-1.zip"),
        ('<a href="foo-1.zip#sha256=00" >', "foo-1.zip"),
        ('<a href="foo-1.zip?a=1&amp;b=2">', "foo-1.zip?a=1&b=2"),
        ('<a href="  foo-1.zip  ">', "foo-1.zip"),
        ('<a data-requires-python=">=3" href="foo-1.zip">', "foo-1.zip"),
        ("<a title='a > b' href=\"foo-1.zip\">", "foo-1.zip"),
        ('<a data-href="no.zip" href="foo-1.zip">', "foo-1.zip"),
        ('<a href="&#102;oo-1.zip">', "foo-1.zip"),
    ],
)
def test_an_anchor_is_read_however_it_is_written(anchor: str, url: str) -> None:
    page = parse_page(as_html("foo", [f"{anchor}foo-1.zip</a>"]))
    assert page is not None
    assert [file.url for file in page.files] == [url]


@pytest.mark.parametrize(
    "text",
    [
        "<abbr href='foo-1.zip'>",
        "<a>foo-1.zip</a>",
        "<a href>foo-1.zip</a>",
        "<a href=''>foo-1.zip</a>",
        "<a href='/simple/foo/'>foo</a>",
        "<a href='mailto:foo@forge.example'>mail</a>",
        "<a data-href='foo-1.zip'>",
        "&lt;a href='foo-1.zip'&gt;",
    ],
)
def test_what_links_to_no_distribution_is_no_file(text: str) -> None:
    page = parse_page(as_html("foo", [text]))
    assert page is not None
    assert page.files == ()


# What a page says of its files


@pytest.mark.parametrize(
    ("said", "yanked"),
    [
        ("", False),
        (' data-yanked=""', True),
        (" data-yanked", True),
        (" data-yanked='bad &amp; ugly'", "bad & ugly"),
    ],
)
def test_a_yanked_file_says_why(said: str, yanked: str | bool) -> None:  # noqa: FBT001 - a table's cell
    page = parse_page(as_html("foo", [f'<a href="foo-1.zip"{said}>foo-1.zip</a>']))
    assert page is not None
    assert page.files[0].yanked == yanked


@pytest.mark.parametrize(
    ("attributes", "metadata"),
    [
        ({}, None),
        ({"data-core-metadata": "true"}, ()),
        ({"data-dist-info-metadata": "true"}, ()),
        ({"data-core-metadata": f"sha256={SHA256}"}, (("sha256", SHA256),)),
        ({"data-dist-info-metadata": f"sha256={SHA256.upper()}"}, (("sha256", SHA256),)),
        # PEP 714: the old name counts only where the new one is missing
        ({"data-core-metadata": f"sha256={SHA256}", "data-dist-info-metadata": "true"}, (("sha256", SHA256),)),
        ({"data-core-metadata": "nonsense"}, ()),
    ],
)
def test_metadata_is_announced_under_either_name(
    attributes: dict[str, str], metadata: tuple[tuple[str, str], ...] | None
) -> None:
    said = "".join(f" {name}='{value}'" for name, value in attributes.items())
    page = parse_page(as_html("foo", [f"<a href='foo-1.zip'{said}>foo-1.zip</a>"]))
    assert page is not None
    assert page.files[0].core_metadata == metadata


@pytest.mark.parametrize(
    ("row", "metadata"),
    [
        ({}, None),
        ({"core-metadata": True}, ()),
        ({"core-metadata": False}, None),
        ({"dist-info-metadata": {"sha256": SHA256}}, (("sha256", SHA256),)),
        ({"core-metadata": {"SHA256": SHA256.upper()}, "dist-info-metadata": False}, (("sha256", SHA256),)),
        ({"core-metadata": False, "dist-info-metadata": True}, None),
        ({"core-metadata": {"sha256": 5, "md5": "not hex at all"}}, ()),
        ({"core-metadata": "true"}, None),
    ],
)
def test_metadata_is_announced_under_either_name_in_json(
    row: dict[str, object], metadata: tuple[tuple[str, str], ...] | None
) -> None:
    rows = [{"filename": "foo-1.zip", "url": "foo-1.zip"} | row]
    page = parse_page(json.dumps({"meta": {}, "name": "foo", "files": rows}).encode())
    assert page is not None
    assert page.files[0].core_metadata == metadata


@pytest.mark.parametrize(
    ("fragment", "hashes"),
    [
        ("", ()),
        ("#", ()),
        (f"#sha256={SHA256}", (("sha256", SHA256),)),
        (f"#sha256={SHA256.upper()}", (("sha256", SHA256),)),
        ("#md5=098f6bcd4621d373cade4e832627b4f6", (("md5", "098f6bcd4621d373cade4e832627b4f6"),)),
        (f"#egg=foo&amp;sha256={SHA256}", (("sha256", SHA256),)),
        (f"#egg=foo&sha256={SHA256}&subdirectory=x", (("sha256", SHA256),)),
        ("#sha256=", ()),
        ("#egg=foo-1", ()),
        ("#crc=00", ()),
    ],
)
def test_a_fragment_holds_the_digest(fragment: str, hashes: tuple[tuple[str, str], ...]) -> None:
    page = parse_page(as_html("foo", [f'<a href="foo-1.zip{fragment}">foo-1.zip</a>']))
    assert page is not None
    assert page.files[0].hashes == hashes
    assert page.files[0].url == "foo-1.zip"


# Where a listed URL leads

PAGE = "https://index.example/simple/foo/"


@pytest.mark.parametrize(
    ("url", "base", "page", "urls"),
    [
        ("https://files.example/foo-1.zip", None, None, ["https://files.example/foo-1.zip"]),
        ("https://files.example/foo-1.zip#x", None, PAGE, ["https://files.example/foo-1.zip"]),
        ("foo-1.zip", None, PAGE, ["https://index.example/simple/foo/foo-1.zip"]),
        ("../../p/foo-1.zip", None, PAGE, ["https://index.example/p/foo-1.zip"]),
        ("/p/foo-1.zip", None, PAGE, ["https://index.example/p/foo-1.zip"]),
        ("//files.example/foo-1.zip", None, PAGE, ["https://files.example/foo-1.zip"]),
        ("foo-1.zip?a=1", None, PAGE, ["https://index.example/simple/foo/foo-1.zip?a=1"]),
        ("foo-1.zip", "https://files.example/p/", PAGE, ["https://files.example/p/foo-1.zip"]),
        ("foo-1.zip", "https://files.example/p/", None, ["https://files.example/p/foo-1.zip"]),
        ("foo-1.zip", "/other/", PAGE, ["https://index.example/other/foo-1.zip"]),
        ("foo-1.zip", "../", PAGE, ["https://index.example/simple/foo-1.zip"]),
        ("https://files.example/foo-1.zip", "https://x.example/", PAGE, ["https://files.example/foo-1.zip"]),
        ("foo-1.zip", None, None, []),
        ("foo-1.zip", "/other/", None, []),
        ("javascript:alert(1)", None, PAGE, []),
        ("file:///etc/foo-1.zip", None, PAGE, []),
        ("data:text/html,x", None, PAGE, []),
        ("https:///foo-1.zip", None, PAGE, []),
        ("https://[bad/foo-1.zip", None, PAGE, []),
    ],
)
def test_a_listed_url_leads_where_a_browser_would_go(
    url: str, base: str | None, page: str | None, urls: list[str]
) -> None:
    assert absolute_urls(url, base, page) == urls


@pytest.mark.parametrize(
    ("url", "today"),
    [
        ("https://files.example/foo-1.0+local.zip", "https://files.example/foo-1.0%2Blocal.zip"),
        ("https://files.example/foo%2b1.zip", "https://files.example/foo%2B1.zip"),
        ("https://files.example/a%2fb/foo 1.zip", "https://files.example/a%2Fb/foo%201.zip"),
        ("https://files.example/foo-2!1.zip", "https://files.example/foo-2%211.zip"),
        ("https://files.example/@scope/foo-1.zip", "https://files.example/@scope/foo-1.zip"),
    ],
)
def test_a_url_is_quoted_as_pip_quotes_it_and_kept_as_old_pips_took_it(url: str, today: str) -> None:
    assert absolute_urls(url, None, None) == [today, url]


ANY_URL = (
    st.text(st.characters() | st.characters(categories=["Cc", "Cs", "Cf"]), max_size=20)
    | st.builds(
        "".join,
        st.lists(
            st.sampled_from([*"https://[]@:#?%\n\t\r \\.\0", "https://", "foo-1.zip", "files.example", "\udcff"])
        ),
    )
    | st.builds("https:{}//{}".format, st.text("\n\t\r \0", max_size=2), st.text(max_size=10))
)


@pytest.mark.slow
@settings(laws, max_examples=500)
@given(ANY_URL, st.none() | ANY_URL, st.sampled_from([None, PAGE]))
@example("https:\n//files.example/foo-1.zip", None, None)
@example("https://\tfiles.example/foo-1.zip", None, PAGE)
@example("https:/\r/files.example/foo-1.zip", "https:\n//files.example", None)
def test_every_place_a_listed_url_leads_to_has_a_key(url: str, base: str | None, page: str | None) -> None:
    for absolute in absolute_urls(url, base, page):
        assert len(http_key(absolute)) == 56
        assert "#" not in absolute


@laws
@given(st.sampled_from(["foo-1.0.zip", "a/foo-1.0.zip", "../foo-1.0.zip", "/foo-1.0.zip", "?x=1", "."]), ANY_URL)
def test_without_a_base_a_relative_url_is_joined_to_the_page(url: str, fragment: str) -> None:
    expected = urljoin(PAGE, url)
    assert absolute_urls(f"{url}#{fragment}", None, PAGE)[:1] == [expected]


@pytest.mark.parametrize(
    ("tag", "base"),
    [
        ("", None),
        ('<base href="https://files.example/">', "https://files.example/"),
        ("<BASE HREF='https://files.example/?a=1&amp;b=2'>", "https://files.example/?a=1&b=2"),
        ('<base target="_blank">', None),
        ("<basefont href='no'>", None),
    ],
)
def test_a_page_may_move_its_base(tag: str, base: str | None) -> None:
    page = parse_page(as_html("foo", [tag, "<a href='foo-1.zip'>foo-1.zip</a>"]))
    assert page is not None
    assert page.base == base
    assert len(page.files) == 1


# Which project a page is about


@pytest.mark.parametrize(
    ("page", "project"),
    [
        (b"<title>Links for Foo.Bar</title>", "foo-bar"),
        (b"<html><body><h1>Links for foo_bar</h1>", "foo-bar"),
        (b"<TITLE>\n  LINKS  FOR\tfoo \n</TITLE>", "foo"),
        (b"<title>Links for zope&#46;interface</title>", "zope-interface"),
        (b'{"meta": {}, "name": "Foo.Bar", "files": []}', "foo-bar"),
        (b'{"meta": {}, "files": [{"filename": "foo-1.zip", "url": "x"}]}', "foo"),
        (b"<a href='foo-1.zip'>1</a><a href='foo-2-py3-none-any.whl'>2</a>", "foo"),
        (b"<a href='foo-1.zip'>1</a><a href='bar-1.zip'>2</a>", None),
        (b'<meta name="pypi:repository-version" content="1.1">', None),
    ],
)
def test_a_page_names_its_project_or_its_files_do(page: bytes, project: str | None) -> None:
    parsed = parse_page(page)
    assert parsed is not None
    assert parsed.project == project


@pytest.mark.parametrize(
    ("start", "projects"),
    [
        (b"<title>Links for Foo.Bar</title>", ["foo-bar"]),
        (b"<title>Links for a &amp; b</title>", ["a & b"]),
        (b'{"files":[{"core-metadata":false,"filename":"foo_bar-1.0-py3-none-any.whl"', ["foo-bar"]),
        (b'{"files": [{"filename" : "foo-bar-1.0.tar.gz"', ["foo", "foo-bar"]),
        (b"", []),
        (b"\xff\xfe\x00", []),
    ],
)
def test_the_first_bytes_of_a_page_hint_at_its_project(start: bytes, projects: list[str]) -> None:
    assert quick_project(start)[: len(projects)] == projects


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"hello",
        b"\x00\x01",
        b"{",
        b"{}",
        b"[]",
        b"null",
        b'{"files": []}',
        b'{"files": {}, "meta": {}}',
        b'{"name": "foo", "info": {}, "urls": []}',
        b"<html><body>Sign in <a href='/login'>here</a></body></html>",
        b"<" * 1000,
        b"{" * 200_000,
        b'{"files": ' + b"[" * 200_000,
        b'{"meta": {}, "files": [' + b"9" * 5000 + b"]}",
        b'{"meta": {}, "files": [{"filename": "foo-1.zip", "url": "x", "size": ' + b"9" * 5000 + b"}]}",
        "{}".encode("utf-16"),
        b'{"name": "\xff", "meta": {}, "files": []}',
    ],
)
def test_other_documents_are_no_pages(data: bytes) -> None:
    assert parse_page(data) is None


# Hostile pages

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just("\ud800"),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=5) | st.sampled_from(["sha256", "url"]), inner, max_size=3)
    ),
    max_leaves=6,
)
ROWS = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(
        ["filename", "url", "hashes", "size", "upload-time", "yanked", "core-metadata", "requires-python"],
        JSON | ANY_URL | st.just("foo-1.0.zip"),
    ),
)


def check(page: Page | None) -> None:
    """A page has the types it should have, and where its files lead can be said."""
    if page is None:
        return
    for file in page.files:
        texts = [file.filename, file.url, *(text for pair in file.hashes for text in pair)]
        texts += [text for pair in file.core_metadata or () for text in pair]
        assert {type(text) for text in texts} == {str}
        assert type(file.yanked) in {bool, str}
        assert file.size is None or (type(file.size) is int and file.size >= 0)
        assert {type(file.upload_time), type(file.requires_python)} <= {str, type(None)}
        for absolute in absolute_urls(file.url, page.base, PAGE):
            http_key(absolute)


@laws
@given(st.lists(ROWS | JSON, max_size=4), JSON)
def test_a_json_page_of_any_content_gives_what_is_there(rows: list[object], name: object) -> None:
    data = json.dumps({"meta": {}, "name": name, "files": rows}).encode()
    check(parse_page(data))
    quick_project(data)


@laws
@given(
    st.lists(
        st.sampled_from(
            ["<a ", "<a\n", ">", "</a>", "<base ", "href", "=", '"', "'", " ", "&#", "&#x", ";", "<!--"]
        )
        | st.sampled_from(
            ["foo-1.zip", "#sha256=", "data-yanked", "<title>Links for ", "</title>", "&#99999999999;"]
        )
        | ANY_URL,
        max_size=25,
    )
)
def test_an_html_page_of_any_content_gives_what_is_there(pieces: list[str]) -> None:
    data = ("<html>" + "".join(pieces)).encode(
        "utf-8", "surrogateescape" if "\udcff" in pieces else "surrogatepass"
    )
    check(parse_page(data))
    quick_project(data)


@laws
@given(
    st.sampled_from([b"", b"<", b"{", b"\xef\xbb\xbf{", b"<title>Links for x</title>"]), st.binary(max_size=300)
)
def test_any_bytes_are_a_page_or_none(start: bytes, data: bytes) -> None:
    check(parse_page(start + data))
    quick_project(start + data)


@pytest.mark.parametrize("reference", ["&#" + "9" * 5000 + ";", "&#" + "9" * 5000, "&#x" + "f" * 5000 + ";"])
@pytest.mark.parametrize(
    "page",
    [
        "<a href='{}foo-1.zip'>x</a>",
        "<a href='foo-1.zip' data-yanked='{}'>x</a>",
        "<base href='{}'><a href='foo-1.zip'>x</a>",
        "<h1>{}</h1><a href='foo-1.zip'>{}</a>",
    ],
)
def test_a_character_reference_longer_than_int_takes_is_text(page: str, reference: str) -> None:
    parsed = parse_page(f"<title>Links for foo</title>{page}".replace("{}", reference).encode())
    assert parsed is not None
    # within a URL it makes a fragment of the rest, and nothing is left to be a file's name
    assert len(parsed.files) == (0 if page.startswith("<a href='{}") and "x" not in reference else 1)


SLOW = {
    "anchors that never end": b"<a " * 300_000,
    "anchors whose end is far away": b'<a href="" ' * 100_000,
    "URLs that never end": b'<a href="x' * 100_000,
    "anchors of another kind": b"<a rel='x' href='x'>" * 100_000,
    "anchors without a URL": b"<a x>" * 200_000,
    "quotes that never end": b'<a "' * 200_000,
    "quotes of both kinds": b"<a '\"" * 200_000,
    "one endless attribute": b"<a href=" + b"x" * 1_000_000,
    "attributes without values": b"<a " + b"x " * 300_000 + b">",
    "blanks after a name": b"<a x" + b" " * 1_000_000 + b">",
    "signs of equality": b"<a " + b"x=" * 300_000 + b">",
    "bases that never end": b"<base " * 150_000,
    "titles that never end": b"<title " * 150_000,
    "headings and blanks": b"<h1>" + b" " * 1_000_000,
    "a title of blanks": b"<title>Links for x" + b" " * 1_000_000,
    "metas that never end": b"<meta " * 150_000,
    "references": b"<a href='" + b"&#1" * 300_000 + b"'>",
    "a name of dashes": b'{"filename": "' + b"-" * 250 + b'", ' * 50_000,
}


@pytest.mark.slow
@pytest.mark.parametrize("name", SLOW)
def test_a_page_made_to_be_slow_ends(name: str, tmp_path: Path) -> None:
    """A megabyte that takes quadratic time would take hours; a minute is for the slowest machine."""
    path = tmp_path / "page"
    path.write_bytes(b"<title>Links for x</title>" * (not SLOW[name].startswith(b"{")) + SLOW[name])
    code = (
        "import sys; from pipcache.index.page import parse_page, quick_project;"
        "from pipcache.index.rows import page_rows; "
        "data = open(sys.argv[1], 'rb').read(); parse_page(data); quick_project(data[:32768]); "
        "[(row.filename, row.may_have(['0'])) for page in [page_rows(data)] if page for row in page.rows]"
    )
    subprocess.run([sys.executable, "-c", code, path], cwd=REPOSITORY, check=True, timeout=60)
