"""A cache whose downloads are listed by index pages, so that they are verified."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.archives import build_sdist, build_wheel, metadata, normalise
from tests.support.caches import FILE_HEADERS
from tests.support.index import JSON_PAGE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.support.caches import CacheBuilder

FILES = "https://files.example/packages/"


class Shelf:
    """Downloads of an index, and the pages that list them."""

    def __init__(self, builder: CacheBuilder) -> None:
        self.builder = builder
        self._rows: dict[str, list[dict[str, Any]]] = {}

    def wheel(
        self,
        name: str,
        version: str,
        *requires: str,
        tags: Sequence[str] = ("py3-none-any",),
        members: Mapping[str, bytes] | None = None,
        listed: Mapping[str, object] = {},
    ) -> str:
        """Add a wheel and give its URL; `listed` are further values of its row on the page."""
        made = build_wheel(name, version, requires=requires, tags=tags, members=members)
        return self.file(name, *made, listed=listed)

    def sdist(
        self, name: str, version: str, *, requires: Sequence[str] = (), builds_with: str | None = None
    ) -> str:
        """Add an sdist and give its URL."""
        members = {"PKG-INFO": metadata(name, version, requires=requires)}
        if builds_with is not None:
            members["pyproject.toml"] = f"[build-system]\nrequires = {builds_with}\n".encode()
        return self.file(name, *build_sdist(name, version, members=members))

    def file(
        self,
        name: str,
        filename: str,
        body: bytes,
        *,
        url: str | None = None,
        stored_as: str | None = None,
        digest: str | None = None,
        listed: Mapping[str, object] = {},
    ) -> str:
        """Add any file, with the digest that its page is to have of it, and the URL that pip asked for."""
        url = f"{FILES}{name}/{filename}" if url is None else url
        self.builder.download(stored_as or url, body)
        digest = hashlib.sha256(body).hexdigest() if digest is None else digest
        row = {"filename": filename, "url": url, "hashes": {"sha256": digest}, **listed}
        self._rows.setdefault(normalise(name), []).append(row)
        self._write(normalise(name))
        return url

    def forget(self, name: str) -> None:
        """Take the files of a project off its page, which stays as it is until the next is added."""
        self._rows.pop(normalise(name), None)

    def _write(self, project: str) -> None:
        page = json.dumps({"meta": {"api-version": "1.1"}, "name": project, "files": self._rows[project]})
        headers = {**FILE_HEADERS, "Content-Type": JSON_PAGE}
        self.builder.download(f"https://index.example/simple/{project}/", page.encode(), headers=headers)


@pytest.fixture
def shelf(builder: CacheBuilder) -> Shelf:
    """An empty index."""
    return Shelf(builder)
