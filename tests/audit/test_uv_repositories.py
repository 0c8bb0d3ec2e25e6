"""Audits of what uv's cache has of repositories and of local files, of which uv notes no URL."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from pipcache.cli.main import run
from tests.support.uv_caches import UvCache

if TYPE_CHECKING:
    from pathlib import Path

COMMIT = "cbeff7864c7fdafaa57c0c83cec43bab66bd30a7"
PYPROJECT = b'[project]\nname = "litellm"\nversion = "1.82.7"\n'


@pytest.fixture
def uv(tmp_path: Path) -> UvCache:
    return UvCache(tmp_path / "uv")


def audited(uv: UvCache, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, dict[str, Any]]:
    """The exit code, and what the answer has of the cache."""
    capsys.readouterr()
    code = run(["audit", *words, "--cache-dir", str(uv.root), "--format", "json"])
    (part,) = json.loads(capsys.readouterr().out)["caches"]
    return int(code), part


def paths(part: dict[str, Any]) -> list[str]:
    return [hit["artifact"]["files"][0] for hit in part["hits"]]


def test_a_checkout_that_names_the_project_is_found(uv: UvCache, capsys: pytest.CaptureFixture[str]) -> None:
    """uv builds from it without the network, and its commands for a project leave it."""
    uv.checkout({"pyproject.toml": PYPROJECT})
    code, part = audited(uv, capsys, "litellm==1.82.7")
    assert (code, paths(part)) == (1, ["git-v2/checkouts/ffeeddccbbaa0099/cbeff78"])
    assert part["native_commands"] == [f"uv cache clean --cache-dir {uv.root}"]
    assert audited(uv, capsys, "litellm==1.82.8")[0] == 0
    assert audited(uv, capsys, "sha256:" + "0" * 64)[0] == 0


def test_a_checkout_without_a_name_or_a_version_leaves_it_open(
    uv: UvCache, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = uv.checkout({"setup.py": b""})
    code, part = audited(uv, capsys, "litellm==1.82.7")
    assert (code, part["unjudged"][0]["why"]) == (3, "its project is not known")
    (folder / "pyproject.toml").write_text('[project]\nname = "litellm"\ndynamic = ["version"]\n')
    code, part = audited(uv, capsys, "litellm==1.82.7")
    assert (code, part["unjudged"][0]["why"]) == (3, "its version is not known")
    assert audited(uv, capsys, "six")[0] == 0


@pytest.mark.parametrize("commit", [COMMIT, COMMIT[:7], COMMIT[:12]])
def test_a_commit_is_known_by_the_folder_that_is_called_by_it(
    uv: UvCache, capsys: pytest.CaptureFixture[str], commit: str
) -> None:
    uv.checkout({"pyproject.toml": PYPROJECT})
    uv.built_of_commit("litellm", "1.82.7")
    code, part = audited(uv, capsys, commit)
    assert (code, {hit["artifact"]["kind"] for hit in part["hits"]}) == (1, {"built", "sdist"})
    assert audited(uv, capsys, "d" + commit[1:])[1]["hits"] == []


@pytest.mark.parametrize("url", ["git+https://git.example/acme/litellm", "https://git.example/acme/litellm.git"])
def test_the_url_of_a_repository_leaves_what_is_of_repositories_open(
    uv: UvCache, capsys: pytest.CaptureFixture[str], url: str
) -> None:
    uv.wheel("six", "1.0")
    assert audited(uv, capsys, url)[0] == 0
    uv.checkout({"pyproject.toml": PYPROJECT})
    uv.built_of_commit("litellm", "1.82.7")
    code, part = audited(uv, capsys, url)
    assert (code, [each["why"] for each in part["unjudged"]]) == (
        3,
        ["uv did not note which repository it is from"] * 2,
    )


def test_the_url_of_a_file_leaves_open_what_may_be_from_there(
    uv: UvCache, capsys: pytest.CaptureFixture[str]
) -> None:
    uv.wheel("litellm", "1.82.7", is_local=True)
    uv.wheel("six", "1.0", is_local=True)
    url = "file:///srv/wheels/litellm-1.82.7-py3-none-any.whl"
    code, part = audited(uv, capsys, url)
    (open_,) = part["unjudged"]
    assert (code, open_["artifact"]["project"], open_["why"]) == (
        3,
        "litellm",
        "uv did not note which URL it is from",
    )
    assert audited(uv, capsys, url.replace("1.82.7", "1.82.8"))[0] == 0


def test_a_link_in_the_place_of_checkouts_leaves_it_open(
    uv: UvCache, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    folder = uv.checkout({"pyproject.toml": PYPROJECT}).parent
    folder.rename(tmp_path / "elsewhere")
    folder.symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    code, part = audited(uv, capsys, "litellm==1.82.7")
    assert (code, part["hits"], part["unjudged"][0]["why"]) == (3, [], "a link, not followed")
