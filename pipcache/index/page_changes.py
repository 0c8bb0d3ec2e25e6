"""What differs between two pages of one project: a comparison of their rows in which no order counts."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from pipcache.index.rows import PageFile


class PageChanges(NamedTuple):
    """What one page says otherwise than another; each is a tuple of file names in their order.

    Attributes:
        added: files that only the second lists.
        removed: files that only the first lists.
        yanked: files that both list, and only the second calls yanked.
        unyanked: files that both list, and only the first calls yanked.
        replaced: files that both list with different digests.
    """

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    yanked: tuple[str, ...] = ()
    unyanked: tuple[str, ...] = ()
    replaced: tuple[str, ...] = ()

    @property
    def are_none(self) -> bool:
        """Whether both pages say the same."""
        return not any(self)


def page_changes(first: Iterable[PageFile], second: Iterable[PageFile]) -> PageChanges:
    """Return what the second page says otherwise than the first. Digests of no common algorithm say nothing.

    Only files that pip may install count: JSON lists installers for Windows and signatures too, and of an HTML
    page such links are not read.
    """
    before, after = (rows_by_filename(file for file in files if file.is_distribution) for files in (first, second))
    both = sorted(before.keys() & after.keys())
    return PageChanges(
        tuple(sorted(after.keys() - before.keys())),
        tuple(sorted(before.keys() - after.keys())),
        tuple(name for name in both if is_yanked(after[name]) and not is_yanked(before[name])),
        tuple(name for name in both if is_yanked(before[name]) and not is_yanked(after[name])),
        tuple(name for name in both if _differ(_digests(before[name]), _digests(after[name]))),
    )


def rows_by_filename(files: Iterable[PageFile]) -> dict[str, list[PageFile]]:
    """Return the rows of a page by file name; a page may list a file several times."""
    rows: dict[str, list[PageFile]] = {}
    for file in files:
        rows.setdefault(file.filename, []).append(file)
    return rows


def is_yanked(rows: Iterable[PageFile]) -> bool:
    """Return whether every row of a file says that it is yanked (PEP 592)."""
    return all(bool(row.yanked) for row in rows)


def _digests(rows: Iterable[PageFile]) -> dict[str, set[str]]:
    digests: dict[str, set[str]] = {}
    for row in rows:
        for algorithm, digest in row.hashes:
            digests.setdefault(algorithm, set()).add(digest)
    return digests


def _differ(first: Mapping[str, set[str]], second: Mapping[str, set[str]]) -> bool:
    return any(first[algorithm] != second[algorithm] for algorithm in first.keys() & second.keys())
