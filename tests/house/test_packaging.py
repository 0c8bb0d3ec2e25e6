"""What is shipped, and what a commit and a submission must pass."""

import os
import subprocess
import sys
import tomllib
import zipfile
from email import message_from_bytes
from pathlib import Path

import pytest
import yaml

from pipcache.commands.help import TOPICS
from tests.support.places import DOCS, PACKAGE, REPOSITORY

PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))

LICENCE = "pipcache/LICENSE"


def test_the_licence_and_the_mark_of_the_types_are_in_the_package() -> None:
    assert PROJECT["project"]["license"] == "MIT"
    assert PROJECT["project"]["license-files"] == [LICENCE]
    assert (REPOSITORY / LICENCE).read_text("utf-8").startswith("MIT License\n")
    assert (PACKAGE / "py.typed").is_file()
    assert PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"] == [PACKAGE.name]


@pytest.mark.pips  # pip fetches the build backend
def test_the_wheel_ships_the_licence_the_mark_of_the_types_and_the_documentation(tmp_path: Path) -> None:
    options = ["--no-deps", "--disable-pip-version-check", "--no-input", "--wheel-dir", str(tmp_path)]
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", *options, str(REPOSITORY)],
        stdin=subprocess.DEVNULL,
        check=True,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        (metadata,) = [name for name in names if name.endswith(".dist-info/METADATA")]
        headers = message_from_bytes(archive.read(metadata))
    assert headers.get_all("License-Expression") == ["MIT"]
    assert headers.get_all("License-File") == [LICENCE]
    # PEP 639 gives the place below the .dist-info folder
    assert metadata.replace("METADATA", f"licenses/{LICENCE}") in names
    assert {LICENCE, "pipcache/py.typed", *(f"pipcache/docs/{topic}.md" for topic in TOPICS)} <= set(names)
    # installed elsewhere, and imported from the wheel itself
    place = tmp_path / "elsewhere"
    subprocess.run(
        [sys.executable, "-m", "pip", "install", *options[:-2], "--target", str(place), str(wheel)],
        stdin=subprocess.DEVNULL,
        check=True,
        capture_output=True,
    )
    for path in (place, wheel):
        shown = subprocess.run(
            [sys.executable, "-m", "pipcache", "help", "json"],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(path)},
            stdin=subprocess.DEVNULL,
            check=True,
            capture_output=True,
        )
        assert shown.stdout == (DOCS / "json.md").read_bytes()


def test_the_hooks_of_a_commit_are_the_linters_of_the_continuous_integration() -> None:
    script = (REPOSITORY / ".ci" / "run").read_text("utf-8")
    linters = [line.partition('" ')[2] for line in script.splitlines() if line.startswith('    part "')]
    linters = [line for line in linters if line.startswith((".venv/bin/ruff", ".venv/bin/mypy"))]
    settings = yaml.safe_load((REPOSITORY / ".pre-commit-config.yaml").read_text("utf-8"))
    hooks = [hook for repository in settings["repos"] for hook in repository["hooks"]]
    assert {repository["repo"] for repository in settings["repos"]} == {"local"}
    assert [hook["entry"] for hook in hooks] == linters
    assert len(linters) == 3
