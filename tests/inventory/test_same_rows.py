"""An entry has the same kind, project and version in every list, whatever the selector and the reading."""

from __future__ import annotations

import gzip
import io
import json
import lzma
import tarfile
import zipfile
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from hypothesis import given, settings, strategies as st

from pipcache.inventory.collector import Need, read_inventory
from pipcache.query.selector import parse_selector
from pipcache.store.cache import Cache
from pipcache.util.urls import PAGE_BASES
from tests.support import archives
from tests.support.caches import FILE_HEADERS, CacheBuilder
from tests.support.slow import slow_but

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.support.program import Program

FILES = "https://files.example/"
JSON_PAGE = {**FILE_HEADERS, "Content-Type": "application/vnd.pypi.simple.v1+json"}
SETUP = b"from setuptools import setup\nsetup(name='odd', version='1.0')\n"
INFO = b"Metadata-Version: 1.0\nName: odd\nVersion: 1.0\n"

Row = tuple[str, str | None, str | None]


def tar(members: Mapping[str, bytes], mode: str = "w:gz", **options: Any) -> bytes:  # Any: tarfile's options
    """A tar with these members, in order; a name that ends with a slash is a folder's."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode, **options) as archive:  # type: ignore[call-overload]
        for name, data in members.items():
            member = tarfile.TarInfo(name.removesuffix("/"))
            if name.endswith("/"):
                member.type = tarfile.DIRTYPE
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


def zipped(members: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def rewritten(wheel: bytes, changes: Mapping[str, bytes]) -> bytes:
    """A wheel with other or more members."""
    with zipfile.ZipFile(io.BytesIO(wheel)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    return zipped({**members, **changes})


class Case(NamedTuple):
    """A file named ``filename`` on its index, its bytes, and the row that it has with and without its page."""

    filename: str
    body: bytes
    row: Row
    alone: Row | None = None
    headers: Mapping[str, str] = FILE_HEADERS


ODD: Row = ("sdist", "odd", "1.0")
PYPI_HEADERS = {
    **FILE_HEADERS,
    "x-pypi-file-project": "odd",
    "x-pypi-file-version": "1.0",
    "x-pypi-file-package-type": "sdist",
}
OTHER_INFO = b"Metadata-Version: 1.0\nName: other\nVersion: 3.0\n"
WHEEL = archives.build_wheel("odd", "1.0")

CASES = {
    "top folder of another name": Case(
        "odd-1.0.tar.gz", tar({"whatever/setup.py": SETUP, "whatever/PKG-INFO": INFO}), ODD
    ),
    "flat": Case("odd-1.0.tar.gz", tar({"setup.py": SETUP, "PKG-INFO": INFO}), ODD),
    "flat below a dot": Case("odd-1.0.tar.gz", tar({"./": b"", "./setup.py": SETUP, "./PKG-INFO": INFO}), ODD),
    "flat with a folder first": Case(
        "odd-1.0.tar.gz", tar({"docs/": b"", "docs/a.txt": b"a", "PKG-INFO": INFO, "setup.py": SETUP}), ODD
    ),
    "flat zip": Case("odd-1.0.zip", zipped({"setup.py": SETUP, "PKG-INFO": INFO}), ODD),
    "zip with another folder": Case(
        "odd-1.0.zip", zipped({"whatever/setup.py": SETUP, "whatever/PKG-INFO": INFO}), ODD
    ),
    "zip with a folder first": Case(
        "odd-1.0.zip", zipped({"docs/a": b"", "setup.py": SETUP, "PKG-INFO": INFO}), ODD
    ),
    "branch": Case("odd-1.0.tar.gz", tar({"odd-main/setup.py": SETUP, "odd-main/PKG-INFO": INFO}), ODD),
    "commit": Case("odd-1.0.tar.gz", tar({f"odd-{'1a' * 20}/": b"", f"odd-{'1a' * 20}/PKG-INFO": INFO}), ODD),
    "tag": Case("odd-1.0.tar.gz", tar({"odd-v1.0/setup.py": SETUP, "odd-v1.0/PKG-INFO": INFO}), ODD),
    "version with a dash": Case(
        "odd-1.0-1.tar.gz",
        tar(
            {
                "odd-1.0-1/PKG-INFO": INFO.replace(b"1.0\n", b"1.0-1\n").replace(
                    b"Version: 1.0-1\nN", b"Version: 1.0\nN"
                )
            }
        ),
        ("sdist", "odd", "1.0-1"),
    ),
    "PKG-INFO far behind": Case(
        "odd-1.0.tar.gz", tar({"whatever/big": bytes(range(256)) * 4000, "whatever/PKG-INFO": INFO}), ODD
    ),
    "name that needs a pax header": Case(
        "odd-1.0.tar.gz",
        tar({"odd-1.0/" + "x" * 5000: b"", "odd-1.0/PKG-INFO": INFO}, format=tarfile.PAX_FORMAT),
        ODD,
    ),
    "attributes of macOS first": Case(
        "odd-1.0.tar.gz", tar({"./._odd-1.0": b"", "odd-1.0/": b"", "odd-1.0/PKG-INFO": INFO}), ODD
    ),
    "lzma alone": Case(
        "odd-1.0.tar.lzma",
        lzma.compress(tar({"whatever/PKG-INFO": INFO}, "w:"), lzma.FORMAT_ALONE),
        ODD,
    ),
    "xz": Case("odd-1.0.txz", tar({"whatever/PKG-INFO": INFO}, "w:xz"), ODD),
    "no PKG-INFO": Case(
        "odd-1.0.tar.gz", tar({"whatever/setup.py": SETUP}), ODD, alone=("other", "whatever", None)
    ),
    "flat without PKG-INFO": Case("odd-1.0.tar.gz", tar({"setup.py": SETUP}), ODD, alone=("other", None, None)),
    "flat zip without PKG-INFO": Case(
        "odd-1.0.zip", zipped({"setup.py": SETUP}), ODD, alone=("other", None, None)
    ),
    "zip of anything": Case("odd-1.0.zip", zipped({"a/b": b"c"}), ODD, alone=("other", None, None)),
    "folder and PKG-INFO disagree": Case(
        "odd-1.0.tar.gz", tar({"odd-1.0/setup.py": SETUP, "odd-1.0/PKG-INFO": OTHER_INFO}), ODD
    ),
    "folder and header disagree": Case(
        "odd-1.0.tar.gz",
        tar({"other-3.0/setup.py": SETUP, "other-3.0/PKG-INFO": OTHER_INFO}),
        ODD,
        headers=PYPI_HEADERS,
    ),
    "folder spells the version in another way": Case(
        "odd-1.0.0.tar.gz", tar({"odd-1.0/setup.py": SETUP, "odd-1.0/PKG-INFO": INFO}), ODD
    ),
    "PKG-INFO spells the version in another way": Case(
        "odd-1.0.tar.gz",
        tar(
            {
                "odd-1.0-rc1/setup.py": SETUP,
                "odd-1.0-rc1/PKG-INFO": INFO.replace(b"Version: 1.0\n", b"Version: 1.0rc1\n"),
            }
        ),
        ("sdist", "odd", "1.0-rc1"),
    ),
    "wheel of another spelling": Case(WHEEL[0].replace("1.0", "1.0.0"), WHEEL[1], ("wheel", "odd", "1.0")),
    "wheel whose METADATA says another version": Case(
        WHEEL[0],
        rewritten(WHEEL[1], {"odd-1.0.dist-info/METADATA": archives.metadata("odd", "2.0")}),
        ("wheel", "odd", "1.0"),
    ),
    "wheel of another name": Case("other-3.0-py3-none-any.whl", WHEEL[1], ("wheel", "odd", "1.0")),
    "wheel with two folders": Case(
        WHEEL[0],
        rewritten(WHEEL[1], {"z-2.0.dist-info/WHEEL": b"Wheel-Version: 1.0\nTag: py3-none-any\n"}),
        ("wheel", "z", "2.0"),
    ),
    "wheel that was cut": Case(WHEEL[0], WHEEL[1][:-30], ("wheel", "odd", "1.0"), alone=("unknown", None, None)),
    "sign-in page": Case(
        WHEEL[0],
        b"<html><title>Sign in</title></html>",
        ("wheel", "odd", "1.0"),
        alone=("other", None, None),
        headers={**FILE_HEADERS, "Content-Type": "text/html"},
    ),
    "gzip of text": Case("odd-1.0.tar.gz", gzip.compress(b"no tar" * 900), ODD, alone=("unknown", None, None)),
    "nothing": Case("odd-1.0.tar.gz", b"", ODD, alone=("unknown", None, None)),
}


def page(builder: CacheBuilder, project: str, *filenames: str) -> str:
    files = [{"filename": name, "url": FILES + name, "hashes": {}} for name in filenames]
    body = json.dumps({"meta": {"api-version": "1.0"}, "name": project, "files": files}).encode()
    return builder.download(f"{PAGE_BASES[0]}{project}/", body, headers=JSON_PAGE)


def rows(program: Program, *arguments: str) -> list[Row]:
    """The rows of a list or of `show`, without those of index pages."""
    records = program.artifacts(*arguments)
    return sorted(
        ((record["kind"], record["project"], record["version"]) for record in records if record["kind"] != "page"),
        key=str,
    )


def assert_same_rows(program: Program, expected: Row) -> None:
    kind, project, version = expected
    shown = [expected] if kind in {"wheel", "sdist"} else []
    assert rows(program, "list") == shown
    assert rows(program, "list", "*") == (shown if project else [])
    assert rows(program, "list", "--format", "json", "--sort", "age") == shown
    assert rows(program, "list", "--all") == [expected]
    assert rows(program, "list", "--kind", kind) == [expected]
    if project is not None:
        assert rows(program, "list", project) == shown
        assert rows(program, "list", project, "--all") == [expected]
        assert rows(program, "show", project) == [expected]
    if project is not None and version is not None:
        assert rows(program, "list", f"{project}=={version}") == shown
    info = program("info", "--format", "json").document
    counts = Counter({total["name"]: total["count"] for total in info["kinds"] if total["name"] != "page"})
    assert counts == Counter({kind: 1})
    named = {total["name"] for total in info["largest_projects"]}
    assert project is None or project in named


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
@pytest.mark.parametrize("listed", slow_but(1, [True, False]), ids=["listed", "alone"])
def test_a_row_is_the_same_in_every_command(
    builder: CacheBuilder, program: Program, case: Case, *, listed: bool
) -> None:
    builder.download(FILES + case.filename, case.body, headers=case.headers)
    if listed:
        page(builder, "other" if case.filename.startswith("other") else "odd", case.filename)
    assert_same_rows(program, case.row if listed else case.alone or case.row)


@pytest.mark.parametrize("store", ["http", "http-v2"])
def test_a_row_is_the_same_in_both_stores(builder: CacheBuilder, program: Program, store: str) -> None:
    for case in CASES.values():
        if case.body:
            put = builder.download if store == "http-v2" else builder.legacy
            put(f"{FILES}{len(case.body)}/{case.filename}", case.body, headers=case.headers)
    everything = rows(program, "list", "--all")
    shown = [row for row in everything if row[0] in {"wheel", "sdist"}]
    assert rows(program, "list") == rows(program, "list", "*") == shown
    assert len(everything) > 20


TOPS = st.sampled_from(
    ["", "odd-1.0/", "odd-v1.0/", "odd-main/", "odd-1.0-1/", "whatever/", "./", "./odd-1.0/", "1.0/"]
)
NAMES = st.sampled_from(
    ["setup.py", "PKG-INFO", "docs/a.txt", "docs/PKG-INFO", "odd/__init__.py", "pyproject.toml"]
)
INFOS = st.sampled_from([INFO, OTHER_INFO, b"", b"Name: odd\n", b"Metadata-Version: 1.0\nName: odd\n"])


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(TOPS, NAMES), min_size=1, max_size=5, unique=True),
    INFOS,
    st.sampled_from(["w:gz", "w:xz", "w", "zip"]),
)
def test_a_row_is_the_same_whatever_is_in_an_archive(
    tmp_path_factory: pytest.TempPathFactory, members: list[tuple[str, str]], info: bytes, mode: str
) -> None:
    content = {top + name: info if name.endswith("PKG-INFO") else SETUP for top, name in members}
    body = zipped(content) if mode == "zip" else tar(content, mode)
    builder = CacheBuilder(tmp_path_factory.mktemp("any") / "cache")
    builder.download(f"{FILES}odd-1.0.tar.gz", body)
    needs = [
        Need(),
        Need(pages=True),
        Need(everything=True),
        Need(deep=True, exact=True),
        Need(deep=True, selectors=(parse_selector("odd"),)),
    ]
    read = [read_inventory(Cache(str(builder.root)), need) for need in needs]
    assert len({(artifact.kind, artifact.project, artifact.version) for (artifact,) in read}) == 1
