"""An index with a few projects, and the program that asks it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.support.archives import build_sdist, build_wheel, metadata
from tests.support.index import JSON_PAGE
from tests.support.pips import run_pip

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.caches import CacheBuilder
    from tests.support.index import Index, Project, _Handler
    from tests.support.program import Program, Ran

PIPS = ("22.3.1", "23.2.1", "26.3")


class Shop:
    """An index with a few projects."""

    def __init__(self, index: Index) -> None:
        self.index = index
        self.projects: dict[str, Project] = {}
        for name in ("foo", "bar"):
            self.projects[name] = index.add_project(name)
            for version in ("1.0", "2.0"):
                filename, body = build_wheel(name, version)
                side = metadata(name, version)
                index.add_file(self.projects[name], filename, body, version=version, metadata=side)
        filename, body = build_sdist("src", "1.0")
        self.projects["src"] = index.add_project("src", html=True, gzip=False)
        index.add_file(self.projects["src"], filename, body, version="1.0")

    def fill(self, cache: Path, folder: Path, pip: str) -> None:
        """Let pip download from it."""
        for wanted in (["foo==1.0", "bar"], ["foo"], ["--no-binary", ":all:", "--no-build-isolation", "src"]):
            arguments = [
                "download",
                "--no-deps",
                "-q",
                "-d",
                str(folder / "out"),
                "-i",
                self.index.simple,
                *wanted,
            ]
            done = run_pip(pip, arguments, cache_dir=cache, cwd=folder)
            assert done.returncode == 0 or "src" in wanted, done.stderr

    def change(self, name: str, version: str, **changes: object) -> None:
        """Change a row of a page; None for `file` takes it away."""
        project = self.projects[name]
        for place, file in enumerate(project.files):
            if file.version == version:
                if changes.get("file", file) is None:
                    del project.files[place]
                else:
                    fields = {field: getattr(file, field) for field in file.__slots__}
                    project.files[place] = type(file)(**{**fields, **changes})
                return


def refresh(program: Program, *arguments: str) -> Ran:
    return program("refresh", *arguments, "--format", "json")


def add_pages(shop: Shop, builder: CacheBuilder) -> None:
    """Put the pages of the shop into the cache as pip does."""
    for name in shop.projects:
        put_page(shop.index, builder, f"/simple/{name}/")


def put_page(index: Index, builder: CacheBuilder, path: str, *, is_legacy: bool = False) -> None:
    """Put a page of an index into the cache as pip does."""
    asked = {"Accept": f"{JSON_PAGE}, text/html", "Accept-Encoding": "gzip, deflate"}
    _, headers, body, _ = index.answer(path, {name.lower(): value for name, value in asked.items()})
    write = builder.legacy if is_legacy else builder.download
    write(index.root + path, body, headers=headers, request_headers=asked)


def older(shop: Shop, times: int) -> list[str]:
    """Let a server of the index that is behind answer about foo for some times; give what it was asked."""
    policies: list[str] = []
    file = shop.projects["foo"].files[0]
    row = {"filename": file.filename, "url": shop.index.root + file.path, "hashes": {}}
    page = json.dumps({"meta": {"api-version": "1.1", "_last-serial": 7}, "name": "foo", "files": [row]}).encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {JSON_PAGE}\r\nContent-Length: {len(page)}\r\n\r\n".encode()

    def behind(handler: _Handler) -> bool:
        policies.append(handler.headers["Cache-Control"])
        if len(policies) > times:
            return False
        handler.wfile.write(head + page)
        return True

    shop.index.misbehaviour["/simple/foo/"] = behind
    return policies
