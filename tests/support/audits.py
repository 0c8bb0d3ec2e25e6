"""Downloads, pages and advisories of a cache that is audited."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from pipcache.util.urls import file_urls
from tests.support import archives, caches
from tests.support.caches import CacheBuilder
from tests.support.program import Ran

JSON_PAGE = caches.FILE_HEADERS | {"Content-Type": "application/vnd.pypi.simple.v1+json"}


def blake2b(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=32).hexdigest()


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def url_of(filename: str, data: bytes) -> str:
    """Where PyPI serves a file."""
    return file_urls(blake2b(data), filename)[0]


def put(builder: CacheBuilder, file: tuple[str, bytes], *, url: str | None = None) -> str:
    """A download, with nothing but its bytes to tell what it is."""
    return builder.download(url or url_of(*file), file[1])


def page(builder: CacheBuilder, name: str, *files: tuple[str, bytes]) -> str:
    rows = [
        {"filename": filename, "url": url_of(filename, data), "hashes": {"sha256": sha256(data)}}
        for filename, data in files
    ]
    body = json.dumps({"meta": {"api-version": "1.1"}, "name": name, "files": rows}).encode()
    return builder.download(f"https://index.example/simple/{name}/", body, headers=JSON_PAGE)


def osv(name: str, versions: list[str] | None = None, **more: Any) -> dict[str, Any]:  # Any: JSON
    affected: dict[str, Any] = {"package": {"ecosystem": "PyPI", "name": name}}
    if versions is not None:
        affected["versions"] = versions
    affected |= {key: more.pop(key) for key in ("ranges", "database_specific") if key in more}
    return {"id": "MAL-2099-1", "modified": "2099-01-01T00:00:00Z", "affected": [affected], **more}


def write(folder: Path, content: object, name: str = "advisory.json") -> str:
    path = folder / name
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return str(path)


def matched(ran: Ran) -> dict[str, str]:
    """What was found, by file name, project of a page or key, with its relation."""
    hits = [hit for part in ran.document["caches"] for hit in part["hits"]]
    return {
        (f"page {hit['artifact']['project']}" if hit["artifact"]["kind"] == "page" else name_of(hit)): hit[
            "relation"
        ]
        for hit in hits
    }


def name_of(hit: dict[str, Any]) -> str:
    artifact = hit["artifact"]
    name = artifact["filename"] or artifact["key"]
    return f"built {name}" if artifact["kind"] == "built" else str(name)


def clauses(ran: Ran) -> set[str]:
    hits = [hit for part in ran.document["caches"] for hit in part["hits"]]
    return {clause["clause"] for hit in hits for clause in hit["clauses"] if hit["relation"] == "match"}


# The published cases, rebuilt from their facts


LITELLM = {
    version: archives.build_wheel("litellm", version) for version in ("1.82.6", "1.82.7", "1.82.8", "1.83.0")
}


with_litellm = pytest.mark.usefixtures("litellm")


PTH = b"import os\n"
