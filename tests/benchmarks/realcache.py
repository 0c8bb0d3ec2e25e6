"""What a real cache holds, told from its cached index pages alone; nothing here comes from pipcache."""

from __future__ import annotations

import html
import json
import os
import re
import shutil
import zlib
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urljoin, urlsplit

import msgpack

from tests.support.archives import normalise
from tests.support.truth import HttpEntry, http_entries, url_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

_SDIST = re.compile(r"\.(tar\.gz|tgz|tar\.bz2|tar\.xz|zip)$")


@dataclass(frozen=True, slots=True)
class ListedFile:
    """A file in the cache, as the index page of its project names it."""

    url: str
    filename: str
    project: str  # normalised, the page's
    page: str  # the page's key

    @property
    def is_wheel(self) -> bool:
        return self.filename.endswith(".whl")

    @property
    def version(self) -> str | None:
        """The version as the file name has it; None when it does not begin with the project's name."""
        if self.is_wheel:
            return self.filename.split("-")[1]
        stem = _SDIST.sub("", self.filename)
        splits = (stem[dash.end() :] for dash in re.finditer("-", stem) if self._is_project(stem[: dash.start()]))
        return next(splits, None)

    def _is_project(self, text: str) -> bool:
        return normalise(text) == self.project


@dataclass(frozen=True, slots=True)
class RealCache:
    """The entries of a cache, those of them that are index pages, and those that a page lists."""

    root: Path
    entries: dict[str, HttpEntry]
    pages: dict[str, str] = field(default_factory=dict)  # key -> project
    files: dict[str, ListedFile] = field(default_factory=dict)  # key -> file
    listed: int = 0  # URLs on all pages together


def read_cache(root: Path) -> RealCache:
    """Read every page of the cache and hash every URL it lists."""
    cache = RealCache(root, http_entries(root))
    listed = 0
    for key, entry in cache.entries.items():
        page = _read_page(root, entry)
        if page is None:
            continue
        project, urls = page
        cache.pages[key] = project
        for url in urls:
            listed += 1
            if (file_key := url_key(url)) in cache.entries:
                cache.files[file_key] = ListedFile(
                    url, unquote(urlsplit(url).path.rpartition("/")[2]), project, key
                )
    return RealCache(cache.root, cache.entries, cache.pages, cache.files, listed)


def _read_page(root: Path, entry: HttpEntry) -> tuple[str, list[str]] | None:
    head = (root / entry.files[0]).read_bytes()
    assert head.startswith(b"cc=4,"), entry.files
    response: dict[str, Any] = msgpack.unpackb(head[5:])["response"]
    headers = {name.lower(): value for name, value in response["headers"].items()}
    media_type = headers.get("content-type", "").partition(";")[0]
    if media_type not in {
        "text/html",
        "application/vnd.pypi.simple.v1+html",
        "application/vnd.pypi.simple.v1+json",
    }:
        return None
    stored: bytes = (root / entry.files[1]).read_bytes() if entry.has_body else response["body"]
    body = _plain(stored, headers.get("content-encoding"))
    return _json_page(body) if media_type.endswith("json") else _html_page(body.decode())


def _plain(body: bytes, encoding: str | None) -> bytes:
    match encoding:
        case None | "identity":
            return body
        case "gzip" | "deflate":
            return zlib.decompress(body, zlib.MAX_WBITS | 32)
        case _:
            raise ValueError(f"no decoder for {encoding}")


def _json_page(body: bytes) -> tuple[str, list[str]]:
    page = json.loads(body)
    return normalise(page["name"]), [file["url"] for file in page["files"]]


class _Anchors(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.base = ""
        self.hrefs: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        href = dict(attrs).get("href")
        if href and tag == "a":
            self.hrefs.append(href)
        elif href and tag == "base":
            self.base = href


def _html_page(text: str) -> tuple[str, list[str]] | None:
    title = re.search(r"<title>\s*Links for\s+([^<]+?)\s*</title>", text)
    if title is None:
        return None
    anchors = _Anchors()
    anchors.feed(text)
    urls = [urljoin(anchors.base, href).partition("#")[0] for href in anchors.hrefs]
    return normalise(html.unescape(title[1])), urls


def copy_entries(cache: RealCache, keys: Iterable[str], target: Path, *, link: bool) -> int:
    """Copy the entries under ``keys`` with their times, or link them; return how many files that are."""
    count = 0
    for file in _files(cache, keys):
        source, copy = cache.root / file, target / file
        copy.parent.mkdir(parents=True, exist_ok=True)
        count += 1
        if link:
            try:
                os.link(source, copy)
            except OSError:  # another file system, or one without links
                pass
            else:
                continue
        status = source.stat()  # before the copying moves the time of the last use
        shutil.copyfile(source, copy)
        os.utime(copy, ns=(status.st_atime_ns, status.st_mtime_ns))
    return count


def _files(cache: RealCache, keys: Iterable[str]) -> Iterator[str]:
    for key in keys:
        yield from cache.entries[key].files
