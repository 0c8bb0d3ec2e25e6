"""An index page read file by file, lazily (PEP 503, 691, 714)."""

import html
import re
from collections.abc import Container, Iterator
from enum import Enum
from typing import NamedTuple
from urllib.parse import unquote

from pipcache.util.filenames import normalise, parse_filename
from pipcache.util.untrusted import decode_json

PAGE_LIMIT = 64 << 20
"""Decoded bytes of a page that are looked at; the largest on PyPI have about 20 MB."""


class PageFile(NamedTuple):
    """One file as a page lists it.

    ``url`` is as written, it may be relative; ``hashes`` are (algorithm, hex digest); ``core_metadata`` are the
    digests of the ``.metadata`` file beside it, empty when the page only says that there is one, None when none
    is announced; ``size``, ``upload_time`` and ``requires_python`` are None when the page does not say.
    """

    filename: str
    url: str
    hashes: tuple[tuple[str, str], ...] = ()
    size: int | None = None
    upload_time: str | None = None
    yanked: str | bool = False
    core_metadata: tuple[tuple[str, str], ...] | None = None
    requires_python: str | None = None


class Row(NamedTuple):
    """A file of a page before it is taken apart: its URL as written, its fragment, and what tells the rest.

    ``told`` are the (other) attributes of an anchor, or a JSON object.
    """

    url: str
    fragment: str
    told: str | dict[str, object]

    @property
    def filename(self) -> str:
        """The name of the file: in HTML the end of its URL (PEP 503), in JSON it is told (PEP 691)."""
        if not isinstance(self.told, str) and isinstance(told := self.told.get("filename"), str) and told:
            return told
        return self.served_as

    @property
    def served_as(self) -> str:
        """The end of its URL's path, by which pip goes in any case (pip ``models/link.py``)."""
        url = self.url.partition("?")[0] if "?" in self.url else self.url
        return (unquote(url) if "%" in url else url).rstrip("/").rpartition("/")[2]

    def may_have(self, digests: Container[str], folders: Container[str] = ()) -> bool:
        """Return whether any of these hex digests may be told of the file, or it lies in any of these folders.

        A folder is 60 hex digits of PyPI's paths.
        """
        url = self.url.partition("?")[0] if "?" in self.url else self.url
        if url.rpartition("/")[0][-60:] in folders:
            return True
        if not isinstance(self.told, str):
            told = self.told.get("hashes")
            for value in told.values() if isinstance(told, dict) else ():
                if isinstance(value, str) and value.lower() in digests:
                    return True
            return False
        digest = self.fragment.rpartition("=")[2]
        if digest in digests or (digest.islower() and "&" not in self.fragment):
            return digest in digests
        return any(value.lower() in digests for _, value in _FRAGMENT_HASH.findall(self.fragment))

    def file(self) -> PageFile | None:
        """Return what is told of the file; None for an anchor that leads to no distribution."""
        return _html_file(self) if isinstance(self.told, str) else _json_file(self.filename, self.told)


class PageFormat(Enum):
    """The two forms of an index page."""

    JSON = "json"
    HTML = "html"


class Rows:
    """An index page whose files are taken apart one by one.

    ``project`` is what the page states; without ``is_stated`` only its files tell that it is an index page.
    ``rows`` can be gone through once; then ``is_cut`` says whether there may be more that was not looked at.
    """

    def __init__(
        self, form: PageFormat, project: str | None, base: str | None, rows: Iterator[Row], *, is_stated: bool
    ) -> None:
        """Take what the page says of itself, and its rows."""
        self.format = form
        self.project = project
        self.base = base
        self.is_stated = is_stated
        self.is_cut = False
        self._rows = rows

    @property
    def rows(self) -> Iterator[Row]:
        """Its files, and other links."""
        for number, row in enumerate(self._rows):
            if row is _CUT or number == _MOST_ROWS:
                self.is_cut = True
                return
            yield row


def page_rows(data: bytes) -> Rows | None:
    """Return the rows of a decoded page, cut at ``PAGE_LIMIT``; None when it is no index page for sure."""
    form = guess_format(data[:512])
    if form is PageFormat.JSON:
        rows = _json_rows(data)
    # pip asks the server what it is, and html.parser takes anything
    elif form is PageFormat.HTML or _ANCHOR_BYTES.search(data, 0, _LATE) is not None:
        rows = _html_rows(data)
    else:
        rows = None
    if rows is not None and len(data) >= PAGE_LIMIT:
        rows.is_cut = True
    return rows


TITLE_REACH = 8 << 10

TITLE = re.compile(r"(?i)<(?:title|h1)[^>]*>\s*links\s+for\s+([^<\n]{1,200}?)\s*<")

_MOST_ROWS = 1_000_000  # far more than any real page has


def _json_rows(data: bytes) -> Rows | None:
    document = decode_json(data)
    if not isinstance(document, dict) or not isinstance(files := document.get("files"), list):
        return None
    name = document.get("name")
    if not isinstance(name, str) and not isinstance(document.get("meta"), dict):
        return None
    rows = (
        Row(*_split(row["url"]), row) for row in files if isinstance(row, dict) and isinstance(row.get("url"), str)
    )
    return Rows(
        PageFormat.JSON, normalise(name) if isinstance(name, str) else None, None, is_stated=True, rows=rows
    )


def _json_file(filename: str, row: dict[str, object]) -> PageFile:
    size, yanked = row.get("size"), row.get("yanked", False)
    upload_time, requires_python = row.get("upload-time"), row.get("requires-python")
    # PEP 714: the old name counts only where the new one is missing
    announced: object = row.get("core-metadata", row.get("dist-info-metadata"))
    return PageFile(
        filename,
        str(row["url"]),
        _digests(row.get("hashes")),
        size if isinstance(size, int) and not isinstance(size, bool) and size >= 0 else None,
        upload_time if isinstance(upload_time, str) else None,
        yanked if isinstance(yanked, (str, bool)) else False,
        _digests(announced) if isinstance(announced, dict) else (() if announced is True else None),
        requires_python if isinstance(requires_python, str) else None,
    )


def _digests(value: object) -> tuple[tuple[str, str], ...]:
    if not isinstance(value, dict):
        return ()
    return tuple(
        (name.lower(), digest.lower())
        for name, digest in value.items()
        if isinstance(name, str) and isinstance(digest, str) and _HEX.fullmatch(digest)
    )


_HEX = re.compile(r"[0-9A-Fa-f]{8,128}")

_BASE = re.compile(r"(?i)<base\s([^>]{0,4096})>")

_ANCHOR = re.compile(r"<[aA][\s/]")

_ANCHOR_BYTES = re.compile(rb"<[aA][\s/]")

_LATE = 64 << 10

_CUT = Row("", "", "")  # stands where the rest was not looked at

_REST_OF_ANCHOR = re.compile(r"""((?:[^>"']++|"[^"]*"|'[^']*')*+)>""")

_LONGEST_ANCHOR = 64 << 10

_PLAIN_ANCHOR = 2 << 10

_PATIENCE = 100

_ATTRIBUTE = re.compile(r"""([^\s"'>/=]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+)))?""")

_FRAGMENT_HASH = re.compile(r"(?:^|&)(md5|sha1|sha224|sha256|sha384|sha512)=([0-9A-Fa-f]+)")

_META_VERSION = re.compile(r"(?i)<meta\s[^>]*pypi:repository-version")


def unescape(text: str) -> str:
    """Return ``text`` with its character references resolved, as far as that can be done."""
    try:
        return html.unescape(text)
    except ValueError:  # a numeric reference longer than int() takes
        return text


def _attributes(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, double, single, bare in _ATTRIBUTE.findall(text):
        found.setdefault(name.lower(), unescape(double or single or bare))
    return found


def _split(url: str) -> tuple[str, str]:
    plain, _, fragment = url.partition("#")
    return plain, fragment


def _anchors(text: str) -> Iterator[Row]:
    """Yield every anchor; give up on a page with many that never end, each costs a search."""
    unended = 0
    start = _ANCHOR.search(text)
    while start is not None:
        place = start.end()
        if (plain := _plain_anchor(text, place)) is not None:
            row, place = plain
            yield row
        elif (rest := _REST_OF_ANCHOR.match(text, place, place + _LONGEST_ANCHOR)) is not None:
            yield Row(*_split(_attributes(rest[1]).get("href", "").strip()), rest[1])
            place = rest.end()
        elif (unended := unended + 1) == _PATIENCE:
            yield _CUT
            return
        start = _ANCHOR.search(text, place)


def _plain_anchor(text: str, place: int) -> tuple[Row, int] | None:
    """Return the anchor whose attributes begin at a place, and its end, where it is one as index servers write it.

    So are nearly all, and this is many times faster than by expressions.
    """
    if not text.startswith('href="', place):
        return None
    end = text.find('"', place + 6, place + _PLAIN_ANCHOR)
    close = text.find(">", end, end + _PLAIN_ANCHOR) if end >= 0 else -1
    if close < 0:
        return None
    attributes = text[end + 1 : close]
    if "'" in attributes or attributes.count('"') % 2:
        return None
    url = text[place + 6 : end]
    plain, _, fragment = (unescape(url) if "&" in url else url).strip().partition("#")
    return Row(plain, fragment, attributes), close


def _html_rows(data: bytes) -> Rows:
    text = data.decode("utf-8", "replace")
    title = TITLE.search(text, 0, TITLE_REACH)
    base_tag = _BASE.search(text, 0, 65536)
    base = _attributes(base_tag[1]).get("href") if base_tag else None
    is_stated = title is not None or _META_VERSION.search(text, 0, TITLE_REACH) is not None
    project = normalise(unescape(title[1])) if title is not None else None
    return Rows(PageFormat.HTML, project, base, _anchors(text), is_stated=is_stated)


def _html_file(row: Row) -> PageFile | None:
    filename, values = row.filename, _attributes(str(row.told))
    if not filename or (parse_filename(filename) is None and not filename.endswith(".egg")):
        return None
    yanked = values.get("data-yanked")
    announced = values.get("data-core-metadata", values.get("data-dist-info-metadata"))
    return PageFile(
        filename,
        row.url,
        tuple((name, digest.lower()) for name, digest in _FRAGMENT_HASH.findall(row.fragment)),
        None,
        values.get("data-upload-time"),
        False if yanked is None else (yanked or True),
        None if announced is None else _html_digests(announced),
        values.get("data-requires-python"),
    )


def _html_digests(announced: str) -> tuple[tuple[str, str], ...]:
    algorithm, _, digest = announced.partition("=")
    return ((algorithm.lower(), digest.lower()),) if _HEX.fullmatch(digest) else ()


def guess_format(start: bytes) -> PageFormat | None:
    """Return which form of page the first decoded bytes may begin; None when they begin neither."""
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text[:1] == b"{":
        return PageFormat.JSON
    if text[:1] == b"<":
        return PageFormat.HTML
    return None
