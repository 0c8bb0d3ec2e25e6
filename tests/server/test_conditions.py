"""Conditions and ranges of requests, as RFC 9110 (13 and 14) has them, and what is sent to slow clients."""

from __future__ import annotations

import random
import socket
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from tests.server.conftest import HTML, JSON, serving
from tests.support import truth
from tests.support.archives import build_wheel

if TYPE_CHECKING:
    from pathlib import Path

    from tests.offline.conftest import Shelf
    from tests.server.conftest import Site

WHEEL, BODY = build_wheel("front-end", "1.0", requires=("middle.ware",))
DATE = "Wed, 21 Oct 2099 07:28:00 GMT"


@pytest.fixture(params=["file", "metadata"])
def path(request: pytest.FixtureRequest, site: Site) -> str:
    """The path of a file that is served, and that of its METADATA."""
    file = site.path_of("front-end", WHEEL)
    return file if request.param == "file" else f"{file}.metadata"


@pytest.fixture
def tag(site: Site, path: str) -> str:
    return site.ask(path).headers["etag"]


@pytest.mark.parametrize("form", ["W/{}", '"x"', "*", DATE, '"x", {}', "", "bare"])
def test_a_part_is_sent_only_where_if_range_is_the_strong_tag(site: Site, path: str, tag: str, form: str) -> None:
    condition = tag.strip('"') if form == "bare" else form.format(tag)
    whole = site.ask(path).body
    reply = site.ask(path, Range="bytes=0-9", If_Range=condition)
    assert (reply.status, reply.body) == (200, whole)
    assert "content-range" not in reply.headers
    reply = site.ask(path, Range="bytes=0-9", If_Range=tag)
    assert (reply.status, reply.body, reply.headers["etag"]) == (206, whole[:10], tag)


@pytest.mark.parametrize(
    ("condition", "status"), [("*", 200), ("{}", 200), ('"x", {}', 200), ("W/{}", 412), ('"x"', 412)]
)
def test_if_match_is_held_before_a_range(site: Site, path: str, tag: str, condition: str, status: int) -> None:
    for method in ("GET", "HEAD"):
        assert site.ask(path, method=method, If_Match=condition.format(tag)).status == status
    part = site.ask(path, Range="bytes=0-9", If_Match=condition.format(tag))
    assert part.status == (206 if status == 200 else status)
    assert b"PK" not in part.body or status == 200


@pytest.mark.parametrize("condition", ["*", "{}", "W/{}", '"x", W/{}'])
def test_if_none_match_is_held_before_a_range(site: Site, path: str, tag: str, condition: str) -> None:
    known = {"If_None_Match": condition.format(tag)}
    for more in ({}, {"Range": "bytes=0-9"}, {"Range": "bytes=999999999-"}, {"If_Match": tag}):
        reply = site.ask(path, **known, **more)
        assert (reply.status, reply.body, reply.headers["etag"]) == (304, b"", tag)
    assert site.ask(path, method="HEAD", **known).status == 304
    assert site.ask(path, **known, If_Match='"x"').status == 412


def test_pages_hold_conditions_alike(site: Site) -> None:
    for accept in ("text/html", HTML, JSON):
        tag = site.ask("/simple/front-end/", Accept=accept).headers["etag"]
        for match, status in (("*", 200), (tag, 200), (f"W/{tag}", 412), ('"x"', 412)):
            assert site.ask("/simple/front-end/", Accept=accept, If_Match=match).status == status
        assert site.ask("/simple/front-end/", Accept=accept, If_None_Match=f'"x", W/{tag}').status == 304
        assert site.ask("/simple/front-end/", Accept=accept, Range="bytes=0-9").status == 200


def test_the_unit_of_a_range_has_no_case(site: Site, path: str) -> None:
    assert site.ask(path, Range="Bytes=0-9").body == site.ask(path).body[:10]


def test_a_file_is_asked_for_by_a_url_of_this_machine_alone(site: Site) -> None:
    for own in ("http://localhost/simple/", "http://127.0.0.1:1/simple/", "HTTP://[::1]/simple/"):
        assert site.ask(own).status == 200
    for other in (
        *("http://evil.example/simple/", "http://localhost.evil.example/simple/", "http://evil.example?x"),
        *("http://localhost@evil.example/simple/", "https://evil.example:8765/", "http:///simple/"),
    ):
        reply = site.ask(other, Host="localhost")
        assert reply.status == 400
        assert "front" not in reply.text


# Clients that take their time

LARGE = build_wheel("large", "1.0")[0]


@pytest.fixture
def large(shelf: Shelf) -> Path:
    """The body of a large file in the cache."""
    members = {"large/data.bin": random.Random(15).randbytes(17 << 20)}  # cannot be compressed
    return shelf.builder.body(truth.url_key(shelf.wheel("large", "1.0", members=members)))


def opened(port: int, path: str, header: str = "") -> socket.socket:
    """A connection that has asked for a file, and takes nothing of it."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.settimeout(30)
    connection.connect(("127.0.0.1", port))
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{header}\r\n".encode())
    return connection


@pytest.mark.slow
def test_clients_that_take_nothing_keep_no_other_waiting(shelf: Shelf, large: Path) -> None:
    assert large.stat().st_size > 1 << 24
    with serving(shelf.builder.root) as site, ExitStack() as clients:
        path = site.path_of("large", LARGE)
        for header in ["", "Range: bytes=10-\r\n"] * 12:
            clients.enter_context(opened(site.server.port, path, header)).recv(100)
        assert site.json("large").status == 200


@pytest.mark.slow
@pytest.mark.parametrize(("header", "how"), [("", "in place"), ("Range: bytes=10-\r\n", "in place"), ("", "cut")])
def test_bytes_that_are_changed_while_they_are_sent_do_not_arrive(
    shelf: Shelf, large: Path, header: str, how: str
) -> None:
    size = large.stat().st_size
    with serving(shelf.builder.root) as site:
        path = site.path_of("large", LARGE)
        with opened(site.server.port, path, header) as connection:
            received = connection.recv(100)
            with large.open("r+b") as file:
                if how == "cut":
                    file.truncate(size // 2)
                else:
                    file.seek(size - 200_000)
                    file.write(b"other bytes " * 1000)
            while chunk := connection.recv(1 << 20):
                received += chunk
        assert len(received) < size
        assert b"other bytes" not in received
        assert site.ask(path).status == 403


def test_a_file_that_is_removed_while_it_is_sent_arrives_whole(shelf: Shelf, large: Path) -> None:
    body = large.read_bytes()
    with serving(shelf.builder.root) as site:
        with opened(site.server.port, site.path_of("large", LARGE)) as connection:
            received = bytearray(connection.recv(100))
            large.unlink()
            while chunk := connection.recv(1 << 20):
                received += chunk
        assert received.endswith(body)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a process may have few files")
def test_connections_that_say_nothing_keep_no_other_waiting(site: Site) -> None:
    with ExitStack() as idle:
        for _ in range(150):
            idle.enter_context(socket.create_connection(("127.0.0.1", site.server.port), timeout=30))
        assert site.ask("/simple/").status == 200
