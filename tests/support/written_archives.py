"""ZIPs and tars as many tools may have written them, drawn by hypothesis."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import random
import tarfile
import warnings
import zipfile
from typing import TYPE_CHECKING, NamedTuple
from unittest import mock

import pytest
from hypothesis import settings, strategies as st

from tests.support import archives

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


laws = settings(deadline=None, derandomize=True)

WHEEL, METADATA = ".dist-info/WHEEL", ".dist-info/METADATA"


# Wheels as many tools may have written them


class Cp437Info(zipfile.ZipInfo):
    """A member whose name is written in the code page of old tools, without the mark of UTF-8."""

    def _encodeFilenameFlags(self) -> tuple[bytes, int]:  # noqa: N802 - what zipfile calls
        return self.filename.encode("cp437"), self.flag_bits & ~0x800


class Written(NamedTuple):
    """A member to be written."""

    name: str
    content: bytes
    method: int = zipfile.ZIP_DEFLATED
    comment: bytes = b""
    cp437: bool = False


def write_zip(
    members: Sequence[Written],
    *,
    prefix: bytes = b"",
    comment: bytes = b"",
    streamed: bool = False,
    zip64: bool = False,
) -> bytes:
    """A ZIP as zipfile writes it; `zip64` writes the wide records that archives beyond 4 GB have."""
    seekable, forward = io.BytesIO(), archives.Unseekable()
    limit = 0 if zip64 else zipfile.ZIP64_LIMIT
    with (
        warnings.catch_warnings(action="ignore"),  # zipfile warns of names it writes twice
        mock.patch.object(zipfile, "ZIP64_LIMIT", limit),
        zipfile.ZipFile(forward if streamed else seekable, "w") as archive,
    ):
        for member in members:
            info = (Cp437Info if member.cp437 else zipfile.ZipInfo)(member.name)
            info.compress_type = member.method
            info.comment = member.comment
            with archive.open(info, "w", force_zip64=zip64) as file:
                file.write(member.content)
        archive.comment = comment
    return prefix + bytes(forward.data if streamed else seekable.getvalue())


def wheel_file(name: str, *tags: str) -> Written:
    """The WHEEL file of a .dist-info folder."""
    return Written(name, "\n".join(["Wheel-Version: 1.0", *(f"Tag: {tag}" for tag in tags), ""]).encode())


def metadata_file(name: str, project: str, version: str) -> Written:
    """The METADATA file of a .dist-info folder."""
    return Written(name, archives.metadata(project, version))


class Filler(NamedTuple):
    """Content by its recipe, so that failing examples stay readable; some leads searches astray."""

    start: bytes
    zeros: int = 0
    noise: int = 0

    def make(self) -> bytes:
        return self.start + bytes(self.zeros) + random.Random(self.noise).randbytes(self.noise)


STARTS = st.binary(max_size=20) | st.sampled_from([b"PK\x01\x02" * 3, b"PK\x05\x06" * 3, b"x.dist-info/WHEEL"])
FILLERS = st.builds(Filler, STARTS, st.sampled_from([0, 0, 0, 50_000]), st.sampled_from([0, 0, 7, 300, 40_000]))
NOTHING = Filler(b"")


def tar_entry(path: str, kind: bytes = tarfile.REGTYPE, *, link: str = "", **pax: str) -> tarfile.TarInfo:
    """The header of a member."""
    entry = tarfile.TarInfo(path)
    entry.type = kind
    entry.linkname = link
    entry.pax_headers = pax
    return entry


def write_tar(entries: Sequence[tuple[tarfile.TarInfo, bytes]], form: int) -> bytes:
    """An uncompressed tar as tarfile writes it."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form) as archive:
        for entry, content in entries:
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


COMPRESSIONS: dict[str, Callable[[bytes], bytes]] = {
    ".tar": bytes,
    ".tar.gz": gzip.compress,
    ".tar.bz2": bz2.compress,
    ".tar.xz": lzma.compress,
}
DEPTHS = pytest.mark.parametrize("deep", [False, True], ids=["quick", "deep"])
