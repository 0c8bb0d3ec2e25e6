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
from pipcache.archive.zip_reader import AmbiguousName, ZipDirectory
from pipcache.index.page_format import PageFormat, guess_format
from pipcache.util.budget import TooMuchInItError
from pipcache.util.compression import GZIP, UndecodableBody, archive_format
from pipcache.util.content_coding import decode_body
from pipcache.util.files import Window

SNIFF = 512
"""Decoded bytes that are read to see what a text is."""

_TEXT_LIMIT = 64 << 10


class ZipBody(NamedTuple):
    """A ZIP that is neither a wheel nor an sdist, or whose directory cannot be read (``problem`` says why).

    ``has_too_much``: there is more in it than is read, so that it may be anything.
    """

    problem: str | None
    has_too_much: bool = False


class TextBody(NamedTuple):
    """Decoded text: HTML, JSON, METADATA or anything else.

    ``start`` is its first ``SNIFF`` bytes; ``metadata`` is None where it is no METADATA.
    """

    start: bytes
    metadata: Metadata | None

    @property
    def form(self) -> PageFormat | None:
        """The format of the index page it may be; None where it is none."""
        return guess_format(self.start)


class OpaqueBody(NamedTuple):
    """Bytes of no known kind; ``problem`` says why where that is known.

    ``is_broken_archive``: they begin like a compressed or plain tar, and there is no tar in them.
    """

    problem: str | None
    is_broken_archive: bool = False


class EmptyBody(NamedTuple):
    """No bytes at all."""


class PageBody(NamedTuple):
    """An index page, as its head says; the body was not opened."""


Content = WheelFacts | SdistFacts | ZipBody | TextBody | OpaqueBody | EmptyBody | PageBody


def inspect(window: Window, encoding: str | None, *, deep: bool) -> Content:
    """Return what a body is, judged by its bytes.

    Args:
        window: the body as it is stored.
        encoding: its ``Content-Encoding``; None without one.
        deep: read METADATA of a wheel, and as far into an sdist as its PKG-INFO.

    Raises:
        OSError: the window cannot be read.
    """
    start = window.read(0, SNIFF)
    if not start:
        return EmptyBody()
    if start[:4] == b"PK\x03\x04" or start[:4] == b"PK\x05\x06":
        return _inspect_zip(window, deep=deep)
    if _may_hold_tar(start):
        try:
            facts = read_tar_sdist(window, deep=deep)
        except UndecodableBody as error:
            return OpaqueBody(error.reason, is_broken_archive=True)
        if facts is not None:
            return facts
        if archive_format(start) is not GZIP:  # gzip without a tar in it may be an index page
            return OpaqueBody("an archive that does not unpack", is_broken_archive=True)
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
    try:
        return read_wheel(directory, deep=deep) or read_zip_sdist(directory) or ZipBody(None)
    except TooMuchInItError as error:
        return ZipBody(error.reason, has_too_much=True)
    except AmbiguousName:
        return ZipBody(None)  # what it is depends on the reader


def _may_hold_tar(start: bytes) -> bool:
    return archive_format(start) is not None or is_tar(start)
