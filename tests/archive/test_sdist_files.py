"""Single files of an sdist."""

from __future__ import annotations

import pytest

from pipcache.archive.sdist_files import read_sdist_files
from tests.support.archives import build_sdist, metadata
from tests.support.caches import window

NAMES = {"PKG-INFO", "pyproject.toml"}


@pytest.mark.parametrize("fmt", ["tar.gz", "zip", "tar.bz2"])
def test_files_below_the_top_folder_are_read(fmt: str) -> None:
    members = {"inner/PKG-INFO": b"Name: other\n", "pyproject.toml": b"[build-system]\nrequires = ['x']\n"}
    _, body = build_sdist("foo", "1.0", fmt=fmt, members=members)  # type: ignore[arg-type]
    with window(body) as opened:
        assert read_sdist_files(opened, NAMES) == {
            "PKG-INFO": metadata("foo", "1.0"),
            "pyproject.toml": members["pyproject.toml"],
        }


@pytest.mark.parametrize("size", [0, 1, 20, 100])
def test_what_is_cut_or_no_sdist_gives_what_is_there(size: int) -> None:
    _, body = build_sdist("foo", "1.0")
    with window(body[:size]) as opened:
        assert read_sdist_files(opened, NAMES) == {}
    with window(b"<html>" * 99) as opened:
        assert read_sdist_files(opened, NAMES) == {}
