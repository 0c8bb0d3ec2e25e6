"""Compares what the cache has with what an index answers. Nothing here opens a connection."""

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

from pipcache.index.page_changes import PageChanges, is_yanked, page_changes
from pipcache.index.page_state import PageState, read_page_state
from pipcache.index.rows import PageFile
from pipcache.index.standing import ACTIVE
from pipcache.inventory.artifact import Artifact, Kind
from pipcache.live.statuses import Ask, FileStatus, NoPage, PageComparison
from pipcache.util.filenames import normal_filename
from pipcache.util.hashes import is_forgeable
from pipcache.util.urls import filename_in, without_user
from pipcache.verify.checks import Check
from pipcache.verify.verdict import Finding


def read_live_page(
    data: bytes, content_type: str, url: str, headers: Mapping[str, str], project: str | None = None
) -> PageState | None:
    """Return the state that an answer of an index gives; None where it is no index page.

    ``inventory/stored_pages.py`` reads a page of the cache in the same way.

    Args:
        data: the decoded body, whole.
        content_type: the ``Content-Type`` of the response.
        url: the URL that answered, after redirects.
        headers: the headers of the response; their case does not matter.
        project: the normalised project that was asked for, so that a page without files is recognised.
    """
    return read_page_state(data, content_type, url, headers, project)


def compare_pages(
    stored: PageState | None,
    answer: PageState | NoPage,
    *,
    earlier: PageState | None = None,
    was_unmodified: bool = False,
) -> PageComparison:
    """Return what the page in the cache is by what its index answers.

    Where the result has ``ask``, ask again and compare again with the new answer. With ``earlier`` or
    ``was_unmodified`` the result never has the same ``ask`` once more.

    Args:
        stored: the page in the cache; None where there is none, or it cannot be read.
        answer: what the index answered last.
        earlier: what it answered before it was asked once more; None where it was not.
        was_unmodified: whether it first answered that the page is unmodified, which its ETag contradicts.
    """
    if answer is NoPage.GONE:
        return _compared(stored, None, [Finding(Check.PC705, "", "a page of the project", "none")])
    if answer is NoPage.NOT_MODIFIED:
        if stored is not None and stored.is_altered and not was_unmodified:
            finding = Finding(Check.PC701, "", f"the page of ETag {stored.etag}", "another page")
            return _compared(stored, None, [finding], Ask.IN_FULL)
        return _compared(stored, stored)
    if stored is None:
        return _compared(None, answer)._replace(is_compared=False)
    changes = page_changes(stored.files, answer.files)
    if stored.excess is not None or answer.excess is not None:
        note = f"not compared: {stored.excess or answer.excess}"
        return _compared(stored, answer)._replace(is_compared=False, notes=(note,))
    check = _check_of(stored, answer, changes, earlier)
    if was_unmodified and not changes.are_none and check is not Check.PC703:
        check = Check.PC701
    findings = [] if check is None else [Finding(check, "", _said(stored), _said(answer, changes))]
    may_differ = check in {Check.PC703, Check.PC704} or (changes.removed and answer.serial is None)
    ask = Ask.ONCE_MORE if may_differ and earlier is None and not was_unmodified else None
    return _compared(stored, answer, findings, ask)._replace(changes=changes)


def _check_of(
    stored: PageState, answer: PageState, changes: PageChanges, earlier: PageState | None
) -> Check | None:
    """Return the check that reports an answer; None where the cached page is current.

    A serial that grew alone, as it does with each change of a project's description, changes nothing for pip.
    """
    if stored.serial is not None and answer.serial is not None and answer.serial < stored.serial:
        return Check.PC703
    if changes.are_none:
        return None
    if stored.serial is not None and answer.serial is not None:
        return Check.PC702 if answer.serial > stored.serial else Check.PC704
    if earlier is not None and not page_changes(earlier.files, answer.files).are_none:
        return Check.PC703  # the rows come and go
    return Check.PC702 if stored.serial is answer.serial else Check.PC704


def _said(page: PageState, changes: PageChanges | None = None) -> str:
    """Return what a page says, in a few words."""
    words = "no serial" if page.serial is None else f"serial {page.serial}"
    if changes is None or changes.are_none:
        return words
    parts = [
        f"{sign}{len(names)}{what}"
        for sign, names, what in (
            ("+", changes.added, " files"),
            ("-", changes.removed, " files"),
            ("", changes.yanked, " yanked"),
            ("", changes.unyanked, " no longer yanked"),
            ("", changes.replaced, " replaced"),
        )
        if names
    ]
    return ", ".join([words, *parts])


def _compared(
    stored: PageState | None, live: PageState | None, findings: Sequence[Finding] = (), ask: Ask | None = None
) -> PageComparison:
    """Return a comparison with what both pages say, and with the project's status."""
    status = None if live is None else live.status
    quarantine = [] if live is None or not live.is_quarantined else [_quarantine(live)]
    notes: tuple[str, ...] = ()
    if status is not None and not quarantine and status.status != ACTIVE:
        notes = (f"the project is {status.status}" + (f": {status.reason}" if status.reason else ""),)
    return PageComparison(
        (*quarantine, *findings),
        ask,
        PageChanges(),
        None if stored is None else stored.serial,
        None if live is None else live.serial,
        status,
        None if stored is None else stored.fresh_until,
        notes,
    )


def _quarantine(page: PageState) -> Finding:
    status = page.status
    assert status is not None
    return Finding(Check.PC706, "", "a project that is active", status.reason or status.status)


class KnownFile(NamedTuple):
    """A file of which an index is asked: a download, or what a built wheel was built from.

    Attributes:
        filename: its name; None where it is not known for certain.
        url: where it came from; None where it is not known.
        digests: hex digests of its bytes, by algorithm.
        row: the file as the page in the cache lists it; None where no page does.
        is_vouched: whether something else than a page says that these are the published bytes: its key, a lock.
        was_listed: whether the index must have listed it once.
    """

    filename: str | None
    url: str | None
    digests: Mapping[str, str]
    row: PageFile | None = None
    is_vouched: bool = False
    was_listed: bool = True


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
            return KnownFile(None, None, {}, was_listed=False)
        source_url = without_user(source.url)
        hashes = {name: digest.lower() for name, digest in source.hashes}
        return KnownFile(filename_in(source_url), source_url, hashes, artifact.listed, is_vouched)
    url = artifact.url if artifact.url_proved else None
    filename = filename_in(url) if url is not None else artifact.filename if artifact.is_exact else None
    was_listed = url is not None or artifact.listed is not None
    return KnownFile(filename, url, digests, artifact.listed, is_vouched, was_listed)


def compare_file(file: KnownFile, live: PageState | Literal[NoPage.GONE]) -> FileStatus:
    """Return what has become of a file by the page that its index has now.

    Args:
        file: the file.
        live: the page; the one in the cache where the index says that it is unmodified.
    """
    if live is NoPage.GONE:
        missing = Finding(Check.PC711, "", f"{file.filename or 'the file'} on the page", "no page of the project")
        return FileStatus((missing,) if file.was_listed else ())
    quarantine = [_quarantine(live)] if live.is_quarantined else []
    rows = _rows_of(file, live.files)
    if not rows:
        is_missing = file.was_listed and file.filename is not None and live.excess is None and not quarantine
        finding = Finding(Check.PC711, "", f"{file.filename} on the page", "no such file")
        return FileStatus((*quarantine, *([finding] if is_missing else ())))
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
    return FileStatus(tuple(findings), is_confirmed, (same or rows)[0])


def _rows_of(file: KnownFile, rows: Sequence[PageFile]) -> list[PageFile]:
    """Return the rows that list a file: by its digest and name, else by its name, else by its URL or digest."""
    if file.filename is not None:
        by_name = [row for row in rows if row.filename == file.filename]
        normal = normal_filename(file.filename)
        by_name = by_name or [row for row in rows if normal_filename(row.filename) == normal]
        if by_name:
            return by_name
    return [row for row in rows if _is_at(file.url, row) or _is_certain(file.digests, row)]


def _is_at(url: str | None, row: PageFile) -> bool:
    return url is not None and without_user(row.url).partition("#")[0] == without_user(url).partition("#")[0]


def _agrees(digests: Mapping[str, str], row: PageFile) -> bool | None:
    """Return whether the digests of a row are those of the bytes; None where no algorithm is common to both."""
    common = [digests[name] == digest for name, digest in row.hashes if name in digests]
    return all(common) if common else None


def _is_certain(digests: Mapping[str, str], row: PageFile) -> bool:
    """Return whether a row lists a digest of the bytes for which nobody can make other bytes."""
    is_strong = any(digests.get(name) == digest and not is_forgeable(name) for name, digest in row.hashes)
    return is_strong and _agrees(digests, row) is True


def _replacement(file: KnownFile, rows: Sequence[PageFile]) -> Finding:
    """Return the finding of a file under whose name the index lists other bytes."""
    row = next((row for row in rows if _is_at(file.url, row)), rows[0])
    algorithm, listed = next((name, digest) for name, digest in row.hashes if name in file.digests)
    was_promised = file.is_vouched or (file.row is not None and _agrees(file.digests, file.row) is True)
    is_in_place = file.url is None or _is_at(file.url, row)
    check = Check.PC714 if is_in_place and not was_promised else Check.PC713
    place = "" if is_in_place else " at another URL"
    return Finding(check, "", f"{algorithm} {listed}{place}", f"{algorithm} {file.digests[algorithm]}")
