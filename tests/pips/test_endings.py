"""Which names pip takes for archives, by its own module."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from pipcache.util.filenames import SDIST_SUFFIXES
from tests.support.pips import PIP_VERSIONS, pip_program
from tests.support.slow import QUICK_PIPS, slow_except

PROGRAM = "import json; from pip._internal.utils.filetypes import ARCHIVE_EXTENSIONS as e; print(json.dumps(e))"


@pytest.mark.parametrize("version", slow_except(QUICK_PIPS, PIP_VERSIONS))
def test_the_endings_of_sdists_are_those_of_every_pip(version: str) -> None:
    folder = pip_program(version).parent
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=folder, capture_output=True, encoding="utf-8", check=False
    )
    if "distutils" in ran.stderr or "ImpImporter" in ran.stderr:
        pytest.skip(f"pip {version} does not work under this Python")
    assert {*SDIST_SUFFIXES, ".whl"} == set(json.loads(ran.stdout))
