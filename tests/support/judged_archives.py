"""Archives of every odd shape, and what verification says of them."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import random
import tarfile
import zipfile
import zlib
from typing import TYPE_CHECKING, NamedTuple
from unittest import mock

from pipcache.inventory.artifact import Artifact, Claim, Evidence, Kind
from pipcache.inventory.collector import Need, read_inventory
from pipcache.store.cache import Cache
from pipcache.store.cachecontrol import Head
from pipcache.store.entries import UnreadableEntry
from pipcache.store.layout import Store
from pipcache.util.progress import no_tick
from pipcache.verify.lock_index import LockIndex
from pipcache.verify.structure import check_structure
from pipcache.verify.verifier import VerifyOptions
from tests.support import archives, caches, hostile
from tests.support.hostile import STEM, TAR_END, WHEEL_NAME, Part, tar_member, wheel, wheel_parts, write_zip
from tests.support.judging import Silent, verify

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pipcache.verify.verdict import Finding


def artifact_of(kind: Kind, *, filename: str | None = None, encoding: str | None = None) -> Artifact:
    """An artifact of this kind, of nowhere; with its file name it is what that promises."""
    claims = () if filename is None else (Claim(Evidence.KEY, "key", "foo", "1.0", filename),)
    head = None if encoding is None else Head(200, "OK", {"content-encoding": encoding}, {}, None)
    return Artifact(UnreadableEntry(Store.HTTP_V2, "nowhere", ""), kind, 0, claims=claims, head=head)


def flaws(data: bytes, kind: Kind = Kind.BUILT) -> list[Finding]:
    """What is wrong with these bytes."""
    with caches.window(data) as window:
        return check_structure(artifact_of(kind), window, no_tick).findings


def codes(data: bytes, kind: Kind = Kind.BUILT) -> set[str]:
    """The codes of what is wrong with these bytes."""
    return {flaw.check.code for flaw in flaws(data, kind)}


class Judged(NamedTuple):
    """A verdict with the codes that led there, each with where it was found."""

    verdict: str
    findings: frozenset[tuple[str, str]]

    @property
    def codes(self) -> set[str]:
        return {code for code, _ in self.findings}


def judged(root: Path) -> Judged:
    """The judgement of the only thing in a cache."""
    everything = read_inventory(Cache(str(root)), Need(deep=True))
    result = verify(
        Cache(str(root)), everything, everything, VerifyOptions(LockIndex()), index_urls=list, meter=Silent()
    )
    assert (result.gone, result.not_reached) == (0, 0)
    (judgement,) = result.judgements
    findings = frozenset((finding.check.code, finding.by) for finding in judgement.findings)
    return Judged(judgement.verdict, findings)


def judged_built(root: Path, data: bytes) -> Judged:
    """The judgement of a wheel that pip built."""
    caches.CacheBuilder(root).built(None, WHEEL_NAME, data)
    return judged(root)


def judged_download(root: Path, filename: str, data: bytes) -> Judged:
    """The judgement of a download of which nothing was promised but its name."""
    headers = {**caches.FILE_HEADERS, "Content-Disposition": f'attachment; filename="{filename}"'}
    caches.CacheBuilder(root).download(f"https://files.example/packages/{filename}", data, headers=headers)
    return judged(root)


PAYLOAD = b"import os  # payload\n" * 20


def lie(of: bytes = b"foo/__init__.py", **lies: object) -> bytes:
    """A wheel one of whose members lies."""
    return write_zip([part._replace(**lies) if part.name == of else part for part in wheel_parts()])  # type: ignore[arg-type]


def with_part(part: Part, **end: int | bytes) -> bytes:
    """A wheel with one more member, which RECORD knows, and an end record that may lie."""
    parts = [
        member
        for member in wheel_parts({part.name.partition(b"\0")[0].decode(): part.content})
        if member.name != part.name
    ]
    return write_zip([part, *parts], end=end)


def wide_wheel() -> bytearray:
    """A wheel with the wide end record and its locator, which archives beyond 4 GB have."""
    with mock.patch.object(zipfile, "ZIP64_LIMIT", 0):
        return bytearray(rewritten(wheel()))


def rewritten(
    data: bytes, *, streamed: bool = False, method: int = zipfile.ZIP_DEFLATED, comment: bytes = b""
) -> bytes:
    """A wheel as zipfile writes it; to a stream that goes only forward, sizes stand behind the data."""
    out = archives.Unseekable() if streamed else io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(out, "w", method) as archive:
        for name in source.namelist():
            info = zipfile.ZipInfo(name)
            info.compress_type = method
            wide = zipfile.ZIP64_LIMIT == 0
            with archive.open(info, "w", force_zip64=wide) as file:
                file.write(source.read(name))
        archive.comment = comment
    return bytes(out.data) if isinstance(out, archives.Unseekable) else out.getvalue()


def changed(data: bytes | bytearray, place: int, value: bytes) -> bytes:
    """The bytes with others at a place; a negative one counts from the end."""
    out = bytearray(data)
    place %= len(out)
    out[place : place + len(value)] = value
    return bytes(out)


SDIST_NAME, SDIST = archives.build_sdist("foo", "1.0")
PLAIN_TAR = gzip.decompress(SDIST)


def unicode_path(name: bytes, other: bytes) -> bytes:
    """Info-ZIP's field with the name in UTF-8, which some readers prefer (APPNOTE.TXT 4.6.9)."""
    return hostile.extra(0x7075, b"\x01" + zlib.crc32(name).to_bytes(4, "little") + other)


def described(
    change: Callable[[bytes], bytes],
    *,
    signed: bool = True,
    wide: bool = False,
    content: bytes = PAYLOAD,
    **local: int,
) -> bytes:
    """A wheel with a member whose sizes stand behind it."""
    part = Part(b"foo/streamed.py", content, flags=8)
    behind = change(hostile.descriptor(content, len(part.data), signed=signed, wide=wide))
    return with_part(part._replace(local={"crc": 0, "size": 0, "compressed": 0, **local}, behind=behind))


UNIX_TIME = hostile.extra(0x5455, b"\x03" + bytes(8))


def wide(make: Callable[[], bytes]) -> bytes:
    """An archive that zipfile writes as it writes those beyond 4 GB."""
    with mock.patch.object(zipfile, "ZIP64_LIMIT", 0):
        return make()


# Sdists

COMPRESSIONS: dict[str, Callable[[bytes], bytes]] = {
    ".tar.gz": lambda data: gzip.compress(data, mtime=0),
    ".tar.bz2": bz2.compress,
    ".tar.xz": lzma.compress,
    ".tar": bytes,
    ".tar.lzma": lambda data: lzma.compress(data, lzma.FORMAT_ALONE),
}
HEADER = f"{STEM}/PKG-INFO".encode()
INFO_MEMBER = tar_member(HEADER, archives.metadata("foo", "1.0"))


def places(size: int, count: int) -> list[int]:
    """Places all over so many bytes, the ends among them."""
    return sorted({*range(1, size, max(1, size // count)), size - 1, size - 5, size - 9, size - 22})


def noisy_tar() -> bytes:
    """A tar that hardly compresses, with several members."""
    members = [
        tar_member(f"{STEM}/{number}".encode(), random.Random(number).randbytes(700)) for number in range(5)
    ]
    return b"".join([INFO_MEMBER, *members, TAR_END])


TARS: dict[str, Callable[[], bytes]] = {
    "of the fixtures": lambda: PLAIN_TAR,
    "of GNU tar, with long names": lambda: written_tar(tarfile.GNU_FORMAT),
    "with pax headers": lambda: written_tar(tarfile.PAX_FORMAT),
    "of 1988": lambda: written_tar(tarfile.USTAR_FORMAT, long=False),
    "with a global header": lambda: (
        tar_member(b"pax_global_header", hostile.pax_record("comment", "0" * 40), b"g") + INFO_MEMBER + TAR_END
    ),
    "with much padding": lambda: INFO_MEMBER + bytes(512 * 41),
    "with padding that is no whole block": lambda: INFO_MEMBER + bytes(1024 + 100),
    "with a size in a pax header": lambda: sized_by_pax(1000, 1000),
    "with a comment that looks like a size": lambda: (
        tar_member(b"x", hostile.pax_record("comment", "line\n11 size=5\n"), b"x") + INFO_MEMBER + TAR_END
    ),
    "with a size in base 256": lambda: (
        tar_member(HEADER, b"x" * 700, fields={124: b"\x80" + (700).to_bytes(11, "big")}) + TAR_END
    ),
    "with a sparse file of GNU tar": lambda: (
        tar_member(f"{STEM}/sparse".encode(), b"", b"S", fields={124: b"%011o\0" % 600, 482: b"\1"})
        + bytes(504) + b"\1" + bytes(7) + bytes(512) + bytes(1024) + INFO_MEMBER + TAR_END
    ),
}  # fmt: skip


def sized_by_pax(size: int, stated: int) -> bytes:
    """A tar with a member whose size stands in a pax header as well."""
    about = tar_member(b"x", hostile.pax_record("size", str(stated)), b"x")
    return about + tar_member(HEADER, b"x" * size) + INFO_MEMBER + TAR_END


def written_tar(form: int, *, long: bool = True) -> bytes:
    """A tar as tarfile writes it, with all that an sdist has."""
    buffer = io.BytesIO()
    target = f"{STEM}/{'target' * 30 if long else 'target'}"
    with tarfile.open(fileobj=buffer, mode="w", format=form) as archive:
        for name, kind in [
            (STEM, tarfile.DIRTYPE),
            (f"{STEM}/PKG-INFO", tarfile.REGTYPE),
            (target, tarfile.REGTYPE),
            (f"{STEM}/link", tarfile.SYMTYPE),
            (f"{STEM}/hard", tarfile.LNKTYPE),
            (f"{STEM}/{'long' * 40 if long else 'short'}", tarfile.REGTYPE),
        ]:
            entry = tarfile.TarInfo(name)
            entry.type = kind
            entry.linkname = target if kind in {b"1", b"2"} else ""
            content = b"Metadata-Version: 2.1\nName: foo\nVersion: 1.0\n" if kind == tarfile.REGTYPE else b""
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()
