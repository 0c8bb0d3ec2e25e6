"""What has become of a file since it was downloaded, by a page of its index. The bytes are not judged here."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import NamedTuple

from pipcache.index.page_changes import is_yanked, rows_by_filename
from pipcache.index.page_state import PageState
from pipcache.index.rows import PageFile
from pipcache.index.standing import ACTIVE, QUARANTINED
from pipcache.inventory.artifact import Artifact, Kind
from pipcache.util.filenames import normal_filename
from pipcache.util.hashes import is_forgeable
from pipcache.util.urls import digests_in_path, filename_in, without_user
from pipcache.verify.checks import Check
from pipcache.verify.verdict import Finding

WITHDRAWN = frozenset({Check.PC706, Check.PC711, Check.PC713, Check.PC714})
"""The checks of files that the index does not give out any more. A yanked file it still gives out."""


class FileStatus(NamedTuple):
    """A file in the cache compared with what its index lists.

    Attributes:
        findings: what has become of it; ``by`` is empty.
        is_confirmed: whether the index lists a digest of exactly these bytes, which nobody can forge: a file that
            was only intact is verified by that.
        row: the file as the index lists it now; None where it does not.
        notes: what else the page says of the project, as text to show.
    """

    findings: tuple[Finding, ...] = ()
    is_confirmed: bool = False
    row: PageFile | None = None
    notes: tuple[str, ...] = ()

    @property
    def is_withdrawn(self) -> bool:
        """Whether the index does not give out this file any more."""
        return any(finding.check in WITHDRAWN for finding in self.findings)

    @property
    def is_yanked(self) -> bool:
        """Whether the file is yanked."""
        return any(finding.check is Check.PC712 for finding in self.findings)


class KnownFile(NamedTuple):
    """A file of which an index is asked: a download, or what a built wheel was built from.

    Attributes:
        filename: its name; None where it is not known for certain.
        url: where it came from; None where it is not known.
        digests: hex digests of its bytes, by algorithm.
        row: the file as the page in the cache lists it; None where no page does.
        is_vouched: whether something else than a page says that these are the published bytes: its key, a lock.
        was_listed: whether the index must have listed it once.
        is_source: whether it is what a wheel was built from; its digests are those that origin.json records.
    """

    filename: str | None
    url: str | None
    digests: Mapping[str, str]
    row: PageFile | None = None
    is_vouched: bool = False
    was_listed: bool = True
    is_source: bool = False


def known_file(artifact: Artifact, digests: Mapping[str, str], *, is_vouched: bool) -> KnownFile:
    """Return an artifact as the file that an index is asked about.

    Args:
        artifact: a download, named and proved as far as possible, or a built wheel.
        digests: hex digests of its bytes, by algorithm.
        is_vouched: whether its judgement is that it is verified.
    """
    if artifact.kind is Kind.BUILT:
        source = artifact.source
        if source is None:
            return KnownFile(None, None, {}, was_listed=False, is_source=True)
        source_url = without_user(source.url)
        hashes = {name: digest.lower() for name, digest in source.hashes}
        name = filename_in(source_url)
        return KnownFile(name, source_url, hashes, artifact.listed, is_vouched, is_source=True)
    url = artifact.url if artifact.url_proved else None
    filename = filename_in(url) if url is not None else artifact.filename if artifact.is_exact else None
    was_listed = url is not None or artifact.listed is not None
    return KnownFile(filename, url, digests, artifact.listed, is_vouched, was_listed)


class RowIndex:
    """The rows of a page by file name, URL and digest, so that many files can be looked up."""

    def __init__(self, page: PageState) -> None:
        """Take a page; its rows are put in order when they are first looked up."""
        self.files = page.files

    @cached_property
    def _by_filename(self) -> dict[str, list[PageFile]]:
        return rows_by_filename(self.files)

    @cached_property
    def _by_normal_filename(self) -> dict[str, list[PageFile]]:
        rows: dict[str, list[PageFile]] = {}
        for filename, those in self._by_filename.items():
            rows.setdefault(normal_filename(filename), []).extend(those)
        return rows

    @cached_property
    def _by_place(self) -> dict[str, list[PageFile]]:
        rows: dict[str, list[PageFile]] = {}
        for row in self.files:
            for place in (_plain_url(row.url), *(digest for _, digest in row.hashes)):
                rows.setdefault(place, []).append(row)
        return rows

    def rows_of(self, file: KnownFile) -> list[PageFile]:
        """Return the rows that list a file: by its name, else by another spelling of it, else by URL or digest."""
        if file.filename is not None:
            named = self._by_filename.get(file.filename)
            named = named or self._by_normal_filename.get(normal_filename(file.filename))
            if named:
                return named
        places = [*([] if file.url is None else [_plain_url(file.url)]), *file.digests.values()]
        rows = dict.fromkeys(row for place in places for row in self._by_place.get(place, ()))
        return [row for row in rows if _is_at(file.url, row) or _is_certain(file.digests, row)]

    def missing_algorithms(self, file: KnownFile) -> set[str]:
        """Return the algorithms of digests that a file has to have, so that its rows can be compared with it.

        Some indexes have no SHA-256 digests. The page that pip had may have had others than the index has now.
        """
        rows = self.rows_of(file)
        if file.filename is None and file.url is None:
            return self._algorithms - file.digests.keys()
        agrees = [_agrees(file.digests, row) for row in rows]
        lacking = [row for row, agreed in zip(rows, agrees, strict=True) if agreed is None]
        if file.row is not None and rows and True not in agrees and _agrees(file.digests, file.row) is None:
            lacking.append(file.row)
        return {name for row in lacking for name, _ in row.hashes}

    @cached_property
    def _algorithms(self) -> set[str]:
        return {name for row in self.files for name, _ in row.hashes}

    def list_these_bytes(self, file: KnownFile) -> bool:
        """Return whether a row lists a file by its URL or by a digest of its bytes, not by its name alone."""
        return any(_is_at(file.url, row) or _agrees(file.digests, row) is True for row in self.rows_of(file))


def file_status(file: KnownFile, page: PageState | None, rows_of_page: RowIndex | None = None) -> FileStatus:
    """Return what has become of a file by a page of its index.

    Args:
        file: the file.
        page: the page that its index has now, or the newest one that is in the cache; None where the index no
            longer has the project.
        rows_of_page: the rows of this page; give it where many files are compared with one page.
    """
    if page is None:
        missing = Finding(Check.PC711, "", f"{file.filename or 'the file'} on the page", "no page of the project")
        return FileStatus((missing,) if file.was_listed else ())
    quarantine = [quarantine_finding(page)] if page.is_quarantined else []
    rows = (rows_of_page or RowIndex(page)).rows_of(file)
    if not rows:
        is_missing = file.was_listed and file.filename is not None and page.excess is None and not quarantine
        finding = Finding(Check.PC711, "", f"{file.filename} on the page", "no such file")
        return FileStatus((*quarantine, *([finding] if is_missing else ())), notes=status_notes(page))
    same = [row for row in rows if _agrees(file.digests, row)]
    findings = list(quarantine)
    if not same and all(_agrees(file.digests, row) is False for row in rows):
        findings.append(_replacement(file, rows))
    if is_yanked(same or rows):
        reason = next(
            (row.yanked for row in same or rows if isinstance(row.yanked, str)), "yanked, no reason given"
        )
        findings.append(Finding(Check.PC712, "", "a file that is not yanked", reason))
    is_confirmed = any(_is_certain(file.digests, row) for row in same)
    return FileStatus(tuple(findings), is_confirmed, (same or rows)[0], status_notes(page))


def quarantine_finding(page: PageState) -> Finding:
    """Return the finding of a page whose project is in quarantine."""
    reason = None if page.status is None else page.status.reason
    return Finding(Check.PC706, "", "a project that is active", reason or QUARANTINED)


def status_notes(page: PageState | None) -> tuple[str, ...]:
    """Return what a page says of its project that is no finding, as text to show: that it is archived."""
    status = None if page is None else page.status
    if status is None or status.status in {ACTIVE, QUARANTINED}:
        return ()
    return (f"the project is {status.status}" + (f": {status.reason}" if status.reason else ""),)


def _plain_url(url: str) -> str:
    return without_user(url).partition("#")[0]


def _is_at(url: str | None, row: PageFile) -> bool:
    return url is not None and _plain_url(row.url) == _plain_url(url)


def _agrees(digests: Mapping[str, str], row: PageFile) -> bool | None:
    """Return whether the digests of a row are those of the bytes; None where no algorithm is common to both."""
    common = [digests[name] == digest for name, digest in _listed_digests(digests, row)]
    return all(common) if common else None


def _listed_digests(digests: Mapping[str, str], row: PageFile) -> list[tuple[str, str]]:
    """Return the digests of a row by the algorithms of ``digests``; that of its URL where there is no other."""
    listed = [(name, digest) for name, digest in row.hashes if name in digests]
    return listed or [(name, digest) for name, digest in digests_in_path(row.url) if name in digests]


def _is_certain(digests: Mapping[str, str], row: PageFile) -> bool:
    """Return whether a row lists a digest of the bytes for which nobody can make other bytes."""
    is_strong = any(digests.get(name) == digest and not is_forgeable(name) for name, digest in row.hashes)
    return is_strong and _agrees(digests, row) is True


def _replacement(file: KnownFile, rows: Sequence[PageFile]) -> Finding:
    """Return the finding of a file under whose name the index lists other bytes."""
    row = next((row for row in rows if _is_at(file.url, row)), rows[0])
    algorithm, listed = _listed_digests(file.digests, row)[0]
    was_promised = file.is_vouched or (file.row is not None and _agrees(file.digests, file.row) is True)
    is_in_place = file.url is None or _is_at(file.url, row)
    # a wheel that was built from other bytes is no other wheel than pip built
    # nor is a file that came from who knows where another index's
    is_poisoned = file.url is not None and is_in_place and not was_promised and not file.is_source
    check = Check.PC714 if is_poisoned else Check.PC713
    place = "" if is_in_place else " at another URL"
    of_source = f" of {file.filename}, which it was built from" if file.is_source else ""
    return Finding(check, "", f"{algorithm} {listed}{place}", f"{algorithm} {file.digests[algorithm]}{of_source}")
