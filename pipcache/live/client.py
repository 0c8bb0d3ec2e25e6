"""Asks indexes: a few connections to each, slowly, with patience, and an end to everything."""

import contextlib
import re
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from email.utils import parsedate_to_datetime
from itertools import count
from queue import Empty, SimpleQueue
from typing import Self
from urllib.parse import urljoin

from urllib3.util import SKIP_HEADER

from pipcache.index.page import is_empty_listing, parse_page
from pipcache.index.page_format import PageFormat
from pipcache.inventory.artifact import Artifact
from pipcache.live.answers import Answer, Failed, Fault, FetchedPage, Gone, NoAnswer, NotModified, Present
from pipcache.live.credentials import Credentials, Origin, origin_of
from pipcache.live.pace import Pace
from pipcache.live.questions import Asking, Mode
from pipcache.live.settings import NetworkSettings
from pipcache.live.transport import CONNECTIONS, Reply, Transport, host_of
from pipcache.util.urls import without_user
from pipcache.util.workers import Workers

_PER_SECOND = 10
"""The most requests that an index gets in a second."""

_TRIES = 3

_MOST_FAILURES = 5
"""Questions without an answer, one after the other, after which an index is asked no more."""

_MOST_REDIRECTS = 5

_LONGEST_WAIT = 60.0
"""Seconds that are waited because an index asks for it (``Retry-After``); for longer ones nobody waits."""

_LONGEST_WISH = 1e9
"""Seconds to which what an index asks for is cut; such a number may have any length."""

_LONGEST_TRY = 300.0
"""Seconds after which a request is given up that still gets a byte now and then."""

_ACCEPT = ", ".join(
    [
        "application/vnd.pypi.simple.v1+json",
        "application/vnd.pypi.simple.v1+html; q=0.1",
        "text/html; q=0.01",
    ]
)
"""What pip accepts (``index/collector.py``), for pages that say nothing of what they vary on."""


class _Host:
    """What all indexes of a host share, which are one server: connections, threads and the pace."""

    def __init__(self, transport: Transport, stopping: threading.Event) -> None:
        self.transport = transport
        self.pace = Pace(_PER_SECOND, stopping)
        self.workers = Workers(CONNECTIONS)
        self.begun: dict[int, float] = {}  # the number of a question to when its last request began
        self.stuck = 0  # threads that wait for what does not come


class _Line:
    """What is known of an index while it is asked."""

    def __init__(self, host: _Host) -> None:
        self.host = host
        self._failures = 0
        self._last = ""
        self._wish = ""

    def note(self, answer: Answer) -> None:
        """Count failures in a row."""
        if isinstance(answer, Failed):
            if answer.fault is not Fault.GIVEN_UP:
                self._failures += 1
                self._last = answer.text
        elif self._failures < _MOST_FAILURES:
            self._failures = 0

    def leave_alone(self, wish: str) -> None:
        """Ask no more: the index wants to be left alone for longer than anybody waits, and ``wish`` says so."""
        self._wish = wish

    @property
    def given_up(self) -> Failed | None:
        """Why the index is asked no more; None while it is."""
        if self._wish:
            return Failed(Fault.GIVEN_UP, f"not asked: {self._wish}")
        if self._failures < _MOST_FAILURES and self.host.stuck < CONNECTIONS:
            return None
        return Failed(
            Fault.GIVEN_UP, f"not asked, after {self._failures} failures in a row; the last: {self._last}"
        )


class Client:
    """Asks indexes; ``with Client(...) as client`` ends its threads and connections."""

    def __init__(self, settings: NetworkSettings, folder: str, *, longest_try: float = _LONGEST_TRY) -> None:
        """Make it; no connection is opened.

        Args:
            settings: pip's settings for the network.
            folder: where pages are kept between runs.
            longest_try: seconds after which a request is given up.
        """
        self._settings = settings
        self._folder = folder
        self._longest_try = longest_try
        self._credentials = Credentials(settings.index_urls, settings.keyring)
        self._tries = min(_TRIES, settings.retries + 1)
        self._stopping = threading.Event()
        self._lines: dict[str, _Line] = {}
        self._hosts: dict[Origin, _Host] = {}
        self._numbers = count()  # what was given up may still be at work when others are asked

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        for host in self._hosts.values():
            host.workers.stop(wait=False)
            if not host.begun:  # else a thread still uses its connection, and ends with the program
                host.transport.close()

    def ask(self, askings: Sequence[Asking]) -> Iterator[tuple[Asking, Answer]]:
        """Ask, and yield each question with its answer as it comes; every question gets one."""
        answers: SimpleQueue[tuple[int, Answer]] = SimpleQueue()
        left = dict(zip(self._numbers, askings, strict=False))
        for number, asking in left.items():
            line = self._line(asking.question.index)
            line.host.workers.submit(self._work, line, number, asking, answers)
        while left:
            answered: Iterable[tuple[int, Answer]]
            try:
                answered = [answers.get(timeout=_GLANCE)]
            except Empty:
                answered = [*self._overdue(left)]
            for number, answer in answered:
                # what was given up may come all the same
                if (asking_then := left.pop(number, None)) is not None:
                    yield asking_then, answer

    def pause(self, seconds: float) -> None:
        """Wait, unless the run ends."""
        self._stopping.wait(seconds)

    def _overdue(self, left: Mapping[int, Asking]) -> Iterator[tuple[int, Answer]]:
        """Yield what has waited too long, and what waits behind it for a thread that will not come."""
        now = time.monotonic()
        for number, asking in left.items():
            line = self._line(asking.question.index)
            if now - line.host.begun.get(number, now) > self._longest_try:
                text = f"{host_of(asking.question.url)} sends too slowly"
                failed = Failed(Fault.TIMEOUT, text)
                line.host.stuck += 1
                line.note(failed)
                yield number, failed
            elif line.host.stuck >= CONNECTIONS and number not in line.host.begun and line.given_up is not None:
                yield number, line.given_up

    def _line(self, index: str) -> _Line:
        if index not in self._lines:
            origin = origin_of(index)
            if origin not in self._hosts:
                self._hosts[origin] = _Host(Transport(self._settings, self._folder), self._stopping)
            self._lines[index] = _Line(self._hosts[origin])
        return self._lines[index]

    def _work(self, line: _Line, number: int, asking: Asking, answers: "SimpleQueue[tuple[int, Answer]]") -> None:
        """Ask a question in a thread, whatever comes of it."""
        answer: Answer
        try:
            answer = self._answer(line, number, asking)
        except Exception as error:  # noqa: BLE001 - what the libraries make of a strange answer can be anything
            text = f"{host_of(asking.question.url)} gives no answer that can be read: {type(error).__name__}"
            answer = Failed(Fault.BROKEN, text)
        line.host.begun.pop(number, None)
        line.note(answer)
        answers.put((number, answer))

    def _answer(self, line: _Line, number: int, asking: Asking) -> Answer:
        """Return the answer to a question, after several tries where that may help."""
        failed: Failed | None = None
        for tried in range(1, self._tries + 1):
            if (given_up := line.given_up) is not None:
                return failed or given_up
            line.host.pace.wait()
            line.host.begun[number] = time.monotonic()
            try:
                return self._ask_once(line, asking)
            except NoAnswer as error:
                failed = error.failed
                if error.wait is not None and error.wait > _LONGEST_WAIT:
                    text = f"{failed.text}, and asks to wait {error.wait:,.0f} seconds"
                    line.leave_alone(text)
                    return failed._replace(text=text)
                if error.wait is not None:
                    line.host.pace.hold(error.wait)  # for the other questions too
                if not error.may_pass or tried == self._tries or self._stopping.is_set():
                    return failed
                line.host.begun.pop(number)
                if error.wait is None:
                    line.host.pace.pause(_BACK_OFF * 2**tried)
        assert failed is not None
        return failed

    def _ask_once(self, line: _Line, asking: Asking) -> Answer:
        """Ask for a page, and follow redirects on the same host.

        Raises:
            NoAnswer: there is no answer.
        """
        url, headers = asking.question.url, request_headers(asking.question.page, asking.mode)
        has_body = asking.mode is not Mode.PROBE
        for _ in range(_MOST_REDIRECTS + 1):
            login = self._credentials.login(url)
            reply = line.host.transport.get(url, headers, login, has_body=has_body)
            if reply.status == _UNAUTHORIZED:
                other = self._credentials.login_after_refusal(url)
                if other is not None and other != login:
                    line.host.pace.wait()
                    reply = line.host.transport.get(url, headers, other, has_body=has_body)
            location = reply.headers.get("location")
            if reply.status not in _REDIRECTS or location is None:
                return _answer_of(asking, url, reply, is_conditional=is_conditional(headers))
            url = _next_url(url, location)
            line.host.pace.wait()
        raise NoAnswer(Failed(Fault.REDIRECT, f"{host_of(url)} redirects without an end"))


_GLANCE = 0.2
"""Seconds between two looks at what takes too long."""

_BACK_OFF = 0.25

_UNAUTHORIZED = 401

_REDIRECTS = frozenset({301, 302, 303, 307, 308})


def request_headers(page: Artifact | None, mode: Mode) -> dict[str, str | None]:
    """Return the headers to ask for a page with, as pip asked for the page in the cache; None for one left out.

    A file is asked for as pip asks for files.

    An ETag is of one representation: what ``Accept`` and ``Accept-Encoding`` had is sent again (RFC 9110, 12.5.5).
    """
    if mode is Mode.PROBE:
        return {"Accept": "*/*", "Accept-Encoding": "identity", "Cache-Control": "no-cache"}
    headers: dict[str, str | None] = {
        "Accept": _ACCEPT,
        "Accept-Encoding": "gzip, deflate",
        "Cache-Control": "no-cache" if mode is Mode.AFRESH else "max-age=0",
    }
    if page is None or page.head is None:
        return headers
    for name, value in page.head.vary.items():
        # other headers may be secrets, or say who asks
        if (usual := _VARIES.get(name.lower())) is not None and (value is None or _is_plain(value)):
            headers[usual] = value
    if headers["Accept-Encoding"] is None:
        headers["Accept-Encoding"] = SKIP_HEADER  # else http.client sends one of its own
    if mode is Mode.IF_CHANGED:
        etag, changed = (page.head.headers.get(name, "") for name in ("etag", "last-modified"))
        if _ETAG.fullmatch(etag):
            headers["If-None-Match"] = etag
        elif changed and _is_plain(changed):
            headers["If-Modified-Since"] = changed
    return headers


_VARIES = {name.lower(): name for name in ("Accept", "Accept-Encoding", "Accept-Language")}

_ETAG = re.compile(r'(?:W/)?"[\x21\x23-\x7e]{0,500}"')
"""An entity tag (RFC 9110, 8.8.3), in ASCII."""


def _is_plain(value: str) -> bool:
    return len(value) <= 1000 and value.isascii() and value.isprintable()


def is_conditional(headers: Mapping[str, str | None]) -> bool:
    """Return whether a request may be answered with 304."""
    return not headers.keys().isdisjoint({"If-None-Match", "If-Modified-Since"})


def _next_url(url: str, location: str) -> str:
    """Return where a redirect leads, on the same host; only there is the project known to be known.

    Raises:
        NoAnswer: it leads to another host, or from https to http.
    """
    here, target, there = origin_of(url), "", None
    with contextlib.suppress(ValueError):
        target = without_user(urljoin(url, location))
        there = origin_of(target)
    upgraded = Origin("https", here.host, 443) if (here.scheme, here.port) == ("http", 80) else here
    if there in {here, upgraded}:
        return target.partition("#")[0]
    raise NoAnswer(
        Failed(Fault.REDIRECT, f"{host_of(url)} redirects to {host_of(target) or 'no host'}, which was not asked")
    )


def _answer_of(asking: Asking, url: str, reply: Reply, *, is_conditional: bool) -> Answer:
    """Return what a reply means.

    Raises:
        NoAnswer: it is no answer to the question.
    """
    status, host = reply.status, host_of(url)
    if status == 304 and is_conditional:
        return NotModified(url, reply.headers)
    if status == 200 and asking.mode is Mode.PROBE:
        return Present(url, reply.headers)
    if status == 200:
        return _page_of(asking, url, reply, is_conditional=is_conditional)
    if status in {404, 410}:
        return Gone(status, url, reply.headers)
    wait = retry_after(reply.headers.get("retry-after"), time.time())
    text = f"{host} answers with status {status}"
    if status in {401, 403, 407}:
        raise NoAnswer(Failed(Fault.CREDENTIALS, f"{text}: it wants other credentials", status=status))
    if status == 429 or (status == 503 and wait is not None):
        raise NoAnswer(Failed(Fault.BUSY, text, status=status), may_pass=True, wait=wait)
    if status >= 500:
        raise NoAnswer(Failed(Fault.SERVER, text, status=status), may_pass=True, wait=wait)
    raise NoAnswer(Failed(Fault.STATUS, text, status=status))


def _page_of(asking: Asking, url: str, reply: Reply, *, is_conditional: bool) -> Answer:
    """Return the page in a reply; that it is the one in the cache where it was sent before.

    Raises:
        NoAnswer: it is no index page, or not a whole one.
    """
    content_type, received = reply.headers.get("content-type", ""), reply.received
    head = None if asking.question.page is None else asking.question.page.head
    if reply.from_cache and is_conditional and head is not None:
        etag = head.headers.get("etag")
        if etag is not None and etag == reply.headers.get("etag"):
            return NotModified(url, reply.headers)
    page = parse_page(reply.body, content_type)
    project = asking.question.project
    if page is None:
        is_page = is_empty_listing(reply.body, content_type, project)
    else:
        # an error in JSON lists nothing either; a page has to name its project (PEP 691)
        is_page = bool(page.files) or page.is_cut or page.format is PageFormat.HTML or page.project == project
    if not is_page:
        raise NoAnswer(
            Failed(Fault.NO_PAGE, f"what {host_of(url)} sends is no index page", received, reply.status)
        )
    if page is not None and page.is_cut:
        why = page.excess or "it ends too early"
        raise NoAnswer(Failed(Fault.NO_PAGE, f"the page cannot be read whole: {why}", received, reply.status))
    return FetchedPage(reply.body, content_type, url, reply.headers, received, reply.from_cache)


def retry_after(value: str | None, now: float) -> float | None:
    """Return how many seconds a ``Retry-After`` asks to wait (RFC 9110, 10.2.3); None where it does not say.

    Args:
        value: of the header.
        now: seconds since the epoch.
    """
    if value is None:
        return None
    if re.fullmatch(r"[0-9]+", value.strip()):
        return min(float(value), _LONGEST_WISH)
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - now)
    except (ValueError, OverflowError):
        return None
