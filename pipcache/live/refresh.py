"""Asks the questions, compares each answer with the cache, and asks again where it cannot be the last word."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple, Protocol

from pipcache.index.page_changes import PageChanges
from pipcache.index.page_state import PageState
from pipcache.inventory.artifact import Artifact, Kind, path_of
from pipcache.inventory.body import digests_of
from pipcache.inventory.stored_pages import read_stored_page
from pipcache.live.answers import Answer, Failed, Fault, FetchedPage, Gone, NotModified, Present
from pipcache.live.asked_indexes import AskedIndexes, FilePlaces
from pipcache.live.compare import compare_pages, known_file, read_live_page
from pipcache.live.pinned import ComparedPin, PinComparison
from pipcache.live.questions import Asking, Mode, Question
from pipcache.live.statuses import Ask, FileStatus, NoPage, PageComparison, Probe
from pipcache.store.cache import Cache
from pipcache.util.filenames import normal_filename
from pipcache.util.urls import authority_of, index_of_file_host
from pipcache.verify.checks import Check, Verdict
from pipcache.verify.file_status import KnownFile, RowIndex, file_status
from pipcache.verify.lock_index import LockIndex
from pipcache.verify.verdict import Judgement


class Asker(Protocol):
    """Asks indexes; ``live/client.py`` has it."""

    def ask(self, askings: Sequence[Asking]) -> Iterator[tuple[Asking, Answer]]:
        """Ask, and yield each question with its answer as it comes."""

    def pause(self, seconds: float) -> None:
        """Wait, unless the run ends."""


class ComparedFile(NamedTuple):
    """A file of the cache, as it was judged, and what its index says by now.

    Attributes:
        artifact: the file.
        judgement: None where it could not be judged.
        status: what the index says.
        is_proved: whether its key, or a page of the index, proves that the index has or had this very file.
        probe: whether it is still at its URL; None where that was not asked.
    """

    artifact: Artifact
    judgement: Judgement | None
    status: FileStatus
    is_proved: bool = True
    probe: Probe | None = None

    @property
    def verdict(self) -> Verdict:
        """The verdict with what the index says of the bytes; yanked or withdrawn is none."""
        verdict = Verdict.UNREADABLE if self.judgement is None else self.judgement.verdict
        # of a built wheel the index knows the source alone; what is not whole is not another file
        if self.artifact.kind is Kind.BUILT or verdict in {Verdict.DAMAGED, Verdict.POISONED}:
            return verdict
        if any(finding.check.leads_to is Verdict.POISONED for finding in self.status.findings):
            return Verdict.POISONED
        return Verdict.VERIFIED if self.status.is_confirmed and verdict is Verdict.INTACT else verdict


class Result(NamedTuple):
    """What came of a question.

    Attributes:
        question: the question.
        answer: the last answer.
        received: the bytes of bodies that all answers had.
        requests: how often the question was put.
        comparison: the page in the cache compared with the index's; None where there was no answer.
        files: the files of the question; none where there was no answer.
        pins: the pins of lock files that the answer says something of.
    """

    question: Question
    answer: Answer
    received: int
    requests: int
    comparison: PageComparison | None
    files: tuple[ComparedFile, ...] = ()
    pins: tuple[ComparedPin, ...] = ()

    @property
    def is_unread(self) -> bool:
        """Whether there is a page in the cache, and it could not be compared with the answer."""
        has_page = self.question.page is not None
        return has_page and self.comparison is not None and not self.comparison.is_compared

    @property
    def has_findings(self) -> bool:
        """Whether the page is not current, or something has become of a file."""
        of_page = self.comparison is not None and bool(self.comparison.findings)
        return of_page or any(file.status.findings for file in self.files) or any(pin.finding for pin in self.pins)


class _Against:
    """What the files of a question are compared with; made once for all of them.

    Attributes:
        question: the question.
        page: the page that decides; None where the index has none.
        rows: its rows; None without a page.
        is_unchecked: nothing proves that the page is the index's.
        places: where the index has its files; None until it is asked for.
    """

    def __init__(self, question: Question, page: PageState | None, *, is_unchecked: bool) -> None:
        self.question = question
        self.page = page
        self.rows = None if page is None else RowIndex(page)
        self.is_unchecked = is_unchecked
        self.places: FilePlaces | None = None


class _Known(NamedTuple):
    """What is known of a question that is put again.

    Attributes:
        result: what came of it.
        ask: why it is put again.
        earlier: the page that the index answered with; None where it had none.
        was_unmodified: the index said first that the page is unmodified, which its ETag contradicts.
    """

    result: Result
    ask: Ask
    earlier: PageState | None
    was_unmodified: bool

    @property
    def is_last(self) -> bool:
        """Whether the next answer holds, whatever it is."""
        return self.ask is Ask.ONCE_MORE


_PAUSE = 2.0
"""Seconds before an index is asked once more: another of its servers may answer then."""


class Refresher:
    """Compares a cache with the answers of indexes."""

    def __init__(
        self,
        cache: Cache,
        judgements: Mapping[str, Judgement],
        locks: LockIndex | None = None,
        indexes: AskedIndexes | None = None,
    ) -> None:
        """Take what is compared.

        Args:
            cache: the cache.
            judgements: those of its files by the paths of their entries, with SHA-256 digests.
            locks: the pages of the indexes are held against its pins too.
            indexes: what is known of indexes.
        """
        self._locks = LockIndex() if locks is None else locks
        self._indexes = AskedIndexes() if indexes is None else indexes
        self._cache = cache
        self._judgements = judgements
        self._pages: dict[tuple[str, str], list[Artifact]] = {}
        self._questions: dict[str, list[Question]] = {}
        # the same few are asked for each file of a project
        self._rows = lru_cache(maxsize=_PAGES_IN_MEMORY)(self._read_rows)

    def run(self, client: Asker, questions: Sequence[Question]) -> Iterator[Result]:
        """Ask, compare, and yield what came of each question, in the order of the answers.

        Args:
            client: asks.
            questions: the questions.
        """
        for question in questions:
            if question.page is not None:
                self._pages.setdefault((question.index, question.project), []).append(question.page)
            for file in question.files:
                self._questions.setdefault(path_of(file), []).append(question)
        askings = [Asking(question) for question in questions]
        known: dict[int, _Known] = {}  # by what identifies the question in memory
        while askings:
            again: list[Asking] = []
            for asking, answer in client.ask(askings):
                question, before = asking.question, known.get(id(asking.question))
                result = Result(question, answer, answer.received, 1, None)
                if before is not None:
                    received = before.result.received + answer.received
                    result = result._replace(received=received, requests=before.result.requests + 1)
                    if isinstance(answer, Failed):
                        # what was seen stays, and that it is not the last word is said
                        yield before.result._replace(answer=answer, received=received, requests=result.requests)
                        continue
                result, ask, live = self._compare(result, before)
                if ask is None:
                    yield result
                    continue
                again.append(Asking(question, Mode.IN_FULL if ask is Ask.IN_FULL else Mode.AFRESH))
                was_unmodified = ask is Ask.IN_FULL or (before is not None and before.was_unmodified)
                known[id(question)] = _Known(result, ask, live, was_unmodified)
            askings = again
            if any(asking.mode is Mode.AFRESH for asking in again):
                client.pause(_PAUSE)

    def _compare(self, result: Result, known: _Known | None) -> tuple[Result, Ask | None, PageState | None]:
        """Compare an answer with the cache.

        Args:
            result: the question and the answer.
            known: what is known from asking before; None the first time.

        Returns:
            The result, what has to be asked before it holds, and the page of the index.
        """
        question, answer = result.question, result.answer
        if isinstance(answer, Failed):
            return result, None, None
        stored = None if question.page is None else read_stored_page(self._cache, question.page)
        if isinstance(answer, NotModified) and stored is None:
            return result, Ask.IN_FULL if known is None else None, None
        live = _state_of(answer, question.project)
        if live is None:
            failed = Failed(Fault.NO_PAGE, "what the index sends is no index page", result.received)
            return result._replace(answer=failed), None, None
        comparison = compare_pages(
            stored,
            live,
            earlier=None if known is None else known.earlier,
            was_unmodified=known is not None and known.was_unmodified and stored is not None,
        )
        page = _decisive_page(comparison, stored, live)
        files = self._files(question, page, stored)
        pins = self._pins(question, page, stored)
        result = result._replace(comparison=comparison, files=files, pins=pins)
        is_last = known is not None and known.is_last
        ask = None if is_last else comparison.ask
        if ask is None and not is_last and _loses_something(result):
            ask = Ask.ONCE_MORE
        # an index that says that the page is unmodified answered with this page
        is_stored = live is NoPage.NOT_MODIFIED and ask is Ask.ONCE_MORE
        return result, ask, stored if is_stored else live if isinstance(live, PageState) else None

    def _pins(
        self, question: Question, page: PageState | None, stored: PageState | None
    ) -> tuple[ComparedPin, ...]:
        """Return what the page of the index says of the pins of its project."""
        pins = self._locks.pins_of_project(question.project)
        if not pins:
            return ()
        algorithms = {name for pin in pins for name, _ in pin.digests}
        ours = {
            (normal_filename(file.filename or ""), digest)
            for file in question.files
            if file.kind is Kind.BUILT and (judgement := self._judgements.get(path_of(file))) is not None
            for digest in self._hashed(file, judgement.digests, algorithms).values()
        }
        return tuple(PinComparison(question, page, stored, self._indexes).of(pins, ours))

    def _files(
        self, question: Question, page: PageState | None, stored: PageState | None
    ) -> tuple[ComparedFile, ...]:
        """Return what has become of the files of a question by the page that decides; None where there is none."""
        # an ETag proves the bytes of the page in the cache only where it is made of them
        is_unchecked = page is not None and page is stored and page.is_altered is not False
        against = _Against(question, page, is_unchecked=is_unchecked)
        compared = (self._file(file, against) for file in question.files)
        return tuple(file for file in compared if file is not None)

    def _file(self, artifact: Artifact, against: _Against) -> ComparedFile | None:
        """Return what has become of a file; None where it is another index's that is asked about it too."""
        question, rows = against.question, against.rows
        judgement = self._judgements.get(path_of(artifact))
        digests = {} if judgement is None else judgement.digests
        is_vouched = judgement is not None and judgement.verdict is Verdict.VERIFIED
        known = known_file(artifact, digests, is_vouched=is_vouched)
        if rows is not None and artifact.kind is not Kind.BUILT:
            more = self._hashed(artifact, digests, rows.missing_algorithms(known))
            known = known._replace(digests={**known.digests, **more})
        status = file_status(known, against.page, rows)
        is_proved = self._is_from(question, known, rows)
        if (status.findings or status.row is None) and not is_proved:
            others = [each for each in self._questions.get(path_of(artifact), ()) if each.index != question.index]
            if any(self._is_from(other, known, None) for other in others):
                return None
            if not (self._indexes.is_by_hand or self._may_be_from(against, known, status)):
                status = FileStatus(notes=status.notes)
        if against.is_unchecked or artifact.kind is Kind.BUILT:  # no index knows the bytes of a built wheel
            status = status._replace(is_confirmed=False)
        return ComparedFile(artifact, judgement, status, is_proved)

    def _hashed(
        self, artifact: Artifact, digests: Mapping[str, str], algorithms: Collection[str]
    ) -> dict[str, str]:
        """Return the digests of a file by some algorithms; without new ones where it is another file by now.

        Args:
            artifact: the file.
            digests: those of its judgement, the SHA-256 digest among them.
            algorithms: those of the digests to return.
        """
        known = {name: digest for name, digest in digests.items() if name in algorithms}
        if missing := set(algorithms) - digests.keys():
            hashed = digests_of(self._cache, artifact, {"sha256", *missing})
            if "sha256" in hashed and hashed["sha256"] == digests.get("sha256"):
                known |= {name: digest for name, digest in hashed.items() if name in missing}
        return known

    def _is_from(self, question: Question, known: KnownFile, live: RowIndex | None) -> bool:
        """Return whether a file came from the index of a question: one host may have several indexes.

        Either its host is the index's own, or a page of the index lists its URL or its bytes.
        """
        authority = None if known.url is None else authority_of(known.url)
        if authority is not None and index_of_file_host(authority.text) == question.index:
            return True
        if live is not None and live.list_these_bytes(known):
            return True
        return any(rows.list_these_bytes(known) for rows in self._rows(question.index, question.project))

    def _may_be_from(self, against: _Against, known: KnownFile, status: FileStatus) -> bool:
        """Return whether a file is likely to have come from the index of a question, though nothing proves it.

        A page of the index has, or had, a file of this name, and the URL is where the index has its files.
        """
        question = against.question
        cached = self._rows(question.index, question.project)
        if known.url is None or (status.row is None and not any(rows.rows_of(known) for rows in cached)):
            return False
        if against.places is None:
            live = () if against.page is None else against.page.files
            urls = [row.url for files in (live, *(rows.files for rows in cached)) for row in files]
            against.places = FilePlaces(question.index, urls, self._indexes.known)
        return against.places.include(known.url)

    def _read_rows(self, index: str, project: str) -> tuple[RowIndex, ...]:
        """Return the rows of each page that the cache has of a project of an index."""
        states = (
            read_stored_page(self._cache, page, with_etag=False) for page in self._pages.get((index, project), ())
        )
        return tuple(RowIndex(state) for state in states if state is not None)


_PAGES_IN_MEMORY = 4
"""Projects of an index whose cached rows are kept while answers are compared; a large page has 10,000 rows."""


def _loses_something(result: Result) -> bool:
    """Return whether an answer of the index lacks what the cache or a lock has, or has other bytes under a name.

    It may be cut, or another server's.
    """
    changes = PageChanges() if result.comparison is None else result.comparison.changes
    checks = {finding.check for file in result.files for finding in file.status.findings}
    contradicts = changes.replaced or any(pin.finding is not None for pin in result.pins)
    return bool(changes.removed or contradicts or isinstance(result.answer, Gone) or checks & _MISSING_OR_OTHER)


_MISSING_OR_OTHER = frozenset({Check.PC711, Check.PC713, Check.PC714})
"""The checks of files that an answer lacks, or has with other bytes."""


def _decisive_page(
    comparison: PageComparison, stored: PageState | None, live: PageState | NoPage
) -> PageState | None:
    """Return the page that files and pins are compared with; None where the index has no page of the project.

    Where the index gave out an older page than the cache has, files that it lacks are not gone.
    """
    is_older = any(finding.check is Check.PC703 for finding in comparison.findings)
    if live is NoPage.NOT_MODIFIED or is_older:
        assert stored is not None  # else there is nothing to be older than
        return stored
    return live if isinstance(live, PageState) else None


def _state_of(answer: NotModified | FetchedPage | Gone | Present, project: str) -> PageState | NoPage | None:
    """Return an answer as it is compared; None where it is no index page."""
    match answer:
        case NotModified():
            return NoPage.NOT_MODIFIED
        case Gone():
            return NoPage.GONE
        case Present():
            return None
        case FetchedPage(body=body, content_type=content_type, url=url, headers=headers):
            return read_live_page(body, content_type, url, headers, project)
