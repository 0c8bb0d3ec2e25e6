"""What pip wrote, told from what the index served and from pip's published layout alone.

Nothing here comes from pipcache: this is what its answers are held against.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tests.support.archives import normalise

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.index import Identity, Index

HTTP_STORES = ("http", "http-v2")


@dataclass(frozen=True, slots=True)
class HttpEntry:
    """One key of an HTTP store, and what lies under it."""

    store: str
    key: str
    files: tuple[str, ...]  # relative to the cache directory, head first

    @property
    def has_body(self) -> bool:
        """Whether there is a body file of its own; in `http` the one file holds all."""
        return any(file.endswith(".body") for file in self.files)


@dataclass(frozen=True, slots=True)
class BuiltEntry:
    """A wheel pip built, with the folder it lies in and the origin pip noted."""

    key: str
    file: str  # relative to the cache directory
    origin: dict[str, Any] | None  # pip 22.2 and newer

    @property
    def filename(self) -> str:
        return self.file.rpartition("/")[2]

    @property
    def project(self) -> str:
        return normalise(self.filename.split("-")[0])

    @property
    def version(self) -> str:
        return self.filename.split("-")[1]


@dataclass(frozen=True, slots=True)
class Source:
    """What a wheel was built from, as pip writes it into the key of the wheel's folder."""

    url: str
    hash_name: str | None = None
    digest: str | None = None


def url_key(url: str) -> str:
    """The name of an HTTP entry: pip lowers scheme and host, drops the fragment and changes nothing else."""
    parts = urlsplit(url)
    path = parts.path or "/"
    query = f"?{parts.query}" if parts.query else ""
    plain = f"{parts.scheme.lower()}://{parts.netloc.lower()}{path}{query}"
    return hashlib.sha224(plain.encode()).hexdigest()


def wheel_key(source: Source, *, interpreter: str) -> str:
    """The name of a built wheel's folder (pip 20.0 and newer), for an interpreter like "cp311"."""
    parts = {
        "url": source.url,
        "interpreter_name": interpreter[:2],
        "interpreter_version": interpreter[2:],
    }
    if source.hash_name is not None and source.digest is not None:
        parts[source.hash_name] = source.digest
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha224(text.encode()).hexdigest()


def this_interpreter() -> str:
    """How pip names the running interpreter in a wheel's key."""
    short = {"cpython": "cp", "pypy": "pp"}
    return f"{short[sys.implementation.name]}{sys.version_info[0]}{sys.version_info[1]}"


def expected_http(index: Index) -> dict[str, Identity]:
    """Each key pip may have written, with what the index served under its URL."""
    return {url_key(url): identity for url, identity in index.cacheable().items()}


def http_entries(cache: Path) -> dict[str, HttpEntry]:
    """Every HTTP entry of a cache by key; a file that fits no entry is an error of the test."""
    sources: dict[tuple[str, str], list[str]] = {}
    for store in HTTP_STORES:
        for file in _files(cache, store):
            match = re.fullmatch(r"[^/]+/(.)/(.)/(.)/(.)/(.)/([0-9a-f]{56})(\.body)?", file)
            assert match is not None, f"not an HTTP entry: {file}"
            assert "".join(match.groups()[:5]) == match[6][:5], f"in the wrong folder: {file}"
            sources.setdefault((store, match[6]), []).append(file)
    entries = {key: HttpEntry(store, key, tuple(sorted(files))) for (store, key), files in sources.items()}
    assert len(entries) == len(sources), "one key in two stores"
    return entries


def built_entries(cache: Path) -> list[BuiltEntry]:
    """Every wheel pip built and kept."""
    entries = []
    for file in _files(cache, "wheels"):
        folder, _, name = file.rpartition("/")
        match = re.fullmatch(r"wheels/(..)/(..)/(..)/([0-9a-f]{50})", folder)
        assert match is not None, f"not in a wheel's folder: {file}"
        if name == "origin.json":
            continue
        note = cache / folder / "origin.json"
        origin = json.loads(note.read_text("utf-8")) if note.exists() else None
        entries.append(BuiltEntry("".join(match.groups()), file, origin))
    return entries


def _files(cache: Path, store: str) -> Iterator[str]:
    for folder, _, names in os.walk(cache / store):
        for name in sorted(names):
            yield (Path(folder) / name).relative_to(cache).as_posix()
