"""A place of an index to hide a bad file in: its pages, its files, and what a pip is asked for there."""

from __future__ import annotations

import hashlib
import html
import json
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeAlias
from urllib.parse import unquote

from tests.support import archives
from tests.support.index import Identity

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from tests.support.program import Program

HTML = "text/html"
JSON = "application/vnd.pypi.simple.v1+json"
WHEEL = archives.build_wheel("evil", "1.0")
SDIST = archives.build_sdist("evil", "1.0")


class Bait(NamedTuple):
    """What makes a pip take the bad file.

    Attributes:
        wanted: what pip is asked for, and options.
        asked: the releases that `audit` is asked for, each alone.
        filename: the name that pip takes the file by; None where pip needs none.
    """

    wanted: tuple[str, ...] = ("evil==1.0",)
    asked: tuple[str, ...] = ("evil==1.0",)
    filename: str | None = None


class Shelves(Protocol):
    """Where a stall puts what it serves: an index, or what keeps it."""

    @property
    def root(self) -> str:
        """The URL of the server, without a slash at its end."""

    def add_raw(
        self, path: str, body: bytes, identity: Identity, headers: Mapping[str, str] = {}, *, status: int = 200
    ) -> str:
        """Serve a body, and give its URL."""

    def add_redirect(self, path: str, to: str, *, status: int = 301, etag: bool = True) -> str:
        """Send a path elsewhere, and give its URL."""


class Stall:
    """A part of an index for one way to hide a file; `simple` is what pip is given as `--index-url`."""

    def __init__(self, index: Shelves, slug: str, folder: Path) -> None:
        """Take the index, the part of its paths that is the stall's own, and a folder for what is not served."""
        self._index = index
        self.folder = folder
        self.root = f"{index.root}/{slug}"
        self.simple = f"{self.root}/simple/"
        self._path = f"/{slug}"
        self.bodies: list[bytes] = []

    def file(
        self, filename: str, body: bytes, headers: Mapping[str, str] = {}, *, kind: str = "", status: int = 200
    ) -> str:
        """Serve a file, and give its URL; `filename` is as the URL has it."""
        self.bodies.append(body)
        path = f"{self._path}/f/{filename}"
        identity = Identity("wheel", "evil", "1.0", filename)
        sent = {"Content-Type": kind, **headers} if kind else headers
        self._index.add_raw(unquote(path), body, identity, sent, status=status)
        return f"{self._index.root}{path}"

    def page(
        self,
        body: str | bytes,
        headers: Mapping[str, str] = {},
        *,
        name: str = "evil",
        kind: str = HTML,
        path: str | None = None,
        status: int = 200,
    ) -> None:
        """Serve an index page."""
        data = body if isinstance(body, bytes) else body.encode()
        place = f"/simple/{name}/" if path is None else path
        sent = {"Content-Type": kind, "Cache-Control": "max-age=600, public", **headers}
        self._index.add_raw(f"{self._path}{place}", data, Identity("page", name), sent, status=status)

    def listing(self, *urls: str, name: str = "evil", title: str = "Links for {}") -> Bait:
        """Serve the usual page of a project that lists these URLs, and give what pip is asked for."""
        rows = "".join(f'<a href="{html.escape(url)}">x</a><br>\n' for url in urls)
        self.page(f"<!DOCTYPE html><html><head><title>{title.format(name)}</title></head>{rows}</html>", name=name)
        return Bait()

    def redirect(self, path: str, to: str, status: int = 301) -> str:
        """Send a path elsewhere."""
        return self._index.add_redirect(f"{self._path}{path}", f"{self._path}{to}", status=status)


Row: TypeAlias = Callable[[Stall], Bait]
"""Hides a file, and gives what takes it."""


class Question(NamedTuple):
    """What `audit` is asked, and the file that has to be written for it first (its name and content)."""

    arguments: tuple[str, ...]
    file: tuple[str, str] | None = None


def questions(bait: Bait, bodies: Iterable[bytes], *, has_bytes: bool) -> list[Question]:
    """Return what `audit` is asked for about a cache that holds the bad file, or with `has_bytes` false a page."""
    asked = []
    for release in bait.asked:
        project, _, version = release.partition("==")
        affected = [{"package": {"ecosystem": "PyPI", "name": project}, "versions": [version]}]
        record = {"id": "X-1", "modified": "2099-01-01T00:00:00Z", "affected": affected}
        asked += [
            Question((release,)),
            Question((project,)),
            Question(("--advisory", "list.txt"), ("list.txt", f"{release}\n")),
            Question(("--advisory", "osv.json"), ("osv.json", json.dumps(record))),
        ]
    if has_bytes:
        asked += [Question((f"sha256:{hashlib.sha256(body).hexdigest()}",)) for body in bodies]
    if bait.filename is not None:
        asked.append(Question((unquote(bait.filename).rstrip("/").rpartition("/")[2],)))
    return asked


def clean_answers(program: Program, asked: Iterable[Question], folder: Path) -> list[tuple[object, ...]]:
    """Return where `audit` ended with anything but 1 and 3: the cache, the exit status and what was asked.

    The files of the questions are written into `folder`, which is the working directory.
    """
    clean: list[tuple[object, ...]] = []
    for question in asked:
        if question.file is not None:
            (folder / question.file[0]).write_text(question.file[1], encoding="utf-8")
        code = program("audit", *question.arguments).code
        if code not in {1, 3}:
            clean.append((program.cache.name, code, *question.arguments))
    return clean
