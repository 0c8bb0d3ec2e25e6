"""Holds the pages of indexes against lock files: a file may have been replaced before the cache knew of it."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from enum import Enum, auto
from functools import cached_property
from typing import NamedTuple

from pipcache.index.page_state import PageState
from pipcache.index.rows import PageFile
from pipcache.live.asked_indexes import AskedIndexes, FilePlaces
from pipcache.live.questions import Question
from pipcache.locks.model import Pin
from pipcache.util.filenames import normal_filename
from pipcache.util.urls import (
    PAGE_BASES,
    digests_in_path,
    is_http,
    plain_host,
)
from pipcache.util.versions import canonical
from pipcache.verify.checks import Check
from pipcache.verify.verdict import Finding


class Listing(Enum):
    """What a page says of the file of a pin."""

    LISTED = auto()  # with one of the pin's digests
    REPLACED = auto()  # with other digests
    WITHDRAWN = auto()  # no longer, and this index listed it once
    ON_NO_PAGE = auto()  # not, and every index that may have it is asked
    UNKNOWN = auto()  # not, and nothing shows that this index ever did


class ComparedPin(NamedTuple):
    """A pin of a lock file held against the page of an index.

    Attributes:
        pin: the pin.
        filename: the file; None where the lock has the digests of a version and no file is known by them.
        listing: what the page says of it.
        finding: what is wrong; None where the page lists these bytes, or nothing is known of the file.
    """

    pin: Pin
    filename: str | None
    listing: Listing = Listing.LISTED
    finding: Finding | None = None

    @property
    def title(self) -> str:
        """The file, or the project and its version, for people."""
        return self.filename or f"{self.pin.project} {self.pin.version or ''}".rstrip()

    @property
    def is_unknown(self) -> bool:
        """Whether no index that was asked is known to have the file."""
        return self.listing in {Listing.UNKNOWN, Listing.ON_NO_PAGE} and self.finding is None


class PinComparison:
    """The page of an index, held against the pins of its project."""

    def __init__(
        self, question: Question, page: PageState | None, stored: PageState | None, indexes: AskedIndexes
    ) -> None:
        """Take what the pins are held against.

        Args:
            question: what the index was asked.
            page: the page of the index; None where it has none.
            stored: the page in the cache, which may show the file that a digest is of.
            indexes: what is known of indexes.
        """
        self._question = question
        self._rows = () if page is None else page.files
        self._before = () if stored is None else stored.files
        self._indexes = indexes
        # a page that was not read whole, or of a project in quarantine, lacks files that are not gone
        self._is_whole = page is None or (page.excess is None and not page.is_quarantined)
        urls = [row.url for row in (*self._rows, *self._before)]
        self._places = FilePlaces(question.index, urls, indexes.known)
        self._by_name = _rows_by_normal_filename(self._rows)
        self._before_by_name = _rows_by_normal_filename(self._before)

    def of(self, pins: Iterable[Pin], ours: Collection[tuple[str, str]]) -> Iterator[ComparedPin]:
        """Yield what the page says of pins.

        Args:
            pins: pins of the project.
            ours: normal file names and SHA-256 digests of the wheels that pip built here, which no index lists.
        """
        for pin in pins:
            if not pin.digests or pin.is_local or self._is_elsewhere(pin):
                continue  # another index may have another file of this name
            if pin.filename is None:
                yield from self._of_version(pin)
                continue
            name = normal_filename(pin.filename)
            if not any((name, digest) in ours for _, digest in pin.digests):
                yield from self._of_file(pin, pin.filename)

    def _is_elsewhere(self, pin: Pin) -> bool:
        """Return whether a pin says that its file is not this index's."""
        url = pin.url or ""
        return is_http(url) and not self._places.are_pypis(url) and plain_host(url) not in self._places.hosts

    def _of_file(self, pin: Pin, filename: str) -> Iterator[ComparedPin]:
        """Yield what the page says of the file of a pin."""
        rows = self._by_name.get(normal_filename(filename), [])
        said = [_agrees(pin, row) for row in rows]
        if True in said:
            yield ComparedPin(pin, filename)
        elif False in said:
            finding = _replaced(pin, [rows[said.index(False)]])
            yield ComparedPin(pin, filename, Listing.REPLACED, finding)
        elif not rows:
            before = [_agrees(pin, row) for row in self._before_by_name.get(normal_filename(filename), [])]
            yield from self._missing(pin, filename, was_listed=True in before or None in before)

    def _of_version(self, pin: Pin) -> Iterator[ComparedPin]:
        """Yield what the page says of digests of a version: by the files that had them, else by all its files."""
        had = {normal_filename(row.filename): row.filename for row in self._before if _agrees(pin, row)}
        compared = [each for filename in had.values() for each in self._of_file(pin, filename)]
        if compared:
            yield from compared
            return
        rows = [
            row for row in self._rows if _version_of(row, self._question.project) == canonical(pin.version or "")
        ]
        said = [_agrees(pin, row) for row in rows]
        if True in said:
            yield ComparedPin(pin, None)
        elif rows and None not in said:
            yield ComparedPin(pin, None, Listing.REPLACED, _replaced(pin, rows))
        elif not rows and pin.version is not None:
            yield from self._missing(pin, None, was_listed=False)

    def _missing(self, pin: Pin, filename: str | None, *, was_listed: bool) -> Iterator[ComparedPin]:
        """Yield a pin whose file is not on the page; nothing where the page does not show all files."""
        if not self._is_whole:
            return
        if was_listed or self._places.include(pin.url or ""):
            listing = Listing.WITHDRAWN
        elif self._question.project in self._indexes.decisive and not self._may_be_built(pin):
            listing = Listing.ON_NO_PAGE
        else:
            listing = Listing.UNKNOWN
        finding = None
        if listing is not Listing.UNKNOWN:
            what = filename or f"a file of {self._question.project} {pin.version}"
            finding = Finding(Check.PC711, pin.source, f"{what} on the page", "no such file")
        yield ComparedPin(pin, filename, listing, finding)

    def _may_be_built(self, pin: Pin) -> bool:
        """Return whether the file of a pin may be one that somebody built, and no index ever had."""
        if "+" in (pin.version or "") and self._question.index in PAGE_BASES:
            return True  # PyPI takes no local versions
        if pin.url is not None or not (pin.filename or "").lower().endswith(".whl"):
            return False
        return any(not row.filename.lower().endswith(".whl") for row in self._rows_of_version(pin))

    def _rows_of_version(self, pin: Pin) -> list[PageFile]:
        return self._by_version.get(canonical(pin.version or ""), [])

    @cached_property
    def _by_version(self) -> dict[str, list[PageFile]]:
        rows: dict[str, list[PageFile]] = {}
        for row in self._rows:
            if (version := _version_of(row, self._question.project)) is not None:
                rows.setdefault(version, []).append(row)
        return rows


def _rows_by_normal_filename(rows: Iterable[PageFile]) -> dict[str, list[PageFile]]:
    by_name: dict[str, list[PageFile]] = {}
    for row in rows:
        by_name.setdefault(normal_filename(row.filename), []).append(row)
    return by_name


def _version_of(row: PageFile, project: str) -> str | None:
    name = row.name(project)
    return None if name is None or name.version is None else canonical(name.version)


def _replaced(pin: Pin, rows: Sequence[PageFile]) -> Finding:
    expected = ", ".join(f"{name} {digest}" for name, digest in pin.digests[:1])
    expected += f" or {len(pin.digests) - 1} others" if len(pin.digests) > 1 else ""
    algorithms = {name for name, _ in pin.digests}
    listed = [f"{name} {digest}" for row in rows for name, digest in _listed(row) if name in algorithms]
    actual = listed[0] + (f" and {len(listed) - 1} others" if len(listed) > 1 else "")
    return Finding(Check.PC713, pin.source, expected, actual)


def _listed(row: PageFile) -> Sequence[tuple[str, str]]:
    return row.hashes or tuple(digests_in_path(row.url))


def _agrees(pin: Pin, row: PageFile) -> bool | None:
    """Return whether a row lists a digest of the pin; None where no algorithm is common to both."""
    algorithms = {name for name, _ in pin.digests}
    common = [(name, digest.lower()) for name, digest in _listed(row) if name in algorithms]
    return any(pair in pin.digests for pair in common) if common else None
