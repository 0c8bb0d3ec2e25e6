"""The client: what it sends, how much, to whom, and what it makes of every answer."""

from __future__ import annotations

import gzip
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from pipcache.inventory.collector import Need, read_inventory
from pipcache.live.answers import Failed, Fault, FetchedPage, Gone, NotModified
from pipcache.live.client import Client, retry_after
from pipcache.live.questions import Asking, Mode, Question, questions_about
from pipcache.live.settings import NetworkSettings
from pipcache.store.cache import Cache
from tests.support.caches import CacheBuilder
from tests.support.index import JSON_PAGE, PAGE_POLICY, Index
from tests.support.pips import make_certificate

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pipcache.live.answers import Answer
    from tests.support.index import Certificate, Misbehaviour, _Handler

PIP_ACCEPT = f"{JSON_PAGE}, application/vnd.pypi.simple.v1+html; q=0.1, text/html; q=0.01"
PIP_REQUEST = {"Accept": PIP_ACCEPT, "Accept-Encoding": "gzip, deflate"}
"""What pip 26.3 asks for a page with."""

FAST = NetworkSettings(timeout=1.0, retries=0)


@pytest.fixture
def index() -> Iterator[Index]:
    with Index() as running:
        running.add_project("foo")
        yield running


@pytest.fixture
def folder(tmp_path: Path) -> str:
    """Where pages are kept."""
    return str(tmp_path / "own")


def store(builder: CacheBuilder, index: Index, name: str, request: dict[str, str] = PIP_REQUEST) -> str:
    """Put a page into the cache as pip does that gets it from the index now."""
    path = f"/simple/{name}/"
    _, headers, body, _ = index.answer(path, {header.lower(): value for header, value in request.items()})
    builder.download(index.root + path, body, headers=headers, request_headers=request)
    return path


def questions(builder: CacheBuilder, index: Index) -> list[Question]:
    artifacts = read_inventory(Cache(str(builder.root)), Need(everything=True), lambda: [index.simple])
    return questions_about(artifacts, artifacts).questions


def question(index: Index, name: str = "foo") -> Question:
    """A question about a project that no page in a cache is of."""
    return Question(index.simple, name, f"{index.simple}{name}/", None, ())


def ask(
    asked: list[Question],
    folder: str,
    settings: NetworkSettings = FAST,
    *,
    mode: Mode = Mode.IF_CHANGED,
    longest_try: float = 60,
) -> list[Answer]:
    """The answers in the order of the questions."""
    with Client(settings, folder, longest_try=longest_try) as client:
        answers = {id(asking.question): answer for asking, answer in client.ask([Asking(q, mode) for q in asked])}
    return [answers[id(each)] for each in asked]


def only(index: Index, folder: str, settings: NetworkSettings = FAST) -> Answer:
    (answer,) = ask([question(index)], folder, settings)
    return answer


def raw(data: bytes) -> Misbehaviour:
    """Answers with these bytes, and closes the connection."""

    def misbehave(handler: _Handler) -> bool:
        handler.wfile.write(data)
        return True

    return misbehave


def reply(status: str, body: bytes = b"", **headers: str) -> bytes:
    """The bytes of a whole answer."""
    fields = {"Content-Length": str(len(body)), **{name.replace("_", "-"): text for name, text in headers.items()}}
    lines = [f"HTTP/1.1 {status}", *(f"{name}: {text}" for name, text in fields.items())]
    return "\r\n".join([*lines, "", ""]).encode() + body


PAGE = b'{"meta": {"api-version": "1.1"}, "name": "foo", "files": []}'


# What is sent


@pytest.mark.slow
def test_unchanged_pages_cost_a_request_each_and_no_byte_of_a_body(
    builder: CacheBuilder, index: Index, folder: str
) -> None:
    for number in range(20):
        index.add_project(f"p{number}", gzip=bool(number % 2))
        store(builder, index, f"p{number}")
    asked = questions(builder, index)
    for _ in range(2):
        index.exchanges.clear()
        index.connections = 0
        answers = ask(asked, folder)
        assert all(isinstance(answer, NotModified) for answer in answers), answers
        assert [exchange.status for exchange in index.exchanges] == [304] * 20
        assert sum(exchange.sent for exchange in index.exchanges) == 0
        assert index.connections <= 4


@pytest.mark.parametrize(
    "request_headers",
    [
        PIP_REQUEST,
        {"Accept": "text/html", "Accept-Encoding": "identity"},
        {"Accept": f"{JSON_PAGE}, text/html", "Accept-Encoding": "gzip"},
    ],
)
def test_the_page_is_asked_for_as_pip_asked(
    builder: CacheBuilder, index: Index, folder: str, request_headers: dict[str, str]
) -> None:
    path = store(builder, index, "foo", request_headers)
    ask(questions(builder, index), folder)
    (exchange,) = index.exchanges
    assert exchange.path == path
    assert {name: exchange.headers[name.lower()] for name in request_headers} == request_headers
    assert exchange.headers["cache-control"] == "max-age=0"
    assert exchange.headers["user-agent"].startswith("pipcache/")
    assert exchange.headers["if-none-match"]


def test_secrets_and_breaks_of_a_stored_head_are_not_sent(
    builder: CacheBuilder, index: Index, folder: str
) -> None:
    headers = {
        "Content-Type": JSON_PAGE,
        "Cache-Control": PAGE_POLICY,
        "ETag": '"a\r\nX-Evil: 1"',
        "Vary": "Authorization, Cookie, User-Agent, Accept",
    }
    request = {"Authorization": "Basic c2VjcmV0", "Cookie": "s=1", "User-Agent": "pip/26.3", "Accept": JSON_PAGE}
    builder.download(f"{index.simple}foo/", PAGE, headers=headers, request_headers=request)
    ask(questions(builder, index), folder)
    (exchange,) = index.exchanges
    assert exchange.headers["accept"] == JSON_PAGE
    assert exchange.headers.keys().isdisjoint({"authorization", "cookie", "x-evil", "if-none-match"})
    assert exchange.headers["user-agent"].startswith("pipcache/")


def test_without_an_entity_tag_the_time_is_sent(builder: CacheBuilder, index: Index, folder: str) -> None:
    headers = {
        "Content-Type": JSON_PAGE,
        "Cache-Control": PAGE_POLICY,
        "Last-Modified": "Tue, 05 Mar 2024 10:20:30 GMT",
    }
    builder.download(f"{index.simple}foo/", PAGE, headers=headers)
    ask(questions(builder, index), folder)
    assert index.exchanges[0].headers["if-modified-since"] == "Tue, 05 Mar 2024 10:20:30 GMT"


def test_a_changed_page_is_sent_once_and_then_kept(builder: CacheBuilder, index: Index, folder: str) -> None:
    store(builder, index, "foo")
    index.add_file(index.project("foo"), "foo-1.0-py3-none-any.whl", b"x", version="1.0")
    first, second = (ask(questions(builder, index), folder)[0] for _ in range(2))
    assert isinstance(first, FetchedPage)
    assert isinstance(second, FetchedPage)
    assert first.body == second.body
    assert b"foo-1.0-py3-none-any.whl" in first.body
    assert (first.from_cache, second.from_cache) == (False, True)
    assert [(exchange.status, exchange.sent > 0) for exchange in index.exchanges] == [(200, True), (304, False)]
    assert (first.received, second.received) == (index.exchanges[0].sent, 0)


def test_what_pip_got_meanwhile_is_current_though_the_own_cache_has_it_too(
    builder: CacheBuilder, index: Index, folder: str
) -> None:
    assert isinstance(ask([question(index)], folder)[0], FetchedPage)
    store(builder, index, "foo")
    (answer,) = ask(questions(builder, index), folder)
    assert isinstance(answer, NotModified)
    assert index.exchanges[-1].status == 304


@pytest.mark.parametrize(("mode", "policy"), [(Mode.IN_FULL, "max-age=0"), (Mode.AFRESH, "no-cache")])
def test_a_page_can_be_asked_for_in_full(
    builder: CacheBuilder, index: Index, folder: str, mode: Mode, policy: str
) -> None:
    store(builder, index, "foo")
    (answer,) = ask(questions(builder, index), folder, mode=mode)
    assert isinstance(answer, FetchedPage)
    assert index.exchanges[0].headers["cache-control"] == policy


def test_an_index_gets_ten_requests_a_second_at_most_and_four_connections(index: Index, folder: str) -> None:
    for number in range(25):
        index.add_project(f"p{number}")
    began = time.monotonic()
    ask([question(index, f"p{number}") for number in range(25)], folder)
    assert time.monotonic() - began >= 2.3  # 24 intervals of a tenth of a second
    assert index.connections <= 4


@pytest.mark.slow
def test_two_indexes_of_a_host_are_one_server(index: Index, folder: str) -> None:
    asked = []
    for number in range(24):
        base = f"{index.root}/{'simple' if number % 2 else 'other'}/"
        index.add_project(f"p{number}", path=f"{base.removeprefix(index.root)}p{number}/")
        asked.append(Question(base, f"p{number}", f"{base}p{number}/", None, ()))
    began = time.monotonic()
    answers = ask(asked, folder)
    assert time.monotonic() - began >= 2.2  # 23 intervals of a tenth of a second
    assert all(isinstance(answer, FetchedPage) for answer in answers)
    assert index.connections <= 4


# What is answered


@pytest.mark.parametrize("status", ["404 Not Found", "410 Gone"])
def test_a_project_can_be_gone(index: Index, folder: str, status: str) -> None:
    index.misbehaviour["/simple/foo/"] = raw(reply(status))
    answer = only(index, folder)
    assert isinstance(answer, Gone)
    assert answer.status == int(status[:3])


HTML = {"Content_Type": "text/html"}
JSON = {"Content_Type": JSON_PAGE}
BOMB = gzip.compress(b'{"files": [' + b" " * (70 << 20) + b"]}", mtime=0)

FAULTS = [
    (Fault.BROKEN, b""),
    (Fault.BROKEN, b"\x00\xff not http\r\n\r\n"),
    (Fault.BROKEN, reply("200 OK", PAGE, Content_Length="1000", **JSON)),
    (Fault.BROKEN, reply("200 OK", PAGE, Content_Encoding="gzip", **JSON)),
    (Fault.BROKEN, reply("200 OK", gzip.compress(PAGE)[:-9], Content_Encoding="gzip", **JSON)),
    (Fault.BROKEN, reply("200 OK", PAGE, Date="no date", Cache_Control="max-age=x", Expires="never", **JSON)),
    (Fault.SERVER, reply("500 Oops")),
    (Fault.SERVER, reply("503 Down")),
    (Fault.BUSY, reply("429 Slower")),
    (Fault.BUSY, reply("503 Down", Retry_After="100000")),
    (Fault.STATUS, reply("418 Teapot")),
    (Fault.STATUS, reply("304 Not Modified")),
    (Fault.STATUS, reply("301 Moved")),
    (Fault.STATUS, reply("206 Partial", PAGE, **JSON)),
    (Fault.CREDENTIALS, reply("401 Who", WWW_Authenticate="Basic")),
    (Fault.CREDENTIALS, reply("403 No")),
    (Fault.WRONG_TYPE, reply("200 OK", PAGE, Content_Type="application/json")),
    (Fault.WRONG_TYPE, reply("200 OK", PAGE)),
    (Fault.NO_PAGE, reply("200 OK", b"<html><form action=/login><input name=password></form></html>", **HTML)),
    (Fault.NO_PAGE, reply("200 OK", b"", **HTML)),
    (Fault.NO_PAGE, reply("200 OK", b'{"name": "foo", "files": [{"fil', **JSON)),
    (Fault.NO_PAGE, reply("200 OK", b"{}", **JSON)),
    (Fault.NO_PAGE, reply("200 OK", b'{"error": "try later", "files": []}', **JSON)),
    (Fault.NO_PAGE, reply("200 OK", PAGE.replace(b'"foo"', b'"bar"'), **JSON)),
    (Fault.TOO_LARGE, reply("200 OK", BOMB, Content_Encoding="gzip", **JSON)),
    (Fault.REDIRECT, reply("302 Found", Location="https://elsewhere.example/simple/foo/")),
    (Fault.REDIRECT, reply("301 Moved", Location="http://127.0.0.1:1/simple/foo/")),
    (Fault.REDIRECT, reply("301 Moved", Location="//[bad/")),
    (Fault.REDIRECT, reply("307 Again", Location="/simple/foo/")),
    (Fault.REDIRECT, reply("302 Found", Location="file:///etc/passwd")),
]


@pytest.mark.parametrize(("fault", "data"), FAULTS, ids=lambda value: value if isinstance(value, Fault) else "")
def test_every_fault_is_told(index: Index, folder: str, fault: Fault, data: bytes) -> None:
    index.misbehaviour["/simple/foo/"] = raw(data)
    answer = only(index, folder)
    assert isinstance(answer, (Failed, FetchedPage)), answer
    if isinstance(answer, FetchedPage):  # a strange date is no fault, where the library forgives it
        assert b"no date" in data
        return
    assert answer.fault is fault, answer
    assert answer.text
    assert "elsewhere.example/" not in answer.text


def endless(handler: _Handler) -> bool:
    """Send a page without an end."""
    handler.wfile.write(f"HTTP/1.1 200 OK\r\nContent-Type: {JSON_PAGE}\r\n\r\n{{".encode())
    try:
        while True:
            handler.wfile.write(b" " * (1 << 20))
    except OSError:
        return True


def test_an_endless_page_comes_to_an_end(index: Index, folder: str) -> None:
    index.misbehaviour["/simple/foo/"] = endless
    answer = only(index, folder)
    assert isinstance(answer, Failed)
    assert answer.fault is Fault.TOO_LARGE


@contextmanager
def silent(index: Index, *, beginning: bytes = b"", drip: bytes = b"") -> Iterator[None]:
    """Let the index begin an answer and then say nothing, or a little now and then, until the end."""
    end = threading.Event()

    def misbehave(handler: _Handler) -> bool:
        try:
            handler.wfile.write(beginning)
            while not end.wait(0.1):
                handler.wfile.write(drip)
        except OSError:
            pass
        return True

    for path in ("foo", *(f"p{number}" for number in range(12))):
        index.misbehaviour[f"/simple/{path}/"] = misbehave
    try:
        yield
    finally:
        end.set()


@pytest.mark.parametrize(
    "beginning", [b"", b"HTTP/1.1 200 OK\r\n", reply("200 OK", PAGE, Content_Length="99", Content_Type=JSON_PAGE)]
)
def test_an_index_that_falls_silent_is_not_waited_for(index: Index, folder: str, beginning: bytes) -> None:
    with silent(index, beginning=beginning):
        answer = only(index, folder, FAST._replace(timeout=0.3))
    assert isinstance(answer, Failed)
    assert answer.fault is Fault.TIMEOUT, answer


@pytest.mark.slow
def test_an_index_that_sends_a_byte_now_and_then_is_given_up(index: Index, folder: str) -> None:
    asked = [question(index, f"p{number}") for number in range(12)]
    beginning = reply("200 OK", Content_Length="100000", Content_Type=JSON_PAGE)
    with silent(index, beginning=beginning, drip=b" "):
        answers = ask(asked, folder, longest_try=0.5)
    faults = {answer.fault for answer in answers if isinstance(answer, Failed)}
    assert faults == {Fault.TIMEOUT, Fault.GIVEN_UP}
    assert len(index.exchanges) <= 4


@pytest.mark.slow
def test_a_question_that_was_given_up_takes_no_later_one_with_it(index: Index, folder: str) -> None:
    names = [f"p{number}" for number in range(6)]
    for name in names:
        index.add_project(name)
    end = threading.Event()

    def drip(handler: _Handler) -> bool:
        handler.wfile.write(reply("200 OK", Content_Length="100000", Content_Type=JSON_PAGE))
        while not end.wait(0.1):
            handler.wfile.write(b" ")
        return True

    def pause(_handler: _Handler) -> bool:
        end.wait(0.4)
        return False

    index.misbehaviour["/simple/slow/"] = drip
    slow = [*(question(index, name) for name in names[:5]), question(index, "slow")]
    try:
        with Client(FAST, folder, longest_try=1.5) as client:
            first = [answer for _, answer in client.ask([Asking(each) for each in slow])]
            assert sum(isinstance(answer, Failed) for answer in first) == 1
            index.misbehaviour |= {f"/simple/{name}/": pause for name in names}
            later = [answer for _, answer in client.ask([Asking(question(index, name)) for name in names])]
    finally:
        end.set()
    assert all(isinstance(answer, FetchedPage) for answer in later), later


def test_five_failures_in_a_row_are_enough(index: Index, folder: str) -> None:
    index.down = True
    answers = ask([question(index, f"p{number}") for number in range(40)], folder)
    faults = [answer.fault for answer in answers if isinstance(answer, Failed)]
    assert len(faults) == 40
    assert faults.count(Fault.GIVEN_UP) >= 30
    assert len(index.exchanges) <= 5 + 4  # those that the other threads had begun


@pytest.mark.slow
def test_failures_that_are_not_in_a_row_do_not_count(index: Index, folder: str) -> None:
    names = [f"p{number}" for number in range(16)]
    for number, name in enumerate(names):
        if number % 2:
            index.misbehaviour[f"/simple/{name}/"] = raw(reply("500 Oops"))
        else:
            index.add_project(name)
    answers = ask([question(index, name) for name in names], folder)
    assert [isinstance(answer, FetchedPage) for answer in answers] == [True, False] * 8


def test_nobody_listens(folder: str) -> None:
    gone = Question("http://127.0.0.1:1/simple/", "foo", "http://127.0.0.1:1/simple/foo/", None, ())
    (answer,) = ask([gone], folder)
    assert isinstance(answer, Failed)
    assert answer.fault is Fault.UNREACHABLE
    assert "127.0.0.1:1" in answer.text


@pytest.mark.slow
@pytest.mark.parametrize("status", ["503 Down", "500 Oops", "429 Slower"])
def test_what_may_pass_is_asked_again(index: Index, folder: str, status: str) -> None:
    left = [status, status]

    def misbehave(handler: _Handler) -> bool:
        if not left:
            return False
        handler.wfile.write(reply(left.pop()))
        return True

    index.misbehaviour["/simple/foo/"] = misbehave
    assert isinstance(only(index, folder, FAST._replace(retries=5)), FetchedPage)
    assert len(index.exchanges) == 3


def test_an_index_is_left_alone_for_as_long_as_it_asks_for(index: Index, folder: str) -> None:
    times: list[float] = []

    def misbehave(handler: _Handler) -> bool:
        times.append(time.monotonic())
        if len(times) > 1:
            return False
        handler.wfile.write(reply("429 Slower", Retry_After="1"))
        return True

    index.misbehaviour["/simple/foo/"] = misbehave
    assert isinstance(only(index, folder, FAST._replace(retries=5)), FetchedPage)
    assert times[1] - times[0] >= 1


@pytest.mark.parametrize("retries", [0, 5])
def test_an_index_that_wants_a_long_rest_is_asked_no_more(index: Index, folder: str, retries: int) -> None:
    names = [f"p{number}" for number in range(40)]
    for name in names:
        index.misbehaviour[f"/simple/{name}/"] = raw(reply("429 Slower", Retry_After="9" * 12))
    answers = ask([question(index, name) for name in names], folder, FAST._replace(retries=retries))
    assert len(index.exchanges) <= 4  # those that each thread had begun
    assert {answer.fault for answer in answers if isinstance(answer, Failed)} == {Fault.BUSY, Fault.GIVEN_UP}
    assert all(
        "asks to wait 1,000,000,000 seconds" in answer.text for answer in answers if isinstance(answer, Failed)
    )


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7),
        ("Tue, 05 Mar 2024 10:20:30 GMT", 30),
        ("Tue, 05 Mar 2024 10:19:00 GMT", 0),
        ("soon", None),
        ("-1", None),
        ("9" * 10, 1e9),
        ("9" * 5000, 1e9),
        (None, None),
    ],
)
def test_retry_after_is_seconds_or_a_time(value: str | None, seconds: float | None) -> None:
    assert retry_after(value, 1_709_634_000) == seconds


def test_a_redirect_on_the_same_host_is_followed(index: Index, folder: str) -> None:
    index.misbehaviour["/simple/foo/"] = raw(reply("301 Moved", Location="/simple/bar/?x=1"))
    index.misbehaviour["/simple/bar/?x=1"] = raw(reply("200 OK", PAGE, **JSON))
    answer = only(index, folder)
    assert isinstance(answer, FetchedPage)
    assert answer.url == f"{index.simple}bar/?x=1"


# Certificates


def test_a_certificate_that_nobody_trusts_is_told(certificate: Certificate, folder: str) -> None:
    with Index(certificate=certificate) as index:
        index.add_project("foo")
        answer = only(index, folder)
        assert isinstance(answer, Failed)
        assert answer.fault is Fault.CERTIFICATE, answer
        assert index.exchanges == []
        assert isinstance(only(index, folder, FAST._replace(cert=str(certificate.cert))), FetchedPage)
        port = index.root.rpartition(":")[2]
        for host in ("localhost", f"localhost:{port}"):
            assert isinstance(only(index, folder, FAST._replace(trusted_hosts=(host,))), FetchedPage)


def test_configured_certificates_are_trusted_beside_those_of_the_system(
    certificate: Certificate, folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = make_certificate(tmp_path, "another authority")
    with Index(certificate=certificate) as index:
        index.add_project("foo")
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate.cert))
        assert isinstance(only(index, folder), FetchedPage)
        assert isinstance(only(index, folder, FAST._replace(cert=str(other.cert))), FetchedPage)
        monkeypatch.setenv("SSL_CERT_FILE", str(other.cert))
        assert isinstance(only(index, folder, FAST._replace(cert=str(certificate.cert))), FetchedPage)
        # with pip's legacy-certs those of the system are not trusted
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate.cert))
        legacy = FAST._replace(has_system_certs=False)
        for settings in (legacy, legacy._replace(cert=str(other.cert))):
            answer = only(index, folder, settings)
            assert isinstance(answer, Failed), settings
            assert answer.fault is Fault.CERTIFICATE
        assert isinstance(only(index, folder, legacy._replace(cert=str(certificate.cert))), FetchedPage)


def test_certificates_that_are_not_there_are_told(folder: str, certificate: Certificate) -> None:
    with Index(certificate=certificate) as secure:
        answer = only(secure, folder, FAST._replace(cert="/nowhere/ca.pem"))
    assert isinstance(answer, Failed)
    assert answer.fault is Fault.CERTIFICATE


def test_plain_http_elsewhere_is_asked_only_with_trusted_host(folder: str) -> None:
    asked = Question("http://index.example/simple/", "foo", "http://index.example/simple/foo/", None, ())
    (answer,) = ask([asked], folder)
    assert isinstance(answer, Failed)
    assert answer.fault is Fault.INSECURE


def test_a_proxy_is_used_for_everything_and_then_no_variable_counts(
    index: Index, folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    asked = Question("http://index.example/simple/", "foo", "http://index.example/simple/foo/", None, ())
    proxied = FAST._replace(proxy=index.root, trusted_hosts=("index.example",))
    index.misbehaviour[asked.url] = raw(reply("200 OK", PAGE, **JSON))
    (answer,) = ask([asked], folder, proxied)
    assert isinstance(answer, FetchedPage), answer
    monkeypatch.delenv("no_proxy")
    assert isinstance(only(index, folder), Failed)
    assert isinstance(only(index, folder, FAST._replace(no_proxy_env=True)), FetchedPage)
