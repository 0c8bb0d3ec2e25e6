"""Caches of uv, written by hand as each generation of uv writes them, and small: a pointer has some 300 bytes.

``tests/tools`` fills caches by real releases; what these write is compared with that there.
"""

from __future__ import annotations

import io
import os
import struct
import sys
import zipfile
from dataclasses import KW_ONLY, dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

import msgpack

from tests.support.archives import build_sdist, build_wheel

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

INDEX = "0123456789abcdef"
"""The folder of an index that is not PyPI: a digest of its URL."""

BASE = "https://files.example/packages/"


@dataclass(frozen=True)
class Generation:
    """What uv of a release writes.

    Attributes:
        release: a release that wrote so.
        wheels: the bucket of wheels.
        sdists: the bucket of sdists.
        environments: the bucket of environments.
        length_of_id: characters in the name of an archive.
        payload: the form of a pointer: ``pair``, ``named``, ``map`` or ``sized``.
        notes_digests: a digest is noted without being asked for.
        has_whole_names: the file of a pointer is called as the wheel, and not by version and tags only.
        has_relative_links: links say how to go there from where they are.
        rkyv: the format of the policy: 7, or 8.
        has_padding: the policy begins at a multiple of 16 bytes.
    """

    release: str
    wheels: str
    sdists: str
    environments: str
    length_of_id: int
    payload: str
    _: KW_ONLY
    notes_digests: bool = True
    has_whole_names: bool = False
    has_relative_links: bool = True
    rkyv: int = 8
    has_padding: bool = False


_OLD = {"notes_digests": False, "has_relative_links": False}
_OLDEST = {**_OLD, "has_whole_names": True}

GENERATIONS = {
    generation.release: generation
    for generation in (
        Generation("0.2.37", "wheels-v1", "built-wheels-v3", "environments-v1", 21, "pair", **_OLDEST, rkyv=7),
        Generation("0.5.0", "wheels-v3", "sdists-v6", "environments-v1", 21, "pair", **_OLDEST),
        Generation("0.9.30", "wheels-v5", "sdists-v9", "environments-v2", 21, "named", **_OLD),
        Generation("0.11.33", "wheels-v6", "sdists-v9", "environments-v2", 16, "named"),
        Generation("0.12.24", "wheels-v6", "sdists-v9", "environments-v2", 16, "map"),
        Generation("0.13.9", "wheels-v8", "sdists-v11", "environments-v2", 16, "sized", has_padding=True),
    )
}
"""One release of each generation of pointers."""

NEWEST = GENERATIONS["0.13.9"]

_SEEN = [1_795_927_339, 555_978_419]
"""What uv notes of a local file: seconds and nanoseconds."""


def pack(value: object) -> bytes:
    """The bytes of a value in MessagePack."""
    packed: bytes = msgpack.packb(value)
    return packed


def pointer(
    generation: Generation,
    archive_id: str,
    *,
    filename: str | None = None,
    digest: str | None = None,
    size: int | None = None,
) -> object:
    """A pointer's value; without a file name it is that of an sdist."""
    is_sized = generation.payload == "sized"
    hashes = [] if digest is None else [{"Sha256": digest} if is_sized else ["Sha256", digest]]
    fields: dict[str, object] = {"id": archive_id, "hashes": hashes}
    if generation.payload != "pair" and filename is not None:
        fields |= {"filename": filename, "version": 0}
    if generation.payload in {"map", "sized"}:
        fields["size"] = size
    return fields if generation.payload == "map" else list(fields.values())


def with_policy(generation: Generation, payload: bytes, url: str) -> bytes:
    """A payload, and behind it what uv noted of the HTTP response: rkyv, then a length."""
    padding = b"\0" * (-len(payload) % 16) if generation.has_padding else b""
    before = b"T2C4LCoAKl4TBZcd" if generation.has_padding else b""
    text = url.encode()
    gap = b"\0" * (16 + -len(before + text) % 4)
    length = len(text)
    if generation.rkyv == 8:  # two bits say that the text is stored apart
        length = length & 0x3F | 0x80 | (length >> 6) << 8
    policy = before + text + gap + struct.pack("<Ii", length, -len(text + gap))
    policy += b"\0" * 56 + struct.pack("<QQ", _SEEN[0], 200) + b"\0" * 24
    if generation.has_padding:
        return payload + padding + policy + struct.pack("<IQ", 0xF6A3AF36, len(payload))
    return payload + policy + struct.pack("<Q", len(policy))


class UvCache:
    """A cache directory that uv of one generation, or several, filled."""

    def __init__(self, root: Path, generation: Generation = NEWEST) -> None:
        """Make the directory with what uv puts into every cache."""
        self.root = root
        self.generation = generation
        root.mkdir(parents=True, exist_ok=True)
        (root / "CACHEDIR.TAG").write_bytes(b"Signature: 8a477f597d28d172789f06886806bc55")
        (root / ".gitignore").write_bytes(b"*")
        (root / ".lock").touch()
        (root / "archive-v0").mkdir(exist_ok=True)
        self._count = sum(1 for _ in (root / "archive-v0").iterdir())

    def archive(self, members: Mapping[str, bytes]) -> str:
        """An unpacked archive, without a pointer; its id."""
        archive_id = self._new_id()
        write_all(self.root / "archive-v0" / archive_id, members)
        return archive_id

    def folder(self, archive_id: str) -> Path:
        """Where an archive is."""
        return self.root / "archive-v0" / archive_id

    def wheel(
        self,
        name: str,
        version: str,
        *,
        members: Mapping[str, bytes] | None = None,
        place: str = "pypi",
        tag: str = "py3-none-any",
        is_local: bool = False,
        stem: str | None = None,
        asked_digest: bool = False,
    ) -> Path:
        """A wheel that uv downloaded, or with ``is_local`` took from a folder: its pointer; see ``archive_of``.

        Args:
            name: of the project.
            version: of the release.
            members: members beside the module and the ``.dist-info`` folder.
            place: the folder below the bucket, ``pypi``, ``index/<hex>`` or ``url/<hex>``.
            tag: of the wheel.
            is_local: the pointer is a ``.rev`` file, and has no digest and no URL.
            stem: the name of the pointer, where uv cut it.
            asked_digest: it was installed with ``--require-hashes``.
        """
        filename, data = build_wheel(name, version, tags=[tag], members=members)
        archive_id = self.archive(unzip(data))
        has_digest = (self.generation.notes_digests or asked_digest) and not is_local
        value = pointer(
            self.generation,
            archive_id,
            filename=filename,
            digest=sha256(data).hexdigest() if has_digest else None,
            size=None if is_local else len(data),
        )
        stem = stem or (filename.removesuffix(".whl") if self.generation.has_whole_names else f"{version}-{tag}")
        folder = self.root / self.generation.wheels / place / name
        folder.mkdir(parents=True, exist_ok=True)
        self.link(folder / stem, archive_id)
        (folder / f"{stem}.lock").touch()
        url = f"{BASE}{filename}"
        if is_local:
            path = folder / f"{stem}.rev"
            path.write_bytes(pack([_SEEN, value]))
        else:
            path = folder / f"{stem}.http"
            path.write_bytes(with_policy(self.generation, pack(value), url))
            metadata = with_policy(self.generation, pack([name, version, [], None, [], False]), url)
            (folder / f"{stem}.msgpack").write_bytes(metadata)
        return path

    def seen(self, name: str, version: str, *, place: str = "pypi", tag: str = "py3-none-any") -> Path:
        """Metadata that the resolver looked at, of a wheel that was never downloaded."""
        folder = self.root / self.generation.wheels / place / name
        folder.mkdir(parents=True, exist_ok=True)
        stem = f"{name}-{version}-{tag}" if self.generation.has_whole_names else f"{version}-{tag}"
        path = folder / f"{stem}.msgpack"
        value = pack([name, version, ["idna>=2"], ">=3.8", [], False])
        path.write_bytes(with_policy(self.generation, value, f"{BASE}{name}-{version}-{tag}.whl"))
        return path

    def sdist(
        self, name: str, version: str, *, place: str = "pypi", is_built: bool = True, is_local: bool = False
    ) -> Path:
        """An sdist that uv unpacked and built: the folder of its revision, in which the built wheel lies."""
        filename, data = build_sdist(name, version)
        folder = self.root / self.generation.sdists / place
        folder = folder / name / version if place == "pypi" or place.startswith("index/") else folder
        revision = self._new_id()
        value = pointer(self.generation, revision, digest=sha256(data).hexdigest(), size=len(data))
        if not self.generation.notes_digests or is_local:
            value = pointer(self.generation, revision, size=None if is_local else len(data))
        source = filename if self.generation.payload == "pair" else "src"
        write_all(
            folder / revision / source,
            {"PKG-INFO": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n".encode(), "setup.py": b""},
        )
        (folder / revision / "metadata.msgpack").write_bytes(pack([name, version, [], None, [], False]))
        if is_local:
            (folder / "revision.rev").write_bytes(pack([[_SEEN, None, None, {}, {"src": None}], value]))
        else:
            payload = with_policy(self.generation, pack(value), f"{BASE}{filename}")
            (folder / "revision.http").write_bytes(payload)
        if is_built:
            wheel, content = build_wheel(name, version)
            (folder / revision / wheel).write_bytes(content)
            self.link(folder / revision / wheel.removesuffix(".whl"), self.archive(unzip(content)))
        return folder / revision

    def environment(self, *wheels: tuple[str, str], script: str | None = None) -> Path:
        """An environment in the cache: by a link to an archive, or for a script as a folder."""
        folder = self.root / self.generation.environments
        if script is None:
            archive_id = self._new_id()
            home = self.root / "archive-v0" / archive_id
            path = folder / f"{self._count:016x}" / f"{self._count + 1:016x}"
            path.parent.mkdir(parents=True)
            self.link(path, archive_id)
        else:
            home = path = folder / f"{script}-{self._count:016x}"
        members: dict[str, bytes] = {}
        for name, version in wheels:
            members |= unzip(build_wheel(name, version)[1])
        site = "lib/python3.11/site-packages/"
        write_all(home, {"pyvenv.cfg": b"home = /usr/bin\nuv = 0.13.9\nversion_info = 3.11.4\n"})
        write_all(home, {site + member: data for member, data in members.items()})
        return path

    def killed(self, name: str, version: str) -> Path:
        """What an install leaves that was killed: an unpacked wheel with a temporary name."""
        self._count += 1
        folder = self.root / f".tmp{self._count:06x}"
        write_all(folder, unzip(build_wheel(name, version)[1]))
        return folder

    def checkout(self, members: Mapping[str, bytes], commit: str = "cbeff78") -> Path:
        """The files of a repository at a commit, beside the clone that they are from."""
        (self.root / "git-v2/db/00112233445566ff/.git").mkdir(parents=True, exist_ok=True)
        folder = self.root / "git-v2/checkouts/ffeeddccbbaa0099" / commit
        write_all(folder, {".git/HEAD": b"ref: refs/heads/main\n", **members})
        folder.with_name(f"{commit}.ok").write_bytes(b"")
        return folder

    def built_of_commit(self, name: str, version: str, commit: str = "cbeff7864c7fdafa") -> Path:
        """A wheel that was built of a repository at a commit; uv notes no pointer of it."""
        filename, data = build_wheel(name, version)
        folder = self.root / self.generation.sdists / "git/0123456789abcdef" / commit
        write_all(folder, {filename: data, "metadata.msgpack": pack([name, version, [], None, [], False])})
        return folder / filename

    def archive_of(self, path: Path) -> Path:
        """The archive of a wheel, by the link beside its pointer."""
        link = path.with_suffix("")
        text = os.readlink(link) if link.is_symlink() else link.read_text()
        return self.folder(text.replace("\\", "/").rpartition("/")[2])

    def link(self, path: Path, archive_id: str) -> None:
        """A link as uv makes it: to where the archive is, or from where it is itself; on Windows a file."""
        if sys.platform == "win32":
            path.write_text(f"archive-v0/{archive_id}")
            return
        target = self.folder(archive_id).absolute()
        path.symlink_to(os.path.relpath(target, path.parent) if self.generation.has_relative_links else target)

    def _new_id(self) -> str:
        self._count += 1
        return f"{self._count:0>{self.generation.length_of_id}}".replace("0", "Q")


def unzip(data: bytes) -> dict[str, bytes]:
    """The members of a wheel."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist() if not name.endswith("/")}


def write_all(folder: Path, members: Mapping[str, bytes]) -> None:
    """Write files below a folder."""
    for member, data in members.items():
        path = folder / member
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def cuts(data: bytes) -> Sequence[bytes]:
    """The bytes cut at each place."""
    return [data[:length] for length in range(len(data))]
