"""A cache that is served to this machine, and asked with plain HTTP."""

from __future__ import annotations

import http.client
import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import pytest

from pipcache.offline.supply import Terms
from pipcache.server.index_server import IndexServer
from tests.offline.conftest import Shelf, shelf as shelf  # noqa: PLC0414 - the fixture

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TERMS = Terms(by_url=False, built=True)
JSON = "application/vnd.pypi.simple.v1+json"
HTML = "application/vnd.pypi.simple.v1+html"


class Reply(NamedTuple):
    """What was answered."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def page(self) -> dict[str, Any]:  # Any: the tests ask for keys by name, which is what they test
        page: dict[str, Any] = json.loads(self.body)
        return page

    @property
    def rows(self) -> dict[str, dict[str, Any]]:
        """The files of a page, by name."""
        return {row["filename"]: row for row in self.page["files"]}


class Site:
    """A running server."""

    def __init__(self, root: Path, terms: Terms = TERMS) -> None:
        self.accesses: list[str] = []
        self.errors: list[Exception] = []
        self.server = IndexServer(
            str(root),
            terms,
            [0],
            index_urls=tuple,
            on_access=self.accesses.append,
            on_error=self.errors.append,
        )
        self.server.start()

    def ask(self, path: str, *, method: str = "GET", **headers: str) -> Reply:
        """Ask for a path as it is; the names of headers are written with `_`."""
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=30)
        try:
            names = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.putrequest(method, path, skip_host="Host" in names, skip_accept_encoding=True)
            for name, value in names.items():
                connection.putheader(name, value)
            connection.endheaders()
            answer = connection.getresponse()
            return Reply(
                answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
            )
        finally:
            connection.close()

    def json(self, project: str) -> Reply:
        """Ask for the page of a project in JSON."""
        return self.ask(f"/simple/{project}/", Accept=JSON)

    def path_of(self, project: str, filename: str) -> str:
        """The path of a listed file."""
        url: str = self.json(project).rows[filename]["url"]
        assert url.startswith("../../files/")
        return url.removeprefix("../..")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.server.stop()
        assert self.errors == []


@contextmanager
def serving(root: Path, terms: Terms = TERMS) -> Iterator[Site]:
    with Site(root, terms) as site:
        yield site


@pytest.fixture
def site(shelf: Shelf) -> Iterator[Site]:
    """A server of a cache with a few projects, which may be changed meanwhile."""
    times = {"upload-time": "2024-01-02T03:04:05.678901Z"}
    shelf.wheel("front-end", "1.0", "middle.ware", listed={**times, "requires-python": ">=3.8"})
    shelf.wheel("front-end", "2.0", "middle.ware", listed={**times, "yanked": 'for "<good>"'})
    shelf.wheel("middle.ware", "1.0+local.1")
    shelf.sdist("source", "0.3")
    with Site(shelf.builder.root) as site:
        yield site
