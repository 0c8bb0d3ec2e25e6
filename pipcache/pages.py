"""Index pages: the files they list, their promises, and the project they are about (PEP 503, 691, 700, 714)."""

import html
import re
from collections.abc import Container, Iterable, Iterator
from itertools import islice
from typing import NamedTuple
from urllib.parse import unquote

from pipcache.bodies import PageFormat, guess_format
from pipcache.documents import decode_json
from pipcache.names import normalise, parse_filename

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


class Page(NamedTuple):
    """An index page. ``project`` is its normalised name, None when it does not say and its files disagree."""

    format: PageFormat
    project: str | None
    files: tuple[PageFile, ...]
    base: str | None = None  # the value of <base href>, None without one


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
        if not isinstance(self.told, str):
            return str(self.told["filename"])
        url = self.url.partition("?")[0] if "?" in self.url else self.url
        name = url.rpartition("/")[2]
        return unquote(name) if "%" in name else name

    def may_have(self, digests: Container[str], folders: Container[str] = ()) -> bool:
        """Return whether any of these hex digests may be told of the file, or it lies in any of these folders.

        A folder is 60 hex digits of PyPI's paths.
        """
        if self.url.rpartition("/")[0][-60:] in folders:
            return True
        if not isinstance(self.told, str):
            return any(value in digests for _, value in _digests(self.told.get("hashes")))
        digest = self.fragment.rpartition("=")[2]
        if digest in digests or (digest.islower() and "&" not in self.fragment):
            return digest in digests
        return any(value.lower() in digests for _, value in _FRAGMENT_HASH.findall(self.fragment))

    def file(self) -> PageFile | None:
        """Return what is told of the file; None for an anchor that leads to no distribution."""
        return _html_file(self) if isinstance(self.told, str) else _json_file(self.told)


class Rows(NamedTuple):
    """An index page whose files are taken apart one by one; ``rows`` can be gone through once.

    ``project`` is what the page states; without ``is_stated`` only its files tell that it is an index page.
    """

    format: PageFormat
    project: str | None
    base: str | None
    is_stated: bool
    rows: Iterator[Row]


def page_rows(data: bytes) -> Rows | None:
    """Return the rows of a decoded page; None when it is no index page for sure."""
    match guess_format(data[:512]):
        case PageFormat.JSON:
            return _json_rows(data)
        case PageFormat.HTML:
            return _html_rows(data)
        case None:
            return None


def parse_page(data: bytes) -> Page | None:
    """Parse a decoded page; None when it is no index page. Hostile content gives less, never an error."""
    page = page_rows(data)
    if page is None:
        return None
    listed = (file for row in page.rows if (file := row.file()) is not None)
    files = tuple(islice(listed, _MOST_FILES))
    # a sign-in page has anchors too, but none of them to a distribution
    if not files and not page.is_stated:
        return None
    return Page(page.format, page.project or _common_project(files), files, page.base)


def stated_project(start: bytes) -> str | None:
    """Return the project that a page says it is about within its first decoded bytes, even where it is cut."""
    text = start.decode("utf-8", "replace")
    title = _TITLE.search(text, 0, _TITLE_REACH)
    if title is not None:
        return normalise(_unescape(title[1])) or None
    name = _JSON_NAME.search(text)
    return None if name is None else normalise(name[1])


def quick_project(start: bytes) -> list[str]:
    """Return the projects a page may be about, judged by its first decoded bytes alone, likeliest first."""
    stated = stated_project(start)
    found = [] if stated is None else [stated]
    if (name := _JSON_FILENAME.search(start.decode("utf-8", "replace"))) is not None:
        stem = name[1]
        dashes = [place.start() for place in re.finditer("-", stem)]
        found += [normalise(stem[:dash]) for dash in dashes]
    return list(dict.fromkeys(name for name in found if name))


_TITLE_REACH = 8 << 10
_TITLE = re.compile(r"(?i)<(?:title|h1)[^>]*>\s*links\s+for\s+([^<\n]{1,200}?)\s*<")
_JSON_NAME = re.compile(r'"name"\s*:\s*"([^"\\]{1,200})"')
_JSON_FILENAME = re.compile(r'"filename"\s*:\s*"([^"\\]{1,300})"')


# far more than any real page has; each is an object in memory
_MOST_ANCHORS = 1_000_000
_MOST_FILES = 200_000


def _json_rows(data: bytes) -> Rows | None:
    document = decode_json(data)
    if not isinstance(document, dict) or not isinstance(files := document.get("files"), list):
        return None
    name = document.get("name")
    if not isinstance(name, str) and not isinstance(document.get("meta"), dict):
        return None
    rows = (
        Row(*_split(row["url"]), row)
        for row in files
        if isinstance(row, dict) and isinstance(row.get("filename"), str) and isinstance(row.get("url"), str)
    )
    return Rows(
        PageFormat.JSON, normalise(name) if isinstance(name, str) else None, None, is_stated=True, rows=rows
    )


def _json_file(row: dict[str, object]) -> PageFile:
    size, yanked = row.get("size"), row.get("yanked", False)
    upload_time, requires_python = row.get("upload-time"), row.get("requires-python")
    # PEP 714: the old name counts only where the new one is missing
    announced: object = row.get("core-metadata", row.get("dist-info-metadata"))
    return PageFile(
        str(row["filename"]),
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
_ANCHOR = re.compile(r"<[aA]\s")
_REST_OF_ANCHOR = re.compile(r"""((?:[^>"']++|"[^"]*"|'[^']*')*+)>""")
_LONGEST_ANCHOR = 64 << 10
_PLAIN_ANCHOR = 2 << 10
_PATIENCE = 100
_ATTRIBUTE = re.compile(r"""([^\s"'>/=]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+)))?""")
_FRAGMENT_HASH = re.compile(r"(?:^|&)(md5|sha1|sha224|sha256|sha384|sha512)=([0-9A-Fa-f]+)")
_META_VERSION = re.compile(r"(?i)<meta\s[^>]*pypi:repository-version")


def _unescape(text: str) -> str:
    try:
        return html.unescape(text)
    except ValueError:  # a numeric reference longer than int() takes
        return text


def _attributes(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, double, single, bare in _ATTRIBUTE.findall(text):
        found.setdefault(name.lower(), _unescape(double or single or bare))
    return found


def _split(url: str) -> tuple[str, str]:
    plain, _, fragment = url.partition("#")
    return plain, fragment


_HREF = re.compile(r"""(?i)(?<![^\s"'])href\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""")


def _href(attributes: str) -> str:
    match = _HREF.search(attributes)
    return "" if match is None else _unescape(match[1] or match[2] or match[3] or "").strip()


def _anchors(text: str) -> Iterator[Row]:
    """Yield every anchor; give up on a page with many that never end, each costs a search."""
    unended = 0
    start = _ANCHOR.search(text)
    while start is not None and unended < _PATIENCE:
        place = start.end()
        end = text.find('"', place + 6, place + _PLAIN_ANCHOR) if text.startswith('href="', place) else -1
        close = text.find(">", end, end + _PLAIN_ANCHOR) if end >= 0 else -1
        attributes = text[end + 1 : close]
        if close >= 0 and "'" not in attributes and attributes.count('"') % 2 == 0:
            # nearly every anchor, and many times faster than by expressions
            url = text[place + 6 : end]
            plain, _, fragment = (_unescape(url) if "&" in url else url).strip().partition("#")
            yield Row(plain, fragment, attributes)
            place = close
        elif (rest := _REST_OF_ANCHOR.match(text, place, place + _LONGEST_ANCHOR)) is not None:
            yield Row(*_split(_href(rest[1])), rest[1])
            place = rest.end()
        else:
            unended += 1
        start = _ANCHOR.search(text, place)


def _html_rows(data: bytes) -> Rows:
    text = data.decode("utf-8", "replace")
    title = _TITLE.search(text, 0, _TITLE_REACH)
    base_tag = _BASE.search(text, 0, 65536)
    base = _attributes(base_tag[1]).get("href") if base_tag else None
    is_stated = title is not None or _META_VERSION.search(text, 0, _TITLE_REACH) is not None
    project = normalise(_unescape(title[1])) if title is not None else None
    return Rows(PageFormat.HTML, project, base, is_stated, islice(_anchors(text), _MOST_ANCHORS))


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


def _common_project(files: Iterable[PageFile]) -> str | None:
    """Return the project that all the files' names agree on; None when they do not (find-links pages)."""
    names = {normalise(parsed.project) for file in files if (parsed := parse_filename(file.filename)) is not None}
    return names.pop() if len(names) == 1 else None
