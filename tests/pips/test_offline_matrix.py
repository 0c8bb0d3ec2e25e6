"""Real pips and `offline`: what a pip has downloaded it installs again by name, without any other index."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.support.archives import build_sdist, build_wheel, metadata, source_tree
from tests.support.index import Index
from tests.support.pips import clean_environment, fill_cache, needs_tls, pip_program
from tests.support.places import REPOSITORY
from tests.support.program import Program
from tests.support.slow import NEWEST_PIP, slow_except
from tests.support.static_server import DOWN

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

# on both sides of the layout (23.3), of JSON pages (22.2), of http from trusted hosts (21.3), of 26
PIPS = ("20.3.4", "21.3.1", "22.3.1", "23.2.1", "23.3.2", "24.3.1", "25.3", "26.3")
WITH_METADATA = ("23.2.1", "23.3.2", "24.3.1", "25.3", "26.3")

INSTALLED = {"Front_End-2.0", "Middle.Ware-1.0+local.1", "source-0.3"}


def fill(index: Index) -> None:
    """Projects that need each other, with an sdist among them that needs a helper to be built."""
    for name, version, requires in (
        ("Front_End", "2.0", ["Middle.Ware>=1", 'unneeded; python_version < "3"']),
        ("Middle.Ware", "1.0+local.1", ["source"]),
        ("helper", "1.0", []),
    ):
        filename, body = build_wheel(name, version, requires=requires)
        side = metadata(name, version, requires=requires)
        index.add_file(index.add_project(name), filename, body, version=version, metadata=side)
    pyproject = source_tree("source", "0.3")["pyproject.toml"].replace(b"requires = []", b'requires = ["helper"]')
    assert b"helper" in pyproject
    filename, body = build_sdist("source", "0.3", members={"pyproject.toml": pyproject})
    index.add_file(index.add_project("source"), filename, body, version="0.3")


DEAD = """\
[global]
index-url = https://user:secret@dead.example/simple
extra-index-url = https://extra.example/simple
find-links = https://links.example/files
no-index = true
"""


class Shop(NamedTuple):
    """A pip, and the cache that it has filled from an index that is down by now."""

    version: str
    cache: Path
    folder: Path

    def offline(
        self, *arguments: str, options: Sequence[str] = (), into: str = "again"
    ) -> subprocess.CompletedProcess[str]:
        """Let the pip install by name, with settings that lead elsewhere, and every connection refused."""
        pip = [sys.executable, str(pip_program(self.version)), "--no-input", "--cache-dir", str(self.cache)]
        install = ["install", "--retries", "0", "--timeout", "5", "--target", into, "--no-compile"]
        return self.run(*pip, *install, *arguments, options=options)

    def run(self, *command: str, options: Sequence[str] = ()) -> subprocess.CompletedProcess[str]:
        (self.folder / "pip.conf").write_text(DEAD, encoding="utf-8")
        return subprocess.run(
            [
                sys.executable,
                "-m",
                "pipcache",
                "offline",
                "--cache-dir",
                str(self.cache),
                *options,
                "--",
                *command,
            ],
            cwd=self.folder,
            env={
                **clean_environment(self.folder / "home"),
                **DOWN,
                "PYTHONPATH": str(REPOSITORY),
                "PIP_CONFIG_FILE": str(self.folder / "pip.conf"),
                "PIP_EXTRA_INDEX_URL": "https://extra.example/simple",
                "PIP_PROXY": "http://127.0.0.1:9",
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=240,
            check=False,
        )

    def installed(self, into: str = "again") -> set[str]:
        return {path.name.removesuffix(".dist-info") for path in (self.folder / into).glob("*.dist-info")}

    def built(self) -> set[str]:
        return {path.as_posix() for path in self.cache.glob("wheels/**/*.whl")}


@pytest.fixture(params=slow_except({NEWEST_PIP}, PIPS))
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Shop:
    version = request.param
    certificate = request.getfixturevalue("certificate") if needs_tls(version) else None
    with Index(certificate=certificate) as index:
        fill(index)
        # what an isolated build installs is cached where the environment says, not the command line
        environment = {
            "PIP_CACHE_DIR": str(tmp_path / "cache"),
            "PIP_TRUSTED_HOST": "127.0.0.1",
            **({} if certificate is None else {"PIP_CERT": str(certificate.cert)}),
        }
        fill_cache(version, index, tmp_path, "Front_End", env=environment)
    return Shop(version, tmp_path / "cache", tmp_path)


def test_pip_installs_by_name_out_of_its_cache_and_builds_nothing_again(shop: Shop) -> None:
    built = shop.built()
    assert built
    done = shop.offline("Front_End", options=["-v"])
    assert done.returncode == 0, done.stdout + done.stderr
    assert shop.installed() == INSTALLED
    assert shop.built() == built
    assert "Not in this cache" not in done.stderr
    assert (".metadata 200" in done.stderr) == (shop.version in WITH_METADATA)


@pytest.mark.slow
def test_an_sdist_is_built_with_what_is_in_the_cache(shop: Shop) -> None:
    done = shop.offline("Front_End", options=["--no-built"])
    assert done.returncode == 0, done.stdout + done.stderr
    assert shop.installed() == INSTALLED


@pytest.mark.slow
def test_what_is_missing_is_told(shop: Shop) -> None:
    report = shop.folder / "report.json"
    done = shop.offline("Front_End", "no-such-thing", options=["--report", str(report)])
    assert done.returncode == 1
    assert f"Not in this cache: no-such-thing (asked by pip/{shop.version})." in done.stderr
    document = json.loads(report.read_text("utf-8"))
    assert document["exit_status"] == 1
    assert [missing["name"] for missing in document["not_here"]] == ["no-such-thing"]


@pytest.mark.slow
def test_changed_bytes_are_not_installed(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    (entry,) = Program(shop.cache, capsys).artifacts("list", "Front_End", "--kind", "wheel")
    place = shop.cache / entry["files"][-1]
    data = bytearray(place.read_bytes())
    data[data.index(b"PK\x03\x04") + 60] ^= 1
    place.write_bytes(data)
    done = shop.offline("Front_End")
    assert done.returncode == 1
    assert shop.installed() == set()
    assert "Withheld: Front_End-2.0-py3-none-any.whl: it is " in done.stderr


OLD_URL = """
import os, subprocess, sys
root = os.environ["PIP_INDEX_URL"].removesuffix("/simple/")
url = root + "/packages/source/s/source/source-0.3.tar.gz"
sys.exit(subprocess.run([*sys.argv[1:], "source @ " + url]).returncode)
"""


@pytest.mark.slow
@pytest.mark.parametrize("shop", ["20.3.4", "23.2.1", "26.3"], indirect=True)
def test_a_url_that_pypi_had_before_2016_leads_to_the_file(shop: Shop) -> None:
    pip = [sys.executable, str(pip_program(shop.version)), "--no-cache-dir"]
    install = [*pip, "install", "--target", "again", "--no-compile"]
    done = shop.run(sys.executable, "-c", OLD_URL, *install)
    assert done.returncode == 0, done.stdout + done.stderr
    assert shop.installed() == {"source-0.3"}
