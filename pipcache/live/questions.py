"""Whom to ask about what, decided before any packet: no index is asked about a project that it does not know of.

An index knows that this machine wanted a project where the cache proves it: there is a page of the project whose
URL at the index hashes to the key of the entry, or a file whose URL on the index's own file host does. Settings
prove nothing: a name from a private index must not reach a public one. A person can name both index and project.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum, StrEnum, auto
from typing import NamedTuple

from pipcache.inventory.artifact import Artifact, Kind, path_of
from pipcache.inventory.index_places import (
    IndexPlace,
    Unplaced,
    is_project,
    pages_by_place,
    place_of_page,
    places_of_file,
)
from pipcache.util.urls import PAGE_BASES, present_index, without_user


@dataclass(frozen=True, slots=True)
class Question:
    """What an index is asked: for the page of a project.

    Attributes:
        index: the URL below which the index has its pages, with a slash at its end and without user information.
        project: the normalised name of the project.
        url: the URL of the page at the index.
        page: the page in the cache, to be compared; None where there is none.
        files: the downloads and the built wheels of the project that came from the index. Where the cache has two
            pages under one URL, in two stores, only the question with the newer page has them.
        is_by_hand: a person named the index and the project; nothing in the cache shows that it knows of it.
    """

    index: str
    project: str
    url: str
    page: Artifact | None
    files: tuple[Artifact, ...]
    is_by_hand: bool = False

    @property
    def index_name(self) -> str:
        """The index, for people."""
        return index_name(self.index)


class Mode(Enum):
    """How to ask."""

    IF_CHANGED = auto()  # the page is sent only if it is not the one in the cache
    IN_FULL = auto()  # the page is sent in any case
    AFRESH = auto()  # the same, and past the caches on the way
    PROBE = auto()  # whether there is a file at the URL; nothing is downloaded


class Asking(NamedTuple):
    """A question, and how it is put."""

    question: Question
    mode: Mode = Mode.IF_CHANGED


class Reason(StrEnum):
    """Why nobody is asked about an artifact; the value is shown, and the name, in lower case, stands in JSON."""

    UNPROVED_PAGE = "nothing here shows which index the page came from"
    UNPROVED_FILE = "nothing here shows which index the file came from"
    NO_PAGE = "no page of the project from this host is in the cache"
    REPOSITORY = "it was built from a repository or a local file, which no index lists"
    NO_SOURCE = "nothing here shows what it was built from"
    NO_PROJECT = "nothing names its project"


class NotAsked(NamedTuple):
    """A project that nobody is asked about, or not about all of its files.

    Attributes:
        project: its normalised name; None where nothing names it.
        reason: why.
        artifacts: the pages and files that are left out.
    """

    project: str | None
    reason: Reason
    artifacts: tuple[Artifact, ...]


class Inquiry(NamedTuple):
    """All questions, ordered by index and project, and what nobody is asked about."""

    questions: list[Question]
    not_asked: list[NotAsked]

    @property
    def projects(self) -> int:
        """How many projects are asked about; one that two indexes are asked about counts twice."""
        return len({(question.index, question.project) for question in self.questions})


def index_name(index: str) -> str:
    """Return how the index below a URL is called, for people."""
    return {PAGE_BASES[0]: "PyPI", PAGE_BASES[2]: "TestPyPI"}.get(index, index)


FILES = frozenset({Kind.WHEEL, Kind.SDIST, Kind.BUILT})
"""The kinds of artifacts that are compared with the rows of a page."""


def questions_about(chosen: Sequence[Artifact], artifacts: Iterable[Artifact]) -> Inquiry:
    """Return who is asked about the chosen artifacts, and about which nobody is.

    Args:
        chosen: what is asked about.
        artifacts: all artifacts of the cache, named by its pages; the pages among them are compared too.
    """
    pages = pages_by_place(artifacts)
    files: dict[IndexPlace, list[Artifact]] = {}
    left: dict[tuple[str | None, Reason], list[Artifact]] = {}
    asked = {place for artifact in chosen if (place := place_of_page(artifact)) is not None}
    for artifact in chosen:
        if artifact.kind is Kind.PAGE and place_of_page(artifact) is None:
            left.setdefault((artifact.project, Reason.UNPROVED_PAGE), []).append(artifact)
        if artifact.kind not in FILES:
            continue
        places = places_of_file(artifact, pages)
        if isinstance(places, Unplaced):
            left.setdefault((artifact.project, Reason[places.name]), []).append(artifact)
            continue
        for place in places:
            files.setdefault(place, []).append(artifact)
    questions = [
        question
        for place in sorted(asked | files.keys())
        for question in _questions(place, pages.get(place, ()), files.get(place, ()))
    ]
    not_asked = [NotAsked(project, reason, tuple(those)) for (project, reason), those in left.items()]
    return Inquiry(questions, sorted(not_asked, key=lambda lack: (lack.project or "", lack.reason)))


def questions_by_hand(index_url: str, chosen: Iterable[Artifact], artifacts: Iterable[Artifact]) -> Inquiry:
    """Return what one index is asked because a person names it and the projects.

    Args:
        index_url: the URL below which the index has its pages.
        chosen: what is asked about, wherever it came from.
        artifacts: all artifacts of the cache, named by its pages.
    """
    typed = without_user(index_url).rstrip("/") + "/"
    index = present_index(typed)
    pages = pages_by_place(artifacts)
    files: dict[IndexPlace, list[Artifact]] = {}
    nameless: list[Artifact] = []
    for artifact in chosen:
        if artifact.kind not in FILES and artifact.kind is not Kind.PAGE:
            continue
        if artifact.project is None or not is_project(artifact.project):
            nameless.append(artifact)
            continue
        files.setdefault(IndexPlace(index, artifact.project), []).append(artifact)
    questions = [
        replace(question, is_by_hand=place not in pages, url=_as_typed(question, typed))
        for place, those in sorted(files.items())
        for question in _questions(place, pages.get(place, ()), [file for file in those if file.kind in FILES])
    ]
    return Inquiry(questions, [NotAsked(None, Reason.NO_PROJECT, tuple(nameless))] if nameless else [])


def _as_typed(question: Question, base: str) -> str:
    """Return the URL to ask below an index as a person typed it: pip trusts a host with the port that it has."""
    return question.url if question.page is not None else f"{base}{question.project}/"


def _questions(place: IndexPlace, pages: Sequence[Artifact], files: Sequence[Artifact]) -> Iterator[Question]:
    """Yield a question for each page in the cache, or one where there is none; the first has the files."""
    newest_first = sorted(pages, key=lambda page: (-_head_ns(page), path_of(page)))
    url = f"{place.base}{place.project}/"
    if not newest_first:
        yield Question(place.base, place.project, url, None, tuple(files))
    for number, page in enumerate(newest_first):
        # without the slash at its end it is another URL, of another entry
        asked = url if page.url is None or place.base == PAGE_BASES[0] else page.url
        yield Question(place.base, place.project, asked, page, () if number else tuple(files))


def _head_ns(page: Artifact) -> int:
    """Return when a page was written, or its head anew, as pip does when the index says that it is current."""
    return max((file.stat.st_mtime_ns for file in page.files), default=0)
