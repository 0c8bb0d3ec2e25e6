"""An index page read file by file, lazily (PEP 503, 691, 714)."""

import re
from collections.abc import Collection, Container, Iterable, Iterator
from itertools import chain, islice
from typing import NamedTuple
from urllib.parse import unquote

from pipcache.index.anchors import Anchor, attributes_of, find_anchors, unescape
from pipcache.index.page_format import PAGE_LIMIT, PageFormat, guess_format, stated_format
from pipcache.index.page_text import page_text
from pipcache.index.standing import ProjectStatus, serial_in_text, serial_of, status_in_text, status_of
from pipcache.util.filenames import FileName, normalise, parse_filename, split_stem
from pipcache.util.untrusted import MOST_PARTS, decode_json, has_too_many_parts, nests_too_deeply
from pipcache.util.urls import is_http


class PageFile(NamedTuple):
    """A file as a page lists it (PEP 503, 592, 658, 691, 700).

    ``url`` is as written, and may be relative. ``hashes`` are (algorithm, hex digest). ``core_metadata`` are the
    digests of the ``.metadata`` file beside it: empty when the page says only that there is such a file, None when
    it does not. ``size`` (in bytes), ``upload_time`` and ``requires_python`` are None when the page does not have
    them. ``yanked`` is the reason, or True without a reason. ``egg`` is project and version in the fragment
    (``#egg=name-1.0``), which pip takes before those in the file's name; None without it. ``provenance`` is where
    the file's attestations are (PEP 740); nothing here says that there are any, or whose they are.
    """

    filename: str
    url: str
    hashes: tuple[tuple[str, str], ...] = ()
    size: int | None = None
    upload_time: str | None = None
    yanked: str | bool = False
    core_metadata: tuple[tuple[str, str], ...] | None = None
    requires_python: str | None = None
    egg: str | None = None
    provenance: str | None = None

    @property
    def is_distribution(self) -> bool:
        """Whether pip may install it: not so signatures, and installers of a system."""
        return self.egg is not None or _is_distribution(self.filename)

    def name(self, project: str | None = None) -> FileName | None:
        """Return project and version as pip takes them (``index/package_finder.py``); None where there are none.

        ``project`` is the normalised project that the file belongs to, where it is known.
        """
        return parse_filename(self.filename, project) if self.egg is None else split_stem(self.egg, project)


MOST_REFERENCES = 500_000
"""Character references of an HTML page; the largest real ones have some for each row."""

MOST_DIGESTS = 100
"""Digests that a row lists; real ones list one, or a few."""


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

    @property
    def eggs(self) -> list[str]:
        """The values of ``egg`` in its fragment or query (pip ``models/link.py``, ``_egg_fragment``)."""
        if "egg=" not in self.fragment and "egg=" not in self.url:
            return []
        query = self.url.partition("?")[2]
        return _EGG.findall(f"{query}#{self.fragment}" if self.fragment else query)

    @property
    def digests(self) -> list[str]:
        """Every digest that it may list for its file, of any algorithm, in any case; ``file`` says which count."""
        digests = [value for _, value in _FRAGMENT_HASH.findall(self.fragment)] if self.fragment else []
        hashes = None if isinstance(self.attributes, str) else self.attributes.get("hashes")
        in_hashes = hashes.values() if isinstance(hashes, dict) else ()
        return [*digests, *(value for value in in_hashes if isinstance(value, str))]

    def may_have(self, digests: Container[str], folders: Collection[str] = ()) -> bool:
        """Return whether the row may list any of ``digests`` for the file, or its URL is in any of ``folders``.

        Args:
            digests: hex digests, lower-case.
            folders: the last folders of PyPI's URLs: 60 hex digits of a BLAKE2b-256.
        """
        if folders:
            url = self.url.partition("?")[0] if "?" in self.url else self.url
            if url.rpartition("/")[0][-60:] in folders:
                return True
        if not isinstance(self.attributes, str):
            hashes = self.attributes.get("hashes")
            for value in hashes.values() if isinstance(hashes, dict) else ():
                if isinstance(value, str) and (value in digests or value.lower() in digests):
                    return True
        if not self.fragment:
            return False
        digest = self.fragment.rpartition("=")[2]
        if digest in digests or (digest.islower() and "&" not in self.fragment):
            return digest in digests
        return any(value.lower() in digests for _, value in _FRAGMENT_HASH.findall(self.fragment))

    def file(self) -> PageFile | None:
        """Return the file as the page lists it; None for an anchor that leads to no distribution."""
        if isinstance(self.attributes, str):
            return _html_file(self, self.attributes)
        return _json_file(self, self.attributes)


class Rows:
    """An index page whose files are parsed one by one.

    Attributes:
        format: HTML or JSON.
        project: the normalised name that the page states; None where it does not.
        base: the value of ``<base href>``; None without it.
        is_stated: whether the page itself says that it is an index page; if not, only its files can show it.
        is_cut: whether the page may have more rows than were read; only known when ``rows`` is exhausted.
        excess: of what the page has more than is read, as text; None where it is cut for another reason, or not.
        serial: the serial of the project's last change; None where the page does not have it.
        status: the project's status (PEP 792); None where the page does not have it.
    """

    def __init__(
        self,
        form: PageFormat,
        project: str | None,
        base: str | None,
        rows: Iterator[Row | None],
        *,
        is_stated: bool,
        serial: int | None = None,
        status: ProjectStatus | None = None,
    ) -> None:
        """Take what the page says of itself, and its rows; None instead of a row where the rest is not read."""
        self.format = form
        self.project = project
        self.base = base
        self.is_stated = is_stated
        self.is_cut = False
        self.excess: str | None = None
        self.serial = serial
        self.status = status
        self._rows = rows

    def cut_by(self, excess: str) -> None:
        """Note of what it has more than is read."""
        self.is_cut = True
        self.excess = self.excess or f"too much in it: {excess}"

    def joined(self, other: "Rows") -> "Rows":
        """Return a page with the rows of both."""
        rows = Rows(
            self.format, self.project, other.base, chain(self._rows, other._rows), is_stated=self.is_stated
        )
        rows.serial, rows.status = self.serial, self.status
        rows.is_cut = self.is_cut or other.is_cut
        rows.excess = self.excess or other.excess
        return rows

    @property
    def rows(self) -> Iterator[Row]:
        """Its files, and other links; they can be iterated once."""
        for row in islice(self._rows, MOST_ROWS):
            if row is None:
                self.cut_by("more than is read of irregular HTML, or its tags")
                return
            yield row
        if any(True for _ in self._rows):
            self.cut_by(f"more than {MOST_ROWS:,} rows")


def page_rows(data: bytes, content_type: str = "") -> Rows | None:
    """Return the rows of a decoded page, cut at ``PAGE_LIMIT``; None when it surely is no index page.

    Args:
        data: the page.
        content_type: the ``Content-Type`` of the response, by which pip chooses how to read it.
    """
    stated, guessed = stated_format(content_type), guess_format(data[:512])
    rows = None
    if stated is PageFormat.JSON:
        rows = _json_rows(data, is_stated=True)
    elif stated is PageFormat.HTML:
        rows = _html_rows(data, content_type)
        if guessed is PageFormat.JSON and (of_json := _json_rows(data)) is not None:
            rows = of_json.joined(rows)
    elif guessed is PageFormat.JSON:
        rows = _json_rows(data)
    elif guessed is PageFormat.HTML or _ANCHOR_BYTES.search(data, 0, _LATE) is not None:
        rows = _html_rows(data, content_type)
    if rows is not None and len(data) >= PAGE_LIMIT:
        rows.cut_by(f"more than {PAGE_LIMIT:,} bytes")
    return rows


TITLE_REACH = 8 << 10

TITLE = re.compile(r"(?i)<(?:title|h1)[^<>]*>\s*links\s+for\s++([^<\n]{1,200}?)\s*+<")

MOST_ROWS = 100_000
"""Rows of a page that are read; the largest pages of projects on PyPI have a quarter."""


def _has_too_many_digests(attributes: object) -> bool:
    """Return whether a row with these attributes lists more digests than are read."""
    hashes = attributes.get("hashes") if isinstance(attributes, dict) else None
    return isinstance(hashes, dict) and len(hashes) > MOST_DIGESTS


def _json_rows(data: bytes, *, is_stated: bool = False) -> Rows | None:
    """Return the rows of a JSON page; where its server states that it is one, pip needs nothing but ``files``."""
    document = decode_json(data)
    if document is None and has_too_many_parts(data):
        return _unread_json(f"more than {MOST_PARTS:,} parts of JSON")
    if is_stated and document is None and nests_too_deeply(data):
        return _unread_json("its JSON is nested too deeply")
    if not isinstance(document, dict):
        return None
    files = document.get("files", [] if is_stated else None)
    name = document.get("name")
    if not isinstance(files, list):
        return None
    if not is_stated and not isinstance(name, str) and not isinstance(document.get("meta"), dict):
        return None
    if any(map(_has_too_many_digests, files)):
        return _unread_json(f"more than {MOST_DIGESTS} digests of a file")
    project = normalise(name) if isinstance(name, str) else None
    meta = document.get("meta")
    rows = Rows(
        PageFormat.JSON,
        project,
        None,
        _listed(files),
        is_stated=True,
        serial=serial_of(meta.get("_last-serial")) if isinstance(meta, dict) else None,
        status=status_of(document.get("project-status")),
    )
    if len(files) > MOST_ROWS:
        rows.cut_by(f"more than {MOST_ROWS:,} rows")
    return rows


def _listed(files: Iterable[object]) -> Iterator[Row]:
    for row in files:
        if isinstance(row, dict) and isinstance(url := row.get("url"), str):
            plain, fragment = _split(url)
            yield Row(plain, fragment, row)


def _unread_json(excess: str) -> Rows:
    rows = Rows(PageFormat.JSON, None, None, is_stated=True, rows=iter(()))
    rows.cut_by(excess)
    return rows


def _json_file(row: Row, attributes: dict[str, object]) -> PageFile:
    size, yanked = attributes.get("size"), attributes.get("yanked", False)
    upload_time, requires_python = attributes.get("upload-time"), attributes.get("requires-python")
    # PEP 714: the old name counts only where the new name is missing
    announced: object = attributes.get("core-metadata", attributes.get("dist-info-metadata"))
    hashes = dict(_digests(attributes.get("hashes"))) | dict(_fragment_hashes(row.fragment))
    return PageFile(
        row.filename,
        row.url,
        tuple(hashes.items()),
        size if isinstance(size, int) and not isinstance(size, bool) and size >= 0 else None,
        upload_time if isinstance(upload_time, str) else None,
        yanked if isinstance(yanked, str) and yanked else bool(yanked),  # pip takes what is true for yes
        _digests(announced) if isinstance(announced, dict) else (() if announced is True else None),
        requires_python if isinstance(requires_python, str) else None,
        next(iter(row.eggs), None),
        _url_or_none(attributes.get("provenance")),
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

_BASE = re.compile(r"(?i)<base\s([^<>]{0,4096})>")

_ANCHOR_BYTES = re.compile(rb"<[aA][\s/]")

_LATE = 64 << 10  # bytes in which the first anchor must begin

_FRAGMENT_HASH = re.compile(r"(?:^|&)(md5|sha1|sha224|sha256|sha384|sha512)=([0-9A-Fa-f]+)")

_META_VERSION = re.compile(r"(?i)<meta\s[^<>]*pypi:repository-version")


_EGG = re.compile(r"[#&]egg=([^&]*)")


def _fragment_hashes(fragment: str) -> tuple[tuple[str, str], ...]:
    return tuple((name, digest.lower()) for name, digest in _FRAGMENT_HASH.findall(fragment)) if fragment else ()


def _split(url: str) -> tuple[str, str]:
    """Return a URL without its fragment, and the fragment; urlsplit, which pip uses, drops line ends and tabs."""
    if not url.isprintable():
        url = url.translate(_DROPPED)
    if "#" not in url:
        return url, ""
    plain, _, fragment = url.partition("#")
    return plain, fragment


_DROPPED = {ord(character): None for character in "\t\r\n"}


def _html_row(anchor: Anchor | None) -> Row | None:
    return None if anchor is None else Row(*_split(anchor.url), anchor.attributes)


def _html_rows(data: bytes, content_type: str) -> Rows:
    text, is_sure = page_text(data, content_type)
    title = TITLE.search(text, 0, TITLE_REACH)
    base_tag = _BASE.search(text, 0, 65536)
    base = attributes_of(base_tag[1]).get("href") if base_tag else None
    is_stated = title is not None or _META_VERSION.search(text, 0, TITLE_REACH) is not None
    project = normalise(unescape(title[1])) if title is not None else None
    rows = Rows(
        PageFormat.HTML,
        project,
        base,
        map(_html_row, find_anchors(text)),
        is_stated=is_stated,
        serial=serial_in_text(text),
        status=status_in_text(text),
    )
    rows.is_cut = not is_sure
    if text.count("&") > MOST_REFERENCES:
        rows = Rows(PageFormat.HTML, project, base, iter(()), is_stated=is_stated)
        rows.cut_by(f"more than {MOST_REFERENCES:,} character references")
    return rows


def _is_distribution(filename: str) -> bool:
    return bool(filename) and (parse_filename(filename) is not None or filename.endswith(".egg"))


def _html_file(row: Row, attributes: str) -> PageFile | None:
    filename, eggs = row.filename, row.eggs
    if not eggs and not _is_distribution(filename):
        return None
    values = attributes_of(attributes)
    yanked = values.get("data-yanked")
    announced = values.get("data-core-metadata", values.get("data-dist-info-metadata"))
    return PageFile(
        filename,
        row.url,
        _fragment_hashes(row.fragment),
        None,
        values.get("data-upload-time"),
        False if yanked is None else (yanked or True),
        None if announced is None else _html_digests(announced),
        values.get("data-requires-python"),
        next(iter(eggs), None),
        _url_or_none(values.get("data-provenance")),
    )


def _url_or_none(value: object) -> str | None:
    """Return a URL of http or https; None for anything else (PEP 740 wants a whole URL)."""
    return value if isinstance(value, str) and is_http(value) else None


def _html_digests(announced: str) -> tuple[tuple[str, str], ...]:
    algorithm, _, digest = announced.partition("=")
    return ((algorithm.lower(), digest.lower()),) if _HEX.fullmatch(digest) else ()
