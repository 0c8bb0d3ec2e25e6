"""The same cache gives the same answer, whatever order sets have in a run."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import pytest

from tests.support import archives
from tests.support.caches import FILE_HEADERS, CacheBuilder
from tests.support.seeds import only_answer

if TYPE_CHECKING:
    from pathlib import Path

FILES = "https://files.example/packages/"
NAMES = ("alpha", "beta", "gamma", "delta", "epsilon", "zeta")
JSON = ("--format", "json")


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> CacheBuilder:
    """Projects that need one another and what is not there, their pages, wheels built of them, and damage."""
    builder = CacheBuilder(tmp_path_factory.mktemp("order") / "cache")
    for number, name in enumerate(NAMES):
        needs = [f"{other}<1" for other in NAMES] + [f"gone>={number}", "more; extra == 'more'"]
        wheel, sdist = archives.build_wheel(name, "1.0", requires=needs), archives.build_sdist(name, "1.0")
        for filename, data in (wheel, sdist, archives.build_wheel(name, f"2.{number}")):
            builder.download(FILES + filename, data)
        rows = [
            {"filename": filename, "url": FILES + filename, "hashes": {"sha256": hashlib.sha256(data).hexdigest()}}
            for filename, data in (wheel, sdist)
        ]
        page = json.dumps({"meta": {}, "name": name, "files": rows}).encode()
        headers = FILE_HEADERS | {"Content-Type": "application/vnd.pypi.simple.v1+json"}
        builder.download(f"https://index.example/simple/{name}/", page, headers=headers)
        builder.built({"url": FILES + sdist[0]}, *archives.build_wheel(name, "1.0"))
        builder.download(f"{FILES}cut/{wheel[0]}", wheel[1][:-30])
    return builder


@pytest.mark.slow
@pytest.mark.parametrize(
    "command",
    [
        ("list", "--all", *JSON),
        ("show", "*", *JSON),
        ("info", *JSON),
        ("verify", "--thorough", *JSON),
        ("remove", "*a", "--dry-run", *JSON),
        ("prune", "--ci", "--keep-latest", "1", "--duplicates", "--dry-run", *JSON),
        ("audit", "alpha", "beta", "gamma", *JSON, "--no-identity"),
        ("lock", *JSON),
        ("lock",),
        ("export", "nowhere", "--unverified", "--dry-run", *JSON),
    ],
    ids=" ".join,
)
def test_no_answer_hangs_on_the_order_of_sets(
    cache: CacheBuilder, command: tuple[str, ...], tmp_path: Path
) -> None:
    answer = only_answer(tmp_path, *command, "--cache-dir", str(cache.root))
    assert answer.output, answer.errors
