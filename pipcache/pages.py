"""Index pages: the files they list, their promises, and the project they are about (PEP 503, 691, 700, 714)."""

import html
import re
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import NamedTuple
from urllib.parse import quote, unquote, urljoin, urlsplit, urlunsplit

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


Keep = Callable[[str, str | None], bool]
"""Says of a URL as written on a page, and the page's <base href>, whether its file is wanted."""


def parse_page(data: bytes, keep: Keep | None = None) -> Page | None:
    """Parse a decoded page; None when it is no index page. Hostile content gives less, never an error.

    With ``keep`` only the files whose URL it accepts are taken apart and returned.
    """
    match guess_format(data[:512]):
        case PageFormat.JSON:
            return _parse_json(data, keep)
        case PageFormat.HTML:
            return _parse_html(data, keep)
        case None:
            return None


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


def _parse_json(data: bytes, keep: Keep | None) -> Page | None:
    document = decode_json(data)
    if not isinstance(document, dict) or not isinstance(document.get("files"), list):
        return None
    files = tuple(file for row in document["files"] if (file := _json_file(row, keep)) is not None)
    name = document.get("name")
    if not isinstance(name, str) and not isinstance(document.get("meta"), dict):
        return None
    return Page(PageFormat.JSON, normalise(name) if isinstance(name, str) else _common_project(files), files)


def _json_file(row: object, keep: Keep | None) -> PageFile | None:
    if not isinstance(row, dict):
        return None
    filename, url, size, yanked = (
        row.get("filename"),
        row.get("url"),
        row.get("size"),
        row.get("yanked", False),
    )
    if not isinstance(filename, str) or not isinstance(url, str) or not (keep is None or keep(url, None)):
        return None
    upload_time, requires_python = row.get("upload-time"), row.get("requires-python")
    # PEP 714: the old name counts only where the new one is missing
    announced: object = row.get("core-metadata", row.get("dist-info-metadata"))
    return PageFile(
        filename,
        url,
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
_ANCHOR = re.compile(r"(?i)<a\s")
_REST_OF_ANCHOR = re.compile(r"""((?:[^>"']++|"[^"]*"|'[^']*')*+)>""")
_LONGEST_ANCHOR = 64 << 10
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


_HREF = re.compile(r"""(?i)(?<![^\s"'])href\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""")


def _href(attributes: str) -> str:
    match = _HREF.search(attributes)
    return "" if match is None else _unescape(match[1] or match[2] or match[3] or "").strip()


def _anchors(text: str) -> Iterator[str]:
    """Yield the attributes of every anchor; give up on a page with many that never end, each costs a search."""
    unended = 0
    start = _ANCHOR.search(text)
    while start is not None and unended < _PATIENCE:
        place = start.end()
        rest = _REST_OF_ANCHOR.match(text, place, place + _LONGEST_ANCHOR)
        if rest is not None:
            yield rest[1]
            place = rest.end()
        else:
            unended += 1
        start = _ANCHOR.search(text, place)


def _parse_html(data: bytes, keep: Keep | None) -> Page | None:
    text = data.decode("utf-8", "replace")
    title = _TITLE.search(text, 0, _TITLE_REACH)
    base_tag = _BASE.search(text, 0, 65536)
    base = _attributes(base_tag[1]).get("href") if base_tag else None
    anchors: Iterable[str] = islice(_anchors(text), _MOST_ANCHORS)
    if keep is not None:
        anchors = (anchor for anchor in anchors if keep(_href(anchor), base))
    listed = (file for anchor in anchors if (file := _html_file(anchor)) is not None)
    files = tuple(islice(listed, _MOST_FILES))
    # a sign-in page has anchors too, but none of them to a distribution
    if not files and keep is None and title is None and _META_VERSION.search(text, 0, _TITLE_REACH) is None:
        return None
    project = normalise(_unescape(title[1])) if title is not None else _common_project(files)
    return Page(PageFormat.HTML, project, files, base)


def _html_file(attributes: str) -> PageFile | None:
    values = _attributes(attributes)
    href = values.get("href", "").strip()
    url, _, fragment = href.partition("#")
    filename = unquote(url.partition("?")[0].rpartition("/")[2])
    if not filename or (parse_filename(filename) is None and not filename.endswith(".egg")):
        return None
    yanked = values.get("data-yanked")
    announced = values.get("data-core-metadata", values.get("data-dist-info-metadata"))
    return PageFile(
        filename,
        url,
        tuple((name, digest.lower()) for name, digest in _FRAGMENT_HASH.findall(fragment)),
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


def absolute_urls(url: str, base: str | None, page_url: str | None) -> list[str]:
    """Return the URLs, without fragment, that pips have requested for a listed file, today's first.

    ``base`` is the page's ``<base href>``, which counts as for pip (``index/collector.py``). None is returned
    where the page's own URL would be needed to tell.
    """
    try:
        if base:
            url = urljoin(urljoin(page_url or "", base), url)
        elif "://" not in url[:9] and page_url:
            url = urljoin(page_url, url)
        url = url.partition("#")[0]
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.netloc:
            return []
        url = urlunsplit(parts) if url != url.translate(_DROPPED) else url
        if not _NEEDS_QUOTING.search(parts.path):
            return [url]
        return [urlunsplit(parts._replace(path=_quoted(parts.path))), url]
    except ValueError:
        return []


_DROPPED = {ord(character): None for character in "\t\r\n"}  # as urlsplit, and a browser, drops them
_NEEDS_QUOTING = re.compile(r"[^A-Za-z0-9/._~-]")


def _quoted(path: str) -> str:
    """Return a URL's path quoted as pip >= 19.2 quotes it (``models/link.py``, ``_clean_url_path``)."""
    pieces = re.split(r"(?i)(@|%2f)", path)
    return "".join(
        piece.upper() if index % 2 else quote(unquote(piece), errors="surrogatepass")
        for index, piece in enumerate(pieces)
    )
