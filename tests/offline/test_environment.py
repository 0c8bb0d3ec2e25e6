"""The environment in which installers ask one index and no other."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from pipcache.offline.environment import environment_for

if TYPE_CHECKING:
    from pathlib import Path

URL = "http://127.0.0.1:8765/simple/"


NOWHERE = {"XDG_CONFIG_HOME": "/nonexistent", "XDG_CONFIG_DIRS": "/nonexistent"}


def made(**environ: str) -> dict[str, str]:
    return environment_for(URL, {**NOWHERE, **environ}, cache_dir=None)


@pytest.mark.parametrize(
    "name",
    [
        *("PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "PIP_NO_INDEX", "PIP_PYPI_URL", "PIP_PROXY", "PIP_ISOLATED"),
        *("PIP_extra_index_url", "PIP_Extra-Index-Url"),  # pip reads every spelling behind PIP_
        *("UV_INDEX", "UV_INDEX_URL", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS", "UV_NO_INDEX", "UV_OFFLINE"),
        *("UV_TORCH_BACKEND", "PDM_PYPI_USERNAME", "PDM_PYPI_PASSWORD"),
    ],
)
def test_other_indexes_are_out_of_the_way(name: str) -> None:
    assert name not in made(**{name: "https://other.example/simple"})


def test_the_index_is_that_of_the_server() -> None:
    environ = made(
        PIP_INDEX_URL="https://other.example/", PIP_CONFIG_FILE="/x", UV_DEFAULT_INDEX="x", PDM_PYPI_URL="x"
    )
    assert {environ[name] for name in ("PIP_INDEX_URL", "UV_DEFAULT_INDEX", "PDM_PYPI_URL")} == {URL}
    assert environ["PIP_CONFIG_FILE"] == os.devnull


def test_all_else_stays() -> None:
    kept = {
        "PATH": "/bin",
        "PIP_TARGET": "x",
        "PIP_CACHE_DIR": "/c",
        "PIP_REQUIRE_VIRTUALENV": "1",
        "PIP_CONSTRAINT": "c.txt",
        "UV_CACHE_DIR": "/u",
        "UV_PYTHON": "3.12",
        "https_proxy": "http://proxy.example",
    }
    assert made(**kept).items() >= kept.items()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({}, "127.0.0.1,localhost"),
        ({"NO_PROXY": "a.example"}, "a.example,127.0.0.1,localhost"),
        ({"no_proxy": "a.example, b.example ,"}, "a.example,b.example,127.0.0.1,localhost"),
        ({"no_proxy": "a.example", "NO_PROXY": "b.example"}, "a.example,127.0.0.1,localhost"),
        ({"NO_PROXY": "localhost,127.0.0.1"}, "localhost,127.0.0.1"),
        ({"NO_PROXY": "*"}, "*"),
    ],
)
def test_this_machine_is_asked_past_proxies(before: dict[str, str], after: str) -> None:
    environ = made(**before)
    assert (environ["no_proxy"], environ["NO_PROXY"]) == (after, after)


def test_the_cache_that_configuration_files_name_stays_pips() -> None:
    assert environment_for(URL, {}, cache_dir="/elsewhere")["PIP_CACHE_DIR"] == "/elsewhere"
    assert "PIP_CACHE_DIR" not in made()


def test_a_virtual_environment_is_still_required() -> None:
    def required(environ: dict[str, str]) -> dict[str, str]:
        made = environment_for(URL, {**NOWHERE, **environ}, cache_dir=None, require_virtualenv="true")
        return {name: value for name, value in made.items() if "REQUIRE" in name.upper()}

    assert required({}) == {"PIP_REQUIRE_VIRTUALENV": "true"}
    for name in ("PIP_REQUIRE_VIRTUALENV", "PIP_require-venv"):
        assert required({name: "0"}) == {name: "0"}


INDEX = '[[index]]\nurl = "https://other.example/simple"\n'


@pytest.mark.skipif(sys.platform == "win32", reason="the folders of Windows have other variables")
@pytest.mark.parametrize(
    ("text", "is_hidden"),
    [
        (INDEX, True),
        ('extra-index-url = ["https://other.example/simple"]\n', True),
        ("offline = true\n", True),
        ('[pip]\nfind-links = ["https://other.example/files"]\n', True),
        ('link-mode = "copy"\n[pip]\ncompile-bytecode = true\n', False),
        ('pip = "x"\n', False),
        ("index = [\n", False),
    ],
)
def test_settings_of_uv_that_name_indexes_are_not_read(tmp_path: Path, text: str, *, is_hidden: bool) -> None:
    (tmp_path / "uv").mkdir()
    (tmp_path / "uv" / "uv.toml").write_text(text, encoding="utf-8")
    for name in ("XDG_CONFIG_HOME", "XDG_CONFIG_DIRS"):
        assert made(**{name: str(tmp_path)}).get("UV_NO_CONFIG") == ("1" if is_hidden else None)
    named = made(UV_CONFIG_FILE=str(tmp_path / "uv" / "uv.toml"))
    assert ("UV_CONFIG_FILE" in named, "UV_NO_CONFIG" in named) == (not is_hidden, is_hidden)


def test_settings_of_pdm_are_not_read() -> None:
    assert made(PDM_CONFIG_FILE="/x")["PDM_CONFIG_FILE"] == os.devnull
