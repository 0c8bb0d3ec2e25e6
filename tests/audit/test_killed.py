"""A removal for advisories killed after any of its deletions leaves what proves the rest to the next run."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
from typing import TYPE_CHECKING

import pytest

from tests.support import archives, caches
from tests.support.caches import CacheBuilder
from tests.support.killing import killed_before
from tests.support.program import Program

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="each run is killed in a fork")

SDIST = archives.build_sdist("evil", "1.0")
WHEEL = archives.build_wheel("evil", "1.0")
URL = f"https://files.example/{SDIST[0]}"
WHEEL_URL = f"https://files.example/{WHEEL[0]}"
GOOD = "https://files.example/good-1.0-py3-none-any.whl"
PAGE = caches.FILE_HEADERS | {"Content-Type": "application/vnd.pypi.simple.v1+json"}


def fill(builder: CacheBuilder) -> dict[str, str]:
    """What only the two URLs prove, in chains of up to three steps; kinds of what is there, by key."""
    mirrored = f"https://mirror.example/x/{SDIST[0]}"
    digest = hashlib.sha256(SDIST[1]).hexdigest()
    row = {"filename": SDIST[0], "url": f"https://third.example/{SDIST[0]}", "hashes": {"sha256": digest}}
    page = json.dumps({"meta": {}, "name": "evil", "files": [row]}).encode()
    return {
        builder.download(URL, SDIST[1]): "match",
        builder.download(WHEEL_URL, WHEEL[1]): "match",
        builder.download(mirrored, SDIST[1]): "copy",
        builder.download(f"{WHEEL_URL}.metadata", b"Metadata-Version: 2.1\n"): "metadata",
        builder.built({"url": mirrored}, *archives.build_wheel("other", "2.0")): "built-from",
        builder.built({"url": URL}, *archives.build_wheel("another", "3.0")): "built-from",
        builder.download("https://index.example/simple/evil/", page, headers=PAGE): "page",
    }


def keys(root: Path) -> set[str]:
    """The keys of all that is there."""
    files = [path for path in root.rglob("*") if path.is_file()]
    downloads = {path.name.removesuffix(".body") for path in files if path.is_relative_to(root / "http-v2")}
    wheels = (path.relative_to(root / "wheels") for path in files if path.is_relative_to(root / "wheels"))
    return downloads | {"".join(path.parts[:4]) for path in wheels}


def test_the_next_run_finds_all_that_is_left(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    builder = CacheBuilder(tmp_path / "cache")
    planted = fill(builder)
    good = builder.download(GOOD, archives.build_wheel("good", "1.0")[1])
    program = Program(builder.root, capsys)
    hits = program("audit", URL, WHEEL_URL, "--format", "json").document["caches"][0]["hits"]
    assert {hit["artifact"]["key"]: hit["relation"] for hit in hits} == planted
    (tmp_path / "urls.txt").write_text(f"{URL}\n{WHEEL_URL}\n", encoding="utf-8")
    total = sum(path.is_file() for path in builder.root.rglob("*"))
    for deletion in range(1, total):
        state = tmp_path / f"state-{deletion}"
        shutil.copytree(builder.root, state)
        command = ["remove", "--advisory", str(tmp_path / "urls.txt"), "--yes", "--cache-dir", str(state)]
        assert killed_before(deletion, command) == (-signal.SIGKILL if deletion < total - 1 else 0)
        assert Program(state, capsys)(command[0], *command[1:-2]).code == 0
        assert keys(state) == {good}, deletion


def test_what_is_left_of_a_wheel_still_tells_what_was_built_here(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    builder = CacheBuilder(tmp_path / "cache")
    key = builder.built({"url": URL}, *archives.build_wheel("another", "3.0"))
    next(builder.folder(key).glob("*.whl")).unlink()
    program = Program(builder.root, capsys)
    (hit,) = program("audit", URL, "--format", "json").document["caches"][0]["hits"]
    assert (hit["relation"], hit["of"]) == ("built-from", URL)
    (tmp_path / "urls.txt").write_text(f"{URL}\n", encoding="utf-8")
    assert program("remove", "--advisory", str(tmp_path / "urls.txt"), "--yes").code == 0
    assert not list(builder.root.rglob("origin.json"))


def test_metadata_is_found_though_its_wheel_is_gone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    builder = CacheBuilder(tmp_path / "cache")
    builder.download(f"{WHEEL_URL}.metadata", b"Metadata-Version: 2.1\n")
    program = Program(builder.root, capsys)
    (hit,) = program("audit", WHEEL_URL, "--format", "json").document["caches"][0]["hits"]
    assert (hit["relation"], hit["of"]) == ("metadata", WHEEL[0])


def test_an_indicator_names_what_only_its_url_names(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    builder = CacheBuilder(tmp_path / "cache")
    builder.download(URL, b"no archive at all")
    program = Program(builder.root, capsys)
    (hit,) = program("audit", URL, "--format", "json").document["caches"][0]["hits"]
    artifact = hit["artifact"]
    assert (artifact["url"], artifact["filename"]) == (URL, SDIST[0])
    assert "advisory" in {claim["source"] for claim in artifact["evidence"]}
