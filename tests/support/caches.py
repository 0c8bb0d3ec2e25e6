"""Caches as pip leaves them, without a pip: heads from cachecontrol's own writer, places from pip's layout.

Keys come from `truth`, never from pipcache. Then damage, done to real files, and a way to see that a reader
left everything as it was.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import stat
import tempfile
from typing import TYPE_CHECKING, Literal, NamedTuple

from cachecontrol.serialize import Serializer
from requests import PreparedRequest
from urllib3 import HTTPHeaderDict, HTTPResponse

from pipcache.util.files import Window
from tests.support import truth

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

HttpStore = Literal["http", "http-v2"]

DATE = "Tue, 05 Mar 2024 10:20:30 GMT"
FILE_HEADERS = {"Date": DATE, "Cache-Control": "max-age=365000000, immutable, public"}
"""What a server says of a file that pip may keep; the least that pip keeps anything for."""


def serialize(
    body: bytes,
    *,
    headers: Mapping[str, str] = FILE_HEADERS,
    status: int = 200,
    reason: str = "OK",
    request_headers: Mapping[str, str] | None = None,
) -> bytes:
    """The bytes cachecontrol writes for a response: with its body for `http`, with none for `http-v2`."""
    request = PreparedRequest()
    request.prepare("GET", "https://index.example/", headers=dict(request_headers or {}))
    response = HTTPResponse(
        io.BytesIO(body),
        headers=HTTPHeaderDict(dict(headers)),
        status=status,
        reason=reason,
        version=11,
        decode_content=False,
        preload_content=False,
    )
    return Serializer().dumps(request, response, body)


class CacheBuilder:
    """A cache directory that grows entry by entry; each method that makes one gives its key."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir(parents=True, exist_ok=True)

    # Where things lie

    def head(self, key: str, *, store: HttpStore = "http-v2") -> Path:
        """Where the head of a key is; in `http`, its only file."""
        return self.root.joinpath(store, *key[:5], key)

    def body(self, key: str) -> Path:
        """Where `http-v2` keeps the body of a key."""
        return self.root.joinpath("http-v2", *key[:5], f"{key}.body")

    def folder(self, key: str) -> Path:
        """Where a built wheel and its origin lie."""
        return self.root / "wheels" / key[:2] / key[2:4] / key[4:6] / key[6:]

    # What pip writes

    def download(
        self,
        url: str,
        body: bytes | None,
        *,
        headers: Mapping[str, str] = FILE_HEADERS,
        status: int = 200,
        reason: str = "OK",
        request_headers: Mapping[str, str] | None = None,
    ) -> str:
        """A response as pip 23.3 and newer keep it; without a body it is a head alone, as of a redirect."""
        head = serialize(b"", headers=headers, status=status, reason=reason, request_headers=request_headers)
        return self.raw(url, head, body)

    def legacy(
        self,
        url: str,
        body: bytes,
        *,
        headers: Mapping[str, str] = FILE_HEADERS,
        status: int = 200,
        reason: str = "OK",
        request_headers: Mapping[str, str] | None = None,
    ) -> str:
        """A response as pip before 23.3 kept it: one file, the body inside."""
        data = serialize(body, headers=headers, status=status, reason=reason, request_headers=request_headers)
        return self.raw(url, data, store="http")

    def raw(self, url: str, head: bytes, body: bytes | None = None, *, store: HttpStore = "http-v2") -> str:
        """Any bytes under the key of a URL."""
        key = truth.url_key(url)
        _write(self.head(key, store=store), head)
        if body is not None:
            _write(self.body(key), body)
        return key

    def built(
        self,
        origin: Mapping[str, object] | bytes | None,
        filename: str,
        data: bytes,
        *,
        interpreter: str = "cp311",
        source: truth.Source | None = None,
    ) -> str:
        """A wheel pip built, with its note; the key is that of `source`, or of what the note says."""
        if source is None:
            source = _source(origin) if isinstance(origin, dict) else truth.Source("https://nowhere.example/")
        key = truth.wheel_key(source, interpreter=interpreter)
        _write(self.folder(key) / filename, data)
        if origin is not None:
            note = origin if isinstance(origin, bytes) else json.dumps(origin, sort_keys=True).encode()
            _write(self.folder(key) / "origin.json", note)
        return key

    def selfcheck(self, prefix: str = "/usr") -> str:
        """The note of when an environment last looked for a newer pip."""
        key = hashlib.sha224(os.fsencode(prefix)).hexdigest()
        note = {"key": prefix, "last_check": "2024-03-05T10:20:30+00:00", "pypi_version": "24.0"}
        _write(self.root / "selfcheck" / key, json.dumps(note, sort_keys=True).encode())
        return key

    def stray(self, path: str, data: bytes = b"stray") -> Path:
        """A file that is none of pip's, anywhere below the root."""
        _write(self.root / path, data)
        return self.root / path


def _source(origin: Mapping[str, object]) -> truth.Source:
    """What pip made the key from that belongs to this origin.json (PEP 610)."""
    url = origin["url"]
    assert isinstance(url, str)
    match origin:
        case {"vcs_info": {"vcs": str(vcs), "commit_id": str(commit)}}:
            return truth.Source(f"{vcs}+{url}@{commit}")
        case {"archive_info": {"hashes": {"sha256": str(digest)}}}:
            return truth.Source(url, "sha256", digest)
        case _:
            return truth.Source(url)


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


# Damage


def flip(path: Path, offset: int, mask: int = 0xFF) -> None:
    """Change the bits of `mask` in one byte; a negative offset counts from the end."""
    data = bytearray(path.read_bytes())
    data[offset] ^= mask
    path.write_bytes(data)


def cut(path: Path, size: int) -> None:
    """Keep the first `size` bytes, as a full disk or a killed process does."""
    os.truncate(path, size)


def grow(path: Path, size: int) -> None:
    """Make a file `size` bytes long with a hole that takes no space on the disk."""
    os.truncate(path, size)


def swap(first: Path, other: Path) -> None:
    """Exchange the contents of two files."""
    content = first.read_bytes()
    first.write_bytes(other.read_bytes())
    other.write_bytes(content)


def remove(path: Path) -> None:
    """Take a file away."""
    path.unlink()


def replace(path: Path, data: bytes) -> None:
    """Put another file in a file's place at once, as pip does."""
    draft = path.with_name(path.name + "abcdefgh.tmp")
    draft.write_bytes(data)
    draft.replace(path)


def chmod(path: Path, mode: int) -> None:
    """Change who may do what."""
    path.chmod(mode)


def link(path: Path, target: Path) -> None:
    """Put a symbolic link in a file's place."""
    path.unlink(missing_ok=True)
    path.symlink_to(target)


def fifo(path: Path) -> None:
    """Put a pipe in a file's place; whoever opens it and waits, waits for ever."""
    path.unlink(missing_ok=True)
    os.mkfifo(path)


# What a reader must leave alone


class Seen(NamedTuple):
    """All that can be seen of a file, a link or a folder."""

    mode: int
    size: int
    mtime_ns: int
    atime_ns: int | None  # None for folders and links: listing or reading one moves it, and theirs mean nothing
    content: str | None  # a digest of a file's bytes, or a link's target


def look(root: Path, *, contents: bool = True) -> dict[str, Seen]:
    """Everything below `root` and itself, without moving anything's last use; bytes are read for `contents`."""
    places = {}
    for path in (root, *sorted(root.rglob("*"))):
        status = path.lstat()
        content: str | None = None
        if stat.S_ISLNK(status.st_mode):
            content = str(path.readlink())
        elif contents and stat.S_ISREG(status.st_mode) and os.access(path, os.R_OK):
            content = _digest(path)
            os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
        is_folder = stat.S_ISDIR(status.st_mode)
        places[os.fsdecode(path.relative_to(root))] = Seen(
            status.st_mode,
            0 if is_folder else status.st_size,
            status.st_mtime_ns,
            None if is_folder or stat.S_ISLNK(status.st_mode) else status.st_atime_ns,
            content,
        )
    return places


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def make_old(root: Path, *, used_ns: int = 1_600_000_000_000_000_000) -> None:
    """Let every file have been used long before it was written, so that reading it moves its last use."""
    for path in root.rglob("*"):
        status = path.lstat()
        if stat.S_ISREG(status.st_mode):
            os.utime(path, ns=(used_ns, status.st_mtime_ns))


@contextlib.contextmanager
def window(data: bytes | Sequence[bytes]) -> Iterator[Window]:
    """A window onto a real file that holds these bytes and has no name."""
    whole = data if isinstance(data, bytes) else b"".join(data)
    with tempfile.TemporaryFile() as file:
        file.write(whole)
        file.flush()
        yield Window(file.fileno(), 0, len(whole), owned=False)
