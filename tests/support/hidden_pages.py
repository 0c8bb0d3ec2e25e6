"""Ways to list a bad file on a page that a pip reads."""

from __future__ import annotations

import gzip
import hashlib
import json
import zlib
from urllib.parse import unquote

from tests.support.archives import build_sdist, build_wheel
from tests.support.hiding import HTML, JSON, SDIST, WHEEL, Bait, Row, Stall


def anchor(url: str, more: str = "") -> str:
    return f'<a href="{url}"{more}>x</a>'


def of_page(text: str | None = None, *, file: tuple[str, bytes] = WHEEL, kind: str = HTML, **more: object) -> Row:
    """A page that is written by hand: `{url}` and `{path}` stand for the file's."""

    def make(stall: Stall) -> Bait:
        url = stall.file(*file)
        page = (text or anchor("{url}")).replace("{url}", url).replace("{path}", "/" + url.split("/", 3)[3])
        page = page.replace("{host}", url.split("/")[2])
        stall.page(page, kind=kind)
        return Bait(**more)  # type: ignore[arg-type]

    return make


def of_name(filename: str, *, name: str = "evil", asked: str = "evil==1.0", body: bytes = WHEEL[1]) -> Row:
    """A page of `name` that lists a file as `filename`."""

    def make(stall: Stall) -> Bait:
        stall.listing(stall.file(filename, body), name=name)
        return Bait((asked,), (asked,), unquote(filename))

    return make


def of_json(**changes: object) -> Row:
    """A page in JSON; the row's fields may be changed."""

    def make(stall: Stall) -> Bait:
        url = stall.file(*WHEEL)
        digests = {"sha256": hashlib.sha256(WHEEL[1]).hexdigest()}
        row: dict[str, object] = {"filename": WHEEL[0], "url": url, "hashes": digests}
        row |= {
            key: value.replace("{url}", url) if isinstance(value, str) else value for key, value in changes.items()
        }
        document = {"meta": {"api-version": "1.0"}, "name": "evil", "files": [row]}
        stall.page(json.dumps(document), kind=JSON)
        return Bait()

    return make


def of_document(document: object, codec: str = "utf-8", before: str = "", kind: str = JSON) -> Row:
    """A page in JSON of any shape; `{url}` stands for the file's."""

    def make(stall: Stall) -> Bait:
        text = document if isinstance(document, str) else json.dumps(document)
        stall.page((before + text.replace("{url}", stall.file(*WHEEL))).encode(codec), kind=kind)
        return Bait()

    return make


def under(headers: dict[str, str], status: int = 200) -> Row:
    """A page under headers, or a status, of its own."""

    def make(stall: Stall) -> Bait:
        stall.page(f"<!DOCTYPE html>{anchor(stall.file(*WHEEL))}", headers, status=status)
        return Bait()

    return make


def of_charset(charset: str, codec: str | None = None) -> Row:
    def make(stall: Stall) -> Bait:
        page = f"<!DOCTYPE html><title>Links for good</title>{anchor(stall.file(*WHEEL))}"
        stall.page(page.encode(codec or charset), kind=f"{HTML}; charset={charset}")
        return Bait()

    return make


def of_coding(header: str, *codecs: object) -> Row:
    def make(stall: Stall) -> Bait:
        data = f"<!DOCTYPE html>{anchor(stall.file(*WHEEL))}".encode()
        for codec in codecs:
            assert callable(codec)
            data = codec(data)
        stall.page(data, {"Content-Encoding": header})
        return Bait()

    return make


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


def in_members(data: bytes) -> bytes:
    return b"".join(gzip.compress(data[at : at + 20]) for at in range(0, len(data), 20))


def moved(status: int) -> Row:
    def make(stall: Stall) -> Bait:
        url = stall.file(*WHEEL)
        stall.page(anchor(url), path="/other/place/")
        stall.redirect("/simple/evil/", "/other/place/", status)
        return Bait()

    return make


def moved_file(status: int) -> Row:
    def make(stall: Stall) -> Bait:
        stall.file("blob", WHEEL[1])
        return stall.listing(stall.redirect(f"/old/{WHEEL[0]}", "/f/blob", status))

    return make


def extra_index(stall: Stall) -> Bait:
    stall.page("<!DOCTYPE html><title>Links for evil</title>")
    stall.page(anchor(stall.file(*WHEEL)), path="/extra/deep/evil/")
    return Bait(("evil==1.0", "--extra-index-url", f"{stall.root}/extra/deep"))


def find_links(title: str, path: str = "/wheels/all.html") -> Row:
    def make(stall: Stall) -> Bait:
        others = "".join(anchor(f"{name}-1.0.tar.gz") for name in ("aa", "bb"))
        stall.page(f"<html><title>{title}</title>{others}{anchor(stall.file(*WHEEL))}</html>", path=path)
        return Bait(("evil==1.0", "--no-index", "--find-links", f"{stall.root}{path}"))

    return make


def by_egg(path: str, fragment: str, body: bytes = SDIST[1], kind: str = "application/octet-stream") -> Row:
    def make(stall: Stall) -> Bait:
        return stall.listing(stall.file(path, body, kind=kind) + fragment)

    return make


ODD = "Foo.Bar_baz"
ROW = {"filename": WHEEL[0], "url": "{url}", "hashes": {}}
DOCUMENT = {"meta": {"api-version": "1.0"}, "name": "evil", "files": [ROW]}
PAGES: dict[str, Row] = {
    "HTML": of_page(),
    "HTML 4": of_page('<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.01//EN"><HTML><BODY>' + anchor("{url}")),
    "a relative URL": of_page(anchor(f"../../f/{WHEEL[0]}")),
    "a URL from the root": of_page(anchor("{path}")),
    "a URL from the host": of_page(anchor("//{host}{path}")),
    "base href": of_page('<base href="{url}">' + anchor(WHEEL[0])),
    "single quotes": of_page("<a class=x href='{url}'>x</a>"),
    "no quotes": of_page("<a href={url}>x</a>"),
    "capitals": of_page('<A HREF="{url}">x</A>'),
    "a line break in the tag": of_page('<a\nhref\n=\n"{url}"\n>x</a>'),
    "references in the URL": of_page(anchor("{url}").replace("evil-", "&#101;vil&#45;")),
    "references without an end": of_page(f'<a href="../../f/&#101vil-1.0{WHEEL[0][8:]}">x</a>'),
    "blanks around the URL": of_page('<a href="  {url}\n">x</a>'),
    "a tab within the URL": of_page(f'<a href="../../f/ev\til-1.0{WHEEL[0][8:]}">x</a>'),
    "two href": of_page('<a href="{url}" href="good-1.0.tar.gz">x</a>'),
    "two href, the last counts": of_page('<a href="good-1.0.tar.gz" href="{url}">x</a>'),
    "a quote within a tag": of_page("""<a title="'>" href="{url}">x</a>"""),
    "within a script that ends": of_page("<script>x</script>" + anchor("{url}")),
    "behind a comment that begins like a tag": of_page("<!-- <a href='x -->" + anchor("{url}")),
    "a tag that is not closed": of_page('<a <b><a href="{url}">x</a>'),
    "yanked": of_page(anchor("{url}", ' data-yanked=""')),
    "a page that names another project": of_page("<title>Links for good</title>" + anchor("{url}")),
    "text before the page": of_page("Welcome. " * 200 + anchor("{url}")),
    "much text before the page": of_page("Welcome. " * 10_000 + anchor("{url}")),
    "no markup but anchors": of_page("\n\n" + anchor("{url}")),
    "NUL before the page": of_page("\0" * 20 + anchor("{url}")),
    "NUL in the page": of_page("<html>\0" + anchor("{url}")),
    "a page that begins like a ZIP": of_page("PK\x03\x04" + anchor("{url}")),
    "a page that begins like gzip": of_page("BZh91AY" + anchor("{url}")),
    "a page that begins like METADATA": of_page("Metadata-Version: 2.1\nName: good\n\n" + anchor("{url}")),
    "a page that begins like JSON": of_page('{"x": 1}' + anchor("{url}")),
    "a page in JSON that is called HTML": of_page('{"name": "good", "meta": {}, "files": []}' + anchor("{url}")),
    "capitals in the type": of_page(kind="TEXT/HTML"),
    "parameters of the type": of_page(kind="text/html;charset=UTF-8"),
    "a type that begins like HTML": of_page(kind="text/htmlx"),
    "JSON": of_json(),
    "JSON, a relative URL": of_json(url=f"../../f/{WHEEL[0]}"),
    "JSON, a quoted URL": of_json(url=f"../../f/{WHEEL[0]}".replace("evil", "%65vil")),
    "JSON, another file name": of_json(filename="good-1.0-py3-none-any.whl"),
    "JSON, no hashes": of_json(hashes={}),
    "JSON, yanked": of_json(yanked="bad"),
    "JSON in UTF-16": of_document(DOCUMENT, "utf-16"),
    "JSON with a mark": of_document(DOCUMENT, "utf-8-sig"),
    "JSON behind blanks": of_document(DOCUMENT, before=" " * 600),
    "JSON in other capitals": of_document(DOCUMENT, kind="Application/Vnd.PyPI.Simple.V1+JSON"),
    "JSON without a name": of_document({"meta": {"api-version": "1.0"}, "files": [ROW]}),
    "JSON with nothing but files": of_document({"files": [ROW], "meta": {"api-version": "1.0"}, "name": None}),
    "JSON with files twice": of_document(json.dumps(DOCUMENT).replace('"files"', '"files": [], "files"')),
    "JSON with much before the files": of_document(
        {"x": "y" * 100_000, "meta": {"api-version": "1.0"}, "name": "evil", "files": [ROW]}
    ),
    "JSON with odd numbers": of_document(json.dumps(DOCUMENT).replace('"files"', '"x": NaN, "files"')),
    "JSON with half a character": of_document(json.dumps(DOCUMENT).replace('"evil"', '"\\ud800"')),
    "JSON that names another project": of_document({**DOCUMENT, "name": "good"}),
    "HTML of the simple API": of_page(kind="application/vnd.pypi.simple.v1+html"),
    "a page under the headers of a file": under(
        {"x-pypi-file-project": "good", "x-pypi-file-version": "2.0", "x-pypi-file-package-type": "bdist_wheel"}
    ),
    "a page under the name of a file": under({"Content-Disposition": "attachment; filename=good-2.0.tar.gz"}),
    "a page of status 203": under({}, 203),
    "a page of status 300": under({}, 300),
    "a scheme in capitals": of_page(anchor("HTTP://{host}{path}")),
    "user and password": of_page(anchor("http://me:secret@{host}{path}")),
    "dots in the path": of_page(anchor("{url}").replace("/f/", "/x/../f/")),
    "no blank between attributes": of_page('<a title="x"href="{url}">x</a>'),
    "a form feed for a blank": of_page('<a\fhref="{url}">x</a>'),
    "UTF-16": of_charset("utf-16"),
    "UTF-16 without a mark": of_charset("utf-16-le"),
    "UTF-7": of_charset("utf-7"),
    "EBCDIC": of_charset("cp037"),
    "UTF-8 with a mark": of_charset("utf-8", "utf-8-sig"),
    "an unknown charset": of_charset("x-none", "utf-8"),
    "escapes": of_charset("unicode_escape"),
    "gzip": of_coding("gzip", gzip.compress),
    "x-gzip": of_coding("x-gzip", gzip.compress),
    "GZIP": of_coding("GZIP", gzip.compress),
    "deflate": of_coding("deflate", zlib.compress),
    "raw deflate": of_coding("deflate", raw_deflate),
    "gzip twice": of_coding("gzip, gzip", gzip.compress, gzip.compress),
    "deflate, then gzip": of_coding("deflate, gzip", zlib.compress, gzip.compress),
    "members of gzip": of_coding("gzip", in_members),
    "gzip and more behind it": of_coding("gzip", lambda data: gzip.compress(data) + b"more"),
    "identity": of_coding("identity"),
    "an unknown coding": of_coding("rot13"),
    "a page that moved (301)": moved(301),
    "a page that moved (308)": moved(308),
    "a file that moved (301)": moved_file(301),
    "a file that moved (308)": moved_file(308),
    "a file that moved (302)": moved_file(302),
    "an extra index": extra_index,
    "find-links": find_links("Wheels"),
    "find-links without a title": find_links(""),
    "find-links that names a project": find_links("Links for good"),
    "find-links at a folder": find_links("Index of /", "/wheels/"),
    "find-links at a name": find_links("x", "/simple/good/"),
    "egg": by_egg("download/7", "#egg=evil-1.0", kind="application/x-gzip"),
    "egg of a ZIP": by_egg(
        "download/7", "#egg=evil-1.0", build_sdist("evil", "1.0", fmt="zip")[1], "application/zip"
    ),
    "egg with a digest": by_egg(
        "download/7", f"#egg=evil-1.0&sha256={hashlib.sha256(SDIST[1]).hexdigest()}", kind="application/x-gzip"
    ),
    "egg behind a digest": by_egg(
        "download/7", f"#sha256={hashlib.sha256(SDIST[1]).hexdigest()}&egg=evil-1.0", kind="application/x-gzip"
    ),
    "egg at another file's name": by_egg("good-2.0.tar.gz", "#egg=evil-1.0"),
    "a quoted hyphen": of_name(WHEEL[0].replace("-", "%2D")),
    "a quoted letter": of_name(WHEEL[0].replace("e", "%65", 1)),
    "a quoted dot": of_name(SDIST[0].replace(".", "%2E"), body=SDIST[1]),
    "quoted twice": of_name(WHEEL[0].replace("e", "%2565", 1)),
    "a query": of_page(anchor("{url}?x=good-1.0.tar.gz")),
    "a query with a slash": of_page(anchor("{url}?x=/good-1.0.tar.gz")),
    "a slash at the end": of_name(f"{WHEEL[0]}/"),
    "a quoted slash": of_name(f"pool%2F{WHEEL[0]}"),
    "an odd name": of_name(
        f"{ODD}-1.0.tar.gz", name="foo-bar-baz", asked="foo.bar-baz==1.0", body=build_sdist(ODD, "1.0")[1]
    ),
    "an odd name, normalised": of_name(
        "foo_bar_baz-1.0.tar.gz",
        name="foo-bar-baz",
        asked=f"{ODD}==1.0",
        body=build_sdist("foo_bar_baz", "1.0")[1],
    ),
    "an odd name, with hyphens": of_name(
        "FOO-BAR-BAZ-1.0.zip",
        name="foo-bar-baz",
        asked=f"{ODD}==1.0",
        body=build_sdist("FOO-BAR-BAZ", "1.0", fmt="zip")[1],
    ),
    "an odd name of a wheel": of_name(
        "Foo.Bar_baz-1.0-py3-none-any.whl",
        name="foo-bar-baz",
        asked="foo-bar-baz==1.0",
        body=build_wheel(ODD, "1.0")[1],
    ),
    "a name with digits": of_name(
        "evil-2-1.0.tar.gz", name="evil-2", asked="evil-2==1.0", body=build_sdist("evil-2", "1.0")[1]
    ),
    "a letter that is k in lower case": of_name(
        "evil%E2%84%AA-1.0-py3-none-any.whl", name="evilk", asked="evilk==1.0", body=build_wheel("evilk", "1.0")[1]
    ),
    "capital letters": of_name("EVIL-1.0-py3-none-any.whl", body=build_wheel("EVIL", "1.0")[1]),
    "more zeros": of_name("evil-1.0.0-py3-none-any.whl", body=build_wheel("evil", "1.0.0")[1]),
    "fewer zeros": of_name("evil-1-py3-none-any.whl", body=build_wheel("evil", "1")[1]),
    "a v before": of_name("evil-v1.0.tar.gz", body=build_sdist("evil", "v1.0")[1]),
    "a local version": of_name("evil-1.0+cu118-py3-none-any.whl", body=build_wheel("evil", "1.0+cu118")[1]),
    "a quoted local version": of_name(
        "evil-1.0%2Bcu118-py3-none-any.whl", body=build_wheel("evil", "1.0+cu118")[1]
    ),
    "a local version of an sdist": of_name("evil-1.0+cu118.tar.gz", body=build_sdist("evil", "1.0+cu118")[1]),
    "an epoch": of_name("evil-1!1.0-py3-none-any.whl", asked="evil==1!1.0", body=build_wheel("evil", "1!1.0")[1]),
    "a pre-release": of_name(
        "evil-1.0rc1-py3-none-any.whl", asked="evil==1.0rc1", body=build_wheel("evil", "1.0rc1")[1]
    ),
    "a pre-release, spelled otherwise": of_name(
        "evil-1.0.RC.1.tar.gz", asked="evil==1.0rc1", body=build_sdist("evil", "1.0.RC.1")[1]
    ),
    "a post-release of a wheel": of_name(
        "evil-1.0_1-py3-none-any.whl", asked="evil==1.0.post1", body=build_wheel("evil", "1.0_1")[1]
    ),
}
