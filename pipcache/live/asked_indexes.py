"""Which indexes there are, and where each has its files: one host may have several."""

from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from pipcache.live.questions import Question
from pipcache.util.urls import authority_of, index_of_file_host, present_index


class AskedIndexes(NamedTuple):
    """What is known of indexes before their pages are compared.

    Attributes:
        known: the URLs below which the indexes of the cache and of pip's settings have their pages.
        decisive: the projects whose pinned files must be on one of the pages that are asked for: every index that
            pip searches is asked about them, or a person named the index.
        is_by_hand: a person named the index.
    """

    known: frozenset[str] = frozenset()
    decisive: frozenset[str] = frozenset()
    is_by_hand: bool = False


def look_at_questions(
    questions: Sequence[Question], searched: Collection[str] | None, *, is_by_hand: bool
) -> AskedIndexes:
    """Return what the questions and pip's settings say of indexes.

    Args:
        questions: the questions.
        searched: the URLs of all indexes that pip searches; None where it takes files from elsewhere too.
        is_by_hand: a person named the index.
    """
    asked: dict[str, set[str]] = {}
    for question in questions:
        asked.setdefault(question.project, set()).add(question.index)
    bases = frozenset(map(present_index, searched or ()))
    decisive = {
        project for project, indexes in asked.items() if is_by_hand or (searched is not None and bases <= indexes)
    }
    return AskedIndexes(bases.union(*asked.values()), frozenset(decisive), is_by_hand)


class FilePlaces:
    """Where an index has its files, as far as the URLs that it lists show."""

    def __init__(self, index: str, urls: Iterable[str], known: Collection[str]) -> None:
        """Take what shows it.

        Args:
            index: the URL below which the index has its pages.
            urls: those of files that it lists, or listed.
            known: the URLs of all indexes that are known.
        """
        self._index = index
        self._urls = [index, *urls]
        self._others = set(known) - {index}

    def include(self, url: str) -> bool:
        """Return whether a URL is where this index has its files, and no other index is known there.

        The files of an index have a folder in common; another index of the host has another one.
        """
        if self.are_pypis(url):
            return True
        folder = _common_folder(url, self._urls)
        return folder is not None and not any(_is_below(other, folder) for other in self._others)

    def are_pypis(self, url: str) -> bool:
        """Return whether a URL is at the file host that belongs to this index, as PyPI has one."""
        authority = authority_of(url)
        return authority is not None and index_of_file_host(authority.text) == self._index


def _common_folder(url: str, urls: Iterable[str]) -> list[str] | None:
    """Return the folder that URLs of one host have in common, in parts; None where ``url`` is not below it."""
    host = authority_of(url)
    folder: list[str] | None = None
    for other in urls:
        if host is not None and authority_of(other) == host:
            parts = _parts(other)
            same = parts if folder is None else folder
            ends = (number for number, pair in enumerate(zip(same, parts, strict=False)) if len(set(pair)) > 1)
            folder = same[: next(ends, min(len(same), len(parts)))]
    return folder if folder is not None and _is_below(url, folder) else None


def _is_below(url: str, folder: Sequence[str]) -> bool:
    return _parts(url)[: len(folder)] == list(folder)


def _parts(url: str) -> list[str]:
    """Return host and folders of a URL."""
    authority = authority_of(url)
    path = url.partition("://")[2].partition("?")[0].partition("#")[0].split("/")[1:-1]
    return ["" if authority is None else authority.text, *path]
