"""Compares pages of the cache with what an index answers. Nothing here opens a connection.

Files are compared by ``verify/file_status.py``, for pages that are in the cache too.
"""

from collections.abc import Mapping, Sequence

from pipcache.index.page_changes import PageChanges, page_changes
from pipcache.index.page_state import PageState, read_page_state
from pipcache.live.statuses import Ask, NoPage, PageComparison
from pipcache.util.units import counted
from pipcache.verify.checks import Check
from pipcache.verify.file_status import (
    KnownFile,
    known_file,
    quarantine_finding,
    status_notes,
)
from pipcache.verify.verdict import Finding

__all__ = ["KnownFile", "compare_pages", "known_file", "read_live_page"]


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
    may_differ = check in {Check.PC703, Check.PC704} or (changes.removed and answer.serial is None)
    ask = Ask.ONCE_MORE if may_differ and earlier is None else None
    other_rows = _rows_that_differ(stored, answer) if was_unmodified else 0
    if was_unmodified and (other_rows or not changes.are_none) and check is not Check.PC703:
        check = Check.PC701
    said = _said(answer, changes)
    if other_rows and changes.are_none:
        said += f", {counted(other_rows, 'file')} with other URLs, digests or requirements"
    findings = [] if check is None else [Finding(check, "", _said(stored), said)]
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


def _rows_that_differ(stored: PageState, answer: PageState) -> int:
    """Return how many rows of two answers differ in anything that should be one answer; 0 where they need not be.

    What says nothing between two states of a project, such as another URL, is an alteration in the same state.
    """
    if stored.format is not answer.format or stored.etag != answer.etag:
        return 0
    return len({row.filename for row in set(stored.files) ^ set(answer.files)})


def _said(page: PageState, changes: PageChanges | None = None) -> str:
    """Return what a page says, in a few words."""
    words = "no serial" if page.serial is None else f"serial {page.serial}"
    if changes is None or changes.are_none:
        return words
    parts = [
        f"{sign}{counted(len(names), 'file') if sign else f'{len(names)} {what}'}"
        for sign, names, what in (
            ("+", changes.added, ""),
            ("-", changes.removed, ""),
            ("", changes.yanked, "yanked"),
            ("", changes.unyanked, "no longer yanked"),
            ("", changes.replaced, "replaced"),
        )
        if names
    ]
    return ", ".join([words, *parts])


def _compared(
    stored: PageState | None, live: PageState | None, findings: Sequence[Finding] = (), ask: Ask | None = None
) -> PageComparison:
    """Return a comparison with what both pages say, and with the project's status."""
    status = None if live is None else live.status
    quarantine = [quarantine_finding(live)] if live is not None and live.is_quarantined else []
    return PageComparison(
        (*quarantine, *findings),
        ask,
        PageChanges(),
        None if stored is None else stored.serial,
        None if live is None else live.serial,
        status,
        None if stored is None else stored.fresh_until,
        status_notes(live),
    )
