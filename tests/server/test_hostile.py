"""Requests that no installer sends, and names that no project should have."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from tests.server.conftest import serving
from tests.support.archives import build_wheel
from tests.support.caches import look

if TYPE_CHECKING:
    from tests.offline.conftest import Shelf
    from tests.server.conftest import Site


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8765",
        "",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "127.0.0.1@evil.example",
        "127.0.0.2",
        "0.0.0.0",
        "[::]",
        "::1",
        "localhost:",
        "localhost:x",
        "localhost:123456",
        "localhost/",
        "2130706433",
    ],
)
def test_pages_of_strangers_learn_nothing(site: Site, host: str) -> None:
    for path in ("/", "/simple/", "/simple/front-end/"):
        reply = site.ask(path, Host=host)
        assert reply.status == 400
        assert "front" not in reply.text


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "LocalHost:1", "[::1]", "[::1]:8765", "127.0.0.1:80"])
def test_this_machine_is_answered(site: Site, host: str) -> None:
    assert site.ask("/simple/", Host=host).status == 200


def test_other_names_in_headers_of_proxies_change_nothing(site: Site) -> None:
    assert site.ask("/simple/", Host="evil.example", X_Forwarded_Host="localhost").status == 400
    reply = site.ask("/simple", X_Forwarded_Host="evil.example", X_Forwarded_Proto="https")
    assert reply.headers["location"] == "/simple/"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH", "CONNECT", "X"])
def test_only_reading_is_allowed(site: Site, method: str) -> None:
    for path in ("/simple/", "/simple/front-end/", "/nothing"):
        reply = site.ask(path, method=method)
        assert (reply.status, reply.headers["allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize(
    "path",
    [
        "/files/../../etc/passwd",
        "/files/%2e%2e/%2e%2e/etc/passwd",
        "/files/..%2f..%2fetc/passwd",
        "/files/x/..%5c..%5cwindows",
        "/files//etc/passwd",
        "/simple/../files/",
        "/simple/%2e%2e/",
        "/simple/front-end/../../",
        "/simple/front-end/index.html",
        "/simple/front-end//",
        "/simple//front-end/",
        "/simple/-front/",
        "/simple/%00/",
        "/simple/" + "a" * 300 + "/",
        "/simple/front%0d%0aSet-Cookie:%20a=b/",
        "/simple/%C3%A9/",
        "/simple/%ff/",
        "/packages/source/f/front-end/..%2f..%2f",
        "/packages/source/f/front-end/",
        "/pypi/front-end/json",
        "/favicon.ico",
        "/etc/passwd",
    ],
)
def test_paths_lead_nowhere_else(site: Site, path: str) -> None:
    reply = site.ask(path)
    assert reply.status == 404
    assert "root:" not in reply.text
    assert "set-cookie" not in reply.headers
    assert reply.headers["content-type"].startswith("text/plain")
    assert reply.headers["x-content-type-options"] == "nosniff"


def test_requests_that_are_too_large_are_refused(site: Site) -> None:
    assert site.ask("/simple/" + "a" * 5000).status == 414
    assert site.ask("/simple/", X_Long="a" * 100_000).status == 431
    assert site.ask("/simple/front-end/", Accept=",".join(["a/b;q=0.1"] * 3000) + ",text/html").status == 200
    assert site.ask("/simple/front-end/").status == 200


@pytest.mark.parametrize(
    "data",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",  # a client that speaks TLS
        b"GET\r\n\r\n",
        b"GET http://evil.example/simple/ HTTP/1.1\r\nHost: evil.example\r\n\r\n",
        b"GET /simple/ HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n",
        b"GET /simple/ HTTP/1.1\r\nHost : localhost\r\n\r\n",
        b"POST /simple/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999\r\n\r\n",
        b"POST /simple/ HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"GET /\xff\xfe HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"\x00" * 100 + b"\r\n\r\n",
    ],
)
def test_what_is_no_proper_request_ends_no_server(site: Site, data: bytes) -> None:
    with socket.create_connection(("127.0.0.1", site.server.port), timeout=10) as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        while chunk := connection.recv(65536):
            answer += chunk
    assert b" 200 " not in answer
    assert b"front" not in answer
    assert site.ask("/simple/front-end/").status == 200


def test_a_client_that_hangs_up_ends_no_server(shelf: Shelf) -> None:
    shelf.wheel("large", "1.0", members={"large/data.bin": bytes(range(256)) * 40_000})
    with serving(shelf.builder.root) as site:
        path = site.path_of("large", "large-1.0-py3-none-any.whl")
        for _ in range(5):
            with socket.create_connection(("127.0.0.1", site.server.port), timeout=10) as connection:
                connection.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
                connection.recv(100)
        assert site.ask(path).status == 200


HOSTILE = '<script>alert("1")</script><img src=x onerror=alert(1)>'


def test_hostile_names_are_text_on_the_page_for_people(shelf: Shelf) -> None:
    filename, body = build_wheel("innocent", "1.0")
    shelf.file("innocent", filename, body)
    shelf.file("evil", *build_wheel("evil", f"1.0{HOSTILE}".replace("/", "")))
    shelf.builder.download("https://files.example/evil", build_wheel(HOSTILE.replace("/", ""), "1.0")[1])
    with serving(shelf.builder.root) as site:
        reply = site.ask("/")
        assert b">&lt;script&gt;alert(" in reply.body
        assert b"<script" not in reply.body
        assert b"<img" not in reply.body
        policy = reply.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "script-src" not in policy
        assert reply.headers["x-content-type-options"] == "nosniff"
        assert "innocent" in reply.text
        for accept in ("text/html", "application/vnd.pypi.simple.v1+json"):
            assert "<" not in "".join(
                project for project in site.ask("/simple/", Accept=accept).text.split('"') if "script" in project
            )


def test_a_server_writes_nothing_into_the_cache(site: Site, shelf: Shelf) -> None:
    before = look(shelf.builder.root)
    for path in ("/", "/simple/", "/simple/front-end/", "/simple/source/", "/simple/no-such/"):
        site.ask(path)
    site.ask(site.path_of("front-end", "front_end-1.0-py3-none-any.whl"))
    assert look(shelf.builder.root) == before


def test_requests_are_told_without_what_steers_a_terminal(site: Site) -> None:
    site.ask("/simple/%1b%5b31m/", User_Agent="pip/26.3\x7f\u200b (x)".encode().decode("latin-1"))
    site.ask("/simple/front-end/", User_Agent="")
    assert site.accesses[-1] == "GET /simple/front-end/ 200 an unnamed program"
    assert all(line.isascii() and line.isprintable() for line in site.accesses)
