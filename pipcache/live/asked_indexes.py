"""Which indexes there are, and where each has its files: one host may have several."""

from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from pipcache.live.questions import Question
from pipcache.util.urls import authority_of, index_of_file_host, plain_host, present_index


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
        self._others = [_parts(other) for other in known if other != index]
        self._folders: dict[str, list[str]] = {}
        for url in (index, *urls):
            parts = _parts(url)
            folder = self._folders.setdefault(parts[0], parts)
            ends = (number for number, pair in enumerate(zip(folder, parts, strict=False)) if len(set(pair)) > 1)
            self._folders[parts[0]] = folder[: next(ends, min(len(folder), len(parts)))]

    @property
    def hosts(self) -> Collection[str]:
        """The hosts that the index and its files are on."""
        return self._folders.keys()

    def include(self, url: str) -> bool:
        """Return whether a URL is where this index has its files, and no other index is known there.

        The files of an index have a folder in common; another index of the host has another one.
        """
        if self.are_pypis(url):
            return True
        parts = _parts(url)
        folder = self._folders.get(parts[0])
        return (
            folder is not None
            and _is_below(parts, folder)
            and not any(_is_below(other, folder) for other in self._others)
        )

    def are_pypis(self, url: str) -> bool:
        """Return whether a URL is at the file host that belongs to this index, as PyPI has one."""
        authority = authority_of(url)
        return authority is not None and index_of_file_host(authority.text) == self._index


def _is_below(parts: Sequence[str], folder: Sequence[str]) -> bool:
    return list(parts[: len(folder)]) == list(folder)


def _parts(url: str) -> list[str]:
    """Return host and folders of a URL."""
    return [plain_host(url), *url.partition("://")[2].partition("?")[0].partition("#")[0].split("/")[1:-1]]
