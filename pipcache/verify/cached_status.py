"""What the index pages in the cache say of its files by now, and where these pages disagree. No index is asked."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from pipcache.index.page_changes import page_changes
from pipcache.index.page_state import PageState
from pipcache.inventory.artifact import DISTRIBUTIONS, Artifact, path_of
from pipcache.inventory.index_places import (
    IndexPlace,
    Unplaced,
    pages_by_place,
    place_of_page,
    places_of_file,
    source_url,
)
from pipcache.inventory.stored_pages import page_says_nothing_of, read_stored_page
from pipcache.store.cache import Cache
from pipcache.util.freshness import date_of
from pipcache.util.progress import Track, untracked
from pipcache.util.urls import PAGE_BASES, digests_in_path
from pipcache.util.workers import Workers
from pipcache.verify.checks import Check
from pipcache.verify.file_status import (
    FileStatus,
    RowIndex,
    file_status,
    known_file,
    quarantine_finding,
    status_notes,
)
from pipcache.verify.verdict import Finding


class _Page(NamedTuple):
    """A page in the cache, read whole; ``date`` is when the index gave it out, in seconds since the epoch."""

    artifact: Artifact
    state: PageState
    date: float
    rows: RowIndex


CachedStatuses = Mapping[str, FileStatus]
"""What has become of artifacts, by the paths of their entries; missing where there is nothing to say."""


def cached_statuses(
    cache: Cache, chosen: Iterable[Artifact], artifacts: Iterable[Artifact], track: Track = untracked
) -> CachedStatuses:
    """Return what has become of files and pages, by the newest pages of their indexes that the cache has.

    Args:
        cache: the cache.
        chosen: the artifacts that are looked at; files with a proved URL, and pages.
        artifacts: every artifact of the cache, the pages among them named.
        track: shows the progress.
    """
    by_place = pages_by_place(artifacts)
    files: dict[IndexPlace, list[Artifact]] = {}
    wanted: dict[IndexPlace, list[Artifact]] = {}
    for artifact in chosen:
        if (place := place_of_page(artifact)) is not None:
            wanted.setdefault(place, []).append(artifact)
        elif artifact.kind in DISTRIBUTIONS:
            places = places_of_file(artifact, by_place)
            for place in () if isinstance(places, Unplaced) else places:
                files.setdefault(place, []).append(artifact)
    asked = [place for place in by_place if place in files or place in wanted]
    statuses: dict[str, FileStatus] = {}

    def says_nothing(place: IndexPlace) -> bool:
        urls = [source_url(file) for file in files.get(place, ())]
        return len(by_place[place]) == 1 and page_says_nothing_of(cache, by_place[place][0], urls)

    with Workers() as workers:
        # which is much faster than to read all of it
        quiet = [*track(workers.map(says_nothing, asked), len(asked), "Comparing index pages")]
    for place in (place for place, is_quiet in zip(asked, quiet, strict=True) if not is_quiet):
        pages = _newest_first(cache, by_place[place])
        if not pages:
            continue
        for file in files.get(place, ()):
            status = _status_of(file, place, pages)
            before = statuses.get(path_of(file))
            # of two indexes that may have it, the one that lists it knows
            if status is not None and (before is None or before.row is None):
                statuses[path_of(file)] = status
        if place in wanted:
            findings = _page_findings(pages)
            newest = path_of(pages[0].artifact)
            for page in wanted[place]:
                notes = status_notes(pages[0].state) if path_of(page) == newest else ()
                statuses[path_of(page)] = FileStatus(tuple(findings.get(path_of(page), ())), notes=notes)
    return {path: status for path, status in statuses.items() if status.findings or status.notes}


def _newest_first(cache: Cache, artifacts: Iterable[Artifact]) -> list[_Page]:
    """Return the pages that can be read whole, the newest first: by serial where both have one, else by date."""
    pages: list[_Page] = []
    for artifact in artifacts:
        state = read_stored_page(cache, artifact, with_etag=False)
        if state is None or state.excess is not None:
            continue
        page = _Page(artifact, state, _date_of(artifact), RowIndex(state))
        index = next((index for index, other in enumerate(pages) if _is_newer(page, other)), len(pages))
        pages.insert(index, page)
    return pages


def _is_newer(page: _Page, other: _Page) -> bool:
    serials = _serials(page, other)
    return page.date > other.date if serials is None or serials[0] == serials[1] else serials[0] > serials[1]


def _serials(page: _Page, other: _Page) -> tuple[int, int] | None:
    """Return the serials of two pages that both have one themselves; None for others.

    pip keeps the head of the last answer, so its serial may be that of another page, and some proxies make it up.
    """
    first, second = page.state, other.state
    if first.serial is None or second.serial is None or not (first.states_serial and second.states_serial):
        return None
    return first.serial, second.serial


def _date_of(artifact: Artifact) -> float:
    """Return when a server gave a response out, or a file was built, in seconds since the epoch.

    A copy of a cache may lose the times of its files, but keeps the ``Date`` of each response.
    """
    stated = None if artifact.head is None else date_of(artifact.head.headers)
    if stated is not None:
        return stated
    return max((file.stat.st_mtime for file in artifact.files), default=0.0)


_OF_AGE = frozenset({Check.PC711, Check.PC713})
"""The checks that a page proves only where it is younger than the file: the file may have come after the page."""


def _status_of(file: Artifact, place: IndexPlace, pages: Sequence[_Page]) -> FileStatus | None:
    """Return what has become of a file; None where these may not be the pages of its index."""
    newest = pages[0]
    known = known_file(file, _promised_digests(file), is_vouched=True)
    is_listed = any(page.rows.list_these_bytes(known) for page in pages)
    # one host may have several indexes with a file of this name, but PyPI's files are on PyPI's pages
    if place.base not in PAGE_BASES and not is_listed:
        return None
    status = file_status(known, newest.state, newest.rows)
    is_younger = newest.date > _date_of(file)
    findings = (finding for finding in status.findings if is_younger or finding.check not in _OF_AGE)
    return status._replace(findings=tuple(_by_page(finding, newest) for finding in findings))


def _promised_digests(file: Artifact) -> dict[str, str]:
    """Return the digests of the published file: whether its bytes in the cache are so is another question."""
    listed = dict(file.listed.hashes) if file.listed is not None and not file.also_listed else {}
    return dict(digests_in_path(file.url or "")) | listed


def _by_page(finding: Finding, page: _Page) -> Finding:
    project = page.artifact.project
    return finding._replace(by=f"cached index page of {project}" if project else "cached index page")


def _page_findings(pages: Sequence[_Page]) -> dict[str, list[Finding]]:
    """Return what is to say of the pages of one project at one index, by the paths of their entries."""
    findings: dict[str, list[Finding]] = {}
    if pages[0].state.is_quarantined:
        findings[path_of(pages[0].artifact)] = [_by_page(quarantine_finding(pages[0].state), pages[0])]
    for newer, older in pairwise(pages):
        if (finding := _disagreement(newer, older)) is not None:
            findings.setdefault(path_of(older.artifact), []).append(_by_page(finding, newer))
    return findings


def _disagreement(newer: _Page, older: _Page) -> Finding | None:
    """Return where two pages disagree; one that is only older than the other does not."""
    serials = _serials(newer, older)
    if serials is None:
        return None
    if serials[0] != serials[1]:
        dates = newer.state.date, older.state.date
        if None in dates or older.date <= newer.date:
            return None
        return Finding(Check.PC703, "", f"serial {serials[0]} or a later one", f"serial {serials[1]}")
    changes = page_changes(newer.state.files, older.state.files)
    if changes.are_none:
        return None
    return Finding(Check.PC704, "", f"the files of serial {serials[0]}", "other files of the same serial")
