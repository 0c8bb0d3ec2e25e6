"""What is said when the answer cannot be written after files were removed."""

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import archives
from tests.support.caches import CacheBuilder
from tests.support.pips import clean_environment
from tests.support.places import REPOSITORY


def purge(cache: Path, output: Path, advisory: Path, size: int) -> subprocess.CompletedProcess[str]:
    """``remove --advisory`` whose standard output is a file that may have ``size`` bytes."""
    command = [sys.executable, "-m", "pipcache", "remove", "--cache-dir", str(cache)]
    with output.open("wb") as file:
        return subprocess.run(
            [*command, "--advisory", str(advisory), "--yes"],
            cwd=REPOSITORY,
            # byte code would be cut off, and break the runs of other tests
            env=clean_environment(cache.parent / "home") | {"PYTHONDONTWRITEBYTECODE": "1"},
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            check=False,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size)),
        )


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="no limit on the size of files here")
def test_at_every_length_of_the_answer_what_was_removed_is_said(builder: CacheBuilder, tmp_path: Path) -> None:
    filename, wheel = archives.build_wheel("evil", "1.0")
    advisory = tmp_path / "bad.txt"
    advisory.write_text("evil==1.0\n", encoding="utf-8")
    output = tmp_path / "answer"
    builder.download(f"https://files.example/{filename}", wheel)
    whole = purge(builder.root, output, advisory, 1 << 20)
    assert whole.returncode == 0, whole.stderr
    removed = 0
    for size in range(0, output.stat().st_size, 20):
        key = builder.download(f"https://files.example/{filename}", wheel)
        ran = purge(builder.root, output, advisory, size)
        is_there = os.path.exists(builder.body(key))
        assert ran.returncode == 3
        assert ("Removed 2 files" in ran.stderr) == (not is_there), (size, ran.stderr)
        assert ("Nothing was changed." in ran.stderr) == is_there, (size, ran.stderr)
        removed += not is_there
    assert removed
