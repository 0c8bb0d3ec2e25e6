"""Holds the pages of indexes against lock files: a file may have been replaced before the cache knew of it."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import NamedTuple
from urllib.parse import urlsplit

from pipcache.index.page_state import PageState
from pipcache.index.rows import PageFile
from pipcache.locks.model import Pin
from pipcache.util.filenames import normal_filename
from pipcache.util.urls import digests_in_path
from pipcache.util.versions import canonical
from pipcache.verify.checks import Check
from pipcache.verify.verdict import Finding


class ComparedPin(NamedTuple):
    """A pin of a lock file that an index can say something of.

    Attributes:
        pin: the pin.
        filename: the file; None where the lock has the digests of a version and no file is known by them.
        finding: that the index lists other bytes; None where it lists these.
    """

    pin: Pin
    filename: str | None
    finding: Finding | None = None


def compare_pins(
    pins: Iterable[Pin], project: str, page: PageState, stored: PageState | None, ours: Collection[tuple[str, str]]
) -> Iterator[ComparedPin]:
    """Yield what the page of an index says of the pins of its project; nothing of files that it does not list.

    Args:
        pins: the pins.
        project: the normalised project.
        page: the page of the index.
        stored: the page in the cache, which may show the file that a digest is of.
        ours: normal file names and SHA-256 digests of the wheels that pip built here, which no index lists.
    """
    hosts = {_host(row.url) for row in page.files} | {_host(page.url or "")}
    for pin in pins:
        is_elsewhere = (pin.url or "").startswith("http") and _host(pin.url or "") not in hosts
        if not pin.digests or pin.is_local or is_elsewhere:
            continue  # another index may have another file of this name
        if pin.filename is None:
            yield from _version(pin, project, page, stored)
            continue
        name = normal_filename(pin.filename)
        if any((name, digest) in ours for _, digest in pin.digests):
            continue
        yield from _file(pin, pin.filename, [row for row in page.files if normal_filename(row.filename) == name])


def _file(pin: Pin, filename: str, rows: Sequence[PageFile]) -> Iterator[ComparedPin]:
    """Yield what rows of one file name say of its pin."""
    said = [_agrees(pin, row) for row in rows]
    if True in said:
        yield ComparedPin(pin, filename)
    elif False in said:
        yield ComparedPin(pin, filename, _finding(pin, [rows[said.index(False)]]))


def _version(pin: Pin, project: str, page: PageState, stored: PageState | None) -> Iterator[ComparedPin]:
    """Yield what a page says of the digests of a version: by the files that had them, else by all files of it."""
    had = () if stored is None else [row for row in stored.files if _agrees(pin, row)]
    names = {normal_filename(row.filename): row.filename for row in had}
    is_said = False
    for name, filename in names.items():
        for compared in _file(pin, filename, [row for row in page.files if normal_filename(row.filename) == name]):
            is_said = True
            yield compared
    if is_said:
        return
    rows = [row for row in page.files if _version_of(row, project) == canonical(pin.version or "")]
    said = [_agrees(pin, row) for row in rows]
    if True in said:
        yield ComparedPin(pin, None)
    elif False in said and None not in said:
        yield ComparedPin(pin, None, _finding(pin, rows))


def _version_of(row: PageFile, project: str) -> str | None:
    name = row.name(project)
    return None if name is None or name.version is None else canonical(name.version)


def _finding(pin: Pin, rows: Sequence[PageFile]) -> Finding:
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


def _host(url: str) -> str:
    try:
        return urlsplit(url).netloc.rpartition("@")[2].lower()
    except ValueError:
        return ""
