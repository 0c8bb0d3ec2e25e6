"""An index page held against saved lock files: what they pin is a record of what the index had before."""

from collections.abc import Iterable, Iterator, Mapping

from pipcache.index.page_state import PageState
from pipcache.index.rows import PageFile
from pipcache.locks.model import Pin
from pipcache.util.filenames import normal_filename
from pipcache.util.versions import same_version
from pipcache.verify.checks import Check
from pipcache.verify.lock_index import LockIndex
from pipcache.verify.verdict import Finding


def replaced_since(project: str, page: PageState, locks: LockIndex) -> list[tuple[str, Finding]]:
    """Return the files that an index lists now with other bytes than lock files have for them.

    Only a lock shows a replacement of a file that is no longer in the cache. A pinned file that the page does not
    list is not reported: another index may have it.

    Args:
        project: the normalised project of the page.
        page: the page that the index has now.
        locks: the pins of the lock files.

    Returns:
        The name of each such file as the page lists it, with a finding ``by`` the lock file.
    """
    rows: dict[str, list[PageFile]] = {}
    for row in page.files:
        rows.setdefault(normal_filename(row.filename), []).append(row)
    return list(dict.fromkeys(_conflicts(project, locks.pins_of_project(project), rows)))


def _conflicts(
    project: str, pins: Iterable[Pin], rows: Mapping[str, list[PageFile]]
) -> Iterator[tuple[str, Finding]]:
    for pin in pins:
        if pin.is_local or not pin.digests:
            continue
        if pin.filename is not None:
            listed = rows.get(normal_filename(pin.filename), [])
        else:
            # the digests are of some files of the version, and one that the page lists is enough
            listed = [row for those in rows.values() for row in those if _is_of(row, project, pin.version)]
        differing = [difference for row in listed if (difference := _difference(pin, row)) is not None]
        if listed and len(differing) == len(listed):
            for row, (expected, actual) in zip(listed, differing, strict=True):
                yield row.filename, Finding(Check.PC713, pin.source, expected, actual)


def _is_of(row: PageFile, project: str, version: str | None) -> bool:
    name = row.name(project)
    return name is not None and name.version is not None and same_version(name.version, version)


def _difference(pin: Pin, row: PageFile) -> tuple[str, str] | None:
    """Return the digest that a lock has and that of the page; None where they agree or cannot be compared."""
    listed = dict(row.hashes)
    common = [(name, digest) for name, digest in pin.digests if name in listed]
    if not common or any(listed[name] == digest for name, digest in common):
        return None
    name, digest = common[0]
    return f"{name} {digest}", f"{name} {listed[name]}"
