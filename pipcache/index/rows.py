"""An index page read file by file, lazily (PEP 503, 691, 714)."""

import html
import re
from collections.abc import Container, Iterator
from typing import NamedTuple
from urllib.parse import unquote

from pipcache.index.page_format import PAGE_LIMIT, PageFormat, guess_format
from pipcache.util.filenames import normalise, parse_filename
from pipcache.util.untrusted import decode_json


class PageFile(NamedTuple):
    """A file as a page lists it (PEP 503, 592, 658, 691, 700).

    ``url`` is as written, and may be relative. ``hashes`` are (algorithm, hex digest). ``core_metadata`` are the
    digests of the ``.metadata`` file beside it: empty when the page says only that there is such a file, None when
    it does not. ``size`` (in bytes), ``upload_time`` and ``requires_python`` are None when the page does not have
    them. ``yanked`` is the reason, or True without a reason.
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
    """A file on a page before it is parsed: its URL as written, the URL's fragment, and the rest.

    ``attributes`` are the attributes of an HTML anchor as text (``href`` may be left out), or a JSON object.
    """

    url: str
    fragment: str
    attributes: str | dict[str, object]

    @property
    def filename(self) -> str:
        """The name of the file: in HTML the end of its URL (PEP 503), in JSON a field (PEP 691)."""
        if not isinstance(self.attributes, str):
            filename = self.attributes.get("filename")
            if isinstance(filename, str) and filename:
                return filename
        return self.served_as

    @property
    def served_as(self) -> str:
        """The end of its URL's path, which pip takes for the file's name in any case (pip ``models/link.py``)."""
        url = self.url.partition("?")[0] if "?" in self.url else self.url
        return (unquote(url) if "%" in url else url).rstrip("/").rpartition("/")[2]

    def may_have(self, digests: Container[str], folders: Container[str] = ()) -> bool:
        """Return whether the row may list any of ``digests`` for the file, or its URL is in any of ``folders``.

        Args:
            digests: hex digests, lower-case.
            folders: the last folders of PyPI's URLs: 60 hex digits of a BLAKE2b-256.
        """
        url = self.url.partition("?")[0] if "?" in self.url else self.url
        if url.rpartition("/")[0][-60:] in folders:
            return True
        if not isinstance(self.attributes, str):
            hashes = self.attributes.get("hashes")
            values = hashes.values() if isinstance(hashes, dict) else ()
            return any(isinstance(value, str) and value.lower() in digests for value in values)
        digest = self.fragment.rpartition("=")[2]
        if digest in digests or (digest.islower() and "&" not in self.fragment):
            return digest in digests
        return any(value.lower() in digests for _, value in _FRAGMENT_HASH.findall(self.fragment))

    def file(self) -> PageFile | None:
        """Return the file as the page lists it; None for an anchor that leads to no distribution."""
        if isinstance(self.attributes, str):
            return _html_file(self, self.attributes)
        return _json_file(self.filename, self.attributes)


class Rows:
    """An index page whose files are parsed one by one.

    Attributes:
        format: HTML or JSON.
        project: the normalised name that the page states; None where it does not.
        base: the value of ``<base href>``; None without it.
        is_stated: whether the page itself says that it is an index page; if not, only its files can show it.
        is_cut: whether the page may have more rows than were read; only known when ``rows`` is exhausted.
    """

    def __init__(
        self,
        form: PageFormat,
        project: str | None,
        base: str | None,
        rows: Iterator[Row | None],
        *,
        is_stated: bool,
    ) -> None:
        """Take what the page says of itself, and its rows; None instead of a row where the rest is not read."""
        self.format = form
        self.project = project
        self.base = base
        self.is_stated = is_stated
        self.is_cut = False
        self._rows = rows

    @property
    def rows(self) -> Iterator[Row]:
        """Its files, and other links; they can be iterated once."""
        for number, row in enumerate(self._rows):
            if row is None or number == _MOST_ROWS:
                self.is_cut = True
                return
            yield row


def page_rows(data: bytes) -> Rows | None:
    """Return the rows of a decoded page, cut at ``PAGE_LIMIT``; None when it surely is no index page."""
    form = guess_format(data[:512])
    if form is PageFormat.JSON:
        rows = _json_rows(data)
    # pip believes the server that it is HTML, and html.parser reads anything
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
    # PEP 714: the old name counts only where the new name is missing
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

_LATE = 64 << 10  # bytes in which the first anchor must begin

_REST_OF_ANCHOR = re.compile(r"""((?:[^>"']++|"[^"]*"|'[^']*')*+)>""")

_LONGEST_ANCHOR = 64 << 10

_PLAIN_ANCHOR = 2 << 10

_MOST_UNENDED = 100

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
    """Return an anchor's attributes by lower-case name; of several with a name the first."""
    attributes: dict[str, str] = {}
    for name, double, single, bare in _ATTRIBUTE.findall(text):
        attributes.setdefault(name.lower(), unescape(double or single or bare))
    return attributes


def _split(url: str) -> tuple[str, str]:
    plain, _, fragment = url.partition("#")
    return plain, fragment


def _anchors(text: str) -> Iterator[Row | None]:
    """Yield every anchor; after many anchors that never end yield None and stop, because each costs a search."""
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
        elif (unended := unended + 1) == _MOST_UNENDED:
            yield None
            return
        start = _ANCHOR.search(text, place)


def _plain_anchor(text: str, place: int) -> tuple[Row, int] | None:
    """Return the anchor whose attributes begin at ``place``, and its end; None unless it is written the usual way.

    Nearly all anchors are, and this is many times faster than regular expressions.
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


def _html_file(row: Row, attributes: str) -> PageFile | None:
    filename, values = row.filename, _attributes(attributes)
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
