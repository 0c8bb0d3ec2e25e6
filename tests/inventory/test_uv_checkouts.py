"""The names of what uv checked out of a repository, and where files are from."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from pipcache.cli.main import run
from tests.support.uv_caches import BASE, UvCache

if TYPE_CHECKING:
    from pathlib import Path

METADATA = b"Metadata-Version: 2.1\nName: acme\nVersion: 7.0\n"


def listed(uv: UvCache, capsys: pytest.CaptureFixture[str], *words: str) -> list[dict[str, Any]]:
    capsys.readouterr()
    assert run(["list", *words, "--cache-dir", str(uv.root), "--format", "json"]) == 0
    artifacts: list[dict[str, Any]] = json.loads(capsys.readouterr().out)["artifacts"]
    return artifacts


@pytest.mark.parametrize(
    "members",
    [
        {"pyproject.toml": b'[project]\nname = "acme"\nversion = "7.0"\n'},
        {"pyproject.toml": b'[tool.poetry]\nname = "acme"\nversion = "7.0"\n'},
        {"pyproject.toml": b"not TOML [", "acme.egg-info/PKG-INFO": METADATA},
        {"src/acme.egg-info/PKG-INFO": METADATA},
        {"PKG-INFO": METADATA},
        {"python/acme/pyproject.toml": b'[project]\nname = "acme"\nversion = "7.0"\n'},
        {
            "pyproject.toml": b'[project]\nname = "acme"\ndynamic = ["version"]\n',
            "acme.egg-info/PKG-INFO": METADATA,
        },
        {
            "pyproject.toml": b'[project]\nname = "acme"\nversion = "7.0"\n',
            "tests/data/pyproject.toml": b'[project]\nname = "another"\n',
        },
    ],
)
def test_a_checkout_is_named_by_what_is_in_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], members: dict[str, bytes]
) -> None:
    uv = UvCache(tmp_path / "uv")
    uv.checkout(members)
    (artifact,) = listed(uv, capsys)
    assert (artifact["project"], artifact["version"], artifact["kind"]) == ("acme", "7.0", "sdist")
    assert {claim["project"] for claim in artifact["evidence"]} == {"acme"}


def test_from_goes_by_the_url_that_uv_noted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    uv = UvCache(tmp_path / "uv")
    uv.wheel("six", "1.0")
    uv.wheel("local", "1.0", is_local=True)
    uv.sdist("acme", "1.0")
    host = BASE.split("/")[2]
    kinds = sorted((artifact["project"], artifact["kind"]) for artifact in listed(uv, capsys, "--from", host))
    assert kinds == [("acme", "built"), ("acme", "built"), ("acme", "sdist"), ("six", "wheel")]
    assert listed(uv, capsys, "--from", "another.example") == []
