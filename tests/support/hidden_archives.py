"""Ways to pack a bad file that a pip unpacks."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import subprocess
import tarfile
import warnings
import zipfile
from typing import TYPE_CHECKING

import pytest

from tests.support.archives import Unseekable, build_sdist, build_wheel, metadata, source_tree
from tests.support.hiding import SDIST, WHEEL, Bait, Row, Stall
from tests.support.hostile import Part, write_zip
from tests.support.judged_archives import unicode_path

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Content = dict[str, bytes]
TREE = source_tree("evil", "1.0")


def members_of(data: bytes) -> Content:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zipped(content: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for path, data in content.items():
            member = zipfile.ZipInfo(path)
            member.external_attr = 0o644 << 16
            member.compress_type = method
            archive.writestr(member, data)
    return buffer.getvalue()


def tarred(content: Mapping[str, bytes], form: int = tarfile.PAX_FORMAT, **pax: str) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form, pax_headers=pax) as archive:
        for path, data in content.items():
            member = tarfile.TarInfo(path)
            if path.endswith("/"):
                member.type, member.mode = tarfile.DIRTYPE, 0o755
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


def tree(folder: str, *, info: bool = False, more: Mapping[str, bytes] = {}) -> Content:
    """A source tree in a folder."""
    content = {f"{folder}{path}": data for path, data in {**TREE, **more}.items()}
    return content | ({f"{folder}PKG-INFO": metadata("evil", "1.0")} if info else {})


def listed(filename: str, data: bytes, **headers: str) -> Row:
    """A file that the page of `evil` lists."""

    def make(stall: Stall) -> Bait:
        stall.listing(
            stall.file(filename, data, {name.replace("_", "-"): value for name, value in headers.items()})
        )
        return Bait(filename=filename)

    return make


def direct(path: str, data: bytes, fragment: str = "", **headers: str) -> Row:
    """A file that pip is given by its URL."""

    def make(stall: Stall) -> Bait:
        url = stall.file(path, data, {name.replace("_", "-"): value for name, value in headers.items()})
        return Bait((f"evil @ {url}{fragment}",))

    return make


def bare(path: str, data: bytes, fragment: str = "", **headers: str) -> Row:
    """As `direct`, without a name before the URL."""

    def make(stall: Stall) -> Bait:
        url = stall.file(path, data, {name.replace("_", "-"): value for name, value in headers.items()})
        return Bait((f"{url}{fragment}",))

    return make


def wheel_with(change: Callable[[Content], object]) -> bytes:
    """The wheel with other members."""
    content = members_of(WHEEL[1])
    change(content)
    return zipped(content)


def set_file(path: str, data: bytes) -> Callable[[Content], object]:
    return lambda content: content.update({path: data})


def renamed_info(folder: str) -> bytes:
    return zipped(
        {name.replace("evil-1.0.dist-info", folder): data for name, data in members_of(WHEEL[1]).items()}
    )


def commented(data: bytes) -> bytes:
    buffer = io.BytesIO(data)
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.comment = b"A comment. " * 5_000
    return buffer.getvalue()


class Big(zipfile.ZipInfo):
    """A member with ZIP64 fields that it does not need."""

    def FileHeader(self, zip64: bool | None = None) -> bytes:  # noqa: N802, FBT001, ARG002 - what zipfile calls
        return super().FileHeader(zip64=True)


def zip64(content: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with pytest.MonkeyPatch.context() as patch, zipfile.ZipFile(buffer, "w") as archive:
        patch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 0)  # so that it writes the end records of ZIP64
        for path, data in content.items():
            archive.writestr(Big(path), data)
        archive.close()
    return buffer.getvalue()


def gzip_members(data: bytes, size: int = 100) -> bytes:
    return b"".join(gzip.compress(data[at : at + size]) for at in range(0, len(data), size))


def from_git(stall: Stall) -> Bait:
    """A repository at a commit, from which pip builds a wheel that it keeps."""
    repository = stall.folder / "evil-repo"
    (repository / "evil").mkdir(parents=True)
    for path, data in TREE.items():
        (repository / path).write_bytes(data)
    git = ["git", "-c", "user.name=x", "-c", "user.email=x@example"]
    for command in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "x"]):
        subprocess.run([*git, *command], cwd=repository, check=True, capture_output=True)
    done = subprocess.run(["git", "rev-parse", "HEAD"], cwd=repository, check=True, capture_output=True, text=True)
    return Bait((f"evil @ git+file://{repository}@{done.stdout.strip()}",))


PLAIN = tarred(tree("evil-1.0/", info=True))
NAMELESS = tarred(tree("src/"))
FILLER = {f"evil-1.0/a{number}": os.urandom(1 << 20) for number in range(6)}
GOOD_INFO = {
    "good-2.0.dist-info/METADATA": metadata("good", "2.0"),
    "good-2.0.dist-info/WHEEL": b"Tag: py3-none-any\n",
}
OTHER = build_wheel("good", "2.0")[1]
META = "evil-1.0.dist-info/METADATA"
LATE_NAME = zipped(
    {
        name.replace("evil-1.0.dist", "evil-2.0.dist"): data.replace(
            b"Name", b"Summary: " + b"x" * 100_000 + b"\nName", 1
        )
        if name == META
        else data
        for name, data in members_of(WHEEL[1]).items()
    }
)


def renamed(cut: bytes, second: Callable[[bytes, bytes], bytes] | None) -> bytes:
    """The bad wheel with the `.dist-info` of another beside its own, whose names are no usual ones.

    Its own names have more bytes behind a NUL (`cut`), or are in a field of their own (`second`); those of the
    other are there for readers that do not know of that.
    """
    parts = []
    with zipfile.ZipFile(io.BytesIO(WHEEL[1])) as archive:
        for name in archive.namelist():
            raw, data = name.encode(), archive.read(name)
            if second is None:
                parts.append(Part(raw + cut, data))
            else:
                parts.append(Part(b"x/" + raw, data, row_extra=second(b"x/" + raw, raw)))
    for path, data in (("METADATA", metadata("good", "2.0")), ("WHEEL", b"Tag: py3-none-any\n")):
        raw = b"good-2.0" + cut + b".dist-info/" + path.encode()
        extra = b"" if second is None else second(raw, b"x/" + path.encode())
        parts.append(Part(raw, data, row_extra=extra))
    return write_zip(parts)


NUL_IN_NAMES = renamed(b"\0", None)
SECOND_NAMES = renamed(b"", unicode_path)


def twice() -> bytes:
    """A wheel with a METADATA of another project before its own."""
    buffer = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(buffer, "w") as archive:
        warnings.simplefilter("ignore")
        archive.writestr(META, metadata("good", "2.0"))
        for path, data in members_of(WHEEL[1]).items():
            archive.writestr(path, data)
    return buffer.getvalue()


def streamed(content: Mapping[str, bytes]) -> bytes:
    """A ZIP whose writer could not go back."""
    stream = Unseekable()
    with zipfile.ZipFile(stream, "w") as archive:
        for path, data in content.items():
            archive.writestr(path, data)
    return bytes(stream.data)


def with_status(status: int, filename: str, data: bytes) -> Row:
    """A file that is served with a status of its own."""

    def make(stall: Stall) -> Bait:
        stall.listing(stall.file(filename, data, status=status))
        return Bait(filename=filename)

    return make


TWICE = twice()

ARCHIVES: dict[str, Row] = {
    "a wheel": listed(*WHEEL),
    "a wheel with another path": direct("x/evil-1.0-py3-none-any.whl", WHEEL[1]),
    "a wheel with a build tag": listed(*build_wheel("evil", "1.0", build="7")),
    "a wheel with a build tag in its name alone": listed("evil-1.0-7-py3-none-any.whl", WHEEL[1]),
    "a wheel with several tags": listed(*build_wheel("evil", "1.0", tags=("py2.py3-none-any",))),
    "a wheel of other tags than its own": listed("evil-1.0-py2.py3-none-any.whl", WHEEL[1]),
    "a folder in capitals": listed(WHEEL[0], renamed_info("EVIL-1.0.dist-info")),
    "a folder with more zeros": listed(WHEEL[0], renamed_info("evil-1.0.0.dist-info")),
    "a folder without a version": listed(WHEEL[0], renamed_info("evil.dist-info")),
    "a folder of another version": listed(WHEEL[0], renamed_info("evil-2.0.dist-info")),
    "METADATA with CRLF": listed(
        WHEEL[0], wheel_with(set_file(META, b"Metadata-Version: 2.1\r\nName: evil\r\nVersion: 1.0\r\n"))
    ),
    "METADATA with two names": listed(
        WHEEL[0],
        wheel_with(set_file(META, b"Metadata-Version: 2.1\nName: evil\nName: good\nVersion: 1.0\nVersion: 2.0\n")),
    ),
    "METADATA with a folded name": listed(
        WHEEL[0], wheel_with(set_file(META, b"Metadata-Version: 2.1\nName:\n evil\nVersion:\n 1.0\n"))
    ),
    "METADATA with a blank line before": listed(
        WHEEL[0], wheel_with(set_file(META, b"\nMetadata-Version: 2.1\nName: evil\nVersion: 1.0\n"))
    ),
    "METADATA in lower case": listed(
        WHEEL[0], wheel_with(set_file(META, b"metadata-version: 2.1\nNAME: evil\nvErsion: 1.0\n"))
    ),
    "a vendored dist-info": listed(
        WHEEL[0],
        wheel_with(lambda content: content.update({f"evil/{name}": data for name, data in GOOD_INFO.items()})),
    ),
    "bytes before a ZIP": listed(WHEEL[0], b"#!/bin/sh\n" * 9 + WHEEL[1]),
    "text before a ZIP": listed(WHEEL[0], b"text\n" * 900 + WHEEL[1]),
    "a page before a ZIP": listed(WHEEL[0], b"<html><title>Links for good</title>" + b" " * 900 + WHEEL[1]),
    "METADATA before a ZIP": listed(WHEEL[0], metadata("good", "2.0") + b"\n" * 900 + WHEEL[1]),
    "a gzip before a ZIP": listed(WHEEL[0], gzip.compress(b"x" * 2000) + WHEEL[1]),
    "another ZIP before a ZIP": listed(WHEEL[0], OTHER + WHEEL[1]),
    "another sdist before a ZIP": listed(WHEEL[0], build_sdist("good", "2.0")[1] + WHEEL[1]),
    "another tar before a ZIP": listed(
        WHEEL[0], tarred({"good-2.0/PKG-INFO": metadata("good", "2.0")}) + WHEEL[1]
    ),
    "bytes behind a ZIP": listed(WHEEL[0], WHEEL[1] + b"\0" * 99),
    "a ZIP with a comment": listed(WHEEL[0], commented(WHEEL[1])),
    "a ZIP in ZIP64": listed(WHEEL[0], zip64(members_of(WHEEL[1]))),
    "a ZIP with bzip2": listed(WHEEL[0], zipped(members_of(WHEEL[1]), zipfile.ZIP_BZIP2)),
    "a ZIP with LZMA": listed(WHEEL[0], zipped(members_of(WHEEL[1]), zipfile.ZIP_LZMA)),
    "a ZIP that is stored": listed(WHEEL[0], zipped(members_of(WHEEL[1]), zipfile.ZIP_STORED)),
    "a wheel within a wheel": listed(WHEEL[0], wheel_with(set_file("good-2.0-py3-none-any.whl", OTHER))),
    "a wheel under a lying header": listed(*WHEEL, x_pypi_file_project="good", x_pypi_file_version="2.0"),
    "a wheel under a lying type": listed(*WHEEL, x_pypi_file_package_type="sdist", Content_Type="text/html"),
    "a wheel under the name of another": listed(
        *WHEEL, Content_Disposition='attachment; filename="good-2.0.tar.gz"'
    ),
    "a wheel in no coding": listed(*WHEEL, Content_Encoding="identity"),
    "a wheel behind text in no coding": listed(WHEEL[0], b"text\n" * 900 + WHEEL[1], Content_Encoding="identity"),
    "a wheel behind text in an unknown coding": listed(
        WHEEL[0], b"text\n" * 900 + WHEEL[1], Content_Encoding="none"
    ),
    "tar.gz": listed(*SDIST),
    "zip": listed(*build_sdist("evil", "1.0", fmt="zip")),
    "tar.bz2": listed(*build_sdist("evil", "1.0", fmt="tar.bz2")),
    "tbz": listed("evil-1.0.tbz", bz2.compress(PLAIN)),
    "tgz": listed("evil-1.0.tgz", gzip.compress(PLAIN)),
    "tar": listed("evil-1.0.tar", PLAIN),
    "tar.xz": listed("evil-1.0.tar.xz", lzma.compress(PLAIN)),
    "txz": listed("evil-1.0.txz", lzma.compress(PLAIN)),
    "tlz": listed("evil-1.0.tlz", lzma.compress(PLAIN, lzma.FORMAT_ALONE)),
    "tar.lz": listed("evil-1.0.tar.lz", lzma.compress(PLAIN, lzma.FORMAT_ALONE)),
    "tar.lzma": listed("evil-1.0.tar.lzma", lzma.compress(PLAIN, lzma.FORMAT_ALONE)),
    "LZMA with other properties": listed(
        "evil-1.0.tar.lzma",
        lzma.compress(
            PLAIN, lzma.FORMAT_ALONE, filters=[{"id": lzma.FILTER_LZMA1, "lc": 1, "lp": 1, "dict_size": 1 << 16}]
        ),
    ),
    "a ZIP that is called tar": listed("evil-1.0.tar.gz", zipped(tree("evil-1.0/", info=True))),
    "no PKG-INFO": listed(SDIST[0], gzip.compress(tarred(tree("evil-1.0/")))),
    "no PKG-INFO, another folder": listed(SDIST[0], gzip.compress(NAMELESS)),
    "no PKG-INFO, the folder of another": listed(SDIST[0], gzip.compress(tarred(tree("good-2.0/")))),
    "no PKG-INFO, the folder of another, in a ZIP": listed("evil-1.0.zip", zipped(tree("good-2.0/"))),
    "no folder": listed(SDIST[0], gzip.compress(tarred(tree("")))),
    "no folder, PKG-INFO": listed(SDIST[0], gzip.compress(tarred(tree("", info=True)))),
    "no folder, in a ZIP": listed("evil-1.0.zip", zipped(tree("", info=True))),
    "PKG-INFO of another": listed(
        SDIST[0], gzip.compress(tarred({**tree("evil-1.0/"), "evil-1.0/PKG-INFO": metadata("good", "2.0")}))
    ),
    "PKG-INFO of another, and its folder": listed(
        SDIST[0], gzip.compress(tarred({**tree("good-2.0/"), "good-2.0/PKG-INFO": metadata("good", "2.0")}))
    ),
    "PKG-INFO behind much": listed(SDIST[0], gzip.compress(tarred(FILLER | tree("evil-1.0/", info=True)))),
    "an egg-info of another": listed(
        SDIST[0],
        gzip.compress(tarred(tree("evil-1.0/", more={"good.egg-info/PKG-INFO": metadata("good", "2.0")}))),
    ),
    "an egg-info alone": listed(
        SDIST[0], gzip.compress(tarred(tree("src/", more={"evil.egg-info/PKG-INFO": metadata("evil", "1.0")})))
    ),
    "PKG-INFO of another deeper": listed(
        SDIST[0],
        gzip.compress(tarred({"evil-1.0/x/PKG-INFO": metadata("good", "2.0")} | tree("evil-1.0/", info=True))),
    ),
    "a tar as git archives it": listed(SDIST[0], gzip.compress(tarred(tree("evil-1.0/"), comment="a" * 40))),
    "a tar of GNU": listed(SDIST[0], gzip.compress(tarred(tree("evil-1.0/", info=True), tarfile.GNU_FORMAT))),
    "a tar with long names": listed(
        SDIST[0],
        gzip.compress(tarred({"evil-1.0/" + "x" * 200: b"x"} | tree("evil-1.0/", info=True), tarfile.GNU_FORMAT)),
    ),
    "a tar in members of gzip": listed(SDIST[0], gzip_members(PLAIN)),
    "an empty member of gzip": listed(SDIST[0], gzip.compress(b"") + SDIST[1]),
    "an empty member of gzip, a lying header": listed(
        SDIST[0], gzip.compress(b"") + SDIST[1], x_pypi_file_project="good", x_pypi_file_version="2.0"
    ),
    "zeros between members of gzip": listed(
        SDIST[0], gzip.compress(PLAIN[:300]) + b"\0" * 64 + gzip.compress(PLAIN[300:])
    ),
    "bytes behind gzip": listed(SDIST[0], SDIST[1] + b"\0" * 64),
    "gzip with a name and a comment": listed(
        SDIST[0], SDIST[1][:3] + b"\x18" + SDIST[1][4:10] + b"good-2.0.tar\0a comment\0" + SDIST[1][10:]
    ),
    "members of bzip2": listed("evil-1.0.tar.bz2", bz2.compress(PLAIN[:700]) + bz2.compress(PLAIN[700:])),
    "members of xz": listed("evil-1.0.tar.xz", lzma.compress(PLAIN[:700]) + lzma.compress(PLAIN[700:])),
    "a tar in a coding": listed(SDIST[0], SDIST[1], Content_Encoding="gzip"),
    "a wheel within an sdist": listed(
        SDIST[0], gzip.compress(tarred(tree("evil-1.0/", info=True, more={"good-2.0-py3-none-any.whl": OTHER})))
    ),
    "a ZIP behind an sdist": listed(
        SDIST[0], build_sdist("good", "2.0")[1] + zipped(tree("evil-1.0/", info=True))
    ),
    "an sdist under a lying header": listed(*SDIST, x_pypi_file_project="good", x_pypi_file_version="2.0"),
    "a nameless sdist under a lying header": listed(
        SDIST[0], gzip.compress(NAMELESS), x_pypi_file_project="good", x_pypi_file_version="2.0"
    ),
    "an sdist by its disposition": direct(
        "7", SDIST[1], Content_Disposition='attachment; filename="evil-1.0.tar.gz"'
    ),
    "a nameless sdist by its disposition": direct(
        "7.tar.gz", gzip.compress(NAMELESS), Content_Disposition='attachment; filename="good-2.0.tar.gz"'
    ),
    "a tag of a forge": direct("evil/archive/v1.0.tar.gz", gzip.compress(tarred(tree("evil-1.0/")))),
    "a branch of a forge": direct("evil/archive/main.zip", zipped(tree("evil-main/"))),
    "a commit of a forge": direct(
        f"evil/tar.gz/{'ab' * 20}",
        gzip.compress(tarred(tree(f"evil-{'ab' * 20}/"))),
        Content_Type="application/x-gzip",
    ),
    "a forge's file under another name": direct("good-2.0.tar.gz", gzip.compress(NAMELESS)),
    "an egg of a direct URL": bare("good-2.0.tar.gz", gzip.compress(NAMELESS), "#egg=evil"),
    "a direct URL alone": bare("good-2.0.tar.gz", gzip.compress(NAMELESS)),
    "a folder of a direct URL": direct(
        "mono-7.tar.gz",
        gzip.compress(tarred(tree("mono/packages/evil/") | {"mono/README": b"x"})),
        "#subdirectory=packages/evil",
    ),
    "a repository at a commit": from_git,
    "a folder of a longer name": listed(WHEEL[0], renamed_info("evilgood-2.0.dist-info")),
    "METADATA with its name behind much": listed(WHEEL[0], LATE_NAME),
    "METADATA twice": listed(WHEEL[0], TWICE),
    "names that end at a NUL": listed(WHEEL[0], NUL_IN_NAMES),
    "METADATA behind a line of a mailbox": listed(
        WHEEL[0], wheel_with(set_file(META, b"From x\n" + metadata("evil", "1.0")))
    ),
    "a ZIP with sizes behind the data": listed(WHEEL[0], streamed(members_of(WHEEL[1]))),
    "a ZIP with folders": listed(
        WHEEL[0], zipped({"evil/": b"", "evil-1.0.dist-info/": b"", **members_of(WHEEL[1])})
    ),
    "a wheel that is called a page": listed(*WHEEL, Content_Type="application/vnd.pypi.simple.v1+json"),
    "an sdist that is called a page": listed(*SDIST, Content_Type="application/vnd.pypi.simple.v1+json"),
    "a wheel that is called PyPI's page": listed(*WHEEL, Content_Type="text/html", X_PyPI_Last_Serial="1"),
    "an sdist that is called PyPI's page": listed(*SDIST, Content_Type="text/html", X_PyPI_Last_Serial="1"),
    "a wheel under a lying coding": listed(*WHEEL, Content_Encoding="br"),
    "a wheel under a lying gzip": listed(*WHEEL, Content_Encoding="gzip"),
    "a wheel of status 203": with_status(203, *WHEEL),
    "an sdist of status 203": with_status(203, *SDIST),
    "a nameless sdist of status 300": with_status(300, SDIST[0], gzip.compress(NAMELESS)),
    "a wheel by another URL": direct(WHEEL[0], WHEEL[1], "#egg=good"),
}
