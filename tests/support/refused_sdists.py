"""Sdists in shapes that pips refuse to unpack, and healthy ones that come near."""

from __future__ import annotations

import bz2
import gzip
import lzma
import tarfile
from typing import TYPE_CHECKING

from tests.support.archives import source_tree
from tests.support.hostile import STEM, TAR_END, Part, pax_record, tar_header, tar_member, write_zip

if TYPE_CHECKING:
    from collections.abc import Callable

Sdist = tuple[str, bytes]

_FILES = {**source_tree("foo", "1.0"), "PKG-INFO": b"Metadata-Version: 2.1\nName: foo\nVersion: 1.0\n"}


def tar(*members: bytes, top: str = f"{STEM}/") -> Sdist:
    """An sdist that can be built, with more members."""
    own = b"".join(tar_member(f"{top}{path}".encode(), data) for path, data in _FILES.items())
    return f"{STEM}.tar.gz", gzip.compress(own + b"".join(members) + TAR_END)


def zipped(*names: str, top: str = f"{STEM}/") -> Sdist:
    """A `.zip` sdist that can be built, with more members."""
    parts = [Part(f"{top}{path}".encode(), data) for path, data in _FILES.items()]
    return f"{STEM}.zip", write_zip([*parts, *(Part(name.encode(), b"x") for name in names)])


def file(name: str) -> bytes:
    """A file in a tar."""
    return tar_member(name.encode(), b"x")


def link(name: str, to: str, kind: bytes = tarfile.SYMTYPE) -> bytes:
    """A link in a tar."""
    return tar_header(name.encode(), 0, kind, fields={157: to.encode()})


def device(name: str, kind: bytes) -> bytes:
    """A device or a pipe in a tar."""
    return tar_header(name.encode(), 0, kind)


def long_file(name: str) -> bytes:
    """A file whose name GNU tar writes into a member of its own."""
    return tar_member(b"././@LongLink", name.encode() + b"\0", b"L") + file(name[:90])


def pax_file(name: str) -> bytes:
    """A file whose name stands in a pax header."""
    return tar_member(b"pax", pax_record("path", name), b"x") + file(f"{STEM}/other")


def pax_link(name: str, to: str) -> bytes:
    """A link whose target stands in a pax header."""
    return tar_member(b"pax", pax_record("linkpath", to), b"x") + link(name, "x")


FINE: dict[str, Callable[[], Sdist]] = {
    "plain": tar,
    "plain zip": zipped,
    "flat": lambda: tar(top=""),
    "a folder": lambda: tar(device(f"{STEM}/more/", b"5")),
    "a link to a file": lambda: tar(link(f"{STEM}/link", "PKG-INFO")),
    "a link up and down": lambda: tar(file(f"{STEM}/docs/a"), link(f"{STEM}/docs/link", "../PKG-INFO")),
    "a link to nothing": lambda: tar(link(f"{STEM}/link", "nothing")),
    "a link to its folder": lambda: tar(link(f"{STEM}/link", ".")),
    "a hard link": lambda: tar(link(f"{STEM}/hard", f"{STEM}/PKG-INFO", tarfile.LNKTYPE)),
    "a long name": lambda: tar(long_file(f"{STEM}/{'a/' * 60}b")),
    "a name in a pax header": lambda: tar(pax_file(f"{STEM}/b")),
    "a contiguous file": lambda: tar(tar_member(f"{STEM}/b".encode(), b"x", b"7")),
    "a zip with a folder": lambda: zipped(f"{STEM}/docs/"),
    "a zip with dots inside": lambda: zipped(f"{STEM}/a/../b"),
    "a bzip2": lambda: (f"{STEM}.tar.bz2", bz2.compress(gzip.decompress(tar()[1]))),
    "an xz": lambda: (f"{STEM}.tar.xz", lzma.compress(gzip.decompress(tar()[1]))),
    "a gzip that is called .tar": lambda: (f"{STEM}.tar", tar()[1]),
    "a plain tar": lambda: (f"{STEM}.tar", gzip.decompress(tar()[1])),
    "a file twice": lambda: tar(file(f"{STEM}/x"), file(f"{STEM}/x")),
    "a folder behind its files": lambda: tar(file(f"{STEM}/x/y"), device(f"{STEM}/x/", b"5")),
    "a file in place of a link": lambda: tar(link(f"{STEM}/x", "PKG-INFO"), file(f"{STEM}/x")),
    "a file through a link": lambda: tar(file(f"{STEM}/d/x"), link(f"{STEM}/l", "d"), file(f"{STEM}/l/y")),
    "a zip with its top as a file": lambda: zipped(STEM),
    "a name of dots": lambda: tar(file(f"{STEM}/.../b")),
}

REFUSED_BY_EVERY: dict[str, Callable[[], Sdist]] = {
    "a file above": lambda: tar(file("../evil")),
    "a file above the top": lambda: tar(file(f"{STEM}/../../evil")),
    "a file above in a long name": lambda: tar(long_file(f"{STEM}/../../{'a/' * 60}evil")),
    "a file above in a pax header": lambda: tar(pax_file(f"{STEM}/../../evil")),
    "a folder above": lambda: tar(device("../evil/", b"5")),
    "a pipe": lambda: tar(device(f"{STEM}/pipe", tarfile.FIFOTYPE)),
    "a character device": lambda: tar(device(f"{STEM}/null", tarfile.CHRTYPE)),
    "a block device": lambda: tar(device(f"{STEM}/disk", tarfile.BLKTYPE)),
    "a zip with a file above": lambda: zipped("../evil"),
    "a zip with a file above the top": lambda: zipped(f"{STEM}/../../evil"),
    "a zip with an absolute name": lambda: zipped(f"{STEM}//evil"),
    "an absolute name": lambda: tar(file("/evil")),
    "a file and a folder": lambda: tar(file(f"{STEM}/x"), file(f"{STEM}/x/y")),
    "a folder and a file": lambda: tar(file(f"{STEM}/x/y"), file(f"{STEM}/x")),
    "a zip with a file and a folder": lambda: zipped(f"{STEM}/x", f"{STEM}/x/y"),
    "a tar with its top as a file": lambda: tar(file(STEM)),
    "a tar that is called .zip": lambda: (f"{STEM}.zip", tar()[1]),
    "a plain tar that is called .tar.gz": lambda: (f"{STEM}.tar.gz", gzip.decompress(tar()[1])),
    "a gzip that is called .tar.bz2": lambda: (f"{STEM}.tar.bz2", tar()[1]),
    "a bzip2 that is called .tgz": lambda: (f"{STEM}.tgz", bz2.compress(gzip.decompress(tar()[1]))),
    "a file above in a flat tar": lambda: tar(file("a/../../evil"), top=""),
}

REFUSED_BY_SOME: dict[str, Callable[[], Sdist]] = {
    "a hard link to nothing": lambda: tar(link(f"{STEM}/hard", f"{STEM}/nothing", tarfile.LNKTYPE)),
    "a link above": lambda: tar(link(f"{STEM}/link", "../../evil")),
    "a link to the root": lambda: tar(link(f"{STEM}/link", "/etc/passwd")),
    "a link above in a pax header": lambda: tar(pax_link(f"{STEM}/link", "../../evil")),
    "a hard link to the root": lambda: tar(link(f"{STEM}/hard", "/etc/passwd", tarfile.LNKTYPE)),
    "a hard link above": lambda: tar(link(f"{STEM}/hard", f"{STEM}/../../x", tarfile.LNKTYPE)),
    "a chain of links that leads above": lambda: tar(
        file(f"{STEM}/a/b/x"), link(f"{STEM}/a/b/up", ".."), link(f"{STEM}/out", "a/b/up/../../evil")
    ),
    "a file behind a link that leads above": lambda: tar(
        link(f"{STEM}/a", "."), link(f"{STEM}/b", "a/.."), file(f"{STEM}/b/evil")
    ),
    "a member of an unknown type": lambda: tar(tar_member(f"{STEM}/b".encode(), b"x", b"Z")),
    "a name with dots inside": lambda: tar(file(f"{STEM}/a/../b")),
    "a ZIP that is called .tar.gz": lambda: (f"{STEM}.tar.gz", zipped()[1]),
}

LEAVING_ON_WINDOWS: dict[str, Callable[[], Sdist]] = {
    "a file above behind backslashes": lambda: tar(file(f"{STEM}/a\\..\\..\\..\\evil")),
    "a drive": lambda: tar(file(f"{STEM}/C:/evil")),
    "a zip with a drive": lambda: zipped(f"{STEM}/C:/evil"),
}
