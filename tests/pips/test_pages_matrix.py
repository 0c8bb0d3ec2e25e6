"""pip's own reader of index pages against ours: no link that any pip sees is missed, or the page is not judged."""

from __future__ import annotations

import base64
import json
import os
import random
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from pipcache.index.links import absolute_urls
from pipcache.index.rows import page_rows
from tests.support.pips import PIP_VERSIONS, clean_environment, pip_program

if TYPE_CHECKING:
    from pathlib import Path

PAGE_URL = "https://index.example/simple/evil/"

# Reads pages from standard input, and prints the links that pip takes from each; null where pip fails
READER = """
import base64, json, sys
from pip._internal.index import collector
from pip._internal.index.package_finder import SUPPORTED_EXTENSIONS

def links(content, content_type):
    encoding = collector._get_encoding_from_headers({"Content-Type": content_type})
    if hasattr(collector, "HTMLPage"):
        if not content_type.lower().startswith("text/html"):
            return []
        page = collector.HTMLPage(content, encoding, URL, cache_link_parsing=False)
    else:
        page = collector.IndexContent(content, content_type, encoding, URL, cache_link_parsing=False)
    return [
        (link.url_without_fragment, link.filename, link.egg_fragment)
        for link in collector.parse_links(page)
        if link.scheme and (link.egg_fragment or link.splitext()[1] in SUPPORTED_EXTENSIONS)
    ]

URL = sys.argv[1]
for line in sys.stdin:
    content, content_type = json.loads(line)
    try:
        found = links(base64.b64decode(content), content_type)
    except Exception:
        found = None
    print(json.dumps(found))
"""

WHOLE = [
    '<a href="evil-1.0.tar.gz">x</a>',
    "<a href=https://files.example/evil-2.0-py3-none-any.whl>",
    '<a href="https://files.example/5#egg=evil-3.0">',
    '<a rel="x" HREF = \'../evil-4.0.zip#sha256=00&amp;egg=evil-5.0\' data-yanked="">',
    '<base href="https://base.example/x/">',
    "<!-- a comment -->",
    "<p class='x'>text</p><br/>",
    "<!DOCTYPE html><html><head><title>Links for evil</title></head><body>",
]
PIECES = [
    *(
        "<a ",
        "<A\n",
        "<a/",
        "<a",
        "<p ",
        "<",
        ">",
        "/>",
        "</a>",
        "<!--",
        "-->",
        "--!>",
        "<!-->",
        "<!",
        "<?",
        "]]>",
    ),
    *("<script>", "</script>", "<style>", "</style>", "<title>", "</title>", "<textarea>", "</textarea>"),
    *("<xmp>", "</xmp >", "<noscript>", "<plaintext>", "<svg>", "<![CDATA[", "<template>", "<select>", "<table>"),
    *(" href=", ' href="', " href='", " HREF = ", " hReF==", "href=", " title=", ' title="', " title='", " x"),
    *('"', "'", "=", " ", "\n", "\t", "\r", "\f", "\v", "\0", "\xa0", "\x1c", "é", "`", "\\", "&", "&quot;"),
    *("evil-1.0.tar.gz", "evil-2.0-py3-none-any.whl", "#egg=evil-3.0", "&egg=evil-4.0", "?a=b", "#sha256=00"),
    *(
        "https://files.example/evil-6.0.zip",
        "evil%2D7.0.zip",
        "evil&#45;8.0.zip",
        "a/b/",
        "%2f",
        "@",
        ";",
        "<base ",
    ),
]
CHARSETS = [
    *(
        ("", "utf-8"),
        ("; charset=utf-8", "utf-8"),
        ("; Charset=UTF-8", "utf-8"),
        ('; charset="latin-1"', "latin-1"),
    ),
    *(("; charset=utf-16", "utf-16"), ("; charset=shift_jis", "utf-8"), ("; charset=utf-16-le", "utf-16-le")),
    *(("", "utf-16"), ("", "utf-8-sig"), ("; charset=utf-7", "utf-8"), ("; charset=cp037", "cp037")),
    *(("; charset=nosuch", "utf-8"), ("; charset=ascii", "utf-8"), ("; boundary=x", "utf-8")),
]
JSON_TYPE = "application/vnd.pypi.simple.v1+json"


def html_pages(source: random.Random) -> list[tuple[bytes, str]]:
    pages = []
    for number in range(6000):
        tokens = source.choices(
            WHOLE if number % 3 == 0 else [*WHOLE, *PIECES, *PIECES], k=source.randrange(1, 14)
        )
        # half of them lead to a regular end, so that there is something to be missed
        text = "".join(tokens) + source.choice(["", WHOLE[0], " " + WHOLE[1]])
        charset, codec = CHARSETS[0] if number % 5 else source.choice(CHARSETS)
        pages.append((text.encode(codec, "replace"), source.choice(["text/html", "Text/Html"]) + charset))
    return pages


def json_pages(source: random.Random) -> list[tuple[bytes, str]]:
    urls = ["evil-1.0.zip", "../evil-2.0.tar.gz#egg=evil-3.0", "https://files.example/evil%2d4.0.zip", "", None, 5]
    rows = [{"url": url, **more} for url in urls for more in ({}, {"filename": "x"}, {"hashes": {"sha256": "00"}})]
    documents: list[object] = [[], {}, {"files": None}, {"files": {}}, {"files": [None]}, "x"]
    documents += [{"files": source.choices([row], k=2), "name": source.choice(["evil", 5])} for row in rows]
    texts = [json.dumps(document) for document in documents]
    texts += [f"{texts[-1]} ", texts[-1][:-1], '{"files": [{"url": "evil-1.0.zip", "url": "evil-2.0.zip"}]}']
    return [
        (text.encode(codec), kind)
        for text in texts
        for codec in ("utf-8", "utf-16", "utf-32-le", "utf-8-sig")
        for kind in (JSON_TYPE, JSON_TYPE.upper(), "text/html")
    ]


def links_of_pip(
    version: str, pages: list[tuple[bytes, str]], home: Path
) -> list[list[tuple[str, str, str]] | None]:
    lines = [json.dumps([base64.b64encode(body).decode(), content_type]) for body, content_type in pages]
    done = subprocess.run(
        [sys.executable, "-c", READER, PAGE_URL],
        env={**clean_environment(home), "PYTHONPATH": os.fspath(pip_program(version).parent)},
        input="\n".join(lines),
        stdout=subprocess.PIPE,
        encoding="utf-8",
        check=True,
    )
    links: list[list[tuple[str, str, str]] | None] = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(links) == len(pages)
    return links


@pytest.mark.slow
@pytest.mark.parametrize("version", PIP_VERSIONS)
def test_no_link_is_missed_that_pip_sees(version: str, tmp_path: Path) -> None:
    if version in {"20.3.4", "21.3.1", "22.3.1"} and sys.version_info >= (3, 12):
        pytest.skip(f"pip {version} does not work under Python 3.12 and newer")
    source = random.Random(5)
    pages = [*html_pages(source), *json_pages(source)]
    with_links = 0
    for (body, content_type), links in zip(pages, links_of_pip(version, pages, tmp_path / "home"), strict=True):
        rows = page_rows(body, content_type)
        if not links or rows is None:
            continue  # what cannot be read is not judged
        listed = list(rows.rows)
        if rows.is_cut:
            continue
        with_links += 1
        names = {row.served_as for row in listed}
        eggs = {egg for row in listed for egg in row.eggs}
        urls = {url for row in listed for url in absolute_urls(row.url, rows.base, PAGE_URL)}
        for url, filename, egg in links:
            if egg:
                assert egg in eggs, (body, content_type, egg)
            else:
                assert filename in names, (body, content_type, filename)
            if b"<base" not in body and url.startswith("https://") and body.isascii() and b"\0" not in body:
                assert url in urls, (body, content_type, url)
    assert with_links > 1000
