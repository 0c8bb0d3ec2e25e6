"""What stored bytes are, judged by the bytes."""

from typing import NamedTuple

from pipcache.archive.metadata import (
    Metadata,
    SdistFacts,
    WheelFacts,
    parse_metadata,
    read_tar_sdist,
    read_wheel,
    read_zip_sdist,
)
from pipcache.archive.tar_reader import is_tar
from pipcache.archive.zip_reader import ZipDirectory
from pipcache.index.rows import PageFormat, guess_format
from pipcache.util.compression import UndecodableBody, decode_body
from pipcache.util.files import Window

SNIFF = 512

_TEXT_LIMIT = 64 << 10


class ZipBody(NamedTuple):
    """A ZIP that is neither a wheel nor an sdist, or one whose directory is gone (``problem``)."""

    problem: str | None


class TextBody(NamedTuple):
    """Decoded text: HTML, JSON, METADATA or anything else; ``start`` is its first bytes."""

    start: bytes
    metadata: Metadata | None

    @property
    def form(self) -> PageFormat | None:
        """The form of page it may be."""
        return guess_format(self.start)


class OpaqueBody(NamedTuple):
    """Bytes that are nothing known; ``problem`` says why where that is known."""

    problem: str | None


class EmptyBody(NamedTuple):
    """No bytes at all."""


class PageBody(NamedTuple):
    """An index page by its head; the body was not opened."""


Content = WheelFacts | SdistFacts | ZipBody | TextBody | OpaqueBody | EmptyBody | PageBody


def inspect(window: Window, encoding: str | None, *, deep: bool) -> Content:
    """Return what a body is. ``deep`` reads far enough into an sdist to find its PKG-INFO."""
    start = window.read(0, SNIFF)
    if not start:
        return EmptyBody()
    if start[:4] == b"PK\x03\x04" or start[:4] == b"PK\x05\x06":
        return _inspect_zip(window, deep=deep)
    if _may_hold_tar(start):
        # index pages are stored gzipped too, so gzip without a tar in it goes on as text
        facts = read_tar_sdist(window, deep=deep)
        if facts is not None:
            return facts
        if start[:2] != b"\x1f\x8b":
            return OpaqueBody("an archive that does not unpack")
    try:
        text = start if not encoding else decode_body(window, encoding, SNIFF)
        if text[:17].lower() == b"metadata-version:":
            return TextBody(text, parse_metadata(decode_body(window, encoding, _TEXT_LIMIT)))
    except UndecodableBody as error:
        return OpaqueBody(error.reason)
    if b"\x00" in text:
        return _inspect_zip(window, deep=deep) if window.length > 22 else OpaqueBody(None)
    return TextBody(text, None)


def _inspect_zip(window: Window, *, deep: bool) -> Content:
    try:
        directory = ZipDirectory(window)
    except ValueError as error:
        return ZipBody(str(error)) if window.read(0, 2) == b"PK" else OpaqueBody(None)
    return read_wheel(directory, deep=deep) or read_zip_sdist(directory) or ZipBody(None)


def _may_hold_tar(start: bytes) -> bool:
    return start[:2] == b"\x1f\x8b" or start[:3] == b"BZh" or start[:6] == b"\xfd7zXZ\x00" or is_tar(start)
