"""Many installations by a real pip in a single process, for tables of archives that pip takes or refuses."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.support.pips import BEFORE_PYTHON_312, clean_environment, pip_program

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_DRIVER = """
import json, os, sys
program, jobs = sys.argv[1:]
sys.path.insert(0, os.path.dirname(program))
from pip._internal.cli.main import main
codes = {}
for name, arguments in json.loads(jobs).items():
    try:
        codes[name] = main(arguments)
    except BaseException as error:
        codes[name] = 99
with open("codes.json", "w") as file:
    json.dump(codes, file)
"""


def installed(
    version: str, archives: Mapping[str, tuple[str, bytes]], folder: Path, *options: str, command: str = "install"
) -> dict[str, bool]:
    """Whether this pip installs each archive as `foo==1.0`, asked for by name as from an index.

    Args:
        version: of pip.
        archives: the file name and the bytes of each archive, by what the table calls it.
        folder: an empty folder for all of it.
        options: more options of `pip install`.
        command: the command of pip.
    """
    if version in BEFORE_PYTHON_312 and sys.version_info >= (3, 12):
        pytest.skip(f"pip {version} does not work under Python 3.12 and newer")
    jobs: dict[str, list[str]] = {}
    for number, (name, (filename, data)) in enumerate(archives.items()):
        place = folder / str(number)
        place.mkdir(parents=True)
        (place / filename).write_bytes(data)
        # of a folder pip 26 lists no more than wheels, .tar.gz and .zip
        page = place / "links.html"
        page.write_text(f'<!DOCTYPE html><html><body><a href="{filename}">{filename}</a></body></html>')
        where = (
            ["--target", str(place / "out"), "--no-compile"]
            if command == "install"
            else ["--dest", str(place / "out")]
        )
        fixed = ["--disable-pip-version-check", "--no-input", "--no-cache-dir", "--no-index", "--quiet"]
        jobs[name] = [command, *fixed, "--find-links", str(page), *where, *options, "foo==1.0"]
    done = subprocess.run(
        [sys.executable, "-c", _DRIVER, str(pip_program(version)), json.dumps(jobs)],
        cwd=folder,
        env=clean_environment(folder / "home"),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        timeout=600,
        check=False,
    )
    assert (folder / "codes.json").exists(), done.stderr
    codes = json.loads((folder / "codes.json").read_text(encoding="utf-8"))
    return {name: code == 0 for name, code in codes.items()}
